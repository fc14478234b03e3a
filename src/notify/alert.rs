//! One subject as a channel knows it: what is wrong, and what of that the channel was told.
//!
//! Every incident that lasts is told: while it lasts, or, if the channel could not be told in time,
//! when it is over. Each recovery is told once, and only of what was told before. That another
//! origin of a pool fails while the pool goes on serving is told within the same incident.

use serde::{Deserialize, Serialize};

use super::WARN_DELAY;
use super::news::{Kind, News};
use crate::config::{Channel, Topic};
use crate::units::{Millis, Name, Timestamp};

/// What stands with a subject at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
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
        /// It is told when it has lasted this long, if the channel does not want to wait for
        /// longer.
        delay: Millis,
        /// The origins that fail while their pool serves, if the channel is told of each.
        failing: Vec<Name>,
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Incident {
    topic: Topic,
    since: Timestamp,
    /// From when on it is told, or, if it was, that it came to more.
    ripe: Timestamp,
    /// The origins that fail while their pool serves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    failing: Vec<Name>,
}

/// What the channel was told last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// The origins that it was told to fail.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    failing: Vec<Name>,
    /// The origins that failed too, of which it could not be told in time: its end names them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    unsaid: Vec<Name>,
}

/// What came, lasted and went without being told: the worst of it, from the first to the last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Past {
    pub(super) topic: Topic,
    pub(super) since: Timestamp,
    pub(super) until: Timestamp,
    pub(super) times: u32,
    /// The origins that failed while their pool served.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) failing: Vec<Name>,
}

impl AlertState {
    /// Something is wrong of which no origin is named.
    #[must_use]
    pub const fn firing(topic: Topic, since: Timestamp, delay: Millis) -> Self {
        Self::Firing { topic, since, delay, failing: Vec::new() }
    }
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

    /// Takes in what stands, as `channel` is told of it. Whether that is news here.
    pub fn see(&mut self, found: AlertState, channel: &Channel, now: Timestamp) -> bool {
        match found {
            AlertState::NoWord => false,
            AlertState::Good => {
                let closed = self.close(now);
                self.end(channel, now) || closed
            }
            AlertState::Firing { topic, since, delay, failing } => {
                let delay = channel.after.max(delay);
                let found = Incident { topic, since, ripe: since.plus(delay), failing };
                if self.open.as_ref().is_some_and(|open| open.level() == found.level()) {
                    return self.goes_on(found, delay, now);
                }
                self.begin(found, delay, channel, now);
                true
            }
        }
    }

    /// What is wrong is what was wrong before: it may have become more urgent, or other origins may
    /// fail. Whether that is news.
    fn goes_on(&mut self, found: Incident, delay: Millis, now: Timestamp) -> bool {
        let Some(mut open) = self.open.take() else { return false };
        let before = open.clone();
        let told = self.is_told(&open);
        open.failing = found.failing;
        if told && !self.is_told(&open) {
            // One more fails: since now, whenever the first did.
            open.ripe = now.plus(delay);
        } else if open.failing.is_empty() {
            open.ripe = open.ripe.min(open.since.plus(delay));
        }
        let news = open != before;
        self.open = Some(open);
        news
    }

    /// Something else is wrong than before, or anything at all.
    fn begin(&mut self, mut found: Incident, delay: Millis, channel: &Channel, now: Timestamp) {
        // What gets worse before it could be told is told as what it became.
        let worse = self.open.as_ref().filter(|open| found.level() < open.level());
        let mut eases = worse.is_some_and(|open| open.ripe <= now);
        if worse.is_some() {
            self.close(now);
        }
        let standing = self.told.as_ref().filter(|told| told.ended.is_none());
        eases |= standing.is_some_and(|told| found.level() < told.level());
        let goes_on = standing.filter(|told| told.level() == found.level());
        if let Some(told) = goes_on {
            // What was told and was not over since goes on: it is told once.
            found.since = told.since;
            let known = is_within(&found.failing, &told.failing);
            found.ripe = if known { found.since } else { now }.plus(delay);
        } else if eases && !found.failing.is_empty() {
            // The votes of a recovery come one by one: what is left of an outage is told when it
            // lasts.
            found.ripe = found.since.plus(delay.max(WARN_DELAY));
            // Who is not told of every warning is told that an outage is over as soon as the pool
            // serves again.
            if !channel.hears(Topic::Warn) {
                self.end(channel, now);
            }
        }
        self.open = Some(found);
    }

