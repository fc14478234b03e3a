//! Of `src/arbiter`: what the Arbiter does how often, and how much it keeps.

use crate::units::Millis;

/// The soonest that the Arbiter has itself woken: what is due together is done together.
pub const SOONEST: Millis = Millis::new(250);

/// A silent object is woken again at most this often.
pub const POKE_EVERY: Millis = Millis::from_secs(5);

/// The Arbiter looks around at least this often.
pub const ROUNDS: Millis = Millis::from_secs(30);

/// How often is written for how long the Arbiter was awake.
pub const STORE_EVERY: Millis = Millis::from_secs(60);

/// Between two writes of the last known good to KV.
pub const APART: Millis = Millis::from_secs(60);

/// The last known good is written to KV again after this long, though nothing changed.
pub const AGAIN: Millis = Millis::from_secs(3_600);

/// The most writes of the last known good to KV in a day of UTC: the free plan has 1,000.
pub const A_DAY: u32 = 700;

/// What one vantage sees has the others look at most once in so many intervals, in each direction:
/// a vantage that loses samples now and then, or an origin that never decides, must not double the
/// probes of all.
pub const SELDOM: u64 = 10;

/// Samples failed for about so long before a verdict says so.
pub const LEAD: Millis = Millis::from_secs(30);

/// Messages that are on their way at once, of all channels: the platform lets six connections of an
/// invocation wait for headers, and those that it makes wait would spend their time without being
/// sent.
pub const SENT_AT_ONCE: usize = 4;

/// Characters of the way back in a message: the rest stands on the page of the change.
pub const WAY_BACK: usize = 300;

/// Origins whose reason a message gives; the page has those of all.
pub const REASONS: usize = 4;

/// Events that are kept, the latest ones: each is a row.
pub const EVENTS_KEPT: usize = 1_000;

/// For how long the row of a shard stays that left the file: longer than any vote lives.
pub const LEFT_FOR: Millis = Millis::DAY.times(30);
