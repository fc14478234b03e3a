//! What a client asked of a route, and when: as far as it decides where the request goes and how
//! often.

use crate::config::Config;
use crate::units::Timestamp;

pub use crate::defaults::proxy::HELD;

/// What is asked, as far as it decides what may be done with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked<'a> {
    /// The method, as sent.
    pub method: &'a str,
    /// What comes after its header fields.
    pub body: Body,
}

/// What comes after the header fields of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Body {
    /// Nothing.
    #[default]
    None,
    /// A body that is short enough to be held until it is known that it has left: at most [`HELD`]
    /// bytes.
    Short,
    /// A body that is gone once it is sent.
    Long,
    /// A body of a length that is not said.
    Unmeasured,
}

impl Body {
    /// The body of a request with this `Content-Length`, if it has one.
    #[must_use]
    pub fn of(present: bool, length: Option<&str>) -> Self {
        match length.map(|length| length.trim().parse::<u64>()) {
            _ if !present => Self::None,
            None => Self::Unmeasured,
            Some(Ok(length)) if length <= HELD => Self::Short,
            Some(_) => Self::Long,
        }
    }
}

/// A route, by its place in the configuration.
#[derive(Clone, Copy, Debug)]
pub struct RouteRef<'a> {
    /// The configuration.
    pub config: &'a Config,
    /// The place.
    pub route: usize,
}

/// When a request came, and now.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// When it came: its deadline counts from then.
    pub came: Timestamp,
    /// Now.
    pub now: Timestamp,
}
