//! Which answers are given again, and until when ([`kept`]).

use super::{Ask, Basis, View, cache_status, expiries, next_expiry, seconds_before};
use crate::access::Caller;
use crate::answer::Answer;
use crate::config::Tier as Needed;
use crate::reader::{Source, Tier};
use crate::snapshot::Snapshot;
use crate::units::{Millis, Timestamp};

/// The answer to a plain GET as it is to be given again, and until when: the next second of its
/// ages, or when a verdict beneath it expires. Only targets that are asked for often, written in
/// the one usual way, have one. So there are no more of them than the configuration has names.
#[must_use]
pub fn kept(view: &View, ask: &Ask<'_>, basis: &Basis<'_>, answer: &Answer) -> Option<(Answer, Timestamp)> {
    let plain =
        ask.method == "GET" && ask.if_none_match.is_none() && view.path().as_deref() == Some(ask.target);
    // Whoever shows nothing is given what everybody is told, and nobody anything else.
    let public = ask.caller.is_none_or(|caller| *caller == Caller::Nobody)
        && basis.config.access.tier(view.door()) == Needed::Public;
    if !plain || !public || basis.source.layer == Tier::Nothing {
        return None;
    }
    let mut answer = answer.clone();
    // Whoever is given it again is answered from memory, wherever the first one's answer came from.
    let memory = cache_status(&Source { layer: Tier::Memory, ..basis.source });
    for (_, value) in answer.headers.iter_mut().filter(|(name, _)| *name == "cache-status") {
        value.clone_from(&memory);
    }
    Some((answer, holds_until(view, basis.snapshot, basis.now)))
}

/// When the answer for a target says something else although nothing new is known.
fn holds_until(view: &View, snapshot: &Snapshot, now: Timestamp) -> Timestamp {
    let second = Millis::from_secs(1);
    let (pool, origin) = view.names();
    let origins = || {
        let pools = snapshot.pools.iter().filter(|view| pool.is_none_or(|pool| view.name.as_str() == pool));
        let origins = pools.flat_map(|pool| &pool.origins);
        origins.filter(|view| origin.is_none_or(|origin| view.name.as_str() == origin))
    };
    // The ages of the snapshot and of the oldest evidence count whole seconds.
    let oldest = origins().filter_map(|origin| origin.oldest).min();
    let since = oldest.into_iter().chain([snapshot.taken_at]);
    let ticks = since.map(|since| since.plus(second.times(now.since(since).as_secs().saturating_add(1))));
    // So does `max-age` before the first expiry.
    let last = next_expiry(origins(), now).map(|at| at.minus(second.times(seconds_before(at, now))));
    // A verdict or a vote expires, and the last second of a signal's time to live is none.
    let ends = origins().flat_map(|origin| expiries(origin).chain([origin.valid_until.minus(second)]));
    let latest = now.plus(second);
    ends.chain(ticks).chain(last).filter(|at| *at > now).min().unwrap_or(latest).min(latest)
}
