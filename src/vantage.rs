//! The engine of one vantage object: `step(event, now) -> effects`.
//!
//! An alarm starts what is due, in at most [`SLOTS`] slots; samples are folded into tallies as they
//! arrive. A change of opinion is reported at once, everything else when nothing is under way any
//! more; what the Arbiter did not confirm goes out again with the next alarm. Memory is a cache:
//! what [`Effect::Persist`] stored is the truth, one row per shard, written only when a counter
//! changed. A probe that is lost with the object is no evidence, and its answer, should it come
//! after all, is nobody's.

mod allowance;
mod busy;
mod connect;
mod origin_check;
mod recorder;
mod self_check;
mod stored;
mod tick;
mod withheld;

use std::collections::BTreeMap;
use std::collections::VecDeque;

use crate::config::{Config, Daily, Origin, OriginUrl};
use crate::defaults::vantage::IDLE;
use crate::history::{BUCKET, Fact};
use crate::probe::ReferenceResult;
use crate::sample::{Evidence, Sample};
use crate::schedule::{SLOTS, Shard, Slots, TickLimit};
use crate::units::{Fingerprint, Millis, Name, OriginId, Timestamp};
use crate::vote::{Fast, REPORT_VERSION, Report};
use allowance::Allowance;
use busy::{BusyTime, Stretch};
pub use connect::ConnectNote;
use origin_check::OriginCheck;
use recorder::Recorder;
pub use recorder::{MARK, RING_TABLE, RingRow};
use self_check::SelfCheck;
use stored::{StoredTally, StoredV1};

/// What happens to a vantage.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// Its alarm rang.
    Alarm,
    /// The probe of this origin that was sent with this ticket came back.
    Sampled(OriginId, u64, Sample),
    /// The reference that was asked with this ticket answered, or did not.
    ReferenceChecked(u64, ReferenceResult),
    /// The Arbiter took the report of this sequence number.
    Delivered(u64),
    /// The Arbiter has every rollup of this life of the ring up to this number.
    HandedOn(u64, u64),
    /// The Arbiter refused a report: it knows one of this sequence number.
    Superseded(u64),
    /// Live requests found this origin wanting: it is to be looked at at once.
    OriginSuspected(OriginId),
}

/// What is to be done, in this order.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Ring again at this time. Comes first, so that nothing that fails later stops the watch.
    WakeAt(Timestamp),
    /// Store this text; it must land before a later effect. If it does not, this state says more
    /// than is stored: it must be thrown away and made anew.
    Persist(String),
    /// Store this row of the ring; it must land before a later effect, like [`Effect::Persist`].
    Keep(RingRow),
    /// Send the probe of this origin, and give the ticket back with the sample. If that is true, it
    /// opens a connection of its own as well.
    Probe(OriginId, u64, bool),
    /// Ask this reference, and give the ticket back with what it said.
    CheckReference(OriginUrl, u64),
    /// Send this to the Arbiter.
    Report(Report),
    /// A sample to be logged: the origin and what the sample proved.
    Observed(OriginId, Evidence),
    /// Something is to be logged of the connections that probes of this origin open.
    Connections(OriginId, ConnectNote),
    /// The schedule slipped: how late a probe started, and slots that passed without one. To be
    /// logged.
    Slipped(Millis, u64),
}

/// The state of one shard of one vantage.
#[derive(Clone, Debug)]
pub struct Prober {
    vantage: Name,
    shard: String,
    config: Fingerprint,
    checks: BTreeMap<OriginId, OriginCheck>,
    waiting: VecDeque<OriginId>,
    self_check: SelfCheck,
    recorder: Recorder,
    allowance: Allowance,
    busy: Option<BusyTime>,
    /// Since when it is busy, if it is.
    begun: Option<Stretch>,
    limit: TickLimit,
    ticket: u64,
    seq: u64,
    lag: Millis,
    queued: Millis,
    missed: u64,
    alarm: Option<Timestamp>,
    dirty: bool,
}

/// What one object of a vantage has to do.
#[derive(Clone, Copy, Debug)]
pub struct Duty<'a> {
    /// The configuration that it runs.
    pub config: &'a Config,
    /// The vantage.
    pub vantage: &'a Name,
    /// The origins that are its.
    pub shard: &'a Shard<'a>,
    /// What it may use in a day of UTC; none where nothing is limited by the day.
    pub daily: Option<Daily>,
}

