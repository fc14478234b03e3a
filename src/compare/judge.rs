//! Expectations and samples → a judgement, look by look. It counts nothing itself.

use super::expectation::{self, Aim, Expectation, Measure};
use super::measure::{self, Measured, Tested};
use super::stats::{self, Tails};
use super::{Judged, Judgement, LEVELS, Looks, Mix, Point, Scale, Seen, Stratum, Verdict, Windows};
use crate::history::Window;
use crate::sample::CacheClass;
use crate::units::{Millis, Timestamp};

/// What is said of a bound that was missed before as well.
const MISSED: &str = "the bound is missed, as before";

/// What is said of one that held before as well.
const HELD: &str = "within the bound, as before";

/// What is known at `now`; later samples are ignored.
#[must_use]
pub fn judge(expectations: &[Expectation], seen: &[Seen], windows: &Windows, now: Timestamp) -> Judgement {
    let given = if expectations.is_empty() { expectation::defaults() } else { expectations.to_vec() };
    let taken = (1..=LEVELS.len()).filter(|look| look_at(windows, *look) <= now).count();
    let mut judged: Vec<Judged> = given.iter().map(blank).collect();
    for look in 1..=taken {
        let level = LEVELS.get(look.saturating_sub(1)).copied().unwrap_or(0.0);
        let view = View {
            seen,
            before: windows.before,
            after: Window { from: windows.after.from, to: look_at(windows, look) },
        };
        let mut fresh: Vec<Judged> = given.iter().map(|e| view.look(e)).collect();
        decide(&mut fresh, level, &given, look == LEVELS.len());
        keep(&judged, &mut fresh);
        judged = fresh;
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
    let next_ms = (taken < LEVELS.len()).then(|| look_at(windows, next).as_millis());
    let looks = Looks { taken, planned: LEVELS.len(), next_ms };
    let to = look_at(windows, taken);
    let view = View { seen, before: windows.before, after: Window { from: windows.after.from, to } };
    Judgement {
        verdict,
        sentence,
        expectations: judged,
        mix: view.mix(),
        r#final: taken == LEVELS.len(),
        looks,
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

/// When a look is due: the first at a quarter of the planned time.
fn look_at(windows: &Windows, look: usize) -> Timestamp {
    let (from, to) = (windows.after.from, windows.after.to);
    let look = u64::try_from(look).unwrap_or(0);
    from.plus(Millis::new((to.since(from).get() / 4).saturating_mul(look)))
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

/// What is looked at in one look.
struct View<'a> {
    seen: &'a [Seen],
    before: Window,
    after: Window,
}

impl View<'_> {
    fn look(&self, expectation: &Expectation) -> Judged {
        let mut judged = blank(expectation);
        let hits = expectation.measure == Measure::Hits;
        for seen in self.seen.iter().filter(|s| expectation.origin.as_ref().is_none_or(|id| *id == s.origin))
        {
            let (before, after) = (within(&seen.before, self.before), within(&seen.after, self.after));
            let proven = before.iter().chain(&after).any(|p| p.class == CacheClass::OriginProven);
            let decider = if proven { CacheClass::OriginProven } else { CacheClass::Unclassified };
            for class in [decider, CacheClass::EdgeOnly] {
                let deciding = class == decider;
                let pick = |points: &[&Point]| -> Vec<Point> {
                    let counts = |p: &&&Point| match expectation.measure {
                        Measure::Hits => true,
                        Measure::Errors if deciding => p.class != CacheClass::EdgeOnly,
                        Measure::Errors
                        | Measure::Quantile(_)
                        | Measure::Response
                        | Measure::DatabaseTime
                        | Measure::Calls
                        | Measure::Bytes => p.class == class,
                    };
                    points.iter().filter(counts).map(|p| (*p).clone()).collect()
                };
                let (b, a) = (pick(&before), pick(&after));
                if !deciding && (hits || (b.is_empty() && a.is_empty())) {
                    continue;
                }
                let measured = measure::measured(expectation.measure, &b, &a);
                judged.strata.push(stratum(expectation, &measured, &Place { seen, class, deciding }));
            }
        }
        judged
    }

    fn mix(&self) -> Vec<Mix> {
        self.seen.iter().map(|seen| self.mix_of(seen)).collect()
    }

    fn mix_of(&self, seen: &Seen) -> Mix {
        let share = |points: &[&Point]| {
            let hits: Vec<f64> =
                points.iter().map(|p| f64::from(u8::from(p.class == CacheClass::EdgeOnly))).collect();
            (!hits.is_empty()).then(|| measure::share(&hits).rate())
        };
        let before = share(&within(&seen.before, self.before));
        let after = share(&within(&seen.after, self.after));
        let sentence = before.zip(after).filter(|(b, a)| (a - b).abs() > 0.1).map(|(b, a)| {
            let (b, a) = (b * 100.0, a * 100.0);
            format!(
                "share of hits {b:.0} % → {a:.0} %: what users waited for changed by that, whatever the origin did"
            )
        });
        Mix { origin: seen.origin.clone(), vantage: seen.vantage.clone(), before, after, sentence }
    }
}

/// Where a stratum is from.
struct Place<'a> {
    seen: &'a Seen,
    class: CacheClass,
    deciding: bool,
}

fn within(points: &[Point], window: Window) -> Vec<&Point> {
    points.iter().filter(|p| window.from <= p.at && p.at < window.to).collect()
}

/// A stratum, its verdict as its own numbers have it: `decide` holds it to the family.
fn stratum(expectation: &Expectation, measured: &Measured, place: &Place<'_>) -> Stratum {
    let (p, (verdict, mut why)) = match &measured.tested {
        Some(tested) => {
            let tails = tails(expectation, tested);
            (Some((2.0 * tails.up.min(tails.down)).min(1.0)), direction(expectation, measured, tails))
        }
        None => (None, (Verdict::Inconclusive, Some("too few samples: each window needs 20".to_owned()))),
    };
    if place.deciding && place.class == CacheClass::Unclassified && why.is_none() {
        why = Some("no sample says whether a cache answered; all are taken as the origin's".to_owned());
    }
    Stratum {
        origin: place.seen.origin.clone(),
        vantage: place.seen.vantage.clone(),
        class: place.class,
        deciding: place.deciding,
        before: measured.before,
        after: measured.after,
        change: measured.tested.as_ref().map(|tested| tested.change),
        p,
        verdict,
        why,
    }
}

fn tails(expectation: &Expectation, tested: &Tested) -> Tails {
    match expectation.aim {
        Aim::AtMost(limit) => measure::bound(expectation.measure, tested, limit),
        Aim::AtLeast(limit) => measure::bound(expectation.measure, tested, limit * (1.0 - 1e-9)),
        Aim::Down(_) | Aim::Up(_) | Aim::NotUp | Aim::NotDown | Aim::Any => tested.tails,
    }
}

/// Which way it went, if that is proven, and whether that is what was wished.
fn direction(expectation: &Expectation, measured: &Measured, tails: Tails) -> (Verdict, Option<String>) {
    let fell = tails.down < tails.up;
    let less_is_better = match expectation.aim {
        Aim::Any => expectation.measure != Measure::Hits,
        Aim::Down(_) | Aim::NotUp | Aim::AtMost(_) => true,
        Aim::Up(_) | Aim::NotDown | Aim::AtLeast(_) => false,
    };
    let before = measured.before.value.unwrap_or(0.0);
    let (held, short_of) = match expectation.aim {
        Aim::AtMost(limit) => (Some(before <= limit), None),
        Aim::AtLeast(limit) => (Some(before >= limit), None),
        Aim::Down(Some(by)) => (None, Some((by, -percent(measured)))),
        Aim::Up(Some(by)) => (None, Some((by, percent(measured)))),
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
fn percent(measured: &Measured) -> f64 {
    let Some(tested) = &measured.tested else { return 0.0 };
    match tested.change.scale {
        Scale::Ratio => (tested.change.estimate - 1.0) * 100.0,
        Scale::Difference => {
            let before = measured.before.value.unwrap_or(0.0);
            if before > 0.0 { tested.change.estimate / before * 100.0 } else { 0.0 }
        }
    }
}

/// Holds verdicts to the level by Holm's procedure over all that decide; strata that do not decide
/// are held to the same bar and do not move it. Source: Holm, Scand. J. Statist. 6 (1979).
fn decide(judged: &mut [Judged], level: f64, given: &[Expectation], last: bool) {
    let mut chances: Vec<f64> = judged
        .iter()
        .flat_map(|one| &one.strata)
        .filter(|s| s.deciding)
        .map(|s| s.p.unwrap_or(1.0))
        .collect();
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
    for (one, expectation) in judged.iter_mut().zip(given) {
        let bounded = matches!(expectation.aim, Aim::AtMost(_) | Aim::AtLeast(_));
        for stratum in &mut one.strata {
            if stratum.p.is_some_and(|p| p <= bar) {
                continue;
            }
            let same = last && !bounded && stratum.change.is_some_and(|c| alike(expectation.measure, c));
            stratum.verdict = if same { Verdict::Unchanged } else { Verdict::Inconclusive };
            if !same && stratum.why.is_none() {
                stratum.why = Some("the difference may be chance".to_owned());
            }
        }
    }
}

/// Whether the interval lies within the tolerance of its measure.
fn alike(measure: Measure, change: super::Change) -> bool {
    let (low, high) = match (change.scale, measure) {
        (Scale::Ratio, _) => (1.0 / 1.1, 1.1),
        (Scale::Difference, Measure::Calls) => (-0.5, 0.5),
        (Scale::Difference, _) => (-0.05, 0.05),
    };
    low <= change.low && change.high <= high
}

/// What an earlier look decided stands.
fn keep(earlier: &[Judged], fresh: &mut [Judged]) {
    for (old, new) in earlier.iter().zip(fresh) {
        for stratum in &mut new.strata {
            let decided = old.strata.iter().find(|o| {
                let same = o.origin == stratum.origin
                    && o.vantage == stratum.vantage
                    && o.deciding == stratum.deciding;
                same && matches!(o.verdict, Verdict::Improved | Verdict::Regressed)
            });
            if let Some(decided) = decided {
                *stratum = decided.clone();
            }
        }
    }
}
