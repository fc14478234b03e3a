//! The `Vantage` Durable Object: one per shard of a vantage, named
//! `v1/{vantage}/{hint}/{shard}of{n}`.
//!
//! It stores one row, `shard`: counters and opinions. It answers with 204 to `GET /arm`, which sets
//! an alarm at once, and to `POST /hurry` and origins, a line each. Those it probes at once, and a
//! few times more in short order. Its alarm is the loop: set the next alarm, start what is due,
//! fold what arrives until the next slot. Only one alarm runs at a time; probes that outlive it run
//! on as tasks of the object and are folded by the next.

use std::cell::{Cell, RefCell};

use futures_channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use futures_util::StreamExt;
use futures_util::future::{Either, select};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::spawn_local;
use web_sys::{Request, Response};
use worker::worker_sys::DurableObjectState;
use worker::{Env, Result, State};

use super::layers::Delivery;
use super::{clock, connect, deployed, layers, log, respond, ring, send};
use crate::calls::VantageCall;
use crate::config::{Config, OriginUrl};
use crate::defaults::edge::{REPORT_TIMEOUT, UNCONFIGURED};
use crate::history::{self, SampleQuery};
use crate::json;
use crate::probe::{self, ReferenceResult};
use crate::sample::{Evidence, Sample};
use crate::schedule;
use crate::units::{Millis, Name, OriginId, Timestamp};
use crate::vantage::{ConnectNote, Duty, Effect, Event, Prober, RingRow};

/// The key of the one row.
const KEY: &str = "shard";

/// Probes from one place.
#[wasm_bindgen]
pub struct Vantage {
    state: State,
    env: Env,
    prober: RefCell<Option<Prober>>,
    alarm: Cell<Option<Timestamp>>,
    reports: Cell<u32>,
    arrivals: RefCell<Option<UnboundedReceiver<Arrival>>>,
    arrive: UnboundedSender<Arrival>,
    /// Origins that are to be looked at.
    doubted: RefCell<Vec<OriginId>>,
}

/// What comes back from a task.
enum Arrival {
    /// The sample of an origin, with the ticket of its probe.
    Sample(OriginId, u64, Sample),
    /// What a reference said, with the ticket of the question.
    ReferenceResult(u64, ReferenceResult),
    /// A report came to its end; what that means for the watch.
    Report(Vec<Event>),
    /// Somebody is to be looked at.
    Doubt,
}

#[wasm_bindgen]
impl Vantage {
    /// An object before its first call.
    #[wasm_bindgen(constructor)]
    pub fn new(state: DurableObjectState, env: Env) -> Self {
        let (arrive, arrivals) = unbounded();
        Self {
            state: state.into(),
            env,
            prober: RefCell::new(None),
            alarm: Cell::new(None),
            reports: Cell::new(0),
            arrivals: RefCell::new(Some(arrivals)),
            arrive,
            doubted: RefCell::default(),
        }
    }

    /// Sets the alarm at once; takes in which origins are to be looked at, if the request names
    /// any.
    ///
    /// # Errors
    /// The alarm cannot be set.
    pub async fn fetch(&self, request: Request) -> std::result::Result<Response, JsValue> {
        let call = request.url().strip_prefix(layers::VANTAGE).and_then(VantageCall::parse);
        if let Some(VantageCall::Samples(query)) = &call {
            return Ok(self.samples(query)?);
        }
        if let Some(VantageCall::Kept(query)) = &call {
            return Ok(self.kept(query)?);
        }
        if call == Some(VantageCall::ProbeNow) {
            let lines = respond::text(request.text()).await?;
            for line in lines.lines() {
                self.doubted.borrow_mut().extend(OriginId::parse(line));
            }
            // A tick that is under way takes it in, and else the next one, before it looks what is
            // due. The receiver lives as long as this object.
            let _ = self.arrive.unbounded_send(Arrival::Doubt);
        }
        self.set_alarm(clock::now()).await?;
        Ok(respond::plain(204, "")?)
    }

    /// One turn of the loop.
    pub async fn alarm(&self) {
        // A failed alarm would be retried six times and then never again: log, and let the alarm
        // that is set go on.
        if let Err(error) = self.tick().await {
            log::error("tick_failed", &[("object", &self.name()), ("error", &error.to_string())]);
        }
    }
}

impl Vantage {
    async fn tick(&self) -> Result<()> {
        #[cfg(feature = "trap")]
        super::trap::if_set("vantage");
        self.alarm.set(None);
        #[cfg(feature = "trap")]
        if super::trap::is_down("vantage") {
            return self.set_alarm(clock::now().plus(Millis::from_secs(1))).await;
        }
        let Ok(config) = deployed::config() else {
            return self.set_alarm(clock::now().plus(UNCONFIGURED)).await;
        };
        if !self.load(config).await? {
            log::info("object_retired", &[("object", &self.name())]);
            self.state.storage().delete_alarm().await?;
            return self.state.storage().delete_all().await;
        }
        if let Some(prober) = self.prober.borrow_mut().as_mut() {
            self.doubted.take().iter().for_each(|id| prober.doubt(id));
        }
        self.step(Event::Alarm).await?;
        let taken = self.arrivals.take();
        if let Some(mut arrivals) = taken {
            let folded = self.fold_arrivals(&mut arrivals).await;
            self.arrivals.replace(Some(arrivals));
            folded?;
        }
        Ok(())
    }