impl Prober {
    /// The state of a shard, with what was stored of it. Tallies of another definition begin
    /// afresh.
    #[must_use]
    pub fn new(duty: &Duty<'_>, stored: Option<&str>, now: Timestamp) -> Self {
        let Duty { config, vantage, shard, daily } = *duty;
        let mut stored = StoredV1::read(stored);
        let allowance = Allowance::new(daily.map(|daily| daily.fast_probes), stored.spent);
        let busy = BusyTime::new(daily, shard, stored.used);
        let recorder = recorder(shard, |_| None, now);
        let connects = config.connects();
        let checks = shard.origins.iter().enumerate().map(|(index, origin)| {
            let (slots, known) = (Slots::new(vantage, shard.turn(index)), stored.tallies.remove(&origin.id));
            (origin.id.clone(), OriginCheck::new(origin, slots, connects(origin), known))
        });
        let mut prober = Self {
            vantage: vantage.clone(),
            shard: shard.label(),
            config: config.hash,
            checks: checks.collect(),
            waiting: VecDeque::new(),
            recorder,
            self_check: SelfCheck::new(&config.references, stored.asked, stored.colo),
            allowance,
            busy,
            begun: None,
            limit: shard.limit,
            // Derived from the clock, so that no ticket of an earlier life is taken for one of
            // this.
            ticket: now.as_millis().saturating_mul(1_024),
            seq: 0,
            lag: Millis::ZERO,
            queued: Millis::ZERO,
            missed: 0,
            alarm: None,
            dirty: false,
        };
        let room = prober.room(now);
        prober.checks.values_mut().for_each(|check| check.resume(room, now));
        prober
    }

    /// The same with what is stored in the ring: `stored` gives the text of the row at a place.
    #[must_use]
    pub fn with_ring(
        mut self,
        duty: &Duty<'_>,
        stored: impl Fn(i32) -> Option<String>,
        now: Timestamp,
    ) -> Self {
        self.recorder = recorder(duty.shard, stored, now);
        self
    }

    /// The row of the ring that is not stored yet, if there is one.
    #[must_use]
    pub fn unkept(&self) -> Option<RingRow> {
        self.recorder.unkept()
    }

    /// The fingerprint of the configuration that this state was made for.
    #[must_use]
    pub const fn config(&self) -> Fingerprint {
        self.config
    }

    /// The origin of this name, if the shard probes it.
    #[must_use]
    pub fn origin(&self, id: &OriginId) -> Option<&Origin> {
        self.checks.get(id).map(|check| &check.origin)
    }

    /// Requests under way, late ones of earlier ticks among them.
    #[must_use]
    pub fn under_way(&self) -> usize {
        let probes = self.checks.values().filter(|check| check.under_way.is_some()).count();
        probes.saturating_add(usize::from(self.self_check.is_asking()))
    }

    /// When the next probe is due, never before `now`.
    #[must_use]
    pub fn next_due(&self, now: Timestamp) -> Timestamp {
        let room = self.room(now);
        let due = self.checks.values().map(|check| check.due(room, now)).min();
        due.unwrap_or_else(|| now.plus(IDLE)).max(now)
    }

    /// Folds an event in.
    pub fn step(&mut self, event: Event, now: Timestamp) -> Vec<Effect> {
        match event {
            Event::Alarm => self.alarm(now),
            Event::Sampled(id, ticket, sample) => self.sampled(&id, ticket, sample, now),
            Event::ReferenceChecked(ticket, referral) => self.referred(ticket, &referral, now),
            Event::Delivered(seq) => {
                for check in self.checks.values_mut() {
                    check.fresh = check.fresh.take().filter(|fresh| fresh.sent_as != Some(seq));
                }
                Vec::new()
            }
            Event::HandedOn(life, seq) => {
                self.recorder.handed_on(life, seq, now).map(Effect::Keep).into_iter().collect()
            }
            Event::Superseded(seq) => {
                // The next alarm sends again what was refused.
                self.seq = self.seq.max(seq);
                Vec::new()
            }
            Event::OriginSuspected(id) => {
                self.doubt(&id);
                let next = self.next_due(now);
                if self.alarm.is_some_and(|set| set <= next) {
                    return Vec::new();
                }
                self.alarm = Some(next);
                vec![Effect::WakeAt(next)]
            }
        }
    }

    /// Takes in that an origin is to be looked at by the alarm that comes next, at once.
    pub fn doubt(&mut self, id: &OriginId) {
        if let Some(check) = self.checks.get_mut(id) {
            check.doubt();
        }
    }

    /// Asks a reference, if there is reason to and a slot is free.
    fn ask(&mut self, doubt: bool, now: Timestamp) -> Option<Effect> {
        if self.under_way() >= SLOTS {
            return None;
        }
        let (ticket, before) = (self.next_ticket(), self.self_check.asked);
        let reference = self.self_check.ask(doubt, ticket, now)?;
        self.dirty |= self.self_check.asked != before;
        Some(Effect::CheckReference(reference, ticket))
    }

    const fn next_ticket(&mut self) -> u64 {
        self.ticket = self.ticket.saturating_add(1);
        self.ticket
    }

