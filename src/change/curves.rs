//! How response times are spread before and after, in a few numbers that can be drawn.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::compare::{Point, Seen};
use crate::sample::CacheClass;
use crate::units::OriginId;

/// Steps from the least to the most: each is a twentieth of the samples.
const STEPS: usize = 20;

/// The response times of whole answers of one origin and cache class, by all vantages together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Curve {
    origin: OriginId,
    class: CacheClass,
    /// Quantiles before, in milliseconds; none without samples.
    before: Vec<u64>,
    /// The same after.
    after: Vec<u64>,
}

/// One for each origin and class of which there is anything.
pub(super) fn curves(seen: &[Seen]) -> Vec<Curve> {
    let mut times: BTreeMap<(&OriginId, CacheClass), [Vec<u64>; 2]> = BTreeMap::new();
    for one in seen {
        for (side, points) in [&one.before, &one.after].into_iter().enumerate() {
            let whole = |point: &&Point| point.complete && !point.failed;
            for point in points.iter().filter(whole) {
                let sides = times.entry((&one.origin, point.class)).or_default();
                if let Some(side) = sides.get_mut(side) {
                    side.push(point.response_ms);
                }
            }
        }
    }
    let curve = |((origin, class), [before, after]): ((&OriginId, CacheClass), [Vec<u64>; 2])| Curve {
        origin: origin.clone(),
        class,
        before: quantiles(before),
        after: quantiles(after),
    };
    times.into_iter().map(curve).collect()
}

/// The least, the most, and what lies between, each of them a value that was measured.
fn quantiles(mut times: Vec<u64>) -> Vec<u64> {
    times.sort_unstable();
    let last = times.len().saturating_sub(1);
    (0..=STEPS).filter_map(|step| times.get(last.saturating_mul(step) / STEPS).copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_goes_from_the_least_to_the_most() {
        assert_eq!(quantiles(Vec::new()), Vec::<u64>::new());
        assert_eq!(quantiles(vec![7]), vec![7; 21]);
        let hundred = quantiles((0..=100).rev().collect());
        assert_eq!(hundred, (0..=20).map(|step| step * 5).collect::<Vec<u64>>());
    }
}
