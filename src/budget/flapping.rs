//! An origin that flaps from midnight to midnight → what that adds to a day.

use super::day::vantages;
use super::effect::{Counts, Effect};
use super::load::{self, a_day};
use super::{DAY_MS, ROUND_TRIP, USUAL};
use crate::config::{Config, Origin, Pool};
use crate::history::BUCKET;
use crate::units::Millis;
use crate::verdict;

/// Events of an origin that turns so fast that what stands is held: while the hold grows to its
/// longest.
const EVENTS_WHILE_HELD: u64 = 30;

/// An origin that flaps.
pub(super) struct Flapping<'a> {
    origin: &'a Origin,
    pool: Option<&'a Pool>,
    /// Whether its pool has an incident when it fails.
    falls: bool,
    vantages: u64,
    interval: Millis,
    fast: Millis,
    /// Ticks at the usual pace of one shard in a day.
    ticks: u64,
}

impl<'a> Flapping<'a> {
    pub(super) fn of(config: &'a Config, origin: &'a Origin, ticks: u64) -> Self {
        let (pace, pool) = (origin.pace, load::pool_of(config, origin));
        let alone = pool.is_some_and(|pool| pool.subjects().count() == 1);
        Self {
            origin,
            pool,
            falls: alone || config.incidents.on_warnings,
            vantages: vantages(config, origin),
            interval: pace.interval,
            fast: pace.fast_interval.min(pace.down_interval).min(pace.interval),
            ticks,
        }
    }

    /// It never decides, at all its vantages. Whatever a shard of another vantage may spend, others
    /// spend.
    pub(super) fn wavers(&self, allowance: Option<u64>, shards: u64, counts: &mut Counts) {
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
    pub(super) fn turns(&self, allowance: Option<u64>, shards: u64, counts: &mut Counts) {
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
        // live. What is stored with a rollup is stored all the same.
        let turns = rounds.saturating_mul(2);
        let kept = turns.saturating_mul(pool.vote_ttl.get() / 3).min(DAY_MS);
        let due = counts.of(Effect::ShardRow).saturating_mul(self.vantages) / shards.max(1);
        let rolled = a_day(BUCKET.max(self.interval)).saturating_mul(self.vantages);
        let spared =
            u128::from(due.saturating_sub(rolled)).saturating_mul(u128::from(kept)) / u128::from(DAY_MS);
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
        let told = rounds.saturating_mul(changes).min(events);
        counts.add(Effect::HistoryRow, told);
        if self.falls {
            // An incident: its row, and that of which are open. Both are read whenever a vote turns
            // or the verdict does.
            counts.add(Effect::HistoryRow, told.saturating_mul(2));
            let looks = turns.saturating_mul(self.vantages).saturating_add(rounds.saturating_mul(changes));
            counts.add(Effect::RowRead, looks.saturating_mul(2));
        }
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
pub(super) fn run(origin: &Origin) -> u64 {
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
