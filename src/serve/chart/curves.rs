//! Response times before and after a change, drawn one over the other: how large a share of the
//! answers took at most so long.

use maud::{Markup, html};

use super::draw::px;
use super::scale::{HEIGHT, Scale, Unit, written};
use super::told::number;

/// Room above the plot, its height, and where the times beneath are written, in pixels.
const TOP: f64 = 12.0;
const PLOT: f64 = 140.0;
const BENEATH: f64 = 172.0;

/// Two curves: quantiles in equal steps from the least to the most, in milliseconds.
pub(in crate::serve) struct Curves<'a> {
    /// Its id in the page.
    pub id: &'a str,
    /// What it shows.
    pub title: &'a str,
    /// Where a program reads the same.
    pub href: &'a str,
    /// Before.
    pub before: &'a [u64],
    /// After.
    pub after: &'a [u64],
}

/// Each of the two with its name and a class of the style.
type Sides<'a> = [(&'static str, &'static str, &'a [u64]); 2];

impl Curves<'_> {
    const fn sides(&self) -> Sides<'_> {
        [("before", "p99", self.before), ("after", "p50", self.after)]
    }

    /// The drawing with what it shows.
    pub(in crate::serve) fn figure(&self) -> Markup {
        html! {
            figure {
                figcaption {
                    strong { (self.title) }
                    @for (name, class, side) in self.sides() {
                        @if let Some(median) = at(side, 2, 1) {
                            a href=(self.href) {
                                svg.swatch width="18" height="10" aria-hidden="true" { path class=(class) d="M1 5H17" {} }
                                " " (name) " p50 " b { (written(Unit::Millis, median)) }
                            }
                        }
                    }
                }
                (self.drawn())
            }
        }
    }

    fn drawn(&self) -> Markup {
        let values = self.sides().into_iter().flat_map(|(_, _, side)| side).map(|value| number(*value));
        let scale = Scale::of(Unit::Millis, values.collect::<Vec<_>>().iter().copied());
        let (title, about) = ([self.id, "-t"].concat(), [self.id, "-d"].concat());
        let along = |value: f64| HEIGHT - scale.place(value);
        html! {
            svg.chart role="img" aria-labelledby={ (title) " " (about) } width="100%" height="180" {
                title id=(title) { (self.title) }
                desc id=(about) { (self.said()) }
                @for share in [0.0, 0.25, 0.5, 0.75, 1.0] {
                    @let y = TOP + (1.0 - share) * PLOT;
                    line.grid x1="54" x2="100%" y1=(px(y)) y2=(px(y)) {}
                    text.tick x="48" y=(px(y + 4.0)) text-anchor="end" { (written(Unit::Share, share)) }
                }
                svg.plot x="54" y="0" width="100%" height="180" {
                    svg x="0" y=(px(TOP)) width="100%" height=(px(PLOT)) viewBox="0 0 1000 1000" preserveAspectRatio="none" {
                        @for (_, class, side) in self.sides() { path class=(class) d=(path(side, along)) {} }
                    }
                    @for tick in scale.ticks() {
                        @let percent = along(tick) / HEIGHT * 100.0;
                        // A text must not reach over either end.
                        @let anchor = if percent < 8.0 { "start" } else if percent > 92.0 { "end" } else { "middle" };
                        text.tick x={ (px(percent)) "%" } y=(px(BENEATH)) text-anchor=(anchor) { (scale.written(tick)) }
                    }
                }
            }
        }
    }

    /// The drawing in words.
    fn said(&self) -> String {
        let of = |(name, _, side): (&str, &str, &[u64])| match (at(side, 2, 1), at(side, 20, 19)) {
            (Some(half), Some(most)) => format!(
                "{name} half of the answers took at most {}, and 95% at most {}",
                written(Unit::Millis, half),
                written(Unit::Millis, most)
            ),
            _ => format!("{name} there was none"),
        };
        self.sides().map(of).join("; ") + "."
    }
}

/// The value `part` parts of `of` along a curve.
fn at(side: &[u64], of: usize, part: usize) -> Option<f64> {
    let last = side.len().saturating_sub(1);
    side.get(last.saturating_mul(part) / of.max(1)).map(|value| number(*value))
}

/// The line of one curve, from its least value at the bottom to its most at the top.
fn path(side: &[u64], along: impl Fn(f64) -> f64) -> String {
    let last = number(u64::try_from(side.len().saturating_sub(1)).unwrap_or(1)).max(1.0);
    let mut path = String::new();
    let mut step = 0.0;
    for value in side {
        let letter = if path.is_empty() { 'M' } else { 'L' };
        let y = (1.0 - step / last) * HEIGHT;
        path.push_str(&format!("{letter}{} {}", px(along(number(*value))), px(y)));
        step += 1.0;
    }
    path
}
