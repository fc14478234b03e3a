//! The page for people: what matters in one sentence, every pool and origin with verdict, reason
//! and age, and the latest events.
//!
//! It is whole without JavaScript; the script only keeps it alive. `maud` escapes whatever is put
//! in. Style and script are documents of their own, so that the content security policy needs no
//! exception.

mod events;
mod notice;
mod pool;
mod sentence;
mod text;

use std::cmp::Reverse;

use maud::{DOCTYPE, Markup, html};

use self::text::{ago, badge, instant};
use super::freshness;
use crate::answer::Answer;
use crate::snapshot::{PoolView, Snapshot};
use crate::units::Timestamp;
use crate::verdict::{self, Status};

/// Without JavaScript the page asks for itself again after this many seconds.
const REFRESH: &str = "15";

/// So many pools are unfolded from the start although nothing is amiss with them.
const UNFOLDED: usize = 3;

/// So many pools that do not pass are unfolded from the start: with more of them the list itself is
/// the news.
const UNFOLDED_TROUBLED: usize = 8;

/// In this order the statuses are counted, and the pools shown.
const WORST_FIRST: [Status; 4] = [Status::Fail, Status::Unknown, Status::Warn, Status::Pass];

/// Nothing is loaded but what the worker serves itself.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The style of the page.
pub(super) fn style() -> Answer {
    document("text/css; charset=utf-8", include_str!("page.css"))
}

/// What keeps the page alive.
pub(super) fn script() -> Answer {
    document("text/javascript; charset=utf-8", include_str!("page.js"))
}

/// A document that changes with the release only; the page names the release when it asks for it.
fn document(kind: &str, body: &str) -> Answer {
    let headers = vec![("content-type", kind.to_owned()), ("cache-control", "max-age=300".to_owned())];
    Answer { status: 200, headers, body: body.to_owned() }
}

/// The page. `arbiter_silent` says that the snapshot is an old copy, or none, because the Arbiter
/// does not answer.
pub(super) fn answer(snapshot: &Snapshot, arbiter_silent: bool, now: Timestamp) -> Answer {
    let origins = snapshot.pools.iter().flat_map(|pool| &pool.origins);
    let mut headers = freshness(snapshot.taken_at, origins, now);
    headers.push(("content-type", "text/html; charset=utf-8".to_owned()));
    headers.push(("content-security-policy", POLICY.to_owned()));
    Answer { status: 200, headers, body: render(snapshot, arbiter_silent, now).into_string() }
}

fn render(snapshot: &Snapshot, arbiter_silent: bool, now: Timestamp) -> Markup {
    let pools = by_severity(snapshot, now);
    let status = status(&pools, now);
    let sentence = sentence::whole(snapshot, arbiter_silent, now);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                noscript { meta http-equiv="refresh" content=(REFRESH); }
                title { (sentence) " · Vedette" }
                link #icon rel="icon" href=(icon(status));
                link rel="stylesheet" href={ "style.css?" (env!("CARGO_PKG_VERSION")) };
                script type="module" src={ "page.js?" (env!("CARGO_PKG_VERSION")) } {}
            }
            body {
                header {
                    p.brand { "Vedette" }
                    p #said.unseen role="status" {}
                    button #live type="button" hidden {}
                    p #lost.notice hidden {}
                }
                main #page data-now=(now.as_millis()) {
                    div.state.(status.as_str()) {
                        (badge(status))
                        h1 { (sentence) }
                        p { (extent(snapshot)) " As of " (instant(snapshot.taken_at, now)) ", " (ago(snapshot.taken_at, now)) " ago." }
                        @if pools.len() > 1 && pools.iter().any(|(status, _)| *status != Status::Pass) { (tally(&pools)) }
                    }
                    (notice::notices(snapshot, arbiter_silent, now))
                    section.pools aria-labelledby="pools" {
                        h2 #pools { "Pools" }
                        @for (index, (status, view)) in pools.iter().enumerate() {
                            @let open = pools.len() <= UNFOLDED || *status != Status::Pass && index < UNFOLDED_TROUBLED;
                            (pool::pool(view, *status, open, now))
                        }
                    }
                    (events::events(snapshot, now))
                    (notice::watch(snapshot, arbiter_silent, now))
                    (words())
                }
                footer {
                    p {
                        a href="health" { "health" } " " a href="readyz?verbose" { "readiness" }
                        " Vedette " (env!("CARGO_PKG_VERSION"))
                    }
                    noscript { p { "Without JavaScript this page asks for itself again every " (REFRESH) " seconds." } }
                }
            }
        }
    }
}

