//! The words that caches write of an answer, by custom of each and in any case.

use super::Says;
use crate::defaults::probe::words::LONGEST;

/// A word and what it says.
type Word = (&'static str, Says);

/// The words that mean the same wherever they stand, in capitals.
const WORDS: [Word; 32] = [
    ("BYPASS", Says::Forwarded),
    ("CAPACITYEXCEEDED", Says::Kept),
    ("CONFIG_NOCACHE", Says::Forwarded),
    ("CONSTRUCTED", Says::Kept),
    ("DYNAMIC", Says::Forwarded),
    ("EXPIRED", Says::Forwarded),
    ("FRESH", Says::Kept),
    ("GRACE", Says::Kept),
    ("HIT", Says::Kept),
    ("HIT-FOR-PASS", Says::Forwarded),
    ("HITFORPASS", Says::Forwarded),
    ("HITPASS", Says::Forwarded),
    // Akamai: the origin was not to be reached.
    ("HITSTALE", Says::Stranded),
    ("LIMITEXCEEDED", Says::Kept),
    ("MISS", Says::Forwarded),
    ("NONE", Says::Kept),
    ("NONE/UNKNOWN", Says::Kept),
    ("NOTCACHEABLE", Says::Forwarded),
    ("PASS", Says::Forwarded),
    ("PIPE", Says::Forwarded),
    ("PRERENDER", Says::Kept),
    ("PRIVATE_NOSTORE", Says::Forwarded),
    ("REDIRECT", Says::Kept),
    // CloudFront: after a validation, and with an old copy in place of an error.
    ("REFRESHHIT", Says::Doubtful),
    ("REVALIDATE", Says::Validated),
    ("REVALIDATED", Says::Validated),
    // nginx: both while it refreshes in the background and when the origin is dead.
    ("STALE", Says::Kept),
    ("SYNTH", Says::Kept),
    ("UNCACHEABLE", Says::Forwarded),
    ("UNKNOWN", Says::Kept),
    ("UPDATING", Says::Kept),
    ("VALIDATED", Says::Validated),
];

/// What a word says.
pub(super) fn word(text: &str) -> Option<Says> {
    let letter = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'/');
    if text.is_empty() || text.len() > LONGEST || !text.bytes().all(letter) {
        return None;
    }
    let word = text.to_ascii_uppercase();
    if let Ok(at) = WORDS.binary_search_by(|(known, _)| (*known).cmp(word.as_str())) {
        return WORDS.get(at).map(|(_, says)| *says);
    }
    if let Some(code) = word.strip_prefix("TCP_") {
        return squid_code(code);
    }
    // CloudFront's functions, a shield's hit, a cluster's miss: what they end or begin with tells.
    if word.ends_with("GENERATEDRESPONSE") || word.ends_with("HIT") || word.starts_with("HIT-") {
        return Some(Says::Kept);
    }
    let forwarded = word.ends_with("MISS") || word.starts_with("MISS-") || word.starts_with("PASS-");
    forwarded.then_some(Says::Forwarded)
}

/// What squid's result codes say, which Akamai, Azure and Alibaba use as well, without `TCP_`.
fn squid_code(code: &str) -> Option<Says> {
    if code.starts_with("REFRESH_FAIL") {
        return Some(Says::Stranded);
    }
    if code.contains("REFRESH") {
        let modified = code.ends_with("MISS") || code.ends_with("_MODIFIED");
        return Some(if modified { Says::Forwarded } else { Says::Validated });
    }
    if code.ends_with("MISS") {
        return Some(Says::Forwarded);
    }
    code.ends_with("HIT").then_some(Says::Kept)
}

/// What Cloudflare's word says: only here does *stale* mean that the origin could not be reached.
pub(super) fn cloudflare(text: &str) -> Option<Says> {
    let word = word(text)?;
    Some(if text.eq_ignore_ascii_case("STALE") { Says::Stranded } else { word })
}

/// What an entry of `X-Cache` and its like says: `HIT from host`, `Hit from cloudfront`,
/// `HIT TCP_MEM_HIT dirn:10:10`. A result code is more exact than the word before it.
pub(super) fn entry(text: &str) -> Option<Says> {
    let mut tokens = text.split([' ', '\t', '(', ';', ':']).filter(|token| !token.is_empty());
    let code = |token: &&str| token.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("TCP_"));
    let mut first = tokens.next()?.trim_matches('"');
    if let Some(code) = text.split([' ', '\t']).take(4).find(code) {
        first = code;
    } else if first.eq_ignore_ascii_case("cache") {
        first = tokens.next()?;
    }
    let says = word(first)?;
    Some(if is_akamai(text) { of_now(says) } else { says })
}

/// Whether an entry is Akamai's: its caches are named by their place.
pub(super) fn is_akamai(entry: &str) -> bool {
    let entry = entry.to_ascii_lowercase();
    ["from child", "from parent", "akamai"].iter().any(|mark| entry.contains(mark))
}

/// What a producer says that writes the word of every cache anew for each answer: none of them is
/// a word of the day on which a copy was made, so a validation is as good as the next word.
pub(super) fn of_now(says: Says) -> Says {
    match says {
        Says::Validated | Says::Doubtful => Says::Forwarded,
        Says::Forwarded | Says::Kept | Says::Stranded => says,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_and_every_word_is_found() {
        assert!(WORDS.is_sorted_by(|(one, _), (other, _)| one < other));
        for (known, says) in WORDS {
            assert_eq!(word(&known.to_ascii_lowercase()), Some(says), "{known}");
            assert!(known.len() <= LONGEST);
        }
    }
}
