use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::sample::{CacheClass, Database};
use crate::units::Ratio;

const TTL: Millis = Millis::from_secs(45);

fn rules(quorum: Quorum, min_votes: u32) -> Rules {
    Rules { quorum, min_votes, vote_ttl: TTL }
}

fn now() -> Timestamp {
    Timestamp::from_millis(1_000_000)
}

/// Votes in a notation: vantage name, `+` pass, `!` pass with a warning, `-` fail, `?` undecided,
/// then the age in seconds.
fn votes(text: &str) -> BTreeMap<Name, RecordedVote> {
    let vote = |word: &str| {
        let at = word.find(['+', '!', '-', '?']).unwrap();
        let (vantage, rest) = word.split_at(at);
        let age: u64 = rest[1..].parse().unwrap_or(0);
        let (opinion, warned, failed, reason) = match &rest[..1] {
            "+" => (Opinion::Pass, false, false, "ok"),
            "!" => (Opinion::Pass, true, false, "response time 2s is over 1s"),
            "-" => (Opinion::Fail, false, true, "status 500 is not expected"),
            _ => (Opinion::Undecided, false, false, "ok"),
        };
        let seen = Seen {
            reason: reason.into(),
            warned,
            failed,
            unproven: false,
            latency: Millis::new(5),
            status: None,
            cache: CacheClass::Unclassified,
            database: Database { calls: None, time: None },
        };
        let observed = now().minus(Millis::from_secs(age));
        let vote = RecordedVote {
            definition: Fingerprint::of("d"),
            opinion,
            since: observed,
            observed,
            run: 1,
            seen,
            colo: None,
        };
        (Name::parse(vantage).unwrap(), vote)
    };
    text.split_whitespace().map(vote).collect()
}

fn judged(quorum: Quorum, min_votes: u32, text: &str) -> (Status, String) {
    let judgement = judge(
        &rules(quorum, min_votes),
        Fingerprint::of("d"),
        Ballot { votes: &votes(text), blind: &BTreeMap::new() },
        now(),
    );
    (judgement.status, judgement.reason)
}

#[test]
fn all_pass() {
    assert_eq!(
        judged(Quorum::Majority, 2, "weur+ enam+ apac+"),
        (Status::Pass, "3 of 3 vantages pass".into())
    );
}

#[test]
fn a_minority_failure_is_a_warning_that_names_the_vantage() {
    let (status, reason) = judged(Quorum::Majority, 2, "weur+ enam- apac+");
    assert_eq!(status, Status::Warn);
    assert_eq!(reason, "fails from 1 of 3 vantages: enam: status 500 is not expected");
}

#[test]
fn a_majority_fails() {
    let (status, reason) = judged(Quorum::Majority, 2, "weur- enam- apac+");
    assert_eq!(status, Status::Fail);
    assert_eq!(reason, "2 of 3 vantages: enam, weur: status 500 is not expected");
    assert_eq!(judged(Quorum::Majority, 2, "weur- enam+").0, Status::Warn, "one of two is no majority");
}

#[test]
fn too_few_live_votes_are_unknown_whatever_they_say() {
    let (status, reason) = judged(Quorum::Majority, 2, "weur-");
    assert_eq!(
        (status, reason.as_str()),
        (Status::Unknown, "1 live vote, 2 needed: the others have not decided yet")
    );
    let (status, reason) = judged(Quorum::Majority, 2, "weur- enam-46 apac-50");
    assert_eq!(
        (status, reason.as_str()),
        (Status::Unknown, "1 live vote, 2 needed: the others are silent or expired")
    );
    assert_eq!(judged(Quorum::Majority, 1, "").0, Status::Unknown);
}

#[test]
fn where_a_cache_answers_the_reason_says_so() {
    let mut votes = votes("weur+50 enam+50");
    for vote in votes.values_mut() {
        vote.seen.unproven = true;
    }
    let judgement = judge(
        &rules(Quorum::Majority, 2),
        Fingerprint::of("d"),
        Ballot { votes: &votes, blind: &BTreeMap::new() },
        now(),
    );
    assert_eq!(judgement.reason, "0 live votes, 2 needed: a cache answered in the origin's place");
}

