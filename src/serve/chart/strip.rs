//! The latest days → a strip: one bar for each, filled from below by the share of what was not
//! well.

use maud::{Markup, html};

use super::draw::px;
use super::scale::date;
use super::told::{Subject, number};
use crate::units::{Millis, Timestamp};

/// The height of a bar and the distance of two, in the units of the drawing.
const HIGH: f64 = 100.0;
const APART: f64 = 10.0;

/// In this order the shares of a day stand on each other, from below.
const STACK: [(usize, &str); 4] = [(2, "down"), (1, "slow"), (3, "unseen-time"), (0, "up")];

/// The strip of a subject. `id` is its own in the page.
pub(in crate::serve) fn strip(id: &str, title: &str, told: &Subject, from: Timestamp) -> Markup {
    let days = &told.days;
    let about = said(told, from);
    let wide = number(days.len() as u64) * APART;
    html! {
        svg.strip role="img" aria-labelledby={ (id) "-t" } width="100%" height="34" viewBox={ "0 0 " (px(wide)) " 100" } preserveAspectRatio="none" {
            title id={ (id) "-t" } { (title) ": " (about) }
            @for (index, kind) in STACK { path class=(kind) d=(pieces(days, index)) {} }
        }
    }
}

/// The pieces of one kind in all days.
fn pieces(days: &[[u64; 4]], kind: usize) -> String {
    let mut path = String::new();
    for (place, day) in days.iter().enumerate() {
        let all = day.iter().copied().fold(0, u64::saturating_add);
        if all == 0 {
            continue;
        }
        let mut beneath = 0.0;
        for (index, _) in STACK {
            let seconds = day.get(index).copied().unwrap_or(0);
            let share = tall(seconds, all, day, index);
            if index == kind && share > 0.0 {
                let x = number(place as u64) * APART + 1.2;
                let (low, high) = (HIGH - beneath, HIGH - beneath - share);
                path.push_str(&format!("M{} {}V{}h7.6V{}z", px(x), px(low), px(high), px(low)));
            }
            beneath += share;
        }
    }
    path
}

/// How tall a share of a day is drawn. A failure of a minute is seen: it has at least a sixth.
fn tall(seconds: u64, all: u64, day: &[u64; 4], index: usize) -> f64 {
    let least = |seconds: u64, index: usize| {
        let share = number(seconds) / number(all) * HIGH;
        if index == 2 && seconds > 0 { share.max(HIGH / 6.0) } else { share }
    };
    let sum: f64 = day.iter().enumerate().map(|(index, seconds)| least(*seconds, index)).sum();
    least(seconds, index) / sum.max(1.0) * HIGH
}

/// The strip in words: how long it was down on which days.
fn said(told: &Subject, from: Timestamp) -> String {
    let down: Vec<String> = told
        .days
        .iter()
        .enumerate()
        .filter(|(_, day)| day.get(2).is_some_and(|seconds| *seconds > 0))
        .map(|(place, day)| {
            let at = from.plus(Millis::DAY.times(place as u64)).to_string();
            format!("{} ({})", date(&at), lasted(day.get(2).copied().unwrap_or(0)))
        })
        .collect();
    let known = told.days.iter().filter(|day| day.iter().take(3).any(|seconds| *seconds > 0)).count();
    match (known, down.len()) {
        (0, _) => "nothing is known of the latest 90 days".to_owned(),
        (days, 0) => format!("never down in the {days} of 90 days that are known"),
        (_, 1..=12) => format!("down on {}", down.join(", ")),
        (_, count) => {
            format!("down on {count} of 90 days, last on {}", down.last().map_or("", String::as_str))
        }
    }
}

/// So many seconds, as people say it.
fn lasted(seconds: u64) -> String {
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7_199 => format!("{} min", seconds / 60),
        _ => format!("{} h", seconds / 3_600),
    }
}

/// An availability as people read it: never rounded up to 100%.
pub(in crate::serve) fn percent(share: f64) -> String {
    let hundredths = (share * 10_000.0).floor();
    let text = format!("{:.2}", hundredths / 100.0);
    let text = text.strip_suffix(".00").map_or(text.clone(), str::to_owned);
    format!("{text}%")
}
