use proptest::prelude::*;

use super::*;
use crate::units::Timestamp;

fn choose(candidates: &[(&str, u32, Status)]) -> Choice {
    let names: Vec<Name> = candidates.iter().map(|(name, _, _)| Name::parse(name).unwrap()).collect();
    let candidates: Vec<Candidate<'_>> = candidates
        .iter()
        .zip(&names)
        .map(|((_, priority, status), name)| Candidate {
            name,
            priority: *priority,
            status: *status,
            waits_until: None,
        })
        .collect();
    by_priority(&candidates, false)
}

fn chosen(candidates: &[(&str, u32, Status)]) -> String {
    match choose(candidates) {
        Choice::Origin { name, reason } => format!("{name} ({reason})"),
        Choice::Nowhere => "nowhere".into(),
        Choice::Routeless { summary } => panic!("origins take traffic: {summary}"),
    }
}

#[test]
fn the_first_by_priority_serves() {
    let line = chosen(&[("primary", 0, Status::Pass), ("standby", 1, Status::Pass)]);
    assert_eq!(line, "primary (primary is passing and first by priority)");
}

#[test]
fn a_standby_takes_over_from_a_failing_primary() {
    let line = chosen(&[("primary", 0, Status::Fail), ("standby", 1, Status::Pass)]);
    assert_eq!(line, "standby (standby is passing; primary is failing)");
}

#[test]
fn better_known_origins_come_first() {
    assert!(chosen(&[("a", 0, Status::Unknown), ("b", 1, Status::Warn)]).starts_with("b "));
    assert!(chosen(&[("a", 0, Status::Warn), ("b", 1, Status::Pass)]).starts_with("b "));
    assert!(chosen(&[("a", 0, Status::Unknown), ("b", 1, Status::Unknown)]).starts_with("a "));
}

#[test]
fn when_all_fail_there_is_nowhere_to_go() {
    assert_eq!(chosen(&[("a", 0, Status::Fail), ("b", 1, Status::Fail)]), "nowhere");
    assert_eq!(chosen(&[]), "nowhere");
}

/// `a+ b~ c-` by order of preference; `…` after the sign: it recovered and waits.
fn candidates<'a>(text: &str, names: &'a [Name]) -> Vec<Candidate<'a>> {
    let one = |(place, word): (usize, &str)| Candidate {
        name: &names[place],
        priority: u32::try_from(place).unwrap(),
        status: match &word[1..2] {
            "+" => Status::Pass,
            "~" => Status::Warn,
            "?" => Status::Unknown,
            _ => Status::Fail,
        },
        waits_until: word.ends_with('…').then_some(Timestamp::from_millis(60_000)),
    };
    text.split(' ').enumerate().map(one).collect()
}

fn steered(text: &str, panic: Option<u8>) -> String {
    let names: Vec<Name> = text.split(' ').map(|word| Name::parse(&word[..1]).unwrap()).collect();
    let candidates = candidates(text, &names);
    match by_priority(&candidates, in_panic(&candidates, panic.and_then(Ratio::percent))) {
        Choice::Origin { name, reason } => format!("{name} ({reason})"),
        Choice::Nowhere => "nowhere".into(),
        Choice::Routeless { summary } => panic!("origins take traffic: {summary}"),
    }
}

#[test]
fn who_recovered_waits_before_it_takes_traffic_again() {
    assert_eq!(
        steered("a+… b+", None),
        "b (b is passing; a is recovered and waits until 1970-01-01T00:01:00.000Z)"
    );
    assert!(steered("a+… b~", None).starts_with("b "), "a warning serves");
}

#[test]
fn who_waits_is_taken_when_nothing_else_is_known_to_serve() {
    for text in ["a+… b-", "a+… b?", "a~… b+…"].map(|text| steered(text, None)) {
        assert!(text.starts_with('a') || text.starts_with("b (b is passing; a is recovered"), "{text}");
    }
    assert!(steered("a+… b-", None).starts_with("a "));
    assert!(steered("a+… b?", None).starts_with("a "));
}

#[test]
fn with_too_few_usable_origins_all_count_as_usable_and_the_choice_says_so() {
    assert_eq!(
        steered("a- b+… c-", Some(50)),
        "b (panic: only 1 of 3 origins are usable, so all count as usable; b is passing; a is failing)"
    );
    assert!(!steered("a- b+ c+", Some(50)).contains("panic"), "two of three are enough");
    assert!(!steered("a- b+", Some(50)).contains("panic"), "half is not fewer than half");
    assert_eq!(steered("a- b- c-", Some(50)), "nowhere", "when all fail there is nothing to doubt");
}

proptest! {
    #[test]
    fn the_chosen_origin_is_in_the_pool_and_never_failing(pool in proptest::collection::vec((0u32..3, 0usize..4), 0..6)) {
        let statuses = [Status::Pass, Status::Warn, Status::Unknown, Status::Fail];
        let names: Vec<String> = (0..pool.len()).map(|n| format!("o{n}")).collect();
        let candidates: Vec<(&str, u32, Status)> =
            pool.iter().zip(&names).map(|((priority, status), name)| (name.as_str(), *priority, statuses[*status])).collect();
        match choose(&candidates) {
            Choice::Origin { name, .. } => {
                let found = candidates.iter().find(|(other, _, _)| *other == name.as_str()).unwrap();
                prop_assert!(found.2 != Status::Fail);
                prop_assert!(candidates.iter().all(|other| (found.2, found.1) <= (other.2, other.1)));
            }
            Choice::Routeless { summary } => prop_assert!(false, "origins take traffic: {}", summary),
            Choice::Nowhere => prop_assert!(candidates.iter().all(|other| other.2 == Status::Fail)),
        }
    }
}
