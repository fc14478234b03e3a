//! The requests of one isolate that are on their way, and what `proxy.mjs` is to do with each next.
//!
//! `proxy.mjs` holds what only the platform knows (the request, its body, the answer); this holds what is decided. They speak in
//! [`Step`]s, written as JSON, and refer to a request by a number. A request whose client went away is never heard of again: what is
//! kept of it is dropped when it could not be answered any more.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::copy::{self, Exchange, Keep};
use super::fields::{self, Facts};
use super::step::{Inbound, Send, Step};
use super::{
    Asked, Attempt, Body, Effect, Event, Lease, Refusal, Table, Traffic, Way, apology, back, holds_until,
    matched, own_path, refused,
};
use crate::config::Config;
use crate::path::{Parts, below, is_authority, parts, plain};
use crate::snapshot::{PoolView, Snapshot};
use crate::units::{Millis, Name, OriginId, Timestamp};

/// So few requests are kept without a look whether they can still be answered.
const FEW: usize = 256;

/// A request is kept for so long after its deadline.
const SWEEP_AFTER: Millis = Millis::from_secs(10);

/// The requests on their way, and what they have seen.
#[derive(Debug)]
pub struct Passage {
    table: Table,
    traffic: Traffic,
    pseudonym: String,
    under_way: BTreeMap<u32, Journey>,
    /// When so many are kept, those that cannot be answered any more are dropped.
    sweep_at: usize,
    latest: u32,
}

/// A request on its way.
#[derive(Debug)]
struct Journey {
    route: usize,
    method: String,
    body: Body,
    strip: bool,
    /// What the origin is asked: path and query.
    target: String,
    set: Vec<(&'static str, String)>,
    remove: Vec<String>,
    came: Timestamp,
    attempt: Option<Attempt>,
    /// What the client asked: the whole address, and which forms it reads.
    url: String,
    accept_encoding: Option<String>,
}

/// What is at hand of a pool.
#[derive(Clone, Debug)]
pub struct Known {
    /// A snapshot that has the pool.
    pub snapshot: Rc<Snapshot>,
    /// Until when nobody looks for a newer one.
    pub rests_until: Timestamp,
}

impl Passage {
    /// Nothing on its way. `seed` is where chance comes from.
    #[must_use]
    pub fn new(config: &Config, seed: u64) -> Self {
        Self {
            table: Table::new(config),
            traffic: Traffic::new(config, seed),
            pseudonym: fields::pseudonym(config.hash),
            under_way: BTreeMap::new(),
            sweep_at: FEW,
            latest: 0,
        }
    }

