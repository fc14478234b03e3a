//! A question about history and the rows that are stored → the answer.

use std::collections::BTreeMap;

use serde::Serialize;

use super::query::{Query, Step, Window};
use super::rows::{
    DayRow, FineRow, OpenRow, ShardSpan, ShardsRow, day_key, fine_key, hour_key, later, open_key, read,
    shards_key, today_key,
};
use super::sums::{Part, Sums};
use super::{BUCKET, HOUR, floor};
use crate::json::{self, Shown};
use crate::sample::CacheClass;
use crate::units::{Millis, Name, OriginId, Timestamp};

/// What an answer is made from.
#[derive(Clone, Copy)]
pub struct Grounds<'a> {
    /// The text of a row that is stored.
    pub stored: &'a dyn Fn(&str) -> Option<String>,
    /// The vantages, each with the shard that has the origin now.
    pub vantages: &'a [(Name, Option<String>)],
    /// Now.
    pub now: Timestamp,
}

/// The answer as JSON.
#[must_use]
pub fn answered(query: &Query, grounds: &Grounds<'_>) -> String {
    let mut steps = Steps::new(query, grounds.now);
    for (vantage, shard) in grounds.vantages {
        if query.vantage.as_ref().is_some_and(|asked| asked != vantage) {
            continue;
        }
        let stored = grounds.stored;
        let known: ShardsRow = read(stored(&shards_key(vantage))).unwrap_or_default();
        // What is now the origin's shard comes first: the others are looked at only where it has
        // nothing.
        let mut shards: Vec<&String> = shard.iter().collect();
        shards.extend(known.shards.iter().filter(|other| shard.as_ref() != Some(*other)));
        let source = Source { stored, vantage, shards: &shards, id: &query.id };
        match query.step {
            Step::Fine => source.fine(&mut steps),
            Step::Hour => source.hours(&mut steps),
            Step::Day => source.days(&mut steps),
        }
    }
    if query.step == Step::Day {
        let stored = grounds.stored;
        let mut at = query.window.from;
        while at < query.window.to {
            let day: Option<DayRow> = read(stored(&day_key(&query.id, at)));
            for (vantage, part) in day.filter(|day| day.at == at).into_iter().flat_map(|day| day.vantages) {
                if query.vantage.as_ref().is_none_or(|asked| *asked == vantage) {
                    steps.add(at, &part);
                }
            }
            at = at.plus(Millis::DAY);
        }
    }
    json::write(&steps.shown(query))
}

/// Where the rows of one vantage are looked for.
struct Source<'a> {
    stored: &'a dyn Fn(&str) -> Option<String>,
    vantage: &'a Name,
    shards: &'a [&'a String],
    id: &'a OriginId,
}

impl Source<'_> {
    /// Every hour of a window in which a shard has the origin, by `find`.
    fn each_hour(&self, window: Window, mut find: impl FnMut(&str, Timestamp) -> bool) {
        let mut at = floor(window.from, HOUR);
        while at < window.to {
            let _ = self.shards.iter().any(|shard| find(shard, at));
            at = at.plus(HOUR);
        }
    }

    fn fine(&self, steps: &mut Steps) {
        self.each_hour(steps.window, |shard, at| {
            let row: Option<FineRow> = read((self.stored)(&fine_key(self.vantage, shard, at)));
            let buckets = row.filter(|row| row.at == at).into_iter().flat_map(|row| row.buckets);
            let mut found = false;
            for bucket in buckets {
                if let Some(part) = bucket.origins.get(self.id) {
                    found = true;
                    steps.add(bucket.at, part);
                }
            }
            found
        });
        self.open(steps);
    }

    fn hours(&self, steps: &mut Steps) {
        self.each_hour(steps.window, |shard, at| {
            let row: Option<ShardSpan> = read((self.stored)(&hour_key(self.vantage, shard, at)));
            let part = row.filter(|row| row.at == at).and_then(|mut row| row.origins.remove(self.id));
            if let Some(part) = &part {
                steps.add(at, part);
            }
            part.is_some()
        });
        self.open(steps);
    }

    /// Days that are not over yet.
    fn days(&self, steps: &mut Steps) {
        for shard in self.shards {
            let today: Option<ShardSpan> = read((self.stored)(&today_key(self.vantage, shard)));
            let Some(mut today) = today else { continue };
            if let Some(part) = today.origins.remove(self.id) {
                steps.add(today.at, &part);
            }
        }
        self.open(steps);
    }

    /// Hours that are not over yet.
    fn open(&self, steps: &mut Steps) {
        for shard in self.shards {
            let open: OpenRow = read((self.stored)(&open_key(self.vantage, shard))).unwrap_or_default();
            for bucket in &open.buckets {
                if let Some(part) = bucket.origins.get(self.id) {
                    steps.add(bucket.at, part);
                }
            }
        }
    }
}

