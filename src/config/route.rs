//! `[[route]]`: which host and path goes to which pool, and what is done when an origin does not
//! answer.

mod answer;

use serde::{Deserialize, Serialize};

use super::expect::statuses;
use super::pool::Routeless;
use super::problem::{meant, quoted};
use super::raw::{Field, Table};
use super::slot::Refused;
use super::url::{MAX_URL, dns_name, is_path_byte};
use super::value::{Given, duration, share, word};
use super::{OriginUrl, Pool, StatusRange};
use crate::defaults::config::route::{
    DEADLINE, DEFAULT_ATTEMPTS, DEFAULT_BUDGET, DEFAULT_DEADLINE, DEFAULT_ROUTE_TIMEOUT, MAX_ROUTES,
    SLOW_START, STALE, TIMEOUT,
};
use crate::units::{Millis, Name, Ratio};

pub(super) use crate::defaults::config::route::MAX_ATTEMPTS;
pub(super) use answer::KEYS as ANSWER_KEYS;
pub use answer::StaticAnswer;
use answer::static_answer;

/// The keys of a `[[route]]`.
pub(super) const KEYS: [&str; 13] = [
    "host",
    "path",
    "pool",
    "steering",
    "strip_prefix",
    "timeout",
    "deadline",
    "attempts",
    "retry",
    "slow_start",
    "stale_if_error",
    "answer",
    "try_failing",
];

/// The keys of `retry`.
pub(super) const RETRY_KEYS: [&str; 3] = ["status", "methods", "budget"];

/// The ways to choose an origin and how they are written.
pub(super) const STEERINGS: [(&str, Steering); 4] = [
    ("priority", Steering::Priority),
    ("weighted", Steering::Weighted),
    ("latency", Steering::Latency),
    ("hash", Steering::Hash),
];

/// The methods that a request may be sent again with.
pub(super) const METHODS: [&str; 7] = ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "POST", "PATCH"];

/// Those that are, if nothing is written: they change nothing.
const DEFAULT_METHODS: [&str; 3] = ["GET", "HEAD", "OPTIONS"];

/// The answers that another origin is asked after, if nothing is written: what gateways say of an
/// origin behind them, and what the platform says of one that it does not reach.
const DEFAULT_STATUS: [(u16, u16); 2] = [(502, 504), (520, 526)];

/// Requests for this host and path go to the pool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// Host in lower case, or `*`: every host but loopback addresses and `localhost`.
    pub host: String,
    /// Path prefix, beginning with `/`; it ends where a segment ends.
    pub path: String,
    /// The pool that serves it.
    pub pool: Name,
    /// How an origin is chosen.
    pub steering: Steering,
    /// Whether the prefix is left out of what the origin is asked.
    pub strip_prefix: bool,
    /// How long one origin may take until its response headers are there (100 ms to 90 s).
    pub timeout: Millis,
    /// How long all attempts of one request may take together; at least `timeout`.
    pub deadline: Millis,
    /// The most origins that one request is sent to (1 to 5).
    pub attempts: u32,
    /// When a request is sent to another origin.
    pub retry: Retry,
    /// How long the share of an origin that recovered grows until it is whole.
    pub slow_start: Millis,
    /// How long after its time a copy may stand in for an origin that does not answer; none are
    /// kept if nothing is written.
    pub stale_if_error: Option<Millis>,
    /// What is answered if no origin does.
    pub answer: Option<StaticAnswer>,
    /// Whether failing origins are tried when no other is left.
    pub try_failing: bool,
}

/// How a route chooses among usable origins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Steering {
    /// The lowest `priority` first.
    #[serde(rename = "priority")]
    Priority,
    /// At random by `weight`.
    #[serde(rename = "weighted")]
    Weighted,
    /// The lowest response time first. It does not act yet: `priority` does in its place.
    #[serde(rename = "latency")]
    Latency,
    /// By a hash of the request. It does not act yet: `priority` does in its place.
    #[serde(rename = "hash")]
    Hash,
}

impl Steering {
    /// The word that the file writes.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        STEERINGS.iter().find(|(_, steering)| *steering == self).map_or("", |(word, _)| word)
    }
}

impl Route {
    /// The route of the same host, path, pool and steering whose other settings are not written.
    pub(super) fn usual(route: &Self) -> Self {
        Self {
            strip_prefix: false,
            timeout: DEFAULT_ROUTE_TIMEOUT,
            deadline: DEFAULT_DEADLINE,
            attempts: DEFAULT_ATTEMPTS,
            retry: Retry::usual(),
            slow_start: Millis::ZERO,
            stale_if_error: None,
            answer: None,
            try_failing: false,
            ..route.clone()
        }
    }
}

