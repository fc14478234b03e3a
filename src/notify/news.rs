//! One piece of news, and how it is said to people: `shop fails`, `shop: primary fails; standby
//! serves`.

use std::collections::BTreeMap;

use super::message::Detail;
use crate::config::Topic;
use crate::defaults::notify::LINE;
use crate::units::{Millis, Name, Timestamp, listed};

/// What a subject is to people: it decides the words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SubjectKind {
    /// A pool, or a vantage.
    #[default]
    Pool,
    /// A monitor that is probed.
    Monitor,
    /// A monitor that reports by itself.
    Job,
}

/// What a subject is called in messages; its name where nothing is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Label {
    /// Its title.
    pub title: Option<String>,
    /// What it is.
    pub kind: SubjectKind,
    /// The titles of its origins that have one.
    pub origins: BTreeMap<Name, String>,
}

/// What is said of an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It has begun.
    Begun,
    /// It was told, and lasts.
    Still,
    /// It was told, and is over.
    Over,
    /// It was told, and nobody watches it for the channel any more.
    Unwatched,
    /// It came and went before it could be told.
    Past,
}

/// One piece of news.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// What is said.
    pub kind: Kind,
    /// The state that is or was wrong.
    pub topic: Topic,
    /// With what: `pool/shop`, `flapping/shop`, `vantage/weur/0of1`.
    pub subject: String,
    /// Since when.
    pub since: Timestamp,
    /// Until when, if it is over.
    pub until: Option<Timestamp>,
    /// How many incidents this speaks of; more than one only of past ones.
    pub times: u32,
    /// The origins that fail or failed while their pool serves or served, if the channel is told of
    /// each.
    pub failing: Vec<Name>,
}

impl News {
    /// What the message's type and its receiver's filters go by.
    pub(super) const fn word(&self) -> &'static str {
        match self.kind {
            Kind::Begun => self.topic.as_str(),
            Kind::Still => "still",
            Kind::Over => "recovered",
            Kind::Unwatched => "unwatched",
            Kind::Past => "past",
        }
    }

    /// Its title, `shop`, `vantage weur/0of1`.
    fn name(&self, label: &Label) -> String {
        match (&label.title, self.subject.split_once('/')) {
            (Some(title), _) => title.clone(),
            (None, Some(("vantage", name))) => format!("vantage {name}"),
            (None, Some((_, name))) => name.to_owned(),
            (None, None) => self.subject.clone(),
        }
    }

    /// `shop fails`; `shop: primary fails; standby serves`; of a monitor `Memo is down`. What is
    /// said of origins that fail now is said where `detail` is given.
    pub(super) fn headline(&self, label: &Label, detail: Option<&Detail>) -> String {
        let failing = self.failing(label, detail);
        if !failing.is_empty() {
            return self.headline_of(failing, label, detail);
        }
        let silent = self.subject.starts_with("vantage/");
        let (is, was) = match (self.topic, label.kind) {
            (Topic::Fail, SubjectKind::Pool) => ("fails", "failed"),
            (Topic::Fail, SubjectKind::Monitor) => ("is down", "was down"),
            (Topic::Fail, SubjectKind::Job) => ("has not reported in time", "had not reported in time"),
            (Topic::Warn | Topic::Origin, SubjectKind::Pool) => ("warns", "warned"),
            (Topic::Warn | Topic::Origin, SubjectKind::Monitor | SubjectKind::Job) => {
                ("is degraded", "was degraded")
            }
            (Topic::Flapping, _) => ("flaps", "flapped"),
            (Topic::Watch, _) if silent => ("is silent", "was silent"),
            (Topic::Watch | Topic::Recovered, _) => ("is unknown", "was unknown"),
            (Topic::Regressed, _) => ("made it worse", "made it worse"),
        };
        let name = self.name(label);
        match self.kind {
            // A change does not recover: somebody closes it.
            Kind::Over if self.topic == Topic::Regressed => {
                format!("{name} is closed{}: it {was}", self.length())
            }
            Kind::Begun => format!("{name} {is}"),
            Kind::Still => format!("{name} still {is}"),
            Kind::Over => format!("{name} recovered{}: it {was}", self.length()),
            Kind::Unwatched => format!("{name} is no longer watched: it {was}"),
            Kind::Past if self.times > 1 => format!("{name} {was} {} times, and it is over", self.times),
            Kind::Past => format!("{name} {was}, and it is over"),
        }
    }

    /// The origins to name: those that the channel is told of by themselves, else those that make
    /// the pool warn now.
    fn failing<'a>(&'a self, label: &Label, detail: Option<&'a Detail>) -> &'a [Name] {
        match (self.kind, self.topic) {
            // A monitor is its only origin.
            _ if label.kind != SubjectKind::Pool => &[],
            (Kind::Begun | Kind::Still, Topic::Warn) if self.failing.is_empty() => {
                detail.map_or(&[], |detail| &detail.failing)
            }
            _ => &self.failing,
        }
    }

    /// `shop: primary fails; standby serves`.
    fn headline_of(&self, failing: &[Name], label: &Label, detail: Option<&Detail>) -> String {
        let called = |name: &Name| label.origins.get(name).map_or(name.as_str(), String::as_str).to_owned();
        let origins: Vec<String> = failing.iter().map(called).collect();
        let (name, origins) = (self.name(label), listed(&origins));
        let fail = if failing.len() == 1 { "fails" } else { "fail" };
        let serves = detail.and_then(|detail| detail.serves.as_ref());
        let serves = serves.map_or_else(String::new, |serves| format!("; {} serves", called(serves)));
        match self.kind {
            Kind::Begun => format!("{name}: {origins} {fail}{serves}"),
            Kind::Still => format!("{name}: {origins} still {fail}{serves}"),
            Kind::Over => format!("{name} recovered{}: {origins} failed", self.length()),
            Kind::Unwatched => format!("{name} is no longer watched: {origins} failed"),
            Kind::Past if self.times > 1 => {
                format!("{name}: {origins} failed {} times, and it is over", self.times)
            }
            Kind::Past => format!("{name}: {origins} failed, and it is over"),
        }
    }

    /// ` after 12m 5s`: how long it lasted, in whole seconds.
    fn length(&self) -> String {
        let lasted = self.until.map(|until| Millis::from_secs(until.since(self.since).as_secs()));
        lasted.map_or_else(String::new, |lasted| format!(" after {lasted}"))
    }

    pub(super) fn line(&self, label: &Label, detail: &Detail) -> String {
        let headline = self.headline(label, Some(detail));
        let mut line = match self.until {
            Some(until) => format!("{headline} ({} to {until})", self.since),
            // The last word of the headline is not of the origin that fails.
            None if !self.failing(label, Some(detail)).is_empty() => {
                format!("{headline} (since {})", self.since)
            }
            None => format!("{headline} since {}", self.since),
        };
        for (before, text) in
            [(": ", &detail.reason), (". Traffic: ", &detail.traffic), (". Next: ", &detail.next)]
        {
            if !text.is_empty() {
                line.push_str(before);
                line.push_str(text);
            }
        }
        match line.char_indices().nth(LINE) {
            Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
            None => line,
        }
    }
}
