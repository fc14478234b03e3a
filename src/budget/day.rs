//! A configuration and what its origins do → how often a day has each effect.
//!
//! A day at rest is counted along its slots. On the worst days one origin, of all the one that
//! costs most, flaps from midnight to midnight; what several do comes to little more, because a
//! shard's fast probes are counted whoever needs them.

use super::effect::{Counts, Effect};
use super::load::{self, Load, a_day};
use super::resting;
use super::told::Told;
use super::walk::walk;
use super::{CONNECTION, DAY_MS, ROUND_TRIP, USUAL};
use crate::config::{Config, Heartbeat, Origin, Plan, Pool};
use crate::defaults::vantage::{KEEP_EVERY, LET_GO_AFTER};
use crate::history::BUCKET;
use crate::limits::EVENTS_SHOWN;
use crate::units::Millis;
use crate::verdict;

/// What the origins do all day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Day {
    /// Every origin passes, and one isolate reads as often as it may.
    Normal,
    /// One origin never decides: it passes and fails in turn, which spends every fast probe.
    /// [`READERS`] isolates read as often as they may.
    Wavering,
    /// One origin turns its votes as often as it can: `fall` failures, `rise` passes, and so on.
    /// Readers as before.
    Turning,
    /// Every origin hangs. Readers as before.
    Hanging,
}

/// Isolates that are taken to read as often as they may, all through a worst day. An isolate is one
/// copy of the worker; a data centre has one or a few.
pub const READERS: u64 = 3;

/// Isolates that are taken to do so on a normal day.
const FEW_READERS: u64 = 1;

/// Events of an origin that turns so fast that what stands is held: while the hold grows to its
/// longest.
const EVENTS_WHILE_HELD: u64 = 30;

/// Attempts a day at a receiver that is down all day.
const RETRIES: u64 = 150;

/// Rows that a vantage reads that is made anew: its own, and three of its ring.
const RING_READ: u64 = 4;

/// The most writes to KV in a day, and those of a day without a change.
const KV_MOST: u64 = 700;
const KV_LEAST: u64 = 24;

impl Day {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Normal, Self::Wavering, Self::Turning, Self::Hanging];

    /// The worst ones.
    pub const WORST: [Self; 3] = [Self::Wavering, Self::Turning, Self::Hanging];

    /// Isolates that read as often as they may, all day.
    #[must_use]
    pub const fn readers(self) -> u64 {
        match self {
            Self::Normal => FEW_READERS,
            Self::Wavering | Self::Turning | Self::Hanging => READERS,
        }
    }
}

/// The days of a configuration on a plan.
pub(super) struct Days<'a> {
    config: &'a Config,
    loads: Vec<Load>,
    at_rest: [Counts; 4],
    /// The time that shards may be busy, in thousandths of what they need at rest.
    busy: Option<u32>,
}

impl<'a> Days<'a> {
    /// Counts them at rest.
    pub(super) fn new(config: &'a Config, busy: Option<u32>) -> Self {
        let loads = load::loads(config);
        let at_rest = Day::ALL.map(|day| at_rest(config, &loads, day));
        Self { config, loads, at_rest, busy }
    }

    /// The plan that they are counted on.
    pub(super) const fn plan(&self) -> Plan {
        self.config.plan
    }

    /// Objects that probe.
    pub(super) fn shards(&self) -> u64 {
        self.loads.iter().map(|load| load.shards).sum()
    }

    /// The counts of a day if each shard may send so many fast probes; none: as many as there is
    /// reason for.
    pub(super) fn counts(&self, day: Day, allowance: Option<u64>) -> Counts {
        let known = Day::ALL.into_iter().zip(&self.at_rest).find(|(known, _)| *known == day);
        let mut counts = known.map(|(_, counts)| counts.clone()).unwrap_or_default();
        if day == Day::Hanging {
            self.loads.iter().for_each(|load| resting::hangs(load, self.busy, &mut counts));
            // No report is stored twice.
            let spared = counts.of(Effect::ShardRow).saturating_sub(counts.of(Effect::Report));
            counts.take(Effect::ShardRow, spared);
        }
        let flaps = day == Day::Wavering || day == Day::Turning;
        let flapping = if flaps { costliest(self.config) } else { None };
        if let Some(origin) = flapping {
            let ticks: u64 = self.loads.iter().flat_map(|load| &load.beats).map(load::Beat::ticks).sum();
            let flapping = Flapping::of(self.config, origin, ticks / self.shards().max(1));
            match day {
                Day::Wavering => flapping.wavers(allowance, self.shards(), &mut counts),
                Day::Normal | Day::Turning | Day::Hanging => {
                    flapping.turns(allowance, self.shards(), &mut counts);
                }
            }
        }
        counts.wait_at_most(self.shards().saturating_mul(DAY_MS));
        let changes = counts.of(Effect::EventRow);
        if day != Day::Normal {
            self.tells(changes, &mut counts);
        }
        let published = changes.saturating_add(KV_LEAST).min(KV_MOST);
        counts.add(Effect::KvWrite, published);
        // One beside each write, and one when the first change after it asks for the next.
        counts.add(Effect::MetaRow, published.saturating_add(changes.min(published)));
        counts
    }
}

