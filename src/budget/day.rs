//! A configuration and what its origins do → how often a day has each effect.
//!
//! A day at rest is counted along its slots. On the worst days one origin, of all the one that
//! costs most, flaps from midnight to midnight; what several do comes to little more, because a
//! shard's fast probes are counted whoever needs them.

use super::effect::{Counts, Effect};
use super::flapping::{Flapping, run};
use super::load::{self, Load, a_day};
use super::resting;
use super::told::Told;
use super::walk::walk;
use super::{CONNECTION, DAY_MS, USUAL};
use crate::config::{Config, Heartbeat, Origin, Plan, Retention};
use crate::defaults::arbiter::{A_DAY, AGAIN};
use crate::defaults::vantage::{KEEP_EVERY, LET_GO_AFTER};
use crate::history::{BUCKET, SWEPT_AT_ONCE};
use crate::limits::EVENTS_SHOWN;
use crate::units::Millis;

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

/// Attempts a day at a receiver that is down all day.
const RETRIES: u64 = 150;

/// Rows that a vantage reads that is made anew: its own, and three of its ring.
const RING_READ: u64 = 4;

/// The most writes to KV in a day, and those of a day without a change.
const KV_MOST: u64 = A_DAY as u64;
const KV_LEAST: u64 = Millis::DAY.get() / AGAIN.get();

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
        forgets(load, &config.history, &mut counts);
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

/// What is kept for less than usual is looked for, and taken away once each.
fn forgets(load: &Load, retention: &Retention, counts: &mut Counts) {
    if retention.is_usual() {
        return;
    }
    let rollups = a_day(BUCKET.max(shortest(load)));
    let shorter = |kept: Millis, usual: Millis| u64::from(kept < usual);
    let usual = Retention::USUAL;
    let of_shard =
        shorter(retention.minutes, usual.minutes).saturating_add(shorter(retention.hours, usual.hours));
    // A day is one row for all vantages; that it counts for each is little.
    let of_origins = load.beats.iter().map(|beat| beat.origins).fold(0, u64::saturating_add);
    let gone = of_shard
        .saturating_mul(24)
        .saturating_add(of_origins.saturating_mul(shorter(retention.days, usual.days)));
    // One row at most with each rollup.
    counts.add(Effect::HistoryRow, gone.min(rollups).saturating_mul(load.shards));
    counts.add(Effect::RowRead, rollups.saturating_mul(SWEPT_AT_ONCE).saturating_mul(load.shards));
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
