//! One subject as a channel knows it: what is wrong, and what of that the channel was told.
//!
//! Every incident that lasts is told: while it lasts, or, if the channel could not be told in time, when it is over. Each recovery is
//! told once, and only of what was told before.

use serde::{Deserialize, Serialize};

use super::message::{Kind, News};
use crate::config::{Channel, Topic};
use crate::units::{Millis, Timestamp};

/// What stands with a subject at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlertState {
    /// Nothing is wrong.
    Good,
    /// Nothing that the channel wants to hear is known.
    NoWord,
    /// Something is wrong.
    Firing {
        /// What.
        topic: Topic,
        /// Since when.
        since: Timestamp,
        /// It is told when it has lasted this long, if the channel does not want to wait for longer.
        delay: Millis,
    },
}

/// When something was told that was told in vain.
pub(super) const UNTOLD: Timestamp = Timestamp::from_millis(0);

/// The alert of a subject: open, told, past, or none of these.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    open: Option<Incident>,
    told: Option<Told>,
    past: Option<Past>,
}

/// What is wrong now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Incident {
    topic: Topic,
    since: Timestamp,
    /// From when on it is told.
    ripe: Timestamp,
}

/// What the channel was told last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Told {
    topic: Topic,
    since: Timestamp,
    /// In the message made then.
    at: Timestamp,
    /// When it was over, which is not told yet.
    ended: Option<Timestamp>,
    /// Whether it is over only because nobody watches the subject for the channel any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    unwatched: Option<bool>,
}

/// What came, lasted and went without being told: the worst of it, from the first to the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Past {
    pub(super) topic: Topic,
    pub(super) since: Timestamp,
    pub(super) until: Timestamp,
    pub(super) times: u32,
}

impl Alert {
    /// Nothing wrong, nothing told.
    #[must_use]
    pub const fn new() -> Self {
        Self { open: None, told: None, past: None }
    }

    /// Whether there is nothing to remember.
    #[must_use]
    pub const fn is_idle(&self) -> bool {
        self.open.is_none() && self.told.is_none() && self.past.is_none()
    }

    /// Takes in what stands. Whether that is news here. `after` and whether recoveries are told are the channel's.
    pub fn see(&mut self, found: AlertState, after: Millis, recoveries: bool, now: Timestamp) -> bool {
        match found {
            AlertState::NoWord => false,
            AlertState::Good => {
                let closed = self.close(now);
                let Some(told) = self.told.as_mut().filter(|told| told.ended.is_none()) else {
                    return closed;
                };
                told.ended = Some(now);
                if !recoveries {
                    self.told = None;
                }
                true
            }
            AlertState::Firing { topic, since, delay } => {
                if let Some(open) = self.open.as_mut().filter(|open| open.topic == topic) {
                    // It may have become more urgent meanwhile.
                    let ripe = open.ripe.min(open.since.plus(after.max(delay)));
                    return std::mem::replace(&mut open.ripe, ripe) != ripe;
                }
                // What gets worse before it could be told is told as what it became.
                if self.open.is_some_and(|open| rank(topic) < rank(open.topic)) {
                    self.close(now);
                }
                // What was told and was not over since goes on: it is told once.
                let goes_on = self.told.filter(|told| told.topic == topic && told.ended.is_none());
                let since = goes_on.map_or(since, |told| told.since);
                self.open = Some(Incident { topic, since, ripe: since.plus(after.max(delay)) });
                true
            }
        }
    }

    /// Ends what is open. Whether anything was.
    fn close(&mut self, now: Timestamp) -> bool {
        let Some(open) = self.open.take() else { return false };
        if self.is_told(open) || now < open.ripe {
            return true;
        }
        self.passed(Past { topic: open.topic, since: open.since, until: now, times: 1 });
        true
    }

    /// Takes what is past together with what was before it.
    fn passed(&mut self, past: Past) {
        let Some(before) = self.past else {
            self.past = Some(past);
            return;
        };
        self.past = Some(Past {
            topic: if rank(before.topic) > rank(past.topic) { before.topic } else { past.topic },
            since: before.since.min(past.since),
            until: before.until.max(past.until),
            times: before.times.saturating_add(past.times),
        });
    }

    /// What of it a channel listens to.
    #[must_use]
    pub fn as_heard(self, channel: &Channel) -> Self {
        Self {
            open: self.open.filter(|open| channel.hears(open.topic)),
            told: self.told.filter(|told| channel.hears(told.topic)),
            past: self.past.filter(|past| channel.hears(past.topic)),
        }
    }

