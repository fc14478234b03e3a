//! What one channel is told: its matters, the message that waits to be taken, and how sending goes.
//!
//! Stored as one row, in the transaction of whatever changed it. Format version 1: fields are never renamed; new ones are an
//! `Option`.

use miniserde::{Deserialize, Serialize};

use super::delivery::{self, Delivery, Outcome, TIMEOUT};
use super::matter::{Found, Matter, UNTOLD};
use super::message::{self, Detail, News};
use crate::config::{Channel, Topic};
use crate::units::{Fingerprint, Millis, Name, Timestamp};

/// News is gathered until none has come for this long: an outage of many pools comes in pieces.
pub const GATHER: Millis = Millis::from_secs(3);

/// News waits for further news at most this long, and two messages are at least so far apart.
pub const APART: Millis = Millis::from_secs(30);

/// An attempt that nothing was heard of for this long is lost with whoever made it.
const LOST: Millis = TIMEOUT.times(2);

/// What one channel is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outbox {
    /// The channel.
    pub channel: Name,
    /// Messages made so far.
    count: u64,
    /// When the latest messages were made, oldest first: as many as the cap counts.
    recent: Vec<Timestamp>,
    matters: Vec<Matter>,
    waiting: Option<Message>,
    /// When a message was last taken.
    pub delivered: Option<Timestamp>,
    /// Since when, and why, the receiver takes nothing.
    pub failing: Option<Failing>,
}

