//! A world: objects, origins and readers on one virtual clock, and everything that goes wrong between them.
//!
//! It follows from its seed alone. Each step is held to the laws (`tests/laws`) by what the world itself knows of the truth.

use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, BinaryHeap};
use std::rc::Rc;

use fastrand::Rng;
use vedette::arbiter::{self, Effect as Verdicts};
use vedette::config::Config;
use vedette::json;
use vedette::notify::{Answer, Delivery, Outcome};
use vedette::sample::{Evidence, Sample};
use vedette::snapshot::Snapshot;
use vedette::units::{OriginId, Timestamp};
use vedette::vantage::{self, Effect as Probing, Referral};
use vedette::verdict::Status;
use vedette::vote::Report;

use crate::ledger::{self, Ledger};
use crate::mutants::Mutant;
use crate::objects::{ArbiterObject, VantageObject};
use crate::origins;
use crate::readers;
use crate::receivers::Receivers;
use crate::setup::{Faults, HOUR, MINUTE, Ms, SECOND, Setup, Terms};
use crate::twins;

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
}

/// Something that is going to happen.
#[derive(Debug)]
enum Happens {
    Rings(usize, Ms),
    ArbiterRings(Ms),
    Answered(usize, u64, OriginId, u64, Box<Sample>),
    Referred(usize, u64, u64, Referral),
    Reported(usize, u64, Box<Report>),
    /// What became of a message, for the life of the Arbiter that began then.
    Sent(u64, Answer),
    Replied(usize, u64, vantage::Event),
    Arms(String),
    Cron,
    Read,
    Deploys(usize),
    Switches(Option<usize>, usize),
    Jumps,
    Mends,
}

impl Happens {
    /// A line for somebody who reads what happened.
    fn told(&self) -> String {
        match self {
            Self::Answered(object, life, origin, _, sample) => {
                format!("object {object} (life {life}) hears of {origin}: {:?}", sample.evidence())
            }
            Self::Reported(object, life, report) => {
                let votes: Vec<String> = report
                    .votes
                    .iter()
                    .map(|vote| format!("{} {:?} {:?} old", vote.origin, vote.opinion, vote.age))
                    .collect();
                format!(
                    "report {} of {} from object {object} (life {life}): {}",
                    report.seq,
                    report.vantage,
                    votes.join(", ")
                )
            }
            _ => format!("{self:?}"),
        }
    }
}

struct Due(Ms, u64, Happens);

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Due {}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Due {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.0, self.1).cmp(&(other.0, other.1))
    }
}

/// The world.
pub struct World {
    pub setup: Setup,
    /// What is right, by deployment, and what the engines are given: a mutant may differ.
    configs: Vec<Rc<Config>>,
    given: Vec<Config>,
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
    overtaken: Option<u64>,
    started: BTreeMap<(usize, OriginId), Ms>,
    mended: bool,
    pub tallies: Tallies,
    /// Lines of what happens, if somebody wants to read them.
    pub trace: Option<Vec<String>>,
}

