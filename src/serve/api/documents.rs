//! The documents of each list, by allow-list: what health and the page say, and nothing besides.
//! Members are never renamed; what is not known is left out.

use serde::Serialize;

use super::query::KINDS;
use super::{List, Query};
use crate::config;
use crate::json::Shown;
use crate::serve::{Basis, kind, watched};
use crate::snapshot::{OriginView, PoolView, Transition, VoteView};
use crate::units::{Name, Timestamp};
use crate::vote::Opinion;

type Time = Shown<Timestamp>;

/// A pool.
#[derive(Serialize)]
pub(in crate::serve) struct Pool<'a> {
    name: &'a Name,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<&'a str>,
    status: &'static str,
    since: Time,
    valid_until: Time,
    reason: &'a str,
    revision: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    chosen: Option<&'a Name>,
    panic: bool,
    origins: Vec<&'a Name>,
}

/// A monitor.
#[derive(Serialize)]
pub(super) struct Monitor<'a> {
    name: &'a Name,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    tags: &'a [String],
    status: &'static str,
    since: Time,
    valid_until: Time,
    reason: String,
}

/// An origin, or a job that reports by itself.
#[derive(Serialize)]
pub(super) struct Origin<'a> {
    pool: &'a Name,
    name: &'a Name,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
    priority: u32,
    status: &'static str,
    since: Time,
    valid_until: Time,
    reason: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    next: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    falls: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    heartbeat_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    heartbeat_due: Option<Time>,
}

/// A vote, and what the last probe behind it measured.
#[derive(Serialize)]
pub(super) struct Vote<'a> {
    pool: &'a Name,
    origin: &'a Name,
    vantage: &'a Name,
    opinion: &'static str,
    since: Time,
    observed_at: Time,
    expires_at: Time,
    reason: &'a str,
    success: bool,
    warned: bool,
    run: u32,
    need: u32,
    duration_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_code: Option<u16>,
    cache_class: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    database_calls: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    database_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    colo: Option<&'a str>,
}

/// Something that changed.
#[derive(Serialize)]
pub(in crate::serve) struct Event<'a> {
    at: Time,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pool: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<&'static str>,
    reason: &'a str,
}

impl Event<'_> {
    /// When it changed.
    pub(super) const fn at(&self) -> Timestamp {
        self.at.0
    }
}

/// The members of a list's documents.
pub(in crate::serve) fn fields(list: List) -> Vec<&'static str> {
    let names = match list {
        List::Pools => "name kind title group status since valid_until reason revision chosen panic origins",
        List::Monitors => "name kind title group description link tags status since valid_until reason",
        List::Origins => {
            "pool name url priority status since valid_until reason next evidence_at falls heartbeat_at heartbeat_due"
        }
        List::Votes => {
            "pool origin vantage opinion since observed_at expires_at reason success warned run need duration_ms \
             status_code cache_class database_calls database_ms colo"
        }
        List::Events => "at kind pool origin channel from to reason",
    };
    names.split(' ').collect()
}

/// Whether a filter lets something through.
fn lets(filter: Option<&String>, name: &str) -> bool {
    filter.is_none_or(|filter| filter == name)
}

/// The pools that a query is about, each with its configuration.
fn found<'a>(
    basis: &Basis<'a>,
    query: &Query,
) -> impl Iterator<Item = (&'a config::Pool, &'a PoolView)> + use<'a> {
    let pool = query.pool.clone();
    watched::pools(basis).filter(move |(_, view)| lets(pool.as_ref(), view.name.as_str()))
}

/// Pools in the order of the configuration.
pub(super) fn pools<'a>(basis: &Basis<'a>, query: &Query) -> impl Iterator<Item = Pool<'a>> + use<'a> {
    let now = basis.now;
    found(basis, query).map(move |(known, view)| pool(known, view, now))
}

/// A pool, as a member of the list and as an event.
pub(in crate::serve) fn pool<'a>(pool: &'a config::Pool, view: &'a PoolView, now: Timestamp) -> Pool<'a> {
    Pool {
        name: &view.name,
        kind: kind(pool),
        title: pool.about.title.as_deref(),
        group: pool.about.group.as_deref(),
        status: view.status_at(now).as_str(),
        since: Shown(view.since),
        valid_until: Shown(view.valid_until),
        reason: &view.choice,
        revision: view.revision,
        chosen: view.chosen.as_ref(),
        panic: view.panic,
        origins: view.origins.iter().map(|origin| &origin.name).collect(),
    }
}

