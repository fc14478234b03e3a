//! What people read of a monitor, a pool, an origin, a vantage or a channel beside its name: title,
//! group, description, link and tags.
//!
//! Names stay ids; these texts may be in any script. They are written by people and shown to
//! people. What misleads a reader is refused here: control characters, marks of direction, what is
//! not seen. Whoever shows a text escapes it.

mod address;

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::problem::quoted;
use super::raw::{Field, Table};
use super::value::Given;
use crate::defaults::config::presentation::{MAX_TAG, MAX_TAGS};

pub(super) use crate::defaults::config::presentation::{MAX_DESCRIPTION, MAX_TITLE};
pub(super) use address::{away, link};

/// The keys of [`Presentation`] in a monitor and in a pool.
pub(super) const KEYS: [&str; 5] = ["title", "group", "description", "link", "tags"];

/// The keys of [`Presentation`] in an origin: it stands in the group of its pool.
pub(super) const ORIGIN_KEYS: [&str; 4] = ["title", "description", "link", "tags"];

/// The key that says whether something is shown without a token.
pub(super) const PUBLIC: &str = "public";

/// What people read of something beside its name, as it was written: whoever shows it escapes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Presentation {
    /// What it is called in place of its name (1 to 80 characters).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The heading that it stands under (1 to 80 characters).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// What it is (1 to 500 characters, one line).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Where more is said of it: an address of `https`, `http` or `mailto`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// Words by which it is found (at most 16, of 1 to 32 characters each).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
}

impl Presentation {
    /// Whether nothing is written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Reads what is written of it. Which of the keys belong there is held by the caller.
pub(super) fn presentation(table: &Table<'_>) -> Option<Presentation> {
    let text = |key: &str, most: usize| table.optional(key, |field| line(field, most));
    let title = text("title", MAX_TITLE);
    let group = text("group", MAX_TITLE);
    let description = text("description", MAX_DESCRIPTION);
    let link = table.optional("link", link);
    let tags = table.or_usual("tags", tags);
    Some(Presentation { title: title?, group: group?, description: description?, link: link?, tags: tags? })
}

/// Whether a monitor or a pool is shown to whoever has no token.
pub(super) fn public(table: &Table<'_>) -> Option<bool> {
    table.get(PUBLIC).map_or(Some(true), |field| field.flag())
}

/// The title in a table that has one and nothing else.
#[expect(clippy::option_option, reason = "nothing is written, or what is written cannot be read")]
pub(super) fn title(table: &Table<'_>) -> Option<Option<String>> {
    table.optional("title", |field| line(field, MAX_TITLE))
}

fn tags(field: &Field<'_>) -> Option<Vec<String>> {
    let mut given = Given::default();
    field.entries("one as [\"team-a\", \"eu\"]", MAX_TAGS, |item| {
        let tag = line(item, MAX_TAG)?;
        given.first(&tag, item, "write it once").then_some(tag)
    })
}

/// A text of one line that people read, of at most so many characters.
pub(super) fn line(field: &Field<'_>, most: usize) -> Option<String> {
    let text = field.text("a text in quotes")?;
    let count = text.chars().count();
    if count > most {
        let shown = quoted(text);
        field.refuse(format_args!(
            "{shown} has {count} characters, over the bound of {most}; write a shorter text"
        ));
        return None;
    }
    if !text.chars().any(is_seen) {
        field.refuse(format_args!("has nothing in it that is seen; write a text, or leave it out"));
        return None;
    }
    if let Some((place, c)) = text.chars().enumerate().find(|(_, c)| misleading(*c).is_some()) {
        let (code, place) = (u32::from(c), place.saturating_add(1));
        let why = misleading(c).unwrap_or_default();
        field.refuse(format_args!(
            "has the character U+{code:04X} at place {place}, which {why}; leave it out"
        ));
        return None;
    }
    if text.trim() != text {
        field.refuse(format_args!("{} has spaces around it; leave them out", quoted(text)));
        return None;
    }
    Some(text.to_owned())
}

/// Holds a text that somebody sends to so many characters, none of which misleads who reads it.
///
/// # Errors
/// What is wrong with it, and what to write.
pub fn bounded(name: &str, text: &str, length: RangeInclusive<usize>, lines: bool) -> Result<(), String> {
    let (least, count) = (*length.start(), text.chars().count());
    if !length.contains(&count) || least > 0 && text.trim().is_empty() {
        return Err(format!("{name} has {count} characters; write {least} to {}", length.end()));
    }
    let bad = text.chars().find(|c| !(lines && *c == '\n') && misleading(*c).is_some());
    let Some(c) = bad else { return Ok(()) };
    let (code, why) = (u32::from(c), misleading(c).unwrap_or_default());
    Err(format!("{name} has the character U+{code:04X}, which {why}; leave it out"))
}

/// Why a character must not stand in what people read: it changes how others are seen, or is itself
/// not seen. The joiners stay: Persian, Hindi and emoji are written with them.
#[must_use]
pub fn misleading(c: char) -> Option<&'static str> {
    Some(match c {
        '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => "ends the line",
        _ if c.is_control() => "is a control character",
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            "turns the direction of writing"
        }
        '\u{ad}'
        | '\u{115f}'
        | '\u{1160}'
        | '\u{180e}'
        | '\u{200b}'
        | '\u{2060}'..='\u{2065}'
        | '\u{206a}'..='\u{206f}'
        | '\u{3164}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}' => "cannot be seen",
        _ => return None,
    })
}

/// Whether a character by itself is something to read.
fn is_seen(c: char) -> bool {
    !c.is_whitespace() && !matches!(c, '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}')
}

#[cfg(test)]
mod tests;
