//! How old an answer is, where it comes from, and for how long a cache may keep it.

use crate::defaults::serve::OLDEST_KEPT;
use crate::reader::{Source, Tier};
use crate::snapshot::OriginView;
use crate::units::{Millis, Timestamp};

/// Which layer answered and how old its copy is (RFC 9211); a negative `ttl` says for how long it
/// has been due for a refresh.
pub(super) fn cache_status(source: &Source) -> String {
    let layer = source.layer.as_str();
    let silent = if source.silent { ", arbiter silent" } else { "" };
    let age = source.age.as_secs();
    match source.layer {
        Tier::Arbiter => {
            let why = if source.replaced { "stale" } else { "miss" };
            format!("vedette; fwd={why}; detail=\"arbiter\"")
        }
        Tier::Nothing => "vedette; fwd=miss; detail=\"nothing, arbiter silent\"".to_owned(),
        Tier::Memory | Tier::Cache | Tier::Kv => {
            let (left, over) =
                (source.limit.minus(source.age).as_secs(), source.age.minus(source.limit).as_secs());
            let sign = if over > 0 { "-" } else { "" };
            format!("vedette; hit; ttl={sign}{}; detail=\"{layer}, {age} s old{silent}\"", left.max(over))
        }
    }
}

/// `Age` (RFC 9111 section 5.1: of the snapshot, which was made at `made`), `Vedette-Evidence-Age`
/// and `Cache-Control` of an answer about these origins. A cache may keep it for one second, and
/// not beyond the next moment at which it changes by itself. That holds even for a cache that does
/// not subtract `Age`. Without evidence there is no age to state, and nothing to keep.
pub(super) fn freshness<'a>(
    made: Timestamp,
    origins: impl Iterator<Item = &'a OriginView> + Clone,
    now: Timestamp,
) -> Vec<(&'static str, String)> {
    let Some(oldest) = origins.clone().filter_map(|origin| origin.oldest).min() else {
        return vec![("cache-control", "no-store".to_owned())];
    };
    let age = now.since(made).as_secs();
    let unchanged = next_expiry(origins, now).map_or(u64::MAX, |change| seconds_before(change, now));
    let kept = if age > OLDEST_KEPT {
        "no-store".to_owned()
    } else {
        format!("max-age={}", age.saturating_add(1).min(unchanged))
    };
    vec![
        ("age", age.to_string()),
        ("vedette-evidence-age", now.since(oldest).as_secs().to_string()),
        ("cache-control", kept),
    ]
}

/// The whole seconds from `now` that end before a later moment.
pub(super) fn seconds_before(at: Timestamp, now: Timestamp) -> u64 {
    at.since(now).minus(Millis::new(1)).as_secs()
}

/// When the next verdict or vote of these expires.
pub(super) fn next_expiry<'a>(
    origins: impl Iterator<Item = &'a OriginView>,
    now: Timestamp,
) -> Option<Timestamp> {
    origins.flat_map(expiries).filter(|at| *at > now).min()
}

/// When the verdict and the votes of one expire.
pub(super) fn expiries(origin: &OriginView) -> impl Iterator<Item = Timestamp> {
    origin.votes.iter().map(|vote| vote.expires).chain([origin.valid_until])
}
