use proptest::prelude::*;

use super::*;
use crate::budget::fast_probes;
use crate::fixtures::{SHOP, at, config, sample, shop};
use crate::schedule::shards;
use crate::vote::Opinion;

fn name() -> Name {
    Name::parse("weur").unwrap()
}

fn watch(text: &str, stored: Option<&str>, now: Timestamp) -> Prober {
    let config = config(text);
    let allowed = fast_probes(&config);
    made(&config, allowed, stored, now)
}

/// The first shard of `weur`.
fn made(config: &Config, fast_probes: Option<u32>, stored: Option<&str>, now: Timestamp) -> Prober {
    let (vantage, shards) = (name(), shards(config, &name()));
    Prober::new(&Duty { config, vantage: &vantage, shard: &shards[0], fast_probes }, stored, now)
}

fn id(text: &str) -> OriginId {
    OriginId::parse(text).unwrap()
}

/// The probes that are started, with their tickets.
fn started(effects: &[Effect]) -> Vec<(OriginId, u64)> {
    let probe = |effect: &Effect| {
        if let Effect::Probe(id, ticket) = effect { Some((id.clone(), *ticket)) } else { None }
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
fn answer(watch: &mut Prober, effects: &[Effect], origin: &str, passed: bool, now: Timestamp) -> Vec<Effect> {
    let mut last = Vec::new();
    for (id, ticket) in started(effects) {
        if id.to_string() == origin {
            last = watch.step(Event::Sampled(id, ticket, sample(passed, now)), now);
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

/// Rings at every due time and answers every probe at once until `seconds` have passed; the reports, each taken at once.
fn run(
    watch: &mut Prober,
    from: Timestamp,
    seconds: u64,
    answer: impl Fn(&OriginId) -> bool,
) -> (Timestamp, Vec<Report>) {
    let (mut now, mut reports) = (from, Vec::new());
    while now < from.plus(Millis::from_secs(seconds)) {
        let mut effects = watch.step(Event::Alarm, now);
        for (id, ticket) in started(&effects) {
            let passed = answer(&id);
            effects.extend(watch.step(Event::Sampled(id, ticket, sample(passed, now)), now));
        }
        for effect in effects {
            if let Effect::Report(report) = effect {
                watch.step(Event::Delivered(report.seq), now);
                reports.push(report);
            }
        }
        now = watch.next_due(now).max(now.plus(Millis::new(1)));
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
    let first = watch.step(Event::Alarm, at(0));
    answer(&mut watch, &first, "shop/standby", true, at(5));
    let next = watch.next_due(at(5));
    assert!(next > at(5), "a late probe does not make the alarm ring again at once");
    let effects = watch.step(Event::Alarm, next);
    assert_eq!(probes(&effects), ["shop/standby"], "the hanging one is not joined by a second probe");
    assert_eq!(watch.under_way(), 2);
    assert_eq!(report(&effects).unwrap().votes.len(), 1, "what it held back is told with the next alarm");
}

#[test]
fn a_probe_that_never_came_back_is_no_evidence_and_frees_its_slot() {
    let mut watch = watch(SHOP, None, at(0));
    let lost = watch.step(Event::Alarm, at(0));
    let effects = watch.step(Event::Alarm, at(20_000));
    assert_eq!(probes(&effects).len(), 2);
    assert!(report(&effects).is_none(), "nothing was seen, nothing is said");
    let late = answer(&mut watch, &lost, "shop/primary", false, at(20_001));
    assert!(late.is_empty(), "an answer that was given up is nobody's: {late:?}");
    assert_eq!(watch.under_way(), 2, "and takes no slot away from the probe that followed");
}

/// Eight origins that are probed so often.
fn eight(pace: &str) -> String {
    let origins: String =
        (0..8).map(|n| format!("[[pool.origin]]\nname = \"o{n}\"\nurl = \"http://10.0.0.{n}\"\n")).collect();
    format!("plan = \"paid\"\n[defaults]\n{pace}\n[[pool]]\nname = \"p\"\n{origins}")
}

#[test]
fn at_most_five_probes_are_under_way_and_the_rest_follow() {
    let mut watch = watch(&eight("interval = \"10s\"\ntimeout = \"1s\""), None, at(0));
    let first = watch.step(Event::Alarm, at(0));
    assert_eq!(started(&first).len(), SLOTS);
    let effects = answer(&mut watch, &first, "p/o0", true, at(10));
    assert_eq!(probes(&effects), ["p/o5"]);
    assert_eq!(watch.under_way(), SLOTS);
}

#[test]
fn probes_that_wait_for_a_slot_do_not_make_the_alarm_ring_again_at_once() {
    let pace = "interval = \"2s\"\nfast_interval = \"1s\"\ntimeout = \"1s\"";
    let mut watch = watch(&eight(pace), None, at(0));
    let first = watch.step(Event::Alarm, at(0));
    // All of them hang for longer than the time between two probes.
    for late in [1_000, 1_500, 2_500] {
        let next = wake_at(&watch.step(Event::Alarm, at(late)));
        assert!(
            next > at(late),
            "at {late} ms the alarm would ring again at {next}, and nothing be folded in between"
        );
    }
    let effects = answer(&mut watch, &first, "p/o0", false, at(2_600));
    assert_eq!(probes(&effects), ["p/o5"], "what waits still has its turn");
}

#[test]
fn a_schedule_that_slips_is_counted_and_logged() {
    let mut watch = watch(SHOP, None, at(0));
    let (now, _) = run(&mut watch, at(0), 5, |_| true);
    let late = now.plus(Millis::from_secs(4));
    let effects = watch.step(Event::Alarm, late);
    let slipped = effects.iter().find_map(|effect| {
        if let Effect::Slipped(lag, missed) = effect { Some((*lag, *missed)) } else { None }
    });
    let (lag, missed) = slipped.unwrap_or_else(|| panic!("{effects:?}"));
    assert!(lag >= Millis::from_secs(3) && missed >= 6, "three slots of two origins: {lag}, {missed}");
    let effects = answer(&mut watch, &effects, "shop/primary", true, late);
    assert!(report(&effects).is_none(), "the other is still under way");
}

#[test]
fn a_settled_shard_writes_nothing_but_a_change_is_stored_before_it_is_reported() {
    let mut watch = watch(SHOP, None, at(0));
    let (now, _) = run(&mut watch, at(0), 5, |_| true);
    let first = watch.step(Event::Alarm, now);
    let steady = answer(&mut watch, &first, "shop/primary", true, now);
    assert!(!steady.iter().any(|effect| matches!(effect, Effect::Persist(_))), "{steady:?}");
    let mut effects = Vec::new();
    for second in 1..=2 {
        let now = now.plus(Millis::from_secs(second));
        let alarm = watch.step(Event::Alarm, now);
        effects = answer(&mut watch, &alarm, "shop/primary", false, now);
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
    let first = after.step(Event::Alarm, now);
    let effects = answer(&mut after, &first, "shop/primary", true, now);
    assert!(report(&effects).is_none(), "one pass decides nothing: {effects:?}");
}

#[test]
fn a_lost_report_is_made_good_by_the_next_alarm() {
    let mut watch = watch(SHOP, None, at(0));
    let alarm = watch.step(Event::Alarm, at(0));
    answer(&mut watch, &alarm, "shop/standby", true, at(1));
    let first = report(&answer(&mut watch, &alarm, "shop/primary", true, at(1))).cloned().unwrap();
    assert_eq!(first.votes.len(), 2, "nothing is under way any more");
    let alarm = watch.step(Event::Alarm, at(400));
    let second = report(&alarm).cloned().unwrap();
    assert_eq!(second.votes[0].age, Millis::new(399), "it has grown older meanwhile");
    watch.step(Event::Delivered(second.seq), at(401));
    assert!(report(&watch.step(Event::Alarm, at(402))).is_none());
}

#[test]
fn a_watch_whose_clock_was_set_back_goes_on_from_the_number_that_is_known() {
    let mut watch = watch(SHOP, None, at(0));
    let alarm = watch.step(Event::Alarm, at(0));
    answer(&mut watch, &alarm, "shop/standby", true, at(1));
    answer(&mut watch, &alarm, "shop/primary", true, at(1));
    let known = at(3_600_000).as_millis();
    watch.step(Event::Superseded(known), at(2));
    let again = watch.step(Event::Alarm, at(400));
    let said = report(&again).unwrap();
    assert!(said.seq > known && said.votes.len() == 2, "what was refused is sent again: {said:?}");
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
fn what_was_stored_and_is_not_understood_is_left_out() {
    for text in ["", "{", "[]", r#"{"version":2,"tallies":{}}"#, r#"{"version":1,"tallies":{"x":1}}"#] {
        let mut watch = watch(SHOP, Some(text), at(0));
        assert_eq!(probes(&watch.step(Event::Alarm, at(0))).len(), 2, "{text}");
    }
    assert_eq!(shop().pools.len(), 1);
}

// What a vantage believes of itself.

/// The shop with a reference.
fn referred() -> String {
    format!("references = [\"https://reference.example/cdn-cgi/trace\", \"https://other.example\"]\n{SHOP}")
}

/// The references that are asked, with their tickets.
fn asked(effects: &[Effect]) -> Vec<(String, u64)> {
    let question = |effect: &Effect| {
        if let Effect::CheckReference(url, ticket) = effect { Some((url.to_string(), *ticket)) } else { None }
    };
    effects.iter().filter_map(question).collect()
}

fn referral(answered: bool) -> ReferenceResult {
    ReferenceResult { answered, colo: answered.then(|| "AMS".to_owned()) }
}

/// A watch with references that has settled: everything passes, and the reference has been asked for the data centre.
fn settled() -> (Prober, Timestamp) {
    let mut watch = watch(&referred(), None, at(0));
    let (mut now, mut question) = (at(0), None);
    for _ in 0..4 {
        let effects = watch.step(Event::Alarm, now);
        question = question.or_else(|| asked(&effects).first().cloned());
        let mut last = Vec::new();
        for (id, ticket) in started(&effects) {
            last = watch.step(Event::Sampled(id, ticket, sample(true, now)), now);
        }
        watch.step(Event::Delivered(report(&last).map_or(0, |report| report.seq)), now);
        now = watch.next_due(now).max(now.plus(Millis::new(1)));
    }
    watch.step(Event::ReferenceChecked(question.unwrap().1, referral(true)), now);
    // Long enough ago to have to ask again.
    (watch, now.plus(Millis::from_secs(120)))
}

/// Every origin fails once; what came of it.
fn everything_fails(watch: &mut Prober, now: Timestamp) -> Vec<Effect> {
    let mut effects = watch.step(Event::Alarm, now);
    for (id, ticket) in started(&effects) {
        effects.extend(watch.step(Event::Sampled(id, ticket, sample(false, now)), now));
    }
    effects
}

fn opinions(effects: &[Effect]) -> Vec<Opinion> {
    effects
        .iter()
        .filter_map(|effect| if let Effect::Report(report) = effect { Some(report) } else { None })
        .flat_map(|report| report.votes.iter().map(|vote| vote.opinion))
        .collect()
}

#[test]
fn a_vantage_that_sees_everything_fail_asks_a_reference_before_it_votes() {
    let (mut watch, now) = settled();
    let first = everything_fails(&mut watch, now);
    let questions = asked(&first);
    assert_eq!(questions.len(), 1, "one question is enough: {first:?}");
    assert_eq!(questions[0].0, "https://reference.example/cdn-cgi/trace");
    assert!(opinions(&first).is_empty(), "until it is answered nothing is voted: {first:?}");
    let second = everything_fails(&mut watch, now.plus(Millis::from_secs(1)));
    assert!(!opinions(&second).contains(&Opinion::Fail), "two failures would be enough otherwise");
    let cleared =
        watch.step(Event::ReferenceChecked(questions[0].1, referral(true)), now.plus(Millis::from_secs(1)));
    assert_eq!(opinions(&cleared), [Opinion::Fail, Opinion::Fail], "then they count, and none is lost");
}

#[test]
fn a_vantage_that_reaches_no_reference_either_has_no_evidence_and_says_so() {
    let (mut watch, now) = settled();
    let first = everything_fails(&mut watch, now);
    let next = watch.step(Event::ReferenceChecked(asked(&first)[0].1, referral(false)), now);
    assert_eq!(asked(&next)[0].0, "https://other.example", "each of them is asked");
    let lost = watch.step(Event::ReferenceChecked(asked(&next)[0].1, referral(false)), now);
    let said = report(&lost).unwrap();
    assert!(said.votes.is_empty(), "{said:?}");
    let why = said.blind.get(&id("shop/primary")).unwrap();
    assert_eq!(why, "weur reaches none of its origins and no reference either");
    let mut now = now;
    for _ in 0..10 {
        now = now.plus(Millis::from_secs(1));
        let effects = everything_fails(&mut watch, now);
        assert!(!opinions(&effects).contains(&Opinion::Fail), "however often: {effects:?}");
        for (_, ticket) in asked(&effects) {
            let next = watch.step(Event::ReferenceChecked(ticket, referral(false)), now);
            for (_, ticket) in asked(&next) {
                watch.step(Event::ReferenceChecked(ticket, referral(false)), now);
            }
        }
    }
}

#[test]
fn what_a_reference_says_too_late_is_nobodys() {
    let (mut watch, now) = settled();
    let first = everything_fails(&mut watch, now);
    let (_, given_up) = asked(&first)[0];
    let later = now.plus(Millis::from_secs(9));
    let second = everything_fails(&mut watch, later);
    assert_eq!(asked(&second).len(), 1, "it is asked again: {second:?}");
    let late = watch.step(Event::ReferenceChecked(given_up, referral(false)), later);
    assert!(late.is_empty(), "and nothing follows from the answer that was given up: {late:?}");
    let cleared = watch.step(Event::ReferenceChecked(asked(&second)[0].1, referral(true)), later);
    assert_eq!(opinions(&cleared), [Opinion::Fail, Opinion::Fail], "what was withheld is still there");
}

#[test]
fn a_question_out_of_doubt_costs_no_write() {
    let (mut watch, mut now) = settled();
    everything_fails(&mut watch, now);
    let mut writes = 0;
    for _ in 0..20 {
        now = now.plus(Millis::from_secs(1));
        let mut effects = everything_fails(&mut watch, now);
        for (_, ticket) in asked(&effects) {
            effects.extend(watch.step(Event::ReferenceChecked(ticket, referral(true)), now));
        }
        writes += effects.iter().filter(|effect| matches!(effect, Effect::Persist(_))).count();
    }
    assert!(writes <= 3, "{writes} rows for an outage that changes nothing any more");
}

#[test]
fn one_origin_that_answers_clears_the_vantage_without_a_reference() {
    let (mut watch, now) = settled();
    let alarm = watch.step(Event::Alarm, now);
    answer(&mut watch, &alarm, "shop/primary", true, now);
    let failed = answer(&mut watch, &alarm, "shop/standby", false, now);
    assert!(asked(&failed).is_empty(), "{failed:?}");
    assert_eq!(opinions(&failed).len(), 2, "the failure counts at once");
}

#[test]
fn the_data_centre_is_asked_for_once_an_hour_and_told() {
    let (mut watch, now) = settled();
    let (_, reports) = run(&mut watch, now, 2, |_| true);
    assert_eq!(reports.last().unwrap().colo.as_deref(), Some("AMS"));
    let mut rebuilt = super::tests::watch(&referred(), Some(&watch.stored()), now);
    assert!(asked(&rebuilt.step(Event::Alarm, now)).is_empty(), "a rebuilt object knows it already");
    let later = now.plus(Millis::from_secs(3_600));
    assert_eq!(asked(&rebuilt.step(Event::Alarm, later)).len(), 1);
}

#[test]
fn what_a_cache_answered_proves_nothing_but_is_shown() {
    let mut watch = watch(SHOP, None, at(0));
    let (now, _) = run(&mut watch, at(0), 5, |_| false);
    let mut edge = sample(true, now);
    edge.cache = crate::sample::CacheClass::EdgeOnly;
    edge.checks[0].finding = crate::sample::Finding::Warned("a cache answered".into());
    let mut now = now;
    for _ in 0..5 {
        let alarm = watch.step(Event::Alarm, now);
        let mut effects = Vec::new();
        for (id, ticket) in started(&alarm) {
            effects.extend(watch.step(Event::Sampled(id, ticket, edge.clone()), now));
        }
        assert!(
            opinions(&effects).iter().all(|opinion| *opinion == Opinion::Fail),
            "never up by it: {effects:?}"
        );
        assert!(report(&effects).is_none_or(|report| report.votes.iter().all(|vote| vote.seen.unproven)));
        now = watch.next_due(now).max(now.plus(Millis::new(1)));
    }
}

#[test]
fn why_there_is_no_evidence_is_reported_though_nothing_is_voted() {
    let mut watch = watch(SHOP, None, at(0));
    let alarm = watch.step(Event::Alarm, at(0));
    let mut effects = Vec::new();
    for (id, ticket) in started(&alarm) {
        let none = Sample::no_evidence(at(1), "the secret PROBE_TOKEN is not set");
        effects = watch.step(Event::Sampled(id, ticket, none), at(1));
    }
    let said = report(&effects).unwrap();
    assert!(said.votes.is_empty());
    assert_eq!(said.blind.get(&id("shop/primary")).unwrap(), "the secret PROBE_TOKEN is not set");
}

#[test]
fn a_spent_allowance_of_fast_probes_leaves_the_interval() {
    let text = "plan = \"free\"\n[defaults]\ninterval = \"30s\"\nfast_interval = \"2s\"\nvantages = [\"weur\"]\n\
        [[pool]]\nname = \"p\"\n[[pool.origin]]\nname = \"o\"\nurl = \"https://shop.example.com\"\n";
    let limit = fast_probes(&config(text)).unwrap();
    let mut watch = watch(text, None, at(0));
    // An origin that is in doubt for most of a day: it fails every other time.
    let (mut now, mut gaps, mut odd) = (at(0), Vec::new(), false);
    while now < at(20 * 3_600_000) {
        let alarm = watch.step(Event::Alarm, now);
        odd = !odd;
        answer(&mut watch, &alarm, "p/o", odd, now);
        let next = watch.next_due(now).max(now.plus(Millis::new(1)));
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
    let mut watch = watch(SHOP, None, at(0));
    let alarm = watch.step(Event::Alarm, at(0));
    let first = answer(&mut watch, &alarm, "shop/primary", true, at(20));
    assert_eq!(persists(&first), 0, "the other is under way");
    let last = answer(&mut watch, &alarm, "shop/standby", true, at(30));
    assert_eq!(persists(&last), 1);
    let again = made(&shop(), None, Some(&watch.stored()), at(40));
    assert_eq!(again.stored(), watch.stored());
}

#[test]
fn a_vote_that_turns_is_reported_at_once_only_as_long_as_the_day_allows_for_it() {
    for (limit, at_once) in [(None, true), (Some(0), false), (Some(100), true)] {
        let config = config(&SHOP.replace("rise = 2", "rise = 1"));
        let mut watch = made(&config, limit, None, at(0));
        let alarm = watch.step(Event::Alarm, at(0));
        let first = answer(&mut watch, &alarm, "shop/primary", true, at(20));
        assert_eq!(report(&first).is_some(), at_once, "{limit:?}");
        let last = answer(&mut watch, &alarm, "shop/standby", true, at(30));
        let told = report(&last).unwrap();
        assert!(told.votes.iter().any(|vote| vote.origin == id("shop/primary")), "{limit:?}: {told:?}");
    }
}

#[test]
fn who_is_in_doubt_is_not_probed_out_of_turn_when_the_fast_probes_are_spent() {
    let config = config(SHOP);
    let mut watch = made(&config, Some(0), None, at(0));
    let alarm = watch.step(Event::Alarm, at(0));
    assert_eq!(probes(&alarm).len(), 2, "nothing is known of them");
    answer(&mut watch, &alarm, "shop/primary", true, at(5));
    answer(&mut watch, &alarm, "shop/standby", true, at(5));
    let again = made(&config, Some(0), Some(&watch.stored()), at(10));
    assert!(again.next_due(at(10)) > at(10), "one pass of two is known: its slot will come");
}

#[test]
fn a_doubted_origin_is_looked_at_in_short_order_and_then_at_its_pace_again() {
    let slow = SHOP.replace("interval = \"1s\"\nfast_interval", "interval = \"20s\"\nfast_interval");
    let mut watch = watch(&slow, None, at(0));
    let (now, _) = run(&mut watch, at(0), 40, |_| true);
    let before = watch.next_due(now);
    let effects = watch.step(Event::OriginSuspected(id("shop/primary")), now);
    if watch.next_due(now) < before {
        assert_eq!(effects, [Effect::WakeAt(watch.next_due(now))], "the alarm is moved forward");
    }
    let mut times = Vec::new();
    let mut clock = now;
    while clock < now.plus(Millis::from_secs(18)) {
        let effects = watch.step(Event::Alarm, clock);
        for (origin, ticket) in started(&effects) {
            times.extend((origin == id("shop/primary")).then_some(clock));
            watch.step(Event::Sampled(origin, ticket, sample(true, clock)), clock);
        }
        clock = watch.next_due(clock).max(clock.plus(Millis::new(1)));
    }
    // As many as make up a mind that it fails, a second or so apart; its usual turn may come on top.
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
        let mut watch = watch(&slow, None, at(0));
        let (mut now, mut last) = (at(0), None::<Timestamp>);
        for (nth, passed) in answers.into_iter().enumerate() {
            if doubted.contains(&nth) {
                watch.step(Event::OriginSuspected(id("shop/primary")), now);
            }
            let effects = watch.step(Event::Alarm, now);
            for (origin, ticket) in started(&effects) {
                if origin == id("shop/primary") {
                    let gap = last.replace(now).map_or(Millis::from_secs(20), |last| now.since(last));
                    prop_assert!((1_000..=22_000).contains(&gap.get()), "{gap}");
                }
                watch.step(Event::Sampled(origin, ticket, sample(passed, now)), now);
            }
            now = watch.next_due(now).max(now.plus(Millis::new(1)));
        }
    }
}

#[test]
fn a_doubted_origin_that_hangs_has_nobody_ring_in_vain() {
    let mut watch = watch(SHOP, None, at(0));
    let (now, _) = run(&mut watch, at(0), 40, |_| true);
    watch.step(Event::OriginSuspected(id("shop/primary")), now);
    let effects = watch.step(Event::Alarm, now);
    assert!(probes(&effects).contains(&"shop/primary".to_owned()), "{effects:?}");
    for ms in [1, 100, 1_000, 2_000] {
        let later = now.plus(Millis::new(ms));
        assert!(watch.next_due(later) > later, "{ms} ms later it is still under way");
        watch.step(Event::OriginSuspected(id("shop/primary")), later);
    }
}
