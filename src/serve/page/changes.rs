//! The pages of changes: a table of them, and of one whether to keep it or to take it back, and
//! why.

mod told;

use maud::{Markup, html};

use self::told::{Change, Judged, Judgement, List, Purged, Stratum, Summary};
use super::about::{self, called};
use super::frame::Frame;
use super::item::Look;
use super::text::{Plain, instant, mark, plain};
use super::{POLICY, notice};
use crate::access::Caller;
use crate::answer::Answer;
use crate::compare::{Expectation, Verdict};
use crate::defaults::serve::page::EVERY;
use crate::json;
use crate::purge;
use crate::serve::chart::Curves;
use crate::serve::{Basis, ChangesPage, changes};
use crate::verdict::Status;

/// The page of all changes, or of one.
pub(in crate::serve) fn changes_page(
    asked: &ChangesPage,
    basis: &Basis<'_>,
    caller: Option<&Caller>,
) -> Answer {
    let look = Look { config: basis.config, now: basis.now, caller };
    let said = basis.past.first().copied().flatten();
    let (status, body) = match (&asked.id, said) {
        (Some(_), Some("")) => return changes::no_change(),
        (Some(_), said) => match said.and_then(json::read::<Change>) {
            Some(change) => (200, one(&change, basis, look)),
            None => (503, silent(basis, look)),
        },
        (None, said) => match said.and_then(json::read::<List>) {
            Some(list) => (200, all(&list.changes, basis, look)),
            None => (503, silent(basis, look)),
        },
    };
    let headers = vec![
        ("content-type", "text/html; charset=utf-8".to_owned()),
        ("content-security-policy", about::policy(basis.config, POLICY)),
        ("cache-control", "no-store".to_owned()),
    ];
    Answer { status, headers, body: body.into_string() }
}

fn frame<'a>(base: &'a str, title: &'a str, status: Status, look: Look<'a>) -> Frame<'a> {
    Frame { base, title, status, config: look.config, now: look.now, charts: true, every: EVERY }
}

fn foot(links: &Markup, basis: &Basis<'_>, look: Look<'_>) -> Markup {
    html! { p { (links) " As of " (instant(basis.snapshot.taken_at, look.now)) ". Vedette " (env!("CARGO_PKG_VERSION")) } }
}

/// What colour a verdict has.
const fn like(verdict: Option<Verdict>) -> Status {
    match verdict {
        Some(Verdict::Improved | Verdict::Unchanged) => Status::Pass,
        Some(Verdict::Regressed) => Status::Fail,
        Some(Verdict::Inconclusive) | None => Status::Unknown,
    }
}

const fn word(verdict: Option<Verdict>) -> &'static str {
    match verdict {
        Some(Verdict::Improved) => "improved",
        Some(Verdict::Unchanged) => "unchanged",
        Some(Verdict::Regressed) => "regressed",
        Some(Verdict::Inconclusive) => "cannot be told",
        None => "not looked at yet",
    }
}

fn badge(verdict: Option<Verdict>) -> Markup {
    mark(like(verdict), word(verdict))
}

/// All of them.
fn all(list: &[Change], basis: &Basis<'_>, look: Look<'_>) -> Markup {
    let open = list.iter().filter(|change| change.closed.is_none()).count();
    let sentence = match open {
        0 => "No change is open".to_owned(),
        1 => "1 change is open".to_owned(),
        count => format!("{count} changes are open"),
    };
    let regressed = list.iter().any(|one| one.closed.is_none() && one.verdict == Some(Verdict::Regressed));
    let status = if regressed { Status::Fail } else { Status::Pass };
    let main = html! {
        nav.way aria-label="way" { a href="." { "Everything" } }
        div.state.(status.as_str()) { h1 { (sentence) } }
        (notice::notices(basis.snapshot, basis.source.silent, look))
        @if list.is_empty() { p.soft { "Nobody has started one. " code { "vedette change start" } " does, before something is changed." } }
        @else {
            section aria-labelledby="changes" {
                h2 #changes { "Changes" }
                div.wide.card tabindex="0" role="region" aria-label="table of changes" {
                    table.matrix {
                        thead { tr { @for word in ["change", "verdict", "state", "owner", "origins"] { th scope="col" { (word) } } } }
                        tbody { @for change in list { (row(change, look)) } }
                    }
                }
            }
        }
    };
    let link = html! { a href="v1/changes" { "JSON" } };
    frame("", &sentence, status, look).around(&main, &foot(&link, basis, look))
}

fn row(change: &Change, look: Look<'_>) -> Markup {
    html! {
        tr {
            th scope="row" {
                a href={ "change/" (change.id) } { (Plain(&change.title)) }
                small { (change.id) ", " (instant(change.started, look.now)) }
            }
            td { (badge(change.verdict)) }
            td { (state(change)) }
            td { (Plain(&change.owner)) }
            td { @for (place, origin) in change.origins.iter().enumerate() { @if place > 0 { ", " } (called(&look.subject(origin))) } }
        }
    }
}

