//! What a world knows of the samples that its vantages stored, and holds history to: each of them
//! is counted once, and time in which nobody looked is unknown.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use vedette::arbiter::Memories;
use vedette::config::Config;
use vedette::history::{BUCKET, Bucket, Grounds, HistoryRow, Query, Step, Stored, Window, answered, floor};
use vedette::schedule::label_of;
use vedette::units::{Name, OriginId, Timestamp};
use vedette::vantage::{MARK, RingRow};

use crate::laws;
use crate::objects::VantageObject;

/// A bucket: its vantage and shard, the life of its ring, its number.
type Key = (Name, String, u64, u64);

/// What is stored of it.
struct Kept {
    at: Timestamp,
    samples: BTreeMap<OriginId, u64>,
}

/// The Arbiter's rows, and the truth.
#[derive(Default)]
pub struct History {
    rows: BTreeMap<String, String>,
    kept: BTreeMap<Key, Kept>,
    counted: BTreeSet<Key>,
    /// Buckets whose place in the ring was taken before anybody could be told of them: the Arbiter
    /// was out of reach for longer than the ring holds.
    overwritten: BTreeSet<Key>,
}

fn key(vantage: &Name, shard: &str, bucket: &Bucket) -> Key {
    (vantage.clone(), shard.to_owned(), bucket.life(), bucket.seq())
}

impl History {
    /// A row of a ring has landed.
    pub fn keeps(&mut self, vantage: &mut VantageObject, row: &RingRow) {
        if row.place != MARK
            && let Some(bucket) = Bucket::read(&row.text)
        {
            let before = vantage.ring.get(&row.place).and_then(|text| Bucket::read(text));
            if let Some(before) = before.filter(|before| before.seq() != bucket.seq()) {
                let before = key(&vantage.vantage, &vantage.label, &before);
                if !self.counted.contains(&before) {
                    self.overwritten.insert(before);
                }
            }
            let mut samples = BTreeMap::new();
            for fact in bucket.facts() {
                *samples.entry(bucket.origins()[fact.origin].clone()).or_default() += 1;
            }
            let kept = Kept { at: bucket.at(), samples };
            self.kept.insert(key(&vantage.vantage, &vantage.label, &bucket), kept);
        }
        vantage.ring.insert(row.place, row.text.clone());
    }

    /// An object that is named no more clears its ring away.
    pub fn retires(&mut self, vantage: &mut VantageObject) {
        vantage.ring.clear();
        let (of, shard, counted) = (&vantage.vantage, &vantage.label, &self.counted);
        self.kept.retain(|key, _| counted.contains(key) || (&key.0, &key.1) != (of, shard));
    }

    /// What is to be remembered has landed. `tampered` is what the engine is given.
    pub fn remembers(&mut self, memories: &Memories, tampered: &Memories) {
        if let Some((sender, rollups)) = &memories.rollups {
            for rollup in rollups {
                let shard = (sender.vantage.clone(), sender.shard.clone());
                self.counted.insert((shard.0, shard.1, rollup.life, rollup.seq));
            }
        }
        let after = |key: &str| {
            let row = self.rows.range::<str, _>((Bound::Excluded(key), Bound::Unbounded)).next();
            row.map(|(key, text)| (key.clone(), text.clone()))
        };
        let rows = tampered.rows(&Stored { at: &|key| self.rows.get(key).cloned(), after: &after });
        for HistoryRow { key, text } in rows {
            if text.is_empty() {
                self.rows.remove(&key);
            } else {
                self.rows.insert(key, text);
            }
        }
    }

    /// The Arbiter's rows.
    pub const fn rows(&self) -> &BTreeMap<String, String> {
        &self.rows
    }