/// The steps of an answer, as rows come.
struct Steps {
    window: Window,
    length: Millis,
    sums: BTreeMap<Timestamp, BTreeMap<CacheClass, Sums>>,
    /// In which five minutes of the window somebody looked.
    looked: Vec<bool>,
    /// Until when everything has been handed on that will be.
    complete: Timestamp,
}

impl Steps {
    fn new(query: &Query, now: Timestamp) -> Self {
        let Window { from, to } = query.window;
        // The latest five minutes are handed on a little after they end.
        let complete = floor(now, BUCKET).minus(BUCKET).min(to).max(from);
        let looked = vec![false; later(from, to)];
        Self { window: query.window, length: query.step.length(), sums: BTreeMap::new(), looked, complete }
    }

    /// Takes in what lies at `at`.
    fn add(&mut self, at: Timestamp, part: &Part) {
        for bit in part.looked.bits() {
            let slot = at.plus(BUCKET.times(bit as u64));
            let place = later(self.window.from, slot);
            if let Some(seen) = self.looked.get_mut(place).filter(|_| slot >= self.window.from) {
                *seen = true;
            }
        }
        if at < self.window.from || at >= self.window.to {
            return;
        }
        let step = self.sums.entry(floor(at, self.length)).or_default();
        for (class, sums) in &part.classes {
            step.entry(*class).or_default().merge(sums);
        }
    }

    /// For how long of a step nobody looked, in seconds.
    fn unknown(&self, at: Timestamp) -> u64 {
        let end = at.plus(self.length).min(self.complete);
        let slots = later(self.window.from, at)..later(self.window.from, end.max(at));
        let unseen = self.looked.get(slots).unwrap_or_default().iter().filter(|seen| !**seen).count();
        BUCKET.times(unseen as u64).as_secs()
    }

    fn shown<'a>(&'a self, query: &'a Query) -> Shape<'a> {
        let mut steps = Vec::new();
        let mut at = self.window.from;
        while at < self.window.to {
            let classes = self.sums.get(&at).into_iter().flatten();
            let asked = classes.filter(|(class, _)| query.class.is_none_or(|asked| asked == **class));
            steps.push(ShownStep {
                at: Shown(at),
                unknown_s: self.unknown(at),
                classes: asked.map(|(class, sums)| (class.as_str(), ShownSums::of(sums, query))).collect(),
            });
            at = at.plus(self.length);
        }
        Shape {
            pool: query.id.pool.as_str(),
            origin: query.id.origin.as_str(),
            vantage: query.vantage.as_ref().map(Name::as_str),
            from: Shown(self.window.from),
            to: Shown(self.window.to),
            step: query.step.as_str(),
            complete_until: Shown(self.complete),
            relative_error: 1.0 / 64.0,
            steps,
        }
    }
}

#[derive(Serialize)]
struct Shape<'a> {
    pool: &'a str,
    origin: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    vantage: Option<&'a str>,
    from: Shown<Timestamp>,
    to: Shown<Timestamp>,
    step: &'static str,
    complete_until: Shown<Timestamp>,
    relative_error: f64,
    steps: Vec<ShownStep<'a>>,
}

#[derive(Serialize)]
struct ShownStep<'a> {
    at: Shown<Timestamp>,
    unknown_s: u64,
    classes: BTreeMap<&'static str, ShownSums<'a>>,
}

#[derive(Serialize)]
struct ShownSums<'a> {
    samples: u64,
    pass: u64,
    warn: u64,
    fail: u64,
    unproven: u64,
    none: u64,
    kinds: &'a BTreeMap<String, u64>,
    response_ms: ShownSketch,
    db_ms: ShownSketch,
    db_calls: u64,
    db_stated: u64,
    bytes: u64,
}

#[derive(Serialize)]
struct ShownSketch {
    count: u64,
    quantiles: BTreeMap<String, Option<u64>>,
}

impl ShownSketch {
    fn of(sketch: &super::Sketch, query: &Query) -> Self {
        // 9900 is written 0.99.
        let name = |share: u32| {
            let text = format!("{}.{:04}", share / 10_000, share % 10_000);
            let short = text.trim_end_matches('0').trim_end_matches('.');
            short.to_owned()
        };
        let told = query.quantiles.iter().map(|share| (name(*share), sketch.quantile(*share)));
        Self { count: sketch.count(), quantiles: told.collect() }
    }
}

impl<'a> ShownSums<'a> {
    fn of(sums: &'a Sums, query: &Query) -> Self {
        Self {
            samples: sums.samples(),
            pass: sums.pass,
            warn: sums.warn,
            fail: sums.fail,
            unproven: sums.unproven,
            none: sums.none,
            kinds: &sums.kinds,
            response_ms: ShownSketch::of(&sums.response, query),
            db_ms: ShownSketch::of(&sums.database, query),
            db_calls: sums.calls,
            db_stated: sums.stated,
            bytes: sums.bytes,
        }
    }
}
