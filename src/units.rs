//! Small validated types for what is easily confused: points in time, durations, names, percentages
//! and hashes.
//!
//! Construction is the only check; a function that takes one of these need not look again. Nothing
//! here reads a clock.

pub(crate) mod told;
mod who;

use std::fmt;
use std::hash::Hasher;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher13;

use crate::json::as_text;

pub use who::Who;

/// A point in time: milliseconds since the Unix epoch. The core never reads a clock; it is handed
/// one of these.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "u64")]
pub struct Timestamp(u64);

/// The last millisecond that RFC 3339 can write (end of the year 9999).
const LATEST: u64 = 253_402_300_799_999;

impl Timestamp {
    /// The point `ms` milliseconds after the Unix epoch, held to what RFC 3339 can write (the year
    /// 9999).
    #[must_use]
    pub const fn from_millis(ms: u64) -> Self {
        Self(if ms > LATEST { LATEST } else { ms })
    }

    /// Reads RFC 3339 in UTC, with or without parts of a second.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let at = humantime::parse_rfc3339(text).ok()?.duration_since(UNIX_EPOCH).ok()?;
        u64::try_from(at.as_millis()).ok().map(Self::from_millis)
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// Time passed since `earlier`, or zero if the clock stepped back.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Millis {
        Millis(self.0.saturating_sub(earlier.0))
    }

    /// This point moved `by` into the future.
    #[must_use]
    pub const fn plus(self, by: Millis) -> Self {
        Self::from_millis(self.0.saturating_add(by.0))
    }

    /// This point moved `by` into the past, at most to the epoch.
    #[must_use]
    pub const fn minus(self, by: Millis) -> Self {
        Self(self.0.saturating_sub(by.0))
    }

    /// Its day of UTC, counted from the epoch: what the platform counts by the day begins anew
    /// then.
    #[must_use]
    pub const fn day(self) -> u64 {
        self.0 / Millis::DAY.0
    }

    /// When that day began.
    #[must_use]
    pub const fn midnight(self) -> Self {
        Self(self.day().saturating_mul(Millis::DAY.0))
    }
}

