//! The third worst day: every origin hangs from midnight to midnight.
//!
//! Each probe then lasts until its timeout, and a plan that counts the time of objects is spent
//! hours before the day is over. So each shard has a share of that time, and a pace to rest at for
//! which the share lasts until midnight (`src/vantage/busy.rs`).

use super::load::{Load, a_day};
use super::prices::{OBJECT_MB, Resource};
use super::{ARBITER_MS, Counts, DAY_MS, Effect, READERS, RESERVE};
use crate::config::{Config, Plan};
use crate::defaults::budget::resting::{LONGEST_S, NEEDED};
use crate::defaults::vantage::LET_GO_AFTER;
use crate::limits;
use crate::schedule::{self, REST_EARLY, Shard};
use crate::units::Millis;

/// The configuration as a plan has it probed, and for how long a shard may be busy in a day. That
/// is in thousandths of what it needs at rest; none if it is never too much.
pub(super) fn paced(config: &Config, plan: Plan) -> (Config, Option<u32>) {
    let config = Config { plan, ..config.clone() };
    let Some(time) = time(&config) else { return (config, None) };
    let most = time.saturating_mul(NEEDED) / 100;
    if hanging(&config) <= most {
        return (config, None);
    }
    let (mut low, mut high) = (1, LONGEST_S);
    while high.saturating_sub(low) > 1 {
        let middle = low.saturating_add(high) / 2;
        if needed(&rested(&config, Millis::from_secs(middle))) <= most {
            high = middle;
        } else {
            low = middle;
        }
    }
    let paced = rested(&config, Millis::from_secs(high));
    let thousandths = time.saturating_mul(1_000) / needed(&paced).max(1);
    (paced, Some(u32::try_from(thousandths).unwrap_or(u32::MAX)))
}

/// The time in a day for which all vantages together may be busy, in milliseconds; none where it is
/// not counted by the day.
fn time(config: &Config) -> Option<u64> {
    if config.plan == Plan::Paid {
        return None;
    }
    let day = Resource::Duration.a_day()?.saturating_mul(1_000_000) / OBJECT_MB;
    let day = day.saturating_mul(100 - RESERVE) / 100;
    // What the Arbiter needs for reports, readers, cron and its own rounds.
    let reports: u64 = shards(config).iter().map(ticks).sum();
    let reads = a_day(limits::copy_age(config.plan, false)).saturating_mul(READERS);
    let rounds = DAY_MS / 30_000 + DAY_MS / 60_000;
    let arbiter = reports.saturating_add(reads).saturating_add(rounds).saturating_mul(ARBITER_MS);
    Some(day.saturating_sub(arbiter))
}

/// Ticks of a shard in a day at the usual pace, at most.
fn ticks(shard: &Shard<'_>) -> u64 {
    shard.origins.iter().map(|origin| a_day(origin.pace.interval)).max().unwrap_or(0)
}

fn shards(config: &Config) -> Vec<Shard<'_>> {
    super::load::objects(config).flat_map(|vantage| schedule::shards(config, &vantage.name)).collect()
}

/// For how long all shards are busy while every origin hangs and none rests.
fn hanging(config: &Config) -> u64 {
    shards(config).iter().map(Shard::busy_while_hanging).sum()
}

/// What all shards need at rest, and never less than usual.
fn needed(config: &Config) -> u64 {
    shards(config).iter().map(Shard::needs).sum()
}

/// The same with a pace to rest at, which the votes outlive unless the file says how long they
/// live.
fn rested(config: &Config, rest: Millis) -> Config {
    let mut config = config.clone();
    let most = shards(&config).iter().flat_map(Shard::ticks).max().unwrap_or(0);
    for pool in &mut config.pools {
        let is_usual = pool.vote_ttl == pool.usual_ttl();
        for origin in &mut pool.origins {
            origin.pace.rest_interval = Some(rest);
        }
        if is_usual {
            let lives = pool.origins.iter().map(|origin| {
                // A probe may be the first of a tick and then the last, and is told when that ends;
                // and what lives a little longer is stored more seldom.
                let tick = schedule::tick_lasts(most, origin.pace.timeout);
                origin.pace.pause().plus(tick.times(3))
            });
            pool.vote_ttl = lives.fold(pool.vote_ttl, Millis::max);
        }
    }
    config
}

/// Counts the day for a shard that has a day at rest in `counts` already: it hangs at the usual
/// pace until its share is nearly spent, and then rests.
pub(super) fn hangs(load: &Load, share: Option<u32>, counts: &mut Counts) {
    let Load { hanging, needs, .. } = *load;
    counts.wait_less(load.usual);
    let (usual_pace, spent) = match share {
        None => (DAY_MS, hanging),
        Some(thousandths) => {
            let share = needs.saturating_mul(u64::from(thousandths)) / 1_000;
            let kept = needs.saturating_mul(REST_EARLY) / 100;
            let faster = hanging.saturating_sub(kept).max(1);
            let until = share.saturating_sub(kept).saturating_mul(DAY_MS) / faster;
            (until.min(DAY_MS), share.min(hanging))
        }
    };
    counts.wait(spent);
    for beat in &load.beats {
        let at = |interval: Millis, ms: u64| a_day(interval).saturating_mul(ms) / DAY_MS;
        let ticks =
            at(beat.interval, usual_pace).saturating_add(at(beat.rests(), DAY_MS.saturating_sub(usual_pace)));
        let fewer = beat.ticks().saturating_sub(ticks);
        for effect in [Effect::VantageAlarm, Effect::SetAlarm, Effect::Report] {
            counts.take(effect, fewer);
        }
        if beat.interval > LET_GO_AFTER {
            counts.take(Effect::RingRow, fewer);
        }
        counts.take(Effect::Probe, fewer.saturating_mul(beat.origins));
        // For how long it was busy is stored with each of them.
        if share.is_some() {
            counts.add(Effect::VantageRow, ticks);
        }
    }
}
