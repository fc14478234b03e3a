//! The route table: method and target → what is asked for.
//!
//! Paths are matched as sent. Names have no character that needs an escape, so an escaped path
//! names nothing of ours.

use std::borrow::Cow;

use super::badge::badge;
use super::changes::{self, Done};
use super::chronicle::chronicle;
use super::dossier::{Whose, dossier};
use super::parameters::{code, format, only, parameter, signal_format, wait};
use super::recorded::{Kind, recorded};
use super::target::{BEAT, READ};
use super::{Ask, Codes, Exposition, Fixed, List, Target, View, api, beat, gate, problem};
use crate::answer::{self, Answer};
use crate::path::{MAX_TARGET, plain};

/// Every path, as `find` matches it.
pub const PATHS: [&str; 47] = [
    "/",
    "/pool/{pool}",
    "/pool/{pool}/{origin}",
    "/monitor/{pool}",
    "/incidents",
    "/incident/{id}",
    "/changes",
    "/change/{id}",
    "/status",
    "/badge/{badge}",
    "/feed.atom",
    "/style.css",
    "/charts.css",
    "/page.js",
    "/sign-in",
    "/sign-out",
    "/livez",
    "/readyz",
    "/metrics",
    "/health",
    "/health/{pool}",
    "/health/{pool}/{origin}",
    "/v1/announcement",
    "/v1/audit",
    "/v1/stream",
    "/v1/stream/{pool}",
    "/v1/history/{pool}/{origin}",
    "/v1/samples/{pool}/{origin}",
    "/v1/availability/{pool}",
    "/v1/availability/{pool}/{origin}",
    "/v1/incidents",
    "/v1/incidents/{id}/notes",
    "/v1/incidents/{id}",
    "/v1/changes",
    "/v1/changes/{id}/applied",
    "/v1/changes/{id}/closed",
    "/v1/changes/{id}",
    "/v1/purge",
    "/v1/heartbeat/{token}",
    "/openapi.json",
    "/v1/pools",
    "/v1/pools/{pool}",
    "/v1/monitors",
    "/v1/origins",
    "/v1/votes",
    "/v1/events",
    "/route/{pool}",
];

/// Finds what a request asks for.
///
/// # Errors
/// The answer for a request that asks for nothing we have: 404, 405, 414 or 400.
pub(super) fn find(ask: &Ask<'_>) -> Result<Target, Answer> {
    if ask.target.len() > MAX_TARGET {
        let detail =
            format!("The request target is {} bytes long; at most {MAX_TARGET} are read.", ask.target.len());
        return Err(answer::problem(414, "uri-too-long", "URI too long", &detail));
    }
    let (path, query) = ask.target.split_once('?').unwrap_or((ask.target, ""));
    if let Some(refused) = gate::token_in(query) {
        return Err(refused);
    }
    let path = &*usual(path);
    // To another method it is the same what is asked: it is not answered at all.
    let query = if READ.contains(&ask.method) || is_of_jobs(path) { query } else { "" };
    let parts: Vec<&str> = path.strip_prefix('/').unwrap_or(path).splitn(4, '/').collect();
    let target = row(&parts, query, ask)?;
    if let Target::Beat { .. } = target {
        return if BEAT.contains(&ask.method) { Ok(target) } else { Err(beat::only_post()) };
    }
    let methods = target.methods();
    if ask.method == "OPTIONS" || methods.contains(&ask.method) {
        Ok(target)
    } else {
        Err(problem::method(methods))
    }
}

