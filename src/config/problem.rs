//! What is wrong with a configuration, said with the way out: where, what, the bound, and what to
//! write instead.
//!
//! Messages quote what was written only through [`quoted`], which keeps them short, printable and
//! free of credentials.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

use crate::defaults::config::problem::{MAX_EXCERPT, MAX_LISTED};

/// One thing that is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Path of the setting, by names where they are known: `pool.shop.origin.primary.url`. Empty
    /// for the file as a whole.
    pub at: String,
    /// The line that the setting stands on, counted from 1.
    pub line: Option<u32>,
    /// The value as written, the bound or the known names, and what to write instead.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        if !self.at.is_empty() {
            write!(f, "{}: ", self.at)?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for Problem {}

/// Everything that is wrong with a configuration, in the order of its lines; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// The most problems that are listed; a file with more is not read by anyone, and the report
    /// has to stay small.
    pub const MAX: usize = crate::defaults::config::problem::MAX;

    /// The problems, sorted by line and without repetitions. `first` is listed when `others` has
    /// none.
    pub(super) fn sorted(first: Problem, others: Vec<Problem>) -> Self {
        let mut list = if others.is_empty() { vec![first] } else { others };
        list.sort_by_key(|problem| problem.line.unwrap_or(u32::MAX));
        let mut seen = BTreeSet::new();
        list.retain(|problem| seen.insert(problem.to_string()));
        let rest = list.len().saturating_sub(Self::MAX);
        if rest > 0 {
            list.truncate(Self::MAX);
            let message = format!("at least {rest} more problems are not listed; mend these first");
            list.push(Problem { at: String::new(), line: None, message });
        }
        Self(list)
    }

    /// The problems in the order of their lines.
    pub fn iter(&self) -> std::slice::Iter<'_, Problem> {
        self.0.iter()
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

impl<'a> IntoIterator for &'a Problems {
    type Item = &'a Problem;
    type IntoIter = std::slice::Iter<'a, Problem>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl IntoIterator for Problems {
    type Item = Problem;
    type IntoIter = std::vec::IntoIter<Problem>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl fmt::Display for Problems {
    /// One problem a line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, problem) in self.iter().enumerate() {
            if n > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// A text as it may stand in a message: in quotes, on one line, cut to [`MAX_EXCERPT`] characters.
/// What may carry a credential (anything with an `@`, the query of an address) is left out,
/// wherever it was written by mistake.
pub(super) fn quoted(text: &str) -> String {
    if text.contains('@') {
        return "a text with an \"@\" (not repeated here, as it may hold a password)".to_owned();
    }
    let shown = text.split_inclusive('?').next().unwrap_or_default();
    let dots = if shown.len() < text.len() { "…" } else { "" };
    format!("\"{}{dots}\"", excerpt(shown))
}

/// A text cut to [`MAX_EXCERPT`] characters, with what is not printable escaped.
pub(super) fn excerpt(text: &str) -> String {
    let mut shown: String = text.chars().take(MAX_EXCERPT).collect();
    let cut = shown.len() < text.len();
    shown = shown.escape_debug().collect();
    if cut {
        shown.push('…');
    }
    shown
}

/// The known word that was most likely meant, or else the list of them: `did you mean "interval"?`.
pub(super) fn meant(word: &str, known: &[&str]) -> String {
    match nearest(word, known) {
        Some(nearest) => format!("did you mean \"{nearest}\"?"),
        None => format!("known are {}", listed(known)),
    }
}

/// The known word that is a slip away.
pub(super) fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    // Longer words are nobody's slip, and the distance costs the product of the lengths.
    if word.len() > MAX_EXCERPT {
        return None;
    }
    // Case is told apart by what is read, not by who writes: `GET` is meant by `get`.
    let word = word.to_ascii_lowercase();
    let distance = |name: &str| strsim::osa_distance(&word, &name.to_ascii_lowercase());
    let alike = known.iter().filter(|name| !is_turned(&word, name));
    let distances = alike.map(|name| (distance(name), *name));
    let (distance, nearest) = distances.min_by_key(|(distance, _)| *distance)?;
    (distance <= 1.max(word.chars().count() / 3)).then_some(nearest)
}

/// Whether one of two words says the opposite of the other: a hint from one to the other would turn
/// a check round.
fn is_turned(word: &str, name: &str) -> bool {
    const AGAINST: [&str; 6] = ["not", "no", "never", "without", "exclude", "excludes"];
    const ENDS: [[&str; 2]; 3] = [["min", "max"], ["below", "above"], ["first", "last"]];
    let has = |text: &str, wanted: &str| text.split(['_', '-', ' ']).any(|part| part == wanted);
    let against = |text: &str| AGAINST.iter().any(|part| has(text, part));
    let swapped =
        |[low, high]: [&str; 2]| has(word, low) && has(name, high) || has(word, high) && has(name, low);
    against(word) != against(name) || ENDS.into_iter().any(swapped)
}

/// The keys of each kind of table, and where such a table stands: `in [[pool]]`.
pub(super) type Homes = &'static [(&'static [&'static str], &'static str)];

/// Where a setting belongs that is known at other levels only; nothing if it is known nowhere.
pub(super) fn home(key: &str, homes: Homes) -> Option<String> {
    let homes = homes.iter().filter(|(keys, _)| keys.contains(&key)).map(|(_, home)| *home);
    let homes = homes.collect::<Vec<_>>().join(" or ");
    (!homes.is_empty()).then_some(homes)
}

/// Names in a row, as many as a reader takes in.
pub(super) fn listed(known: &[&str]) -> String {
    let mut row = known.iter().take(MAX_LISTED).map(|name| excerpt(name)).collect::<Vec<_>>().join(", ");
    if known.len() > MAX_LISTED {
        row.push_str(", …");
    }
    row
}
