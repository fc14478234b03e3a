//! What is stored of incidents → what customers are told of them: those that are open, those that
//! are lately over, and the latest notes of each. No origin, no vantage, no reason and no writer is
//! in it, and nothing of what is hidden.

use serde::{Deserialize, Serialize};

use super::rows::{head, incident, noted, opens};
use super::{Grounds, Incident, KEPT, MOST};
use crate::defaults::incident::lately::{NOTES, OPEN, OVER};
use crate::json;
use crate::units::{Name, Timestamp};
use crate::verdict::Status;
use crate::writes::Note;

/// The format of what is told.
const VERSION: u32 = 1;

/// What customers are told. Format version 1: fields are never renamed, new ones may be missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lately {
    version: u32,
    /// When it was so.
    pub at: Timestamp,
    /// How many are open.
    pub open: usize,
    /// Those that are open, and then those that are over; of both the latest first.
    pub incidents: Vec<Told>,
}

/// An incident as customers are told of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Its name.
    pub id: String,
    /// The pool.
    pub pool: Name,
    /// When it opened.
    pub opened: Timestamp,
    /// When it closed; nothing while it is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<Timestamp>,
    /// When something happened to it last: it opened, closed, fell again, or something was noted.
    pub updated: Timestamp,
    /// The worst that became of the pool.
    pub worst: Status,
    /// How many notes there are.
    pub note_count: u32,
    /// The latest of them, the latest first.
    pub notes: Vec<ToldNote>,
}

/// What was noted; not by whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToldNote {
    /// When.
    pub at: Timestamp,
    /// What.
    pub text: String,
}

impl Lately {
    /// Reads it back; nothing if it is of a format that is not known.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        json::read::<Self>(text).filter(|lately| lately.version == VERSION)
    }
}

impl Told {
    fn of(incident: Incident, notes: &[Note]) -> Self {
        let moments = [incident.closed, incident.reopened, notes.last().map(|note| note.at)];
        let latest = notes.iter().rev().take(NOTES);
        Self {
            updated: moments.into_iter().flatten().fold(incident.opened, Timestamp::max),
            id: incident.id,
            pool: incident.pool,
            opened: incident.opened,
            closed: incident.closed,
            worst: incident.worst,
            note_count: incident.notes,
            notes: latest.map(|note| ToldNote { at: note.at, text: note.text.clone() }).collect(),
        }
    }
}

/// What customers are told, as JSON. Rows are read one by one, as few as are needed: it is asked
/// for whenever customers look.
#[must_use]
pub fn lately(grounds: &Grounds<'_>) -> String {
    let Grounds { stored, shown, now, .. } = *grounds;
    let head = head(stored);
    let mut opens: Vec<u64> =
        opens(&head).filter(|(pool, _)| shown(pool)).map(|(_, number)| number).collect();
    opens.sort_unstable_by(|one, other| other.cmp(one));
    let open = opens.iter().take(OPEN).filter_map(|number| incident(stored, *number));
    let oldest = head.number.saturating_sub(MOST).saturating_add(1).max(1);
    let is_over =
        |one: &Incident| one.closed.is_some_and(|closed| now.since(closed) <= KEPT) && shown(&one.pool);
    let all = (oldest..=head.number).rev().filter_map(|number| incident(stored, number));
    let told = open.chain(all.filter(is_over).take(OVER)).map(|one| {
        let notes = if one.notes > 0 { noted(stored, &one) } else { Vec::new() };
        Told::of(one, &notes)
    });
    let incidents = told.collect();
    json::write(&Lately { version: VERSION, at: now, open: opens.len(), incidents })
}