    /// Folds what arrives until nothing is under way or the next slot has come.
    async fn fold_arrivals(&self, arrivals: &mut UnboundedReceiver<Arrival>) -> Result<()> {
        // One timer for all that arrives before the same slot.
        let (mut until, mut timer) = (Timestamp::default(), clock::delay(Millis::ZERO));
        loop {
            let now = clock::now();
            let (busy, next) = self
                .prober
                .borrow()
                .as_ref()
                .map_or((false, now), |prober| (prober.under_way() > 0, prober.next_due(now)));
            if (!busy && self.reports.get() == 0) || next <= now {
                return Ok(());
            }
            if until != next {
                (until, timer) = (next, clock::delay(next.since(now)));
            }
            // The timer first: it counts from when it is first waited for.
            match select(&mut timer, arrivals.next()).await {
                Either::Right((Some(arrival), _)) => self.fold(arrival).await?,
                Either::Right((None, _)) | Either::Left(((), _)) => return Ok(()),
            }
        }
    }

    async fn fold(&self, arrival: Arrival) -> Result<()> {
        match arrival {
            Arrival::Sample(id, ticket, sample) => self.step(Event::Sampled(id, ticket, sample)).await,
            Arrival::ReferenceResult(ticket, referral) => {
                self.step(Event::ReferenceChecked(ticket, referral)).await
            }
            Arrival::Doubt => {
                for id in self.doubted.take() {
                    self.step(Event::OriginSuspected(id)).await?;
                }
                Ok(())
            }
            Arrival::Report(events) => {
                self.reports.set(self.reports.get().saturating_sub(1));
                for event in events {
                    self.step(event).await?;
                }
                Ok(())
            }
        }
    }

    async fn step(&self, event: Event) -> Result<()> {
        let now = clock::now();
        let effects =
            self.prober.borrow_mut().as_mut().map(|prober| prober.step(event, now)).unwrap_or_default();
        for effect in effects {
            match effect {
                Effect::WakeAt(at) => self.set_alarm(at).await?,
                Effect::Persist(text) => {
                    if let Err(error) = self.state.storage().put_raw(KEY, &text).await {
                        // What memory holds was not stored: begin again from what is.
                        self.prober.replace(None);
                        return Err(error);
                    }
                }
                Effect::Keep(row) => {
                    if let Err(error) = ring::keep(&self.state.storage(), &row) {
                        self.prober.replace(None);
                        return Err(error);
                    }
                }
                Effect::Probe(id, ticket, connects) => self.start_probe(id, ticket, connects),
                Effect::CheckReference(reference, ticket) => self.ask(&reference, ticket),
                Effect::Report(report) => {
                    let seq = report.seq;
                    let text = json::write(&report);
                    self.start_report(seq, text);
                }
                Effect::Observed(id, evidence) => log_evidence(&self.name(), &id, &evidence),
                Effect::Connections(id, note) => log_connections(&self.name(), &id, note),
                Effect::Slipped(lag, missed) => log::warn(
                    "schedule_slipped",
                    &[("object", &self.name()), ("lag", &lag.to_string()), ("missed", &missed)],
                ),
            }
        }
        Ok(())
    }

    fn start_probe(&self, id: OriginId, ticket: u64, connects: bool) {
        let request = {
            let prober = self.prober.borrow();
            prober.as_ref().zip(self.vantage()).and_then(|(prober, vantage)| {
                prober.origin(&id).map(|origin| (origin.clone(), probe::request(origin, &vantage)))
            })
        };
        let Some((origin, request)) = request else { return };
        let (env, arrive) = (self.env.clone(), self.arrive.clone());
        spawn_local(async move {
            let at = clock::now();
            let reply = send::send(request, &env).await;
            let mut sample = probe::examine(&origin, at, &reply);
            if let Some(dial) = connects.then(|| probe::dial(&origin, &sample)).flatten() {
                sample.connected = probe::connected(&dial, &connect::connect(&dial).await, &reply);
            }
            // The object may be gone; then nobody waits for the sample.
            let _ = arrive.unbounded_send(Arrival::Sample(id, ticket, sample));
        });
    }

    /// Asks a reference.
    fn ask(&self, reference: &OriginUrl, ticket: u64) {
        let Some(vantage) = self.vantage() else { return };
        let request = probe::refer(reference, &vantage);
        let (env, arrive) = (self.env.clone(), self.arrive.clone());
        spawn_local(async move {
            let reply = send::send(request, &env).await;
            let _ = arrive.unbounded_send(Arrival::ReferenceResult(ticket, probe::referred_to(&reply)));
        });
    }

