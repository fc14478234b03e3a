//! Edits that were made, and what stands → which one may be made next, and what is stored of it.

use serde::{Deserialize, Serialize};

use super::{Announcement, ENTRIES, Edit, Note, Outcome, Write};
use crate::change::Refusal;
use crate::json;
use crate::purge::{AtCdn, Purge, Purged};
use crate::units::{Fingerprint, Millis, Timestamp, Who};

/// One change that was made. Format version 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its number.
    pub version: u64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub who: Who,
    /// What.
    pub what: String,
    /// What stood before.
    pub before: Option<Announcement>,
    /// What stands since.
    pub after: Option<Announcement>,
    /// What was noted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noted: Option<String>,
    /// The change of a service that it is about, by its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<String>,
    /// What was cleared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purge: Option<Purge>,
    /// What became of the CDN's copies of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cdn: Option<AtCdn>,
    /// The fingerprint of its key, if it has one.
    key: Option<Fingerprint>,
    /// The fingerprint of what was asked.
    asked: Fingerprint,
}

/// What is stored under a key; an empty text takes it away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The key.
    pub key: String,
    /// JSON.
    pub text: String,
}

/// The keys of what is stored.
const ANNOUNCEMENT: &str = "announcement";
const ENTRY: &str = "audit/";

/// All changes that are remembered, and what stands.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    announcement: Option<Announcement>,
    /// Oldest first.
    entries: Vec<Entry>,
}

impl Ledger {
    /// Takes a stored row in; whether it is one of these.
    pub fn restore(&mut self, key: &str, text: &str) -> bool {
        if key == ANNOUNCEMENT {
            self.announcement = json::read(text).flatten();
            return true;
        }
        if !key.starts_with(ENTRY) {
            return false;
        }
        if let Some(entry) = json::read::<Entry>(text) {
            let place = self.entries.partition_point(|known| known.version < entry.version);
            self.entries.insert(place, entry);
        }
        true
    }

    /// What is announced, while it stands.
    #[must_use]
    pub fn announcement(&self, now: Timestamp) -> Option<&Announcement> {
        self.announcement.as_ref().filter(|announcement| announcement.stands(now))
    }

