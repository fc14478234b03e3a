//! What somebody with a token changes while the worker runs → what stands then, and who did it.
//!
//! One thing can be changed: the announcement at the top of the page. Every change has an entry in
//! the audit log, with what stood before and after. A change that is sent again with the same
//! `Idempotency-Key` within a day is answered as the first time, and changes nothing.

use serde::{Deserialize, Serialize};

use crate::config::misleading;
use crate::json;
use crate::units::{Fingerprint, Millis, Timestamp, Who};

/// The longest title in characters.
pub const MAX_TITLE: usize = 80;

/// The longest text in characters.
pub const MAX_TEXT: usize = 1_000;

/// The longest that an announcement may stand before it ends by itself.
pub const LONGEST: Millis = Millis::DAY.times(366);

/// The entries that are kept, and the most changes in 24 hours: so each of a day is among them.
pub const ENTRIES: usize = 100;

/// How grave an announcement is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Something to know.
    #[default]
    Info,
    /// Something is, or will be, amiss.
    Warn,
}

/// What somebody wants announced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Draft {
    /// What is read first (1 to 80 characters, one line).
    pub title: String,
    /// The rest (at most 1,000 characters).
    #[serde(default)]
    pub text: String,
    /// How grave it is.
    #[serde(default)]
    pub level: Level,
    /// Until when it stands, as RFC 3339 writes it; until it is taken away if nothing is written.
    #[serde(default)]
    pub until: Option<String>,
}

impl Draft {
    /// Holds it to its bounds.
    ///
    /// # Errors
    /// What is wrong with it, and what to write.
    pub fn check(&self, now: Timestamp) -> Result<(), String> {
        let bounds = [("title", &self.title, 1, MAX_TITLE), ("text", &self.text, 0, MAX_TEXT)];
        for (name, text, least, most) in bounds {
            let count = text.chars().count();
            if count < least || count > most || least > 0 && text.trim().is_empty() {
                return Err(format!("{name} has {count} characters; write {least} to {most}"));
            }
            let line_end = |c: char| name == "text" && c == '\n';
            if let Some(c) = text.chars().find(|c| !line_end(*c) && misleading(*c).is_some()) {
                let (code, why) = (u32::from(c), misleading(c).unwrap_or_default());
                return Err(format!("{name} has the character U+{code:04X}, which {why}; leave it out"));
            }
        }
        let Some(text) = &self.until else { return Ok(()) };
        match Timestamp::parse(text) {
            Some(until) if until > now && until <= now.plus(LONGEST) => Ok(()),
            Some(_) => Err("until is past, or more than 366 days away; write a time between".to_owned()),
            None => Err("until is not a time; write it as \"2026-11-28T18:00:00Z\"".to_owned()),
        }
    }
}

/// What is announced. Format version 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announcement {
    /// What is read first.
    pub title: String,
    /// The rest; empty if there is none.
    pub text: String,
    /// How grave it is.
    pub level: Level,
    /// Since when.
    pub since: Timestamp,
    /// Until when, if it ends by itself.
    pub until: Option<Timestamp>,
    /// The number of the change that made it.
    pub version: u64,
}

impl Announcement {
    /// Whether it stands at `now`.
    #[must_use]
    pub fn stands(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }

    /// Its entity tag.
    #[must_use]
    pub fn tag(&self) -> String {
        format!("\"{}\"", self.version)
    }
}

/// What somebody noted of an incident. Format version 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub who: Who,
    /// What (1 to 2,000 characters).
    pub text: String,
}

/// What is to be changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// This is to be announced.
    Put(Draft),
    /// Nothing is.
    Delete,
}

/// A change, and who wants it on which conditions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Write {
    /// Who.
    pub who: Who,
    /// What.
    pub change: Change,
    /// `If-Match`, if sent.
    pub if_match: Option<String>,
    /// `Idempotency-Key`, if sent.
    pub key: Option<String>,
}

/// What became of a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is made, now or when it was sent first; this stands by it.
    Done(Option<Announcement>),
    /// There is nothing to take away.
    Nothing,
    /// What stands is another than the sender knows.
    Changed,
    /// Something stands, and the sender does not say what it knows.
    Unconditional,
    /// The key belongs to another change.
    KeyTaken,
    /// No more today.
    TooMany,
}

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

    fn refused(&self, write: &Write, now: Timestamp) -> Option<Outcome> {
        let today = |entry: &&Entry| now.since(entry.at) < Millis::DAY;
        let key = key_of(write);
        if let Some(first) = self.entries().filter(today).find(|entry| key.is_some() && entry.key == key) {
            let same = first.asked == asked_of(write);
            return Some(if same { Outcome::Done(first.after.clone()) } else { Outcome::KeyTaken });
        }
        match (self.announcement(now), &write.if_match) {
            (None, _) if write.change == Change::Delete => return Some(Outcome::Nothing),
            (None, Some(_)) => return Some(Outcome::Changed),
            (Some(_), None) => return Some(Outcome::Unconditional),
            (Some(stands), Some(known)) if !matches(known, &stands.tag()) => return Some(Outcome::Changed),
            (None, None) | (Some(_), Some(_)) => {}
        }
        (self.entries().filter(today).count() >= ENTRIES).then_some(Outcome::TooMany)
    }

    fn make(&mut self, write: &Write, now: Timestamp) -> (Outcome, Vec<Stored>) {
        let version = self.entries.last().map_or(0, |entry| entry.version).saturating_add(1);
        let after = match &write.change {
            Change::Delete => None,
            Change::Put(draft) => Some(Announcement {
                title: draft.title.clone(),
                text: draft.text.clone(),
                level: draft.level,
                since: now,
                until: draft.until.as_deref().and_then(Timestamp::parse),
                version,
            }),
        };
        let before = self.announcement(now).cloned();
        self.announcement.clone_from(&after);
        let what = if after.is_some() { "announcement put" } else { "announcement deleted" };
        let entry = Entry {
            version,
            at: now,
            who: write.who.clone(),
            what: what.to_owned(),
            before,
            after: after.clone(),
            key: key_of(write),
            asked: asked_of(write),
        };
        let mut stored = vec![
            Stored { key: ANNOUNCEMENT.to_owned(), text: json::write(&after) },
            Stored { key: format!("{ENTRY}{version}"), text: json::write(&entry) },
        ];
        self.entries.push(entry);
        while self.entries.len() > ENTRIES {
            let gone = self.entries.remove(0);
            stored.push(Stored { key: format!("{ENTRY}{}", gone.version), text: String::new() });
        }
        (Outcome::Done(after), stored)
    }
}

/// Whose key it is counts as well: two people may choose the same.
fn key_of(write: &Write) -> Option<Fingerprint> {
    write.key.as_ref().map(|key| Fingerprint::of(&format!("{} {key}", write.who)))
}

fn asked_of(write: &Write) -> Fingerprint {
    Fingerprint::of(&json::write(&(&write.change, &write.if_match)))
}

/// Strong comparison (RFC 9110 section 8.8.3.2) against a list of tags.
fn matches(known: &str, tag: &str) -> bool {
    known.trim() == "*" || known.split(',').any(|known| known.trim() == tag)
}

#[cfg(test)]
mod tests;
