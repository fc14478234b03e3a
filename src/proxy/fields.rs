//! The header fields that are set and removed on the way to an origin and back.
//!
//! What holds for one connection only is removed (RFC 9110 section 7.6.1). What says who the client
//! is, is set anew from what the platform says: whatever the client wrote there itself is forged.
//! `Via` (RFC 9110 section 7.6.3) and `CDN-Loop` (RFC 8586) name this deployment, and a request
//! that names it already is refused. `Proxy-Status` (RFC 9209) and `Server-Timing` say which origin
//! answered, and why, by names only.

use super::{Attempt, Fault};
use crate::config::Config;
use crate::defaults::proxy::MOST_HOPS;
use crate::units::{Fingerprint, Millis};

/// Fields by which a client could pretend to be another, and one that holds for one connection:
/// none of them reaches an origin as the client sent it. (The other fields that hold for one
/// connection, and the lengths, are the platform's, which leaves them out itself.)
pub const REMOVED: [&str; 9] = [
    "proxy-connection",
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-forwarded-port",
    "x-forwarded-prefix",
    "x-forwarded-server",
    "x-real-ip",
];

/// What is known of a request before it is sent on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Facts<'a> {
    /// The client's address, as the platform says it.
    pub client: Option<&'a str>,
    /// Host, and port if there is one, that the client asked.
    pub authority: &'a str,
    /// Whether the client asked by `https`.
    pub https: bool,
    /// The prefix that is left out of the path.
    pub stripped: Option<&'a str>,
    /// `Via`, as received.
    pub via: Option<&'a str>,
    /// `CDN-Loop`, as received.
    pub cdn_loop: Option<&'a str>,
}

/// The name of a deployment, as `Via` and `CDN-Loop` say it.
#[must_use]
pub fn pseudonym(config: Fingerprint) -> String {
    format!("vedette-{config}")
}

/// Whether a request has been here, or through so many others of our kind that it goes round in a
/// circle.
#[must_use]
pub fn is_loop(facts: &Facts<'_>, pseudonym: &str) -> bool {
    let known = [facts.via, facts.cdn_loop].into_iter().flatten();
    known.into_iter().any(|list| list.contains(pseudonym) || list.matches("vedette-").count() >= MOST_HOPS)
}

/// The fields that `Connection` names, which go with it. Those that this module sets are set in any
/// case.
pub fn named_by_connection(connection: &str) -> impl Iterator<Item = String> {
    let token = |name: &&str| !name.is_empty() && name.bytes().all(is_token);
    let names = connection.split(',').map(str::trim).filter(token).map(str::to_ascii_lowercase);
    names.filter(|name| !matches!(name.as_str(), "close" | "keep-alive" | "upgrade" | "host"))
}

/// Whether a byte may stand in a field's name (RFC 9110 section 5.6.2). Others name nothing that
/// could be removed.
const fn is_token(c: u8) -> bool {
    c.is_ascii_alphanumeric()
        || matches!(c, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'`' | b'|' | b'~')
}

/// Fields that the platform and we say of a request, besides [`REMOVED`].
pub const SAID: [&str; 6] =
    ["via", "cdn-loop", "true-client-ip", "content-length", "content-type", "transfer-encoding"];

/// What the names of further fields begin with that the platform and we say of a request.
pub const SAID_UNDER: [&str; 2] = ["cf-", "x-forwarded-"];

/// Whether a field of this name passes for one that the platform or we set: with servers that read
/// `_` and `-` as one (CGI, WSGI).
#[must_use]
pub fn is_impostor(name: &str) -> bool {
    let dashed = name.to_ascii_lowercase().replace('_', "-");
    let ours = || REMOVED.contains(&dashed.as_str()) || SAID.contains(&dashed.as_str());
    name.contains('_') && (ours() || SAID_UNDER.iter().any(|prefix| dashed.starts_with(prefix)))
}

/// The fields to set on the request, each once.
#[must_use]
pub fn request(facts: &Facts<'_>, pseudonym: &str) -> Vec<(&'static str, String)> {
    let scheme = if facts.https { "https" } else { "http" };
    let mut fields = vec![
        ("via", appended(facts.via, format_args!("1.1 {pseudonym}"))),
        ("cdn-loop", appended(facts.cdn_loop, format_args!("{pseudonym}"))),
        ("forwarded", forwarded(facts.client, facts.authority, scheme)),
        ("x-forwarded-host", facts.authority.to_owned()),
        ("x-forwarded-proto", scheme.to_owned()),
    ];
    // What is no address would be read as a list of them.
    let address = facts.client.filter(|client| is_address(client));
    fields.extend(address.map(|client| ("x-forwarded-for", client.to_owned())));
    fields.extend(facts.stripped.map(|prefix| ("x-forwarded-prefix", prefix.to_owned())));
    fields
}

/// Whether a text has the form of an address. The local runtime lets a client write it itself.
#[must_use]
pub fn is_address(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|c| c.is_ascii_hexdigit() || matches!(c, b'.' | b':'))
}

fn appended(before: Option<&str>, own: std::fmt::Arguments<'_>) -> String {
    match before.filter(|before| !before.trim().is_empty()) {
        Some(before) => format!("{before}, {own}"),
        None => own.to_string(),
    }
}