impl Retry {
    fn usual() -> Self {
        Self {
            status: DEFAULT_STATUS.map(|(first, last)| StatusRange { first, last }).to_vec(),
            methods: DEFAULT_METHODS.map(str::to_owned).to_vec(),
            budget: DEFAULT_BUDGET,
        }
    }
}

/// When a request is sent to another origin. One whose body was sent never is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retry {
    /// Answers after which another origin is asked.
    pub status: Vec<StatusRange>,
    /// The methods that allow it.
    pub methods: Vec<String>,
    /// The greatest share of a pool's recent requests that is sent again.
    pub budget: Ratio,
}

/// What a route may name.
pub(super) struct Known<'a> {
    /// The names of the pools.
    pub names: &'a Given,
    /// Those that take no traffic.
    pub routeless: &'a [Routeless],
    /// The pools, if all of them could be read.
    pub pools: Option<&'a [Pool]>,
    /// Where the worker itself is found.
    pub public_url: Option<&'a OriginUrl>,
}

/// Reads every `[[route]]`.
pub(super) fn routes(file: &Table<'_>, known: &Known<'_>) -> Option<Vec<Route>> {
    let tables = file.tables("route");
    if tables.len() > MAX_ROUTES {
        let count = tables.len();
        file.refuse_at(
            "route",
            format_args!("is written {count} times, over the bound of {MAX_ROUTES}; write fewer"),
        );
        return None;
    }
    let mut given = Given::default();
    let read: Vec<_> = tables.iter().map(|table| route(table, known, &mut given)).collect();
    read.into_iter().collect()
}

fn route(table: &Table<'_>, known: &Known<'_>, given: &mut Given) -> Option<Route> {
    table.only(&KEYS);
    let host = table.get("host").map_or_else(|| Some("*".to_owned()), |field| host(&field));
    let path = table.get("path").map_or_else(|| Some("/".to_owned()), |field| path(&field));
    let example = known.names.names().first().map_or("\"shop\"".to_owned(), |name| quoted(name));
    let pool = table.require("pool", &example).and_then(|field| pool(&field, known));
    let steering = table.get("steering").map_or(Some(Steering::Priority), |field| steering(&field));
    if let (Some(host), Some(path)) = (&host, &path)
        && let Some(field) = table.get("path").or_else(|| table.get("host")).or_else(|| table.get("pool"))
    {
        given.first(&format!("{host}{path}"), &field, "write another host or path, or one route");
    }
    if let (Some(host), Some(pool)) = (&host, &pool) {
        refuse_itself(table, host, pool, known);
        refuse_one_address(table, pool, known);
    }
    let strip_prefix = table.get("strip_prefix").map_or(Some(false), |field| field.flag());
    let (timeout, deadline) = times(table);
    let attempts = table
        .get("attempts")
        .map_or(Some(DEFAULT_ATTEMPTS), |field| field.whole(&(1..MAX_ATTEMPTS.saturating_add(1))));
    let retry = retry(table);
    let slow_start = table.get("slow_start").map_or(Some(Millis::ZERO), |field| duration(&field, SLOW_START));
    let stale = table.get("stale_if_error").map(|field| duration(&field, STALE).ok_or(Refused)).transpose();
    let answer = table
        .get("answer")
        .map(|field| field.table().and_then(|table| static_answer(&table)).ok_or(Refused))
        .transpose();
    let try_failing = table.get("try_failing").map_or(Some(false), |field| field.flag());
    Some(Route {
        host: host?,
        path: path?,
        pool: pool?,
        steering: steering?,
        strip_prefix: strip_prefix?,
        timeout: timeout?,
        deadline: deadline?,
        attempts: attempts?,
        retry: retry?,
        slow_start: slow_start?,
        stale_if_error: stale.ok()?,
        answer: answer.ok()?,
        try_failing: try_failing?,
    })
}

fn host(field: &Field<'_>) -> Option<String> {
    let text = field.text("a host in quotes, as \"shop.example.com\" or \"*\"")?;
    if text == "*" {
        return Some(text.to_owned());
    }
    match dns_name(text) {
        Ok(host) => Some(host),
        Err(why) => {
            field.refuse(format_args!("{} {why}; or write \"*\" for every host", quoted(text)));
            None
        }
    }
}

fn path(field: &Field<'_>) -> Option<String> {
    let text = field.text("a path in quotes, as \"/\"")?;
    let good = text.starts_with('/') && text.len() <= MAX_URL && !text.contains(['?', '#']);
    if !good || !text.bytes().all(is_path_byte) {
        field.refuse(format_args!(
            "{} is not a path; write one that begins with \"/\", of visible ASCII, without query or fragment, at \
             most {MAX_URL} bytes, as \"/shop\"",
            quoted(text)
        ));
        return None;
    }
    if crate::path::is_ambiguous(text) {
        field.refuse(format_args!(
            "{} has a segment \".\" or \"..\", which no request that is passed on has; write the path without it",
            quoted(text)
        ));
        return None;
    }
    Some(text.to_owned())
}

