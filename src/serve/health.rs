//! Health as `application/health+json` (draft-inadarei-api-health-check-06) or as one word.
//!
//! Unknown is served as `warn` with its reason. The body holds absolute times only, so that its
//! `ETag` lasts while nothing changes but the clock.

use std::borrow::Cow;
use std::fmt;

use serde::{Serialize, Serializer};

use super::{Codes, Format, etag, freshness};
use crate::answer::Answer;
use crate::json::{self, Shown};
use crate::snapshot::{BeatView, OriginView, PoolView, Snapshot, VoteView};
use crate::units::{Name, Timestamp};
use crate::verdict::{self, Status};
use crate::vote::Opinion;

/// What health is asked of, and in which form.
pub(super) struct Question<'a> {
    pub(super) pool: Option<&'a str>,
    pub(super) origin: Option<&'a str>,
    pub(super) format: Format,
    pub(super) codes: Codes,
}

/// Health of the whole, of a pool or of an origin.
pub(super) fn answer(snapshot: &Snapshot, asked: &Question<'_>, now: Timestamp) -> Answer {
    let Question { pool, origin, format, codes } = *asked;
    let pools: Vec<&PoolView> =
        snapshot.pools.iter().filter(|view| pool.is_none_or(|pool| view.name.as_str() == pool)).collect();
    let origins: Vec<(&PoolView, &OriginView)> = pools
        .iter()
        .flat_map(|pool| pool.origins.iter().map(|view| (*pool, view)))
        .filter(|(_, view)| origin.is_none_or(|origin| view.name.as_str() == origin))
        .collect();
    let status = match (pool, origin) {
        (_, Some(_)) => origins.first().map_or(Status::Unknown, |(_, view)| view.status_at(now)),
        (Some(_) | None, None) => verdict::worst(pools.iter().map(|pool| pool.status_at(now))),
    };
    // What has expired keeps the code that it had: to whoever looks at codes alone, silence is no
    // recovery.
    let failed = match (pool, origin) {
        (_, Some(_)) => origins.iter().any(|(_, view)| view.last_known() == Status::Fail),
        (Some(_) | None, None) => pools.iter().any(|pool| has_failed(pool, now)),
    };
    let mut headers = freshness(snapshot.taken_at, origins.iter().map(|(_, view)| *view), now);
    let (kind, body) = match format {
        Format::Text => ("text/plain; charset=utf-8", format!("{}\n", served(status))),
        Format::Word => ("text/plain; charset=utf-8", served(status).to_owned()),
        Format::Json | Format::Redirect | Format::RedirectUnknown => {
            ("application/health+json", document(status, Scope { pool, origin }, &pools, &origins, now))
        }
    };
    headers.push(("vedette-status", status.as_str().to_owned()));
    headers.push(("content-type", kind.to_owned()));
    headers.push(("etag", etag(&body)));
    let code = match status {
        Status::Pass => 200,
        Status::Warn => codes.warn.unwrap_or(200),
        Status::Unknown => codes.unknown.unwrap_or(if failed { 503 } else { 200 }),
        Status::Fail => 503,
    };
    Answer { status: code, headers, body }
}

/// Whether a pool of which nothing fresh is known failed when something was.
fn has_failed(pool: &PoolView, now: Timestamp) -> bool {
    let known: Vec<Status> = pool.origins.iter().map(OriginView::last_known).collect();
    pool.status_at(now) == Status::Unknown && verdict::pool_status(&known) == Status::Fail
}

/// The status word that is served: unknown counts as warn.
const fn served(status: Status) -> &'static str {
    match status {
        Status::Pass => "pass",
        Status::Warn | Status::Unknown => "warn",
        Status::Fail => "fail",
    }
}

/// The document.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    status: &'static str,
    version: &'static str,
    release_id: &'static str,
    service_id: &'a str,
    description: Shown<fmt::Arguments<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    notes: Option<[&'static str; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<String>,
    #[serde(serialize_with = "members")]
    checks: &'a [(String, Vec<Check<'a>>)],
}

