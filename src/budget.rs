//! What a configuration costs on the platform in a quiet day, and whether its plan allows it.
//!
//! Limits and prices: Cloudflare, "Workers pricing" and "Workers limits", read in November 2026
//! (<https://developers.cloudflare.com/workers/platform/pricing/>). The model is of a quiet day: every origin settled, every
//! probe answered in [`USUAL`].

use miniserde::Serialize;

use crate::config::{Config, Place, Plan};
use crate::schedule::{self, SLOTS};
use crate::units::{Millis, Name};

/// The time a probe of a healthy origin is taken to last.
pub const USUAL: Millis = Millis::new(300);

const DAY_MS: u64 = 86_400_000;

/// One day of a limited resource.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    /// What is counted.
    pub what: &'static str,
    /// Used in a quiet day.
    pub used: u64,
    /// What the plan allows a day; none where it is only charged.
    pub limit: Option<u64>,
}

/// The probing of one vantage.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VantageLoad {
    /// The vantage.
    pub vantage: Name,
    /// Where it is.
    pub place: String,
    /// Objects that share its work.
    pub shards: usize,
    /// Origins it probes.
    pub origins: usize,
    /// Probes a day.
    pub probes: u64,
    /// Alarms a day.
    pub alarms: u64,
}

/// The cost of a configuration.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Budget {
    /// By vantage.
    pub vantages: Vec<VantageLoad>,
    /// By resource.
    pub lines: Vec<Line>,
    /// US dollars a month on the paid plan, its base price of 5 included.
    pub monthly_usd: f64,
}

impl Budget {
    /// The lines that go over what the plan allows.
    pub fn over(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(|line| line.limit.is_some_and(|limit| line.used > limit))
    }
}

/// Counts a quiet day.
#[must_use]
pub fn of(config: &Config) -> Budget {
    let vantages: Vec<VantageLoad> = config
        .vantages
        .iter()
        .map(|vantage| {
            let place = match &vantage.place {
                Place::Hint(hint) => hint.as_str().to_owned(),
                Place::Service(binding) => format!("service {binding}"),
            };
            load(config, &vantage.name, place)
        })
        .collect();
    let alarms: u64 = vantages.iter().map(|load| load.alarms).sum();
    let arbiter_rounds = DAY_MS / 30_000;
    // Each alarm is a request and each tick one report; the Arbiter wakes every half minute, and cron every minute.
    let requests = alarms.saturating_mul(2).saturating_add(arbiter_rounds).saturating_add(DAY_MS / 60_000);
    // Each setting of an alarm is a row, and each report at most one more.
    let rows = alarms.saturating_mul(2).saturating_add(arbiter_rounds);
    // 128 MB are billed while a tick waits for its probes.
    let gb_seconds = alarms.saturating_mul(USUAL.get()).saturating_mul(128) / 1_000 / 1_000;
    let free = config.plan == Plan::Free;
    let line = |what, used, limit| Line { what, used, limit: free.then_some(limit) };
    let lines = vec![
        line("Durable Object requests a day", requests, 100_000),
        line("rows written a day", rows, 100_000),
        line("Durable Object GB-s a day", gb_seconds, 13_000),
        // The last known good, each hour; a day full of changes is held to 700 (`arbiter/publication.rs`).
        line("KV writes a day", 24, 1_000),
    ];
    Budget { vantages, lines, monthly_usd: monthly(requests, rows, gb_seconds) }
}

/// The fast probes that one shard of a vantage may send in a day of UTC: half of what a quiet day leaves of the plan's limits, for
/// the other half belongs to the readers. None on a plan without daily limits, and on a laptop, which has none.
#[must_use]
pub fn fast_probes(config: &Config) -> Option<u32> {
    /// A fast probe is an alarm and a report, and each of them sets an alarm or writes a row: at most three rows.
    const COST: u64 = 3;
    if config.plan == Plan::Paid || config.loopback_origins().next().is_some() {
        return None;
    }
    let budget = of(config);
    let shards = budget.vantages.iter().map(|load| load.shards).sum::<usize>().max(1) as u64;
    let left = |line: &Line| line.limit.map(|limit| limit.saturating_sub(line.used) / 2 / COST / shards);
    let counted = budget.lines.iter().take(2);
    Some(u32::try_from(counted.filter_map(left).min().unwrap_or(0)).unwrap_or(u32::MAX))
}

fn load(config: &Config, vantage: &Name, place: String) -> VantageLoad {
    let shards = schedule::shards(config, vantage);
    let per_day = |interval: Millis| DAY_MS / interval.get().max(1);
    let probes =
        shards.iter().flat_map(|shard| &shard.origins).map(|origin| per_day(origin.pace.interval)).sum();
    // Origins of one interval share an alarm by groups of five; those of different intervals do not.
    let alarms = shards
        .iter()
        .map(|shard| {
            let mut intervals: Vec<Millis> =
                shard.origins.iter().map(|origin| origin.pace.interval).collect();
            intervals.sort_unstable();
            intervals.dedup();
            let groups = shard.origins.len().div_ceil(SLOTS) as u64;
            intervals.into_iter().map(|interval| per_day(interval).saturating_mul(groups)).sum::<u64>()
        })
        .sum();
    VantageLoad {
        vantage: vantage.clone(),
        place,
        shards: shards.len(),
        origins: shards.iter().map(|shard| shard.origins.len()).sum(),
        probes,
        alarms,
    }
}

/// Thirty such days on the paid plan, beyond what its base price includes.
fn monthly(requests: u64, rows: u64, gb_seconds: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a price in dollars needs no more than 53 bits")]
    let beyond = |a_day: u64, included: u64| a_day.saturating_mul(30).saturating_sub(included) as f64 / 1e6;
    5.0 + beyond(requests, 1_000_000) * 0.15
        + beyond(rows, 50_000_000) * 1.0
        + beyond(gb_seconds, 400_000) * 12.5
}
