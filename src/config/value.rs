//! The values that settings are written as: lengths of time and shares in words, one of several
//! words, names.

use std::collections::BTreeMap;

use super::problem::{listed, meant, quoted};
use super::raw::{Field, Table};
use crate::units::{Millis, Name, NameError, Ratio};

pub(super) use crate::defaults::config::Span;

/// A length of time in words: `"10s"`, `"1m 30s"`.
pub(super) fn duration(field: &Field<'_>, span: Span) -> Option<Millis> {
    let shown = field.shown();
    let Some(text) = field.as_text() else {
        match field.as_whole() {
            Some(number @ 0..=999_999) => no_unit(field, &number.to_string(), span),
            Some(_) | None => field.wrong_kind("a length of time", "it in words, as \"10s\" or \"1m 30s\""),
        }
        return None;
    };
    let length = match humantime::parse_duration(text) {
        Ok(length) => length,
        Err(_) if !text.is_empty() && text.len() <= 6 && text.bytes().all(|c| c.is_ascii_digit()) => {
            no_unit(field, text, span);
            return None;
        }
        Err(_) => {
            field.refuse(format_args!(
                "{shown} is not a length of time; write it in words, as \"10s\" or \"1m 30s\""
            ));
            return None;
        }
    };
    let millis = Millis::new(u64::try_from(length.as_millis()).unwrap_or(u64::MAX));
    if millis < span.floor {
        field.refuse(format_args!("{shown} is below the floor of {0}; write \"{0}\" or more", span.floor));
        return None;
    }
    if millis > span.ceiling {
        field.refuse(format_args!("{shown} is over the ceiling of {0}; write \"{0}\" or less", span.ceiling));
        return None;
    }
    if !length.subsec_nanos().is_multiple_of(1_000_000) {
        field.refuse(format_args!("{shown} is finer than a millisecond; write \"{millis}\""));
        return None;
    }
    Some(millis)
}

/// Seconds are what is meant most, unless they are no way out.
fn no_unit(field: &Field<'_>, number: &str, span: Span) {
    let shown = field.shown();
    let Span { floor, ceiling } = span;
    if number.parse().is_ok_and(|seconds| (floor..=ceiling).contains(&Millis::from_secs(seconds))) {
        field.refuse(format_args!("{shown} has no unit; write \"{number}s\""));
    } else {
        field.refuse(format_args!(
            "{shown} has no unit; write it with one, from \"{floor}\" to \"{ceiling}\""
        ));
    }
}

/// A share of at least 1%: `"60%"`.
pub(super) fn share(field: &Field<'_>) -> Option<Ratio> {
    let ratio = field.as_text().and_then(percent);
    if ratio.is_none() {
        field.wrong_kind("a share", "it in percent, \"1%\" to \"100%\"");
    }
    ratio
}

/// The share that a text of the form `60%` says.
pub(super) fn percent(text: &str) -> Option<Ratio> {
    let digits = text.strip_suffix('%')?;
    let percent = digits.bytes().all(|c| c.is_ascii_digit()).then(|| digits.parse().ok())??;
    Ratio::percent(percent).filter(|ratio| ratio.as_percent() > 0)
}

/// One of several words; returns its place among them.
pub(super) fn word(field: &Field<'_>, known: &[&str]) -> Option<usize> {
    let example = format!("one of {}, in quotes", listed(known));
    let text = field.text(&example)?;
    let place = known.iter().position(|word| *word == text);
    if place.is_none() {
        field.refuse(format_args!("{} is not known here; {}", field.shown(), meant(text, known)));
    }
    place
}

/// A name, or the way to one.
pub(super) fn name(field: &Field<'_>) -> Option<Name> {
    let text = field.text("a name in quotes, as \"shop\"")?;
    match Name::parse(text) {
        Ok(name) => Some(name),
        Err(error) => {
            let way_out = match error {
                NameError::Empty => "write 1 to 63 of a-z, 0-9 and \"-\", as \"shop-1\"".to_owned(),
                NameError::TooLong | NameError::BadCharacter => format!("write \"{}\"", near(text)),
            };
            field.refuse(format_args!("{} {error}; {way_out}", quoted(text)));
            None
        }
    }
}

/// The nearest text that is a name.
fn near(text: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let secret = text.contains(['@', '?', ':']);
    let near: String = text.chars().take(Name::MAX_LEN).map(plain).collect();
    let near = near.trim_matches('-');
    if near.is_empty() || secret { "shop-1".to_owned() } else { near.to_owned() }
}

/// Names that are given once, and where.
#[derive(Default)]
pub(super) struct Given(BTreeMap<String, u32>);

impl Given {
    /// Whether `what` is given for the first time; a problem otherwise.
    pub(super) fn first(&mut self, what: &str, field: &Field<'_>, way_out: &str) -> bool {
        let line = field.line();
        if let Some(before) = self.0.get(what) {
            field.refuse(format_args!("{} is given already on line {before}; {way_out}", quoted(what)));
            return false;
        }
        self.0.insert(what.to_owned(), line);
        true
    }

    /// Everything given.
    pub(super) fn names(&self) -> Vec<&str> {
        self.0.keys().map(String::as_str).collect()
    }

    /// Whether `what` is given.
    pub(super) fn has(&self, what: &str) -> bool {
        self.0.contains_key(what)
    }
}

/// Reads the name of a table and, if it is good and new, puts it in the table's path in place of
/// its number: from here on problems say `pool.shop`, not `pool[0]`.
pub(super) fn title(table: &mut Table<'_>, kind: &str, given: &mut Given) -> Option<Name> {
    let field = table.require("name", "\"…\", 1 to 63 of a-z, 0-9 and \"-\"")?;
    let name = name(&field)?;
    if !given.first(name.as_str(), &field, "write another name") {
        return None;
    }
    let parent = table.at.rsplit_once('.').map(|(parent, _)| format!("{parent}.")).unwrap_or_default();
    table.at = format!("{parent}{kind}.{name}");
    Some(name)
}
