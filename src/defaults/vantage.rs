//! Of `src/vantage`: when a vantage probes, and what it gathers.

use crate::units::Millis;

/// A schedule that is later than this is worth a line in the log.
pub const LATE: Millis = Millis::from_secs(1);

/// How long a vantage that did not keep up goes on without fast probes.
pub const REST: Millis = Millis::from_secs(30);

/// A slot that lies further back than this when an object comes to life without memory was either
/// probed or missed; it is not probed again.
pub const GRACE: Millis = Millis::from_secs(2);

/// How long past its deadline a probe may still come back before its slot is taken away.
pub const ORIGIN_LOST_AFTER: Millis = Millis::from_secs(5);

/// No kept connection is taken to carry requests for longer than this while no new one is accepted.
/// Servers that drain end sooner, and the platform keeps idle ones no longer
/// (<https://developers.cloudflare.com/fundamentals/reference/connection-limits/>).
pub const OUTLIVES: Millis = Millis::from_secs(900);

/// A vantage that reached no reference tries again after this long.
pub const RETRY: Millis = Millis::from_secs(5);

/// Samples that are gathered in memory are stored this often.
pub const KEEP_EVERY: Millis = Millis::from_secs(30);

/// An object without work for so long is let go. ("Durable Objects limits", life cycle)
pub const LET_GO_AFTER: Millis = Millis::from_secs(10);

/// The data centre is asked for once an hour.
pub const HOURLY: Millis = Millis::from_secs(3_600);

/// When the slot of a reference that does not answer is taken away: a little after its time
/// ([`REFERENCE_TIMEOUT`]).
///
/// [`REFERENCE_TIMEOUT`]: crate::probe::REFERENCE_TIMEOUT
pub const REFERENCE_LOST_AFTER: Millis = Millis::from_secs(8);

/// So many ticks in a row that begin late are more than a hiccup.
pub const LATE_TICKS: u32 = 3;

/// So many failures in a row to connect fail an origin, whatever its thresholds: the first may be a
/// packet that was lost, or a server that starts again.
pub const DECIDE: u32 = 2;

/// Of `recorder`.
pub mod recorder {
    /// Rollups in one report, at most, so that a report after a long silence stays small: the rest
    /// comes with the next ones.
    pub const AT_ONCE: usize = 2;
}

/// When a vantage with nothing to probe looks again whether there is something.
pub const IDLE: Millis = Millis::from_secs(60);
