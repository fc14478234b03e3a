//! The latest events, newest first.

use maud::{Markup, html};

use super::text::{Plain, ago, badge, instant};
use crate::snapshot::Snapshot;
use crate::units::Timestamp;

pub(super) fn events(snapshot: &Snapshot, now: Timestamp) -> Markup {
    html! {
        section aria-labelledby="events" {
            h2 #events { "Recent events" }
            @if snapshot.events.is_empty() { p { "Nothing has changed yet." } }
            ol.events {
                @for event in &snapshot.events {
                    li {
                        span.when { (instant(event.at, now)) ", " (ago(event.at, now)) " ago" }
                        strong { (Plain(&event.subject)) }
                        @if event.from != event.to { span.turn { (badge(event.from)) " → " (badge(event.to)) } }
                        span.why { (Plain(&event.reason)) }
                    }
                }
            }
        }
    }
}
