//! The page of one pool, one origin or one monitor: the verdict and why, who sees it how, the
//! latest 90 days, and what was measured as charts.

use maud::{Markup, html};

use super::about::called;
use super::diagnosis::diagnosis;
use super::events;
use super::frame::Frame;
use super::item::{Item, Look};
use super::matrix::matrix;
use super::text::{Plain, ago, badge, instant};
use super::{POLICY, about, notice, pool, sentence};
use crate::answer::Answer;
use crate::defaults::serve::page::EVERY;
use crate::json;
use crate::serve::chart::{Availability, Charted, History, charts, percent, strip};
use crate::serve::dossier::{Dossier, Span, Whose};
use crate::serve::{Basis, freshness, problem};
use crate::snapshot::OriginView;

/// Windows of availability that are told.
const WINDOWS: [(&str, &str); 3] = [("24h", "24 hours"), ("7d", "7 days"), ("90d", "90 days")];

/// What the page is made of.
struct One<'a> {
    dossier: &'a Dossier,
    item: Item<'a>,
    /// The origin that it is about; all of a monitor.
    origin: Option<&'a OriginView>,
    look: Look<'a>,
    base: &'static str,
}

/// The page.
pub(in crate::serve) fn one(
    dossier: &Dossier,
    basis: &Basis<'_>,
    caller: Option<&crate::access::Caller>,
) -> Answer {
    let Basis { snapshot, config, now, .. } = *basis;
    let look = Look { config, now, caller };
    let Some(item) = super::item::find(snapshot, config, &dossier.pool, now) else {
        return problem::not_found();
    };
    let wanted = dossier.charted();
    let origin = item.view.origins.iter().find(|origin| Some(origin.name.as_str()) == wanted);
    let base = if dossier.kind == Whose::Origin { "../../" } else { "../" };
    let mut headers = freshness(snapshot.taken_at, item.view.origins.iter(), now);
    headers.push(("content-type", "text/html; charset=utf-8".to_owned()));
    headers.push(("content-security-policy", about::policy(config, POLICY)));
    let one = One { dossier, item, origin, look, base };
    Answer { status: 200, headers, body: one.page(basis).into_string() }
}

