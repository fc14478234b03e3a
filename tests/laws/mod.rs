//! What must hold of votes, verdicts and signals, each law once: the simulation, the walk of all states and the properties call the
//! same functions. They are written from `docs/verdicts.md`, not from the code that they judge.

#![allow(dead_code, reason = "each test that shares this file calls the laws that it can see broken")]

use std::collections::VecDeque;

use vedette::config::{Quorum, Thresholds};
use vedette::verdict::Status;
use vedette::vote::Opinion;

/// A law that was broken: what it says, and how it was not so.
pub type Verdict = Result<(), String>;

/// The evidence that one vantage has of one origin, as it came: what a vote must follow from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Whether each piece of evidence was a failure, the latest last.
    failures: VecDeque<bool>,
    /// What follows from it.
    pub opinion: Opinion,
}

impl Account {
    /// The same, with no more of the past than decides what follows.
    #[must_use]
    pub fn recent(mut self, count: usize) -> Self {
        self.failures.drain(..self.failures.len().saturating_sub(count));
        self
    }

    /// The passes since the last failure.
    pub fn passes(&self) -> u32 {
        u32::try_from(self.failures.iter().rev().take_while(|failure| !**failure).count()).unwrap_or(u32::MAX)
    }

    /// Takes a piece of evidence in.
    pub fn note(&mut self, failed: bool, need: Thresholds) {
        self.failures.push_back(failed);
        if self.failures.len() > 100 {
            self.failures.pop_front();
        }
        let last = |count: u32| self.failures.iter().rev().take(count as usize);
        let all = |count: u32, wanted: bool| {
            self.failures.len() >= count as usize && last(count).all(|failure| *failure == wanted)
        };
        let often = need.window.is_some_and(|window| {
            last(window.of).filter(|failure| **failure).count() >= window.failures as usize
        });
        if failed && (all(need.fall, true) || often) {
            self.opinion = Opinion::Fail;
        } else if !failed && all(need.rise, false) {
            self.opinion = Opinion::Pass;
        }
    }
}

/// A vote says what the evidence of its vantage amounts to.
pub fn a_vote_says_what_its_evidence_amounts_to(vote: Opinion, account: &Account) -> Verdict {
    hold(vote == account.opinion, || {
        format!(
            "a vote says {vote:?} where its evidence amounts to {:?}: {:?}",
            account.opinion, account.failures
        )
    })
}

/// What a vantage once told of an origin it takes back on new evidence only, of which it counted so many passes and failures since.
pub fn what_was_told_is_taken_back_on_evidence_only(
    told: Opinion,
    now: Opinion,
    (passes, failures): (u32, u32),
    need: Thresholds,
) -> Verdict {
    let enough = match now {
        _ if told == Opinion::Undecided => true,
        Opinion::Undecided => false,
        Opinion::Pass => passes >= need.rise,
        // Failures that it had counted before may be among them.
        Opinion::Fail => failures >= 1,
    };
    hold(enough, || {
        format!("{told:?} was told, and after {passes} passes and {failures} failures it is {now:?}")
    })
}

/// How many of so many live votes must fail.
pub fn quorum(quorum: Quorum, live: usize) -> usize {
    match quorum {
        Quorum::Any => 1,
        Quorum::Majority => live / 2 + 1,
        Quorum::All => live.max(1),
        Quorum::Count(count) => count as usize,
        Quorum::Share(share) => (live * usize::from(share.as_percent())).div_ceil(100).max(1),
    }
}

/// What live votes amount to, warnings aside.
pub fn judged(rule: Quorum, min_votes: u32, votes: &[Opinion]) -> Status {
    let live = votes.iter().filter(|vote| **vote != Opinion::Undecided).count();
    let failing = votes.iter().filter(|vote| **vote == Opinion::Fail).count();
    if live < min_votes as usize {
        Status::Unknown
    } else if failing > 0 && failing >= quorum(rule, live) {
        Status::Fail
    } else if failing > 0 {
        Status::Warn
    } else {
        Status::Pass
    }
}

/// No verdict turns fail without a quorum of votes that say so.
pub fn fail_needs_a_quorum(rule: Quorum, min_votes: u32, votes: &[Opinion]) -> Verdict {
    let judged = judged(rule, min_votes, votes);
    hold(judged == Status::Fail, || {
        format!("fail, but {votes:?} amount to {judged:?} by {rule:?} and min_votes {min_votes}")
    })
}

/// Where so little is known that nothing can be concluded, nothing is.
pub fn too_few_votes_decide_nothing(status: Status, min_votes: u32, live: usize) -> Verdict {
    hold(status == Status::Unknown || live >= min_votes as usize, || {
        format!("{status:?} on {live} live votes where {min_votes} are needed")
    })
}

/// What stands is what was judged, or worse for a while; unknown stands as unknown.
pub fn what_stands_is_never_better_than_what_is_judged(stands: Status, judged: Status) -> Verdict {
    let right = if judged == Status::Unknown || stands == Status::Unknown {
        stands == judged
    } else {
        stands >= judged
    };
    hold(right, || format!("{stands:?} stands where {judged:?} is judged"))
}

/// A verdict gets better only after nothing worse was judged for `hold_down`.
pub fn what_gets_better_has_held(to: Status, since_worse: Option<u64>, hold_down: u64) -> Verdict {
    hold(since_worse.is_none_or(|since| since >= hold_down), || {
        format!("better ({to:?}) {since_worse:?} ms after worse was judged, hold_down is {hold_down} ms")
    })
}

/// An answer says pass only as long as its evidence holds.
pub fn pass_ends_with_its_evidence(word: &str, now: u64, valid_until: u64) -> Verdict {
    hold(word != "pass" || now < valid_until, || format!("pass at {now}, valid until {valid_until}"))
}

/// The chosen origin is not failing, and nothing is chosen only if all fail.
pub fn the_choice_serves(chosen: Option<Status>, all: &[Status]) -> Verdict {
    match chosen {
        Some(status) => hold(status != Status::Fail, || format!("a failing origin is chosen of {all:?}")),
        None => hold(all.iter().all(|status| *status == Status::Fail), || format!("nowhere, of {all:?}")),
    }
}

/// A revision names one state of its pool, and none that came later has a lower one.
pub fn a_revision_names_one_state<T: PartialEq + std::fmt::Debug>(
    before: (u64, &T),
    after: (u64, &T),
) -> Verdict {
    hold(after.0 >= before.0 && (after.0 > before.0 || after.1 == before.1), || {
        format!("revision {} was {:?} and {} is {:?}", before.0, before.1, after.0, after.1)
    })
}

/// `law` or what breaks it.
pub fn hold(law: bool, why: impl FnOnce() -> String) -> Verdict {
    if law { Ok(()) } else { Err(why()) }
}