impl Days<'_> {
    /// Every channel is told of every change and reminded of what lasts, as often as its cap lets
    /// it; and one receiver is down all day.
    fn tells(&self, changes: u64, counts: &mut Counts) {
        for channel in &self.config.notify {
            let cap =
                u64::from(channel.cap.messages).saturating_mul(DAY_MS) / channel.cap.within.get().max(1);
            let news = changes.min(cap);
            let reminders = channel.every.map_or(0, a_day).min(cap.saturating_sub(news));
            Told { news, reminders, retries: RETRIES }.count(counts);
        }
    }
}

/// Everything passes.
fn at_rest(config: &Config, loads: &[Load], day: Day) -> Counts {
    let plan = config.plan;
    let mut counts = Counts::default();
    for load in loads {
        for beat in &load.beats {
            let ticks = beat.ticks().saturating_mul(load.shards);
            counts.add(Effect::VantageAlarm, ticks);
            counts.add(Effect::SetAlarm, ticks);
            counts.add(Effect::Probe, ticks.saturating_mul(beat.origins));
            counts.add(Effect::Report, ticks);
            counts.wait(ticks.saturating_mul(beat.lasts(USUAL)));
            counts.wait(beat.connects(ticks).saturating_mul(CONNECTION.get()));
        }
        records(load, &mut counts);
        if day == Day::Hanging {
            let ticks = load.beats.iter().map(load::Beat::ticks).sum::<u64>();
            let rows = if shortest(load) > LET_GO_AFTER { ticks } else { a_day(KEEP_EVERY) };
            counts.add(Effect::RingRow, rows.saturating_mul(load.shards));
        }
        if !config.references.is_empty() {
            // Once an hour, for the data centre.
            counts.add(Effect::Reference, load.shards.saturating_mul(24));
            counts.add(Effect::VantageRow, load.shards.saturating_mul(24));
        }
    }
    let readers = day.readers();
    // An origin that never decides is in doubt all day, at most.
    let refresh = if day == Day::Wavering { load::refresh_in_doubt(plan) } else { load::refresh(plan) };
    let jobs: Vec<&Heartbeat> = config.heartbeats().collect();
    let walked = walk(loads, &jobs, readers, refresh);
    counts.take(Effect::Report, walked.together.saturating_add(walked.joined));
    if day == Day::Hanging {
        counts.take(Effect::RingRow, walked.together.saturating_add(walked.joined));
    } else {
        counts.add(Effect::RingRow, walked.ring_rows);
    }
    counts.take(Effect::VantageAlarm, walked.joined);
    counts.take(Effect::SetAlarm, walked.joined);
    counts.wait_less(walked.spared);
    counts.add(Effect::ShardRow, walked.shard_rows);
    counts.add(Effect::ArbiterAlarm, walked.rings);
    counts.add(Effect::SetAlarm, walked.settings);
    beats(config, &mut counts);
    let shards: u64 = loads.iter().map(|load| load.shards).sum();
    let rows = shards
        .saturating_add(config.heartbeats().count() as u64)
        .saturating_add(config.pools.len() as u64)
        .saturating_add(EVENTS_SHOWN as u64)
        .saturating_add(2);
    counts.add(
        Effect::RowRead,
        walked.arbiters.saturating_mul(rows).saturating_add(walked.vantages.saturating_mul(RING_READ)),
    );
    counts.add(Effect::Cron, DAY_MS / 60_000);
    counts.add(Effect::Refresh, a_day(refresh).saturating_mul(readers));
    counts
}

/// The shortest interval of a shard.
fn shortest(load: &Load) -> Millis {
    load.beats.iter().map(|beat| beat.interval).min().unwrap_or(Millis::DAY)
}

