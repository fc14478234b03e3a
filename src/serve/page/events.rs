//! What happened lately: an outage is one row, with its length. What lasts comes first.

use maud::{Markup, html};

use super::text::{Plain, ago, badge, instant, lasted};
use crate::snapshot::{Happened, Happening, Snapshot, happenings};
use crate::units::Timestamp;
use crate::verdict::Status;

/// Rows at most.
const ROWS: usize = 20;

pub(super) fn events(snapshot: &Snapshot, now: Timestamp) -> Markup {
    let happened = happenings(&snapshot.events, &snapshot.pools);
    html! {
        section aria-labelledby="events" {
            h2 #events { "Recent events" }
            @if happened.is_empty() { p { "Nothing has changed yet." } }
            ol.events { @for one in happened.iter().take(ROWS) { (row(one, now)) } }
        }
    }
}

fn row(one: &Happening<'_>, now: Timestamp) -> Markup {
    html! {
        li {
            span.when {
                @if is_older(one) { "before " }
                (instant(one.begun, now))
                @if one.kind == Happened::Note || one.kind == Happened::Start { ", " (ago(one.begun, now)) " ago" }
            }
            strong { (Plain(one.subject)) }
            span.turn { (turn(one, now)) }
            span.why {
                @if let Some(origin) = one.cause.origin().filter(|_| names_more(one)) { (Plain(origin)) ": " }
                (Plain(&one.cause.reason))
            }
        }
    }
}

/// What became of it, and for how long.
fn turn(one: &Happening<'_>, now: Timestamp) -> Markup {
    let Happened::Outage { times, unwatched, .. } = one.kind else {
        return html! { @if one.kind == Happened::Start { (badge(Status::Unknown)) " → " (badge(one.worst)) } };
    };
    html! {
        (badge(one.worst))
        @if is_older(one) { " for over " } @else { " for " }
        @match one.ended {
            Some(ended) => { (lasted(ended.since(one.begun))) },
            None => { (ago(one.begun, now)) " so far" },
        }
        @if times > 1 { ", " (times) " times" }
        @if unwatched { ", then no longer watched" }
    }
}

/// Whether it began before anything that is known of it.
fn is_older(one: &Happening<'_>) -> bool {
    matches!(one.kind, Happened::Outage { before: true, .. })
}

/// Whether the reason has to say whose it is: the row is of the pool, and several origins were in trouble.
fn names_more(one: &Happening<'_>) -> bool {
    one.kind != Happened::Note && one.origins.len() > 1
}
