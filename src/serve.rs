//! A request and what is known → the answer: status, header fields and bytes.
//!
//! [`plan()`] settles without any snapshot what can be settled without one (unknown paths and pools
//! never reach the Arbiter); [`answer()`] makes the rest from a [`Snapshot`]. Both are pure; the
//! edge only carries bytes.

mod accept;
mod api;
mod badge;
mod beat;
mod changes;
mod chart;
mod chronicle;
mod dossier;
mod feed;
mod fresh;
mod gate;
mod health;
mod incidents;
mod kept;
mod metrics;
mod openapi;
mod page;
mod parameters;
mod plan;
mod problem;
mod purge;
mod ready;
mod recorded;
mod sign_in;
mod signal;
mod streamed;
mod table;
mod target;
mod watched;
mod write;

use fresh::{cache_status, expiries, freshness, next_expiry, seconds_before};

use crate::access::Caller;
use crate::answer::{self, Answer, closed};
use crate::config::{self, Config};
use crate::defaults::serve::{LONGEST_TAGS, MOST_TAGS};
use crate::follow::{self, Wait};
use crate::heartbeat::Claim;
use crate::proxy::Seen;
use crate::reader::{Source, Tier};
use crate::snapshot::Snapshot;
use crate::units::{Fingerprint, Timestamp};

pub use accept::is_negotiated;
pub use api::{List, Query};
pub use badge::Badge;
pub use beat::Beaten;
pub use changes::{ChangesPage, Done};
pub use chronicle::Chronicle;
pub use dossier::{Dossier, asks};
pub use gate::public;
pub use kept::kept;
pub use metrics::Exposition;
pub use plan::plan;
pub use recorded::{Question, Recorded};
pub use sign_in::{MOST_POSTED, Posted, signed_in};
pub use streamed::{KEEP_ALIVE, event, events, stream};
pub use table::PATHS;
pub use target::{Codes, Fixed, Format, Target, View};
pub use write::{audit, most_written, too_often, write, written};

/// What a client asks.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// The method, as sent.
    pub method: &'a str,
    /// Path and query, as sent: nothing is decoded.
    pub target: &'a str,
    /// `If-None-Match`, if sent.
    pub if_none_match: Option<&'a str>,
    /// Who asks; nothing as long as nobody had to know it.
    pub caller: Option<&'a Caller>,
    /// `Accept`, if sent, where the target comes in several forms ([`is_negotiated`]).
    pub accept: Option<&'a str>,
}

/// What answers a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Plan<'a> {
    /// What becomes of a person who signs in ([`signed_in`]), once it is read what was posted.
    SignIn,
    /// What becomes of a change ([`written`]), once it is read what is to be changed ([`write()`]).
    Write,
    /// The audit log ([`audit`]).
    Audit,
    /// What is planned anew, once it is known who asks ([`Ask::caller`]).
    Who,
    /// This, without a snapshot.
    Done(Answer),
    /// What is made from a snapshot.
    FromSnapshot(View),
    /// The same, once there is news for whoever waits for it; 429 ([`at_capacity`]) if too many do.
    AfterNews(View, Wait),
    /// An event for each signal of this pool ([`stream()`], [`event`]).
    Stream(String),
    /// Events for all pools ([`stream()`], [`events`]).
    StreamOfAll {
        /// Whether its client may see what is hidden.
        all: bool,
    },
    /// What an object keeps of the past ([`remembered`]).
    Recorded(Recorded),
    /// What becomes of a heartbeat ([`beaten`]), once it is verified and the Arbiter was told.
    Beat(Claim<'a>),
}

/// What an answer is made from.
#[derive(Clone, Copy, Debug)]
pub struct Basis<'a> {
    /// The verdicts.
    pub snapshot: &'a Snapshot,
    /// The configuration that they are of.
    pub config: &'a Config,
    /// Where they come from.
    pub source: Source,
    /// Now.
    pub now: Timestamp,
    /// How many answers came from which layer, for `/readyz?verbose`.
    pub counts: &'a [(Tier, u64)],
    /// What the requests that were passed on saw, for the same.
    pub seen: &'a [Seen],
    /// What was answered of the past to each question of [`asks`]; nothing if no object could.
    pub past: &'a [Option<&'a str>],
    /// The verdicts as the public sees them ([`public`]), if they are made already.
    pub public: Option<&'a Snapshot>,
}

/// Makes an answer from a snapshot.
#[must_use]
pub fn answer(view: &View, ask: &Ask<'_>, basis: &Basis<'_>) -> Answer {
    let now = basis.now;
    let snapshot = &*gate::seen_by(ask, basis);
    let seen = Basis { snapshot, ..*basis };
    let mut answer = match view {
        View::Health { pool, origin, format, codes } => {
            let (pool, origin) = (pool.as_deref(), origin.as_deref());
            health::answer(snapshot, &health::Question { pool, origin, format: *format, codes: *codes }, now)
        }
        View::Signal { pool, format, .. } => signal::answer(snapshot, pool, *format, now),
        View::Ready { verbose } => ready::ready(&seen, *verbose),
        View::Api(query) => api::answer(&seen, query),
        View::Metrics { exposition } => metrics::answer(&seen, *exposition),
        View::Page => page::page(&seen, ask.caller),
        View::Dossier(dossier) => page::one(dossier, &seen, ask.caller),
        View::Chronicle(asked) => page::incidents(asked, &seen, ask.caller),
        View::Changes(asked) => page::changes_page(asked, &seen, ask.caller),
        View::Status => page::public::page(&seen, ask.caller),
        View::Badge(badge) => badge::answer(badge, &seen),
        View::Feed => feed::answer(&seen),
        View::Announcement => write::announced(snapshot, now),
    };
    answer.headers.push(("cache-status", cache_status(&basis.source)));
    finish(answer, ask)
}

