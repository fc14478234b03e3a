//! One request on its way: which origin it is sent to, for how long, and what happens when that one does not answer well.
//!
//! A machine without clock or network: [`Attempt::step`] takes what happened and says what to do. A request goes to at most
//! `attempts` origins, each once, within `deadline`; another one only if its method allows it, it has no body, and the pool's retry
//! budget ([`Traffic::may_retry`]) is not spent, so that retries cannot make an outage worse. An answer that has begun is never taken back.

use super::{Order, Traffic, last_resort, order};
use crate::config::{Config, Route};
use crate::snapshot::PoolView;
use crate::units::{Millis, Timestamp};

/// Another origin is not asked for less than this: it could hardly answer.
const SHORTEST: Millis = Millis::new(50);

/// What is asked, as far as it decides what may be done with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked<'a> {
    /// The method, as sent.
    pub method: &'a str,
    /// Whether a body comes with it: once it is sent, it is gone.
    pub has_body: bool,
}

/// What happened to the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The origin's response headers are there, with this status.
    Answered(u16),
    /// The origin could not be reached, or broke off before its response headers were whole.
    Broken,
    /// The origin's response headers did not come in time.
    TimedOut,
}

/// What an origin was found wanting in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It could not be reached, or broke off.
    Broken,
    /// It did not answer in time.
    TimedOut,
    /// It answered with a status after which another is asked.
    Status(u16),
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Send the request to the origin of this place, and wait so long for its response headers.
    Send(usize, Millis),
    /// Hand the answer on.
    Pass,
    /// No origin is left: a copy, the static answer, or an apology.
    GiveUp,
}

/// A request on its way.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// The place of the route in the configuration.
    pub route: usize,
    /// The place of the pool.
    pub pool: usize,
    /// When the request came.
    pub began: Timestamp,
    may_repeat: bool,
    order: Vec<usize>,
    why: &'static str,
    steady: bool,
    /// How many of them were asked.
    asked: usize,
    faults: Vec<(usize, Fault)>,
    /// When it was sent again for the last time.
    again: Option<Timestamp>,
    /// Those that are to be doubted: they were ejected by this request.
    doubted: Vec<usize>,
    /// Whether no origin was usable from the beginning.
    nowhere: bool,
}

impl Attempt {
    /// A request for a route that `came` then, and what to do first. `view` is what is known of the pool.
    #[must_use]
    pub fn begin(
        at: (&Config, usize),
        asked: Asked<'_>,
        view: Option<&PoolView>,
        traffic: &mut Traffic,
        (came, now): (Timestamp, Timestamp),
    ) -> Option<(Self, Effect)> {
        let (mut attempt, route) = Self::new(at, asked, view, traffic, (came, now))?;
        let effect = attempt.next(route, now).unwrap_or(Effect::GiveUp);
        if effect == Effect::GiveUp {
            traffic.unanswered(attempt.pool);
        }
        Some((attempt, effect))
    }

    /// A request that was sent to an origin under a [`super::Lease`]; what came of it is still to be told.
    #[must_use]
    pub fn resume(
        at: (&Config, usize),
        asked: Asked<'_>,
        (view, origin): (Option<&PoolView>, usize),
        traffic: &mut Traffic,
        times: (Timestamp, Timestamp),
    ) -> Option<Self> {
        let (mut attempt, _) = Self::new(at, asked, view, traffic, times)?;
        attempt.order.retain(|other| *other != origin);
        attempt.order.insert(0, origin);
        attempt.asked = 1;
        Some(attempt)
    }

    fn new<'a>(
        (config, place): (&'a Config, usize),
        asked: Asked<'_>,
        view: Option<&PoolView>,
        traffic: &mut Traffic,
        (came, now): (Timestamp, Timestamp),
    ) -> Option<(Self, &'a Route)> {
        let route = config.routes.get(place)?;
        let pool = config.pools.iter().position(|pool| pool.name == route.pool)?;
        traffic.arrived(pool, 1, now);
        let mut order = order((config, route, pool), view, traffic, now);
        let nowhere = order.places.is_empty();
        if nowhere {
            let why = "every origin fails; tried as a last resort";
            order = Order { places: last_resort((config, route, pool)), why, steady: false };
        }
        let attempt = Self {
            route: place,
            pool,
            began: came,
            may_repeat: !asked.has_body && route.retry.methods.iter().any(|method| method == asked.method),
            order: order.places,
            why: order.why,
            steady: order.steady,
            asked: 0,
            faults: Vec::new(),
            again: None,
            doubted: Vec::new(),
            nowhere,
        };
        Some((attempt, route))
    }

