use std::collections::BTreeSet;

use super::*;
use crate::budget::deployment;
use crate::config::{Daily, Deployment};
use crate::fixtures::{SHOP, at, config, sample, shop};
use crate::schedule::shards;
use crate::vote::Opinion;

mod connect;
mod pace;
mod reference;
mod ring;
mod ticks;

fn name() -> Name {
    Name::parse("weur").unwrap()
}

fn prober(text: &str, stored: Option<&str>, now: Timestamp) -> Prober {
    let Deployment { config, daily } = deployment(config(text));
    made(&config, daily, stored, now)
}

/// The first shard of `weur`.
fn made(config: &Config, daily: Option<Daily>, stored: Option<&str>, now: Timestamp) -> Prober {
    let (vantage, shards) = (name(), shards(config, &name()));
    Prober::new(&Duty { config, vantage: &vantage, shard: &shards[0], daily }, stored, now)
}

fn id(text: &str) -> OriginId {
    OriginId::parse(text).unwrap()
}

/// The probes that are started, with their tickets.
fn started(effects: &[Effect]) -> Vec<(OriginId, u64)> {
    let probe = |effect: &Effect| {
        if let Effect::Probe(id, ticket, _) = effect { Some((id.clone(), *ticket)) } else { None }
    };
    effects.iter().filter_map(probe).collect()
}

fn probes(effects: &[Effect]) -> Vec<String> {
    started(effects).into_iter().map(|(id, _)| id.to_string()).collect()
}

fn report(effects: &[Effect]) -> Option<&Report> {
    effects.iter().find_map(|effect| if let Effect::Report(report) = effect { Some(report) } else { None })
}

/// Answers the probes of `effects` whose origin is named so; the effects of the last answer.
fn answer(
    prober: &mut Prober,
    effects: &[Effect],
    origin: &str,
    passed: bool,
    now: Timestamp,
) -> Vec<Effect> {
    let mut last = Vec::new();
    for (id, ticket) in started(effects) {
        if id.to_string() == origin {
            last = prober.step(Event::Sampled(id, ticket, sample(passed, now)), now);
        }
    }
    last
}

fn wake_at(effects: &[Effect]) -> Timestamp {
    match effects.first() {
        Some(Effect::WakeAt(at)) => *at,
        other => panic!("the next alarm comes first, not {other:?}"),
    }
}

/// Rings at every due time and answers every probe at once until `seconds` have passed; the
/// reports, each taken at once.
fn run(
    prober: &mut Prober,
    from: Timestamp,
    seconds: u64,
    answer: impl Fn(&OriginId) -> bool,
) -> (Timestamp, Vec<Report>) {
    let (mut now, mut reports) = (from, Vec::new());
    while now < from.plus(Millis::from_secs(seconds)) {
        let mut effects = prober.step(Event::Alarm, now);
        let mut under_way = started(&effects);
        while let Some((id, ticket)) = under_way.pop() {
            let passed = answer(&id);
            let more = prober.step(Event::Sampled(id, ticket, sample(passed, now)), now);
            under_way.extend(started(&more));
            effects.extend(more);
        }
        for effect in effects {
            if let Effect::Report(report) = effect {
                prober.step(Event::Delivered(report.seq), now);
                reports.push(report);
            }
        }
        now = prober.next_due(now).max(now.plus(Millis::new(1)));
    }
    (now, reports)
}

#[test]
fn the_next_alarm_is_set_before_anything_is_sent() {
    let mut prober = prober(SHOP, None, at(0));
    let effects = prober.step(Event::Alarm, at(0));
    assert!(wake_at(&effects) > at(0));
    let begun: BTreeSet<_> = probes(&effects).into_iter().collect();
    assert_eq!(
        begun,
        BTreeSet::from(["shop/primary".into(), "shop/standby".into()]),
        "a new watch begins at once"
    );
}

#[test]
fn two_passes_and_the_vote_is_reported() {
    let mut prober = prober(SHOP, None, at(0));
    let (_, reports) = run(&mut prober, at(0), 3, |_| true);
    let last = reports.last().unwrap();
    assert!(last.votes.iter().all(|vote| vote.opinion == Opinion::Pass), "{last:?}");
    assert!(reports.windows(2).all(|pair| pair[0].seq < pair[1].seq), "sequence numbers rise");
}

#[test]
fn a_failing_origin_is_reported_within_fall_intervals() {
    let mut prober = prober(SHOP, None, at(0));
    let (now, _) = run(&mut prober, at(0), 5, |_| true);
    let (_, reports) = run(&mut prober, now, 3, |id| id.origin.as_str() != "primary");
    let changed =
        reports.iter().find(|report| report.votes.iter().any(|vote| vote.opinion == Opinion::Fail)).unwrap();
    let vote = changed.votes.iter().find(|vote| vote.opinion == Opinion::Fail).unwrap();
    assert_eq!(vote.origin, id("shop/primary"));
    assert_eq!(vote.seen.reason, "status 500 is not expected");
}

