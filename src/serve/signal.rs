//! The failover signal `/route/{pool}`: where traffic should go, why, and for how long that may be
//! acted upon.

use std::borrow::Cow;

use serde::Serialize;

use super::{Format, freshness, problem};
use crate::answer::{self, Answer};
use crate::config::{Config, Pool};
use crate::defaults::serve::signal::{CACHED, RETRY_AFTER};
use crate::follow::Mark;
use crate::json::{self, Shown};
use crate::snapshot::{OriginView, PoolView, Snapshot};
use crate::units::{Name, Timestamp};
use crate::verdict::Status;

/// 404 for a pool that takes no traffic; 403 for a form that is nothing but an address, where the
/// pool does not expose addresses.
pub(super) fn refused(config: &Config, pool: &str, format: Format) -> Option<Answer> {
    let pool = config.pool(pool);
    if pool.is_some_and(|pool| pool.monitor) {
        return Some(answer::problem(
            404,
            "no-signal",
            "No signal",
            "This is a monitor, which stands in for nobody, so it has no failover signal. Ask /health/{monitor}.",
        ));
    }
    if pool.is_some_and(Pool::is_of_heartbeats) {
        return Some(answer::problem(
            404,
            "no-signal",
            "No signal",
            "This pool is made of heartbeats, which take no traffic, so there is nowhere to send it. Ask /health/{pool}.",
        ));
    }
    let exposed = pool.is_some_and(|pool| pool.expose_urls);
    match format {
        Format::Json => None,
        Format::Text | Format::Word | Format::Redirect | Format::RedirectUnknown if exposed => None,
        Format::Text | Format::Word | Format::Redirect | Format::RedirectUnknown => Some(answer::problem(
            403,
            "urls-not-exposed",
            "Addresses are not exposed",
            "This form names the address of an origin, and the pool does not say expose_urls = true. Ask without format \
             for the name of the origin.",
        )),
    }
}

/// The signal of a pool.
pub(super) fn answer(snapshot: &Snapshot, pool: &str, format: Format, now: Timestamp) -> Answer {
    let Some(pool) = snapshot.pool(pool) else { return problem::not_found() };
    let chosen = pool.chosen.as_ref().and_then(|name| pool.origin(name.as_str()));
    let mut headers = freshness(snapshot.taken_at, pool.origins.iter(), now);
    let mark = Mark::of(pool, now);
    headers.push(("etag", format!("W/\"{}-{mark}\"", pool.name)));
    headers.push(("vedette-revision", mark.to_string()));
    headers.push(("vedette-status", status(chosen, now).as_str().to_owned()));
    if let Some(origin) = chosen {
        headers.push(("vedette-origin", origin.name.to_string()));
    }
    let url = chosen.and_then(|origin| origin.url.as_deref());
    let (status, kind, body) = match format {
        Format::Json => {
            (if chosen.is_some() { 200 } else { 503 }, "application/json", signal(pool, chosen, now))
        }
        Format::Text | Format::Word => {
            let line = url.map(|url| format!("{url}\n"));
            (if url.is_some() { 200 } else { 503 }, "text/plain; charset=utf-8", line.unwrap_or_default())
        }
        Format::Redirect | Format::RedirectUnknown => {
            let may_act = format == Format::RedirectUnknown || ttl(pool, chosen, now) > 0;
            let url = url.filter(|_| may_act);
            headers.push(match url {
                Some(url) => ("location", url.to_owned()),
                None => ("retry-after", RETRY_AFTER.to_string()),
            });
            let why = if url.is_none() { format!("{}\n", why(pool, chosen, now)) } else { String::new() };
            (if url.is_some() { 307 } else { 503 }, "text/plain; charset=utf-8", why)
        }
    };
    headers.push(("content-type", kind.to_owned()));
    Answer { status, headers, body }
}

/// The signal as JSON, and its mark; nothing for a pool that is not there.
pub(super) fn event(snapshot: &Snapshot, pool: &str, now: Timestamp) -> Option<(Mark, String)> {
    let pool = snapshot.pool(pool)?;
    let chosen = pool.chosen.as_ref().and_then(|name| pool.origin(name.as_str()));
    Some((Mark::of(pool, now), signal(pool, chosen, now)))
}

/// The signal as clients read it. Where there is nothing to name, the member says so: they look for
/// it.
#[derive(Serialize)]
struct Signal<'a> {
    pool: &'a Name,
    origin: Option<&'a Name>,
    url: Option<&'a str>,
    status: Status,
    reason: &'a str,
    since: Shown<Timestamp>,
    /// Seconds since the oldest evidence.
    age: Option<u64>,
    /// Seconds that it may be acted upon.
    ttl: u64,
    revision: u64,
}

fn signal(pool: &PoolView, chosen: Option<&OriginView>, now: Timestamp) -> String {
    json::write(&Signal {
        pool: &pool.name,
        origin: chosen.map(|origin| &origin.name),
        url: chosen.and_then(|origin| origin.url.as_deref()),
        status: status(chosen, now),
        reason: &why(pool, chosen, now),
        since: Shown(chosen.map_or(pool.since, |origin| origin.since_at(now))),
        age: pool.oldest().map(|oldest| now.since(oldest).as_secs()),
        ttl: ttl(pool, chosen, now),
        revision: pool.revision,
    })
}

/// The status of where the signal leads; nowhere is a failure.
fn status(chosen: Option<&OriginView>, now: Timestamp) -> Status {
    chosen.map_or(Status::Fail, |origin| origin.status_at(now))
}

/// Why the signal leads there, and why nothing is known of it any more where its evidence has
/// expired.
fn why<'a>(pool: &'a PoolView, chosen: Option<&OriginView>, now: Timestamp) -> Cow<'a, str> {
    let lapsed = chosen.filter(|_| Mark::of(pool, now).lapsed);
    let lapsed = lapsed.map(|origin| format!("{}: {}", origin.name, origin.reason_at(now)));
    lapsed.map_or(Cow::Borrowed(&*pool.choice), Cow::Owned)
}

/// How many seconds the signal may be acted upon. One that names nowhere is known to be so for as
/// long as its evidence holds.
fn ttl(pool: &PoolView, chosen: Option<&OriginView>, now: Timestamp) -> u64 {
    let valid_until = chosen.map_or(pool.valid_until, |origin| origin.valid_until);
    let left = valid_until.since(now).as_secs().min(CACHED);
    if status(chosen, now) == Status::Unknown { 0 } else { left }
}
