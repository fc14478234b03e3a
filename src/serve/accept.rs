//! `Accept` → which of our media types a client would rather have (RFC 9110 section 12.5.1).
//!
//! What cannot be read is passed over: a client that writes nonsense is given what is usual.

use crate::defaults::serve::accept::MOST;

pub(super) use crate::defaults::serve::accept::LONGEST;

/// Whether a target comes in several forms, or might: who asks for another is not looked at.
#[must_use]
pub fn is_negotiated(target: &str) -> bool {
    target.starts_with("/metrics") || target.starts_with("/v1/")
}

/// How much a client wants a media type, in thousandths; 0 if not at all. `version` is that of the
/// type, where a range may name one: it matches if the range names none, or one of these.
pub(super) fn quality(accept: &str, media: &str, versions: &[&str]) -> u16 {
    let Some(accept) = accept.get(..accept.len().min(LONGEST)) else { return 0 };
    let ranges = accept.split(',').take(MOST).filter_map(|range| Range::parse(range, media, versions));
    // The most exact range says it, and of several as exact the kindest.
    ranges.max_by_key(|range| (range.exact, range.quality)).map_or(0, |range| range.quality)
}

/// Whether any media range in it can be read.
pub(super) fn is_readable(accept: &str) -> bool {
    let name = |range: &str| range.split(';').next().unwrap_or_default().trim().to_owned();
    let token = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
    let accept = accept.get(..accept.len().min(LONGEST)).unwrap_or_default();
    let mut names = accept.split(',').take(MOST).map(name);
    names.any(|name| name.split_once('/').is_some_and(|(one, other)| token(one) && token(other)))
}

/// What one media range says of a media type.
struct Range {
    /// 2 if it names the type, 1 if it names the first half, 0 if neither.
    exact: u8,
    /// In thousandths.
    quality: u16,
}

impl Range {
    /// Reads a range; nothing if it cannot be read, or is of another type.
    fn parse(range: &str, media: &str, versions: &[&str]) -> Option<Self> {
        let mut parts = range.split(';').map(str::trim);
        let name = parts.next()?;
        let exact = if name.eq_ignore_ascii_case(media) {
            2
        } else if name == "*/*" {
            0
        } else {
            let half = name.strip_suffix("/*").filter(|half| !half.is_empty())?;
            media.split('/').next().filter(|own| own.eq_ignore_ascii_case(half))?;
            1
        };
        let mut quality = 1_000;
        for part in parts.filter(|part| !part.is_empty()) {
            let (key, value) = part.split_once('=')?;
            let value = value.trim().trim_matches('"');
            match key.trim() {
                key if key.eq_ignore_ascii_case("q") => quality = weight(value)?,
                key if key.eq_ignore_ascii_case("version") && exact == 2 => {
                    versions.iter().find(|version| **version == value)?;
                }
                _ => {}
            }
        }
        Some(Self { exact, quality })
    }
}

/// A weight in thousandths: `0`, `0.5`, `1.000`.
fn weight(text: &str) -> Option<u16> {
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    let digits = rest.len() <= 3 && rest.bytes().all(|byte| byte.is_ascii_digit());
    let whole: u16 = if matches!(whole, "0" | "1") { whole.parse().ok()? } else { return None };
    let thousandths: u16 = if digits { format!("{rest:0<3}").parse().ok()? } else { return None };
    Some(whole.saturating_mul(1_000).saturating_add(thousandths)).filter(|weight| *weight <= 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN: &str = "application/openmetrics-text";
    const VERSIONS: &[&str] = &["0.0.1", "1.0.0"];

    fn wanted(accept: &str) -> (u16, u16) {
        (quality(accept, OPEN, VERSIONS), quality(accept, "text/plain", &["0.0.4"]))
    }

    #[test]
    fn the_most_exact_range_says_how_much_a_type_is_wanted() {
        let table = [
            ("", (0, 0)),
            ("*/*", (1_000, 1_000)),
            ("text/*;q=0.3, */*;q=0.1", (100, 300)),
            ("text/plain;q=0, */*", (1_000, 0)),
            ("TEXT/PLAIN;Q=0.25", (0, 250)),
            ("application/openmetrics-text; version=\"1.0.0\"; q=0.75", (750, 0)),
            ("application/openmetrics-text;version=2.0.0", (0, 0)),
            ("application/openmetrics-text;version=2.0.0;q=1,application/openmetrics-text;q=0.5", (500, 0)),
            ("text/plain;version=0.0.4;q=0.2,text/plain;version=1.0.0;q=0.4", (0, 200)),
            // As Prometheus 3 sends it.
            (
                "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;\
                 version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;\
                 q=0.3,*/*;q=0.2",
                (600, 300),
            ),
        ];
        for (accept, found) in table {
            assert_eq!(wanted(accept), found, "{accept}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_passed_over() {
        for nonsense in [
            "text/plain;q=2",
            "text/plain;q=1.001",
            "text/plain;q=0.1234",
            "text/plain;q=-1",
            "text/plain;q=",
            "text/plain;q",
            "/*",
            "*",
            "text",
            ";q=1",
            ",,,",
            "q=1",
            "text/plain;q=0.5.5",
        ] {
            assert_eq!(wanted(nonsense), (0, 0), "{nonsense}");
        }
        assert_eq!(wanted("nonsense, text/plain;q=0.5"), (0, 500));
    }

    #[test]
    fn an_endless_field_is_read_as_far_as_its_bound() {
        let endless = format!("{}text/plain", "a/b,".repeat(MOST));
        assert_eq!(wanted(&endless), (0, 0));
        let long = format!("{}é, text/plain", "a".repeat(LONGEST - 1));
        assert_eq!(wanted(&long), (0, 0));
    }
}
