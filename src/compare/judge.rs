//! What was expected, and what looks measured → a judgement, look by look. It counts nothing.
//!
//! Where all samples are there, [`Comparison::judge`] takes one look after the other. Or each is
//! taken when it is due: [`Comparison::measure`] measures one origin and vantage after another, and
//! [`Comparison::decide`] goes on from what the look before decided.

use super::expectation::{self, Aim, Expectation, Measure};
use super::look::{Case, Found, LookedAt, Measured};
use super::stats::{self, Tails};
use super::{Change, Judged, Judgement, LEVELS, LOOKS, Looks, Mix, Scale, Seen, Stratum, Verdict, Windows};
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
    Comparison::new(expectations.to_vec(), windows.clone()).judge(seen, now)
}

/// The end of what a look sees, counted from 1: a quarter of the planned time after with each.
#[must_use]
pub fn look_at(after: Window, look: usize) -> Timestamp {
    let Window { from, to } = after;
    let look = u64::try_from(look).unwrap_or(0);
    from.plus(Millis::new((to.since(from).get() / LOOKS as u64).saturating_mul(look)))
}

/// What is compared, and what is expected of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    expectations: Vec<Expectation>,
    windows: Windows,
}

impl Comparison {
    /// Of these windows; without expectations the usual ones stand.
    #[must_use]
    pub fn new(given: Vec<Expectation>, windows: Windows) -> Self {
        let expectations = if given.is_empty() { expectation::defaults() } else { given };
        Self { expectations, windows }
    }

    /// The time after, as far as a look sees it.
    fn seen_by(&self, look: usize) -> Window {
        Window { from: self.windows.after.from, to: look_at(self.windows.after, look) }
    }

    /// What is known at `now`; later samples are ignored.
    #[must_use]
    pub fn judge(&self, seen: &[Seen], now: Timestamp) -> Judgement {
        let taken = (1..=LOOKS).filter(|look| look_at(self.windows.after, *look) <= now).count();
        let case = |seen| Case::new(&self.expectations, seen, self.windows.before);
        let cases: Vec<Case<'_>> = seen.iter().map(case).collect();
        let mix = |case: &Case<'_>, look: usize| case.mix(self.seen_by(look));
        let mut judgement = self.concluded(&[], cases.iter().map(|case| mix(case, 0)).collect(), 0, &[]);
        for look in 1..=taken {
            let looked: Vec<_> = cases.iter().map(|case| case.look(self.seen_by(look))).collect();
            let bar = bar(looked.iter().flatten().flatten().map(|at| &at.found), look);
            let told = |at: LookedAt<'_>| {
                let is_wanted = look == taken || at.found.chance().is_some_and(|p| p <= bar);
                at.told(is_wanted)
            };
            let told = |of: Vec<LookedAt<'_>>| of.into_iter().map(told).collect();
            let found = looked.into_iter().map(|of| of.into_iter().map(told).collect());
            let measured: Vec<Measured> = cases
                .iter()
                .zip(found)
                .map(|(case, found)| Measured { mix: mix(case, look), found })
                .collect();
            judgement = self.decide(&measured.iter().collect::<Vec<_>>(), look, &judgement.expectations);
        }
        judgement
    }

    /// Measures what one vantage saw of one origin for one look, counted from 1. What it costs is
    /// bounded by the samples, so whoever has many measures one pair after another.
    #[must_use]
    pub fn measure(&self, seen: &Seen, look: usize) -> Measured {
        let case = Case::new(&self.expectations, seen, self.windows.before);
        let after = self.seen_by(look);
        let told = |classes: Vec<LookedAt<'_>>| classes.into_iter().map(|at| at.told(true)).collect();
        Measured { mix: case.mix(after), found: case.look(after).into_iter().map(told).collect() }
    }

    /// What a look says, by what it measured and what an earlier one decided. Looks that nobody
    /// took in between decide nothing, and make none err more often.
    #[must_use]
    pub fn decide(&self, measured: &[&Measured], look: usize, earlier: &[Judged]) -> Judgement {
        let mix = measured.iter().map(|measured| measured.mix.clone()).collect();
        self.concluded(measured, mix, look, earlier)
    }

    fn judged(&self, measured: &[&Measured], look: usize, earlier: &[Judged]) -> Vec<Judged> {
        let bar = bar(measured.iter().flat_map(|measured| measured.found.iter().flatten()), look);
        let told = Told { bar, last: look == LOOKS };
        let judged = |(place, expectation): (usize, &Expectation)| {
            let text = expectation.to_string();
            let same = earlier.get(place).filter(|one| one.expectation == text);
            let decided = same.map_or(&[][..], |one| &one.strata);
            let strata: Vec<Stratum> = measured
                .iter()
                .flat_map(|of| of.found.get(place).into_iter().flatten().map(|found| (&of.mix, found)))
                .map(|(of, found)| {
                    stands(decided, of, found).unwrap_or_else(|| stratum(expectation, of, found, told))
                })
                .collect();
            let verdict = overall(strata.iter().filter(|s| s.deciding).map(|s| s.verdict));
            let sentence = format!("{text}: {}", word(verdict));
            Judged { expectation: text, verdict, sentence, strata }
        };
        self.expectations.iter().enumerate().map(judged).collect()
    }

    /// What so many looks say, the last of which measured this.
    fn concluded(
        &self,
        measured: &[&Measured],
        mix: Vec<Mix>,
        taken: usize,
        earlier: &[Judged],
    ) -> Judgement {
        let judged = self.judged(measured, taken, earlier);
        let verdict = overall(judged.iter().map(|one| one.verdict));
        let open = judged.iter().filter(|one| one.verdict == Verdict::Inconclusive).count();
        let mut sentence = word(verdict).to_owned();
        if open > 0 && verdict != Verdict::Inconclusive {
            sentence.push_str(&format!("; {open} of {} expectations cannot be told", judged.len()));
        }
        let next = taken.saturating_add(1);
        let next_ms = (taken < LOOKS).then(|| look_at(self.windows.after, next).as_millis());
        Judgement {
            verdict,
            sentence,
            expectations: judged,
            mix,
            looks: Looks { taken, planned: LOOKS, next_ms },
            r#final: taken == LOOKS,
        }
    }
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