impl World {
    pub fn new(setup: Setup, mutant: Option<Mutant>) -> Self {
        let terms = std::iter::once(&setup.terms).chain(setup.deployments.iter().map(|(_, terms)| terms));
        let (mut configs, mut given) = (Vec::new(), Vec::new());
        for terms in terms {
            configs.push(Rc::new(terms.config()));
            given.push(Mutant::config(mutant, terms, configs.first().map(AsRef::as_ref)));
        }
        let mut rng = Rng::with_seed(setup.seed ^ 0x5eed);
        let jumpy = setup.faults.clocks > 0;
        let mut clock = || if jumpy { rng.i64(-60_000..60_000) } else { 0 };
        let clocks = (0..5).map(|_| clock()).collect();
        let mut world = Self {
            ledger: Ledger::new(setup.deployments.is_empty()),
            configs,
            given,
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
            overtaken: None,
            started: BTreeMap::new(),
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
        let settling =
            std::iter::once(&self.setup.terms).chain(later).map(Terms::settling).max().unwrap_or(0);
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
            Happens::Rings(object, set) => {
                if self.vantages[object].alarm == Some(set) {
                    self.vantages[object].alarm = None;
                    if self.vantages[object].dead || self.fault(|faults| &mut faults.alarm_lost) {
                        return Ok(());
                    }
                    return self.rings(object);
                }
                Ok(())
            }
            Happens::ArbiterRings(set) => {
                if self.arbiter.alarm == Some(set) {
                    self.arbiter.alarm = None;
                    if !self.fault(|faults| &mut faults.alarm_lost) {
                        self.weigh(arbiter::Event::Woken)?;
                    }
                }
                Ok(())
            }
            Happens::Answered(object, life, origin, ticket, sample) => {
                self.answered(object, life, &origin, ticket, *sample)
            }
            Happens::Referred(object, life, ticket, referral) => {
                if self.vantages[object].life == life {
                    self.vantages[object].under_way.retain(Option::is_some);
                    self.probe(object, vantage::Event::Referred(ticket, referral))?;
                }
                Ok(())
            }
            Happens::Reported(object, life, report) => self.reported(object, life, *report),
            Happens::Sent(life, answer) => {
                if self.arbiter.memory.is_some() && self.arbiter.life == life {
                    self.weigh(arbiter::Event::Answered(answer))?;
                }
                Ok(())
            }
            Happens::Replied(object, life, event) => {
                if self.vantages[object].life == life {
                    self.probe(object, event)?;
                }
                Ok(())
            }
            Happens::Arms(name) => {
                self.arms(&name);
                Ok(())
            }
            Happens::Cron => {
                self.at(self.now + MINUTE, Happens::Cron);
                if self.mutant != Some(Mutant::NoCron) || self.now == 0 {
                    self.weigh(arbiter::Event::Woken)?;
                }
                Ok(())
            }
            Happens::Read => self.read(),
            Happens::Deploys(version) => {
                self.version = version;
                for object in 0..self.vantages.len() {
                    let delay = self.rng.u64(..30 * SECOND);
                    self.at(self.now + delay, Happens::Switches(Some(object), version));
                }
                let delay = self.rng.u64(..30 * SECOND);
                self.at(self.now + delay, Happens::Switches(None, version));
                Ok(())
            }
            Happens::Switches(object, version) => {
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
                Ok(())
            }
            Happens::Jumps => {
                self.jumps();
                Ok(())
            }
            Happens::Mends => {
                self.mended = true;
                Ok(())
            }
        }
    }

    fn jumps(&mut self) {
        if !self.mended {
            self.tallies.faults.clocks += 1;
            self.jumped = self.now;
            let place = self.rng.usize(..self.clocks.len());
            let by = [2 * SECOND, MINUTE, HOUR][self.rng.usize(..3)].cast_signed();
            self.clocks[place] += self.rng.i64(-by..by);
            let pause = self.rng.u64(self.setup.length / 8..self.setup.length / 2);
            self.at(self.now + pause, Happens::Jumps);
        }
    }

    fn forget_arbiter(&mut self) {
        if self.mutant == Some(Mutant::KeepsMemory) && self.arbiter.memory.is_some() {
            return;
        }
        self.arbiter.memory = None;
        self.arbiter.life += 1;
    }

    /// The alarm of a vantage object.
    fn rings(&mut self, object: usize) -> Result<(), String> {
        // No two lives begin in one millisecond.
        if self.vantages[object].born < self.now && self.fault(|faults| &mut faults.evicted) {
            self.vantages[object].born = self.now;
            self.vantages[object].forget();
            if self.mutant == Some(Mutant::DeadOnceEvicted) {
                self.vantages[object].dead = true;
                return Ok(());
            }
        }
        let now = self.clock(self.vantages[object].place);
        let config = &self.given[self.vantages[object].version];
        if !self.vantages[object].load(config, now) {
            if self.mutant != Some(Mutant::Orphans) {
                self.vantages[object].storage = None;
                self.vantages[object].saved.clear();
                return Ok(());
            }
            self.vantages[object].alarm = Some(self.now + MINUTE);
            return Ok(());
        }
        self.probe(object, vantage::Event::Alarm)
    }

