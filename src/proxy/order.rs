//! The order in which a request is sent to the origins of its pool.

use crate::config::{Config, Origin, Pool, Route, Steering};
use crate::defaults::proxy::LEAST_SHARE;
use crate::signal::{Candidate, rank};
use crate::snapshot::{OriginView, PoolView};
use crate::units::{Millis, Timestamp};
use crate::verdict::Status;

use super::outlier::OutlierDetector;

/// An origin that a request may be sent to.
#[derive(Clone, Debug)]
struct Usable<'a> {
    /// Its place in the configuration.
    place: usize,
    candidate: Candidate<'a>,
    ejected: bool,
    /// Its share under weighted steering.
    weight: u64,
    /// How far it is in its slow start, in thousandths; 1,000 when it is over.
    share: u64,
}

/// In which order the origins are to be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Their places in the configuration.
    pub places: Vec<usize>,
    /// Why the first of them is.
    pub why: &'static str,
    /// Whether chance has no part in it: the next request goes the same way, as long as nothing
    /// changes.
    pub steady: bool,
}

/// A route and the place of its pool.
#[derive(Clone, Copy, Debug)]
pub struct RoutePool<'a> {
    /// The configuration.
    pub config: &'a Config,
    /// The route.
    pub route: &'a Route,
    /// The place of its pool in the configuration.
    pub pool: usize,
}

/// The order in which the origins are to be asked. `view` is what is known of the pool; without it
/// nothing is known of any origin. None of those that fail is in it, unless the pool is in panic;
/// none at all if every origin fails.
#[must_use]
pub fn order(
    of: RoutePool<'_>,
    view: Option<&PoolView>,
    traffic: &mut OutlierDetector,
    now: Timestamp,
) -> Order {
    let RoutePool { config, route, pool } = of;
    let Some(defined) = config.pools.get(pool) else {
        return Order { places: Vec::new(), why: "", steady: false };
    };
    let panic = view.is_some_and(|view| view.panic);
    let mut usable: Vec<Usable<'_>> = candidates(defined, route, view, now)
        .map(|(place, candidate, share)| {
            let known = view.and_then(|view| seen(view, defined, place));
            // A warning is good news of one that failed, and bad news of one that passed.
            let good_since = known.and_then(|origin| match candidate.status {
                Status::Pass => Some(origin.since),
                Status::Warn => origin.recovered,
                Status::Unknown | Status::Fail => None,
            });
            Usable {
                place,
                ejected: traffic.is_ejected(pool, place, good_since, now),
                weight: defined.origins.get(place).map_or(0, |origin| origin.weight.into()),
                candidate,
                share,
            }
        })
        .filter(|usable| panic || usable.candidate.status != Status::Fail)
        .collect();
    usable.sort_by_key(|usable| (usable.ejected, rank(&usable.candidate, panic)));
    let mut steady = route.steering != Steering::Weighted;
    let mut why = usable.first().map_or("", |first| first.why(panic, defined));
    if route.steering == Steering::Weighted {
        weighted(&mut usable, panic, traffic);
        why = "drawn by weight";
    } else {
        let share = usable.first().map_or(1_000, |first| first.share);
        // One that has just come back takes its part of the requests; another as good takes the
        // rest.
        let alike = |one: &Usable<'_>, other: &Usable<'_>| one.tier(panic) == other.tier(panic);
        let stand_in = matches!(usable.as_slice(), [first, second, ..] if alike(first, second));
        if share < 1_000 && stand_in {
            steady = false;
            if traffic.draw(1_000) >= share {
                usable.swap(0, 1);
                why = "stands in for one that starts slowly";
            }
        }
    }
    Order { places: usable.into_iter().map(|usable| usable.place).collect(), why, steady }
}

/// Until when the order stays what it is though nothing is reported: until a verdict expires or an
/// origin has waited long enough.
#[must_use]
pub fn holds_until(pool: &Pool, view: &PoolView, now: Timestamp) -> Option<Timestamp> {
    let expiries = view.origins.iter().map(|origin| origin.valid_until);
    let waits =
        view.origins.iter().filter_map(|origin| origin.recovered).map(|at| at.plus(pool.failback_delay));
    expiries.chain(waits).filter(|at| *at > now).min()
}

