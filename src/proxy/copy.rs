//! Copies of answers that stand in for an origin that does not answer (`stale-if-error`, RFC 5861):
//! which may be kept, under which key, and for how long.
//!
//! A copy is kept only of what a shared cache may keep (RFC 9111 section 3) and what is the same
//! for everybody. It is kept only whole (section 3.3). What is said to caches of a CDN alone
//! (`CDN-Cache-Control`, RFC 9213, and Cloudflare's own field before it) takes the place of
//! `Cache-Control`.

use serde::Serialize;

use crate::config::Route;
use crate::defaults::proxy::ANEW;
use crate::defaults::proxy::copy::LONGEST;
use crate::units::{Millis, Timestamp};

/// What is known of an answer and its request, each field as received.
#[derive(Clone, Copy, Debug, Default)]
pub struct Exchange<'a> {
    /// The address that was asked, as sent.
    pub url: &'a str,
    /// The request's method.
    pub method: &'a str,
    /// Whether the request says who asks (`Authorization` or `Cookie`).
    pub is_personal: bool,
    /// Whether the request asks for a part (`Range`).
    pub is_partial: bool,
    /// The request's `Cache-Control`.
    pub asked_control: Option<&'a str>,
    /// The request's `Accept-Encoding`.
    pub accept_encoding: Option<&'a str>,
    /// The answer's status code.
    pub status: u16,
    /// The answer's `Cache-Control`.
    pub cache_control: Option<&'a str>,
    /// The answer's `CDN-Cache-Control`.
    pub cdn_control: Option<&'a str>,
    /// The answer's `Cloudflare-CDN-Cache-Control`.
    pub cloudflare_control: Option<&'a str>,
    /// The answer's `Age`.
    pub age: Option<&'a str>,
    /// The answer's `Vary`.
    pub vary: Option<&'a str>,
    /// The answer's `Content-Length`.
    pub length: Option<&'a str>,
    /// Whether the answer sets a cookie.
    pub sets_cookie: bool,
}

/// A copy that is to be kept, as `proxy.mjs` reads it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Keep {
    /// Its key.
    pub key: String,
    /// How long it is kept.
    pub ttl: Millis,
    /// How many bytes its body has, as announced: one of another length is none.
    pub length: u64,
    /// It is made anew no sooner than after this.
    pub anew: Millis,
    /// The latest purge of which is known: a later one clears it ([`crate::purge::Cleared`]).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub known: Option<Timestamp>,
}

/// Whether a copy of an answer is to be kept.
#[must_use]
pub fn keep(route: &Route, exchange: &Exchange<'_>) -> Option<Keep> {
    let most = route.stale_if_error?;
    let control = exchange.control();
    let says = |word: &str| directive(control, word);
    let forbidden = ["no-store", "private", "no-cache", "must-revalidate", "proxy-revalidate"];
    // By these a shared cache may keep what was asked for with credentials (RFC 9111 section 3.5).
    let public = says("public").is_some() || says("s-maxage").is_some();
    let length = exchange.length.and_then(|length| length.trim().parse::<u64>().ok())?;
    let same = exchange
        .vary
        .is_none_or(|vary| vary.split(',').all(|name| name.trim().eq_ignore_ascii_case("accept-encoding")));
    let may = exchange.method == "GET"
        && exchange.status == 200
        && !exchange.is_partial
        && !exchange.sets_cookie
        && (public || !exchange.is_personal)
        && directive(exchange.asked_control, "no-store").is_none()
        && length <= LONGEST
        && same
        && forbidden.into_iter().all(|word| says(word).is_none());
    let seconds = |text: &str| Millis::from_secs(text.parse().unwrap_or(0));
    // What the origin says of it may be less than what the route allows.
    let own = says("stale-if-error").map_or(most, seconds);
    // A shared cache must not give what is older than `s-maxage` without asking (RFC 9111 section
    // 5.2.2.10).
    let age = exchange.age.map_or(Millis::ZERO, |age| seconds(age.trim()));
    let shared = says("s-maxage").map_or(most, |lifetime| seconds(lifetime).minus(age));
    let ttl = most.min(own).min(shared);
    (may && ttl > Millis::ZERO).then(|| Keep {
        key: key(route, exchange.url, exchange.accept_encoding),
        ttl,
        length,
        anew: ANEW.min(ttl),
        known: None,
    })
}

impl<'a> Exchange<'a> {
    /// What is said to a cache like this: the nearest field that says anything counts alone (RFC
    /// 9213 section 2.2).
    fn control(&self) -> Option<&'a str> {
        let says = |field: &&str| !field.trim().is_empty();
        [self.cloudflare_control, self.cdn_control].into_iter().flatten().find(says).or(self.cache_control)
    }
}

/// The key of the copy that would answer this request. No client asks for it, whatever host or path
/// it sends.
#[must_use]
pub fn key(route: &Route, url: &str, accept_encoding: Option<&str>) -> String {
    let accepts = |coding: &str| {
        accept_encoding.is_some_and(|list| {
            list.split(',')
                .any(|one| one.split(';').next().is_some_and(|one| one.trim().eq_ignore_ascii_case(coding)))
        })
    };
    let coding = match (accepts("br"), accepts("gzip")) {
        (true, true) => "br-gzip",
        (true, false) => "br",
        (false, true) => "gzip",
        (false, false) => "identity",
    };
    let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
    format!("https://copy.vedette.internal/v1/{}/{coding}/{scheme}/{rest}", route.pool)
}

/// The value of a directive of `Cache-Control`; empty if it has none.
fn directive<'a>(list: Option<&'a str>, wanted: &str) -> Option<&'a str> {
    list?.split(',').find_map(|one| {
        let (name, value) = one.split_once('=').unwrap_or((one, ""));
        name.trim().eq_ignore_ascii_case(wanted).then(|| value.trim().trim_matches('"'))
    })
}
