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
use crate::json;
use crate::units::{Name, Timestamp};

/// A row of history: what it replaces, and its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryRow {
    /// The key.
    pub key: String,
    /// JSON.
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
    stored: &'a dyn Fn(&str) -> Option<String>,
    written: BTreeMap<String, String>,
}

impl Rows<'_> {
    fn get<T: serde::de::DeserializeOwned + Versioned>(&self, key: &str) -> Option<T> {
        read(self.written.get(key).cloned().or_else(|| (self.stored)(key)))
    }

    fn put(&mut self, key: String, row: &impl serde::Serialize) {
        self.written.insert(key, json::write(row));
    }
}

/// The rows that these rollups change. `stored` gives the text of a row that is stored.
#[must_use]
pub fn rolled(
    stored: &dyn Fn(&str) -> Option<String>,
    sender: &Sender,
    rollups: &[Rollup],
) -> Vec<HistoryRow> {
    let mut rows = Rows { stored, written: BTreeMap::new() };
    let key = open_key(&sender.vantage, &sender.shard);
    let mut open: OpenRow = rows.get(&key).unwrap_or_default();
    let mut news = false;
    for rollup in rollups {
        if rollup.life == open.life && rollup.seq <= open.seq {
            continue;
        }
        news = true;
        let begun = open.buckets.first().map(|first| hour(first.at));
        if begun.is_some_and(|begun| begun != hour(rollup.at)) {
            close_hour(&mut rows, sender, std::mem::take(&mut open.buckets));
        }
        (open.life, open.seq) = (rollup.life, rollup.seq);
        open.buckets.push(rollup.clone());
    }
    if news {
        enlist(&mut rows, sender);
        open.version = VERSION;
        rows.put(key, &open);
    }
    rows.written.into_iter().map(|(key, text)| HistoryRow { key, text }).collect()
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
