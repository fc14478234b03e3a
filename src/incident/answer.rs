//! Stored rows → incidents, and incidents → what is told of them.

use serde::Serialize;

use super::rows::{head, incident, noted};
use super::{Cause, Incident, KEPT, MOST, Query, Served};
use crate::json::{self, Shown};
use crate::units::{Fingerprint, Millis, Name, Timestamp, Who};
use crate::writes::Note;

/// What an answer is made of.
pub struct Grounds<'a> {
    /// The text of a row that is stored.
    pub stored: &'a dyn Fn(&str) -> Option<String>,
    /// Whether a pool is told of to whoever asks.
    pub shown: &'a dyn Fn(&Name) -> bool,
    /// The configuration, which a cursor names.
    pub config: Fingerprint,
    /// Now.
    pub now: Timestamp,
}

/// The incidents that a question is about, the latest first. A row that is not understood, or is
/// older than it is kept, is left out.
pub fn within<'a>(grounds: &'a Grounds<'a>, query: &'a Query) -> impl Iterator<Item = Incident> + use<'a> {
    let newest = head(grounds.stored).number;
    let oldest = newest.saturating_sub(MOST).saturating_add(1).max(1);
    let first = query.before.map_or(newest, |before| newest.min(before.saturating_sub(1)));
    let kept = move |one: &Incident| one.closed.is_none_or(|closed| grounds.now.since(closed) <= KEPT);
    let asked = move |one: &Incident| {
        query.pool.as_ref().is_none_or(|pool| *pool == one.pool)
            && query.open.is_none_or(|open| open == one.closed.is_none())
            && query.from.is_none_or(|from| one.closed.is_none_or(|closed| closed >= from))
            && query.to.is_none_or(|to| one.opened < to)
            && (grounds.shown)(&one.pool)
    };
    (oldest..=first)
        .rev()
        .filter_map(|number| incident(grounds.stored, number))
        .filter(move |one| kept(one) && asked(one))
}

/// The incident of a name.
#[must_use]
pub fn found(stored: &dyn Fn(&str) -> Option<String>, id: &str) -> Option<Incident> {
    let newest = head(stored).number;
    let oldest = newest.saturating_sub(MOST).saturating_add(1).max(1);
    (oldest..=newest).rev().filter_map(|number| incident(stored, number)).find(|one| one.id == id)
}

/// An incident as programs read it. Of one that is open its lengths are left out: they grow while
/// the answer lies in a cache.
#[derive(Clone, Debug, Serialize)]
pub struct Document<'a> {
    id: &'a str,
    pool: &'a Name,
    status: &'static str,
    opened: Shown<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    closed: Option<Shown<Timestamp>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    length_s: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fail_s: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    warn_s: Option<u64>,
    times: u32,
    worst: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<&'a Cause>,
    origins: &'a [Name],
    vantages: &'a [Name],
    served: Vec<ShownServed<'a>>,
    note_count: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    notes: Option<Vec<ShownNote<'a>>>,
}

#[derive(Clone, Debug, Serialize)]
struct ShownServed<'a> {
    origin: Option<&'a Name>,
    from: Shown<Timestamp>,
}

#[derive(Clone, Debug, Serialize)]
struct ShownNote<'a> {
    at: Shown<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    who: Option<&'a Who>,
    text: &'a str,
}

impl<'a> Document<'a> {
    /// Without its notes.
    #[must_use]
    pub fn of(incident: &'a Incident) -> Self {
        let over = incident.closed;
        let seconds = |length: fn(&Incident, Timestamp) -> Millis| Some(length(incident, over?).as_secs());
        let served =
            |served: &'a Served| ShownServed { origin: served.origin.as_ref(), from: Shown(served.from) };
        Self {
            id: &incident.id,
            pool: &incident.pool,
            status: if over.is_some() { "closed" } else { "open" },
            opened: Shown(incident.opened),
            closed: over.map(Shown),
            length_s: seconds(Incident::length),
            fail_s: seconds(Incident::fail),
            warn_s: seconds(Incident::warn),
            times: incident.times,
            worst: incident.worst.as_str(),
            cause: incident.cause.as_ref(),
            origins: &incident.origins,
            vantages: &incident.vantages,
            served: incident.served.iter().map(served).collect(),
            note_count: incident.notes,
            notes: None,
        }
    }

    /// With its notes, and, if they are named, who wrote each.
    #[must_use]
    pub fn with(incident: &'a Incident, notes: &'a [Note], named: bool) -> Self {
        let shown = |note: &'a Note| ShownNote {
            at: Shown(note.at),
            who: named.then_some(&note.who),
            text: &note.text,
        };
        Self { notes: Some(notes.iter().map(shown).collect()), ..Self::of(incident) }
    }
}

/// A part of the list.
#[derive(Serialize)]
struct Listed<'a> {
    incidents: Vec<Document<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// The answer to a question, as JSON.
#[must_use]
pub fn listed(grounds: &Grounds<'_>, query: &Query) -> String {
    let mut page: Vec<Incident> = within(grounds, query).take(query.limit.saturating_add(1)).collect();
    let more = page.len() > query.limit;
    page.truncate(query.limit);
    let last = page.last().filter(|_| more).map(|last| last.number);
    let next = last.map(|before| super::Cursor { config: grounds.config, before }.to_string());
    json::write(&Listed { incidents: page.iter().map(Document::of).collect(), next })
}

/// One incident with its notes, as JSON; nothing if it is not told of to whoever asks.
#[must_use]
pub fn told(grounds: &Grounds<'_>, id: &str, all: bool) -> Option<String> {
    let query = Query { all, ..Query::default() };
    let incident = within(grounds, &query).find(|one| one.id == id)?;
    let notes = noted(grounds.stored, &incident);
    Some(json::write(&Document::with(&incident, &notes, all)))
}
