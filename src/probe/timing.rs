//! Reads database time and calls from `Server-Timing` (<https://www.w3.org/TR/server-timing/>): the metric `db`, its `dur` in
//! milliseconds and the count in its `desc`.

use crate::sample::Database;
use crate::units::Millis;

/// Metrics read of one field; more is no timing but an attack.
const MAX_METRICS: usize = 64;

/// The longest time that is believed, in milliseconds: one day.
const MAX_MS: f64 = 86_400_000.0;

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

/// A decimal number (`12`, `12.5`, `5e-05`), rounded to whole milliseconds, half of one upwards. The words of floats
/// (`inf`, `NaN`) are no numbers here.
fn milliseconds(value: &str) -> Option<Millis> {
    let first = value.strip_prefix('+').unwrap_or(value).bytes().next()?;
    if !first.is_ascii_digit() && first != b'.' {
        return None;
    }
    let rounded = value.parse::<f64>().ok()?.round();
    if rounded > MAX_MS {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number, 0 to a day")]
    let ms = rounded as u64;
    Some(Millis::new(ms))
}

/// The first whole number in the text: `3`, `3 calls` and `calls: 3` all mean three. A negative one means nothing.
fn count(text: &str) -> Option<u32> {
    let (before, rest) = text.split_at(text.find(|c: char| c.is_ascii_digit())?);
    let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
    if before.ends_with('-') { None } else { digits.parse().ok() }
}