    /// Path and query by which Vedette itself is asked: on a host that is routed they have a prefix.
    #[must_use]
    pub fn own_target<'a>(&self, url: &'a str) -> Option<Cow<'a, str>> {
        let found = parts(url)?;
        let whole = url.get(url.find("://")?.saturating_add(3).saturating_add(found.authority.len())..)?;
        let target = if whole.starts_with('/') { whole } else { "/" };
        if !self.table.takes(found.authority) {
            return Some(Cow::Borrowed(target));
        }
        match own_path(target) {
            Some(own) => Some(Cow::Borrowed(own)),
            None => own_path(&plain(found.path)).map(|own| Cow::Owned(format!("{own}{}", found.query))),
        }
    }

    /// What to do with a request; nothing if it is for Vedette itself. `known` says what is at hand of a pool, if it holds.
    pub fn depart(
        &mut self,
        config: &Config,
        inbound: &Inbound<'_>,
        known: impl FnOnce(&Name) -> Option<Known>,
        now: Timestamp,
    ) -> Option<Step> {
        let (journey, pool) = match self.settle(config, inbound, now)? {
            Ok(settled) => settled,
            Err(refusal) => return Some(Step::Answer(refusal.answer())),
        };
        match known(&pool) {
            Some(known) => Some(self.begin(config, journey, Some(&known), now)),
            None => Some(Step::Learn(self.keep(config, journey, now), pool)),
        }
    }

    /// Goes on with a request that was sent to an origin of its pool under a lease, and did not come out well.
    pub fn stumbled(
        &mut self,
        config: &Config,
        inbound: &Inbound<'_>,
        (origin, event, came): (usize, Event, Timestamp),
        known: impl FnOnce(&Name) -> Option<Known>,
        now: Timestamp,
    ) -> Option<(Step, Vec<OriginId>)> {
        let (mut journey, pool) = self.settle(config, inbound, came)?.ok()?;
        let known = known(&pool);
        let view = known.as_ref().and_then(|known| known.snapshot.pool(pool.as_str()));
        let asked = Asked { method: &journey.method, body: journey.body };
        let at = (config, journey.route);
        journey.attempt = Attempt::resume(at, asked, (view, origin), &mut self.traffic, (came, now));
        let id = self.keep(config, journey, now);
        self.returned(config, id, event, now)
    }

    /// Counts requests that went their way under a lease, and came out well.
    pub fn went_well(&mut self, config: &Config, route: usize, count: u64, now: Timestamp) {
        let pool = config.routes.get(route).map(|route| &route.pool);
        if let Some(place) = pool.and_then(|name| config.pools.iter().position(|pool| pool.name == *name)) {
            self.traffic.arrived(place, count, now);
        }
    }

    /// Finds the route of a request and what is said to the origin, or why it is not passed on; nothing if it is for Vedette itself.
    fn settle(
        &self,
        config: &Config,
        inbound: &Inbound<'_>,
        now: Timestamp,
    ) -> Option<Result<(Journey, Name), Refusal>> {
        if self.table.is_empty() {
            return None;
        }
        let found = parts(inbound.url)?;
        if !inbound.host.into_iter().chain([found.authority]).all(is_authority) {
            return Some(Err(Refusal::Host));
        }
        let way = self.table.find(found.authority, found.path);
        if way == Way::Own {
            let home = own_path(&plain(found.path)) == Some("") && self.table.takes(found.authority);
            return home.then_some(Err(Refusal::Home));
        }
        if let Some(refusal) = refused(&found) {
            return Some(Err(refusal));
        }
        if inbound.body == Body::Unmeasured && matches!(inbound.method, "GET" | "HEAD") {
            return Some(Err(Refusal::Unmeasured));
        }
        let Way::Route(place) = way else { return Some(Err(Refusal::Nowhere)) };
        let route = config.routes.get(place)?;
        let prefix = route.path.trim_end_matches('/');
        let stripped = (route.strip_prefix && !prefix.is_empty()).then_some(prefix);
        let authority = matched(found.authority);
        let facts = Facts {
            client: inbound.client,
            authority: &authority,
            https: found.https,
            stripped,
            via: inbound.via,
            cdn_loop: inbound.cdn_loop,
        };
        if fields::is_loop(&facts, &self.pseudonym) {
            return Some(Err(Refusal::Loop));
        }
        let set = fields::request(&facts, &self.pseudonym);
        let journey = Journey {
            route: place,
            method: inbound.method.to_owned(),
            body: inbound.body,
            strip: stripped.is_some(),
            target: target(&found, stripped),
            set,
            remove: removed(inbound),
            came: now,
            attempt: None,
            url: inbound.url.to_owned(),
            accept_encoding: inbound.accept_encoding.map(str::to_owned),
        };
        Some(Ok((journey, route.pool.clone())))
    }

    /// Goes on with a request that waited for what is known of its pool; nothing may be.
    pub fn learned(
        &mut self,
        config: &Config,
        id: u32,
        known: Option<&Known>,
        now: Timestamp,
    ) -> Option<Step> {
        let journey = self.under_way.remove(&id)?;
        Some(self.begin(config, journey, known, now))
    }

    /// Goes on with a request that was sent; says which origins the vantages are to look at.
    pub fn returned(
        &mut self,
        config: &Config,
        id: u32,
        event: Event,
        now: Timestamp,
    ) -> Option<(Step, Vec<OriginId>)> {
        let mut journey = self.under_way.remove(&id)?;
        let mut attempt = journey.attempt.take()?;
        let effect = attempt.step(event, config, &mut self.traffic, now);
        let pool = config.pools.get(attempt.pool);
        let name =
            |place: usize| pool.and_then(|pool| pool.origins.get(place)).map(|origin| origin.id.clone());
        let doubted = attempt.take_doubted().into_iter().filter_map(name).collect();
        Some((self.effect(config, journey, attempt, effect, now), doubted))
    }

    /// Whether a copy of a good answer is to be kept.
    #[must_use]
    pub fn keeps_copy(&self, config: &Config, exchange: &Exchange<'_>) -> Option<Keep> {
        let found = parts(exchange.url)?;
        let Way::Route(place) = self.table.find(found.authority, found.path) else { return None };
        copy::keep(config.routes.get(place)?, exchange)
    }

    /// How many requests are kept; some of their clients may have left.
    #[must_use]
    pub fn under_way(&self) -> usize {
        self.under_way.len()
    }

    /// What this isolate saw.
    #[must_use]
    pub const fn traffic(&self) -> &Traffic {
        &self.traffic
    }

    fn begin(&mut self, config: &Config, journey: Journey, known: Option<&Known>, now: Timestamp) -> Step {
        let view = config
            .routes
            .get(journey.route)
            .and_then(|route| known.and_then(|known| known.snapshot.pool(route.pool.as_str())));
        let asked = Asked { method: &journey.method, body: journey.body };
        let begun =
            Attempt::begin((config, journey.route), asked, view, &mut self.traffic, (journey.came, now));
        // A route always has a pool.
        let Some((attempt, effect)) = begun else { return Step::Answer(Refusal::Nowhere.answer()) };
        let lease = view
            .zip(known)
            .and_then(|(view, known)| self.lease(config, &journey, &attempt, (view, known), now));
        let mut step = self.effect(config, journey, attempt, effect, now);
        if let Step::Send(send) = &mut step {
            send.lease = lease.map(|lease| Lease { patience: send.patience, ..lease });
        }
        step
    }

    /// What holds for the next requests as well.
    fn lease(
        &self,
        config: &Config,
        journey: &Journey,
        attempt: &Attempt,
        (view, known): (&PoolView, &Known),
        now: Timestamp,
    ) -> Option<Lease> {
        let pool = config.pools.get(attempt.pool)?;
        let calm = self.traffic.calm_until(attempt.pool, now)?;
        let until = holds_until(pool, view, now)?.min(known.rests_until).min(calm);
        let asked = parts(&journey.url)?;
        let own = (self.table.depth(asked.authority), self.pseudonym.as_str());
        Lease::of(config, attempt, own, &asked, (now, until))
    }

    fn effect(
        &mut self,
        config: &Config,
        mut journey: Journey,
        attempt: Attempt,
        effect: Effect,
        now: Timestamp,
    ) -> Step {
        match effect {
            Effect::Send(origin, patience) => {
                let copies = copies(config, &journey);
                let origin = config.pools.get(attempt.pool).and_then(|pool| pool.origins.get(origin));
                let url =
                    origin.map(|origin| format!("{}{}", origin.url, journey.target)).unwrap_or_default();
                let (set, remove) = (std::mem::take(&mut journey.set), std::mem::take(&mut journey.remove));
                let (route, strip) = (journey.route, journey.strip);
                let hosts = back::hosts(config, attempt.pool);
                let careful = attempt.is_single()
                    && config.routes.get(route).is_some_and(|route| attempt.has_another(route));
                journey.attempt = Some(attempt);
                let id = self.keep(config, journey, now);
                Step::Send(Box::new(Send {
                    id,
                    url,
                    patience,
                    set,
                    remove,
                    copies,
                    route,
                    hosts,
                    strip,
                    careful,
                    lease: None,
                }))
            }
            Effect::Pass => {
                let pass = Step::Pass(fields::response(config, &attempt, now.since(journey.came)));
                // An answer after which another origin was to be asked is worse than a copy.
                if attempt.is_good() { pass } else { copied(config, &journey, &attempt, pass) }
            }
            Effect::GiveUp => copied(config, &journey, &attempt, Step::Answer(apology(config, &attempt))),
        }
    }

    fn keep(&mut self, config: &Config, journey: Journey, now: Timestamp) -> u32 {
        if self.under_way.len() >= self.sweep_at {
            let deadline = |journey: &Journey| {
                config.routes.get(journey.route).map_or(Millis::ZERO, |route| route.deadline)
            };
            let gone: Vec<u32> = self
                .under_way
                .iter()
                .filter(|(_, journey)| now.since(journey.came) > deadline(journey).plus(SWEEP_AFTER))
                .map(|(id, _)| *id)
                .collect();
            for id in gone {
                self.under_way.remove(&id);
            }
            // Looking at all of them costs a step for each: it is done only when they have become twice as many.
            self.sweep_at = self.under_way.len().saturating_mul(2).max(FEW);
        }
        self.latest = self.latest.wrapping_add(1);
        self.under_way.insert(self.latest, journey);
        self.latest
    }
}

