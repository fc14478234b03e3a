//! The page for customers: the owner's title, groups, order and words. Nothing of the machine is on
//! it: no origin, no vantage, no reason, no quorum.

use maud::{Markup, html};

use super::about::{self, called};
use super::frame::Frame;
use super::item::{Item, Look, by_severity};
use super::one::legend;
use super::text::{ago, instant, lasted};
use super::{POLICY, notice};
use crate::access::Caller;
use crate::answer::Answer;
use crate::config::Config;
use crate::json;
use crate::serve::chart::{Availability, percent, strip};
use crate::serve::{Basis, freshness};
use crate::snapshot::{EntryKind, Snapshot, TimelineEntry, timeline};
use crate::units::{Timestamp, listed};
use crate::verdict::{self, Status};

/// What is over is told for so many outages.
const PAST: usize = 10;

/// The page.
pub(in crate::serve) fn page(basis: &Basis<'_>, caller: Option<&Caller>) -> Answer {
    let Basis { snapshot, config, now, .. } = *basis;
    let look = Look { config, now, caller };
    let origins = snapshot.pools.iter().flat_map(|pool| &pool.origins);
    let mut headers = freshness(snapshot.taken_at, origins, now);
    headers.push(("content-type", "text/html; charset=utf-8".to_owned()));
    headers.push(("content-security-policy", about::policy(config, POLICY)));
    let told = basis.past.first().copied().flatten().and_then(json::read::<Vec<Availability>>);
    let told = told.unwrap_or_default();
    Answer { status: 200, headers, body: render(snapshot, &told, look).into_string() }
}

fn render(snapshot: &Snapshot, told: &[Availability], look: Look<'_>) -> Markup {
    let Look { config, now, .. } = look;
    let items = by_severity(snapshot, config, now);
    let status = verdict::worst(items.iter().map(|item| item.status));
    let sentence = sentence(&items);
    let entries = timeline(&snapshot.events, &snapshot.pools);
    let outages =
        |open: bool| entries.iter().filter(move |entry| is_outage(entry) && entry.ended.is_none() == open);
    let frame = Frame { base: "", title: &sentence, status, config, now, charts: true, every: 0 };
    let main = html! {
        (notice::announcement(snapshot, look))
        div.state.(status.as_str()) {
            h1 { (sentence) }
            p { "As of " (instant(snapshot.taken_at, now)) ", " (ago(snapshot.taken_at, now)) " ago." }
        }
        @if outages(true).next().is_some() {
            section aria-labelledby="open" {
                h2 #open { "What is going on" }
                ol.outages { @for entry in outages(true) { (outage(entry, look)) } }
            }
        }
        (groups(&items, told, look))
        @if !told.is_empty() { p.legend { (legend(["up", "slow", "down", "not checked"])) } }
        section aria-labelledby="past" {
            h2 #past { "What has been" }
            @if outages(false).next().is_none() { p.soft { "Nothing lately." } }
            ol.outages { @for entry in outages(false).take(PAST) { (outage(entry, look)) } }
        }
    };
    frame.around(&main, &html! { p { a href="feed.atom" { "Feed" } } })
}

/// Whether it is an outage that customers are told of: something was down or slow.
fn is_outage(entry: &TimelineEntry<'_>) -> bool {
    matches!(entry.kind, EntryKind::Outage { .. }) && entry.worst != Status::Unknown
}

/// The worst of an outage for customers: where others stood in, the pool was not down.
fn worst(entry: &TimelineEntry<'_>) -> Status {
    if entry.worst == Status::Fail && entry.subject != entry.cause.pool() {
        Status::Warn
    } else {
        entry.worst
    }
}

/// The state of the whole, in customers' words.
fn sentence(items: &[Item<'_>]) -> String {
    let of = |status: Status| -> Vec<&str> {
        items.iter().filter(|item| item.status == status).map(Item::title).collect()
    };
    let be = |names: &[&str]| if names.len() == 1 { "is" } else { "are" };
    let (down, slow, checked) = (of(Status::Fail), of(Status::Warn), of(Status::Unknown));
    if items.is_empty() {
        "Nothing is watched".to_owned()
    } else if !down.is_empty() {
        format!("{} {} down", listed(&down), be(&down))
    } else if !slow.is_empty() {
        format!("{} {} slow", listed(&slow), be(&slow))
    } else if checked.len() == items.len() {
        "Everything is being checked".to_owned()
    } else if !checked.is_empty() {
        format!("Everything else is up; {} {} being checked", listed(&checked), be(&checked))
    } else {
        "Everything is up".to_owned()
    }
}

/// A status in customers' words.
pub(in crate::serve) const fn word(status: Status) -> &'static str {
    match status {
        Status::Pass => "up",
        Status::Warn => "slow",
        Status::Fail => "down",
        Status::Unknown => "being checked",
    }
}

