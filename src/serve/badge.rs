//! One pool or monitor → a badge: an SVG of its own, or the document that shields.io makes one of
//! (<https://shields.io/badges/endpoint-badge>).

use serde::Serialize;

use super::chart::{Availability, percent};
use super::recorded::{Kind, Recorded};
use super::{Basis, Target, View, page, parameters, problem};
use crate::answer::{self, Answer};
use crate::config::Pool;
use crate::defaults::serve::badge::LONGEST;
use crate::json;
use crate::snapshot::PoolView;
use crate::units::Timestamp;
use crate::verdict::Status;

/// A badge as it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Badge {
    /// The pool or the monitor.
    pub(super) pool: String,
    form: Form,
    show: Show,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Svg,
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Show {
    Status,
    Availability,
    Response,
}

/// The target of `/badge/{file}`.
///
/// # Errors
/// 404 for a file of another kind, 400 for a parameter that is not known.
pub(super) fn badge(file: &str, query: &str) -> Result<Target, Answer> {
    let svg = file.strip_suffix(".svg").map(|pool| (pool, Form::Svg));
    let Some((pool, form)) = svg.or_else(|| file.strip_suffix(".json").map(|pool| (pool, Form::Json))) else {
        return Err(problem::not_found());
    };
    parameters::only(query, &["show", "now"])?;
    let show = match parameters::parameter(query, "show") {
        None | Some("status") => Show::Status,
        Some("availability") => Show::Availability,
        Some("response") => Show::Response,
        Some(_) => {
            let detail = "The parameter show is status, availability or response.";
            return Err(answer::problem(400, "bad-show", "Bad show", detail));
        }
    };
    Ok(Target::View(View::Badge(Badge { pool: pool.to_owned(), form, show })))
}

impl Badge {
    /// What of the past it is made of.
    pub(super) fn asks(&self) -> Option<Recorded> {
        let query = "days=90".to_owned();
        (self.show == Show::Availability).then(|| Recorded {
            kind: Kind::Availability,
            pool: self.pool.clone(),
            origin: None,
            query,
            all: false,
        })
    }
}

/// What a badge says.
struct Said {
    label: String,
    message: String,
    colour: &'static str,
}

/// The badge.
pub(super) fn answer(badge: &Badge, basis: &Basis<'_>) -> Answer {
    let (view, pool) = (basis.snapshot.pool(&badge.pool), basis.config.pool(&badge.pool));
    let (Some(view), Some(pool)) = (view, pool) else { return problem::not_found() };
    let said = said(badge, view, pool, basis);
    let (kind, body) = match badge.form {
        Form::Svg => ("image/svg+xml; charset=utf-8", drawn(&said)),
        Form::Json => ("application/json", document(&said)),
    };
    let mut headers = super::freshness(basis.snapshot.taken_at, view.origins.iter(), basis.now);
    // Whoever shows a badge asks for it often.
    headers.retain(|(name, _)| *name != "cache-control");
    headers.push(("cache-control", "max-age=30".to_owned()));
    headers.push(("content-type", kind.to_owned()));
    Answer { status: 200, headers, body }
}

fn said(badge: &Badge, view: &PoolView, pool: &Pool, basis: &Basis<'_>) -> Said {
    let title = pool.title();
    let status = view.status_at(basis.now);
    match badge.show {
        Show::Status => Said {
            label: title.to_owned(),
            message: page::public::word(status).to_owned(),
            colour: colour(status),
        },
        Show::Availability => {
            let told = basis.past.first().copied().flatten().and_then(json::read::<Availability>);
            let share = told.as_ref().and_then(|told| told.of(&badge.pool)?.over("90d"));
            let colour = match share {
                Some(share) if share >= 0.999 => colour(Status::Pass),
                Some(share) if share >= 0.98 => colour(Status::Warn),
                Some(_) => colour(Status::Fail),
                None => colour(Status::Unknown),
            };
            Said {
                label: format!("{title} 90 days"),
                message: share.map_or("not known".to_owned(), percent),
                colour,
            }
        }
        Show::Response => {
            let ms = response(view, basis.now);
            let message = ms.map_or("not known".to_owned(), |ms| format!("{ms} ms"));
            let colour = if ms.is_some() { colour(status) } else { colour(Status::Unknown) };
            Said { label: format!("{title} response"), message, colour }
        }
    }
}

