//! A cache that answers in between speaks neither for an origin nor against it.

use super::*;

/// A report of `weur` about the primary: what it last saw, as a word.
fn saw(arbiter: &mut Arbiter, second: u64, word: &str) -> (Status, String) {
    let config = arbiter.config.clone();
    for vantage in ["weur", "enam", "apac"] {
        let mut report = report(&config, vantage, second, if word == "fail" { "-+" } else { "++" });
        let seen = &mut report.votes[0].seen;
        match word {
            "slow" => (seen.warned, seen.reason) = (true, "took 900 ms".into()),
            "copy" => {
                (seen.warned, seen.unproven) = (true, true);
                (seen.cache, seen.reason) = (CacheClass::EdgeOnly, "a cache answered".into());
            }
            _ => {}
        }
        arbiter.step(Event::Reported(report), at(second * 1_000));
    }
    let snapshot = arbiter.snapshot(&Part::Whole, at(second * 1_000));
    let primary = &snapshot.pools[0].origins[0];
    (primary.status, primary.votes[0].reason.clone())
}

#[test]
fn a_copy_between_proofs_is_no_blemish() {
    let mut arbiter = arbiter();
    for second in 1..40 {
        let word = if second % 2 == 0 { "copy" } else { "ok" };
        let (status, reason) = saw(&mut arbiter, second, word);
        assert_eq!(status, Status::Pass, "second {second}: {reason}");
        assert_eq!(reason == "a cache answered", word == "copy", "it is shown: {reason}");
    }
}

#[test]
fn an_origin_that_is_back_is_not_held_for_the_copies_between() {
    let mut arbiter = arbiter();
    saw(&mut arbiter, 1, "ok");
    let words = ["fail", "fail"].into_iter().chain(["ok", "copy"].into_iter().cycle().take(40));
    let shown: Vec<Status> =
        (2_u64..).zip(words).map(|(second, word)| saw(&mut arbiter, second, word).0).collect();
    let failed = shown.iter().filter(|status| **status == Status::Fail).count();
    let hold_down = usize::try_from(arbiter.config.pools[0].hold_down.as_secs()).unwrap();
    assert_eq!(failed, 2 + hold_down, "{shown:?}");
    assert!(shown.iter().skip(failed).all(|status| *status == Status::Pass), "{shown:?}");
}

#[test]
fn a_copy_hides_no_blemish_of_the_proof_before_it() {
    let mut arbiter = arbiter();
    saw(&mut arbiter, 1, "ok");
    assert_eq!(saw(&mut arbiter, 2, "slow"), (Status::Warn, "took 900 ms".into()));
    for second in 3..6 {
        assert_eq!(saw(&mut arbiter, second, "copy"), (Status::Warn, "took 900 ms".into()));
    }
    saw(&mut arbiter, 6, "ok");
    assert_eq!(saw(&mut arbiter, 60, "ok"), (Status::Pass, "ok".into()));
}

#[test]
fn what_failed_and_is_heard_of_no_more_is_said_to_have_failed() {
    let mut arbiter = arbiter();
    tell_all(&mut arbiter, 1_000, "-+");
    let failed = |arbiter: &Arbiter, ms: u64| {
        let snapshot = arbiter.snapshot(&Part::Whole, at(ms));
        snapshot.pools[0].origins.iter().map(|origin| (origin.status, origin.failed)).collect::<Vec<_>>()
    };
    assert_eq!(failed(&arbiter, 1_000), [(Status::Fail, None), (Status::Pass, None)]);
    // No report comes any more.
    arbiter.step(Event::Woken, at(200_000));
    assert_eq!(failed(&arbiter, 200_000), [(Status::Unknown, Some(true)), (Status::Unknown, None)]);
    tell_all(&mut arbiter, 201_000, "++");
    assert_eq!(failed(&arbiter, 201_000), [(Status::Pass, None), (Status::Pass, None)]);
    arbiter.step(Event::Woken, at(400_000));
    assert_eq!(failed(&arbiter, 400_000), [(Status::Unknown, None), (Status::Unknown, None)]);
}