    /// What was told is over. Whether anything was.
    fn end(&mut self, channel: &Channel, now: Timestamp) -> bool {
        let Some(told) = self.told.as_mut().filter(|told| told.ended.is_none()) else { return false };
        told.ended = Some(now);
        if !channel.hears(Topic::Recovered) {
            self.told = None;
        }
        true
    }

    /// Ends what is open. Whether anything was.
    fn close(&mut self, now: Timestamp) -> bool {
        let Some(open) = self.open.take() else { return false };
        if now < open.ripe || self.is_told(&open) {
            return true;
        }
        if self.continues(&open) {
            // That one more failed was not told in time: its end tells of both.
            self.told.iter_mut().for_each(|told| add(&mut told.unsaid, &open.failing));
            return true;
        }
        let Incident { topic, since, failing, .. } = open;
        self.passed(Past { topic, since, until: now, times: 1, failing });
        true
    }

    /// Takes what is past together with what was before it.
    fn passed(&mut self, past: Past) {
        let Some(before) = self.past.take() else {
            self.past = Some(past);
            return;
        };
        let mut failing = before.failing.clone();
        add(&mut failing, &past.failing);
        let worst = if before.level() > past.level() { &before } else { &past };
        self.past = Some(Past {
            topic: worst.topic,
            since: before.since.min(past.since),
            until: before.until.max(past.until),
            times: before.times.saturating_add(past.times),
            failing: if worst.failing.is_empty() { Vec::new() } else { failing },
        });
    }

    /// What of it a channel listens to.
    #[must_use]
    pub fn as_heard(self, channel: &Channel) -> Self {
        let hears = |topic, failing: &[Name]| {
            channel.hears(topic) || !failing.is_empty() && channel.hears(Topic::Origin)
        };
        Self {
            open: self.open.filter(|open| hears(open.topic, &open.failing)),
            told: self.told.filter(|told| hears(told.topic, &told.failing)),
            past: self.past.filter(|past| hears(past.topic, &past.failing)),
        }
    }

    /// What is left of it once nobody watches the subject: that what was told is over. Without
    /// `recoveries` not even that.
    #[must_use]
    pub fn unwatched(self, recoveries: bool, now: Timestamp) -> Self {
        let told = self.told.filter(|_| recoveries).map(|told| match told.ended {
            // It was over before.
            Some(_) => told,
            None => Told { ended: Some(now), unwatched: Some(true), ..told },
        });
        Self { told, ..Self::new() }
    }

    /// The subject is watched, maybe again: what was not told to be over for want of watching goes
    /// on.
    #[must_use]
    pub fn watched(self) -> Self {
        let told = self.told.map(|told| match told.unwatched {
            Some(true) => Told { ended: None, unwatched: None, ..told },
            Some(false) | None => told,
        });
        Self { told, ..self }
    }

    /// Whether the channel was told of this incident.
    fn continues(&self, open: &Incident) -> bool {
        let told = self.told.as_ref().filter(|told| told.ended.is_none());
        told.is_some_and(|told| told.level() == open.level() && told.since == open.since)
    }

    /// Whether the channel was told of all of it.
    fn is_told(&self, open: &Incident) -> bool {
        let told = self.told.as_ref().filter(|_| self.continues(open));
        told.is_some_and(|told| is_within(&open.failing, &told.failing))
    }

