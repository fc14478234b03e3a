use super::*;
use crate::fixtures::{SHOP, at, config, sample, shop};
use crate::schedule::shards;
use crate::vote::Opinion;

fn name() -> Name {
    Name::parse("weur").unwrap()
}

fn watch(text: &str, stored: Option<&str>, now: Timestamp) -> Watch {
    let config = config(text);
    let shards = shards(&config, &name());
    Watch::new(&name(), &shards[0], config.hash, stored, now)
}

fn id(text: &str) -> OriginId {
    OriginId::parse(text).unwrap()
}

fn probes(effects: &[Effect]) -> Vec<String> {
    let probe = |effect: &Effect| match effect {
        Effect::Probe(id) => Some(id.to_string()),
        Effect::WakeAt(_) | Effect::Persist(_) | Effect::Report(_) | Effect::Observed(..) => None,
    };
    effects.iter().filter_map(probe).collect()
}

fn report(effects: &[Effect]) -> Option<&Report> {
    effects.iter().find_map(|effect| match effect {
        Effect::Report(report) => Some(report),
        Effect::WakeAt(_) | Effect::Persist(_) | Effect::Probe(_) | Effect::Observed(..) => None,
    })
}

fn wake_at(effects: &[Effect]) -> Timestamp {
    match effects.first() {
        Some(Effect::WakeAt(at)) => *at,
        other => panic!("the next alarm comes first, not {other:?}"),
    }
}

/// Rings at every due time and answers every probe at once until `seconds` have passed; the last effects of each tick.
fn run(
    watch: &mut Watch,
    from: Timestamp,
    seconds: u64,
    answer: impl Fn(&OriginId) -> bool,
) -> (Timestamp, Vec<Report>) {
    let (mut now, mut reports) = (from, Vec::new());
    while now < from.plus(Millis::from_secs(seconds)) {
        let effects = watch.step(Event::Alarm, now);
        for probed in probes(&effects).iter().map(|text| id(text)) {
            let effects = watch.step(Event::Sampled(probed.clone(), sample(answer(&probed), now)), now);
            reports.extend(report(&effects).cloned());
        }
        let effects = watch.step(Event::TickOver, now);
        reports.extend(report(&effects).cloned());
        if let Some(last) = reports.last() {
            watch.step(Event::Delivered(last.seq), now);
        }
        now = wake_at(&effects).max(now.plus(Millis::new(1)));
    }
    (now, reports)
}

#[test]
fn the_next_alarm_is_set_before_anything_is_sent() {
    let mut watch = watch(SHOP, None, at(0));
    let effects = watch.step(Event::Alarm, at(0));
    assert!(wake_at(&effects) > at(0));
    assert_eq!(probes(&effects), ["shop/primary", "shop/standby"], "a new watch begins at once");
}

#[test]
fn two_passes_and_the_vote_is_reported() {
    let mut watch = watch(SHOP, None, at(0));
    let (_, reports) = run(&mut watch, at(0), 3, |_| true);
    let last = reports.last().unwrap();
    assert!(last.votes.iter().all(|vote| vote.opinion == Opinion::Pass), "{last:?}");
    assert!(reports.windows(2).all(|pair| pair[0].seq < pair[1].seq), "sequence numbers rise");
}

#[test]
fn a_failing_origin_is_reported_within_fall_intervals() {
    let mut watch = watch(SHOP, None, at(0));
    let (now, _) = run(&mut watch, at(0), 5, |_| true);
    let (_, reports) = run(&mut watch, now, 3, |id| id.origin.as_str() != "primary");
    let changed =
        reports.iter().find(|report| report.votes.iter().any(|vote| vote.opinion == Opinion::Fail)).unwrap();
    let vote = changed.votes.iter().find(|vote| vote.opinion == Opinion::Fail).unwrap();
    assert_eq!(vote.origin, id("shop/primary"));
    assert_eq!(vote.seen.reason, "status 500 is not expected");
}

