//! A deployment in which nothing goes wrong but what the origins do: the real engines, driven as
//! the edge drives them, with every effect counted. Objects without work for ten seconds leave
//! memory, as on the platform.

use std::cell::Cell;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::ops::Bound;

use vedette::arbiter::{self, Arbiter, Memories, Row, Table};
use vedette::budget::{CONNECTION, Counts, Effect, REST_MS, ROUND_TRIP, USUAL};
use vedette::change::{self, CloseDraft, Errand, Fate, Gathered, Plan, Said};
use vedette::config::{Config, Daily, Deployment, Place};
use vedette::history::{self, BUCKET, Bucket, SampleQuery, Stored, Window};
use vedette::limits::EVENTS_SHOWN;
use vedette::notify::{self, Answer, Delivery};
use vedette::probe::ReferenceResult;
use vedette::sample::{CacheClass, Check, Connected, Database, Finding, Outcome, Sample};
use vedette::schedule;
use vedette::snapshot::Part;
use vedette::units::{Millis, Name, OriginId, Timestamp, Who};
use vedette::vantage::{self, Duty, Prober};
use vedette::verdict::Status;
use vedette::vote::Report;
use vedette::writes::{self, Edit, Write};

pub const DAY: u64 = 86_400_000;
pub const BEGIN: u64 = 1_800_000_000_000 / DAY * DAY;

/// What an origin answers to its nth probe from a vantage, so many milliseconds after the world
/// began, and after how long.
pub type Nature = fn(origin: usize, nth_and_time: (u64, u64), timeout: Millis) -> (bool, u64);

/// Every probe passes in the usual time.
pub fn fine(_: usize, _: (u64, u64), _: Millis) -> (bool, u64) {
    (true, USUAL.get())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Happens {
    Alarm(usize, u64),
    /// Something arrives at a vantage.
    Arrives(usize, u64),
    /// A tick has waited until the next slot.
    SlotComes(usize, u64),
    Reported(usize, u64),
    ArbiterAlarm(u64),
    Cron,
    Reads,
    Armed(usize),
    /// A shard is told to look at the origin of this number.
    Hurried(usize, usize),
    /// A job reports, and comes again.
    Beats(usize),
    /// A receiver of messages answers.
    Answers(u64),
    /// Somebody starts, applies or closes a change.
    Edits(u32),
    /// Vantages have said what was asked of them about it.
    Gathered(u64),
}

struct Shard {
    name: String,
    vantage: Name,
    label: String,
    stored: Option<String>,
    ring: BTreeMap<i32, String>,
    prober: Option<Prober>,
    /// The alarm that is set, as the platform knows it.
    alarm: Option<u64>,
    /// The alarm as the object remembers it.
    remembered: Option<u64>,
    ticking: Option<u64>,
    rung_late: bool,
    reports: u32,
    inbox: VecDeque<vantage::Event>,
    /// Origins that are to be looked at.
    doubted: Vec<OriginId>,
    worked: u64,
    probes: BTreeMap<OriginId, u64>,
}

pub struct World<'a> {
    config: &'a Config,
    daily: Option<Daily>,
    nature: Nature,
    numbers: BTreeMap<OriginId, usize>,
    shards: Vec<Shard>,
    arbiter: Option<Arbiter>,
    rows: BTreeMap<(u8, String), Row>,
    events: Vec<Row>,
    history: BTreeMap<String, String>,
    arbiter_alarm: Option<u64>,
    arbiter_remembered: Option<u64>,
    arbiter_worked: u64,
    queue: BinaryHeap<Reverse<(u64, u64, Happens)>>,
    events_by_id: BTreeMap<u64, vantage::Event>,
    reports_by_id: BTreeMap<u64, Report>,
    answers_by_id: BTreeMap<u64, Answer>,
    gathered_by_id: BTreeMap<u64, (Errand, Gathered)>,
    /// The change that somebody makes, if any.
    plan: Option<Plan>,
    /// Whether receivers of messages take them.
    pub taken: bool,
    next: u64,
    now: u64,
    read_every: Option<(u64, u64)>,
    pub counts: Counts,
    /// Probes of each invocation, the most.
    pub most_probes: u64,
    started: u64,
}

fn at(ms: u64) -> Timestamp {
    Timestamp::from_millis(ms)
}

