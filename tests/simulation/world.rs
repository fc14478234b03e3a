//! A world: objects, origins and readers on one virtual clock, and everything that goes wrong
//! between them.
//!
//! It follows from its seed alone. Each step is held to the laws (`tests/laws`) by what the world
//! itself knows of the truth.

mod changing;
mod happens;
mod jobs;
mod judging;
mod reading;
mod vantages;

use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, BinaryHeap};
use std::rc::Rc;

use fastrand::Rng;
use vedette::arbiter::{self, Effect as Verdicts, Memories, Row};
use vedette::budget;
use vedette::change::{Errand, Gathered};
use vedette::config::{Config, Daily, Deployment};
use vedette::json;
use vedette::notify::{Answer, Delivery, Outcome};
use vedette::probe::ReferenceResult;
use vedette::sample::{Evidence, Sample};
use vedette::snapshot::Snapshot;
use vedette::units::{Name, OriginId, Timestamp};
use vedette::vantage::{self, Effect as Probing};
use vedette::verdict::Status;
use vedette::vote::Report;
use vedette::writes::Write;

use crate::changes::Doing;
use crate::history::History;
use crate::laws::Steps;
use crate::ledger::{self, Ledger};
use crate::mutants::Mutant;
use crate::objects::{ArbiterObject, VantageObject};
use crate::origins;
use crate::readers;
use crate::receivers::Receivers;
use crate::setup::{Conduct, Faults, HOUR, MINUTE, Ms, SECOND, Setup};
use crate::twins;
use changing::Changing;
use happens::{Due, Happens};
use jobs::Watched;

/// Where the virtual clock begins.
const EPOCH: Ms = 1_700_000_000_000;

/// A law that was broken, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    pub law: String,
    pub at: Ms,
    pub step: u64,
}

/// What a run came to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tallies {
    pub steps: u64,
    pub samples: u64,
    pub reports: u64,
    pub transitions: u64,
    pub answers: u64,
    /// Faults that happened, by kind.
    pub faults: Faults,
    /// Orders of arrival that were tried, and states that were made anew from what is stored.
    pub orders: u64,
    pub rebuilt: u64,
    /// Attempts to send a message.
    pub messages: u64,
    /// Heartbeats that were confirmed.
    pub beats: u64,
    /// Changes that were acknowledged, judgements of them, and steps that ended in none.
    pub changes: u64,
    pub looks: u64,
    pub looks_in_steps: u64,
}

/// The world.
pub struct World {
    pub setup: Setup,
    /// What is right, by deployment, and what the engines are given: a mutant may differ.
    configs: Vec<Rc<Config>>,
    given: Vec<Config>,
    /// What a shard may use in a day, by deployment.
    daily: Vec<Option<Daily>>,
    pub mutant: Option<Mutant>,
    rng: Rng,
    pub now: Ms,
    queue: BinaryHeap<Reverse<Due>>,
    sequence: u64,
    version: usize,
    vantages: Vec<VantageObject>,
    arbiter: ArbiterObject,
    /// Clocks against the world's, by place; the last is the Arbiter's.
    clocks: Vec<i64>,
    /// When one of them last jumped.
    jumped: Ms,
    ledger: Ledger,
    copies: Vec<Snapshot>,
    receivers: Receivers,
    /// The sequence number that the Arbiter knows of the sender of an overtaken report.
    superseded: Option<u64>,
    /// The rollup that it told the sender it has.
    handed_on: Option<(u64, u64)>,
    history: History,
    started: BTreeMap<(usize, OriginId), Ms>,
    steps: BTreeMap<(usize, OriginId), Steps>,
    /// What each origin does after the last fault, once it is asked.
    settled: BTreeMap<OriginId, Conduct>,
    watched: Watched,
    changing: Changing,
    mended: bool,
    pub tallies: Tallies,
    /// Lines of what happens, if somebody wants to read them.
    pub trace: Option<Vec<String>>,
}

