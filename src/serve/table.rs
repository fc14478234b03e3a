//! The route table: method and target → what is asked for.
//!
//! Paths are matched as sent. Names have no character that needs an escape, so an escaped path
//! names nothing of ours.

use std::borrow::Cow;

use super::recorded::{Kind, Recorded, recorded};
use super::{Ask, beat, gate, problem};
use crate::answer::{self, Answer};
use crate::config::{Config, Door};
use crate::follow::{Mark, WAIT, Wait};
use crate::path::{MAX_TARGET, plain};
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
        /// The codes that are asked for.
        codes: Codes,
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
    /// `/v1/history/{pool}/{origin}`, `/v1/samples/{pool}/{origin}`,
    /// `/v1/availability/{pool}[/{origin}]`.
    Recorded(Recorded),
    /// `/livez`.
    Live,
    /// `/readyz`.
    Ready {
        /// Whether every part is listed.
        verbose: bool,
    },
    /// `/`.
    Page,
    /// `/sign-in`: the form, or what it posts.
    SignIn {
        /// Whether it posts.
        post: bool,
    },
    /// `/sign-out`.
    SignOut,
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
    /// The text without the end of its line; for health only.
    Word,
    /// A redirect while the signal may be acted upon; for the signal only.
    Redirect,
    /// A redirect even to an origin of which nothing is known any more.
    RedirectUnknown,
}

/// The status codes that health is to be answered with, where the asker wants others than the usual
/// ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Codes {
    /// For *warn*.
    pub warn: Option<u16>,
    /// For *unknown*.
    pub unknown: Option<u16>,
}

impl Target {
    /// The door that it is behind: this is the one place that says so.
    #[must_use]
    pub const fn door(&self) -> Door {
        match self {
            Self::Health { .. } => Door::Health,
            Self::Signal { .. } | Self::Stream { .. } => Door::Signal,
            Self::Recorded(_) => Door::Api,
            Self::Page => Door::Page,
            Self::Ready { verbose: true } => Door::Readiness,
            // A heartbeat has a token of its own, which says whose it is.
            Self::Ready { verbose: false }
            | Self::Beat { .. }
            | Self::Live
            | Self::SignIn { .. }
            | Self::SignOut
            | Self::Style
            | Self::Script => Door::Hall,
        }
    }

    /// The methods by which it is asked for.
    pub(super) const fn methods(&self) -> &'static [&'static str] {
        match self {
            Self::SignIn { .. } => &["GET", "HEAD", "POST"],
            Self::SignOut => &["POST"],
            Self::Beat { .. } => BEAT,
            Self::Health { .. }
            | Self::Signal { .. }
            | Self::Stream { .. }
            | Self::Recorded(_)
            | Self::Live
            | Self::Ready { .. }
            | Self::Page
            | Self::Style
            | Self::Script => READ,
        }
    }

    /// The pool and the origin that are asked for, where it is one.
    pub(super) fn names(&self) -> (Option<&str>, Option<&str>) {
        match self {
            Self::Health { pool, origin, .. } => (pool.as_deref(), origin.as_deref()),
            Self::Signal { pool, .. } | Self::Stream { pool } => (Some(pool), None),
            Self::Recorded(asked) => (Some(&asked.pool), asked.origin.as_deref()),
            Self::Beat { .. }
            | Self::Live
            | Self::Ready { .. }
            | Self::Page
            | Self::SignIn { .. }
            | Self::SignOut
            | Self::Style
            | Self::Script => (None, None),
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
            Self::Health { codes, .. } if *codes != Codes::default() => return None,
            Self::Health { pool: None, format, .. } => ("/health".to_owned(), format),
            Self::Health { pool: Some(pool), origin: None, format, .. } => {
                (format!("/health/{pool}"), format)
            }
            Self::Health { pool: Some(pool), origin: Some(origin), format, .. } => {
                (format!("/health/{pool}/{origin}"), format)
            }
            Self::Signal { pool, format, wait: None } => (format!("/route/{pool}"), format),
            Self::Signal { wait: Some(_), .. }
            | Self::Stream { .. }
            | Self::Recorded(_)
            | Self::Beat { .. }
            | Self::Live
            | Self::Ready { .. }
            | Self::Page
            | Self::SignIn { .. }
            | Self::SignOut
            | Self::Style
            | Self::Script => return None,
        };
        Some(match format {
            Format::Json => path,
            Format::Text => format!("{path}?format=text"),
            Format::Word => format!("{path}?format=word"),
            Format::Redirect => format!("{path}?format=redirect"),
            Format::RedirectUnknown => format!("{path}?format=redirect&unknown=follow"),
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
            | Self::Recorded(_)
            | Self::Beat { .. }
            | Self::Live
            | Self::Ready { .. }
            | Self::SignIn { .. }
            | Self::SignOut
            | Self::Style
            | Self::Script => Part::Summary,
        }
    }
}

/// The methods of what is only read.
const READ: &[&str] = &["GET", "HEAD"];

/// The methods of a heartbeat. Those that only read count where the configuration says so
/// ([`super::beat`]).
const BEAT: &[&str] = &["POST", "GET", "HEAD"];

