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

/// Numbers, sorted: each value once, with how many there are of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Sorted {
    groups: Vec<Group>,
    all: usize,
}

#[derive(Clone, Copy, Debug)]
struct Group {
    value: f64,
    /// How many there are of it.
    size: usize,
    /// How many there are of it and of what is smaller.
    to: usize,
}

impl Sorted {
    pub(super) fn new(list: &[f64]) -> Self {
        let mut sorted = list.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        let mut to: usize = 0;
        let groups = sorted.chunk_by(|a, b| a.total_cmp(b).is_eq()).filter_map(|same| {
            to = to.saturating_add(same.len());
            same.first().map(|value| Group { value: *value, size: same.len(), to })
        });
        Self { groups: groups.collect(), all: list.len() }
    }

    /// The same on another scale, which keeps the order. What becomes the same value is one.
    pub(super) fn mapped(&self, scale: impl Fn(f64) -> f64) -> Self {
        let mut groups: Vec<Group> = Vec::with_capacity(self.groups.len());
        for group in &self.groups {
            let value = scale(group.value);
            match groups.last_mut().filter(|last| last.value.total_cmp(&value).is_eq()) {
                Some(last) => (last.size, last.to) = (last.size.saturating_add(group.size), group.to),
                None => groups.push(Group { value, ..*group }),
            }
        }
        Self { groups, all: self.all }
    }

    /// The smallest and the largest.
    pub(super) fn ends(&self) -> Option<[f64; 2]> {
        Some([self.groups.first()?.value, self.groups.last()?.value])
    }

    /// The smallest value that at least the share `q` do not exceed.
    pub(super) fn quantile(&self, q: f64) -> Option<f64> {
        let reached = place(self.all, q);
        self.groups.iter().find(|group| group.to >= reached).map(|group| group.value)
    }

    /// Twice the middle rank of a value, less one.
    fn rank(&self, value: f64) -> f64 {
        let at = self.groups.partition_point(|group| group.value < value);
        self.groups.get(at).map_or(0.0, |group| float(group.to) + float(group.to.saturating_sub(group.size)))
    }
}

/// Which of `all` sorted values the quantile is, counted from 1.
pub(super) fn place(all: usize, q: f64) -> usize {
    count((float(all) * q).ceil()).max(1)
}

/// How many samples in a row say as much as one that is independent: at least 1. From the
/// autocorrelation of the values' ranks, summed while pairs of lags are positive. Beyond the number
/// that leaves ten it is not counted on: nothing is said of so few.
/// Source: Geyer, Practical Markov Chain Monte Carlo, Statistical Science 7 (1992).
pub(super) fn alike(values: &[f64], sorted: &Sorted) -> f64 {
    let n = float(values.len()).max(1.0);
    // The mean of doubled middle ranks, each less one, is the number of all.
    let off: Vec<f64> = values.iter().map(|v| sorted.rank(*v) - n).collect();
    let all = product(&off, 0);
    if all <= 0.0 {
        return 1.0;
    }
    // An estimated autocorrelation is too low by about 1/n, as the mean is estimated as well.
    let at = |lag: usize| product(&off, lag) / all + 1.0 / n;
    let mut factor = -1.0;
    for lag in (0..off.len() / 3).step_by(2) {
        let pair = if lag == 0 { 1.0 + at(1) } else { at(lag) + at(lag.saturating_add(1)) };
        if pair <= 0.0 || factor * 9.0 > n {
            break;
        }
        factor += 2.0 * pair;
    }
    factor.clamp(1.0, n)
}

/// The sum of products with what comes `lag` later, in four sums, which a processor adds at once.
fn product(values: &[f64], lag: usize) -> f64 {
    let later = values.get(lag..).unwrap_or(&[]);
    let (fours, laters) = (values.chunks_exact(4), later.chunks_exact(4));
    let rest = later.len().saturating_sub(laters.remainder().len());
    let tail = values.iter().skip(rest).zip(laters.remainder()).map(|(a, b)| a * b).sum::<f64>();
    let mut sums = [0.0; 4];
    for (four, other) in fours.zip(laters) {
        for ((sum, a), b) in sums.iter_mut().zip(four).zip(other) {
            *sum += a * b;
        }
    }
    sums.iter().sum::<f64>() + tail
}

/// The chances of such a difference, or a greater one, if there were none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Tails {
    /// That the second seems so much greater.
    pub(super) up: f64,
    /// That the second seems so much smaller.
    pub(super) down: f64,
}

/// Values so near are equal: 100 ms and a tenth are 110 ms, though their logarithms are rounded.
const EQUAL: f64 = 1e-12;

/// Equal values of two lists, as a walk over both comes by them.
struct Step {
    before: usize,
    after: usize,
}

