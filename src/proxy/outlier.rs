//! What the requests of one isolate say of the origins: which are ejected for a while, and how many
//! requests were sent again in vain.
//!
//! It never votes: whoever knows an address that yields 500 could take an origin down with it. It
//! changes the order in which this isolate asks the origins, and has the vantages look.

use crate::config::Config;
use crate::defaults::proxy::outlier::{IN_A_ROW, LEAST, SECONDS};
use crate::defaults::proxy::{EJECTION, LONGEST_EJECTION};
use crate::traffic::Counts;
use crate::units::{Fingerprint, Millis, Name, OriginId, Ratio, Timestamp};

/// What this isolate saw of the origins.
#[derive(Clone, Debug)]
pub struct OutlierDetector {
    pools: Vec<Pool>,
    seed: u64,
    drawn: u64,
}

#[derive(Clone, Debug, Default)]
struct Pool {
    origins: Vec<OriginStats>,
    budget: Budget,
    counts: Counts,
}

/// One origin, as live requests see it.
#[derive(Clone, Debug, Default)]
struct OriginStats {
    consecutive: u32,
    /// When the latest of them happened.
    failed: Timestamp,
    /// How often it was ejected without having been well for long in between.
    ejections: u32,
    ejected: Option<Timestamp>,
    until: Timestamp,
}

/// What the requests of this isolate saw of a pool.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The pool.
    pub pool: Name,
    /// What became of them since the isolate began.
    pub counts: Counts,
    /// The origins that they have ejected, and until when at most; a verdict that turns good ends
    /// it sooner.
    pub ejected: Vec<(OriginId, Timestamp)>,
}

/// Requests, and those that were sent again and not answered well (yet), in each of the latest
/// seconds.
///
/// A retry that is answered well gives back what it took, as in the retry quota of the AWS SDKs: it
/// made nothing worse. An origin that hangs holds all the requests of one timeout, and all of them
/// need another origin at once; while that one answers, none is held back.
#[derive(Clone, Debug, Default)]
struct Budget {
    slots: [(u64, u64); SECONDS],
    /// The second of the latest slot since the epoch.
    second: u64,
}

impl OriginStats {
    /// Failures in a row. They are forgotten when the latest is old: an origin that is not asked
    /// has no occasion to make good.
    fn row(&self, now: Timestamp) -> u32 {
        let remembered = self.failed <= now && now.since(self.failed) < EJECTION;
        if remembered { self.consecutive } else { 0 }
    }
}

impl Budget {
    /// The slot of this second; those between the last one and this are empty.
    fn slot(&mut self, now: Timestamp) -> Option<&mut (u64, u64)> {
        let second = now.as_millis() / 1_000;
        // A clock that was set back begins anew.
        let passed = if second < self.second { SECONDS as u64 } else { second.saturating_sub(self.second) };
        for ago in 0..passed.min(SECONDS as u64) {
            let index = second.saturating_sub(ago) as usize % SECONDS;
            if let Some(slot) = self.slots.get_mut(index) {
                *slot = (0, 0);
            }
        }
        self.second = second;
        self.slots.get_mut(second as usize % SECONDS)
    }

    /// Gives back what a retry of then took.
    fn give_back(&mut self, then: Timestamp, now: Timestamp) {
        self.slot(now);
        let second = then.as_millis() / 1_000;
        let remembered = self.second.checked_sub(second).is_some_and(|ago| ago < SECONDS as u64);
        if remembered && let Some(slot) = self.slots.get_mut(second as usize % SECONDS) {
            slot.1 = slot.1.saturating_sub(1);
        }
    }

    fn sums(&self) -> (u64, u64) {
        self.slots.iter().fold((0, 0), |(requests, again), slot| {
            (requests.saturating_add(slot.0), again.saturating_add(slot.1))
        })
    }
}

impl OutlierDetector {
    /// Nothing seen yet. `seed` is where chance comes from.
    #[must_use]
    pub fn new(config: &Config, seed: u64) -> Self {
        let pool = |pool: &crate::config::Pool| Pool {
            origins: vec![OriginStats::default(); pool.origins.len()],
            ..Pool::default()
        };
        Self { pools: config.pools.iter().map(pool).collect(), seed, drawn: 0 }
    }

    fn live(&mut self, pool: usize, origin: usize) -> Option<&mut OriginStats> {
        self.pools.get_mut(pool)?.origins.get_mut(origin)
    }

    /// Counts requests for a pool.
    pub fn arrived(&mut self, pool: usize, count: u64, now: Timestamp) {
        let Some(pool) = self.pools.get_mut(pool) else { return };
        pool.counts.requests = pool.counts.requests.saturating_add(count);
        if let Some(slot) = pool.budget.slot(now) {
            slot.0 = slot.0.saturating_add(count);
        }
    }

    /// Until when what live requests saw of a pool keeps the order of its origins as it is: an
    /// ejection ends, or nothing does. Nothing while an origin has failed lately and may yet make
    /// good.
    #[must_use]
    pub fn stable_until(&self, pool: usize, now: Timestamp) -> Option<Timestamp> {
        let origins = self.pools.get(pool).map(|pool| pool.origins.as_slice()).unwrap_or_default();
        if origins.iter().any(|live| live.row(now) > 0) {
            return None;
        }
        let ends = origins.iter().map(|live| live.until).filter(|until| now < *until);
        Some(ends.min().unwrap_or(Timestamp::from_millis(u64::MAX)))
    }