impl<'a> World<'a> {
    /// A world with `isolates` readers that each refresh as often as they may.
    pub fn new(deployment: &'a Deployment, nature: Nature, isolates: u64, every: Millis) -> Self {
        let Deployment { config, daily } = deployment;
        let mut shards = Vec::new();
        for vantage in &config.vantages {
            let Place::Hint(hint) = vantage.place else { continue };
            for shard in schedule::shards(config, &vantage.name) {
                shards.push(Shard {
                    name: schedule::object_name(vantage, hint.as_str(), &shard.label()),
                    vantage: vantage.name.clone(),
                    label: shard.label(),
                    stored: None,
                    ring: BTreeMap::new(),
                    prober: None,
                    alarm: None,
                    remembered: None,
                    ticking: None,
                    rung_late: false,
                    reports: 0,
                    inbox: VecDeque::new(),
                    doubted: Vec::new(),
                    worked: 0,
                    probes: BTreeMap::new(),
                });
            }
        }
        let numbers = config.origins().enumerate().map(|(n, origin)| (origin.id.clone(), n)).collect();
        let mut world = Self {
            config,
            daily: *daily,
            nature,
            numbers,
            shards,
            arbiter: None,
            rows: BTreeMap::new(),
            events: Vec::new(),
            history: BTreeMap::new(),
            arbiter_alarm: None,
            arbiter_remembered: None,
            arbiter_worked: 0,
            queue: BinaryHeap::new(),
            events_by_id: BTreeMap::new(),
            reports_by_id: BTreeMap::new(),
            answers_by_id: BTreeMap::new(),
            gathered_by_id: BTreeMap::new(),
            plan: None,
            taken: true,
            next: 0,
            now: BEGIN,
            read_every: (isolates > 0).then(|| (isolates, every.get())),
            counts: Counts::default(),
            most_probes: 0,
            started: 0,
        };
        world.at(BEGIN + 7_000, Happens::Cron);
        for (place, _) in config.heartbeats().enumerate() {
            world.at(BEGIN + 9_000 + place as u64 * 1_234, Happens::Beats(place));
        }
        for isolate in 0..isolates {
            world.at(BEGIN + 1_000 + isolate * 3_333, Happens::Reads);
        }
        world
    }

    /// Somebody starts a change at this time of the world, applies it a minute later, and closes it
    /// two minutes after its end.
    pub fn changes(&mut self, plan: Plan, start: u64) {
        let end = 60_000 + plan.warm_up.get() + plan.after.get() + 120_000;
        self.plan = Some(plan);
        for (edit, after) in [(0, 0), (1, 60_000), (2, end)] {
            self.at(BEGIN + start + after, Happens::Edits(edit));
        }
    }

    /// The change of this number, as it is told.
    pub fn told(&self, number: u64) -> serde_json::Value {
        let (stored, now) = (|key: &str| self.history.get(key).cloned(), at(self.now));
        let changes = self.arbiter.as_ref().unwrap().changes();
        let told = change::told(&change::Grounds { changes, stored: &stored, now }, &change::id(number));
        serde_json::from_str(&told.unwrap()).unwrap()
    }

    fn edits(&mut self, edit: u32) {
        let plan = self.plan.clone().unwrap();
        let id = || change::id(1);
        let close = || CloseDraft { fate: Fate::Kept, note: String::new() };
        let edit = match edit {
            0 => Edit::Start(Box::new(plan.clone())),
            1 => Edit::Apply(id()),
            _ => Edit::Close { id: id(), draft: close() },
        };
        let write = Write { who: Who::parse("ada").unwrap(), edit, if_match: None, key: None };
        self.count(Effect::Edit);
        if !matches!(write.edit, Edit::Start(_)) {
            self.judge(arbiter::Event::Written(write));
            return;
        }
        // The object is brought to life by whoever asks.
        self.judge(arbiter::Event::Woken);
        let errand = self.arbiter.as_ref().unwrap().beginning(&plan.origins, plan.before, at(self.now));
        let gathered = self.gathered(&errand);
        self.judge(arbiter::Event::Started(write, gathered));
    }

