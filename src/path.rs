//! The address of a request: its parts as sent, and what is refused because two readers could take
//! it for two different ones.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv6Addr};

pub use crate::defaults::path::MAX_TARGET;

/// The parts of an absolute address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts<'a> {
    /// Whether the scheme is `https`.
    pub https: bool,
    /// Host, and port if there is one.
    pub authority: &'a str,
    /// Path, beginning with `/`.
    pub path: &'a str,
    /// Query with its `?`; empty if there is none.
    pub query: &'a str,
}

impl Parts<'_> {
    /// The scheme.
    #[must_use]
    pub const fn scheme(&self) -> &'static str {
        if self.https { "https" } else { "http" }
    }
}

/// Takes an absolute `http` or `https` address apart. Nothing is decoded; a fragment is left out.
#[must_use]
pub fn parts(url: &str) -> Option<Parts<'_>> {
    let (scheme, rest) = url.split_once("://")?;
    let https = match scheme {
        "https" => true,
        "http" => false,
        _ => return None,
    };
    let rest = rest.split_once('#').map_or(rest, |(rest, _)| rest);
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, target) = rest.split_at(end);
    let (path, query) = target.split_at(target.find('?').unwrap_or(target.len()));
    Some(Parts { https, authority, path: if path.is_empty() { "/" } else { path }, query })
}

/// What is left of a path below a prefix that it lies under, however its letters are escaped: as
/// many segments are left out.
#[must_use]
pub fn below<'a>(path: &'a str, prefix: &str) -> &'a str {
    let depth = prefix.bytes().filter(|byte| *byte == b'/').count();
    let mut slashes = path.bytes().enumerate().filter(|(_, byte)| *byte == b'/');
    let at = slashes.nth(depth).map_or(path.len(), |(at, _)| at);
    path.get(at..).unwrap_or_default()
}

/// The prefix of Vedette's own paths on a host that is routed.
pub const OWN_PREFIX: &str = "/.vedette";

/// The host of an authority, without port and without the dot that says that a name is whole.
#[must_use]
pub fn host_of(authority: &str) -> &str {
    let bracketed = authority.starts_with('[');
    let host = match authority.rfind(':') {
        Some(at) if !bracketed || authority.get(..at).is_some_and(|host| host.ends_with(']')) => {
            authority.get(..at).unwrap_or_default()
        }
        Some(_) | None => authority,
    };
    host.strip_suffix('.').unwrap_or(host)
}

/// How a host names the machine that asks (RFC 6761 section 6.3, RFC 1122 section 3.2.1.3, RFC 4291
/// section 2.5.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loopback {
    /// `localhost`, or an address: 127.0.0.0/8, `::1`, and the address that stands for none
    /// (`0.0.0.0`, `::`).
    Itself,
    /// A name below `localhost`. A laptop has many, so each may be routed like any other host.
    Below,
}

/// Whether a host in lower case is this machine, and how; the one definition of it. Brackets may be
/// around an address.
#[must_use]
pub fn loopback(host: &str) -> Option<Loopback> {
    if host.ends_with(".localhost") {
        return Some(Loopback::Below);
    }
    // Fetch reads `127.1` as an address, too.
    let is_v4 =
        host.strip_prefix("127.").is_some_and(|rest| rest.bytes().all(|c| c.is_ascii_digit() || c == b'.'));
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let is_address = bare.parse::<IpAddr>().is_ok_and(|ip| {
        // `::ffff:127.0.0.1` is 127.0.0.1 in another spelling.
        let ip = ip.to_canonical();
        ip.is_loopback() || ip.is_unspecified()
    });
    (host == "localhost" || is_v4 || is_address).then_some(Loopback::Itself)
}

/// Whether `*` leaves a host in lower case out, so that health and page are at hand on a laptop.
#[must_use]
pub fn is_this_machine(host: &str) -> bool {
    loopback(host) == Some(Loopback::Itself)
}

