//! The facts of samples → what they add up to, by origin and cache class.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::A_DAY;
use super::fact::{Fact, Proof};
use super::sketch::Sketch;
use crate::sample::CacheClass;
use crate::units::{OriginId, Timestamp};

/// What the samples of one origin from one vantage add up to, of one cache class. Stored and sent:
/// fields are never renamed, and new ones may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sums {
    /// Samples that passed.
    #[serde(skip_serializing_if = "is_zero")]
    pub pass: u64,
    /// Samples that passed with a blemish.
    #[serde(skip_serializing_if = "is_zero")]
    pub warn: u64,
    /// Samples that failed.
    #[serde(skip_serializing_if = "is_zero")]
    pub fail: u64,
    /// Samples that a cache answered, with a blemish that proves nothing.
    #[serde(skip_serializing_if = "is_zero")]
    pub unproven: u64,
    /// Samples that prove nothing: the fault was ours.
    #[serde(skip_serializing_if = "is_zero")]
    pub none: u64,
    /// Failures, and samples without proof, by kind.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub kinds: BTreeMap<String, u64>,
    /// Milliseconds until the whole answer was read, of complete answers.
    #[serde(skip_serializing_if = "Sketch::is_empty")]
    pub response: Sketch,
    /// Milliseconds in the database, of answers that state them.
    #[serde(skip_serializing_if = "Sketch::is_empty")]
    pub database: Sketch,
    /// Calls of the database, of answers that state them.
    #[serde(skip_serializing_if = "is_zero")]
    pub calls: u64,
    /// How many answers did.
    #[serde(skip_serializing_if = "is_zero")]
    pub stated: u64,
    /// Bytes of bodies that were read.
    #[serde(skip_serializing_if = "is_zero")]
    pub bytes: u64,
}

// On 32 bits the lint asks for nothing.
#[cfg_attr(
    target_pointer_width = "64",
    expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands in a reference")
)]
const fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Sums {
    /// Counts a sample.
    pub fn add(&mut self, fact: &Fact) {
        let count = match fact.proof {
            Proof::Pass => &mut self.pass,
            Proof::Warn => &mut self.warn,
            Proof::Fail => &mut self.fail,
            Proof::Unproven => &mut self.unproven,
            Proof::None => &mut self.none,
        };
        *count = count.saturating_add(1);
        if let Some(kind) = fact.kind {
            let count = self.kinds.entry(kind.to_owned()).or_default();
            *count = count.saturating_add(1);
        }
        if fact.complete {
            self.response.add(fact.response);
        }
        if let Some(time) = fact.database {
            self.database.add(time);
        }
        if let Some(calls) = fact.calls {
            self.calls = self.calls.saturating_add(u64::from(calls));
            self.stated = self.stated.saturating_add(1);
        }
        self.bytes = self.bytes.saturating_add(fact.bytes);
    }

    /// Adds up.
    pub fn merge(&mut self, other: &Self) {
        let pairs = [
            (&mut self.pass, other.pass),
            (&mut self.warn, other.warn),
            (&mut self.fail, other.fail),
            (&mut self.unproven, other.unproven),
            (&mut self.none, other.none),
            (&mut self.calls, other.calls),
            (&mut self.stated, other.stated),
            (&mut self.bytes, other.bytes),
        ];
        for (sum, more) in pairs {
            *sum = sum.saturating_add(more);
        }
        for (kind, more) in &other.kinds {
            let count = self.kinds.entry(kind.clone()).or_default();
            *count = count.saturating_add(*more);
        }
        self.response.merge(&other.response);
        self.database.merge(&other.database);
    }

    /// All samples.
    #[must_use]
    pub const fn samples(&self) -> u64 {
        let proven = self.pass.saturating_add(self.warn).saturating_add(self.fail);
        proven.saturating_add(self.unproven).saturating_add(self.none)
    }
}

/// What the samples of one origin from one vantage add up to in some time, by cache class.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// In which five minutes of that time somebody looked, the first in the lowest bit. Those of a
    /// slower pace than that stand for the ones until the next.
    pub looked: Looked,
    /// By cache class: never mixed.
    pub classes: BTreeMap<CacheClass, Sums>,
}

/// One bit for each five minutes of a day: text of hexadecimal digits, the last one lowest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Looked(Vec<u64>);

impl From<String> for Looked {
    fn from(text: String) -> Self {
        let bytes = text.as_bytes();
        let words = bytes.rchunks(16).map(|word| {
            let text = std::str::from_utf8(word).unwrap_or_default();
            u64::from_str_radix(text, 16).unwrap_or(0)
        });
        Self(words.take(A_DAY / 64 + 1).collect())
    }
}

impl From<Looked> for String {
    fn from(looked: Looked) -> Self {
        let words: Self = looked.0.iter().rev().map(|word| format!("{word:016x}")).collect();
        let text = words.trim_start_matches('0');
        if text.is_empty() { "0".to_owned() } else { text.to_owned() }
    }
}

impl Looked {
    /// Sets so many bits from this one on.
    pub fn set(&mut self, from: usize, count: usize) {
        let end = from.saturating_add(count).min(A_DAY);
        for bit in from..end {
            while self.0.len() <= bit / 64 {
                self.0.push(0);
            }
            if let Some(word) = self.0.get_mut(bit / 64) {
                *word |= 1 << (bit % 64);
            }
        }
    }

    /// Whether a bit is set.
    #[must_use]
    pub fn is_set(&self, bit: usize) -> bool {
        self.0.get(bit / 64).is_some_and(|word| word >> (bit % 64) & 1 == 1)
    }

    /// Takes in those of another, so many bits later.
    pub fn merge(&mut self, other: &Self, later: usize) {
        other.bits().for_each(|bit| self.set(bit.saturating_add(later), 1));
    }

    /// Which are set.
    pub fn bits(&self) -> impl Iterator<Item = usize> {
        (0..self.0.len().saturating_mul(64)).filter(|bit| self.is_set(*bit))
    }

    /// How many are set.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.iter().map(|word| u64::from(word.count_ones())).sum()
    }
}

impl Part {
    /// Adds up, a part that lies so many five minutes later.
    pub fn merge(&mut self, other: &Self, later: usize) {
        self.looked.merge(&other.looked, later);
        for (class, sums) in &other.classes {
            self.classes.entry(*class).or_default().merge(sums);
        }
    }
}

/// Five minutes of a shard, as the vantage hands them on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rollup {
    /// Which life of the vantage's storage numbered it.
    pub life: u64,
    /// Rises by one with each. One that is known already is not counted again.
    pub seq: u64,
    /// When its five minutes began, by the vantage's clock.
    pub at: Timestamp,
    /// Samples that did not fit and are not in it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub thinned: u64,
    /// By origin.
    pub origins: BTreeMap<OriginId, Part>,
}