impl One<'_> {
    fn page(&self, basis: &Basis<'_>) -> Markup {
        let sentence = self.sentence();
        let status = self.origin.map_or(self.item.status, |origin| origin.status_at(self.look.now));
        let frame = Frame {
            base: self.base,
            title: &sentence,
            status,
            config: self.look.config,
            now: self.look.now,
            charts: true,
            every: EVERY,
        };
        let main = html! {
            nav.way aria-label="way" {
                a href=(self.base) { "Everything" }
                @if self.dossier.kind == Whose::Origin {
                    " › " a href={ "../" (self.dossier.pool) } { (called(self.item.title())) }
                }
            }
            div.state.(status.as_str()) {
                (badge(status))
                h1 { (sentence) }
                (self.why())
            }
            (notice::notices(basis.snapshot, basis.source.silent, self.look))
            (about::more(self.item.about(), true))
            (self.seen())
            (self.stood(basis))
            @if self.dossier.charted().is_some() { (self.measured(basis)) }
            (events::of(basis.snapshot, self.look, |entry| entry.cause.pool() == self.dossier.pool && self.concerns(entry)))
            p { a href={ (self.base) "incidents?pool=" (self.dossier.pool) } { "All incidents of " (called(self.item.title())) } }
        };
        frame.around(&main, &html! {
            p {
                a href={ (self.base) "health/" (self.dossier.pool) } { "health" } " "
                a href={ (self.base) "v1/pools/" (self.dossier.pool) } { "JSON" } " "
                "As of " (instant(basis.snapshot.taken_at, self.look.now)) ". Vedette " (env!("CARGO_PKG_VERSION"))
            }
        })
    }

    /// Whether an event is about it.
    fn concerns(&self, entry: &crate::snapshot::TimelineEntry<'_>) -> bool {
        match (&self.dossier.origin, self.origin) {
            (Some(name), Some(_)) => {
                entry.origins.contains(&name.as_str())
                    || entry.cause.origin().is_none_or(|one| one == name.as_str())
            }
            _ => true,
        }
    }

    /// What is to be known first.
    fn sentence(&self) -> String {
        let now = self.look.now;
        match self.origin {
            Some(origin) if self.dossier.kind == Whose::Origin => {
                let title = self.look.subject(&format!("{}/{}", self.dossier.pool, origin.name));
                format!("{title} {}", sentence::word(origin, now))
            }
            Some(_) => format!("{} {}", self.item.title(), sentence::of(&self.item, now).head),
            None => format!("{} {}", self.item.title(), sentence::of(&self.item, now).in_full()),
        }
    }

    /// Why, since when, seen from where, and where the trouble lies.
    fn why(&self) -> Markup {
        let now = self.look.now;
        let Some(origin) = self.origin else {
            return html! {
                p { (Plain(&self.item.view.choice)) "." }
                p.since { "So since " (instant(self.item.view.since, now)) ", for " (ago(self.item.view.since, now)) "." }
            };
        };
        html! {
            p { (Plain(&origin.reason_at(now))) }
            @for said in diagnosis(origin, self.look) { p.where { strong { (Plain(&said)) } } }
            p.since {
                "So since " (instant(origin.since_at(now), now)) ", for " (ago(origin.since_at(now), now)) "."
                @if let Some(oldest) = origin.oldest { " The oldest evidence is " (ago(oldest, now)) " old." }
                @if !origin.next.is_empty() && origin.status_at(now) == origin.status { " Next: " (Plain(&origin.next)) "." }
            }
        }
    }

    /// Who sees it how.
    fn seen(&self) -> Markup {
        let about_one = self.origin;
        let title = if about_one.is_some() { "Seen from" } else { "Origins, and who sees them how" };
        html! {
            section aria-labelledby="seen" {
                h2 #seen { (title) }
                @match about_one {
                    Some(origin) if origin.beat.is_some() => { p.facts { (pool::heartbeat_of(origin, self.look.now)) } },
                    Some(origin) => { div.card { (pool::votes_of(origin, self.look)) } },
                    None => { (matrix(&self.item, self.look)) },
                }
            }
        }
    }

    /// The latest 90 days.
    fn stood(&self, basis: &Basis<'_>) -> Markup {
        let told = basis.past.first().copied().flatten().and_then(json::read::<Availability>);
        let href = [self.base, &self.dossier.availability().path()].concat();
        let subject = match &self.dossier.origin {
            Some(origin) => format!("{}/{origin}", self.dossier.pool),
            None => self.dossier.pool.clone(),
        };
        html! {
            section aria-labelledby="days" {
                h2 #days { "The latest 90 days" }
                @match told {
                    None => { p.soft { "How it stood is not known at the moment. Ask again in a few seconds." } },
                    Some(told) => {
                        div.card {
                            @if let Some(own) = told.of(&subject) {
                                (strip("strip-all", "The whole", own, told.days_from))
                                p.legend { (legend(["passed", "warned", "failed", "not known"])) }
                                p.figures {
                                    @for (window, name) in WINDOWS {
                                        span { (name) " " a href=(href) { b { (own.over(window).map_or("–".to_owned(), percent)) } } }
                                    }
                                }
                            }
                            @if self.dossier.kind == Whose::Pool && self.item.view.origins.len() > 1 {
                                ul.strips {
                                    @for (place, origin) in self.item.view.origins.iter().enumerate() {
                                        @if let Some(own) = told.of(&format!("{}/{}", self.dossier.pool, origin.name)) {
                                            li {
                                                span { (called(self.item.origin_title(origin))) " " a href=(href) { (own.over("90d").map_or("–".to_owned(), percent)) } }
                                                (strip(&format!("strip-{place}"), self.item.origin_title(origin), own, told.days_from))
                                            }
                                        }
                                    }
                                }
                            }
                        }
                    },
                }
            }
        }
    }

    /// The charts.
    fn measured(&self, basis: &Basis<'_>) -> Markup {
        let asked = self.dossier.history(self.look.config, self.look.now);
        let Some(asked) = asked else { return html! {} };
        let history = basis.past.get(1).copied().flatten().and_then(json::read::<History>);
        let href = [self.base, &asked.path()].concat();
        let step = self.dossier.span.step(&self.look.config.history);
        let charted = Charted { history: history.as_ref(), length: step.length(), href: &href };
        html! {
            section aria-labelledby="measured" {
                h2 #measured { "What was measured" }
                nav.windows aria-label="window" {
                    @for span in Span::ALL {
                        a href={ "?window=" (span.as_str()) } aria-current=[(span == self.dossier.span).then_some("true")] { (span.as_str()) }
                    }
                    span.soft { "by " (step.as_str()) ", times in UTC; of each vantage, added up" }
                }
                (charts(charted))
            }
        }
    }
}

/// What the colours of a strip mean, in these words: of pass, warn, fail and unknown.
pub(super) fn legend(words: [&str; 4]) -> Markup {
    const KINDS: [&str; 4] = ["up", "slow", "down", "unseen-time"];
    html! {
        @for (kind, word) in KINDS.iter().zip(words) {
            span { svg.swatch width="12" height="12" aria-hidden="true" { path class=(kind) d="M1 1H11V11H1Z" {} } " " (word) }
        }
    }
}
