//! How often what proves nothing may be shown to one isolate before it is answered 429: the bound
//! where the platform binds none.

use crate::units::{Millis, Timestamp};

/// So many in a minute. Somebody who mistypes needs a few; a token of 256 bits is guessed by nobody
/// at any rate, so this only keeps the answers cheap.
pub const MOST: u32 = 60;

/// The minute.
pub const SPAN: Millis = Millis::from_secs(60);

/// The failures of the latest minute.
#[derive(Clone, Copy, Debug, Default)]
pub struct Failures {
    since: Timestamp,
    count: u32,
}

impl Failures {
    /// None yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { since: Timestamp::from_millis(0), count: 0 }
    }

    /// Counts one more; whether it is one too many.
    pub fn count(&mut self, now: Timestamp) -> bool {
        if now < self.since || now.since(self.since) >= SPAN {
            *self = Self { since: now, count: 0 };
        }
        self.count = self.count.saturating_add(1);
        self.count > MOST
    }
}
