//! News → the text that a channel is sent: what, since when, seen from where, why, what would
//! change it, and where to look.
//!
//! Made of what is public only: names, statuses and the reasons of verdicts; of a change also its
//! title and way back, as its owner wrote them. No address of an origin and no text that an origin
//! sent is in it. Webhook bodies are of version 1: members are
//! never renamed.

use std::fmt;

use serde::Serialize;

use super::news::{Kind, Label, News, SubjectKind};
use crate::config::{Channel, ChannelKind, Topic};
use crate::defaults::notify::{IN_FULL, LINES, NAMES};
use crate::json::{self, Shown};
use crate::units::{Name, Timestamp};

/// What is known of a subject when a message is made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Detail {
    /// Why it is as it is.
    pub reason: String,
    /// The vantages that see it fail.
    pub seen_from: Vec<Name>,
    /// What would change it.
    pub next: String,
    /// Where its traffic should go, and why.
    pub traffic: String,
    /// The origins that fail, unless all of the pool do.
    pub failing: Vec<Name>,
    /// The origin that has their traffic.
    pub serves: Option<Name>,
}

impl News {
    /// `detail` is given for what is told in full.
    fn item<'a>(&'a self, label: &'a Label, detail: Option<&'a Detail>, base: Option<&str>) -> Item<'a> {
        let health = match (base, self.subject.split_once('/')) {
            (_, Some(("change", _))) => None,
            // What is not watched may have no health any more.
            (Some(base), Some((_, pool))) if !pool.contains('/') && self.kind != Kind::Unwatched => {
                Some(format!("{base}/health/{pool}"))
            }
            (Some(_) | None, _) => None,
        };
        Item {
            kind: self.word(),
            topic: self.topic,
            subject: &self.subject,
            title: label.title.as_deref(),
            since: Shown(self.since),
            until: self.until.map(Shown),
            times: (self.times > 1).then_some(self.times),
            reason: detail.map(|detail| detail.reason.as_str()),
            seen_from: detail.map(|detail| detail.seen_from.as_slice()),
            next: detail.map(|detail| detail.next.as_str()),
            // Nothing stands in for a monitor.
            traffic: detail.filter(|_| label.kind == SubjectKind::Pool).map(|detail| detail.traffic.as_str()),
            health,
            failing: &self.failing,
        }
    }
}

/// One piece of news in a webhook.
#[derive(Serialize)]
struct Item<'a> {
    kind: &'static str,
    topic: Topic,
    subject: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    since: Shown<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Shown<Timestamp>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    times: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seen_from: Option<&'a [Name]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    traffic: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    health: Option<String>,
    #[serde(skip_serializing_if = "<[Name]>::is_empty")]
    failing: &'a [Name],
}

/// What a webhook says.
#[derive(Serialize)]
pub(super) struct Data<'a> {
    version: u32,
    channel: &'a Name,
    title: &'a str,
    text: &'a str,
    news: Vec<Item<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gathered_until: Option<Shown<Timestamp>>,
}

impl<'a> Data<'a> {
    /// Without any news.
    pub(super) const fn of(channel: &'a Name, title: &'a str, text: &'a str) -> Self {
        Self { version: 1, channel, title, text, news: Vec::new(), page: None, gathered_until: None }
    }

    /// The body of a Standard Webhooks message of this `kind`.
    pub(super) fn envelope(&self, kind: &str, now: Timestamp) -> String {
        json::write(&Envelope {
            kind: Shown(format_args!("vedette.{kind}")),
            timestamp: Shown(now),
            data: self,
        })
    }
}

/// What every webhook is wrapped in.
#[derive(Serialize)]
struct Envelope<'a> {
    #[serde(rename = "type")]
    kind: Shown<fmt::Arguments<'a>>,
    timestamp: Shown<Timestamp>,
    data: &'a Data<'a>,
}

/// Slack's form: a text for where blocks are not shown, and a section for each few lines.
#[derive(Serialize)]
struct SlackMessage<'a> {
    text: &'a str,
    blocks: Vec<Block>,
}

#[derive(Serialize)]
struct Block {
    #[serde(rename = "type")]
    kind: &'static str,
    text: Text,
}

#[derive(Serialize)]
struct Text {
    #[serde(rename = "type")]
    kind: &'static str,
    text: String,
}

/// What stands around the news of a message.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// Where the page is found, if that is configured.
    pub base: Option<&'a str>,
    /// Until when the channel's cap allows no other message, if it is reached.
    pub full: Option<Timestamp>,
    /// When the message is made.
    pub now: Timestamp,
}

