//! What the platform allows on a plan, how old a copy may be on it, and what the CPU of a day is
//! counted from.

use crate::config::Plan;
use crate::defaults::limits::{COPY_AGE_COUNTED, COPY_AGE_IN_DOUBT};
use crate::units::Millis;

pub use crate::defaults::limits::{COPY_AGE, EVENTS_SHOWN};

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

/// How old a copy may be before the Arbiter is asked again: half a second, but on the free plan,
/// whose daily requests are counted, ten seconds. A laptop (`local`) is never counted.
#[must_use]
pub const fn copy_age(plan: Plan, local: bool) -> Millis {
    match (plan, local) {
        (Plan::Paid, _) | (Plan::Free, true) => COPY_AGE,
        (Plan::Free, false) => COPY_AGE_COUNTED,
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
