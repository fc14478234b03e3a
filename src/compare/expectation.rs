//! Words of an owner → what a change is expected to do. It reads and prints them, and never judges.

use std::fmt;

use serde::{Serialize, Serializer};

use super::Scale;
use crate::config::is_metric;
use crate::defaults::compare::expectation::LONGEST;
use crate::units::OriginId;

/// What is measured.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Measure {
    /// A quantile of the response time, by its percent: 50, 90, 95 or 99.
    Quantile(u8),
    /// The whole distribution of the response time.
    Response,
    /// Time in the database.
    DatabaseTime,
    /// Calls of the database.
    Calls,
    /// The share of failures.
    Errors,
    /// Bytes of the body.
    Bytes,
    /// The share of answers that a cache gave.
    Hits,
    /// The time of the metric of `Server-Timing` of this name, in lower case.
    Timing(String),
}

const MEASURES: [(&str, Measure); 14] = [
    ("p50 of response time", Measure::Quantile(50)),
    ("p90 of response time", Measure::Quantile(90)),
    ("p95 of response time", Measure::Quantile(95)),
    ("p99 of response time", Measure::Quantile(99)),
    ("p50", Measure::Quantile(50)),
    ("p90", Measure::Quantile(90)),
    ("p95", Measure::Quantile(95)),
    ("p99", Measure::Quantile(99)),
    ("response time", Measure::Response),
    ("database time", Measure::DatabaseTime),
    ("database calls", Measure::Calls),
    ("error rate", Measure::Errors),
    ("bytes", Measure::Bytes),
    ("share of hits", Measure::Hits),
];

/// What it shall do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Aim {
    /// Fall, by so many percent if that is said.
    Down(Option<f64>),
    /// Rise, by so many percent if that is said.
    Up(Option<f64>),
    /// Anything but rise.
    NotUp,
    /// Anything but fall.
    NotDown,
    /// Be at most this afterwards.
    AtMost(f64),
    /// Be at least this afterwards.
    AtLeast(f64),
    /// Whatever it does is told; less is better.
    Any,
}

/// What a change is expected to do, as its owner wrote it.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    text: String,
    pub(super) measure: Measure,
    pub(super) aim: Aim,
    pub(super) origin: Option<OriginId>,
}

/// Why a text is no expectation, with what may be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExpectationError {
    /// It is too long.
    #[error("an expectation has at most 200 characters, this one has {0}; write several, one a line")]
    TooLong(usize),
    /// It begins with nothing that is measured.
    #[error(
        "“{0}” begins with no measure; write p50, p90, p95 or p99 (of response time), response time, database \
         time, database calls, error rate, bytes, share of hits or timing NAME (of Server-Timing), then what it shall do: “p95 down by 30%”"
    )]
    Measure(String),
    /// It names no origin where one should be.
    #[error("“{0}” names no origin; write “of POOL/ORIGIN”, such as “of shop/primary”")]
    Origin(String),
    /// What it shall do is not understood.
    #[error(
        "“{0}” is no aim; write down, down by 30%, up, up by 30%, not up, not down, at most 300ms, at least \
         300ms (without a unit for counts, with % for rates) or any"
    )]
    Aim(String),
}

impl Expectation {
    /// Reads an expectation: `MEASURE [of POOL/ORIGIN] AIM`.
    ///
    /// # Errors
    /// What stood there, and what may be written.
    pub fn parse(text: &str) -> Result<Self, ExpectationError> {
        let length = text.chars().count();
        if length > LONGEST {
            return Err(ExpectationError::TooLong(length));
        }
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let found = MEASURES.iter().find_map(|(name, measure)| {
            words.strip_prefix(name)?.strip_prefix(' ').map(|rest| (measure.clone(), rest))
        });
        let Some((measure, rest)) = found.or_else(|| timing(&words)) else {
            return Err(ExpectationError::Measure(words));
        };
        let (origin, aim) = match rest.strip_prefix("of ") {
            None => (None, rest),
            Some(rest) => {
                let (id, aim) = rest.split_once(' ').unwrap_or((rest, ""));
                let id = OriginId::parse(id).ok_or_else(|| ExpectationError::Origin(id.to_owned()))?;
                (Some(id), aim)
            }
        };
        let aim = read_aim(aim, &measure).ok_or_else(|| ExpectationError::Aim(aim.to_owned()))?;
        Ok(Self { text: words, measure, aim, origin })
    }

    /// The metric of `Server-Timing` that it asks for, in lower case.
    #[must_use]
    pub fn timing(&self) -> Option<&str> {
        if let Measure::Timing(name) = &self.measure { Some(name) } else { None }
    }

