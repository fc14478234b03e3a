//! What happened lately: an outage is one row, with its length. What lasts comes first.

use maud::{Markup, html};

use super::about::called;
use super::item::Look;
use super::text::{Plain, ago, badge, instant, lasted};
use crate::defaults::serve::page::ROWS;
use crate::snapshot::{EntryKind, Snapshot, TimelineEntry, timeline};
use crate::units::Timestamp;
use crate::verdict::Status;

/// All of them.
pub(super) fn events(snapshot: &Snapshot, look: Look<'_>) -> Markup {
    of(snapshot, look, |_| true)
}

/// Those of some entries.
pub(super) fn of(snapshot: &Snapshot, look: Look<'_>, is: impl Fn(&TimelineEntry<'_>) -> bool) -> Markup {
    let mut entries = timeline(&snapshot.events, &snapshot.pools);
    entries.retain(is);
    html! {
        section aria-labelledby="events" {
            h2 #events { "Recent events" }
            @if entries.is_empty() { p { "Nothing has changed yet." } }
            ol.events { @for one in entries.iter().take(ROWS) { (row(one, look)) } }
        }
    }
}

fn row(one: &TimelineEntry<'_>, look: Look<'_>) -> Markup {
    let now = look.now;
    let origin = one.cause.origin().filter(|_| names_more(one));
    html! {
        li {
            span.when {
                @if is_older(one) { "before " }
                (instant(one.begun, now))
                @if one.kind == EntryKind::Note || one.kind == EntryKind::Start { ", " (ago(one.begun, now)) " ago" }
            }
            strong { (called(&look.subject(one.subject))) }
            span.turn { (turn(one, now)) }
            span.why {
                @if let Some(origin) = origin { (called(look.origin(one.cause.pool(), origin))) ": " }
                (Plain(&one.cause.reason))
            }
        }
    }
}

/// What became of it, and for how long.
fn turn(one: &TimelineEntry<'_>, now: Timestamp) -> Markup {
    let EntryKind::Outage { times, unwatched, .. } = one.kind else {
        return html! { @if one.kind == EntryKind::Start { (badge(Status::Unknown)) " → " (badge(one.worst)) } };
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
fn is_older(one: &TimelineEntry<'_>) -> bool {
    matches!(one.kind, EntryKind::Outage { before: true, .. })
}

/// Whether the reason has to say whose it is: the row is of the pool, and several origins were in
/// trouble.
fn names_more(one: &TimelineEntry<'_>) -> bool {
    one.kind != EntryKind::Note && one.origins.len() > 1
}