/// Every path, as [`find`] matches it.
pub const PATHS: [&str; 17] = [
    "/",
    "/style.css",
    "/page.js",
    "/sign-in",
    "/sign-out",
    "/livez",
    "/readyz",
    "/health",
    "/health/{pool}",
    "/health/{pool}/{origin}",
    "/v1/stream/{pool}",
    "/v1/history/{pool}/{origin}",
    "/v1/samples/{pool}/{origin}",
    "/v1/availability/{pool}",
    "/v1/availability/{pool}/{origin}",
    "/v1/heartbeat/{token}",
    "/route/{pool}",
];

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
    if let Some(refused) = gate::token_in(query) {
        return Err(refused);
    }
    let path = &*usual(path);
    let parts: Vec<&str> = path.strip_prefix('/').unwrap_or(path).splitn(4, '/').collect();
    let target = match parts.as_slice() {
        [""] => Target::Page,
        ["style.css"] => Target::Style,
        ["page.js"] => Target::Script,
        ["sign-in"] => Target::SignIn { post: ask.method == "POST" },
        ["sign-out"] => Target::SignOut,
        ["livez"] => Target::Live,
        ["readyz"] => Target::Ready { verbose: parameter(query, "verbose").is_some() },
        ["health"] => health(None, None, query)?,
        ["health", pool] => health(Some(pool), None, query)?,
        ["health", pool, origin] => health(Some(pool), Some(origin), query)?,
        ["v1", "stream", pool] => Target::Stream { pool: (*pool).to_owned() },
        ["v1", "history", pool, origin] => recorded(Kind::History, pool, Some(origin), query),
        ["v1", "samples", pool, origin] => recorded(Kind::Samples, pool, Some(origin), query),
        ["v1", "availability", pool] => recorded(Kind::Availability, pool, None, query),
        ["v1", "availability", pool, origin] => recorded(Kind::Availability, pool, Some(origin), query),
        ["v1", "heartbeat", token] => {
            beat::alive(query)?;
            Target::Beat { token: (*token).to_owned() }
        }
        ["v1", "heartbeat", _, _] => return Err(beat::not_said()),
        ["route", pool] => {
            only(query, &["format", "unknown", "wait", "revision", "now"])?;
            Target::Signal { pool: (*pool).to_owned(), format: signal_format(query)?, wait: wait(query)? }
        }
        _ => return Err(problem::not_found()),
    };
    if let Target::Beat { .. } = target {
        return if BEAT.contains(&ask.method) { Ok(target) } else { Err(beat::only_post()) };
    }
    let methods = target.methods();
    if ask.method == "OPTIONS" || methods.contains(&ask.method) {
        Ok(target)
    } else {
        Err(problem::method(methods))
    }
}

/// A path in its usual spelling: some checkers put a slash before or behind it, others escape what
/// needs no escape (RFC 3986 section 6.2.2.2). Only of health and signals, which they ask for; of
/// everything else a path is what it is.
fn usual(path: &str) -> Cow<'_, str> {
    let unusual = path.starts_with("//") || path.ends_with('/') || path.contains('%');
    if !unusual {
        return Cow::Borrowed(path);
    }
    let bare = path.trim_start_matches('/');
    // `/health/` is what a script asks whose name of a pool is empty: it must not be told of all.
    let plain = plain(bare.strip_suffix('/').filter(|path| path.contains('/')).unwrap_or(bare));
    let ours = ["health", "route"].iter().any(|first| plain.split('/').next() == Some(first));
    if ours { Cow::Owned(format!("/{plain}")) } else { Cow::Borrowed(path) }
}

/// Whether a target is one of heartbeats, which only jobs have to do with.
pub(super) fn is_of_jobs(target: &str) -> bool {
    target.starts_with("/v1/heartbeat/")
}

/// Whether a target asks for verdicts: health or a signal, whether it is good or not.
pub(super) fn is_of_verdicts(target: &str) -> bool {
    let path = target.split('?').next().unwrap_or_default();
    let path = usual(path);
    let first = path.strip_prefix('/').unwrap_or(&path).split('/').next();
    matches!(first, Some("health" | "route"))
}

fn health(pool: Option<&str>, origin: Option<&str>, query: &str) -> Result<Target, Answer> {
    only(query, &["format", "warn", "unknown", "now"])?;
    let codes = Codes { warn: code(query, "warn")?, unknown: code(query, "unknown")? };
    let (pool, origin) = (pool.map(str::to_owned), origin.map(str::to_owned));
    Ok(Target::Health { pool, origin, format: format(query, false)?, codes })
}

/// Refuses parameters that are not known: whoever misspells one would be told something else than
/// was asked for.
pub(super) fn only(query: &str, known: &[&str]) -> Result<(), Answer> {
    let names = query.split('&').map(|pair| pair.split('=').next().unwrap_or_default());
    if names.filter(|name| !name.is_empty()).all(|name| known.contains(&name)) {
        return Ok(());
    }
    let detail = format!("A parameter is not known here; {} are.", known.join(", "));
    Err(answer::problem(400, "unknown-parameter", "Unknown parameter", &detail))
}

/// The status code that a parameter asks for.
fn code(query: &str, name: &str) -> Result<Option<u16>, Answer> {
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

/// What may be asked of a path; by scripts of other sites where it is public.
pub(super) fn options(target: &Target, public: bool) -> Answer {
    let methods = format!("{}, OPTIONS", target.methods().join(", "));
    let mut headers = vec![("allow", methods.clone())];
    if public && target.methods() == READ {
        headers.push(("access-control-allow-origin", "*".to_owned()));
        headers.push(("access-control-allow-methods", methods));
        headers.push(("access-control-max-age", "86400".to_owned()));
    }
    Answer { status: 204, headers, body: String::new() }
}

fn format(query: &str, redirect: bool) -> Result<Format, Answer> {
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
fn signal_format(query: &str) -> Result<Format, Answer> {
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
pub(super) fn parameter<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    query.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (key == name).then_some(value)
    })
}