#[test]
fn one_probe_at_a_time_for_an_origin_that_hangs() {
    let mut prober = prober(SHOP, None, at(0));
    let first = prober.step(Event::Alarm, at(0));
    answer(&mut prober, &first, "shop/standby", true, at(5));
    let next = prober.next_due(at(5));
    assert!(next > at(5), "a late probe does not make the alarm ring again at once");
    let effects = prober.step(Event::Alarm, next);
    assert_eq!(probes(&effects), ["shop/standby"], "the hanging one is not joined by a second probe");
    assert_eq!(prober.under_way(), 2);
    assert_eq!(report(&effects).unwrap().votes.len(), 1, "what it held back is told with the next alarm");
}

#[test]
fn what_was_not_taken_does_not_get_younger_when_the_clock_steps_back() {
    let mut prober = prober(SHOP, None, at(3_600_000));
    let first = prober.step(Event::Alarm, at(3_600_000));
    for id in ["shop/primary", "shop/standby"] {
        answer(&mut prober, &first, id, true, at(3_600_010));
    }
    // Nobody takes the report, and nothing answers any more.
    let later = prober.step(Event::Alarm, at(3_640_000));
    let before: Vec<Millis> = report(&later).unwrap().votes.iter().map(|vote| vote.age).collect();
    assert_eq!(before, [Millis::new(39_990); 2]);
    let back = prober.step(Event::Alarm, at(10_000));
    assert!(report(&back).unwrap().votes.iter().all(|vote| vote.age == Millis::new(39_990)));
    let again = prober.step(Event::Alarm, at(40_000));
    assert!(report(&again).unwrap().votes.iter().all(|vote| vote.age == Millis::new(69_990)));
}

#[test]
fn a_probe_that_never_came_back_is_no_evidence_and_frees_its_slot() {
    let mut prober = prober(SHOP, None, at(0));
    let lost = prober.step(Event::Alarm, at(0));
    let effects = prober.step(Event::Alarm, at(20_000));
    assert_eq!(probes(&effects).len(), 2);
    assert!(report(&effects).is_none(), "nothing was seen, nothing is said");
    let late = answer(&mut prober, &lost, "shop/primary", false, at(20_001));
    assert!(late.is_empty(), "an answer that was given up is nobody's: {late:?}");
    assert_eq!(prober.under_way(), 2, "and takes no slot away from the probe that followed");
}

#[test]
fn a_schedule_that_slips_is_counted_and_logged() {
    let mut prober = prober(SHOP, None, at(0));
    let (now, _) = run(&mut prober, at(0), 5, |_| true);
    let late = now.plus(Millis::from_secs(4));
    let effects = prober.step(Event::Alarm, late);
    let slipped = effects.iter().find_map(|effect| {
        if let Effect::Slipped(lag, missed) = effect { Some((*lag, *missed)) } else { None }
    });
    let (lag, missed) = slipped.unwrap_or_else(|| panic!("{effects:?}"));
    assert!(lag >= Millis::from_secs(3) && missed >= 6, "three slots of two origins: {lag}, {missed}");
    let effects = answer(&mut prober, &effects, "shop/primary", true, late);
    assert!(report(&effects).is_none(), "the other is still under way");
}

#[test]
fn a_settled_shard_writes_nothing_but_a_change_is_stored_before_it_is_reported() {
    let mut prober = prober(SHOP, None, at(0));
    let (now, _) = run(&mut prober, at(0), 5, |_| true);
    let first = prober.step(Event::Alarm, now);
    let steady = answer(&mut prober, &first, "shop/primary", true, now);
    assert!(!steady.iter().any(|effect| matches!(effect, Effect::Persist(_))), "{steady:?}");
    let mut effects = Vec::new();
    for second in 1..=2 {
        let now = now.plus(Millis::from_secs(second));
        let alarm = prober.step(Event::Alarm, now);
        effects = answer(&mut prober, &alarm, "shop/primary", false, now);
    }
    let position = |wanted: fn(&Effect) -> bool| effects.iter().position(wanted).unwrap();
    assert!(position(|e| matches!(e, Effect::Persist(_))) < position(|e| matches!(e, Effect::Report(_))));
}

#[test]
fn counters_survive_the_object() {
    let mut before = prober(SHOP, None, at(0));
    let (now, _) = run(&mut before, at(0), 5, |_| true);
    let (now, _) = run(&mut before, now, 1, |_| false);
    let mut after = prober(SHOP, Some(&before.stored()), now);
    let (_, reports) = run(&mut after, now, 1, |_| false);
    assert!(
        reports.iter().flat_map(|report| &report.votes).all(|vote| vote.opinion == Opinion::Fail),
        "one more is enough"
    );
}

#[test]
fn a_changed_definition_begins_afresh() {
    let mut before = prober(SHOP, None, at(0));
    let (now, _) = run(&mut before, at(0), 5, |_| true);
    let changed = SHOP.replace("path = \"/health\"", "path = \"/ready\"");
    let mut after = prober(&changed, Some(&before.stored()), now);
    let first = after.step(Event::Alarm, now);
    let effects = answer(&mut after, &first, "shop/primary", true, now);
    assert!(report(&effects).is_none(), "one pass decides nothing: {effects:?}");
}

