//! Parameters of a request, each with its bound. Nothing is decoded.

use super::Format;
use crate::answer::{self, Answer};
use crate::follow::{Mark, WAIT, Wait};
use crate::units::Millis;

/// Refuses parameters that are not known: whoever misspells one would be told something else than
/// was asked for.
pub(super) fn only(query: &str, known: &[&str]) -> Result<(), Answer> {
    let names = query.split('&').map(|pair| pair.split('=').next().unwrap_or_default());
    if names.filter(|name| !name.is_empty()).all(|name| known.contains(&name)) {
        return Ok(());
    }
    let detail = match known {
        [] => "No parameter is known here.".to_owned(),
        known => format!("A parameter is not known here; {} are.", known.join(", ")),
    };
    Err(answer::problem(400, "unknown-parameter", "Unknown parameter", &detail))
}

/// The status code that a parameter asks for.
pub(super) fn code(query: &str, name: &str) -> Result<Option<u16>, Answer> {
    let Some(text) = parameter(query, name) else { return Ok(None) };
    let digits = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit());
    let code = text
        .parse()
        .ok()
        .filter(|code| digits && (200..600).contains(code) && ![204, 205, 304].contains(code));
    if code.is_none() {
        let detail = format!(
            "The parameter {name} is not a status code from 200 to 599 that carries a body. Write for example {name}=503."
        );
        return Err(answer::problem(400, "bad-code", "Bad code", &detail));
    }
    Ok(code)
}

pub(super) fn format(query: &str, redirect: bool) -> Result<Format, Answer> {
    match parameter(query, "format") {
        None | Some("json") => Ok(Format::Json),
        Some("text") => Ok(Format::Text),
        Some("word") if !redirect => Ok(Format::Word),
        Some("redirect") if redirect => Ok(Format::Redirect),
        Some(_) => {
            let known = if redirect { "json, text and redirect" } else { "json, text and word" };
            let detail = format!("The parameter format has a value that is not known here; {known} are.");
            Err(answer::problem(400, "unknown-format", "Unknown format", &detail))
        }
    }
}

/// The form of a signal, and whether a redirect leads to where nothing is known, too.
pub(super) fn signal_format(query: &str) -> Result<Format, Answer> {
    match (format(query, true)?, parameter(query, "unknown")) {
        (format, None) => Ok(format),
        (Format::Redirect, Some("follow")) => Ok(Format::RedirectUnknown),
        _ => Err(answer::problem(
            400,
            "bad-unknown",
            "Bad unknown",
            "The parameter unknown belongs to format=redirect, and is unknown=follow: it redirects although ttl is 0.",
        )),
    }
}

/// What a request waits for. Whoever does not say what it knows has nothing to wait for.
pub(super) fn wait(query: &str) -> Result<Option<Wait>, Answer> {
    let Some(text) = parameter(query, "wait") else { return Ok(None) };
    let (least, most) = WAIT;
    let plain = text.strip_suffix('s').unwrap_or(text);
    let number = if plain.bytes().all(|byte| byte.is_ascii_digit()) { plain.parse().ok() } else { None };
    let length = number.map(Millis::from_secs).filter(|length| (least..=most).contains(length));
    let Some(length) = length else {
        let detail = format!(
            "The parameter wait is not a number of whole seconds from {least} to {most}. Write for example wait=30s."
        );
        return Err(answer::problem(400, "bad-wait", "Bad wait", &detail));
    };
    let Some(revision) = parameter(query, "revision") else { return Ok(None) };
    let Some(known) = Mark::parse(revision) else {
        return Err(answer::problem(
            400,
            "bad-revision",
            "Bad revision",
            "The parameter revision is not the revision of a signal. Write the number that the last answer had in revision, or all of \
             its Vedette-Revision.",
        ));
    };
    Ok(Some(Wait { length, known }))
}

/// The first value of a query parameter; empty if it stands alone. Nothing is decoded.
pub(super) fn parameter<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    query.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (key == name).then_some(value)
    })
}