/// The row that the parts of a path name.
fn row(parts: &[&str], query: &str, ask: &Ask<'_>) -> Result<Target, Answer> {
    Ok(match parts {
        [""] => Target::View(View::Page),
        ["pool", pool] => dossier(Whose::Pool, pool, None, query)?,
        ["pool", pool, origin] => dossier(Whose::Origin, pool, Some(origin), query)?,
        ["monitor", pool] => dossier(Whose::Monitor, pool, None, query)?,
        ["incidents"] => chronicle(None, query)?,
        ["incident", id] => chronicle(Some(id), query)?,
        ["changes"] => changes::page(None, query)?,
        ["change", id] => changes::page(Some(id), query)?,
        ["status"] => Target::View(View::Status),
        ["badge", badge] => self::badge(badge, query)?,
        ["feed.atom"] => Target::View(View::Feed),
        ["style.css"] => Target::Fixed(Fixed::Style),
        ["charts.css"] => Target::Fixed(Fixed::ChartsStyle),
        ["page.js"] => Target::Fixed(Fixed::Script),
        ["sign-in"] => Target::SignIn { post: ask.method == "POST" },
        ["sign-out"] => Target::SignOut,
        ["livez"] => Target::Fixed(Fixed::Live),
        ["readyz"] => Target::View(View::Ready { verbose: parameter(query, "verbose").is_some() }),
        ["metrics"] => metrics(query, ask)?,
        ["health"] => health(None, None, query)?,
        ["health", pool] => health(Some(pool), None, query)?,
        ["health", pool, origin] => health(Some(pool), Some(origin), query)?,
        ["v1", "announcement"] if ["PUT", "DELETE"].contains(&ask.method) => Target::Announce,
        ["v1", "announcement"] => Target::View(View::Announcement),
        ["v1", "audit"] => Target::Audit,
        ["v1", "stream"] => Target::Stream { pool: None },
        ["v1", "stream", pool] => Target::Stream { pool: Some((*pool).to_owned()) },
        ["v1", "history", pool, origin] => recorded(Kind::History, pool, Some(origin), query),
        ["v1", "samples", pool, origin] => recorded(Kind::Samples, pool, Some(origin), query),
        ["v1", "availability", pool] => recorded(Kind::Availability, pool, None, query),
        ["v1", "availability", pool, origin] => recorded(Kind::Availability, pool, Some(origin), query),
        ["v1", "incidents"] => recorded(Kind::Incidents, "", None, query),
        ["v1", "incidents", id, "notes"] => Target::Note { incident: (*id).to_owned() },
        ["v1", "incidents", id] => recorded(Kind::Incident, id, None, query),
        ["v1", "changes"] if ask.method == "POST" => Target::Change(Done::Start),
        ["v1", "changes"] => recorded(Kind::Changes, "", None, query),
        ["v1", "changes", id, "applied"] => Target::Change(Done::Apply((*id).to_owned())),
        ["v1", "changes", id, "closed"] => Target::Change(Done::Close((*id).to_owned())),
        ["v1", "changes", id] => recorded(Kind::Change, id, None, query),
        ["v1", "purge"] => Target::Purge,
        ["v1", "heartbeat", token] => beating(token, query)?,
        ["v1", "heartbeat", _, _] => return Err(beat::not_said()),
        ["openapi.json"] => Target::Fixed(Fixed::OpenApi),
        ["v1", "pools"] => api::target(List::Pools, None, query, ask)?,
        ["v1", "pools", pool] => api::target(List::Pools, Some(pool), query, ask)?,
        ["v1", "monitors"] => api::target(List::Monitors, None, query, ask)?,
        ["v1", "origins"] => api::target(List::Origins, None, query, ask)?,
        ["v1", "votes"] => api::target(List::Votes, None, query, ask)?,
        ["v1", "events"] => api::target(List::Events, None, query, ask)?,
        ["route", pool] => {
            only(query, &["format", "unknown", "wait", "revision", "now"])?;
            let (format, wait) = (signal_format(query)?, wait(query)?);
            Target::View(View::Signal { pool: (*pool).to_owned(), format, wait })
        }
        _ => return Err(problem::not_found()),
    })
}

fn beating(token: &str, query: &str) -> Result<Target, Answer> {
    beat::alive(query)?;
    Ok(Target::Beat { token: token.to_owned() })
}

/// A path in its usual spelling: some checkers put a slash before or behind it, others escape what
/// needs no escape (RFC 3986 section 6.2.2.2). Only of health and signals, which they ask for; of
/// everything else a path is what it is.
fn usual(path: &str) -> Cow<'_, str> {
    let unusual = path.starts_with("//") || path.ends_with('/') || path.contains('%');
    if !unusual {
        return Cow::Borrowed(path);
    }
    let bare = path.trim_start_matches('/');
    // `/health/` is what a script asks whose name of a pool is empty: it must not be told of all.
    let plain = plain(bare.strip_suffix('/').filter(|path| path.contains('/')).unwrap_or(bare));
    let ours = ["health", "route"].iter().any(|first| plain.split('/').next() == Some(first));
    if ours { Cow::Owned(format!("/{plain}")) } else { Cow::Borrowed(path) }
}

/// Whether a target is one of heartbeats, which only jobs have to do with.
pub(super) fn is_of_jobs(target: &str) -> bool {
    target.starts_with("/v1/heartbeat/")
}

/// Whether a target asks for verdicts: health or a signal, whether it is good or not.
pub(super) fn is_of_verdicts(target: &str) -> bool {
    let path = target.split('?').next().unwrap_or_default();
    let path = usual(path);
    let first = path.strip_prefix('/').unwrap_or(&path).split('/').next();
    matches!(first, Some("health" | "route"))
}

fn metrics(query: &str, ask: &Ask<'_>) -> Result<Target, Answer> {
    only(query, &[])?;
    Ok(Target::View(View::Metrics { exposition: Exposition::wanted(ask.accept) }))
}

fn health(pool: Option<&str>, origin: Option<&str>, query: &str) -> Result<Target, Answer> {
    only(query, &["format", "warn", "unknown", "now"])?;
    let codes = Codes { warn: code(query, "warn")?, unknown: code(query, "unknown")? };
    let (pool, origin) = (pool.map(str::to_owned), origin.map(str::to_owned));
    Ok(Target::View(View::Health { pool, origin, format: format(query, false)?, codes }))
}

/// What may be asked of a path; by scripts of other sites where it is public.
pub(super) fn options(target: &Target, public: bool) -> Answer {
    let methods = format!("{}, OPTIONS", target.methods().join(", "));
    let mut headers = vec![("allow", methods.clone())];
    if public && target.methods() == READ {
        headers.push(("access-control-allow-origin", "*".to_owned()));
        headers.push(("access-control-allow-methods", methods));
        headers.push(("access-control-max-age", "86400".to_owned()));
    }
    Answer { status: 204, headers, body: String::new() }
}
