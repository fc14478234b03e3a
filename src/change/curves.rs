//! How response times are spread before and after, in a few numbers that can be drawn.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::compare::Seen;
use crate::history::Sketch;
use crate::sample::CacheClass;
use crate::units::OriginId;

/// Steps from the least to the most: each is a twentieth of the samples.
const STEPS: u32 = 20;

/// Response times before and after, by cache class.
pub(super) type Spreads = BTreeMap<CacheClass, [Sketch; 2]>;

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

/// How response times of whole answers of one pair are spread.
pub(super) fn spreads(seen: &Seen) -> Spreads {
    let mut spreads = Spreads::default();
    for (side, points) in [&seen.before, &seen.after].into_iter().enumerate() {
        for point in points.iter().filter(|point| point.complete && !point.failed) {
            if let Some(side) = spreads.entry(point.class).or_default().get_mut(side) {
                side.add(point.response_ms);
            }
        }
    }
    spreads
}

/// One for each origin and class of which there is anything.
pub(super) fn curves<'p>(pairs: impl Iterator<Item = (&'p OriginId, &'p Spreads)>) -> Vec<Curve> {
    let mut joined: BTreeMap<(&OriginId, CacheClass), [Sketch; 2]> = BTreeMap::new();
    for (origin, spreads) in pairs {
        for (class, sides) in spreads {
            let whole = joined.entry((origin, *class)).or_default();
            whole.iter_mut().zip(sides).for_each(|(whole, part)| whole.merge(part));
        }
    }
    let curve = |((origin, class), [before, after]): ((&OriginId, CacheClass), [Sketch; 2])| Curve {
        origin: origin.clone(),
        class,
        before: quantiles(&before),
        after: quantiles(&after),
    };
    joined.into_iter().map(curve).collect()
}

/// The least, the most, and what lies between, within the error of a sketch.
fn quantiles(times: &Sketch) -> Vec<u64> {
    (0..=STEPS).filter_map(|step| times.quantile(10_000 / STEPS * step)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_goes_from_the_least_to_the_most() {
        assert_eq!(quantiles(&Sketch::default()), Vec::<u64>::new());
        let mut times = Sketch::default();
        times.add(7);
        assert_eq!(quantiles(&times), vec![7; 21]);
        (1..=20).rev().for_each(|time| times.add(time));
        assert_eq!(quantiles(&times).first(), Some(&1));
        assert_eq!(quantiles(&times).last(), Some(&20));
        assert!(quantiles(&times).is_sorted());
    }
}
