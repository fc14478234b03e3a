//! `[[notify]]`: who is told what, how soon and how often, and `public_url`, where people find the
//! rest.
//!
//! An address may itself be a secret, and the key of a signature is one: both are named here and
//! held by the platform.

use serde::{Deserialize, Serialize};

use super::pool::Pools;
use super::presentation;
use super::problem::{meant, quoted};
use super::raw::{Field, Table};
use super::request::{secret, secret_name};
use super::topic::Topic;
use super::url::{MAX_URL, origin_url};
use super::value::{Given, Span, duration, title, word};
use super::{OriginUrl, ProbeValue};
use crate::defaults::config::notify::{
    AFTER, DEFAULT_CAP_MESSAGES, DEFAULT_CAP_WITHIN, DEFAULT_GIVE_UP, EVERY, GIVE_UP, MAX_CAP, MAX_CHANNELS,
    MAX_KEYS, WITHIN,
};
use crate::units::{Millis, Name};

/// The keys of a `[[notify]]`.
pub(super) const KEYS: [&str; 12] =
    ["name", "title", "kind", "url", "secret", "on", "pools", "monitors", "after", "every", "cap", "give_up"];

/// The cap if none is written.
const DEFAULT_CAP: Cap = Cap { messages: DEFAULT_CAP_MESSAGES, within: DEFAULT_CAP_WITHIN };

/// Where messages go: a `[[notify]]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Channel {
    /// The channel's name.
    pub name: Name,
    /// The form of its messages.
    pub kind: ChannelKind,
    /// Where they are sent; an address that is a secret stands here by its name.
    pub url: ProbeValue,
    /// The names of the secrets that sign a webhook: one, or two while keys are changed. None for
    /// Slack.
    pub secrets: Vec<String>,
    /// What is told; at least one topic.
    pub on: Vec<Topic>,
    /// The pools and monitors that are told of; every one if the list is empty.
    pub pools: Vec<Name>,
    /// Only what has lasted this long is told.
    pub after: Millis,
    /// What lasts is told again this often; never if none.
    pub every: Option<Millis>,
    /// The most messages; what comes beyond is gathered into the next.
    pub cap: Cap,
    /// A message that was not taken for this long is given up.
    pub give_up: Millis,
    /// What people call it, if not by its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}

/// The form of a channel's messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChannelKind {
    /// JSON, signed by the Standard Webhooks specification.
    #[serde(rename = "webhook")]
    Webhook,
    /// An incoming webhook of Slack.
    #[serde(rename = "slack")]
    Slack,
}

/// So many `messages` in any time of this length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cap {
    /// How many (1 to 120).
    pub messages: u32,
    /// In how long a time (a minute to a day).
    pub within: Millis,
}

impl ChannelKind {
    /// The kind as the file writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Slack => "slack",
        }
    }
}

impl Channel {
    /// Whether it is told of this topic.
    #[must_use]
    pub fn hears(&self, topic: Topic) -> bool {
        self.on.contains(&topic)
    }

    /// Whether it is told of this pool.
    #[must_use]
    pub fn covers(&self, pool: &Name) -> bool {
        self.pools.is_empty() || self.pools.contains(pool)
    }

    /// Why it must not be deployed, if so: its address is this machine, or messages would travel in
    /// plain text. An address that is a secret is not known here.
    #[cfg(any(not(target_arch = "wasm32"), feature = "node"))]
    #[must_use]
    pub fn undeployable(&self) -> Option<&'static str> {
        let ProbeValue::Text(text) = &self.url else { return None };
        match super::url::parse(text) {
            Ok(url) => match url.reach() {
                super::Reach::Never(why) => Some(why),
                super::Reach::Name | super::Reach::Bare if url.https => None,
                super::Reach::Name | super::Reach::Bare => {
                    Some("is not https, so that anyone on the way reads what it is told")
                }
            },
            Err(_) => None,
        }
    }
}

/// Reads `public_url`.
pub(super) fn public_url(file: &Table<'_>) -> Result<Option<OriginUrl>, super::slot::Refused> {
    let Some(field) = file.get("public_url") else { return Ok(None) };
    if has_more(&field) {
        field.refuse(format_args!(
            "has a user name, a query or a fragment; write where the page is found, as \"https://status.example.com\""
        ));
        return Err(super::slot::Refused);
    }
    origin_url(&field).map(Some).ok_or(super::slot::Refused)
}

