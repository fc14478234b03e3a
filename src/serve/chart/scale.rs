//! Values → places on an axis, and the ticks beside it.
//!
//! Forty lines of our own: the crates for scales that are kept (`plotters`, `charming`) bring a
//! renderer with them, and their ticks are of numbers, not of milliseconds and days.

use super::told::number;
use crate::history::Window;
use crate::units::{Millis, Timestamp};

/// The height of a plot in the units of its drawing.
pub(super) const HEIGHT: f64 = 1_000.0;

/// So many times larger may the largest value be before the axis turns logarithmic.
const WIDEST_LINEAR: f64 = 40.0;

/// What the values of an axis are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// Milliseconds; from a second on they are written as seconds.
    Millis,
    /// A share from 0 to 1, written in per cent.
    Share,
    /// A number of something.
    Count,
}

/// An axis of values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scale {
    unit: Unit,
    least: f64,
    most: f64,
    logarithmic: bool,
}

impl Scale {
    /// The axis on which all of these values lie; from 0 on unless they lie too far apart.
    pub(super) fn of(unit: Unit, values: impl Iterator<Item = f64> + Clone) -> Self {
        let floor = match unit {
            Unit::Millis => 1.0,
            Unit::Share => 0.01,
            Unit::Count => 0.1,
        };
        let most = values.clone().fold(0.0, f64::max);
        let least = values.map(|value| value.max(floor)).fold(f64::INFINITY, f64::min);
        if unit == Unit::Millis && least.is_finite() && most > least * WIDEST_LINEAR {
            let (low, high) = (least.log10().floor(), most.log10());
            let top = if high - high.floor() > 0.48 { high.ceil() } else { high.floor() + 0.477_121_3 };
            return Self { unit, least: 10_f64.powf(low), most: 10_f64.powf(top), logarithmic: true };
        }
        let cap = if unit == Unit::Share { 1.0 } else { f64::INFINITY };
        let step = step(most.max(if unit == Unit::Count { 1.0 } else { floor * 4.0 }));
        let top = ((most / step).ceil().max(1.0) * step).min(cap);
        Self { unit, least: 0.0, most: top, logarithmic: false }
    }

    /// Whether it is logarithmic.
    pub(super) const fn is_logarithmic(self) -> bool {
        self.logarithmic
    }

    /// How far from the top a value lies, from 0 to [`HEIGHT`].
    pub(super) fn place(self, value: f64) -> f64 {
        let share = if self.logarithmic {
            (value.max(self.least) / self.least).log10() / (self.most / self.least).log10()
        } else {
            value / self.most
        };
        (1.0 - share.clamp(0.0, 1.0)) * HEIGHT
    }

    /// The values that are written beside the axis, from below.
    pub(super) fn ticks(self) -> Vec<f64> {
        if self.logarithmic {
            let tens = (0..6).map(|power| self.least * 10_f64.powi(power));
            return tens.filter(|value| *value <= self.most * 1.001).collect();
        }
        let step = step(self.most);
        (0..8).map(|count| f64::from(count) * step).filter(|value| *value <= self.most * 1.001).collect()
    }

    /// A value as people read it.
    pub(super) fn written(self, value: f64) -> String {
        written(self.unit, value)
    }
}

/// A value with its unit: `48 ms`, `1.2 s`, `0.5%`, `3`.
pub(super) fn written(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Millis if value >= 1_000.0 => format!("{} s", places(value / 1_000.0, 2)),
        Unit::Millis => format!("{} ms", places(value, 0)),
        Unit::Share => format!("{}%", places(value * 100.0, if value < 0.1 { 2 } else { 1 })),
        Unit::Count => places(value, 1),
    }
}

/// A number with at most so many places, without zeros at its end.
fn places(value: f64, most: usize) -> String {
    let text = format!("{value:.most$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// The step of a linear axis: 1, 2 or 5 times a power of ten, two to five of them up to `most`.
fn step(most: f64) -> f64 {
    let rough = most / 4.0;
    let ten = 10_f64.powf(rough.log10().floor());
    let times = rough / ten;
    ten * if times > 5.0 {
        10.0
    } else if times > 2.0 {
        5.0
    } else if times > 1.0 {
        2.0
    } else {
        1.0
    }
}

/// Lengths between two ticks of time, in minutes.
const APART: [u64; 13] = [1, 5, 15, 30, 60, 180, 360, 720, 1_440, 2_880, 10_080, 20_160, 43_200];

/// Ticks of time at most.
const MOST_TICKS: u64 = 7;

/// The points in time that are written beneath a plot: how far from its left in thousandths, and
/// what is written.
pub(super) fn times(window: Window) -> Vec<(f64, String)> {
    let span = window.to.since(window.from);
    let lengths = APART.map(|minutes| Millis::from_secs(minutes * 60));
    let fits = |apart: &&Millis| span.get() / apart.get().max(1) < MOST_TICKS;
    let apart = lengths.iter().find(fits).copied().unwrap_or(span).get().max(1);
    let first = window.from.as_millis().div_ceil(apart).saturating_mul(apart);
    let mut ticks = Vec::new();
    let mut at = Timestamp::from_millis(first);
    while at < window.to {
        let text = at.to_string();
        let day = apart >= Millis::DAY.get();
        let shown = if day { date(&text) } else { text.get(11..16).unwrap_or_default().to_owned() };
        ticks.push((along(window, at), shown));
        at = at.plus(Millis::new(apart));
    }
    ticks
}

/// How far from the left of a window a point in time lies, from 0 to 1,000.
pub(super) fn along(window: Window, at: Timestamp) -> f64 {
    let span = number(window.to.since(window.from).get()).max(1.0);
    (number(at.since(window.from).get()) / span * 1_000.0).min(1_000.0)
}

/// `23 Nov` of `2026-11-23T…`.
pub(super) fn date(text: &str) -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let part = |from: usize, to: usize| text.get(from..to).and_then(|digits| digits.parse::<usize>().ok());
    let (month, day) = (part(5, 7).unwrap_or(1), part(8, 10).unwrap_or(1));
    let month = MONTHS.get(month.saturating_sub(1)).copied().unwrap_or_default();
    format!("{day} {month}")
}