/// What one look says of all.
#[derive(Clone, Copy, Debug)]
struct Told {
    /// The greatest chance at which a difference is proven.
    bar: f64,
    /// Whether no other look follows.
    last: bool,
}

/// What a look says of one expectation, as one vantage sees one origin in one cache class.
fn stratum(expectation: &Expectation, of: &Mix, found: &Found, told: Told) -> Stratum {
    let p = found.chance();
    let bounded = matches!(expectation.aim, Aim::AtMost(_) | Aim::AtLeast(_));
    let same = told.last && !bounded && found.change.is_some_and(|c| alike(&expectation.measure, c));
    let (verdict, mut why) = match found.tails {
        None => (Verdict::Inconclusive, found.short.clone()),
        Some(tails) if p.is_some_and(|p| p <= told.bar) => direction(expectation, found, tails),
        Some(_) if same => (Verdict::Unchanged, None),
        Some(_) => (Verdict::Inconclusive, Some(CHANCE.to_owned())),
    };
    if found.deciding && found.class == CacheClass::Unclassified && why.is_none() {
        why = Some("no sample says whether a cache answered; all are taken as the origin's".to_owned());
    }
    Stratum {
        origin: of.origin.clone(),
        vantage: of.vantage.clone(),
        class: found.class,
        deciding: found.deciding,
        before: found.before,
        after: found.after,
        change: found.change,
        p,
        verdict,
        why,
    }
}

/// Which way it went, where that is proven, and whether that is what was wished.
fn direction(expectation: &Expectation, found: &Found, tails: Tails) -> (Verdict, Option<String>) {
    let fell = tails.down < tails.up;
    let less_is_better = match expectation.aim {
        Aim::Any => expectation.measure != Measure::Hits,
        Aim::Down(_) | Aim::NotUp | Aim::AtMost(_) => true,
        Aim::Up(_) | Aim::NotDown | Aim::AtLeast(_) => false,
    };
    let value = found.before.value.unwrap_or(0.0);
    let moved = found.change.map_or(0.0, |change| percent(change, value));
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

/// The greatest chance that Holm's procedure lets pass at a look, over all that decide; below 0 if
/// none does. What does not decide is held to the same bar and does not move it.
/// Source: Holm, Scand. J. Statist. 6 (1979).
fn bar<'f>(found: impl Iterator<Item = &'f Found>, look: usize) -> f64 {
    let level = LEVELS.get(look.wrapping_sub(1)).copied().unwrap_or(0.0);
    let deciding = found.filter(|found| found.deciding);
    let mut chances: Vec<f64> = deciding.map(|found| found.chance().unwrap_or(1.0)).collect();
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
fn stands(decided: &[Stratum], of: &Mix, found: &Found) -> Option<Stratum> {
    let same =
        |s: &&Stratum| s.origin == of.origin && s.vantage == of.vantage && s.deciding == found.deciding;
    let stands = |s: &&Stratum| matches!(s.verdict, Verdict::Improved | Verdict::Regressed);
    decided.iter().filter(same).find(stands).cloned()
}