    /// Whether the next request would go the same way: no chance was involved, and nothing has gone wrong.
    #[must_use]
    pub fn is_steady(&self) -> bool {
        self.steady && self.asked == 1 && self.faults.is_empty()
    }

    /// Folds in what happened to the request at the origin that it was sent to last.
    pub fn step(&mut self, event: Event, config: &Config, traffic: &mut Traffic, now: Timestamp) -> Effect {
        let (Some(route), Some(origin)) = (config.routes.get(self.route), self.origin()) else {
            return Effect::GiveUp;
        };
        let listed =
            |status: u16| route.retry.status.iter().any(|range| (range.first..=range.last).contains(&status));
        let fault = match event {
            Event::Answered(status) if !listed(status) => {
                self.answered_well(origin, traffic, now);
                return Effect::Pass;
            }
            Event::Answered(status) => Fault::Status(status),
            Event::Broken => Fault::Broken,
            Event::TimedOut => Fault::TimedOut,
        };
        self.faults.push((origin, fault));
        if fault == Fault::Broken {
            self.fails(origin, traffic, now);
        }
        let left = self.order.len() > self.asked && self.asked < route.attempts as usize;
        if left
            && self.may_repeat
            && self.is_in_time(route, now)
            && traffic.may_retry(self.pool, route.retry.budget, now)
            && let Some(next) = self.next(route, now)
        {
            self.again = Some(now);
            return next;
        }
        if let Fault::Status(_) = fault {
            return Effect::Pass;
        }
        traffic.unanswered(self.pool);
        Effect::GiveUp
    }

    /// The origin that the request was sent to last.
    #[must_use]
    pub fn origin(&self) -> Option<usize> {
        self.order.get(self.asked.checked_sub(1)?).copied()
    }

    /// Why the request was sent to the first of them.
    #[must_use]
    pub const fn why(&self) -> &'static str {
        self.why
    }

    /// The origins that did not answer well, and how.
    #[must_use]
    pub fn faults(&self) -> &[(usize, Fault)] {
        &self.faults
    }

    /// Whether the last answer is one after which no other origin is to be asked.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.origin().is_some_and(|last| self.faults.iter().all(|(origin, _)| *origin != last))
    }

    /// The origins that live requests have ejected with this one: the vantages are to look at them.
    pub fn take_doubted(&mut self) -> Vec<usize> {
        std::mem::take(&mut self.doubted)
    }

    /// Whether no origin was usable when the request came.
    #[must_use]
    pub const fn had_nowhere(&self) -> bool {
        self.nowhere
    }

    fn next(&mut self, route: &Route, now: Timestamp) -> Option<Effect> {
        let origin = *self.order.get(self.asked)?;
        self.asked = self.asked.saturating_add(1);
        Some(Effect::Send(origin, route.timeout.min(self.left(route, now))))
    }

    fn left(&self, route: &Route, now: Timestamp) -> Millis {
        route.deadline.minus(now.since(self.began))
    }

    fn is_in_time(&self, route: &Route, now: Timestamp) -> bool {
        self.left(route, now) >= SHORTEST
    }

    /// Only now is it known whether the fault of those before was theirs: whoever knows an address that makes every origin answer 500,
    /// or think for long, must not take one out with it.
    fn answered_well(&mut self, origin: usize, traffic: &mut Traffic, now: Timestamp) {
        traffic.succeeded(self.pool, origin);
        if let Some(then) = self.again.take() {
            traffic.retried_well(self.pool, then, now);
        }
        let theirs: Vec<usize> = self
            .faults
            .iter()
            .filter(|(_, fault)| *fault != Fault::Broken)
            .map(|(other, _)| *other)
            .collect();
        for other in theirs {
            self.fails(other, traffic, now);
        }
    }

    fn fails(&mut self, origin: usize, traffic: &mut Traffic, now: Timestamp) {
        if traffic.failed(self.pool, origin, now) {
            self.doubted.push(origin);
        }
    }
}
