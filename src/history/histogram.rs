//! Response times of a pool since counting began: how many were within which bound, by cache class.
//! The counts only ever rise.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::sums::Part;
use crate::sample::CacheClass;

/// The bounds in milliseconds: those that Prometheus takes by itself.
pub const BOUNDS: [u64; 11] = [5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000];

/// How many response times there were of one cache class. Stored and sent: fields are never
/// renamed, and new ones may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Histogram {
    /// How many were over the bound before and within this one, for each of [`BOUNDS`]; then those
    /// beyond the last.
    counts: Vec<u64>,
    /// All of them together in milliseconds.
    total_ms: u64,
}

impl Histogram {
    /// How many there were of each bound, and after them how many were beyond the last.
    pub fn counts(&self) -> impl Iterator<Item = u64> {
        (0..=BOUNDS.len()).map(|index| self.counts.get(index).copied().unwrap_or(0))
    }

    /// All of them together in milliseconds.
    #[must_use]
    pub const fn total_ms(&self) -> u64 {
        self.total_ms
    }

    /// Counts so many of a length.
    fn add(&mut self, ms: u64, count: u64) {
        let index = BOUNDS.iter().position(|bound| ms <= *bound).unwrap_or(BOUNDS.len());
        self.counts.resize(BOUNDS.len().saturating_add(1), 0);
        if let Some(known) = self.counts.get_mut(index) {
            *known = known.saturating_add(count);
        }
        self.total_ms = self.total_ms.saturating_add(ms.saturating_mul(count));
    }

    fn merge(&mut self, other: &Self) {
        self.counts =
            self.counts().zip(other.counts()).map(|(one, other)| one.saturating_add(other)).collect();
        self.total_ms = self.total_ms.saturating_add(other.total_ms);
    }
}

/// The response times of a pool, by cache class: those of a cache say nothing of the origin, so
/// they are never mixed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Durations(BTreeMap<CacheClass, Histogram>);

impl Durations {
    /// Each cache class that there was.
    pub fn iter(&self) -> impl Iterator<Item = (CacheClass, &Histogram)> {
        self.0.iter().map(|(class, histogram)| (*class, histogram))
    }

    /// Whether nothing was counted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Counts the complete answers of five minutes: as exactly as a sketch tells them.
    pub fn add(&mut self, part: &Part) {
        for (class, sums) in part.classes.iter().filter(|(_, sums)| !sums.response.is_empty()) {
            let histogram = self.0.entry(*class).or_default();
            sums.response.values().for_each(|(ms, count)| histogram.add(ms, count));
        }
    }

    /// Adds up.
    pub fn merge(&mut self, other: &Self) {
        for (class, histogram) in &other.0 {
            self.0.entry(*class).or_default().merge(histogram);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::history::Sums;

    fn part(values: &[u64]) -> Part {
        let mut sums = Sums::default();
        for value in values {
            sums.response.add(*value);
        }
        Part { classes: [(CacheClass::OriginProven, sums)].into(), ..Part::default() }
    }

    fn durations(values: &[u64]) -> Durations {
        let mut durations = Durations::default();
        durations.add(&part(values));
        durations
    }

    #[test]
    fn a_response_time_is_counted_within_the_first_bound_that_holds_it() {
        let durations = durations(&[0, 5, 6, 10, 50, 51, 2_000, 20_000]);
        let (class, histogram) = durations.iter().next().unwrap();
        assert_eq!(class, CacheClass::OriginProven);
        assert_eq!(histogram.counts().collect::<Vec<_>>(), [2, 2, 0, 1, 1, 0, 0, 0, 1, 0, 0, 1]);
        assert_eq!(Durations::default().iter().count(), 0, "what never was is no line");
        assert!(self::durations(&[]).is_empty());
    }

    #[test]
    fn its_bytes_are_frozen() {
        let text = r#"{"origin-proven":{"counts":[1,0,0,0,0,1,0,0,0,0,0,0],"total_ms":207}}"#;
        assert_eq!(crate::json::write(&durations(&[5, 201])), text);
        assert_eq!(crate::json::read::<Durations>(text), Some(durations(&[5, 201])));
    }

    proptest! {
        /// Nothing is lost or counted twice, and the total is as exact as a quantile is. Each bound
        /// holds what it says, but for what lies that close to it.
        #[test]
        fn it_counts_what_there_was(
            one in proptest::collection::vec(0_u64..30_000, 1..60),
            other in proptest::collection::vec(0_u64..30_000, 1..60),
        ) {
            let mut merged = durations(&one);
            merged.merge(&durations(&other));
            let all = [one, other].concat();
            prop_assert_eq!(&merged, &durations(&all));
            let (_, histogram) = merged.iter().next().unwrap();
            prop_assert_eq!(histogram.counts().sum::<u64>(), all.len() as u64);
            let total: u64 = all.iter().sum();
            prop_assert!(histogram.total_ms().abs_diff(total) * 64 <= total);
            let mut within = 0;
            for (bound, count) in BOUNDS.iter().zip(histogram.counts()) {
                within += count;
                let surely = all.iter().filter(|value| **value + **value / 64 <= *bound).count() as u64;
                let at_most = all.iter().filter(|value| **value - **value / 64 <= *bound).count() as u64;
                prop_assert!((surely..=at_most).contains(&within), "{within} within {bound} of {all:?}");
            }
        }
    }
}