/// Monitors in the order of the configuration.
pub(super) fn monitors<'a>(basis: &Basis<'a>, query: &Query) -> impl Iterator<Item = Monitor<'a>> + use<'a> {
    let now = basis.now;
    found(basis, query).filter(|(pool, _)| pool.monitor).filter_map(move |(pool, view)| {
        let origin = view.origins.first()?;
        Some(Monitor {
            name: &view.name,
            kind: if pool.heartbeats.is_empty() { "origin" } else { "heartbeat" },
            title: pool.about.title.as_deref(),
            group: pool.about.group.as_deref(),
            description: pool.about.description.as_deref(),
            link: pool.about.link.as_deref(),
            tags: &pool.about.tags,
            status: origin.status_at(now).as_str(),
            since: Shown(origin.since_at(now)),
            valid_until: Shown(origin.valid_until),
            reason: origin.reason_at(now),
        })
    })
}

/// The origins that a query is about, each with its pool.
fn subjects<'a>(
    basis: &Basis<'a>,
    query: &Query,
) -> impl Iterator<Item = (&'a PoolView, &'a OriginView)> + use<'a> {
    let origin = query.origin.clone();
    let all = found(basis, query).flat_map(|(_, pool)| pool.origins.iter().map(move |origin| (pool, origin)));
    all.filter(move |(_, view)| lets(origin.as_ref(), view.name.as_str()))
}

/// Origins and jobs in the order of the configuration.
pub(super) fn origins<'a>(basis: &Basis<'a>, query: &Query) -> impl Iterator<Item = Origin<'a>> + use<'a> {
    let now = basis.now;
    subjects(basis, query).map(move |(pool, view)| {
        let status = view.status_at(now);
        Origin {
            pool: &pool.name,
            name: &view.name,
            url: view.url.as_deref(),
            priority: view.priority,
            status: status.as_str(),
            since: Shown(view.since_at(now)),
            valid_until: Shown(view.valid_until),
            reason: view.reason_at(now),
            // What is said to come next holds only while the verdict does.
            next: if status == view.status { &view.next } else { "" },
            evidence_at: view.oldest.map(Shown),
            falls: view.falls,
            heartbeat_at: view.beat.as_ref().and_then(|beat| beat.last).map(Shown),
            heartbeat_due: view.beat.as_ref().and_then(|beat| beat.due).map(Shown),
        }
    })
}

/// Votes in the order of the configuration.
pub(super) fn votes<'a>(basis: &Basis<'a>, query: &Query) -> impl Iterator<Item = Vote<'a>> + use<'a> {
    let (now, vantage) = (basis.now, query.vantage.clone());
    let all = subjects(basis, query)
        .flat_map(|(pool, origin)| origin.votes.iter().map(move |vote| (&pool.name, &origin.name, vote)));
    let from = all.filter(move |(_, _, vote)| lets(vantage.as_ref(), vote.vantage.as_str()));
    from.map(move |(pool, origin, vote)| Vote {
        pool,
        origin,
        vantage: &vote.vantage,
        opinion: opinion(vote, now),
        since: Shown(vote.since),
        observed_at: Shown(vote.observed),
        expires_at: Shown(vote.expires),
        reason: &vote.reason,
        success: vote.failed != Some(true),
        warned: vote.warned,
        run: vote.run,
        need: vote.need,
        duration_ms: vote.latency.get(),
        status_code: vote.code,
        cache_class: vote.cache.as_str(),
        database_calls: vote.database.calls,
        database_ms: vote.database.time.map(crate::units::Millis::get),
        colo: vote.colo.as_deref(),
    })
}

const fn opinion(vote: &VoteView, now: Timestamp) -> &'static str {
    if now.as_millis() >= vote.expires.as_millis() {
        return "expired";
    }
    match vote.opinion {
        Opinion::Undecided => "undecided",
        Opinion::Pass => "pass",
        Opinion::Fail => "fail",
    }
}

/// Events, the latest first.
pub(super) fn events<'a>(basis: &Basis<'a>, query: &Query) -> impl Iterator<Item = Event<'a>> + use<'a> {
    let Query { pool, origin, kind, since, .. } = query.clone();
    basis.snapshot.events.iter().map(event).filter(move |event| {
        let has = |filter: &Option<String>, name: Option<&str>| {
            filter.as_ref().is_none_or(|filter| name == Some(filter.as_str()))
        };
        has(&pool, event.pool)
            && has(&origin, event.origin)
            && kind.is_none_or(|kind| kind == event.kind)
            && since.is_none_or(|since| event.at() >= since)
    })
}

/// Something that changed, as a member of the list and as an event of a stream.
pub(in crate::serve) fn event(transition: &Transition) -> Event<'_> {
    let Transition { at, subject, from, to, reason } = transition;
    let [pool, origin, undelivered] = KINDS;
    if from == to {
        let channel = Some(subject.as_str());
        return Event {
            at: Shown(*at),
            kind: undelivered,
            pool: None,
            origin: None,
            channel,
            from: None,
            to: None,
            reason,
        };
    }
    Event {
        at: Shown(*at),
        kind: if transition.origin().is_some() { origin } else { pool },
        pool: Some(transition.pool()),
        origin: transition.origin(),
        channel: None,
        from: Some(from.as_str()),
        to: Some(to.as_str()),
        reason,
    }
}