    /// The latest changes, newest first.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().rev()
    }

    /// Makes a change if it may be made; what is to be stored of it.
    pub fn write(&mut self, write: &Write, now: Timestamp) -> (Outcome, Vec<Stored>) {
        match self.refused(write, now) {
            Some(outcome) => (outcome, Vec::new()),
            None => self.make(write, now),
        }
    }

    /// The answer to a change that was sent before, by its key.
    #[must_use]
    pub fn answered(&self, write: &Write, now: Timestamp) -> Option<Outcome> {
        let key = key_of(write);
        let first = self.of_the_day(now).find(|entry| key.is_some() && entry.key == key)?;
        if first.asked != asked_of(write) {
            return Some(Outcome::KeyTaken);
        }
        if let Some(purged) = first.purged() {
            return Some(Outcome::Purged(Box::new(purged)));
        }
        if let Some(id) = first.change.clone() {
            return Some(Outcome::Change { id, told: String::new() });
        }
        Some(first.note().map_or_else(|| Outcome::Done(first.after.clone()), Outcome::Noted))
    }

    fn of_the_day(&self, now: Timestamp) -> impl Iterator<Item = &Entry> {
        self.entries().filter(move |entry| now.since(entry.at) < Millis::DAY)
    }

    /// Why an edit is not made, or is not made again, if so.
    #[must_use]
    pub fn refused(&self, write: &Write, now: Timestamp) -> Option<Outcome> {
        if let Some(outcome) = self.answered(write, now) {
            return Some(outcome);
        }
        match (self.announcement(now), &write.if_match) {
            _ if !write.edit.is_of_the_announcement() => {}
            (None, _) if write.edit == Edit::Delete => return Some(Outcome::Nothing),
            (None, Some(_)) => return Some(Outcome::Changed),
            (Some(_), None) => return Some(Outcome::Unconditional),
            (Some(stands), Some(known)) if !matches(known, &stands.tag()) => return Some(Outcome::Changed),
            (None, None) | (Some(_), Some(_)) => {}
        }
        (self.of_the_day(now).count() >= ENTRIES).then_some(Outcome::TooMany)
    }

    /// Notes what was done of a change of a service, which [`Ledger::refused`] did not refuse; what
    /// is to be stored.
    pub fn changed(&mut self, write: &Write, id: &str, what: String, now: Timestamp) -> Vec<Stored> {
        let entry = Entry { what, change: Some(id.to_owned()), ..self.entry(write, now) };
        self.log(entry)
    }

    fn entry(&self, write: &Write, now: Timestamp) -> Entry {
        Entry {
            version: self.entries.last().map_or(0, |entry| entry.version).saturating_add(1),
            at: now,
            who: write.who.clone(),
            what: String::new(),
            before: None,
            after: None,
            noted: None,
            change: None,
            purge: None,
            cdn: None,
            key: key_of(write),
            asked: asked_of(write),
        }
    }

    fn make(&mut self, write: &Write, now: Timestamp) -> (Outcome, Vec<Stored>) {
        let mut entry = self.entry(write, now);
        let (outcome, mut stored) = match &write.edit {
            Edit::Note { incident, text } => {
                entry.what = format!("note on {incident}");
                entry.noted = Some(text.clone());
                (Outcome::Noted(Note { at: now, who: write.who.clone(), text: text.clone() }), Vec::new())
            }
            Edit::Delete => {
                "announcement deleted".clone_into(&mut entry.what);
                self.announce(None, &mut entry)
            }
            Edit::Put(draft) => {
                "announcement put".clone_into(&mut entry.what);
                let announcement = Announcement {
                    title: draft.title.clone(),
                    text: draft.text.clone(),
                    level: draft.level,
                    since: now,
                    until: draft.until.as_deref().and_then(Timestamp::parse),
                    version: entry.version,
                };
                self.announce(Some(announcement), &mut entry)
            }
            Edit::Purge(purge) => {
                entry.what = purge.what();
                entry.change.clone_from(&purge.change);
                entry.cdn = purge.cdn.then_some(AtCdn::Asked);
                entry.purge = Some((**purge).clone());
                (Outcome::Purged(Box::new(entry.made((**purge).clone()))), Vec::new())
            }
            // Whoever holds the changes makes these.
            Edit::Start(_) | Edit::Apply(_) | Edit::Close { .. } => {
                return (Outcome::NoChange(Refusal::Unknown), Vec::new());
            }
        };
        stored.extend(self.log(entry));
        (outcome, stored)
    }

    /// What became of the CDN's copies that an entry is about; the purge, and what is to be stored.
    pub fn cleared(&mut self, version: u64, at_cdn: AtCdn) -> Option<(Purged, Stored)> {
        let entry = self.entries.iter_mut().find(|entry| entry.version == version)?;
        entry.cdn = Some(at_cdn);
        Some((entry.purged()?, Stored { key: format!("{ENTRY}{version}"), text: json::write(entry) }))
    }

    fn log(&mut self, entry: Entry) -> Vec<Stored> {
        let key = |version: u64| format!("{ENTRY}{version}");
        let mut stored = vec![Stored { key: key(entry.version), text: json::write(&entry) }];
        self.entries.push(entry);
        while self.entries.len() > ENTRIES {
            let gone = self.entries.remove(0);
            stored.push(Stored { key: key(gone.version), text: String::new() });
        }
        stored
    }

    fn announce(&mut self, after: Option<Announcement>, entry: &mut Entry) -> (Outcome, Vec<Stored>) {
        entry.before = self.announcement(entry.at).cloned();
        entry.after.clone_from(&after);
        self.announcement.clone_from(&after);
        let stored = Stored { key: ANNOUNCEMENT.to_owned(), text: json::write(&after) };
        (Outcome::Done(after), vec![stored])
    }
}

impl Entry {
    /// The purge that it made, if it made one.
    fn purged(&self) -> Option<Purged> {
        self.purge.clone().map(|purge| self.made(purge))
    }

    fn made(&self, purge: Purge) -> Purged {
        Purged { version: self.version, at: self.at, who: self.who.clone(), purge, cdn: self.cdn.clone() }
    }

    /// The note that it made, if it made one.
    fn note(&self) -> Option<Note> {
        let text = self.noted.clone()?;
        Some(Note { at: self.at, who: self.who.clone(), text })
    }
}

/// Whose key it is counts as well: two people may choose the same.
fn key_of(write: &Write) -> Option<Fingerprint> {
    write.key.as_ref().map(|key| Fingerprint::of(&format!("{} {key}", write.who)))
}

fn asked_of(write: &Write) -> Fingerprint {
    Fingerprint::of(&json::write(&(&write.edit, &write.if_match)))
}

/// Strong comparison (RFC 9110 section 8.8.3.2) against a list of tags.
fn matches(known: &str, tag: &str) -> bool {
    known.trim() == "*" || known.split(',').any(|known| known.trim() == tag)
}
