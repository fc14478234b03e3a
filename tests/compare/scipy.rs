//! What the comparison counts, held to what scipy and statsmodels count: `scripts/scipy-table.py`
//! wrote the table.

use serde::Deserialize;
use vedette::compare::{Chances, Test, chances};

/// How far a chance or the end of an interval may be off.
const NEAR: f64 = 1e-6;

#[derive(Deserialize)]
struct Table {
    numbers: Vec<Numbers>,
    shares: Vec<Shares>,
}

#[derive(Deserialize)]
struct Numbers {
    before: Vec<f64>,
    after: Vec<f64>,
    ranks: Expected,
    p50: Expected,
    p90: Expected,
    p95: Expected,
}

/// Counts of (true, all).
#[derive(Deserialize)]
struct Shares {
    before: (usize, usize),
    after: (usize, usize),
    fisher: Expected,
    newcombe: [f64; 2],
}

#[derive(Deserialize)]
struct Expected {
    up: f64,
    down: f64,
}

fn table() -> Table {
    serde_json::from_str(include_str!("scipy.json")).unwrap()
}

fn near(what: &str, ours: Chances, theirs: &Expected) {
    let off = (ours.up - theirs.up).abs().max((ours.down - theirs.down).abs());
    assert!(off <= NEAR, "{what}: {ours:?}, and scipy says {} and {}", theirs.up, theirs.down);
}

#[test]
fn tests_of_times_say_what_scipy_says() {
    let numbers = table().numbers;
    assert!(numbers.len() >= 30);
    for one in numbers {
        let what = format!("{} and {} samples", one.before.len(), one.after.len());
        let said = |test| chances(test, &one.before, &one.after);
        near(&what, said(Test::Ranks), &one.ranks);
        near(&what, said(Test::Quantile(0.5)), &one.p50);
        near(&what, said(Test::Quantile(0.9)), &one.p90);
        near(&what, said(Test::Quantile(0.95)), &one.p95);
    }
}

#[test]
fn tests_of_rates_say_what_scipy_and_statsmodels_say() {
    let shares = table().shares;
    assert!(shares.len() >= 30);
    let list = |(of, all): (usize, usize)| -> Vec<f64> {
        (0..all).map(|i| if i < of { 1.0 } else { 0.0 }).collect()
    };
    for one in shares {
        let what = format!("{:?} and {:?}", one.before, one.after);
        let said = chances(Test::Shares, &list(one.before), &list(one.after));
        near(&what, said, &one.fisher);
        let [low, high] = said.interval.unwrap();
        let off = (low - one.newcombe[0]).abs().max((high - one.newcombe[1]).abs());
        assert!(off <= NEAR, "{what}: {low} to {high}, and statsmodels says {:?}", one.newcombe);
    }
}