impl World {
    pub fn new(setup: Setup, mutant: Option<Mutant>) -> Self {
        let terms = std::iter::once(&setup.terms).chain(setup.deployments.iter().map(|(_, terms)| terms));
        let (mut configs, mut given, mut daily) = (Vec::new(), Vec::new(), Vec::new());
        for terms in terms {
            let Deployment { config, daily: allowed } = budget::deployment(terms.config());
            let right = Rc::new(config);
            given.push(Mutant::config(mutant, Config::clone(&right), configs.first().map(AsRef::as_ref)));
            daily.push(allowed);
            configs.push(right);
        }
        let mut rng = Rng::with_seed(setup.seed ^ 0x5eed);
        let jumpy = setup.faults.clocks > 0;
        let mut clock = || if jumpy { rng.i64(-60_000..60_000) } else { 0 };
        let clocks = (0..5).map(|_| clock()).collect();
        let mut world = Self {
            ledger: Ledger::new(setup.deployments.is_empty()),
            configs,
            given,
            daily,
            mutant,
            rng,
            now: 0,
            queue: BinaryHeap::new(),
            sequence: 0,
            version: 0,
            vantages: Vec::new(),
            arbiter: ArbiterObject::default(),
            clocks,
            jumped: 0,
            copies: Vec::new(),
            receivers: Receivers::new(setup.seed),
            superseded: None,
            handed_on: None,
            history: History::default(),
            started: BTreeMap::new(),
            steps: BTreeMap::new(),
            settled: BTreeMap::new(),
            watched: Watched::new(),
            changing: Changing::new(setup.changes.len()),
            mended: false,
            tallies: Tallies::default(),
            trace: None,
            setup,
        };
        world.at(0, Happens::Cron);
        world.at(20 * SECOND, Happens::Read);
        world.at(world.setup.length, Happens::Mends);
        for (place, (at, _)) in world.setup.deployments.clone().into_iter().enumerate() {
            world.at(at, Happens::Deploys(place + 1));
        }
        if jumpy {
            world.at(world.setup.length / 4, Happens::Jumps);
        }
        world.employ();
        world.intends();
        world
    }

    /// Runs to the end, or until a law breaks.
    pub fn run(&mut self) -> Result<(), Broken> {
        let end = self.setup.length + self.settling();
        while let Some(Reverse(Due(at, _, happens))) = self.queue.pop() {
            if at > end {
                break;
            }
            self.now = at;
            self.tallies.steps += 1;
            if let Some(trace) = &mut self.trace {
                trace.push(format!("{at:>9} {}", happens.told()));
            }
            self.happen(happens).map_err(|law| Broken { law, at: self.now, step: self.tallies.steps })?;
        }
        self.now = end;
        self.ends().map_err(|law| Broken { law, at: self.now, step: self.tallies.steps })
    }

    /// How long it needs to come to itself.
    fn settling(&self) -> Ms {
        let later = self.setup.deployments.iter().map(|(_, terms)| terms);
        let all = std::iter::once(&self.setup.terms).chain(later);
        let settling = all.map(|terms| terms.settling().max(terms.jobs.settling())).max().unwrap_or(0);
        // The longest pause between two attempts, and what is gathered behind.
        settling.max(20 * MINUTE)
    }

    fn at(&mut self, at: Ms, happens: Happens) {
        self.sequence += 1;
        self.queue.push(Reverse(Due(at, self.sequence, happens)));
    }

    /// Whether a fault of this kind happens, by its chance in a thousand.
    fn fault(&mut self, kind: fn(&mut Faults) -> &mut u32) -> bool {
        let chance = *kind(&mut self.setup.faults);
        let happens = !self.mended && chance > 0 && self.rng.u32(..1_000) < chance;
        *kind(&mut self.tallies.faults) += u32::from(happens);
        happens
    }

    fn clock(&self, place: usize) -> Timestamp {
        Timestamp::from_millis((EPOCH + self.now).saturating_add_signed(self.clocks[place]))
    }

