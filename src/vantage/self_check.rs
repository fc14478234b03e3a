//! Whether a vantage may believe what it sees: one to which every origin fails at once asks a
//! reference before it counts that.
//!
//! The fault is nearer at hand than a failure of everything. A failure counts once something has
//! answered after its probe was sent, an origin or a reference; until then it is withheld, and if
//! no reference answers it proves nothing. A reference that serves `/cdn-cgi/trace` also tells the
//! data centre that the vantage runs in.

use crate::config::OriginUrl;
use crate::defaults::vantage::{HOURLY, REFERENCE_LOST_AFTER, RETRY};
use crate::probe::ReferenceResult;
use crate::units::{Millis, Timestamp};

/// What a vantage knows of its own connection.
#[derive(Clone, Debug)]
pub(super) struct SelfCheck {
    references: Vec<OriginUrl>,
    under_way: Option<(u64, usize, Timestamp)>,
    /// When something last answered, an origin or a reference.
    reached: Option<Timestamp>,
    /// When the last of them had failed to answer.
    lost: Option<Timestamp>,
    pub(super) asked: Option<Timestamp>,
    pub(super) colo: Option<String>,
}

/// What may be concluded from a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Attribution {
    /// The failure is the origin's.
    Counts,
    /// Not known before a reference has answered.
    Unsure,
    /// The vantage reaches nothing: it proves nothing.
    Own,
}

/// What follows from what a reference said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Conclusion {
    /// Nothing: nobody waits for it any more.
    None,
    /// The vantage reaches something: what failed, failed.
    Reached,
    /// The next one is to be asked.
    Ask(OriginUrl),
    /// None answered: what failed proves nothing.
    Lost,
}

impl SelfCheck {
    pub(super) fn new(references: &[OriginUrl], asked: Option<Timestamp>, colo: Option<String>) -> Self {
        let references = references.to_vec();
        Self { references, under_way: None, reached: None, lost: None, asked, colo }
    }

    /// What the failure of a probe that was sent at `sent` proves.
    pub(super) fn attribution(&self, sent: Timestamp, now: Timestamp) -> Attribution {
        if self.references.is_empty() || self.reached.is_some_and(|reached| reached >= sent) {
            Attribution::Counts
        } else if self.lost.is_some_and(|lost| now.since(lost) < RETRY) {
            Attribution::Own
        } else {
            Attribution::Unsure
        }
    }

    /// Something answered: what failed before is no fault of ours.
    pub(super) const fn reached(&mut self, now: Timestamp) {
        self.reached = Some(now);
        self.lost = None;
    }

    /// Whether something has answered this very moment.
    pub(super) fn is_sure(&self, now: Timestamp) -> bool {
        self.reached == Some(now)
    }

    /// Whether a reference is being asked.
    pub(super) const fn is_asking(&self) -> bool {
        self.under_way.is_some()
    }

    /// A clock that stepped back must not keep the vantage from asking, nor an answer that never
    /// came.
    pub(super) fn expire(&mut self, now: Timestamp) {
        self.asked = self.asked.filter(|at| *at <= now);
        self.reached = self.reached.filter(|at| *at <= now);
        self.lost = self.lost.map(|at| at.min(now));
        if self.under_way.is_some_and(|(_, _, at)| at > now || now.since(at) > REFERENCE_LOST_AFTER) {
            self.under_way = None;
        }
    }

    /// The reference to ask now, if one is to be asked: because of doubt, or for the data centre.
    pub(super) fn ask(&mut self, doubt: bool, ticket: u64, now: Timestamp) -> Option<OriginUrl> {
        let rested = |at: Option<Timestamp>, pause: Millis| at.is_none_or(|at| now.since(at) >= pause);
        let due = rested(self.asked, HOURLY);
        if self.is_asking() || !(due || doubt && rested(self.lost, RETRY)) {
            return None;
        }
        let reference = self.turn(0, ticket, now)?;
        // Doubt may ask at every probe: only what is stored for the hour is worth a write.
        if due {
            self.asked = Some(now);
        }
        Some(reference)
    }

    fn turn(&mut self, index: usize, ticket: u64, now: Timestamp) -> Option<OriginUrl> {
        let reference = self.references.get(index)?.clone();
        self.under_way = Some((ticket, index, now));
        Some(reference)
    }

    /// Takes an answer in; what follows from it. An answer to a question that was given up is none.
    pub(super) fn referred(
        &mut self,
        ticket: u64,
        next_ticket: u64,
        referral: &ReferenceResult,
        now: Timestamp,
    ) -> Conclusion {
        let Some((_, index, _)) = self.under_way.take_if(|(asked, _, _)| *asked == ticket) else {
            return Conclusion::None;
        };
        if referral.answered {
            self.reached(now);
            self.colo = referral.colo.clone().or_else(|| self.colo.take());
            return Conclusion::Reached;
        }
        if let Some(next) = self.turn(index.saturating_add(1), next_ticket, now) {
            return Conclusion::Ask(next);
        }
        self.lost = Some(now);
        Conclusion::Lost
    }
}
