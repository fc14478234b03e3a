//! Verdicts → the origin that traffic should go to: the failover signal.
//!
//! Usable, in this order of preference: pass, warn, unknown; among equals the lowest `priority`, then the order of the file. If
//! all fail there is nowhere to go, and the signal says so.

use crate::units::Name;
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
}

/// How the reason for a choice ends if no origin that should come before was passed over.
pub const FIRST: &str = "first by priority";

/// Chooses by priority.
#[must_use]
pub fn by_priority(candidates: &[Candidate<'_>]) -> Choice {
    let usable = candidates.iter().filter(|candidate| candidate.status != Status::Fail);
    let Some(best) = usable.min_by_key(|candidate| (candidate.status, candidate.priority)) else {
        return Choice::Nowhere;
    };
    let passed_over: Vec<String> = candidates
        .iter()
        .filter(|other| other.priority < best.priority && other.status > best.status)
        .map(|other| format!("{} is {}", other.name, word(other.status)))
        .collect();
    let reason = if passed_over.is_empty() {
        format!("{} is {} and {FIRST}", best.name, word(best.status))
    } else {
        format!("{} is {}; {}", best.name, word(best.status), passed_over.join(", "))
    };
    Choice::Origin { name: best.name.clone(), reason }
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