    /// Whether one more request of a pool may be sent again, so that no more than `share` of the
    /// recent ones is in vain; it is counted if so, until it is answered well
    /// ([`OutlierDetector::retried_well`]).
    pub fn may_retry(&mut self, pool: usize, share: Ratio, now: Timestamp) -> bool {
        let Some(pool) = self.pools.get_mut(pool) else { return false };
        pool.budget.slot(now);
        let (requests, again) = pool.budget.sums();
        if again >= share.of_rounded_up(requests).max(LEAST) {
            pool.counts.held_back = pool.counts.held_back.saturating_add(1);
            return false;
        }
        pool.counts.retries = pool.counts.retries.saturating_add(1);
        if let Some(slot) = pool.budget.slot(now) {
            slot.1 = slot.1.saturating_add(1);
        }
        true
    }

    /// A request that was sent again `then` was answered well.
    pub fn retried_well(&mut self, pool: usize, then: Timestamp, now: Timestamp) {
        if let Some(pool) = self.pools.get_mut(pool) {
            pool.budget.give_back(then, now);
        }
    }

    /// Counts requests whose answer was an origin's, and how long their clients waited for its
    /// head, all together.
    pub fn answered(&mut self, pool: usize, count: u64, waited: Millis) {
        if let Some(pool) = self.pools.get_mut(pool) {
            pool.counts.answered = pool.counts.answered.saturating_add(count);
            pool.counts.waited_ms = pool.counts.waited_ms.saturating_add(waited.get());
        }
    }

    /// Counts a request that no origin answered.
    pub fn unanswered(&mut self, pool: usize) {
        if let Some(pool) = self.pools.get_mut(pool) {
            pool.counts.unanswered = pool.counts.unanswered.saturating_add(1);
        }
    }

    /// An origin answered as one that is well.
    pub fn succeeded(&mut self, pool: usize, origin: usize) {
        if let Some(live) = self.live(pool, origin) {
            live.consecutive = 0;
        }
    }

    /// An origin failed a request; whether it is ejected for it, which is the time to have the
    /// vantages look.
    pub fn failed(&mut self, pool: usize, origin: usize, now: Timestamp) -> bool {
        let Some(live) = self.live(pool, origin) else { return false };
        live.consecutive = live.row(now).saturating_add(1);
        live.failed = now;
        if live.consecutive < IN_A_ROW || now < live.until {
            return false;
        }
        let rested = live.ejected.is_some_and(|_| now.since(live.until) > LONGEST_EJECTION);
        live.ejections = if rested { 1 } else { live.ejections.saturating_add(1) };
        live.consecutive = 0;
        live.ejected = Some(now);
        live.until = now.plus(EJECTION.times(live.ejections.into()).min(LONGEST_EJECTION));
        if let Some(pool) = self.pools.get_mut(pool) {
            pool.counts.ejections = pool.counts.ejections.saturating_add(1);
        }
        true
    }

    /// Whether an origin is ejected. A verdict that turned good after it (since then) ends it for
    /// good, as a health check does in Envoy: when the origin fails again, it is ejected again.
    pub fn is_ejected(
        &mut self,
        pool: usize,
        origin: usize,
        good_since: Option<Timestamp>,
        now: Timestamp,
    ) -> bool {
        let Some(live) = self.live(pool, origin) else { return false };
        let Some(at) = live.ejected else { return false };
        if good_since.is_some_and(|since| since > at) {
            live.until = live.until.min(now);
        }
        // A clock that was set back ends it, too.
        (at..live.until).contains(&now)
    }

    /// What became of the requests of a pool.
    #[must_use]
    pub fn counts(&self, pool: usize) -> Counts {
        self.pools.get(pool).map(|pool| pool.counts).unwrap_or_default()
    }

    /// The same of all pools that got requests.
    pub fn counted(&self, config: &Config) -> impl Iterator<Item = (Name, Counts)> {
        let pools = config.pools.iter().zip(&self.pools);
        pools
            .filter(|(_, pool)| pool.counts.requests > 0)
            .map(|(known, pool)| (known.name.clone(), pool.counts))
    }

    /// What was seen of the pools that got requests.
    #[must_use]
    pub fn seen(&self, config: &Config, now: Timestamp) -> Vec<Seen> {
        let mut all = Vec::new();
        for (known, pool) in config.pools.iter().zip(&self.pools) {
            let mut ejected = Vec::new();
            for (origin, live) in known.origins.iter().zip(&pool.origins) {
                if now < live.until {
                    ejected.push((origin.id.clone(), live.until));
                }
            }
            if pool.counts.requests > 0 {
                all.push(Seen { pool: known.name.clone(), counts: pool.counts, ejected });
            }
        }
        all
    }

    /// A number from 0 to `below` less one, each as likely as the others; 0 if `below` is 0.
    pub fn draw(&mut self, below: u64) -> u64 {
        self.drawn = self.drawn.wrapping_add(1);
        let drawn = Fingerprint::of(&format!("{}/{}", self.seed, self.drawn)).as_u64();
        // The high half times the range (Lemire's reduction): no division, and no bias that anybody
        // could see.
        (drawn >> 32).wrapping_mul(below & 0xffff_ffff) >> 32
    }
}
