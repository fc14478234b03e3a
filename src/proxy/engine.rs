//! The requests of one isolate that are on their way, and what `proxy.mjs` is to do with each next.
//!
//! `proxy.mjs` holds what only the platform knows (the request, its body, the answer); this holds
//! what is decided. They speak in [`Step`]s, written as JSON, and refer to a request by a number. A
//! request whose client went away is never heard of again: what is kept of it is dropped when it
//! could not be answered any more.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::copy::{self, Exchange, Keep};
use super::fields::{self, Facts};
use super::in_flight::{After, InFlight, Known, Tried};
use super::step::{Inbound, Send, Step};
use super::{
    Asked, Attempt, Body, Effect, Event, Lease, OutlierDetector, Rejection, RouteMatch, RouteRef, Table,
    Terms, Times, back, error_answer, holds_until, matched, own_path, refused,
};
use crate::config::Config;
use crate::defaults::proxy::{FEW, SWEEP_AFTER};
use crate::path::{Parts, below, is_authority, parts, plain};
use crate::snapshot::PoolView;
use crate::units::{Millis, Name, Timestamp};

/// The requests on their way, and what they have seen.
#[derive(Debug)]
pub struct Proxy {
    table: Table,
    traffic: OutlierDetector,
    pseudonym: String,
    under_way: BTreeMap<u32, InFlight>,
    /// When so many are kept, those that cannot be answered any more are dropped.
    sweep_at: usize,
    latest: u32,
    /// The latest purge of which is known.
    cleared: Option<Timestamp>,
}

/// Requests that came out well under a lease.
#[derive(Clone, Copy, Debug)]
pub struct Went {
    /// How many.
    pub count: u64,
    /// How long their clients waited for the head of the answer, all together.
    pub waited: Millis,
}

impl Proxy {
    /// Nothing on its way. `seed` is where chance comes from.
    #[must_use]
    pub fn new(config: &Config, seed: u64) -> Self {
        Self {
            table: Table::new(config),
            traffic: OutlierDetector::new(config, seed),
            pseudonym: fields::pseudonym(config.hash),
            under_way: BTreeMap::new(),
            sweep_at: FEW,
            latest: 0,
            cleared: None,
        }
    }

    /// Path and query by which Vedette itself is asked: on a host that is routed they have a
    /// prefix.
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

    /// What to do with a request; nothing if it is for Vedette itself. `known` says what is at hand
    /// of a pool, if it holds.
    pub fn on_request(
        &mut self,
        config: &Config,
        inbound: &Inbound<'_>,
        known: impl FnOnce(&Name) -> Option<Known>,
        now: Timestamp,
    ) -> Option<Step> {
        let (in_flight, pool) = match self.settle(config, inbound, now)? {
            Ok(settled) => settled,
            Err(refusal) => return Some(Step::Answer(refusal.answer())),
        };
        match known(&pool) {
            Some(known) => Some(self.begin(config, in_flight, Some(&known), now)),
            None => Some(Step::Learn(self.keep(config, in_flight, now), pool)),
        }
    }

    /// Goes on with a request that was sent to an origin of its pool under a lease, and did not
    /// come out well.
    pub fn on_leased_failure(
        &mut self,
        config: &Config,
        inbound: &Inbound<'_>,
        tried: Tried,
        known: impl FnOnce(&Name) -> Option<Known>,
        now: Timestamp,
    ) -> Option<After> {
        let Tried { origin, event, came } = tried;
        let (mut in_flight, pool) = self.settle(config, inbound, came)?.ok()?;
        let known = known(&pool);
        let view = known.as_ref().and_then(|known| known.snapshot.pool(pool.as_str()));
        self.notes_cleared(config, &mut in_flight, known.as_ref());
        let asked = Asked { method: &in_flight.method, body: in_flight.body };
        let (at, times) = (RouteRef { config, route: in_flight.route }, Times { came, now });
        let resumed = Attempt::resume(at, asked, view, &mut self.traffic, times);
        in_flight.attempt = resumed.map(|attempt| attempt.sent_to(origin));
        let id = self.keep(config, in_flight, now);
        self.on_response(config, id, event, now)
    }

