//! The pages of incidents: a table of them, and of one what happened, why, seen from where, what
//! served meanwhile, and what people noted.

mod told;

use maud::{Markup, html};

use self::told::{Incident, List, Note, Served};
use super::about::{self, called};
use super::frame::Frame;
use super::item::Look;
use super::text::{Plain, ago, badge, instant, lasted, mark, plain};
use super::{POLICY, notice};
use crate::access::Caller;
use crate::answer::Answer;
use crate::config::Door;
use crate::defaults::serve::page::{EVERY, TURNS};
use crate::json;
use crate::serve::{Basis, Chronicle, incidents};
use crate::units::{Millis, Name, Timestamp};
use crate::verdict::{self, Status};

/// The page of all incidents, or of one.
pub(in crate::serve) fn incidents(asked: &Chronicle, basis: &Basis<'_>, caller: Option<&Caller>) -> Answer {
    let Basis { config, now, .. } = *basis;
    let look = Look { config, now, caller };
    let said = |place: usize| basis.past.get(place).copied().flatten();
    let (status, body) = match &asked.id {
        None => (200, list(asked, basis, look)),
        Some(_) if said(0).is_some_and(str::is_empty) => return incidents::no_incident(),
        Some(_) => match said(0).and_then(json::read::<Incident>) {
            Some(incident) => (200, one(&incident, basis, look)),
            None => (503, silent(basis, look)),
        },
    };
    let headers = vec![
        ("content-type", "text/html; charset=utf-8".to_owned()),
        ("content-security-policy", about::policy(config, POLICY)),
        ("cache-control", if status == 200 { "max-age=1" } else { "no-store" }.to_owned()),
    ];
    Answer { status, headers, body: body.into_string() }
}

/// The frame of such a page.
fn frame<'a>(base: &'a str, title: &'a str, status: Status, look: Look<'a>) -> Frame<'a> {
    Frame { base, title, status, config: look.config, now: look.now, charts: true, every: EVERY }
}

/// What stands beneath it: where a program is told the same.
fn foot(links: &Markup, basis: &Basis<'_>, look: Look<'_>) -> Markup {
    html! {
        p {
            @if look.may(Door::Api) { (links) " " }
            "As of " (instant(basis.snapshot.taken_at, look.now)) ". Vedette " (env!("CARGO_PKG_VERSION"))
        }
    }
}

/// All of them, those that are open first.
fn list(asked: &Chronicle, basis: &Basis<'_>, look: Look<'_>) -> Markup {
    let read = |place: usize| basis.past.get(place).copied().flatten().and_then(json::read::<List>);
    let (open, over) = (read(0), read(1));
    let known = open.is_some() && over.is_some();
    let next = over.as_ref().and_then(|list| list.next.clone());
    let (open, over) = [open, over].map(|list| list.map_or(Vec::new(), |list| list.incidents)).into();
    // What closed between the two answers is in both.
    let is_over = |one: &Incident| over.iter().any(|other| other.id == one.id);
    let open: Vec<Incident> = open.into_iter().filter(|one| !is_over(one)).collect();
    let sentence = match open.len() {
        _ if !known => "Incidents are not known at the moment".to_owned(),
        0 => "No incident is open".to_owned(),
        1 => "1 incident is open".to_owned(),
        count => format!("{count} incidents are open"),
    };
    let worst = open.iter().map(|one| one.worst);
    let status = if known { verdict::worst(worst.chain([Status::Pass])) } else { Status::Unknown };
    let links: Vec<String> = asked.asks().iter().map(super::super::Recorded::path).collect();
    let main = html! {
        nav.way aria-label="way" {
            a href="." { "Everything" }
            @if let Some(pool) = &asked.pool {
                " › " a href={ "pool/" (pool) } { (called(&look.subject(pool))) }
                " › " a href="incidents" { "All incidents" }
            }
        }
        div.state.(status.as_str()) {
            h1 { (sentence) }
            @if let Some(pool) = &asked.pool { p { "Of " (called(&look.subject(pool))) " alone." } }
            @if !known { p { "Ask again in a few seconds." } }
        }
        (notice::notices(basis.snapshot, basis.source.silent, look))
        @if !(open.is_empty() && over.is_empty()) { (table(&open, &over, look)) }
        @else if known { p.soft { "Nothing has happened yet." } }
        @if let (Some(next), Some(path)) = (next.filter(|_| look.may(Door::Api)), links.last()) {
            p { a href={ (path) "&cursor=" (next) } { "Older ones, as JSON" } }
        }
    };
    let words = ["open ones as JSON", "latest as JSON"];
    let foot_links =
        html! { @for (href, words) in links.iter().zip(words) { a href=(href) { (words) } " " } };
    frame("", &sentence, status, look).around(&main, &foot(&foot_links, basis, look))
}