    fn answered(
        &mut self,
        object: usize,
        life: u64,
        origin: &OriginId,
        ticket: u64,
        sample: Sample,
    ) -> Result<(), String> {
        let alive = self.vantages[object].life == life;
        // What was asked in an earlier life may still arrive in this one; it is nobody's.
        if !alive && (self.rng.bool() || self.vantages[object].memory.is_none()) {
            return Ok(());
        }
        self.tallies.samples += 1;
        let evidence = sample.evidence();
        if alive {
            self.vantages[object].under_way.retain(|under_way| under_way.as_ref() != Some(origin));
            if let Evidence::Fail(_) = evidence {
                *self.vantages[object].uncounted.entry(origin.clone()).or_default() += 1;
            }
        }
        if let (true, Evidence::Pass | Evidence::Warn(_) | Evidence::Fail(_)) = (alive, &evidence) {
            self.ledger.evidence(origin, self.now);
        }
        let sample = Mutant::sample(self.mutant, sample);
        let current = self.vantages[object].tickets.get(origin).copied();
        let ticket = current.filter(|_| self.mutant == Some(Mutant::StragglersCount)).unwrap_or(ticket);
        let now = self.clock(self.vantages[object].place);
        let effects =
            self.vantages[object].step(vantage::Event::Sampled(origin.clone(), ticket, sample), now);
        // A failure may be doubted first, and a clock that jumps makes a vantage give up what is still under way.
        let doubted = matches!(evidence, Evidence::Fail(_)) && self.setup.terms.references;
        if !(alive && (doubted || self.setup.faults.clocks > 0)) {
            crate::laws::what_is_handed_is_counted_once(origin, &evidence, alive, &effects)?;
        }
        self.carries_out(object, effects)
    }

    /// Steps a vantage and carries out what it wants done, as the platform would.
    fn probe(&mut self, object: usize, event: vantage::Event) -> Result<(), String> {
        let now = self.clock(self.vantages[object].place);
        let effects = self.vantages[object].step(event, now);
        self.carries_out(object, effects)
    }

    fn carries_out(&mut self, object: usize, mut effects: Vec<Probing>) -> Result<(), String> {
        let place = self.vantages[object].place;
        Mutant::probing(self.mutant, &mut effects);
        let config = &self.configs[self.vantages[object].version];
        ledger::observes(&mut self.vantages[object], config, &effects)?;
        for effect in effects {
            match effect {
                Probing::WakeAt(at) => {
                    let mut at = self.moment(place, at);
                    if self.fault(|faults| &mut faults.alarm_late) {
                        at += self.rng.u64(..MINUTE);
                    }
                    self.vantages[object].alarm = Some(at);
                    self.at(at, Happens::Rings(object, at));
                }
                Probing::Persist(text) => {
                    let fails = self.fault(|faults| &mut faults.write_fails);
                    if !fails || self.rng.bool() {
                        let vantage = &mut self.vantages[object];
                        vantage.storage = Some(text);
                        vantage.saved = vantage.accounts.clone();
                    }
                    if fails {
                        self.vantages[object].forget();
                        return Ok(());
                    }
                }
                Probing::Probe(origin, ticket) => self.sends(object, origin, ticket)?,
                Probing::Refer(_, ticket) => {
                    self.vantages[object].under_way.push(None);
                    let cut = self.is_cut(place).is_some();
                    let referral = Referral { answered: !cut, colo: (!cut).then(|| "AMS".to_owned()) };
                    let takes = if cut { 3 * SECOND } else { 30 };
                    let life = self.vantages[object].life;
                    self.at(self.now + takes, Happens::Referred(object, life, ticket, referral));
                }
                Probing::Report(report) => {
                    let config = &self.configs[self.vantages[object].version];
                    self.ledger.says(&mut self.vantages[object], config, &report)?;
                    self.posts(object, report);
                }
                Probing::Observed(..) | Probing::Slipped(..) => {}
            }
        }
        let under_way = self.vantages[object].under_way.len();
        // A clock that jumps makes a vantage give up what is still under way.
        crate::laws::hold(under_way <= 5 || self.setup.faults.clocks > 0, || {
            format!("{under_way} requests under way at once")
        })
    }

    fn sends(&mut self, object: usize, origin: OriginId, ticket: u64) -> Result<(), String> {
        let vantage = &mut self.vantages[object];
        let twice = vantage.under_way.contains(&Some(origin.clone()));
        crate::laws::hold(!twice || self.setup.faults.clocks > 0, || {
            format!("two probes of {origin} at once")
        })?;
        vantage.under_way.push(Some(origin.clone()));
        vantage.tickets.insert(origin.clone(), ticket);
        let (place, life, version) = (vantage.place, vantage.life, vantage.version);
        let last = self.started.insert((object, origin.clone()), self.now);
        let faults = self.setup.faults;
        let calm =
            faults.evicted + faults.write_fails + faults.alarm_late + faults.alarm_lost + faults.clocks == 0;
        let known = self.configs[version].origin(&origin).or_else(|| self.given[version].origin(&origin));
        let Some(tempo) = known.map(|origin| origin.pace) else {
            return Err(format!("{origin} is probed and not configured"));
        };
        if let Some(last) = last.filter(|_| calm && self.setup.deployments.is_empty()) {
            let slowest = tempo.interval.max(tempo.down_interval).get();
            let (gap, most) = (self.now - last, slowest * 11 / 10 * 2 + tempo.timeout.get() + SECOND);
            crate::laws::hold(gap <= most, || {
                format!("{origin} was not probed for {gap} ms, {most} are allowed")
            })?;
        }
        let conduct = origins::conduct(&self.setup, &origin, self.now);
        let seen =
            origins::Seen { place, cut: self.is_cut(place), timeout: tempo.timeout, at: self.clock(place) };
        let (takes, sample) = origins::answer(conduct, &seen, self.now, &mut self.rng);
        self.at(self.now + takes, Happens::Answered(object, life, origin, ticket, Box::new(sample)));
        Ok(())
    }

