//! Samples and spans that do not count, such as those of an outage → the same judgement without
//! them. It never finds such a span itself, and the looks stay where they were planned.

use serde::Serialize;

use super::{Expectation, Judgement, Point, Seen, Windows, judge};
use crate::history::Window;
use crate::units::Timestamp;

/// A span that was cut out of the windows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cut {
    /// Its first moment, in milliseconds since 1970.
    pub from_ms: u64,
    /// The first moment after it, in milliseconds since 1970.
    pub to_ms: u64,
    /// How many samples of both windows lie in it.
    pub samples: usize,
    /// The same in a sentence.
    pub sentence: String,
}

/// What is known at `now` as [`judge()`] has it, without the samples that lie in `spans`.
///
/// Spans that overlap or touch are one. What is of neither window, or later than `now`, is not told
/// of. Choose the spans by what is known of an outage, never by what the comparison says.
#[must_use]
pub fn judge_without(
    spans: &[Window],
    expectations: &[Expectation],
    seen: &[Seen],
    windows: &Windows,
    now: Timestamp,
) -> Judgement {
    let spans = joined(spans);
    let left: Vec<Seen> = seen
        .iter()
        .map(|seen| Seen {
            before: kept(&seen.before, &spans),
            after: kept(&seen.after, &spans),
            ..seen.clone()
        })
        .collect();
    let mut judgement = judge(expectations, &left, windows, now);
    let after = Window { from: windows.after.from, to: windows.after.to.min(now) };
    judgement.cut = spans.iter().filter_map(|span| cut(*span, seen, [windows.before, after])).collect();
    judgement
}

/// Spans by time, those that overlap or touch as one; what ends before it begins is none.
fn joined(spans: &[Window]) -> Vec<Window> {
    let mut sorted: Vec<Window> = spans.iter().copied().filter(|span| span.from < span.to).collect();
    sorted.sort_by_key(|span| span.from);
    let mut joined: Vec<Window> = Vec::with_capacity(sorted.len());
    for span in sorted {
        match joined.last_mut() {
            Some(last) if span.from <= last.to => last.to = last.to.max(span.to),
            _ => joined.push(span),
        }
    }
    joined
}

fn holds(window: &Window, point: &Point) -> bool {
    window.from <= point.at && point.at < window.to
}

fn kept(points: &[Point], spans: &[Window]) -> Vec<Point> {
    points.iter().filter(|point| !spans.iter().any(|span| holds(span, point))).cloned().collect()
}

/// What is told of a span; none if it is of neither window.
fn cut(span: Window, seen: &[Seen], [before, after]: [Window; 2]) -> Option<Cut> {
    let part = |window: Window| {
        let (from, to) = (span.from.max(window.from), span.to.min(window.to));
        (from < to).then_some(Window { from, to })
    };
    let parts = [part(before), part(after)];
    let from = parts.iter().flatten().map(|part| part.from).min()?;
    let to = parts.iter().flatten().map(|part| part.to).max()?;
    let of = |points: &[Point], part: Option<Window>| {
        part.map_or(0, |part| points.iter().filter(|point| holds(&part, point)).count())
    };
    let [before, after] = parts;
    let samples = seen
        .iter()
        .map(|seen| of(&seen.before, before).saturating_add(of(&seen.after, after)))
        .fold(0, usize::saturating_add);
    let where_of = match parts {
        [Some(_), Some(_)] => "both windows",
        [Some(_), None] => "the time before",
        [None, _] => "the time after",
    };
    let plural = if samples == 1 { "" } else { "s" };
    let sentence = format!("{from} to {to} was cut out of {where_of}: {samples} sample{plural} left out");
    Some(Cut { from_ms: from.as_millis(), to_ms: to.as_millis(), samples, sentence })
}
