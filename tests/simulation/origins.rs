//! Origins: what is true of each at any moment, and what a probe of it comes back with.

use fastrand::Rng;
use vedette::config::Config;
use vedette::sample::{CacheClass, Check, Connected, Database, Finding, Outcome, Sample};
use vedette::snapshot::Snapshot;
use vedette::units::{Fingerprint, Millis, Name, OriginId, Timestamp};
use vedette::vote::Opinion;

use crate::laws;
use crate::setup::{Conduct, Ms, PLACES, Setup};

/// Whence a probe is sent.
pub struct Seen {
    pub place: usize,
    /// Whether the vantage is cut off, and if so, whether the platform says that the fault is its
    /// own.
    pub cut: Option<bool>,
    pub timeout: Millis,
    pub at: Timestamp,
}

/// What an origin does at a moment before the last fault.
pub fn conduct(setup: &Setup, origin: &OriginId, now: Ms) -> Conduct {
    let during = |episode: &&(String, crate::setup::Episode)| {
        (episode.1.from..episode.1.until).contains(&now) && is_of(&episode.0, origin)
    };
    setup.episodes.iter().find(during).map_or(Conduct::Up, |(_, episode)| episode.conduct)
}

/// Whether this is its full name.
fn is_of(name: &str, origin: &OriginId) -> bool {
    name.split_once('/') == Some((origin.pool.as_str(), origin.origin.as_str()))
}

/// What it does after that: each is up for good, or broken, or broken as seen from one vantage.
pub fn in_the_end(setup: &Setup, origin: &OriginId) -> Conduct {
    match Fingerprint::of(&format!("{origin} {}", setup.seed)).as_u64() % 3 {
        0 => Conduct::Up,
        1 => Conduct::Broken,
        _ => Conduct::BrokenFrom(0),
    }
}

/// How long a probe takes, and what it comes back with.
pub fn answer(conduct: Conduct, seen: &Seen, now: Ms, rng: &mut Rng) -> (Ms, Sample) {
    let timeout = seen.timeout.get();
    let quick = rng.u64(5..80);
    let sample = |outcome, finding, cache, latency| Sample {
        at: seen.at,
        status: (outcome == Outcome::Answered).then_some(200),
        outcome,
        latency: Millis::new(latency),
        cache,
        told: None,
        database: Database::default(),
        checks: vec![Check { expectation: "status".into(), finding }],
        bytes: 0,
        timings: Vec::new(),
        connected: Connected::NotTried,
    };
    let proven = CacheClass::OriginProven;
    let broken = || Finding::Broken("status 500 is not expected".into());
    match seen.cut {
        Some(true) => {
            return (quick, Sample::no_evidence(seen.at, "the platform refused the probe (exceeded)"));
        }
        Some(false) => {
            return (
                timeout,
                sample(Outcome::NoAnswerInTime, Finding::Met, CacheClass::Unclassified, timeout),
            );
        }
        None => {}
    }
    let up = (quick, sample(Outcome::Answered, Finding::Met, proven, quick));
    let is_broken = match conduct {
        Conduct::Broken => true,
        Conduct::Flaps(stretch) => !(now / stretch).is_multiple_of(2),
        Conduct::BrokenFrom(place) => place == seen.place,
        _ => false,
    };
    match conduct {
        _ if is_broken => (quick, sample(Outcome::Answered, broken(), proven, quick)),
        Conduct::Refuses => (2, sample(Outcome::Unreachable, Finding::Met, CacheClass::Unclassified, 2)),
        Conduct::Hangs => {
            (timeout, sample(Outcome::NoAnswerInTime, Finding::Met, CacheClass::Unclassified, timeout))
        }
        Conduct::Slow => {
            let takes = timeout * 4 / 5;
            (
                takes,
                sample(Outcome::Answered, Finding::Warned("response time is over 1s".into()), proven, takes),
            )
        }
        Conduct::Cached => {
            let warned = Finding::Warned("a cache answered".into());
            (quick, sample(Outcome::Answered, warned, CacheClass::EdgeOnly, quick))
        }
        Conduct::Stale => {
            let stale = Finding::Broken("a cache answered stale".into());
            (quick, sample(Outcome::Answered, stale, CacheClass::CounterProof, quick))
        }
        Conduct::Up | Conduct::Broken | Conduct::Flaps(_) | Conduct::BrokenFrom(_) => up,
    }
}

/// Once nothing has gone wrong for long enough, every verdict is what the truth amounts to.
pub fn the_verdict_is_the_truth(
    setup: &Setup,
    config: &Config,
    snapshot: &Snapshot,
    now: Timestamp,
) -> Result<(), String> {
    for (view, pool) in snapshot.pools.iter().zip(&config.pools) {
        for (view, origin) in view.origins.iter().zip(&pool.origins) {
            let conduct = in_the_end(setup, &origin.id);
            let sees = |vantage: &Name| match conduct {
                Conduct::Up => Opinion::Pass,
                Conduct::BrokenFrom(place) if vantage.as_str() != PLACES[place] => Opinion::Pass,
                _ => Opinion::Fail,
            };
            let votes: Vec<Opinion> = origin.vantages.iter().map(sees).collect();
            let (status, truth) = (view.status_at(now), laws::judged(pool.quorum, pool.min_votes, &votes));
            laws::hold(status == truth, || {
                format!("in the end {} is {status:?} ({}), and in truth {truth:?}", origin.id, view.reason)
            })?;
        }
    }
    Ok(())
}