/// How far it is, in words.
fn state(change: &Change) -> String {
    match (&change.closed, change.state.as_str()) {
        (Some(closing), _) => format!("closed: {}", closing.fate.replace('_', " ")),
        (None, "started") => "not applied yet".to_owned(),
        (None, "warming_up") => "warming up".to_owned(),
        (None, state) => state.to_owned(),
    }
}

/// Whether to keep it, in two sentences.
const fn advice(change: &Change) -> (&'static str, &'static str) {
    match (change.applied, change.verdict) {
        (None, _) => {
            ("Not applied yet", "What was before is kept. Apply the change, and mark it as applied.")
        }
        (Some(_), None) => ("Being measured", "It is too early to say anything."),
        (Some(_), Some(Verdict::Improved)) => (
            "Improved: keep it",
            "Some of what was expected came, beyond chance, and none of it went the other way.",
        ),
        (Some(_), Some(Verdict::Unchanged)) => (
            "Unchanged: it did no harm",
            "Whatever difference there is lies within the tolerance. It did not do what it was for, either.",
        ),
        (Some(_), Some(Verdict::Regressed)) => (
            "Regressed: take it back",
            "It got worse beyond chance and the tolerance. The way back stands below.",
        ),
        (Some(_), Some(Verdict::Inconclusive)) => (
            "It cannot be told",
            "There is too little to go by, or too much noise. The reasons stand beside the numbers.",
        ),
    }
}

/// One of them.
fn one(change: &Change, basis: &Basis<'_>, look: Look<'_>) -> Markup {
    let status = like(change.verdict.filter(|_| change.applied.is_some()));
    let (sentence, why) = advice(change);
    let href = format!("../v1/changes/{}", change.id);
    let main = html! {
        nav.way aria-label="way" {
            a href="../" { "Everything" } " › "
            a href="../changes" { "All changes" }
        }
        div.state.(status.as_str()) {
            (badge(change.verdict))
            h1 { (sentence) }
            p { strong { (Plain(&change.title)) } " – " (why) }
            @if let Some(said) = &change.sentence { p.since { "Verdict" @if let Some(judgement) = &change.judgement { " after look " (judgement.looks.taken) " of " (judgement.looks.planned) } ": " (Plain(said)) "." } }
        }
        (notice::notices(basis.snapshot, basis.source.silent, look))
        (facts(change, look))
        (words("back", "The way back", &change.rollback))
        @if !change.expected.is_empty() { (words("expected", "What is expected", &change.expected)) }
        @if !change.curves.is_empty() { (drawn(change, &href, look)) }
        @if let Some(judgement) = &change.judgement { (measured(judgement, look)) }
        (remarks(change, look))
    };
    let link = html! { a href=(href) { "JSON" } " " a href={ (href) "?format=markdown" } { "Markdown" } };
    frame("../", sentence, status, look).around(&main, &foot(&link, basis, look))
}

fn facts(change: &Change, look: Look<'_>) -> Markup {
    let now = look.now;
    html! {
        section aria-labelledby="facts" {
            h2 #facts { "What is known" }
            div.card {
                dl {
                    div { dt { "owner" } dd { (Plain(&change.owner)) } }
                    div { dt { "state" } dd { (state(change)) } }
                    div { dt { "origins" } dd { @for (place, origin) in change.origins.iter().enumerate() { @if place > 0 { ", " } (called(&look.subject(origin))) } } }
                    div { dt { "started" } dd { (instant(change.started, now)) " by " (Plain(&change.who)) } }
                    div { dt { "before" } dd { (instant(change.before.from, now)) " to " (instant(change.before.to, now)) } }
                    @if let Some(applied) = change.applied { div { dt { "applied" } dd { (instant(applied, now)) } } }
                    @if let Some(after) = &change.after { div { dt { "after" } dd { (instant(after.from, now)) " to " (instant(after.to, now)) } } }
                    @if let Some(closing) = &change.closed {
                        div { dt { "closed" } dd { (instant(closing.at, now)) " by " (Plain(&closing.who)) @if !closing.note.is_empty() { ": " (Plain(&closing.note)) } } }
                    }
                    @for link in &change.links { div { dt { "link" } dd { a href=(link) rel="noopener noreferrer" { (Plain(link)) } } } }
                }
            }
        }
    }
}

/// What somebody wrote, as text.
fn words(id: &str, head: &str, text: &str) -> Markup {
    html! {
        section aria-labelledby=(id) {
            h2 id=(id) { (head) }
            div.card.note { @for line in text.lines() { p { (called(&plain(line))) } } }
        }
    }
}

/// Before and after one over the other, for each origin and class.
fn drawn(change: &Change, href: &str, look: Look<'_>) -> Markup {
    html! {
        section aria-labelledby="curves" {
            h2 #curves { "Before and after" }
            p.soft { "How large a share of the answers took at most so long. The more to the left, the faster." }
            div.charts {
                @for (place, curve) in change.curves.iter().enumerate() {
                    @let title = format!("{}, {}", look.subject(&curve.origin), curve.class);
                    @let id = format!("curve-{place}");
                    div class={ "class " (curve.class) } {
                        (Curves { id: &id, title: &title, href, before: &curve.before, after: &curve.after }.figure())
                    }
                }
            }
        }
    }
}

