//! The page for customers: the owner's title, groups, order and words. Nothing of the machine is on
//! it: no origin, no vantage, no reason, no quorum.

use maud::{Markup, html};

use super::about::{self, called};
use super::frame::Frame;
use super::item::{Item, Look, by_severity};
use super::one::legend;
use super::text::{ago, instant, lasted, plain};
use super::{POLICY, notice};
use crate::access::Caller;
use crate::answer::Answer;
use crate::config::{Config, Pool};
use crate::defaults::serve::page::{DAYS, OLD, PAST};
use crate::incident::{Lately, Told};
use crate::json;
use crate::serve::chart::{Availability, percent, strip};
use crate::serve::{Basis, freshness};
use crate::units::{Millis, Timestamp, listed};
use crate::verdict::{self, Status};

/// The page.
pub(in crate::serve) fn page(basis: &Basis<'_>, caller: Option<&Caller>) -> Answer {
    let Basis { snapshot, config, now, .. } = *basis;
    let look = Look { config, now, caller };
    let origins = snapshot.pools.iter().flat_map(|pool| &pool.origins);
    let mut headers = freshness(snapshot.taken_at, origins, now);
    headers.push(("content-type", "text/html; charset=utf-8".to_owned()));
    headers.push(("content-security-policy", about::policy(config, POLICY)));
    let said = |place: usize| basis.past.get(place).copied().flatten();
    let days = said(0).and_then(json::read::<Vec<Availability>>).unwrap_or_default();
    let lately = said(1).and_then(Lately::read);
    Answer { status: 200, headers, body: render(basis, &days, lately.as_ref(), look).into_string() }
}

fn render(basis: &Basis<'_>, days: &[Availability], lately: Option<&Lately>, look: Look<'_>) -> Markup {
    let (snapshot, Look { config, now, .. }) = (basis.snapshot, look);
    let items = by_severity(snapshot, config, now);
    let status = verdict::worst(items.iter().map(|item| item.status));
    let sentence = sentence(&items);
    let frame = Frame { base: "", title: &sentence, status, config, now, charts: true, every: 0 };
    let main = html! {
        (notice::announcement(snapshot, look))
        div.state.(status.as_str()) {
            h1 { (sentence) }
            p { "As of " (instant(snapshot.taken_at, now)) ", " (ago(snapshot.taken_at, now)) " ago." }
        }
        (old(snapshot.taken_at, lately, now))
        (going_on(lately, look))
        (groups(&items, days, look))
        @if !days.is_empty() { p.legend { (legend(["up", "slow", "down", "not checked"])) } }
        (has_been(lately, look))
    };
    frame.around(&main, &html! { p { a href="feed.atom" { "Feed" } } })
}

/// That what is told is old, if it is: nothing else says that nobody answers.
fn old(taken_at: Timestamp, lately: Option<&Lately>, now: Timestamp) -> Markup {
    let oldest = lately.map_or(taken_at, |lately| lately.at.min(taken_at));
    html! {
        @if now.since(oldest) > OLD {
            p #old.notice { "There is no news since " (instant(oldest, now)) ", " (ago(oldest, now)) " ago. This is what was known then." }
        }
    }
}

/// The incidents that are open, each with what was noted of it last.
fn going_on(lately: Option<&Lately>, look: Look<'_>) -> Markup {
    let open: Vec<&Told> = told_of(lately, look).filter(|one| one.closed.is_none()).collect();
    let more = lately.map_or(0, |lately| lately.open).saturating_sub(open.len());
    html! {
        // It stands there always: what comes into it pushes away less of what is being read.
        section #going-on aria-labelledby="open" {
            h2 #open { "What is going on" }
            @if lately.is_none() { p.card { "It is not known at the moment." } }
            @else if open.is_empty() { p.card { "No incident is open." } }
            @else {
                ol.outages.card {
                    @for one in open { li id={ "incident-" (one.id) } { (line(one, look)) (folded(one, true, look.now)) } }
                }
                @if more > 0 { p.soft { "And " (more) " more." } }
            }
        }
    }
}

