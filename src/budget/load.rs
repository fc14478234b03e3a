//! A configuration → what its vantages have to do: shards, and the beats at which the alarms of a
//! shard ring.

use crate::config::{Config, Origin, Pace, Place, Plan, Pool, Vantage};
use crate::defaults::config::DEFAULT_TTL;
use crate::limits;
use crate::schedule::{self, SLOTS, Shard, Slots, TickLimit};
use crate::units::{Millis, Name};

/// Origins of one shard that are probed in the same slots, and so share an alarm and a report.
#[derive(Clone, Debug)]
pub(super) struct Beat {
    pub(super) slots: Slots,
    pub(super) interval: Millis,
    /// Origins.
    pub(super) origins: u64,
    /// The longest that one of their probes may last.
    pub(super) timeout: Millis,
    /// Requests of all their probes with every redirect that is followed.
    pub(super) requests: u64,
    /// The shortest time to live of their votes.
    pub(super) vote_ttl: Millis,
    /// A vote that is so much younger than its stored row is stored.
    pub(super) spare: Millis,
    /// How long after a probe the slot lies at least that is probed next.
    pub(super) settles: Millis,
    /// How long before its slot a probe may join another tick.
    pub(super) early: Millis,
    /// Connections that its probes open in a day.
    pub(super) connections: u64,
    /// Its pace when the shard rests.
    pub(super) rest: Millis,
}

/// What one shard of a vantage has to do.
#[derive(Clone, Debug)]
pub(super) struct Load {
    pub(super) beats: Vec<Beat>,
    /// So many of them.
    pub(super) shards: u64,
    /// A report is stored after a third of this at the latest.
    pub(super) vote_ttl: Millis,
    /// A vantage that is silent for longer is woken.
    pub(super) silent_after: Millis,
    /// What one tick may begin.
    pub(super) limit: TickLimit,
    /// For how long it is busy in a day: usually, while everything hangs, and at the least.
    pub(super) usual: u64,
    pub(super) hanging: u64,
    pub(super) needs: u64,
}

impl Beat {
    /// Ticks in a day.
    pub(super) fn ticks(&self) -> u64 {
        a_day(self.interval)
    }

    /// By how many times as long as one connection takes so many ticks last longer for all. A tick
    /// does if one of its last few probes opens one, or any where the others leave no slot free; or
    /// it takes as many rounds more as they fill.
    pub(super) fn connects(&self, ticks: u64) -> u64 {
        const WHOLE: u64 = 1_000_000;
        let slots = SLOTS as u64;
        let last = (self.origins.saturating_sub(1) % slots).saturating_add(1);
        let a_tick = self.connections.div_ceil(ticks.max(1));
        let deciding = if last.saturating_add(a_tick) > slots { self.origins } else { last };
        let probes = ticks.saturating_mul(self.origins).max(1);
        let without = WHOLE.saturating_sub(self.connections.saturating_mul(WHOLE) / probes);
        // None of those that decide opens one.
        let none = (0..deciding).fold(WHOLE, |none, _| none.saturating_mul(without) / WHOLE);
        let longer = ticks.saturating_mul(WHOLE.saturating_sub(none)) / WHOLE;
        let all = self.origins.saturating_add(self.connections / ticks.max(1));
        let rounds = all.div_ceil(slots).saturating_sub(self.origins.div_ceil(slots));
        longer.max(ticks.saturating_mul(rounds))
    }

    /// Its pace when its shard rests.
    pub(super) fn rests(&self) -> Millis {
        self.interval.max(self.rest)
    }

    /// How long its tick lasts if its probes last so long, until its report has been taken; never
    /// longer than until the next one.
    pub(super) fn lasts(&self, probe: Millis) -> u64 {
        schedule::tick_lasts(self.origins, probe.min(self.timeout)).min(self.interval).get()
    }
}

impl Load {
    /// The most requests of one tick, with every redirect that is followed: beats of one interval
    /// lie apart, those of different ones fall together as far as the limit allows.
    pub(super) fn requests(&self) -> u64 {
        let alone = self.beats.iter().map(|beat| beat.requests).max().unwrap_or(0);
        self.together(|beat| beat.requests).min(self.limit.requests.max(alone))
    }

    /// The most probes of one tick.
    pub(super) fn probes(&self) -> u64 {
        self.together(|beat| beat.origins).min(self.limit.probes as u64)
    }

    /// The sum over the intervals of what the greatest beat of each has.
    fn together(&self, of: impl Fn(&Beat) -> u64) -> u64 {
        let mut most: Vec<(Millis, u64)> = Vec::new();
        for beat in &self.beats {
            match most.iter_mut().find(|(interval, _)| *interval == beat.interval) {
                Some((_, known)) => *known = of(beat).max(*known),
                None => most.push((beat.interval, of(beat))),
            }
        }
        most.iter().map(|(_, most)| most).sum()
    }
}

