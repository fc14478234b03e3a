//! The requests of one isolate that are on their way, and what `proxy.mjs` is to do with each next.
//!
//! `proxy.mjs` holds what only the platform knows (the request, its body, the answer); this holds what is decided. They speak in
//! [`Step`]s, written as JSON, and refer to a request by a number. A request whose client went away is never heard of again: what is
//! kept of it is dropped when it could not be answered any more.

use std::rc::Rc;

use super::fields::{self, Facts};
use super::{Asked, Attempt, Effect, Event, Parts, Table, Traffic, Way, own_path, parts};
use crate::config::Config;
use crate::json::{self, Object};
use crate::serve::{self, Answer, Refusal};
use crate::snapshot::{PoolView, Snapshot};
use crate::units::{Map, Millis, Name, OriginId, Timestamp};

/// When so many requests are kept, those that cannot be answered any more are dropped.
const SWEEP_FROM: usize = 256;

/// A request is kept for so long after its deadline.
const SWEEP_AFTER: Millis = Millis::from_secs(10);

/// A request, as `proxy.mjs` sees it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Inbound<'a> {
    /// The method, as sent.
    pub method: &'a str,
    /// The absolute address, as sent.
    pub url: &'a str,
    /// Whether a body comes with it.
    pub has_body: bool,
    /// `Connection`, as received.
    pub connection: Option<&'a str>,
    /// The protocol that is asked for (`Upgrade`), as received.
    pub upgrade: Option<&'a str>,
    /// `Via`, as received.
    pub via: Option<&'a str>,
    /// `CDN-Loop`, as received.
    pub cdn_loop: Option<&'a str>,
    /// `traceparent`, as received.
    pub traceparent: Option<&'a str>,
    /// The client's address, as the platform says it.
    pub client: Option<&'a str>,
    /// Chance, for a trace that begins here.
    pub chance: (u64, u64),
}

