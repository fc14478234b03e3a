//! News → the text that a channel is sent: what, since when, seen from where, why, what would change it, and where to look.
//!
//! Made of what is public only: names, statuses and the reasons of verdicts. No address of an origin and no text that an origin sent is
//! in it. Webhook bodies are of version 1: members are never renamed.

use crate::config::{Channel, ChannelKind, Topic};
use crate::json::{self, Object};
use crate::units::{Name, Timestamp};

/// What is said of an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It has begun.
    Begun,
    /// It was told, and lasts.
    Still,
    /// It was told, and is over.
    Over,
    /// It came and went before it could be told.
    Past,
}

/// One piece of news.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// What is said.
    pub kind: Kind,
    /// What is or was the matter.
    pub topic: Topic,
    /// With what: `pool/shop`, `flapping/shop`, `vantage/weur/0of1`.
    pub subject: String,
    /// Since when.
    pub since: Timestamp,
    /// Until when, if it is over.
    pub until: Option<Timestamp>,
    /// How many incidents this speaks of; more than one only of past ones.
    pub times: u32,
}

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
}

/// News told with reason and all; the rest is named.
const IN_FULL: usize = 50;

/// Lines of a text: what a person reads on a telephone.
const LINES: usize = 10;

/// The longest text of a line in characters. Slack takes 3,000 for a section, and escaping makes five of one.
const LINE: usize = 500;

/// Where a list of names is cut off, in bytes.
const NAMES: usize = 2_000;

impl News {
    /// What the message's type and its receiver's filters go by.
    const fn word(&self) -> &'static str {
        match self.kind {
            Kind::Begun => self.topic.as_str(),
            Kind::Still => "still",
            Kind::Over => "recovered",
            Kind::Past => "past",
        }
    }

    /// `shop`, `vantage weur/0of1`.
    fn name(&self) -> String {
        match self.subject.split_once('/') {
            Some(("vantage", name)) => format!("vantage {name}"),
            Some((_, name)) => name.to_owned(),
            None => self.subject.clone(),
        }
    }

    /// `shop fails`.
    fn headline(&self) -> String {
        let silent = self.subject.starts_with("vantage/");
        let (name, is, was) = match self.topic {
            Topic::Fail => (self.name(), "fails", "failed"),
            Topic::Warn => (self.name(), "warns", "warned"),
            Topic::Flapping => (self.name(), "flaps", "flapped"),
            Topic::Watch if silent => (self.name(), "is silent", "was silent"),
            Topic::Watch | Topic::Recovered => (self.name(), "is unknown", "was unknown"),
        };
        match self.kind {
            Kind::Begun => format!("{name} {is}"),
            Kind::Still => format!("{name} still {is}"),
            Kind::Over => format!("{name} recovered: it {was}"),
            Kind::Past if self.times > 1 => format!("{name} {was} {} times, and it is over", self.times),
            Kind::Past => format!("{name} {was}, and it is over"),
        }
    }

    fn line(&self, detail: &Detail) -> String {
        let mut line = match self.until {
            Some(until) => format!("{} ({} to {until})", self.headline(), self.since),
            None => format!("{} since {}", self.headline(), self.since),
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

    fn json(&self, detail: Option<&Detail>, base: Option<&str>) -> String {
        let mut news = Object::new();
        news.put("kind", self.word()).put("topic", self.topic.as_str()).put("subject", &self.subject);
        news.put("since", &self.since.to_string());
        news.put_some("until", self.until.map(|until| until.to_string()));
        if self.times > 1 {
            news.put("times", &self.times);
        }
        if let Some(detail) = detail {
            let seen: Vec<String> = detail.seen_from.iter().map(json::write).collect();
            news.put("reason", &detail.reason).put_json("seen_from", &json::array(&seen));
            news.put("next", &detail.next).put("traffic", &detail.traffic);
        }
        if let (Some(base), Some((_, pool))) = (base, self.subject.split_once('/'))
            && !pool.contains('/')
        {
            news.put("health", &format!("{base}/health/{pool}"));
        }
        news.end()
    }
}

/// A message's text in its channel's form. `detail` says what is known of a subject, `base` is where the page is found, and `full`
/// until when the channel's cap allows no other.
#[must_use]
pub fn render(
    channel: &Channel,
    news: &[News],
    detail: &dyn Fn(&str) -> Detail,
    (base, full, now): (Option<&str>, Option<Timestamp>, Timestamp),
) -> String {
    let details: Vec<Detail> = news.iter().take(IN_FULL).map(|one| detail(&one.subject)).collect();
    let title = title(news);
    let mut lines: Vec<String> =
        news.iter().zip(&details).take(LINES).map(|(one, detail)| one.line(detail)).collect();
    lines.extend(named(news.get(LINES..).unwrap_or_default()));
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
            let items: Vec<String> =
                news.iter().enumerate().map(|(place, one)| one.json(details.get(place), base)).collect();
            let mut data = Object::new();
            data.put("version", &1_u32).put("channel", &channel.name).put("title", &title);
            data.put("text", &lines.join("\n")).put_json("news", &json::array(&items));
            data.put_some("page", base.map(|base| format!("{base}/")));
            data.put_some("gathered_until", full.map(|full| full.to_string()));
            envelope(&kind_of(news), now, &data)
        }
    }
}

/// `And shop fails, desk fails, and 480 more`; nothing if there is no news.
fn named(news: &[News]) -> Option<String> {
    let mut text = format!("And {}", news.first()?.headline());
    let mut named = 1;
    for one in news.iter().skip(1) {
        if text.len() > NAMES {
            break;
        }
        named += 1;
        text.push_str(", ");
        text.push_str(&one.headline());
    }
    let rest = news.len().saturating_sub(named);
    Some(if rest > 0 { format!("{text}, and {rest} more") } else { text })
}

/// The body of a Standard Webhooks message.
pub(super) fn envelope(kind: &str, now: Timestamp, data: &Object) -> String {
    let mut body = Object::new();
    body.put("type", &format!("vedette.{kind}")).put("timestamp", &now.to_string());
    body.put_json("data", &data.end());
    body.end()
}

/// What all of the news is, as `pool.fail`; `digest` if it is not all the same.
fn kind_of(news: &[News]) -> String {
    let scope = |one: &News| if one.subject.starts_with("vantage/") { "vantage" } else { "pool" };
    let kind = |one: &News| (scope(one), one.word());
    match news.first().map(kind) {
        Some(first) if news.iter().all(|one| kind(one) == first) => format!("{}.{}", first.0, first.1),
        Some(_) | None => "digest".to_owned(),
    }
}

/// `shop fails`; `500 pools fail, 1 recovered`.
fn title(news: &[News]) -> String {
    if let [one] = news {
        return one.headline();
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

/// Slack's form: a text for where blocks are not shown, and a section for each few lines.
pub(super) fn slack(title: &str, lines: &[String]) -> String {
    let section = |text: &str| {
        let mut inner = Object::new();
        inner.put("type", "mrkdwn").put("text", text);
        let mut block = Object::new();
        block.put("type", "section").put_json("text", &inner.end());
        block.end()
    };
    let mut blocks = vec![section(&format!("*{}*", escaped(title)))];
    blocks.extend(lines.iter().map(|line| section(&escaped(line))));
    let mut body = Object::new();
    body.put("text", &escaped(title)).put_json("blocks", &json::array(&blocks));
    body.end()
}

/// Slack's control characters as it asks for them
/// (<https://docs.slack.dev/messaging/formatting-message-text>, "Escaping text").
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
