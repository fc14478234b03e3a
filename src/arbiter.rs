//! The engine of the one Arbiter object: `step(event, now) -> effects`.
//!
//! It holds the votes, weighs them, and is the only writer of verdicts. What must survive is handed
//! out as rows to persist before anything is published. How fresh votes are is written sparingly.
//! After a restart a vote may look older than it is, but never younger. It does not look so old
//! that it would expire before the next one comes.

mod doubt;
mod durations;
mod edits;
mod heartbeats;
mod incidents;
mod intake;
mod memories;
mod notifications;
mod presence;
mod publication;
mod settling;
mod stored;
mod trust;
mod view;
mod votes;
mod weighing;

use std::collections::BTreeMap;

use crate::change::{Changes, Errand, Gathered, Looked as ChangeLooked};
use crate::config::{Config, Hint};
use crate::defaults::arbiter::{POKE_EVERY, ROUNDS, SOONEST};
use crate::defaults::heartbeat::AWAY;
use crate::history::Window;
use crate::notify::{Answer, Delivery};
use crate::purge::{AtCdn, Cleared};
use crate::snapshot::{Followed, Part, Snapshot, Transition};
use crate::traffic::{self, Sums};
use crate::units::{Fingerprint, Millis, Name, OriginId, Timestamp};
use crate::vote::Report;
use crate::writes::{Ledger, Outcome, Write};

use doubt::Looked;
use durations::Durations;
use heartbeats::Heartbeats;
use incidents::Touched;
use intake::Taken;
pub use memories::Memories;
use notifications::Notifier;
use presence::Watch;
use publication::Publication;
use settling::CurrentPoolVerdict;
use stored::Left;
pub use stored::{EVENTS_KEPT, Row, SCHEMA_VERSION, Table};
#[cfg(test)]
use stored::{PoolRow, ShardRow};
use votes::Voting;
use weighing::{CurrentVerdict, Moved, Verdicts};

/// What happens to the Arbiter.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A vantage reports.
    Reported(Report),
    /// Its alarm rang, or cron or a reader woke it.
    Woken,
    /// A job reports by itself; its token was verified.
    Beat(OriginId),
    /// Live requests found an origin wanting.
    OriginSuspected(OriginId),
    /// An attempt to send a message came to its end.
    Answered(Answer),
    /// Somebody who may changes something.
    Written(Write),
    /// The same that begins a change of the service, with what vantages say of the time before.
    Started(Write, Gathered),
    /// What vantages said of a change.
    Looked(ChangeLooked),
    /// What became of a CDN's copies, by the number of the purge in the audit log.
    Cleared(u64, AtCdn),
}

/// How to reach a vantage object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectName {
    /// The object's name.
    pub name: String,
    /// Where it is to be created.
    pub hint: Hint,
}

/// What is to be done, in this order.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Store these rows in one transaction; it must land before a later effect.
    Persist(Vec<Row>),
    /// Make the rows of history that this changes, and store them in one transaction with the rows
    /// before them; it must land before a later effect.
    Remember(Memories),
    /// Write this summary to KV, as the last known good.
    Publish(Snapshot),
    /// Tell whoever follows this pool that it has this revision.
    Push {
        /// The pool.
        pool: Name,
        /// Its revision.
        revision: u64,
    },
    /// Tell whoever follows all pools that they have this revision together.
    PushAll(u64),
    /// Log that a verdict changed.
    Changed(Transition),
    /// Log that a message was given up.
    GivenUp(Transition),
    /// Send a message, and say what became of it.
    Deliver(Delivery),
    /// Tell the sender that its report was overtaken: a later one, of this sequence number, is
    /// known.
    Superseded(u64),
    /// Tell who wrote what became of it.
    Wrote(Outcome),
    /// Ask vantages for samples, and say what came of it ([`Arbiter::look`]).
    Gather(Errand),
    /// Wake this vantage object: it has never reported under this configuration, or is silent.
    Arm(ObjectName),
    /// Have this vantage object look at these origins of its own at once, and a few times more in
    /// short order.
    ProbeNow(ObjectName, Vec<OriginId>),
    /// Ring at this time.
    WakeAt(Timestamp),
}

/// The state of the Arbiter. Each part is written by its own file alone; [`Arbiter::step`] composes
/// them.
#[derive(Clone, Debug)]
pub struct Arbiter {
    config: Config,
    voting: Voting,
    verdicts: Verdicts,
    watch: Watch,
    heartbeats: Heartbeats,
    notifier: Notifier,
    publication: Publication,
    ledger: Ledger,
    cleared: Cleared,
    changes: Changes,
    traffic: Sums,
    durations: Durations,
    /// When the vantages were last made to look at an origin.
    looked: BTreeMap<OriginId, Looked>,
    events: Vec<Transition>,
    /// Rows of shards that left the file long ago.
    left: Vec<Left>,
    alarm: Option<Timestamp>,
    /// When this state was made.
    began: Timestamp,
    /// When somebody last looked, as far as is known.
    awake: Option<Timestamp>,
    /// The latest time it was told.
    latest: Timestamp,
    /// What is stored is later than the clock, which stepped back.
    set_back: bool,
}

