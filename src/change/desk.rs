//! Changes that are not closed: who may start, apply and close one, what is due, and what is stored
//! of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::look::{Cut, Gathered, Part};
use super::steps::Looking;
use super::{Change, CloseDraft, Closing, MOST_OPEN, PLACES, Plan, SLOTS, VERSION, number_of};
use crate::history::HistoryRow;
use crate::json;
use crate::purge::{MOST_TOLD, Purged};
use crate::units::{Name, OriginId, Timestamp, Who, listed};

/// The key of the row that says which change was the last.
const LAST: &str = "changes";

/// The keys of those that are not closed.
const OPEN: &str = "change/";

/// Why something that is asked of a change does not happen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// There is none of this name.
    Unknown,
    /// It is applied since then.
    Applied(Timestamp),
    /// It is closed.
    Closed,
    /// As many are open as may be.
    TooMany,
    /// Nothing was measured before it. Why not.
    NothingBefore(String),
}

/// A row of what is known while changes are open; an empty text takes it away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenRow {
    /// The key.
    pub key: String,
    /// JSON.
    pub text: String,
}

/// What was done.
#[derive(Clone, Debug, PartialEq)]
pub struct Made {
    /// To which change, by its name.
    pub id: String,
    /// What, for the audit log.
    pub what: String,
    /// What is to be stored of those that are open.
    pub stored: Vec<OpenRow>,
    /// What is to be stored of history.
    pub rows: Vec<HistoryRow>,
}

/// Which change was the last, and which places it has. Format version 1.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct LastRow {
    version: u32,
    number: u64,
    slot: u64,
    place: u64,
}

/// The changes that are not closed.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    last: LastRow,
    pub(super) open: BTreeMap<u64, Change>,
    /// When vantages were last asked about each, of either window.
    pub(super) asked: BTreeMap<(u64, Part), Timestamp>,
    /// Looks that are under way.
    pub(super) looking: BTreeMap<u64, Looking>,
}

/// The key of the row of a change that is closed.
fn closed_key(slot: u64) -> String {
    format!("change/{slot}")
}

/// Whether a change of this name is closed and kept. `stored` gives the text of a row of history.
#[must_use]
pub fn is_closed(stored: &dyn Fn(&str) -> Option<String>, id: &str) -> bool {
    number_of(id).is_some_and(|number| closed(stored).any(|change| change.number == number))
}

/// Those that are closed and kept, in no order.
pub(super) fn closed(stored: &dyn Fn(&str) -> Option<String>) -> impl Iterator<Item = Change> {
    let change = |slot: u64| {
        let change = stored(&closed_key(slot)).and_then(|text| json::read::<Change>(&text))?;
        (change.version == VERSION && change.slot == slot).then_some(change)
    };
    (0..SLOTS).filter_map(change)
}

impl Changes {
    /// Takes a stored row in; whether it is one of these.
    pub fn restore(&mut self, key: &str, text: &str) -> bool {
        if key == LAST {
            let row = json::read::<LastRow>(text).filter(|row| row.version == VERSION);
            self.last = row.filter(|row| row.number >= self.last.number).unwrap_or(self.last);
            return true;
        }
        if !key.starts_with(OPEN) {
            return false;
        }
        if let Some(change) = json::read::<Change>(text).filter(|change| change.version == VERSION) {
            self.last.number = self.last.number.max(change.number);
            self.open.insert(change.number, change);
        }
        true
    }

    /// One that is not closed.
    #[must_use]
    pub fn get(&self, number: u64) -> Option<&Change> {
        self.open.get(&number)
    }

    /// Why none can be started, if so.
    #[must_use]
    pub fn full(&self) -> Option<Refusal> {
        (self.open.len() >= MOST_OPEN).then_some(Refusal::TooMany)
    }

    /// Starts one. `gathered` is what vantages say of the time before; `failing` are times in which
    /// origins failed then.
    ///
    /// # Errors
    /// Why it cannot be started.
    pub fn start(
        &mut self,
        plan: &Plan,
        who: &Who,
        gathered: &Gathered,
        failing: Vec<Cut>,
    ) -> Result<Made, Refusal> {
        if let Some(refusal) = self.full() {
            return Err(refusal);
        }
        let number = self.last.number.saturating_add(1);
        let slot = self.free(self.last.slot, SLOTS, |change| change.slot);
        let place = self.free(self.last.place, PLACES, |change| change.place);
        let change = Change {
            version: VERSION,
            number,
            plan: plan.clone(),
            who: who.clone(),
            started: gathered.window.to,
            applied: None,
            closed: None,
            pairs: gathered.said.iter().map(|said| said.pair.clone()).collect(),
            slot,
            place,
            missing: gathered.silent(),
            sought: true,
            silent: Vec::new(),
            gone: Vec::new(),
            cuts: failing,
            cuts_after: Vec::new(),
            looks: 0,
            verdict: None,
            sentence: None,
            settled: false,
            purges: Vec::new(),
        };
        if !Change::has_samples(gathered, &change.cuts) {
            return Err(Refusal::NothingBefore(nothing(gathered, &change)));
        }
        let rows = change.pinned(Part::Before, &gathered.said);
        let last = LastRow { version: VERSION, number, slot, place };
        let made = Made {
            id: change.id(),
            what: format!("{} started: {}", change.id(), plan.title),
            stored: vec![OpenRow { key: LAST.to_owned(), text: json::write(&last) }, change.row()],
            rows,
        };
        self.last = last;
        self.asked.insert((number, Part::Before), gathered.window.to);
        self.open.insert(number, change);
        Ok(made)
    }