/// Whether copies are kept of answers to such a request.
fn copies(config: &Config, journey: &Journey) -> bool {
    let route = config.routes.get(journey.route);
    let reads = matches!(journey.method.as_str(), "GET" | "HEAD");
    reads && journey.body == Body::None && route.is_some_and(|route| route.stale_if_error.is_some())
}

/// A copy, where the route keeps some, before what would be done without one.
fn copied(config: &Config, journey: &Journey, attempt: &Attempt, otherwise: Step) -> Step {
    match config.routes.get(journey.route).filter(|_| copies(config, journey)) {
        Some(route) => {
            let key = copy::key(route, &journey.url, journey.accept_encoding.as_deref());
            Step::Copy(key, fields::copied(config, attempt), Box::new(otherwise))
        }
        None => otherwise,
    }
}

/// Fields that do not reach the origin, besides those that none does.
fn removed(inbound: &Inbound<'_>) -> Vec<String> {
    let named = inbound.connection.into_iter().flat_map(fields::named_by_connection);
    let broken = fields::broken_trace(inbound.traceparent).iter().map(|name| (*name).to_owned());
    let forged = inbound.underscored.into_iter().flat_map(|names| names.split(' '));
    let forged = forged.filter(|name| fields::is_impostor(name)).map(str::to_owned);
    named.chain(broken).chain(forged).collect()
}

/// What the origin is asked.
fn target(found: &Parts<'_>, stripped: Option<&str>) -> String {
    let path = stripped.map_or(found.path, |prefix| below(found.path, prefix));
    let slash = if path.starts_with('/') { "" } else { "/" };
    format!("{slash}{path}{}", found.query)
}