/// What an event came to, besides what is evaluated after every one.
#[derive(Default)]
struct Folded {
    rows: Vec<Row>,
    /// The sequence number that is known, of a report that was overtaken.
    superseded: Option<u64>,
    /// Who is to look at once.
    hurried: Vec<Effect>,
    /// Origins of which a vantage saw something new.
    turned: Vec<OriginId>,
    /// What became of an edit.
    outcome: Option<Outcome>,
}

/// A bound where nothing is to come.
const NEVER: Timestamp = Timestamp::from_millis(u64::MAX);

impl Arbiter {
    /// The state under `config`, from what was stored. Rows that are not understood or no longer
    /// named are left out.
    #[must_use]
    pub fn new(config: Config, rows: &[Row], now: Timestamp) -> Self {
        let mut arbiter = Self {
            voting: Voting::of(&config),
            verdicts: Verdicts::default(),
            watch: Watch::of(&config),
            heartbeats: Heartbeats::of(&config),
            notifier: Notifier::new(&config),
            publication: Publication::default(),
            ledger: Ledger::default(),
            cleared: Cleared::default(),
            changes: Changes::default(),
            traffic: Sums::default(),
            durations: Durations::default(),
            looked: BTreeMap::new(),
            events: Vec::new(),
            left: Vec::new(),
            alarm: None,
            began: now,
            awake: None,
            latest: now,
            set_back: false,
            config,
        };
        for row in rows {
            arbiter.restore(row);
        }
        // Rows of events come oldest first.
        arbiter.events.reverse();
        arbiter.verdicts.complete(&arbiter.config, now);
        // What is stored may speak of a later time than the clock shows, if that stepped back.
        let stored = arbiter.voting.latest().max(arbiter.watch.latest());
        // Whoever judged a job, or saw a verdict turn, looked then, whether vantages reported or
        // not.
        let turned = arbiter.events.first().map(|event| event.at);
        arbiter.awake = stored.max(arbiter.heartbeats.looked()).max(turned);
        arbiter.latest = stored.unwrap_or_default().max(now);
        arbiter.mind_the_clock(now);
        arbiter.latest = now;
        arbiter
    }

    /// The fingerprint of the configuration that this state was made for.
    #[must_use]
    pub const fn config(&self) -> Fingerprint {
        self.config.hash
    }

    /// The revision of what is followed: a pool's, 0 before it is settled for the first time, or
    /// the sum of all.
    #[must_use]
    pub fn revision(&self, followed: &Followed) -> u64 {
        let of = |pool: &Name| self.verdicts.revision(pool);
        match followed {
            Followed::One(pool) => of(pool),
            Followed::All => self.config.pools.iter().fold(0, |sum, pool| sum.saturating_add(of(&pool.name))),
        }
    }

    /// Folds an event in.
    pub fn step(&mut self, event: Event, now: Timestamp) -> Vec<Effect> {
        if now < self.latest {
            self.mind_the_clock(now);
        }
        self.latest = now;
        let mut memories = Memories { away: self.away(now), ..Memories::default() };
        let mut rows = self.kept_anew();
        let beat = if let Event::Beat(id) = &event { Some(id) } else { None };
        self.listen(beat, now, &mut rows);
        let folded = self.fold(event, &mut memories, now);
        rows.extend(folded.rows);
        let Moved { transitions, pools, .. } = self.evaluate(now, &mut rows);
        memories.observed =
            self.observed(&Touched { pools: &pools, transitions: &transitions, turned: &folded.turned }, now);
        let looks = self.watch.is_to_be_looked_at(now);
        let (given_up, deliveries) = self.tell(looks, &mut rows, now);
        self.note(transitions.iter().chain(&given_up), &mut rows);
        if !transitions.is_empty() {
            rows.extend(self.publication.changed());
        }
        let publish = self.publication.due(self.config.hash, now) <= now;
        if publish {
            rows.push(self.publication.publish(self.config.hash, now));
        }
        let mut effects = Vec::new();
        if !rows.is_empty() {
            effects.push(Effect::Persist(rows));
        }
        memories.transitions.clone_from(&transitions);
        if !memories.is_empty() {
            effects.push(Effect::Remember(memories));
        }
        if publish {
            effects.push(Effect::Publish(self.snapshot(&Part::Summary, now)));
        }
        let revised = self.verdicts.take_revised();
        let all = (!revised.is_empty()).then(|| Effect::PushAll(self.revision(&Followed::All)));
        effects.extend(revised.into_iter().map(|(pool, revision)| Effect::Push { pool, revision }));
        effects.extend(all);
        effects.extend(transitions.into_iter().map(Effect::Changed));
        effects.extend(given_up.into_iter().map(Effect::GivenUp));
        effects.extend(deliveries);
        effects.extend(folded.superseded.map(Effect::Superseded));
        effects.extend(folded.outcome.map(Effect::Wrote));
        effects.extend(self.watch.arm_silent(now));
        effects.extend(folded.hurried);
        effects.extend(self.errand(now));
        effects.extend(self.wake(now));
        effects
    }

