//! Config and time → which probes are due, and which shard of a vantage makes them.
//!
//! Due times are computed, never remembered: slot `k` of an origin lies at `phase + k × interval +
//! jitter(k)`. The phase is that of a tick: the origins that share it are probed in the same slots,
//! with one alarm and one report. The ticks of all shards are spread evenly over the interval, and
//! so are the vantages: a majority of them has seen as much, on average, as soon as a single one.
//! The jitter is up to a tenth of the interval and comes from the slot: no origin that flaps in
//! step with the interval can hide between probes.

use crate::config::{Config, Hint, Origin, Place, Plan, Vantage};
use crate::defaults::budget::{ROUND_TRIP, USUAL};
use crate::defaults::schedule::SILENT_AFTER;
use crate::limits::{self, PROBE_CPU_US, TICK_CPU_US};
use crate::units::{Fingerprint, Millis, Name, OriginId, Timestamp};

pub use crate::defaults::schedule::REST_EARLY;

/// Probes that one vantage object has under way at once. The platform lets six connections per
/// invocation wait for headers; one is left for the report.
pub const SLOTS: usize = 5;

/// The most that one tick may begin: what its plan allows one invocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TickLimit {
    /// Probes, by the CPU that they are taken to need.
    pub probes: usize,
    /// Requests to other hosts: probes and the redirects that they may follow.
    pub requests: u64,
}

impl TickLimit {
    /// The limit of a configuration: references are asked in the same invocation.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        Self::on(config.plan, config.references.len())
    }

    fn on(plan: Plan, references: usize) -> Self {
        let cpu = limits::cpu(plan).saturating_mul(1_000).saturating_sub(TICK_CPU_US) / PROBE_CPU_US;
        let requests = limits::subrequests(plan).saturating_sub(references as u64);
        Self { probes: usize::try_from(cpu).unwrap_or(usize::MAX), requests }
    }

    /// What is left of it once this origin is probed; nothing if it does not carry one more.
    #[must_use]
    pub fn without(self, origin: &Origin) -> Option<Self> {
        let probes = self.probes.checked_sub(1)?;
        Some(Self { probes, requests: self.requests.checked_sub(requests(origin))? })
    }
}

/// The most requests that a probe of an origin makes, redirects included.
#[must_use]
pub fn requests(origin: &Origin) -> u64 {
    u64::from(origin.probe.redirects).saturating_add(1)
}

/// How long a tick of so many probes lasts, a few of them at once, until its report has been taken.
#[must_use]
pub fn tick_lasts(probes: u64, probe: Millis) -> Millis {
    probe.times(probes.div_ceil(SLOTS as u64)).plus(ROUND_TRIP)
}

/// One object's share of a vantage's work.
#[derive(Clone, Debug, PartialEq)]
pub struct Shard<'a> {
    /// Position, from 0.
    pub index: usize,
    /// The number of shards of this vantage.
    pub of: usize,
    /// The origins that this shard probes.
    pub origins: Vec<&'a Origin>,
    /// What one of its ticks may begin.
    pub limit: TickLimit,
    /// How many origins each of its ticks has, in the order of the origins.
    ticks: Vec<usize>,
    /// The place of its first tick among those of all shards, and how many those are.
    place: (usize, usize),
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
        pauses.max().unwrap_or(SILENT_AFTER)
    }

    /// How many origins each of its ticks has.
    pub fn ticks(&self) -> impl Iterator<Item = u64> {
        self.ticks.iter().map(|size| *size as u64)
    }

    /// Which of the shard's ticks the origin at `index` belongs to, from 0. There is one, unless it
    /// would be more than [`TickLimit`] allows.
    #[must_use]
    pub fn tick(&self, index: usize) -> usize {
        let mut end = 0_usize;
        let ends = self.ticks.iter().take_while(|size| {
            end = end.saturating_add(**size);
            end <= index
        });
        ends.count()
    }

    /// For how long the shard is busy in a day if its probes are so far apart and last so long, in
    /// milliseconds.
    fn busy(&self, pace: impl Fn(&Origin) -> (Millis, Millis)) -> u64 {
        let mut ticks: Vec<(usize, Millis, u64, Millis)> = Vec::new();
        for (index, origin) in self.origins.iter().enumerate() {
            let (tick, (interval, lasts)) = (self.tick(index), pace(origin));
            match ticks.iter_mut().find(|(of, every, ..)| (*of, *every) == (tick, interval)) {
                Some((_, _, probes, longest)) => {
                    *probes = probes.saturating_add(1);
                    *longest = lasts.max(*longest);
                }
                None => ticks.push((tick, interval, 1, lasts)),
            }
        }
        let busy = ticks.into_iter().map(|(_, interval, probes, longest)| {
            let a_day = Millis::DAY.get() / interval.get().max(1);
            tick_lasts(probes, longest).min(interval).times(a_day).get()
        });
        busy.sum::<u64>().min(Millis::DAY.get())
    }

    /// For how long the shard is busy in a day while every probe is answered in the usual time, in
    /// milliseconds.
    #[must_use]
    pub fn usually_busy(&self) -> u64 {
        self.busy(|origin| (origin.pace.interval, USUAL.min(origin.pace.timeout)))
    }

    /// The same while every origin hangs.
    #[must_use]
    pub fn busy_while_hanging(&self) -> u64 {
        self.busy(|origin| (origin.pace.interval, origin.pace.timeout))
    }

    /// The same while every origin hangs, and the shard rests.
    #[must_use]
    pub fn busy_at_rest(&self) -> u64 {
        self.busy(|Origin { pace, .. }| {
            (pace.interval.max(pace.rest_interval.unwrap_or_default()), pace.timeout)
        })
    }

    /// The least that it can do with in a day, whatever its origins do.
    #[must_use]
    pub fn needs(&self) -> u64 {
        self.usually_busy().max(self.busy_at_rest())
    }

    /// Where the origin at `index` of this shard has its turn. Those of one tick have it together,
    /// so that they share an alarm. The ticks of all shards are spread evenly, so that the objects
    /// of one vantage do not strike together, and so are the vantages.
    #[must_use]
    pub fn turn(&self, index: usize) -> Turn {
        let (first, of) = (self.place.0 as u64, self.place.1.max(1) as u64);
        let (vantage, vantages) = (self.vantage.0 as u64, self.vantage.1.max(1) as u64);
        let place = first.saturating_add(self.tick(index) as u64);
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

/// Occupied slots are counted in millionths, so that the sum is exact on every machine.
const SLOT: u64 = 1_000_000;

/// Origins that are probed in one tick.
#[derive(Default)]
struct Tick<'a> {
    origins: Vec<&'a Origin>,
    /// Slots that they take while all of them hang, in millionths.
    busy: u64,
}

