use proptest::prelude::*;

use super::*;
use crate::fixtures::at;
use crate::limits;

const LIMIT: Millis = Millis::new(500);
const COUNTED: Millis = Millis::from_secs(10);

const fn mark(revision: u64) -> Mark {
    Mark { revision, lapsed: false }
}

/// A copy of this revision that was fetched then and lapses after 45 s.
fn sight(revision: u64, fetched: u64) -> Reading {
    Reading { mark: mark(revision), lapses: Some(at(fetched + 45_000)), fetched: at(fetched) }
}

fn waiting(revision: u64, seconds: u64, limit: Millis) -> Follower {
    Follower::waiting(Wait { length: Millis::from_secs(seconds), known: mark(revision) }, limit, at(0))
}

/// One that has looked once in vain and has a line.
fn listening(seconds: u64) -> Follower {
    let mut follower = waiting(3, seconds, LIMIT);
    assert_eq!(follower.next(at(0)), Next::Look);
    assert!(!follower.seen(&sight(3, 0), at(1)));
    assert_eq!(follower.next(at(1)), Next::Open);
    follower.opened();
    follower
}

#[test]
fn marks_are_read_as_they_are_written() {
    for known in [mark(0), mark(7), Mark { revision: u64::MAX, lapsed: true }] {
        assert_eq!(Mark::parse(&known.to_string()), Some(known));
    }
    for bad in ["", "x", "-1", "+1", "3-", "3-lapse", "-lapsed", "18446744073709551616", " 3"] {
        assert_eq!(Mark::parse(bad), None, "{bad}");
    }
}

#[test]
fn another_revision_is_news_at_once() {
    let mut follower = waiting(3, 30, LIMIT);
    assert!(follower.seen(&sight(4, 0), at(0)));
    let mut ahead = waiting(9, 30, LIMIT);
    assert!(!ahead.seen(&sight(4, 0).fetched_before(), at(0)), "an old copy is behind what the client knows");
    assert!(ahead.seen(&sight(4, 5), at(6)), "but the Arbiter itself says that it was set back");
}

#[test]
fn what_only_the_client_claims_opens_no_line_and_is_looked_into_with_the_next_refresh() {
    let mut ahead =
        Follower::waiting(Wait { length: Millis::from_secs(30), known: mark(99_999_999) }, LIMIT, at(1_000));
    assert_eq!(ahead.next(at(1_000)), Next::Look);
    assert!(!ahead.seen(&sight(4, 900), at(1_001)));
    assert_eq!(ahead.next(at(1_001)), Next::Rest(at(1_400)));
    assert_eq!(ahead.next(at(1_400)), Next::Look);
    assert!(!ahead.seen(&sight(4, 900), at(1_401)), "nobody hands out a newer copy");
    assert_eq!(ahead.next(at(1_401)), Next::Rest(at(2_401)), "and it is not looked for without a pause");
    assert!(ahead.seen(&sight(4, 2_402), at(2_403)));
    let mut right = waiting(5, 30, LIMIT);
    assert!(!right.seen(&sight(4, 0).fetched_before(), at(0)));
    assert!(!right.seen(&sight(5, 500), at(501)), "the claim was right");
    assert_eq!(right.next(at(501)), Next::Open);
}

impl Reading {
    /// The same from before all time.
    fn fetched_before(self) -> Self {
        Self { fetched: Timestamp::default(), ..self }
    }
}

#[test]
fn what_is_told_is_looked_at_and_an_older_copy_is_not_taken_for_it() {
    let mut follower = listening(30);
    follower.told("3", at(10));
    assert_eq!(follower.next(at(10)), Next::Rest(at(15_000)), "that is known");
    follower.told("pong", at(10));
    follower.told("4", at(2_000));
    assert_eq!(follower.next(at(2_000)), Next::Look);
    assert_eq!(follower.least(), Least { revision: 4, since: at(2_000), claimed: false });
    assert!(!follower.seen(&sight(3, 1_900), at(2_001)));
    assert_eq!(follower.next(at(2_001)), Next::Rest(at(3_001)), "it looks again soon");
    assert!(follower.seen(&sight(4, 2_002), at(2_003)));
}

#[test]
fn a_wait_ends_with_its_time_whatever_the_line_does() {
    let mut follower = listening(30);
    assert_eq!(follower.next(at(14_999)), Next::Rest(at(15_000)));
    assert_eq!(follower.next(at(15_000)), Next::Beat);
    follower.told("pong", at(15_010));
    assert_eq!(follower.next(at(15_010)), Next::Rest(at(30_000)));
    assert_eq!(follower.next(at(30_000)), Next::Over);
}