/// The answer about the past: what an object said of the question, or why there is none.
#[must_use]
pub fn remembered(asked: &Recorded, said: Result<Option<String>, Answer>, ask: &Ask<'_>) -> Answer {
    finish(said.map_or_else(|refused| refused, |body| asked.answer(body)), ask)
}

/// The answer to a heartbeat.
#[must_use]
pub fn beaten(outcome: &Beaten, ask: &Ask<'_>) -> Answer {
    finish(beat::answer(outcome), ask)
}

/// The answer to whoever waited: it is of this moment, and no cache may give it to another who
/// waits.
#[must_use]
pub fn after_news(view: &View, ask: &Ask<'_>, basis: &Basis<'_>) -> Answer {
    let mut answer = answer(view, ask, basis);
    for (_, value) in answer.headers.iter_mut().filter(|(name, _)| *name == "cache-control") {
        "no-store".clone_into(value);
    }
    answer
}

/// 429 for whoever shows what proves nothing, as too many did before.
#[must_use]
pub fn flooded() -> Answer {
    private(gate::too_many())
}

/// 429 for whoever would follow a signal that too many follow already.
#[must_use]
pub fn at_capacity(ask: &Ask<'_>) -> Answer {
    let mut answer = answer::problem(
        429,
        "too-many-followers",
        "Too many followers",
        "As many follow signals as may at once. Ask again later, or ask /route/{pool} without wait, as often as its ttl runs out.",
    );
    answer.headers.push(("retry-after", follow::RETRY_AFTER.to_string()));
    finish(answer, ask)
}

/// 503 of a worker that has no configuration at all to answer from.
#[must_use]
pub fn unavailable() -> Answer {
    answer::problem(503, "unavailable", "Unavailable", "The worker has no configuration.")
}

/// Of which kind a pool is, as programs are told.
const fn kind(pool: &config::Pool) -> &'static str {
    match (pool.monitor, pool.heartbeats.is_empty()) {
        (true, _) => "monitor",
        (false, true) => "pool",
        (false, false) => "heartbeats",
    }
}

/// Header fields that every answer has, and 304 for a copy that is still good.
fn finish(answer: Answer, ask: &Ask<'_>) -> Answer {
    let mut answer = match ask.caller {
        None => closed(answer),
        Some(Caller::Nobody) => add(closed(answer), &[VARIES]),
        Some(
            Caller::Known(_)
            | Caller::Stranger
            | Caller::Misfit(_)
            | Caller::Unverifiable(_)
            | Caller::Flooding,
        ) => private(answer),
    };
    let public = ask.caller.is_none_or(|caller| *caller == Caller::Nobody);
    if public && !table::is_of_jobs(ask.target) {
        answer = add(answer, PUBLIC);
    }
    if answer.status != 204 && table::is_of_verdicts(ask.target) {
        // Whoever looks for this word alone must find one: a question that went wrong is answered
        // by no verdict.
        answer = add(answer, &[("vedette-status", "unknown")]);
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

/// What is read here is public, so scripts of any site may read it, its header fields included.
const PUBLIC: &[(&str, &str)] =
    &[("access-control-allow-origin", "*"), ("access-control-expose-headers", "*")];

/// What is answered depends on who asks.
const VARIES: (&str, &str) = ("vary", "authorization, cookie, cf-access-jwt-assertion");

/// An answer that is for one asker alone: no cache keeps it, and no script of another site reads
/// it.
fn private(mut answer: Answer) -> Answer {
    answer.headers.retain(|(name, _)| *name != "cache-control");
    add(closed(answer), &[VARIES])
}

/// Adds header fields that an answer has not got.
fn add(mut answer: Answer, fields: &[(&'static str, &str)]) -> Answer {
    for (name, value) in fields {
        if !answer.headers.iter().any(|(present, _)| present == name) {
            answer.headers.push((name, (*value).to_owned()));
        }
    }
    answer
}

/// Weak comparison (RFC 9110 section 8.8.3.2) against a list of tags; an absurd list matches
/// nothing.
fn matches(asked: &str, etag: &str) -> bool {
    let opaque = |tag: &str| {
        let tag = tag.trim();
        tag.strip_prefix("W/").unwrap_or(tag).to_owned()
    };
    let wanted = opaque(etag);
    asked.len() <= LONGEST_TAGS
        && (asked.trim() == "*" || asked.split(',').take(MOST_TAGS).any(|tag| opaque(tag) == wanted))
}

/// A strong tag over a body.
fn etag(body: &str) -> String {
    format!("\"{}\"", Fingerprint::of(body))
}

#[cfg(test)]
mod tests;