/// Splits the origins of a vantage into shards, each small enough that the schedule holds even
/// while all its origins hang: the sum of `timeout / interval` stays within the slots (for equal
/// origins, `floor(5 × interval / timeout)` of them). A shard has whole ticks only, as few as
/// [`TickLimit`] allows.
#[must_use]
pub fn shards<'a>(config: &'a Config, vantage: &Name) -> Vec<Shard<'a>> {
    let limit = TickLimit::of(config);
    let ticks = ticks(config.origins().filter(|origin| origin.vantages.contains(vantage)), limit);
    let all = ticks.len();
    let mut parts: Vec<(u64, usize, Vec<Tick<'_>>)> = Vec::new();
    for (number, tick) in ticks.into_iter().enumerate() {
        let room = (SLOTS as u64).saturating_mul(SLOT).saturating_sub(tick.busy);
        match parts.last_mut().filter(|(busy, ..)| *busy <= room) {
            Some((busy, _, part)) => {
                *busy = busy.saturating_add(tick.busy);
                part.push(tick);
            }
            None => parts.push((tick.busy, number, vec![tick])),
        }
    }
    let of = parts.len();
    let place = config.vantages.iter().position(|known| known.name == *vantage).unwrap_or_default();
    let vantage = (place, config.vantages.len());
    let first = config.origins().next().map(|origin| Fingerprint::of(&origin.id.to_string()));
    let seed = first.map_or(0, Fingerprint::as_u64);
    let shard = |(index, (_, first, part)): (usize, (u64, usize, Vec<Tick<'a>>))| {
        let ticks = part.iter().map(|tick| tick.origins.len()).collect();
        let origins = part.into_iter().flat_map(|tick| tick.origins).collect();
        Shard { index, of, origins, limit, ticks, place: (first, all), vantage, seed }
    };
    parts.into_iter().enumerate().map(shard).collect()
}

/// The label of the shard in which a vantage has an origin.
#[must_use]
pub fn label_of(config: &Config, vantage: &Name, id: &OriginId) -> Option<String> {
    let shards = shards(config, vantage);
    let has = |shard: &&Shard<'_>| shard.origins.iter().any(|origin| origin.id == *id);
    shards.iter().find(has).map(Shard::label)
}

/// The object from which a vantage probes an origin, and where it is; nothing if it does not.
#[must_use]
pub fn object_of(config: &Config, vantage: &Name, id: &OriginId) -> Option<(String, Hint)> {
    let known = config.vantage(vantage.as_str())?;
    let Place::Hint(hint) = known.place else { return None };
    Some((object_name(known, hint.as_str(), &label_of(config, vantage, id)?), hint))
}

/// Splits origins into ticks, each within the limit and small enough for one shard.
fn ticks<'a>(origins: impl Iterator<Item = &'a Origin>, limit: TickLimit) -> Vec<Tick<'a>> {
    let mut ticks: Vec<(Option<TickLimit>, Tick<'_>)> = Vec::new();
    for origin in origins {
        let interval = origin.pace.interval.get().max(1);
        let busy = origin.pace.timeout.get().saturating_mul(SLOT).div_ceil(interval);
        let room = (SLOTS as u64).saturating_mul(SLOT).saturating_sub(busy);
        let last = ticks.last_mut().filter(|(_, tick)| tick.busy <= room);
        let fits =
            last.and_then(|(left, tick)| Some((left.and_then(|left| left.without(origin))?, left, tick)));
        match fits {
            Some((less, left, tick)) => {
                *left = Some(less);
                tick.busy = tick.busy.saturating_add(busy);
                tick.origins.push(origin);
            }
            // What exceeds the limit by itself has a tick of its own, and the plan refuses it.
            None => ticks.push((limit.without(origin), Tick { origins: vec![origin], busy })),
        }
    }
    ticks.into_iter().map(|(_, tick)| tick).collect()
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

/// The place of an origin among those that are due in the same slot, another one in each: who is
/// probed last because others hang is not always the same.
#[must_use]
pub fn order(origin: Fingerprint, slot: Timestamp) -> u64 {
    mix(origin.as_u64() ^ mix(slot.as_millis()))
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
