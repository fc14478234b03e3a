//! A request and what is known → the answer: status, header fields and bytes.
//!
//! [`plan`] settles without any snapshot what can be settled without one (unknown paths and pools never reach the Arbiter);
//! [`answer`] makes the rest from a [`Snapshot`]. Both are pure; the edge only carries bytes.

mod health;
mod page;
mod problem;
mod ready;
mod signal;
mod table;

use crate::config::{Config, Problems};
use crate::snapshot::Snapshot;
use crate::units::{Fingerprint, Timestamp};

pub use table::{Format, Target};

/// The longest request target that is read, in bytes (the platform's own bound on URLs).
pub const MAX_TARGET: usize = 16 * 1024;

/// What a client asks.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// The method, as sent.
    pub method: &'a str,
    /// Path and query, as sent: nothing is decoded.
    pub target: &'a str,
    /// `If-None-Match`, if sent.
    pub if_none_match: Option<&'a str>,
}

/// What is answered. To HEAD the edge sends the same without the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// Header fields, each once.
    pub headers: Vec<(&'static str, String)>,
    /// The body; empty for 304.
    pub body: String,
}

/// What answers a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Plan {
    /// This, without a snapshot.
    Done(Answer),
    /// What is made from a snapshot for this target.
    FromSnapshot(Target),
}

/// Where the snapshot came from, for `Cache-Status` (RFC 9211).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// This isolate's memory.
    Memory,
    /// The Arbiter, asked for this request.
    Arbiter,
    /// An old copy from memory, because the Arbiter did not answer in time.
    Stale,
    /// Nowhere: nothing is known.
    Nothing,
}

/// Settles a request as far as that goes without a snapshot.
#[must_use]
pub fn plan(config: Result<&Config, &Problems>, ask: &Ask<'_>) -> Plan {
    let target = match table::find(ask) {
        Ok(target) => target,
        Err(answer) => return Plan::Done(finish(answer, ask)),
    };
    let settled = match (&target, config) {
        (Target::Live, _) => Some(ready::live()),
        (Target::Style, _) => Some(page::style()),
        (_, Err(problems)) => Some(problem::bad_config(problems)),
        (Target::Health { pool: Some(pool), origin, .. }, Ok(config)) => {
            problem::unknown(config, pool, origin.as_deref())
        }
        (Target::Signal { pool, format }, Ok(config)) => {
            problem::unknown(config, pool, None).or_else(|| signal::refused(config, pool, *format))
        }
        (Target::Health { pool: None, .. } | Target::Ready { .. } | Target::Page, Ok(_)) => None,
    };
    settled.map_or(Plan::FromSnapshot(target), |answer| Plan::Done(finish(answer, ask)))
}

/// Makes the answer for a target from a snapshot.
#[must_use]
pub fn answer(target: &Target, ask: &Ask<'_>, snapshot: &Snapshot, layer: Layer, now: Timestamp) -> Answer {
    let mut answer = match target {
        Target::Health { pool, origin, format } => {
            health::answer(snapshot, (pool.as_deref(), origin.as_deref()), *format, now)
        }
        Target::Signal { pool, format } => signal::answer(snapshot, pool, *format, now),
        Target::Ready { verbose } => ready::ready(snapshot, layer, *verbose, now),
        Target::Page => page::answer(snapshot, now),
        Target::Live => ready::live(),
        Target::Style => page::style(),
    };
    answer.headers.push(("cache-status", cache_status(layer).to_owned()));
    finish(answer, ask)
}

/// 503 of a worker that has no configuration at all to answer from.
#[must_use]
pub fn unavailable() -> Answer {
    problem::answer(503, "unavailable", "Unavailable", "The worker has no configuration.")
}

const fn cache_status(layer: Layer) -> &'static str {
    match layer {
        Layer::Memory => "vedette; hit; detail=memory",
        Layer::Arbiter => "vedette; fwd=stale; detail=arbiter",
        Layer::Stale => "vedette; hit; ttl=0; detail=memory-arbiter-silent",
        Layer::Nothing => "vedette; fwd=miss; detail=arbiter-silent",
    }
}

/// Header fields that every answer has, and 304 for a copy that is still good.
fn finish(mut answer: Answer, ask: &Ask<'_>) -> Answer {
    for (name, value) in SECURITY {
        if !answer.headers.iter().any(|(present, _)| present == name) {
            answer.headers.push((name, (*value).to_owned()));
        }
    }
    let etag = answer.headers.iter().find(|(name, _)| *name == "etag").map(|(_, value)| value.clone());
    if answer.status == 200
        && let (Some(asked), Some(etag)) = (ask.if_none_match, etag)
        && matches(asked, &etag)
    {
        answer.status = 304;
        answer.body.clear();
        answer.headers.retain(|(name, _)| *name != "content-type");
    }
    answer
}

/// What a browser is told about every answer: it is data, to be framed, sniffed and referred to by nobody.
const SECURITY: &[(&str, &str)] = &[
    ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cache-control", "no-store"),
];

/// Weak comparison (RFC 9110 section 8.8.3.2) against a list of tags; an absurd list matches nothing.
fn matches(asked: &str, etag: &str) -> bool {
    const MOST: usize = 64;
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let wanted = opaque(etag);
    asked.len() <= 4_096
        && (asked.trim() == "*" || asked.split(',').take(MOST).any(|tag| opaque(tag) == wanted))
}

/// A strong tag over a body.
fn etag(body: &str) -> String {
    format!("\"{}\"", Fingerprint::of(body))
}

/// `Age` and `Cache-Control` of an answer that rests on evidence observed at `oldest`: a cache may keep it for one second.
/// Without evidence there is no age to state, and nothing to keep.
fn freshness(oldest: Option<Timestamp>, now: Timestamp) -> Vec<(&'static str, String)> {
    match oldest {
        None => vec![("cache-control", "no-store".to_owned())],
        Some(oldest) => {
            let age = now.since(oldest).as_secs();
            vec![("age", age.to_string()), ("cache-control", format!("max-age={}", age.saturating_add(1)))]
        }
    }
}

#[cfg(test)]
mod tests;
