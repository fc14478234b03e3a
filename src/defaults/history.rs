//! Of `src/history`: how long a rollup is, and how much is kept of the past.

use crate::units::Millis;

/// The time that one rollup is of. Tests of the built worker cannot wait for so long.
pub const BUCKET: Millis = Millis::from_secs(if cfg!(feature = "trap") { 10 } else { 300 });

/// Hours of which every five minutes are kept: 48, and room for the one under way.
pub const FINE_HOURS: u64 = 50;

/// Hours that are kept: 35 days, and room for the one under way.
pub const HOURS: u64 = 864;

/// Days that are kept, and room for the one under way.
pub const DAYS: u64 = 401;

/// Samples in one answer, at most: a vantage makes it while it probes.
pub const MOST_SAMPLES: usize = 1_000;

/// Samples of a window that are kept of one origin, at most: those of a day of probes every 30 s.
/// Of more, the first of each of so many parts of the window.
pub const MOST_KEPT: u64 = 2_880;

/// Rows that are looked at with one rollup, at most, of those that nothing overwrites in time: each
/// is a row read, which the plan counts.
pub const SWEPT_AT_ONCE: u64 = 8;

/// Of `bucket`.
pub mod bucket {
    /// The most that the lines of one row may be, in bytes: a row of `SQLite` has at most 2 MB.
    pub const MOST: usize = 1_000_000;
}
