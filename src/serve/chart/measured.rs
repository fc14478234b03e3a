//! A window of history → its charts, one group for each cache class: the classes are never mixed.

use maud::{Markup, html};

use super::draw::{Chart, Line};
use super::scale::{Unit, written};
use super::told::{History, Sums};
use crate::history::Window;
use crate::sample::CacheClass;
use crate::units::{Millis, Timestamp};

/// What charts are made of.
#[derive(Clone, Copy)]
pub(in crate::serve) struct Charted<'a> {
    /// What was measured; nothing if no object could say.
    pub history: Option<&'a History>,
    /// The length of a step.
    pub length: Millis,
    /// Where a program reads the same.
    pub href: &'a str,
}

/// What was measured of one class, step by step.
struct Course<'a> {
    class: CacheClass,
    sums: Vec<Option<&'a Sums>>,
}

/// The steps of a window, and the times in which nobody looked.
struct Frame<'a> {
    history: &'a History,
    steps: Vec<Timestamp>,
    gaps: Vec<Window>,
    charted: Charted<'a>,
}

/// What is drawn of each class.
const KINDS: [Kind; 4] = [Kind::Response, Kind::Errors, Kind::DatabaseTime, Kind::DatabaseCalls];

/// One chart.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Response,
    Errors,
    DatabaseTime,
    DatabaseCalls,
}

/// Every chart, with a table behind each class.
pub(in crate::serve) fn charts(charted: Charted<'_>) -> Markup {
    let Some(history) = charted.history else {
        return html! { p.notice { strong { "History does not answer." } " The verdict above does not depend on it. Ask again in a few seconds." } };
    };
    let frame = Frame::new(history, charted);
    let courses = courses(history);
    html! {
        @if courses.is_empty() {
            p.soft {
                "Nothing has been measured in this window yet. What is measured comes here every five minutes. "
                a href=(charted.href) { "JSON" }
            }
        }
        @for course in &courses { (frame.group(course, courses.len() > 1)) }
    }
}

/// The classes that were seen, in their order.
fn courses(history: &History) -> Vec<Course<'_>> {
    let of = |class: CacheClass| {
        let sums: Vec<Option<&Sums>> = history.steps.iter().map(|step| step.classes.get(&class)).collect();
        Course { class, sums }
    };
    let seen = |course: &Course<'_>| course.sums.iter().flatten().any(|sums| sums.samples > 0);
    CacheClass::ALL.into_iter().map(of).filter(seen).collect()
}

impl<'a> Frame<'a> {
    fn new(history: &'a History, charted: Charted<'a>) -> Self {
        let steps: Vec<Timestamp> = history.steps.iter().map(|step| step.at).collect();
        let mut gaps: Vec<Window> = Vec::new();
        for step in &history.steps {
            // Half a step without a look is a gap: less of it does not show.
            if step.unknown_s.saturating_mul(2_000) < charted.length.get() {
                continue;
            }
            let end = step.at.plus(charted.length).min(history.complete_until);
            match gaps.last_mut() {
                Some(last) if last.to == step.at => last.to = end,
                Some(_) | None if end > step.at => gaps.push(Window { from: step.at, to: end }),
                Some(_) | None => {}
            }
        }
        Self { history, steps, gaps, charted }
    }

    /// The charts of one class.
    fn group(&self, course: &Course<'_>, named: bool) -> Markup {
        let class = course.class.as_str();
        let database =
            course.sums.iter().flatten().any(|sums| sums.db_stated > 0 || sums.db_ms.quantiles.p50.is_some());
        let shown =
            KINDS.into_iter().filter(|kind| database || matches!(kind, Kind::Response | Kind::Errors));
        html! {
            div class={ "class " (class) } {
                @if named { h3 { (class) } p.soft { (meaning(course.class)) } }
                div.charts { @for kind in shown { (self.figure(kind, course)) } }
                @if !database { p.soft { "No answer of this class states what its database did." } }
                details {
                    summary { h3 { "The same as a table" } span.summary { (class) ", " (self.steps.len()) " steps" } }
                    div.wide tabindex="0" role="region" aria-label={ "figures of " (class) } { (self.table(course, database)) }
                }
            }
        }
    }

