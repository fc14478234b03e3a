//! The points of one stratum and a measure → what is to be known of their difference. It reaches no
//! verdict.

use std::rc::Rc;

use super::expectation::Measure;
use super::stats::{self, Share, Sorted, Tails};
use super::{Change, LEAST, LEAST_EFFECTIVE, Point, Scale, Summary};
use crate::sample::{CacheClass, Timing};

/// What the samples of one window of one stratum say: what every look and every expectation needs
/// of them is found once.
pub(super) struct Ready {
    /// What each sample says, in order of time.
    values: Vec<f64>,
    /// The same, sorted.
    plain: Sorted,
    /// The same on the scale of the tests.
    scaled: Sorted,
    /// How many samples in a row say as much as one.
    alike: f64,
}

/// Both windows of one stratum.
pub(super) struct Pair<'a> {
    measure: &'a Measure,
    before: Rc<Ready>,
    after: Rc<Ready>,
    /// How much less the samples say than independent ones.
    factor: f64,
}

/// What one sample says, for rates 0 or 1.
fn values<'p>(measure: &Measure, points: impl Iterator<Item = &'p Point>) -> Vec<f64> {
    let whole = |p: &&Point| p.complete && !p.failed;
    let number = |n: u64| u32::try_from(n).map_or(f64::from(u32::MAX), f64::from);
    let truth = |yes: bool| f64::from(u8::from(yes));
    match measure {
        Measure::Errors => points.map(|p| truth(p.failed)).collect(),
        Measure::Hits => points.map(|p| truth(p.class == CacheClass::EdgeOnly)).collect(),
        Measure::Quantile(_) | Measure::Response => {
            points.filter(whole).map(|p| number(p.response_ms)).collect()
        }
        Measure::DatabaseTime => points.filter(whole).filter_map(|p| p.database_ms.map(number)).collect(),
        Measure::Calls => points.filter(whole).filter_map(|p| p.calls.map(f64::from)).collect(),
        Measure::Bytes => points.filter(whole).map(|p| number(p.bytes)).collect(),
        Measure::Timing(name) => {
            let of = |p: &Point| p.timings.iter().find(|timing| timing.is(name)).map(Timing::ms);
            points.filter(whole).filter_map(of).collect()
        }
    }
}

/// The quantile that stands for a measure, from 0 to 1.
fn level(measure: &Measure) -> f64 {
    if let Measure::Quantile(percent) = measure { f64::from(*percent) / 100.0 } else { 0.5 }
}

/// Whether a measure is a share of samples.
const fn is_rate(measure: &Measure) -> bool {
    matches!(measure, Measure::Errors | Measure::Hits)
}

/// Whether differences of a measure are differences, and not ratios.
const fn is_plain(measure: &Measure) -> bool {
    is_rate(measure) || matches!(measure, Measure::Calls)
}

/// What smaller values count as where ratios are looked at: the least that is told apart.
const fn least(measure: &Measure) -> f64 {
    if matches!(measure, Measure::Timing(_)) { 0.001 } else { 1.0 }
}

/// Whether two measures say the same of each sample.
pub(super) fn are_of_one(one: &Measure, other: &Measure) -> bool {
    let is_time = |measure: &Measure| matches!(measure, Measure::Quantile(_) | Measure::Response);
    one == other || (is_time(one) && is_time(other))
}

impl Ready {
    /// Makes the points of one window ready.
    pub(super) fn new<'p>(measure: &Measure, points: impl Iterator<Item = &'p Point>) -> Self {
        let values = values(measure, points);
        let plain = Sorted::new(&values);
        let least = least(measure);
        let scaled =
            if is_plain(measure) { plain.clone() } else { plain.mapped(|value| value.max(least).ln()) };
        let alike = stats::alike(&values, &plain);
        Self { values, plain, scaled, alike }
    }

    /// Whether there is no sample.
    pub(super) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
}

pub(super) fn share(list: &[f64]) -> Share {
    Share { of: list.iter().filter(|v| **v > 0.5).count(), all: list.len() }
}

impl<'a> Pair<'a> {
    pub(super) fn new(measure: &'a Measure, before: Rc<Ready>, after: Rc<Ready>) -> Self {
        let factor = before.alike.max(after.alike);
        Self { measure, before, after, factor }
    }

    /// The samples before and after, in short.
    pub(super) fn summaries(&self) -> [Summary; 2] {
        [&self.before, &self.after].map(|side| Summary {
            samples: side.values.len(),
            effective: stats::float(side.values.len()) / self.factor,
            // Of rates the share; else the quantile asked for, or the median.
            value: if is_rate(self.measure) {
                (!side.is_empty()).then(|| share(&side.values).rate())
            } else {
                side.plain.quantile(level(self.measure))
            },
        })
    }

