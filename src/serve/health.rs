//! Health as `application/health+json` (draft-inadarei-api-health-check-06) or as one word.
//!
//! Unknown is served as `warn` with its reason. The body holds absolute times only, so that its `ETag` lasts while nothing
//! changes but the clock.

use serde::Serialize;

use super::{Answer, Format, etag, freshness};
use crate::snapshot::{OriginView, PoolView, Snapshot, VoteView};
use crate::units::{Map, Timestamp};
use crate::verdict::{self, Status};
use crate::vote::Opinion;

/// The document.
#[derive(Serialize)]
struct Document {
    status: &'static str,
    version: &'static str,
    #[serde(rename = "releaseId")]
    release: &'static str,
    #[serde(rename = "serviceId")]
    service: String,
    description: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<String>,
    checks: Map<String, Vec<Check>>,
}

/// One measurement of one component.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Check {
    #[serde(skip_serializing_if = "Option::is_none")]
    component_id: Option<String>,
    component_type: &'static str,
    observed_value: serde_json::Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    observed_unit: Option<&'static str>,
    status: &'static str,
    time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_until: Option<String>,
}

/// Health of the whole, of a pool or of an origin.
pub(super) fn answer(
    snapshot: &Snapshot,
    (pool, origin): (Option<&str>, Option<&str>),
    format: Format,
    now: Timestamp,
) -> Answer {
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
    let oldest = origins.iter().filter_map(|(_, view)| view.oldest).min();
    let mut headers = freshness(oldest, now);
    let (kind, body) = match format {
        Format::Text => ("text/plain; charset=utf-8", format!("{}\n", served(status))),
        Format::Json | Format::Redirect => {
            ("application/health+json", document(status, (pool, origin), &pools, &origins, now))
        }
    };
    headers.push(("content-type", kind.to_owned()));
    headers.push(("etag", etag(&body)));
    Answer { status: if status == Status::Fail { 503 } else { 200 }, headers, body }
}

/// The status word that is served: unknown counts as warn.
const fn served(status: Status) -> &'static str {
    match status {
        Status::Pass => "pass",
        Status::Warn | Status::Unknown => "warn",
        Status::Fail => "fail",
    }
}

fn document(
    status: Status,
    (pool, origin): (Option<&str>, Option<&str>),
    pools: &[&PoolView],
    origins: &[(&PoolView, &OriginView)],
    now: Timestamp,
) -> String {
    let mut checks = Map::new();
    if origin.is_none() {
        for pool in pools {
            checks.insert(format!("{}:verdict", pool.name), vec![pool_check(pool, now)]);
        }
    }
    for (pool_view, view) in origins {
        let component = format!("{}/{}", pool_view.name, view.name);
        checks.insert(format!("{component}:verdict"), vec![origin_check(view, now)]);
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
    let document = Document {
        status: served(status),
        version: "1",
        release: env!("CARGO_PKG_VERSION"),
        description: format!("health of {service} as its vantages see it"),
        service,
        notes: (status == Status::Unknown)
            .then(|| "unknown is served as warn: there is not enough fresh evidence".to_owned())
            .into_iter()
            .collect(),
        output: (!troubled.is_empty()).then(|| troubled.join("\n")),
        checks,
    };
    serde_json::to_string(&document).unwrap_or_default()
}

fn pool_check(pool: &PoolView, now: Timestamp) -> Check {
    let status = pool.status_at(now);
    Check {
        component_type: "system",
        observed_value: status.as_str().into(),
        status: served(status),
        time: pool.oldest().unwrap_or(pool.since).to_string(),
        output: Some(pool.choice.clone()),
        since: Some(pool.since.to_string()),
        valid_until: Some(pool.valid_until.to_string()),
        ..Check::default()
    }
}

fn origin_check(view: &OriginView, now: Timestamp) -> Check {
    let status = view.status_at(now);
    Check {
        component_type: "component",
        observed_value: status.as_str().into(),
        status: served(status),
        time: view.oldest.unwrap_or(view.since).to_string(),
        output: Some(view.reason_at(now)),
        since: Some(view.since.to_string()),
        valid_until: Some(view.valid_until.to_string()),
        ..Check::default()
    }
}

/// Every vantage's vote and what it measured, one entry per vantage.
fn measurements(component: &str, view: &OriginView, now: Timestamp, checks: &mut Map<String, Vec<Check>>) {
    for vote in &view.votes {
        let mut add = |measurement: &str, value: serde_json::Value, unit: Option<&'static str>| {
            let check = Check {
                component_id: Some(vote.vantage.to_string()),
                component_type: "component",
                observed_value: value,
                observed_unit: unit,
                status: vote_status(vote, now),
                time: vote.observed.to_string(),
                ..Check::default()
            };
            checks.entry(format!("{component}:{measurement}")).or_default().push(check);
        };
        add("responseTime", vote.latency.get().into(), Some("ms"));
        add("cacheClass", vote.cache.as_str().into(), None);
        if let Some(code) = vote.code {
            add("statusCode", code.into(), None);
        }
        if let Some(calls) = vote.database.calls {
            add("databaseCalls", calls.into(), Some("calls"));
        }
        if let Some(time) = vote.database.time {
            add("databaseTime", time.get().into(), Some("ms"));
        }
        let check = Check {
            component_id: Some(vote.vantage.to_string()),
            component_type: "component",
            observed_value: opinion(vote, now).into(),
            status: vote_status(vote, now),
            time: vote.observed.to_string(),
            output: Some(vote.reason.clone()),
            since: Some(vote.since.to_string()),
            valid_until: Some(vote.expires.to_string()),
            ..Check::default()
        };
        checks.entry(format!("{component}:vote")).or_default().push(check);
    }
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
