//! The header fields in which caches speak, how each is read, and whose it is.

use super::Says;
use super::list;
use super::words;
use crate::exchange::Head;

/// The number of fields that are read.
pub(super) const COUNT: usize = 25;

/// What hears the words of one field.
pub(super) type Hear<'f, 'a> = &'f mut dyn FnMut(Says, &'a str);

/// A field in which caches speak.
pub(super) struct Field {
    /// In lower case.
    name: &'static str,
    /// As people write it.
    pub(super) title: &'static str,
    /// Its place among the fields: of two that say the same, the earlier one is named.
    pub(super) rank: u8,
    /// Fields of one group are one cache's.
    pub(super) group: Group,
    /// Whose it is, if nothing else tells.
    producer: Option<&'static str>,
    /// Hands on what its entries say, on an answer with this status.
    pub(super) read: for<'f, 'a> fn(&'a str, u16, Hear<'f, 'a>),
}

impl Field {
    /// The field as one bit.
    pub(super) const fn bit(&self) -> u32 {
        1 << self.rank
    }
}

/// Whose fields these are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Group {
    Cloudflare,
    List,
    XCache,
    XCacheStatus,
    XProxyCache,
    XFastcgiCache,
    Vercel,
    Next,
    Cdn,
    Fastapi,
    Litespeed,
    Drupal,
    Cache,
    XCacheHit,
    Apicache,
    Huawei,
    Symfony,
    Rack,
    Varnish,
    Via,
    Warning,
    Age,
}

impl Group {
    pub(super) const fn bit(self) -> u32 {
        1 << self as u32
    }
}

const fn plain(
    title: &'static str,
    name: &'static str,
    group: Group,
    producer: Option<&'static str>,
) -> Field {
    Field { name, title, rank: 0, group, producer, read: entries }
}

/// The fields, in the order in which they are named.
static FIELDS: [Field; COUNT] = ranked([
    Field {
        read: cloudflare,
        ..plain("CF-Cache-Status", "cf-cache-status", Group::Cloudflare, Some("Cloudflare"))
    },
    Field { read: list::read, ..plain("Cache-Status", "cache-status", Group::List, None) },
    plain("X-Cache", "x-cache", Group::XCache, None),
    Field { read: detail, ..plain("X-Cache-Detail", "x-cache-detail", Group::XCache, Some("Apache")) },
    plain("X-Cache-Remote", "x-cache-remote", Group::XCache, Some("Akamai")),
    Field { read: lookup, ..plain("X-Cache-Lookup", "x-cache-lookup", Group::XCache, Some("Tencent")) },
    plain("X-Cache-Status", "x-cache-status", Group::XCacheStatus, None),
    plain("X-Proxy-Cache", "x-proxy-cache", Group::XProxyCache, Some("nginx")),
    plain("X-FastCGI-Cache", "x-fastcgi-cache", Group::XFastcgiCache, Some("nginx")),
    plain("X-Vercel-Cache", "x-vercel-cache", Group::Vercel, Some("Vercel")),
    plain("X-Nextjs-Cache", "x-nextjs-cache", Group::Next, Some("Next.js")),
    plain("CDN-Cache", "cdn-cache", Group::Cdn, Some("Bunny")),
    plain("X-FastAPI-Cache", "x-fastapi-cache", Group::Fastapi, Some("fastapi-cache")),
    plain("X-LiteSpeed-Cache", "x-litespeed-cache", Group::Litespeed, Some("LiteSpeed")),
    plain("X-Drupal-Cache", "x-drupal-cache", Group::Drupal, Some("Drupal")),
    plain("Cache", "cache", Group::Cache, Some("Gcore")),
    Field { read: flag, ..plain("X-Cache-Hit", "x-cache-hit", Group::XCacheHit, None) },
    Field { read: present, ..plain("Apicache-Store", "apicache-store", Group::Apicache, Some("apicache")) },
    Field { read: flag, ..plain("X-HCS-Proxy-Type", "x-hcs-proxy-type", Group::Huawei, Some("Huawei")) },
    Field { read: trace, ..plain("X-Symfony-Cache", "x-symfony-cache", Group::Symfony, Some("Symfony")) },
    Field { read: trace, ..plain("X-Rack-Cache", "x-rack-cache", Group::Rack, Some("Rack::Cache")) },
    Field { read: varnish, ..plain("X-Varnish", "x-varnish", Group::Varnish, Some("Varnish")) },
    Field { read: via, ..plain("Via", "via", Group::Via, Some("Apache Traffic Server")) },
    Field { read: warning, ..plain("Warning", "warning", Group::Warning, None) },
    Field { read: age, ..plain("Age", "age", Group::Age, None) },
]);

