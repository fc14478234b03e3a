//! A flood of good heartbeats at one isolate → as many as the Arbiter needs.
//!
//! What was taken once counts for the next ones, for as long as [`Heartbeat::rest`] says; while one
//! is on its way, the others wait for what becomes of it. None is confirmed before one is stored.

use std::collections::BTreeMap;

use crate::config::Heartbeat;
use crate::units::{Millis, OriginId, Timestamp};

use crate::defaults::heartbeat::LOOK;
pub use crate::defaults::heartbeat::TIMEOUT;

/// What to do with a heartbeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Tell the Arbiter, and then say what became of it.
    On,
    /// Confirm it: another was taken just now.
    Taken,
    /// Ask again after this time: another is on its way.
    Wait(Millis),
    /// It cannot be said what became of it: others were on their way for as long as anybody waits.
    Lost,
}

/// What this isolate knows of one job.
#[derive(Clone, Copy, Debug, Default)]
struct Known {
    /// When the one under way was passed on.
    asked: Option<Timestamp>,
    /// When the last one that was taken was passed on.
    taken: Option<Timestamp>,
}

/// What this isolate has passed on, by job.
#[derive(Debug)]
pub struct SingleFlight(BTreeMap<OriginId, Known>);

impl Default for SingleFlight {
    fn default() -> Self {
        Self::new()
    }
}

impl SingleFlight {
    /// One that has passed nothing on yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// What to do now with a heartbeat that came at `came`. It must be of the configuration, so
    /// that this does not grow without bound.
    pub fn meet(&mut self, heartbeat: &Heartbeat, came: Timestamp, now: Timestamp) -> Admission {
        let known = self.0.entry(heartbeat.id.clone()).or_default();
        let within = |at: Option<Timestamp>, length| at.is_some_and(|at| at <= now && now.since(at) < length);
        if within(known.taken, heartbeat.rest()) {
            Admission::Taken
        } else if within(known.asked, TIMEOUT) {
            if now.since(came) >= TIMEOUT { Admission::Lost } else { Admission::Wait(LOOK) }
        } else {
            known.asked = Some(now);
            Admission::On
        }
    }

    /// What became of the one that was passed on.
    pub fn passed(&mut self, heartbeat: &Heartbeat, taken: bool) {
        let known = self.0.entry(heartbeat.id.clone()).or_default();
        let asked = known.asked.take();
        if taken {
            known.taken = asked;
        }
    }
}
