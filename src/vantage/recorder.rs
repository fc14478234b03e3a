//! Samples → rows of the ring, and rollups for the Arbiter until it has them.
//!
//! A bucket has the samples of five minutes and one row. The row is written when the tick ends
//! after which the object may be let go, and else once in half a minute: fast samples join it.
//! Which buckets the Arbiter has is a row of its own. An object that is made anew finds the open
//! bucket, and those that were not handed on, from there.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::defaults::vantage::recorder::AT_ONCE;
use crate::defaults::vantage::{KEEP_EVERY, LET_GO_AFTER};
use crate::history::{BUCKET, Bucket, Fact, RING, Rollup, floor};
use crate::json;
use crate::units::{Millis, OriginId, Timestamp};

/// A row of a vantage's ring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RingRow {
    /// What it replaces: a place in the ring, or [`MARK`].
    pub place: i32,
    /// When its samples begin, in milliseconds since the epoch.
    pub at: Timestamp,
    /// The text.
    pub text: String,
}

/// The table of a vantage's ring, named by its schema's version.
pub const RING_TABLE: &str = "v1_ring";

/// The place of the row that says which buckets the Arbiter has.
pub const MARK: i32 = -1;

/// Which buckets the Arbiter has. Format version 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Mark {
    version: u32,
    /// When this storage was begun: numbers of an earlier one mean other buckets.
    life: u64,
    /// The last bucket that was handed on.
    handed: u64,
}

/// What is recorded of a shard's samples.
#[derive(Clone, Debug)]
pub(super) struct Recorder {
    life: u64,
    handed: u64,
    last: u64,
    origins: Vec<OriginId>,
    open: Option<Bucket>,
    /// Buckets that are over and not handed on, the oldest first.
    closed: VecDeque<Bucket>,
    /// Since when samples are in memory alone, if any are.
    unkept: Option<Timestamp>,
    /// Whether the object is let go between two ticks at its usual pace.
    rests: bool,
}

fn place(seq: u64) -> i32 {
    i32::try_from(seq % RING).unwrap_or(0)
}

impl Recorder {
    /// What is stored of a shard whose origins are these; `stored` gives the text of a row.
    pub(super) fn new(
        origins: Vec<OriginId>,
        shortest: Millis,
        stored: impl Fn(i32) -> Option<String>,
        now: Timestamp,
    ) -> Self {
        let mark = stored(MARK).and_then(|text| json::read::<Mark>(&text)).filter(|mark| mark.version == 1);
        let (mut life, handed) = mark.map_or((0, 0), |mark| (mark.life, mark.handed));
        let mut found = VecDeque::new();
        let (mut last, mut looked) = (handed, 0);
        while looked <= RING {
            looked = looked.saturating_add(1);
            let next = last.saturating_add(1);
            let row = stored(place(next)).and_then(|text| Bucket::read(&text));
            let Some(row) = row.filter(|row| life == 0 || row.life() == life) else { break };
            if row.seq() > next && found.is_empty() {
                // The Arbiter was away for so long that the ring went round.
                last = row.seq().saturating_sub(RING);
                continue;
            }
            if row.seq() != next {
                break;
            }
            life = row.life();
            last = next;
            found.push_back(row);
        }
        let open = found.pop_back();
        if life == 0 {
            life = now.as_millis().max(1);
        }
        let rests = shortest > LET_GO_AFTER;
        Self { life, handed, last, origins, open, closed: found, unkept: None, rests }
    }

    /// Adds a sample of an origin; the row of the bucket that it closes, if samples of that are in
    /// memory alone.
    pub(super) fn add(
        &mut self,
        id: &OriginId,
        fact: impl FnOnce(usize) -> Fact,
        now: Timestamp,
    ) -> Option<RingRow> {
        let origin = self.origins.iter().position(|known| known == id)?;
        let fact = fact(origin);
        let over =
            self.open.as_ref().is_some_and(|open| open.is_over(fact.at) || open.origins() != self.origins);
        let mut row = None;
        if over && let Some(open) = self.open.take() {
            row = self.unkept.take().map(|_| row_of(&open));
            self.closed.push_back(open);
            // What is older was overwritten in the ring.
            if self.closed.len() as u64 >= RING {
                self.closed.pop_front();
            }
        }
        let (life, last, origins) = (self.life, &mut self.last, &self.origins);
        let open = self.open.get_or_insert_with(|| {
            *last = last.saturating_add(1);
            Bucket::new(life, *last, floor(fact.at, BUCKET), origins.clone())
        });
        open.add(&fact);
        self.unkept.get_or_insert(now);
        row
    }

    /// The row to be stored now that a tick has ended, if it is to be; the next probe is due at
    /// `next`.
    pub(super) fn ended(&mut self, next: Timestamp, now: Timestamp) -> Option<RingRow> {
        let since = self.unkept?;
        let apart = |at: Timestamp| floor(at, KEEP_EVERY) != floor(since, KEEP_EVERY);
        if !(apart(next) || self.rests && next.since(now) > LET_GO_AFTER) {
            return None;
        }
        self.unkept = None;
        self.open.as_ref().map(row_of)
    }

    /// The row to be stored as a tick begins: ticks that run into each other never end.
    pub(super) fn begins(&mut self, now: Timestamp) -> Option<RingRow> {
        self.ended(now, now)
    }

    /// The row of the samples that are in memory alone, if there are any.
    pub(super) fn unkept(&self) -> Option<RingRow> {
        self.unkept.and(self.open.as_ref()).map(row_of)
    }

    /// What the next report hands on: only what is stored.
    pub(super) fn rollups(&self, covers: impl Fn(&OriginId) -> usize) -> Vec<Rollup> {
        self.closed.iter().take(AT_ONCE).map(|bucket| bucket.rollup(&covers)).collect()
    }

    /// The Arbiter has everything up to this number; the row that says so.
    pub(super) fn handed_on(&mut self, life: u64, seq: u64, now: Timestamp) -> Option<RingRow> {
        if life != self.life || seq <= self.handed {
            return None;
        }
        self.closed.retain(|bucket| bucket.seq() > seq);
        self.handed = seq;
        let mark = Mark { version: 1, life, handed: seq };
        Some(RingRow { place: MARK, at: now, text: json::write(&mark) })
    }
}

fn row_of(bucket: &Bucket) -> RingRow {
    RingRow { place: place(bucket.seq()), at: bucket.at(), text: bucket.text() }
}