/// `Forwarded` (RFC 7239): an address of version 6 stands in brackets and quotes, and an authority
/// with a port in quotes.
pub(super) fn forwarded(client: Option<&str>, authority: &str, scheme: &str) -> String {
    let quoted = |text: &str| {
        let token = text.bytes().all(|c| c.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&c));
        if token { text.to_owned() } else { format!("\"{}\"", text.replace(['"', '\\'], "")) }
    };
    let client = client.map(|client| {
        let v6 = client.contains(':') && is_address(client);
        let node = if v6 { format!("[{client}]") } else { client.to_owned() };
        format!("for={};", quoted(&node))
    });
    format!("{}host={};proto={scheme}", client.unwrap_or_default(), quoted(authority))
}

/// The fields of a trace that is none: `tracestate` without a valid `traceparent` means nothing
/// (W3C Trace Context, 3.2.1). No trace is begun in its place: its flag would decide for the
/// application whether it records anything.
pub fn broken_trace(traceparent: Option<&str>) -> &'static [&'static str] {
    if traceparent.is_some_and(is_traceparent) { &[] } else { &["traceparent", "tracestate"] }
}

/// Whether a text is a `traceparent`: version, trace id, parent id and flags in lower-case
/// hexadecimal, no id of zeroes only.
fn is_traceparent(text: &str) -> bool {
    let hexadecimal = |part: &str| part.bytes().all(|c| c.is_ascii_digit() || (b'a'..=b'f').contains(&c));
    let parts: Vec<&str> = text.split('-').take(5).collect();
    let [version, trace, parent, flags, ..] = parts.as_slice() else { return false };
    let lengths = (version.len(), trace.len(), parent.len(), flags.len()) == (2, 32, 16, 2);
    let known = *version != "ff" && (*version != "00" || text.len() == 55) && text.len() <= 128;
    let zero = |id: &str| id.bytes().all(|c| c == b'0');
    let good = [version, trace, parent, flags].into_iter().all(|part| hexadecimal(part));
    lengths && known && good && !zero(trace) && !zero(parent)
}

/// The fields to append to an answer that is handed on: `elapsed` after the request came.
#[must_use]
pub fn response(config: &Config, attempt: &Attempt, elapsed: Millis) -> Vec<(&'static str, String)> {
    let Some(pool) = config.pools.get(attempt.pool) else { return Vec::new() };
    let name = |place: usize| pool.origins.get(place).map_or("", |origin| origin.id.origin.as_str());
    let origin = attempt.origin().map(name).unwrap_or_default();
    let faults = faults(attempt, &name);
    let mut fields = answered_by(origin, if faults.is_empty() { attempt.why() } else { faults.as_str() });
    if let Some((_, timing)) = fields.iter_mut().find(|(name, _)| *name == SERVER_TIMING) {
        timing.push_str(&elapsed.get().to_string());
    }
    fields
}

const SERVER_TIMING: &str = "server-timing";

/// Those fields for an origin and the reason for it, up to the milliseconds that it took: they come
/// last.
pub(super) fn answered_by(origin: &str, why: &str) -> Vec<(&'static str, String)> {
    vec![
        ("via", "1.1 vedette".to_owned()),
        ("proxy-status", format!("vedette; next-hop={origin}; details=\"{why}\"")),
        (SERVER_TIMING, format!("vedette;desc=\"{origin}\";dur=")),
    ]
}

/// The fields to append to a copy that stands in for an answer (`Cache-Status`: RFC 9211).
pub(super) fn copied(config: &Config, attempt: &Attempt) -> Vec<(&'static str, String)> {
    vec![
        ("via", "1.1 vedette".to_owned()),
        ("proxy-status", status_of(config, attempt, "destination_unavailable")),
        ("cache-status", "vedette; hit; detail=\"a copy stands in for the origin\"".to_owned()),
    ]
}

/// What is said of an answer of our own: an error of RFC 9209 section 2.3, and what came before it.
#[must_use]
pub fn status_of(config: &Config, attempt: &Attempt, error: &str) -> String {
    let pool = config.pools.get(attempt.pool);
    let name = |place: usize| {
        pool.and_then(|pool| pool.origins.get(place)).map_or("", |origin| origin.id.origin.as_str())
    };
    match faults(attempt, &name).as_str() {
        "" => format!("vedette; error={error}"),
        why => format!("vedette; error={error}; details=\"{why}\""),
    }
}

/// Who did not answer well before, and how.
fn faults<'a>(attempt: &Attempt, name: &impl Fn(usize) -> &'a str) -> String {
    let one = |(place, fault): &(usize, Fault)| match fault {
        Fault::Broken => format!("{} broke off", name(*place)),
        Fault::TimedOut => format!("{} did not answer in time", name(*place)),
        Fault::Status(status) | Fault::Unreached(status) | Fault::Invalid(status) => {
            format!("{} answered {status}", name(*place))
        }
        Fault::Left => format!("the client broke its request to {} off", name(*place)),
        Fault::Cut => format!("{} broke off before it had the request", name(*place)),
        Fault::Refused => format!("{} took no connection", name(*place)),
    };
    attempt.faults().iter().map(one).collect::<Vec<_>>().join(", ")
}