/// The numbers, by expectation.
fn measured(judgement: &Judgement, look: Look<'_>) -> Markup {
    html! {
        section aria-labelledby="measured" {
            h2 #measured { "What was measured" }
            @for (place, judged) in judgement.expectations.iter().enumerate() { (expectation(judged, place, look)) }
        }
    }
}

fn expectation(judged: &Judged, place: usize, look: Look<'_>) -> Markup {
    let name = format!("expectation-{place}");
    let Ok(known) = Expectation::parse(&judged.expectation) else { return html! {} };
    html! {
        h3 id=(name) { (Plain(&judged.expectation)) " " (badge(Some(judged.verdict))) }
        @if judged.strata.is_empty() { p.soft { "Nothing was measured that says anything of it." } }
        @else {
            div.wide.card tabindex="0" role="region" aria-labelledby=(name) {
                table.matrix {
                    thead { tr { @for word in ["origin", "seen from", "before", "after", "change", "verdict"] { th scope="col" { (word) } } } }
                    tbody { @for stratum in &judged.strata { (stratum_row(&known, stratum, look)) } }
                }
            }
        }
    }
}

fn stratum_row(known: &Expectation, stratum: &Stratum, look: Look<'_>) -> Markup {
    let side = |side: &Summary| {
        html! { @if let Some(value) = side.value { (known.shown(value)) } @else { "–" } small { (side.samples) " samples" } }
    };
    html! {
        tr {
            th scope="row" { (called(&look.subject(&stratum.origin))) small { (Plain(&stratum.class)) @if !stratum.deciding { ", decides nothing" } } }
            td { (Plain(&stratum.vantage)) }
            td { (side(&stratum.before)) }
            td { (side(&stratum.after)) }
            td {
                @if let Some(change) = &stratum.change {
                    @let moved = |value: f64| known.moved(change.scale, value);
                    (moved(change.estimate))
                    small { (moved(change.low)) " to " (moved(change.high)) @if let Some(p) = stratum.p { ", p " (chance(p)) } }
                } @else { "–" }
            }
            td { (badge(Some(stratum.verdict))) @if let Some(why) = &stratum.why { small { (Plain(why)) } } }
        }
    }
}

/// What else is to be known of it.
fn remarks(change: &Change, look: Look<'_>) -> Markup {
    let mixes = change.judgement.iter().flat_map(|judgement| &judgement.mix);
    let mixes: Vec<_> = mixes.filter_map(|mix| Some((mix, mix.sentence.as_ref()?))).collect();
    let silent =
        [("no samples of before from", &change.missing), ("no answer at the last look from", &change.silent)];
    let nothing = mixes.is_empty()
        && silent.iter().all(|(_, names)| names.is_empty())
        && change.confounded_with.is_empty()
        && change.gone.is_empty()
        && change.purges.is_empty()
        && change.cuts.is_empty();
    html! {
        @if !nothing {
            section aria-labelledby="remarks" {
                h2 #remarks { "To be known" }
                ul.card {
                    @for (mix, said) in mixes { li { (called(&look.subject(&mix.origin))) " from " (Plain(&mix.vantage)) ": " (Plain(said)) } }
                    @for (what, names) in silent { @if !names.is_empty() { li { (what) " " (Plain(&names.join(", "))) } } }
                    @for id in &change.confounded_with {
                        li { a href=(id) { (Plain(id)) } " was under way at the same time, with an origin of this one: either may be the reason" }
                    }
                    @for origin in &change.gone { li { (Plain(origin)) " is not watched any more" } }
                    @for purged in &change.purges { li { (self::purged(purged, look)) } }
                    @for cut in &change.cuts {
                        li { (called(&look.subject(&cut.origin))) " failed from " (instant(cut.from, look.now)) " to " (instant(cut.to, look.now)) ": cut out" }
                    }
                }
            }
        }
    }
}

/// A purge that was made for it.
fn purged(purged: &Purged, look: Look<'_>) -> Markup {
    let what = purge::what(purged.urls.len(), purged.tags.len(), purged.pools.len());
    html! {
        (what) ", " (instant(purged.at, look.now)) " by " (Plain(&purged.who))
        @match (purged.cdn.as_deref(), &purged.why) {
            (Some("cleared"), _) => { ", at the CDN too" }
            (Some(_), Some(why)) => { "; the CDN did not clear all of it: " (Plain(why)) }
            (Some(_), None) => { "; what the CDN answered is not known" }
            (None, _) => {}
        }
    }
}

fn chance(p: f64) -> String {
    if p < 0.001 { "under 0.001".to_owned() } else { format!("{p:.3}") }
}

/// No object says anything.
fn silent(basis: &Basis<'_>, look: Look<'_>) -> Markup {
    let sentence = "Changes are not known at the moment";
    let main = html! {
        div.state.unknown { h1 { (sentence) } p { "What keeps them did not answer in time. Ask again in a few seconds." } }
        (notice::notices(basis.snapshot, basis.source.silent, look))
    };
    frame("", sentence, Status::Unknown, look).around(&main, &foot(&html! {}, basis, look))
}
