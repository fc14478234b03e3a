//! Whether there is room for fast probes: on a plan with daily limits, origins in doubt must not
//! spend what the quiet ones need; and a vantage that does not keep up must not be given more to do
//! by the doubts that come of it.

use serde::{Deserialize, Serialize};

use crate::defaults::vantage::{LATE_TICKS, REST};
use crate::units::Timestamp;

/// What was spent on a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Spent {
    /// The day of UTC, counted from the epoch.
    day: u64,
    /// Fast probes.
    probes: u32,
}

/// How many fast probes a shard may send in a day of UTC, and has sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Allowance {
    /// None: as many as there is reason for.
    pub(super) limit: Option<u32>,
    spent: Spent,
    /// Ticks in a row that began late.
    late: u32,
    /// Until when it rests, because it did not keep up.
    rests_until: Option<Timestamp>,
}

impl Allowance {
    pub(super) fn new(limit: Option<u32>, stored: Option<Spent>) -> Self {
        Self { limit, spent: stored.unwrap_or_default(), late: 0, rests_until: None }
    }

    /// Whether a fast probe may be sent at `now`.
    pub(super) fn is_left(&self, now: Timestamp) -> bool {
        // A clock that steps back does not make the rest longer.
        let rests = self.rests_until.is_some_and(|until| now < until && until.since(now) <= REST);
        !rests && self.limit.is_none_or(|limit| self.spent_at(now) < limit)
    }

    /// Notes whether a tick began late.
    pub(super) fn ticked(&mut self, late: bool, now: Timestamp) {
        self.late = if late { self.late.saturating_add(1) } else { 0 };
        if self.late >= LATE_TICKS {
            self.rests_until = Some(now.plus(REST));
        }
    }

    /// Fast probes of today.
    pub(super) const fn spent_at(&self, now: Timestamp) -> u32 {
        if self.spent.day == now.day() { self.spent.probes } else { 0 }
    }

    /// Counts a fast probe; whether that is to be stored. It is stored with what the probe changes,
    /// when its tick is over: an object that is lost before forgets no more than it had under way.
    pub(super) fn spend(&mut self, now: Timestamp) -> bool {
        self.spent = Spent { day: now.day(), probes: self.spent_at(now).saturating_add(1) };
        self.limit.is_some()
    }

    /// What to store.
    pub(super) fn stored(&self) -> Option<Spent> {
        self.limit.map(|_| self.spent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::at;

    #[test]
    fn it_is_spent_once_and_is_whole_again_the_next_day() {
        let mut allowance = Allowance::new(Some(25), None);
        for _ in 0..25 {
            assert!(allowance.is_left(at(0)));
            allowance.spend(at(0));
        }
        assert!(!allowance.is_left(at(0)));
        assert!(allowance.is_left(at(86_400_000)));
    }

    #[test]
    fn a_rebuilt_object_knows_what_was_spent() {
        let mut allowance = Allowance::new(Some(100), None);
        for _ in 0..37 {
            assert!(allowance.spend(at(0)), "each is stored");
        }
        let again = Allowance::new(Some(100), allowance.stored());
        assert_eq!(again.spent_at(at(0)), 37);
    }

    #[test]
    fn who_does_not_keep_up_rests() {
        let mut allowance = Allowance::new(None, None);
        for late in [true, true, false, true, true] {
            allowance.ticked(late, at(0));
            assert!(allowance.is_left(at(0)), "a hiccup is none");
        }
        allowance.ticked(true, at(1_000));
        assert!(!allowance.is_left(at(1_000)) && !allowance.is_left(at(30_999)));
        assert!(allowance.is_left(at(31_000)), "it is tried again");
        assert!(allowance.is_left(at(500)), "a clock that steps back does not stretch it");
    }

    #[test]
    fn without_a_limit_nothing_is_counted_or_stored() {
        let mut allowance = Allowance::new(None, None);
        assert!(!allowance.spend(at(0)) && allowance.stored().is_none() && allowance.is_left(at(0)));
    }
}