fn table(open: &[Incident], over: &[Incident], look: Look<'_>) -> Markup {
    html! {
        section aria-labelledby="incidents" {
            h2 #incidents { "Incidents" }
            div.wide.card tabindex="0" role="region" aria-label="table of incidents" {
                table.matrix {
                    thead { tr { @for word in ["incident", "worst", "length", "cause", "seen from", "served"] { th scope="col" { (word) } } } }
                    tbody { @for one in open.iter().chain(over) { (row(one, look)) } }
                }
            }
        }
    }
}

fn row(one: &Incident, look: Look<'_>) -> Markup {
    let (first, more) = (one.served.iter().take(TURNS), one.served.len().saturating_sub(TURNS));
    html! {
        tr {
            th scope="row" {
                a href={ "incident/" (one.id) } { (called(&look.subject(&one.pool))) }
                small { (instant(one.opened, look.now)) }
                @if one.note_count > 0 { small { (counted(one.note_count, "note")) } }
            }
            td { (badge(one.worst)) @if one.times > 1 { small { (one.times) " times" } } }
            td { (length(one, look.now)) }
            td.cause {
                @if let Some(cause) = &one.cause {
                    (Plain(&cause.reason)) small { (called(look.origin(&one.pool, &cause.origin))) }
                } @else { "–" }
            }
            td { (vantages(&one.vantages, look)) }
            td {
                @if one.served.is_empty() { "–" }
                @for (place, turn) in first.enumerate() { @if place > 0 { ", then " } (served(turn, one, look)) }
                @if more > 0 { ", and " (counted(u32::try_from(more).unwrap_or(u32::MAX), "turn")) " more" }
            }
        }
    }
}

/// Its length as the API has it; of one that is open how long it has lasted.
fn length(one: &Incident, now: Timestamp) -> Markup {
    html! {
        @if let Some(seconds) = one.length_s { (so_long(seconds)) }
        @else { (ago(one.opened, now)) " so far" small { "open" } }
    }
}

/// A length in words, and to the second.
fn so_long(seconds: u64) -> Markup {
    let words = lasted(Millis::from_secs(seconds));
    html! { (words) @if !words.ends_with(" s") { small { " " (seconds) " s" } } }
}

fn served(turn: &Served, of: &Incident, look: Look<'_>) -> Markup {
    html! {
        @if let Some(origin) = &turn.origin { (called(look.origin(&of.pool, origin))) } @else { "nobody" }
    }
}

fn vantages(names: &[Name], look: Look<'_>) -> Markup {
    html! {
        @if names.is_empty() { "–" }
        @for (place, name) in names.iter().enumerate() { @if place > 0 { ", " } (look.vantage(name)) }
    }
}