    /// Whether it asks for this origin.
    #[must_use]
    pub fn is_of(&self, origin: &OriginId) -> bool {
        self.origin.as_ref().is_none_or(|id| id == origin)
    }
}

/// Reads `timing NAME`, and gives what comes after it.
fn timing(words: &str) -> Option<(Measure, &str)> {
    let (name, rest) = words.strip_prefix("timing ")?.split_once(' ')?;
    if !is_metric(name) {
        return None;
    }
    Some((Measure::Timing(name.to_ascii_lowercase()), rest))
}

/// The expectations that stand where none is given.
pub(super) fn defaults() -> Vec<Expectation> {
    ["response time any", "error rate not up", "database calls not up", "database time not up"]
        .into_iter()
        .filter_map(|text| Expectation::parse(text).ok())
        .collect()
}

fn read_aim(text: &str, measure: &Measure) -> Option<Aim> {
    let percent = |text: &str| number(text.strip_suffix('%')?).filter(|n| *n > 0.0);
    match text {
        "down" => return Some(Aim::Down(None)),
        "up" => return Some(Aim::Up(None)),
        "not up" => return Some(Aim::NotUp),
        "not down" => return Some(Aim::NotDown),
        "any" => return Some(Aim::Any),
        _ => {}
    }
    if let Some(by) = text.strip_prefix("down by ") {
        return percent(by).filter(|n| *n < 100.0).map(|n| Aim::Down(Some(n)));
    }
    if let Some(by) = text.strip_prefix("up by ") {
        return percent(by).map(|n| Aim::Up(Some(n)));
    }
    let bound = |text: &str| match measure {
        Measure::Errors | Measure::Hits => {
            number(text.strip_suffix('%')?).filter(|n| *n <= 100.0).map(|n| n / 100.0)
        }
        Measure::Calls | Measure::Bytes => number(text),
        Measure::Quantile(_) | Measure::Response | Measure::DatabaseTime | Measure::Timing(_) => {
            number(text.strip_suffix("ms").unwrap_or(text))
        }
    };
    if let Some(most) = text.strip_prefix("at most ") {
        return bound(most).map(Aim::AtMost);
    }
    text.strip_prefix("at least ").and_then(bound).map(Aim::AtLeast)
}

fn number(text: &str) -> Option<f64> {
    let plain = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    text.parse::<f64>().ok().filter(|n| plain && *n <= 1e9)
}

/// Pairs of expectations that cannot both be met, by their places.
#[must_use]
pub fn contradictions(expectations: &[Expectation]) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    for (i, a) in expectations.iter().enumerate() {
        for (j, b) in expectations.iter().enumerate().skip(i.saturating_add(1)) {
            let same =
                a.measure == b.measure && (a.origin.is_none() || b.origin.is_none() || a.origin == b.origin);
            if same && (against(a.aim, b.aim) || against(b.aim, a.aim)) {
                pairs.push((i, j));
            }
        }
    }
    pairs
}

fn against(a: Aim, b: Aim) -> bool {
    match (a, b) {
        (Aim::Down(_), Aim::Up(_) | Aim::NotDown) | (Aim::Up(_), Aim::NotUp) => true,
        (Aim::AtMost(most), Aim::AtLeast(least)) => most < least,
        _ => false,
    }
}

impl Expectation {
    /// A value of what it measures, as people read it: `48.0 ms`, `2.5%`, `3.0`.
    #[must_use]
    pub fn shown(&self, value: f64) -> String {
        let places = |value: f64| {
            if value.abs() >= 100.0 {
                format!("{value:.0}")
            } else if value.abs() >= 10.0 {
                format!("{value:.1}")
            } else {
                format!("{value:.2}")
            }
        };
        match self.measure {
            Measure::Quantile(_) | Measure::Response | Measure::DatabaseTime | Measure::Timing(_) => {
                format!("{} ms", places(value))
            }
            Measure::Errors | Measure::Hits => format!("{}%", places(value * 100.0)),
            Measure::Calls => places(value),
            Measure::Bytes => format!("{value:.0} B"),
        }
    }

    /// By how much it changed, as people read it: of a ratio `-45.1%`, of a difference `+2.0`, of
    /// rates `+3.0 points`.
    #[must_use]
    pub fn moved(&self, scale: Scale, value: f64) -> String {
        match (scale, &self.measure) {
            (Scale::Ratio, _) => format!("{:+.1}%", (value - 1.0) * 100.0),
            (Scale::Difference, Measure::Errors | Measure::Hits) => format!("{:+.1} points", value * 100.0),
            (Scale::Difference, _) => format!("{value:+.2}"),
        }
    }
}

impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for Expectation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}