/// Reads every `[[notify]]`; `pools` are the names that a channel may give.
pub(super) fn channels(file: &Table<'_>, pools: &Pools<'_>) -> Option<Vec<Channel>> {
    let tables = file.tables("notify");
    if tables.len() > MAX_CHANNELS {
        let count = tables.len();
        file.refuse_at(
            "notify",
            format_args!("is written {count} times, over the bound of {MAX_CHANNELS}; write fewer"),
        );
        return None;
    }
    let mut names = Given::default();
    // Every channel is read before the first failure is passed on, so that each is reported.
    tables
        .into_iter()
        .map(|table| channel(table, pools, &mut names))
        .collect::<Vec<_>>()
        .into_iter()
        .collect()
}

fn channel(mut table: Table<'_>, pools: &Pools<'_>, names: &mut Given) -> Option<Channel> {
    let name = title(&mut table, "notify", names);
    table.only(&KEYS);
    let kinds = [ChannelKind::Webhook, ChannelKind::Slack];
    let kind = table
        .require("kind", "\"webhook\" or \"slack\"")
        .and_then(|field| word(&field, &kinds.map(ChannelKind::as_str)))
        .and_then(|place| kinds.get(place).copied());
    let url = table.require("url", "\"https://hooks.example.com/vedette\", or { secret = \"NAME\" }");
    let url = url.and_then(|field| address(&field, kind));
    let secrets = keys(&table, kind);
    let on = topics(&table);
    let of = |key| table.or_usual(key, |field| chosen(field, key, pools));
    let told = of("pools").zip(of("monitors")).map(|(pools, monitors)| [pools, monitors].concat());
    let length = |key: &str, span: Span, default: Millis| {
        table.get(key).map_or(Some(default), |field| duration(&field, span))
    };
    let (after, give_up) =
        (length("after", AFTER, Millis::ZERO), length("give_up", GIVE_UP, DEFAULT_GIVE_UP));
    let every = table.get("every").map(|field| duration(&field, EVERY));
    let cap = table.get("cap").map_or(Some(DEFAULT_CAP), |field| cap(&field));
    let called = presentation::title(&table);
    Some(Channel {
        name: name?,
        kind: kind?,
        url: url?,
        secrets: secrets?,
        on: on?,
        pools: told?,
        after: after?,
        every: match every {
            Some(every) => Some(every?),
            None => None,
        },
        cap: cap?,
        give_up: give_up?,
        title: called?,
    })
}

/// Whether an address carries what may be a credential.
fn has_more(field: &Field<'_>) -> bool {
    field.as_text().is_some_and(|text| text.contains(['@', '?', '#']))
}

/// The address of a channel. Whoever knows that of a Slack channel may write into it, so it is
/// never in the file.
fn address(field: &Field<'_>, kind: Option<ChannelKind>) -> Option<ProbeValue> {
    let Some(text) = field.as_text() else { return secret(field) };
    if kind == Some(ChannelKind::Slack) {
        field.refuse(format_args!(
            "is the address of a Slack channel (not repeated here), and whoever knows it can write there; write \
             {{ secret = \"SLACK_URL\" }}, and store the address with wrangler secret put"
        ));
        return None;
    }
    if has_more(field) {
        field.refuse(format_args!(
            "has a user name, a query or a fragment (not repeated here), which may be a credential; write \
             {{ secret = \"NAME\" }}, and store the address with wrangler secret put"
        ));
        return None;
    }
    origin_url(field).map(|_| ProbeValue::Text(text.to_owned()))
}