    /// Counts samples, starts what waited for their slots, and reports what is worth it.
    fn fold(
        &mut self,
        samples: Vec<(OriginId, Sample, Evidence)>,
        asked: Option<Effect>,
        now: Timestamp,
    ) -> Vec<Effect> {
        let (mut changed, mut observed, mut kept) = (false, Vec::new(), Vec::new());
        for (id, sample, evidence) in samples {
            let fact = |origin| Fact::of(origin, &sample, &evidence);
            kept.extend(self.recorder.add(&id, fact, now).map(Effect::Keep));
            if let Some(check) = self.checks.get_mut(&id) {
                let before = check.tally.clone();
                changed |= check.fold(&sample, &evidence, now);
                self.dirty |= check.tally != before;
            }
            observed.push(Effect::Observed(id, evidence));
        }
        let started = self.start_waiting(now);
        // Not even a reference that hangs holds back what is known.
        let over = self.checks.values().all(|check| !check.is_busy());
        if over {
            self.note_busy(now);
        }
        // A change of opinion does not wait for the others of its tick, as long as the day allows
        // for one more report.
        let at_once = changed && (over || self.allowance.is_left(now));
        if changed && !over && at_once {
            self.dirty |= self.allowance.spend(now);
        }
        let mut effects = Vec::new();
        // A sample that brought doubt moves the alarm forward, and one that ended it saves an alarm
        // for nothing.
        let next = self.next_due(now);
        if self.alarm.is_none_or(|set| next < set || changed && over) && self.alarm != Some(next) {
            self.alarm = Some(next);
            effects.push(Effect::WakeAt(next));
        }
        // One row for all samples of a tick, and never a report of what is not stored.
        if at_once || over {
            effects.extend(self.dirty().map(Effect::Persist));
        }
        kept.extend(if over { self.recorder.ended(next, now).map(Effect::Keep) } else { None });
        effects.extend(kept);
        effects.extend(observed);
        effects.extend(asked);
        effects.extend(started);
        let unsent = self
            .checks
            .values()
            .any(|check| check.fresh.as_ref().is_some_and(|fresh| fresh.sent_as.is_none()));
        let blind = self.checks.values().any(|check| check.blind.is_some());
        if at_once || (over && (unsent || blind)) {
            effects.extend(self.report(now).map(Effect::Report));
        }
        effects
    }

    /// The text to store, if anything in it changed.
    fn dirty(&mut self) -> Option<String> {
        std::mem::take(&mut self.dirty).then(|| self.stored())
    }

    /// What survives the object: counters and opinions, what was spent today, and where it is.
    #[must_use]
    pub fn stored(&self) -> String {
        let tallies = self.checks.iter().map(|(id, check)| {
            let (definition, tally) = (check.origin.definition, check.tally.clone());
            (id.clone(), StoredTally { definition, tally, connect: check.connects.stored() })
        });
        let stored = StoredV1 {
            tallies: tallies.collect(),
            spent: self.allowance.stored(),
            asked: self.self_check.asked,
            colo: self.self_check.colo.clone(),
            used: self.busy.and_then(|busy| busy.used),
            ..StoredV1::default()
        };
        stored.write()
    }

    /// For how many rollups a sample of an origin stands: until the next one comes.
    fn covers(&self, id: &OriginId) -> usize {
        let interval = self.checks.get(id).map_or(BUCKET, |check| check.origin.pace.interval);
        usize::try_from(interval.get().div_ceil(BUCKET.get())).unwrap_or(usize::MAX)
    }

    /// Fresh evidence that the Arbiter has not confirmed, and why there is none where there is
    /// none.
    fn report(&mut self, now: Timestamp) -> Option<Report> {
        // Derived from the clock so that it rises across lives of the object without a write.
        let seq = now.as_millis().max(self.seq.saturating_add(1));
        let (mut votes, mut blind) = (Vec::new(), BTreeMap::new());
        for (id, check) in &mut self.checks {
            votes.extend(check.vote(seq, now));
            if let Some(why) = &check.blind {
                blind.insert(id.clone(), why.clone());
            }
        }
        if votes.is_empty() && blind.is_empty() {
            return None;
        }
        self.seq = seq;
        let rollups = self.recorder.rollups(|id| self.covers(id));
        let lag = std::mem::replace(&mut self.lag, Millis::ZERO);
        let queued = std::mem::replace(&mut self.queued, Millis::ZERO);
        Some(Report {
            version: REPORT_VERSION,
            vantage: self.vantage.clone(),
            shard: self.shard.clone(),
            seq,
            config: self.config,
            lag,
            queued: (queued > Millis::ZERO).then_some(queued),
            missed: self.missed,
            colo: self.self_check.colo.clone(),
            votes,
            blind,
            fast: self.allowance.limit.map(|of| Fast { spent: self.allowance.spent_at(now), of }),
            rollups,
        })
    }
}

/// What is recorded of a shard, with what the ring has.
fn recorder(shard: &Shard<'_>, stored: impl Fn(i32) -> Option<String>, now: Timestamp) -> Recorder {
    let origins = shard.origins.iter().map(|origin| origin.id.clone()).collect();
    let shortest = shard.origins.iter().map(|origin| origin.pace.interval).min().unwrap_or_default();
    Recorder::new(origins, shortest, stored, now)
}

#[cfg(test)]
mod tests;
