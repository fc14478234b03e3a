//! Rows of history whose retention has ended → those that go, a little with each rollup.
//!
//! Rows of what is configured are overwritten in turn. Those of what left the file are not. Where
//! rows are kept for less than usual, they are overwritten too late. A walk over the keys finds
//! them. How far it came stands in a row that is written anyway.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::roll::{HistoryRow, Stored};
use super::rows::{ShardsRow, VERSION, open_key, read};
use super::{BUCKET, HOUR, Step};
use crate::config::Retention;
use crate::json;
use crate::units::{Millis, Name, Timestamp};

pub use crate::defaults::history::SWEPT_AT_ONCE;

/// For how long rows are kept, and of what there will be further ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keeping {
    /// For how long.
    pub retention: Retention,
    /// The shards of every vantage: `weur/0of1`.
    pub shards: BTreeSet<String>,
    /// The origins that are probed: `shop/primary`.
    pub origins: BTreeSet<String>,
    /// The pools.
    pub pools: BTreeSet<String>,
    /// Now.
    pub now: Timestamp,
}

/// What keys begin with, in their order: of other rows the walk knows nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Day,
    Fine,
    Hour,
    Open,
    Shards,
    Stood,
    Today,
}

impl Kind {
    const ALL: [Self; 7] =
        [Self::Day, Self::Fine, Self::Hour, Self::Open, Self::Shards, Self::Stood, Self::Today];

    const fn prefix(self) -> &'static str {
        match self {
            Self::Day => "day/",
            Self::Fine => "fine/",
            Self::Hour => "hour/",
            Self::Open => "open/",
            Self::Shards => "shards/",
            Self::Stood => "stood/",
            Self::Today => "today/",
        }
    }

    /// A key after all of this kind; `0` is the character after `/`.
    fn end(self) -> String {
        self.prefix().replace('/', "0")
    }

    /// How long the time is that a row speaks of.
    const fn length(self) -> Millis {
        match self {
            Self::Day | Self::Stood | Self::Today => Millis::DAY,
            Self::Fine | Self::Hour => HOUR,
            Self::Open | Self::Shards => BUCKET,
        }
    }
}

/// When what a row speaks of began, whatever else it says.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Dated {
    version: u32,
    at: Option<Timestamp>,
    day: Option<u64>,
    buckets: Vec<At>,
}

#[derive(Deserialize)]
struct At {
    at: Timestamp,
}

impl Dated {
    fn begun(text: &str) -> Option<Timestamp> {
        let row = json::read::<Self>(text).filter(|row| row.version == VERSION)?;
        let day = |day: u64| Timestamp::from_millis(day.saturating_mul(Millis::DAY.get()));
        row.at.or_else(|| row.day.map(day)).or_else(|| row.buckets.iter().map(|bucket| bucket.at).max())
    }
}

/// What becomes of a row that the walk comes to.
enum Found {
    /// Nothing: further rows take its place. The walk goes on after a key.
    Lives(String),
    /// It is kept for a while yet.
    Kept,
    /// It is to be written so; an empty text takes it away.
    Changes(String),
}

impl Keeping {
    /// One step of the walk from `cursor` on: at most one row changes, but not that of the key
    /// `own`, which is about to be written.
    pub(super) fn swept(&self, stored: &Stored<'_>, cursor: &mut String, own: &str) -> Option<HistoryRow> {
        for _ in 0..SWEPT_AT_ONCE {
            let Some((kind, key, text)) = next(stored, cursor) else {
                cursor.clear();
                return None;
            };
            let found = self.found(kind, &key, &text, stored);
            match found {
                Found::Lives(after) => {
                    *cursor = after;
                    return None;
                }
                Found::Changes(text) if key != own => {
                    cursor.clone_from(&key);
                    return Some(HistoryRow { key, text });
                }
                Found::Changes(_) | Found::Kept => *cursor = key,
            }
        }
        None
    }

    fn found(&self, kind: Kind, key: &str, text: &str, stored: &Stored<'_>) -> Found {
        let name = key.get(kind.prefix().len()..).unwrap_or_default();
        // Of a ring it is what stands before its place.
        let ring = name.rsplit_once('/').map_or(name, |(ring, _)| ring);
        let (lives, kept) = match kind {
            Kind::Day => (self.origins.contains(ring), Step::Day.kept(&self.retention)),
            Kind::Fine => (self.shards.contains(ring), Step::Fine.kept(&self.retention)),
            Kind::Hour => (self.shards.contains(ring), Step::Hour.kept(&self.retention)),
            // As long as any row of the shard, whatever its step.
            Kind::Open | Kind::Today => (self.shards.contains(name), self.retention.days),
            // What stood is told from a transition to the next: without the older ones it would
            // read as if nothing had changed before, should days be kept for longer again.
            Kind::Stood => (self.pools.contains(ring), Retention::USUAL.days),
            Kind::Shards => return self.listed(name, text, stored),
        };
        let overwritten = match kind {
            Kind::Day => kept == Retention::USUAL.days,
            Kind::Fine => kept == Retention::USUAL.minutes,
            Kind::Hour => kept == Retention::USUAL.hours,
            Kind::Open | Kind::Shards | Kind::Stood | Kind::Today => true,
        };
        if lives && overwritten {
            return Found::Lives(match kind {
                Kind::Day | Kind::Fine | Kind::Hour | Kind::Stood => [kind.prefix(), ring, "0"].concat(),
                Kind::Open | Kind::Shards | Kind::Today => key.to_owned(),
            });
        }
        let end = Dated::begun(text).map(|at| at.plus(kind.length()));
        if end.is_some_and(|end| end.plus(kept) < self.now) {
            Found::Changes(String::new())
        } else {
            Found::Kept
        }
    }

    /// The list of a vantage's shards without those that are gone, and whose last row is. The open
    /// row of a shard is the last that goes.
    fn listed(&self, vantage: &str, text: &str, stored: &Stored<'_>) -> Found {
        let lives = |shard: &String| self.shards.contains(&format!("{vantage}/{shard}"));
        let named = Name::parse(vantage).ok();
        let row = read::<ShardsRow>(Some(text.to_owned()));
        let Some((vantage, mut row)) = named.zip(row) else { return Found::Kept };
        let before = row.shards.len();
        row.shards.retain(|shard| lives(shard) || (stored.at)(&open_key(&vantage, shard)).is_some());
        if row.shards.is_empty() {
            Found::Changes(String::new())
        } else if row.shards.len() < before {
            Found::Changes(json::write(&row))
        } else if row.shards.iter().all(lives) {
            Found::Lives(["shards/", vantage.as_str()].concat())
        } else {
            Found::Kept
        }
    }
}

/// The first row after a key that is of a kind that the walk knows.
fn next(stored: &Stored<'_>, cursor: &str) -> Option<(Kind, String, String)> {
    let mut from = cursor.to_owned();
    // Each turn passes over the rows between two kinds, and the last one finds nothing.
    loop {
        let kind = Kind::ALL.into_iter().find(|kind| kind.end() > from)?;
        let (key, text) = (stored.after)(from.as_str().max(kind.prefix()))?;
        if let Some(kind) = Kind::ALL.into_iter().find(|kind| key.starts_with(kind.prefix())) {
            return Some((kind, key, text));
        }
        from = key;
    }
}