    /// Marks the moment in which one is applied.
    ///
    /// # Errors
    /// Why it is not.
    pub fn apply(&mut self, id: &str, now: Timestamp) -> Result<Made, Refusal> {
        let change = self.find(id)?;
        if let Some(at) = change.applied {
            return Err(Refusal::Applied(at));
        }
        // A clock that stepped back must not put it before what it is compared with.
        change.applied = Some(now.max(change.started));
        Ok(Made {
            id: change.id(),
            what: format!("{} applied", change.id()),
            stored: vec![change.row()],
            rows: Vec::new(),
        })
    }

    /// Closes one: it is history from now on.
    ///
    /// # Errors
    /// Why it is not.
    pub fn close(
        &mut self,
        id: &str,
        draft: &CloseDraft,
        who: &Who,
        now: Timestamp,
    ) -> Result<Made, Refusal> {
        let change = self.find(id)?;
        let (fate, note) = (draft.fate, draft.note.clone());
        let at = now.max(change.applied.unwrap_or(change.started));
        change.closed = Some(Closing { at, who: who.clone(), fate, note });
        let (number, slot, text) = (change.number, change.slot, json::write(change));
        let id = change.id();
        self.open.remove(&number);
        self.asked.retain(|(of, _), _| *of != number);
        self.looking.remove(&number);
        Ok(Made {
            what: format!("{id} closed: {}", fate.as_str()),
            id,
            stored: vec![OpenRow { key: format!("{OPEN}{number}"), text: String::new() }],
            rows: vec![HistoryRow { key: closed_key(slot), text }],
        })
    }

    /// Takes in what was cleared for one, or what became of it; what is to be stored.
    pub fn purged(&mut self, purged: &Purged) -> Option<OpenRow> {
        let change = self.find(purged.purge.change.as_deref()?).ok()?;
        match change.purges.iter_mut().find(|known| known.version == purged.version) {
            Some(known) => known.clone_from(purged),
            None => change.purges.push(purged.clone()),
        }
        let over = change.purges.len().saturating_sub(MOST_TOLD);
        change.purges.drain(..over);
        Some(change.row())
    }

    fn find(&mut self, id: &str) -> Result<&mut Change, Refusal> {
        let found = number_of(id).and_then(|number| self.open.get_mut(&number));
        found.ok_or(Refusal::Unknown)
    }

    /// One of so many places that no open one has: the one that was taken the longest ago.
    fn free(&self, last: u64, places: u64, has: fn(&Change) -> u64) -> u64 {
        let is_free = |place: &u64| !self.open.values().any(|change| has(change) == *place);
        let places = places.max(1);
        (1..=places).map(|step| last.saturating_add(step) % places).find(is_free).unwrap_or(0)
    }

    /// The clock stepped back to `now`: who was asked later than that was asked just now.
    pub fn set_back(&mut self, now: Timestamp) {
        for asked in self.asked.values_mut() {
            *asked = now.min(*asked);
        }
        for looking in self.looking.values_mut() {
            looking.set_back(now);
        }
    }

    /// The origins of which more is to be measured at `now`: their changes ask for extra probes.
    pub fn wanting(&self, now: Timestamp) -> impl Iterator<Item = &OriginId> {
        let asks = move |change: &&Change| {
            let measured = change.after().is_some_and(|after| after.from <= now && now < after.to);
            change.plan.extra_probes && measured && !change.settled
        };
        self.open.values().filter(asks).flat_map(|change| &change.plan.origins)
    }

    /// Those that are not closed, the latest first.
    pub fn open(&self) -> impl Iterator<Item = &Change> {
        self.open.values().rev()
    }
}

impl Change {
    /// The row that keeps it while it is open.
    pub(super) fn row(&self) -> OpenRow {
        OpenRow { key: format!("{OPEN}{}", self.number), text: json::write(self) }
    }
}

/// Why nothing was measured before a change.
fn nothing(gathered: &Gathered, change: &Change) -> String {
    let silent = gathered.silent();
    let names: Vec<&str> = silent.iter().map(Name::as_str).collect();
    if gathered.said.is_empty() {
        "no vantage probes these origins".to_owned()
    } else if !silent.is_empty() {
        format!("{} did not answer, and the others have no sample of that time", listed(&names))
    } else if change.cuts.is_empty() {
        "no vantage has a sample of that time".to_owned()
    } else {
        "the origins failed in that time, which is no state to compare with".to_owned()
    }
}
