//! What somebody with a token changes while the worker runs → what stands then, and who did it.
//!
//! What can be edited: the announcement at the top of the page, what is noted of an incident, and
//! the changes of a service that are verified ([`crate::change`]). Copies of answers can be cleared
//! ([`crate::purge`]). Every edit has an entry in the audit log, with what stood before and after.
//! One that is sent again with the same `Idempotency-Key` within a day is answered as the first
//! time, and changes nothing.

mod ledger;

use serde::{Deserialize, Serialize};

use crate::change::{CloseDraft, Plan, Refusal};
use crate::config::bounded;
use crate::purge::{Purge, Purged};
use crate::units::{Timestamp, Who};

pub use crate::defaults::writes::{ENTRIES, LONGEST, MAX_NOTE, MAX_TEXT, MAX_TITLE, MOST_NOTES};
pub use ledger::{Entry, Ledger, Stored};

/// How grave an announcement is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Something to know.
    #[default]
    Info,
    /// Something is, or will be, amiss.
    Warn,
}

/// What somebody wants announced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Draft {
    /// What is read first (1 to 80 characters, one line).
    pub title: String,
    /// The rest (at most 1,000 characters).
    #[serde(default)]
    pub text: String,
    /// How grave it is.
    #[serde(default)]
    pub level: Level,
    /// Until when it stands, as RFC 3339 writes it; until it is taken away if nothing is written.
    #[serde(default)]
    pub until: Option<String>,
}

impl Draft {
    /// Holds it to its bounds.
    ///
    /// # Errors
    /// What is wrong with it, and what to write.
    pub fn check(&self, now: Timestamp) -> Result<(), String> {
        bounded("title", &self.title, 1..=MAX_TITLE, false)?;
        bounded("text", &self.text, 0..=MAX_TEXT, true)?;
        let Some(text) = &self.until else { return Ok(()) };
        match Timestamp::parse(text) {
            Some(until) if until > now && until <= now.plus(LONGEST) => Ok(()),
            Some(_) => Err("until is past, or more than 366 days away; write a time between".to_owned()),
            None => Err("until is not a time; write it as \"2026-11-28T18:00:00Z\"".to_owned()),
        }
    }
}

/// What somebody wants noted of an incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoteDraft {
    /// What (1 to 2,000 characters).
    pub text: String,
}

impl NoteDraft {
    /// Holds it to its bounds.
    ///
    /// # Errors
    /// What is wrong with it, and what to write.
    pub fn check(&self) -> Result<(), String> {
        bounded("text", &self.text, 1..=MAX_NOTE, true)
    }
}

/// What is announced. Format version 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announcement {
    /// What is read first.
    pub title: String,
    /// The rest; empty if there is none.
    pub text: String,
    /// How grave it is.
    pub level: Level,
    /// Since when.
    pub since: Timestamp,
    /// Until when, if it ends by itself.
    pub until: Option<Timestamp>,
    /// The number of the change that made it.
    pub version: u64,
}

impl Announcement {
    /// Whether it stands at `now`.
    #[must_use]
    pub fn stands(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }

    /// Its entity tag.
    #[must_use]
    pub fn tag(&self) -> String {
        format!("\"{}\"", self.version)
    }
}

/// What somebody noted of an incident. Format version 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub who: Who,
    /// What (1 to 2,000 characters).
    pub text: String,
}

/// What is to be changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Edit {
    /// This is to be announced.
    Put(Draft),
    /// Nothing is.
    Delete,
    /// This is to be noted of an incident.
    Note {
        /// The incident, by its name.
        incident: String,
        /// What.
        text: String,
    },
    /// This change of a service begins.
    Start(Box<Plan>),
    /// The change of this name is applied now.
    Apply(String),
    /// The change of this name is closed.
    Close {
        /// Which.
        id: String,
        /// How.
        draft: CloseDraft,
    },
    /// These copies count no longer.
    Purge(Box<Purge>),
}

impl Edit {
    /// Whether it is of the announcement, which stands or does not: that may be a condition.
    const fn is_of_the_announcement(&self) -> bool {
        matches!(self, Self::Put(_) | Self::Delete)
    }

    /// Whether it is one of a change of a service.
    #[must_use]
    pub const fn is_of_changes(&self) -> bool {
        matches!(self, Self::Start(_) | Self::Apply(_) | Self::Close { .. })
    }
}

/// A change, and who wants it on which conditions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Write {
    /// Who.
    pub who: Who,
    /// What.
    #[serde(rename = "change")]
    pub edit: Edit,
    /// `If-Match`, if sent.
    pub if_match: Option<String>,
    /// `Idempotency-Key`, if sent.
    pub key: Option<String>,
}

/// What became of a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is made, now or when it was sent first; this stands by it.
    Done(Option<Announcement>),
    /// It is noted, now or when it was sent first.
    Noted(Note),
    /// It is made of the change of a service of this name, which reads so now.
    Change {
        /// The name.
        id: String,
        /// JSON; empty until it is read.
        told: String,
    },
    /// It is not made, for this reason.
    NoChange(Refusal),
    /// It is cleared, now or when it was sent first.
    Purged(Box<Purged>),
    /// There is no such incident.
    NoIncident,
    /// The incident has as many notes as it may.
    NotesFull,
    /// There is nothing to take away.
    Nothing,
    /// What stands is another than the sender knows.
    Changed,
    /// Something stands, and the sender does not say what it knows.
    Unconditional,
    /// The key belongs to another change.
    KeyTaken,
    /// No more today.
    TooMany,
}

#[cfg(test)]
mod tests;