/// The median over the vantages of the latest response times of what takes the traffic.
fn response(view: &PoolView, now: Timestamp) -> Option<u64> {
    let chosen = view.chosen.as_ref().and_then(|name| view.origin(name.as_str()));
    let origin = chosen.or_else(|| view.origins.first())?;
    let live = origin.votes.iter().filter(|vote| now < vote.expires && vote.code.is_some());
    let mut times: Vec<u64> = live.map(|vote| vote.latency.get()).collect();
    times.sort_unstable();
    times.get(times.len() / 2).copied()
}

/// White text on each has a contrast of over 4.5.
const fn colour(status: Status) -> &'static str {
    match status {
        Status::Pass => "#18794e",
        Status::Warn => "#9a5b00",
        Status::Fail => "#c62a2f",
        Status::Unknown => "#5b6672",
    }
}

/// The document of shields.io.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    schema_version: u8,
    label: &'a str,
    message: &'a str,
    color: &'a str,
    cache_seconds: u32,
}

fn document(said: &Said) -> String {
    let (label, message, color) = (&shown(&said.label), &shown(&said.message), said.colour);
    json::write(&Document { schema_version: 1, label, message, color, cache_seconds: 300 })
}

/// A text of a badge: cut, and without letters that turn the direction of others. Who makes a badge
/// of the document does neither.
fn shown(text: &str) -> String {
    let mut shown: String = page::plain(text).chars().take(LONGEST).collect();
    if text.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    shown
}

fn drawn(said: &Said) -> String {
    let (label, message) = (shown(&said.label), shown(&said.message));
    let (left, right) = (wide(&label), wide(&message));
    let (all, middle) = (left + right, left + right / 2);
    let (label, message) = (escaped(&label), escaped(&message));
    let (half, colour) = (left / 2, said.colour);
    let (label_length, message_length) = (left - 12, right - 12);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{all}\" height=\"20\" role=\"img\" aria-label=\"{label}: {message}\">\
         <title>{label}: {message}</title>\
         <clipPath id=\"r\"><rect width=\"{all}\" height=\"20\" rx=\"4\"/></clipPath>\
         <g clip-path=\"url(#r)\"><rect width=\"{left}\" height=\"20\" fill=\"#3b4350\"/>\
         <rect x=\"{left}\" width=\"{right}\" height=\"20\" fill=\"{colour}\"/></g>\
         <g fill=\"#fff\" text-anchor=\"middle\" font-family=\"Verdana,DejaVu Sans,sans-serif\" font-size=\"11\">\
         <text x=\"{half}\" y=\"14\" textLength=\"{label_length}\" lengthAdjust=\"spacingAndGlyphs\">{label}</text>\
         <text x=\"{middle}\" y=\"14\" textLength=\"{message_length}\" lengthAdjust=\"spacingAndGlyphs\">{message}</text></g></svg>"
    )
}

/// How wide a text is in Verdana of 11 pixels with 6 on either side, by the kind of its letters.
/// The text is drawn to that length, so an estimate will do.
fn wide(text: &str) -> u32 {
    let tenths = |letter: char| match letter {
        'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | ';' | '|' | '!' | '\'' | '(' | ')' | '[' | ']' | ' ' => 42,
        'f' | 'r' | 't' | '/' | '-' => 48,
        'm' | 'w' | 'M' | 'W' | '%' | '@' => 105,
        'A'..='Z' => 76,
        '\0'..='\u{2ff}' => 68,
        '\u{1100}'..='\u{ffdc}' | '\u{1f000}'..='\u{3ffff}' => 110,
        _ => 72,
    };
    text.chars().map(tenths).sum::<u32>() / 10 + 13
}

/// Text in XML, whatever is in it: escaped, and without characters that XML has not got or that
/// turn the direction of others.
pub(super) fn escaped(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => shown.push_str("&amp;"),
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            '"' => shown.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => shown.push(char::REPLACEMENT_CHARACTER),
            other if page::misleads(other) => shown.push(char::REPLACEMENT_CHARACTER),
            other => shown.push(other),
        }
    }
    shown
}
