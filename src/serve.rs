//! A request and what is known → the answer: status, header fields and bytes.
//!
//! [`plan`] settles without any snapshot what can be settled without one (unknown paths and pools
//! never reach the Arbiter); [`answer()`] makes the rest from a [`Snapshot`]. Both are pure; the
//! edge only carries bytes.

mod beat;
mod health;
mod page;
mod problem;
mod ready;
mod recorded;
mod signal;
mod table;

use crate::answer::{self, Answer, closed};
use crate::config::{Config, Problems};
use crate::follow::{self, Wait};
use crate::heartbeat::{self, Claim};
use crate::proxy::Seen;
use crate::reader::{Source, Tier};
use crate::snapshot::{OriginView, Snapshot};
use crate::units::{Fingerprint, Millis, Timestamp};

pub use beat::Beaten;
pub use recorded::{KEEP_ANSWER, Question, Recorded};
pub use table::{Codes, Format, Target};

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

/// What answers a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Plan<'a> {
    /// This, without a snapshot.
    Done(Answer),
    /// What is made from a snapshot for this target.
    FromSnapshot(Target),
    /// The same, once there is news for whoever waits for it; 429 ([`at_capacity`]) if too many do.
    AfterNews(Target, Wait),
    /// An event for each signal of this pool ([`stream()`], [`event`]).
    Stream(String),
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
}

/// Settles a request as far as that goes without a snapshot.
#[must_use]
pub fn plan<'a>(config: Result<&'a Config, &Problems>, ask: &Ask<'_>) -> Plan<'a> {
    let target = match table::find(ask) {
        Ok(target) => target,
        Err(answer) => return Plan::Done(finish(answer, ask)),
    };
    let settled = match (&target, config) {
        (Target::Live, _) => Some(ready::live()),
        (Target::Style, _) => Some(page::style()),
        (Target::Script, _) => Some(page::script()),
        (_, Err(problems)) => Some(problem::bad_config(problems)),
        (Target::Health { pool: Some(pool), origin, .. }, Ok(config)) => {
            problem::unknown(config, pool, origin.as_deref())
        }
        (Target::Recorded(asked), Ok(config)) => {
            problem::unknown(config, &asked.pool, asked.origin.as_deref())
        }
        (Target::Signal { pool, format, .. }, Ok(config)) => {
            problem::unknown(config, pool, None).or_else(|| signal::refused(config, pool, *format))
        }
        (Target::Stream { pool }, Ok(config)) => {
            problem::unknown(config, pool, None).or_else(|| signal::refused(config, pool, Format::Json))
        }
        (Target::Beat { token }, Ok(config)) => {
            let claim = heartbeat::claim(config, token);
            let job = claim.as_ref().map(|claim| claim.heartbeat);
            match (beat::refused(config, job, ask.method), claim) {
                (Some(refused), _) => Some(refused),
                (None, Some(claim)) => return Plan::Beat(claim),
                (None, None) => Some(beat::answer(&Beaten::Unknown)),
            }
        }
        (Target::Health { pool: None, .. } | Target::Ready { .. } | Target::Page, Ok(_)) => None,
    };
    match (settled, target) {
        (Some(answer), _) => Plan::Done(finish(answer, ask)),
        (None, Target::Signal { pool, format, wait: Some(wait) }) => {
            Plan::AfterNews(Target::Signal { pool, format, wait: None }, wait)
        }
        (None, Target::Stream { .. }) if ask.method == "HEAD" => Plan::Done(stream()),
        (None, Target::Stream { pool }) => Plan::Stream(pool),
        (None, Target::Recorded(asked)) => Plan::Recorded(asked),
        (None, target) => Plan::FromSnapshot(target),
    }
}

/// Makes the answer for a target from a snapshot.
#[must_use]
pub fn answer(target: &Target, ask: &Ask<'_>, basis: &Basis<'_>) -> Answer {
    let Basis { snapshot, now, .. } = *basis;
    let mut answer = match target {
        Target::Health { pool, origin, format, codes } => {
            let (pool, origin) = (pool.as_deref(), origin.as_deref());
            health::answer(snapshot, &health::Question { pool, origin, format: *format, codes: *codes }, now)
        }
        Target::Signal { pool, format, .. } => signal::answer(snapshot, pool, *format, now),
        Target::Ready { verbose } => ready::ready(basis, *verbose),
        Target::Page => page::answer(snapshot, basis.config, basis.source.silent, now),
        // Settled without a snapshot.
        Target::Beat { .. } | Target::Stream { .. } | Target::Recorded(_) => problem::not_found(),
        Target::Live => ready::live(),
        Target::Style => page::style(),
        Target::Script => page::script(),
    };
    answer.headers.push(("cache-status", cache_status(&basis.source)));
    finish(answer, ask)
}

