//! The `Arbiter` Durable Object: one per deployment, named `v1`, with a database of its own.
//!
//! It stores the tables `v1_shards`, `v1_pools` and `v1_outbox` (`key`, `body`) and `v1_events`
//! (`id`, `body`); bodies are the core's frozen JSON. It answers `POST /report` (204 taken, 409
//! with the known sequence number if it was overtaken, 400 not understood; a vote for another
//! definition is taken and does not count), `GET /follow/` and a pool, or `GET /follow` for all of
//! them (101: a WebSocket that hibernates and says the revision, now and at each change; 404
//! unknown, 429 too many), `POST /beat/` and a job (204 stored, 404 if it runs another
//! configuration), `POST /doubt/` and an origin (204). It answers `GET` of a snapshot's part, of
//! the past and of `/audit` (200), `POST /write` (200 with what became of it) and `GET /wake`
//! (204). The rows of a step are written in one transaction, so they land together or not at all.
//! The platform's output gate holds every answer until they have landed.

mod edits;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::spawn_local;
use web_sys::{Request, Response};
use worker::worker_sys::DurableObjectState;
use worker::{Env, Result, State};

use super::{
    bound, caught, cdn, clock, counts, deployed, layers, line, log, notify, past, respond, rows, vantages,
};
use crate::arbiter::{Arbiter as Engine, Effect, Event, Memories, Row};
use crate::calls::{self, ArbiterCall};
use crate::config::Config;
use crate::defaults::edge::{AFTER_A_FAILURE, REPORT_CAP};
use crate::follow;
use crate::heartbeat;
use crate::json;
use crate::notify::{Answer, Delivery, Outcome};
use crate::snapshot::{Followed, Snapshot};
use crate::units::Timestamp;
use crate::vote::Report;
use crate::writes;

/// Holds votes and verdicts, and is the only one to write them.
#[wasm_bindgen]
pub struct Arbiter(Rc<Inner>);

/// What the object's tasks share with it.
struct Inner {
    state: State,
    env: Env,
    engine: RefCell<Option<Engine>>,
    alarm: Cell<Option<Timestamp>>,
}

/// What a step tells whoever caused it.
#[derive(Default)]
struct Told {
    /// The sequence number that is known, of a report that was overtaken.
    superseded: Option<u64>,
    /// What became of a change.
    wrote: Option<writes::Outcome>,
    /// The last rollup that is stored of a report: its life and number.
    handed_on: Option<(u64, u64)>,
}

#[wasm_bindgen]
impl Arbiter {
    /// An object before its first call.
    #[wasm_bindgen(constructor)]
    pub fn new(state: DurableObjectState, env: Env) -> Self {
        let state = state.into();
        Self(Rc::new(Inner { state, env, engine: RefCell::new(None), alarm: Cell::new(None) }))
    }

    /// Answers one of our own parts.
    ///
    /// # Errors
    /// The storage, or the platform's values, are not to be had.
    pub async fn fetch(&self, request: Request) -> std::result::Result<Response, JsValue> {
        Ok(self.0.answer(&request).await?)
    }

    /// Wakes it.
    ///
    /// # Errors
    /// Its next alarm cannot be set.
    pub async fn alarm(&self) -> std::result::Result<(), JsValue> {
        Ok(self.0.ring().await?)
    }
}

impl Inner {
    async fn ring(self: &Rc<Self>) -> Result<()> {
        self.alarm.set(None);
        let woken = match deployed::config() {
            Ok(config) => self.step(config, Event::Woken).await,
            Err(_) => Ok(Told::default()),
        };
        if let Err(error) = woken {
            log::error("arbiter_failed", &[("error", &error.to_string())]);
            let at = clock::now().plus(AFTER_A_FAILURE);
            self.state.storage().set_alarm(clock::alarm(at)).await?;
        }
        Ok(())
    }

    async fn answer(self: &Rc<Self>, request: &Request) -> Result<Response> {
        #[cfg(feature = "trap")]
        {
            super::trap::if_set("arbiter");
            if super::trap::is_down("arbiter") {
                return Err("silent on purpose".into());
            }
            if super::trap::is_down("arbiter-hangs") {
                clock::delay(crate::units::Millis::from_secs(60)).await;
            }
        }
        let Ok(config) = deployed::config() else {
            return respond::plain(503, "the configuration is not valid");
        };
        let call = request.url().strip_prefix(layers::ARBITER).and_then(ArbiterCall::parse);
        match call {
            Some(call) => self.called(call, request, config).await,
            None => respond::plain(404, ""),
        }
    }

