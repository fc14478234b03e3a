//! Two lists of numbers and the name of a test → its chances, as the comparison has them. It is the
//! door for whoever wants to check the numbers against another program.

use super::measure::share;
use super::stats::{self, Sorted, Tails};

/// A test that the comparison goes by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Test {
    /// Mann and Whitney's, by the normal distribution, corrected for ties and continuity.
    Ranks,
    /// Mood's at a quantile of both lists together, from 0 to 1, by Fisher's exact test.
    Quantile(f64),
    /// Fisher's exact test of the shares of numbers that are 1, where others are 0.
    Shares,
}

/// What a test says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chances {
    /// How probable it is by chance that the second list seems so much greater, from 0 to 1.
    pub up: f64,
    /// How probable it is by chance that the second list seems so much smaller, from 0 to 1.
    pub down: f64,
    /// Newcombe's interval of 95 % of the difference; of [`Test::Shares`] alone.
    pub interval: Option<[f64; 2]>,
}

/// Tests two lists of independent numbers, without a tolerance. A comparison counts as many fewer
/// as its samples are alike.
#[must_use]
pub fn chances(test: Test, before: &[f64], after: &[f64]) -> Chances {
    let sorted = [Sorted::new(before), Sorted::new(after)];
    let [b, a] = &sorted;
    let (Tails { up, down }, interval) = match test {
        Test::Ranks => (stats::ranks(b, a, 0.0, 1.0), None),
        Test::Quantile(q) => (stats::mood(q, [b, a], 0.0, 1.0), None),
        Test::Shares => {
            let (b, a) = (share(before), share(after));
            (stats::fisher(b, a, 1.0), Some(stats::newcombe(b, a, 1.0)))
        }
    };
    Chances { up, down, interval }
}
