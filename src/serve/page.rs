//! The page for people: what matters in one sentence, every pool and origin with verdict, reason
//! and age, and the latest events.
//!
//! It is whole without JavaScript; the script only keeps it alive. `maud` escapes whatever is put
//! in. Style and script are documents of their own, so that the content security policy needs no
//! exception.

mod about;
mod changes;
mod diagnosis;
mod events;
mod frame;
mod incidents;
mod item;
mod matrix;
mod notice;
mod one;
mod pool;
pub(super) mod public;
mod sections;
mod sentence;
mod text;

pub(super) use self::changes::changes_page;
pub(super) use self::incidents::incidents;
pub(super) use self::one::one;
pub(super) use self::text::{misleads, plain};
use maud::{DOCTYPE, Markup, html};

use self::item::{Item, Look, by_severity};
use self::text::{ago, badge, instant};
use super::{Basis, freshness};
use crate::access::Caller;
use crate::answer::Answer;
use crate::config::{Config, Door};
use crate::snapshot::Snapshot;
use crate::units::{Timestamp, listed};
use crate::verdict::{self, Status};

/// What the page is called if nothing is written.
const NAME: &str = "Vedette";

/// Without JavaScript the page asks for itself again after this many seconds.
const REFRESH: &str = "15";

/// In this order the statuses are counted, and the pools shown.
const WORST_FIRST: [Status; 4] = [Status::Fail, Status::Unknown, Status::Warn, Status::Pass];

/// Nothing is loaded but what the worker serves itself.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The style of the page.
pub(super) fn style() -> Answer {
    document("text/css; charset=utf-8", include_str!("page.css"))
}

/// The style of charts and strips, for the pages that have any.
pub(super) fn charts_style() -> Answer {
    document("text/css; charset=utf-8", include_str!("charts.css"))
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

/// What the page is called.
pub(super) fn name(config: &Config) -> &str {
    config.page.title.as_deref().unwrap_or(NAME)
}

/// The page. `arbiter_silent` says that the snapshot is an old copy, or none, because the Arbiter
/// does not answer.
pub(super) fn page(basis: &Basis<'_>, caller: Option<&Caller>) -> Answer {
    let Basis { snapshot, config, now, .. } = *basis;
    let arbiter_silent = basis.source.silent;
    let origins = snapshot.pools.iter().flat_map(|pool| &pool.origins);
    let mut headers = freshness(snapshot.taken_at, origins, now);
    headers.push(("content-type", "text/html; charset=utf-8".to_owned()));
    headers.push(("content-security-policy", about::policy(config, POLICY)));
    let body = render(snapshot, arbiter_silent, Look { config, now, caller }).into_string();
    Answer { status: 200, headers, body }
}

fn render(snapshot: &Snapshot, arbiter_silent: bool, look: Look<'_>) -> Markup {
    let Look { config, now, caller } = look;
    let items = by_severity(snapshot, config, now);
    let status = status(&items, now);
    let sentence = sentence::whole(&items, arbiter_silent, now);
    let name = name(config);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                noscript { meta http-equiv="refresh" content=(REFRESH); }
                title { (sentence) " · " (name) }
                link #icon rel="icon" href=(icon(status));
                link rel="stylesheet" href={ "style.css?" (env!("CARGO_PKG_VERSION")) };
                script type="module" src={ "page.js?" (env!("CARGO_PKG_VERSION")) } {}
            }
            body {
                header {
                    (about::brand(config))
                    p #said.unseen role="status" {}
                    button #live type="button" hidden {}
                    p #lost.notice hidden {}
                }
                main #page data-now=(now.as_millis())  data-language=[config.page.language.as_deref()] data-zone=[config.page.time_zone.as_deref()] {
                    (notice::announcement(snapshot, look))
                    div.state.(status.as_str()) {
                        (badge(status))
                        h1 { (sentence) }
                        p { (extent(&items)) " As of " (instant(snapshot.taken_at, now)) ", " (ago(snapshot.taken_at, now)) " ago." }
                        @if items.len() > 1 && items.iter().any(|item| item.status != Status::Pass) { (tally(&items)) }
                    }
                    (notice::notices(snapshot, arbiter_silent, look))
                    (sections::sections(&items, look))
                    (events::events(snapshot, look))
                    p {
                        a href="incidents" { "All incidents" }
                        // Changes are for people of the service.
                        @if matches!(caller, Some(Caller::Known(_))) { " · " a href="changes" { "Changes" } }
                    }
                    (notice::watch(snapshot, arbiter_silent, look))
                    (words())
                }
                footer {
                    p {
                        a href="health" { "health" } " "
                        @if look.may(Door::Readiness) { a href="readyz?verbose" { "readiness" } " " }
                        (signed(look))
                        " Vedette " (env!("CARGO_PKG_VERSION"))
                    }
                    noscript { p { "Without JavaScript this page asks for itself again every " (REFRESH) " seconds." } }
                }
            }
        }
    }
}

/// Who sees the page, and the way to see all of it.
fn signed(look: Look<'_>) -> Markup {
    html! {
        @if let Some(Caller::Known(identity)) = look.caller {
            "Signed in as " (identity.name) " "
            @if look.config.access.knows_tokens() { a href="sign-in" { "sign out" } }
        } @else if look.config.access.knows_tokens() {
            a href="sign-in" { "sign in" }
        }
    }
}

/// The status of the whole. Jobs that never reported make it no worse as long as anything else is
/// known: the sentence names them.
fn status(items: &[Item<'_>], now: Timestamp) -> Status {
    let known = items.iter().filter_map(|item| match sentence::is_awaited(item, now) {
        true if item.view.origins.iter().all(sentence::is_new) => None,
        true => Some(Status::Pass),
        false => Some(item.status),
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

/// What is watched.
fn extent(items: &[Item<'_>]) -> Markup {
    let count = |wanted: &dyn Fn(&&Item<'_>) -> bool| -> usize {
        items.iter().filter(wanted).map(|item| item.view.origins.len()).sum()
    };
    let monitors = items.iter().filter(|item| item.is_monitor()).count();
    let pools = items.len().saturating_sub(monitors);
    let heartbeats = count(&|item| !item.is_monitor() && item.is_of_heartbeats());
    let origins = count(&|item| !item.is_monitor() && !item.is_of_heartbeats());
    let counted = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    let mut parts = Vec::new();
    if monitors > 0 {
        parts.push(counted(monitors, "monitor"));
    }
    if origins > 0 || heartbeats == 0 && monitors == 0 {
        parts.push(counted(origins, "origin"));
    }
    if heartbeats > 0 {
        parts.push(counted(heartbeats, "heartbeat"));
    }
    html! { (listed(&parts)) @if pools > 0 || monitors == 0 { " in " (counted(pools, "pool")) } "." }
}

/// How many pools and monitors have which status; each leads to the first of them.
fn tally(items: &[Item<'_>]) -> Markup {
    html! {
        ul.tally {
            @for status in WORST_FIRST {
                @if let Some(first) = items.iter().find(|item| item.status == status) {
                    @let count = items.iter().filter(|item| item.status == status).count();
                    li { a href={ "#pool-" (first.view.name) } { (badge(status)) " " (count) } }
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
