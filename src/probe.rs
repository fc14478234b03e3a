//! A due probe → the request to send; its reply → a [`Sample`].
//!
//! Sending is the edge's (and the command line's) work; everything that is decided about the
//! request and the reply is decided here. A reply is hostile until judged: sizes are capped, texts
//! are never passed on.

mod body;
mod cache;
mod connect;
mod document;
mod expect;
mod redirect;
mod reference;
mod same;
mod timing;

use crate::config::{Origin, ProbeValue};
use crate::defaults::probe::{AT_ONCE, LATENESS};
use crate::exchange::{End, Head, Reply, Request};
use crate::sample::{CacheClass, Connected, Database, Outcome, Sample};
use crate::secret::{ExposeSecret as _, Secret, Unusable, Why, revealed};
use crate::units::{Millis, Name, Timestamp};

pub use cache::{FIELDS as CACHE_FIELDS, Reading, classify};
pub use connect::{Dial, DialEnd, Dialled, connected, dial};
pub use document::{Word, words};
pub use expect::hint;
pub use redirect::{Hop, is_credential, redirected};
pub use reference::{REFERENCE_TIMEOUT, ReferenceResult, refer, referred_to};
pub use timing::HEADERS as TIMING_HEADERS;

/// Response header fields that every probe reads, beside those in which caches speak.
const WANTED: [&str; 5] = ["content-type", "location", "server", "server-timing", "vary"];

/// Every field that is read of an answer, whatever is expected of it.
fn wanted() -> impl Iterator<Item = String> {
    cache::FIELDS.iter().chain(&WANTED).chain(&timing::HEADERS).map(|name| (*name).to_owned())
}

/// What every probe sends unless its headers say otherwise, whoever sends it: the platform adds
/// some of these by itself, the command line's client others, and behind a cache they lead to other
/// answers.
const DEFAULTS: [(&str, &str); 3] =
    [("accept", "*/*"), ("cache-control", "no-cache"), ("pragma", "no-cache")];

/// The request that probes `origin` from `vantage`.
#[must_use]
pub fn request(origin: &Origin, vantage: &Name) -> Request {
    let mut headers: Vec<(String, ProbeValue)> =
        origin.probe.headers.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    for (name, value) in DEFAULTS {
        if !origin.probe.headers.contains_key(name) {
            headers.push((name.into(), ProbeValue::Text(value.into())));
        }
    }
    if !origin.probe.headers.contains_key("user-agent") {
        headers.push(("user-agent".into(), ProbeValue::Text(agent(vantage))));
    }
    headers.push(("vedette-vantage".into(), ProbeValue::Text(vantage.to_string())));
    Request {
        method: origin.probe.method,
        url: format!("{}{}", origin.url, origin.probe.path),
        headers,
        body: origin.probe.body.clone(),
        timeout: origin.pace.timeout,
        redirects: origin.probe.redirects,
        followed: 0,
        wanted: wanted()
            .chain(origin.expect.headers.keys().cloned())
            .chain(origin.expect.db_calls_header.clone())
            .collect(),
    }
}

/// Who asks.
fn agent(vantage: &Name) -> String {
    format!("vedette/{} (+vantage={vantage})", env!("CARGO_PKG_VERSION"))
}

/// What a header field carries of a value: of a secret, the text without the spaces and line ends
/// around it. `secret` gives what the secret of a name holds.
///
/// # Errors
/// Why the probe cannot be sent. The configuration has checked its own texts; what a secret holds
/// is seen only here. The platform's own refusal of an unfit one would be taken for a failure of
/// the origin. One beyond ASCII would be written to the log in full.
pub fn field_value(
    value: &ProbeValue,
    secret: impl FnOnce(&str) -> Result<Secret, Unusable>,
) -> Result<Secret, Unusable> {
    let held = revealed(value, secret)?;
    let ProbeValue::Secret(name) = value else { return Ok(held) };
    let carried = held.expose_secret().trim();
    if carried.is_empty() {
        return Err(Why::Empty.of(name));
    }
    if !carried.bytes().all(|c| c.is_ascii_graphic() || c == b' ') {
        return Err(Why::NotAscii.of(name));
    }
    Ok(Secret::from(carried))
}

