//! What a world does about jobs that report by themselves. It lets them report, lets nobody listen
//! for a while, and holds what stands of them to the laws. It knows when somebody listened.

use vedette::arbiter::{self, Effect as Verdicts};
use vedette::config::Config;
use vedette::snapshot::{PoolView, Snapshot};
use vedette::units::{OriginId, Timestamp};
use vedette::verdict::Status;

use super::{Happens, World};
use crate::jobs::{self, Habit, NAMES, Silenced};
use crate::laws;
use crate::laws::heartbeats::{Listening, Silence};
use crate::mutants::Mutant;
use crate::setup::{MINUTE, Ms, SECOND};

/// So often a job sends a heartbeat again that nobody confirmed.
const TRIES: u32 = 3;

/// What the world knows of its jobs.
pub(super) struct Watched {
    listening: Listening,
    jobs: Vec<Known>,
    /// Whether nobody can be heard, in the life of the Arbiter that is.
    deaf: bool,
}

/// What it knows of one of them.
struct Known {
    id: OriginId,
    subject: String,
    silence: Silence,
    /// How long it may be silent; nothing if it is not configured where the Arbiter listens.
    limit: Option<Ms>,
}

impl Watched {
    pub(super) fn new() -> Self {
        let known = |name: &&str| {
            let subject = format!("jobs/{name}");
            let id = OriginId::parse(&subject).unwrap();
            Known { id, subject, silence: Silence::default(), limit: None }
        };
        Self { listening: Listening::default(), jobs: NAMES.iter().map(known).collect(), deaf: false }
    }

    fn silences(&mut self) -> impl Iterator<Item = &mut Silence> {
        self.jobs.iter_mut().map(|known| &mut known.silence)
    }

    fn awaits_none(&self) -> bool {
        self.jobs.iter().all(|known| known.limit.is_none())
    }
}

impl World {
    /// Sets out what jobs do, and when nobody listens.
    pub(super) fn employ(&mut self) {
        let configured =
            std::iter::once(&self.setup.terms).chain(self.setup.deployments.iter().map(|(_, terms)| terms));
        if configured.into_iter().all(|terms| terms.jobs.all.is_empty()) {
            return;
        }
        for job in 0..NAMES.len() {
            let at = self.rng.u64(..3 * MINUTE);
            self.at(at, Happens::Works(job));
        }
        for span in self.setup.doings.silenced.clone() {
            self.at(span.from, Happens::Silences);
            self.at(span.until, Happens::Silences);
        }
    }

    /// A job's turn: it reports or not, and comes again.
    pub(super) fn works(&mut self, job: usize) {
        let terms = match self.version {
            0 => &self.setup.terms,
            later => &self.setup.deployments[later - 1].1,
        };
        let known = terms.jobs.all.iter().find(|known| known.name == NAMES[job]);
        let (period, limit) = known.map_or((MINUTE, MINUTE), |job| (job.period, job.limit()));
        let habit = if !self.mended {
            self.setup.doings.habit(job, self.now)
        } else if jobs::punctual_in_the_end(&self.setup, job) {
            Habit::Punctual
        } else {
            Habit::Silent
        };
        let (beats, pause) = match habit {
            Habit::Punctual => (1, self.rng.u64(period / 3..=period)),
            Habit::Late => (1, self.rng.u64(limit..=2 * limit)),
            Habit::Doubled => (3, self.rng.u64(period / 3..=period)),
            Habit::Silent => (0, period / 2),
        };
        for _ in 0..beats {
            let takes = self.rng.u64(20..2 * SECOND);
            self.at(self.now + takes, Happens::Beats(job, TRIES));
        }
        self.at(self.now + pause, Happens::Works(job));
    }

    /// A heartbeat arrives, and whoever sent it hears what became of it.
    pub(super) fn beats(&mut self, job: usize, tries: u32) -> Result<(), String> {
        let confirmed = !self.fault(|faults| &mut faults.report_lost)
            && self.hears_beat(job)?
            && !self.fault(|faults| &mut faults.answer_lost);
        if confirmed {
            self.tallies.beats += 1;
            self.watched.jobs[job].silence.confirmed(self.now);
        } else if tries > 1 {
            self.at(self.now + 5 * SECOND, Happens::Beats(job, tries - 1));
        }
        Ok(())
    }

    /// Whether a heartbeat was stored.
    fn hears_beat(&mut self, job: usize) -> Result<bool, String> {
        // Its token can be verified where it arrives before the Arbiter's object has the secret, or
        // after it lost it.
        let verified = self.silenced() != Some(Silenced::Deaf) || self.rng.u32(..4) == 0;
        if self.silenced() == Some(Silenced::Away) || !verified {
            return Ok(false);
        }
        if self.fault(|faults| &mut faults.evicted) {
            self.forget_arbiter();
        }
        self.awake();
        let id = self.watched.jobs[job].id.clone();
        // Another configuration runs there.
        if self.given[self.arbiter.version].heartbeat(&id).is_none() {
            return Ok(false);
        }
        let stored = self.evaluate(arbiter::Event::Beat(id))?;
        if !stored {
            self.watched.jobs[job].silence.perhaps(self.now);
        }
        Ok(stored || self.mutant == Some(Mutant::ConfirmedUnstored))
    }

    /// Why nobody listens just now, if nobody does.
    pub(super) fn silenced(&self) -> Option<Silenced> {
        self.setup.doings.silenced(self.now).map(|span| span.what).filter(|_| !self.mended)
    }

    /// Whether nothing reaches the Arbiter. What wakes it comes again when something does.
    pub(super) fn is_away(&self) -> bool {
        self.silenced() == Some(Silenced::Away)
    }