    fn figure(&self, kind: Kind, course: &Course<'_>) -> Markup {
        let id = [course.class.as_str(), kind.slug()].concat();
        let lines = kind.lines(course);
        let last: Vec<(&str, &str, Option<f64>)> = lines
            .iter()
            .map(|line| (line.name, line.class, line.values.iter().rev().find_map(|value| *value)))
            .collect();
        let chart = Chart {
            id: &id,
            title: kind.title(),
            unit: kind.unit(),
            lines,
            bars: kind == Kind::Errors,
            window: Window { from: self.history.from, to: self.history.to },
            steps: &self.steps,
            length: self.charted.length,
            gaps: &self.gaps,
            empty: kind.empty(),
        };
        html! {
            figure {
                figcaption {
                    strong { (kind.title()) }
                    @for (name, class, value) in &last {
                        @if let Some(value) = value {
                            a href=(self.charted.href) {
                                svg.swatch width="18" height="10" aria-hidden="true" { path class=(class) d=(if kind == Kind::Errors { "M4 9V2H14V9Z" } else { "M1 5H17" }) {} }
                                " " (name) " " b { (written(kind.unit(), *value)) }
                            }
                        }
                    }
                }
                (chart.drawn())
            }
        }
    }

    /// The figures behind the charts of one class; the latest first.
    fn table(&self, course: &Course<'_>, database: bool) -> Markup {
        let ms = |value: Option<u64>| html! { td { @if let Some(value) = value { (value) } @else { "–" } } };
        html! {
            table {
                thead {
                    tr {
                        th scope="col" { "from (UTC)" } th scope="col" { "probes" } th scope="col" { "p50 ms" } th scope="col" { "p95 ms" }
                        th scope="col" { "p99 ms" } th scope="col" { "errors" }
                        @if database { th scope="col" { "database p50 ms" } th scope="col" { "p95 ms" } th scope="col" { "calls an answer" } }
                    }
                }
                tbody {
                    @for (step, sums) in self.history.steps.iter().zip(&course.sums).rev() {
                        @if let Some(sums) = sums {
                            @let (response, db) = (sums.response_ms.quantiles, sums.db_ms.quantiles);
                            tr {
                                th scope="row" { (step.at.to_string().get(..16).unwrap_or_default().replace('T', " ")) }
                                td { (sums.samples) }
                                (ms(response.p50)) (ms(response.p95)) (ms(response.p99))
                                td { (sums.failing().map_or("–".to_owned(), |share| written(Unit::Share, share))) }
                                @if database {
                                    (ms(db.p50)) (ms(db.p95))
                                    td { (sums.calls().map_or("–".to_owned(), |calls| written(Unit::Count, calls))) }
                                }
                            }
                        }
                    }
                }
            }
            p { a href=(self.charted.href) { "The same as JSON" } }
        }
    }
}

impl Kind {
    const fn title(self) -> &'static str {
        match self {
            Self::Response => "Response time",
            Self::Errors => "Error rate",
            Self::DatabaseTime => "Database time",
            Self::DatabaseCalls => "Database calls an answer",
        }
    }

    const fn slug(self) -> &'static str {
        match self {
            Self::Response => "-response",
            Self::Errors => "-errors",
            Self::DatabaseTime => "-db-time",
            Self::DatabaseCalls => "-db-calls",
        }
    }

    const fn unit(self) -> Unit {
        match self {
            Self::Response | Self::DatabaseTime => Unit::Millis,
            Self::Errors => Unit::Share,
            Self::DatabaseCalls => Unit::Count,
        }
    }

    const fn empty(self) -> &'static str {
        match self {
            Self::Response => "no answer was complete",
            Self::Errors => "nothing here proves anything about the origin",
            Self::DatabaseTime | Self::DatabaseCalls => "no answer states it",
        }
    }

    fn lines(self, course: &Course<'_>) -> Vec<Line> {
        let line = |name, class, value: &dyn Fn(&Sums) -> Option<f64>| {
            let values = course.sums.iter().map(|sums| sums.and_then(value)).collect();
            Line { name, class, values }
        };
        let ms = |value: Option<u64>| value.map(super::told::number);
        match self {
            Self::Response => vec![
                line("p50", "p50", &|sums| ms(sums.response_ms.quantiles.p50)),
                line("p95", "p95", &|sums| ms(sums.response_ms.quantiles.p95)),
                line("p99", "p99", &|sums| ms(sums.response_ms.quantiles.p99)),
            ],
            Self::DatabaseTime => vec![
                line("p50", "p50", &|sums| ms(sums.db_ms.quantiles.p50)),
                line("p95", "p95", &|sums| ms(sums.db_ms.quantiles.p95)),
                line("p99", "p99", &|sums| ms(sums.db_ms.quantiles.p99)),
            ],
            Self::Errors => vec![line("failing", "errors", &Sums::failing)],
            Self::DatabaseCalls => vec![line("calls", "p50", &Sums::calls)],
        }
    }
}

/// What a class of answers proves.
const fn meaning(class: CacheClass) -> &'static str {
    match class {
        CacheClass::OriginProven => "The origin itself answered.",
        CacheClass::EdgeOnly => "A cache answered; that proves nothing about the origin.",
        CacheClass::CounterProof => "A cache answered because it could not reach the origin.",
        CacheClass::Unclassified => "The answer does not say whether a cache gave it.",
    }
}
