//! What stands → who must be told of it → messages, and what became of them.
//!
//! For each channel an [`Outbox`] compares what stands with what the channel was told ([`Matter`]), gathers the difference into one
//! message, and holds that until it is taken. One message of a channel is on its way at a time, so what a channel is told of a pool
//! comes in order, and whatever happens meanwhile goes into the next. Nothing here sends, signs or knows a secret.

mod delivery;
mod matter;
mod message;
mod outbox;

pub use delivery::{Answer, Delivery, Outcome, address, key, outcome, request, signed_text, test_message};
pub use matter::{Found, Matter};
pub use message::{Detail, Kind, News};
pub use outbox::{APART, Failing, GATHER, Outbox};

use crate::config::{Channel, Topic};
use crate::units::{Millis, Timestamp};
use crate::verdict::Status;

/// The monitor's own trouble is told when it has lasted this long: a deployment or a restart is no trouble.
pub const WATCH_PATIENCE: Millis = Millis::from_secs(60);

/// What a channel takes a pool's status for. `vote_ttl` is how long votes of the pool count.
#[must_use]
pub fn of_pool(channel: &Channel, status: Status, since: Timestamp, vote_ttl: Millis) -> Found {
    let trouble = |topic, patience| Found::Trouble { topic, since, patience };
    match status {
        Status::Fail if channel.hears(Topic::Fail) => trouble(Topic::Fail, Millis::ZERO),
        // Who wants to hear of warnings only is not told that a failure is the end of one.
        Status::Fail if channel.hears(Topic::Warn) => Found::NoWord,
        Status::Warn if channel.hears(Topic::Warn) => trouble(Topic::Warn, Millis::ZERO),
        Status::Pass | Status::Warn | Status::Fail => Found::Good,
        Status::Unknown if channel.hears(Topic::Watch) => trouble(Topic::Watch, WATCH_PATIENCE.max(vote_ttl)),
        // No evidence is no recovery.
        Status::Unknown => Found::NoWord,
    }
}

#[cfg(test)]
mod tests;
