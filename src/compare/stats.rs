//! Two lists of numbers → how probable such a difference would be by chance. It knows no origins
//! and no words, and never decides.

/// A count as a number; beyond 32 bits it stays at the largest.
pub(super) fn float(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::from(u32::MAX), f64::from)
}

/// A number as a count, rounded; what is negative or none is 0.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 32 bits")]
fn count(number: f64) -> usize {
    if number.is_finite() { number.round().clamp(0.0, 4e9) as usize } else { 0 }
}

/// The upper tail of the standard normal distribution, to within a unit or two in the last place.
pub(super) fn upper(z: f64) -> f64 {
    0.5 * libm::erfc(z / std::f64::consts::SQRT_2)
}

/// How many samples in a row say as much as one that is independent: at least 1. From the
/// autocorrelation of the values' ranks, summed while pairs of lags are positive.
/// Source: Geyer, Practical Markov Chain Monte Carlo, Statistical Science 7 (1992).
pub(super) fn alike(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = |v: &f64| float(sorted.partition_point(|s| s < v)) + float(sorted.partition_point(|s| s <= v));
    let ranks: Vec<f64> = values.iter().map(rank).collect();
    let n = float(ranks.len()).max(1.0);
    let mean = ranks.iter().sum::<f64>() / n;
    let off: Vec<f64> = ranks.iter().map(|rank| rank - mean).collect();
    let all = off.iter().map(|o| o * o).sum::<f64>();
    if all <= 0.0 {
        return 1.0;
    }
    // An estimated autocorrelation is too low by about 1/n, as the mean is estimated as well.
    let at =
        |lag: usize| off.iter().zip(off.iter().skip(lag)).map(|(a, b)| a * b).sum::<f64>() / all + 1.0 / n;
    let mut factor = -1.0;
    for lag in (0..ranks.len() / 3).step_by(2) {
        let pair = if lag == 0 { 1.0 + at(1) } else { at(lag) + at(lag.saturating_add(1)) };
        if pair <= 0.0 {
            break;
        }
        factor += 2.0 * pair;
    }
    factor.clamp(1.0, n)
}

/// The chances of such a difference, or a greater one, if there were none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Tails {
    /// That the second seems so much greater.
    pub(super) up: f64,
    /// That the second seems so much smaller.
    pub(super) down: f64,
}

/// The test of Mann and Whitney whether `after` exceeds `before` plus `shift`; both are sorted. It
/// corrects for ties and continuity, and makes the variance `alike` times as large.
/// Source: Hollander, Wolfe and Chicken, Nonparametric Statistical Methods, section 4.1.
pub(super) fn ranks(before: &[f64], after: &[f64], shift: f64, alike: f64) -> Tails {
    let (n, m) = (float(before.len()), float(after.len()));
    let mut u = 0.0;
    for v in after {
        let below = before.partition_point(|b| b + shift < *v);
        let to = before.partition_point(|b| b + shift <= *v);
        u += f64::midpoint(float(below), float(to));
    }
    let mut all: Vec<f64> = before.iter().map(|b| b + shift).chain(after.iter().copied()).collect();
    all.sort_by(f64::total_cmp);
    let ties: f64 =
        all.chunk_by(|a, b| a.total_cmp(b).is_eq()).map(|tie| float(tie.len())).map(|t| t * t * t - t).sum();
    let both = n + m;
    let variance = n * m / 12.0 * (both + 1.0 - ties / (both * (both - 1.0))) * alike;
    if !variance.is_finite() || variance <= 0.0 {
        return Tails { up: 1.0, down: 1.0 };
    }
    let (over, spread) = (u - n * m / 2.0, variance.sqrt());
    Tails { up: upper((over - 0.5) / spread), down: upper((-over - 0.5) / spread) }
}

/// Some of all.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Share {
    /// How many it is true of.
    pub(super) of: usize,
    /// How many there are.
    pub(super) all: usize,
}

impl Share {
    /// The share, from 0 to 1.
    pub(super) fn rate(self) -> f64 {
        float(self.of) / float(self.all).max(1.0)
    }

    /// The same share of fewer.
    fn thinned(self, alike: f64) -> Self {
        let all = count(float(self.all) / alike.max(1.0));
        Self { of: count(float(self.of) / alike.max(1.0)).min(all), all }
    }
}