#[test]
fn one_probe_at_a_time_for_an_origin_that_hangs() {
    let mut watch = watch(SHOP, None, at(0));
    watch.step(Event::Alarm, at(0));
    watch.step(Event::Sampled(id("shop/standby"), sample(true, at(5))), at(5));
    let next = wake_at(&watch.step(Event::TickOver, at(5)));
    assert!(next > at(5), "a straggler does not make the alarm ring again at once");
    let effects = watch.step(Event::Alarm, next);
    assert_eq!(probes(&effects), ["shop/standby"], "the hanging one is not joined by a second probe");
    assert_eq!(watch.under_way(), 2);
}

#[test]
fn a_probe_that_never_came_back_is_no_evidence_and_frees_its_slot() {
    let mut watch = watch(SHOP, None, at(0));
    watch.step(Event::Alarm, at(0));
    let late = at(20_000);
    let effects = watch.step(Event::Alarm, late);
    assert_eq!(probes(&effects).len(), 2);
    assert!(report(&watch.step(Event::TickOver, late)).is_none(), "nothing was seen, nothing is said");
}

#[test]
fn at_most_five_probes_are_under_way_and_the_rest_follow() {
    let origins: String =
        (0..8).map(|n| format!("[[pool.origin]]\nname = \"o{n}\"\nurl = \"http://10.0.0.{n}\"\n")).collect();
    let text = format!("[defaults]\ninterval = \"10s\"\ntimeout = \"1s\"\n[[pool]]\nname = \"p\"\n{origins}");
    let mut watch = watch(&text, None, at(0));
    let started = probes(&watch.step(Event::Alarm, at(0)));
    assert_eq!(started.len(), SLOTS);
    let effects = watch.step(Event::Sampled(id(&started[0]), sample(true, at(10))), at(10));
    assert_eq!(probes(&effects), ["p/o5"]);
    assert_eq!(watch.under_way(), SLOTS);
}

#[test]
fn probes_that_wait_for_a_slot_do_not_make_the_alarm_ring_again_at_once() {
    let origins: String =
        (0..8).map(|n| format!("[[pool.origin]]\nname = \"o{n}\"\nurl = \"http://10.0.0.{n}\"\n")).collect();
    let pace = "interval = \"2s\"\nfast_interval = \"1s\"\ntimeout = \"1s\"";
    let mut watch = watch(&format!("[defaults]\n{pace}\n[[pool]]\nname = \"p\"\n{origins}"), None, at(0));
    let started = probes(&watch.step(Event::Alarm, at(0)));
    // All of them hang for longer than the time between two probes.
    for late in [1_000, 1_500, 2_500] {
        let next = wake_at(&watch.step(Event::Alarm, at(late)));
        assert!(
            next > at(late),
            "at {late} ms the alarm would ring again at {next}, and nothing be folded in between"
        );
    }
    let effects = watch.step(Event::Sampled(id(&started[0]), sample(false, at(2_600))), at(2_600));
    assert_eq!(probes(&effects), ["p/o5"], "what waits still has its turn");
}

#[test]
fn a_settled_shard_writes_nothing_but_a_change_is_stored_before_it_is_reported() {
    let mut watch = watch(SHOP, None, at(0));
    let (now, _) = run(&mut watch, at(0), 5, |_| true);
    watch.step(Event::Alarm, now);
    let steady = watch.step(Event::Sampled(id("shop/primary"), sample(true, now)), now);
    assert!(!steady.iter().any(|effect| matches!(effect, Effect::Persist(_))), "{steady:?}");
    let mut effects = Vec::new();
    for second in 1..=2 {
        let now = now.plus(Millis::from_secs(second));
        watch.step(Event::Alarm, now);
        effects = watch.step(Event::Sampled(id("shop/primary"), sample(false, now)), now);
    }
    let position = |wanted: fn(&Effect) -> bool| effects.iter().position(wanted).unwrap();
    assert!(position(|e| matches!(e, Effect::Persist(_))) < position(|e| matches!(e, Effect::Report(_))));
}