    /// Why nothing is said of so few samples.
    pub(super) fn short(&self) -> Option<String> {
        let sides = self.summaries();
        if sides.iter().any(|side| side.samples < LEAST) {
            if let Measure::Timing(name) = self.measure {
                return Some(format!(
                    "too few samples tell {name}: each window needs {LEAST}, and a probe keeps what timings in expect \
                     names"
                ));
            }
            return Some(format!("too few samples: each window needs {LEAST}"));
        }
        let least = sides.iter().map(|side| side.effective).fold(f64::INFINITY, f64::min);
        (least < LEAST_EFFECTIVE).then(|| {
            format!(
                "samples follow each other too closely: they say as much as {least:.1} independent ones, and \
                 each window needs {LEAST_EFFECTIVE}; compare longer windows"
            )
        })
    }

    /// The chances of a difference beyond the tolerance.
    pub(super) fn tails(&self) -> Tails {
        if is_rate(self.measure) {
            return stats::fisher(share(&self.before.values), share(&self.after.values), self.factor);
        }
        let tolerance = if is_plain(self.measure) { 0.5 } else { 1.1_f64.ln() };
        Tails { up: self.test(tolerance).up, down: self.test(-tolerance).down }
    }

    /// The chances that the samples after lie over, and under, a bound by chance alone.
    pub(super) fn bound(&self, limit: f64) -> Tails {
        let n = stats::float(self.after.values.len()).max(1.0);
        let over = if is_rate(self.measure) {
            share(&self.after.values).rate()
        } else {
            stats::float(self.after.values.iter().filter(|v| **v > limit).count()) / n
        };
        let expected = if is_rate(self.measure) { limit } else { 1.0 - level(self.measure) };
        let spread = (expected * (1.0 - expected) * self.factor / n).sqrt().max(1e-9);
        let z = (over - expected) / spread;
        Tails { up: stats::upper(z), down: stats::upper(-z) }
    }

    /// By how much the samples after differ. It costs a hundred tests: ask where it is told.
    pub(super) fn change(&self) -> Change {
        if is_rate(self.measure) {
            let (b, a) = (share(&self.before.values), share(&self.after.values));
            let [low, high] = stats::newcombe(b, a, self.factor);
            return Change { scale: Scale::Difference, estimate: a.rate() - b.rate(), low, high };
        }
        let [low, estimate, high] = self.shifts();
        if is_plain(self.measure) {
            return Change { scale: Scale::Difference, estimate, low, high };
        }
        Change { scale: Scale::Ratio, estimate: estimate.exp(), low: low.exp(), high: high.exp() }
    }

    /// The shift that fits best, between the ends of those that cannot be refused.
    fn shifts(&self) -> [f64; 3] {
        let (Some([least_b, most_b]), Some([least_a, most_a])) =
            (self.before.scaled.ends(), self.after.scaled.ends())
        else {
            return [0.0; 3];
        };
        // Every test turns where a sample after meets one before, so none turns outside of these.
        let ends = [least_a - most_b - 0.001, most_a - least_b + 0.001];
        let [first, last] = ends;
        let far = [least_b, most_b, least_a, most_a].iter().fold(1.0, |far: f64, v| far.max(v.abs())) * 2.0;
        // With few samples nothing at all is refused on a side, and the interval has no end there.
        let refused = |t: f64| t <= 0.025;
        let low = if refused(self.test(first).up) {
            stats::crossing(ends, |shift| !refused(self.test(shift).up))
        } else {
            -far
        };
        let high = if refused(self.test(last).down) {
            stats::crossing(ends, |shift| refused(self.test(shift).down))
        } else {
            far
        };
        if let Measure::Quantile(_) = self.measure {
            let middle = |side: &Ready| side.scaled.quantile(level(self.measure)).unwrap_or(0.0);
            let estimate = middle(&self.after) - middle(&self.before);
            return [low, estimate.clamp(low, high.max(low)), high];
        }
        let within = [low.max(first), high.min(last)];
        let ups = |over: fn(Tails) -> bool| stats::crossing(within, |shift| over(self.test(shift)));
        // Where both sides are as probable on a stretch, its middle: so it is the same both ways.
        let estimate = f64::midpoint(ups(|t| t.up >= t.down), ups(|t| t.up > t.down));
        [low, estimate.clamp(low, high.max(low)), high]
    }

    fn test(&self, shift: f64) -> Tails {
        let (b, a) = (&self.before.scaled, &self.after.scaled);
        match self.measure {
            Measure::Quantile(_) => stats::mood(level(self.measure), [b, a], shift, self.factor),
            Measure::Response
            | Measure::DatabaseTime
            | Measure::Calls
            | Measure::Errors
            | Measure::Bytes
            | Measure::Hits
            | Measure::Timing(_) => stats::ranks(b, a, shift, self.factor),
        }
    }
}
