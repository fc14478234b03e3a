//! Addresses of origins: absolute, `http` or `https`, without credentials, query or fragment, in
//! one spelling each.
//!
//! No message repeats an address that has a user name, a password or a query (see
//! [`super::problem::quoted`]).

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::OriginUrl;
use super::problem::quoted;
use super::raw::Field;
use crate::path::loopback;

pub(super) use crate::defaults::config::url::MAX_URL;

/// The longest DNS name in bytes (RFC 1035).
const MAX_HOST: usize = 253;

/// The longest label of a DNS name in bytes (RFC 1035).
const MAX_LABEL: usize = 63;

/// Schemes of checks that other monitors have and this one has not.
const NOT_HTTP: [&str; 9] = ["tcp", "tls", "udp", "icmp", "ping", "dns", "ssh", "starttls", "sctp"];

impl OriginUrl {
    /// Whether the address is this machine itself, by [`loopback`].
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        loopback(&self.host).is_some()
    }
}

impl fmt::Display for OriginUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.https { "https://" } else { "http://" })?;
        f.write_str(&self.host)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        f.write_str(&self.prefix)
    }
}

impl fmt::Debug for OriginUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OriginUrl({self})")
    }
}

/// Why a text is not the address of an origin, as what comes after the text; it never repeats it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadUrl {
    #[error("is longer than {MAX_URL} bytes; write a shorter address")]
    TooLong,
    #[error("has spaces around it; leave them out")]
    Spaces,
    #[error("has no scheme; write \"https://\" or \"http://\" before the host")]
    NoScheme,
    #[error(
        "is not asked over HTTP, and nothing else is probed; write the address of a page that says how this service does, or have \
         it report by itself, with kind = \"heartbeat\""
    )]
    NotHttp,
    #[error("is neither http nor https; write \"https://\" or \"http://\" before the host")]
    OtherScheme,
    #[error(
        "carries a user name or password, which would stand in plain text; leave it out and write probe = {{ headers = {{ \
         authorization = {{ secret = \"NAME\" }} }} }}"
    )]
    Credentials,
    #[error("has a query or a fragment; write the address without it, and a query into probe.path")]
    Query,
    #[error(
        "has a space, a backslash, a quote, a bracket or another character that addresses do not have; percent-encode it, as %20"
    )]
    Character,
    /// Its host or its port.
    #[error("{0}")]
    Authority(&'static str),
    /// What sends the probe reads no address in it.
    #[error("is not an address ({0}); write one as \"https://shop.example.com\"")]
    Unread(String),
}

impl BadUrl {
    /// Whether what is wrong is all that is said, since the text may hold a password.
    fn hides_text(&self) -> bool {
        matches!(self, Self::Credentials | Self::Query)
    }
}

/// Reads the address of an origin.
pub(super) fn origin_url(field: &Field<'_>) -> Option<OriginUrl> {
    let text = field.text("an address in quotes, as \"https://shop.example.com\"")?;
    match parse(text) {
        Ok(url) => Some(url),
        Err(bad) if bad.hides_text() => {
            field.refuse(format_args!("{bad}"));
            None
        }
        Err(bad) => {
            field.refuse(format_args!("{} {bad}", quoted(text)));
            None
        }
    }
}

pub(super) fn parse(text: &str) -> Result<OriginUrl, BadUrl> {
    if text.len() > MAX_URL {
        return Err(BadUrl::TooLong);
    }
    if text.trim() != text {
        return Err(BadUrl::Spaces);
    }
    let (scheme, rest) = text.split_once("://").ok_or(BadUrl::NoScheme)?;
    let https = scheme.eq_ignore_ascii_case("https");
    if NOT_HTTP.contains(&scheme.to_ascii_lowercase().as_str()) {
        return Err(BadUrl::NotHttp);
    }
    if !https && !scheme.eq_ignore_ascii_case("http") {
        return Err(BadUrl::OtherScheme);
    }
    if rest.contains('@') {
        return Err(BadUrl::Credentials);
    }
    if rest.contains(['?', '#']) {
        return Err(BadUrl::Query);
    }
    let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    if !path.bytes().all(is_path_byte) {
        return Err(BadUrl::Character);
    }
    let (host, port) = split_port(authority);
    let host = self::host(host).map_err(BadUrl::Authority)?;
    let port = port.map(self::port).transpose().map_err(BadUrl::Authority)?;
    let default = if https { 443 } else { 80 };
    let url = OriginUrl {
        https,
        host,
        port: port.filter(|port| *port != default),
        prefix: path.trim_end_matches('/').to_owned(),
    };
    // The probe is sent with this parser's reading of the address, so it has the last word.
    match url.to_string().parse::<http::Uri>() {
        Ok(_) => Ok(url),
        Err(error) => Err(BadUrl::Unread(error.to_string())),
    }
}

/// Whether a byte may stand in a path: visible ASCII but what RFC 3986 leaves out.
pub(super) fn is_path_byte(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b"\"<>\\^`{|}[]".contains(&byte)
}

/// Host and port of an authority. The colons of an address in brackets are its own.
fn split_port(authority: &str) -> (&str, Option<&str>) {
    let tail = authority.rfind(']').unwrap_or_default();
    match authority.get(tail..).and_then(|rest| rest.rfind(':')) {
        Some(colon) => {
            let (host, port) = authority.split_at(tail.saturating_add(colon));
            (host, port.strip_prefix(':'))
        }
        None => (authority, None),
    }
}

fn port(text: &str) -> Result<u16, &'static str> {
    let digits = text.bytes().all(|c| c.is_ascii_digit());
    let port = if digits { text.parse().ok() } else { None };
    port.filter(|port| *port > 0).ok_or("has a port that is not 1 to 65535; write one of these, or none")
}

/// The host in its one spelling.
fn host(text: &str) -> Result<String, &'static str> {
    if text.is_empty() {
        return Err("has no host; write one after \"://\", as \"https://shop.example.com\"");
    }
    if let Some(inner) = text.strip_prefix('[') {
        let address = inner.strip_suffix(']').and_then(|inner| inner.parse::<Ipv6Addr>().ok());
        return address
            .map(|ip| format!("[{ip}]"))
            .ok_or("has brackets around what is not an IPv6 address; write it as \"http://[2001:db8::1]\"");
    }
    if text.contains(':') {
        return Err("has an IPv6 address without brackets; write it as \"http://[2001:db8::1]\"");
    }
    let host = dns_name(text)?;
    let last = host.rsplit('.').next().unwrap_or_default();
    let number = last.bytes().all(|c| c.is_ascii_digit()) || last.starts_with("0x");
    // Fetch reads such hosts as numbers: 127.1 and 0x7f000001 are this machine. Only the plain
    // spelling is taken.
    if number && host.parse::<Ipv4Addr>().is_err() {
        return Err(
            "has a host that ends in a number but is not an IPv4 address; write it as \"http://192.0.2.1\"",
        );
    }
    Ok(host)
}

/// A DNS name in lower case.
pub(super) fn dns_name(text: &str) -> Result<String, &'static str> {
    if !text.is_ascii() {
        return Err("has a host that is not ASCII; write it in punycode, as \"xn--bcher-kva.example\"");
    }
    let good = |label: &str| {
        !label.is_empty()
            && label.len() <= MAX_LABEL
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'_')
    };
    if text.len() > MAX_HOST || !text.split('.').all(good) {
        return Err(
            "has a host that is not a DNS name; write labels of at most 63 letters, digits and \"-\" with \
            single dots between them, 253 in all",
        );
    }
    Ok(text.to_ascii_lowercase())
}