/// The platform's own words for faults of ours, in lower case: they prove nothing about an origin.
const OUR_FAULTS: [&str; 6] = [
    "too many subrequests",
    "exceeded",
    "overloaded",
    "worker's code had hung",
    "cannot perform i/o on behalf",
    "durable object",
];

/// Judges a reply to the probe of `origin` that was sent at `at`.
#[must_use]
pub fn examine(origin: &Origin, at: Timestamp, reply: &Reply) -> Sample {
    let head = reply.head.as_ref();
    let cache = head.map(cache::classify);
    let mut sample = Sample {
        at,
        outcome: outcome(reply, origin.pace.timeout),
        latency: reply.elapsed,
        status: head.map(|head| head.status),
        cache: cache.map_or(CacheClass::Unclassified, |reading| reading.class),
        told: cache.and_then(|reading| reading.told),
        database: head.map_or_else(Database::default, |head| timing::database(&origin.expect, head)),
        timings: head.map_or_else(Vec::new, |head| timing::timings(&origin.expect, head)),
        bytes: u32::try_from(reply.body.len()).unwrap_or(u32::MAX),
        checks: Vec::new(),
        connected: Connected::NotTried,
    };
    if sample.outcome == Outcome::Answered
        && let Some(head) = head
    {
        sample.checks = expect::judge(origin, head, reply, &sample);
    }
    sample
}

/// Whether a request is to be sent once more, on a new connection, that broke off without an answer
/// after `elapsed`. The platform does so by itself for methods that may be repeated; the others it
/// gives up, although an origin that closes a kept connection has not seen them.
#[must_use]
pub fn sends_again(request: &Request, elapsed: Millis) -> bool {
    !request.method.is_safe() && elapsed <= AT_ONCE
}

fn outcome(reply: &Reply, timeout: Millis) -> Outcome {
    let slack = LATENESS.max(Millis::new(timeout.get() / 10));
    match (&reply.end, &reply.head) {
        (End::TimedOut, _) if reply.elapsed > timeout.plus(slack) => {
            Outcome::NoEvidence("the vantage is too busy to keep its deadlines".to_owned())
        }
        (End::NotSent(why), _) => Outcome::NoEvidence(why.clone()),
        (End::Complete | End::Redirected(_), Some(head)) => {
            platform_fault(head, &reply.body).map_or(Outcome::Answered, Outcome::NoEvidence)
        }
        (End::TooLong, Some(_)) => Outcome::BodyTooLong,
        (End::TimedOut, None) => Outcome::NoAnswerInTime,
        (End::TimedOut, Some(_)) => Outcome::BodyUnfinishedInTime,
        (End::Broken(words), head) => {
            let words = words.to_ascii_lowercase();
            match OUR_FAULTS.iter().find(|fault| words.contains(**fault)) {
                Some(fault) => Outcome::NoEvidence(format!("the platform refused the probe ({fault})")),
                None if head.is_some() => Outcome::BodyBroken,
                None => Outcome::Unreachable,
            }
        }
        (End::Complete | End::Redirected(_) | End::TooLong, None) => Outcome::Unreachable,
    }
}

/// The platform's own errors 1003 (direct address) and 1042 (worker to worker in one zone) come as
/// answers of the origin.
fn platform_fault(head: &Head, body: &[u8]) -> Option<String> {
    if head.header("server") != Some("cloudflare") || head.status < 400 {
        return None;
    }
    ["error code: 1003", "error code: 1042"]
        .into_iter()
        .find(|code| body.starts_with(code.as_bytes()))
        .map(|code| format!("the platform refused the probe ({code})"))
}

#[cfg(test)]
mod tests;