/// Whether an authority is one host, with a port or without: a name of labels, or an address (RFC
/// 9112 section 3.2). A list, user information, an empty label, or whatever ends the host for one
/// reader and not for the next, is none.
#[must_use]
pub fn is_authority(text: &str) -> bool {
    let (host, port) = match text.rfind(':') {
        Some(at) if !text.ends_with(']') => (text.get(..at), text.get(at.saturating_add(1)..)),
        Some(_) | None => (Some(text), None),
    };
    let port = port.unwrap_or_default();
    let is_port =
        port.bytes().all(|c| c.is_ascii_digit()) && (port.is_empty() || port.parse::<u16>().is_ok());
    host.is_some_and(is_host) && is_port
}

/// Whether a text is a host: an address of version 6 in brackets, or labels with single dots
/// between them and at most one at the end.
fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[') {
        return address.strip_suffix(']').is_some_and(|address| address.parse::<Ipv6Addr>().is_ok());
    }
    let plain =
        |label: &str| label.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'~'));
    let labels = host.strip_suffix('.').unwrap_or(host);
    host.len() <= LONGEST_HOST && labels.split('.').all(|label| !label.is_empty() && plain(label))
}

/// The longest name of a host, with its last dot (RFC 1035 section 2.3.4), in bytes.
const LONGEST_HOST: usize = 254;

/// A path in which an escaped letter is the letter, as is each character that needs no escape (RFC
/// 3986 section 6.2.2.2). Its slashes stay where they are: none is made, and none is lost.
#[must_use]
pub fn plain(path: &str) -> Cow<'_, str> {
    if !path.contains('%') {
        return Cow::Borrowed(path);
    }
    let mut out = String::with_capacity(path.len());
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        let unreserved =
            |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        if let Some(byte) = escaped(after).filter(unreserved) {
            out.push(char::from(byte));
            rest = after.get(2..).unwrap_or_default();
        } else {
            out.push('%');
            rest = after;
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The byte that two hexadecimal digits name.
fn escaped(digits: &str) -> Option<u8> {
    let two = digits.get(..2).filter(|two| two.bytes().all(|c| c.is_ascii_hexdigit()))?;
    u8::from_str_radix(two, 16).ok()
}

/// Whether a path may mean another one to the next reader: a segment that is `.` or `..`, in
/// whatever escape, or a backslash, which browsers read as a slash. So are dots beside an escaped
/// separator, whoever unescapes it, and however often. It would be matched as one path here and
/// asked for as another there.
#[must_use]
pub fn is_ambiguous(path: &str) -> bool {
    if path.contains('\\') {
        return true;
    }
    if !path.contains("/.") && !path.contains('%') && !path.contains(".;") {
        return false;
    }
    path.split('/').any(|segment| is_dots(segment) || hides_dots(segment))
}

/// Whether a segment is `.` or `..`, each dot written plainly or as `%2e`, with parameters or
/// without.
fn is_dots(segment: &str) -> bool {
    let name = segment.split(';').next().unwrap_or_default();
    let read = plain(name);
    matches!(read.as_ref(), "." | "..")
}

/// Whether a segment has an escaped separator, and dots beside it that would be a segment of their
/// own, once both are read.
fn hides_dots(segment: &str) -> bool {
    if !segment.contains('%') {
        return false;
    }
    // An escape of an escape is one to whoever reads twice.
    let lower = segment.to_ascii_lowercase();
    let mut runs = lower.split('%');
    let mut text = runs.next().unwrap_or_default().to_owned();
    for run in runs {
        text.push('%');
        text.push_str(run.trim_start_matches("25"));
    }
    let text = text.replace("%2e", ".").replace("%5c", "%2f").replace("%3b", ";");
    let mut parts = text.split("%2f");
    let first = parts.next().unwrap_or_default();
    let more: Vec<&str> = parts.collect();
    let dots = |part: &str| matches!(part.split(';').next(), Some("." | ".."));
    !more.is_empty() && (dots(first) || more.into_iter().any(dots))
}