    /// What vantages say of a window.
    fn gathered(&mut self, errand: &Errand) -> Gathered {
        let mut said = Vec::new();
        for pair in &errand.pairs {
            self.count(Effect::Ask);
            let (name, _) = schedule::object_of(self.config, &pair.vantage, &pair.origin).unwrap();
            let shard = self.shards.iter().find(|shard| shard.name == name).unwrap();
            let unkept = shard.prober.as_ref().and_then(Prober::unkept);
            let Window { from, to } = errand.window;
            let (from, to) = (from.minus(BUCKET), to.plus(BUCKET));
            let inside = |text: &String| {
                Bucket::read(text).is_some_and(|bucket| bucket.at() >= from && bucket.at() < to)
            };
            let stored = shard.ring.iter().filter(|(place, text)| {
                **place != vantage::MARK
                    && unkept.as_ref().is_none_or(|row| row.place != **place)
                    && inside(text)
            });
            let mut rows: Vec<String> = stored.map(|(_, text)| text.clone()).collect();
            self.counts.add(Effect::RowRead, rows.len() as u64);
            rows.extend(unkept.map(|row| row.text));
            let query = SampleQuery { id: pair.origin.clone(), window: errand.window };
            said.push(Said { pair: pair.clone(), kept: Some(history::kept(&query, rows.into_iter())) });
        }
        Gathered { window: errand.window, said }
    }

    fn looks(&mut self, errand: &Errand, gathered: &Gathered) {
        let read = Cell::new(0);
        let stored = |key: &str| {
            read.set(read.get() + 1);
            self.history.get(key).cloned()
        };
        let engine = self.arbiter.as_ref().unwrap();
        let looked = engine.look(errand, gathered, &stored, at(self.now));
        self.counts.add(Effect::RowRead, read.get());
        if let Some(looked) = looked {
            self.judge(arbiter::Event::Looked(looked));
        }
    }

    fn at(&mut self, when: u64, what: Happens) {
        self.next += 1;
        self.queue.push(Reverse((when, self.next, what)));
    }

    fn count(&mut self, effect: Effect) {
        self.counts.add(effect, 1);
    }

    /// Lives until everything has settled, and then for a time whose effects it counts.
    pub fn live(&mut self, settle: u64, time: u64) {
        self.until(BEGIN + settle);
        self.counts = Counts::default();
        self.most_probes = 0;
        self.until(BEGIN + settle + time);
    }

    /// Lives until so many hours of the day have passed.
    pub fn until_hour(&mut self, hour: u64) {
        self.until(BEGIN + hour * 3_600_000);
    }