    async fn called(
        self: &Rc<Self>,
        call: ArbiterCall,
        request: &Request,
        config: &'static Config,
    ) -> Result<Response> {
        match call {
            ArbiterCall::Report => {
                let text = respond::text(request.text()).await?;
                self.take(config, &text).await
            }
            ArbiterCall::Beat(id) if config.heartbeat(&id).is_some() => {
                log::debug("heartbeat_taken", &[("subject", &id.to_string())]);
                self.step(config, Event::Beat(id)).await?;
                respond::plain(204, "")
            }
            ArbiterCall::Suspect(id) if config.origin(&id).is_some() => {
                self.step(config, Event::OriginSuspected(id)).await?;
                respond::plain(204, "")
            }
            ArbiterCall::Follow(followed) if names(config, &followed) => {
                self.step(config, Event::Woken).await?;
                self.follow(&followed)
            }
            ArbiterCall::Beat(_) | ArbiterCall::Suspect(_) | ArbiterCall::Follow(_) => {
                respond::plain(404, "")
            }
            ArbiterCall::History(_)
            | ArbiterCall::Availability(..)
            | ArbiterCall::Days(..)
            | ArbiterCall::Incidents(_)
            | ArbiterCall::Incident(..)
            | ArbiterCall::Lately
            | ArbiterCall::Changes(_)
            | ArbiterCall::Change(..) => {
                self.step(config, Event::Woken).await?;
                let told = self.told(|engine| past::told(&self.state.storage(), &call, config, engine));
                told.unwrap_or_else(|| respond::plain(503, ""))
            }
            ArbiterCall::Wake => {
                self.step(config, Event::Woken).await?;
                respond::plain(204, "")
            }
            ArbiterCall::Write => {
                let text = respond::text(request.text()).await?;
                self.write(config, &text).await
            }
            ArbiterCall::Audit => {
                self.step(config, Event::Woken).await?;
                respond::plain(200, &json::write(&self.engine.borrow().as_ref().map(Engine::audit)))
            }
            ArbiterCall::Snapshot(part) => {
                let step = counts::of(request).await?;
                self.step(config, Event::Woken).await?;
                let read = |engine: &mut Engine| engine.read(&part, step.as_ref(), clock::now());
                let snapshot = self.engine.borrow_mut().as_mut().map(read);
                counts::taken(respond::plain(200, &json::write(&snapshot))?, step.as_ref())
            }
        }
    }

    /// What the engine says, if it is alive.
    fn told<T>(&self, what: impl FnOnce(&Engine) -> T) -> Option<T> {
        self.engine.borrow().as_ref().map(what)
    }

    /// Opens a line to whoever follows, and says what revision there is now.
    fn follow(&self, followed: &Followed) -> Result<Response> {
        let at_capacity = caught::sockets(&self.state, None)?.len() >= follow::LINES;
        #[cfg(feature = "trap")]
        let at_capacity = at_capacity || super::trap::is_down("lines");
        if at_capacity {
            return respond::plain(429, "");
        }
        let (line, response) = line::open(&self.state, followed.tag())?;
        let revision = self.engine.borrow().as_ref().map_or(0, |engine| engine.revision(followed));
        line::send(&line, &revision.to_string());
        Ok(response)
    }

    async fn take(self: &Rc<Self>, config: &Config, text: &str) -> Result<Response> {
        let report = if text.len() <= REPORT_CAP { json::read::<Report>(text) } else { None };
        let Some(report) = report else {
            log::warn("report_not_understood", &[("bytes", &text.len())]);
            return respond::plain(400, "");
        };
        if report.config != config.hash {
            // One of us runs an older deployment; its votes say themselves which definition they
            // judged.
            log::info("report_of_another_config", &[("vantage", &report.vantage.to_string())]);
        }
        let Told { superseded, handed_on, .. } = self.step(config, Event::Reported(report)).await?;
        let answer = match superseded {
            Some(known) => respond::plain(409, &known.to_string()),
            None => respond::plain(204, ""),
        }?;
        if let Some((life, seq)) = handed_on {
            answer.headers().set(calls::HANDED_ON, &calls::handed_on(life, seq))?;
        }
        Ok(answer)
    }

