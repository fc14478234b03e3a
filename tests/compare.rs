//! How often a comparison errs where nothing changed, and how often it finds what did: seeded pairs
//! of windows as origins make them. `VEDETTE_PAIRS` asks for more of them.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    clippy::arithmetic_side_effects,
    clippy::float_arithmetic,
    reason = "a test may panic, prints what it found, and draws small numbers"
)]

use vedette::compare::{Expectation, Judgement, Point, Seen, Verdict, Windows, judge};
use vedette::history::Window;
use vedette::sample::{CacheClass, Timing};
use vedette::units::{Name, OriginId, Timestamp};

#[path = "compare/cost.rs"]
mod cost;
#[path = "compare/laws.rs"]
mod laws;
#[path = "compare/nulls.rs"]
mod nulls;
#[path = "compare/scipy.rs"]
mod scipy;

/// What a pair of windows is like, whatever was changed.
#[derive(Clone, Copy)]
struct Shape {
    /// By how much the origin's mood follows itself from sample to sample.
    alike: f64,
    /// Samples of a window.
    samples: u64,
    /// Milliseconds between two samples.
    every: u64,
    /// Milliseconds between the windows.
    apart: u64,
    /// By how much times rise and fall in the course of a day, as a share.
    daily: f64,
    /// The share of answers that a cache gives.
    hits: f64,
    /// Whether the origin fails when its mood is worst, and not by chance.
    bursts: bool,
}

impl Default for Shape {
    fn default() -> Self {
        Self { alike: 0.5, samples: 200, every: 10_000, apart: 0, daily: 0.0, hits: 0.0, bursts: false }
    }
}

impl Shape {
    /// When a sample is sent.
    fn at(&self, i: u64) -> u64 {
        i * self.every + if i < self.samples { 0 } else { self.apart }
    }
}

/// What was changed in the samples after.
#[derive(Clone, Copy)]
struct Done {
    slower: f64,
    calls: u32,
    failures: f64,
}

const NOTHING: Done = Done { slower: 1.0, calls: 3, failures: 0.05 };

/// A day, in milliseconds.
const DAY: f64 = 86_400_000.0;

/// One pair as three vantages see it. They share the origin's mood.
fn pair_of(seed: u64, shape: Shape, done: Done) -> Vec<Seen> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut normal = || (0..12).map(|_| random.f64()).sum::<f64>() - 6.0;
    let (mut mood, follows) = (normal(), shape.alike);
    let moods: Vec<f64> = (0..2 * shape.samples)
        .map(|_| {
            mood = follows * mood + (1.0 - follows * follows).sqrt() * normal();
            mood
        })
        .collect();
    let phase = random.f64();
    let sample = |random: &mut fastrand::Rng, mood: f64, i: u64| {
        let after = i >= shape.samples;
        // Two humps, and one in fifty with a heavy tail.
        let hump = if random.f64() < 0.3 { 1.0 } else { 0.0 };
        let tail = if random.f64() < 0.02 { 1.0 / random.f64().max(0.01) } else { 1.0 };
        let slower = if after { done.slower } else { 1.0 };
        let day = (phase + shape.at(i) as f64 / DAY) * std::f64::consts::TAU;
        let course = 1.0 + shape.daily * day.sin();
        let ms = 80.0 * (0.25 * mood + hump + 0.1 * (random.f64() - 0.5)).exp() * tail * slower * course;
        let raised = done.failures > NOTHING.failures;
        let failures = if raised && !after { 0.01 } else { done.failures };
        let failed = if shape.bursts { mood > 1.645 } else { random.f64() < failures };
        let hit = shape.hits > 0.0 && random.f64() < shape.hits;
        Point {
            at: Timestamp::from_millis(shape.at(i)),
            class: if hit { CacheClass::EdgeOnly } else { CacheClass::OriginProven },
            failed,
            complete: true,
            response_ms: ms as u64,
            calls: Some(if after { done.calls } else { 3 }),
            database_ms: Some((ms / 4.0) as u64),
            bytes: (1_000.0 * (0.3 * mood).exp()) as u64,
            timings: Vec::new(),
        }
    };
    let mut see = |vantage| {
        let mut points = moods.iter().zip(0..).map(|(mood, i)| sample(&mut random, *mood, i));
        Seen {
            origin: OriginId::parse("shop/primary").unwrap(),
            vantage: Name::parse(vantage).unwrap(),
            before: points.by_ref().take(shape.samples as usize).collect(),
            after: points.collect(),
        }
    };
    ["weur", "enam", "apac"].map(&mut see).into()
}

