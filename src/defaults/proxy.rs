//! Of `src/proxy`: what becomes of a request on its way through a route.

use crate::units::Millis;

/// Another origin is not asked for less than this: it could hardly answer.
pub const SHORTEST: Millis = Millis::new(50);

/// A copy is made anew at most this often.
pub const ANEW: Millis = Millis::from_secs(60);

/// A request is kept for so long after its deadline.
pub const SWEEP_AFTER: Millis = Millis::from_secs(10);

/// The first ejection lasts this long, and each further one as much longer, up to the most. Envoy's
/// `base_ejection_time` is 30 s and its `max_ejection_time` 300 s; here verdicts take over within
/// seconds.
pub const EJECTION: Millis = Millis::from_secs(10);

/// The longest ejection.
pub const LONGEST_EJECTION: Millis = Millis::from_secs(300);

/// An isolate hands on the counts of so many pools at once: some 8 KB.
pub const POOLS_IN_A_STEP: usize = 50;

/// The Arbiter knows the last step of so many isolates; of more it forgets the one that was silent
/// the longest.
pub const ISOLATES_KNOWN: usize = 1_000;

/// A body of at most so many bytes is held while it is sent, where another origin may have to get
/// it.
pub const HELD: u64 = 64 * 1024;

/// So few requests are kept without a look whether they can still be answered.
pub const FEW: usize = 256;

/// A request that came through so many proxies of our kind is in a loop of several deployments.
pub const MOST_HOPS: usize = 8;

/// The share that an origin in its slow start gets from the beginning, in thousandths (Envoy's
/// `min_weight_percent` is 10%).
pub const LEAST_SHARE: u64 = 100;

/// Of `copy`.
pub mod copy {
    /// The longest body of which a copy is kept, in bytes: it is read twice at once, and the slower
    /// reader makes the runtime hold it.
    pub const LONGEST: u64 = 1024 * 1024;
}

/// Of `outlier`.
pub mod outlier {
    /// So many failures in a row eject an origin (Envoy's `consecutive_gateway_failure` is 5; here
    /// one isolate sees but a part).
    pub const IN_A_ROW: u32 = 3;

    /// Seconds over which the budget of a pool is counted (Linkerd's `ttl`).
    pub const SECONDS: usize = 10;

    /// So many requests may be sent again in vain in that time whatever the share is. So a quiet
    /// pool has some, too (Linkerd's `minRetriesPerSecond` is 10).
    pub const LEAST: u64 = 100;
}
