//! Where a redirect leads, and whether a probe may follow it.

use crate::config::ProbeValue;
use crate::exchange::{HEADER_CAP, Head, Request};
use crate::path::loopback;

/// What to do with a redirect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hop {
    /// Send this request next.
    Follow(Request),
    /// Stop here; why.
    Stop(String),
}

/// What to do if an answer is a redirect and the probe follows any; nothing if the answer itself is
/// to be judged.
#[must_use]
pub fn redirected(request: &Request, head: &Head) -> Option<Hop> {
    let follows = request.redirects > 0 || request.followed > 0;
    let leads_on = matches!(head.status, 301 | 302 | 303 | 307 | 308);
    (follows && leads_on).then(|| next_hop(request, head.header("location")))
}

/// Follows `location` from `request`, if it may be followed: one hop fewer remains. Only `http` and
/// `https` are spoken, and another host must have a name. Secrets and credentials stay with the
/// host (and scheme) they were meant for.
fn next_hop(request: &Request, location: Option<&str>) -> Hop {
    let Some(remaining) = request.redirects.checked_sub(1) else {
        return Hop::Stop("more redirects than the probe follows".into());
    };
    let Some(url) = location.and_then(|location| resolve(&request.url, location)) else {
        return Hop::Stop("a redirect without a usable Location".into());
    };
    let (from, to) = (host(&request.url), host(&url));
    if !from.eq_ignore_ascii_case(to) && !is_name(to) {
        return Hop::Stop("a redirect to a bare address or to localhost, which is not followed".into());
    }
    let mut next = request.clone();
    if !authority(&url).eq_ignore_ascii_case(authority(&request.url)) {
        next.headers.retain(|(name, value)| match value {
            ProbeValue::Text(_) => !is_credential(name),
            ProbeValue::Secret(_) => false,
        });
    }
    next.url = url;
    next.redirects = remaining;
    next.followed = request.followed.saturating_add(1);
    Hop::Follow(next)
}

/// Header fields whose value says who asks (RFC 9110 section 11, RFC 6265), and what interfaces of
/// applications commonly take in their stead.
const CREDENTIALS: [&str; 6] =
    ["authorization", "cookie", "proxy-authorization", "x-api-key", "x-auth-token", "x-access-token"];

/// Whether a header field says who asks: what it holds is a secret, however it was written.
#[must_use]
pub fn is_credential(name: &str) -> bool {
    CREDENTIALS.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// Scheme, host and port: everything before the path.
fn authority(url: &str) -> &str {
    let host = url.find("://").map_or(0, |at| at.saturating_add(3));
    let end = url
        .get(host..)
        .and_then(|rest| rest.find(['/', '?', '#']))
        .map_or(url.len(), |at| host.saturating_add(at));
    url.get(..end).unwrap_or(url)
}

/// The host of an absolute address; brackets belong to it.
fn host(url: &str) -> &str {
    let authority = authority(url).split("://").nth(1).unwrap_or_default();
    let port = authority.rfind(':').filter(|at| !authority.ends_with(']') && *at > 0);
    port.and_then(|at| authority.get(..at)).unwrap_or(authority)
}

/// Whether a host is a name. An origin must not make the probe ask what only the prober can reach:
/// its own machine, a private network, the cloud's metadata. Fetch reads a host that ends in a
/// number as an address, in whatever base it is written.
fn is_name(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let last = host.rsplit('.').next().unwrap_or_default();
    let number = last.starts_with("0x") || last.bytes().all(|c| c.is_ascii_digit());
    let plain = host.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'.' | b'_'));
    plain && !number && loopback(&host).is_none()
}

/// Resolves a reference against an absolute address (RFC 3986 section 5, without dot segments,
/// which the runtime removes). One as long as the cap was cut there, and leads elsewhere.
fn resolve(base: &str, location: &str) -> Option<String> {
    let location = location.split('#').next().unwrap_or_default().trim();
    // Two fields come joined, and lead to two places.
    let twice = location.split(", ").skip(1).any(|next| next.starts_with('/') || absolute(next).is_some());
    if location.is_empty() || location.len() >= HEADER_CAP || location.chars().any(char::is_control) || twice
    {
        return None;
    }
    let root = authority(base);
    let url = if let Some((scheme, rest)) = absolute(location) {
        format!("{scheme}://{rest}")
    } else if let Some(rest) = location.strip_prefix("//") {
        format!("{}://{rest}", base.split("://").next()?)
    } else if location.starts_with('/') {
        format!("{root}{location}")
    } else if location.split(['/', '?']).next()?.contains(':') {
        return None;
    } else {
        let path = base.get(root.len()..)?.split('?').next()?;
        let folder = path.rfind('/').and_then(|at| path.get(..=at)).unwrap_or("/");
        format!("{root}{folder}{location}")
    };
    let host = authority(&url);
    let url = format!("{}{}", host.to_ascii_lowercase(), encoded(url.get(host.len()..)?));
    let uri: http::Uri = url.parse().ok()?;
    let plain = uri.authority().is_some_and(|authority| !authority.as_str().contains('@'));
    plain.then_some(url)
}

/// The scheme, if it is one that is spoken, and what follows it. It is read in any case (RFC 3986
/// section 6.2.2.1).
fn absolute(location: &str) -> Option<(&'static str, &str)> {
    let (scheme, rest) = location.split_once("://")?;
    let known = ["http", "https"].into_iter().find(|known| scheme.eq_ignore_ascii_case(known))?;
    Some((known, rest))
}

/// A path and query with what may not stand in them percent-encoded, as browsers do (WHATWG URL,
/// path and query percent-encode sets).
fn encoded(target: &str) -> String {
    let mut text = String::with_capacity(target.len());
    for c in target.chars() {
        let mut bytes = [0; 4];
        match c {
            ' ' | '"' | '<' | '>' | '`' | '{' | '}' | '|' | '^' => {
                push_encoded(&mut text, c.encode_utf8(&mut bytes));
            }
            c if c.is_ascii() => text.push(c),
            c => push_encoded(&mut text, c.encode_utf8(&mut bytes)),
        }
    }
    text
}

fn push_encoded(text: &mut String, part: &str) {
    for byte in part.bytes() {
        text.push_str(&format!("%{byte:02X}"));
    }
}