    fn arbiter_clock(&self) -> Timestamp {
        self.clock(self.clocks.len() - 1)
    }

    /// The moment of the world at which a clock shows this time.
    fn moment(&self, place: usize, shown: Timestamp) -> Ms {
        shown.as_millis().saturating_add_signed(-self.clocks[place]).saturating_sub(EPOCH).max(self.now)
    }

    fn happen(&mut self, happens: Happens) -> Result<(), String> {
        match happens {
            Happens::Rings(object, set) => self.alarm_rings(object, set)?,
            Happens::ArbiterRings(set) => self.arbiter_rings(set)?,
            Happens::Answered(object, life, origin, ticket, sample) => {
                self.answered(object, life, &origin, ticket, *sample)?;
            }
            Happens::ReferenceChecked(object, life, ticket, referral) => {
                if self.vantages[object].life == life {
                    self.vantages[object].under_way.retain(Option::is_some);
                    self.probe(object, vantage::Event::ReferenceChecked(ticket, referral))?;
                }
            }
            // What is on its way to nobody is lost, and nobody answers.
            Happens::Reported(..) if self.is_away() => {}
            Happens::Reported(object, life, report) => self.reported(object, life, *report)?,
            Happens::Sent(life, answer) if self.is_away() => {
                self.at(self.now + SECOND, Happens::Sent(life, answer));
            }
            Happens::Sent(life, answer) => {
                if self.arbiter.memory.is_some() && self.arbiter.life == life {
                    self.evaluate(arbiter::Event::Answered(answer))?;
                }
            }
            Happens::Replied(object, life, event) => {
                if self.vantages[object].life == life {
                    self.probe(object, event)?;
                }
            }
            Happens::Arms(name) => self.arms(&name),
            Happens::Hurries(name, origins) => self.hurries(&name, origins)?,
            Happens::Cron => self.cron()?,
            Happens::Read => self.read()?,
            Happens::Deploys(version) => self.deploys(version),
            Happens::Switches(object, version) => self.switches(object, version),
            Happens::Jumps => self.jumps(),
            Happens::Works(job) => self.works(job),
            Happens::Beats(job, tries) => self.beats(job, tries)?,
            Happens::Silences => self.silences(),
            Happens::Mends => self.mended = true,
            Happens::Edits(doing, place, tries) => self.edits(doing, place, tries)?,
            Happens::Begins(place, tries, life, said) => {
                let (write, gathered) = *said;
                self.begins(place, (tries, life), write, gathered)?;
            }
            Happens::Gathered(life, said) => self.looks_at_change(life, &said.0, &said.1)?,
        }
        Ok(())
    }

    fn deploys(&mut self, version: usize) {
        self.version = version;
        let objects = (0..self.vantages.len()).map(Some).chain([None]);
        for object in objects {
            let delay = self.rng.u64(..30 * SECOND);
            self.at(self.now + delay, Happens::Switches(object, version));
        }
    }

    fn switches(&mut self, object: Option<usize>, version: usize) {
        match object {
            Some(object) if self.vantages[object].version < version => {
                self.vantages[object].version = version;
                self.vantages[object].forget();
            }
            None if self.arbiter.version < version => {
                self.arbiter.version = version;
                self.forget_arbiter();
            }
            _ => {}
        }
    }

    fn jumps(&mut self) {
        if !self.mended {
            self.tallies.faults.clocks += 1;
            self.jumped = self.now;
            let place = self.rng.usize(..self.clocks.len());
            let by = [2 * SECOND, MINUTE, HOUR][self.rng.usize(..3)].cast_signed();
            self.clocks[place] += self.rng.i64(-by..by);
            if place == self.clocks.len() - 1 {
                self.jumps_while_listening();
            }
            let pause = self.rng.u64(self.setup.length / 8..self.setup.length / 2);
            self.at(self.now + pause, Happens::Jumps);
        }
    }
}
