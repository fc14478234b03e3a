//! What `/v1/history` and `/v1/availability` answer, read back: a page is made of the same bytes
//! that a program is told, so the two cannot differ.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::sample::CacheClass;
use crate::units::Timestamp;
use crate::units::told::time;

/// The answer of `/v1/history/{pool}/{origin}`, as far as a page shows it.
#[derive(Debug, Deserialize)]
pub(in crate::serve) struct History {
    /// The first moment of the window.
    #[serde(deserialize_with = "time")]
    pub from: Timestamp,
    /// The first moment after it.
    #[serde(deserialize_with = "time")]
    pub to: Timestamp,
    /// Until when everything has been handed on that will be.
    #[serde(deserialize_with = "time")]
    pub complete_until: Timestamp,
    /// The steps, the earliest first.
    pub steps: Vec<Step>,
}

/// One step of it.
#[derive(Debug, Deserialize)]
pub(in crate::serve) struct Step {
    /// When it began.
    #[serde(deserialize_with = "time")]
    pub at: Timestamp,
    /// For how many seconds of it nobody looked.
    pub unknown_s: u64,
    /// What was measured, by class.
    pub classes: BTreeMap<CacheClass, Sums>,
}

/// What was measured of one class in a step.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub(in crate::serve) struct Sums {
    /// Probes, whatever came of them.
    pub samples: u64,
    /// Those that passed.
    pub pass: u64,
    /// Those that passed with a warning.
    pub warn: u64,
    /// Those that failed.
    pub fail: u64,
    /// Response times in milliseconds.
    pub response_ms: Sketch,
    /// Time in the database in milliseconds.
    pub db_ms: Sketch,
    /// Calls of the database, of all answers that state them.
    pub db_calls: u64,
    /// Answers that state them.
    pub db_stated: u64,
}

/// Quantiles of something.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub(in crate::serve) struct Sketch {
    /// The quantiles that a page asks for.
    pub quantiles: Quantiles,
}

/// The quantiles that a page asks for; nothing where nothing was measured.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub(in crate::serve) struct Quantiles {
    /// Half were faster.
    #[serde(default, rename = "0.5")]
    pub p50: Option<u64>,
    /// 95 of 100 were faster.
    #[serde(default, rename = "0.95")]
    pub p95: Option<u64>,
    /// 99 of 100 were faster.
    #[serde(default, rename = "0.99")]
    pub p99: Option<u64>,
}

/// The answer of `/v1/availability/{pool}?days=90`.
#[derive(Debug, Deserialize)]
pub(in crate::serve) struct Availability {
    /// When the first of the days began.
    #[serde(deserialize_with = "time")]
    pub days_from: Timestamp,
    /// The pool, then its origins.
    pub subjects: Vec<Subject>,
}

/// What stood of one subject, and for how long.
#[derive(Debug, Deserialize)]
pub(in crate::serve) struct Subject {
    /// `shop`, `shop/primary`.
    #[serde(rename = "subject")]
    pub name: String,
    /// By the name of the window: `24h`, `90d`.
    pub windows: BTreeMap<String, Shares>,
    /// Of each day the seconds of pass, warn, fail and unknown.
    #[serde(default)]
    pub days: Vec<[u64; 4]>,
}

/// For how much of a window.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(in crate::serve) struct Shares {
    /// Of the time in which somebody knew, the share in which it served.
    pub availability: Option<f64>,
}

impl Sums {
    /// The share of failures among what proves something, from 0 to 1.
    pub(in crate::serve) fn failing(&self) -> Option<f64> {
        let proved = self.pass.saturating_add(self.warn).saturating_add(self.fail);
        (proved > 0).then(|| number(self.fail) / number(proved))
    }

    /// Calls of the database in one answer, on average.
    pub(in crate::serve) fn calls(&self) -> Option<f64> {
        (self.db_stated > 0).then(|| number(self.db_calls) / number(self.db_stated))
    }
}

impl Availability {
    /// What is told of a subject.
    pub(in crate::serve) fn of(&self, subject: &str) -> Option<&Subject> {
        self.subjects.iter().find(|known| known.name == subject)
    }
}

impl Subject {
    /// The availability over a window.
    pub(in crate::serve) fn over(&self, window: &str) -> Option<f64> {
        self.windows.get(window)?.availability
    }
}

/// A count as a number to draw.
#[expect(clippy::cast_precision_loss, reason = "what is drawn has fewer digits")]
pub(in crate::serve) const fn number(count: u64) -> f64 {
    count as f64
}
