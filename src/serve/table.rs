//! The route table: method and target → what is asked for.
//!
//! Paths are matched as sent. Names have no character that needs an escape, so an escaped path names nothing of ours.

use super::{Ask, problem};
use crate::answer::{self, Answer};
use crate::config::Config;
use crate::follow::{Mark, WAIT, Wait};
use crate::path::MAX_TARGET;
use crate::snapshot::Part;
use crate::units::Millis;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// `/health`, `/health/{pool}`, `/health/{pool}/{origin}`.
    Health {
        /// The pool; all if none.
        pool: Option<String>,
        /// The origin; the whole pool if none.
        origin: Option<String>,
        /// The form.
        format: Format,
    },
    /// `/route/{pool}`.
    Signal {
        /// The pool.
        pool: String,
        /// The form.
        format: Format,
        /// What it is to wait for; nothing if it is to be answered at once.
        wait: Option<Wait>,
    },
    /// `/v1/stream/{pool}`: the signal as an event at each change.
    Stream {
        /// The pool.
        pool: String,
    },
    /// `/v1/heartbeat/{token}`: a job reports by itself.
    Beat {
        /// What it proves itself with.
        token: String,
    },
    /// `/livez`.
    Live,
    /// `/readyz`.
    Ready {
        /// Whether every part is listed.
        verbose: bool,
    },
    /// `/`.
    Page,
    /// `/style.css`.
    Style,
    /// `/page.js`.
    Script,
}

/// The form of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// JSON.
    Json,
    /// One line of text.
    Text,
    /// A redirect; for the signal only.
    Redirect,
}

impl Target {
    /// The pool and the origin that are asked for, where it is one.
    pub(super) fn names(&self) -> (Option<&str>, Option<&str>) {
        match self {
            Self::Health { pool, origin, .. } => (pool.as_deref(), origin.as_deref()),
            Self::Signal { pool, .. } | Self::Stream { pool } => (Some(pool), None),
            Self::Beat { .. } | Self::Live | Self::Ready { .. } | Self::Page | Self::Style | Self::Script => {
                (None, None)
            }
        }
    }

    /// Whether it lists every part of the worker, what its requests saw included.
    #[must_use]
    pub const fn tells_all(&self) -> bool {
        matches!(self, Self::Ready { verbose: true })
    }

    /// The one usual way to write a target that is asked for often; nothing for the others.
    pub(super) fn path(&self) -> Option<String> {
        let (path, format) = match self {
            Self::Health { pool: None, format, .. } => ("/health".to_owned(), format),
            Self::Health { pool: Some(pool), origin: None, format } => (format!("/health/{pool}"), format),
            Self::Health { pool: Some(pool), origin: Some(origin), format } => {
                (format!("/health/{pool}/{origin}"), format)
            }
            Self::Signal { pool, format, wait: None } => (format!("/route/{pool}"), format),
            Self::Signal { wait: Some(_), .. }
            | Self::Stream { .. }
            | Self::Beat { .. }
            | Self::Live
            | Self::Ready { .. }
            | Self::Page
            | Self::Style
            | Self::Script => return None,
        };
        Some(match format {
            Format::Json => path,
            Format::Text => format!("{path}?format=text"),
            Format::Redirect => format!("{path}?format=redirect"),
        })
    }

    /// The part of the snapshot that it needs.
    #[must_use]
    pub fn part(&self, config: &Config) -> Part {
        match self {
            Self::Page => Part::Whole,
            Self::Health { pool: Some(pool), .. } | Self::Signal { pool, .. } | Self::Stream { pool } => {
                config.pool(pool).map_or(Part::Summary, |pool| Part::Pool(pool.name.clone()))
            }
            Self::Health { pool: None, .. }
            | Self::Beat { .. }
            | Self::Live
            | Self::Ready { .. }
            | Self::Style
            | Self::Script => Part::Summary,
        }
    }
}

/// The methods of every path but one.
const READ: &[&str] = &["GET", "HEAD"];

/// The method of a heartbeat: whoever only looks at its address, as previews of links do, must not report in the job's name.
const BEAT: &[&str] = &["POST"];

/// Finds what a request asks for.
///
/// # Errors
/// The answer for a request that asks for nothing we have: 404, 405, 414 or 400.
pub(super) fn find(ask: &Ask<'_>) -> Result<Target, Answer> {
    if ask.target.len() > MAX_TARGET {
        let detail =
            format!("The request target is {} bytes long; at most {MAX_TARGET} are read.", ask.target.len());
        return Err(answer::problem(414, "uri-too-long", "URI too long", &detail));
    }
    let (path, query) = ask.target.split_once('?').unwrap_or((ask.target, ""));
    let parts: Vec<&str> = path.strip_prefix('/').unwrap_or(path).splitn(4, '/').collect();
    let target = match parts.as_slice() {
        [""] => Target::Page,
        ["style.css"] => Target::Style,
        ["page.js"] => Target::Script,
        ["livez"] => Target::Live,
        ["readyz"] => Target::Ready { verbose: parameter(query, "verbose").is_some() },
        ["health"] => Target::Health { pool: None, origin: None, format: format(query, false)? },
        ["health", pool] => {
            Target::Health { pool: Some((*pool).to_owned()), origin: None, format: format(query, false)? }
        }
        ["health", pool, origin] => {
            let (pool, origin) = (Some((*pool).to_owned()), Some((*origin).to_owned()));
            Target::Health { pool, origin, format: format(query, false)? }
        }
        ["v1", "stream", pool] => Target::Stream { pool: (*pool).to_owned() },
        ["v1", "heartbeat", token] => Target::Beat { token: (*token).to_owned() },
        ["route", pool] => {
            Target::Signal { pool: (*pool).to_owned(), format: format(query, true)?, wait: wait(query)? }
        }
        _ => return Err(problem::not_found()),
    };
    let allowed = if let Target::Beat { .. } = target { BEAT } else { READ };
    if !allowed.contains(&ask.method) {
        let detail = format!("Only {} is answered here.", allowed.join(" or "));
        let mut answer = answer::problem(405, "method-not-allowed", "Method not allowed", &detail);
        answer.headers.push(("allow", allowed.join(", ")));
        return Err(answer);
    }
    Ok(target)
}

fn format(query: &str, redirect: bool) -> Result<Format, Answer> {
    match parameter(query, "format") {
        None | Some("json") => Ok(Format::Json),
        Some("text") => Ok(Format::Text),
        Some("redirect") if redirect => Ok(Format::Redirect),
        Some(_) => {
            let known = if redirect { "json, text and redirect" } else { "json and text" };
            let detail = format!("The parameter format has a value that is not known here; {known} are.");
            Err(answer::problem(400, "unknown-format", "Unknown format", &detail))
        }
    }
}

/// What a request waits for. Whoever does not say what it knows has nothing to wait for.
fn wait(query: &str) -> Result<Option<Wait>, Answer> {
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
fn parameter<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    query.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (key == name).then_some(value)
    })
}
