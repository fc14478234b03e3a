//! Reads from an answer's header fields whether the origin or a cache answered.
//!
//! In order of trust: `CF-Cache-Status` (Cloudflare), `Cache-Status` (RFC 9211), `X-Cache` (by custom), `Age` (RFC 9111).

use crate::exchange::Head;
use crate::sample::CacheClass;

/// The cache class of an answer.
pub(super) fn classify(head: &Head) -> CacheClass {
    head.header("cf-cache-status")
        .and_then(word)
        .or_else(|| head.header("cache-status").and_then(rfc9211))
        .or_else(|| head.header("x-cache").and_then(|value| word(value.split([' ', ',']).next()?)))
        .or_else(|| aged(head.header("age")?))
        .unwrap_or(CacheClass::Unclassified)
}

fn word(value: &str) -> Option<CacheClass> {
    match value.trim().to_ascii_uppercase().as_str() {
        "MISS" | "EXPIRED" | "BYPASS" | "DYNAMIC" | "REVALIDATED" => Some(CacheClass::OriginProven),
        "HIT" | "UPDATING" => Some(CacheClass::EdgeOnly),
        "STALE" => Some(CacheClass::CounterProof),
        _ => None,
    }
}

/// The last member is the cache nearest to us (RFC 9211 section 2). A hit with a negative `ttl` was served stale.
fn rfc9211(value: &str) -> Option<CacheClass> {
    let mut hit = false;
    let mut stale = false;
    let mut forwarded = false;
    for parameter in value.rsplit(',').next()?.split(';').skip(1) {
        let (key, argument) = parameter.split_once('=').unwrap_or((parameter, ""));
        match key.trim() {
            "hit" => hit = argument.trim() != "?0",
            "ttl" => stale = argument.trim().starts_with('-'),
            "fwd" => forwarded = true,
            _ => {}
        }
    }
    match (hit, stale, forwarded) {
        (true, true, _) => Some(CacheClass::CounterProof),
        (true, false, _) => Some(CacheClass::EdgeOnly),
        (false, _, true) => Some(CacheClass::OriginProven),
        (false, _, false) => None,
    }
}

/// An age over nothing, however long (RFC 9111 section 1.2.2): a cache has kept the answer.
fn aged(value: &str) -> Option<CacheClass> {
    let digits = value.trim();
    let whole = digits.bytes().all(|digit| digit.is_ascii_digit());
    (whole && digits.bytes().any(|digit| digit != b'0')).then_some(CacheClass::EdgeOnly)
}
