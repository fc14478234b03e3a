//! Of `src/edge`: how long the platform is waited for, and how much it hands in.

use crate::units::Millis;

/// A permit is free this long after its time, if nobody left it.
pub const GRACE: Millis = Millis::from_secs(10);

/// When the Arbiter is given up, however patient its readers were.
pub const ARBITER_DEADLINE: Millis = Millis::from_secs(10);

/// How long a vantage may take to hand out its samples: less than whoever waits for the Arbiter
/// meanwhile.
pub const VANTAGE_DEADLINE: Millis = Millis::from_secs(5);

/// How long the body of what is posted or written may take. It has a few hundred bytes; one that
/// drips must not hold a request open.
pub const BODY_TIMEOUT: Millis = Millis::from_secs(10);

/// When an Arbiter that failed is woken again: soon, and not at once into the same failure.
pub const AFTER_A_FAILURE: Millis = Millis::from_secs(5);

/// When a vantage without a valid configuration looks again whether there is one.
pub const UNCONFIGURED: Millis = Millis::from_secs(60);

/// How long a report may take before the tick no longer waits for it.
pub const REPORT_TIMEOUT: Millis = Millis::from_secs(5);

/// How long the Cache API may keep a copy, in seconds. It says itself what in it has expired.
pub const KEEP_IN_CACHE: u32 = 3_600;

/// The same of KV, behind which there is nothing.
pub const KEEP_IN_KV: u64 = 30 * 86_400;

/// How long a data centre may answer from its own copy of a KV entry, in seconds: the least that
/// the platform allows.
pub const KV_CACHE_TTL: u64 = 30;

/// How long the last answer is kept for when the Arbiter does not answer, in seconds: a day.
pub const KEEP_LAST: u32 = 86_400;

/// The largest report that is read, in bytes: all of it is held while it is.
pub const REPORT_CAP: usize = 1024 * 1024;

/// The longest head of an answer that is copied, in characters; a peer is hostile.
pub const HEAD_CAP: u32 = 256 * 1024;

/// The most that is read of a body that is too long, in bytes: enough for whatever a person sends
/// by mistake, and little beside what it costs to send.
pub const MOST_DRAINED: usize = 1 << 20;

/// How much of it is read at once, in bytes.
pub const DRAINED_AT_ONCE: u32 = 64 * 1024;

/// The first buffer for a body, in bytes: a health answer is small.
pub const FIRST_PIECE: usize = 4 * 1024;
