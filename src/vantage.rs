//! The engine of one vantage object: `step(event, now) -> effects`.
//!
//! An alarm starts what is due, in at most [`SLOTS`] slots; samples are folded into tallies as they arrive; a change of opinion
//! is reported at once, everything else when the tick is over. Memory is a cache: [`Watch::stored`] is the truth, one row per
//! shard, written only when a counter changed. A probe that is lost with the object is no evidence.

use std::collections::VecDeque;

use miniserde::{Deserialize, Serialize};

use crate::config::Origin;
use crate::json;
use crate::sample::{Evidence, Sample};
use crate::schedule::{SLOTS, Shard, Slots};
use crate::units::{Fingerprint, Map, Millis, Name, OriginId, Timestamp};
use crate::vote::{REPORT_VERSION, Report, Seen, Tally, Vote};

/// What happens to a vantage.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// Its alarm rang.
    Alarm,
    /// A probe of its came back.
    Sampled(OriginId, Sample),
    /// Nothing of this tick is under way any more, or the next slot has come.
    TickOver,
    /// The Arbiter took the report of this sequence number.
    Delivered(u64),
}

/// What is to be done, in this order.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Ring again at this time. Comes first, so that nothing that fails later stops the watch.
    WakeAt(Timestamp),
    /// Store this text; it must land before a later effect.
    Persist(String),
    /// Send the probe of this origin.
    Probe(OriginId),
    /// Send this to the Arbiter.
    Report(Report),
    /// A sample to be logged: the origin and what the sample proved.
    Observed(OriginId, Evidence),
}

/// The state of one shard of one vantage.
#[derive(Clone, Debug)]
pub struct Watch {
    vantage: Name,
    shard: String,
    config: Fingerprint,
    booths: Map<OriginId, Booth>,
    waiting: VecDeque<OriginId>,
    seq: u64,
    lag: Millis,
    missed: u64,
    written: String,
}

/// Everything about one origin at this vantage.
#[derive(Clone, Debug)]
struct Booth {
    origin: Origin,
    position: (usize, usize),
    tally: Tally,
    started: Option<Timestamp>,
    waiting: bool,
    under_way: bool,
    fresh: Option<Fresh>,
}

/// Evidence that the Arbiter has not taken yet.
#[derive(Clone, Debug)]
struct Fresh {
    observed: Timestamp,
    seen: Seen,
    sent_as: Option<u64>,
}

/// What is stored of a shard. Format version 1: fields are never renamed; new ones are an `Option`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct StoredV1 {
    version: u32,
    tallies: Map<OriginId, StoredTally>,
}

/// What is stored of an origin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct StoredTally {
    definition: Fingerprint,
    tally: Tally,
}

const STORED_VERSION: u32 = 1;

/// A slot that lies further back than this when an object comes to life without memory was either probed or missed; it is
/// not probed again.
const GRACE: Millis = Millis::from_secs(2);

/// How long past its deadline a probe may still come back before its slot is taken away.
const LOST_AFTER: Millis = Millis::from_secs(5);

impl Watch {
    /// The state of `shard`, with what was stored of it. Tallies of another definition begin afresh; text that is not
    /// understood is left out, for counters are rebuilt within a few probes.
    #[must_use]
    pub fn new(
        vantage: &Name,
        shard: &Shard<'_>,
        config: Fingerprint,
        stored: Option<&str>,
        now: Timestamp,
    ) -> Self {
        let mut tallies = stored
            .and_then(json::read::<StoredV1>)
            .filter(|stored| stored.version == STORED_VERSION)
            .map(|stored| stored.tallies)
            .unwrap_or_default();
        let total = shard.origins.len();
        let booths = shard.origins.iter().enumerate().map(|(index, origin)| {
            let tally = tallies
                .remove(&origin.id)
                .filter(|stored| stored.definition == origin.definition)
                .map(|stored| stored.tally)
                .unwrap_or_default();
            let mut booth = Booth {
                origin: (*origin).clone(),
                position: (index, total),
                tally,
                started: None,
                waiting: false,
                under_way: false,
                fresh: None,
            };
            booth.resume(vantage, now);
            (origin.id.clone(), booth)
        });
        let booths = booths.collect();
        Self {
            vantage: vantage.clone(),
            shard: shard.label(),
            config,
            booths,
            waiting: VecDeque::new(),
            seq: 0,
            lag: Millis::ZERO,
            missed: 0,
            written: stored.unwrap_or_default().to_owned(),
        }
    }