    /// Somebody ceases to listen, or begins to: secrets come with a deployment, and who was away
    /// may have lost its memory.
    pub(super) fn silences(&mut self) {
        self.changing.hinders(self.now);
        let deaf = self.silenced() == Some(Silenced::Deaf);
        if deaf || self.watched.deaf || self.rng.bool() {
            self.forget_arbiter();
        }
        if let Some(alarm) = self.arbiter.alarm.filter(|alarm| *alarm <= self.now) {
            self.at(self.now + SECOND, Happens::ArbiterRings(alarm));
        }
    }

    /// The Arbiter comes to life.
    pub(super) fn harks(&mut self, now: Timestamp) {
        self.watched.deaf = self.silenced() == Some(Silenced::Deaf);
        let right = &self.configs[self.arbiter.version];
        for known in &mut self.watched.jobs {
            known.limit = right.heartbeat(&known.id).map(|heartbeat| heartbeat.limit().get());
        }
        let why = "the secret KEY is not set".to_owned();
        let deaf = self.watched.deaf && self.mutant != Some(Mutant::HearsWithoutSecret);
        let given = &self.given[self.arbiter.version];
        self.changing.load(given, deaf.then(|| why.clone()), now);
        if let Some(engine) = self.arbiter.memory.as_mut().filter(|_| deaf) {
            engine.deafen(Some(why));
        }
    }

    /// The Arbiter has looked at the clock, and says what changed.
    pub(super) fn looks(&mut self, effects: &[Verdicts], beat: bool, shown: Timestamp) -> laws::Verdict {
        let (away, now) = (self.is_away() || self.watched.awaits_none(), self.now);
        let Watched { listening, jobs, deaf } = &mut self.watched;
        for known in jobs.iter_mut().filter(|known| known.limit.is_none()) {
            known.silence.dropped();
        }
        let awaited = jobs.iter_mut().filter_map(|known| Some((&mut known.silence, known.limit?)));
        if (beat || !*deaf) && !away {
            listening.looks(awaited, shown, now);
        }
        for effect in effects {
            let Verdicts::Changed(change) = effect else { continue };
            let known = jobs.iter().find(|known| known.subject == change.subject);
            let fails = known.filter(|_| change.to == Status::Fail);
            let Some((known, limit)) = fails.and_then(|known| Some((known, known.limit?))) else { continue };
            let pool = self.configs[self.arbiter.version].pool("jobs");
            let longest_hold = pool.map_or(0, |pool| pool.hold_down.get());
            known
                .silence
                .a_job_fails_for_silence_that_was_heard_only(limit, longest_hold, now)
                .map_err(|why| format!("{}: {why}", known.subject))?;
        }
        Ok(())
    }

    /// Whatever the Arbiter wanted stored after its look is stored.
    pub(super) fn keeps(&mut self, beat: Option<&OriginId>, shown: Timestamp) -> laws::Verdict {
        let (away, now) = (self.is_away(), self.now);
        let awaits_none = self.watched.awaits_none();
        let Watched { listening, jobs, deaf } = &mut self.watched;
        for known in jobs.iter_mut().filter(|known| known.limit.is_none()) {
            known.silence = Silence::default();
        }
        if awaits_none {
            return Ok(());
        }
        if (beat.is_some() || !*deaf) && !away {
            listening.keeps(jobs.iter_mut().map(|known| &mut known.silence), shown, now);
        }
        for known in jobs {
            let Some(limit) = known.limit else { continue };
            if beat == Some(&known.id) {
                known.silence.perhaps(now);
            }
            known
                .silence
                .what_stands_of_a_job_follows_from_its_silence(
                    self.ledger.stands(&known.subject),
                    limit,
                    *deaf,
                )
                .map_err(|why| format!("{}: {why}", known.subject))?;
        }
        Ok(())
    }

    /// What a reader is given of jobs is green no longer than it may be, and names nowhere that
    /// traffic should go.
    pub(super) fn shows_jobs(&self, snapshot: &Snapshot) -> laws::Verdict {
        let Some(pool) = snapshot.pools.iter().find(|pool| pool.is_of_heartbeats()) else { return Ok(()) };
        laws::hold(pool.chosen.is_none() && !pool.panic, || format!("traffic is sent to a job: {pool:?}"))?;
        for known in &self.watched.jobs {
            let (Some(view), Some(limit)) = (pool.origin(known.id.origin.as_str()), known.limit) else {
                continue;
            };
            if view.status_at(snapshot.taken_at) == Status::Pass {
                let left = view.valid_until.since(snapshot.taken_at).get();
                known.silence.no_copy_outlives_the_silence_that_is_allowed(left, limit)?;
            }
        }
        Ok(())
    }

    /// After the last fault each job is what it does.
    pub(super) fn ends_of_jobs(&self, config: &Config, pool: &PoolView, now: Timestamp) -> laws::Verdict {
        for (job, known) in self.watched.jobs.iter().enumerate() {
            let view =
                pool.origin(known.id.origin.as_str()).filter(|_| config.heartbeat(&known.id).is_some());
            let Some(view) = view else { continue };
            let punctual = jobs::punctual_in_the_end(&self.setup, job);
            known
                .silence
                .in_the_end_a_job_is_what_it_does(view.status_at(now), punctual)
                .map_err(|why| format!("{}: {why}", known.subject))?;
        }
        Ok(())
    }

    /// The Arbiter's clock jumped.
    pub(super) fn jumps_while_listening(&mut self) {
        let mut listening = self.watched.listening;
        listening.jumps(self.watched.silences(), self.now);
        self.watched.listening = listening;
    }
}
