//! Vantages that are silent, that answer late or twice, and that are asked by a clock that jumps.

use super::*;

/// A change of which one vantage did not say what was before, applied a minute later.
fn half_begun(desk: &mut Desk) -> String {
    let window = span(BEGUN - 10 * MINUTE, BEGUN);
    let id = desk.start_with(vec![said("weur", Some(row(window, 100))), said("enam", None)], BEGUN).unwrap();
    desk.apply(&id, BEGUN + MINUTE).unwrap();
    id
}

fn is_before(window: Window) -> bool {
    window.from < at(BEGUN)
}

#[test]
fn whoever_waits_for_a_silent_vantage_writes_nothing() {
    let mut desk = Desk::default();
    half_begun(&mut desk);
    let only_weur = |pair: &Pair, window: Window| (pair.vantage.as_str() == "weur").then(|| row(window, 100));
    let (written, mut asked) = (desk.written, 0);
    for second in 60..3_500 {
        asked += usize::from(desk.work(only_weur, BEGUN + second * 1_000).is_some());
        if second % 300 == 0 {
            desk.forget();
        }
    }
    assert!(asked > 100, "both windows are asked for each minute: {asked}");
    assert_eq!(desk.written, written + 1, "what the other one says at the last look is kept once");
}

#[test]
fn a_change_writes_two_rows_at_each_look_and_its_samples_at_the_end() {
    let mut desk = Desk::default();
    let id = desk.start(BEGUN);
    desk.apply(&id, BEGUN).unwrap();
    let written = desk.written;
    for second in 0..1_500 {
        desk.work(|_, window| Some(row(window, 50)), BEGUN + second * 1_000);
    }
    assert_eq!((desk.written - written, &desk.told(&id, BEGUN)["state"]), (2 * 4 + 1, &"judged".into()));
}

#[test]
fn samples_of_before_stay_as_they_were_when_their_vantage_is_asked_again() {
    let mut desk = Desk::default();
    let other = Pair { origin: OriginId::parse("shop/standby").unwrap(), ..pair("weur") };
    let window = span(BEGUN - 10 * MINUTE, BEGUN);
    let first = vec![said("weur", Some(row(window, 100))), Said { pair: other.clone(), kept: None }];
    let id = desk.start_with(first, BEGUN).unwrap();
    let kept = desk.history.clone();
    // It was made anew meanwhile, and has lost what it had not stored.
    let errand = desk.work(|_, _| Some(row(span(BEGUN, BEGUN), 100)), BEGUN + MINUTE).unwrap();
    assert_eq!(errand.pairs, [pair("weur"), other]);
    assert!(kept.iter().all(|(key, text)| desk.history.get(key) == Some(text)), "{:?}", desk.history);
    assert_eq!(desk.history.len(), kept.len() + 1, "what was missing is there");
    assert_eq!(desk.told(&id, BEGUN)["missing"], serde_json::json!([]));
}

#[test]
fn what_was_judged_for_good_stays_when_vantages_answer_twice() {
    let mut desk = Desk::default();
    let id = desk.start(BEGUN);
    desk.apply(&id, BEGUN).unwrap();
    let end = BEGUN + 22 * MINUTE;
    // The Arbiter forgets whom it asked, and asks again; both answers come.
    let errand = desk.changes.errand(|_| Some(Millis::new(5_000)), at(end)).unwrap();
    let again = |desk: &Desk, ms: u64| {
        let said = vec![said("weur", Some(row(errand.window, ms)))];
        let gathered = &Gathered { window: errand.window, said };
        let stored = &|key: &str| desk.history.get(key).cloned();
        desk.changes.look(&errand, Known { gathered, stored, failing: Vec::new(), now: at(end) }).unwrap()
    };
    let (first, second) = (again(&desk, 50), again(&desk, 300));
    let (stored, rows) = desk.changes.looked(first, at(end));
    desk.keep(stored, rows);
    let told = desk.told(&id, end);
    assert_eq!((&told["state"], &told["verdict"]), (&"judged".into(), &"improved".into()));
    let (stored, rows) = desk.changes.looked(second, at(end + 1_000));
    desk.keep(stored, rows);
    assert_eq!(desk.told(&id, end), told);
}

#[test]
fn whoever_is_silent_of_before_keeps_nobody_from_looking_at_after() {
    let mut desk = Desk::default();
    let id = half_begun(&mut desk);
    let due = BEGUN + 7 * MINUTE + GRACE.get();
    desk.forget();
    // Both windows are due when the Arbiter comes to life.
    for second in 0..120 {
        desk.work(|_, window| (!is_before(window)).then(|| row(window, 100)), due + second * 1_000);
    }
    let told = desk.told(&id, due + 2 * MINUTE);
    assert_eq!(told["missing"], serde_json::json!(["enam"]));
    assert!(told["verdict"].is_string(), "{told}");
}

#[test]
fn a_clock_that_steps_back_puts_off_no_question() {
    let mut desk = Desk::default();
    half_begun(&mut desk);
    assert!(desk.work(|_, _| None, BEGUN + 2 * MINUTE).is_some());
    assert_eq!(desk.changes.due(), Some(at(BEGUN + 2 * MINUTE).plus(RETRY)));
    desk.changes.set_back(at(BEGUN));
    assert_eq!(desk.changes.due(), Some(at(BEGUN).plus(RETRY)));
}
