//! A message → the request that carries it, and what its answer means.
//!
//! Webhooks are signed by the Standard Webhooks specification
//! (<https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>):
//! an id that stays the same however often the message is sent, a time, and an HMAC-SHA256 over
//! both and the body. Whoever sends holds the secrets and lends them.

use super::message::{self, Data};
use crate::config::{Channel, ChannelKind, MAX_ADDRESS, Method, ProbeValue};
use crate::defaults::notify::{FIRST, LONGEST, PUT_OFF};
use crate::exchange::{End, Reply, Request};
use crate::mac;
use crate::secret::{ExposeSecret as _, Secret, Unusable, Why};
use crate::units::{Fingerprint, Millis, Name, Timestamp};

pub(super) use crate::defaults::notify::TIMEOUT;

/// The prefix of a signing secret.
const PREFIX: &str = "whsec_";

/// A message to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The channel.
    pub channel: Name,
    /// The message's own id.
    pub id: String,
    /// What is sent.
    pub body: String,
}

/// What became of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The channel.
    pub channel: Name,
    /// The message's own id.
    pub id: String,
    /// How it ended.
    pub outcome: Outcome,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver has it.
    Taken,
    /// It does not, as far as is known.
    Failed {
        /// Why, in words of ours.
        why: String,
        /// How long the receiver wants to be left alone.
        retry_after: Option<Millis>,
    },
}

/// What is signed of a webhook.
#[must_use]
pub fn signed_text(id: &str, now: Timestamp, body: &str) -> String {
    format!("{id}.{}.{body}", now.as_millis() / 1_000)
}

/// The key in a secret of a webhook, in base64.
///
/// # Errors
/// The secret is not of the form that the specification asks for.
pub fn key<'a>(name: &str, secret: &'a Secret) -> Result<&'a str, Unusable> {
    let key = secret.expose_secret().trim().strip_prefix(PREFIX).unwrap_or_default();
    let inner = |c: u8| c.is_ascii_alphanumeric() || b"+/=".contains(&c);
    if !(32..=88).contains(&key.len()) || !key.bytes().all(inner) {
        return Err(Why::NotAKey.of(name));
    }
    Ok(key)
}

/// What only whoever holds the secrets of a channel can say of a message to it.
#[derive(Clone, Debug)]
pub struct Revealed {
    /// Where it is posted.
    pub address: Secret,
    /// Its signatures, one for each key.
    pub signatures: Vec<String>,
}

/// Where a message to a channel goes, and its signatures; `secret` gives what the secret of a name
/// holds.
///
/// # Errors
/// A secret is not to be had, or not of its form.
pub fn reveal(
    channel: &Channel,
    delivery: &Delivery,
    now: Timestamp,
    secret: impl Fn(&str) -> Result<Secret, Unusable>,
) -> Result<Revealed, Unusable> {
    let text = signed_text(&delivery.id, now, &delivery.body);
    let signed = |name: &String| {
        let secret = secret(name)?;
        mac::signature(key(name, &secret)?, &text).ok_or_else(|| Why::NotBase64.of(name))
    };
    let signatures = channel.secrets.iter().map(signed).collect::<Result<_, _>>()?;
    let address = match &channel.url {
        ProbeValue::Text(text) => Secret::from(text.as_str()),
        ProbeValue::Secret(name) => address(name, &secret(name)?)?,
    };
    Ok(Revealed { address, signatures })
}

/// The request that carries a message; the signatures are those of [`signed_text`], for a webhook.
#[must_use]
pub fn request(channel: &Channel, delivery: &Delivery, revealed: &Revealed, now: Timestamp) -> Request {
    let text = |text: &str| ProbeValue::Text(text.to_owned());
    let agent = concat!("vedette/", env!("CARGO_PKG_VERSION"));
    let mut headers =
        vec![("content-type".to_owned(), text("application/json")), ("user-agent".to_owned(), text(agent))];
    if channel.kind == ChannelKind::Webhook {
        let signed: Vec<String> =
            revealed.signatures.iter().map(|signature| format!("v1,{signature}")).collect();
        headers.push(("webhook-id".to_owned(), text(&delivery.id)));
        headers.push(("webhook-timestamp".to_owned(), text(&(now.as_millis() / 1_000).to_string())));
        headers.push(("webhook-signature".to_owned(), text(&signed.join(" "))));
    }
    Request {
        method: Method::Post,
        url: revealed.address.expose_secret().to_owned(),
        headers,
        body: Some(text(&delivery.body)),
        timeout: TIMEOUT,
        redirects: 0,
        followed: 0,
        wanted: vec!["retry-after".to_owned(), "location".to_owned()],
    }
}

/// What an answer means. `date` reads a date as HTTP writes it.
#[must_use]
pub fn outcome(reply: &Reply, date: fn(&str) -> Option<Timestamp>, now: Timestamp) -> Outcome {
    let Some(head) = &reply.head else {
        let why = match &reply.end {
            End::TimedOut => format!("no answer within {TIMEOUT}"),
            // Words of ours; those of a broken exchange may name the address.
            End::NotSent(why) => why.clone(),
            End::Complete | End::TooLong | End::Broken(_) | End::Redirected(_) => {
                "the connection failed".to_owned()
            }
        };
        return Outcome::Failed { why, retry_after: None };
    };
    if (200..300).contains(&head.status) {
        return Outcome::Taken;
    }
    let retry_after = head.header("retry-after").and_then(|value| {
        let seconds = value.trim().parse().ok().map(Millis::from_secs);
        seconds.or_else(|| Some(date(value)?.since(now)))
    });
    Outcome::Failed { why: format!("status {}", head.status), retry_after }
}

/// When a message that failed `attempts` times is sent again: later each time. The message's id and
/// the attempt shift it by up to a quarter, so that many channels of one receiver do not come back
/// together.
pub(super) fn again(id: &str, attempts: u32, retry_after: Option<Millis>, now: Timestamp) -> Timestamp {
    let doubled = 1_u64.checked_shl(attempts.saturating_sub(1)).unwrap_or(u64::MAX);
    let pause = FIRST.times(doubled).min(LONGEST);
    let chance = Fingerprint::of(&format!("{id}/{attempts}")).as_u64() % 512;
    let pause = Millis::new(pause.get().saturating_mul(768_u64.saturating_add(chance)) / 1_024);
    now.plus(pause.max(retry_after.unwrap_or_default().min(PUT_OFF)))
}

/// A message that says that messages arrive: for whoever sets a channel up.
#[must_use]
pub fn test_message(channel: &Channel, now: Timestamp) -> Delivery {
    let title = format!("Vedette's messages arrive here, as channel {}", channel.name);
    let body = match channel.kind {
        ChannelKind::Slack => message::slack(&title, &[]),
        ChannelKind::Webhook => Data::of(&channel.name, &title, &title).envelope("test", now),
    };
    let id = format!("msg_{}", Fingerprint::of(&format!("{}/test/{}", channel.name, now.as_millis())));
    Delivery { channel: channel.name.clone(), id, body }
}

/// The address in a secret.
///
/// # Errors
/// The secret is no address that can be sent to.
pub fn address(name: &str, secret: &Secret) -> Result<Secret, Unusable> {
    let address = secret.expose_secret().trim();
    let begins = address.starts_with("https://") || address.starts_with("http://");
    let good = address.len() <= MAX_ADDRESS && address.bytes().all(|c| c.is_ascii_graphic());
    if begins && good && !address.contains('@') {
        return Ok(Secret::from(address));
    }
    Err(Why::NotAnAddress.of(name))
}