#[test]
fn counters_survive_the_object() {
    let mut before = watch(SHOP, None, at(0));
    let (now, _) = run(&mut before, at(0), 5, |_| true);
    let (now, _) = run(&mut before, now, 1, |_| false);
    let mut after = watch(SHOP, Some(&before.stored()), now);
    let (_, reports) = run(&mut after, now, 1, |_| false);
    assert!(
        reports.iter().flat_map(|report| &report.votes).all(|vote| vote.opinion == Opinion::Fail),
        "one more is enough"
    );
}

#[test]
fn a_changed_definition_begins_afresh() {
    let mut before = watch(SHOP, None, at(0));
    let (now, _) = run(&mut before, at(0), 5, |_| true);
    let changed = SHOP.replace("path = \"/health\"", "path = \"/ready\"");
    let mut after = watch(&changed, Some(&before.stored()), now);
    after.step(Event::Alarm, now);
    let effects = after.step(Event::Sampled(id("shop/primary"), sample(true, now)), now);
    assert!(report(&effects).is_none(), "one pass decides nothing: {effects:?}");
}

#[test]
fn a_lost_report_is_made_good_by_the_next() {
    let mut watch = watch(SHOP, None, at(0));
    watch.step(Event::Alarm, at(0));
    watch.step(Event::Sampled(id("shop/primary"), sample(true, at(1))), at(1));
    let first = report(&watch.step(Event::TickOver, at(1))).cloned().unwrap();
    let second = report(&watch.step(Event::TickOver, at(400))).cloned().unwrap();
    assert_eq!(second.votes[0].origin, first.votes[0].origin);
    assert_eq!(second.votes[0].age, Millis::new(399), "it has grown older meanwhile");
    watch.step(Event::Delivered(second.seq), at(401));
    assert!(report(&watch.step(Event::TickOver, at(402))).is_none());
}

#[test]
fn a_rebuilt_object_does_not_probe_a_slot_twice() {
    let text = SHOP
        .replace("interval = \"1s\"\nfast_interval = \"1s\"", "interval = \"60s\"\nfast_interval = \"1s\"");
    let mut before = watch(&text, None, at(0));
    run(&mut before, at(0), 5, |_| true);
    let now = at(5_000);
    let stored = before.stored();
    let due = before.next_due(now);
    let mut early = watch(&text, Some(&stored), now);
    assert!(probes(&early.step(Event::Alarm, now)).is_empty(), "woken between slots it waits");
    let mut late = watch(&text, Some(&stored), due.plus(Millis::new(6)));
    assert_eq!(
        probes(&late.step(Event::Alarm, due.plus(Millis::new(6)))).len(),
        2,
        "woken by its alarm it probes"
    );
}

#[test]
fn a_clock_that_steps_back_does_not_stop_the_watch() {
    let mut watch = watch(SHOP, None, at(3_600_000));
    run(&mut watch, at(3_600_000), 3, |_| true);
    let (_, reports) = run(&mut watch, at(0), 3, |_| true);
    assert!(reports.len() >= 2, "{reports:?}");
}

#[test]
fn stored_v1_bytes_are_frozen() {
    let frozen = r#"{"version":1,"tallies":{"shop/primary":{"definition":"00000000000000ab","tally":{"opinion":"pass","since":5,"passes":2,"failures":1,"recent":1}}}}"#;
    let stored: StoredV1 = crate::json::read(frozen).unwrap();
    assert_eq!(crate::json::write(&stored), frozen);
}

#[test]
fn what_was_stored_and_is_not_understood_is_left_out() {
    for text in ["", "{", "[]", r#"{"version":2,"tallies":{}}"#, r#"{"version":1,"tallies":{"x":1}}"#] {
        let mut watch = watch(SHOP, Some(text), at(0));
        assert_eq!(probes(&watch.step(Event::Alarm, at(0))).len(), 2, "{text}");
    }
    assert_eq!(shop().pools.len(), 1);
}
