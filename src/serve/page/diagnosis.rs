//! What the latest probes of an origin say of where the trouble lies: one region, the cache in
//! front of it, or the database behind it.

use super::item::Look;
use crate::defaults::serve::page::SLOW_MS;
use crate::sample::CacheClass;
use crate::snapshot::{OriginView, VoteView};
use crate::units::listed;
use crate::verdict::Status;
use crate::vote::Opinion;

/// What can be said, the gravest first; nothing if there is nothing to add to the reason.
pub(super) fn diagnosis(origin: &OriginView, look: Look<'_>) -> Vec<String> {
    let live: Vec<&VoteView> = origin.votes.iter().filter(|vote| look.now < vote.expires).collect();
    let mut said = Vec::new();
    said.extend(region(&live, look));
    said.extend(cache(&live, look));
    if origin.status_at(look.now) != Status::Pass {
        said.extend(live.iter().max_by_key(|vote| vote.latency).and_then(|vote| database(vote)));
    }
    said
}

/// Some see it fail, others do not.
fn region(live: &[&VoteView], look: Look<'_>) -> Option<String> {
    let (fail, pass) = (seeing(live, Opinion::Fail, look), seeing(live, Opinion::Pass, look));
    if fail.is_empty() || pass.is_empty() {
        return None;
    }
    let verb = |names: &[&str]| if names.len() == 1 { "sees" } else { "see" };
    Some(format!(
        "Only {} {} it fail; {} {} it pass. The way there is in trouble, or a part of it.",
        listed(&fail),
        verb(&fail),
        listed(&pass),
        verb(&pass)
    ))
}

fn seeing<'a>(live: &[&'a VoteView], opinion: Opinion, look: Look<'a>) -> Vec<&'a str> {
    let such = live.iter().filter(|vote| vote.opinion == opinion);
    such.map(|vote| look.vantage_title(&vote.vantage)).collect()
}

/// A cache answers in its place.
fn cache(live: &[&VoteView], look: Look<'_>) -> Option<String> {
    let of = |class: CacheClass| -> Vec<&str> {
        let such = live.iter().filter(|vote| vote.cache == class);
        such.map(|vote| look.vantage_title(&vote.vantage)).collect()
    };
    let stale = of(CacheClass::CounterProof);
    if !stale.is_empty() {
        return Some(format!(
            "Only its cache keeps it up: {} got an old answer, for the cache could not reach the origin.",
            listed(&stale)
        ));
    }
    let hits = of(CacheClass::EdgeOnly);
    (!hits.is_empty() && hits.len() == live.len())
        .then(|| "A cache answers every probe: nothing is proven about the origin itself.".to_owned())
}

/// The database takes most of the time.
fn database(vote: &VoteView) -> Option<String> {
    let (latency, time) = (vote.latency.get(), vote.database.time?.get());
    if latency < SLOW_MS {
        return None;
    }
    let calls = vote.database.calls.map_or_else(String::new, |calls| format!(", in {calls} calls"));
    Some(if time.saturating_mul(2) >= latency {
        format!("It waits for its database: {time} of {latency} ms go there{calls}.")
    } else {
        format!("Its database is not what takes long: {time} of {latency} ms go there{calls}.")
    })
}
