//! What must hold of jobs that report by themselves, whatever happens to whoever listens.
//!
//! Nobody can say to the second for how long somebody listened: an absence of less than [`AWAY`]
//! goes unnoticed, and whoever is made anew knows how long it was awake to within a minute. So both
//! bounds are kept: the most and the least that it can have been.

use vedette::heartbeat::AWAY;
use vedette::units::Timestamp;
use vedette::verdict::Status;

use super::{Verdict, hold};

/// Milliseconds.
type Ms = u64;

/// How often at least it is stored for how long somebody was awake.
const STORED_EVERY: Ms = 60_000;

/// Looks at the clock that are no further apart are counted. They are even if whoever takes the
/// second one knows the first one only from what was stored.
const SURELY_COUNTED: Ms = AWAY.get() - STORED_EVERY;

/// When somebody looked at the clock: what it showed, and what time it was.
#[derive(Clone, Copy, Debug)]
struct Look {
    shown: Timestamp,
    at: Ms,
}

/// What is known of a job: since its last heartbeat that was confirmed, for how long somebody
/// listened to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Silence {
    /// At the most.
    most: Ms,
    /// At the least. A heartbeat that was stored and not confirmed ends it as well.
    least: Ms,
    /// Whether some heartbeat was confirmed, and its job configured ever since.
    heard: bool,
    /// Whether some heartbeat may have been stored, and when the last one may have been.
    maybe: bool,
    latest: Ms,
    /// When it last can have been long enough for a failure.
    failed: Option<Ms>,
}

impl Silence {
    /// A heartbeat was confirmed.
    pub const fn confirmed(&mut self, now: Ms) {
        *self = Self { most: 0, least: 0, heard: true, maybe: true, latest: now, failed: self.failed };
    }

    /// One may have been stored, of which nobody knows.
    pub const fn perhaps(&mut self, now: Ms) {
        (self.least, self.maybe, self.latest) = (0, true, now);
    }

    /// It may be forgotten, for it is not configured.
    pub const fn dropped(&mut self) {
        self.heard = false;
    }

    /// A job turns fail.
    pub fn a_job_fails_for_silence_that_was_heard_only(
        &self,
        limit: Ms,
        longest_hold: Ms,
        now: Ms,
    ) -> Verdict {
        // What failed rightly may be held, with an absence of evidence in between.
        let held = self.failed.is_some_and(|failed| now - failed < longest_hold);
        hold(self.maybe && (self.most >= limit || held), || {
            format!(
                "a job fails after {} ms in which somebody listened at the most, its limit is {limit}: {self:?}",
                self.most
            )
        })
    }

    /// What stands of a job just after somebody looked; `deaf` if nobody can be heard.
    pub fn what_stands_of_a_job_follows_from_its_silence(
        &self,
        stands: Status,
        limit: Ms,
        deaf: bool,
    ) -> Verdict {
        let right = match stands {
            Status::Unknown => deaf || !self.heard,
            Status::Pass => !deaf && self.maybe && (!self.heard || self.least < limit),
            Status::Fail => !deaf && self.maybe,
            Status::Warn => false,
        };
        hold(right, || format!("{stands:?} stands of a job, its limit is {limit}, deaf is {deaf}: {self:?}"))
    }

    /// Nobody is told that a job is well for longer than it may be silent.
    pub fn no_copy_outlives_the_silence_that_is_allowed(&self, left: Ms, limit: Ms) -> Verdict {
        hold(!self.heard || left + self.least <= limit, || {
            format!("a job is called well for another {left} ms, its limit is {limit}: {self:?}")
        })
    }

    /// In the end a job that reports in time is well, and one that is silent has failed.
    pub fn in_the_end_a_job_is_what_it_does(&self, stands: Status, punctual: bool) -> Verdict {
        let right = match (punctual, self.heard, self.maybe) {
            (true, ..) => stands == Status::Pass,
            (false, true, _) => stands == Status::Fail,
            (false, false, true) => stands != Status::Pass,
            (false, false, false) => stands == Status::Unknown,
        };
        hold(right, || format!("in the end {stands:?} stands of a job that reports: {punctual}; {self:?}"))
    }
}

/// Who listens, and when.
#[derive(Clone, Copy, Debug, Default)]
pub struct Listening {
    /// The last time that anybody did, and the last of which what was to be stored is stored.
    last: Option<Look>,
    kept: Option<Look>,
    /// When the clock last jumped.
    jumped: Option<Ms>,
}

impl Listening {
    /// The clock jumps: whatever lies between two looks counts for no more than an absence that
    /// goes unnoticed.
    pub fn jumps<'a>(&mut self, silences: impl Iterator<Item = &'a mut Silence>, now: Ms) {
        self.jumped = Some(now);
        silences.for_each(|silence| silence.most += AWAY.get());
    }

    /// Somebody looks, at this time of its own.
    pub fn looks<'a>(
        &mut self,
        silences: impl Iterator<Item = (&'a mut Silence, Ms)>,
        shown: Timestamp,
        at: Ms,
    ) {
        let before = self.last.replace(Look { shown, at }).filter(|before| !self.jumped_since(before.at));
        let counted =
            before.filter(|before| shown.since(before.shown) <= AWAY).map_or(0, |before| at - before.at);
        for (silence, limit) in silences {
            silence.most += counted;
            if silence.most >= limit {
                silence.failed = Some(at);
            }
        }
    }

    /// All of what that look wanted stored is stored.
    pub fn keeps<'a>(&mut self, silences: impl Iterator<Item = &'a mut Silence>, shown: Timestamp, at: Ms) {
        let Some(before) = self.kept.replace(Look { shown, at }) else { return };
        let gap = at - before.at;
        let counted = gap <= SURELY_COUNTED && !self.jumped_since(before.at);
        for silence in silences {
            silence.least = if counted {
                silence.least + gap.min(at - silence.latest)
            } else {
                silence.least.saturating_sub(STORED_EVERY)
            };
        }
    }

    fn jumped_since(&self, at: Ms) -> bool {
        self.jumped.is_some_and(|jumped| jumped >= at)
    }
}
