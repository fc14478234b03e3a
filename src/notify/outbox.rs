//! What one channel is told: its alerts, the message that waits to be taken, and how sending goes.
//!
//! Stored in the transaction of whatever changed it: a row for each alert, so that a change costs
//! what it touches, and one for the rest. Format version 1: fields are never renamed; new ones are
//! an `Option`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::alert::{Alert, AlertState, Past, UNTOLD};
use super::delivery::{self, Delivery, Outcome};
use super::message::{self, Facts, Frame};
use super::news::{Kind, News};
use crate::config::{Channel, Topic};
use crate::defaults::notify::LOST;
use crate::json;
use crate::units::{Fingerprint, Millis, Name, Timestamp};

pub use crate::defaults::notify::{APART, GATHER};

/// What one channel is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outbox {
    channel: Name,
    head: Head,
    alerts: BTreeMap<String, Alert>,
    /// Subjects that changed since they were stored.
    changed: Vec<String>,
    /// The rest did.
    head_changed: bool,
    /// An attempt is on its way.
    sending: bool,
}

/// What is stored of a channel beside its alerts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Head {
    /// Messages made so far.
    count: u64,
    /// When the latest messages were made, oldest first: as many as the cap counts.
    recent: Vec<Timestamp>,
    waiting: Option<Message>,
    /// When a message was last taken.
    delivered: Option<Timestamp>,
    failing: Option<Failing>,
}

/// A message that waits to be taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Message {
    id: String,
    made: Timestamp,
    attempts: u32,
    due: Timestamp,
    body: String,
    /// What it says to be over: told again with the next one if this one is given up.
    ended: Option<Vec<Ended>>,
}

/// An incident that is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Ended {
    subject: String,
    /// Whether it was told while it lasted.
    told: bool,
    past: Past,
    /// Whether it is over only because nobody watches the subject for the channel any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    unwatched: Option<bool>,
}

/// A receiver that takes nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failing {
    /// The first attempt that failed.
    pub since: Timestamp,
    /// Why the latest did.
    pub why: String,
}

impl Outbox {
    /// The outbox of a channel that was told nothing.
    #[must_use]
    pub fn new(channel: Name) -> Self {
        Self {
            channel,
            head: Head::default(),
            alerts: BTreeMap::new(),
            changed: Vec::new(),
            head_changed: false,
            sending: false,
        }
    }

    /// The channel.
    #[must_use]
    pub const fn channel(&self) -> &Name {
        &self.channel
    }

    /// When a message was last taken, and since when and why none is.
    #[must_use]
    pub const fn state(&self) -> (Option<Timestamp>, Option<&Failing>) {
        (self.head.delivered, self.head.failing.as_ref())
    }

    /// Takes a stored row in, by its key after the channel's name: empty for what is not of one
    /// subject. If nobody watches the subject any more, since `unwatched`, what was told of it is
    /// closed. What the channel listens to no more is cleared away.
    pub fn restore(&mut self, channel: &Channel, subject: &str, text: &str, unwatched: Option<Timestamp>) {
        if subject.is_empty() {
            self.head = json::read(text).unwrap_or_default();
            return;
        }
        let stored = json::read::<Alert>(text);
        let recoveries = channel.hears(Topic::Recovered);
        let left = |alert: Alert| match unwatched {
            Some(now) => alert.unwatched(recoveries, now),
            None => alert.watched(),
        };
        let heard = stored.clone().map(|alert| left(alert.as_heard(channel)));
        let heard = heard.filter(|alert| !alert.is_idle());
        if heard != stored || heard.is_none() {
            self.changed.push(subject.to_owned());
        }
        if let Some(alert) = heard {
            self.alerts.insert(subject.to_owned(), alert);
        }
    }

    /// The rows that are to be stored, by their keys as [`Outbox::restore`] takes them; an empty
    /// text is a row to be cleared away.
    pub fn rows(&mut self) -> Vec<(String, String)> {
        let mut rows = Vec::new();
        if std::mem::take(&mut self.head_changed) {
            rows.push((String::new(), json::write(&self.head)));
        }
        for subject in std::mem::take(&mut self.changed) {
            if !rows.iter().any(|(other, _)| *other == subject) {
                let text = self.alerts.get(&subject).map(json::write);
                rows.push((subject, text.unwrap_or_default()));
            }
        }
        rows
    }

