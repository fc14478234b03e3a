use proptest::prelude::*;

use super::*;

fn choose(candidates: &[(&str, u32, Status)]) -> Choice {
    let names: Vec<Name> = candidates.iter().map(|(name, _, _)| Name::parse(name).unwrap()).collect();
    let candidates: Vec<Candidate<'_>> = candidates
        .iter()
        .zip(&names)
        .map(|((_, priority, status), name)| Candidate { name, priority: *priority, status: *status })
        .collect();
    by_priority(&candidates)
}

fn chosen(candidates: &[(&str, u32, Status)]) -> String {
    match choose(candidates) {
        Choice::Origin { name, reason } => format!("{name} ({reason})"),
        Choice::Nowhere => "nowhere".into(),
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
            Choice::Nowhere => prop_assert!(candidates.iter().all(|other| other.2 == Status::Fail)),
        }
    }
}
