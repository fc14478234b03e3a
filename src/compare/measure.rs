//! The points of one stratum and a measure → what is to be known of their difference. It reaches no
//! verdict.

use super::expectation::Measure;
use super::stats::{self, Share, Tails};
use super::{Change, LEAST, Point, Scale, Summary};
use crate::sample::CacheClass;

/// What was measured of one stratum.
pub(super) struct Measured {
    pub(super) before: Summary,
    pub(super) after: Summary,
    /// None with too few samples.
    pub(super) tested: Option<Tested>,
}

/// A difference, with how probable it is by chance.
pub(super) struct Tested {
    pub(super) change: Change,
    /// The chances of a difference beyond the tolerance.
    pub(super) tails: Tails,
    /// How much less the samples say than independent ones.
    pub(super) factor: f64,
    /// The values after, in order of time.
    pub(super) values: Vec<f64>,
}

/// A list of what one sample says each, for rates 0 or 1.
fn values(measure: Measure, points: &[Point]) -> Vec<f64> {
    let whole = |p: &&Point| p.complete && !p.failed;
    let number = |n: u64| u32::try_from(n).map_or(f64::from(u32::MAX), f64::from);
    let list =
        |of: fn(&Point) -> Option<u64>| points.iter().filter(whole).filter_map(of).map(number).collect();
    match measure {
        Measure::Quantile(_) | Measure::Response => list(|p| Some(p.response_ms)),
        Measure::DatabaseTime => list(|p| p.database_ms),
        Measure::Calls => list(|p| p.calls.map(u64::from)),
        Measure::Bytes => list(|p| Some(p.bytes)),
        Measure::Errors => points.iter().map(|p| f64::from(u8::from(p.failed))).collect(),
        Measure::Hits => {
            points.iter().map(|p| f64::from(u8::from(p.class == CacheClass::EdgeOnly))).collect()
        }
    }
}

/// The quantile that stands for a measure, from 0 to 1.
pub(super) fn level(measure: Measure) -> f64 {
    if let Measure::Quantile(percent) = measure { f64::from(percent) / 100.0 } else { 0.5 }
}

/// Compares the points before with those after.
pub(super) fn measured(measure: Measure, before: &[Point], after: &[Point]) -> Measured {
    let (b, a) = (values(measure, before), values(measure, after));
    let rate = matches!(measure, Measure::Errors | Measure::Hits);
    let summary = |list: &[f64]| {
        let value = if rate { (!list.is_empty()).then(|| share(list).rate()) } else { middle(measure, list) };
        Summary { samples: list.len(), effective: stats::float(list.len()) / stats::alike(list), value }
    };
    let (short_b, short_a) = (summary(&b), summary(&a));
    let factor = stats::alike(&b).max(stats::alike(&a));
    let enough = b.len() >= LEAST && a.len() >= LEAST;
    let tested = enough.then(|| if rate { rates(&b, a, factor) } else { numbers(measure, &b, a, factor) });
    Measured { before: short_b, after: short_a, tested }
}

fn middle(measure: Measure, list: &[f64]) -> Option<f64> {
    let mut sorted = list.to_vec();
    sorted.sort_by(f64::total_cmp);
    stats::quantile(&sorted, level(measure))
}

pub(super) fn share(list: &[f64]) -> Share {
    Share { of: list.iter().filter(|v| **v > 0.5).count(), all: list.len() }
}

fn rates(before: &[f64], after: Vec<f64>, factor: f64) -> Tested {
    let (b, a) = (share(before), share(&after));
    let [low, high] = stats::newcombe(b, a, factor);
    let change = Change { scale: Scale::Difference, estimate: a.rate() - b.rate(), low, high };
    Tested { change, tails: stats::fisher(b, a, factor), factor, values: after }
}

fn numbers(measure: Measure, before: &[f64], after: Vec<f64>, factor: f64) -> Tested {
    let calls = measure == Measure::Calls;
    let tolerance = if calls { 0.5 } else { 1.1_f64.ln() };
    let scaled = |list: &[f64]| {
        let mut list: Vec<f64> = list.iter().map(|v| if calls { *v } else { v.max(1.0).ln() }).collect();
        list.sort_by(f64::total_cmp);
        list
    };
    let (b, a) = (scaled(before), scaled(&after));
    let test = |shift: f64| match measure {
        Measure::Quantile(_) => stats::mood(level(measure), [&b, &a], shift, factor),
        Measure::Response
        | Measure::DatabaseTime
        | Measure::Calls
        | Measure::Errors
        | Measure::Bytes
        | Measure::Hits => stats::ranks(&b, &a, shift, factor),
    };
    let range = b.first().into_iter().chain(a.first()).chain(b.last()).chain(a.last());
    let far = range.fold(1.0, |far: f64, v| far.max(v.abs())) * 2.0;
    let low = stats::crossing([-far, far], |shift| test(shift).up > 0.025);
    let high = stats::crossing([-far, far], |shift| test(shift).down <= 0.025);
    let estimate = stats::crossing([-far, far], |shift| {
        let t = test(shift);
        t.up >= t.down
    })
    .clamp(low, high.max(low));
    let out = |shift: f64| if calls { shift } else { shift.exp() };
    let scale = if calls { Scale::Difference } else { Scale::Ratio };
    let change = Change { scale, estimate: out(estimate), low: out(low), high: out(high) };
    let tails = Tails { up: test(tolerance).up, down: test(-tolerance).down };
    Tested { change, tails, factor, values: after }
}

/// The chances that the samples after lie over, and under, a bound by chance alone.
pub(super) fn bound(measure: Measure, tested: &Tested, limit: f64) -> Tails {
    let rate = matches!(measure, Measure::Errors | Measure::Hits);
    let n = stats::float(tested.values.len()).max(1.0);
    let over = if rate {
        share(&tested.values).rate()
    } else {
        stats::float(tested.values.iter().filter(|v| **v > limit).count()) / n
    };
    let expected = if rate { limit } else { 1.0 - level(measure) };
    let spread = (expected * (1.0 - expected) * tested.factor / n).sqrt().max(1e-9);
    let z = (over - expected) / spread;
    Tails { up: stats::upper(z), down: stats::upper(-z) }
}
