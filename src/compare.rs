//! Samples before and after a change, and what was expected → a [`Judgement`]. It never compares
//! across origins, vantages or cache classes, and never decides by what a cache answered.
//!
//! **Who decides.** Samples that are origin-proven; where neither window has any, unclassified
//! ones. The error rate counts every sample but those of a cache, as what fails often has no class.
//!
//! **When.** At a quarter, half, three quarters and the end of the planned time after. Each look
//! may err as often as spending like O'Brien and Fleming allows (`LEVELS`), 5 % in all. Between
//! looks the last one stands, and the first that decides is final for its stratum.
//!
//! **How sure.** At each look Holm's procedure goes over expectations and vantages. Chances of
//! several vantages are not joined: they share the origin's moods. `unchanged` is said at the last
//! look alone, if the interval of 95 % lies within the tolerance: 10 % for times and bytes, half a
//! call, five points of a share.

mod chances;
mod expectation;
mod judge;
mod look;
mod measure;
mod stats;

use serde::{Deserialize, Serialize, Serializer};

pub use chances::{Chances, Test, chances};
pub use expectation::{Expectation, ExpectationError, contradictions};
pub use judge::{Comparison, judge, look_at};
pub use look::Measured;

use crate::history::Window;
use crate::json::Shown;
use crate::sample::{CacheClass, Timing};
use crate::units::{Name, OriginId, Timestamp};

/// Samples that each window must have before a word is said of it.
const LEAST: usize = 20;

/// How many independent samples those of each window must say as much as: with fewer, rank tests by
/// the normal distribution and estimated autocorrelations are not to be trusted.
const LEAST_EFFECTIVE: f64 = 10.0;

/// How often the time after a change is looked at.
pub const LOOKS: usize = 4;

/// How often each look may err: the increments of `2 − 2Φ(z / √t)` at a quarter, half, three
/// quarters and the whole, 5 % in all. Source: Lan and `DeMets`, Biometrika 70 (1983).
const LEVELS: [f64; LOOKS] = [0.000_088, 0.005_487, 0.018_047, 0.026_378];

/// One sample, as far as it counts here.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// When it was sent.
    pub at: Timestamp,
    /// What it proves about the origin behind any cache.
    pub class: CacheClass,
    /// Whether it failed.
    pub failed: bool,
    /// Whether a whole answer was read, so that its time and size are those of an answer.
    pub complete: bool,
    /// Response time, in milliseconds.
    pub response_ms: u64,
    /// Calls of the database, if the answer told.
    pub calls: Option<u32>,
    /// Time in the database in milliseconds, if the answer told.
    pub database_ms: Option<u64>,
    /// Bytes of the body.
    pub bytes: u64,
    /// Times of the metrics that the configuration names, as far as the answer told.
    pub timings: Vec<Timing>,
}

/// What one vantage saw of one origin, each list sorted by time.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// The origin.
    pub origin: OriginId,
    /// The vantage.
    pub vantage: Name,
    /// Samples before the change.
    pub before: Vec<Point>,
    /// Samples after it.
    pub after: Vec<Point>,
}

/// The planned windows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Windows {
    /// The time before the change.
    pub before: Window,
    /// The time after it, which the looks divide.
    pub after: Window,
}

/// What a comparison says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It went the way that was wished, beyond chance.
    Improved,
    /// Whatever difference there is lies within the tolerance.
    Unchanged,
    /// It went the other way, beyond chance.
    Regressed,
    /// It cannot be told.
    Inconclusive,
}

/// What is known of a change.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Judgement {
    /// The verdict on all expectations.
    pub verdict: Verdict,
    /// The same in a sentence.
    pub sentence: String,
    /// Each expectation with its verdict, in the order given.
    pub expectations: Vec<Judged>,
    /// What answered, by origin and vantage.
    pub mix: Vec<Mix>,
    /// The looks.
    pub looks: Looks,
    /// Whether no later sample can change it.
    pub r#final: bool,
}

/// The looks at the samples after a change.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Looks {
    /// How many were taken.
    pub taken: usize,
    /// How many there will be.
    pub planned: usize,
    /// When the next is due, in milliseconds since 1970; none after the last.
    pub next_ms: Option<u64>,
}

/// One expectation, judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judged {
    /// The expectation as it was written.
    pub expectation: String,
    /// Its verdict.
    pub verdict: Verdict,
    /// The same in a sentence.
    pub sentence: String,
    /// What it was compared in.
    pub strata: Vec<Stratum>,
}

/// What one vantage saw of one origin in one cache class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stratum {
    /// The origin.
    #[serde(serialize_with = "shown")]
    pub origin: OriginId,
    /// The vantage.
    #[serde(serialize_with = "shown")]
    pub vantage: Name,
    /// The cache class.
    pub class: CacheClass,
    /// Whether the verdict goes by it.
    pub deciding: bool,
    /// The samples before.
    pub before: Summary,
    /// The samples after.
    pub after: Summary,
    /// By how much they differ; none with too few samples.
    pub change: Option<Change>,
    /// How probable such a difference is by chance, before Holm's correction.
    pub p: Option<f64>,
    /// Its verdict.
    pub verdict: Verdict,
    /// Why nothing is decided, or what else must be known.
    pub why: Option<String>,
}

/// Samples in short.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// How many there are.
    pub samples: usize,
    /// How many independent ones say as much: the tests of both windows go by the same inflation.
    pub effective: f64,
    /// The quantile asked for, else the median; of rates, the share.
    pub value: Option<f64>,
}

/// By how much the samples after differ.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// After over before; else after minus before.
    pub scale: Scale,
    /// The estimate.
    pub estimate: f64,
    /// The lower end of the interval of 95 %.
    pub low: f64,
    /// The upper end of it.
    pub high: f64,
}

/// How a change is expressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// After over before; 1 is no change.
    Ratio,
    /// After minus before; 0 is no change.
    Difference,
}

/// What answered one vantage in place of one origin.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Mix {
    /// The origin.
    #[serde(serialize_with = "shown")]
    pub origin: OriginId,
    /// The vantage.
    #[serde(serialize_with = "shown")]
    pub vantage: Name,
    /// Share of answers of a cache before; none without samples.
    pub before: Option<f64>,
    /// The same afterwards.
    pub after: Option<f64>,
    /// What a shift means, if there was one.
    pub sentence: Option<String>,
}

fn shown<T: std::fmt::Display + Clone, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    Shown(value.clone()).serialize(serializer)
}

#[cfg(test)]
mod tests;