    /// What is left of it once nobody watches the subject: that what was told is over. Without `recoveries` not even that.
    #[must_use]
    pub fn unwatched(self, recoveries: bool, now: Timestamp) -> Self {
        let told = self.told.filter(|_| recoveries).map(|told| match told.ended {
            // It was over before.
            Some(_) => told,
            None => Told { ended: Some(now), unwatched: Some(true), ..told },
        });
        Self { told, ..Self::new() }
    }

    /// The subject is watched, maybe again: what was not told to be over for want of watching goes on.
    #[must_use]
    pub fn watched(self) -> Self {
        let told = self.told.map(|told| match told.unwatched {
            Some(true) => Told { ended: None, unwatched: None, ..told },
            Some(false) | None => told,
        });
        Self { told, ..self }
    }

    fn is_told(&self, open: Incident) -> bool {
        self.told
            .is_some_and(|told| told.ended.is_none() && told.topic == open.topic && told.since == open.since)
    }

    /// From when on each piece of news waits to be told.
    pub fn waits(&self) -> impl Iterator<Item = Timestamp> {
        let ended = self.told.and_then(|told| told.ended);
        let past = self.past.map(|past| past.until);
        let open = self.open.filter(|open| !self.is_told(*open)).map(|open| open.ripe);
        [ended, past, open].into_iter().flatten()
    }

    /// When what lasts was last told.
    #[must_use]
    pub fn lasts(&self) -> Option<Timestamp> {
        let open = self.open?;
        self.told.filter(|_| self.is_told(open)).map(|told| told.at)
    }

    /// Everything that is to be told at `now`, in its order, as told from now on. What lasts is told again if `again`.
    pub fn tell(&mut self, subject: &str, again: bool, now: Timestamp, news: &mut Vec<News>) {
        let mut put = |kind, topic, since, until, times| {
            news.push(News { kind, topic, subject: subject.to_owned(), since, until, times });
        };
        if let Some((told, ended)) = self.told.and_then(|told| Some((told, told.ended?))) {
            let kind = if told.unwatched == Some(true) { Kind::Unwatched } else { Kind::Over };
            put(kind, told.topic, told.since, Some(ended), 1);
            self.told = None;
        }
        if let Some(past) = self.past.take() {
            put(Kind::Past, past.topic, past.since, Some(past.until), past.times);
        }
        if let Some(open) = self.open {
            let told = self.told.is_some_and(|told| told.topic == open.topic && told.since == open.since);
            let kind = if told { Kind::Still } else { Kind::Begun };
            if (told && again) || (!told && open.ripe <= now) {
                put(kind, open.topic, open.since, None, 1);
                self.told = Some(Told {
                    topic: open.topic,
                    since: open.since,
                    at: now,
                    ended: None,
                    unwatched: None,
                });
            }
        }
    }

    /// The message that was made at `made` was given up: what of this it told, and lasts, is to be told again. Whether it told anything.
    pub fn forget_notice(&mut self, made: Timestamp) -> bool {
        let Some(told) = self.told.as_mut().filter(|told| told.at == made) else { return false };
        told.at = UNTOLD;
        true
    }

    /// The message that said this to be over was given up: it is to be said again, as past if something else was told meanwhile.
    pub(super) fn untell(&mut self, told: bool, unwatched: Option<bool>, past: Past) {
        let Past { topic, since, until, .. } = past;
        if told && self.told.is_none() {
            self.told = Some(Told { topic, since, at: UNTOLD, ended: Some(until), unwatched });
        } else {
            self.passed(past);
        }
    }

    /// After a clock stepped back, everything is as long ago as it was.
    pub fn set_back(&mut self, by: Millis) {
        if let Some(open) = &mut self.open {
            (open.since, open.ripe) = (open.since.minus(by), open.ripe.minus(by));
        }
        if let Some(told) = &mut self.told {
            (told.since, told.at) = (told.since.minus(by), told.at.minus(by));
            told.ended = told.ended.map(|ended| ended.minus(by));
        }
        if let Some(past) = &mut self.past {
            (past.since, past.until) = (past.since.minus(by), past.until.minus(by));
        }
    }
}

/// The worse, the greater.
const fn rank(topic: Topic) -> u8 {
    match topic {
        Topic::Recovered => 0,
        Topic::Flapping => 1,
        Topic::Warn => 2,
        Topic::Watch => 3,
        Topic::Fail => 4,
    }
}
