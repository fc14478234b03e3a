//! Values → counts by which quantiles are told within a stated error.
//!
//! A `DDSketch` (Masson, Rim and Lee, 2019) over whole numbers. Its buckets are found by linear
//! interpolation between powers of two, 32 to each. So it takes no logarithm, is the same on every
//! machine, and two of them are merged by adding up.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Values below this have a bucket each.
const EXACT: u64 = 64;

/// Buckets between two powers of two.
const PARTS: u64 = 32;

/// Counts of values by bucket. A quantile is within 1/64 (1.6%) of the value that it stands for;
/// under 64 it is exact.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<u64>", into = "Vec<u64>")]
pub struct Sketch(BTreeMap<u16, u64>);

impl Sketch {
    /// Counts a value.
    pub fn add(&mut self, value: u64) {
        let count = self.0.entry(bucket(value)).or_default();
        *count = count.saturating_add(1);
    }

    /// Adds up.
    pub fn merge(&mut self, other: &Self) {
        for (bucket, more) in &other.0 {
            let count = self.0.entry(*bucket).or_default();
            *count = count.saturating_add(*more);
        }
    }

    /// How many values were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.values().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// Whether none was.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each value that was counted, as exactly as it is known, and how often.
    pub fn values(&self) -> impl Iterator<Item = (u64, u64)> {
        self.0.iter().map(|(bucket, count)| (middle(*bucket), *count))
    }

    /// The value of which so many in ten thousand are no greater, by nearest rank; nothing of an
    /// empty one.
    #[must_use]
    pub fn quantile(&self, of_ten_thousand: u32) -> Option<u64> {
        let share = u128::from(self.count()).saturating_mul(u128::from(of_ten_thousand.min(10_000)));
        let rank = u64::try_from(share.div_ceil(10_000)).unwrap_or(u64::MAX).max(1);
        let mut passed = 0_u64;
        let found = self.0.iter().find(|(_, count)| {
            passed = passed.saturating_add(**count);
            passed >= rank
        });
        found.map(|(bucket, _)| middle(*bucket))
    }
}

impl From<Vec<u64>> for Sketch {
    /// Buckets and their counts in turn. What names no bucket is left out.
    fn from(flat: Vec<u64>) -> Self {
        let pairs = flat.chunks_exact(2).filter_map(|pair| match pair {
            [bucket, count] if *count > 0 => Some((u16::try_from(*bucket).ok()?, *count)),
            _ => None,
        });
        Self(pairs.collect())
    }
}

impl From<Sketch> for Vec<u64> {
    fn from(sketch: Sketch) -> Self {
        sketch.0.into_iter().flat_map(|(bucket, count)| [u64::from(bucket), count]).collect()
    }
}

/// The bucket of a value.
fn bucket(value: u64) -> u16 {
    let value = value.min(u64::from(u32::MAX));
    if value < EXACT {
        return u16::try_from(value).unwrap_or(u16::MAX);
    }
    // 6 for 64 to 127.
    let power = u64::from(value.ilog2());
    let part = (value >> power.saturating_sub(5)).saturating_sub(PARTS);
    let bucket = power.saturating_sub(6).saturating_mul(PARTS).saturating_add(EXACT).saturating_add(part);
    u16::try_from(bucket).unwrap_or(u16::MAX)
}

/// The value in the middle of a bucket.
fn middle(bucket: u16) -> u64 {
    let bucket = u64::from(bucket);
    let Some(over) = bucket.checked_sub(EXACT) else { return bucket };
    let shift = (over / PARTS).saturating_add(1).min(31);
    let least = (over % PARTS).saturating_add(PARTS) << shift;
    least.saturating_add((1 << shift) / 2)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sketch(values: &[u64]) -> Sketch {
        let mut sketch = Sketch::default();
        for value in values {
            sketch.add(*value);
        }
        sketch
    }

    /// The value itself, by nearest rank.
    fn exact(values: &[u64], of_ten_thousand: u64) -> u64 {
        let mut sorted = values.to_vec();
        sorted.sort_unstable();
        let rank = (sorted.len() as u64 * of_ten_thousand).div_ceil(10_000).max(1);
        sorted[usize::try_from(rank).unwrap() - 1]
    }

    proptest! {
        #[test]
        fn a_quantile_is_within_the_stated_error(
            values in proptest::collection::vec(0_u64..100_000, 1..200),
            share in 0_u32..=10_000,
        ) {
            let told = sketch(&values).quantile(share).unwrap();
            let value = exact(&values, u64::from(share));
            prop_assert!(told.abs_diff(value) * 64 <= value, "{told} for {value}");
        }

        #[test]
        fn merged_ones_say_what_one_of_all_says(
            one in proptest::collection::vec(0_u64..100_000, 0..50),
            other in proptest::collection::vec(0_u64..100_000, 0..50),
        ) {
            let mut merged = sketch(&one);
            merged.merge(&sketch(&other));
            prop_assert_eq!(merged, sketch(&[one, other].concat()));
        }

        #[test]
        fn it_is_read_back(values in proptest::collection::vec(0_u64..u64::MAX, 0..50)) {
            let sketch = sketch(&values);
            prop_assert_eq!(crate::json::read::<Sketch>(&crate::json::write(&sketch)), Some(sketch));
        }
    }

    #[test]
    fn its_bytes_are_frozen() {
        assert_eq!(
            crate::json::write(&sketch(&[0, 45, 45, 64, 65, 66, 3_000, 60_000])),
            "[0,1,45,2,64,2,65,1,238,1,378,1]"
        );
        assert_eq!(sketch(&[]).quantile(5_000), None);
    }
}
