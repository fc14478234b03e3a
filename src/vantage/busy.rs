//! The time for which a shard may be busy in a day: on a plan that counts it, origins that hang
//! must not spend what the watch needs until midnight.
//!
//! A shard that probes what hangs is busy many times as long as usual. Once no more is left than it
//! needs at its rest interval, what fails is probed at that. If even that does not do, because what
//! passes takes its time, too, everything is.

use serde::{Deserialize, Serialize};

use crate::config::Daily;
use crate::schedule::{REST_EARLY, Shard};
use crate::units::{Millis, Timestamp};

const DAY_MS: u64 = Millis::DAY.get();

/// What was used of a day. It is stored with each tick that lasted longer than usual.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Used {
    /// The day of UTC, counted from the epoch.
    day: u64,
    /// For how long the shard was busy, in milliseconds.
    ms: u64,
    /// Until when that is known.
    until: Timestamp,
    /// What rests until the day is over. It never gets less: an object that is made anew for a slot
    /// would look for it at another pace.
    rest: Rest,
}

/// How many origins of a shard fail.
#[derive(Clone, Copy, Debug)]
pub(super) struct Failing {
    pub(super) failing: usize,
    pub(super) of: usize,
}

/// A time in which something was under way all along.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch {
    pub(super) begun: Timestamp,
    /// For how long that would usually be.
    pub(super) usual: Millis,
}

/// What slows down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Rest {
    /// Nothing.
    None,
    /// Origins that fail.
    Failing,
    /// Every origin.
    All,
}

/// The time for which a shard may be busy, and was. All of it in milliseconds of a day.
#[derive(Clone, Copy, Debug)]
pub(super) struct BusyTime {
    share: u64,
    usual: u64,
    at_rest: u64,
    needs: u64,
    pub(super) used: Option<Used>,
}

impl BusyTime {
    /// None where it may be busy all day.
    pub(super) fn new(daily: Option<Daily>, shard: &Shard<'_>, stored: Option<Used>) -> Option<Self> {
        let thousandths = u64::from(daily?.busy?);
        let (usual, at_rest, needs) = (shard.usually_busy(), shard.busy_at_rest(), shard.needs());
        Some(Self { share: needs.saturating_mul(thousandths) / 1_000, usual, at_rest, needs, used: stored })
    }

    /// For how long it was busy today. What is not known was as usual, for those that do not fail.
    fn used_at(&self, Failing { failing, of }: Failing, now: Timestamp) -> u64 {
        let today = self.used.filter(|used| used.day == now.day());
        let (known, since) = today.map_or((0, now.midnight()), |used| (used.ms, used.until));
        let usual = self.usual.saturating_mul(of.saturating_sub(failing) as u64) / (of as u64).max(1);
        let passed = now.since(since).get().min(DAY_MS);
        known.saturating_add(usual.saturating_mul(passed) / DAY_MS)
    }

    /// What rests at `now`.
    pub(super) fn rest(&self, now: Timestamp) -> Rest {
        self.used.filter(|used| used.day == now.day()).map_or(Rest::None, |used| used.rest)
    }

    /// What has to rest at `now`, when the shard was busy for so long today.
    fn rest_after(&self, ms: u64, now: Timestamp) -> Rest {
        let left = self.share.saturating_sub(ms);
        let of_day = DAY_MS.saturating_sub(now.since(now.midnight()).get());
        let until_midnight = |a_day: u64| a_day.saturating_mul(of_day) / DAY_MS;
        if left <= until_midnight(self.at_rest) {
            Rest::All
        } else if left <= until_midnight(self.needs.saturating_mul(REST_EARLY) / 100) {
            Rest::Failing
        } else {
            Rest::None
        }
    }

