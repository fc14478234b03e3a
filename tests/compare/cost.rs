//! What a decision costs. It prints, and holds nothing to it: a busy machine would decide.

use std::time::Instant;

use super::{NOTHING, Shape, judge, pair_of, windows_of};

/// Samples of six hours at one in 7.5 seconds.
const MANY: u64 = 2_880;

#[test]
#[expect(clippy::disallowed_methods, reason = "a test measures")]
fn what_a_decision_costs_is_told() {
    for alike in [0.0, 0.5, 0.99] {
        let shape = Shape { alike, samples: MANY, ..Shape::default() };
        let (seen, windows) = (pair_of(1, shape, NOTHING), windows_of(shape));
        let mut times: Vec<_> = (0..9)
            .map(|_| {
                let begun = Instant::now();
                assert_eq!(judge(&[], &seen, &windows, windows.after.to).looks.taken, 4);
                begun.elapsed()
            })
            .collect();
        times.sort_unstable();
        let took = times[4];
        println!(
            "2 × {MANY} samples, 3 vantages, 4 expectations, moods by {alike}: {took:.1?} for four looks"
        );
    }
}
