//! What one vantage saw of one origin → what one look measures of it. It reaches no verdict.

use std::cell::OnceCell;
use std::rc::Rc;

use super::expectation::{Aim, Expectation, Measure};
use super::measure::{self, Pair, Ready};
use super::stats::Tails;
use super::{Change, Mix, Point, Seen, Summary};
use crate::history::Window;
use crate::sample::CacheClass;

/// What one look measures of one origin at one vantage: all that a decision must know of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// What answered.
    pub(super) mix: Mix,
    /// By expectation, in their order, and cache class; none where one is not about this origin.
    pub(super) found: Vec<Vec<Found>>,
}

/// What one look measures for one expectation in one cache class.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Found {
    pub(super) class: CacheClass,
    /// Whether the verdict goes by it.
    pub(super) deciding: bool,
    pub(super) before: Summary,
    pub(super) after: Summary,
    /// Why there is too little to go by, if so.
    pub(super) short: Option<String>,
    /// The chances of what was measured; none with too few samples.
    pub(super) tails: Option<Tails>,
    /// By how much it differs; none with too few samples, or where nobody asked.
    pub(super) change: Option<Change>,
}

impl Found {
    /// How probable it is that either side is so far out; none with too few samples.
    pub(super) fn chance(&self) -> Option<f64> {
        self.tails.map(|tails| (2.0 * tails.up.min(tails.down)).min(1.0))
    }
}

/// What one vantage saw of one origin: what is before the change is made ready once for all looks.
pub(super) struct Case<'a> {
    seen: &'a Seen,
    before: Window,
    /// Whether the window before has a sample that is proven.
    proven: bool,
    expectations: &'a [Expectation],
    /// What is before the change, made at the first look.
    ready: Kept,
}

/// Samples that are made ready once: by the first expectation that is about the same of each, and
/// by the place of a cache class.
type Kept = Vec<[OnceCell<Rc<Ready>>; 3]>;

/// What one look finds in one cache class, and what it was found in.
pub(super) struct LookedAt<'a> {
    pub(super) found: Found,
    pair: Pair<'a>,
}

impl LookedAt<'_> {
    /// What was found, with by how much it differs if that is wanted: it costs the most.
    pub(super) fn told(self, in_full: bool) -> Found {
        let change = (in_full && self.found.tails.is_some()).then(|| self.pair.change());
        Found { change, ..self.found }
    }
}

impl<'a> Case<'a> {
    pub(super) fn new(expectations: &'a [Expectation], seen: &'a Seen, before: Window) -> Self {
        let proven = within(&seen.before, before).any(|p| p.class == CacheClass::OriginProven);
        Self { seen, before, proven, expectations, ready: kept(expectations) }
    }

    /// What answered, up to the end of a look.
    pub(super) fn mix(&self, after: Window) -> Mix {
        let share = |points: &[Point], window: Window| {
            let hits: Vec<f64> = within(points, window)
                .map(|p| f64::from(u8::from(p.class == CacheClass::EdgeOnly)))
                .collect();
            (!hits.is_empty()).then(|| measure::share(&hits).rate())
        };
        let Seen { origin, vantage, before, after: later } = self.seen;
        let (before, after) = (share(before, self.before), share(later, after));
        let sentence = before.zip(after).filter(|(b, a)| (a - b).abs() > 0.1).map(|(b, a)| {
            let (b, a) = (b * 100.0, a * 100.0);
            format!(
                "share of hits {b:.0} % → {a:.0} %: what users waited for changed by that, whatever the origin did"
            )
        });
        Mix { origin: origin.clone(), vantage: vantage.clone(), before, after, sentence }
    }

    /// What a look finds, by expectation: first what decides.
    pub(super) fn look(&self, after: Window) -> Vec<Vec<LookedAt<'a>>> {
        let ready = kept(self.expectations);
        let classes = |expectation| self.classes(expectation, after, &ready);
        self.expectations.iter().map(classes).collect()
    }

    /// What a look finds for one expectation. `ready` keeps what is after the change for others.
    fn classes(&self, expectation: &'a Expectation, after: Window, ready: &Kept) -> Vec<LookedAt<'a>> {
        let Expectation { measure, aim, .. } = expectation;
        let mut others = self.expectations.iter();
        let first = others.position(|other| measure::are_of_one(&other.measure, measure));
        let kept = first.and_then(|first| Some((self.ready.get(first)?, ready.get(first)?)));
        let Some((befores, afters)) = kept.filter(|_| expectation.is_of(&self.seen.origin)) else {
            return Vec::new();
        };
        let points = within(&self.seen.after, after);
        let proven = self.proven || points.clone().any(|p| p.class == CacheClass::OriginProven);
        let [first, second] = if proven {
            [(0, CacheClass::OriginProven), (2, CacheClass::EdgeOnly)]
        } else {
            [(1, CacheClass::Unclassified), (2, CacheClass::EdgeOnly)]
        };
        let looked = |((at, class), deciding): ((usize, CacheClass), bool)| {
            if !deciding && *measure == Measure::Hits {
                return None;
            }
            let ready = |points: &mut dyn Iterator<Item = &Point>| {
                Rc::new(Ready::new(measure, points.filter(|p| counts(measure, class, p))))
            };
            let before = befores.get(at)?.get_or_init(|| ready(&mut within(&self.seen.before, self.before)));
            let after = afters.get(at)?.get_or_init(|| ready(&mut points.clone()));
            let shown = deciding || !(before.is_empty() && after.is_empty());
            shown.then(|| {
                let pair = Pair::new(measure, Rc::clone(before), Rc::clone(after));
                let ([before, after], short) = (pair.summaries(), pair.short());
                let tails = short.is_none().then(|| tails(*aim, &pair));
                let found = Found { class, deciding, before, after, short, tails, change: None };
                LookedAt { found, pair }
            })
        };
        [(first, true), (second, false)].into_iter().filter_map(looked).collect()
    }
}

fn kept(expectations: &[Expectation]) -> Kept {
    expectations.iter().map(|_| Default::default()).collect()
}

fn within(points: &[Point], window: Window) -> impl Iterator<Item = &Point> + Clone {
    points.iter().filter(move |p| window.from <= p.at && p.at < window.to)
}

/// Whether a point counts for a measure in a class.
fn counts(measure: &Measure, class: CacheClass, point: &Point) -> bool {
    match measure {
        Measure::Hits => true,
        Measure::Errors if class != CacheClass::EdgeOnly => point.class != CacheClass::EdgeOnly,
        Measure::Errors
        | Measure::Quantile(_)
        | Measure::Response
        | Measure::DatabaseTime
        | Measure::Calls
        | Measure::Bytes
        | Measure::Timing(_) => point.class == class,
    }
}

/// The chances that an aim goes by.
fn tails(aim: Aim, pair: &Pair<'_>) -> Tails {
    match aim {
        Aim::AtMost(limit) => pair.bound(limit),
        Aim::AtLeast(limit) => pair.bound(limit * (1.0 - 1e-9)),
        Aim::Down(_) | Aim::Up(_) | Aim::NotUp | Aim::NotDown | Aim::Any => pair.tails(),
    }
}
