//! Heartbeats of jobs → a judgement: silence beyond period and grace is a failure of evidence.
//!
//! Our own absence is not the job's silence. What is counted is the time in which the Arbiter was
//! awake and could be told: it keeps a [`Mark`] of that time with each heartbeat. So time away, a
//! clock that steps, and a secret that is missing move the deadline, and never make a job fail.
//! `token` reads who reports, and `single_flight` holds back what an isolate need not pass on.

mod single_flight;
mod token;

use serde::{Deserialize, Serialize};

use crate::config::Heartbeat;
use crate::defaults::heartbeat::{ROUND, SILENCE_HOLDS};
use crate::units::{Millis, Timestamp};
use crate::verdict::{self, Damping, RawVerdict, Status, Verdict};

pub use crate::defaults::heartbeat::AWAY;

pub use single_flight::{Admission, SingleFlight, TIMEOUT};
pub use token::{Claim, LONGEST_TOKEN, MAC_BYTES, SHORTEST_SECRET, claim, key, message, token};

/// A moment, and how long the Arbiter had been awake by then in all its lives. Only differences of
/// the latter are time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// How long it had been awake.
    pub awake: Millis,
    /// The moment.
    pub at: Timestamp,
}

impl Mark {
    /// The mark of a later look at the clock. The time between is counted unless it was time away,
    /// or the clock stepped back.
    #[must_use]
    pub fn at(self, now: Timestamp) -> Self {
        let counted = if self.is_away(now) { Millis::ZERO } else { now.since(self.at) };
        Self { awake: self.awake.plus(counted), at: now }
    }

    /// Whether the time until `now` will not be counted.
    #[must_use]
    pub fn is_away(self, now: Timestamp) -> bool {
        now < self.at || now.since(self.at) > AWAY
    }

    /// The counted time since an earlier mark.
    const fn since(self, earlier: Self) -> Millis {
        self.awake.minus(earlier.awake)
    }
}

/// What is known of a job: its last heartbeat, the mark of now, and why it cannot be heard, if it
/// cannot.
#[derive(Clone, Copy, Debug)]
pub struct Pulse<'a> {
    /// The last heartbeat; nothing before the first.
    pub last: Option<Mark>,
    /// Now.
    pub now: Mark,
    /// Why nobody can be heard.
    pub deaf: Option<&'a str>,
}

impl Pulse<'_> {
    /// When silence becomes a failure, as far as is known: the deadline moves with every time away.
    #[must_use]
    pub fn deadline(&self, heartbeat: &Heartbeat) -> Option<Timestamp> {
        let silence = self.now.since(self.last?);
        let (limit, now) = (heartbeat.limit(), self.now.at);
        let left = limit.minus(silence);
        Some(if left > Millis::ZERO { now.plus(left) } else { now.minus(silence.minus(limit)) })
    }

    /// When the last heartbeat came; a clock that stepped back puts it in no future.
    #[must_use]
    pub fn last(&self) -> Option<Timestamp> {
        self.last.map(|last| last.at.min(self.now.at))
    }

    /// How much of the time since the last heartbeat is not counted.
    fn uncounted(&self) -> Millis {
        self.last.map_or(Millis::ZERO, |last| self.now.at.since(last.at).minus(self.now.since(last)))
    }
}

/// Judges a job at the moment of its pulse.
#[must_use]
pub fn judge(heartbeat: &Heartbeat, pulse: &Pulse<'_>) -> RawVerdict {
    let now = pulse.now.at;
    let judgement = |status, reason| RawVerdict {
        status,
        reason,
        valid_until: now,
        oldest: pulse.last(),
        live: u32::from(status != Status::Unknown),
        failing: u32::from(status == Status::Fail),
        until: None,
    };
    let (Some(last), Some(deadline), None) = (pulse.last(), pulse.deadline(heartbeat), pulse.deaf) else {
        let why = pulse.deaf.unwrap_or("no heartbeat yet");
        return RawVerdict { oldest: None, ..judgement(Status::Unknown, expected(heartbeat, why)) };
    };
    let away = pulse.uncounted();
    let away = if away >= Millis::from_secs(1) {
        format!("; {} of it not counted, in which nobody listened", Millis::from_secs(away.as_secs()))
    } else {
        String::new()
    };
    if now < deadline {
        let reason = expected(heartbeat, "heartbeats come in time") + &away;
        return RawVerdict {
            valid_until: deadline,
            until: Some(deadline),
            ..judgement(Status::Pass, reason)
        };
    }
    let reason = expected(heartbeat, &format!("no heartbeat since {last}")) + &away;
    let (valid_until, until) = (now.plus(SILENCE_HOLDS), Some(now.plus(ROUND)));
    RawVerdict { valid_until, until, ..judgement(Status::Fail, reason) }
}

fn expected(heartbeat: &Heartbeat, what: &str) -> String {
    format!("{what}: expected every {}, {} grace", heartbeat.period, heartbeat.grace)
}

/// What would change the verdict next.
#[must_use]
pub fn next_change(verdict: &Verdict, judgement: &RawVerdict, damping: Damping) -> String {
    match (judgement.status, verdict::held(verdict, damping)) {
        (Status::Unknown, _) => "decided by the next heartbeat that is heard".to_owned(),
        (Status::Fail, _) => "no longer fail with the next heartbeat".to_owned(),
        (Status::Pass | Status::Warn, Some(held)) => held,
        (Status::Pass | Status::Warn, None) => {
            format!("fail at {} without a further heartbeat", judgement.valid_until)
        }
    }
}

/// What a pool of heartbeats says in the place of where traffic should go: `late: nightly; awaited:
/// weekly`.
#[must_use]
pub fn summary<'a>(subjects: impl Iterator<Item = (&'a str, Status)>) -> String {
    let (mut late, mut awaited) = (String::new(), String::new());
    for (name, status) in subjects {
        let (list, word) = match status {
            Status::Fail => (&mut late, "late: "),
            Status::Unknown => (&mut awaited, "awaited: "),
            Status::Pass | Status::Warn => continue,
        };
        list.push_str(if list.is_empty() { word } else { ", " });
        list.push_str(name);
    }
    match (late.is_empty(), awaited.is_empty()) {
        (true, true) => "every heartbeat comes in time".to_owned(),
        (false, false) => [&late, "; ", &awaited].concat(),
        (_, _) => [late, awaited].concat(),
    }
}

#[cfg(test)]
mod tests;
