//! How pools stand, step by step → incidents: what failed from when to when, why, seen from where,
//! what served meanwhile, and what people noted.
//!
//! An incident is open while its pool is amiss, and until it is well again: that nothing is known
//! of it ends none. What comes again within [`CALM`] is the same incident. The rows are a ring of
//! [`MOST`], overwritten in turn. One is written when something of its incident changes, and none
//! while nothing does.

mod answer;
mod lately;
mod query;
mod rows;

use serde::{Deserialize, Serialize};

use crate::defaults::incident::MOST_NAMES;
use crate::history::Window;
use crate::units::{Millis, Name, Timestamp};
use crate::verdict::Status;

pub use crate::defaults::incident::{CALM, KEPT, MOST};
pub use answer::{Document, Grounds, found, listed, told, within};
pub use lately::{Lately, Told, ToldNote, lately};
pub use query::{Cursor, FIELDS, MOST_LISTED, Query};
pub use rows::{NewNote, closed_to_notes, keys, noted, notes_key, recorded};

/// How a pool stands, as far as incidents go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is what opens an incident.
    Amiss,
    /// Nobody knows: nothing opens, and nothing is over.
    Unknown,
    /// It serves: what was open is over.
    Well,
}

impl State {
    /// What a status comes to, if warnings open incidents as well or if only failures do.
    #[must_use]
    pub const fn of(status: Status, warnings: bool) -> Self {
        match status {
            Status::Fail => Self::Amiss,
            Status::Warn if warnings => Self::Amiss,
            Status::Unknown => Self::Unknown,
            Status::Warn | Status::Pass => Self::Well,
        }
    }
}

/// What kind of evidence a cause rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Nothing answered, or no valid HTTP.
    NoAnswer,
    /// It answered, and not as expected.
    Answer,
    /// A cache answered because it could not reach the origin.
    Cache,
    /// A job did not report in time, or reported that it failed.
    Heartbeat,
}

/// Why a pool is amiss, in Vedette's own words: no address, and nothing that an origin sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// What it rests on.
    pub kind: Kind,
    /// The origin that it is about, by its name in the pool.
    pub origin: Name,
    /// The verdict's reason.
    pub reason: String,
}

/// What the signal named from some time on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Served {
    /// The origin; nobody if none.
    pub origin: Option<Name>,
    /// Since when.
    pub from: Timestamp,
}

/// How a pool stands at the end of a step in which something of it changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    /// The pool.
    pub pool: Name,
    /// Its verdict.
    pub status: Status,
    /// Since when.
    pub since: Timestamp,
    /// What that comes to.
    pub state: State,
    /// The origins that are not well.
    pub origins: Vec<Name>,
    /// The vantages that say so.
    pub vantages: Vec<Name>,
    /// Why, if it is amiss.
    pub cause: Option<Cause>,
    /// What the signal names; nothing for what takes no traffic.
    pub served: Option<Served>,
}

/// An incident as it is stored. Format version 1: fields are never renamed, new ones may be
/// missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    version: u32,
    /// Its number: 1 for the first that this storage ever had.
    pub number: u64,
    /// Its name for people and addresses: the pool, and when it opened.
    pub id: String,
    /// The pool.
    pub pool: Name,
    /// When it opened.
    pub opened: Timestamp,
    /// When it closed; nothing while it is open.
    pub closed: Option<Timestamp>,
    /// When the pool last fell again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reopened: Option<Timestamp>,
    /// How often the pool fell, the first time counted.
    pub times: u32,
    /// The worst that became of the pool.
    pub worst: Status,
    /// Why: what was first known of the worst.
    pub cause: Option<Cause>,
    /// The origins that were not well, in the order in which they fell.
    pub origins: Vec<Name>,
    /// The vantages that saw it.
    pub vantages: Vec<Name>,
    /// What served meanwhile, oldest first; empty for what takes no traffic.
    pub served: Vec<Served>,
    /// How many notes there are.
    pub notes: u32,
    /// For how long it failed until `since`, in milliseconds.
    fail_ms: u64,
    /// The same of warnings.
    warn_ms: u64,
    /// What stands.
    status: Status,
    /// From when on what stands is yet to be added.
    since: Timestamp,
}