    fn is_cut(&self, place: usize) -> Option<bool> {
        let cuts = self.setup.cuts.iter().filter(|_| !self.mended);
        cuts.clone()
            .find(|(cut, from, until, _)| *cut == place && (*from..*until).contains(&self.now))
            .map(|cut| cut.3)
    }

    /// Sends a report on its way.
    fn posts(&mut self, object: usize, report: Report) {
        self.tallies.reports += 1;
        let place = self.vantages[object].place;
        if self.is_cut(place).is_some() || self.fault(|faults| &mut faults.report_lost) {
            return;
        }
        let life = self.vantages[object].life;
        let mut takes = self.rng.u64(5..120);
        if self.fault(|faults| &mut faults.report_late) {
            takes += self.rng.u64(SECOND..2 * MINUTE);
        }
        if self.fault(|faults| &mut faults.report_doubled) {
            let again = self.now + takes + self.rng.u64(..10 * SECOND);
            self.at(again, Happens::Reported(object, life, Box::new(report.clone())));
        }
        self.at(self.now + takes, Happens::Reported(object, life, Box::new(report)));
    }

    fn reported(&mut self, object: usize, life: u64, report: Report) -> Result<(), String> {
        let seq = report.seq;
        if life == self.vantages[object].life {
            self.orders(&report)?;
        }
        self.hears(&report)?;
        let report = Mutant::report(self.mutant, report, self.now);
        self.overtaken = None;
        let taken = self.weigh(arbiter::Event::Reported(report))?;
        if taken && !self.fault(|faults| &mut faults.answer_lost) {
            let event = self.overtaken.map_or(vantage::Event::Delivered(seq), vantage::Event::Overtaken);
            self.at(self.now + 20, Happens::Replied(object, life, event));
        }
        Ok(())
    }

    /// Now and then: this report and all that are under way with it, in another order.
    fn orders(&mut self, report: &Report) -> Result<(), String> {
        // An Arbiter that has just come to life may have forgotten what it took last: only a change of opinion is stored at once.
        if self.rng.u32(..32) > 0 || self.now < self.arbiter.began + self.transit() {
            return Ok(());
        }
        let under_way = self.queue.iter().filter_map(|Reverse(Due(_, _, happens))| match happens {
            // Whoever begins a new life has forgotten what it told, and tells it again only with the next evidence.
            Happens::Reported(object, life, report) if self.vantages[*object].life == *life => {
                Some(report.as_ref().clone())
            }
            _ => None,
        });
        let reports: Vec<Report> = under_way.chain([report.clone()]).collect();
        let now = self.arbiter_clock();
        // What a cache answered takes the place of the proof before it in the next report: an overtaken proof is lost, and the vote
        // looks older than it is.
        let proven = reports.iter().flat_map(|report| &report.votes).all(|vote| !vote.seen.unproven);
        let fit = proven && reports.len() > 1;
        let Some(living) = self.arbiter.memory.as_ref().filter(|_| fit) else {
            return Ok(());
        };
        self.tallies.orders += 1;
        let tamper = |report, place| Mutant::report(self.mutant, report, self.now + place);
        twins::orders(living, &reports, now, &mut self.rng, tamper)
    }

    /// The longest that a report takes to arrive.
    const fn transit(&self) -> Ms {
        let faults = &self.setup.faults;
        let late = if faults.report_late > 0 { 2 * MINUTE } else { 0 };
        let doubled = if faults.report_doubled > 0 { 10 * SECOND } else { 0 };
        late + doubled + SECOND
    }

