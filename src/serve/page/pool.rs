//! A pool on the page: one line with the worst of it, and folded beneath it each origin with what
//! each vantage measured.

use maud::{Markup, html};

use super::about::{self, called};
use super::item::{Item, Look};
use super::sentence;
use super::text::{Plain, ago, badge, instant, mark};
use crate::snapshot::{BeatView, OriginView, VoteView};
use crate::units::Timestamp;
use crate::verdict::Status;
use crate::vote::Opinion;

/// A pool or a monitor. `open` says whether it is unfolded at first.
pub(super) fn pool(item: &Item<'_>, open: bool, look: Look<'_>) -> Markup {
    let (view, status, about) = (item.view, item.status, item.about());
    let name = view.name.as_str();
    // What passes has nothing to say but what it is.
    let described = about.description.as_deref().filter(|_| item.is_monitor() && status == Status::Pass);
    html! {
        details id={ "pool-" (name) } class={ "pool " (status.as_str()) } open[open] {
            summary {
                (badge(status))
                h3 { (called(item.title())) }
                span.summary {
                    @match described {
                        Some(text) => { (called(text)) },
                        // A reason came from elsewhere; titles are what the configuration says.
                        None if item.is_monitor() => { (Plain(&sentence::of(item, look.now).in_full())) },
                        None => { (sentence::of(item, look.now).in_full()) },
                    }
                }
            }
            (about::more(about, described.is_none()))
            @if !item.is_monitor() { (signal(item)) }
            ul.origins { @for origin in &view.origins { (origin_item(item, origin, look)) } }
        }
    }
}

/// Where the traffic of a pool should go, and what programs read of it.
fn signal(item: &Item<'_>) -> Markup {
    let (view, name) = (item.view, item.view.name.as_str());
    let chosen = view.chosen.as_ref().map(|chosen| {
        view.origin(chosen.as_str()).map_or(chosen.as_str(), |origin| item.origin_title(origin))
    });
    html! {
        div.signal {
            @if item.takes_traffic() {
                p {
                    "The signal names " strong { (called(chosen.unwrap_or("nowhere"))) } ": "
                    (Plain(&view.choice)) "."
                }
            }
            p {
                a href={ "pool/" (name) } aria-label={ "charts of " (item.title()) } { "charts" } " "
                a href={ "health/" (name) } aria-label={ "health of " (item.title()) " as JSON" } { "health" } " "
                @if item.takes_traffic() {
                    a href={ "route/" (name) } aria-label={ "signal of " (item.title()) " as JSON" } { "signal" }
                }
            }
        }
    }
}

fn origin_item(item: &Item<'_>, origin: &OriginView, look: Look<'_>) -> Markup {
    let now = look.now;
    let status = origin.status_at(now);
    let lapsed = status != origin.status;
    let path = [item.view.name.as_str(), "/", origin.name.as_str()].concat();
    let (title, about) = (item.origin_title(origin), item.about_origin(origin));
    // A monitor has said its name, and has one address in answers.
    let health = if item.is_monitor() { item.view.name.as_str() } else { &path };
    let label = if item.is_monitor() { title } else { &path };
    let page = if item.is_monitor() { ["monitor/", health] } else { ["pool/", health] }.concat();
    html! {
        li id=(path) class=(status.as_str()) {
            @if !item.is_monitor() {
                h4 { (badge(status)) " " (called(title)) }
                (about::more(about, true))
            }
            p.reason { (Plain(&origin.reason_at(now))) }
            @if !lapsed && !origin.next.is_empty() { p.next { "Next: " (Plain(&origin.next)) "." } }
            p.facts {
                span { (status.as_str()) " for " (ago(origin.since_at(now), now)) }
                @if let Some(falls) = origin.falls { span { "flapping: " (falls) " falls" } }
                @match (&origin.beat, origin.oldest) {
                    (Some(beat), _) => { (heartbeat(beat, now)) },
                    (None, Some(oldest)) => { span { "evidence " (ago(oldest, now)) " old" } },
                    (None, None) => { span { "no evidence" } },
                }
                @if let Some(url) = &origin.url { a href=(url) { (Plain(url)) } }
                a href=(page) aria-label={ "charts of " (label) } { "charts" }
                a href={ "health/" (health) } aria-label={ "health of " (label) " as JSON" } { "health" }
            }
            @if !origin.votes.is_empty() { (votes(&origin.votes, look)) }
        }
    }
}

/// The same of a job, where it has a page of its own.
pub(super) fn heartbeat_of(origin: &OriginView, now: Timestamp) -> Markup {
    html! { @if let Some(beat) = &origin.beat { (heartbeat(beat, now)) } }
}

/// What each vantage measured of an origin.
pub(super) fn votes_of(origin: &OriginView, look: Look<'_>) -> Markup {
    html! { @if origin.votes.is_empty() { p.soft { "No vantage has reported yet." } } @else { (votes(&origin.votes, look)) } }
}

/// A vote as a word.
pub(super) fn vote_mark(vote: &VoteView, now: Timestamp) -> Markup {
    let (like, word) = opinion(vote, now);
    mark(like, word)
}

fn opinion(vote: &VoteView, now: Timestamp) -> (Status, &'static str) {
    match vote.opinion {
        _ if now >= vote.expires => (Status::Unknown, "expired"),
        Opinion::Undecided => (Status::Unknown, "undecided"),
        Opinion::Pass if vote.warned => (Status::Warn, "warn"),
        Opinion::Pass => (Status::Pass, "pass"),
        Opinion::Fail => (Status::Fail, "fail"),
    }
}

/// When a job last reported, and until when it has to again.
fn heartbeat(beat: &BeatView, now: Timestamp) -> Markup {
    html! {
        @match beat.last {
            Some(last) => { span { "last heartbeat " (ago(last, now)) " ago" } },
            None => { span { "no heartbeat yet" } },
        }
        @if let Some(due) = beat.due.filter(|due| *due > now) { span { "due by " (instant(due, now)) } }
    }
}

fn votes(votes: &[VoteView], look: Look<'_>) -> Markup {
    // What all say alike stands in the origin's reason already.
    let alike = votes.windows(2).all(|pair| matches!(pair, [one, other] if one.reason == other.reason));
    html! { ul.votes { @for vote in votes { (vote_item(vote, !alike, look)) } } }
}

fn vote_item(vote: &VoteView, with_reason: bool, look: Look<'_>) -> Markup {
    let now = look.now;
    let (like, word) = opinion(vote, now);
    html! {
        li {
            span { b { (look.vantage(&vote.vantage)) } @if let Some(colo) = &vote.colo { " (" (Plain(colo)) ")" } }
            (mark(like, word))
            span.ms { (vote.latency.get()) " ms" }
            span {
                @match vote.code { Some(code) => { span.unseen { "status " } (code) }, None => { "no status" } }
            }
            span { (vote.cache.as_str()) }
            span {
                @if let Some(calls) = vote.database.calls {
                    (calls) (if calls == 1 { " db call" } else { " db calls" })
                    @if let Some(time) = vote.database.time { ", " (time.get()) " ms" }
                }
            }
            span.seen {
                @if now >= vote.expires { "expired " (ago(vote.expires, now)) " ago" }
                @else { (ago(vote.observed, now)) " ago" }
                @if vote.run < vote.need { ", " (vote.run) " of " (vote.need) " in a row" }
            }
            @if with_reason && vote.reason != "ok" { span.why { (Plain(&vote.reason)) } }
        }
    }
}
