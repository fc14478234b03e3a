//! Expectations and samples → a judgement, look by look. It counts nothing itself.

use std::cell::OnceCell;

use super::expectation::{self, Aim, Expectation, Measure};
use super::measure::{self, Pair, Ready};
use super::stats::{self, Tails};
use super::{
    Change, Judged, Judgement, LEVELS, LOOKS, Looks, Mix, Point, Scale, Seen, Stratum, Summary, Verdict,
    Windows,
};
use crate::history::Window;
use crate::sample::CacheClass;
use crate::units::{Millis, Timestamp};

/// What is said of a bound that was missed before as well.
const MISSED: &str = "the bound is missed, as before";

/// What is said of a difference that is not proven.
const CHANCE: &str = "the difference may be chance";

/// What is said of one that held before as well.
const HELD: &str = "within the bound, as before";

/// What is known at `now`; later samples are ignored.
#[must_use]
pub fn judge(expectations: &[Expectation], seen: &[Seen], windows: &Windows, now: Timestamp) -> Judgement {
    let given = if expectations.is_empty() { expectation::defaults() } else { expectations.to_vec() };
    let taken = (1..=LEVELS.len()).filter(|look| look_at(windows.after, *look) <= now).count();
    let cases: Vec<Vec<Case<'_>>> = given.iter().map(|e| cases(e, seen, windows.before)).collect();
    let mut judged: Vec<Judged> = given.iter().map(blank).collect();
    for look in 1..=taken {
        let after = Window { from: windows.after.from, to: look_at(windows.after, look) };
        let afters: Vec<Vec<LookedAt<'_>>> =
            cases.iter().map(|of| of.iter().flat_map(|case| case.after(after)).collect()).collect();
        let level = LEVELS.get(look.saturating_sub(1)).copied().unwrap_or(0.0);
        let told = Told { bar: bar(&afters, level), shown: look == taken, last: look == LEVELS.len() };
        for (one, afters) in judged.iter_mut().zip(&afters) {
            let decided = std::mem::take(&mut one.strata);
            one.strata = afters
                .iter()
                .map(|after| earlier(&decided, after).unwrap_or_else(|| after.stratum(told)))
                .collect();
        }
    }
    for one in &mut judged {
        one.verdict = overall(one.strata.iter().filter(|s| s.deciding).map(|s| s.verdict));
        one.sentence = format!("{}: {}", one.expectation, word(one.verdict));
    }
    let verdict = overall(judged.iter().map(|one| one.verdict));
    let open = judged.iter().filter(|one| one.verdict == Verdict::Inconclusive).count();
    let mut sentence = word(verdict).to_owned();
    if open > 0 && verdict != Verdict::Inconclusive {
        sentence.push_str(&format!("; {open} of {} expectations cannot be told", judged.len()));
    }
    let next = taken.saturating_add(1);
    let next_ms = (taken < LEVELS.len()).then(|| look_at(windows.after, next).as_millis());
    let after = Window { from: windows.after.from, to: look_at(windows.after, taken) };
    Judgement {
        verdict,
        sentence,
        expectations: judged,
        mix: seen.iter().map(|seen| mix(seen, windows.before, after)).collect(),
        looks: Looks { taken, planned: LEVELS.len(), next_ms },
        r#final: taken == LEVELS.len(),
    }
}

fn blank(expectation: &Expectation) -> Judged {
    Judged {
        expectation: expectation.to_string(),
        verdict: Verdict::Inconclusive,
        sentence: String::new(),
        strata: Vec::new(),
    }
}

/// The end of what a look sees, counted from 1: a quarter of the planned time after with each.
#[must_use]
pub fn look_at(after: Window, look: usize) -> Timestamp {
    let Window { from, to } = after;
    let look = u64::try_from(look).unwrap_or(0);
    from.plus(Millis::new((to.since(from).get() / LOOKS as u64).saturating_mul(look)))
}

const fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Improved => "improved",
        Verdict::Unchanged => "unchanged within the tolerance",
        Verdict::Regressed => "regressed",
        Verdict::Inconclusive => "cannot be told",
    }
}

/// Anything regressed: regressed; else improved, if anything is; unchanged only if all is.
fn overall(verdicts: impl Iterator<Item = Verdict>) -> Verdict {
    let all: Vec<Verdict> = verdicts.collect();
    if all.contains(&Verdict::Regressed) {
        Verdict::Regressed
    } else if all.contains(&Verdict::Improved) {
        Verdict::Improved
    } else if all.is_empty() || all.contains(&Verdict::Inconclusive) {
        Verdict::Inconclusive
    } else {
        Verdict::Unchanged
    }
}

