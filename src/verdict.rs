//! Votes → a verdict for an origin, and from there for a pool: always with a reason and a
//! `valid_until`.
//!
//! [`judge`] weighs the votes of one moment. Live votes are decided and unexpired. Under
//! `min_votes` of them the judgement is unknown, whatever they say: no evidence is not failure. A
//! quorum of fails is fail; fewer is a warning that names the vantages. [`Verdict`] is what stands:
//! it follows the judgements, slower on the way up (`standing`), and [`next_change()`] says what
//! would change it next.

mod isolation;
mod next_change;
mod standing;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::config::{Pool, Quorum};
use crate::units::{Fingerprint, Millis, Name, Timestamp};
use crate::vote::{Opinion, Seen};

pub use isolation::{Votes, is_answered, isolated};
pub use next_change::{held, next_change};
pub use standing::{Damping, Verdict};

/// What a verdict says, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Status {
    /// It serves.
    #[serde(rename = "pass")]
    Pass,
    /// It serves, with a blemish or a doubt.
    #[serde(rename = "warn")]
    Warn,
    /// There is not enough live evidence.
    #[serde(rename = "unknown")]
    Unknown,
    /// It fails.
    #[serde(rename = "fail")]
    Fail,
}

impl Status {
    /// The status as answers write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Unknown => "unknown",
            Self::Fail => "fail",
        }
    }
}

/// One vantage's vote as the Arbiter holds it, in the Arbiter's time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedVote {
    /// Fingerprint of the definition that was probed.
    pub definition: Fingerprint,
    /// The opinion.
    pub opinion: Opinion,
    /// Since when the opinion holds: arrival less how long it had been held.
    pub since: Timestamp,
    /// When its evidence was observed: arrival less its age at sending.
    pub observed: Timestamp,
    /// How many samples in a row said what the last one said, counted no further than decides.
    pub run: u32,
    /// The last evidence.
    pub seen: Seen,
    /// The data centre, where known.
    pub colo: Option<String>,
}

/// The rules by which a pool's votes are weighed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// How many live votes must say fail.
    pub quorum: Quorum,
    /// Fewer live votes than this: unknown.
    pub min_votes: u32,
    /// How long a vote counts after its last evidence.
    pub vote_ttl: Millis,
}

impl Rules {
    /// The rules of a pool.
    #[must_use]
    pub const fn of(pool: &Pool) -> Self {
        Self { quorum: pool.quorum, min_votes: pool.min_votes, vote_ttl: pool.vote_ttl }
    }
}

/// What an origin's votes add up to at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawVerdict {
    /// The status.
    pub status: Status,
    /// Why, in words.
    pub reason: String,
    /// When the evidence beneath it expires; the moment itself where there is none.
    pub valid_until: Timestamp,
    /// When the oldest evidence that it rests on was observed.
    pub oldest: Option<Timestamp>,
    /// Live votes.
    pub live: u32,
    /// Live votes that say fail.
    pub failing: u32,
    /// When the passing of time alone next changes it: a live vote expires.
    pub until: Option<Timestamp>,
}

/// How many of `live` votes must say fail.
#[must_use]
pub fn needed(quorum: Quorum, live: u32) -> u32 {
    match quorum {
        Quorum::Any => 1,
        Quorum::Majority => (live / 2).saturating_add(1),
        Quorum::All => live.max(1),
        Quorum::Count(count) => count.max(1),
        Quorum::Share(share) => {
            u32::try_from(share.of_rounded_up(u64::from(live))).unwrap_or(u32::MAX).max(1)
        }
    }
}

/// What the vantages say of an origin.
#[derive(Clone, Copy, Debug)]
pub struct Ballot<'a> {
    /// Their votes.
    pub votes: &'a BTreeMap<Name, RecordedVote>,
    /// Why those that have no evidence have none; it explains, and weighs nothing.
    pub blind: &'a BTreeMap<Name, String>,
}

