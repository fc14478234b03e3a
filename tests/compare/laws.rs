//! What must hold of every comparison, whatever the samples.

use proptest::prelude::*;

use super::{CacheClass, Expectation, Judgement, Point, Seen, Shape, Timestamp, Timing, Verdict, Windows};
use super::{judge, pair_of, windows_of};
use vedette::compare::{Comparison, Judged, LOOKS, look_at};

/// Measures of times and counts, which a change of scale or a swap goes over.
const ANY: [&str; 7] = [
    "response time any",
    "p50 any",
    "p95 any",
    "database time any",
    "database calls any",
    "error rate any",
    "bytes any",
];

fn judged(seen: &[Seen], windows: &Windows) -> Judgement {
    let given = ANY.map(|text| Expectation::parse(text).unwrap());
    judge(&given, seen, windows, windows.after.to)
}

fn any_pair() -> impl Strategy<Value = (Vec<Seen>, Windows)> {
    let shape = (0.0..0.8, 15_u64..120, 0.0..0.5, any::<bool>());
    let done = (0.4..2.5, 0_u32..9, 0.0..0.4);
    (any::<u64>(), shape, done).prop_map(
        |(seed, (alike, samples, hits, bursts), (slower, calls, failures))| {
            let shape = Shape { alike, samples, hits, bursts, ..Shape::default() };
            let done = super::Done { slower, calls, failures };
            (pair_of(seed, shape, done), windows_of(shape))
        },
    )
}

/// All of the second window in its last quarter, so that one look sees it, and sees all.
fn late(points: &[Point], window: super::Window) -> Vec<Point> {
    let last = window.to.as_millis() - 1_000;
    (0..).zip(points).map(|(i, p)| Point { at: Timestamp::from_millis(last + i), ..p.clone() }).collect()
}

fn early(points: &[Point], window: super::Window) -> Vec<Point> {
    let first = window.from.as_millis();
    (0..).zip(points).map(|(i, p)| Point { at: Timestamp::from_millis(first + i), ..p.clone() }).collect()
}

const fn turned(verdict: Verdict) -> Verdict {
    match verdict {
        Verdict::Improved => Verdict::Regressed,
        Verdict::Regressed => Verdict::Improved,
        Verdict::Unchanged | Verdict::Inconclusive => verdict,
    }
}

/// Equal but for the last places.
fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-6 * (1.0 + a.abs().max(b.abs()))
}

