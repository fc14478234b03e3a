//! Calls between the deployment's own objects: which there are, and how each is spelled. Whoever
//! calls writes it by `path`, and the object that is called reads it by `parse`. While a deployment
//! rolls out the two may be of two releases, so a spelling stays.

use crate::snapshot::Part;
use crate::units::{Name, OriginId};

/// A call of the Arbiter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArbiterCall {
    /// A vantage object reports: the body is a report.
    Report,
    /// A job has sent a heartbeat.
    Beat(OriginId),
    /// Live requests found an origin wanting.
    Suspect(OriginId),
    /// Somebody follows the signal of a pool: a WebSocket.
    Follow(Name),
    /// It is to look at the clock.
    Wake,
    /// Somebody changes something: the body is a `Write`.
    Write,
    /// Somebody reads the audit log.
    Audit,
    /// Somebody reads a part of the snapshot.
    Snapshot(Part),
}

impl ArbiterCall {
    /// The path of its address.
    #[must_use]
    pub fn path(&self) -> String {
        match self {
            Self::Report => "report".to_owned(),
            Self::Beat(id) => format!("beat/{id}"),
            Self::Suspect(id) => format!("doubt/{id}"),
            Self::Follow(pool) => format!("follow/{pool}"),
            Self::Wake => "wake".to_owned(),
            Self::Write => "write".to_owned(),
            Self::Audit => "audit".to_owned(),
            Self::Snapshot(part) => format!("snapshot/{}", part.path()),
        }
    }

    /// The call of such a path, if there is one.
    #[must_use]
    pub fn parse(path: &str) -> Option<Self> {
        let (word, rest) = path.split_once('/').unwrap_or((path, ""));
        match word {
            "report" if rest.is_empty() => Some(Self::Report),
            "wake" if rest.is_empty() => Some(Self::Wake),
            "write" if rest.is_empty() => Some(Self::Write),
            "audit" if rest.is_empty() => Some(Self::Audit),
            "beat" => OriginId::parse(rest).map(Self::Beat),
            "doubt" => OriginId::parse(rest).map(Self::Suspect),
            "follow" => Name::parse(rest).ok().map(Self::Follow),
            "snapshot" => Part::parse(rest).map(Self::Snapshot),
            _ => None,
        }
    }
}

/// A call of a vantage object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VantageCall {
    /// It is to have its alarm set.
    Arm,
    /// It is to look at origins at once: the body names one in each line.
    ProbeNow,
}

impl VantageCall {
    /// The path of its address.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::Arm => "arm",
            Self::ProbeNow => "hurry",
        }
    }

    /// The call of such a path, if there is one.
    #[must_use]
    pub fn parse(path: &str) -> Option<Self> {
        [Self::Arm, Self::ProbeNow].into_iter().find(|call| call.path() == path)
    }
}

#[cfg(test)]
#[path = "calls/tests.rs"]
mod tests;
