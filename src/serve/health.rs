//! Health as `application/health+json` (draft-inadarei-api-health-check-06) or as one word.
//!
//! Unknown is served as `warn` with its reason. The body holds absolute times only, so that its `ETag` lasts while nothing
//! changes but the clock.

use miniserde::Serialize;

use super::{Codes, Format, etag, freshness};
use crate::answer::Answer;
use crate::json::{self, Object};
use crate::snapshot::{BeatView, OriginView, PoolView, Snapshot, VoteView};
use crate::units::Timestamp;
use crate::verdict::{self, Status};
use crate::vote::Opinion;

/// Health of the whole, of a pool or of an origin.
pub(super) fn answer(
    snapshot: &Snapshot,
    (pool, origin): (Option<&str>, Option<&str>),
    (format, codes): (Format, Codes),
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
    // What has expired keeps the code that it had: to whoever looks at codes alone, silence is no recovery.
    let failed = match (pool, origin) {
        (_, Some(_)) => origins.iter().any(|(_, view)| view.status == Status::Fail),
        (Some(_) | None, None) => pools.iter().any(|pool| has_failed(pool, now)),
    };
    let oldest = origins.iter().filter_map(|(_, view)| view.oldest).min();
    let mut headers = freshness(oldest, now);
    let (kind, body) = match format {
        Format::Text => ("text/plain; charset=utf-8", format!("{}\n", served(status))),
        Format::Word => ("text/plain; charset=utf-8", served(status).to_owned()),
        Format::Json | Format::Redirect => {
            ("application/health+json", document(status, (pool, origin), &pools, &origins, now))
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
    let known: Vec<Status> = pool.origins.iter().map(|origin| origin.status).collect();
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

fn document(
    status: Status,
    (pool, origin): (Option<&str>, Option<&str>),
    pools: &[&PoolView],
    origins: &[(&PoolView, &OriginView)],
    now: Timestamp,
) -> String {
    let mut checks = Object::new();
    if origin.is_none() {
        for pool in pools {
            checks.put_json(&format!("{}:verdict", pool.name), &json::array(&[pool_check(pool, now)]));
        }
    }
    for (pool_view, view) in origins {
        let component = format!("{}/{}", pool_view.name, view.name);
        checks.put_json(&format!("{component}:verdict"), &json::array(&[origin_check(view, now)]));
        if let Some(beat) = &view.beat {
            checks.put_json(&format!("{component}:heartbeat"), &json::array(&[beat_check(view, beat, now)]));
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
    let mut document = Object::new();
    document.put("status", served(status)).put("version", "1").put("releaseId", env!("CARGO_PKG_VERSION"));
    document.put("serviceId", &service);
    let of_jobs = pool.is_some() && origins.iter().all(|(_, view)| view.beat.is_some());
    let source = if of_jobs { "its heartbeats tell" } else { "its vantages see" };
    document.put("description", &["health of ", &service, " as ", source, " it"].concat());
    if status == Status::Unknown {
        let note = "unknown is served as warn: there is not enough fresh evidence";
        document.put_json("notes", &json::array(&[json::write(note)]));
    }
    document.put_some("output", (!troubled.is_empty()).then(|| troubled.join("\n")));
    document.put_json("checks", &checks.end());
    document.end()
}

fn pool_check(pool: &PoolView, now: Timestamp) -> String {
    let since = pool.oldest().unwrap_or(pool.since);
    let mut check = check("system", &pool.status_at(now).as_str(), served(pool.status_at(now)), since);
    check.put("output", &pool.choice);
    if pool.panic {
        check.put("panic", &true);
    }
    lasting(&mut check, pool.since, pool.valid_until)
}

fn origin_check(view: &OriginView, now: Timestamp) -> String {
    let status = view.status_at(now);
    let since = view.oldest.unwrap_or(view.since);
    let mut check = check("component", &status.as_str(), served(status), since);
    check.put("output", &view.reason_at(now));
    // What is said to come next holds only while the verdict does.
    if status == view.status && !view.next.is_empty() {
        check.put("next", &view.next);
    }
    check.put_some("falls", view.falls);
    lasting(&mut check, view.since_at(now), view.valid_until)
}

/// When the last heartbeat of a job came, and when silence becomes a failure.
fn beat_check(view: &OriginView, beat: &BeatView, now: Timestamp) -> String {
    let at = beat.last.unwrap_or(view.since);
    let last = beat.last.map(|last| last.to_string());
    let mut check = check("component", &last, served(view.status_at(now)), at);
    check.put_some("due", beat.due.map(|due| due.to_string())).put_some("output", beat.deaf.as_ref()).end()
}

/// One measurement of one component.
fn check(component: &str, observed: &dyn Serialize, status: &str, at: Timestamp) -> Object {
    let mut check = Object::new();
    check.put("componentType", component).put("observedValue", observed).put("status", status);
    check.put("time", &at.to_string());
    check
}

fn lasting(check: &mut Object, since: Timestamp, until: Timestamp) -> String {
    check.put("since", &since.to_string()).put("validUntil", &until.to_string()).end()
}

/// What a vote's last sample measured, by the name of the measurement.
fn measured<'a>(vote: &'a VoteView, what: &str) -> Option<(Box<dyn Serialize + 'a>, Option<&'static str>)> {
    Some(match what {
        "responseTime" => (Box::new(vote.latency), Some("ms")),
        "cacheClass" => (Box::new(vote.cache.as_str()), None),
        "statusCode" => (Box::new(vote.code?), None),
        "databaseCalls" => (Box::new(vote.database.calls?), Some("calls")),
        "databaseTime" => (Box::new(vote.database.time?), Some("ms")),
        _ => return None,
    })
}

/// Every vantage's vote and what it measured, one entry per vantage.
fn measurements(component: &str, view: &OriginView, now: Timestamp, checks: &mut Object) {
    for what in ["responseTime", "cacheClass", "statusCode", "databaseCalls", "databaseTime"] {
        let entries: Vec<String> = view
            .votes
            .iter()
            .filter_map(|vote| {
                let (value, unit) = measured(vote, what)?;
                let mut check = check("component", &*value, vote_status(vote, now), vote.observed);
                Some(check.put("componentId", &vote.vantage).put_some("observedUnit", unit).end())
            })
            .collect();
        if !entries.is_empty() {
            checks.put_json(&format!("{component}:{what}"), &json::array(&entries));
        }
    }
    let votes: Vec<String> = view
        .votes
        .iter()
        .map(|vote| {
            let mut check = check("component", &opinion(vote, now), vote_status(vote, now), vote.observed);
            check.put("componentId", &vote.vantage).put("output", &vote.reason);
            check.put_some("colo", vote.colo.as_ref());
            check.put("run", &vote.run).put("need", &vote.need);
            lasting(&mut check, vote.since, vote.expires)
        })
        .collect();
    if !votes.is_empty() {
        checks.put_json(&format!("{component}:vote"), &json::array(&votes));
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
