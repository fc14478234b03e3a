//! What is observed of pools, and what people note → the rows of incidents that change.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{CALM, Incident, MOST, Observed, State};
use crate::history::{HistoryRow, Window};
use crate::json;
use crate::units::{Name, Timestamp};
use crate::writes::{MOST_NOTES, Note, Outcome};

/// The format of every row.
pub(super) const VERSION: u32 = 1;

/// The key of the row that says which incidents are open.
const HEAD: &str = "incidents";

/// Which incident was the last, and the last of each pool that is open or may open again. Format
/// version 1.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct HeadRow {
    version: u32,
    /// The number of the last incident.
    pub(super) number: u64,
    pools: BTreeMap<Name, Latest>,
}

/// The last incident of a pool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Latest {
    number: u64,
    closed: Option<Timestamp>,
}

/// What people noted of one incident. Format version 1.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct NotesRow {
    version: u32,
    id: String,
    notes: Vec<Note>,
}

/// A note that is to be kept with its incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewNote {
    /// The name of the incident.
    pub id: String,
    /// What is noted.
    pub note: Note,
}

/// The keys of all incidents and of the row that says which was the last.
#[must_use]
pub const fn keys() -> std::ops::Range<&'static str> {
    // A row is `incident/` and a place, that of the head `incidents`.
    "incident/".."incidentt"
}

/// The key of the row of an incident.
pub(super) fn key(number: u64) -> String {
    format!("incident/{}", number % MOST)
}

/// The key of the row of an incident's notes.
#[must_use]
pub fn notes_key(number: u64) -> String {
    format!("notes/{}", number % MOST)
}

pub(super) fn head(stored: &dyn Fn(&str) -> Option<String>) -> HeadRow {
    let head = stored(HEAD).and_then(|text| json::read::<HeadRow>(&text));
    head.filter(|head| head.version == VERSION).unwrap_or_default()
}

/// The pools whose incident is open, and its number.
pub(super) fn opens(head: &HeadRow) -> impl Iterator<Item = (&Name, u64)> {
    let open = head.pools.iter().filter(|(_, latest)| latest.closed.is_none());
    open.map(|(pool, latest)| (pool, latest.number))
}

/// The incident of a number; nothing if its row is another's by now, or is not understood.
pub(super) fn incident(stored: &dyn Fn(&str) -> Option<String>, number: u64) -> Option<Incident> {
    let row = stored(&key(number)).and_then(|text| json::read::<Incident>(&text));
    row.filter(|row| row.version == VERSION && row.number == number)
}

/// The notes of an incident, oldest first.
#[must_use]
pub fn noted(stored: &dyn Fn(&str) -> Option<String>, incident: &Incident) -> Vec<Note> {
    let row = stored(&notes_key(incident.number)).and_then(|text| json::read::<NotesRow>(&text));
    let row = row.filter(|row| row.version == VERSION && row.id == incident.id);
    row.map(|row| row.notes).unwrap_or_default()
}

/// Why nothing more can be noted of an incident, if so.
#[must_use]
pub fn closed_to_notes(stored: &dyn Fn(&str) -> Option<String>, id: &str) -> Option<Outcome> {
    match super::found(stored, id) {
        None => Some(Outcome::NoIncident),
        Some(incident) => (incident.notes >= MOST_NOTES).then_some(Outcome::NotesFull),
    }
}

/// What is stored, and what of it changes.
struct Changing<'a> {
    stored: &'a dyn Fn(&str) -> Option<String>,
    head: HeadRow,
    before: HeadRow,
    incidents: BTreeMap<u64, (Option<Incident>, Incident)>,
}

impl Changing<'_> {
    /// The incident of a number, as it is by now.
    fn get(&mut self, number: u64) -> Option<&mut Incident> {
        if !self.incidents.contains_key(&number) {
            let known = incident(self.stored, number)?;
            self.incidents.insert(number, (Some(known.clone()), known));
        }
        self.incidents.get_mut(&number).map(|(_, incident)| incident)
    }

    /// Nobody looked in that time.
    fn unseen(&mut self, away: Window) {
        let open = self.head.pools.values().filter(|latest| latest.closed.is_none());
        let open: Vec<u64> = open.map(|latest| latest.number).collect();
        for number in open {
            if let Some(incident) = self.get(number) {
                incident.unseen(away);
            }
        }
    }

    fn see(&mut self, observed: &Observed) {
        let latest = self.head.pools.get(&observed.pool).cloned();
        let goes_on = latest.filter(|latest| {
            let soon = |closed: Timestamp| observed.since.since(closed) < CALM;
            latest.closed.is_none_or(|closed| observed.state == State::Amiss && soon(closed))
        });
        let number = goes_on.map(|latest| latest.number).filter(|number| self.get(*number).is_some());
        let number = match (number, observed.state) {
            (Some(number), _) => number,
            (None, State::Amiss) => self.open(observed),
            (None, State::Unknown | State::Well) => {
                // One that is open and cannot be read is over.
                self.head.pools.retain(|pool, latest| *pool != observed.pool || latest.closed.is_some());
                return;
            }
        };
        let Some(incident) = self.get(number) else { return };
        incident.follow(observed);
        let closed = incident.closed;
        self.head.pools.insert(observed.pool.clone(), Latest { number, closed });
    }

    fn open(&mut self, observed: &Observed) -> u64 {
        self.head.number = self.head.number.saturating_add(1);
        let number = self.head.number;
        self.incidents.insert(number, (None, Incident::begin(number, observed)));
        // What closed long ago does not open again, and what was overwritten cannot.
        self.head.pools.retain(|_, latest| {
            let recent = latest.closed.is_none_or(|closed| observed.since.since(closed) < CALM);
            recent && latest.number.saturating_add(MOST) > number
        });
        number
    }

    fn rows(mut self) -> Vec<HistoryRow> {
        self.head.version = VERSION;
        let changed = self.incidents.values().filter(|(before, after)| before.as_ref() != Some(after));
        let mut rows: Vec<HistoryRow> = changed
            .map(|(_, after)| HistoryRow { key: key(after.number), text: json::write(after) })
            .collect();
        if self.head.number != self.before.number || self.head.pools != self.before.pools {
            rows.push(HistoryRow { key: HEAD.to_owned(), text: json::write(&self.head) });
        }
        rows
    }
}

/// The rows that change by what is observed, by a time in which nobody looked, and by a note.
/// `stored` gives the text of a row that is stored. All of them are to be written in one
/// transaction.
#[must_use]
pub fn recorded(
    stored: &dyn Fn(&str) -> Option<String>,
    observed: &[Observed],
    away: Option<Window>,
    note: Option<&NewNote>,
) -> Vec<HistoryRow> {
    if observed.is_empty() && away.is_none() && note.is_none() {
        return Vec::new();
    }
    let head = head(stored);
    let mut changing = Changing { stored, before: head.clone(), head, incidents: BTreeMap::new() };
    if let Some(away) = away {
        changing.unseen(away);
    }
    for observed in observed {
        changing.see(observed);
    }
    let notes = note.and_then(|new| {
        let number = super::found(stored, &new.id)?.number;
        let mut notes = noted(stored, changing.get(number)?);
        notes.push(new.note.clone());
        changing.get(number)?.notes = u32::try_from(notes.len()).unwrap_or(u32::MAX);
        let row = NotesRow { version: VERSION, id: new.id.clone(), notes };
        Some(HistoryRow { key: notes_key(number), text: json::write(&row) })
    });
    changing.rows().into_iter().chain(notes).collect()
}
