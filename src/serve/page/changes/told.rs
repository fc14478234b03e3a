//! What `/v1/changes` and `/v1/changes/{id}` answer, read back: the pages are made of the same
//! bytes that a program is told.

use serde::Deserialize;

use crate::compare::{Scale, Verdict};
use crate::units::Timestamp;
use crate::units::told::{some_time, time};

/// The answer of `/v1/changes`.
#[derive(Debug, Deserialize)]
pub(super) struct List {
    /// The latest first.
    pub changes: Vec<Change>,
}

/// A change.
#[derive(Debug, Deserialize)]
pub(super) struct Change {
    pub id: String,
    pub title: String,
    pub owner: String,
    pub state: String,
    pub verdict: Option<Verdict>,
    pub sentence: Option<String>,
    pub expected: String,
    pub rollback: String,
    pub links: Vec<String>,
    pub origins: Vec<String>,
    pub who: String,
    #[serde(deserialize_with = "time")]
    pub started: Timestamp,
    #[serde(default, deserialize_with = "some_time")]
    pub applied: Option<Timestamp>,
    pub closed: Option<Closing>,
    pub before: Window,
    pub after: Option<Window>,
    pub missing: Vec<String>,
    pub silent: Vec<String>,
    pub gone: Vec<String>,
    pub cuts: Vec<Cut>,
    #[serde(default)]
    pub purges: Vec<Purged>,
    pub confounded_with: Vec<String>,
    #[serde(default)]
    pub judgement: Option<Judgement>,
    #[serde(default)]
    pub curves: Vec<Curve>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Closing {
    #[serde(deserialize_with = "time")]
    pub at: Timestamp,
    pub who: String,
    pub fate: String,
    pub note: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Window {
    #[serde(deserialize_with = "time")]
    pub from: Timestamp,
    #[serde(deserialize_with = "time")]
    pub to: Timestamp,
}

#[derive(Debug, Deserialize)]
pub(super) struct Cut {
    pub origin: String,
    #[serde(deserialize_with = "time")]
    pub from: Timestamp,
    #[serde(deserialize_with = "time")]
    pub to: Timestamp,
}

#[derive(Debug, Deserialize)]
pub(super) struct Purged {
    #[serde(deserialize_with = "time")]
    pub at: Timestamp,
    pub who: String,
    pub urls: Vec<String>,
    pub tags: Vec<String>,
    pub pools: Vec<String>,
    pub cdn: Option<String>,
    pub why: Option<String>,
}

/// The numbers.
#[derive(Debug, Deserialize)]
pub(super) struct Judgement {
    pub expectations: Vec<Judged>,
    pub mix: Vec<Mix>,
    pub looks: Looks,
}

#[derive(Debug, Deserialize)]
pub(super) struct Looks {
    pub taken: usize,
    pub planned: usize,
}

#[derive(Debug, Deserialize)]
pub(super) struct Judged {
    pub expectation: String,
    pub verdict: Verdict,
    pub strata: Vec<Stratum>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Stratum {
    pub origin: String,
    pub vantage: String,
    pub class: String,
    pub deciding: bool,
    pub before: Summary,
    pub after: Summary,
    pub change: Option<Interval>,
    pub p: Option<f64>,
    pub verdict: Verdict,
    pub why: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Summary {
    pub samples: usize,
    pub value: Option<f64>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Interval {
    pub scale: Scale,
    pub estimate: f64,
    pub low: f64,
    pub high: f64,
}

#[derive(Debug, Deserialize)]
pub(super) struct Mix {
    pub origin: String,
    pub vantage: String,
    pub sentence: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Curve {
    pub origin: String,
    pub class: String,
    pub before: Vec<u64>,
    pub after: Vec<u64>,
}