/// Walks up both lists together, `before` plus `shift`, until `visit` says that it is enough.
fn walk(before: &Sorted, after: &Sorted, shift: f64, mut visit: impl FnMut(Step) -> bool) {
    let (mut lower, mut higher) = (before.groups.iter().peekable(), after.groups.iter().peekable());
    loop {
        let (b, a) = (lower.peek(), higher.peek());
        let (from_b, from_a) = match (b, a) {
            (None, None) => return,
            (Some(_), None) => (true, false),
            (None, Some(_)) => (false, true),
            (Some(b), Some(a)) => {
                let by = b.value + shift - a.value;
                (by <= EQUAL, by >= -EQUAL)
            }
        };
        let mut step = Step { before: 0, after: 0 };
        if from_b {
            step.before = lower.next().map_or(0, |group| group.size);
        }
        if from_a {
            step.after = higher.next().map_or(0, |group| group.size);
        }
        if !(from_b || from_a) || !visit(step) {
            return;
        }
    }
}

/// The test of Mann and Whitney whether `after` exceeds `before` plus `shift`. It corrects for ties
/// and continuity, and makes the variance `alike` times as large.
/// Source: Hollander, Wolfe and Chicken, Nonparametric Statistical Methods, section 4.1.
pub(super) fn ranks(before: &Sorted, after: &Sorted, shift: f64, alike: f64) -> Tails {
    let (all_b, all_a) = (float(before.all), float(after.all));
    let (mut u, mut below, mut ties) = (0.0, 0.0, 0.0);
    walk(before, after, shift, |step| {
        let (b, a) = (float(step.before), float(step.after));
        u += a * (below + b / 2.0);
        below += b;
        let size = a + b;
        ties += size * size * size - size;
        true
    });
    let (both, pairs) = (all_b + all_a, all_b * all_a);
    let variance = pairs / 12.0 * (both + 1.0 - ties / (both * (both - 1.0))) * alike;
    if !variance.is_finite() || variance <= 0.0 {
        return Tails { up: 1.0, down: 1.0 };
    }
    let (over, spread) = (u - pairs / 2.0, variance.sqrt());
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
    let (b, a) = (float(before.all), float(after.all));
    let of = float(before.of) + float(after.of);
    let seen = float(after.of);
    let log = |n: f64| libm::lgamma(n + 1.0);
    let choose = |n: f64, k: f64| log(n) - log(k) - log(n - k);
    let point = (choose(a, seen) + choose(b, of - seen) - choose(a + b, of)).exp();
    let upwards = seen * (a + b) >= of * a;
    // From what was seen outwards, each term from the one before it: they fall from the first.
    let (mut sum, mut term, mut k) = (point, point, seen);
    while term > sum * 1e-17 {
        term *= if upwards {
            (a - k) * (of - k) / ((k + 1.0) * (b - of + k + 1.0))
        } else {
            k * (b - of + k) / ((a - k + 1.0) * (of - k + 1.0))
        };
        sum += term;
        k += if upwards { 1.0 } else { -1.0 };
    }
    let (near, far) = (sum.min(1.0), (1.0 - sum + point).clamp(0.0, 1.0));
    if upwards { Tails { up: near, down: far } } else { Tails { up: far, down: near } }
}

/// The interval, of 95 %, of the difference of two shares.
/// Source: Newcombe, Statistics in Medicine 17 (1998), method 10.
pub(super) fn newcombe(before: Share, after: Share, alike: f64) -> [f64; 2] {
    let wilson = |share: Share| {
        let (n, p, z) = (float(share.all).max(1.0) / alike, share.rate(), 1.959_963_984_540_054);
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
/// plus `shift` lie above it.
/// Source: Mood, Introduction to the Theory of Statistics, 1950, section 16.4.
pub(super) fn mood(q: f64, lists: [&Sorted; 2], shift: f64, alike: f64) -> Tails {
    let [before, after] = lists;
    let edge = place(before.all.saturating_add(after.all), q);
    let (mut b, mut a) = (before.all, after.all);
    let mut passed: usize = 0;
    walk(before, after, shift, |step| {
        passed = passed.saturating_add(step.before).saturating_add(step.after);
        b = b.saturating_sub(step.before);
        a = a.saturating_sub(step.after);
        passed < edge
    });
    fisher(Share { of: b, all: before.all }, Share { of: a, all: after.all }, alike)
}

/// Where a test that is false first and true later turns, by halving between the ends.
pub(super) fn crossing(ends: [f64; 2], turned: impl Fn(f64) -> bool) -> f64 {
    let [mut low, mut high] = ends;
    for _ in 0..28 {
        let middle = f64::midpoint(low, high);
        if turned(middle) { high = middle } else { low = middle }
    }
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_agree_with_the_formula_by_hand() {
        // U = 9 of mean 4.5 and variance 9 × 7 / 12: z = 4 / 2.2913 = 1.7457.
        let (b, a) = (Sorted::new(&[1.0, 2.0, 3.0]), Sorted::new(&[4.0, 5.0, 6.0]));
        let tails = ranks(&b, &a, 0.0, 1.0);
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
        assert!(alike(&runs, &Sorted::new(&runs)) > 5.0);
        let same = [1.0; 50];
        assert!(alike(&same, &Sorted::new(&same)) <= 1.0);
    }
}