/// Weighs an origin's votes at `now`. Votes for another definition do not count.
#[must_use]
pub fn judge(rules: &Rules, definition: Fingerprint, ballot: Ballot<'_>, now: Timestamp) -> RawVerdict {
    let Ballot { votes, blind } = ballot;
    let current = || votes.iter().filter(|(_, vote)| vote.definition == definition);
    let live: Vec<_> =
        current().filter(|(_, vote)| is_decided(vote) && now < vote.observed.plus(rules.vote_ttl)).collect();
    let count = u32::try_from(live.len()).unwrap_or(u32::MAX);
    let until = live.iter().map(|(_, vote)| vote.observed.plus(rules.vote_ttl)).min();
    if count < rules.min_votes {
        let decided = current().filter(|(_, vote)| is_decided(vote)).count();
        let why = if current().any(|(_, vote)| vote.seen.unproven) {
            "a cache answered in the origin's place"
        } else if decided > live.len() {
            "the others are silent or expired"
        } else {
            "the others have not decided yet"
        };
        let votes = if count == 1 { "vote" } else { "votes" };
        let reason = format!("{count} live {votes}, {} needed: {why}", rules.min_votes);
        return RawVerdict {
            status: Status::Unknown,
            reason: reason + &without_evidence(blind),
            valid_until: now,
            oldest: None,
            live: count,
            failing: 0,
            until,
        };
    }
    let fails: Vec<_> = live.iter().filter(|(_, vote)| vote.opinion == Opinion::Fail).collect();
    let failing = u32::try_from(fails.len()).unwrap_or(u32::MAX);
    let blemish = live.iter().find(|(_, vote)| vote.opinion == Opinion::Pass && vote.seen.warned);
    let (status, reason) = if failing > 0 && failing >= needed(rules.quorum, count) {
        (Status::Fail, format!("{failing} of {count} vantages: {}", reasons(&fails)))
    } else if failing > 0 {
        (Status::Warn, format!("fails from {failing} of {count} vantages: {}", reasons(&fails)))
    } else if let Some((vantage, vote)) = blemish {
        (Status::Warn, format!("from {vantage}: {}", vote.seen.reason))
    } else {
        (Status::Pass, format!("{count} of {count} vantages pass"))
    };
    let reason = reason + &without_evidence(blind);
    let mut observed: Vec<Timestamp> = live.iter().map(|(_, vote)| vote.observed).collect();
    // Newest first.
    observed.sort_unstable_by(|one, other| other.cmp(one));
    let last_needed =
        observed.get((rules.min_votes.max(1) as usize).saturating_sub(1)).copied().unwrap_or(now);
    RawVerdict {
        status,
        reason,
        valid_until: last_needed.plus(rules.vote_ttl),
        oldest: observed.last().copied(),
        live: count,
        failing,
        until,
    }
}

const fn is_decided(vote: &RecordedVote) -> bool {
    match vote.opinion {
        Opinion::Undecided => false,
        Opinion::Pass | Opinion::Fail => true,
    }
}

/// `; weur has no evidence: the secret PROBE_TOKEN is not set`; nothing if none is blind.
fn without_evidence(blind: &BTreeMap<Name, String>) -> String {
    let Some((vantage, why)) = blind.iter().next() else { return String::new() };
    let others = blind.len().saturating_sub(1);
    let more = if others > 0 { format!(" and {others} more have") } else { " has".to_owned() };
    format!("; {vantage}{more} no evidence: {why}")
}

/// `enam, weur: status 500 is not expected; apac: …`: what several vantages saw alike is said once.
/// At most three reasons, of at most three vantages each.
fn reasons(fails: &[&(&Name, &RecordedVote)]) -> String {
    let mut alike: Vec<(Vec<&str>, &str)> = Vec::new();
    for (vantage, vote) in fails {
        // A vote of fail whose last sample passed is on its way back: the sample's words would
        // contradict it.
        let reason = if vote.seen.failed { vote.seen.reason.as_str() } else { "recovering" };
        match alike.iter_mut().find(|(_, said)| *said == reason) {
            Some((vantages, _)) => vantages.push(vantage.as_str()),
            None => alike.push((vec![vantage.as_str()], reason)),
        }
    }
    let mut text = String::new();
    for (vantages, reason) in alike.iter().take(3) {
        if !text.is_empty() {
            text.push_str("; ");
        }
        let more = if vantages.len() > 3 { ", …" } else { "" };
        text.push_str(&vantages.get(..3).unwrap_or(vantages).join(", "));
        text.push_str(more);
        text.push_str(": ");
        text.push_str(reason);
    }
    if alike.len() > 3 {
        text.push_str("; and more");
    }
    text
}

/// A pool's status from its origins': pass if all pass, fail if all fail, warn if some serve, else
/// unknown.
#[must_use]
pub fn pool_status(origins: &[Status]) -> Status {
    let all = |wanted: Status| !origins.is_empty() && origins.iter().all(|status| *status == wanted);
    if all(Status::Pass) {
        Status::Pass
    } else if all(Status::Fail) {
        Status::Fail
    } else if origins.iter().any(|status| *status <= Status::Warn) {
        Status::Warn
    } else {
        Status::Unknown
    }
}

/// The worst of several pools: fail before unknown before warn before pass; unknown where there is
/// none.
#[must_use]
pub fn worst(statuses: impl IntoIterator<Item = Status>) -> Status {
    statuses.into_iter().max().unwrap_or(Status::Unknown)
}

#[cfg(test)]
mod tests;