/// What a shard notes of what it hands on, and the Arbiter keeps of it.
fn records(load: &Load, counts: &mut Counts) {
    let shortest = shortest(load);
    // What was handed on is noted by both sides. An hour is three rows: as a whole, in fine, and in
    // its day. A day is a row for each origin.
    let rollups = a_day(BUCKET.max(shortest));
    let hours = a_day(Millis::from_secs(3_600).max(shortest)).saturating_mul(3);
    let origins: u64 = load.beats.iter().map(|beat| beat.origins).sum();
    counts.add(Effect::RingRow, rollups.saturating_mul(load.shards));
    let kept = rollups.saturating_add(hours).saturating_add(origins);
    counts.add(Effect::HistoryRow, kept.saturating_mul(load.shards));
    // The open row, and the list of shards; an hour reads three more, a day one of each origin.
    let read = rollups.saturating_mul(2).saturating_add(hours).saturating_add(origins);
    counts.add(Effect::RowRead, read.saturating_mul(load.shards));
}

/// Every job reports once in its period, which is stored; and the Arbiter stores each minute that
/// it was awake.
fn beats(config: &Config, counts: &mut Counts) {
    let beats = config.heartbeats().map(|job| a_day(job.period).max(1)).fold(0, u64::saturating_add);
    if beats > 0 {
        counts.add(Effect::Beat, beats);
        counts.add(Effect::MetaRow, beats.saturating_add(DAY_MS / 60_000));
    }
}

/// An origin that flaps.
struct Flapping<'a> {
    origin: &'a Origin,
    pool: Option<&'a Pool>,
    vantages: u64,
    interval: Millis,
    fast: Millis,
    /// Ticks at the usual pace of one shard in a day.
    ticks: u64,
}

impl<'a> Flapping<'a> {
    fn of(config: &'a Config, origin: &'a Origin, ticks: u64) -> Self {
        let pace = origin.pace;
        Self {
            origin,
            pool: load::pool_of(config, origin),
            vantages: vantages(config, origin),
            interval: pace.interval,
            fast: pace.fast_interval.min(pace.down_interval).min(pace.interval),
            ticks,
        }
    }

    /// It never decides, at all its vantages. Whatever a shard of another vantage may spend, others
    /// spend.
    fn wavers(&self, allowance: Option<u64>, shards: u64, counts: &mut Counts) {
        let most = if self.fast < self.interval { a_day(self.fast) } else { 0 };
        let (each, all) = match allowance {
            Some(allowance) => (allowance.min(most), allowance.saturating_mul(shards)),
            None => (most, most.saturating_mul(self.vantages)),
        };
        let shards_hurried = if allowance.is_some() { shards } else { self.vantages };
        self.hurries(all, self.joined(each).saturating_mul(shards_hurried), counts);
        // The slots of the rest of the day, in each of which a counter changes.
        let hurried = each.saturating_mul(self.fast.get());
        let slots = DAY_MS.saturating_sub(hurried.min(DAY_MS)) / self.interval.get().max(1);
        self.changes(slots.saturating_mul(self.vantages), counts);
    }

    /// Its votes turn as soon as they can, fast as long as the day allows for it.
    fn turns(&self, allowance: Option<u64>, shards: u64, counts: &mut Counts) {
        let run = run(self.origin).max(1);
        let hasty = if self.fast < self.interval { run.saturating_sub(2) } else { 0 };
        let thresholds = self.origin.thresholds;
        let slots = if hasty > 0 {
            self.slots(thresholds.fall).saturating_add(self.slots(thresholds.rise))
        } else {
            run
        };
        let most = a_day(self.interval.times(slots));
        let wanted = most.saturating_mul(hasty);
        let spent = allowance.map_or(wanted, |allowance| allowance.min(wanted));
        let fast = spent.checked_div(hasty).unwrap_or(most);
        // When no fast probe is left, each round takes a slot for each of its probes.
        let hurried = fast.saturating_mul(slots).saturating_mul(self.interval.get());
        let slow = DAY_MS.saturating_sub(hurried.min(DAY_MS)) / self.interval.times(run).get().max(1);
        let rounds = fast.saturating_add(slow);
        // They follow a slot at once, and the next is far.
        self.hurries(spent.saturating_mul(self.vantages), 0, counts);
        let settled = fast.saturating_mul(run.saturating_sub(hasty)).saturating_add(slow.saturating_mul(run));
        self.changes(settled.saturating_mul(self.vantages), counts);
        if hasty > 0 {
            // The alarm is moved when doubt comes up and when it ends.
            let moved = [thresholds.fall, thresholds.rise].into_iter().filter(|run| *run > 1).count() as u64;
            counts.add(
                Effect::SetAlarm,
                fast.saturating_mul(self.vantages).saturating_mul(moved.saturating_mul(2)),
            );
        }
        self.stores(rounds, shards, counts);
    }