#[test]
fn an_expired_vote_leaves_numerator_and_denominator() {
    assert_eq!(judged(Quorum::Majority, 2, "weur- enam+ apac-45").0, Status::Warn);
    assert_eq!(judged(Quorum::Majority, 2, "weur- enam-44 apac+45").0, Status::Fail);
}

#[test]
fn undecided_votes_do_not_count() {
    assert_eq!(
        judged(Quorum::Majority, 2, "weur+ enam? apac+"),
        (Status::Pass, "2 of 2 vantages pass".into())
    );
}

#[test]
fn a_blemish_is_a_warning() {
    assert_eq!(
        judged(Quorum::Majority, 2, "weur! enam+"),
        (Status::Warn, "from weur: response time 2s is over 1s".into())
    );
}

#[test]
fn votes_for_another_definition_do_not_count() {
    let judgement = judge(
        &rules(Quorum::Majority, 1),
        Fingerprint::of("other"),
        Ballot { votes: &votes("weur- enam-"), blind: &BTreeMap::new() },
        now(),
    );
    assert_eq!(judgement.status, Status::Unknown);
}

#[test]
fn quorums_are_counted_over_live_votes() {
    let share = |percent| Quorum::Share(Ratio::percent(percent).unwrap());
    let table = [
        (Quorum::Any, [1, 1, 1, 1]),
        (Quorum::Majority, [1, 2, 2, 3]),
        (Quorum::All, [1, 2, 3, 4]),
        (Quorum::Count(2), [2, 2, 2, 2]),
        (share(60), [1, 2, 2, 3]),
    ];
    for (quorum, wanted) in table {
        assert_eq!([1, 2, 3, 4].map(|live| needed(quorum, live)), wanted, "{quorum:?}");
    }
}

#[test]
fn a_verdict_is_valid_as_long_as_enough_of_its_votes() {
    let judgement = judge(
        &rules(Quorum::Majority, 2),
        Fingerprint::of("d"),
        Ballot { votes: &votes("weur+1 enam+20 apac+40"), blind: &BTreeMap::new() },
        now(),
    );
    assert_eq!(
        judgement.valid_until,
        now().plus(Millis::from_secs(25)),
        "the second youngest, 45 s after it was observed"
    );
    assert_eq!(judgement.oldest, Some(now().minus(Millis::from_secs(40))));
}

#[test]
fn a_pool_serves_while_one_origin_does() {
    use Status::{Fail, Pass, Unknown, Warn};
    let table: [(&[Status], Status); 8] = [
        (&[Pass, Pass], Pass),
        (&[Pass, Fail], Warn),
        (&[Fail, Fail], Fail),
        (&[Warn, Warn], Warn),
        (&[Pass, Unknown], Warn),
        (&[Fail, Unknown], Unknown),
        (&[Unknown], Unknown),
        (&[], Unknown),
    ];
    for (origins, wanted) in table {
        assert_eq!(pool_status(origins), wanted, "{origins:?}");
    }
    assert_eq!(worst([Pass, Unknown, Warn]), Unknown);
    assert_eq!(worst([Unknown, Fail]), Fail);
}

proptest! {
    #[test]
    fn no_fail_without_a_quorum_of_live_fails(text in "(a[+!?-][0-9]{1,2} )?(b[+!?-][0-9]{1,2} )?(c[+!?-][0-9]{1,2} )?", min in 1u32..4) {
        let votes = votes(&text);
        let judgement = judge(&rules(Quorum::Majority, min), Fingerprint::of("d"), Ballot { votes: &votes, blind: &BTreeMap::new() }, now());
        let live: Vec<_> = votes.values().filter(|v| v.opinion != Opinion::Undecided && now().since(v.observed) < TTL).collect();
        let fails = live.iter().filter(|v| v.opinion == Opinion::Fail).count();
        prop_assert_eq!(judgement.status == Status::Unknown, live.len() < min as usize);
        prop_assert_eq!(judgement.status == Status::Fail, live.len() >= min as usize && fails * 2 > live.len());
        prop_assert!(judgement.status == Status::Unknown || judgement.valid_until > now());
        // One moment before it expires it still says the same of the number of live votes; at that
        // moment it is unknown.
        let expired = judge(&rules(Quorum::Majority, min), Fingerprint::of("d"), Ballot { votes: &votes, blind: &BTreeMap::new() }, judgement.valid_until);
        prop_assert_eq!(expired.status, Status::Unknown);
    }
}
