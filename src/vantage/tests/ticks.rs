//! What one tick begins: together, in turn, within its limit.

use super::*;

/// Eight origins that are probed so often.
fn eight(pace: &str) -> String {
    let origins: String =
        (0..8).map(|n| format!("[[pool.origin]]\nname = \"o{n}\"\nurl = \"http://10.0.0.{n}\"\n")).collect();
    format!("plan = \"paid\"\n[defaults]\n{pace}\n[[pool]]\nname = \"p\"\n{origins}")
}

#[test]
fn at_most_five_probes_are_under_way_and_the_rest_follow() {
    let mut prober = prober(&eight("interval = \"10s\"\ntimeout = \"1s\""), None, at(0));
    let first = prober.step(Event::Alarm, at(0));
    assert_eq!(started(&first).len(), SLOTS);
    let mut seen: BTreeSet<String> = probes(&first).into_iter().collect();
    for ended in probes(&first).iter().take(3) {
        let effects = answer(&mut prober, &first, ended, true, at(10));
        let next = probes(&effects);
        assert_eq!(next.len(), 1, "one slot is free");
        assert!(seen.insert(next[0].clone()), "{next:?} is probed twice");
        assert_eq!(prober.under_way(), SLOTS);
    }
    assert_eq!(seen.len(), 8, "all have had their turn");
}

/// The origins in the order in which they are probed, each answered at once, in so many ticks.
fn orders(prober: &mut Prober, mut now: Timestamp, ticks: usize) -> Vec<Vec<String>> {
    let mut orders = Vec::new();
    for _ in 0..ticks {
        let mut begun = prober.step(Event::Alarm, now);
        let mut order = Vec::new();
        while !probes(&begun).is_empty() {
            let mut next = Vec::new();
            for id in probes(&begun) {
                next.extend(answer(prober, &begun, &id, true, now));
                order.push(id);
            }
            begun = next;
        }
        orders.push(order);
        now = prober.next_due(now).max(now.plus(Millis::new(1)));
    }
    orders
}

#[test]
fn all_that_share_a_slot_share_an_alarm_and_a_report_and_nobody_is_always_last() {
    let mut prober = prober(&eight("interval = \"10s\"\ntimeout = \"1s\""), None, at(0));
    let (now, _) = run(&mut prober, at(0), 30, |_| true);
    let ticks = orders(&mut prober, now, 12);
    assert!(ticks.iter().all(|order| order.len() == 8), "{ticks:?}");
    let last: BTreeSet<_> = ticks.iter().filter_map(|order| order.last()).collect();
    assert!(last.len() > 3, "{last:?}");
}

#[test]
fn the_wait_for_a_free_slot_is_told_apart_from_the_lag() {
    let mut prober = prober(&eight("interval = \"10s\"\ntimeout = \"1s\""), None, at(0));
    let (now, _) = run(&mut prober, at(0), 30, |_| true);
    let first = prober.step(Event::Alarm, now);
    let later = now.plus(Millis::new(300));
    let mut effects = Vec::new();
    for id in probes(&first) {
        effects.extend(answer(&mut prober, &first, &id, true, later));
    }
    for id in probes(&effects) {
        let last = answer(&mut prober, &effects, &id, true, later);
        if let Some(report) = report(&last) {
            assert_eq!((report.lag, report.queued), (Millis::ZERO, Some(Millis::new(300))));
            return;
        }
    }
    panic!("the tick ended without a report");
}

#[test]
fn a_tick_begins_no_more_than_its_plan_allows_and_the_next_one_takes_the_rest() {
    let origins: String = (0..30)
        .map(|n| format!("[[pool.origin]]\nname = \"o{n}\"\nurl = \"http://o{n}.example\"\n"))
        .collect();
    let text =
        format!("[defaults]\ninterval = \"60s\"\nvantages = [\"weur\"]\n[[pool]]\nname = \"p\"\n{origins}");
    let mut prober = prober(&text, None, at(0));
    // A new watch has everything due at once.
    let ticks = orders(&mut prober, at(0), 2);
    assert_eq!(ticks.iter().map(Vec::len).collect::<Vec<_>>(), [21, 9], "10 ms of CPU");
    let (now, _) = run(&mut prober, at(10), 200, |_| true);
    let sizes: BTreeSet<usize> = orders(&mut prober, now, 6).iter().map(Vec::len).collect();
    assert_eq!(sizes, BTreeSet::from([21, 9]), "each has slots of its own");
}

#[test]
fn who_is_nearly_due_joins_a_tick_and_is_not_probed_again_in_its_slot() {
    // The two paces meet within a tenth of an interval now and then.
    let text = "plan = \"paid\"\n[defaults]\ntimeout = \"1s\"\nvantages = [\"weur\"]\n[[pool]]\nname = \"p\"\n\
                [[pool.origin]]\nname = \"a\"\nurl = \"http://a.example\"\ninterval = \"10s\"\n\
                [[pool.origin]]\nname = \"b\"\nurl = \"http://b.example\"\ninterval = \"11s\"\n";
    let mut prober = prober(text, None, at(0));
    let (mut now, _) = run(&mut prober, at(0), 60, |_| true);
    let (begin, mut joined, mut counts) = (now, 0, BTreeMap::<String, u64>::new());
    while now < begin.plus(Millis::from_secs(1_100)) {
        let ticks = orders(&mut prober, now, 1).concat();
        joined += usize::from(ticks.len() == 2);
        for id in ticks {
            *counts.entry(id).or_default() += 1;
        }
        now = prober.next_due(now).max(now.plus(Millis::new(1)));
    }
    assert!(joined > 5, "{joined}");
    assert!(counts["p/a"].abs_diff(110) <= 1 && counts["p/b"].abs_diff(100) <= 1, "{counts:?}");
}

#[test]
fn probes_that_wait_for_a_slot_do_not_make_the_alarm_ring_again_at_once() {
    let pace = "interval = \"2s\"\nfast_interval = \"1s\"\ntimeout = \"1s\"";
    let mut prober = prober(&eight(pace), None, at(0));
    let first = prober.step(Event::Alarm, at(0));
    // All of them hang for longer than the time between two probes.
    for late in [1_000, 1_500, 2_500] {
        let next = wake_at(&prober.step(Event::Alarm, at(late)));
        assert!(
            next > at(late),
            "at {late} ms the alarm would ring again at {next}, and nothing be folded in between"
        );
    }
    let begun = probes(&first);
    let effects = answer(&mut prober, &first, &begun[0], false, at(2_600));
    let next = probes(&effects);
    assert!(next.len() == 1 && !begun.contains(&next[0]), "what waits still has its turn: {next:?}");
}