#[expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "at compile time, over an array of known length"
)]
const fn ranked(mut fields: [Field; COUNT]) -> [Field; COUNT] {
    let mut at = 0;
    while at < COUNT {
        fields[at].rank = at as u8;
        at += 1;
    }
    fields
}

#[expect(clippy::indexing_slicing, reason = "at compile time, over an array of known length")]
pub(super) const fn names() -> [&'static str; COUNT] {
    let mut names = [""; COUNT];
    let mut at = 0;
    while at < COUNT {
        names[at] = FIELDS[at].name;
        at += 1;
    }
    names
}

/// The field of this name in lower case.
pub(super) fn named(name: &str) -> Option<&'static Field> {
    FIELDS.iter().find(|field| field.name == name)
}

fn cloudflare<'a>(value: &'a str, _: u16, hear: Hear<'_, 'a>) {
    for entry in value.split(',').map(str::trim) {
        if let Some(says) = words::cloudflare(entry) {
            hear(says, entry);
        }
    }
}

fn entries<'a>(value: &'a str, _: u16, hear: Hear<'_, 'a>) {
    for entry in value.split(',').map(str::trim) {
        if let Some(says) = words::entry(entry) {
            hear(says, entry);
        }
    }
}

/// Apache's `X-Cache-Detail` says in words what it did.
fn detail<'a>(value: &'a str, _: u16, hear: Hear<'_, 'a>) {
    for entry in value.split(',').map(str::trim) {
        let text = entry.trim_start_matches('"');
        if entry.contains("stale content returned") {
            hear(Says::Stranded, entry);
        } else if text.starts_with("conditional cache hit") {
            hear(Says::Validated, entry);
        } else if text.starts_with("cache hit") {
            hear(Says::Kept, entry);
        } else if text.starts_with("cache miss") {
            hear(Says::Forwarded, entry);
        }
    }
}

/// `X-Cache-Lookup` of Tencent. Squid's, which ends in a port, says whether a copy was there, not
/// whether it was given: it is left out.
fn lookup<'a>(value: &'a str, _: u16, hear: Hear<'_, 'a>) {
    for entry in value.split(',').map(str::trim) {
        let port = entry.rsplit_once(':').map(|(_, port)| port);
        let squid = port.is_some_and(|port| !port.is_empty() && port.bytes().all(|c| c.is_ascii_digit()));
        if let Some(says) = words::entry(entry).filter(|_| !squid) {
            hear(says, entry);
        }
    }
}

/// `1` for a copy and `0` for none, or a word.
fn flag<'a>(value: &'a str, status: u16, hear: Hear<'_, 'a>) {
    for entry in value.split(',').map(str::trim) {
        match entry.to_ascii_lowercase().as_str() {
            "1" | "true" | "yes" => hear(Says::Kept, entry),
            "0" | "false" | "no" => hear(Says::Forwarded, entry),
            _ => entries(entry, status, hear),
        }
    }
}

/// A field that only answers out of the cache carry.
fn present<'a>(value: &'a str, _: u16, hear: Hear<'_, 'a>) {
    if !value.trim().is_empty() {
        hear(Says::Kept, value);
    }
}

/// The steps that Symfony and `Rack::Cache` write: `GET /health: stale, valid, store`.
fn trace<'a>(value: &'a str, _: u16, hear: Hear<'_, 'a>) {
    for request in value.split(';') {
        let steps = request.rsplit_once(": ").map_or(request, |(_, steps)| steps);
        let took = |step: &str| steps.split(',').any(|taken| taken.trim().eq_ignore_ascii_case(step));
        if took("stale-if-error") {
            hear(Says::Stranded, request);
        } else if took("valid") {
            hear(Says::Validated, request);
        } else if ["miss", "pass", "invalid", "reload"].into_iter().any(took) {
            hear(Says::Forwarded, request);
        } else if ["fresh", "stale", "stale-while-revalidate"].into_iter().any(took) {
            hear(Says::Kept, request);
        }
    }
}