/// Fisher's exact test of two shares, each counted as if of `alike` times fewer samples.
/// Source: Fisher, The Logic of Inductive Inference, 1935.
pub(super) fn fisher(before: Share, after: Share, alike: f64) -> Tails {
    let (before, after) = (before.thinned(alike), after.thinned(alike));
    let all = before.all.saturating_add(after.all);
    let of = before.of.saturating_add(after.of);
    let mut logs = vec![0.0];
    let mut sum = 0.0;
    for n in 1..=all {
        sum += float(n).ln();
        logs.push(sum);
    }
    let log = |n: usize| logs.get(n).copied().unwrap_or(0.0);
    let choose = |n: usize, k: usize| log(n) - log(k) - log(n.saturating_sub(k));
    let chance =
        |k: usize| (choose(after.all, k) + choose(before.all, of.saturating_sub(k)) - choose(all, of)).exp();
    let (least, most) = (of.saturating_sub(before.all), of.min(after.all));
    let up = (after.of..=most).map(chance).sum::<f64>().min(1.0);
    let down = (least..=after.of).map(chance).sum::<f64>().min(1.0);
    Tails { up, down }
}

/// The interval, of 95 %, of the difference of two shares.
/// Source: Newcombe, Statistics in Medicine 17 (1998), method 10.
pub(super) fn newcombe(before: Share, after: Share, alike: f64) -> [f64; 2] {
    let wilson = |share: Share| {
        let (n, p, z) = (float(share.all).max(1.0) / alike, share.rate(), 1.959_964);
        let half = z * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
        [
            (p + z * z / (2.0 * n) - half) / (1.0 + z * z / n),
            (p + z * z / (2.0 * n) + half) / (1.0 + z * z / n),
        ]
    };
    let ([low_b, high_b], [low_a, high_a]) = (wilson(before), wilson(after));
    let (b, a) = (before.rate(), after.rate());
    [a - b - (a - low_a).hypot(high_b - b), a - b + (high_a - a).hypot(b - low_b)]
}

/// The test of Mood at the quantile `q` of both together: whether more of `after` than of `before`
/// plus `shift` lie above it. Both are sorted.
/// Source: Mood, Introduction to the Theory of Statistics, 1950, section 16.4.
pub(super) fn mood(q: f64, lists: [&[f64]; 2], shift: f64, alike: f64) -> Tails {
    let [before, after] = lists;
    let mut all: Vec<f64> = before.iter().map(|b| b + shift).chain(after.iter().copied()).collect();
    all.sort_by(f64::total_cmp);
    let edge = quantile(&all, q).unwrap_or(0.0);
    let above = |list: &[f64], by: f64| Share {
        of: list.iter().filter(|v| **v + by > edge).count(),
        all: list.len(),
    };
    fisher(above(before, shift), above(after, 0.0), alike)
}

/// The smallest value that at least the share `q` do not exceed.
pub(super) fn quantile(sorted: &[f64], q: f64) -> Option<f64> {
    let at = count((float(sorted.len()) * q).ceil()).max(1).saturating_sub(1);
    sorted.get(at).or(sorted.last()).copied()
}

/// Where a test that falls with the shift passes `level`, by halving between the ends.
pub(super) fn crossing(ends: [f64; 2], falls_below: impl Fn(f64) -> bool) -> f64 {
    let [mut low, mut high] = ends;
    for _ in 0..40 {
        let middle = f64::midpoint(low, high);
        if falls_below(middle) { high = middle } else { low = middle }
    }
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_agree_with_the_formula_by_hand() {
        // U = 9 of mean 4.5 and variance 9 × 7 / 12: z = 4 / 2.2913 = 1.7457.
        let tails = ranks(&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0], 0.0, 1.0);
        assert!((tails.up - 0.040_427_8).abs() < 1e-6, "{tails:?}");
    }

    #[test]
    fn fisher_agrees_with_the_tea_tasting() {
        let tails = fisher(Share { of: 1, all: 4 }, Share { of: 3, all: 4 }, 1.0);
        assert!((tails.up - 17.0 / 70.0).abs() < 1e-9, "{tails:?}");
    }

    #[test]
    fn what_repeats_counts_less() {
        let runs: Vec<f64> = (0..200).map(|i| f64::from((i / 20) % 2)).collect();
        assert!(alike(&runs) > 5.0);
        assert!(alike(&[1.0; 50]) <= 1.0);
    }
}
