//! One chart as SVG: grid, hatched gaps, bands, lines or bars, and the ticks beside them.

use maud::{Markup, html};

use super::scale::{HEIGHT, Scale, Unit, along, times};
use crate::history::Window;
use crate::units::{Millis, Timestamp};

/// Room above the plot, its height, and where the times beneath are written, in pixels.
const TOP: f64 = 12.0;
const PLOT: f64 = 140.0;
const BENEATH: f64 = 172.0;

/// One line of a chart.
pub(super) struct Line {
    /// What it is called: `p95`.
    pub name: &'static str,
    /// How it is drawn: a class of the style.
    pub class: &'static str,
    /// A value for each step; nothing where nothing was measured.
    pub values: Vec<Option<f64>>,
}

/// A chart before it is drawn.
pub(super) struct Chart<'a> {
    /// Its id in the page.
    pub id: &'a str,
    /// What it shows.
    pub title: &'a str,
    /// What its values are.
    pub unit: Unit,
    /// Its lines; the first is drawn last.
    pub lines: Vec<Line>,
    /// Whether its values are drawn as bars.
    pub bars: bool,
    /// The time that it is of.
    pub window: Window,
    /// When each step began.
    pub steps: &'a [Timestamp],
    /// The length of a step.
    pub length: Millis,
    /// Times in which nobody looked.
    pub gaps: &'a [Window],
    /// What is said where nothing was measured.
    pub empty: &'a str,
}

impl Chart<'_> {
    /// The drawing.
    pub(super) fn drawn(&self) -> Markup {
        let values = self.lines.iter().flat_map(|line| line.values.iter().flatten().copied());
        let none = values.clone().next().is_none();
        let scale = Scale::of(self.unit, values);
        let (title, about) = ([self.id, "-t"].concat(), [self.id, "-d"].concat());
        html! {
            svg.chart role="img" aria-labelledby={ (title) " " (about) } width="100%" height="180" {
                title id=(title) { (self.title) }
                desc id=(about) { (self.said(scale, none)) }
                @for tick in scale.ticks() {
                    @let y = TOP + scale.place(tick) / HEIGHT * PLOT;
                    line.grid x1="54" x2="100%" y1=(px(y)) y2=(px(y)) {}
                    @if !none { text.tick x="48" y=(px(y + 4.0)) text-anchor="end" { (scale.written(tick)) } }
                }
                svg.plot x="54" y="0" width="100%" height="180" {
                    (self.box_of(scale))
                    @for (at, shown) in times(self.window) {
                        @let percent = at / 10.0;
                        // A text must not reach over either end.
                        @let anchor = if percent < 8.0 { "start" } else if percent > 92.0 { "end" } else { "middle" };
                        text.tick x={ (px(percent)) "%" } y=(px(BENEATH)) text-anchor=(anchor) { (shown) }
                    }
                    @if none { text.empty x="50%" y=(px(TOP + PLOT / 2.0 + 4.0)) text-anchor="middle" { (self.empty) } }
                }
            }
        }
    }

    /// What is drawn, in a box that is stretched.
    fn box_of(&self, scale: Scale) -> Markup {
        html! {
            svg x="0" y=(px(TOP)) width="100%" height=(px(PLOT)) viewBox="0 0 1000 1000" preserveAspectRatio="none" {
                @for gap in self.gaps {
                    @let (from, to) = (along(self.window, gap.from), along(self.window, gap.to));
                    rect.gap x=(px(from)) y="0" width=(px((to - from).max(1.0))) height="1000" {}
                }
                @if self.bars {
                    @for line in &self.lines { path class=(line.class) d=(self.bars_of(line, scale)) {} }
                } @else {
                    @if let [first, .., last] = self.lines.as_slice() { path.band d=(self.band(first, last, scale)) {} }
                    @for line in self.lines.iter().rev() { path class=(line.class) d=(self.path(line, scale)) {} }
                }
            }
        }
    }

    /// The middle of a step.
    fn middle(&self, step: usize) -> Option<f64> {
        let at = self.steps.get(step)?.plus(Millis::new(self.length.get() / 2));
        Some(along(self.window, at))
    }

    /// A line, anew after each step without a value. One value alone is a dot: a line of no length
    /// with round ends.
    fn path(&self, line: &Line, scale: Scale) -> String {
        let mut path = String::new();
        let mut drawing = false;
        for (step, value) in line.values.iter().enumerate() {
            let (Some(value), Some(x)) = (value, self.middle(step)) else {
                drawing = false;
                continue;
            };
            let y = px(scale.place(*value));
            if drawing {
                path.push_str(&format!("L{} {y}", px(x)));
            } else {
                path.push_str(&format!("M{} {y}h0", px(x)));
            }
            drawing = true;
        }
        path
    }

    /// What lies between two lines, over each run of steps that have both.
    fn band(&self, one: &Line, other: &Line, scale: Scale) -> String {
        let mut path = String::new();
        let mut run: Vec<(f64, f64, f64)> = Vec::new();
        let ends = std::iter::once((usize::MAX, (&None, &None)));
        for (step, pair) in one.values.iter().zip(&other.values).enumerate().chain(ends) {
            if let ((Some(low), Some(high)), Some(x)) = (pair, self.middle(step)) {
                run.push((x, scale.place(*low), scale.place(*high)));
                continue;
            }
            if run.len() > 1 {
                let there = run.iter().map(|(x, _, high)| format!("{} {}", px(*x), px(*high)));
                let back = run.iter().rev().map(|(x, low, _)| format!("{} {}", px(*x), px(*low)));
                path.push_str(&format!("M{}Z", there.chain(back).collect::<Vec<_>>().join("L")));
            }
            run.clear();
        }
        path
    }

    /// A bar for each step with a value over zero.
    fn bars_of(&self, line: &Line, scale: Scale) -> String {
        let mut path = String::new();
        for (at, value) in self.steps.iter().zip(&line.values) {
            let Some(value) = value.filter(|value| *value > 0.0) else { continue };
            let (from, to) = (along(self.window, *at), along(self.window, at.plus(self.length)));
            let inset = (to - from) * 0.1;
            // What is there is seen, however little it is.
            let y = scale.place(value).min(HEIGHT - 14.0);
            path.push_str(&format!("M{} 1000V{}H{}V1000Z", px(from + inset), px(y), px(to - inset)));
        }
        path
    }

    /// The chart in words: what it shows, from what to what, and what is not known.
    fn said(&self, scale: Scale, none: bool) -> String {
        if none {
            return format!("{}: {}.", self.title, self.empty);
        }
        let of = |line: &Line| {
            let values = line.values.iter().flatten();
            let least = values.clone().copied().fold(f64::INFINITY, f64::min);
            let most = values.copied().fold(0.0, f64::max);
            format!("{} from {} to {}", line.name, scale.written(least), scale.written(most))
        };
        let known = self.lines.iter().filter(|line| line.values.iter().any(Option::is_some));
        let mut said = known.map(of).collect::<Vec<_>>().join(", ");
        if scale.is_logarithmic() {
            said.push_str("; the scale is logarithmic");
        }
        if !self.gaps.is_empty() {
            said.push_str("; hatched is time in which nobody looked");
        }
        said.push('.');
        said
    }
}

/// A coordinate, from 0 on, with at most one place. A page has some ten thousand of them, and the
/// digits of whole numbers are written much faster than those of a float.
pub(super) fn px(value: f64) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to some thousands")]
    let tenths = (value.max(0.0) * 10.0).round() as u64;
    let (whole, rest) = (tenths / 10, tenths % 10);
    if rest == 0 { whole.to_string() } else { format!("{whole}.{rest}") }
}
