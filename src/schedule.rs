//! Config and time → which probes are due, and which shard of a vantage makes them.
//!
//! Due times are computed, never remembered: slot `k` of an origin lies at `phase + k × interval +
//! jitter(k)`. The phase comes from the vantage's place among all and the origin's turn. The probes
//! that an origin gets from its vantages are spread evenly over the interval. So a majority of them
//! has seen as much, on average, as soon as a single one. Nor do the shards of one vantage strike
//! together. The jitter (up to a tenth of the interval) comes from the slot. So no origin that
//! flaps in step with the interval can hide between probes.

use crate::config::{Config, Origin, Vantage};
use crate::units::{Fingerprint, Millis, Name, Timestamp};

/// Probes that one vantage object has under way at once. The platform lets six connections per
/// invocation wait for headers; one is left for the report.
pub const SLOTS: usize = 5;

/// One object's share of a vantage's work.
#[derive(Clone, Debug, PartialEq)]
pub struct Shard<'a> {
    /// Position, from 0.
    pub index: usize,
    /// The number of shards of this vantage.
    pub of: usize,
    /// The origins that this shard probes.
    pub origins: Vec<&'a Origin>,
    /// The place of its vantage among all, and how many there are.
    vantage: (usize, usize),
    /// Where the first turn of all lies: not at the same second in every deployment.
    seed: u64,
}

impl Shard<'_> {
    /// The shard's label, `0of1`.
    #[must_use]
    pub fn label(&self) -> String {
        format!("{}of{}", self.index, self.of)
    }

    /// The longest time between two of its reports that is no silence.
    #[must_use]
    pub fn silent_after(&self) -> Millis {
        let pauses = self.origins.iter().map(|origin| origin.pace.pause());
        pauses.max().unwrap_or(Millis::from_secs(62))
    }

    /// Where the origin at `index` of this shard has its turn. Neighbours have it together, so that
    /// they share an alarm, in groups of [`SLOTS`]; the groups of all shards are spread evenly, so
    /// that the objects of one vantage do not strike together, and so are the vantages.
    #[must_use]
    pub fn turn(&self, index: usize) -> Turn {
        let groups = self.origins.len().div_ceil(SLOTS).max(1) as u64;
        let (group, shard, shards) = ((index / SLOTS) as u64, self.index as u64, self.of.max(1) as u64);
        let (place, of) = (group.saturating_mul(shards).saturating_add(shard), groups.saturating_mul(shards));
        let (vantage, vantages) = (self.vantage.0 as u64, self.vantage.1.max(1) as u64);
        let place = place.saturating_mul(vantages).saturating_add(of.saturating_mul(vantage));
        Turn { place, of: of.saturating_mul(vantages), seed: self.seed }
    }
}

/// A turn within an interval: `of` of them fill it, and then they begin again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// From 0; `of` is the same as 0.
    pub place: u64,
    /// How many there are, at least one.
    pub of: u64,
    /// Where in an interval the first lies.
    pub seed: u64,
}

/// Splits the origins of a vantage into shards, each small enough that the schedule holds even
/// while all its origins hang: the sum of `timeout / interval` stays within the slots (for equal
/// origins, `floor(5 × interval / timeout)` of them).
#[must_use]
pub fn shards<'a>(config: &'a Config, vantage: &Name) -> Vec<Shard<'a>> {
    /// Occupied slots are counted in millionths, so that the sum is exact on every machine.
    const WHOLE: u64 = 1_000_000;
    let mut loads: Vec<(u64, Vec<&Origin>)> = Vec::new();
    for origin in config.origins().filter(|origin| origin.vantages.contains(vantage)) {
        let interval = origin.pace.interval.get().max(1);
        let load = origin.pace.timeout.get().saturating_mul(WHOLE).div_ceil(interval);
        let room = (SLOTS as u64).saturating_mul(WHOLE).saturating_sub(load);
        match loads.last_mut().filter(|(used, _)| *used <= room) {
            Some((used, origins)) => {
                *used = used.saturating_add(load);
                origins.push(origin);
            }
            None => loads.push((load, vec![origin])),
        }
    }
    let of = loads.len();
    let place = config.vantages.iter().position(|known| known.name == *vantage).unwrap_or_default();
    let vantage = (place, config.vantages.len());
    let first = config.origins().next().map(|origin| Fingerprint::of(&origin.id.to_string()));
    let seed = first.map_or(0, Fingerprint::as_u64);
    let shard = |(index, (_, origins))| Shard { index, of, origins, vantage, seed };
    loads.into_iter().enumerate().map(shard).collect()
}

/// The name of the object that works a shard: `v1/{vantage}/{hint}/{shard}of{n}`. The hint is part
/// of it because an object never moves: another place is another object.
#[must_use]
pub fn object_name(vantage: &Vantage, hint: &str, label: &str) -> String {
    format!("v1/{}/{hint}/{label}", vantage.name)
}

/// Takes an object's name apart: vantage, hint and shard label.
#[must_use]
pub fn parse_object_name(name: &str) -> Option<(Name, &str, &str)> {
    let mut parts = name.strip_prefix("v1/")?.split('/');
    let (vantage, hint, label) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    Some((Name::parse(vantage).ok()?, hint, label))
}

/// The sequence of slots of one origin at one vantage.
#[derive(Clone, Copy, Debug)]
pub struct Slots {
    /// Where the jitter comes from.
    seed: u64,
    turn: Turn,
}

impl Slots {
    /// The slots of an origin that `vantage` probes when its turn comes.
    #[must_use]
    pub fn new(vantage: &Name, turn: Turn) -> Self {
        Self { seed: Fingerprint::of(vantage.as_str()).as_u64(), turn }
    }

    /// Where in an interval of so many milliseconds the turn is: vantages are as evenly spread at a
    /// fast pace as at the usual one.
    fn phase(self, every: u64) -> u64 {
        let Turn { place, of, seed } = self.turn;
        (seed % every).saturating_add(every.saturating_mul(place) / of.max(1)) % every
    }

    /// The first slot after `after`, with probes `interval` apart.
    #[must_use]
    pub fn next(self, interval: Millis, after: Timestamp) -> Timestamp {
        let every = interval.get().max(1);
        let phase = self.phase(every);
        let mut k = after.as_millis().saturating_sub(phase) / every;
        // The jitter is shorter than the interval: the slot after `after` is this one or one of the
        // next two.
        k = k.saturating_sub(1);
        loop {
            let at = self.slot(every, phase, k);
            if at > after || at.as_millis() < after.as_millis().saturating_sub(every.saturating_mul(4)) {
                return at;
            }
            k = k.saturating_add(1);
        }
    }

    fn slot(self, every: u64, phase: u64, k: u64) -> Timestamp {
        let jitter = mix(self.seed ^ k) % (every / 10).max(1);
        Timestamp::from_millis(phase.saturating_add(k.saturating_mul(every)).saturating_add(jitter))
    }
}

/// A 64-bit finaliser (the one of `SplitMix64`, Steele, Lea and Flood, 2014): neighbouring slots
/// jitter independently.
const fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests;
