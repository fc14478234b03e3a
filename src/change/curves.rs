//! How response times are spread before and after, in a few numbers that can be drawn.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::compare::Seen;
use crate::defaults::change::PARTS;
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

/// Response times of one window of one pair, in short.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Spread {
    /// How many there are.
    all: usize,
    /// All of them, sorted; of many only some, from the least to the most, evenly spread.
    times: Vec<u64>,
}

impl Spread {
    fn new(mut times: Vec<u64>) -> Self {
        times.sort_unstable();
        let all = times.len();
        if all > PARTS {
            times = evenly(all, PARTS).filter_map(|place| times.get(place).copied()).collect();
        }
        Self { all, times }
    }
}

/// Places from the first to the last of so many, in so many parts.
fn evenly(all: usize, parts: usize) -> impl Iterator<Item = usize> {
    let last = all.saturating_sub(1);
    (0..=parts).map(move |part| last.saturating_mul(part) / parts)
}

/// How response times of one pair are spread, by cache class.
pub(super) fn spreads(seen: &Seen) -> BTreeMap<CacheClass, [Spread; 2]> {
    let mut times: BTreeMap<CacheClass, [Vec<u64>; 2]> = BTreeMap::new();
    for (side, points) in [&seen.before, &seen.after].into_iter().enumerate() {
        for point in points.iter().filter(|point| point.complete && !point.failed) {
            if let Some(side) = times.entry(point.class).or_default().get_mut(side) {
                side.push(point.response_ms);
            }
        }
    }
    times.into_iter().map(|(class, sides)| (class, sides.map(Spread::new))).collect()
}

/// One for each origin and class of which there is anything.
pub(super) fn curves<'p>(
    pieces: impl Iterator<Item = (&'p OriginId, &'p BTreeMap<CacheClass, [Spread; 2]>)>,
) -> Vec<Curve> {
    let mut joined: BTreeMap<(&OriginId, CacheClass), [Vec<&Spread>; 2]> = BTreeMap::new();
    for (origin, spreads) in pieces {
        for (class, [before, after]) in spreads {
            let [befores, afters] = joined.entry((origin, *class)).or_default();
            befores.push(before);
            afters.push(after);
        }
    }
    let curve = |((origin, class), [before, after]): ((&OriginId, CacheClass), [Vec<&Spread>; 2])| Curve {
        origin: origin.clone(),
        class,
        before: quantiles(&before),
        after: quantiles(&after),
    };
    joined.into_iter().map(curve).collect()
}

/// The least, the most, and what lies between, each of them a value that was measured. A time
/// stands for as many as were measured for each that is kept.
fn quantiles(spreads: &[&Spread]) -> Vec<u64> {
    let mut times: Vec<(u64, f64)> = Vec::new();
    for spread in spreads {
        let weight = float(spread.all) / float(spread.times.len()).max(1.0);
        times.extend(spread.times.iter().map(|time| (*time, weight)));
    }
    times.sort_unstable_by_key(|(time, _)| *time);
    let mut reached = 0.0;
    let sums: Vec<(u64, f64)> = times
        .into_iter()
        .map(|(time, weight)| {
            reached += weight;
            (time, reached)
        })
        .collect();
    let all = spreads.iter().fold(0, |all: usize, spread| all.saturating_add(spread.all));
    let at = |place: usize| {
        let found = sums.partition_point(|(_, sum)| *sum <= float(place) + 1e-6);
        sums.get(found).or(sums.last()).map(|(time, _)| *time)
    };
    if all == 0 { Vec::new() } else { evenly(all, STEPS).filter_map(at).collect() }
}

fn float(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::from(u32::MAX), f64::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(times: impl IntoIterator<Item = u64>) -> Spread {
        Spread::new(times.into_iter().collect())
    }

    #[test]
    fn a_curve_goes_from_the_least_to_the_most() {
        assert_eq!(quantiles(&[&of([])]), Vec::<u64>::new());
        assert_eq!(quantiles(&[&of([7]), &of([])]), vec![7; 21]);
        let hundred: Vec<u64> = (0..=20).map(|step| step * 5).collect();
        assert_eq!(quantiles(&[&of((0..=100).rev())]), hundred);
        // Whoever saw it, all that was seen is one curve.
        assert_eq!(quantiles(&[&of(0..=30), &of(31..=31), &of((32..=100).rev())]), hundred);
    }

    #[test]
    fn many_times_are_drawn_as_they_are_spread() {
        let (many, few) = (of(0..10_000), of((0..100).map(|time| 20_000 + time)));
        let drawn = quantiles(&[&many, &few]);
        let exact: Vec<u64> = evenly(10_100, STEPS)
            .map(|place| if place < 10_000 { place as u64 } else { 10_000 + place as u64 })
            .collect();
        assert_eq!((drawn.first(), drawn.last()), (exact.first(), exact.last()));
        for (drawn, exact) in drawn.iter().zip(&exact) {
            assert!(drawn.abs_diff(*exact) <= 25, "{drawn} {exact}");
        }
    }
}
