//! One request on its way: which origin it is sent to, for how long, and what happens when that one
//! does not answer well.
//!
//! A machine without clock or network: [`Attempt::step`] takes what happened and says what to do. A
//! request goes to at most `attempts` origins, each once, within `deadline`. It goes to another one
//! only if its method allows it, it has no body, and the pool's retry budget
//! ([`OutlierDetector::may_retry`]) is not spent. So retries cannot make an outage worse. What has
//! demonstrably not left may go to another one whatever it is. An answer that has begun is never
//! taken back.
//!
//! An attempt that fails counts against its origin only if it got the whole request and its client
//! is still there. A refused connection counts, too. Whoever breaks off uploads must not take an
//! origin out with it.

use super::{Asked, Body, Order, OutlierDetector, RoutePool, RouteRef, Times, last_resort, order};
use crate::config::{Config, Route};
use crate::defaults::proxy::SHORTEST;
use crate::snapshot::PoolView;
use crate::units::{Millis, Timestamp};

/// What happened to the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The origin's response headers are there, with this status.
    Answered(u16),
    /// The origin got the whole request, or could not be reached, and broke off before its response
    /// headers were whole.
    Broken,
    /// The origin's response headers did not come in time.
    TimedOut,
    /// The client broke its request off, or left before there was an answer.
    Left,
    /// The connection ended while the request was still being sent: the origin may have refused it
    /// early, and its answer got lost.
    Cut,
    /// The origin took no connection: nothing has left.
    Refused,
    /// The platform answered in the origin's place, with this status, which proves that nothing has
    /// left ([`super::unreached()`]).
    Unreached(u16),
    /// The origin answered with what is no answer: a status that no message has, or a switch of
    /// protocols that nobody asked for.
    Invalid(u16),
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
    /// The client broke its request off, or left: it was no fault of the origin's.
    Left,
    /// The connection ended while the request was still being sent.
    Cut,
    /// It took no connection.
    Refused,
    /// The platform could not reach it, and said so with this status.
    Unreached(u16),
    /// Its answer was none.
    Invalid(u16),
}

impl Fault {
    /// Whether it counts against the origin whatever others answer.
    const fn is_theirs(self) -> bool {
        matches!(self, Self::Broken | Self::Refused | Self::Unreached(_))
    }

    /// Whether it counts against the origin once another has answered the same request well.
    const fn may_be_theirs(self) -> bool {
        matches!(self, Self::TimedOut | Self::Status(_) | Self::Invalid(_))
    }

    /// Whether nothing of the request has left.
    const fn left_nothing(self) -> bool {
        matches!(self, Self::Refused | Self::Unreached(_))
    }
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Send the request to the origin of this place, and wait so long for its response headers.
    Send(usize, Millis),
    /// Hand the answer on.
    Pass,
    /// No origin is left: a copy, the static answer, or an error answer.
    GiveUp,
}

/// When a request may be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Resend {
    /// Although it may have been executed.
    Freely,
    /// If nothing of it has left: its body, if it has one, is held until then.
    Held,
    /// If the origin took no connection: its body is gone once it is sent.
    Never,
}

impl Resend {
    fn of(asked: Asked<'_>, route: &Route) -> Self {
        match asked.body {
            Body::None if route.retry.methods.iter().any(|method| method == asked.method) => Self::Freely,
            Body::None => Self::Held,
            // The runtime pumps no body of these.
            Body::Short if !matches!(asked.method, "GET" | "HEAD") => Self::Held,
            Body::Short | Body::Long | Body::Unmeasured => Self::Never,
        }
    }
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
    resend: Resend,
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
    /// A request for a route that came then, and what to do first. `view` is what is known of the
    /// pool.
    #[must_use]
    pub fn begin(
        at: RouteRef<'_>,
        asked: Asked<'_>,
        view: Option<&PoolView>,
        traffic: &mut OutlierDetector,
        times: Times,
    ) -> Option<(Self, Effect)> {
        let (mut attempt, route) = Self::new(at, asked, view, traffic, times)?;
        let effect = attempt.next(route, times.now).unwrap_or(Effect::GiveUp);
        if effect == Effect::GiveUp {
            traffic.unanswered(attempt.pool);
        }
        Some((attempt, effect))
    }

