//! Looks at many pairs, which are taken in steps.

use super::*;

const VANTAGES: [&str; 5] = ["weur", "enam", "wnam", "apac", "oc"];

/// One that is applied, of one origin that five vantages probe.
fn applied(desk: &mut Desk) -> String {
    let window = span(BEGUN - 10 * MINUTE, BEGUN);
    let said = VANTAGES.iter().map(|vantage| said(vantage, Some(seen_from(vantage, window, 100)))).collect();
    let id = desk.start_with(said, BEGUN).unwrap();
    desk.apply(&id, BEGUN).unwrap();
    id
}

/// Each vantage is another way off.
fn seen_from(vantage: &str, window: Window, ms: u64) -> String {
    row(window, ms + 7 * vantage.len() as u64)
}

/// So often that no step has room for two.
#[expect(clippy::unnecessary_wraps, reason = "others are probed no longer")]
fn often(_: &Pair) -> Option<Millis> {
    Some(Millis::new(1))
}

#[expect(clippy::unnecessary_wraps, reason = "others are silent")]
fn faster(pair: &Pair, window: Window) -> Option<String> {
    Some(seen_from(pair.vantage.as_str(), window, 50))
}

#[test]
fn a_look_in_steps_says_what_one_at_once_says() {
    let measured = |every: fn(&Pair) -> Option<Millis>, steps: usize| {
        let mut desk = Desk::default();
        let id = applied(&mut desk);
        let asked = (0..6_000).filter_map(|turn| desk.work_at(every, faster, BEGUN + turn * 250));
        let asked: Vec<usize> = asked.map(|errand| errand.pairs.len()).collect();
        assert_eq!(asked, vec![VANTAGES.len() / steps; 4 * steps]);
        let told = desk.told(&id, BEGUN + 30 * MINUTE);
        assert_eq!((&told["state"], &told["verdict"]), (&"judged".into(), &"improved".into()));
        let pinned = desk.history.keys().filter(|key| key.contains("/a/")).count();
        assert_eq!(pinned, VANTAGES.len(), "the samples of each are kept once");
        (told["judgement"].clone(), told["curves"].clone(), desk.written)
    };
    assert_eq!(measured(often, 5), measured(|_| Some(Millis::from_secs(30)), 1));
}

#[test]
fn each_step_has_an_invocation_of_its_own() {
    let mut desk = Desk::default();
    applied(&mut desk);
    let due = BEGUN + 6 * MINUTE + GRACE.get();
    for step in 0..4 {
        let now = due + step * STEP.get();
        assert!(desk.work_at(often, faster, now).is_some(), "{step}");
        assert!(desk.work_at(often, faster, now).is_none(), "not in the same moment");
        assert_eq!(desk.changes.due(), Some(at(now).plus(STEP)));
    }
    assert!(desk.work_at(often, faster, due + 4 * STEP.get()).is_some());
    let next = at(BEGUN + 11 * MINUTE).plus(GRACE);
    assert_eq!(desk.changes.due(), Some(next), "the look is over, and the next one due at half the time");
}

#[test]
fn whoever_forgets_in_the_middle_of_a_look_begins_it_again() {
    let mut desk = Desk::default();
    let id = applied(&mut desk);
    let due = BEGUN + 6 * MINUTE + GRACE.get();
    let mut asked = 0;
    for turn in 0..10 {
        if turn == 3 {
            desk.forget();
        }
        asked += usize::from(desk.work_at(often, faster, due + turn * STEP.get()).is_some());
    }
    assert_eq!(asked, 3 + VANTAGES.len());
    assert!(desk.told(&id, due)["judgement"]["expectations"][0]["strata"].as_array().unwrap().len() >= 5);
}

#[test]
fn only_those_that_were_silent_are_asked_again() {
    let mut desk = Desk::default();
    let id = applied(&mut desk);
    let due = BEGUN + 6 * MINUTE + GRACE.get();
    let two = |pair: &Pair, window: Window| {
        if matches!(pair.vantage.as_str(), "enam" | "oc") { None } else { faster(pair, window) }
    };
    let round = |desk: &mut Desk, from: u64, answer: fn(&Pair, Window) -> Option<String>| -> Vec<String> {
        let asked = (0..40).filter_map(|turn| desk.work_at(often, answer, from + turn * STEP.get()));
        asked.flat_map(|errand| errand.pairs).map(|pair| pair.vantage.to_string()).collect()
    };
    assert_eq!(round(&mut desk, due, two), VANTAGES);
    assert_eq!(desk.told(&id, due)["silent"], serde_json::json!(["enam", "oc"]));
    assert_eq!(round(&mut desk, due + 70_000, two), ["enam", "oc"]);
    assert_eq!(desk.told(&id, due)["verdict"], serde_json::Value::Null);
    assert_eq!(round(&mut desk, due + 140_000, faster), ["enam", "oc"]);
    let told = desk.told(&id, due + 150_000);
    assert_eq!((&told["silent"], told["verdict"].is_string()), (&serde_json::json!([]), true));
}

#[test]
fn a_pair_that_nobody_watches_any_more_is_measured_without_asking() {
    let mut desk = Desk::default();
    let id = applied(&mut desk);
    let but_two = |pair: &Pair| if pair.vantage.as_str().len() == 4 { often(pair) } else { None };
    let due = BEGUN + 6 * MINUTE + GRACE.get();
    let asked = (0..20).filter_map(|turn| desk.work_at(but_two, faster, due + turn * STEP.get()));
    let asked: Vec<Pair> = asked.flat_map(|errand| errand.pairs).collect();
    assert_eq!(asked, ["weur", "enam", "wnam", "apac"].map(pair));
    let told = desk.told(&id, due + MINUTE);
    let strata = told["judgement"]["expectations"][0]["strata"].as_array().unwrap();
    let gone = strata.iter().find(|stratum| stratum["vantage"] == "oc").unwrap();
    assert_eq!((&gone["before"]["samples"], &gone["after"]["samples"]), (&120.into(), &0.into()));
    assert_eq!((&told["gone"], &told["silent"]), (&serde_json::json!([]), &serde_json::json!([])));
}

#[test]
fn a_later_look_that_is_due_in_the_middle_of_one_takes_its_place() {
    let mut desk = Desk::default();
    let id = applied(&mut desk);
    let due = BEGUN + 6 * MINUTE + GRACE.get();
    assert_eq!(desk.work_at(often, faster, due).map(|errand| errand.look), Some(1));
    let later = BEGUN + 11 * MINUTE + GRACE.get();
    let looks = (0..20).filter_map(|turn| desk.work_at(often, faster, later + turn * STEP.get()));
    assert_eq!(looks.map(|errand| errand.look).collect::<Vec<_>>(), vec![2; VANTAGES.len()]);
    assert_eq!(desk.told(&id, later + MINUTE)["judgement"]["looks"]["taken"], 2);
}