    /// What the verdicts on origins are at present, each once.
    pub fn verdicts(&mut self) -> Vec<Status> {
        let snapshot = self.arbiter.as_ref().unwrap().snapshot(&Part::Summary, at(self.now));
        let mut all: Vec<Status> = snapshot
            .pools
            .iter()
            .flat_map(|pool| pool.origins.iter().map(|origin| origin.status_at(at(self.now))))
            .collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    fn until(&mut self, end: u64) {
        while self.queue.peek().is_some_and(|Reverse((when, _, _))| *when < end) {
            let Some(Reverse((when, _, what))) = self.queue.pop() else { return };
            self.now = when;
            self.happens(what);
        }
        self.now = end;
    }

    fn happens(&mut self, what: Happens) {
        let now = self.now;
        match what {
            Happens::Alarm(shard, set) => self.rings(shard, set),
            Happens::Arrives(shard, id) => {
                let Some(event) = self.events_by_id.remove(&id) else { return };
                self.shards[shard].inbox.push_back(event);
                self.goes_on(shard);
            }
            Happens::SlotComes(shard, begun) => {
                if self.shards[shard].ticking == Some(begun) {
                    self.goes_on(shard);
                }
            }
            Happens::Reported(shard, id) => {
                let Some(report) = self.reports_by_id.remove(&id) else { return };
                let seq = report.seq;
                let last = report.rollups.last().map(|rollup| (rollup.life, rollup.seq));
                self.judge(arbiter::Event::Reported(report));
                if let Some((life, seq)) = last {
                    self.arrives(shard, now + ROUND_TRIP.get() / 2, vantage::Event::HandedOn(life, seq));
                }
                self.arrives(shard, now + ROUND_TRIP.get() / 2, vantage::Event::Delivered(seq));
            }
            Happens::ArbiterAlarm(set) => {
                if self.arbiter_alarm == Some(set) {
                    self.arbiter_alarm = None;
                    self.arbiter_remembered = None;
                    self.count(Effect::ArbiterAlarm);
                    self.judge(arbiter::Event::Woken);
                }
            }
            Happens::Cron => {
                self.count(Effect::Cron);
                self.judge(arbiter::Event::Woken);
                // Nothing keeps step with anything to the millisecond.
                self.at(now + 60_011, Happens::Cron);
            }
            Happens::Reads => {
                self.count(Effect::Refresh);
                self.judge(arbiter::Event::Woken);
                let every = self.read_every.unwrap().1;
                // A copy grows too old a little before somebody asks for it.
                let later = 1 + (now / 7).wrapping_mul(0x9e37_79b9) % (every / 100);
                self.at(now + every + later, Happens::Reads);
            }
            Happens::Armed(shard) => {
                self.set_alarm(shard, now);
            }
            Happens::Hurried(shard, number) => {
                let id = self.config.origins().nth(number).unwrap().id.clone();
                // A tick that is under way takes it in, and else the next one, before it looks what
                // is due.
                if self.shards[shard].ticking.is_some() {
                    self.shards[shard].inbox.push_back(vantage::Event::OriginSuspected(id));
                    self.goes_on(shard);
                } else {
                    self.shards[shard].doubted.push(id);
                }
                self.set_alarm(shard, now);
            }
            Happens::Beats(place) => {
                let job = self.config.heartbeats().nth(place).unwrap();
                self.count(Effect::Beat);
                self.judge(arbiter::Event::Beat(job.id.clone()));
                self.at(now + job.period.get(), Happens::Beats(place));
            }
            Happens::Edits(edit) => self.edits(edit),
            Happens::Gathered(id) => {
                let (errand, gathered) = self.gathered_by_id.remove(&id).unwrap();
                self.looks(&errand, &gathered);
            }
            Happens::Answers(id) => {
                let answer = self.answers_by_id.remove(&id).unwrap();
                self.judge(arbiter::Event::Answered(answer));
            }
        }
    }

    fn arrives(&mut self, shard: usize, when: u64, event: vantage::Event) {
        let id = self.next + 1;
        self.events_by_id.insert(id, event);
        self.at(when, Happens::Arrives(shard, id));
    }

    fn set_alarm(&mut self, shard: usize, when: u64) {
        if self.shards[shard].remembered.replace(when) == Some(when) {
            return;
        }
        self.count(Effect::SetAlarm);
        self.shards[shard].alarm = Some(when);
        self.at(when.max(self.now), Happens::Alarm(shard, when));
    }

    fn rings(&mut self, number: usize, set: u64) {
        let now = self.now;
        let config = self.config;
        let shard = &mut self.shards[number];
        if shard.alarm != Some(set) {
            return;
        }
        if shard.ticking.is_some() {
            // Only one alarm runs at a time.
            shard.rung_late = true;
            return;
        }
        shard.alarm = None;
        shard.remembered = None;
        shard.ticking = Some(now);
        if shard.prober.is_some() && now - shard.worked > REST_MS {
            shard.prober = None;
        }
        if shard.prober.is_none() {
            let shards = schedule::shards(config, &shard.vantage);
            let own = shards.iter().find(|other| other.label() == shard.label).unwrap();
            let duty = Duty { config, vantage: &shard.vantage, shard: own, daily: self.daily };
            let read = Cell::new(0);
            let ring = |place| {
                let row = shard.ring.get(&place).cloned();
                read.set(read.get() + u64::from(row.is_some()));
                row
            };
            let prober = Prober::new(&duty, shard.stored.as_deref(), at(now)).with_ring(&duty, ring, at(now));
            shard.prober = Some(prober);
            self.counts.add(Effect::RowRead, read.get());
            if shard.stored.is_some() {
                self.count(Effect::RowRead);
            }
        }
        self.count(Effect::VantageAlarm);
        self.started = 0;
        for id in std::mem::take(&mut self.shards[number].doubted) {
            self.shards[number].prober.as_mut().unwrap().doubt(&id);
        }
        self.prober(number, vantage::Event::Alarm);
        self.most_probes = self.most_probes.max(self.started);
        self.goes_on(number);
    }

    /// Folds what has arrived, until the tick is over.
    fn goes_on(&mut self, number: usize) {
        let now = self.now;
        if self.shards[number].ticking.is_none() {
            return;
        }
        loop {
            let shard = &self.shards[number];
            let prober = shard.prober.as_ref().unwrap();
            let next = prober.next_due(at(now)).as_millis();
            if (prober.under_way() == 0 && shard.reports == 0) || next <= now {
                break;
            }
            let Some(event) = self.shards[number].inbox.pop_front() else {
                let begun = self.shards[number].ticking.unwrap();
                self.at(next, Happens::SlotComes(number, begun));
                return;
            };
            if let vantage::Event::Delivered(_) = event {
                self.shards[number].reports -= 1;
            }
            self.prober(number, event);
        }
        let shard = &mut self.shards[number];
        let begun = shard.ticking.take().unwrap();
        shard.worked = now;
        self.counts.wait(now - begun);
        if std::mem::take(&mut self.shards[number].rung_late)
            && let Some(set) = self.shards[number].alarm
        {
            self.at(set.max(now), Happens::Alarm(number, set));
        }
    }

    fn prober(&mut self, number: usize, event: vantage::Event) {
        let now = self.now;
        let effects = self.shards[number].prober.as_mut().unwrap().step(event, at(now));
        for effect in effects {
            match effect {
                vantage::Effect::WakeAt(when) => self.set_alarm(number, when.as_millis()),
                vantage::Effect::Persist(text) => {
                    self.shards[number].stored = Some(text);
                    self.count(Effect::VantageRow);
                }
                vantage::Effect::Keep(row) => {
                    self.shards[number].ring.insert(row.place, row.text);
                    self.count(Effect::RingRow);
                }
                vantage::Effect::Probe(id, ticket, connects) => {
                    self.count(Effect::Probe);
                    self.started += 1;
                    let nth = self.shards[number].probes.entry(id.clone()).or_default();
                    *nth += 1;
                    let timeout = self.config.origin(&id).unwrap().pace.timeout;
                    let (passes, latency) = (self.nature)(self.numbers[&id], (*nth, now - BEGIN), timeout);
                    let mut sample = sample(passes, latency, at(now));
                    // A connection comes after an answer that passes.
                    let connects = connects && passes;
                    sample.connected = if connects { Connected::Accepted } else { Connected::NotTried };
                    let latency = latency + if connects { CONNECTION.get() } else { 0 };
                    self.arrives(number, now + latency, vantage::Event::Sampled(id, ticket, sample));
                }
                vantage::Effect::CheckReference(_, ticket) => {
                    self.count(Effect::Reference);
                    let referral = ReferenceResult { answered: true, colo: Some("AMS".into()) };
                    self.arrives(number, now + 50, vantage::Event::ReferenceChecked(ticket, referral));
                }
                vantage::Effect::Report(report) => {
                    self.count(Effect::Report);
                    self.shards[number].reports += 1;
                    let id = self.next + 1;
                    self.reports_by_id.insert(id, report);
                    self.at(now + ROUND_TRIP.get() / 2, Happens::Reported(number, id));
                }
                vantage::Effect::Observed(..)
                | vantage::Effect::Connections(..)
                | vantage::Effect::Slipped(..) => {}
            }
        }
    }

    fn judge(&mut self, event: arbiter::Event) {
        let now = self.now;
        if self.arbiter.is_some() && now - self.arbiter_worked > REST_MS {
            self.arbiter = None;
            self.arbiter_remembered = None;
        }
        if self.arbiter.is_none() {
            let latest = self.events.iter().skip(self.events.len().saturating_sub(EVENTS_SHOWN));
            let rows: Vec<Row> = self.rows.values().chain(latest).cloned().collect();
            self.counts.add(Effect::RowRead, rows.len() as u64 + 1);
            self.arbiter = Some(Arbiter::new(self.config.clone(), &rows, at(now)));
        }
        self.arbiter_worked = now;
        for effect in self.arbiter.as_mut().unwrap().step(event, at(now)) {
            match effect {
                arbiter::Effect::Persist(rows) => rows.into_iter().for_each(|row| self.store(row)),
                arbiter::Effect::Remember(memories) => self.remember(&memories),
                arbiter::Effect::Publish(_) => self.count(Effect::KvWrite),
                arbiter::Effect::WakeAt(when) => {
                    let when = when.as_millis();
                    if self.arbiter_remembered.replace(when) != Some(when) {
                        self.count(Effect::SetAlarm);
                        self.arbiter_alarm = Some(when);
                        self.at(when, Happens::ArbiterAlarm(when));
                    }
                }
                arbiter::Effect::Arm(object) => {
                    self.count(Effect::Arm);
                    let shard = self.shards.iter().position(|shard| shard.name == object.name).unwrap();
                    self.at(now + ROUND_TRIP.get() / 2, Happens::Armed(shard));
                }
                arbiter::Effect::ProbeNow(object, origins) => {
                    self.count(Effect::Arm);
                    let shard = self.shards.iter().position(|shard| shard.name == object.name).unwrap();
                    for id in origins {
                        let number = self.numbers[&id];
                        self.at(now + ROUND_TRIP.get() / 2, Happens::Hurried(shard, number));
                    }
                }
                arbiter::Effect::Changed(_)
                | arbiter::Effect::GivenUp(_)
                | arbiter::Effect::Push { .. }
                | arbiter::Effect::PushAll(_) => {}
                arbiter::Effect::Superseded(_) => panic!("nothing is superseded here"),
                arbiter::Effect::Gather(errand) => {
                    let (gathered, id) = (self.gathered(&errand), self.next + 1);
                    self.gathered_by_id.insert(id, (errand, gathered));
                    self.at(now + ROUND_TRIP.get(), Happens::Gathered(id));
                }
                arbiter::Effect::Wrote(outcome) => {
                    assert!(matches!(outcome, writes::Outcome::Change { .. }), "{outcome:?}");
                }
                arbiter::Effect::Deliver(delivery) => self.send(delivery),
            }
        }
    }

    fn remember(&mut self, memories: &Memories) {
        let read = Cell::new(0);
        let at = |key: &str| {
            let row = self.history.get(key).cloned();
            read.set(read.get() + u64::from(row.is_some()));
            row
        };
        let after = |key: &str| {
            let row = self.history.range::<str, _>((Bound::Excluded(key), Bound::Unbounded)).next();
            read.set(read.get() + u64::from(row.is_some()));
            row.map(|(key, text)| (key.clone(), text.clone()))
        };
        let rows = memories.rows(&Stored { at: &at, after: &after });
        self.counts.add(Effect::RowRead, read.get());
        self.counts.add(Effect::HistoryRow, rows.len() as u64);
        self.history.extend(rows.into_iter().map(|row| (row.key, row.text)));
        self.history.retain(|_, text| !text.is_empty());
    }

    fn send(&mut self, delivery: Delivery) {
        self.count(Effect::Message);
        let refused = notify::Outcome::Failed { why: "status 503".into(), retry_after: None };
        let outcome = if self.taken { notify::Outcome::Taken } else { refused };
        let id = self.next + 1;
        self.answers_by_id.insert(id, Answer { channel: delivery.channel, id: delivery.id, outcome });
        // As long as the table takes a receiver to need.
        self.at(self.now + Effect::Message.cost().active_ms, Happens::Answers(id));
    }

    fn store(&mut self, row: Row) {
        let (effect, place) = match row.table {
            Table::Shards => (Effect::ShardRow, 0),
            Table::Pools => (Effect::PoolRow, 1),
            Table::Meta => (Effect::MetaRow, 2),
            Table::Outbox => (Effect::OutboxRow, 3),
            Table::Events => {
                self.count(Effect::EventRow);
                self.events.push(row);
                return;
            }
        };
        self.count(effect);
        if row.text.is_empty() {
            self.rows.remove(&(place, row.key));
        } else {
            self.rows.insert((place, row.key.clone()), row);
        }
    }
}

fn sample(passes: bool, latency: u64, at: Timestamp) -> Sample {
    let finding = if passes { Finding::Met } else { Finding::Broken("status 500 is not expected".into()) };
    Sample {
        at,
        outcome: Outcome::Answered,
        latency: Millis::new(latency),
        status: Some(if passes { 200 } else { 500 }),
        cache: CacheClass::OriginProven,
        told: None,
        database: Database::default(),
        checks: vec![Check { expectation: "status".into(), finding }],
        bytes: 0,
        timings: Vec::new(),
        connected: Connected::NotTried,
    }
}
