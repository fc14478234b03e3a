//! The facts of one probe ([`Sample`]) and what they prove ([`Evidence`]).
//!
//! Evidence has three values: for the origin, against it, none. What is our own fault proves
//! nothing: it is never "down". What a cache answered proves nothing either, and never that an
//! origin is up.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::units::{Millis, Timestamp};

/// The facts of one probe: what happened, and what each expectation said of it. No judgement over
/// time is in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// When the probe was sent, by the vantage's clock.
    pub at: Timestamp,
    /// How the probe ended.
    pub outcome: Outcome,
    /// From sending until the answer was read or given up.
    pub latency: Millis,
    /// Status code of the final answer, if there was one.
    pub status: Option<u16>,
    /// What the answer proves about the origin behind any cache.
    pub cache: CacheClass,
    /// Which header field decided that; none where no field says anything.
    pub told: Option<Told>,
    /// Database calls and time that the answer's `Server-Timing` states.
    pub database: Database,
    /// What it states of the other metrics that the configuration names, in the order of those.
    pub timings: Vec<Timing>,
    /// Bytes of the body that were read.
    pub bytes: u32,
    /// Every expectation with what it found, in the order of judging.
    pub checks: Vec<Check>,
    /// What came of a connection of its own beside the request. What it proves depends on those
    /// before it: `evidence` leaves it out, and the vantage judges it.
    pub connected: Connected,
}

/// What came of a connection that a probe opened beside its request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Connected {
    /// None was tried, or whoever tried was at fault: it says nothing.
    #[default]
    NotTried,
    /// It was accepted, and stood.
    Accepted,
    /// It was refused. An address to which the platform lets nobody connect looks the same.
    Refused,
    /// Nobody took it before the deadline.
    NotInTime,
    /// It was accepted, and closed or reset at once.
    Closed,
    /// It failed, and the answer came from where the platform lets nobody connect.
    Barred,
}

/// How a probe ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A complete answer was read.
    Answered,
    /// The deadline passed before the answer's headers.
    NoAnswerInTime,
    /// The headers came, the body did not end before the deadline.
    BodyUnfinishedInTime,
    /// No connection, or no HTTP answer on it: it broke, or what came was malformed.
    Unreachable,
    /// The body broke off, or is malformed: its length, its chunks, its encoding.
    BodyBroken,
    /// The body is longer than a probe reads.
    BodyTooLong,
    /// The probe says nothing about the origin: our own fault, a quota, a missing secret.
    NoEvidence(String),
}

/// What one expectation found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// The expectation, by its name in the configuration or, for a built-in one, what it looks at.
    pub expectation: String,
    /// What was found.
    pub finding: Finding,
}

/// The result of one expectation. Texts name no address and quote nothing that the origin sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// As expected.
    Met,
    /// Not as it should be, but the origin serves.
    Warned(String),
    /// Broken: a failure.
    Broken(String),
}

/// What a sample proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// The origin serves as expected.
    Pass,
    /// The origin serves, with this blemish.
    Warn(String),
    /// The origin fails, for this reason.
    Fail(String),
    /// A cache answered in the origin's place, and found nothing amiss: neither for the origin nor
    /// against it.
    Unproven(String),
    /// Nothing, for this reason: the fault is ours.
    None(String),
}

/// What an answer proves about the origin behind a cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum CacheClass {
    /// The origin itself answered (MISS, EXPIRED, BYPASS, DYNAMIC, REVALIDATED, …).
    #[serde(rename = "origin-proven")]
    OriginProven,
    /// A cache answered (HIT, UPDATING, an `Age`, …): proves nothing about the origin.
    #[serde(rename = "edge-only")]
    EdgeOnly,
    /// A cache answered because it could not reach the origin: counts against it.
    #[serde(rename = "counter-proof")]
    CounterProof,
    /// The answer does not say.
    #[serde(rename = "unclassified")]
    Unclassified,
}

