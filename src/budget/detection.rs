//! A pool → how long it takes from the moment an origin fails until a reader is told.

use super::ROUND_TRIP;
use super::load::{refresh, refresh_in_doubt};
use crate::config::{Heartbeat, Origin, Plan, Pool};
use crate::units::Millis;

/// How long detection takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Detection {
    /// The origin fails at once, just before its probe, and a reader asks just after.
    pub best: Millis,
    /// The origin hangs, just after it passed, every slot comes as late as it may, and a reader has
    /// just asked.
    pub worst: Millis,
    /// The same, when the day's fast probes are spent; none where they are not limited.
    pub spent: Option<Millis>,
}

/// Detection of the origin of a pool that is detected last, by a quorum of vantages that see the
/// same.
#[must_use]
pub fn detection(pool: &Pool, plan: Plan) -> Detection {
    let of = |time: fn(&Origin, Millis) -> Millis, fast_allowed: bool| {
        let pace =
            |origin: &Origin| if fast_allowed { origin.pace.fast_interval } else { origin.pace.interval };
        pool.origins.iter().map(|origin| time(origin, pace(origin))).max().unwrap_or(Millis::ZERO)
    };
    if pool.is_of_heartbeats() {
        // It stops just before it would have reported, or just after it did.
        let last =
            |time: fn(&Heartbeat) -> Millis| pool.heartbeats.iter().map(time).max().unwrap_or(Millis::ZERO);
        return Detection {
            best: last(|job| job.grace),
            worst: last(Heartbeat::limit).plus(ROUND_TRIP).plus(refresh(plan)),
            spent: None,
        };
    }
    // The first of several failures brings the doubt in which readers look more often.
    let sudden = pool.origins.iter().any(|origin| origin.thresholds.fall < 2);
    let reader = ROUND_TRIP.plus(if sudden { refresh(plan) } else { refresh_in_doubt(plan) });
    Detection {
        best: of(best, true),
        worst: of(worst, true).plus(reader),
        spent: (plan == Plan::Free).then(|| of(worst, false).plus(reader)),
    }
}

/// The first failure comes at once, the second in the next slot that is half an interval away, the
/// others a slot apart; a slot may lie a tenth early.
fn best(origin: &Origin, again: Millis) -> Millis {
    let half = Millis::new(again.get() / 2);
    let early = again.minus(Millis::new(again.get() / 10));
    let first = half.min(early);
    match u64::from(origin.thresholds.fall).checked_sub(2) {
        None => Millis::ZERO,
        Some(others) => first.plus(early.times(others)),
    }
}

/// The first failure is sent an interval and a tenth after the last pass. The second follows in the
/// next slot that is half an interval away, which may be one and a half away and a tenth late; none
/// is sent before the one before it has timed out.
fn worst(origin: &Origin, again: Millis) -> Millis {
    let pace = origin.pace;
    let tenth = |length: Millis| Millis::new(length.get() / 10);
    let first = pace.interval.plus(tenth(pace.interval));
    let second = again.plus(Millis::new(again.get() / 2)).plus(tenth(again)).max(pace.timeout);
    let other = again.plus(tenth(again)).max(pace.timeout);
    let further = match u64::from(origin.thresholds.fall).checked_sub(2) {
        None => Millis::ZERO,
        Some(others) => second.plus(other.times(others)),
    };
    first.plus(further).plus(pace.timeout)
}