    /// Folds in what is of the event alone; what is to be remembered of it.
    fn fold(&mut self, event: Event, memories: &mut Memories, now: Timestamp) -> Folded {
        let mut folded = Folded::default();
        let edited = match event {
            Event::Reported(mut report) => {
                memories.rollups = intake::handed_on(&mut report);
                let handed = self.handed(&report, memories, &mut folded.rows, now);
                folded.superseded = self.superseded(&report);
                let by = intake::sender(&report);
                let Taken { row, turned } = self.take(report, handed, now);
                folded.rows.extend(row);
                folded.hurried = self.share_doubts(&by.vantage, &turned, now);
                folded.hurried.extend(self.measure_more(&by, now));
                folded.turned = turned;
                return folded;
            }
            Event::OriginSuspected(id) => {
                folded.hurried = self.doubt(&id, now);
                return folded;
            }
            Event::Answered(answer) => {
                self.answered(answer, now);
                return folded;
            }
            Event::Woken | Event::Beat(_) => return folded,
            Event::Written(write) if !write.edit.is_of_changes() => {
                (folded.outcome, memories.note) = self.written(&write, now, &mut folded.rows);
                return folded;
            }
            Event::Written(write) => self.edited(&write, None, now),
            Event::Started(write, gathered) => self.edited(&write, Some(&gathered), now),
            Event::Looked(looked) => self.looked(looked, now),
            Event::Cleared(version, at_cdn) => self.cleared_at(version, at_cdn),
        };
        memories.changed = edited.history;
        Folded { rows: edited.rows, outcome: edited.outcome, ..folded }
    }

    /// The rows of all shards, once the clock was set back: what they say of time is of another.
    fn kept_anew(&mut self) -> Vec<Row> {
        if !std::mem::take(&mut self.set_back) {
            return Vec::new();
        }
        let shards = self.watch.keep_all(&self.voting);
        shards.iter().map(|key| self.shard_row(key)).collect()
    }

    /// What stands, for an isolate that says what it counted of the requests that it passed on.
    pub fn read(&mut self, part: &Part, counted: Option<&traffic::Step>, now: Timestamp) -> Snapshot {
        if let Some(step) = counted {
            self.traffic.take(&self.config, step);
        }
        self.snapshot(part, now)
    }

    /// A clock that stepped back must not keep votes alive for longer than their time: each stays
    /// as old as it was. That is stored, because an object that is made anew cannot see any more
    /// that the clock stepped back.
    fn mind_the_clock(&mut self, now: Timestamp) {
        let back = self.latest.since(now);
        self.set_back |= back > Millis::ZERO;
        self.began = self.began.min(now);
        self.notifier.set_back(back);
        self.voting.set_back(back, now);
        self.watch.set_back(back, now);
        self.verdicts.set_back(now);
        self.changes.set_back(now);
        self.alarm = None;
    }

    /// The time in which nobody looked, if it was long: what was known expires in it.
    fn away(&mut self, now: Timestamp) -> Option<Window> {
        let looked = self.awake.replace(now)?;
        let lives = self.config.pools.iter().map(|pool| pool.vote_ttl).max().unwrap_or_default();
        let expired = looked.plus(lives);
        (now.since(expired) > AWAY).then_some(Window { from: expired, to: now })
    }

    /// Keeps what happened as the latest events.
    fn note<'a>(&mut self, transitions: impl Iterator<Item = &'a Transition>, rows: &mut Vec<Row>) {
        for transition in transitions {
            rows.push(Row::event(transition));
            self.events.insert(0, transition.clone());
        }
        self.events.truncate(EVENTS_KEPT);
    }

    /// Rings when the next verdict may change by time alone, and at least every [`ROUNDS`]. Only an
    /// earlier time than the one already set is worth a write.
    fn wake(&mut self, now: Timestamp) -> Option<Effect> {
        let publication = self.publication.due(self.config.hash, now);
        let times = [self.verdicts.unmoved_until(), self.watch.silence_at(), self.notifier.next, publication];
        let times = times.into_iter().chain(self.changes.due());
        let next = times.filter(|at| *at > now).min().unwrap_or_else(|| now.plus(ROUNDS));
        let next = next.min(now.plus(ROUNDS)).max(now.plus(SOONEST));
        if self.alarm.is_some_and(|set| set > now && set <= next) {
            return None;
        }
        self.alarm = Some(next);
        Some(Effect::WakeAt(next))
    }
}

#[cfg(test)]
mod tests;
