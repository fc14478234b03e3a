//! What a vantage makes of failures that may be its own.

use super::*;

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

/// A watch with references that has settled: everything passes, and the reference has been asked
/// for the data centre.
fn settled() -> (Prober, Timestamp) {
    let mut prober = prober(&referred(), None, at(0));
    let (mut now, mut question) = (at(0), None);
    for _ in 0..4 {
        let effects = prober.step(Event::Alarm, now);
        question = question.or_else(|| asked(&effects).first().cloned());
        let mut last = Vec::new();
        for (id, ticket) in started(&effects) {
            last = prober.step(Event::Sampled(id, ticket, sample(true, now)), now);
        }
        prober.step(Event::Delivered(report(&last).map_or(0, |report| report.seq)), now);
        now = prober.next_due(now).max(now.plus(Millis::new(1)));
    }
    prober.step(Event::ReferenceChecked(question.unwrap().1, referral(true)), now);
    // Long enough ago to have to ask again.
    (prober, now.plus(Millis::from_secs(120)))
}

/// Every origin fails once; what came of it.
fn everything_fails(prober: &mut Prober, now: Timestamp) -> Vec<Effect> {
    let mut effects = prober.step(Event::Alarm, now);
    for (id, ticket) in started(&effects) {
        effects.extend(prober.step(Event::Sampled(id, ticket, sample(false, now)), now));
    }
    effects
}

#[test]
fn a_vantage_that_sees_everything_fail_asks_a_reference_before_it_votes() {
    let (mut prober, now) = settled();
    let first = everything_fails(&mut prober, now);
    let questions = asked(&first);
    assert_eq!(questions.len(), 1, "one question is enough: {first:?}");
    assert_eq!(questions[0].0, "https://reference.example/cdn-cgi/trace");
    assert!(opinions(&first).is_empty(), "until it is answered nothing is voted: {first:?}");
    let second = everything_fails(&mut prober, now.plus(Millis::from_secs(1)));
    assert!(!opinions(&second).contains(&Opinion::Fail), "two failures would be enough otherwise");
    let cleared =
        prober.step(Event::ReferenceChecked(questions[0].1, referral(true)), now.plus(Millis::from_secs(1)));
    assert_eq!(opinions(&cleared), [Opinion::Fail, Opinion::Fail], "then they count, and none is lost");
}

#[test]
fn a_vantage_that_reaches_no_reference_either_has_no_evidence_and_says_so() {
    let (mut prober, now) = settled();
    let first = everything_fails(&mut prober, now);
    let next = prober.step(Event::ReferenceChecked(asked(&first)[0].1, referral(false)), now);
    assert_eq!(asked(&next)[0].0, "https://other.example", "each of them is asked");
    let lost = prober.step(Event::ReferenceChecked(asked(&next)[0].1, referral(false)), now);
    let said = report(&lost).unwrap();
    assert!(said.votes.is_empty(), "{said:?}");
    let why = said.blind.get(&id("shop/primary")).unwrap();
    assert_eq!(why, "weur reaches none of its origins and no reference either");
    let mut now = now;
    for _ in 0..10 {
        now = now.plus(Millis::from_secs(1));
        let effects = everything_fails(&mut prober, now);
        assert!(!opinions(&effects).contains(&Opinion::Fail), "however often: {effects:?}");
        for (_, ticket) in asked(&effects) {
            let next = prober.step(Event::ReferenceChecked(ticket, referral(false)), now);
            for (_, ticket) in asked(&next) {
                prober.step(Event::ReferenceChecked(ticket, referral(false)), now);
            }
        }
    }
}

#[test]
fn what_a_reference_says_too_late_is_nobodys() {
    let (mut prober, now) = settled();
    let first = everything_fails(&mut prober, now);
    let (_, given_up) = asked(&first)[0];
    let later = now.plus(Millis::from_secs(9));
    let second = everything_fails(&mut prober, later);
    assert_eq!(asked(&second).len(), 1, "it is asked again: {second:?}");
    let late = prober.step(Event::ReferenceChecked(given_up, referral(false)), later);
    assert!(late.is_empty(), "and nothing follows from the answer that was given up: {late:?}");
    let cleared = prober.step(Event::ReferenceChecked(asked(&second)[0].1, referral(true)), later);
    assert_eq!(opinions(&cleared), [Opinion::Fail, Opinion::Fail], "what was withheld is still there");
}

#[test]
fn a_question_out_of_doubt_costs_no_write() {
    let (mut prober, mut now) = settled();
    everything_fails(&mut prober, now);
    let mut writes = 0;
    for _ in 0..20 {
        now = now.plus(Millis::from_secs(1));
        let mut effects = everything_fails(&mut prober, now);
        for (_, ticket) in asked(&effects) {
            effects.extend(prober.step(Event::ReferenceChecked(ticket, referral(true)), now));
        }
        writes += effects.iter().filter(|effect| matches!(effect, Effect::Persist(_))).count();
    }
    assert!(writes <= 3, "{writes} rows for an outage that changes nothing any more");
}

#[test]
fn one_origin_that_answers_clears_the_vantage_without_a_reference() {
    let (mut prober, now) = settled();
    let alarm = prober.step(Event::Alarm, now);
    answer(&mut prober, &alarm, "shop/primary", true, now);
    let failed = answer(&mut prober, &alarm, "shop/standby", false, now);
    assert!(asked(&failed).is_empty(), "{failed:?}");
    assert_eq!(opinions(&failed).len(), 2, "the failure counts at once");
}

#[test]
fn the_data_centre_is_asked_for_once_an_hour_and_told() {
    let (mut prober, now) = settled();
    let (_, reports) = run(&mut prober, now, 2, |_| true);
    assert_eq!(reports.last().unwrap().colo.as_deref(), Some("AMS"));
    let mut rebuilt = super::tests::prober(&referred(), Some(&prober.stored()), now);
    assert!(asked(&rebuilt.step(Event::Alarm, now)).is_empty(), "a rebuilt object knows it already");
    let later = now.plus(Millis::from_secs(3_600));
    assert_eq!(asked(&rebuilt.step(Event::Alarm, later)).len(), 1);
}