fn windows_of(shape: Shape) -> Windows {
    let at = |n: u64| Timestamp::from_millis(n);
    let length = shape.samples * shape.every;
    let after = length + shape.apart;
    Windows {
        before: Window { from: at(0), to: at(length) },
        after: Window { from: at(after), to: at(after + length) },
    }
}

/// Verdicts of so many pairs.
#[derive(Clone, Copy, Debug, Default)]
struct Counted {
    improved: u64,
    unchanged: u64,
    regressed: u64,
    open: u64,
}

fn counted(pairs: u64, given: &[Expectation], shape: Shape, done: Done) -> Counted {
    let mut counts = Counted::default();
    let windows = windows_of(shape);
    for seed in 0..pairs {
        let seen = pair_of(seed, shape, done);
        let judged = judge(given, &seen, &windows, windows.after.to);
        if seed % 100 == 0 {
            stands_between_looks(given, &seen, shape, &judged);
        }
        match judged.verdict {
            Verdict::Improved => counts.improved += 1,
            Verdict::Unchanged => counts.unchanged += 1,
            Verdict::Regressed => counts.regressed += 1,
            Verdict::Inconclusive => counts.open += 1,
        }
    }
    counts
}

/// Whoever looks after every sample is told what the looks say, and at the end what is said there.
fn stands_between_looks(given: &[Expectation], seen: &[Seen], shape: Shape, end: &Judgement) {
    let windows = windows_of(shape);
    let look = |n: u64| judge(given, seen, &windows, Timestamp::from_millis(shape.at(shape.samples + n)));
    let looks: Vec<_> = (0..=4).map(|k| look(k * shape.samples / 4)).collect();
    for n in 0..=shape.samples {
        assert_eq!(look(n), looks[(n * 4 / shape.samples) as usize], "after {n} samples");
    }
    assert_eq!(looks.last(), Some(end));
}

fn pairs() -> u64 {
    std::env::var("VEDETTE_PAIRS").ok().and_then(|text| text.parse().ok()).unwrap_or(5)
}

#[test]
fn what_changed_is_found() {
    let few = pairs().min(100);
    let cases = [
        ("1.3 times slower", Done { slower: 1.3, ..NOTHING }, 0.2),
        ("twice as slow", Done { slower: 2.0, ..NOTHING }, 0.95),
        ("3 calls, then 103", Done { calls: 103, ..NOTHING }, 0.99),
        ("failures 1 % then 10 %", Done { failures: 0.1, ..NOTHING }, 0.5),
    ];
    for (what, done, least) in cases {
        let found = counted(few, &[], Shape::default(), done);
        println!("{what}: {found:?}");
        assert!(found.regressed as f64 >= least * few as f64, "{what}: {found:?}");
    }
}

#[test]
fn looking_after_every_sample_says_what_the_looks_say() {
    let given = [Expectation::parse("response time any").unwrap()];
    let shape = Shape::default();
    let (seen, windows) = (pair_of(7, shape, NOTHING), windows_of(shape));
    let end = judge(&given, &seen, &windows, windows.after.to);
    assert!(end.r#final);
    stands_between_looks(&given, &seen, shape, &end);
    let look = |k: u64| judge(&given, &seen, &windows, Timestamp::from_millis(shape.at(200 + k * 50)));
    let looks: Vec<_> = (0..=4).map(look).collect();
    assert!(looks.windows(2).all(|pair| pair[0].expectations != pair[1].expectations), "looks look at more");
}