/// One measurement of one component; what it does not have is left out.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Check<'a> {
    component_type: &'static str,
    observed_value: Observed<'a>,
    status: &'static str,
    time: Shown<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    component_id: Option<&'a Name>,
    #[serde(skip_serializing_if = "Option::is_none")]
    observed_unit: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    due: Option<Shown<Timestamp>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    panic: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    falls: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    colo: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    need: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<Shown<Timestamp>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_until: Option<Shown<Timestamp>>,
}

/// What was observed.
#[derive(Clone, Copy, Default, Serialize)]
#[serde(untagged)]
enum Observed<'a> {
    #[default]
    Nothing,
    Word(&'a str),
    Count(u64),
    Time(Shown<Timestamp>),
}

/// Writes checks as one object, in their order.
fn members<S: Serializer>(checks: &[(String, Vec<Check<'_>>)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(checks.iter().map(|(name, checks)| (name, checks)))
}

/// What a document is about: the whole, a pool, or one origin of it.
#[derive(Clone, Copy)]
struct Scope<'a> {
    pool: Option<&'a str>,
    origin: Option<&'a str>,
}

fn document(
    status: Status,
    scope: Scope<'_>,
    pools: &[&PoolView],
    origins: &[(&PoolView, &OriginView)],
    now: Timestamp,
) -> String {
    let Scope { pool, origin } = scope;
    let mut checks = Vec::new();
    if origin.is_none() {
        for pool in pools {
            checks.push((format!("{}:verdict", pool.name), vec![pool_check(pool, now)]));
        }
    }
    for (pool_view, view) in origins {
        let component = format!("{}/{}", pool_view.name, view.name);
        checks.push((format!("{component}:verdict"), vec![origin_check(view, now)]));
        if let Some(beat) = &view.beat {
            checks.push((format!("{component}:heartbeat"), vec![beat_check(view, beat, now)]));
        }
        if pool.is_some() {
            measurements(&component, view, now, &mut checks);
        }
    }
    let troubled: Vec<String> = origins
        .iter()
        .filter(|(_, view)| view.status_at(now) != Status::Pass)
        .map(|(pool, view)| {
            format!("{}/{} {}: {}", pool.name, view.name, view.status_at(now).as_str(), view.reason_at(now))
        })
        .collect();
    let service = match (pool, origin) {
        (Some(pool), Some(origin)) => format!("{pool}/{origin}"),
        (Some(pool), None) => pool.to_owned(),
        (None, _) => "vedette".to_owned(),
    };
    let of_jobs = pool.is_some() && origins.iter().all(|(_, view)| view.beat.is_some());
    let source = if of_jobs { "its heartbeats tell" } else { "its vantages see" };
    let note = "unknown is served as warn: there is not enough fresh evidence";
    json::write(&Document {
        status: served(status),
        version: "1",
        release_id: env!("CARGO_PKG_VERSION"),
        service_id: &service,
        description: Shown(format_args!("health of {service} as {source} it")),
        notes: (status == Status::Unknown).then_some([note]),
        output: (!troubled.is_empty()).then(|| troubled.join("\n")),
        checks: &checks,
    })
}

fn pool_check(pool: &PoolView, now: Timestamp) -> Check<'_> {
    let status = pool.status_at(now);
    Check {
        component_type: "system",
        observed_value: Observed::Word(status.as_str()),
        status: served(status),
        time: Shown(pool.oldest().unwrap_or(pool.since)),
        output: Some(pool.choice.as_str().into()),
        panic: pool.panic.then_some(true),
        since: Some(Shown(pool.since)),
        valid_until: Some(Shown(pool.valid_until)),
        ..Check::default()
    }
}

