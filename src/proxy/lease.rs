//! What holds for the next requests as well, so that they need not be decided one by one: a lease.
//!
//! While nothing changes, every request under one prefix goes to the same origin in the same way.
//! `proxy.mjs` may then send them by itself, until the time of the lease is over or an answer is
//! not as it should be; such a request comes back to the core as one that was sent. A step into
//! wasm for each would cost more than all the rest that we do (decision 0015).

use serde::{Serialize, Serializer};

use super::{Attempt, HELD, Proof, TABLE, back, fields, matched};
use crate::config::{Config, Route, StatusRange};
use crate::path::{Parts, below};
use crate::units::{Millis, Timestamp};

/// For how long requests go the same way, as `proxy.mjs` reads it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Lease {
    /// How many segments of a path decide the route: requests that have them in common go the same
    /// way.
    pub depth: usize,
    /// The place of the route in the configuration.
    pub route: usize,
    /// The place of the origin in its pool.
    pub origin: usize,
    /// From when, and until when, it holds.
    pub from: Timestamp,
    /// See `from`.
    pub until: Timestamp,
    /// The address of the origin, without a path.
    pub base: String,
    /// How many bytes of the path are left out.
    pub strip: usize,
    /// How long to wait for the response headers.
    pub timeout: Millis,
    /// The hosts of the pool, and paths of its addresses: an answer that names one may have to be
    /// turned back.
    pub hosts: Vec<String>,
    /// The methods that may be sent twice. Before others an origin is asked for a connection, and a
    /// body of up to [`HELD`] bytes is held; nothing where no other origin is left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeats: Option<Vec<String>>,
    /// How long a body may be that is held, in bytes.
    pub held: u64,
    /// What this deployment calls itself in `Via` and `CDN-Loop`.
    pub pseudonym: String,
    /// What `Forwarded` says, but for the client.
    pub forwarded: String,
    /// Whether a copy of a good answer may be worth keeping.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub copies: bool,
    /// Fields to set in any case.
    pub set: Vec<(&'static str, String)>,
    /// Answers that come back to the core.
    #[serde(serialize_with = "pairs")]
    pub again: Vec<StatusRange>,
    /// Fields to append to an answer that is handed on; `Server-Timing` is yet to get its duration.
    pub append: Vec<(&'static str, String)>,
}

/// Answers that come back to the core: those of `retry.status`, and those that may be the
/// platform's word that nothing has left.
fn again(route: &Route) -> Vec<StatusRange> {
    let proven = TABLE.into_iter().filter(|(_, proof)| *proof == Proof::NothingLeft);
    let own = proven.map(|(status, _)| StatusRange { first: status, last: status });
    let listed =
        |status: u16| route.retry.status.iter().any(|range| (range.first..=range.last).contains(&status));
    route.retry.status.iter().copied().chain(own.filter(|range| !listed(range.first))).collect()
}

/// What a lease says beside what the attempt says.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a> {
    /// How many segments of a path decide its route.
    pub depth: usize,
    /// The name of this deployment in `Via` (RFC 9110 section 7.6.3).
    pub pseudonym: &'a str,
    /// From when on it holds.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
}

impl Lease {
    /// The lease that an attempt gives: nothing if chance was involved or something went wrong.
    #[must_use]
    pub fn of(config: &Config, attempt: &Attempt, asked: &Parts<'_>, terms: Terms<'_>) -> Option<Self> {
        let Terms { depth, pseudonym, from, until } = terms;
        let route = config.routes.get(attempt.route).filter(|_| attempt.is_steady() && from < until)?;
        let place = attempt.origin()?;
        let origin = config.pools.get(attempt.pool)?.origins.get(place)?;
        let prefix = route.path.trim_end_matches('/');
        let strip = if route.strip_prefix {
            asked.path.len().saturating_sub(below(asked.path, prefix).len())
        } else {
            0
        };
        let (authority, scheme) = (matched(asked.authority), asked.scheme());
        let authority = authority.as_str();
        let mut set =
            vec![("x-forwarded-host", authority.to_owned()), ("x-forwarded-proto", scheme.to_owned())];
        if strip > 0 && !prefix.is_empty() {
            set.push(("x-forwarded-prefix", prefix.to_owned()));
        }
        Some(Self {
            depth,
            route: attempt.route,
            origin: place,
            from,
            until,
            base: origin.url.to_string(),
            strip,
            timeout: route.timeout.min(route.deadline),
            hosts: back::hosts(config, attempt.pool),
            repeats: attempt.has_another(route).then(|| route.retry.methods.clone()),
            held: HELD,
            pseudonym: pseudonym.to_owned(),
            forwarded: fields::forwarded(None, authority, scheme),
            copies: route.stale_if_error.is_some(),
            set,
            again: again(route),
            append: fields::answered_by(origin.id.origin.as_str(), attempt.why()),
        })
    }
}

/// Ranges as `proxy.mjs` reads them: pairs.
fn pairs<S: Serializer>(ranges: &[StatusRange], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(ranges.iter().map(|range| (range.first, range.last)))
}