/// How often something happens in a day that happens at this interval.
pub(super) const fn a_day(interval: Millis) -> u64 {
    let every = interval.get();
    super::DAY_MS / if every > 0 { every } else { 1 }
}

/// What the vantages that are objects of ours have to do.
pub(super) fn loads(config: &Config) -> Vec<Load> {
    let mut loads = Vec::new();
    for vantage in objects(config) {
        let vote_ttl = config.shortest_ttl(&vantage.name);
        for shard in schedule::shards(config, &vantage.name) {
            let shares: Vec<Share> = shard.origins.iter().map(|origin| Share::of(config, origin)).collect();
            let beats = beats(&vantage.name, &shard, &shares);
            let (silent_after, limit) = (shard.silent_after(), shard.limit);
            let (usual, hanging, needs) = (shard.usually_busy(), shard.busy_while_hanging(), shard.needs());
            let load = Load { beats, shards: 1, vote_ttl, silent_after, limit, usual, hanging, needs };
            loads.push(load);
        }
    }
    loads
}

/// What one origin adds to its shard.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Share {
    pace: Pace,
    vote_ttl: Millis,
    requests: u64,
    /// Connections that its probes open in a day.
    connections: u64,
}

impl Share {
    fn of(config: &Config, origin: &Origin) -> Self {
        let every = origin.connect.every(config.plan == Plan::Free);
        Self {
            pace: origin.pace,
            vote_ttl: pool_of(config, origin).map_or(DEFAULT_TTL, |pool| pool.vote_ttl),
            requests: schedule::requests(origin),
            connections: every.map_or(0, |every| a_day(every.max(origin.pace.interval))),
        }
    }

    /// The next slot that is probed lies so long after a probe, at least.
    fn settles(&self) -> Millis {
        Millis::new(self.pace.interval.min(self.pace.fast_interval).get() / 2)
    }

    /// It may join a tick so long before its slot.
    fn early(&self) -> Millis {
        self.settles().min(Millis::new(self.pace.interval.get() / 10))
    }

    /// What remains of the life of a vote when the next one comes as late as it may.
    fn spare(&self) -> Millis {
        self.vote_ttl.minus(self.pace.pause())
    }
}

fn beats(vantage: &Name, shard: &Shard<'_>, shares: &[Share]) -> Vec<Beat> {
    let mut beats: Vec<(usize, Beat)> = Vec::new();
    for (index, share) in shares.iter().enumerate() {
        let (group, Pace { interval, timeout, .. }) = (shard.tick(index), share.pace);
        let known = beats.iter_mut().find(|(other, beat)| *other == group && beat.interval == interval);
        if let Some((_, beat)) = known {
            beat.origins = beat.origins.saturating_add(1);
            beat.requests = beat.requests.saturating_add(share.requests);
            beat.connections = beat.connections.saturating_add(share.connections);
            beat.timeout = beat.timeout.max(timeout);
            beat.vote_ttl = beat.vote_ttl.min(share.vote_ttl);
            beat.spare = beat.spare.min(share.spare());
            beat.settles = beat.settles.min(share.settles());
            beat.early = beat.early.min(share.early());
            continue;
        }
        let slots = Slots::new(vantage, shard.turn(index));
        let Share { vote_ttl, requests, connections, .. } = *share;
        let (spare, settles, early) = (share.spare(), share.settles(), share.early());
        let rest = share.pace.rest_interval.unwrap_or_default();
        let beat = Beat {
            slots,
            interval,
            origins: 1,
            timeout,
            requests,
            vote_ttl,
            spare,
            settles,
            early,
            connections,
            rest,
        };
        beats.push((group, beat));
    }
    beats.into_iter().map(|(_, beat)| beat).collect()
}

/// The vantages that are objects of ours.
pub(super) fn objects(config: &Config) -> impl Iterator<Item = &Vantage> {
    config.vantages.iter().filter(|vantage| matches!(vantage.place, Place::Hint(_)))
}

/// The pool of an origin.
pub(super) fn pool_of<'a>(config: &'a Config, origin: &Origin) -> Option<&'a Pool> {
    config.pool(origin.id.pool.as_str())
}

/// How often a reader may ask the Arbiter, once deployed.
pub(super) const fn refresh(plan: Plan) -> Millis {
    limits::copy_age(plan, false)
}

/// The same while a verdict is in doubt.
pub(super) const fn refresh_in_doubt(plan: Plan) -> Millis {
    limits::copy_age_in_doubt(refresh(plan))
}