/// What is lately over, and how long it lasted.
fn has_been(lately: Option<&Lately>, look: Look<'_>) -> Markup {
    let recent =
        |one: &&Told| one.closed.is_some_and(|closed| look.now.since(closed) < Millis::DAY.times(DAYS));
    let over: Vec<&Told> = told_of(lately, look).filter(recent).take(PAST).collect();
    html! {
        section #has-been aria-labelledby="past" {
            h2 #past { "What has been" }
            @if lately.is_none() { p.soft { "It is not known at the moment." } }
            @else if over.is_empty() { p.soft { "Nothing in the last " (DAYS) " days." } }
            @else {
                ol.outages {
                    @for one in over {
                        li id={ "incident-" (one.id) } { (line(one, look)) (folded(one, false, look.now)) }
                    }
                }
            }
        }
    }
}

/// One incident, by its title and its time.
fn line(one: &Told, look: Look<'_>) -> Markup {
    html! {
        strong { (called(&look.subject(one.pool.as_str()))) } " "
        span class={ "badge " (one.worst.as_str()) } { (word(one.worst)) } " "
        span.soft {
            @match one.closed {
                Some(closed) => { (instant(one.opened, look.now)) ", for " (lasted(closed.since(one.opened))) },
                None => { "since " (instant(one.opened, look.now)) ", for " (ago(one.opened, look.now)) },
            }
        }
    }
}

/// What was noted of it, unfolded if it is open.
fn folded(one: &Told, open: bool, now: Timestamp) -> Markup {
    html! {
        @if !one.notes.is_empty() {
            details id={ "notes-" (one.id) } open[open] { summary { (counted(one.note_count)) } (notes(one, now)) }
        }
    }
}

/// The notes, the latest first: text, whatever is in it.
fn notes(one: &Told, now: Timestamp) -> Markup {
    let shown = u32::try_from(one.notes.len()).unwrap_or(u32::MAX);
    let earlier = one.note_count.saturating_sub(shown);
    html! {
        ol.told {
            @for note in &one.notes {
                li {
                    p.when { (instant(note.at, now)) }
                    @for line in note.text.lines() { p { (called(&plain(line))) } }
                }
            }
            @if earlier > 0 { li.soft { "And " (counted(earlier)) " before." } }
        }
    }
}

fn counted(notes: u32) -> String {
    format!("{notes} note{}", if notes == 1 { "" } else { "s" })
}

/// Those of what is told that customers may see by this configuration.
fn told_of<'a>(lately: Option<&'a Lately>, look: Look<'a>) -> impl Iterator<Item = &'a Told> {
    lately.into_iter().flat_map(move |lately| shown(lately, look.config))
}

/// The same for whoever has no page: what is hidden is left out once more, whoever told it.
pub(in crate::serve) fn shown<'a>(lately: &'a Lately, config: &'a Config) -> impl Iterator<Item = &'a Told> {
    let known = |one: &&Told| config.pool(one.pool.as_str()).is_some_and(|pool| !pool.hidden);
    lately.incidents.iter().filter(known)
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
fn groups(items: &[Item<'_>], days: &[Availability], look: Look<'_>) -> Markup {
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
                ul.card { @for item in list { (service(item, days, look)) } }
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

fn service(item: &Item<'_>, days: &[Availability], look: Look<'_>) -> Markup {
    let name = item.view.name.as_str();
    let about = item.about();
    let own = days.iter().find_map(|days| Some((days.of(name)?, days.days_from)));
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

/// What an incident is called in one line of text: `Memo (EU) was down for 12 min`.
pub(in crate::serve) fn told(one: &Told, config: &Config) -> String {
    let title = config.pool(one.pool.as_str()).map_or(one.pool.as_str(), Pool::title);
    let word = word(one.worst);
    match one.closed {
        Some(closed) => format!("{title} was {word} for {}", lasted(closed.since(one.opened))),
        None => format!("{title} is {word}"),
    }
}