    /// A report has arrived, as it was sent.
    fn hears(&mut self, report: &Report) -> Result<(), String> {
        if self.fault(|faults| &mut faults.evicted) {
            self.forget_arbiter();
        }
        let now = self.awake();
        self.ledger.hears(&self.configs[self.arbiter.version], report, now)
    }

    /// Brings the Arbiter to life if it is not; its time.
    fn awake(&mut self) -> Timestamp {
        let now = self.arbiter_clock();
        if self.arbiter.load(&self.given[self.arbiter.version], now) {
            self.arbiter.began = self.now;
            self.ledger.arbiter_begins(&self.configs[self.arbiter.version], self.now);
        }
        now
    }

    /// Steps the Arbiter and carries out what it wants done; whether it came to an end.
    fn weigh(&mut self, event: arbiter::Event) -> Result<bool, String> {
        let now = self.awake();
        let config = Rc::clone(&self.configs[self.arbiter.version]);
        let calm = self.setup.faults.clocks == 0 && self.setup.faults.write_fails == 0;
        self.ledger.weighs(&config, now, calm.then_some(self.now));
        let mut effects =
            self.arbiter.memory.as_mut().map(|engine| engine.step(event, now)).unwrap_or_default();
        Mutant::verdicts(self.mutant, &mut effects);
        self.ledger.follows(&config, &effects, now)?;
        for effect in effects {
            match effect {
                Verdicts::Persist(rows) => {
                    let fails = self.fault(|faults| &mut faults.write_fails);
                    if !fails || self.rng.bool() {
                        self.arbiter.write(&rows);
                        self.receivers.stored(&rows);
                        self.tallies.transitions +=
                            self.ledger.stored(&config, &rows, calm.then_some(now))?;
                    }
                    if fails {
                        self.forget_arbiter();
                        let again = self.now + 5 * SECOND;
                        self.arbiter.alarm = Some(again);
                        self.at(again, Happens::ArbiterRings(again));
                        return Ok(false);
                    }
                }
                Verdicts::WakeAt(at) => {
                    let at = self.moment(self.clocks.len() - 1, at);
                    self.arbiter.alarm = Some(at);
                    self.at(at, Happens::ArbiterRings(at));
                }
                Verdicts::Arm(object) => {
                    if self.mutant != Some(Mutant::NobodyIsArmed) || self.now < MINUTE {
                        self.at(self.now + 50, Happens::Arms(object.name));
                    }
                }
                Verdicts::Overtaken(known) => self.overtaken = Some(known),
                Verdicts::Push { pool, revision } => self.ledger.tells(&pool, revision)?,
                Verdicts::Deliver(delivery) => self.send(&delivery)?,
                Verdicts::Publish(_) | Verdicts::Changed(_) | Verdicts::GivenUp(_) | Verdicts::Hurry(..) => {}
            }
        }
        self.ledger.all_are_told(&config)?;
        if self.rng.u32(..128) == 0
            && let Some(living) = &self.arbiter.memory
        {
            self.tallies.rebuilt += 1;
            // After a clock stepped back, memory knows that what is stored lies in the future.
            // Two reports of the same evidence differ by as much as the clock of their vantage jumped between them.
            let jumps = if self.setup.faults.clocks > 0 { 2 * HOUR } else { 0 };
            let transit = self.transit() + jumps;
            twins::rebuilt(&self.given[self.arbiter.version], &self.arbiter.rows(20), living, now, transit)?;
        }
        Ok(true)
    }

    /// A message is sent.
    fn send(&mut self, delivery: &Delivery) -> Result<(), String> {
        Receivers::is_stored(&self.arbiter.rows(0), delivery)?;
        let chance = if self.mended { 0 } else { self.setup.faults.receiver };
        let reception = self.receivers.receive(delivery, chance);
        self.tallies.messages += 1;
        self.tallies.faults.receiver += u32::from(reception.outcome != Outcome::Taken);
        let answer =
            Answer { channel: delivery.channel.clone(), id: delivery.id.clone(), outcome: reception.outcome };
        self.at(self.now + reception.after, Happens::Sent(self.arbiter.life, answer));
        Ok(())
    }

    fn arms(&mut self, name: &str) {
        let known = self.vantages.iter().position(|vantage| vantage.name == name);
        let object = known.unwrap_or_else(|| {
            let place = self.vantages.len();
            let vantage = name.split('/').nth(1).unwrap_or_default();
            let place =
                ["apac", "enam", "weur", "oc"].iter().position(|one| *one == vantage).unwrap_or(place);
            self.vantages.push(VantageObject::new(name, self.version, place));
            self.vantages.len() - 1
        });
        self.vantages[object].alarm = Some(self.now);
        self.at(self.now, Happens::Rings(object, self.now));
    }

