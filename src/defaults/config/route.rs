//! Of `src/config/route`.

use super::Span;
use crate::units::{Millis, Ratio};

/// The most routes of a file: as many as pools, since each goes to one.
pub const MAX_ROUTES: usize = 1_000;

/// Bounds of `timeout`. A client's own timeout is seldom longer.
pub const TIMEOUT: Span = Span { floor: Millis::new(100), ceiling: Millis::from_secs(90) };

/// Until an origin's response headers, if a route says nothing.
pub const DEFAULT_ROUTE_TIMEOUT: Millis = Millis::from_secs(10);

/// Bounds of `deadline`: several attempts fit.
pub const DEADLINE: Span = Span { floor: Millis::new(100), ceiling: Millis::from_secs(300) };

/// For all attempts of a request, if a route says nothing.
pub const DEFAULT_DEADLINE: Millis = Millis::from_secs(30);

/// The most origins that one request is sent to: each may cost it the whole timeout.
pub const MAX_ATTEMPTS: u32 = 5;

/// How many they are if nothing is written.
pub const DEFAULT_ATTEMPTS: u32 = 3;

/// The share of requests that may be sent again, if nothing is written (Linkerd's and Envoy's).
pub const DEFAULT_BUDGET: Ratio = match Ratio::percent(20) {
    Some(share) => share,
    None => Ratio::WHOLE,
};

/// Bounds of `slow_start`: a share must not stay small for long by mistake.
pub const SLOW_START: Span = Span { floor: Millis::ZERO, ceiling: Millis::from_secs(3_600) };

/// Bounds of `stale_if_error`: a copy is made anew once a minute at most.
pub const STALE: Span = Span { floor: Millis::from_secs(60), ceiling: LONGEST_STALE };

/// The longest that a copy of an answer stands in for an origin.
pub const LONGEST_STALE: Millis = Millis::DAY.times(30);

/// Of `route/answer`.
pub mod answer {
    /// The longest body of a static answer in bytes: a maintenance page, not a site.
    pub const MAX_BODY: usize = 16 * 1024;

    /// The longest content type in bytes: it stands in a header field of every such answer.
    pub const MAX_CONTENT_TYPE: usize = 200;
}