/// The names of the secrets that sign.
fn keys(table: &Table<'_>, kind: Option<ChannelKind>) -> Option<Vec<String>> {
    let field = table.get("secret");
    match (kind?, field) {
        (ChannelKind::Slack, None) => Some(Vec::new()),
        (ChannelKind::Slack, Some(field)) => {
            field.refuse(format_args!("signs nothing, for Slack knows no signature; leave it out"));
            None
        }
        (ChannelKind::Webhook, None) => {
            table.refuse_at(
                "secret",
                format_args!(
                    "is missing; write secret = \"NAME\", the name of the secret that signs messages (whsec_ and base64)"
                ),
            );
            None
        }
        (ChannelKind::Webhook, Some(field)) if !field.value().is_array() => Some(vec![secret_name(&field)?]),
        (ChannelKind::Webhook, Some(field)) => {
            let items = field.list("\"NAME\"")?;
            if items.is_empty() || items.len() > MAX_KEYS {
                let count = items.len();
                field.refuse(format_args!(
                    "has {count} names; write one, or the old and the new one while keys are changed"
                ));
                return None;
            }
            items.iter().map(secret_name).collect::<Vec<_>>().into_iter().collect()
        }
    }
}

fn topics(table: &Table<'_>) -> Option<Vec<Topic>> {
    let Some(field) = table.get("on") else {
        return Some(vec![Topic::Fail, Topic::Origin, Topic::Recovered, Topic::Watch, Topic::Regressed]);
    };
    let example = "one as [\"fail\", \"origin\", \"recovered\", \"watch\"]";
    let items = field.list(example)?;
    let mut given = Given::default();
    let mut read = |item: &Field<'_>| {
        let place = word(item, &Topic::ALL.map(Topic::as_str))?;
        let topic = Topic::ALL.get(place).copied()?;
        given.first(topic.as_str(), item, "write it once").then_some(topic)
    };
    let topics: Option<Vec<Topic>> = items.iter().map(&mut read).collect::<Vec<_>>().into_iter().collect();
    let topics = topics?;
    if topics.iter().all(|topic| *topic == Topic::Recovered) {
        field.refuse(format_args!(
            "names nothing that can be told: a recovery is told of what was told before; write {example}"
        ));
        return None;
    }
    Some(topics)
}

/// What a channel is told of, as `pools` or `monitors` names it.
fn chosen(field: &Field<'_>, key: &str, pools: &Pools<'_>) -> Option<Vec<Name>> {
    let items = field.list("one as [\"shop\"]")?;
    if items.is_empty() {
        field.refuse(format_args!("is empty; name the {key} that are told of, or leave it out for all"));
        return None;
    }
    let monitors = key == "monitors";
    let is_monitor = |name: &str| pools.routeless().iter().any(|known| known.monitor && known.name == name);
    let kind = if monitors { "monitor" } else { "pool" };
    let mut given = Given::default();
    let mut read = |item: &Field<'_>| {
        let text = item.text(&format!("the name of a {kind} in quotes"))?;
        if !pools.names().has(text) {
            let names = pools.names().names();
            let names: Vec<&str> = names.into_iter().filter(|name| is_monitor(name) == monitors).collect();
            item.refuse(format_args!(
                "{} is not a {kind} of this file; {}",
                quoted(text),
                meant(text, &names)
            ));
            return None;
        }
        if is_monitor(text) != monitors {
            let (is, key) = if monitors { ("pool", "pools") } else { ("monitor", "monitors") };
            item.refuse(format_args!("{} is a {is}; write it in {key}", quoted(text)));
            return None;
        }
        if !given.first(text, item, "write it once") {
            return None;
        }
        Name::parse(text).ok()
    };
    items.iter().map(&mut read).collect::<Vec<_>>().into_iter().collect()
}

/// `"20/1h"`.
fn cap(field: &Field<'_>) -> Option<Cap> {
    let text = field.text("messages in a time, as \"20/1h\"")?;
    let read = text.split_once('/').and_then(|(messages, within)| {
        let within = humantime::parse_duration(within).ok()?;
        let within = Millis::new(u64::try_from(within.as_millis()).ok()?);
        Some(Cap { messages: messages.parse().ok()?, within })
    });
    let good = |cap: &Cap| {
        (1..=MAX_CAP).contains(&cap.messages) && (WITHIN.floor..=WITHIN.ceiling).contains(&cap.within)
    };
    let cap = read.filter(good);
    if cap.is_none() {
        let Span { floor, ceiling } = WITHIN;
        field.refuse(format_args!(
            "{} is not a cap; write 1 to {MAX_CAP} messages in {floor} to {ceiling}, as \"20/1h\"",
            field.shown()
        ));
    }
    cap
}

/// The longest address of a channel in bytes, whether written or a secret.
pub const MAX_ADDRESS: usize = MAX_URL;
