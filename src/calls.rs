//! Calls between the deployment's own objects: which there are, and how each is spelled. Whoever
//! calls writes it by `path`, and the object that is called reads it by `parse`. While a deployment
//! rolls out the two may be of two releases, so a spelling stays.

use crate::change;
use crate::history::{Query, SampleQuery};
use crate::incident::{self, Incident};
use crate::snapshot::{Followed, Part};
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
    /// Somebody follows the signal of a pool, or all of them: a WebSocket.
    Follow(Followed),
    /// It is to look at the clock.
    Wake,
    /// Somebody changes something: the body is a `Write`.
    Write,
    /// Somebody reads the audit log.
    Audit,
    /// Somebody reads a part of the snapshot.
    Snapshot(Part),
    /// Somebody reads the history of an origin.
    History(Query),
    /// Somebody reads for how long a pool, or one origin of it, stood how.
    Availability(Name, Option<Name>),
    /// The same by the day as well; without a pool of every one.
    Days(Option<Name>, Option<Name>),
    /// Somebody reads incidents.
    Incidents(incident::Query),
    /// Customers read those that are open and those that are lately over.
    Lately,
    /// Somebody reads one, by its id, who may see everything or not.
    Incident(String, bool),
    /// Somebody reads changes of the service.
    Changes(change::Query),
    /// Somebody reads one, by its id, as Markdown or as JSON.
    Change(String, bool),
}

impl ArbiterCall {
    /// The path of its address.
    #[must_use]
    pub fn path(&self) -> String {
        match self {
            Self::Report => "report".to_owned(),
            Self::Beat(id) => format!("beat/{id}"),
            Self::Suspect(id) => format!("doubt/{id}"),
            Self::Follow(Followed::One(pool)) => format!("follow/{pool}"),
            Self::Follow(Followed::All) => "follow".to_owned(),
            Self::Wake => "wake".to_owned(),
            Self::Write => "write".to_owned(),
            Self::Audit => "audit".to_owned(),
            Self::Snapshot(part) => format!("snapshot/{}", part.path()),
            Self::History(query) => format!("history/{}", query.path()),
            Self::Availability(pool, None) => format!("availability/{pool}"),
            Self::Availability(pool, Some(origin)) => format!("availability/{pool}/{origin}"),
            Self::Days(None, _) => "days".to_owned(),
            Self::Days(Some(pool), None) => format!("days/{pool}"),
            Self::Days(Some(pool), Some(origin)) => format!("days/{pool}/{origin}"),
            Self::Incidents(query) => format!("incidents/{}", query.path()),
            Self::Lately => "lately".to_owned(),
            Self::Incident(id, all) => format!("incident/{}/{id}", u8::from(*all)),
            Self::Changes(query) => format!("changes/{}", query.path()),
            Self::Change(id, markdown) => format!("change/{}/{id}", u8::from(*markdown)),
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
            "follow" if path == "follow" => Some(Self::Follow(Followed::All)),
            "follow" => Name::parse(rest).ok().map(|pool| Self::Follow(Followed::One(pool))),
            "snapshot" => Part::parse(rest).map(Self::Snapshot),
            "history" => Query::parse(rest).map(Self::History),
            "lately" if path == "lately" => Some(Self::Lately),
            "incidents" => incident::Query::parse(rest).map(Self::Incidents),
            "incident" => {
                let (all, id) = rest.split_once('/')?;
                let known = Incident::pool_of(id).is_some() && ["0", "1"].contains(&all);
                known.then(|| Self::Incident(id.to_owned(), all == "1"))
            }
            "changes" => change::Query::parse(rest).map(Self::Changes),
            "change" => {
                let (markdown, id) = rest.split_once('/')?;
                let known = change::number_of(id).is_some() && ["0", "1"].contains(&markdown);
                known.then(|| Self::Change(id.to_owned(), markdown == "1"))
            }
            "availability" => match OriginId::parse(rest) {
                Some(OriginId { pool, origin }) => Some(Self::Availability(pool, Some(origin))),
                None => Name::parse(rest).ok().map(|pool| Self::Availability(pool, None)),
            },
            "days" if path == "days" => Some(Self::Days(None, None)),
            "days" => match OriginId::parse(rest) {
                Some(OriginId { pool, origin }) => Some(Self::Days(Some(pool), Some(origin))),
                None => Name::parse(rest).ok().map(|pool| Self::Days(Some(pool), None)),
            },
            _ => None,
        }
    }
}

/// A call of a vantage object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VantageCall {
    /// It is to have its alarm set.
    Arm,
    /// It is to look at origins at once: the body names one in each line.
    ProbeNow,
    /// Somebody reads its samples.
    Samples(SampleQuery),
    /// The Arbiter reads them, as a row of the ring.
    Kept(SampleQuery),
}

impl VantageCall {
    /// The path of its address.
    #[must_use]
    pub fn path(&self) -> String {
        match self {
            Self::Arm => "arm".to_owned(),
            Self::ProbeNow => "hurry".to_owned(),
            Self::Samples(query) => format!("samples/{}", query.path()),
            Self::Kept(query) => format!("kept/{}", query.path()),
        }
    }

    /// The call of such a path, if there is one.
    #[must_use]
    pub fn parse(path: &str) -> Option<Self> {
        match path {
            "arm" => Some(Self::Arm),
            "hurry" => Some(Self::ProbeNow),
            other => match other.split_once('/')? {
                ("samples", rest) => SampleQuery::parse(rest).map(Self::Samples),
                ("kept", rest) => SampleQuery::parse(rest).map(Self::Kept),
                _ => None,
            },
        }
    }
}

/// The field of the answer to a report that says which rollups the Arbiter has.
pub const HANDED_ON: &str = "vedette-handed-on";

/// The field of the answer to a reader that says which step of its counts was taken.
pub const COUNTED: &str = "vedette-counted";

/// What stands in it: the life of the vantage's ring, and the number of the last rollup.
#[must_use]
pub fn handed_on(life: u64, seq: u64) -> String {
    format!("{life}/{seq}")
}

/// The life and the number that it says.
#[must_use]
pub fn parse_handed_on(text: &str) -> Option<(u64, u64)> {
    let (life, seq) = text.split_once('/')?;
    Some((life.parse().ok()?, seq.parse().ok()?))
}

#[cfg(test)]
#[path = "calls/tests.rs"]
mod tests;
