//! Samples → what is kept of them: rows of a vantage's ring, rollups of five minutes, and the rows
//! that the Arbiter makes of those.
//!
//! Everything is a function of texts and values: whoever calls hands in the rows that are stored
//! and writes the rows that come back. Quantiles are of sketches with a stated error
//! ([`Sketch`]).

mod answer;
mod bucket;
mod fact;
mod histogram;
mod query;
mod roll;
mod rows;
mod samples;
mod sketch;
mod sums;
mod sweep;

pub use crate::defaults::history::BUCKET;
pub use answer::{Grounds, answered};
pub use bucket::Bucket;
pub use fact::{Fact, Proof};
pub use histogram::{BOUNDS, Durations, Histogram};
pub use query::{Query, Step, Window};
pub use roll::{HistoryRow, Sender, Stored, rolled};
pub use rows::{DAYS, FINE_HOURS, HOURS};
pub use samples::{MOST_KEPT, MOST_SAMPLES, SampleQuery, gathered, kept, sampled};
pub use sketch::Sketch;
pub use sums::{Part, Rollup, Sums};
pub use sweep::{Keeping, SWEPT_AT_ONCE};

use crate::units::{Millis, Timestamp};

/// Buckets of a day.
const A_DAY: usize = if cfg!(feature = "trap") { 8_640 } else { 288 };

/// An hour, in which the Arbiter merges the buckets of a shard.
const HOUR: Millis = Millis::from_secs(3_600);

/// The Arbiter's table of history, named by its schema's version.
pub const TABLE: &str = "v1_history";

/// Rows of a vantage's ring: a day of buckets.
pub const RING: u64 = 288;

/// The bucket that a time lies in.
#[must_use]
pub const fn floor(at: Timestamp, step: Millis) -> Timestamp {
    let step = if step.get() > 0 { step.get() } else { 1 };
    Timestamp::from_millis(at.as_millis() / step * step)
}

#[cfg(test)]
mod tests;