/// What answered one vantage in place of one origin.
fn mix(seen: &Seen, before: Window, after: Window) -> Mix {
    let share = |points: &[Point], window: Window| {
        let hits: Vec<f64> =
            within(points, window).map(|p| f64::from(u8::from(p.class == CacheClass::EdgeOnly))).collect();
        (!hits.is_empty()).then(|| measure::share(&hits).rate())
    };
    let (before, after) = (share(&seen.before, before), share(&seen.after, after));
    let sentence = before.zip(after).filter(|(b, a)| (a - b).abs() > 0.1).map(|(b, a)| {
        let (b, a) = (b * 100.0, a * 100.0);
        format!(
            "share of hits {b:.0} % → {a:.0} %: what users waited for changed by that, whatever the origin did"
        )
    });
    Mix { origin: seen.origin.clone(), vantage: seen.vantage.clone(), before, after, sentence }
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

/// One expectation and what one vantage saw of one origin: what is before the change is made ready
/// once for all looks.
struct Case<'a> {
    expectation: &'a Expectation,
    seen: &'a Seen,
    before: Window,
    /// Whether the window before has a sample that is proven.
    proven: bool,
    ready: [OnceCell<Ready>; 3],
}

fn cases<'a>(expectation: &'a Expectation, seen: &'a [Seen], before: Window) -> Vec<Case<'a>> {
    let asked = |s: &&Seen| expectation.is_of(&s.origin);
    let case = |seen: &'a Seen| {
        let proven = within(&seen.before, before).any(|p| p.class == CacheClass::OriginProven);
        Case { expectation, seen, before, proven, ready: Default::default() }
    };
    seen.iter().filter(asked).map(case).collect()
}

impl Case<'_> {
    /// What is after the change, by cache class: first the one that decides.
    fn after(&self, window: Window) -> impl Iterator<Item = LookedAt<'_>> {
        let points = within(&self.seen.after, window);
        let proven = self.proven || points.clone().any(|p| p.class == CacheClass::OriginProven);
        let [first, second] = if proven {
            [(0, CacheClass::OriginProven), (2, CacheClass::EdgeOnly)]
        } else {
            [(1, CacheClass::Unclassified), (2, CacheClass::EdgeOnly)]
        };
        [(first, true), (second, false)].into_iter().filter_map(move |((at, class), deciding)| {
            let measure = &self.expectation.measure;
            if !deciding && *measure == Measure::Hits {
                return None;
            }
            let ready = |points: &mut dyn Iterator<Item = &Point>| {
                Ready::new(measure, points.filter(|p| counts(measure, class, p)))
            };
            let before = self.ready.get(at)?;
            let before = before.get_or_init(|| ready(&mut within(&self.seen.before, self.before)));
            let after = ready(&mut points.clone());
            let shown = deciding || !(before.is_empty() && after.is_empty());
            shown.then(|| {
                let pair = Pair::new(measure, before, after);
                let tails = tails(self.expectation.aim, &pair);
                LookedAt { case: self, class, deciding, pair, tails }
            })
        })
    }
}

/// A case as one look sees it, in one cache class.
struct LookedAt<'a> {
    case: &'a Case<'a>,
    class: CacheClass,
    deciding: bool,
    pair: Pair<'a>,
    /// The chances of what was measured; none with too few samples.
    tails: Option<Tails>,
}

/// What one look says of all.
#[derive(Clone, Copy)]
struct Told {
    /// The greatest chance at which a difference is proven.
    bar: f64,
    /// Whether this look is told of, so that all its numbers are wanted.
    shown: bool,
    /// Whether no other follows.
    last: bool,
}

/// The chances that an aim goes by; none with too few samples.
fn tails(aim: Aim, pair: &Pair<'_>) -> Option<Tails> {
    pair.short().is_none().then(|| match aim {
        Aim::AtMost(limit) => pair.bound(limit),
        Aim::AtLeast(limit) => pair.bound(limit * (1.0 - 1e-9)),
        Aim::Down(_) | Aim::Up(_) | Aim::NotUp | Aim::NotDown | Aim::Any => pair.tails(),
    })
}

