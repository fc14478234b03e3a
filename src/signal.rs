//! Verdicts → the origin that traffic should go to: the failover signal.
//!
//! Usable, in this order of preference: pass, warn, unknown; among equals the lowest `priority`,
//! then the order of the file. One that recovered waits out its `failback_delay` first, unless
//! nothing else passes or warns. If all fail there is nowhere to go, and the signal says so. With
//! fewer usable origins than `panic` allows, but not none, all count as usable: the verdicts that
//! leave so little are doubted, waiting ends, and the choice says so (Envoy's panic threshold).

use crate::units::{Name, Ratio, Timestamp};
use crate::verdict::Status;

/// One origin as steering sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate<'a> {
    /// Its name within the pool.
    pub name: &'a Name,
    /// Lower serves first.
    pub priority: u32,
    /// Its verdict.
    pub status: Status,
    /// Until when it takes no traffic although it is fit for it, for it has recovered only lately.
    pub waits_until: Option<Timestamp>,
}

/// Where traffic should go, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// To this origin.
    Origin {
        /// Its name.
        name: Name,
        /// Why it, in words.
        reason: String,
    },
    /// Nowhere: every origin fails.
    Nowhere,
    /// Nowhere, for nothing here takes traffic.
    Routeless {
        /// What is said in its place.
        summary: String,
    },
}

impl Choice {
    /// The origin that is named.
    #[must_use]
    pub const fn origin(&self) -> Option<&Name> {
        match self {
            Self::Origin { name, .. } => Some(name),
            Self::Nowhere | Self::Routeless { .. } => None,
        }
    }

    /// Why, in words.
    #[must_use]
    pub const fn reason(&self) -> &str {
        match self {
            Self::Origin { reason, .. } => reason.as_str(),
            Self::Routeless { summary } => summary.as_str(),
            Self::Nowhere => "every origin fails",
        }
    }
}

/// Whether fewer origins are usable than the share `panic` of them, but not none.
#[must_use]
pub fn in_panic(candidates: &[Candidate<'_>], panic: Option<Ratio>) -> bool {
    let usable = candidates.iter().filter(|candidate| candidate.status != Status::Fail).count() as u64;
    let needed = panic.map_or(0, |share| share.of_rounded_up(candidates.len() as u64));
    usable > 0 && usable < needed
}

/// The order of preference, the least first: whether it is in doubt (what waits is better than what
/// nobody knows anything about), whether it waits, its status, its priority.
pub(crate) fn rank(candidate: &Candidate<'_>, panic: bool) -> (bool, bool, Status, u32) {
    let doubtful = matches!(candidate.status, Status::Unknown | Status::Fail);
    (doubtful, candidate.waits_until.is_some() && !panic, candidate.status, candidate.priority)
}

/// Chooses by priority. `panic` is what [`in_panic`] said.
#[must_use]
pub fn by_priority(candidates: &[Candidate<'_>], panic: bool) -> Choice {
    let waits = |candidate: &Candidate<'_>| candidate.waits_until.is_some() && !panic;
    let usable = candidates.iter().filter(|candidate| candidate.status != Status::Fail);
    let Some(best) = usable.min_by_key(|candidate| rank(candidate, panic)) else {
        return Choice::Nowhere;
    };
    let passed_over = candidates.iter().filter(|other| other.priority < best.priority).filter_map(|other| {
        let why = match other.waits_until {
            Some(until) if waits(other) && other.status <= Status::Warn => {
                format!("recovered and waits until {until}")
            }
            _ if other.status > best.status => word(other.status).to_owned(),
            _ => return None,
        };
        Some(format!("{} is {why}", other.name))
    });
    let passed_over: Vec<String> = passed_over.collect();
    let mut reason = if passed_over.is_empty() {
        format!("{} is {} and first by priority", best.name, word(best.status))
    } else {
        format!("{} is {}; {}", best.name, word(best.status), passed_over.join(", "))
    };
    if panic {
        let usable = candidates.iter().filter(|candidate| candidate.status != Status::Fail).count();
        reason = format!(
            "panic: only {usable} of {} origins are usable, so all count as usable; {reason}",
            candidates.len()
        );
    }
    Choice::Origin { name: best.name.clone(), reason }
}

/// What is said of a monitor in the place of where traffic should go.
#[must_use]
pub const fn alone(status: Status) -> &'static str {
    match status {
        Status::Pass => "it passes",
        Status::Warn => "it passes, with a warning",
        Status::Unknown => "nothing fresh is known of it",
        Status::Fail => "it fails",
    }
}

const fn word(status: Status) -> &'static str {
    match status {
        Status::Pass => "passing",
        Status::Warn => "passing with a warning",
        Status::Unknown => "unknown",
        Status::Fail => "failing",
    }
}

#[cfg(test)]
mod tests;