#[test]
fn a_lost_report_is_made_good_by_the_next_alarm() {
    let mut prober = prober(SHOP, None, at(0));
    let alarm = prober.step(Event::Alarm, at(0));
    answer(&mut prober, &alarm, "shop/standby", true, at(1));
    let first = report(&answer(&mut prober, &alarm, "shop/primary", true, at(1))).cloned().unwrap();
    assert_eq!(first.votes.len(), 2, "nothing is under way any more");
    let alarm = prober.step(Event::Alarm, at(400));
    let second = report(&alarm).cloned().unwrap();
    assert_eq!(second.votes[0].age, Millis::new(399), "it has grown older meanwhile");
    prober.step(Event::Delivered(second.seq), at(401));
    assert!(report(&prober.step(Event::Alarm, at(402))).is_none());
}

#[test]
fn a_watch_whose_clock_was_set_back_goes_on_from_the_number_that_is_known() {
    let mut prober = prober(SHOP, None, at(0));
    let alarm = prober.step(Event::Alarm, at(0));
    answer(&mut prober, &alarm, "shop/standby", true, at(1));
    answer(&mut prober, &alarm, "shop/primary", true, at(1));
    let known = at(3_600_000).as_millis();
    prober.step(Event::Superseded(known), at(2));
    let again = prober.step(Event::Alarm, at(400));
    let said = report(&again).unwrap();
    assert!(said.seq > known && said.votes.len() == 2, "what was refused is sent again: {said:?}");
}

#[test]
fn a_rebuilt_object_does_not_probe_a_slot_twice() {
    let text = SHOP
        .replace("interval = \"1s\"\nfast_interval = \"1s\"", "interval = \"60s\"\nfast_interval = \"1s\"");
    let mut before = prober(&text, None, at(0));
    run(&mut before, at(0), 5, |_| true);
    let now = at(5_000);
    let stored = before.stored();
    let due = before.next_due(now);
    let mut early = prober(&text, Some(&stored), now);
    assert!(probes(&early.step(Event::Alarm, now)).is_empty(), "woken between slots it waits");
    let mut late = prober(&text, Some(&stored), due.plus(Millis::new(6)));
    assert_eq!(
        probes(&late.step(Event::Alarm, due.plus(Millis::new(6)))).len(),
        2,
        "woken by its alarm it probes"
    );
}

#[test]
fn a_clock_that_steps_back_does_not_stop_the_watch() {
    let mut prober = prober(SHOP, None, at(3_600_000));
    run(&mut prober, at(3_600_000), 3, |_| true);
    let (_, reports) = run(&mut prober, at(0), 3, |_| true);
    assert!(reports.len() >= 2, "{reports:?}");
}

#[test]
fn what_was_stored_and_is_not_understood_is_left_out() {
    for text in ["", "{", "[]", r#"{"version":2,"tallies":{}}"#, r#"{"version":1,"tallies":{"x":1}}"#] {
        let mut prober = prober(SHOP, Some(text), at(0));
        assert_eq!(probes(&prober.step(Event::Alarm, at(0))).len(), 2, "{text}");
    }
    assert_eq!(shop().pools.len(), 1);
}

// What a vantage believes of itself.

#[test]
fn what_a_cache_answered_proves_nothing_but_is_shown() {
    let mut prober = prober(SHOP, None, at(0));
    let (now, _) = run(&mut prober, at(0), 5, |_| false);
    let mut edge = sample(true, now);
    edge.cache = crate::sample::CacheClass::EdgeOnly;
    edge.checks[0].finding = crate::sample::Finding::Warned("a cache answered".into());
    let mut now = now;
    for _ in 0..5 {
        let alarm = prober.step(Event::Alarm, now);
        let mut effects = Vec::new();
        for (id, ticket) in started(&alarm) {
            effects.extend(prober.step(Event::Sampled(id, ticket, edge.clone()), now));
        }
        assert!(
            opinions(&effects).iter().all(|opinion| *opinion == Opinion::Fail),
            "never up by it: {effects:?}"
        );
        assert!(report(&effects).is_none_or(|report| report.votes.iter().all(|vote| vote.seen.unproven)));
        now = prober.next_due(now).max(now.plus(Millis::new(1)));
    }
}

#[test]
fn why_there_is_no_evidence_is_reported_though_nothing_is_voted() {
    let mut prober = prober(SHOP, None, at(0));
    let alarm = prober.step(Event::Alarm, at(0));
    let mut effects = Vec::new();
    for (id, ticket) in started(&alarm) {
        let none = Sample::no_evidence(at(1), "the secret PROBE_TOKEN is not set");
        effects = prober.step(Event::Sampled(id, ticket, none), at(1));
    }
    let said = report(&effects).unwrap();
    assert!(said.votes.is_empty());
    assert_eq!(said.blind.get(&id("shop/primary")).unwrap(), "the secret PROBE_TOKEN is not set");
}

fn opinions(effects: &[Effect]) -> Vec<Opinion> {
    effects
        .iter()
        .filter_map(|effect| if let Effect::Report(report) = effect { Some(report) } else { None })
        .flat_map(|report| report.votes.iter().map(|vote| vote.opinion))
        .collect()
}