impl From<u64> for Timestamp {
    fn from(ms: u64) -> Self {
        Self::from_millis(ms)
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC with milliseconds: `2026-11-23T09:41:11.000Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = UNIX_EPOCH + Duration::from_millis(Self::from_millis(self.0).0);
        write!(f, "{}", humantime::format_rfc3339_millis(at))
    }
}

/// A length of time in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Millis(u64);

impl Millis {
    /// A day of UTC, which has no leap seconds here.
    pub const DAY: Self = Self::from_secs(86_400);

    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// `ms` milliseconds.
    #[must_use]
    pub const fn new(ms: u64) -> Self {
        Self(ms)
    }

    /// `s` seconds.
    #[must_use]
    pub const fn from_secs(s: u64) -> Self {
        Self(s.saturating_mul(1_000))
    }

    /// The length in milliseconds.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The length in whole seconds, rounded down.
    #[must_use]
    pub const fn as_secs(self) -> u64 {
        self.0 / 1_000
    }

    /// This length `n` times over.
    #[must_use]
    pub const fn times(self, n: u64) -> Self {
        Self(self.0.saturating_mul(n))
    }

    /// Both lengths together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// This length less `other`, or zero.
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl From<Millis> for Duration {
    fn from(ms: Millis) -> Self {
        Self::from_millis(ms.0)
    }
}

impl fmt::Display for Millis {
    /// In words, as the configuration writes it: `1m 30s`, `250ms`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", humantime::format_duration(Duration::from_millis(self.0)))
    }
}

/// Why a text is not a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing was written.
    #[error("is empty")]
    Empty,
    /// The text is longer than [`Name::MAX_LEN`] bytes.
    #[error("is longer than 63 characters")]
    TooLong,
    /// The text has a character that names do not have.
    #[error("has a character other than a-z, 0-9 and \"-\", or begins or ends with \"-\"")]
    BadCharacter,
}

/// The name of a pool, an origin or a vantage: 1 to 63 of `a-z`, `0-9` and `-`, beginning and
/// ending with a letter or digit. That is a DNS label as in RFC 1123, so it fits in paths, headers,
/// metrics and object names unescaped. A copy is cheap: it shares the text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Arc<str>);

impl AsRef<str> for Name {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Name {
    /// The longest name in bytes.
    pub const MAX_LEN: usize = 63;

    /// Reads a name.
    ///
    /// # Errors
    /// [`NameError`] says what is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        if text.is_empty() {
            return Err(NameError::Empty);
        }
        if text.len() > Self::MAX_LEN {
            return Err(NameError::TooLong);
        }
        let inner = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
        if !text.bytes().all(inner) || text.starts_with('-') || text.ends_with('-') {
            return Err(NameError::BadCharacter);
        }
        Ok(Self(text.into()))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::borrow::Borrow<str> for Name {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An origin's full name: its pool and its own name, written `shop/primary`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OriginId {
    /// The pool that the origin belongs to.
    pub pool: Name,
    /// The origin's name within its pool.
    pub origin: Name,
}

impl OriginId {
    /// Reads `pool/origin`; nothing if it is not of that form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (pool, origin) = text.split_once('/')?;
        Some(Self { pool: Name::parse(pool).ok()?, origin: Name::parse(origin).ok()? })
    }
}

impl fmt::Display for OriginId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.pool.as_str())?;
        f.write_str("/")?;
        f.write_str(self.origin.as_str())
    }
}

/// A share in whole percent, 0 to 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u8")]
pub struct Ratio(u8);

impl Ratio {
    /// All of it.
    pub const WHOLE: Self = Self(100);

    /// A share of `percent`; nothing above 100.
    #[must_use]
    pub const fn percent(percent: u8) -> Option<Self> {
        if percent > 100 { None } else { Some(Self(percent)) }
    }

    /// The share in percent.
    #[must_use]
    pub const fn as_percent(self) -> u8 {
        self.0
    }

    /// This share of `whole`, rounded up.
    #[must_use]
    pub const fn of_rounded_up(self, whole: u64) -> u64 {
        whole.saturating_mul(self.0 as u64).div_ceil(100)
    }
}

impl TryFrom<u8> for Ratio {
    type Error = &'static str;

    fn try_from(percent: u8) -> Result<Self, &'static str> {
        Self::percent(percent).ok_or("not a share of 0 to 100 percent")
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", self.0)
    }
}

/// A 64-bit fingerprint (SipHash-1-3 with a fixed key: the same on every machine and in every
/// release). It tells two definitions apart; it protects nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(u64);

impl Fingerprint {
    /// The fingerprint of a text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let mut hasher = SipHasher13::new();
        hasher.write(text.as_bytes());
        Self(hasher.finish())
    }

    /// Reads sixteen hexadecimal digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.len() == 16 && text.bytes().all(|digit| digit.is_ascii_hexdigit());
        digits.then(|| u64::from_str_radix(text, 16).ok().map(Self)).flatten()
    }

    /// The fingerprint as a number, to derive phases and other chance from.
    #[must_use]
    pub const fn as_u64(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Fingerprint {
    /// Sixteen hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

as_text! {
    Name: "a name", |text| Name::parse(text).ok(),
    OriginId: "a pool and an origin", OriginId::parse,
    Fingerprint: "a fingerprint", Fingerprint::parse,
}

/// Names in a list of which the rest is only counted.
const MOST_NAMES: usize = 3;

/// `a`, `a and b`, `a, b and c`, `a, b, c and 4 more`.
#[must_use]
pub fn listed<S: AsRef<str>>(names: &[S]) -> String {
    let mut text = String::new();
    let more = names.len().saturating_sub(MOST_NAMES);
    for (index, name) in names.iter().take(MOST_NAMES).enumerate() {
        let last = more == 0 && index.saturating_add(1) == names.len();
        text.push_str(match (index, last) {
            (0, _) => "",
            (_, true) => " and ",
            (_, false) => ", ",
        });
        text.push_str(name.as_ref());
    }
    if more > 0 {
        text.push_str(&format!(" and {more} more"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_rfc_3339() {
        assert_eq!(Timestamp::from_millis(1_795_426_871_007).to_string(), "2026-11-23T09:41:11.007Z");
        assert_eq!(Timestamp::from_millis(u64::MAX).to_string(), "9999-12-31T23:59:59.999Z");
        assert_eq!(Timestamp::default().to_string(), "1970-01-01T00:00:00.000Z");
    }

    #[test]
    fn a_clock_that_steps_back_yields_no_negative_time() {
        assert_eq!(Timestamp::from_millis(5).since(Timestamp::from_millis(9)), Millis::ZERO);
    }

    #[test]
    fn names_are_dns_labels() {
        for good in ["a", "shop", "eu-1", "0"] {
            assert_eq!(Name::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", "-a", "a-", "A", "a/b", "a b", "ä", "a\0", &"x".repeat(64)] {
            assert!(Name::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn fingerprints_never_change_between_releases() {
        assert_eq!(Fingerprint::of("vedette").to_string(), "ae2d684efc194223");
    }

    #[test]
    fn percentages_round_up() {
        assert_eq!(Ratio::percent(60).unwrap().of_rounded_up(4), 3);
        assert_eq!(Ratio::percent(101), None);
    }
}