    /// Takes in what stands with a subject.
    pub fn see(&mut self, channel: &Channel, subject: &str, found: AlertState, now: Timestamp) {
        let (news, idle) = if let Some(alert) = self.alerts.get_mut(subject) {
            (alert.see(found, channel, now), alert.is_idle())
        } else {
            let mut alert = Alert::new();
            alert.see(found, channel, now);
            if alert.is_idle() {
                return;
            }
            self.alerts.insert(subject.to_owned(), alert);
            (true, false)
        };
        if idle {
            self.alerts.remove(subject);
        }
        if news {
            self.changed.push(subject.to_owned());
        }
    }

    /// When something is to be done next: a message made, sent or given up.
    #[must_use]
    pub fn next(&self, channel: &Channel, now: Timestamp) -> Option<Timestamp> {
        match &self.head.waiting {
            Some(message) => Some(message.due.min(message.made.plus(channel.give_up))),
            None => self.ready(channel, now),
        }
    }

    /// When a message is to be made of what waits.
    fn ready(&self, channel: &Channel, now: Timestamp) -> Option<Timestamp> {
        let (mut first, mut last) = (None, None);
        for at in self.alerts.values().flat_map(Alert::waits) {
            first = first.min(Some(at)).or(Some(at));
            last = last.max(Some(at).filter(|at| *at <= now));
        }
        let news = first.map(|first| last.unwrap_or(first).plus(GATHER).min(first.plus(APART)));
        let reminder = self.alerts.values().filter_map(|alert| reminded(channel, alert)).min();
        let at = [news, reminder].into_iter().flatten().min()?;
        let apart = self.head.recent.last().map(|last| last.plus(APART));
        [Some(at), apart, self.full(channel)].into_iter().flatten().max()
    }

    /// Until when the cap allows no message.
    fn full(&self, channel: &Channel) -> Option<Timestamp> {
        let cap = channel.cap;
        let before = self.head.recent.len().checked_sub(cap.messages as usize)?;
        self.head.recent.get(before).map(|oldest| oldest.plus(cap.within))
    }

    /// Makes a message if it is time.
    pub fn make(&mut self, channel: &Channel, facts: &dyn Facts, base: Option<&str>, now: Timestamp) {
        if self.head.waiting.is_some() || self.ready(channel, now).is_none_or(|ready| ready > now) {
            return;
        }
        let news = self.news(channel, now);
        self.head.recent.push(now);
        let over = self.head.recent.len().saturating_sub(channel.cap.messages as usize);
        self.head.recent.drain(..over);
        self.head.count = self.head.count.saturating_add(1);
        let id = format!("{}/{}/{}", self.channel, self.head.count, now.as_millis());
        let full = self.full(channel).filter(|full| *full > now.plus(APART));
        self.head.waiting = Some(Message {
            id: format!("msg_{}", Fingerprint::of(&id)),
            made: now,
            attempts: 0,
            due: now,
            body: message::render(channel, &news, facts, Frame { base, full, now }),
            ended: Some(news.iter().filter_map(Ended::of).collect()),
        });
        self.head_changed = true;
    }

    /// Everything that is to be told, as told from now on.
    fn news(&mut self, channel: &Channel, now: Timestamp) -> Vec<News> {
        // One reminder of everything that lasts, not one for each.
        let mut again = self.alerts.values().filter_map(|alert| reminded(channel, alert));
        let again = again.any(|at| at <= now);
        let (mut news, mut idle) = (Vec::new(), Vec::new());
        for (subject, alert) in &mut self.alerts {
            let before = news.len();
            alert.tell(subject, again, now, &mut news);
            if news.len() > before {
                self.changed.push(subject.clone());
            }
            if alert.is_idle() {
                idle.push(subject.clone());
            }
        }
        for subject in &idle {
            self.alerts.remove(subject);
        }
        news
    }

