//! What somebody is about to change in a service, and what probes saw → whether it did what was
//! expected. Owner, expectation and the way back are kept in one place with the numbers.
//!
//! **Before** is pinned when a change starts: its samples are copied out of the vantages' rings, so
//! they cannot age away. **After** begins when the change is applied and the warm-up is over; what
//! lies between counts for neither. It is looked at as [`crate::compare`] says, and pinned at its
//! end. Both are read from the rings that vantages keep anyway, so probes cost nothing more.
//!
//! [`Changes`] decides and stores nothing; [`Changes::look`] turns what vantages say into a
//! judgement, in steps. Everything is a function of values and of `now`.

mod answer;
mod curves;
mod desk;
mod draft;
mod look;
mod markdown;
mod steps;

use serde::{Deserialize, Serialize};

use crate::compare::Verdict;
use crate::defaults::change::PLACES;
use crate::history::Window;
use crate::purge::Purged;
use crate::units::{Name, OriginId, Timestamp, Who};

pub use crate::defaults::change::{GIVE_UP, GRACE, KEPT, MOST_OPEN, RETRY, STEP};
pub use answer::{FIELDS, Grounds, MOST_LISTED, Query, keys, listed, told};
pub use desk::{Changes, Made, OpenRow, Refusal, is_closed};
pub use draft::{Bounds, CloseDraft, Draft, Plan};
pub use look::{Cut, Errand, Gathered, Known, Looked, Outcome, Part, Said};
pub use markdown::markdown;
pub use steps::{Heard, Piece, samples, steps};

/// Places for changes with what was measured of them: those that are kept, and those that are open.
const SLOTS: u64 = KEPT + MOST_OPEN as u64;

/// The format of every row.
const VERSION: u32 = 1;

/// One origin as one vantage sees it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Pair {
    /// The origin.
    pub origin: OriginId,
    /// The vantage.
    pub vantage: Name,
}

/// What became of a change in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It stays.
    Kept,
    /// It was taken back.
    RolledBack,
    /// It never came to be.
    Abandoned,
}

impl Fate {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::RolledBack => "rolled_back",
            Self::Abandoned => "abandoned",
        }
    }
}

/// How far a change is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// What was before is pinned, and it is not applied yet.
    Started,
    /// It is applied, and warms up.
    WarmingUp,
    /// What comes after it is measured.
    Measuring,
    /// All is measured, and the verdict stands.
    Judged,
    /// Somebody closed it.
    Closed,
}

/// How a change was closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closing {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub who: Who,
    /// What became of it.
    pub fate: Fate,
    /// What else is to be known; empty if nothing.
    pub note: String,
}

/// A change as it is stored. Format version 1: fields are never renamed, new ones may be missing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    version: u32,
    /// Its number: 1 for the first that this storage ever had.
    pub number: u64,
    /// What is to be done, and what is expected of it.
    pub plan: Plan,
    /// Who started it.
    pub who: Who,
    /// When.
    pub started: Timestamp,
    /// When it was applied; nothing before that.
    pub applied: Option<Timestamp>,
    /// How it was closed; nothing before that.
    pub closed: Option<Closing>,
    /// What is measured: each origin as each of its vantages sees it.
    pairs: Vec<Pair>,
    /// Where it lies once it is closed, and what was measured of it.
    slot: u64,
    /// Where its samples lie.
    place: u64,
    /// Vantages whose samples of before are missing.
    missing: Vec<Name>,
    /// Whether they are still asked for them.
    sought: bool,
    /// Vantages that did not answer when the time after was looked at.
    silent: Vec<Name>,
    /// Origins that nobody watches any more.
    gone: Vec<OriginId>,
    /// Times that are cut out of the time before.
    cuts: Vec<Cut>,
    /// The same of the time after, as the last look knew them.
    cuts_after: Vec<Cut>,
    /// How often the time after was looked at.
    looks: usize,
    /// The verdict of the last look.
    verdict: Option<Verdict>,
    /// The same in a sentence.
    sentence: Option<String>,
    /// Whether that stands for good.
    settled: bool,
    /// What was cleared for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    purges: Vec<Purged>,
}

impl Change {
    /// Its name for people and addresses.
    #[must_use]
    pub fn id(&self) -> String {
        id(self.number)
    }

    /// The time before.
    #[must_use]
    pub fn before(&self) -> Window {
        Window { from: self.started.minus(self.plan.before), to: self.started }
    }

    /// The planned time after, once it is applied.
    #[must_use]
    pub fn after(&self) -> Option<Window> {
        let from = self.applied?.plus(self.plan.warm_up);
        Some(Window { from, to: from.plus(self.plan.after) })
    }

    /// How far it is.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> State {
        match self.after() {
            _ if self.closed.is_some() => State::Closed,
            None => State::Started,
            Some(_) if self.settled => State::Judged,
            Some(after) if now < after.from => State::WarmingUp,
            Some(_) => State::Measuring,
        }
    }

    /// What is cut out of both windows.
    fn all_cuts(&self) -> impl Iterator<Item = &Cut> {
        self.cuts.iter().chain(&self.cuts_after)
    }

    /// The verdict so far; nothing before the first look.
    #[must_use]
    pub const fn verdict(&self) -> Option<Verdict> {
        self.verdict
    }

    /// The same in a sentence.
    #[must_use]
    pub fn sentence(&self) -> Option<&str> {
        self.sentence.as_deref()
    }

    /// The time in which another change of one of its origins confounds it: from the beginning of
    /// its time before to the end of its time after, or to `now` while that is not known.
    fn span(&self, now: Timestamp) -> Window {
        let closed = self.closed.as_ref().map(|closing| closing.at);
        let planned = self.after().map(|after| after.to);
        let to = match (closed, planned) {
            (Some(closed), Some(planned)) => closed.min(planned),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => now,
        };
        Window { from: self.before().from, to: to.max(self.started) }
    }

    /// Whether the other one may be the reason of what is seen of this one: they share an origin,
    /// and one was under way while the other was measured.
    #[must_use]
    pub fn is_confounded_by(&self, other: &Self, now: Timestamp) -> bool {
        let shares = self.plan.origins.iter().any(|origin| other.plan.origins.contains(origin));
        let (one, two) = (self.span(now), other.span(now));
        shares && self.number != other.number && one.from < two.to && two.from < one.to
    }
}

/// The name of the change of this number.
#[must_use]
pub fn id(number: u64) -> String {
    format!("change-{number}")
}

/// The number in such a name.
#[must_use]
pub fn number_of(id: &str) -> Option<u64> {
    let number = id.strip_prefix("change-")?.parse().ok().filter(|number| *number > 0)?;
    (self::id(number) == id).then_some(number)
}

#[cfg(test)]
mod tests;