/// The pools, the worst first, those of one status in the order of the configuration.
fn by_severity(snapshot: &Snapshot, now: Timestamp) -> Vec<(Status, &PoolView)> {
    let mut pools: Vec<_> = snapshot.pools.iter().map(|pool| (pool.status_at(now), pool)).collect();
    pools.sort_by_key(|(status, _)| Reverse(*status));
    pools
}

/// The status of the whole. Jobs that never reported make it no worse as long as anything else is
/// known: the sentence names them.
fn status(pools: &[(Status, &PoolView)], now: Timestamp) -> Status {
    let known = pools.iter().filter_map(|(status, pool)| match sentence::is_awaited(pool, now) {
        true if pool.origins.iter().all(sentence::is_new) => None,
        true => Some(Status::Pass),
        false => Some(*status),
    });
    verdict::worst(known)
}

/// A sign for the tab of the browser: its shape differs as well as its colour.
const fn icon(status: Status) -> &'static str {
    macro_rules! svg {
        ($colour:literal, $path:literal) => {
            concat!(
                "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16' fill='none' stroke='%23fff' \
                 stroke-width='2'><circle cx='8' cy='8' r='8' stroke='none' fill='%23",
                $colour,
                "'/><path d='",
                $path,
                "'/></svg>"
            )
        };
    }
    match status {
        Status::Pass => svg!("18794e", "M4 8l3 3 5-6"),
        Status::Warn => svg!("b45309", "M8 3v6M8 11v2"),
        Status::Unknown => svg!("64707d", "M4 8h8"),
        Status::Fail => svg!("c62a2f", "M5 5l6 6M11 5l-6 6"),
    }
}

/// What is watched, and from how many places.
fn extent(snapshot: &Snapshot) -> Markup {
    let subjects: usize = snapshot.pools.iter().map(|pool| pool.origins.len()).sum();
    let jobs = snapshot.pools.iter().filter(|pool| pool.is_of_heartbeats());
    let heartbeats: usize = jobs.map(|pool| pool.origins.len()).sum();
    let origins = subjects.saturating_sub(heartbeats);
    let plural = |count: usize| if count == 1 { "" } else { "s" };
    html! {
        @if origins > 0 || heartbeats == 0 { (origins) " origin" (plural(origins)) }
        @if origins > 0 && heartbeats > 0 { " and " }
        @if heartbeats > 0 { (heartbeats) " heartbeat" (plural(heartbeats)) }
        " in " (snapshot.pools.len()) " pool" (plural(snapshot.pools.len())) "."
    }
}

/// How many pools have which status; each leads to the first of them.
fn tally(pools: &[(Status, &PoolView)]) -> Markup {
    html! {
        ul.tally {
            @for status in WORST_FIRST {
                @if let Some((_, first)) = pools.iter().find(|(its, _)| *its == status) {
                    @let count = pools.iter().filter(|(its, _)| *its == status).count();
                    li { a href={ "#pool-" (first.name) } { (badge(status)) " " (count) } }
                }
            }
        }
    }
}

/// What the words mean, for whoever meets the page for the first time.
fn words() -> Markup {
    const WORDS: [(&str, &str); 8] = [
        ("pass", "it serves as expected"),
        ("warn", "it serves, with a blemish or a doubt"),
        ("unknown", "there is not enough fresh evidence; that is no failure"),
        ("fail", "enough vantages see it fail"),
        ("origin-proven", "the origin itself answered the probe"),
        ("edge-only", "a cache answered; that proves nothing about the origin"),
        ("counter-proof", "a cache answered because it could not reach the origin"),
        ("unclassified", "the answer does not say whether a cache gave it"),
    ];
    html! {
        details #words {
            summary { h2 { "What the words mean" } }
            dl { @for (word, meaning) in WORDS { div { dt { (word) } dd { (meaning) } } } }
        }
    }
}

#[cfg(test)]
mod states;
#[cfg(test)]
mod tests;
