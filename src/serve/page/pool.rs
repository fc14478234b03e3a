//! A pool on the page: one line with the worst of it, and folded beneath it each origin with what
//! each vantage measured.

use maud::{Markup, html};

use super::sentence;
use super::text::{Plain, ago, badge, instant, mark};
use crate::snapshot::{BeatView, OriginView, PoolView, VoteView};
use crate::units::Timestamp;
use crate::verdict::Status;
use crate::vote::Opinion;

/// A pool with its status. `open` says whether it is unfolded at first.
pub(super) fn pool(pool: &PoolView, status: Status, open: bool, now: Timestamp) -> Markup {
    let name = pool.name.as_str();
    let routeless = pool.is_of_heartbeats();
    html! {
        details id={ "pool-" (name) } class={ "pool " (status.as_str()) } open[open] {
            summary {
                (badge(status))
                h3 { (name) }
                span.summary { (sentence::of(pool, now).in_full()) }
            }
            div.signal {
                @if !routeless {
                    p {
                        "The signal names "
                        strong { (pool.chosen.as_ref().map_or("nowhere", |chosen| chosen.as_str())) }
                        ": " (Plain(&pool.choice)) "."
                    }
                }
                p {
                    a href={ "health/" (name) } aria-label={ "health of " (name) " as JSON" } { "health" } " "
                    @if !routeless {
                        a href={ "route/" (name) } aria-label={ "signal of " (name) " as JSON" } { "signal" }
                    }
                }
            }
            ul.origins { @for origin in &pool.origins { (origin_item(name, origin, now)) } }
        }
    }
}

fn origin_item(pool: &str, origin: &OriginView, now: Timestamp) -> Markup {
    let status = origin.status_at(now);
    let lapsed = status != origin.status;
    let path = [pool, "/", origin.name.as_str()].concat();
    html! {
        li id=(path) class=(status.as_str()) {
            h4 { (badge(status)) " " (origin.name) }
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
                a href={ "health/" (path) } aria-label={ "health of " (path) " as JSON" } { "health" }
            }
            @if !origin.votes.is_empty() { (votes(&origin.votes, now)) }
        }
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

fn votes(votes: &[VoteView], now: Timestamp) -> Markup {
    // What all say alike stands in the origin's reason already.
    let alike = votes.windows(2).all(|pair| matches!(pair, [one, other] if one.reason == other.reason));
    html! { ul.votes { @for vote in votes { (vote_item(vote, !alike, now)) } } }
}

fn vote_item(vote: &VoteView, with_reason: bool, now: Timestamp) -> Markup {
    let (like, word) = match vote.opinion {
        _ if now >= vote.expires => (Status::Unknown, "expired"),
        Opinion::Undecided => (Status::Unknown, "undecided"),
        Opinion::Pass if vote.warned => (Status::Warn, "warn"),
        Opinion::Pass => (Status::Pass, "pass"),
        Opinion::Fail => (Status::Fail, "fail"),
    };
    html! {
        li {
            span { b { (vote.vantage) } @if let Some(colo) = &vote.colo { " (" (Plain(colo)) ")" } }
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