fn origin_check(view: &OriginView, now: Timestamp) -> Check<'_> {
    let status = view.status_at(now);
    // What is said to come next holds only while the verdict does.
    let next = (status == view.status).then_some(view.next.as_str());
    Check {
        component_type: "component",
        observed_value: Observed::Word(status.as_str()),
        status: served(status),
        time: Shown(view.oldest.unwrap_or(view.since)),
        output: Some(view.reason_at(now).into()),
        next: next.filter(|next| !next.is_empty()),
        falls: view.falls,
        since: Some(Shown(view.since_at(now))),
        valid_until: Some(Shown(view.valid_until)),
        ..Check::default()
    }
}

/// When the last heartbeat of a job came, and when silence becomes a failure.
fn beat_check<'a>(view: &OriginView, beat: &'a BeatView, now: Timestamp) -> Check<'a> {
    Check {
        component_type: "component",
        observed_value: beat.last.map_or(Observed::Nothing, |last| Observed::Time(Shown(last))),
        status: served(view.status_at(now)),
        time: Shown(beat.last.unwrap_or(view.since)),
        due: beat.due.map(Shown),
        output: beat.deaf.as_deref().map(Cow::from),
        ..Check::default()
    }
}

/// One measurement of a vote's last sample.
fn vote_check<'a>(vote: &'a VoteView, observed: Observed<'a>, now: Timestamp) -> Check<'a> {
    Check {
        component_type: "component",
        observed_value: observed,
        status: vote_status(vote, now),
        time: Shown(vote.observed),
        component_id: Some(&vote.vantage),
        ..Check::default()
    }
}

/// What a vote's last sample measured, by the name of the measurement.
fn measured<'a>(vote: &'a VoteView, what: &str) -> Option<(Observed<'a>, Option<&'static str>)> {
    Some(match what {
        "responseTime" => (Observed::Count(vote.latency.get()), Some("ms")),
        "cacheClass" => (Observed::Word(vote.cache.as_str()), None),
        "statusCode" => (Observed::Count(vote.code?.into()), None),
        "databaseCalls" => (Observed::Count(vote.database.calls?.into()), Some("calls")),
        "databaseTime" => (Observed::Count(vote.database.time?.get()), Some("ms")),
        _ => return None,
    })
}

/// Every vantage's vote and what it measured, one entry per vantage.
fn measurements<'a>(
    component: &str,
    view: &'a OriginView,
    now: Timestamp,
    checks: &mut Vec<(String, Vec<Check<'a>>)>,
) {
    let mut put = |what: &str, entries: Vec<Check<'a>>| {
        if !entries.is_empty() {
            checks.push((format!("{component}:{what}"), entries));
        }
    };
    for what in ["responseTime", "cacheClass", "statusCode", "databaseCalls", "databaseTime"] {
        let entries = view.votes.iter().filter_map(|vote| {
            let (observed, unit) = measured(vote, what)?;
            Some(Check { observed_unit: unit, ..vote_check(vote, observed, now) })
        });
        put(what, entries.collect());
    }
    let votes = view.votes.iter().map(|vote| Check {
        output: Some(vote.reason.as_str().into()),
        colo: vote.colo.as_deref(),
        run: Some(vote.run),
        need: Some(vote.need),
        since: Some(Shown(vote.since)),
        valid_until: Some(Shown(vote.expires)),
        ..vote_check(vote, Observed::Word(opinion(vote, now)), now)
    });
    put("vote", votes.collect());
}

fn opinion(vote: &VoteView, now: Timestamp) -> &'static str {
    match (now < vote.expires, vote.opinion) {
        (false, _) => "expired",
        (true, Opinion::Undecided) => "undecided",
        (true, Opinion::Pass) => "pass",
        (true, Opinion::Fail) => "fail",
    }
}

fn vote_status(vote: &VoteView, now: Timestamp) -> &'static str {
    match (now < vote.expires, vote.opinion) {
        (false, _) | (true, Opinion::Undecided) => "warn",
        (true, Opinion::Pass) if vote.warned => "warn",
        (true, Opinion::Pass) => "pass",
        (true, Opinion::Fail) => "fail",
    }
}
