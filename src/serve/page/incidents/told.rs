//! What `/v1/incidents` and `/v1/incidents/{id}` answer, read back: the pages are made of the same
//! bytes that a program is told.

use serde::Deserialize;

use crate::units::told::{some_time, time};
use crate::units::{Name, Timestamp};
use crate::verdict::Status;

/// The answer of `/v1/incidents`.
#[derive(Debug, Deserialize)]
pub(super) struct List {
    /// The latest first.
    pub incidents: Vec<Incident>,
    /// Where the list goes on, if it does.
    #[serde(default)]
    pub next: Option<String>,
}

/// An incident.
#[derive(Debug, Deserialize)]
pub(super) struct Incident {
    pub id: String,
    pub pool: String,
    #[serde(deserialize_with = "time")]
    pub opened: Timestamp,
    /// Nothing as long as it is open, as of the lengths.
    #[serde(default, deserialize_with = "some_time")]
    pub closed: Option<Timestamp>,
    #[serde(default)]
    pub length_s: Option<u64>,
    #[serde(default)]
    pub fail_s: Option<u64>,
    #[serde(default)]
    pub warn_s: Option<u64>,
    pub times: u32,
    pub worst: Status,
    #[serde(default)]
    pub cause: Option<Cause>,
    pub origins: Vec<String>,
    pub vantages: Vec<Name>,
    pub served: Vec<Served>,
    pub note_count: u32,
    /// Of a list none has any.
    #[serde(default)]
    pub notes: Vec<Note>,
}

/// Why.
#[derive(Debug, Deserialize)]
pub(super) struct Cause {
    pub kind: String,
    pub origin: String,
    pub reason: String,
}

/// What the signal named from some time on; nobody if no origin.
#[derive(Debug, Deserialize)]
pub(super) struct Served {
    #[serde(default)]
    pub origin: Option<String>,
    #[serde(deserialize_with = "time")]
    pub from: Timestamp,
}

/// What somebody wrote of it; who, only for those who are told.
#[derive(Debug, Deserialize)]
pub(super) struct Note {
    #[serde(deserialize_with = "time")]
    pub at: Timestamp,
    #[serde(default)]
    pub who: Option<String>,
    pub text: String,
}
