//! A pool's origins by the vantages that see them, as a table.

use maud::{Markup, html};

use super::about::called;
use super::item::{Item, Look};
use super::pool;
use super::text::{ago, badge};
use crate::sample::CacheClass;
use crate::snapshot::{OriginView, VoteView};
use crate::units::Name;

/// The table; each origin leads to its page.
pub(super) fn matrix(item: &Item<'_>, look: Look<'_>) -> Markup {
    let mut vantages: Vec<&Name> = Vec::new();
    for vote in item.view.origins.iter().flat_map(|origin| &origin.votes) {
        if !vantages.contains(&&vote.vantage) {
            vantages.push(&vote.vantage);
        }
    }
    vantages.sort();
    html! {
        div.wide.card tabindex="0" role="region" aria-label="origins by vantage" {
            table.matrix {
                thead {
                    tr {
                        th scope="col" { "origin" } th scope="col" { "verdict" }
                        @for vantage in &vantages { th scope="col" { (look.vantage(vantage)) } }
                    }
                }
                tbody { @for origin in &item.view.origins { (row(item, origin, &vantages, look)) } }
            }
        }
    }
}

fn row(item: &Item<'_>, origin: &OriginView, vantages: &[&Name], look: Look<'_>) -> Markup {
    let status = origin.status_at(look.now);
    let chosen = item.takes_traffic() && item.view.chosen.as_ref() == Some(&origin.name);
    html! {
        tr {
            th scope="row" {
                a href={ (item.view.name) "/" (origin.name) } { (called(item.origin_title(origin))) }
                @if chosen { small { "takes the traffic" } }
            }
            td { (badge(status)) small { "for " (ago(origin.since_at(look.now), look.now)) } }
            @for vantage in vantages {
                td { @match origin.votes.iter().find(|vote| vote.vantage == **vantage) { Some(vote) => { (cell(vote, look)) }, None => { "–" } } }
            }
        }
    }
}

fn cell(vote: &VoteView, look: Look<'_>) -> Markup {
    html! {
        (pool::vote_mark(vote, look.now))
        small {
            (vote.latency.get()) " ms"
            @if let Some(code) = vote.code { ", " (code) }
            @if vote.cache != CacheClass::OriginProven { ", " (vote.cache.as_str()) }
            @if let Some(time) = vote.database.time { ", db " (time.get()) " ms" }
            @if let Some(calls) = vote.database.calls { " in " (calls) }
        }
    }
}
