//! A vantage's rollups → the Arbiter's rows: the open hour of a shard, closed hours, days.
//!
//! A rollup has a number, and is counted once however often it comes. All rows of one call are to
//! be written in one transaction. Each call reads and writes a bounded number of rows: none of them
//! depends on how much history there is.

use std::collections::BTreeMap;

use super::rows::{
    DayRow, FineRow, OpenRow, ShardSpan, ShardsRow, VERSION, Versioned, day_key, fine_key, hour, hour_key,
    later, open_key, read, shards_key, today_key,
};
use super::sums::Rollup;
use super::sweep::Keeping;
use crate::json;
use crate::units::{Name, Timestamp};

/// Rows of history as they are stored.
#[derive(Clone, Copy)]
pub struct Stored<'a> {
    /// The text of the row of a key.
    pub at: &'a dyn Fn(&str) -> Option<String>,
    /// Key and text of the first row after a key, in the order of their bytes.
    pub after: &'a dyn Fn(&str) -> Option<(String, String)>,
}

/// A row of history: what it replaces, and its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryRow {
    /// The key.
    pub key: String,
    /// JSON; empty if the row is to be taken away.
    pub text: String,
}

/// Whose rollups they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    /// The vantage.
    pub vantage: Name,
    /// Its shard, `0of1`.
    pub shard: String,
}

/// Rows as they are stored, under those that are about to be.
struct Rows<'a> {
    stored: Stored<'a>,
    written: BTreeMap<String, String>,
}

impl Rows<'_> {
    fn get<T: serde::de::DeserializeOwned + Versioned>(&self, key: &str) -> Option<T> {
        read(self.written.get(key).cloned().or_else(|| (self.stored.at)(key)))
    }

    fn put(&mut self, key: String, row: &impl serde::Serialize) {
        self.written.insert(key, json::write(row));
    }
}

/// The rows that these rollups change, and one at most that is kept no longer.
#[must_use]
pub fn rolled(
    stored: &Stored<'_>,
    sender: &Sender,
    rollups: &[Rollup],
    keeping: &Keeping,
) -> Vec<HistoryRow> {
    let mut rows = Rows { stored: *stored, written: BTreeMap::new() };
    let key = open_key(&sender.vantage, &sender.shard);
    let mut open: OpenRow = rows.get(&key).unwrap_or_default();
    let (mut news, mut enlists) = (false, open.version == 0);
    for rollup in rollups {
        if rollup.life == open.life && rollup.seq <= open.seq {
            continue;
        }
        news = true;
        let begun = open.buckets.first().map(|first| hour(first.at));
        if begun.is_some_and(|begun| begun != hour(rollup.at)) {
            close_hour(&mut rows, sender, std::mem::take(&mut open.buckets));
            enlists = true;
        }
        (open.life, open.seq) = (rollup.life, rollup.seq);
        open.buckets.push(rollup.clone());
    }
    let mut gone = None;
    if news {
        if enlists {
            enlist(&mut rows, sender);
        } else {
            gone = keeping.swept(stored, &mut open.swept, &key);
        }
        open.version = VERSION;
        rows.put(key, &open);
    }
    let written = rows.written.into_iter().map(|(key, text)| HistoryRow { key, text });
    written.chain(gone).collect()
}

/// Notes the shard among those of its vantage.
fn enlist(rows: &mut Rows<'_>, sender: &Sender) {
    let key = shards_key(&sender.vantage);
    let mut known: ShardsRow = rows.get(&key).unwrap_or_default();
    if !known.shards.contains(&sender.shard) {
        known.version = VERSION;
        known.shards.push(sender.shard.clone());
        rows.put(key, &known);
    }
}

/// The hour of these is over: it is kept in fine and as a whole, and joins its day. A clock that
/// stepped back may bring the same hour twice.
fn close_hour(rows: &mut Rows<'_>, sender: &Sender, buckets: Vec<Rollup>) {
    let Some(at) = buckets.first().map(|first| hour(first.at)) else { return };
    let Sender { vantage, shard } = sender;
    let mut span = ShardSpan { version: VERSION, at, origins: BTreeMap::new() };
    for bucket in &buckets {
        for (id, part) in &bucket.origins {
            span.origins.entry(id.clone()).or_default().merge(part, later(at, bucket.at));
        }
    }
    join_day(rows, sender, &span);
    let key = fine_key(vantage, shard, at);
    let fine: Option<FineRow> = rows.get(&key).filter(|fine: &FineRow| fine.at == at);
    let mut fine = fine.unwrap_or(FineRow { version: VERSION, at, buckets: Vec::new() });
    fine.buckets.extend(buckets);
    rows.put(key, &fine);
    let key = hour_key(vantage, shard, at);
    if let Some(known) = rows.get(&key).filter(|known: &ShardSpan| known.at == at) {
        for (id, part) in &known.origins {
            span.origins.entry(id.clone()).or_default().merge(part, 0);
        }
    }
    rows.put(key, &span);
}

/// An hour joins the day of its shard; one of another day closes that.
fn join_day(rows: &mut Rows<'_>, sender: &Sender, span: &ShardSpan) {
    let key = today_key(&sender.vantage, &sender.shard);
    let at = span.at.midnight();
    let known: Option<ShardSpan> = rows.get(&key);
    let mut today = match known {
        Some(today) if today.at == at => today,
        other => {
            if let Some(over) = other {
                close_day(rows, &sender.vantage, &over);
            }
            ShardSpan { version: VERSION, at, origins: BTreeMap::new() }
        }
    };
    for (id, part) in &span.origins {
        today.origins.entry(id.clone()).or_default().merge(part, later(at, span.at));
    }
    rows.put(key, &today);
}

/// A day of a shard joins the rows of its origins.
fn close_day(rows: &mut Rows<'_>, vantage: &Name, over: &ShardSpan) {
    let at: Timestamp = over.at;
    for (id, part) in &over.origins {
        let key = day_key(id, at);
        let known: Option<DayRow> = rows.get(&key).filter(|known: &DayRow| known.at == at);
        let mut day = known.unwrap_or(DayRow { version: VERSION, at, vantages: BTreeMap::new() });
        day.vantages.entry(vantage.clone()).or_default().merge(part, 0);
        rows.put(key, &day);
    }
}
