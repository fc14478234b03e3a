//! What stands → who must be told of it → messages, and what became of them.
//!
//! Each channel has an [`Outbox`]. It compares what stands with what the channel was told
//! ([`Alert`]), gathers the difference into one message, and holds that until it is taken. One
//! message of a channel is on its way at a time, so what a channel is told of a pool comes in
//! order. Whatever happens meanwhile goes into the next. Nothing here sends, signs or knows a
//! secret.

mod alert;
mod delivery;
mod message;
mod news;
mod outbox;

pub use alert::{Alert, AlertState};
pub use delivery::{
    Answer, Delivery, Outcome, Revealed, address, key, outcome, request, reveal, signed_text, test_message,
};
pub use message::{Detail, Facts};
pub use news::{Kind, Label, News, SubjectKind};
pub use outbox::{APART, Failing, GATHER, Outbox};

use crate::config::{Channel, Topic};
use crate::units::{Millis, Name, Timestamp};
use crate::verdict::Status;

pub use crate::defaults::notify::{WARN_DELAY, WATCH_DELAY};

/// A pool as channels look at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolState {
    /// Its status.
    pub status: Status,
    /// Since when.
    pub since: Timestamp,
    /// Its origins that fail.
    pub failing: Vec<Name>,
    /// Since when the first of them does.
    pub failing_since: Timestamp,
    /// How long votes on it count.
    pub vote_ttl: Millis,
}

/// What a channel takes a pool's state for.
#[must_use]
pub fn of_pool(channel: &Channel, pool: PoolState) -> AlertState {
    let trouble = |topic, delay| AlertState::firing(topic, pool.since, delay);
    let in_part = !pool.failing.is_empty();
    match pool.status {
        Status::Fail if channel.hears(Topic::Fail) => trouble(Topic::Fail, Millis::ZERO),
        // Who wants to hear of less only is not told that a failure is the end of it.
        Status::Fail if channel.hears(Topic::Warn) || channel.hears(Topic::Origin) => AlertState::NoWord,
        Status::Warn if in_part && channel.hears(Topic::Origin) => AlertState::Firing {
            topic: Topic::Warn,
            // The pool may have warned before for another reason, or served no better.
            since: pool.since.max(pool.failing_since),
            delay: Millis::ZERO,
            failing: pool.failing,
        },
        Status::Warn if channel.hears(Topic::Warn) => {
            trouble(Topic::Warn, if in_part { Millis::ZERO } else { WARN_DELAY })
        }
        Status::Pass | Status::Warn | Status::Fail => AlertState::Good,
        Status::Unknown if channel.hears(Topic::Watch) => {
            trouble(Topic::Watch, WATCH_DELAY.max(pool.vote_ttl))
        }
        // No evidence is no recovery.
        Status::Unknown => AlertState::NoWord,
    }
}

#[cfg(test)]
mod tests;
