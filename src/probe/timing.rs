//! Reads database time and calls from `Server-Timing` (<https://www.w3.org/TR/server-timing/>) and
//! from the header fields in which some frameworks count.
//!
//! The metric is `db` with its `dur` in milliseconds, and the count in its `desc`, where that tells
//! of calls at all. Where it is not there, the metrics of producers that are known stand in. The
//! tables are in `docs/dialects.md`. Of other metrics the time is read where the configuration
//! names them.

use super::cache::list::split as split_at;
use crate::config::{DATABASE_COUNTS, DATABASE_METRICS, Expect};
use crate::defaults::probe::MAX_METRICS;
use crate::exchange::Head;
use crate::sample::{Database, Timing};
use crate::units::Millis;

/// The longest time that is believed, in milliseconds: one day.
const MAX_MS: f64 = Timing::MOST_MS;

/// The header fields that tell a number of calls, in lower case: of django-querycount,
/// fastapi-silk, flask-querymonitor, and by hand.
pub const HEADERS: [&str; 4] =
    ["x-djangoquerycount-count", "x-db-queries", "x-query-count", "x-db-query-count"];

/// The database work that an answer states. Absurd values (negative, not a number, beyond a day)
/// are left out.
pub(super) fn database(expect: &Expect, head: &Head) -> Database {
    let field = head.header("server-timing").unwrap_or_default();
    let mut found = match &expect.db_metric {
        Some(name) => sum(field, name),
        None => known(field),
    };
    let header = match &expect.db_calls_header {
        Some(name) => head.header(name).and_then(number),
        None if found.calls.is_none() && expect.db_metric.is_none() => {
            HEADERS.iter().find_map(|name| head.header(name).and_then(number))
        }
        None => None,
    };
    found.calls = header.or(found.calls);
    found
}

/// The time that an answer states of each metric that the configuration names. Absurd values are
/// left out, as those of the database are.
pub(super) fn timings(expect: &Expect, head: &Head) -> Vec<Timing> {
    let field = head.header("server-timing").unwrap_or_default();
    expect.timings.iter().filter_map(|name| Timing::of_ms(name, time(field, name)?)).collect()
}

/// What the first of the known metrics states that is there.
fn known(field: &str) -> Database {
    let mut found = DATABASE_METRICS
        .iter()
        .map(|name| sum(field, name))
        .find(|found| *found != Database::default())
        .unwrap_or_default();
    if found.calls.is_none() {
        let counted =
            |name: &&str| metrics(field, name).find_map(|metric| parameter(metric, "dur").and_then(number));
        found.calls = DATABASE_COUNTS.iter().find_map(counted);
    }
    found
}

/// The metrics of this name, in any case.
fn metrics<'a>(field: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    let metrics = split_at(field, ',').take(MAX_METRICS);
    metrics
        .filter(move |metric| metric.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(name))
}

/// What all metrics of a name state together: some send one for each call.
fn sum(field: &str, name: &str) -> Database {
    let mut calls = None;
    for more in metrics(field, name).filter_map(|metric| parameter(metric, "desc").and_then(count)) {
        calls = Some(calls.unwrap_or(0_u32).saturating_add(more));
    }
    Database { calls, time: time(field, name).and_then(rounded) }
}

/// The milliseconds of all metrics of a name together.
fn time(field: &str, name: &str) -> Option<f64> {
    let times = metrics(field, name).filter_map(|metric| parameter(metric, "dur").and_then(milliseconds));
    times.reduce(|time, more| time + more)
}

/// The value of a parameter, without its quotes. Of one that is given twice the first counts, as
/// the standard says.
fn parameter<'a>(metric: &'a str, name: &str) -> Option<&'a str> {
    let mut parameters = split_at(metric, ';').skip(1).filter_map(|parameter| parameter.split_once('='));
    let (_, value) = parameters.find(|(key, _)| key.trim().eq_ignore_ascii_case(name))?;
    Some(value.trim().trim_matches('"'))
}

/// A decimal number of milliseconds (`12`, `12.5`, `5e-05`). The words of floats (`inf`, `NaN`) are
/// no numbers here.
fn milliseconds(value: &str) -> Option<f64> {
    let first = value.strip_prefix('+').unwrap_or(value).bytes().next()?;
    if !first.is_ascii_digit() && first != b'.' {
        return None;
    }
    value.parse().ok().filter(|ms| *ms <= MAX_MS)
}

/// Whole milliseconds, half of one upwards; nothing beyond a day.
fn rounded(ms: f64) -> Option<Millis> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to a day")]
    (ms <= MAX_MS).then(|| Millis::new(ms.round() as u64))
}

/// A whole number, and nothing else.
fn number(text: &str) -> Option<u32> {
    let text = text.trim();
    let digits = !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

/// The number of calls that a text tells: a number alone, or one beside the word for calls (`SQL 3
/// queries`, `calls: 3`, `n=3`). Any other number says something else: a version, a key, a time.
fn count(text: &str) -> Option<u32> {
    let mut rest = text;
    let mut before = 0;
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        let start = before + at;
        let length = digits(text.get(start..)?);
        let end = start + length;
        let (ahead, behind) = (text.get(..start)?, text.get(end..)?);
        if stands_alone(ahead, behind) && (is_alone(ahead, behind) || is_counted(ahead, behind)) {
            let number: String = text.get(start..end)?.chars().filter(char::is_ascii_digit).collect();
            return number.parse().ok();
        }
        before = end;
        rest = behind;
    }
    None
}

/// How long the number is that a text begins with; `1,204` and `1 204` are one.
fn digits(text: &str) -> usize {
    let run = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let mut length = run(text);
    while let Some(group) = text.get(length..).and_then(|rest| rest.strip_prefix([',', ' '])) {
        if length > 15 || run(group) != 3 {
            break;
        }
        length += 4;
    }
    length
}

/// Whether a number is no part of a word, of a fraction, or below nothing.
fn stands_alone(ahead: &str, behind: &str) -> bool {
    let joined = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '+' | '#');
    !ahead.ends_with(joined)
        && !behind.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '%')
        && !behind.strip_prefix('.').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

fn is_alone(ahead: &str, behind: &str) -> bool {
    ahead.trim().is_empty() && behind.trim().is_empty()
}

/// Whether the word beside a number says that calls are counted.
fn is_counted(ahead: &str, behind: &str) -> bool {
    let calls = |word: &str| {
        let word = word.to_ascii_lowercase();
        ["query", "queries", "call", "calls", "statement", "statements"].contains(&word.as_str())
    };
    let letters = |c: char| !c.is_alphabetic();
    let mut after = behind.split(letters).filter(|word| !word.is_empty());
    let of = |word: &str| ["sql", "db", "database"].iter().any(|of| word.eq_ignore_ascii_case(of));
    let next = if behind.starts_with([' ', '\t', '\u{a0}']) { after.next() } else { None };
    if next.is_some_and(calls) || (next.is_some_and(of) && after.next().is_some_and(calls)) {
        return true;
    }
    let Some(named) = ahead.trim_end().strip_suffix([':', '=']) else { return false };
    let name = named.trim_end().rsplit(letters).next().unwrap_or_default();
    calls(name) || name.eq_ignore_ascii_case("n") || name.eq_ignore_ascii_case("count")
}
