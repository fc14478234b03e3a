//! What has to be known before a verdict is believed: that the Arbiter or the watch is silent, or
//! that nothing is known yet.

use maud::{Markup, html};

use super::about::called;
use super::item::Look;
use super::sentence::is_new;
use super::text::{Plain, ago, instant};
use crate::snapshot::{Snapshot, WatchView};
use crate::units::{Name, Timestamp, listed};
use crate::writes::Level;

/// What somebody announced, while it stands: text, whatever is in it.
pub(super) fn announcement(snapshot: &Snapshot, look: Look<'_>) -> Markup {
    let stands = snapshot.announcement.as_ref().filter(|announcement| announcement.stands(look.now));
    html! {
        @if let Some(announcement) = stands {
            section.notice.announced .warn[announcement.level == Level::Warn] aria-label="announcement" {
                p { strong { (called(&announcement.title)) } }
                @for line in announcement.text.lines() { p { (called(line)) } }
                p.when {
                    "Since " (instant(announcement.since, look.now))
                    @if let Some(until) = announcement.until { ", until " (instant(until, look.now)) }
                }
            }
        }
    }
}

/// The notices; none if all is as it should be.
pub(super) fn notices(snapshot: &Snapshot, arbiter_silent: bool, look: Look<'_>) -> Markup {
    let now = look.now;
    let new = snapshot.pools.iter().flat_map(|pool| &pool.origins).all(is_new);
    let heard = snapshot.watch.iter().filter_map(|watch| watch.heard).max();
    let names = |is: fn(&WatchView, Timestamp) -> bool| names(snapshot, is, look, now);
    let reporting = names(WatchView::reports_at);
    let silent = names(|watch, now| watch.heard.is_some() && !watch.reports_at(now));
    let awaited = names(|watch, _| watch.heard.is_none());
    html! {
        @if arbiter_silent && snapshot.watch.is_empty() {
            p.notice {
                strong { "The Arbiter does not answer" }
                ", and no copy of what it said is at hand. Nothing here says that an origin fails."
            }
        } @else if arbiter_silent {
            p.notice {
                strong { "The Arbiter does not answer." }
                " This is a copy of what it said at " (instant(snapshot.taken_at, now)) ", "
                (ago(snapshot.taken_at, now)) " ago. Each verdict in it turns unknown when its evidence expires."
            }
        } @else if heard.is_none() && new && !snapshot.watch.is_empty() {
            p.notice {
                strong { "Nothing has been probed yet." }
                " The first verdicts come as soon as enough probes have passed or failed in a row."
            }
        } @else if reporting.is_empty() && !snapshot.watch.is_empty() {
            p.notice {
                strong { "The watch is silent: no vantage reports." }
                @if let Some(heard) = heard {
                    " The last word came at " (instant(heard, now)) ", " (ago(heard, now)) " ago."
                }
                " Each verdict turns unknown when its evidence expires; silence says nothing about an origin."
            }
        } @else {
            @if !silent.is_empty() {
                p.notice { strong { (listed(&silent)) (verb(&silent, " is", " are")) " silent." } " What was seen from there expires." }
            }
            @if !awaited.is_empty() {
                p.notice { strong { (listed(&awaited)) (verb(&awaited, " has", " have")) " not reported yet." } }
            }
        }
    }
}

/// The watch itself: who reports, and whether probes start on time. Of an old copy, who did when it
/// was made.
pub(super) fn watch(snapshot: &Snapshot, arbiter_silent: bool, look: Look<'_>) -> Markup {
    let now = look.now;
    let then = if arbiter_silent { snapshot.taken_at } else { now };
    let all = names(snapshot, |_, _| true, look, then);
    let reporting = names(snapshot, WatchView::reports_at, look, then).len();
    html! {
        details #watch {
            summary {
                h2 { "The watch" }
                span.summary {
                    (reporting) " of " (all.len())
                    @if arbiter_silent { " reported then" }
                    @else { (verb(&all, " vantage reports", " vantages report")) }
                }
            }
            ul {
                @for watch in &snapshot.watch {
                    li {
                        b { (look.vantage(&watch.vantage)) } " " (watch.shard) ": "
                        @match watch.heard {
                            Some(heard) => { "reported " (ago(heard, now)) " ago" },
                            None => { "has not reported yet" },
                        }
                        @if !watch.reports_at(then) { ", silent" }
                        ", probes " (watch.lag.get()) " ms late, " (watch.missed) " missed"
                        @if let Some(colo) = &watch.colo { ", in " (Plain(colo)) }
                        @if let Some(fast) = &watch.fast { ", " (fast.spent) " of " (fast.of) " fast probes spent today" }
                        @if let Some(blind) = &watch.blind { "; no evidence of " (Plain(blind)) }
                        @if let Some(text) = look.description(&watch.vantage) { p.about { (called(text)) } }
                    }
                }
            }
        }
    }
}

/// The vantages with a shard that is so, each once: the shards of a vantage stand side by side.
fn names<'a>(
    snapshot: &'a Snapshot,
    is: fn(&WatchView, Timestamp) -> bool,
    look: Look<'a>,
    now: Timestamp,
) -> Vec<&'a str> {
    let such = snapshot.watch.iter().filter(|watch| is(watch, now));
    let mut vantages: Vec<&Name> = such.map(|watch| &watch.vantage).collect();
    vantages.dedup();
    vantages.into_iter().map(|vantage| look.vantage_title(vantage)).collect()
}

const fn verb(names: &[&str], one: &'static str, many: &'static str) -> &'static str {
    if names.len() == 1 { one } else { many }
}