/// A message that waits to be taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Message {
    id: String,
    made: Timestamp,
    attempts: u32,
    due: Timestamp,
    body: String,
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
    pub const fn new(channel: Name) -> Self {
        Self {
            channel,
            count: 0,
            recent: Vec::new(),
            matters: Vec::new(),
            waiting: None,
            delivered: None,
            failing: None,
        }
    }

    /// Lets go of what is about nothing that is watched any more.
    pub fn keep(&mut self, known: impl Fn(&str) -> bool) {
        self.matters.retain(|matter| known(&matter.subject));
    }

    /// Takes in what stands with a subject. Whether that is news.
    pub fn see(&mut self, channel: &Channel, subject: &str, found: Found, now: Timestamp) -> bool {
        let terms = (channel.after, channel.hears(Topic::Recovered));
        let place = self.matters.iter().position(|matter| matter.subject == subject);
        let Some(place) = place else {
            let mut matter = Matter::new(subject.to_owned());
            let news = matter.see(found, terms, now) && !matter.is_idle();
            self.matters.extend(news.then_some(matter));
            return news;
        };
        let Some(matter) = self.matters.get_mut(place) else { return false };
        let news = matter.see(found, terms, now);
        if matter.is_idle() {
            self.matters.remove(place);
        }
        news
    }

    /// When something is to be done next: a message made, sent or given up.
    #[must_use]
    pub fn next(&self, channel: &Channel, now: Timestamp) -> Option<Timestamp> {
        match &self.waiting {
            Some(message) => Some(message.due.min(message.made.plus(channel.give_up))),
            None => self.ready(channel, now),
        }
    }

    /// When a message is to be made of what waits.
    fn ready(&self, channel: &Channel, now: Timestamp) -> Option<Timestamp> {
        let (mut first, mut last) = (None, None);
        for at in self.matters.iter().flat_map(Matter::waits) {
            first = first.min(Some(at)).or(Some(at));
            last = last.max(Some(at).filter(|at| *at <= now));
        }
        let news = first.map(|first| last.unwrap_or(first).plus(GATHER).min(first.plus(APART)));
        let reminder = self.matters.iter().filter_map(|matter| reminded(channel, matter)).min();
        let at = [news, reminder].into_iter().flatten().min()?;
        let apart = self.recent.last().map(|last| last.plus(APART));
        [Some(at), apart, self.full(channel)].into_iter().flatten().max()
    }

    /// Until when the cap allows no message.
    fn full(&self, channel: &Channel) -> Option<Timestamp> {
        let cap = channel.cap;
        let before = self.recent.len().checked_sub(cap.messages as usize)?;
        self.recent.get(before).map(|oldest| oldest.plus(cap.within))
    }

    /// Makes a message if it is time. Whether one was made.
    pub fn make(
        &mut self,
        channel: &Channel,
        detail: &dyn Fn(&str) -> Detail,
        base: Option<&str>,
        now: Timestamp,
    ) -> bool {
        if self.waiting.is_some() || self.ready(channel, now).is_none_or(|ready| ready > now) {
            return false;
        }
        // One reminder of everything that lasts, not one for each.
        let again = self.matters.iter().filter_map(|matter| reminded(channel, matter)).any(|at| at <= now);
        let news: Vec<News> = self.matters.iter_mut().flat_map(|matter| matter.tell(again, now)).collect();
        self.matters.retain(|matter| !matter.is_idle());
        self.recent.push(now);
        let over = self.recent.len().saturating_sub(channel.cap.messages as usize);
        self.recent.drain(..over);
        self.count = self.count.saturating_add(1);
        let id = format!("{}/{}/{}", self.channel, self.count, now.as_millis());
        let full = self.full(channel).filter(|full| *full > now.plus(APART));
        self.waiting = Some(Message {
            id: format!("msg_{}", Fingerprint::of(&id)),
            made: now,
            attempts: 0,
            due: now,
            body: message::render(channel, &news, detail, (base, full, now)),
        });
        true
    }

    /// The message to send, if it is time; it counts as lost if nothing is heard of it.
    pub fn send(&mut self, now: Timestamp) -> Option<Delivery> {
        let message = self.waiting.as_mut().filter(|message| message.due <= now)?;
        message.due = now.plus(LOST);
        Some(Delivery { channel: self.channel.clone(), id: message.id.clone(), body: message.body.clone() })
    }

    /// Takes in what became of an attempt. Whether anything changed.
    pub fn answered(&mut self, id: &str, outcome: Outcome, now: Timestamp) -> bool {
        let Some(message) = self.waiting.as_mut().filter(|message| message.id == id) else { return false };
        match outcome {
            Outcome::Taken => {
                self.waiting = None;
                self.delivered = Some(now);
                self.failing = None;
            }
            Outcome::Failed { why, retry_after } => {
                message.attempts = message.attempts.saturating_add(1);
                message.due = delivery::again(id, message.attempts, retry_after, now);
                let since = self.failing.take().map_or(now, |failing| failing.since);
                self.failing = Some(Failing { since, why });
            }
        }
        true
    }

    /// Gives the message up if it waited too long; why.
    pub fn give_up(&mut self, channel: &Channel, now: Timestamp) -> Option<String> {
        let message = self.waiting.take_if(|message| message.made.plus(channel.give_up) <= now)?;
        self.matters.iter_mut().for_each(Matter::forget_telling);
        let why = self.failing.as_ref().map_or("nothing was heard", |failing| failing.why.as_str());
        Some(format!(
            "message {} given up after {} and {} attempts: {why}",
            message.id, channel.give_up, message.attempts
        ))
    }

    /// Whether a message waits, and how many subjects wait for the next.
    #[must_use]
    pub fn waiting(&self) -> (bool, u32) {
        let waits = self.matters.iter().filter(|matter| matter.waits().next().is_some()).count();
        (self.waiting.is_some(), u32::try_from(waits).unwrap_or(u32::MAX))
    }

    /// After a clock stepped back, everything is as long ago as it was.
    pub fn set_back(&mut self, by: Millis) {
        self.matters.iter_mut().for_each(|matter| matter.set_back(by));
        self.recent.iter_mut().for_each(|at| *at = at.minus(by));
        if let Some(message) = &mut self.waiting {
            (message.made, message.due) = (message.made.minus(by), message.due.minus(by));
        }
        self.delivered = self.delivered.map(|at| at.minus(by));
        if let Some(failing) = &mut self.failing {
            failing.since = failing.since.minus(by);
        }
    }
}

/// When what lasts is told again: in the channel's time, or at once if the message that told it was given up.
fn reminded(channel: &Channel, matter: &Matter) -> Option<Timestamp> {
    let told = matter.lasts()?;
    if told == UNTOLD { Some(told) } else { channel.every.map(|every| told.plus(every)) }
}
