//! Whether an origin still accepts connections: what those say that its probes open beside their
//! requests.
//!
//! A failure counts only where one has succeeded before, for an address that the platform lets
//! nobody connect to looks like a refusal. It does not count either once the answers must have come
//! over newer connections than the first of the failures. Then the fault is not the origin's, and
//! no more are opened until its definition changes.

use serde::{Deserialize, Serialize};

use crate::config::{Thresholds, Window};
use crate::defaults::vantage::{DECIDE, OUTLIVES};
use crate::sample::{Connected, Evidence};
use crate::units::{Fingerprint, Millis, Timestamp};

/// Why an origin fails that answers.
pub(super) const ACCEPTS_NONE: &str = "answers on a connection that it has, accepts no new one";

/// What is worth a line in the log, once for each definition of an origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectNote {
    /// None has been accepted yet, although the origin answers.
    NoneYet,
    /// They were, and now are not, but the fault is not the origin's: no more are opened.
    SwitchedOff,
}

impl ConnectNote {
    /// What it says.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoneYet => {
                "no connection of a probe's own has been accepted yet, although requests are answered: \
                 the origin refuses it, or the platform connects nobody there; it proves nothing"
            }
            Self::SwitchedOff => {
                "switched off: connections of probes are no longer accepted, but requests are answered \
                 over newer ones; it is tried again when the origin's definition changes"
            }
        }
    }
}

/// What is known of an origin's accepting connections. It is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Known {
    /// One has been accepted under this definition.
    worked: bool,
    /// Failures in a row beside an answer, since one last was accepted; counted no further than
    /// decides.
    failures: u32,
    /// When the first of them was, by the vantage's clock.
    since: Option<Timestamp>,
    /// No more are opened.
    off: bool,
    /// That none has been accepted yet was said.
    said: bool,
}

/// The connections of one origin.
#[derive(Clone, Debug)]
pub(super) struct Connects {
    /// One in each stretch of this length; with each probe if it is zero; none at all.
    every: Option<Millis>,
    /// Where its stretches begin: those of a shard's origins lie apart.
    offset: u64,
    known: Known,
    /// When the latest probe was sent.
    probed: Option<Timestamp>,
}

/// How a sample counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    /// As one.
    Usual,
    /// As one, but it turns no opinion by itself.
    NotAlone,
    /// As many as turn the opinion.
    Decides,
}

impl Connects {
    /// Those of an origin, with what was stored of them.
    pub(super) fn new(every: Option<Millis>, place: Fingerprint, known: Option<Known>) -> Self {
        let known = known.unwrap_or_default();
        Self { every, offset: place.as_u64() % Millis::DAY.get(), known, probed: None }
    }

    /// What to store: nothing where nothing was learned.
    pub(super) fn stored(&self) -> Option<Known> {
        (self.known != Known::default()).then_some(self.known)
    }

    /// Whether the probe that starts now opens one: the first in its stretch, and each while
    /// nothing is known and while the latest that counts failed. A vote in doubt is no reason: one
    /// is watched for a while, and who comes back would be told of by so much later. Nothing is
    /// remembered for that but the probe before, which lies an interval back where it was
    /// forgotten.
    pub(super) fn starts(&mut self, interval: Millis, now: Timestamp) -> bool {
        let before = self.probed.replace(now).filter(|before| *before <= now);
        let Some(every) = self.every.filter(|_| !self.known.off) else { return false };
        let before = before.unwrap_or_else(|| now.minus(interval));
        let stretch = |at: Timestamp| at.as_millis().saturating_add(self.offset).checked_div(every.get());
        let wanted = self.known == Known::default() || self.known.since.is_some();
        wanted || stretch(before) != stretch(now) || every == Millis::ZERO
    }

    /// Takes in what came of the connection beside a request that proves `own`; what both prove,
    /// and what is to be said of that.
    pub(super) fn judge(
        &mut self,
        own: Evidence,
        connected: Connected,
        now: Timestamp,
    ) -> (Evidence, Option<ConnectNote>) {
        if let Evidence::Fail(_) | Evidence::None(_) = own {
            return (own, None);
        }
        match connected {
            Connected::NotTried => (own, None),
            Connected::Accepted => {
                self.known = Known { worked: true, said: self.known.said, ..Known::default() };
                (own, None)
            }
            Connected::Barred if self.known.worked => (own, Some(self.switch_off())),
            _ if !self.known.worked => {
                let said = std::mem::replace(&mut self.known.said, true);
                (own, (!said).then_some(ConnectNote::NoneYet))
            }
            Connected::Refused | Connected::NotInTime | Connected::Closed | Connected::Barred => {
                self.failed(own, now)
            }
        }
    }

    /// One failed that should have been accepted.
    fn failed(&mut self, own: Evidence, now: Timestamp) -> (Evidence, Option<ConnectNote>) {
        // After a step back of the clock the time counts from now.
        let since = self.known.since.filter(|since| *since <= now).unwrap_or(now);
        self.known.since = Some(since);
        if now.since(since) >= OUTLIVES {
            return (own, Some(self.switch_off()));
        }
        self.known.failures = self.known.failures.saturating_add(1).min(DECIDE);
        (Evidence::Fail(ACCEPTS_NONE.to_owned()), None)
    }

    fn switch_off(&mut self) -> ConnectNote {
        self.known = Known { worked: true, off: true, said: self.known.said, ..Known::default() };
        ConnectNote::SwitchedOff
    }

    /// How much this evidence counts.
    pub(super) fn weight(&self, evidence: &Evidence) -> Weight {
        let by_connection = matches!(evidence, Evidence::Fail(why) if why == ACCEPTS_NONE);
        match (by_connection, self.known.failures >= DECIDE) {
            (false, _) => Weight::Usual,
            (true, false) => Weight::NotAlone,
            (true, true) => Weight::Decides,
        }
    }
}

/// Thresholds under which one failure alone turns nothing.
pub(super) fn not_alone(need: Thresholds) -> Thresholds {
    let window = need.window.map(|window| Window { failures: window.failures.max(2), ..window });
    Thresholds { fall: need.fall.max(2), window, ..need }
}