fn pool(field: &Field<'_>, known: &Known<'_>) -> Option<Name> {
    let text = field.text("the name of a pool in quotes")?;
    if !known.names.has(text) {
        field.refuse(format_args!(
            "{} is not a pool of this file; {}",
            quoted(text),
            meant(text, &known.names.names())
        ));
        return None;
    }
    if let Some(found) = known.routeless.iter().find(|routeless| routeless.name == text) {
        let what = if found.monitor {
            "a monitor, which stands in for nobody and takes no traffic"
        } else {
            "a pool of heartbeats, which take no traffic"
        };
        field
            .refuse(format_args!("{} is {what}; write a pool of origins, or delete the route", quoted(text)));
        return None;
    }
    Name::parse(text).ok()
}

fn steering(field: &Field<'_>) -> Option<Steering> {
    let (_, steering) = STEERINGS.get(word(field, &STEERINGS.map(|(word, _)| word))?)?;
    if matches!(steering, Steering::Latency | Steering::Hash) {
        field.inactive();
    }
    Some(*steering)
}

/// Refuses an origin that is the worker itself: each request would come back to it. On a laptop the
/// port tells them apart.
fn refuse_itself(table: &Table<'_>, host: &str, pool: &Name, known: &Known<'_>) {
    let pool = known.pools.and_then(|pools| pools.iter().find(|known| known.name == *pool));
    let own = |url: &OriginUrl| {
        let public = known.public_url.is_some_and(|public| public.host == url.host);
        (url.host == host || public) && !url.is_loopback()
    };
    for origin in pool.iter().flat_map(|pool| &pool.origins).filter(|origin| own(&origin.url)) {
        table.refuse_at(
            "pool",
            format_args!(
                "leads to {}, whose address has the host that this worker itself answers on, so its requests would go round in \
                 a circle; give the origin a host of its own",
                origin.id
            ),
        );
    }
}

/// Refuses two origins at one address, of which different paths are probed: a failover would lead
/// back to what failed.
fn refuse_one_address(table: &Table<'_>, pool: &Name, known: &Known<'_>) {
    let origins = known.pools.and_then(|pools| pools.iter().find(|known| known.name == *pool));
    let mut rest = origins.map_or(&[][..], |pool| &pool.origins);
    while let [origin, others @ ..] = rest {
        if others.iter().any(|other| other.url == origin.url) {
            return table.refuse_at(
                "pool",
                format_args!(
                    "leads to a pool with two origins at {}, which cannot stand in for one another; keep what is only watched in \
                     a pool without a route",
                    origin.url
                ),
            );
        }
        rest = others;
    }
}

fn times(table: &Table<'_>) -> (Option<Millis>, Option<Millis>) {
    let timeout = table.get("timeout").map_or(Some(DEFAULT_ROUTE_TIMEOUT), |field| duration(&field, TIMEOUT));
    let Some(field) = table.get("deadline") else {
        let deadline = timeout.map(|timeout| DEFAULT_DEADLINE.max(timeout));
        return (timeout, deadline);
    };
    let deadline = duration(&field, DEADLINE);
    if let (Some(timeout), Some(deadline)) = (timeout, deadline)
        && deadline < timeout
    {
        field.refuse(format_args!(
            "{deadline} for all attempts is below the timeout of one, {timeout}; write \"{timeout}\" or more, or a shorter timeout"
        ));
    }
    (timeout, deadline)
}

fn retry(table: &Table<'_>) -> Option<Retry> {
    let written = match table.get("retry") {
        Some(field) => Some(field.table()?),
        None => None,
    };
    let field = |key: &str| written.as_ref().and_then(|table| table.get(key));
    if let Some(table) = &written {
        table.only(&RETRY_KEYS);
    }
    let usual = Retry::usual();
    let status = field("status").map_or(Some(usual.status), |field| statuses(&field));
    let methods = field("methods").map_or(Some(usual.methods), |field| methods(&field));
    let budget = field("budget").map_or(Some(usual.budget), |field| share(&field));
    Some(Retry { status: status?, methods: methods?, budget: budget? })
}

/// Methods; none if no request is to be sent again.
fn methods(field: &Field<'_>) -> Option<Vec<String>> {
    let items = field.list("one as [\"GET\", \"HEAD\"]")?;
    let read = |item: &Field<'_>| METHODS.get(word(item, &METHODS)?).map(|method| (*method).to_owned());
    let read: Vec<_> = items.iter().map(read).collect();
    read.into_iter().collect()
}
