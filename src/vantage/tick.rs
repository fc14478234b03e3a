//! One tick of a shard: what is due together begins with one alarm, a few probes at a time.

use super::busy::{Failing, Rest, Stretch};
use super::origin_check::Room;
use super::{Effect, Prober};
use crate::defaults::budget::USUAL;
use crate::defaults::vantage::LATE;
use crate::schedule::{self, SLOTS};
use crate::units::{Millis, OriginId, Timestamp};

/// An origin whose turn has come.
struct Due {
    slot: Timestamp,
    /// Its place among those of the same slot.
    order: u64,
    id: OriginId,
}

impl Prober {
    /// Begins what is due.
    pub(super) fn alarm(&mut self, now: Timestamp) -> Vec<Effect> {
        self.self_check.expire(now);
        let kept = self.recorder.begins(now).map(Effect::Keep);
        let due = self.due(now);
        let missed = self.queue(due, now);
        let slipped = (self.lag > LATE || missed > 0).then_some(Effect::Slipped(self.lag, missed));
        // What was not confirmed, and what late probes held back.
        let unconfirmed = self.checks.values().any(|check| check.fresh.is_some());
        let report = if unconfirmed { self.report(now) } else { None };
        let asked = self.ask(false, now);
        // What the probes spend is stored with what they find.
        let dirty = self.dirty();
        let started = self.start_waiting(now);
        let next = self.next_due(now);
        self.alarm = Some(next);
        let mut effects = vec![Effect::WakeAt(next)];
        effects.extend(dirty.map(Effect::Persist));
        effects.extend(kept);
        effects.extend(slipped);
        effects.extend(report.map(Effect::Report));
        effects.extend(asked);
        effects.extend(started);
        effects
    }

    /// What there is room for at `now`.
    pub(super) fn room(&self, now: Timestamp) -> Room {
        let rest = self.busy.map_or(Rest::None, |busy| busy.rest(now));
        Room { fast: rest == Rest::None && self.allowance.is_left(now), rest }
    }

    fn failing(&self) -> Failing {
        let failing = self.checks.values().filter(|check| check.fails()).count();
        Failing { failing, of: self.checks.len() }
    }

    /// Notes for how long it was busy, now that nothing is under way.
    pub(super) fn note_busy(&mut self, now: Timestamp) {
        let failing = self.failing();
        if let (Some(stretch), Some(busy)) = (self.begun.take(), &mut self.busy) {
            self.dirty |= busy.note(failing, stretch, now);
        }
    }

    /// What this tick begins, in its order: the earliest slot first. Whoever is nearly due joins,
    /// which saves an alarm and a report. What the limit does not allow stays due.
    fn due(&mut self, now: Timestamp) -> Vec<Due> {
        let room = self.room(now);
        let (mut due, mut is_tick) = (Vec::new(), false);
        for (id, check) in &mut self.checks {
            check.expire(now);
            let slot = check.due(room, now);
            if !check.begins(slot, room, now) {
                continue;
            }
            is_tick |= slot <= now;
            due.push(Due { slot, order: schedule::order(check.place, slot), id: id.clone() });
        }
        if !is_tick {
            return Vec::new();
        }
        due.sort_unstable_by_key(|due| (due.slot, due.order));
        let mut left = Some(self.limit);
        let within = |due: &&Due| {
            let origin = self.checks.get(&due.id).map(|check| &check.origin);
            left = left.zip(origin).and_then(|(left, origin)| left.without(origin));
            left.is_some()
        };
        let fitting = due.iter().take_while(within).count();
        // What exceeds the limit by itself is begun all the same: alone.
        due.truncate(fitting.max(1));
        due
    }

    /// Queues what is due; how many slots passed without a probe.
    fn queue(&mut self, due: Vec<Due>, now: Timestamp) -> u64 {
        let room = self.room(now);
        let (mut missed, mut latest) = (0_u64, Millis::ZERO);
        if due.is_empty() {
            return missed;
        }
        // Where one tick runs into the next there is no moment in which nothing is under way.
        if self.begun.is_some() {
            self.note_busy(now);
        }
        self.begun = Some(Stretch { begun: now, usual: schedule::tick_lasts(due.len() as u64, USUAL) });
        for Due { slot, id, .. } in due {
            let Some(check) = self.checks.get_mut(&id) else { continue };
            if check.has_begun() {
                let late = now.since(slot);
                missed = missed.saturating_add(late.get() / check.interval(room).get().max(1));
                latest = latest.max(late);
            }
            check.wait(now);
            self.waiting.push_back(id);
        }
        self.allowance.ticked(latest > LATE, now);
        self.lag = self.lag.max(latest);
        self.missed = self.missed.saturating_add(missed);
        missed
    }

    /// Starts what waits for a slot, as far as slots are free.
    pub(super) fn start_waiting(&mut self, now: Timestamp) -> Vec<Effect> {
        let mut effects = Vec::new();
        while self.under_way() < SLOTS {
            let Some(id) = self.waiting.pop_front() else { break };
            let ticket = self.next_ticket();
            let Some(check) = self.checks.get_mut(&id) else { continue };
            self.queued = self.queued.max(check.start(ticket, now));
            if self.allowance.is_left(now) && check.is_fast() {
                self.dirty |= self.allowance.spend(now);
            }
            let connects = check.connects(now);
            effects.push(Effect::Probe(id, ticket, connects));
        }
        effects
    }
}