/// The answer about the past: what an object said of the question, or why there is none.
#[must_use]
pub fn remembered(said: Result<Option<String>, Answer>, ask: &Ask<'_>) -> Answer {
    finish(said.map_or_else(|refused| refused, recorded::answer), ask)
}

/// The answer to a heartbeat.
#[must_use]
pub fn beaten(outcome: &Beaten, ask: &Ask<'_>) -> Answer {
    finish(beat::answer(outcome), ask)
}

/// The answer to whoever waited: it is of this moment, and no cache may give it to another who
/// waits.
#[must_use]
pub fn after_news(target: &Target, ask: &Ask<'_>, basis: &Basis<'_>) -> Answer {
    let mut answer = answer(target, ask, basis);
    for (_, value) in answer.headers.iter_mut().filter(|(name, _)| *name == "cache-control") {
        "no-store".clone_into(value);
    }
    answer
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

/// What a stream of events begins with; its body is made of [`event`]s.
#[must_use]
pub fn stream() -> Answer {
    let ask = Ask { method: "GET", target: "", if_none_match: None };
    // Some proxies gather an answer before they pass it on, unless they are told.
    let headers = vec![
        ("content-type", "text/event-stream; charset=utf-8".to_owned()),
        ("x-accel-buffering", "no".to_owned()),
    ];
    finish(Answer { status: 200, headers, body: String::new() }, &ask)
}

/// The signal of a pool as an event. A client whose stream ends connects again after `retry`, which
/// is not the same for all: they would all come back at once.
#[must_use]
pub fn event(snapshot: &Snapshot, pool: &str, now: Timestamp) -> String {
    let Some((mark, signal)) = signal::event(snapshot, pool, now) else { return KEEP_ALIVE.to_owned() };
    let retry = 1_000_u64.saturating_add(now.as_millis() % 2_000);
    format!("retry: {retry}\nid: {mark}\ndata: {signal}\n\n")
}

/// A comment, by which a stream shows that it lives.
pub const KEEP_ALIVE: &str = ":\n\n";

/// The answer to a plain GET as it is to be given again, and until when: the next second of its
/// ages, or when a verdict beneath it expires. Only targets that are asked for often, written in
/// the one usual way, have one. So there are no more of them than the configuration has names.
#[must_use]
pub fn kept(
    target: &Target,
    ask: &Ask<'_>,
    basis: &Basis<'_>,
    answer: &Answer,
) -> Option<(Answer, Timestamp)> {
    let plain =
        ask.method == "GET" && ask.if_none_match.is_none() && target.path().as_deref() == Some(ask.target);
    if !plain || basis.source.layer == Tier::Nothing {
        return None;
    }
    let mut answer = answer.clone();
    // Whoever is given it again is answered from memory, wherever the first one's answer came from.
    let memory = cache_status(&Source { layer: Tier::Memory, ..basis.source });
    for (_, value) in answer.headers.iter_mut().filter(|(name, _)| *name == "cache-status") {
        value.clone_from(&memory);
    }
    Some((answer, holds_until(target, basis.snapshot, basis.now)))
}

/// When the answer for a target says something else although nothing new is known.
fn holds_until(target: &Target, snapshot: &Snapshot, now: Timestamp) -> Timestamp {
    let second = Millis::from_secs(1);
    let (pool, origin) = target.names();
    let origins = || {
        let pools = snapshot.pools.iter().filter(|view| pool.is_none_or(|pool| view.name.as_str() == pool));
        let origins = pools.flat_map(|pool| &pool.origins);
        origins.filter(|view| origin.is_none_or(|origin| view.name.as_str() == origin))
    };
    // The ages of the snapshot and of the oldest evidence count whole seconds.
    let oldest = origins().filter_map(|origin| origin.oldest).min();
    let since = oldest.into_iter().chain([snapshot.taken_at]);
    let ticks = since.map(|since| since.plus(second.times(now.since(since).as_secs().saturating_add(1))));
    // So does `max-age` before the first expiry.
    let last = next_expiry(origins(), now).map(|at| at.minus(second.times(seconds_before(at, now))));
    // A verdict or a vote expires, and the last second of a signal's time to live is none.
    let ends = origins().flat_map(|origin| expiries(origin).chain([origin.valid_until.minus(second)]));
    let latest = now.plus(second);
    ends.chain(ticks).chain(last).filter(|at| *at > now).min().unwrap_or(latest).min(latest)
}

/// 503 of a worker that has no configuration at all to answer from.
#[must_use]
pub fn unavailable() -> Answer {
    answer::problem(503, "unavailable", "Unavailable", "The worker has no configuration.")
}

/// Which layer answered and how old its copy is (RFC 9211); a negative `ttl` says for how long it
/// has been due for a refresh.
fn cache_status(source: &Source) -> String {
    let layer = source.layer.as_str();
    let silent = if source.silent { ", arbiter silent" } else { "" };
    let age = source.age.as_secs();
    match source.layer {
        Tier::Arbiter => {
            let why = if source.replaced { "stale" } else { "miss" };
            format!("vedette; fwd={why}; detail=\"arbiter\"")
        }
        Tier::Nothing => "vedette; fwd=miss; detail=\"nothing, arbiter silent\"".to_owned(),
        Tier::Memory | Tier::Cache | Tier::Kv => {
            let (left, over) =
                (source.limit.minus(source.age).as_secs(), source.age.minus(source.limit).as_secs());
            let sign = if over > 0 { "-" } else { "" };
            format!("vedette; hit; ttl={sign}{}; detail=\"{layer}, {age} s old{silent}\"", left.max(over))
        }
    }
}

/// Header fields that every answer has, and 304 for a copy that is still good.
fn finish(answer: Answer, ask: &Ask<'_>) -> Answer {
    let mut answer = closed(answer);
    if !table::is_of_jobs(ask.target) {
        add(&mut answer, PUBLIC);
    }
    if answer.status != 204 && table::is_of_verdicts(ask.target) {
        // Whoever looks for this word alone must find one: a question that went wrong is answered
        // by no verdict.
        add(&mut answer, &[("vedette-status", "unknown")]);
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

/// Adds header fields that an answer has not got.
fn add(answer: &mut Answer, fields: &[(&'static str, &str)]) {
    for (name, value) in fields {
        if !answer.headers.iter().any(|(present, _)| present == name) {
            answer.headers.push((name, (*value).to_owned()));
        }
    }
}

/// Weak comparison (RFC 9110 section 8.8.3.2) against a list of tags; an absurd list matches
/// nothing.
fn matches(asked: &str, etag: &str) -> bool {
    const MOST: usize = 64;
    let opaque = |tag: &str| {
        let tag = tag.trim();
        tag.strip_prefix("W/").unwrap_or(tag).to_owned()
    };
    let wanted = opaque(etag);
    asked.len() <= 4_096
        && (asked.trim() == "*" || asked.split(',').take(MOST).any(|tag| opaque(tag) == wanted))
}

/// A strong tag over a body.
fn etag(body: &str) -> String {
    format!("\"{}\"", Fingerprint::of(body))
}

/// `Age` (RFC 9111 section 5.1: of the snapshot, which was made at `made`), `Vedette-Evidence-Age`
/// and `Cache-Control` of an answer about these origins. A cache may keep it for one second, and
/// not beyond the next moment at which it changes by itself. That holds even for a cache that does
/// not subtract `Age`. Without evidence there is no age to state, and nothing to keep.
fn freshness<'a>(
    made: Timestamp,
    origins: impl Iterator<Item = &'a OriginView> + Clone,
    now: Timestamp,
) -> Vec<(&'static str, String)> {
    let Some(oldest) = origins.clone().filter_map(|origin| origin.oldest).min() else {
        return vec![("cache-control", "no-store".to_owned())];
    };
    let age = now.since(made).as_secs();
    let unchanged = next_expiry(origins, now).map_or(u64::MAX, |change| seconds_before(change, now));
    let kept = if age > OLDEST_KEPT {
        "no-store".to_owned()
    } else {
        format!("max-age={}", age.saturating_add(1).min(unchanged))
    };
    vec![
        ("age", age.to_string()),
        ("vedette-evidence-age", now.since(oldest).as_secs().to_string()),
        ("cache-control", kept),
    ]
}

/// The whole seconds from `now` that end before a later moment.
fn seconds_before(at: Timestamp, now: Timestamp) -> u64 {
    at.since(now).minus(Millis::new(1)).as_secs()
}

/// When the next verdict or vote of these expires.
fn next_expiry<'a>(origins: impl Iterator<Item = &'a OriginView>, now: Timestamp) -> Option<Timestamp> {
    origins.flat_map(expiries).filter(|at| *at > now).min()
}

/// When the verdict and the votes of one expire.
fn expiries(origin: &OriginView) -> impl Iterator<Item = Timestamp> {
    origin.votes.iter().map(|vote| vote.expires).chain([origin.valid_until])
}

/// The oldest snapshot, in seconds, whose answer a cache may keep: some caches keep it for all of
/// `max-age`, whatever its `Age` is. It is a little more than the oldest that a reader is content
/// with while the Arbiter answers.
const OLDEST_KEPT: u64 = 15;

#[cfg(test)]
mod tests;