/// Everything that is said of the origin itself.
fn of_the_origin(judgement: &Judgement) -> String {
    let strata = judgement.expectations.iter().map(|one| {
        let deciding: Vec<_> = one.strata.iter().filter(|stratum| stratum.deciding).collect();
        format!("{} {deciding:?}", one.sentence)
    });
    strata.chain([judgement.sentence.clone()]).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn before_and_after_swapped_turn_every_verdict_and_every_estimate((seen, windows) in any_pair()) {
        let there: Vec<Seen> = seen
            .iter()
            .map(|s| Seen { after: late(&s.after, windows.after), ..s.clone() })
            .collect();
        let back: Vec<Seen> = seen
            .iter()
            .map(|s| Seen {
                before: early(&s.after, windows.before),
                after: late(&s.before, windows.after),
                ..s.clone()
            })
            .collect();
        let (there, back) = (judged(&there, &windows), judged(&back, &windows));
        for (a, b) in there.expectations.iter().zip(&back.expectations) {
            for (a, b) in a.strata.iter().zip(&b.strata) {
                prop_assert_eq!(a.verdict, turned(b.verdict), "{:?} {:?}", a, b);
                prop_assert_eq!(a.p.is_some(), b.p.is_some());
                prop_assert!(a.p.zip(b.p).is_none_or(|(a, b)| near(a, b)), "{:?} {:?}", a, b);
                let ends = a.change.zip(b.change).map(|(a, b)| match a.scale {
                    vedette::compare::Scale::Ratio => [a.estimate * b.estimate, a.low * b.high, a.high * b.low].map(|n| n - 1.0),
                    vedette::compare::Scale::Difference => [a.estimate + b.estimate, a.low + b.high, a.high + b.low],
                });
                prop_assert!(ends.is_none_or(|ends| ends.iter().all(|end| near(*end, 0.0))), "{:?} {:?}", a, b);
            }
        }
    }

    #[test]
    fn looks_that_are_taken_when_they_are_due_say_what_all_of_them_say_at_the_end((seen, windows) in any_pair()) {
        let given = ANY.map(|text| Expectation::parse(text).unwrap());
        let comparison = Comparison::new(given.to_vec(), windows.clone());
        let mut earlier: Vec<Judged> = Vec::new();
        for look in 1..=LOOKS {
            let now = look_at(windows.after, look);
            let until = |of: &Seen| Seen { after: of.after.iter().filter(|p| p.at < now).cloned().collect(), ..of.clone() };
            let measured: Vec<_> = seen.iter().map(|of| comparison.measure(&until(of), look)).collect();
            let stepped = comparison.decide(&measured.iter().collect::<Vec<_>>(), look, &earlier);
            prop_assert_eq!(&stepped, &comparison.judge(&seen, now));
            // As a row keeps it until the next look.
            earlier = serde_json::from_str(&serde_json::to_string(&stepped.expectations).unwrap()).unwrap();
        }
    }

    #[test]
    fn what_a_cache_answered_changes_nothing_that_is_said_of_the_origin(
        (seen, windows) in any_pair(),
        hits in proptest::collection::vec((0_u64..2_400_000, 0_u64..5_000, any::<bool>(), any::<bool>()), 1..80),
    ) {
        let mut more = seen.clone();
        for (at, response_ms, failed, complete) in hits {
            let one = &mut more[(at % 3) as usize];
            let hit = Point {
                at: Timestamp::from_millis(at), class: CacheClass::EdgeOnly, failed, complete, response_ms,
                calls: Some(99), database_ms: Some(response_ms), bytes: response_ms,
                timings: vec![Timing { name: "render".into(), micros: response_ms }],
            };
            let list = if hit.at < windows.before.to { &mut one.before } else { &mut one.after };
            list.push(hit);
            list.sort_by_key(|point| point.at);
        }
        prop_assert_eq!(of_the_origin(&judged(&seen, &windows)), of_the_origin(&judged(&more, &windows)));
    }

    #[test]
    fn a_later_hour_and_another_order_of_vantages_change_nothing(
        (seen, windows) in any_pair(),
        by in 0_u64..1_000_000_000_000,
        first in 0_usize..3,
    ) {
        let later = |at: Timestamp| Timestamp::from_millis(at.as_millis() + by);
        let moved = |points: &[Point]| points.iter().map(|p| Point { at: later(p.at), ..p.clone() }).collect();
        let window = |w: super::Window| super::Window { from: later(w.from), to: later(w.to) };
        let mut other: Vec<Seen> = seen
            .iter()
            .map(|s| Seen { before: moved(&s.before), after: moved(&s.after), ..s.clone() })
            .collect();
        other.rotate_left(first);
        let shifted = Windows { before: window(windows.before), after: window(windows.after) };
        let (here, mut there) = (judged(&seen, &windows), judged(&other, &shifted));
        for one in &mut there.expectations {
            one.strata.sort_by_key(|s| seen.iter().position(|seen| seen.vantage == s.vantage));
        }
        prop_assert_eq!(here.verdict, there.verdict);
        prop_assert_eq!(here.sentence, there.sentence);
        prop_assert_eq!(here.expectations, there.expectations);
    }

    #[test]
    fn another_unit_of_time_leaves_every_chance_as_it_is((seen, windows) in any_pair(), scale in 2_u64..50) {
        let scaled = |points: &[Point]| {
            points
                .iter()
                // Whole milliseconds: what is under one is taken for one, so all are at least one.
                .map(|p| Point {
                    response_ms: p.response_ms.max(1) * scale,
                    database_ms: p.database_ms.map(|ms| ms.max(1) * scale),
                    bytes: p.bytes.max(1) * scale,
                    ..p.clone()
                })
                .collect()
        };
        let other: Vec<Seen> = seen
            .iter()
            .map(|s| Seen { before: scaled(&s.before), after: scaled(&s.after), ..s.clone() })
            .collect();
        let (here, there) = (judged(&seen, &windows), judged(&other, &windows));
        prop_assert_eq!(here.verdict, there.verdict);
        for (a, b) in here.expectations.iter().zip(&there.expectations) {
            for (a, b) in a.strata.iter().zip(&b.strata) {
                prop_assert_eq!(a.verdict, b.verdict);
                prop_assert!(a.p.zip(b.p).is_none_or(|(a, b)| near(a, b)), "{:?} {:?}", a, b);
                let ratio = a.change.zip(b.change);
                prop_assert!(ratio.is_none_or(|(a, b)| near(a.estimate, b.estimate)), "{:?} {:?}", a, b);
            }
        }
    }

    #[test]
    fn a_metric_is_judged_as_database_time_is_and_by_its_name_alone(
        (seen, windows) in any_pair(),
        first in any::<bool>(),
        below in any::<bool>(),
    ) {
        // A microsecond counts of a metric as a millisecond does of the database.
        let micros = |ms: u64| if below { ms.max(1) } else { ms.max(1) * 1_000 };
        let named = |points: &[Point], first: bool| -> Vec<Point> {
            let with = |p: &Point| {
                let render = Timing { name: "Render".into(), micros: micros(p.database_ms.unwrap_or(0)) };
                let queue = Timing { name: "queue".into(), micros: micros(p.response_ms) };
                let timings = if first { vec![render, queue] } else { vec![queue, render] };
                Point { database_ms: p.database_ms.map(|ms| ms.max(1)), timings, ..p.clone() }
            };
            points.iter().map(with).collect()
        };
        // What is configured before the change may be in another order after it.
        let all: Vec<Seen> = seen
            .iter()
            .map(|s| Seen { before: named(&s.before, true), after: named(&s.after, first), ..s.clone() })
            .collect();
        for aim in ["any", "down by 10%", "not up"] {
            let [metric, database] = ["timing render", "database time"].map(|measure| {
                let given = Expectation::parse(&format!("{measure} {aim}")).unwrap();
                judge(&[given], &all, &windows, windows.after.to)
            });
            prop_assert_eq!(metric.verdict, database.verdict);
            for (a, b) in metric.expectations[0].strata.iter().zip(&database.expectations[0].strata) {
                prop_assert_eq!(a.verdict, b.verdict);
                prop_assert!(a.p.zip(b.p).is_none_or(|(a, b)| near(a, b)), "{:?} {:?}", a, b);
                prop_assert_eq!(a.change.is_some(), b.change.is_some());
                let estimates = a.change.zip(b.change);
                prop_assert!(estimates.is_none_or(|(a, b)| near(a.estimate, b.estimate)), "{:?} {:?}", a, b);
            }
        }
    }
}
