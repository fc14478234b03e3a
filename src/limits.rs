//! Numbers that several rooms hold to, and that what a day costs is counted from.

use crate::config::Plan;
use crate::units::Millis;

/// Requests to other hosts that one invocation may make, redirects among them. ("Workers limits";
/// more can be had on the paid plan)
#[must_use]
pub const fn subrequests(plan: Plan) -> u64 {
    match plan {
        Plan::Free => 50,
        Plan::Paid => 10_000,
    }
}

/// CPU time of one invocation, in milliseconds. ("Workers limits". Whether an object has more on
/// the free plan is not said: it is taken to have no more.)
#[must_use]
pub const fn cpu(plan: Plan) -> u64 {
    match plan {
        Plan::Free => 10,
        Plan::Paid => 30_000,
    }
}

/// CPU of a tick of a vantage, and of each of its probes, in microseconds: estimates, see
/// `docs/limits.md`.
pub const TICK_CPU_US: u64 = 1_500;
/// See [`TICK_CPU_US`].
pub const PROBE_CPU_US: u64 = 400;

/// Events in a snapshot, the latest ones: all that the Arbiter needs of what is stored. An outage
/// has up to eight.
pub const EVENTS_SHOWN: usize = 60;

/// How old a copy may be where requests are not counted.
pub const COPY_AGE: Millis = Millis::new(500);

/// The same while a verdict in it is in doubt.
const COPY_AGE_IN_DOUBT: Millis = Millis::new(100);

/// How old a copy may be before the Arbiter is asked again: half a second, but on the free plan,
/// whose daily requests are counted, ten seconds. A laptop (`local`) is never counted.
#[must_use]
pub const fn copy_age(plan: Plan, local: bool) -> Millis {
    match (plan, local) {
        (Plan::Paid, _) | (Plan::Free, true) => COPY_AGE,
        (Plan::Free, false) => Millis::from_secs(10),
    }
}

/// That limit while a verdict is in doubt: a tenth of a second, so that its change is seen as soon
/// as it is made. Where requests are counted it stays as it is.
#[must_use]
pub const fn copy_age_in_doubt(limit: Millis) -> Millis {
    if limit.get() <= COPY_AGE.get() && limit.get() > COPY_AGE_IN_DOUBT.get() {
        COPY_AGE_IN_DOUBT
    } else {
        limit
    }
}
