//! How often a comparison errs where nothing changed: seeded pairs of windows in many shapes.

use super::{Done, Expectation, NOTHING, Shape, counted, pair_of, pairs};

/// Half an hour of 200 samples, and as long again right after it.
const ADJACENT: Shape =
    Shape { alike: 0.5, samples: 200, every: 9_000, apart: 0, daily: 0.25, hits: 0.0, bursts: false };

/// The windows of a case, with what is expected of them.
struct Case {
    what: &'static str,
    expected: String,
    shape: Shape,
    done: Done,
}

/// Counts, prints, and holds the error to 5 %, allowing for chance in counting.
fn hold(case: &Case) {
    let Case { what, expected, shape, done } = case;
    let given: Vec<Expectation> =
        if expected.is_empty() { Vec::new() } else { vec![Expectation::parse(expected).unwrap()] };
    // One expectation is asked of fewer pairs, as there are many such cases.
    let pairs = if given.is_empty() { pairs() } else { pairs().div_ceil(5) };
    let found = counted(pairs, &given, *shape, *done);
    println!("{what}; {}: {found:?} of {pairs}", if expected.is_empty() { "defaults" } else { expected });
    let (n, wrong) = (pairs as f64, (found.improved + found.regressed) as f64);
    assert!(wrong <= 0.05 * n + 3.0 * (0.05 * 0.95 * n).sqrt(), "{what}, {expected}: {wrong} of {n}");
}

fn moods(alike: f64) -> Shape {
    Shape { alike, ..Shape::default() }
}

/// A difference as large as the tolerance is none yet, and the nearest to one.
const BOUND: Done = Done { slower: 1.1, ..NOTHING };

#[test]
fn moods_alone_are_no_change() {
    for alike in [0.0, 0.5, 0.8] {
        hold(&Case {
            what: format!("moods by {alike}").leak(),
            expected: String::new(),
            shape: moods(alike),
            done: NOTHING,
        });
    }
}

#[test]
fn a_difference_as_large_as_the_tolerance_is_none() {
    for alike in [0.0, 0.8] {
        let what = format!("1.1 times slower, moods by {alike}").leak();
        hold(&Case { what, expected: String::new(), shape: moods(alike), done: BOUND });
    }
}

#[test]
fn the_course_of_a_day_is_no_change_in_half_an_hour_nor_at_the_same_hour() {
    let tomorrow = Shape { apart: 86_400_000 - 1_800_000, ..ADJACENT };
    for (what, shape) in
        [("a day of ±25 %, adjacent half hours", ADJACENT), ("a day of ±25 %, same hour", tomorrow)]
    {
        hold(&Case { what, expected: String::new(), shape, done: NOTHING });
    }
}

/// The limit that docs/comparing.md tells of: the comparison cannot know what a day does.
#[test]
fn adjacent_windows_of_six_hours_do_show_the_course_of_a_day() {
    let shape = Shape { every: 108_000, ..ADJACENT };
    let few = pairs().clamp(40, 200);
    let found = counted(few, &[], shape, NOTHING);
    println!("a day of ±25 %, adjacent six hours; defaults: {found:?} of {few}");
    assert!(20 * (found.improved + found.regressed) > few, "say in the docs that it errs no more: {found:?}");
}

#[test]
fn quantiles_bytes_and_rates_seldom_err() {
    for alike in [0.5, 0.8] {
        for expected in ["p50 any", "p95 any", "p99 any", "bytes any", "error rate any"] {
            let what = format!("moods by {alike}").leak();
            hold(&Case { what, expected: expected.to_owned(), shape: moods(alike), done: NOTHING });
        }
        let hits = Shape { hits: 0.4, ..moods(alike) };
        hold(&Case {
            what: "40 % hits",
            expected: "share of hits any".to_owned(),
            shape: hits,
            done: NOTHING,
        });
        let bursts = Shape { bursts: true, ..moods(alike) };
        let what = format!("failures when the mood is worst, moods by {alike}").leak();
        hold(&Case { what, expected: "error rate any".to_owned(), shape: bursts, done: NOTHING });
    }
}

#[test]
fn bounds_that_are_just_met_are_seldom_said_to_be_missed_or_reached() {
    for alike in [0.0, 0.5, 0.8] {
        let mut times: Vec<u64> = (1_000_000..1_000_300)
            .flat_map(|seed| pair_of(seed, moods(alike), NOTHING))
            .flat_map(|seen| seen.after)
            .filter(|point| !point.failed)
            .map(|point| point.response_ms)
            .collect();
        times.sort_unstable();
        for percent in [50, 95] {
            let limit = times[times.len() * percent / 100];
            let what = format!("a bound that is just met, moods by {alike}").leak();
            let expected = format!("p{percent} at most {limit}ms");
            hold(&Case { what, expected, shape: moods(alike), done: NOTHING });
        }
        let what = format!("5 % failures, moods by {alike}").leak();
        hold(&Case {
            what,
            expected: "error rate at most 5%".to_owned(),
            shape: moods(alike),
            done: NOTHING,
        });
    }
}