#[test]
fn a_lapse_ends_the_wait_although_nobody_says_a_word() {
    let mut follower = listening(60);
    for beat in [15_000, 30_000] {
        assert_eq!(follower.next(at(beat)), Next::Beat);
        follower.told("pong", at(beat));
    }
    assert_eq!(follower.next(at(44_000)), Next::Rest(at(45_000)));
    assert_eq!(follower.next(at(45_000)), Next::Look);
    let lapsed = Reading { mark: Mark { revision: 3, lapsed: true }, lapses: None, fetched: at(0) };
    assert!(follower.clone().seen(&lapsed, at(45_000)));
    assert!(!follower.seen(&sight(3, 45_000), at(45_001)), "renewed evidence is no news");
    assert_eq!(follower.next(at(45_001)), Next::Beat);
    assert_eq!(follower.next(at(45_001)), Next::Rest(at(60_000)));
}

#[test]
fn a_lapse_ends_the_wait_although_something_newer_was_told_that_nobody_hands_out() {
    let lapsed = Reading { mark: Mark { revision: 3, lapsed: true }, lapses: None, fetched: at(0) };
    let mut follower = listening(60);
    // The Arbiter told of its own verdict that the evidence has expired, and is silent since.
    follower.told("4", at(44_999));
    assert_eq!(follower.next(at(44_999)), Next::Look);
    assert!(!follower.seen(&sight(3, 0), at(44_999)), "it still holds, and is behind");
    assert_eq!(follower.next(at(45_999)), Next::Look);
    assert!(follower.seen(&lapsed, at(45_999)));
    assert!(!follower.seen(&lapsed, at(46_999)), "once");
}

#[test]
fn who_asks_again_while_it_has_lapsed_is_not_answered_in_a_loop() {
    let lapsed = Reading { mark: Mark { revision: 3, lapsed: true }, lapses: None, fetched: at(0) };
    let mut follower = waiting(3, 30, LIMIT);
    assert!(!follower.seen(&lapsed, at(0)), "a second passes first");
    follower.unopened(at(0));
    assert_eq!(follower.next(at(0)), Next::Rest(at(1_000)));
    assert!(follower.seen(&lapsed, at(1_000)));
    let wait = Wait { length: Millis::from_secs(30), known: lapsed.mark };
    let mut knows = Follower::waiting(wait, LIMIT, at(0));
    assert!(!knows.seen(&lapsed, at(0)));
    assert!(!knows.seen(&lapsed, at(20_000)));
    assert!(knows.seen(&sight(3, 21_000), at(21_000)), "it holds again");
}

#[test]
fn a_line_that_is_cut_or_silent_leaves_a_waiting_one_looking_and_ends_a_stream() {
    let mut cut = listening(30);
    cut.lost(at(2_000));
    let mut silent = listening(60);
    assert_eq!(silent.next(at(15_000)), Next::Beat);
    assert_eq!(silent.next(at(30_000)), Next::Beat, "nothing came back");
    for (mut follower, now) in [(cut, 2_000), (silent, 30_000)] {
        assert_eq!(follower.next(at(now)), Next::Look);
        assert!(!follower.seen(&sight(3, now), at(now)));
        assert_eq!(follower.next(at(now)), Next::Rest(at(now + 1_000)), "it looks each second from now on");
    }
    let mut stream = Follower::streaming(Some(mark(3)), LIMIT, at(0));
    assert_eq!(stream.next(at(0)), Next::Open);
    stream.opened();
    assert!(!stream.seen(&sight(3, 0), at(1)), "its client has that one");
    stream.lost(at(2_000));
    assert_eq!(stream.next(at(2_000)), Next::Look);
    assert!(stream.seen(&sight(4, 2_000), at(2_001)), "news are told before it ends");
    assert_eq!(stream.next(at(2_001)), Next::Over);
}

#[test]
fn without_a_line_it_looks_when_a_refresh_is_due() {
    let mut follower = waiting(3, 30, COUNTED);
    assert_eq!(follower.next(at(0)), Next::Look);
    assert!(!follower.seen(&sight(3, 0), at(1)));
    assert_eq!(follower.next(at(1)), Next::Rest(at(10_000)), "no line where requests are counted");
    assert_eq!(follower.next(at(10_000)), Next::Look);
    assert!(!follower.seen(&sight(3, 0), at(10_000)));
    assert_eq!(follower.next(at(10_000)), Next::Rest(at(11_000)), "another one refreshes it");
}

