//! The rows that the Arbiter keeps of its vantages' rollups: frozen formats, each with its version,
//! and the keys by which they are overwritten in turn.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::sums::{Part, Rollup};
use super::{HOUR, floor};
use crate::json;
use crate::units::{Name, OriginId, Timestamp};

pub use crate::defaults::history::{DAYS, FINE_HOURS, HOURS};

/// The format of every row.
pub(super) const VERSION: u32 = 1;

/// The rollups of the hour under way of one shard, and which was the last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct OpenRow {
    pub(super) version: u32,
    pub(super) life: u64,
    pub(super) seq: u64,
    pub(super) buckets: Vec<Rollup>,
    /// How far the walk came that looks for rows that are kept no longer: a key.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) swept: String,
}

/// An hour of one shard with every five minutes of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FineRow {
    pub(super) version: u32,
    pub(super) at: Timestamp,
    pub(super) buckets: Vec<Rollup>,
}

/// An hour, or a part of a day, of one shard.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ShardSpan {
    pub(super) version: u32,
    pub(super) at: Timestamp,
    pub(super) origins: BTreeMap<OriginId, Part>,
}

/// A day of one origin.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct DayRow {
    pub(super) version: u32,
    pub(super) at: Timestamp,
    pub(super) vantages: BTreeMap<Name, Part>,
}

/// The shards of a vantage that ever handed something on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ShardsRow {
    pub(super) version: u32,
    pub(super) shards: Vec<String>,
}

/// What every row has.
pub(super) trait Versioned {
    fn version(&self) -> u32;
}

macro_rules! versioned {
    ($($row:ty),+) => {$(
        impl Versioned for $row {
            fn version(&self) -> u32 {
                self.version
            }
        }
    )+};
}
versioned!(OpenRow, FineRow, ShardSpan, DayRow, ShardsRow);

/// A row by its text; nothing if it is not understood.
pub(super) fn read<T: serde::de::DeserializeOwned + Versioned>(text: Option<String>) -> Option<T> {
    text.and_then(|text| json::read::<T>(&text)).filter(|row| row.version() == VERSION)
}

pub(super) fn open_key(vantage: &Name, shard: &str) -> String {
    format!("open/{vantage}/{shard}")
}

pub(super) fn today_key(vantage: &Name, shard: &str) -> String {
    format!("today/{vantage}/{shard}")
}

pub(super) fn shards_key(vantage: &Name) -> String {
    format!("shards/{vantage}")
}

/// The number of the hour that a time lies in.
const fn hour_of(at: Timestamp) -> u64 {
    at.as_millis() / HOUR.get()
}

pub(super) fn fine_key(vantage: &Name, shard: &str, at: Timestamp) -> String {
    format!("fine/{vantage}/{shard}/{}", hour_of(at) % FINE_HOURS)
}

pub(super) fn hour_key(vantage: &Name, shard: &str, at: Timestamp) -> String {
    format!("hour/{vantage}/{shard}/{}", hour_of(at) % HOURS)
}

pub(super) fn day_key(id: &OriginId, at: Timestamp) -> String {
    format!("day/{id}/{}", at.day() % DAYS)
}

/// When the hour of a time begins.
pub(super) const fn hour(at: Timestamp) -> Timestamp {
    floor(at, HOUR)
}

/// How many five minutes lie between the beginning of a time and a later one.
pub(super) fn later(begin: Timestamp, at: Timestamp) -> usize {
    let buckets = at.since(begin).get() / super::BUCKET.get();
    usize::try_from(buckets).unwrap_or(usize::MAX)
}