impl CacheClass {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::OriginProven, Self::EdgeOnly, Self::CounterProof, Self::Unclassified];

    /// Reads a class as answers write it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.as_str() == text)
    }

    /// The class as answers and pages write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OriginProven => "origin-proven",
            Self::EdgeOnly => "edge-only",
            Self::CounterProof => "counter-proof",
            Self::Unclassified => "unclassified",
        }
    }
}

/// The header field that decided an answer's [`CacheClass`], in words of our own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// The field.
    pub field: &'static str,
    /// Who wrote it, as far as it can be told.
    pub producer: Option<&'static str>,
}

impl fmt::Display for Told {
    /// `X-Cache of squid`, or `Age`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.producer {
            Some(producer) => write!(f, "{} of {producer}", self.field),
            None => f.write_str(self.field),
        }
    }
}

/// Database work behind one answer, as its `Server-Timing` states it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Database {
    /// Number of calls.
    pub calls: Option<u32>,
    /// Time spent in them.
    pub time: Option<Millis>,
}

/// The time that an answer's `Server-Timing` states of one metric.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timing {
    /// The metric, as the configuration names it.
    pub name: Arc<str>,
    /// Microseconds, from none to those of a day: metrics of a fast part are below a millisecond.
    pub micros: u64,
}

impl Timing {
    /// The longest that is believed, in milliseconds: a day.
    pub const MOST_MS: f64 = crate::defaults::sample::MOST_MS;

    /// So many milliseconds, to the microsecond; nothing if that is no time of at most a day.
    #[must_use]
    pub fn of_ms(name: &str, ms: f64) -> Option<Self> {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to a day")]
        let micros = (0.0..=Self::MOST_MS).contains(&ms).then(|| (ms * 1_000.0).round() as u64)?;
        Some(Self { name: name.into(), micros })
    }

    /// Whether it is of the metric of this name, in any case.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// It in milliseconds, to three places.
    #[must_use]
    pub fn ms(&self) -> f64 {
        to_ms(self.micros)
    }
}

/// Microseconds in milliseconds, to three places.
#[must_use]
pub fn to_ms(micros: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "exact up to 285 years")]
    let micros = micros as f64;
    micros / 1_000.0
}

impl Sample {
    /// A sample that proves nothing: the probe could not be made.
    #[must_use]
    pub fn no_evidence(at: Timestamp, why: &str) -> Self {
        Self {
            at,
            outcome: Outcome::NoEvidence(why.to_owned()),
            latency: Millis::ZERO,
            status: None,
            cache: CacheClass::Unclassified,
            told: None,
            database: Database { calls: None, time: None },
            timings: Vec::new(),
            bytes: 0,
            checks: Vec::new(),
            connected: Connected::NotTried,
        }
    }

    /// What this sample proves: the first failure if there is one, else the first warning.
    #[must_use]
    pub fn evidence(&self) -> Evidence {
        match &self.outcome {
            Outcome::NoEvidence(why) => return Evidence::None(why.clone()),
            Outcome::NoAnswerInTime => return Evidence::Fail(format!("no answer within {}", self.latency)),
            Outcome::BodyUnfinishedInTime => {
                return Evidence::Fail(format!("the body did not end within {}", self.latency));
            }
            Outcome::Unreachable => {
                return Evidence::Fail("no connection, or no valid HTTP answer on it".into());
            }
            Outcome::BodyBroken => {
                return Evidence::Fail(
                    "the answer broke in the middle of the body: it was cut short, or is malformed".into(),
                );
            }
            Outcome::BodyTooLong => {
                return Evidence::Fail(
                    "the body is longer than the 64 KiB that a probe reads; probe a smaller document".into(),
                );
            }
            Outcome::Answered => {}
        }
        let mut warning = None;
        for check in &self.checks {
            match &check.finding {
                Finding::Broken(why) => return Evidence::Fail(why.clone()),
                Finding::Warned(why) => warning = warning.or_else(|| Some(why.clone())),
                Finding::Met => {}
            }
        }
        match (warning, self.cache) {
            (Some(why), CacheClass::EdgeOnly) => Evidence::Unproven(why),
            (Some(why), _) => Evidence::Warn(why),
            (None, _) => Evidence::Pass,
        }
    }
}
