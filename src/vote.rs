//! Evidence → one vantage's debounced opinion of one origin.
//!
//! A [`Tally`] is one fold: `rise` passes in a row make it say pass, `fall` failures in a row (or
//! `m` within the last `n`) make it say fail. From undecided, whichever comes first decides. No
//! evidence changes nothing, nor does an answer that a cache gave in the origin's place.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::config::{Pace, Thresholds};
use crate::history::Rollup;
use crate::sample::{CacheClass, Database, Evidence, Sample};
use crate::units::{Fingerprint, Millis, Name, OriginId, Timestamp};

/// What a vantage holds of an origin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Opinion {
    /// Not enough evidence yet.
    #[default]
    #[serde(rename = "undecided")]
    Undecided,
    /// It serves.
    #[serde(rename = "pass")]
    Pass,
    /// It fails.
    #[serde(rename = "fail")]
    Fail,
}

/// Counters behind one opinion. They saturate, so that a settled origin changes nothing and costs
/// no write.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// The opinion.
    pub opinion: Opinion,
    /// When the opinion last changed, by the vantage's clock.
    pub since: Option<Timestamp>,
    /// Passes in a row, at most `rise`.
    passes: u32,
    /// Failures in a row, at most `fall`.
    failures: u32,
    /// The last samples, newest in the lowest bit, set where a failure.
    recent: u64,
}

impl Tally {
    /// Folds evidence in; says whether the opinion changed.
    pub fn fold(&mut self, evidence: &Evidence, need: Thresholds, at: Timestamp) -> bool {
        let failed = match evidence {
            Evidence::None(_) | Evidence::Unproven(_) => return false,
            Evidence::Pass | Evidence::Warn(_) => false,
            Evidence::Fail(_) => true,
        };
        let width = need.window.map_or(0, |window| window.of.min(64));
        let kept = u64::MAX.checked_shr(64_u32.saturating_sub(width)).unwrap_or(0);
        self.recent = ((self.recent << 1) | u64::from(failed)) & kept;
        if failed {
            self.passes = 0;
            self.failures = self.failures.saturating_add(1).min(need.fall);
        } else {
            self.failures = 0;
            self.passes = self.passes.saturating_add(1).min(need.rise);
        }
        let often = need.window.is_some_and(|window| self.recent.count_ones() >= window.failures);
        let next = if failed && (self.failures >= need.fall || often) {
            Opinion::Fail
        } else if !failed && self.passes >= need.rise {
            Opinion::Pass
        } else {
            self.opinion
        };
        let changed = next != self.opinion;
        if changed {
            self.opinion = next;
            self.since = Some(at);
        }
        changed
    }

    /// Whether the next samples may change the opinion: undecided, or evidence against it has begun
    /// to gather.
    #[must_use]
    pub const fn in_doubt(&self) -> bool {
        match self.opinion {
            Opinion::Undecided => true,
            Opinion::Pass => self.failures > 0,
            Opinion::Fail => self.passes > 0,
        }
    }

    /// How many samples in a row said what the latest one said, counted no further than decides.
    #[must_use]
    pub const fn run(&self) -> u32 {
        if self.failures > 0 { self.failures } else { self.passes }
    }

    /// The time between two probes in this state.
    #[must_use]
    pub const fn interval(&self, pace: &Pace) -> Millis {
        match (self.in_doubt(), self.opinion) {
            (true, _) => pace.fast_interval,
            (false, Opinion::Fail) => pace.down_interval,
            (false, Opinion::Pass | Opinion::Undecided) => pace.interval,
        }
    }
}

/// The facts of the last sample that was evidence, as a vote carries and pages show them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// What the sample proved, in words; `ok` if nothing was amiss.
    pub reason: String,
    /// Whether it passed with a blemish.
    pub warned: bool,
    /// Whether it failed.
    pub failed: bool,
    /// Whether it proves nothing about the origin: a cache answered.
    pub unproven: bool,
    /// From sending until the answer was read or given up.
    pub latency: Millis,
    /// The status code, if there was an answer.
    pub status: Option<u16>,
    /// What the answer proves about the origin behind a cache.
    pub cache: CacheClass,
    /// Database work that the answer stated.
    pub database: Database,
}

impl Seen {
    /// Whether it failed without an answer of any kind: no connection, or nothing on it in time.
    /// The platform says so with an answer of its own: 521 refused, 522 timed out, 523 unreachable,
    /// 530 no such host.
    #[must_use]
    pub const fn is_unanswered(&self) -> bool {
        self.failed && matches!(self.status, None | Some(521..=523 | 530))
    }

    /// The facts of a sample, unless it proves nothing.
    #[must_use]
    pub fn of(sample: &Sample, evidence: &Evidence) -> Option<Self> {
        let (reason, warned, failed) = match evidence {
            Evidence::Pass => ("ok".to_owned(), false, false),
            Evidence::Warn(why) | Evidence::Unproven(why) => (why.clone(), true, false),
            Evidence::Fail(why) => (why.clone(), false, true),
            Evidence::None(_) => return None,
        };
        Some(Self {
            reason,
            warned,
            failed,
            unproven: matches!(evidence, Evidence::Unproven(_)),
            latency: sample.latency,
            status: sample.status,
            cache: sample.cache,
            database: sample.database,
        })
    }
}

/// One vantage's opinion of one origin, as it is sent to the Arbiter. Times are lengths, never
/// points: the clocks of two objects are not compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vote {
    /// The origin.
    pub origin: OriginId,
    /// Fingerprint of the origin's definition that was probed.
    pub definition: Fingerprint,
    /// The opinion.
    pub opinion: Opinion,
    /// How long the opinion has held.
    pub held: Millis,
    /// From observing to sending.
    pub age: Millis,
    /// How many samples in a row said what the last one said, counted no further than decides.
    pub run: u32,
    /// The last evidence.
    pub seen: Seen,
}

/// What one vantage reports to the Arbiter after a tick. Format version 1: fields are never
/// renamed; new ones are an `Option`, because objects of two releases may speak to each other while
/// a deployment rolls out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Format version.
    pub version: u32,
    /// The vantage.
    pub vantage: Name,
    /// The shard of the vantage, `0of1`.
    pub shard: String,
    /// Rises with every report of this shard; an older one that comes late is dropped.
    pub seq: u64,
    /// Fingerprint of the configuration that the vantage runs.
    pub config: Fingerprint,
    /// How late the latest tick began against its slot.
    pub lag: Millis,
    /// How long the last probe of a tick waited for others to end, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queued: Option<Millis>,
    /// Slots that passed without a probe since the vantage last started.
    pub missed: u64,
    /// The data centre that the vantage runs in, where known.
    pub colo: Option<String>,
    /// Opinions with fresh evidence.
    pub votes: Vec<Vote>,
    /// Origins of which the vantage has no evidence at present, and why.
    pub blind: BTreeMap<OriginId, String>,
    /// The daily allowance of fast probes, where there is one.
    pub fast: Option<Fast>,
    /// What samples added up to in five minutes that are over, until the Arbiter has it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rollups: Vec<Rollup>,
}

/// A daily allowance of fast probes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fast {
    /// Spent today (UTC).
    pub spent: u32,
    /// Allowed a day.
    pub of: u32,
}

/// The report format that this release writes, and the newest it reads.
pub const REPORT_VERSION: u32 = 1;

#[cfg(test)]
mod tests;
