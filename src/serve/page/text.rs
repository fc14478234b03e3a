//! The small pieces that the page is made of: times, ages, badges, lists of names, and text that
//! came from elsewhere.

use maud::{Markup, Render, html};

use crate::defaults::serve::page::LONGEST;
use crate::units::{Millis, Timestamp};
use crate::verdict::Status;

/// Text that came from elsewhere, shown as text whatever is in it: escaped, cut, and without
/// characters that are not seen but change how others are (control characters and those that turn
/// the direction of writing). A point in time is marked as one, so that it stays on one line.
pub(super) struct Plain<'a>(pub &'a str);

impl Render for Plain<'_> {
    fn render_to(&self, buffer: &mut String) {
        let mut shown = String::new();
        for (index, c) in self.0.chars().enumerate() {
            if index == LONGEST {
                shown.push('…');
                break;
            }
            shown.push(if misleads(c) { char::REPLACEMENT_CHARACTER } else { c });
        }
        for word in shown.split_inclusive(' ') {
            // `2026-11-23T09:41:11.007Z; `: its space is within, so the line may end only where
            // `wbr` says so.
            let time = word.len() < 28 && word.as_bytes().get(10) == Some(&b'T');
            buffer.push_str(if time { "<time>" } else { "" });
            word.render_to(buffer);
            buffer.push_str(if time { "</time><wbr>" } else { "" });
        }
    }
}

/// A text without characters that are not seen but change how others are.
pub(in crate::serve) fn plain(text: &str) -> String {
    text.chars().map(|c| if misleads(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

pub(in crate::serve) fn misleads(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// A status as a word, with a sign and a colour from the style.
pub(super) fn badge(status: Status) -> Markup {
    mark(status, status.as_str())
}

/// Another word that looks like a status.
pub(super) fn mark(like: Status, word: &str) -> Markup {
    html! { span class={ "badge " (like.as_str()) } { (word) } }
}

/// A point in time: of today the time, of another day the date as well.
pub(super) fn instant(at: Timestamp, now: Timestamp) -> Markup {
    let (at, now) = (at.to_string(), now.to_string());
    let (day, time) = (at.get(..10).unwrap_or_default(), at.get(11..19).unwrap_or_default());
    html! { time datetime=(at) { @if !now.starts_with(day) { (day) " " } (time) " UTC" } }
}

/// How long ago, as people say it: `12 s`, `4 min`, `3 h`, `2 d`. The script counts it on.
pub(super) fn ago(at: Timestamp, now: Timestamp) -> Markup {
    html! { time.ago datetime=(at) { (lasted(now.since(at))) } }
}

/// So long a time, said in the same way.
pub(super) fn lasted(time: Millis) -> String {
    let seconds = time.as_secs();
    let (count, unit) = match seconds {
        0..=119 => (seconds, " s"),
        120..=7_199 => (seconds / 60, " min"),
        7_200..=172_799 => (seconds / 3_600, " h"),
        _ => (seconds / 86_400, " d"),
    };
    format!("{count}{unit}")
}