/// Each heading with what stands beneath it, in the owner's order whatever its state: a customer
/// looks where it stood yesterday.
fn groups(items: &[Item<'_>], told: &[Availability], look: Look<'_>) -> Markup {
    let headings = look.config.groups();
    let mut ordered: Vec<&Item<'_>> = items.iter().collect();
    let place = |item: &Item<'_>| place(look.config, item);
    ordered.sort_by_key(|item| place(item));
    let beneath = |heading: Option<&str>| -> Vec<&Item<'_>> {
        ordered.iter().copied().filter(|item| item.about().group.as_deref() == heading).collect()
    };
    let named = headings.iter().map(|heading| (Some(*heading), beneath(Some(heading))));
    let rest = std::iter::once((None, beneath(None)));
    html! {
        @for (index, (heading, list)) in named.chain(rest).enumerate().filter(|(_, (_, list))| !list.is_empty()) {
            section.services aria-labelledby={ "group-" (index) } {
                h2 id={ "group-" (index) } { @match heading { Some(text) => { bdi { (text) } }, None if headings.is_empty() => { "Services" }, None => { "Others" } } }
                ul.card { @for item in list { (service(item, told, look)) } }
            }
        }
    }
}

/// The place of something in the owner's order, and in that of the file.
fn place(config: &Config, item: &Item<'_>) -> (usize, usize) {
    let order = &config.page.order;
    let named = order.iter().position(|name| *name == item.view.name).unwrap_or(order.len());
    (named, config.pools.iter().position(|pool| pool.name == item.view.name).unwrap_or(usize::MAX))
}

fn service(item: &Item<'_>, told: &[Availability], look: Look<'_>) -> Markup {
    let name = item.view.name.as_str();
    let about = item.about();
    let own = told.iter().find_map(|told| Some((told.of(name)?, told.days_from)));
    html! {
        li id={ "service-" (name) } class=(item.status.as_str()) {
            p.service {
                b { (called(item.title())) }
                span class={ "badge " (item.status.as_str()) } { (word(item.status)) }
                @if item.status != Status::Pass { span.soft { "for " (ago(item.view.since, look.now)) } }
            }
            (about::more(about, true))
            @if let Some((own, from)) = own {
                (strip(&format!("days-{name}"), item.title(), own, from))
                p.ends {
                    span { "90 days ago" }
                    span { (own.over("90d").map_or("not known yet".to_owned(), |share| format!("{} available", percent(share)))) }
                    span { "today" }
                }
            }
        }
    }
}

/// One outage, by its title and its time.
fn outage(entry: &TimelineEntry<'_>, look: Look<'_>) -> Markup {
    let pool = entry.cause.pool();
    html! {
        li {
            strong { (called(&look.subject(pool))) } " "
            span class={ "badge " (worst(entry).as_str()) } { (word(worst(entry))) } " "
            span.soft {
                @match entry.ended {
                    Some(ended) => { (instant(entry.begun, look.now)) ", for " (lasted(ended.since(entry.begun))) },
                    None => { "since " (instant(entry.begun, look.now)) ", for " (ago(entry.begun, look.now)) },
                }
            }
        }
    }
}

/// What an outage is called in one line of text: `Memo (EU) was down for 12 min`.
pub(in crate::serve) fn told(entry: &TimelineEntry<'_>, config: &Config, now: Timestamp) -> Option<String> {
    if !is_outage(entry) {
        return None;
    }
    let look = Look { config, now, caller: None };
    let title = look.subject(entry.cause.pool());
    let word = word(worst(entry));
    Some(match entry.ended {
        Some(ended) => format!("{title} was {word} for {}", lasted(ended.since(entry.begun))),
        None => format!("{title} is {word}"),
    })
}