impl Incident {
    /// The name of an incident of this pool that opened then: no other has it, and no later one
    /// gets it.
    #[must_use]
    pub fn id_of(pool: &Name, opened: Timestamp) -> String {
        let (mut rest, mut digits) = (opened.as_millis(), Vec::new());
        loop {
            let digit = u32::try_from(rest % 36).unwrap_or_default();
            digits.push(char::from_digit(digit, 36).unwrap_or('0'));
            rest /= 36;
            if rest == 0 {
                break;
            }
        }
        let time: String = digits.into_iter().rev().collect();
        format!("{pool}-{time}")
    }

    /// The pool that a name of an incident is of.
    #[must_use]
    pub fn pool_of(id: &str) -> Option<Name> {
        let (pool, time) = id.rsplit_once('-')?;
        let digits = time.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        Name::parse(pool).ok().filter(|_| digits && !time.is_empty() && time.len() <= 13)
    }

    fn begin(number: u64, observed: &Observed) -> Self {
        let opened = observed.since;
        Self {
            version: rows::VERSION,
            number,
            id: Self::id_of(&observed.pool, opened),
            pool: observed.pool.clone(),
            opened,
            closed: None,
            reopened: None,
            times: 1,
            worst: observed.status,
            cause: None,
            origins: Vec::new(),
            vantages: Vec::new(),
            served: Vec::new(),
            notes: 0,
            fail_ms: 0,
            warn_ms: 0,
            status: observed.status,
            since: opened,
        }
    }

    /// Takes in how the pool stands by now.
    fn follow(&mut self, observed: &Observed) {
        if observed.status != self.status {
            self.count(observed.since);
            self.status = observed.status;
        }
        match observed.state {
            State::Well => self.closed = Some(observed.since.max(self.opened)),
            State::Unknown => {}
            State::Amiss => {
                if self.closed.take().is_some() {
                    self.times = self.times.saturating_add(1);
                    self.reopened = Some(observed.since);
                }
                if self.cause.is_none() || observed.status > self.worst {
                    self.cause = observed.cause.clone().or_else(|| self.cause.take());
                }
                self.worst = self.worst.max(observed.status);
                add(&mut self.origins, &observed.origins);
                add(&mut self.vantages, &observed.vantages);
                let last = self.served.last();
                let served = observed.served.clone();
                let served = served.filter(|now| last.is_none_or(|last| last.origin != now.origin));
                let room = MOST_NAMES.saturating_sub(self.served.len());
                self.served.extend(served.into_iter().take(room));
            }
        }
    }

    /// Adds what stood until then to what is added up.
    fn count(&mut self, until: Timestamp) {
        let ms = until.since(self.since).get();
        self.since = until;
        if let Some(sum) = match self.status {
            Status::Fail => Some(&mut self.fail_ms),
            Status::Warn if self.closed.is_none() => Some(&mut self.warn_ms),
            Status::Warn | Status::Pass | Status::Unknown => None,
        } {
            *sum = sum.saturating_add(ms);
        }
    }

    /// Nobody looked meanwhile: that time is unknown, whatever stood.
    fn unseen(&mut self, Window { from, to }: Window) {
        if to > self.since {
            self.count(from.max(self.since));
            self.since = to;
        }
    }

    /// For how long its pool failed, as of `now`.
    #[must_use]
    pub fn fail(&self, now: Timestamp) -> Millis {
        let lasts = if self.status == Status::Fail { now.since(self.since) } else { Millis::ZERO };
        Millis::new(self.fail_ms).plus(lasts)
    }

    /// For how long its pool warned while it was open, as of `now`.
    #[must_use]
    pub fn warn(&self, now: Timestamp) -> Millis {
        let lasts = self.status == Status::Warn && self.closed.is_none();
        Millis::new(self.warn_ms).plus(if lasts { now.since(self.since) } else { Millis::ZERO })
    }

    /// From its opening to its closing, or to `now`.
    #[must_use]
    pub fn length(&self, now: Timestamp) -> Millis {
        self.closed.unwrap_or(now).since(self.opened)
    }
}

/// Adds those that are not there yet.
fn add(all: &mut Vec<Name>, some: &[Name]) {
    for one in some {
        if !all.contains(one) && all.len() < MOST_NAMES {
            all.push(one.clone());
        }
    }
}

#[cfg(test)]
mod tests;