    /// Counts requests that went their way under a lease.
    pub fn count_ok(&mut self, config: &Config, route: usize, went: Went, now: Timestamp) {
        let pool = config.routes.get(route).map(|route| &route.pool);
        if let Some(place) = pool.and_then(|name| config.pools.iter().position(|pool| pool.name == *name)) {
            self.traffic.arrived(place, went.count, now);
            self.traffic.answered(place, went.count, went.waited);
        }
    }

    /// Finds the route of a request and what is said to the origin, or why it is not passed on;
    /// nothing if it is for Vedette itself.
    fn settle(
        &self,
        config: &Config,
        inbound: &Inbound<'_>,
        now: Timestamp,
    ) -> Option<Result<(InFlight, Name), Rejection>> {
        if self.table.is_empty() {
            return None;
        }
        let found = parts(inbound.url)?;
        if !inbound.host.into_iter().chain([found.authority]).all(is_authority) {
            return Some(Err(Rejection::Host));
        }
        let way = self.table.find(found.authority, found.path);
        if way == RouteMatch::Own {
            let home = own_path(&plain(found.path)) == Some("") && self.table.takes(found.authority);
            return home.then_some(Err(Rejection::Home));
        }
        if let Some(refusal) = refused(&found) {
            return Some(Err(refusal));
        }
        if inbound.body == Body::Unmeasured && matches!(inbound.method, "GET" | "HEAD") {
            return Some(Err(Rejection::Unmeasured));
        }
        let RouteMatch::Route(place) = way else { return Some(Err(Rejection::NoRoute)) };
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
            return Some(Err(Rejection::Loop));
        }
        let set = fields::request(&facts, &self.pseudonym);
        let in_flight = InFlight {
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
            cleared: None,
        };
        Some(Ok((in_flight, route.pool.clone())))
    }

    /// Goes on with a request that waited for what is known of its pool; nothing may be.
    pub fn on_snapshot(
        &mut self,
        config: &Config,
        id: u32,
        known: Option<&Known>,
        now: Timestamp,
    ) -> Option<Step> {
        let in_flight = self.under_way.remove(&id)?;
        Some(self.begin(config, in_flight, known, now))
    }

    /// Goes on with a request that was sent; says which origins the vantages are to look at.
    pub fn on_response(&mut self, config: &Config, id: u32, event: Event, now: Timestamp) -> Option<After> {
        let mut in_flight = self.under_way.remove(&id)?;
        let mut attempt = in_flight.attempt.take()?;
        let effect = attempt.step(event, config, &mut self.traffic, now);
        let pool = config.pools.get(attempt.pool);
        let name =
            |place: usize| pool.and_then(|pool| pool.origins.get(place)).map(|origin| origin.id.clone());
        let suspected = attempt.take_doubted().into_iter().filter_map(name).collect();
        Some(After { step: self.effect(config, in_flight, attempt, effect, now), suspected })
    }

    /// Whether a copy of a good answer is to be kept.
    #[must_use]
    pub fn keeps_copy(&self, config: &Config, exchange: &Exchange<'_>) -> Option<Keep> {
        let found = parts(exchange.url)?;
        let RouteMatch::Route(place) = self.table.find(found.authority, found.path) else { return None };
        copy::keep(config.routes.get(place)?, exchange).map(|keep| Keep { known: self.cleared, ..keep })
    }

    /// How many requests are kept; some of their clients may have left.
    #[must_use]
    pub fn under_way(&self) -> usize {
        self.under_way.len()
    }

    /// What this isolate saw.
    #[must_use]
    pub const fn traffic(&self) -> &OutlierDetector {
        &self.traffic
    }

    fn begin(
        &mut self,
        config: &Config,
        mut in_flight: InFlight,
        known: Option<&Known>,
        now: Timestamp,
    ) -> Step {
        self.notes_cleared(config, &mut in_flight, known);
        let view = config
            .routes
            .get(in_flight.route)
            .and_then(|route| known.and_then(|known| known.snapshot.pool(route.pool.as_str())));
        let asked = Asked { method: &in_flight.method, body: in_flight.body };
        let (at, times) = (RouteRef { config, route: in_flight.route }, Times { came: in_flight.came, now });
        let begun = Attempt::begin(at, asked, view, &mut self.traffic, times);
        // A route always has a pool.
        let Some((attempt, effect)) = begun else { return Step::Answer(Rejection::NoRoute.answer()) };
        let lease = view
            .zip(known)
            .and_then(|(view, known)| self.steady_until(config, &attempt, view, known, now))
            .and_then(|until| self.lease(config, &in_flight, &attempt, now, until));
        let mut step = self.effect(config, in_flight, attempt, effect, now);
        if let Step::Send(send) = &mut step {
            send.lease = lease.map(|lease| Lease { timeout: send.timeout, ..lease });
        }
        step
    }

    /// Notes what was cleared, as far as is known.
    fn notes_cleared(&mut self, config: &Config, in_flight: &mut InFlight, known: Option<&Known>) {
        let Some(known) = known.filter(|known| !known.snapshot.cleared.is_empty()) else { return };
        self.cleared = self.cleared.max(known.snapshot.cleared.latest());
        in_flight.notes_cleared(config, known);
    }

    /// Until when the next requests go the same way.
    fn steady_until(
        &self,
        config: &Config,
        attempt: &Attempt,
        view: &PoolView,
        known: &Known,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let pool = config.pools.get(attempt.pool)?;
        let stable = self.traffic.stable_until(attempt.pool, now)?;
        Some(holds_until(pool, view, now)?.min(known.rests_until).min(stable))
    }

    /// What holds for the next requests as well.
    fn lease(
        &self,
        config: &Config,
        in_flight: &InFlight,
        attempt: &Attempt,
        from: Timestamp,
        until: Timestamp,
    ) -> Option<Lease> {
        let asked = parts(&in_flight.url)?;
        let depth = self.table.depth(asked.authority);
        Lease::of(config, attempt, &asked, Terms { depth, pseudonym: &self.pseudonym, from, until })
    }

    fn effect(
        &mut self,
        config: &Config,
        mut in_flight: InFlight,
        attempt: Attempt,
        effect: Effect,
        now: Timestamp,
    ) -> Step {
        match effect {
            Effect::Send(origin, timeout) => {
                let copies = in_flight.keeps_copies(config);
                let origin = config.pools.get(attempt.pool).and_then(|pool| pool.origins.get(origin));
                let url =
                    origin.map(|origin| format!("{}{}", origin.url, in_flight.target)).unwrap_or_default();
                let (set, remove) =
                    (std::mem::take(&mut in_flight.set), std::mem::take(&mut in_flight.remove));
                let (route, strip) = (in_flight.route, in_flight.strip);
                let hosts = back::hosts(config, attempt.pool);
                let careful = attempt.is_single()
                    && config.routes.get(route).is_some_and(|route| attempt.has_another(route));
                in_flight.attempt = Some(attempt);
                let id = self.keep(config, in_flight, now);
                Step::Send(Box::new(Send {
                    id,
                    url,
                    timeout,
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
                self.traffic.answered(attempt.pool, 1, now.since(in_flight.came));
                let pass = Step::Pass(fields::response(config, &attempt, now.since(in_flight.came)));
                // An answer after which another origin was to be asked is worse than a copy.
                if attempt.is_good() { pass } else { in_flight.copied(config, &attempt, pass) }
            }
            Effect::GiveUp => {
                in_flight.copied(config, &attempt, Step::Answer(error_answer(config, &attempt)))
            }
        }
    }

    fn keep(&mut self, config: &Config, in_flight: InFlight, now: Timestamp) -> u32 {
        if self.under_way.len() >= self.sweep_at {
            let deadline = |in_flight: &InFlight| {
                config.routes.get(in_flight.route).map_or(Millis::ZERO, |route| route.deadline)
            };
            let gone: Vec<u32> = self
                .under_way
                .iter()
                .filter(|(_, in_flight)| now.since(in_flight.came) > deadline(in_flight).plus(SWEEP_AFTER))
                .map(|(id, _)| *id)
                .collect();
            for id in gone {
                self.under_way.remove(&id);
            }
            // Looking at all of them costs a step for each: it is done only when they have become
            // twice as many.
            self.sweep_at = self.under_way.len().saturating_mul(2).max(FEW);
        }
        self.latest = self.latest.wrapping_add(1);
        self.under_way.insert(self.latest, in_flight);
        self.latest
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