    /// Steps the engine and carries its effects out; what is to be told to whoever caused it.
    async fn step(self: &Rc<Self>, config: &Config, event: Event) -> Result<Told> {
        let now = clock::now();
        self.load(config, now)?;
        let effects =
            self.engine.borrow_mut().as_mut().map(|engine| engine.step(event, now)).unwrap_or_default();
        let mut told = Told::default();
        let mut effects = effects.into_iter().peekable();
        while let Some(effect) = effects.next() {
            match effect {
                Effect::Superseded(known) => told.superseded = Some(known),
                Effect::Wrote(outcome) => told.wrote = Some(outcome),
                Effect::Remember(memories) => told.handed_on = self.store(&[], &memories)?,
                Effect::Persist(rows) => {
                    let memories = match effects.next_if(|next| matches!(next, Effect::Remember(_))) {
                        Some(Effect::Remember(memories)) => memories,
                        _ => Memories::default(),
                    };
                    told.handed_on = self.store(&rows, &memories)?;
                }
                Effect::Publish(snapshot) => self.publish(snapshot),
                Effect::Push { pool, revision } => self.push(&Followed::One(pool), revision),
                Effect::PushAll(revision) => self.push(&Followed::All, revision),
                Effect::Changed(transition) => log::info(
                    "verdict_changed",
                    &[
                        ("subject", &transition.subject),
                        ("from", &transition.from.as_str()),
                        ("to", &transition.to.as_str()),
                        ("reason", &transition.reason),
                    ],
                ),
                Effect::WakeAt(at) => {
                    if self.alarm.replace(Some(at)) != Some(at)
                        && let Err(error) = self.state.storage().set_alarm(clock::alarm(at)).await
                    {
                        // What memory takes for set is not: begin again from what is stored.
                        self.alarm.set(None);
                        self.engine.replace(None);
                        return Err(error);
                    }
                }
                Effect::Arm(object) => vantages::arm(&self.env, object),
                Effect::ProbeNow(object, origins) => vantages::probe_now(&self.env, object, &origins),
                Effect::Gather(errand) => self.gather(errand),
                Effect::Deliver(delivery) => self.deliver(delivery),
                Effect::GivenUp(transition) => log::error(
                    "notify_given_up",
                    &[("channel", &transition.subject), ("reason", &transition.reason)],
                ),
            }
        }
        Ok(told)
    }

    /// Stores what a step changed; the last rollup among it.
    fn store(&self, rows: &[Row], memories: &Memories) -> Result<Option<(u64, u64)>> {
        if let Err(error) = rows::write_all(&self.state.storage(), rows, memories) {
            // What memory holds was not stored: begin again from what is.
            self.engine.replace(None);
            return Err(error);
        }
        Ok(memories.handed_on())
    }

    /// Says a revision to all who follow a pool, or all pools. Those who do not hear of it look at
    /// the end of their wait.
    fn push(&self, followed: &Followed, revision: u64) {
        match caught::sockets(&self.state, Some(followed.tag())) {
            Ok(lines) => lines.iter().for_each(|line| line::send(line, &revision.to_string())),
            Err(error) => {
                log::warn("followers_not_told", &[("pool", &followed.tag()), ("error", &error.to_string())]);
            }
        }
    }

    /// Writes the last known good. What cannot be written is written with the next change, or
    /// within the hour.
    fn publish(&self, snapshot: Snapshot) {
        let env = self.env.clone();
        caught::keep_going(&self.state, async move {
            if let Err(error) = layers::publish(&snapshot, &env).await {
                log::warn("kv_unreachable", &[("error", &error.to_string())]);
            }
        });
    }

    /// Sends a message, and folds in what became of it.
    fn deliver(self: &Rc<Self>, delivery: Delivery) {
        let Ok(config) = deployed::config() else { return };
        let inner = Rc::clone(self);
        spawn_local(async move {
            let Some(channel) = config.notify.iter().find(|channel| channel.name == delivery.channel) else {
                return;
            };
            let outcome = notify::deliver(channel, &delivery, &inner.env).await;
            let Delivery { channel, id, .. } = delivery;
            match &outcome {
                Outcome::Taken => log::info("notify_delivered", &[("channel", &channel), ("message", &id)]),
                Outcome::Failed { why, .. } => log::warn(
                    "notify_failed",
                    &[("channel", &channel), ("message", &id), ("error", &why.as_str())],
                ),
            }
            // If this is not stored, the message is sent again.
            if let Err(error) = inner.step(config, Event::Answered(Answer { channel, id, outcome })).await {
                log::error("arbiter_failed", &[("error", &error.to_string())]);
            }
        });
    }

    fn load(&self, config: &Config, now: Timestamp) -> Result<()> {
        if self.engine.borrow().as_ref().is_some_and(|engine| engine.config() == config.hash) {
            return Ok(());
        }
        let rows = rows::read(&self.state.storage())?;
        log::info("arbiter_loaded", &[("rows", &rows.len()), ("config", &config.hash.to_string())]);
        let mut engine = Engine::new(config.clone(), &rows, now);
        if let Some(name) = &config.heartbeat_secret {
            let key = heartbeat::key(name, bound::secret(&self.env, name));
            engine.deafen(key.err().map(|unusable| unusable.to_string()));
        }
        self.engine.replace(Some(engine));
        Ok(())
    }
}

/// Whether a configuration names what is to be followed.
fn names(config: &Config, followed: &Followed) -> bool {
    match followed {
        Followed::One(pool) => config.pool(pool.as_str()).is_some(),
        Followed::All => true,
    }
}
