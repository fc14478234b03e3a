//! How often is probed, stored and reported: the allowance of fast probes, and doubt.

use proptest::prelude::*;

use super::*;

/// So many fast probes a day, and as much time as there is.
fn daily(fast_probes: u32) -> Daily {
    Daily { fast_probes, busy: None }
}

#[test]
fn a_spent_allowance_of_fast_probes_leaves_the_interval() {
    let text = "plan = \"free\"\n[defaults]\ninterval = \"30s\"\nfast_interval = \"2s\"\nvantages = [\"weur\"]\n\
        [[pool]]\nname = \"p\"\n[[pool.origin]]\nname = \"o\"\nurl = \"https://shop.example.com\"\n";
    let limit = 200;
    let mut prober = made(&config(text), Some(daily(limit)), None, at(0));
    // An origin that is in doubt for hours: it fails every other time.
    let (mut now, mut gaps, mut odd) = (at(0), Vec::new(), false);
    while now < at(3 * 3_600_000) {
        let alarm = prober.step(Event::Alarm, now);
        odd = !odd;
        answer(&mut prober, &alarm, "p/o", odd, now);
        let next = prober.next_due(now).max(now.plus(Millis::new(1)));
        gaps.push((now, next.since(now)));
        now = next;
    }
    let fast = gaps.iter().filter(|(_, gap)| *gap < Millis::from_secs(20)).count();
    assert!(fast <= 2 * (limit as usize + 1), "{fast} fast probes with {limit} a day");
    let spent = gaps.iter().rev().take(20).filter(|(_, gap)| *gap >= Millis::from_secs(20)).count();
    assert!(spent >= 18, "{:?}", &gaps[gaps.len() - 20..]);
}

fn persists(effects: &[Effect]) -> usize {
    effects.iter().filter(|effect| matches!(effect, Effect::Persist(_))).count()
}

#[test]
fn what_a_tick_changes_is_stored_once() {
    let mut prober = prober(SHOP, None, at(0));
    let alarm = prober.step(Event::Alarm, at(0));
    let first = answer(&mut prober, &alarm, "shop/primary", true, at(20));
    assert_eq!(persists(&first), 0, "the other is under way");
    let last = answer(&mut prober, &alarm, "shop/standby", true, at(30));
    assert_eq!(persists(&last), 1);
    let again = made(&shop(), None, Some(&prober.stored()), at(40));
    assert_eq!(again.stored(), prober.stored());
}

#[test]
fn a_vote_that_turns_is_reported_at_once_only_as_long_as_the_day_allows_for_it() {
    for (limit, at_once) in [(None, true), (Some(0), false), (Some(100), true)] {
        let config = config(&SHOP.replace("rise = 2", "rise = 1"));
        let mut prober = made(&config, limit.map(daily), None, at(0));
        let alarm = prober.step(Event::Alarm, at(0));
        let first = answer(&mut prober, &alarm, "shop/primary", true, at(20));
        assert_eq!(report(&first).is_some(), at_once, "{limit:?}");
        let last = answer(&mut prober, &alarm, "shop/standby", true, at(30));
        let told = report(&last).unwrap();
        assert!(told.votes.iter().any(|vote| vote.origin == id("shop/primary")), "{limit:?}: {told:?}");
    }
}

#[test]
fn who_is_in_doubt_is_not_probed_out_of_turn_when_the_fast_probes_are_spent() {
    let config = config(SHOP);
    let mut prober = made(&config, Some(daily(0)), None, at(0));
    let alarm = prober.step(Event::Alarm, at(0));
    assert_eq!(probes(&alarm).len(), 2, "nothing is known of them");
    answer(&mut prober, &alarm, "shop/primary", true, at(5));
    answer(&mut prober, &alarm, "shop/standby", true, at(5));
    let again = made(&config, Some(daily(0)), Some(&prober.stored()), at(10));
    assert!(again.next_due(at(10)) > at(10), "one pass of two is known: its slot will come");
}

#[test]
fn a_doubted_origin_is_looked_at_in_short_order_and_then_at_its_pace_again() {
    let slow = SHOP.replace("interval = \"1s\"\nfast_interval", "interval = \"20s\"\nfast_interval");
    let mut prober = prober(&slow, None, at(0));
    let (now, _) = run(&mut prober, at(0), 40, |_| true);
    let before = prober.next_due(now);
    let effects = prober.step(Event::OriginSuspected(id("shop/primary")), now);
    if prober.next_due(now) < before {
        assert_eq!(effects, [Effect::WakeAt(prober.next_due(now))], "the alarm is moved forward");
    }
    let mut times = Vec::new();
    let mut clock = now;
    while clock < now.plus(Millis::from_secs(18)) {
        let effects = prober.step(Event::Alarm, clock);
        for (origin, ticket) in started(&effects) {
            times.extend((origin == id("shop/primary")).then_some(clock));
            prober.step(Event::Sampled(origin, ticket, sample(true, clock)), clock);
        }
        clock = prober.next_due(clock).max(clock.plus(Millis::new(1)));
    }
    // As many as make up a mind that it fails, a second or so apart; its usual turn may come on
    // top.
    let quick = times.windows(2).filter(|pair| pair[1].since(pair[0]) < Millis::from_secs(3)).count();
    assert!((1..=2).contains(&quick) && times.len() <= 4, "{times:?}");
    assert_eq!(times[0], now, "the first waits for no slot: {times:?}");
}

proptest! {
    #[test]
    fn no_change_of_pace_leaves_out_a_slot_or_makes_two_probes_fall_together(
        answers in proptest::collection::vec(proptest::bool::weighted(0.8), 60), doubted in proptest::collection::vec(0..60_usize, 0..6),
    ) {
        let slow = SHOP.replace("interval = \"1s\"\nfast_interval = \"1s\"", "interval = \"20s\"\nfast_interval = \"2s\"");
        let mut prober = prober(&slow, None, at(0));
        let (mut now, mut last) = (at(0), None::<Timestamp>);
        for (nth, passed) in answers.into_iter().enumerate() {
            if doubted.contains(&nth) {
                prober.step(Event::OriginSuspected(id("shop/primary")), now);
            }
            let effects = prober.step(Event::Alarm, now);
            for (origin, ticket) in started(&effects) {
                if origin == id("shop/primary") {
                    let gap = last.replace(now).map_or(Millis::from_secs(20), |last| now.since(last));
                    prop_assert!((1_000..=22_000).contains(&gap.get()), "{gap}");
                }
                prober.step(Event::Sampled(origin, ticket, sample(passed, now)), now);
            }
            now = prober.next_due(now).max(now.plus(Millis::new(1)));
        }
    }
}

#[test]
fn a_doubted_origin_that_hangs_has_nobody_ring_in_vain() {
    let mut prober = prober(SHOP, None, at(0));
    let (now, _) = run(&mut prober, at(0), 40, |_| true);
    prober.step(Event::OriginSuspected(id("shop/primary")), now);
    let effects = prober.step(Event::Alarm, now);
    assert!(probes(&effects).contains(&"shop/primary".to_owned()), "{effects:?}");
    for ms in [1, 100, 1_000, 2_000] {
        let later = now.plus(Millis::new(ms));
        assert!(prober.next_due(later) > later, "{ms} ms later it is still under way");
        prober.step(Event::OriginSuspected(id("shop/primary")), later);
    }
}