fn counted(count: u32, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// One of them.
fn one(one: &Incident, basis: &Basis<'_>, look: Look<'_>) -> Markup {
    let title = look.subject(&one.pool);
    let sentence = match one.length_s {
        Some(seconds) => {
            format!("Incident of {title}, over after {}", lasted(Millis::from_secs(seconds)))
        }
        None => format!("Incident of {title}, still open"),
    };
    // What is over is no alarm.
    let status = if one.closed.is_some() { Status::Pass } else { one.worst };
    let main = html! {
        nav.way aria-label="way" {
            a href="../" { "Everything" } " › "
            a href="../incidents" { "All incidents" } " › "
            a href={ "../pool/" (one.pool) } { (called(&title)) }
        }
        div.state.(status.as_str()) {
            @if one.closed.is_none() { (badge(status)) } @else { (mark(status, "over")) }
            h1 { (sentence) }
            @if let Some(cause) = &one.cause { p { (called(look.origin(&one.pool, &cause.origin))) ": " (Plain(&cause.reason)) } }
            p.since { "Since " (instant(one.opened, look.now)) @if let Some(closed) = one.closed { ", until " (instant(closed, look.now)) } "." }
        }
        (notice::notices(basis.snapshot, basis.source.silent, look))
        (facts(one, look))
        (happened(one, look))
        (noted(&one.notes, look.now))
    };
    let link = html! { a href={ "../v1/incidents/" (one.id) } { "JSON" } };
    frame("../", &sentence, status, look).around(&main, &foot(&link, basis, look))
}

fn facts(one: &Incident, look: Look<'_>) -> Markup {
    let lengths = [("failed for", one.fail_s), ("warned for", one.warn_s)];
    html! {
        section aria-labelledby="facts" {
            h2 #facts { "What is known" }
            div.card {
                dl {
                    div { dt { "length" } dd { (length(one, look.now)) } }
                    @for (name, seconds) in lengths {
                        // What comes later has its place before: nothing jumps when it closes.
                        div { dt { (name) } dd { @match seconds { Some(seconds) => { (so_long(seconds)) }, None => "told when it is over" } } }
                    }
                    div { dt { "worst" } dd { (badge(one.worst)) } }
                    div { dt { "fell" } dd { (counted(one.times, "time")) } }
                    @if let Some(cause) = &one.cause { div { dt { "evidence" } dd { (evidence(&cause.kind)) } } }
                    div { dt { "not well" } dd { @for (place, name) in one.origins.iter().enumerate() { @if place > 0 { ", " } (called(look.origin(&one.pool, name))) } } }
                    div { dt { "seen from" } dd { (vantages(&one.vantages, look)) } }
                }
            }
        }
    }
}

/// What kind of evidence its cause rests on.
fn evidence(kind: &str) -> Markup {
    match kind {
        "no-answer" => html! { "nothing answered" },
        "answer" => html! { "it answered, and not as expected" },
        "cache" => html! { "a cache answered for an origin that it could not reach" },
        "heartbeat" => html! { "a job did not report in time, or reported that it failed" },
        other => html! { (Plain(other)) },
    }
}

/// From its opening to its closing, in order.
fn happened(one: &Incident, look: Look<'_>) -> Markup {
    let turn =
        |turn: &Served| html! { strong { (served(turn, one, look)) } span.turn { "takes the traffic" } };
    let note = |note: &Note| html! { strong { "note" } span.turn { @if let Some(who) = &note.who { "by " (Plain(who)) } } };
    let mut rows: Vec<(Timestamp, Markup)> = vec![(one.opened, html! { strong { "opened" } })];
    rows.extend(one.served.iter().map(|one| (one.from, turn(one))));
    rows.extend(one.notes.iter().map(|one| (one.at, note(one))));
    rows.extend(one.closed.map(|at| (at, html! { strong { "closed" } })));
    rows.sort_by_key(|(at, _)| *at);
    html! {
        section aria-labelledby="events" {
            h2 #events { "What happened" }
            ol.events { @for (at, what) in &rows { li { span.when { (instant(*at, look.now)) } (what) } } }
        }
    }
}

/// What people noted: text, whatever is in it.
fn noted(notes: &[Note], now: Timestamp) -> Markup {
    html! {
        section aria-labelledby="notes" {
            h2 #notes { "Notes" }
            @if notes.is_empty() { p.soft { "Nobody has noted anything." } }
            @for note in notes {
                div.card.note {
                    @for line in note.text.lines() { p { (called(&plain(line))) } }
                    p.facts { (instant(note.at, now)) @if let Some(who) = &note.who { " by " (Plain(who)) } }
                }
            }
        }
    }
}

/// No object says anything of it.
fn silent(basis: &Basis<'_>, look: Look<'_>) -> Markup {
    let sentence = "This incident is not known at the moment";
    let main = html! {
        nav.way aria-label="way" { a href="../" { "Everything" } " › " a href="../incidents" { "All incidents" } }
        div.state.unknown { h1 { (sentence) } p { "What keeps it did not answer in time. Ask again in a few seconds." } }
        (notice::notices(basis.snapshot, basis.source.silent, look))
    };
    frame("../", sentence, Status::Unknown, look).around(&main, &foot(&html! {}, basis, look))
}