/// The number of the request, and behind it of the one whose answer is given once more.
fn varnish<'a>(value: &'a str, _: u16, hear: Hear<'_, 'a>) {
    for entry in value.split(',').map(str::trim) {
        let number = |part: &str| part.bytes().all(|c| c.is_ascii_digit());
        if !entry.is_empty() && entry.split_whitespace().all(number) {
            let kept = entry.split_whitespace().nth(1).is_some();
            hear(if kept { Says::Kept } else { Says::Forwarded }, entry);
        }
    }
}

/// What Apache Traffic Server writes into `Via` in brackets, if it is told to: letter by letter
/// what the cache found and what the server further in did.
fn via<'a>(value: &'a str, _: u16, hear: Hear<'_, 'a>) {
    for entry in value.split("ApacheTrafficServer").skip(1) {
        let codes = entry.split_once('[').and_then(|(_, rest)| rest.split([':', ']']).next()).unwrap_or("");
        let (found, server) = (code(codes, 'c'), code(codes, 's'));
        match (found, server) {
            (Some('S' | 'H' | 'R'), Some('E' | 'F')) => hear(Says::Stranded, entry),
            (Some(_), Some('N')) => hear(Says::Validated, entry),
            (Some(_), Some('S')) => hear(Says::Forwarded, entry),
            (Some('H' | 'R' | 'S'), Some(' ')) => hear(Says::Kept, entry),
            (_, _) => {}
        }
    }
}

/// The capital behind the first `kind`; each code is a small letter and a capital, or a blank.
fn code(codes: &str, kind: char) -> Option<char> {
    let mut letters = codes.chars();
    while let (Some(letter), Some(value)) = (letters.next(), letters.next()) {
        if letter == kind {
            return Some(value);
        }
    }
    None
}

/// `Warning` (RFC 7234 section 5.5; retired by RFC 9111, and still sent): 111 is an old copy after
/// a validation that failed; 110, 112 and 113 an old copy without a word of why.
fn warning<'a>(value: &'a str, _: u16, hear: Hear<'_, 'a>) {
    for entry in list::split(value, ',').map(str::trim) {
        match entry.split([' ', '\t']).next() {
            Some("111") => hear(Says::Stranded, entry),
            Some("110" | "112" | "113") => hear(Says::Kept, entry),
            Some(_) | None => {}
        }
    }
}

/// An age over nothing, however long (RFC 9111 section 1.2.2): a cache has kept the answer.
fn age<'a>(value: &'a str, _: u16, hear: Hear<'_, 'a>) {
    for entry in value.split(',').map(str::trim) {
        let whole = entry.bytes().all(|digit| digit.is_ascii_digit());
        if whole && entry.bytes().any(|digit| digit != b'0') {
            hear(Says::Kept, entry);
        }
    }
}

/// Marks of the producers that share a field, as they stand in the entry or in `Via`, in lower
/// case.
const MARKS: [(&str, &str); 12] = [
    ("cloudfront", "CloudFront"),
    ("akamai", "Akamai"),
    ("from child", "Akamai"),
    ("from parent", "Akamai"),
    ("dirn:", "Alibaba Cloud"),
    ("netlify", "Netlify"),
    ("souin", "Souin"),
    ("squid", "squid"),
    ("apachetrafficserver", "Apache Traffic Server"),
    ("apache", "Apache"),
    ("varnish", "Varnish"),
    ("1.1 google", "Google Cloud CDN"),
];

/// Words that, alone in a field that many use, are nginx's.
const OF_NGINX: [&str; 5] = ["BYPASS", "EXPIRED", "REVALIDATED", "STALE", "UPDATING"];

/// Who wrote an entry, as far as it can be told.
pub(super) fn producer(field: &Field, entry: &str, head: &Head) -> Option<&'static str> {
    let marked = |text: &str| {
        let text = text.to_ascii_lowercase();
        MARKS.iter().find(|(mark, _)| text.contains(mark)).map(|(_, name)| *name)
    };
    let by_others = || {
        let x_cache = field.group == Group::XCache;
        // Apache spells this word without its D.
        if x_cache && (entry.starts_with("REVALIDATE ") || head.header("x-cache-detail").is_some()) {
            return Some("Apache");
        }
        if (x_cache || field.group == Group::XCacheStatus) && OF_NGINX.contains(&entry) {
            return Some("nginx");
        }
        let shared = x_cache || field.group == Group::Age || field.group == Group::Warning;
        head.header("via").filter(|_| shared).and_then(marked)
    };
    field.producer.or_else(|| marked(entry)).or_else(by_others)
}