    /// The fingerprint of the configuration that this state was made for.
    #[must_use]
    pub const fn config(&self) -> Fingerprint {
        self.config
    }

    /// The origin of this name, if the shard probes it.
    #[must_use]
    pub fn origin(&self, id: &OriginId) -> Option<&Origin> {
        self.booths.get(id).map(|booth| &booth.origin)
    }

    /// Probes under way, stragglers of earlier ticks among them.
    #[must_use]
    pub fn under_way(&self) -> usize {
        self.booths.values().filter(|booth| booth.under_way).count()
    }

    /// When the next probe is due, never before `now`.
    #[must_use]
    pub fn next_due(&self, now: Timestamp) -> Timestamp {
        let due = self.booths.values().map(|booth| booth.due(&self.vantage, now)).min();
        due.unwrap_or_else(|| now.plus(Millis::from_secs(60))).max(now)
    }

    /// Folds an event in.
    pub fn step(&mut self, event: Event, now: Timestamp) -> Vec<Effect> {
        match event {
            Event::Alarm => self.alarm(now),
            Event::Sampled(id, sample) => self.sampled(&id, &sample, now),
            Event::TickOver => {
                // The alarm was set before the samples came: one that brought doubt moves it forward.
                let mut effects = vec![Effect::WakeAt(self.next_due(now))];
                effects.extend(self.report(now).map(Effect::Report));
                effects
            }
            Event::Delivered(seq) => {
                for (_, booth) in self.booths.iter_mut() {
                    booth.fresh = booth.fresh.take().filter(|fresh| fresh.sent_as != Some(seq));
                }
                Vec::new()
            }
        }
    }

    fn alarm(&mut self, now: Timestamp) -> Vec<Effect> {
        let mut due = Vec::new();
        for (id, booth) in &mut self.booths {
            booth.give_up_lost(now);
            // A start in the future means that the clock stepped back.
            booth.started = booth.started.map(|started| started.min(now));
            let slot = booth.due(&self.vantage, now);
            if booth.under_way || booth.waiting || slot > now {
                continue;
            }
            let late = now.since(slot);
            let interval = booth.tally.interval(&booth.origin.pace);
            if booth.started.is_some() {
                self.missed = self.missed.saturating_add(late.get() / interval.get().max(1));
                self.lag = self.lag.max(late);
            }
            due.push((slot, id.clone()));
            booth.started = Some(now);
            booth.waiting = true;
        }
        due.sort_unstable();
        self.waiting.extend(due.into_iter().map(|(_, id)| id));
        let starts = self.start_waiting(now);
        let mut effects = vec![Effect::WakeAt(self.next_due(now))];
        effects.extend(starts);
        effects
    }

    /// Starts what waits for a slot, as far as slots are free.
    fn start_waiting(&mut self, now: Timestamp) -> Vec<Effect> {
        let mut effects = Vec::new();
        while self.under_way() < SLOTS {
            let Some(id) = self.waiting.pop_front() else { break };
            if let Some(booth) = self.booths.get_mut(&id) {
                self.lag = self.lag.max(booth.started.map_or(Millis::ZERO, |due| now.since(due)));
                booth.started = Some(now);
                booth.waiting = false;
                booth.under_way = true;
                effects.push(Effect::Probe(id));
            }
        }
        effects
    }

    fn sampled(&mut self, id: &OriginId, sample: &Sample, now: Timestamp) -> Vec<Effect> {
        let evidence = sample.evidence();
        let mut effects = Vec::new();
        let mut changed = false;
        if let Some(booth) = self.booths.get_mut(id) {
            booth.under_way = false;
            changed = booth.tally.fold(&evidence, booth.origin.thresholds, now);
            if let Some(seen) = Seen::of(sample, &evidence) {
                booth.fresh = Some(Fresh { observed: now, seen, sent_as: None });
            }
        }
        if let Some(text) = self.unwritten() {
            effects.push(Effect::Persist(text));
        }
        effects.push(Effect::Observed(id.clone(), evidence));
        effects.extend(self.start_waiting(now));
        if changed {
            effects.extend(self.report(now).map(Effect::Report));
        }
        effects
    }