    /// The same for a request that was sent to an origin under a [`super::Lease`]; what came of it
    /// is still to be told.
    #[must_use]
    pub fn resume(
        at: RouteRef<'_>,
        asked: Asked<'_>,
        view: Option<&PoolView>,
        traffic: &mut OutlierDetector,
        times: Times,
    ) -> Option<Self> {
        let (mut attempt, _) = Self::new(at, asked, view, traffic, times)?;
        attempt.asked = 1;
        Some(attempt)
    }

    /// The same, sent to this origin of the pool first.
    #[must_use]
    pub fn sent_to(mut self, origin: usize) -> Self {
        let attempt = &mut self;
        attempt.order.retain(|other| *other != origin);
        attempt.order.insert(0, origin);
        self
    }

    fn new<'a>(
        at: RouteRef<'a>,
        asked: Asked<'_>,
        view: Option<&PoolView>,
        traffic: &mut OutlierDetector,
        times: Times,
    ) -> Option<(Self, &'a Route)> {
        let (RouteRef { config, route: place }, Times { came, now }) = (at, times);
        let route = config.routes.get(place)?;
        let pool = config.pools.iter().position(|pool| pool.name == route.pool)?;
        traffic.arrived(pool, 1, now);
        let mut order = order(RoutePool { config, route, pool }, view, traffic, now);
        let nowhere = order.places.is_empty();
        if nowhere {
            let why = "every origin fails; tried as a last resort";
            order = Order { places: last_resort(RoutePool { config, route, pool }), why, steady: false };
        }
        let attempt = Self {
            route: place,
            pool,
            began: came,
            resend: Resend::of(asked, route),
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

    /// Whether the next request would go the same way: no chance was involved, and nothing has gone
    /// wrong.
    #[must_use]
    pub fn is_steady(&self) -> bool {
        self.steady && self.asked == 1 && self.faults.is_empty()
    }

    /// Folds in what happened to the request at the origin that it was sent to last.
    pub fn step(
        &mut self,
        event: Event,
        config: &Config,
        traffic: &mut OutlierDetector,
        now: Timestamp,
    ) -> Effect {
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
            Event::Left => Fault::Left,
            Event::Cut => Fault::Cut,
            Event::Refused => Fault::Refused,
            Event::Unreached(status) => Fault::Unreached(status),
            Event::Invalid(status) => Fault::Invalid(status),
        };
        self.faults.push((origin, fault));
        if fault.is_theirs() {
            self.fails(origin, traffic, now);
        }
        if self.has_another(route) && self.is_in_time(route, now) && fault != Fault::Left {
            // What has not left burdens nobody. One that took no connection has not touched the
            // body either.
            let anew = fault.left_nothing() && (self.resend != Resend::Never || fault == Fault::Refused);
            let again = !anew
                && self.resend == Resend::Freely
                && traffic.may_retry(self.pool, route.retry.budget, now);
            if (anew || again)
                && let Some(next) = self.next(route, now)
            {
                self.again = again.then_some(now).or(self.again);
                return next;
            }
        }
        if let Fault::Status(_) | Fault::Unreached(_) = fault {
            return Effect::Pass;
        }
        if fault != Fault::Left {
            traffic.unanswered(self.pool);
        }
        Effect::GiveUp
    }

    /// Whether another origin is left that may be asked.
    #[must_use]
    pub fn has_another(&self, route: &Route) -> bool {
        self.order.len() > self.asked && self.asked < route.attempts as usize
    }

    /// Whether the request must not be sent twice.
    #[must_use]
    pub fn is_single(&self) -> bool {
        self.resend != Resend::Freely
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

    /// Only now is it known whether the fault of those before was theirs: whoever knows an address
    /// that makes every origin answer 500, or think for long, must not take one out with it.
    fn answered_well(&mut self, origin: usize, traffic: &mut OutlierDetector, now: Timestamp) {
        traffic.succeeded(self.pool, origin);
        if let Some(then) = self.again.take() {
            traffic.retried_well(self.pool, then, now);
        }
        let theirs: Vec<usize> =
            self.faults.iter().filter(|(_, fault)| fault.may_be_theirs()).map(|(other, _)| *other).collect();
        for other in theirs {
            self.fails(other, traffic, now);
        }
    }

    fn fails(&mut self, origin: usize, traffic: &mut OutlierDetector, now: Timestamp) {
        if traffic.failed(self.pool, origin, now) {
            self.doubted.push(origin);
        }
    }
}
