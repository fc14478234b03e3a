//! What a decision costs. It prints, and holds nothing to it: a busy machine would decide.

use std::time::{Duration, Instant};

use vedette::compare::{Comparison, LOOKS};
use vedette::history::{Bucket, Fact, MOST_KEPT, Proof, SampleQuery, Window, kept};

use super::{CacheClass, Expectation, NOTHING, OriginId, Shape, Timestamp, judge, pair_of, windows_of};

/// The middle of three times that something took.
#[expect(clippy::disallowed_methods, reason = "a test measures")]
fn took(mut what: impl FnMut()) -> Duration {
    let mut times: Vec<_> = (0..3)
        .map(|_| {
            let begun = Instant::now();
            what();
            begun.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[1]
}

#[test]
fn what_a_decision_costs_is_told() {
    for alike in [0.0, 0.5, 0.99] {
        let shape = Shape { alike, samples: MOST_KEPT, ..Shape::default() };
        let (seen, windows) = (pair_of(1, shape, NOTHING), windows_of(shape));
        let what = format!("2 × {MOST_KEPT} samples, moods by {alike}");
        let at_once = took(|| {
            assert_eq!(judge(&[], &seen, &windows, windows.after.to).looks.taken, LOOKS);
        });
        println!("{what}, 3 vantages, 4 expectations: {at_once:.1?} for four looks at once");
        let eight = ["response time", "p50", "p90", "p95", "p99", "bytes", "database time", "database calls"];
        let eight = eight.map(|measure| Expectation::parse(&format!("{measure} any")).unwrap());
        for (given, count) in [(Vec::new(), 4), (eight.to_vec(), 8)] {
            let comparison = Comparison::new(given, windows.clone());
            let step = took(|| drop(comparison.measure(&seen[0], LOOKS)));
            println!("{what}, 1 vantage, {count} expectations: {step:.1?} for a step of the last look");
        }
    }
}

#[test]
fn what_handing_out_a_day_costs_is_told() {
    let origins: Vec<OriginId> =
        (0..60).map(|n| OriginId::parse(&format!("pool-{n}/origin")).unwrap()).collect();
    let sample = |place: usize, at: u64| Fact {
        origin: place,
        at: Timestamp::from_millis(at),
        proof: Proof::Pass,
        kind: None,
        response: 40 + at / 1_000 * 37 % 91,
        complete: true,
        status: Some(200),
        cache: CacheClass::OriginProven,
        calls: Some(3),
        database: Some(12),
        bytes: 512,
        timings: Vec::new(),
    };
    let rows = (0..288_u64).map(|row| {
        let begin = row * 300_000;
        let mut bucket = Bucket::new(0, row, Timestamp::from_millis(begin), origins.clone());
        for tick in 0..10 {
            (0..origins.len())
                .for_each(|place| bucket.add(&sample(place, begin + tick * 30_000 + place as u64)));
        }
        bucket.text()
    });
    let rows: Vec<String> = rows.collect();
    let window = Window { from: Timestamp::from_millis(0), to: Timestamp::from_millis(86_400_000) };
    let query = SampleQuery { id: origins[30].clone(), window };
    let whole = kept(&query, rows.iter().cloned());
    assert_eq!(Bucket::read(&whole).unwrap().facts().count(), 2_880);
    let took = took(|| drop(kept(&query, rows.iter().cloned())));
    println!("a day of sixty origins, of one of them: {took:.1?}");
}