    fn start_report(&self, seq: u64, text: String) {
        self.reports.set(self.reports.get().saturating_add(1));
        let (env, arrive, name) = (self.env.clone(), self.arrive.clone(), self.name());
        spawn_local(async move {
            let delivery = std::pin::pin!(layers::deliver(&env, &text));
            let mut events = Vec::new();
            match select(delivery, clock::delay(REPORT_TIMEOUT)).await {
                Either::Left((Ok((delivery, handed_on)), _)) => {
                    events.extend(match delivery {
                        Delivery::Taken => Some(Event::Delivered(seq)),
                        Delivery::Superseded(known) => Some(Event::Superseded(known)),
                        Delivery::Refused => None,
                    });
                    events.extend(handed_on.map(|(life, seq)| Event::HandedOn(life, seq)));
                }
                Either::Left((Err(error), _)) => {
                    log::warn("report_lost", &[("object", &name), ("error", &error.to_string())]);
                }
                Either::Right(((), _)) => {
                    log::warn("report_lost", &[("object", &name), ("error", &"no answer in time")]);
                }
            }
            let _ = arrive.unbounded_send(Arrival::Report(events));
        });
    }

    /// Brings the state to life; whether the configuration still names this object.
    async fn load(&self, config: &Config) -> Result<bool> {
        if self.prober.borrow().as_ref().is_some_and(|prober| prober.config() == config.hash) {
            return Ok(true);
        }
        let name = self.name();
        let Some((vantage, hint, label)) = schedule::parse_object_name(&name) else { return Ok(false) };
        let Some(known) = config.vantage(vantage.as_str()) else { return Ok(false) };
        let shards = schedule::shards(config, &vantage);
        let Some(shard) = shards.iter().find(|shard| shard.label() == label) else { return Ok(false) };
        if schedule::object_name(known, hint, label) != name || !known.is_at(hint) {
            return Ok(false);
        }
        let stored = self.state.storage().get::<String>(KEY).await?;
        let duty = Duty { config, vantage: &vantage, shard, daily: deployed::daily() };
        let (storage, now) = (self.state.storage(), clock::now());
        ring::open(&storage)?;
        let prober = ring::reading(&storage, |stored_at| {
            Prober::new(&duty, stored.as_deref(), now).with_ring(&duty, stored_at, now)
        })?;
        self.prober.replace(Some(prober));
        Ok(true)
    }

    /// Its samples of an origin.
    fn samples(&self, query: &SampleQuery) -> Result<Response> {
        let storage = self.state.storage();
        ring::open(&storage)?;
        let vantage = self.vantage().ok_or("an object of another name")?;
        let rows = ring::of(&storage, query, self.unkept())?;
        respond::plain(200, &history::sampled(query, &vantage, rows.into_iter()))
    }

    /// The same as they are kept.
    fn kept(&self, query: &SampleQuery) -> Result<Response> {
        let storage = self.state.storage();
        ring::open(&storage)?;
        let rows = ring::of(&storage, query, self.unkept())?;
        respond::plain(200, &history::kept(query, rows.into_iter()))
    }

    fn unkept(&self) -> Option<RingRow> {
        self.prober.borrow().as_ref().and_then(Prober::unkept)
    }

    /// Sets the alarm, unless it is set to that very time already: every setting is a row written.
    async fn set_alarm(&self, at: Timestamp) -> Result<()> {
        if self.alarm.replace(Some(at)) == Some(at) {
            return Ok(());
        }
        let set = self.state.storage().set_alarm(clock::alarm(at)).await;
        if set.is_err() {
            self.alarm.set(None);
        }
        set
    }

    fn vantage(&self) -> Option<Name> {
        schedule::parse_object_name(&self.name()).map(|(vantage, _, _)| vantage)
    }

    fn name(&self) -> String {
        self.state.id().name().unwrap_or_default()
    }
}

fn log_connections(object: &str, id: &OriginId, note: ConnectNote) {
    let origin = id.to_string();
    let fields: &log::Fields<'_> = &[("object", &object), ("origin", &origin), ("reason", &note.as_str())];
    match note {
        ConnectNote::NoneYet => log::warn("connect_unproven", fields),
        ConnectNote::SwitchedOff => log::warn("connect_switched_off", fields),
    }
}

fn log_evidence(object: &str, id: &OriginId, evidence: &Evidence) {
    let (word, why) = match evidence {
        Evidence::Pass => return,
        Evidence::Warn(why) => ("warn", why),
        Evidence::Unproven(why) => ("unproven", why),
        Evidence::Fail(why) => ("fail", why),
        Evidence::None(why) => ("none", why),
    };
    let fields: &log::Fields<'_> =
        &[("object", &object), ("origin", &id.to_string()), ("evidence", &word), ("reason", &why.as_str())];
    if word == "none" {
        log::warn("probe_without_evidence", fields);
    } else {
        log::debug("probe_amiss", fields);
    }
}