    /// From when on each piece of news waits to be told.
    pub fn waits(&self) -> impl Iterator<Item = Timestamp> {
        let ended = self.told.as_ref().and_then(|told| told.ended);
        let past = self.past.as_ref().map(|past| past.until);
        let open = self.open.as_ref().filter(|open| !self.is_told(open)).map(|open| open.ripe);
        [ended, past, open].into_iter().flatten()
    }

    /// When what lasts was last told.
    #[must_use]
    pub fn lasts(&self) -> Option<Timestamp> {
        let open = self.open.as_ref()?;
        self.told.as_ref().filter(|_| self.continues(open)).map(|told| told.at)
    }

    /// Everything that is to be told at `now`, in its order, as told from now on. What lasts is
    /// told again if `again`.
    pub fn tell(&mut self, subject: &str, again: bool, now: Timestamp, news: &mut Vec<News>) {
        let subject = || subject.to_owned();
        if let Some(told) = self.told.take_if(|told| told.ended.is_some()) {
            let kind = if told.unwatched == Some(true) { Kind::Unwatched } else { Kind::Over };
            let Told { topic, since, ended, mut failing, unsaid, .. } = told;
            add(&mut failing, &unsaid);
            news.push(News { kind, topic, subject: subject(), since, until: ended, times: 1, failing });
        }
        if let Some(Past { topic, since, until, times, failing }) = self.past.take() {
            let (kind, until) = (Kind::Past, Some(until));
            news.push(News { kind, topic, subject: subject(), since, until, times, failing });
        }
        let Some(open) = &self.open else { return };
        let kind = if again && self.continues(open) {
            Kind::Still
        } else if open.ripe <= now && !self.is_told(open) {
            Kind::Begun
        } else {
            return;
        };
        let Incident { topic, since, failing, .. } = open.clone();
        let goes_on = self.continues(open);
        let mut unsaid = self.told.take().filter(|_| goes_on).map_or_else(Vec::new, |told| told.unsaid);
        unsaid.retain(|name| !failing.contains(name));
        let heard = failing.clone();
        self.told =
            Some(Told { topic, since, at: now, ended: None, unwatched: None, failing: heard, unsaid });
        news.push(News { kind, topic, subject: subject(), since, until: None, times: 1, failing });
    }

    /// The message that was made at `made` was given up: what of this it told, and lasts, is to be
    /// told again. Whether it told anything.
    pub fn forget_notice(&mut self, made: Timestamp) -> bool {
        let Some(told) = self.told.as_mut().filter(|told| told.at == made) else { return false };
        told.at = UNTOLD;
        true
    }

    /// The message that said this to be over was given up: it is to be said again, as past if
    /// something else was told meanwhile.
    pub(super) fn untell(&mut self, told: bool, unwatched: Option<bool>, past: Past) {
        if told && self.told.is_none() {
            let Past { topic, since, until, failing, .. } = past;
            let unsaid = Vec::new();
            self.told =
                Some(Told { topic, since, at: UNTOLD, ended: Some(until), unwatched, failing, unsaid });
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

impl Incident {
    fn level(&self) -> u8 {
        level(self.topic, &self.failing)
    }
}

impl Told {
    fn level(&self) -> u8 {
        level(self.topic, &self.failing)
    }
}

impl Past {
    fn level(&self) -> u8 {
        level(self.topic, &self.failing)
    }
}

/// The worse, the greater. A warning for which origins fail is worse than a blemish.
const fn level(topic: Topic, failing: &[Name]) -> u8 {
    match topic {
        Topic::Recovered => 0,
        Topic::Flapping | Topic::Regressed => 1,
        Topic::Warn if failing.is_empty() => 2,
        Topic::Warn | Topic::Origin => 3,
        Topic::Watch => 4,
        Topic::Fail => 5,
    }
}

/// Whether all of `some` are among `all`.
fn is_within(some: &[Name], all: &[Name]) -> bool {
    some.iter().all(|one| all.contains(one))
}

/// Adds those that are not there yet.
fn add(all: &mut Vec<Name>, some: &[Name]) {
    for one in some {
        if !all.contains(one) {
            all.push(one.clone());
        }
    }
}