#[test]
fn a_stream_begins_with_the_signal_and_has_an_event_for_each_change() {
    let mut stream = Follower::streaming(None, LIMIT, at(0));
    assert_eq!(stream.next(at(0)), Next::Open, "it is declined before it begins");
    stream.opened();
    assert_eq!(stream.next(at(0)), Next::Look);
    assert!(stream.seen(&sight(3, 0), at(1)));
    stream.told("4", at(5_000));
    assert_eq!(stream.next(at(5_000)), Next::Look);
    assert!(stream.seen(&sight(4, 5_000), at(5_001)));
    assert!(!stream.seen(&sight(4, 5_000), at(5_002)));
    assert_eq!(stream.next(at(300_000)), Next::Look, "the last one lapsed meanwhile");
    assert!(!stream.seen(&sight(4, 300_000), at(300_000)));
    assert_eq!(stream.next(at(300_000)), Next::Over, "its client connects again");
}

#[test]
fn a_stream_of_all_looks_no_oftener_than_a_reader_however_many_pools_are_revised() {
    let mut stream = Follower::streaming_all(LIMIT, at(0));
    assert_eq!(stream.next(at(0)), Next::Open);
    stream.opened();
    let (mut looks, mut revision) = (0, 3);
    for ms in 0..5_000 {
        revision += 1;
        stream.told(&revision.to_string(), at(ms));
        if stream.next(at(ms)) == Next::Look {
            looks += 1;
            assert!(stream.seen(&sight(revision, ms), at(ms)));
        }
    }
    assert_eq!(looks, 10, "every half second");
    assert_eq!(stream.next(at(5_500)), Next::Look, "and the last word is not forgotten");
}

#[test]
fn a_clock_that_steps_back_does_not_make_it_wait_for_longer() {
    let mut follower = Follower::waiting(Wait { length: WAIT.0, known: mark(3) }, LIMIT, at(3_600_000));
    assert!(!follower.seen(&sight(3, 3_600_000), at(3_600_000)));
    assert_eq!(follower.next(at(0)), Next::Over);
}

#[test]
fn permits_are_bounded_and_free_themselves() {
    let mut permits = FollowerLimit::new();
    let taken: Vec<_> = (0..3).map(|_| permits.take(2, at(1_000), at(0))).collect();
    assert!(matches!(taken.as_slice(), [Some(_), Some(_), None]), "{taken:?}");
    permits.leave(taken[0].unwrap());
    assert!(permits.take(2, at(1_000), at(0)).is_some());
    assert_eq!(permits.take(2, at(1_000), at(999)), None);
    assert!(permits.take(2, at(2_000), at(1_000)).is_some(), "nobody left, but their time is over");
}

#[test]
fn free_readers_have_no_lines() {
    use crate::config::Plan;
    assert!(has_lines(limits::copy_age(Plan::Paid, false)) && has_lines(limits::copy_age(Plan::Free, true)));
    assert!(!has_lines(limits::copy_age(Plan::Free, false)));
}

/// What may happen to a follower.
#[derive(Clone, Copy, Debug)]
enum Turn {
    Told(u64),
    Cut,
    Quiet,
    Revised,
}

proptest! {
    /// Whatever is told, cut or kept silent: it ends within its wait, never spins, and takes what
    /// it sees for news if it is.
    #[test]
    fn no_follower_hangs_and_none_goes_back(
        turns in proptest::collection::vec(
            prop_oneof![(0..9_u64).prop_map(Turn::Told), Just(Turn::Cut), Just(Turn::Quiet), Just(Turn::Revised)], 1..30),
        opens: bool,
        counted: bool,
        seconds in 1..=60_u64,
    ) {
        let limit = if counted { COUNTED } else { LIMIT };
        let mut follower = waiting(3, seconds, limit);
        let (mut now, mut revision, mut turns) = (0, 3, turns.into_iter());
        let ended = loop {
            // The last look may take a moment.
            prop_assert!(now <= seconds * 1_000 + 20, "it hangs at {now}");
            match follower.next(at(now)) {
                Next::Look => {
                    now += 20;
                    let seen = sight(revision, now - 10);
                    if follower.seen(&seen, at(now)) {
                        prop_assert!(seen.mark.revision > 3);
                        break now;
                    }
                    prop_assert_eq!(revision, 3, "a copy that is fresh and different is news");
                }
                Next::Open if opens => follower.opened(),
                Next::Open => follower.unopened(at(now)),
                Next::Beat => {}
                Next::Over => break now,
                Next::Rest(until) => {
                    prop_assert!(at(now) < until, "it spins");
                    let rest = until.since(at(now)).get();
                    now += rest.min(700);
                    match turns.next() {
                        Some(Turn::Told(word)) => follower.told(&word.to_string(), at(now)),
                        Some(Turn::Cut) => follower.lost(at(now)),
                        Some(Turn::Revised) => revision += 1,
                        Some(Turn::Quiet) | None => {}
                    }
                }
            }
        };
        prop_assert!(ended <= seconds * 1_000 + 20, "it ended at {ended}");
    }
}
