//! Reads database time and calls from `Server-Timing` (<https://www.w3.org/TR/server-timing/>): the metric `db`, its `dur` in
//! milliseconds and the count in its `desc`.

use crate::sample::Database;
use crate::units::Millis;

/// Metrics read of one field; more is no timing but an attack.
const MAX_METRICS: usize = 64;

/// The longest time that is believed: one day.
const MAX: Millis = Millis::from_secs(86_400);

/// More zeros than this behind the digits of a number, and it is beyond everything that is believed.
const MAX_ZEROS: usize = 20;

/// The database work that the field states. Absurd values (negative, not a number, beyond a day) are left out.
pub(super) fn database(field: Option<&str>) -> Database {
    let Some(metric) =
        field.and_then(|field| split_at(field, ',').take(MAX_METRICS).find(|m| name_of(m) == "db"))
    else {
        return Database::default();
    };
    let mut found = Database::default();
    for parameter in split_at(metric, ';').skip(1) {
        let Some((key, value)) = parameter.split_once('=') else { continue };
        let value = value.trim().trim_matches('"');
        match key.trim() {
            "dur" => found.time = milliseconds(value),
            "desc" => found.calls = count(value),
            _ => {}
        }
    }
    found
}

/// The parts of a text between separators; one in quotes is text.
fn split_at(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    text.split(move |c| {
        quoted ^= c == '"';
        c == separator && !quoted
    })
}

fn name_of(metric: &str) -> &str {
    metric.split(';').next().unwrap_or_default().trim()
}

/// A decimal number (`12`, `12.5`, `5e-05`), rounded to whole milliseconds. It is read by its digits: a float would bring tables of 10 kB
/// along.
fn milliseconds(value: &str) -> Option<Millis> {
    let (number, exponent) = value.split_once(['e', 'E']).unwrap_or((value, "0"));
    let exponent: i32 = exponent.parse().ok()?;
    let number = number.strip_prefix('+').unwrap_or(number);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = || whole.bytes().chain(fraction.bytes());
    if digits().next().is_none() || !digits().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    // The digit behind the point is the one that rounds.
    let wanted = i64::try_from(whole.len()).ok()?.saturating_add(exponent.into()).saturating_add(1);
    let tenths = digits()
        .chain(std::iter::repeat_n(b'0', MAX_ZEROS))
        .take(usize::try_from(wanted).unwrap_or_default())
        .fold(0_u64, |sum, digit| sum.saturating_mul(10).saturating_add((digit & 15).into()));
    Some(Millis::new(tenths.saturating_add(5) / 10)).filter(|time| *time <= MAX)
}

/// The first whole number in the text: `3`, `3 calls` and `calls: 3` all mean three. A negative one means nothing.
fn count(text: &str) -> Option<u32> {
    let (before, rest) = text.split_at(text.find(|c: char| c.is_ascii_digit())?);
    let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
    if before.ends_with('-') { None } else { digits.parse().ok() }
}
