//! The page for people: every pool and origin with verdict, reason and age, useful without JavaScript. `maud` escapes whatever
//! is put in; the style is a document of its own, so that the content security policy needs no exception.

use maud::{DOCTYPE, Markup, html};

use super::{Answer, freshness};
use crate::snapshot::{OriginView, PoolView, Snapshot, VoteView};
use crate::units::Timestamp;
use crate::verdict::{self, Status};
use crate::vote::Opinion;

/// The page asks for itself again after this many seconds.
const REFRESH: &str = "2";

/// The style of the page.
pub(super) fn style() -> Answer {
    Answer {
        status: 200,
        headers: vec![
            ("content-type", "text/css; charset=utf-8".to_owned()),
            ("cache-control", "max-age=300".to_owned()),
        ],
        body: include_str!("page.css").to_owned(),
    }
}

/// The page.
pub(super) fn answer(snapshot: &Snapshot, now: Timestamp) -> Answer {
    let oldest = snapshot.pools.iter().filter_map(PoolView::oldest).min();
    let mut headers = freshness(oldest, now);
    headers.push(("content-type", "text/html; charset=utf-8".to_owned()));
    let policy =
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    headers.push(("content-security-policy", policy.to_owned()));
    Answer { status: 200, headers, body: render(snapshot, now).into_string() }
}

fn render(snapshot: &Snapshot, now: Timestamp) -> Markup {
    let whole = verdict::worst(snapshot.pools.iter().map(|pool| pool.status_at(now)));
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta http-equiv="refresh" content=(REFRESH);
                title { (sentence(whole)) " · Vedette" }
                link rel="stylesheet" href="style.css";
            }
            body {
                header {
                    h1 { (badge(whole)) " " (sentence(whole)) }
                    p { "Seen at " (instant(snapshot.taken_at)) ", shown at " (instant(now)) "." }
                    (watch(snapshot, now))
                }
                main { @for pool in &snapshot.pools { (pool_section(pool, now)) } }
                (events(snapshot))
                footer {
                    p {
                        a href="health" { "health" } " · " a href="readyz?verbose" { "readiness" } " · Vedette "
                        (env!("CARGO_PKG_VERSION"))
                    }
                }
            }
        }
    }
}

const fn sentence(status: Status) -> &'static str {
    match status {
        Status::Pass => "Everything passes",
        Status::Warn => "Serving, but something is amiss",
        Status::Unknown => "Not enough is known",
        Status::Fail => "A pool fails",
    }
}

fn badge(status: Status) -> Markup {
    html! { span class={ "badge " (status.as_str()) } { (status.as_str()) } }
}

fn instant(at: Timestamp) -> Markup {
    html! { time datetime=(at) { (at.to_string().get(11..19).unwrap_or_default()) " UTC" } }
}

/// `12 s`, `4 min`, `3 h`, `2 d`: how long ago, as people say it.
fn ago(at: Timestamp, now: Timestamp) -> String {
    let seconds = now.since(at).as_secs();
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7_199 => format!("{} min", seconds / 60),
        7_200..=172_799 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// Says so where the watch itself is silent: old verdicts must not look fresh.
fn watch(snapshot: &Snapshot, now: Timestamp) -> Markup {
    let silent: Vec<&str> = snapshot
        .watch
        .iter()
        .filter(|watch| watch.heard.is_some() && now > watch.silent_from)
        .map(|watch| watch.vantage.as_str())
        .collect();
    html! {
        @if snapshot.watch.is_empty() {
            p.alarm role="alert" { "The watch is silent: no verdict can be had from it." }
        } @else if !silent.is_empty() {
            p.alarm role="alert" { "Silent vantages: " (silent.join(", ")) "." }
        }
    }
}

fn pool_section(pool: &PoolView, now: Timestamp) -> Markup {
    let heading = format!("pool-{}", pool.name);
    html! {
        section aria-labelledby=(heading) {
            h2 id=(heading) { (badge(pool.status_at(now))) " " (pool.name) }
            p {
                @match &pool.chosen {
                    Some(name) => { "Traffic should go to " strong { (name) } ": " (pool.choice) "." },
                    None => { "There is nowhere to go: " (pool.choice) "." },
                }
                " " a href={ "health/" (pool.name) } { "health" } " · " a href={ "route/" (pool.name) } { "signal" }
            }
            div.scroll tabindex="0" role="region" aria-labelledby=(heading) {
                table {
                    thead {
                        tr {
                            @for title in ["Origin", "Verdict", "Reason", "Since", "Age", "By vantage"] {
                                th scope="col" { (title) }
                            }
                        }
                    }
                    tbody { @for origin in &pool.origins { (origin_row(origin, now)) } }
                }
            }
        }
    }
}

fn origin_row(origin: &OriginView, now: Timestamp) -> Markup {
    html! {
        tr {
            th scope="row" { (origin.name) }
            td { (badge(origin.status_at(now))) }
            td { (origin.reason_at(now)) }
            td { (ago(origin.since, now)) }
            td { (origin.oldest.map_or_else(|| "none".to_owned(), |oldest| ago(oldest, now))) }
            td { ul { @for vote in &origin.votes { li { (vote_line(vote, now)) } } } }
        }
    }
}

fn vote_line(vote: &VoteView, now: Timestamp) -> String {
    let opinion = match (now < vote.expires, vote.opinion) {
        (false, _) => format!("expired at {}", vote.expires),
        (true, Opinion::Undecided) => "undecided".to_owned(),
        (true, Opinion::Pass) => "pass".to_owned(),
        (true, Opinion::Fail) => "fail".to_owned(),
    };
    let mut line = format!("{}: {opinion}, {} ms", vote.vantage, vote.latency.get());
    if let Some(code) = vote.code {
        line = format!("{line}, status {code}");
    }
    if let Some(calls) = vote.database.calls {
        line = format!("{line}, {calls} database calls");
    }
    format!("{line}, {}", vote.cache.as_str())
}

fn events(snapshot: &Snapshot) -> Markup {
    html! {
        section aria-labelledby="events" {
            h2 id="events" { "Recent events" }
            @if snapshot.events.is_empty() { p { "Nothing has changed yet." } }
            ol.events {
                @for event in &snapshot.events {
                    li { (instant(event.at)) " " strong { (event.subject) } " " (event.from.as_str()) " → "
                        (badge(event.to)) " " (event.reason) }
                }
            }
        }
    }
}
