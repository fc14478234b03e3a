//! How often a probe opens a connection of its own: `usual`, `off`, `always`, or a length of time.

use std::fmt;

use super::raw::Field;
use super::value::duration;
use crate::defaults::config::connect::{DEFAULT_CONNECT, SPAN};
use crate::json::as_text;
use crate::units::Millis;

/// How often a probe opens a connection of its own to its origin, beside the request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Connect {
    /// Nothing is written: as the plan has it, see [`Connect::every`].
    #[default]
    Usual,
    /// Never.
    Off,
    /// With each probe.
    Always,
    /// With the first probe in each stretch of this length (1 s to 1 day).
    Every(Millis),
}

impl Connect {
    /// In stretches of which length one is opened, with the first probe of each; zero is with every
    /// probe, and none is never. Where nothing is written that is a minute, unless the plan counts
    /// `by_the_day`.
    #[must_use]
    pub fn every(self, by_the_day: bool) -> Option<Millis> {
        match self {
            Self::Off => None,
            Self::Always => Some(Millis::ZERO),
            Self::Every(length) => Some(length),
            Self::Usual => (!by_the_day).then_some(DEFAULT_CONNECT),
        }
    }
}

impl fmt::Display for Connect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usual => f.write_str("usual"),
            Self::Off => f.write_str("off"),
            Self::Always => f.write_str("always"),
            Self::Every(length) => write!(f, "every {}", length.get()),
        }
    }
}

fn compiled(text: &str) -> Option<Connect> {
    Some(match text {
        "usual" => Connect::Usual,
        "off" => Connect::Off,
        "always" => Connect::Always,
        length => Connect::Every(Millis::new(length.strip_prefix("every ")?.parse().ok()?)),
    })
}

as_text! { Connect: "how often a connection is opened", compiled }

/// Reads the setting.
pub(super) fn connect(field: &Field<'_>) -> Option<Connect> {
    match field.as_text() {
        Some("off") => Some(Connect::Off),
        Some("always") => Some(Connect::Always),
        Some(text) if !text.starts_with(|first: char| first.is_ascii_digit()) => {
            field.refuse(format_args!(
                "{} is not how often; write a length of time as \"1m\", \"always\" or \"off\"",
                field.shown()
            ));
            None
        }
        Some(_) | None => duration(field, SPAN).map(Connect::Every),
    }
}
