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

use vedette::compare::{Expectation, Point, Seen, Verdict, Windows, judge};
use vedette::history::Window;
use vedette::sample::CacheClass;
use vedette::units::{Name, OriginId, Timestamp};

/// Samples of a window.
const SAMPLES: u64 = 200;

/// Between two samples, in milliseconds.
const EVERY: u64 = 10_000;

/// What was changed in the samples after.
#[derive(Clone, Copy)]
struct Done {
    slower: f64,
    calls: u32,
    failures: f64,
}

const NOTHING: Done = Done { slower: 1.0, calls: 3, failures: 0.05 };

/// One pair as three vantages see it. They share a mood that follows itself by `alike`.
fn pair(seed: u64, alike: f64, done: Done) -> Vec<Seen> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut normal = || (0..12).map(|_| random.f64()).sum::<f64>() - 6.0;
    let mut mood = normal();
    let moods: Vec<f64> = (0..2 * SAMPLES)
        .map(|_| {
            mood = alike * mood + (1.0 - alike * alike).sqrt() * normal();
            mood
        })
        .collect();
    ["weur", "enam", "apac"]
        .into_iter()
        .map(|vantage| {
            let mut points = moods.iter().zip(0..).map(|(mood, i)| {
                let after = i >= SAMPLES;
                // Two humps, and one in fifty with a heavy tail.
                let hump = if random.f64() < 0.3 { 1.0 } else { 0.0 };
                let tail = if random.f64() < 0.02 { 1.0 / random.f64().max(0.01) } else { 1.0 };
                let slower = if after { done.slower } else { 1.0 };
                let ms = 80.0 * (0.25 * mood + hump + 0.1 * (random.f64() - 0.5)).exp() * tail * slower;
                let failures = if after { done.failures } else { NOTHING.failures.min(done.failures) };
                let failures = if done.failures > NOTHING.failures && !after { 0.01 } else { failures };
                Point {
                    at: Timestamp::from_millis(i * EVERY),
                    class: CacheClass::OriginProven,
                    failed: random.f64() < failures,
                    complete: true,
                    response_ms: ms as u64,
                    calls: Some(if after { done.calls } else { 3 }),
                    database_ms: Some((ms / 4.0) as u64),
                    bytes: 1_000,
                }
            });
            let before = points.by_ref().take(SAMPLES as usize).collect();
            Seen {
                origin: OriginId::parse("shop/primary").unwrap(),
                vantage: Name::parse(vantage).unwrap(),
                before,
                after: points.collect(),
            }
        })
        .collect()
}

fn windows() -> Windows {
    let at = |n: u64| Timestamp::from_millis(n * EVERY);
    Windows {
        before: Window { from: at(0), to: at(SAMPLES) },
        after: Window { from: at(SAMPLES), to: at(2 * SAMPLES) },
    }
}

/// Verdicts of so many pairs: improved, unchanged, regressed, inconclusive.
fn verdicts(pairs: u64, alike: f64, done: Done) -> [u64; 4] {
    let mut counts = [0; 4];
    for seed in 0..pairs {
        let judged = judge(&[], &pair(seed, alike, done), &windows(), windows().after.to);
        let place = match judged.verdict {
            Verdict::Improved => 0,
            Verdict::Unchanged => 1,
            Verdict::Regressed => 2,
            Verdict::Inconclusive => 3,
        };
        counts[place] += 1;
    }
    counts
}

fn pairs() -> u64 {
    std::env::var("VEDETTE_PAIRS").ok().and_then(|text| text.parse().ok()).unwrap_or(10)
}

#[test]
fn where_nothing_changed_at_most_one_in_twenty_is_called_changed() {
    // A difference as large as the tolerance is none yet, and the nearest to one.
    let bound = Done { slower: 1.1, ..NOTHING };
    for (alike, done) in [(0.0, NOTHING), (0.5, NOTHING), (0.8, NOTHING), (0.0, bound), (0.8, bound)] {
        let [improved, unchanged, regressed, open] = verdicts(pairs(), alike, done);
        println!(
            "{} times as slow, alike {alike}: improved {improved}, unchanged {unchanged}, regressed {regressed}, \
             open {open}",
            done.slower
        );
        let (n, wrong) = (pairs() as f64, (improved + regressed) as f64);
        assert!(wrong <= 0.05 * n + 3.0 * (0.05 * 0.95 * n).sqrt(), "{wrong} of {n} at {alike}");
    }
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
        let [improved, unchanged, regressed, open] = verdicts(few, 0.5, done);
        println!("{what}: improved {improved}, unchanged {unchanged}, regressed {regressed}, open {open}");
        assert!(regressed as f64 >= least * few as f64, "{what}: {regressed} of {few}");
    }
}

#[test]
fn looking_after_every_sample_says_what_the_looks_say() {
    let given = [Expectation::parse("response time any").unwrap()];
    let seen = pair(7, 0.5, NOTHING);
    let end = windows().after.to;
    let look = |n: u64| Timestamp::from_millis((SAMPLES + n) * EVERY);
    let looks: Vec<_> = (0..=4).map(|k| judge(&given, &seen, &windows(), look(k * SAMPLES / 4))).collect();
    for n in 0..=SAMPLES {
        let said = judge(&given, &seen, &windows(), look(n));
        assert_eq!(&said, &looks[(n * 4 / SAMPLES) as usize], "after {n} samples");
    }
    assert!(looks[4].r#final && look(SAMPLES) == end);
    assert!(looks.windows(2).all(|pair| pair[0].expectations != pair[1].expectations), "looks look at more");
}