/// What is said of a subject that nobody watches for the channel: what stands with it now, if it is
/// still there, is not its business.
fn unwatched() -> Detail {
    let reason =
        "the configuration no longer has it for this channel, which says nothing of whether it is well";
    Detail { reason: reason.to_owned(), ..Detail::default() }
}

/// What is known of subjects when a message is made.
pub trait Facts {
    /// What is said of a subject that is told in full.
    fn detail(&self, subject: &str) -> Detail;

    /// What a subject is called.
    fn label(&self, _subject: &str) -> Label {
        Label::default()
    }
}

impl<F: Fn(&str) -> Detail> Facts for F {
    fn detail(&self, subject: &str) -> Detail {
        self(subject)
    }
}

/// A message's text in its channel's form.
#[must_use]
pub fn render(channel: &Channel, news: &[News], facts: &dyn Facts, frame: Frame<'_>) -> String {
    let Frame { base, full, now } = frame;
    let labels: Vec<Label> = news.iter().map(|one| facts.label(&one.subject)).collect();
    let of = |one: &News| if one.kind == Kind::Unwatched { unwatched() } else { facts.detail(&one.subject) };
    let details: Vec<Detail> = news.iter().take(IN_FULL).map(of).collect();
    let told = || news.iter().zip(&labels);
    let title = title(news, &labels, details.first());
    let mut lines: Vec<String> =
        told().zip(&details).take(LINES).map(|((one, label), detail)| one.line(label, detail)).collect();
    lines.extend(named(told().skip(LINES)));
    if let Some(full) = full {
        let cap = channel.cap;
        lines.push(format!(
            "The cap of {} messages in {} is reached: what happens until {full} is gathered",
            cap.messages, cap.within
        ));
    }
    if let Some(base) = base {
        lines.push(format!("{base}/"));
    }
    match channel.kind {
        ChannelKind::Slack => slack(&title, &lines),
        ChannelKind::Webhook => {
            let items =
                told().enumerate().map(|(place, (one, label))| one.item(label, details.get(place), base));
            Data {
                news: items.collect(),
                page: base.map(|base| format!("{base}/")),
                gathered_until: full.map(Shown),
                ..Data::of(&channel.name, &title, &lines.join("\n"))
            }
            .envelope(&kind_of(news), now)
        }
    }
}

/// `And shop fails, desk fails, and 480 more`; nothing if there is no news.
fn named<'a>(mut news: impl ExactSizeIterator<Item = (&'a News, &'a Label)>) -> Option<String> {
    let (first, label) = news.next()?;
    let mut text = format!("And {}", first.headline(label, None));
    while text.len() <= NAMES
        && let Some((one, label)) = news.next()
    {
        text.push_str(", ");
        text.push_str(&one.headline(label, None));
    }
    let rest = news.len();
    Some(if rest > 0 { format!("{text}, and {rest} more") } else { text })
}

/// What all of the news is, as `pool.fail`; `digest` if it is not all the same.
fn kind_of(news: &[News]) -> String {
    let scope = |one: &News| match one.subject.split_once('/') {
        Some(("vantage", _)) => "vantage",
        Some(("change", _)) => "change",
        Some(_) | None => "pool",
    };
    let kind = |one: &News| (scope(one), one.word());
    match news.first().map(kind) {
        Some(first) if news.iter().all(|one| kind(one) == first) => format!("{}.{}", first.0, first.1),
        Some(_) | None => "digest".to_owned(),
    }
}

/// `shop fails`; `500 pools fail, 1 recovered`. `first` is what is known of the first subject.
fn title(news: &[News], labels: &[Label], first: Option<&Detail>) -> String {
    if let ([one], [label]) = (news, labels) {
        return one.headline(label, first);
    }
    let mut counts: Vec<(&str, u32)> = Vec::new();
    for one in news {
        match counts.iter_mut().find(|(word, _)| *word == one.word()) {
            Some((_, count)) => *count = count.saturating_add(1),
            None => counts.push((one.word(), 1)),
        }
    }
    let parts: Vec<String> = counts.iter().map(|(word, count)| format!("{count} {word}")).collect();
    format!("{} changes: {}", news.len(), parts.join(", "))
}

/// A message for Slack.
pub(super) fn slack(title: &str, lines: &[String]) -> String {
    let section = |text: String| Block { kind: "section", text: Text { kind: "mrkdwn", text } };
    let title = escaped(title);
    let mut blocks = vec![section(format!("*{title}*"))];
    blocks.extend(lines.iter().map(|line| section(escaped(line))));
    json::write(&SlackMessage { text: &title, blocks })
}

/// Slack's control characters as it asks for them
/// (<https://docs.slack.dev/messaging/formatting-message-text>, "Escaping text").
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