    /// The stored form, if it is not what was last written.
    fn unwritten(&mut self) -> Option<String> {
        let text = self.stored();
        if text == self.written {
            return None;
        }
        self.written.clone_from(&text);
        Some(text)
    }

    /// What survives the object: counters and opinions.
    #[must_use]
    pub fn stored(&self) -> String {
        let tallies = self.booths.iter().map(|(id, booth)| {
            (id.clone(), StoredTally { definition: booth.origin.definition, tally: booth.tally.clone() })
        });
        let stored = StoredV1 { version: STORED_VERSION, tallies: tallies.collect() };
        json::write(&stored)
    }

    /// Fresh evidence that the Arbiter has not confirmed, if there is any.
    fn report(&mut self, now: Timestamp) -> Option<Report> {
        // Derived from the clock so that it rises across lives of the object without a write.
        let seq = now.as_millis().max(self.seq.saturating_add(1));
        let mut votes = Vec::new();
        for (id, booth) in &mut self.booths {
            let Some(fresh) = &mut booth.fresh else { continue };
            fresh.sent_as = Some(seq);
            votes.push(Vote {
                origin: id.clone(),
                definition: booth.origin.definition,
                opinion: booth.tally.opinion,
                held: booth.tally.since.map_or(Millis::ZERO, |since| now.since(since)),
                age: now.since(fresh.observed),
                seen: fresh.seen.clone(),
            });
        }
        if votes.is_empty() {
            return None;
        }
        self.seq = seq;
        let lag = std::mem::replace(&mut self.lag, Millis::ZERO);
        Some(Report {
            version: REPORT_VERSION,
            vantage: self.vantage.clone(),
            shard: self.shard.clone(),
            seq,
            config: self.config,
            lag,
            missed: self.missed,
            colo: None,
            votes,
        })
    }
}

impl Booth {
    fn slots(&self, vantage: &Name, interval: Millis) -> Slots {
        Slots::new(vantage, self.position.0, self.position.1, interval)
    }

    /// When the next probe is due: the first slot at least half an interval after the last start, so that a change of pace
    /// never makes two probes fall together.
    fn due(&self, vantage: &Name, now: Timestamp) -> Timestamp {
        let interval = self.tally.interval(&self.origin.pace);
        let Some(started) = self.started else { return now };
        let settled = started.plus(Millis::new(interval.get() / 2));
        // Neither a straggler nor what waits for its turn is joined by a second probe; the next slot is one that is yet to come.
        let after = if self.under_way || self.waiting { settled.max(now) } else { settled };
        self.slots(vantage, interval).next(interval, after)
    }

    /// Frees the slot of a probe that never came back although its deadline is long past. It is no evidence.
    fn give_up_lost(&mut self, now: Timestamp) {
        let limit = self.origin.pace.timeout.plus(LOST_AFTER);
        if self.under_way && self.started.is_none_or(|started| now.since(started) > limit) {
            self.under_way = false;
        }
    }

    /// Decides, for an object that came to life without memory, whether the latest slot is still to be probed. An origin
    /// without a decided vote is probed at once.
    fn resume(&mut self, vantage: &Name, now: Timestamp) {
        if self.tally.in_doubt() {
            return;
        }
        let interval = self.tally.interval(&self.origin.pace);
        let slots = self.slots(vantage, interval);
        let grace = Millis::new((interval.get() / 4).min(GRACE.get()));
        let next = slots.next(interval, now.minus(grace));
        // Half an interval before the slot that may still be probed (or the next one), `due` finds exactly that slot.
        let wobble = Millis::new(interval.get() / 10);
        self.started = Some(next.minus(Millis::new(interval.get() / 2)).minus(wobble));
    }
}

#[cfg(test)]
mod tests;
