//! A pattern that a body must match. Matching takes time in proportion to the body, whatever the
//! pattern.

use std::fmt;
use std::sync::OnceLock;

use regex_lite::{Regex, RegexBuilder};

use super::raw::Field;
use crate::defaults::config::pattern::{MAX_COMPILED, MAX_PATTERN};
use crate::json::as_text;

/// A regular expression. It is compiled when it is first asked for, once in a process.
pub struct Pattern {
    text: String,
    compiled: OnceLock<Option<Regex>>,
}

impl Pattern {
    /// The pattern of this text; it has been checked.
    fn of(text: &str) -> Self {
        Self { text: text.to_owned(), compiled: OnceLock::new() }
    }

    /// Whether the text has a match. A pattern that cannot be compiled has none.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let compiled = self.compiled.get_or_init(|| compile(&self.text).ok());
        compiled.as_ref().is_some_and(|pattern| pattern.is_match(text))
    }

    /// The pattern as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

fn compile(text: &str) -> Result<Regex, regex_lite::Error> {
    RegexBuilder::new(text).size_limit(MAX_COMPILED).build()
}

impl Clone for Pattern {
    fn clone(&self) -> Self {
        Self::of(&self.text)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pattern").field(&self.text).finish()
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

as_text! { Pattern: "a pattern", |text| Some(Pattern::of(text)) }

/// Reads the setting.
pub(super) fn pattern(field: &Field<'_>) -> Option<Pattern> {
    let text = field.text("a regular expression in single quotes, as '\"version\":\"7\\.'")?;
    if text.is_empty() || text.len() > MAX_PATTERN {
        let length = text.len();
        field.refuse(format_args!("has {length} bytes; write a pattern of 1 to {MAX_PATTERN}"));
        return None;
    }
    match compile(text) {
        Ok(_) => Some(Pattern::of(text)),
        Err(why) => {
            let why = why.to_string();
            field.refuse(format_args!(
                "is not a pattern that is understood ({why}); write a smaller or another one, with \"\\\" before a \
                 character that is meant as it is (look-around and back-references do not exist)"
            ));
            None
        }
    }
}
