//! Edits by people: what is made of them and stored. Of changes of a service also what is due, and
//! when their origins failed.

use super::stored::{CLEARED, Row, Table};
use super::{Arbiter, Effect};
use crate::change::{
    self, Change, Changes, Cut, Errand, Gathered, Known, Looked, OpenRow, Pair, Part, Refusal,
};
use crate::defaults::arbiter::LEAD;
use crate::history::{HistoryRow, Window};
use crate::incident::NewNote;
use crate::json;
use crate::purge::AtCdn;
use crate::units::{Millis, OriginId, Timestamp};
use crate::verdict::Status;
use crate::writes::{Edit, Entry, Outcome, Stored, Write};

/// What is stored and told of an edit.
#[derive(Debug, Default)]
pub(super) struct Edited {
    pub(super) outcome: Option<Outcome>,
    pub(super) rows: Vec<Row>,
    pub(super) history: Vec<HistoryRow>,
}

impl Arbiter {
    /// Makes a change, and has what stands by it published; what is to be noted of an incident.
    pub(super) fn written(
        &mut self,
        write: &Write,
        now: Timestamp,
        rows: &mut Vec<Row>,
    ) -> (Option<Outcome>, Option<NewNote>) {
        if let Some(refusal) = self.belongs_nowhere(write, now) {
            return (Some(Outcome::NoChange(refusal)), None);
        }
        let (outcome, stored) = self.ledger.write(write, now);
        if let (Outcome::Purged(purged), false) = (&outcome, stored.is_empty()) {
            if self.cleared.clear(&purged.purge, now) {
                let text = json::write(&self.cleared);
                rows.push(Row { table: Table::Meta, key: CLEARED.to_owned(), text });
                rows.extend(self.publication.changed());
            }
            rows.extend(self.changes.purged(purged).map(meta));
        }
        let note = match (&write.edit, &outcome) {
            (Edit::Note { incident, .. }, Outcome::Noted(note)) if !stored.is_empty() => {
                Some(NewNote { id: incident.clone(), note: note.clone() })
            }
            _ => None,
        };
        if !stored.is_empty() && matches!(outcome, Outcome::Done(_)) {
            rows.extend(self.publication.changed());
        }
        rows.extend(stored.into_iter().map(|Stored { key, text }| Row { table: Table::Meta, key, text }));
        (Some(outcome), note)
    }

    /// Why a purge is not made: the change that it is to belong to is not open.
    fn belongs_nowhere(&self, write: &Write, now: Timestamp) -> Option<Refusal> {
        let Edit::Purge(purge) = &write.edit else { return None };
        let number = change::number_of(purge.change.as_deref()?);
        let open = number.is_some_and(|number| self.changes.get(number).is_some());
        (!open && self.ledger.answered(write, now).is_none()).then_some(Refusal::Unknown)
    }

    /// Takes in what became of a CDN's copies.
    pub(super) fn cleared_at(&mut self, version: u64, at_cdn: AtCdn) -> Edited {
        let Some((purged, stored)) = self.ledger.cleared(version, at_cdn) else { return Edited::default() };
        let logged = Row { table: Table::Meta, key: stored.key, text: stored.text };
        let told = self.changes.purged(&purged).map(meta);
        let rows = [logged].into_iter().chain(told).collect();
        Edited { outcome: Some(Outcome::Purged(Box::new(purged))), rows, history: Vec::new() }
    }

    /// The answer to a change that was made before.
    #[must_use]
    pub fn answered_before(&self, write: &Write, now: Timestamp) -> Option<Outcome> {
        self.ledger.answered(write, now)
    }

    /// The latest changes that somebody made, newest first.
    #[must_use]
    pub fn audit(&self) -> Vec<&Entry> {
        self.ledger.entries().collect()
    }

    /// Why an edit of a change is not made, as far as that is known before vantages are asked.
    #[must_use]
    pub fn unwanted(&self, write: &Write, now: Timestamp) -> Option<Outcome> {
        let full = || matches!(write.edit, Edit::Start(_)).then(|| self.changes.full()).flatten();
        self.ledger.refused(write, now).or_else(|| full().map(Outcome::NoChange))
    }

    /// What vantages are to be asked of the time before a change that begins now.
    #[must_use]
    pub fn beginning(&self, origins: &[OriginId], before: Millis, now: Timestamp) -> Errand {
        let pairs = origins.iter().flat_map(|origin| {
            let vantages = self.config.origin(origin).map(|known| known.vantages.clone());
            let pair = |vantage| Pair { origin: origin.clone(), vantage };
            vantages.unwrap_or_default().into_iter().map(pair)
        });
        let window = Window { from: now.minus(before), to: now };
        Errand { number: 0, part: Part::Before, look: 0, window, pairs: pairs.collect(), gone: Vec::new() }
    }