    /// A reader takes a copy, and somebody is answered from one that may be older.
    fn read(&mut self) -> Result<(), String> {
        let pause = if self.setup.length > 24 * HOUR { 30 * MINUTE } else { 6 * MINUTE };
        let pause = self.rng.u64(20 * SECOND..pause);
        self.at(self.now + pause, Happens::Read);
        if self.mutant != Some(Mutant::NoCron) && self.weigh(arbiter::Event::Woken)? {
            let now = self.arbiter_clock();
            let snapshot = self
                .arbiter
                .memory
                .as_ref()
                .map(|engine| engine.snapshot(&vedette::snapshot::Part::Whole, now));
            if let Some(snapshot) = snapshot {
                self.ledger.publishes(&snapshot)?;
                let config = Rc::clone(&self.configs[self.arbiter.version]);
                crate::laws::no_evidence_outlives_its_time(&config, &snapshot)?;
                self.silence_shows(&config, &snapshot)?;
                // It travels, and is kept, as text.
                let copy = Snapshot::parse(&json::write(&snapshot), snapshot.config);
                crate::laws::hold(copy.as_ref() == Some(&snapshot), || {
                    format!("{snapshot:?} is read as {copy:?}")
                })?;
                self.copies.push(snapshot);
                let over = self.copies.len().saturating_sub(4);
                self.copies.drain(..over);
            }
        }
        if !self.copies.is_empty() {
            let copy = &self.copies[self.rng.usize(..self.copies.len())];
            let (place, pool) = (self.rng.usize(..self.clocks.len()), self.rng.usize(..8));
            let now = Mutant::reading(self.mutant, self.clock(place));
            self.tallies.answers += 1;
            let Some(config) =
                self.configs.iter().zip(&self.given).find(|(_, given)| given.hash == copy.config)
            else {
                return Ok(());
            };
            let late = 2 * SECOND + self.transit();
            let truth = (self.setup.faults.clocks == 0).then_some((&self.ledger, self.now, late));
            readers::ask((config.0, config.1), copy, pool, now, self.clock(place), truth)?;
        }
        Ok(())
    }

    /// By the Arbiter's own clock, whatever it is, nothing is known of an origin once no vantage has seen it for the time to live of a
    /// vote, counted from the last jump of a clock.
    fn silence_shows(&self, config: &Config, snapshot: &Snapshot) -> Result<(), String> {
        for (view, pool) in snapshot.pools.iter().zip(&config.pools) {
            for (view, origin) in view.origins.iter().zip(&pool.origins) {
                let silent = self.ledger.since_evidence(&origin.id, self.now).min(self.now - self.jumped);
                let known = view.status_at(snapshot.taken_at) != Status::Unknown;
                // A clock that was set back is noticed with the next step, and what lies in the future begins anew then.
                crate::laws::silence_shows(known, silent, pool.vote_ttl.get() + self.transit())
                    .map_err(|why| format!("{}: {why}", origin.id))?;
            }
        }
        Ok(())
    }

    /// After the last fault, and time enough: everything is as it is, and nothing is left over.
    fn ends(&mut self) -> Result<(), String> {
        if !self.weigh(arbiter::Event::Woken)? {
            return Ok(());
        }
        let now = self.arbiter_clock();
        let Some(engine) = &self.arbiter.memory else { return Ok(()) };
        let snapshot = engine.snapshot(&vedette::snapshot::Part::Whole, now);
        origins::the_verdict_is_the_truth(&self.setup, &self.configs[self.version], &snapshot, now)?;
        let exact = self.setup.faults.clocks == 0 && self.setup.deployments.is_empty();
        self.receivers.is_true(&self.configs[self.version], &snapshot, exact)?;
        for vantage in &self.vantages {
            let named = vantage.is_named(&self.configs[self.version]);
            // Whoever lost its alarm before it could retire is woken by nobody: what it keeps is a few bytes.
            let keeps = vantage.storage.is_some() && self.setup.faults.alarm_lost == 0;
            crate::laws::no_orphan(named, vantage.alarm.is_some(), keeps)
                .map_err(|why| format!("{} is {why}", vantage.name))?;
        }
        Ok(())
    }
}
