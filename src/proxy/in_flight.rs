//! A request that is on its way, what is known when something happens to it, and what is to be done
//! then.

use std::rc::Rc;

use super::step::{StandIn, Step};
use super::{Attempt, Body, Event, copy, fields};
use crate::config::Config;
use crate::snapshot::Snapshot;
use crate::units::{OriginId, Timestamp};

/// A request on its way.
#[derive(Debug)]
pub(super) struct InFlight {
    pub(super) route: usize,
    pub(super) method: String,
    pub(super) body: Body,
    pub(super) strip: bool,
    /// What the origin is asked: path and query.
    pub(super) target: String,
    pub(super) set: Vec<(&'static str, String)>,
    pub(super) remove: Vec<String>,
    pub(super) came: Timestamp,
    pub(super) attempt: Option<Attempt>,
    /// What the client asked: the whole address, and which forms it reads.
    pub(super) url: String,
    pub(super) accept_encoding: Option<String>,
    /// The purge without whose knowledge a copy of this must not have been kept.
    pub(super) cleared: Option<Timestamp>,
}

impl InFlight {
    /// Whether copies are kept of answers to such a request.
    pub(super) fn keeps_copies(&self, config: &Config) -> bool {
        let route = config.routes.get(self.route);
        let reads = matches!(self.method.as_str(), "GET" | "HEAD");
        reads && self.body == Body::None && route.is_some_and(|route| route.stale_if_error.is_some())
    }

    /// Notes which copies were cleared, by what is known.
    pub(super) fn notes_cleared(&mut self, config: &Config, known: &Known) {
        let route = config.routes.get(self.route).filter(|_| self.keeps_copies(config));
        self.cleared =
            route.and_then(|route| known.snapshot.cleared.latest_of(route.pool.as_str(), &self.url));
    }

    /// A copy, where the route keeps some, before what would be done without one.
    pub(super) fn copied(&self, config: &Config, attempt: &Attempt, otherwise: Step) -> Step {
        match config.routes.get(self.route).filter(|_| self.keeps_copies(config)) {
            Some(route) => {
                let key = copy::key(route, &self.url, self.accept_encoding.as_deref());
                let append = fields::copied(config, attempt);
                Step::Copy(Box::new(StandIn { key, append, cleared: self.cleared, otherwise }))
            }
            None => otherwise,
        }
    }
}

/// What is at hand of a pool.
#[derive(Clone, Debug)]
pub struct Known {
    /// A snapshot that has the pool.
    pub snapshot: Rc<Snapshot>,
    /// Until when nobody looks for a newer one.
    pub rests_until: Timestamp,
}

/// An attempt under a lease that did not come out well.
#[derive(Clone, Copy, Debug)]
pub struct Tried {
    /// The place of the origin in its pool.
    pub origin: usize,
    /// What came of it.
    pub event: Event,
    /// When the request came.
    pub came: Timestamp,
}

/// What to do after something happened to a request.
#[derive(Clone, Debug)]
pub struct After {
    /// With the request.
    pub step: Step,
    /// Which origins the vantages are to look at.
    pub suspected: Vec<OriginId>,
}