/// What is to be done with a request next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Find out what is known of this pool, and come back: nothing that is at hand holds any more.
    Learn(u32, Name),
    /// Send it.
    Send(Send),
    /// Hand the answer on, with these fields appended.
    Pass(Vec<(&'static str, String)>),
    /// Answer this.
    Answer(Answer),
}

/// Where a request is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Send {
    /// Its number.
    pub id: u32,
    /// The address.
    pub url: String,
    /// How long to wait for the response headers.
    pub patience: Millis,
    /// Fields to set, after those of [`fields::REMOVED`] are removed; said once for each request.
    pub set: Vec<(&'static str, String)>,
    /// Further fields to remove.
    pub remove: Vec<String>,
}

impl Step {
    /// The step as `proxy.mjs` reads it.
    #[must_use]
    pub fn write(&self) -> String {
        let mut step = Object::new();
        match self {
            Self::Learn(id, pool) => step.put("learn", id).put("pool", pool),
            Self::Send(send) => {
                let mut said = Object::new();
                said.put("id", &send.id).put("url", &send.url).put("patience", &send.patience);
                if !send.set.is_empty() {
                    said.put_json("set", &pairs(&send.set));
                }
                said.put_some("remove", (!send.remove.is_empty()).then_some(&send.remove));
                step.put_json("send", &said.end())
            }
            Self::Pass(append) => step.put_json("pass", &pairs(append)),
            Self::Answer(answer) => {
                let mut said = Object::new();
                said.put("status", &answer.status).put_json("headers", &pairs(&answer.headers));
                said.put("body", &answer.body);
                step.put_json("answer", &said.end())
            }
        };
        step.end()
    }
}

fn pairs(fields: &[(&'static str, String)]) -> String {
    let pair = |(name, value): &(&'static str, String)| json::write(&[*name, value.as_str()][..]);
    json::array(&fields.iter().map(pair).collect::<Vec<_>>())
}

/// The requests on their way, and what they have seen.
#[derive(Debug)]
pub struct Passage {
    table: Table,
    traffic: Traffic,
    pseudonym: String,
    under_way: Map<u32, Journey>,
    latest: u32,
}

/// A request on its way.
#[derive(Debug)]
struct Journey {
    route: usize,
    method: String,
    has_body: bool,
    /// What the origin is asked: path and query.
    target: String,
    set: Vec<(&'static str, String)>,
    remove: Vec<String>,
    came: Timestamp,
    attempt: Option<Attempt>,
}

impl Passage {
    /// Nothing on its way. `seed` is where chance comes from.
    #[must_use]
    pub fn new(config: &Config, seed: u64) -> Self {
        Self {
            table: Table::new(config),
            traffic: Traffic::new(config, seed),
            pseudonym: fields::pseudonym(config.hash),
            under_way: Map::new(),
            latest: 0,
        }
    }

    /// Path and query by which Vedette itself is asked: on a host that is routed they have a prefix.
    #[must_use]
    pub fn own_target<'a>(&self, url: &'a str) -> Option<&'a str> {
        let found = parts(url)?;
        let whole = url.get(url.find("://")?.saturating_add(3).saturating_add(found.authority.len())..)?;
        let target = if whole.starts_with('/') { whole } else { "/" };
        if !self.table.takes(found.authority) {
            return Some(target);
        }
        own_path(target)
    }

    /// What to do with a request; nothing if it is for Vedette itself. `known` says what is at hand of a pool, if it holds.
    pub fn depart(
        &mut self,
        config: &Config,
        inbound: &Inbound<'_>,
        known: impl FnOnce(&Name) -> Option<Rc<Snapshot>>,
        now: Timestamp,
    ) -> Option<Step> {
        if self.table.is_empty() {
            return None;
        }
        let found = parts(inbound.url)?;
        let place = match self.table.find(found.authority, found.path) {
            Way::Own if own_path(found.path) == Some("") && self.table.takes(found.authority) => {
                return Some(Step::Answer(Refusal::Home.answer()));
            }
            Way::Own => return None,
            Way::Nowhere => {
                let refusal = serve::refused(&self.table, &found).unwrap_or(Refusal::Nowhere);
                return Some(Step::Answer(refusal.answer()));
            }
            Way::Route(place) => place,
        };
        if let Some(refusal) = serve::refused(&self.table, &found) {
            return Some(Step::Answer(refusal.answer()));
        }
        let route = config.routes.get(place)?;
        let prefix = route.path.trim_end_matches('/');
        let stripped = (route.strip_prefix && !prefix.is_empty()).then_some(prefix);
        let facts = Facts {
            client: inbound.client,
            authority: found.authority,
            https: found.https,
            stripped,
            via: inbound.via,
            cdn_loop: inbound.cdn_loop,
            traceparent: inbound.traceparent,
            chance: inbound.chance,
        };
        if fields::is_loop(&facts, &self.pseudonym) {
            return Some(Step::Answer(Refusal::Loop.answer()));
        }
        let mut set = fields::request(&facts, &self.pseudonym);
        // It is removed with the other fields that hold for one connection, and this one goes on.
        set.extend(inbound.upgrade.map(|protocol| ("upgrade", protocol.to_owned())));
        let journey = Journey {
            route: place,
            method: inbound.method.to_owned(),
            has_body: inbound.has_body,
            target: target(&found, stripped),
            set,
            remove: inbound.connection.map(|names| fields::named_by_connection(names).collect()).unwrap_or_default(),
            came: now,
            attempt: None,
        };
        let pool = route.pool.clone();
        match known(&pool) {
            Some(snapshot) => Some(self.begin(config, journey, snapshot.pool(pool.as_str()), now)),
            None => Some(Step::Learn(self.keep(config, journey, now), pool)),
        }
    }

    /// Goes on with a request that waited for what is known of its pool; nothing may be.
    pub fn learned(&mut self, config: &Config, id: u32, known: Option<&Snapshot>, now: Timestamp) -> Option<Step> {
        let journey = self.under_way.remove(&id)?;
        let pool = config.routes.get(journey.route).map(|route| &route.pool)?;
        let view = known.and_then(|snapshot| snapshot.pool(pool.as_str()));
        Some(self.begin(config, journey, view, now))
    }

    /// Goes on with a request that was sent; says which origins the vantages are to look at.
    pub fn returned(&mut self, config: &Config, id: u32, event: Event, now: Timestamp) -> Option<(Step, Vec<OriginId>)> {
        let mut journey = self.under_way.remove(&id)?;
        let mut attempt = journey.attempt.take()?;
        let effect = attempt.step(event, config, &mut self.traffic, now);
        let pool = config.pools.get(attempt.pool);
        let name = |place: usize| pool.and_then(|pool| pool.origins.get(place)).map(|origin| origin.id.clone());
        let doubted = attempt.take_doubted().into_iter().filter_map(name).collect();
        Some((self.effect(config, journey, attempt, effect, now), doubted))
    }

    /// What this isolate saw.
    #[must_use]
    pub const fn traffic(&self) -> &Traffic {
        &self.traffic
    }

    fn begin(&mut self, config: &Config, journey: Journey, view: Option<&PoolView>, now: Timestamp) -> Step {
        let asked = Asked { method: &journey.method, has_body: journey.has_body };
        let begun = Attempt::begin((config, journey.route), asked, view, &mut self.traffic, (journey.came, now));
        match begun {
            Some((attempt, effect)) => self.effect(config, journey, attempt, effect, now),
            // A route always has a pool.
            None => Step::Answer(Refusal::Nowhere.answer()),
        }
    }

    fn effect(&mut self, config: &Config, mut journey: Journey, attempt: Attempt, effect: Effect, now: Timestamp) -> Step {
        match effect {
            Effect::Send(origin, patience) => {
                let origin = config.pools.get(attempt.pool).and_then(|pool| pool.origins.get(origin));
                let url = origin.map(|origin| format!("{}{}", origin.url, journey.target)).unwrap_or_default();
                let (set, remove) = (std::mem::take(&mut journey.set), std::mem::take(&mut journey.remove));
                journey.attempt = Some(attempt);
                let id = self.keep(config, journey, now);
                Step::Send(Send { id, url, patience, set, remove })
            }
            Effect::Pass => Step::Pass(fields::response(config, &attempt, now.since(journey.came))),
            Effect::GiveUp => Step::Answer(serve::apology(config, &attempt)),
        }
    }

    fn keep(&mut self, config: &Config, journey: Journey, now: Timestamp) -> u32 {
        if self.under_way.len() >= SWEEP_FROM {
            let deadline = |journey: &Journey| config.routes.get(journey.route).map_or(Millis::ZERO, |route| route.deadline);
            let gone: Vec<u32> = self
                .under_way
                .iter()
                .filter(|(_, journey)| now.since(journey.came) > deadline(journey).plus(SWEEP_AFTER))
                .map(|(id, _)| *id)
                .collect();
            for id in gone {
                self.under_way.remove(&id);
            }
        }
        self.latest = self.latest.wrapping_add(1);
        self.under_way.insert(self.latest, journey);
        self.latest
    }
}

/// What the origin is asked.
fn target(found: &Parts<'_>, stripped: Option<&str>) -> String {
    let path = stripped.and_then(|prefix| found.path.strip_prefix(prefix)).unwrap_or(found.path);
    let slash = if path.starts_with('/') { "" } else { "/" };
    format!("{slash}{path}{}", found.query)
}