    /// Whether it is time to send a message.
    #[must_use]
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.head.waiting.as_ref().is_some_and(|message| message.due <= now)
    }

    /// The message to send, if it is time; it counts as lost if nothing is heard of it.
    pub fn send(&mut self, now: Timestamp) -> Option<Delivery> {
        let message = self.head.waiting.as_mut().filter(|message| message.due <= now)?;
        message.due = now.plus(LOST);
        self.sending = true;
        Some(Delivery { channel: self.channel.clone(), id: message.id.clone(), body: message.body.clone() })
    }

    /// Takes in what became of an attempt. Whether anything changed.
    pub fn answered(&mut self, id: &str, outcome: Outcome, now: Timestamp) -> bool {
        let Some(message) = self.head.waiting.as_mut().filter(|message| message.id == id) else {
            return false;
        };
        (self.head_changed, self.sending) = (true, false);
        match outcome {
            Outcome::Taken => {
                self.head.waiting = None;
                self.head.delivered = Some(now);
                self.head.failing = None;
            }
            Outcome::Failed { why, retry_after } => {
                message.attempts = message.attempts.saturating_add(1);
                message.due = delivery::again(id, message.attempts, retry_after, now);
                let since = self.head.failing.take().map_or(now, |failing| failing.since);
                self.head.failing = Some(Failing { since, why });
            }
        }
        true
    }

    /// Gives the message up if it waited too long; why.
    pub fn give_up(&mut self, channel: &Channel, now: Timestamp) -> Option<String> {
        let message = self.head.waiting.take_if(|message| message.made.plus(channel.give_up) <= now)?;
        (self.head_changed, self.sending) = (true, false);
        for (subject, alert) in &mut self.alerts {
            if alert.forget_notice(message.made) {
                self.changed.push(subject.clone());
            }
        }
        for Ended { subject, told, past, unwatched } in message.ended.into_iter().flatten() {
            self.alerts.entry(subject.clone()).or_default().untell(told, unwatched, past);
            self.changed.push(subject);
        }
        let why = self.head.failing.as_ref().map_or("nothing was heard", |failing| failing.why.as_str());
        Some(format!(
            "message {} given up after {} and {} attempts: {why}",
            message.id, channel.give_up, message.attempts
        ))
    }

    /// Whether an attempt is on its way, as far as is known.
    #[must_use]
    pub fn is_sending(&self, now: Timestamp) -> bool {
        self.sending && self.head.waiting.as_ref().is_some_and(|message| now < message.due)
    }

    /// Whether a message waits, and how many subjects wait for the next.
    #[must_use]
    pub fn waiting(&self) -> (bool, u32) {
        let waits = self.alerts.values().filter(|alert| alert.waits().next().is_some()).count();
        (self.head.waiting.is_some(), u32::try_from(waits).unwrap_or(u32::MAX))
    }

    /// After a clock stepped back, everything is as long ago as it was.
    pub fn set_back(&mut self, by: Millis) {
        self.head_changed = true;
        for (subject, alert) in &mut self.alerts {
            alert.set_back(by);
            self.changed.push(subject.clone());
        }
        self.head.recent.iter_mut().for_each(|at| *at = at.minus(by));
        if let Some(message) = &mut self.head.waiting {
            (message.made, message.due) = (message.made.minus(by), message.due.minus(by));
        }
        self.head.delivered = self.head.delivered.map(|at| at.minus(by));
        if let Some(failing) = &mut self.head.failing {
            failing.since = failing.since.minus(by);
        }
    }
}

impl Ended {
    fn of(news: &News) -> Option<Self> {
        let told = match news.kind {
            Kind::Begun | Kind::Still => return None,
            Kind::Over | Kind::Unwatched => true,
            Kind::Past => false,
        };
        let News { topic, since, times, .. } = *news;
        let past = Past { topic, since, until: news.until?, times, failing: news.failing.clone() };
        let unwatched = (news.kind == Kind::Unwatched).then_some(true);
        Some(Self { subject: news.subject.clone(), told, past, unwatched })
    }
}

/// When what lasts is told again: in the channel's time, or at once if the message that told it was
/// given up.
fn reminded(channel: &Channel, alert: &Alert) -> Option<Timestamp> {
    let told = alert.lasts()?;
    if told == UNTOLD { Some(told) } else { channel.every.map(|every| told.plus(every)) }
}
