//! The samples of five minutes ↔ one row of a vantage's ring.
//!
//! The row is text: a line of JSON that says what it is, then a line for each sample. It is written
//! again as samples join it, so a bucket only appends.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::fact::Fact;
use super::sums::{Part, Rollup};
use super::{BUCKET, RING};
use crate::defaults::history::bucket::MOST;
use crate::json;
use crate::units::{OriginId, Timestamp};

/// The format.
const VERSION: u32 = 1;

/// The first line of a row. Fields are never renamed, and new ones may be missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Header {
    version: u32,
    life: u64,
    seq: u64,
    at: Timestamp,
    thinned: u64,
    origins: Vec<OriginId>,
}

/// The lines of one origin in a row's text. Those of others are passed over unread: a day of sixty
/// origins has 170,000 of them.
pub(super) struct Lines<'t> {
    begin: Timestamp,
    /// What a line of the origin begins with.
    mark: String,
    text: &'t str,
}

/// A line, without the place of its origin.
pub(super) struct Line<'t> {
    /// When the probe was sent.
    pub(super) at: Timestamp,
    /// What follows that.
    rest: &'t str,
}

impl<'t> Lines<'t> {
    /// Nothing if the row has none of this origin, or is not understood.
    pub(super) fn of(text: &'t str, id: &OriginId) -> Option<Self> {
        /// As much of the first line as this takes: no name in it is looked at more closely.
        #[derive(Deserialize)]
        struct Head<'a> {
            version: u32,
            at: Timestamp,
            #[serde(borrow)]
            origins: Vec<&'a str>,
        }

        let (first, text) = text.split_once('\n')?;
        let head = json::read::<Head<'_>>(first).filter(|head| head.version == VERSION)?;
        let name = id.to_string();
        let place = head.origins.iter().position(|known| *known == name)?;
        Some(Self { begin: head.at, mark: format!("{place} "), text })
    }

    /// What follows the place of the origin, of each line.
    fn own(&self) -> impl Iterator<Item = &'t str> {
        let begins = memchr::memchr_iter(b'\n', self.text.as_bytes()).map(|end| end.saturating_add(1));
        std::iter::once(0).chain(begins).filter_map(|begin| {
            let rest = self.text.get(begin..)?.strip_prefix(&*self.mark)?;
            Some(rest.split_once('\n').map_or(rest, |(line, _)| line))
        })
    }

    /// Each by its time. A line without one is left out.
    pub(super) fn by_time(&self) -> impl Iterator<Item = Line<'t>> {
        let line = |rest: &'t str| {
            let (offset, _) = rest.split_once(' ')?;
            let at = self.begin.as_millis().checked_add_signed(offset.parse().ok()?)?;
            Some(Line { at: Timestamp::from_millis(at), rest: rest.get(offset.len()..)? })
        };
        self.own().filter_map(line)
    }
}

/// The samples of five minutes of one shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    header: Header,
    lines: String,
}

impl Bucket {
    /// One without samples. `at` is when its five minutes begin.
    #[must_use]
    pub const fn new(life: u64, seq: u64, at: Timestamp, origins: Vec<OriginId>) -> Self {
        let header = Header { version: VERSION, life, seq, at, thinned: 0, origins };
        Self { header, lines: String::new() }
    }

    /// Reads a row; nothing if it is not understood.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let (first, lines) = text.split_once('\n')?;
        let header = json::read::<Header>(first).filter(|header| header.version == VERSION)?;
        Some(Self { header, lines: lines.to_owned() })
    }

    /// The row's text.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}\n{}", json::write(&self.header), self.lines)
    }

    /// Its place in the ring.
    #[must_use]
    pub const fn place(&self) -> u64 {
        self.header.seq % RING
    }

    /// Which life of the storage it is of.
    #[must_use]
    pub const fn life(&self) -> u64 {
        self.header.life
    }

    /// Its number.
    #[must_use]
    pub const fn seq(&self) -> u64 {
        self.header.seq
    }

    /// When its five minutes begin.
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        self.header.at
    }

    /// The origins, by their place.
    #[must_use]
    pub fn origins(&self) -> &[OriginId] {
        &self.header.origins
    }

    /// Adds a sample; one that does not fit is only counted.
    pub fn add(&mut self, fact: &Fact) {
        if !self.is_full() {
            fact.write(self.header.at, &mut self.lines);
        }
    }

    /// Its samples, in the order in which they came. A line that is not understood is left out.
    pub fn facts(&self) -> impl Iterator<Item = Fact> {
        let known = self.header.origins.len();
        let mut names = Vec::new();
        self.lines
            .lines()
            .filter_map(move |line| Fact::read(line, self.header.at, &mut names))
            .filter(move |fact| fact.origin < known)
    }

    /// The samples of one origin in a row's text, in the order in which they came, each as of the
    /// place 0.
    pub(super) fn of_origin(text: &str, id: &OriginId) -> Vec<Fact> {
        let mut names = Vec::new();
        let Some(lines) = Lines::of(text, id) else { return Vec::new() };
        lines.own().filter_map(|rest| Fact::read_rest(0, rest, lines.begin, &mut names)).collect()
    }

    /// Adds a line of another row as it is; one that does not fit is only counted.
    pub(super) fn add_line(&mut self, line: &Line<'_>) {
        if self.is_full() {
            return;
        }
        let offset = i128::from(line.at.as_millis()).saturating_sub(i128::from(self.header.at.as_millis()));
        for part in ["0 ", &offset.to_string(), line.rest, "\n"] {
            self.lines.push_str(part);
        }
    }

    /// Whether there is no room for a sample, which is counted then.
    fn is_full(&mut self) -> bool {
        let is_full = self.lines.len() >= MOST;
        self.header.thinned = self.header.thinned.saturating_add(u64::from(is_full));
        is_full
    }

    /// What its samples add up to. `covers` says for how many five minutes a sample of an origin
    /// stands.
    #[must_use]
    pub fn rollup(&self, covers: impl Fn(&OriginId) -> usize) -> Rollup {
        let mut parts: Vec<Part> = vec![Part::default(); self.header.origins.len()];
        for fact in self.facts() {
            if let Some(part) = parts.get_mut(fact.origin) {
                part.classes.entry(fact.cache).or_default().add(&fact);
            }
        }
        let mut origins = BTreeMap::new();
        for (id, mut part) in self.header.origins.iter().zip(parts) {
            if !part.classes.is_empty() {
                part.looked.set(0, covers(id).max(1));
                origins.insert(id.clone(), part);
            }
        }
        let Header { life, seq, at, thinned, .. } = self.header;
        Rollup { life, seq, at, thinned, origins }
    }

    /// Whether a sample sent at `at` begins another five minutes than these.
    #[must_use]
    pub fn is_over(&self, at: Timestamp) -> bool {
        let begin = super::floor(at, BUCKET);
        // What was sent in the five minutes before and came late joins these.
        begin > self.header.at || begin.plus(BUCKET) < self.header.at
    }
}