    /// What the Arbiter stores of so many rounds of failing and passing.
    fn stores(&self, rounds: u64, shards: u64, counts: &mut Counts) {
        let Some(pool) = self.pool else { return };
        // A row that is stored for a change is not due again for a third of the votes' time to
        // live.
        let turns = rounds.saturating_mul(2);
        let kept = turns.saturating_mul(pool.vote_ttl.get() / 3).min(DAY_MS);
        let due = counts.of(Effect::ShardRow).saturating_mul(self.vantages) / shards.max(1);
        let spared = u128::from(due).saturating_mul(u128::from(kept)) / u128::from(DAY_MS);
        counts.take(Effect::ShardRow, u64::try_from(spared).unwrap_or(u64::MAX));
        counts.add(Effect::ShardRow, turns.saturating_mul(self.vantages));
        // Of the votes that turn, only those are stored as a verdict that change what the quorum
        // says.
        let changes = changes(pool, self.vantages);
        counts.add(Effect::PoolRow, rounds.saturating_mul(changes));
        // What is held for longer than a round never gets better in between.
        let round = DAY_MS / rounds.max(1);
        let held = pool.max_hold.max(pool.hold_down).get() >= round;
        let events = rounds.saturating_mul(changes.saturating_add(2));
        let events = if held { EVENTS_WHILE_HELD.min(events) } else { events };
        counts.add(Effect::EventRow, events);
        // What comes at once is one row of its pool's day.
        counts.add(Effect::HistoryRow, rounds.saturating_mul(changes).min(events));
    }

    /// How many of its slots pass while so many probes decide, the first of them in a slot and the
    /// others fast: the next slot that counts is half a fast interval after the last probe.
    fn slots(&self, run: u32) -> u64 {
        let fast = self.fast.times(u64::from(run.saturating_sub(1)));
        let until = fast.plus(Millis::new(self.fast.get() / 2));
        until.get().div_ceil(self.interval.get().max(1)).max(1)
    }

    /// With how many of so many fast probes of a shard its tick at the usual pace joins: a probe
    /// may come half a fast interval early, so that every such tick meets one before or after it.
    fn joined(&self, probes: u64) -> u64 {
        let hurried = probes.saturating_mul(self.fast.get()).min(DAY_MS);
        let ticks = u128::from(self.ticks).saturating_mul(u128::from(hurried)) / u128::from(DAY_MS);
        u64::try_from(ticks).unwrap_or(u64::MAX).min(probes)
    }

    /// So many fast probes, each in a tick of its own but for those that share one.
    fn hurries(&self, probes: u64, joined: u64, counts: &mut Counts) {
        let ticks = probes.saturating_sub(joined);
        counts.add(Effect::VantageAlarm, ticks);
        counts.add(Effect::SetAlarm, ticks);
        counts.add(Effect::Probe, probes);
        counts.add(Effect::Report, ticks);
        counts.add(Effect::VantageRow, probes);
        counts.wait(probes.saturating_mul(self.origin.pace.timeout.plus(ROUND_TRIP).get()));
    }

    /// So many probes in slots that there are anyway, each of which changes a counter and may hang.
    fn changes(&self, probes: u64, counts: &mut Counts) {
        counts.add(Effect::VantageRow, probes);
        counts.wait(probes.saturating_mul(self.origin.pace.timeout.minus(USUAL).get()));
    }
}

/// Probes in which a vote turns to fail and back.
fn run(origin: &Origin) -> u64 {
    let thresholds = origin.thresholds;
    let fall = thresholds.window.map_or(thresholds.fall, |window| window.failures.min(thresholds.fall));
    u64::from(fall.saturating_add(thresholds.rise))
}

/// How often what a pool's quorum says changes while so many votes turn to fail one by one, and
/// back.
fn changes(pool: &Pool, votes: u64) -> u64 {
    let live = u32::try_from(votes).unwrap_or(u32::MAX);
    let needed = verdict::needed(pool.quorum, live);
    let says = |failing: u32| (failing > 0).then_some(failing >= needed);
    let there = (0..live).filter(|failing| says(*failing) != says(failing.saturating_add(1))).count() as u64;
    there.saturating_mul(2)
}

/// The vantages of an origin that are objects of ours.
pub(super) fn vantages(config: &Config, origin: &Origin) -> u64 {
    load::objects(config).filter(|vantage| origin.vantages.contains(&vantage.name)).count() as u64
}

/// The origin that costs most if it flaps: whose votes turn most often.
fn costliest(config: &Config) -> Option<&Origin> {
    config.origins().max_by_key(|origin| {
        let probes = a_day(origin.pace.interval).saturating_mul(vantages(config, origin));
        probes.saturating_mul(1_000) / run(origin).max(1)
    })
}