    /// Notes a stretch that ends now; whether that is to be stored.
    pub(super) fn note(&mut self, failing: Failing, stretch: Stretch, now: Timestamp) -> bool {
        if now.since(stretch.begun) <= stretch.usual {
            return false;
        }
        // What was before midnight is of a day that is over.
        let begun = stretch.begun.max(now.midnight());
        let ms = self.used_at(failing, begun).saturating_add(now.since(begun).get());
        let rest = self.rest(now).max(self.rest_after(ms, now));
        self.used = Some(Used { day: now.day(), ms, until: now, rest });
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::deployment;
    use crate::config::Deployment;
    use crate::fixtures::config;
    use crate::schedule::shards;

    const HOUR: u64 = 3_600_000;

    /// All that the shard has.
    const ALL: Failing = Failing { failing: 42, of: 42 };

    /// So long after a midnight.
    fn at(ms: u64) -> Timestamp {
        Timestamp::from_millis(20_000 * DAY_MS + ms)
    }

    /// Sixty origins on the free plan: the time of the first shard.
    fn sixty() -> (Deployment, BusyTime) {
        let origins: String = (0..60)
            .map(|n| format!("[[pool.origin]]\nname = \"o{n}\"\nurl = \"http://o{n}.example\"\n"))
            .collect();
        let text = format!(
            "[defaults]\ninterval = \"30s\"\nvantages = [\"weur\"]\n[[pool]]\nname = \"p\"\n{origins}"
        );
        let deployment = deployment(config(&text.replace("[\"weur\"]", "[\"weur\", \"enam\", \"apac\"]")));
        let time = {
            let vantage = &deployment.config.vantages[0].name;
            let shards = shards(&deployment.config, vantage);
            BusyTime::new(deployment.daily, &shards[0], None).unwrap()
        };
        (deployment, time)
    }

    /// Ticks that last so long, so far apart, for 23 hours; when each kind of rest begins.
    fn day(time: &mut BusyTime, failing: usize, lasts: u64, rests: u64) -> Vec<(Rest, u64)> {
        let (mut now, mut begun) = (0_u64, Vec::new());
        while now < 23 * HOUR {
            let stretch = Stretch { begun: at(now), usual: Millis::new(1_600) };
            time.note(Failing { failing, of: 42 }, stretch, at(now + lasts));
            let rest = time.rest(at(now + lasts));
            if begun.last().is_none_or(|(known, _)| *known != rest) {
                begun.push((rest, now));
            }
            now += if rest == Rest::None { 30_000 } else { rests };
        }
        begun
    }

    #[test]
    fn a_shard_that_hangs_all_day_rests_before_its_time_is_spent() {
        let (deployment, mut time) = sixty();
        let rest = deployment.config.pools[0].origins[0].pace.rest_interval.unwrap();
        // All 42 of its origins hang: two ticks of 15 s.
        let begun = day(&mut time, 42, 30_000, rest.get());
        assert!(matches!(begun[..], [(Rest::None, 0), (Rest::Failing, at)] if at > HOUR / 4), "{begun:?}");
        let used = time.used_at(ALL, at(24 * HOUR - 1));
        assert!(used <= time.share, "{used} of {}", time.share);
    }

    #[test]
    fn a_shard_that_is_as_usual_never_rests_and_stores_nothing() {
        let (_, mut time) = sixty();
        assert_eq!(day(&mut time, 0, 1_600, 30_000), [(Rest::None, 0)]);
        assert_eq!(time.used, None);
    }

    #[test]
    fn rest_ends_with_its_day_and_an_object_that_is_made_anew_knows_of_it() {
        let (deployment, mut time) = sixty();
        let rest = deployment.config.pools[0].origins[0].pace.rest_interval.unwrap();
        day(&mut time, 42, 30_000, rest.get());
        let shards = shards(&deployment.config, &deployment.config.vantages[0].name);
        let again = BusyTime::new(deployment.daily, &shards[0], time.used).unwrap();
        assert_eq!(again.rest(at(24 * HOUR - 1)), Rest::Failing);
        assert_eq!(again.rest(at(24 * HOUR)), Rest::None);
    }

    #[test]
    fn what_ends_after_midnight_is_of_both_days_and_no_day_pays_for_another() {
        let (_, mut time) = sixty();
        let hangs = |hour: u64| Stretch { begun: at(hour * HOUR), usual: Millis::ZERO };
        time.note(ALL, hangs(22), at(24 * HOUR - 10_000));
        let before = time.used_at(ALL, at(24 * HOUR - 10_000));
        let across = Stretch { begun: at(24 * HOUR - 10_000), usual: Millis::ZERO };
        time.note(ALL, across, at(24 * HOUR + 20_000));
        assert!(before > 7_000_000);
        assert_eq!(time.used_at(ALL, at(24 * HOUR + 20_000)), 20_000);
    }

    #[test]
    fn a_clock_that_steps_back_gives_no_time_back() {
        let (_, mut time) = sixty();
        let from = |hour: u64| Stretch { begun: at(hour * HOUR), usual: Millis::ZERO };
        time.note(ALL, from(2), at(2 * HOUR + 30_000));
        let before = time.used_at(ALL, at(2 * HOUR + 30_000));
        time.note(ALL, from(1), at(HOUR + 30_000));
        assert!(time.used_at(ALL, at(HOUR + 30_000)) > before);
    }

    #[test]
    fn who_may_be_busy_all_day_counts_nothing() {
        let config =
            config("[[pool]]\nname = \"p\"\n[[pool.origin]]\nname = \"o\"\nurl = \"http://o.example\"\n");
        let Deployment { config, daily } = deployment(config);
        let shards = shards(&config, &config.vantages[0].name);
        assert!(daily.is_some() && BusyTime::new(daily, &shards[0], None).is_none());
    }
}