    /// Makes an edit of a change. `gathered` is what vantages say of the time before one that
    /// begins.
    pub(super) fn edited(&mut self, write: &Write, gathered: Option<&Gathered>, now: Timestamp) -> Edited {
        if let Some(outcome) = self.unwanted(write, now) {
            return Edited { outcome: Some(outcome), ..Edited::default() };
        }
        let made = match (&write.edit, gathered) {
            (Edit::Start(plan), Some(gathered)) => {
                let failing = self.failing(&plan.origins, gathered.window, None);
                self.changes.start(plan, &write.who, gathered, failing)
            }
            (Edit::Apply(id), _) => self.changes.apply(id, now),
            (Edit::Close { id, draft }, _) => self.changes.close(id, draft, &write.who, now),
            (Edit::Start(_) | Edit::Put(_) | Edit::Delete | Edit::Note { .. } | Edit::Purge(_), _) => {
                Err(Refusal::Unknown)
            }
        };
        match made {
            Ok(made) => {
                if let Some(number) = change::number_of(&made.id) {
                    self.notifier.touch_change(number);
                }
                let mut rows: Vec<Row> = made.stored.into_iter().map(meta).collect();
                let logged = self.ledger.changed(write, &made.id, made.what, now).into_iter();
                rows.extend(logged.map(|row| Row { table: Table::Meta, key: row.key, text: row.text }));
                let outcome = Outcome::Change { id: made.id, told: String::new() };
                Edited { outcome: Some(outcome), rows, history: made.rows }
            }
            Err(refusal) => Edited { outcome: Some(Outcome::NoChange(refusal)), ..Edited::default() },
        }
    }

    /// Takes in what vantages said of a change.
    pub(super) fn looked(&mut self, looked: Looked, now: Timestamp) -> Edited {
        self.notifier.touch_change(looked.number);
        let (stored, history) = self.changes.looked(looked, now);
        Edited { outcome: None, rows: stored.into_iter().map(meta).collect(), history }
    }

    /// What vantages are to be asked of a change now.
    pub(super) fn errand(&mut self, now: Timestamp) -> Option<Effect> {
        let config = &self.config;
        let every = |pair: &Pair| {
            let origin = config.origin(&pair.origin);
            origin.filter(|origin| origin.vantages.contains(&pair.vantage)).map(|origin| origin.pace.interval)
        };
        self.changes.errand(every, now).map(Effect::Gather)
    }

    /// What vantages said of an open change, as a judgement where one is due. `stored` gives the
    /// text of a row of history.
    #[must_use]
    pub fn look(
        &self,
        errand: &Errand,
        gathered: &Gathered,
        stored: &dyn Fn(&str) -> Option<String>,
        now: Timestamp,
    ) -> Option<Looked> {
        let failing = self.failing_still(self.changes.get(errand.number)?);
        self.changes.look(errand, Known { gathered, stored, failing, now })
    }

    /// The changes that are not closed.
    #[must_use]
    pub const fn changes(&self) -> &Changes {
        &self.changes
    }

    /// Times after a change in which its origins failed, and had failed before it.
    fn failing_still(&self, change: &Change) -> Vec<Cut> {
        let after = change.after();
        after.map(|after| self.failing(&change.plan.origins, after, change.applied)).unwrap_or_default()
    }

    /// When these origins failed in a window; only if they fell before a time, if one is given. It
    /// reaches as far back as the events that are known.
    fn failing(&self, origins: &[OriginId], window: Window, before: Option<Timestamp>) -> Vec<Cut> {
        let mut cuts = Vec::new();
        for origin in origins {
            let subject = origin.to_string();
            let mut fell = None;
            let mut cut = |fell: Timestamp, to: Timestamp| {
                let (from, to) = (fell.minus(LEAD).max(window.from), to.min(window.to));
                if from < to && before.is_none_or(|before| fell < before) {
                    cuts.push(Cut { origin: origin.clone(), span: Window { from, to } });
                }
            };
            for event in self.events.iter().rev().filter(|event| event.subject == subject) {
                match (event.from == Status::Fail, event.to == Status::Fail) {
                    (false, true) => fell = Some(event.at),
                    (true, false) => cut(fell.take().unwrap_or(window.from), event.at),
                    (true, true) | (false, false) => {}
                }
            }
            if let Some(fell) = fell {
                cut(fell, window.to);
            }
        }
        cuts
    }
}

fn meta(OpenRow { key, text }: OpenRow) -> Row {
    Row { table: Table::Meta, key, text }
}