    /// What the Arbiter's rows add up to, by vantage and origin.
    fn told(&self) -> BTreeMap<(String, String), u64> {
        let mut told = BTreeMap::new();
        let mut count = |vantage: &str, origins: &serde_json::Value| {
            for (id, part) in origins.as_object().unwrap() {
                for sums in part["classes"].as_object().unwrap().values() {
                    let kinds = ["pass", "warn", "fail", "unproven", "none"];
                    let samples: u64 = kinds.iter().filter_map(|kind| sums[*kind].as_u64()).sum();
                    *told.entry((vantage.to_owned(), id.clone())).or_default() += samples;
                }
            }
        };
        for (key, text) in &self.rows {
            let parts: Vec<&str> = key.split('/').collect();
            let row = || serde_json::from_str::<serde_json::Value>(text).unwrap();
            match parts[0] {
                "open" => {
                    row()["buckets"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .for_each(|one| count(parts[1], &one["origins"]));
                }
                "hour" => count(parts[1], &row()["origins"]),
                _ => {}
            }
        }
        told
    }

    /// Every stored sample that was handed on is counted, and once.
    pub fn nothing_is_lost_or_counted_twice(&self) -> laws::Verdict {
        let mut expected = BTreeMap::<(String, String), u64>::new();
        for (key, kept) in self.kept.iter().filter(|(key, _)| self.counted.contains(*key)) {
            for (id, samples) in &kept.samples {
                *expected.entry((key.0.to_string(), id.to_string())).or_default() += samples;
            }
        }
        let told = self.told();
        laws::hold(told == expected, || format!("history counts {told:?}, and stored were {expected:?}"))
    }

    /// In the end a shard has nothing but its latest buckets to hand on, of those in its ring.
    pub fn everything_is_handed_on(&self, vantage: &VantageObject) -> laws::Verdict {
        let own = |key: &Key| key.0 == vantage.vantage && key.1 == vantage.label;
        // A later life begins later, by a clock that may have stepped back.
        let own: Vec<&Key> = self.kept.keys().filter(|key| own(key)).collect();
        let told = |key: &Key| self.counted.contains(key) || self.overwritten.contains(key);
        let left: Vec<_> = own.iter().filter(|key| !told(key)).collect();
        let last = left.iter().map(|key| key.3).max().unwrap_or(0);
        let lives: BTreeSet<u64> = left.iter().map(|key| key.2).collect();
        let is_late = left.iter().any(|key| key.3 + 3 < last);
        laws::hold(lives.len() < 2 && !is_late, || format!("{} has not handed on {left:?}", vantage.name))
    }

    /// Time is unknown where no sample was stored, and nowhere else.
    pub fn unknown_is_what_nobody_saw(&self, config: &Config, now: Timestamp) -> laws::Verdict {
        for origin in config.origins() {
            let to = floor(now, BUCKET);
            let window = Window { from: to.minus(BUCKET.times(500)), to };
            let query = Query {
                id: origin.id.clone(),
                window,
                step: Step::Fine,
                quantiles: vec![5_000],
                class: None,
                vantage: None,
            };
            let vantages: Vec<_> = config
                .vantages
                .iter()
                .map(|vantage| (vantage.name.clone(), label_of(config, &vantage.name, &origin.id)))
                .collect();
            let stored = |key: &str| self.rows.get(key).cloned();
            let told = answered(&query, &Grounds { stored: &stored, vantages: &vantages, now });
            let told: serde_json::Value = serde_json::from_str(&told).unwrap();
            let complete = Timestamp::parse(told["complete_until"].as_str().unwrap()).unwrap();
            for step in told["steps"].as_array().unwrap() {
                let at = Timestamp::parse(step["at"].as_str().unwrap()).unwrap();
                let seen = self.kept.iter().any(|(key, kept)| {
                    kept.at == at && kept.samples.contains_key(&origin.id) && self.counted.contains(key)
                });
                let unknown = if seen || at >= complete { 0 } else { BUCKET.as_secs() };
                laws::hold(step["unknown_s"].as_u64() == Some(unknown), || {
                    format!("{} at {at}: {step}, and {unknown} s are unknown", origin.id)
                })?;
            }
        }
        Ok(())
    }
}