impl LookedAt<'_> {
    fn stratum(&self, told: Told) -> Stratum {
        let (pair, tails, expectation) = (&self.pair, self.tails, self.case.expectation);
        let p = tails.map(chance);
        let proven = p.is_some_and(|p| p <= told.bar);
        let change = (p.is_some() && (proven || told.shown)).then(|| pair.change());
        let [before, after] = pair.summaries();
        let bounded = matches!(expectation.aim, Aim::AtMost(_) | Aim::AtLeast(_));
        let same = told.last && !bounded && change.is_some_and(|c| alike(&expectation.measure, c));
        let (verdict, mut why) = match tails {
            None => (Verdict::Inconclusive, pair.short()),
            Some(tails) if proven => direction(expectation, [before, after], change, tails),
            Some(_) if same => (Verdict::Unchanged, None),
            Some(_) => (Verdict::Inconclusive, Some(CHANCE.to_owned())),
        };
        if self.deciding && self.class == CacheClass::Unclassified && why.is_none() {
            why = Some("no sample says whether a cache answered; all are taken as the origin's".to_owned());
        }
        Stratum {
            origin: self.case.seen.origin.clone(),
            vantage: self.case.seen.vantage.clone(),
            class: self.class,
            deciding: self.deciding,
            before,
            after,
            change,
            p,
            verdict,
            why,
        }
    }
}

/// How probable it is that either side is so far out.
fn chance(tails: Tails) -> f64 {
    (2.0 * tails.up.min(tails.down)).min(1.0)
}

/// Which way it went, where that is proven, and whether that is what was wished.
fn direction(
    expectation: &Expectation,
    [before, _]: [Summary; 2],
    change: Option<Change>,
    tails: Tails,
) -> (Verdict, Option<String>) {
    let fell = tails.down < tails.up;
    let less_is_better = match expectation.aim {
        Aim::Any => expectation.measure != Measure::Hits,
        Aim::Down(_) | Aim::NotUp | Aim::AtMost(_) => true,
        Aim::Up(_) | Aim::NotDown | Aim::AtLeast(_) => false,
    };
    let value = before.value.unwrap_or(0.0);
    let moved = change.map_or(0.0, |change| percent(change, value));
    let (held, short_of) = match expectation.aim {
        Aim::AtMost(limit) => (Some(value <= limit), None),
        Aim::AtLeast(limit) => (Some(value >= limit), None),
        Aim::Down(Some(by)) => (None, Some((by, -moved))),
        Aim::Up(Some(by)) => (None, Some((by, moved))),
        Aim::Down(None) | Aim::Up(None) | Aim::NotUp | Aim::NotDown | Aim::Any => (None, None),
    };
    match (fell == less_is_better, held, short_of) {
        // A bound that was missed before is missed again: nothing got worse by that.
        (false, Some(false), _) => (Verdict::Inconclusive, Some(MISSED.to_owned())),
        (false, ..) => (Verdict::Regressed, None),
        (true, Some(true), _) => (Verdict::Unchanged, Some(HELD.to_owned())),
        (true, _, Some((by, moved))) if moved < by => {
            (Verdict::Inconclusive, Some(format!("it went the way wished, but by {moved:.1} %")))
        }
        (true, ..) => (Verdict::Improved, None),
    }
}

/// The estimated change, in percent of what was before.
fn percent(change: Change, before: f64) -> f64 {
    match change.scale {
        Scale::Ratio => (change.estimate - 1.0) * 100.0,
        Scale::Difference if before > 0.0 => change.estimate / before * 100.0,
        Scale::Difference => 0.0,
    }
}

/// The greatest chance that Holm's procedure lets pass at a level, over all that decide; below 0 if
/// none does. What does not decide is held to the same bar and does not move it.
/// Source: Holm, Scand. J. Statist. 6 (1979).
fn bar(afters: &[Vec<LookedAt<'_>>], level: f64) -> f64 {
    let deciding = afters.iter().flatten().filter(|after| after.deciding);
    let mut chances: Vec<f64> = deciding.map(|after| after.tails.map_or(1.0, chance)).collect();
    chances.sort_by(f64::total_cmp);
    let mut left = chances.len();
    let mut bar: f64 = -1.0;
    for p in chances {
        if p * stats::float(left) > level {
            break;
        }
        bar = p;
        left = left.saturating_sub(1);
    }
    bar
}

/// Whether the interval lies within the tolerance of its measure.
fn alike(measure: &Measure, change: Change) -> bool {
    let (low, high) = match (change.scale, measure) {
        (Scale::Ratio, _) => (1.0 / 1.1, 1.1),
        (Scale::Difference, Measure::Calls) => (-0.5, 0.5),
        (Scale::Difference, _) => (-0.05, 0.05),
    };
    low <= change.low && change.high <= high
}

/// What an earlier look decided stands.
fn earlier(decided: &[Stratum], after: &LookedAt<'_>) -> Option<Stratum> {
    let seen = after.case.seen;
    let same =
        |s: &&Stratum| s.origin == seen.origin && s.vantage == seen.vantage && s.deciding == after.deciding;
    let stands = |s: &&Stratum| matches!(s.verdict, Verdict::Improved | Verdict::Regressed);
    decided.iter().filter(same).find(stands).cloned()
}