/// The failing origins in the order in which they would be chosen: what is left to try where the
/// route says so.
#[must_use]
pub fn last_resort(of: RoutePool<'_>) -> Vec<usize> {
    let Some(defined) = of.config.pools.get(of.pool).filter(|_| of.route.try_failing) else {
        return Vec::new();
    };
    let mut places: Vec<(usize, &Origin)> = defined.origins.iter().enumerate().collect();
    places.sort_by_key(|(_, origin)| origin.priority);
    places.into_iter().map(|(place, _)| place).collect()
}

impl Usable<'_> {
    fn why(&self, panic: bool, pool: &Pool) -> &'static str {
        let before = pool.origins.iter().any(|other| other.priority < self.candidate.priority);
        match self.candidate.status {
            _ if panic => "in panic, so all count as usable",
            _ if self.ejected => "ejected, as are all others",
            Status::Unknown => "unknown, and no other is known to be better",
            _ if before => "usable, and none before it is",
            Status::Pass | Status::Warn | Status::Fail => "first by priority",
        }
    }

    /// Those of one tier share the traffic; the next tier gets some only if there is none of a
    /// better one.
    fn tier(&self, panic: bool) -> (bool, bool, bool) {
        let (doubtful, waits, ..) = rank(&self.candidate, panic);
        // In panic all count as usable.
        (self.ejected, doubtful && !panic, waits)
    }
}

/// Puts one of the best tier first, by chance and weight; the others follow in their order.
fn weighted(usable: &mut [Usable<'_>], panic: bool, traffic: &mut OutlierDetector) {
    let Some(best) = usable.first().map(|first| first.tier(panic)) else { return };
    let shares: Vec<u64> = usable
        .iter()
        .take_while(|usable| usable.tier(panic) == best)
        .map(|usable| usable.weight.saturating_mul(usable.share))
        .collect();
    let mut drawn = traffic.draw(shares.iter().sum());
    let chosen = shares.iter().position(|share| {
        let is_it = drawn < *share;
        drawn = drawn.saturating_sub(*share);
        is_it
    });
    // The chosen one is first, and those before it keep their order behind it.
    if let Some(upto) = chosen.and_then(|chosen| usable.get_mut(..=chosen)) {
        upto.rotate_right(1);
    }
}

/// Each origin with how far it is in its slow start.
fn candidates<'a>(
    pool: &'a Pool,
    route: &'a Route,
    view: Option<&'a PoolView>,
    now: Timestamp,
) -> impl Iterator<Item = (usize, Candidate<'a>, u64)> {
    pool.origins.iter().enumerate().map(move |(place, origin)| {
        let seen = view.and_then(|view| seen(view, pool, place));
        let serving = view.and_then(|view| view.chosen.as_ref()) == Some(&origin.id.origin);
        let recovered = seen.and_then(|seen| seen.recovered);
        let back = recovered.map(|at| at.plus(pool.failback_delay));
        let candidate = Candidate {
            name: &origin.id.origin,
            priority: origin.priority,
            status: seen.map_or(Status::Unknown, |seen| seen.status_at(now)),
            waits_until: back.filter(|back| *back > now && !serving),
        };
        // It begins when it has waited, or at once where it serves without waiting.
        let begins = back.filter(|back| *back <= now).or(recovered);
        (place, candidate, begins.map_or(1_000, |begins| grown(now.since(begins), route.slow_start)))
    })
}

/// The share after this time of a slow start, in thousandths: it grows evenly.
fn grown(passed: Millis, whole: Millis) -> u64 {
    if passed >= whole {
        return 1_000;
    }
    (passed.get().saturating_mul(1_000) / whole.get().max(1)).max(LEAST_SHARE)
}

/// What is known of the origin at a place. Views are in the order of the configuration.
fn seen<'a>(view: &'a PoolView, pool: &Pool, place: usize) -> Option<&'a OriginView> {
    let name = &pool.origins.get(place)?.id.origin;
    view.origins.get(place).filter(|seen| seen.name == *name).or_else(|| view.origin(name.as_str()))
}
