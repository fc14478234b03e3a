//! A configuration → what it costs on the platform in a day, at what price, and whether its plan
//! carries it.
//!
//! [`Effect`] is the one table of what each effect costs, `prices` the one place of limits and
//! prices. `check` prints what a day is calculated to cost; the worker is given the daily allowance
//! of fast probes that keeps it within its plan; tests count what the engines and the worker do and
//! hold the calculation to it. Nothing of this is in the upload: the allowance is part of the
//! compiled configuration.

mod changing;
mod day;
mod detection;
mod effect;
mod fit;
mod flapping;
mod load;
mod prices;
mod resting;
mod told;
mod walk;

use crate::config::{Config, Daily, Deployment, Place, Plan};
use crate::defaults::budget::RESERVE;
use crate::limits::{self, PROBE_CPU_US, TICK_CPU_US};
use crate::schedule;
use crate::units::{Millis, Name};

pub use crate::defaults::budget::{CONNECTION, ROUND_TRIP, USUAL};

pub use changing::Changing;
use day::Days;
pub use day::{Day, READERS};
pub use detection::{Detection, detection};
pub use effect::{ARBITER_MS, Cost, Counts, Effect};
pub use fit::{Fit, nearest};
pub use prices::{BASE_CENTS, DAYS, OBJECT_REQUESTS_A_SECOND, Price, REST_MS, Resource};
pub use told::Told;

const DAY_MS: u64 = Millis::DAY.get();

/// CPU of a snapshot and of each vote in it, in microseconds: estimates, see `docs/limits.md`.
const SNAPSHOT_CPU_US: u64 = 500;
const VOTE_CPU_US: u64 = 20;

/// The cost of a configuration on a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Budget {
    /// The plan.
    pub plan: Plan,
    /// Fast probes that each shard may send in a day; none where nothing is limited by the day.
    pub fast_probes: Option<u32>,
    /// The interval at which shards rest, on a day on which too much hangs; none where no day needs
    /// that.
    pub rest: Option<Millis>,
    /// By vantage.
    pub vantages: Vec<VantageLoad>,
    /// By resource.
    pub lines: Vec<Line>,
    /// What is limited in one invocation, or one second.
    pub caps: Vec<Cap>,
}

/// The probing of one vantage.
#[derive(Clone, Debug, PartialEq)]
pub struct VantageLoad {
    /// The vantage.
    pub vantage: Name,
    /// Where it is.
    pub place: String,
    /// Objects that share its work.
    pub shards: u64,
    /// Ticks in each interval, of all shards: more than one for a shard if one would exceed what
    /// its plan allows one invocation.
    pub ticks: u64,
    /// Origins it probes.
    pub origins: u64,
    /// Probes a day.
    pub probes: u64,
    /// Slots that are taken while every origin hangs, in thousandths of one, of all shards.
    pub busy: u64,
}

/// One resource in a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// What is counted.
    pub resource: Resource,
    /// Used on a [normal day](Day::Normal).
    pub normal: u64,
    /// Used on a worst day, be it [`Day::Wavering`] or [`Day::Turning`].
    pub worst: u64,
    /// What the plan allows a day; none where it is only charged, or not counted.
    pub limit: Option<u64>,
}

/// What is limited in one invocation or one second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cap {
    /// What is counted.
    pub what: &'static str,
    /// The most that is used.
    pub used: u64,
    /// What the plan allows.
    pub limit: u64,
}

/// A number that the plan does not carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Excess {
    /// What is counted.
    pub what: &'static str,
    /// Used.
    pub used: u64,
    /// Allowed.
    pub limit: u64,
    /// On which day, `normal` or `worst`, if it is counted by the day.
    pub day: Option<&'static str>,
}

impl Budget {
    /// What the plan does not carry: over a daily limit even on a normal day, else on a worst day,
    /// or over a cap.
    #[must_use]
    pub fn excesses(&self) -> Vec<Excess> {
        let over = |line: &Line| {
            let limit = line.limit?;
            let days = [("normal", line.normal), ("worst", line.worst)];
            let (day, used) = days.into_iter().find(|(_, used)| *used > limit)?;
            Some(Excess { what: line.resource.as_str(), used, limit, day: Some(day) })
        };
        let caps = self.caps.iter().filter(|cap| cap.used > cap.limit);
        let caps = caps.map(|cap| Excess { what: cap.what, used: cap.used, limit: cap.limit, day: None });
        self.lines.iter().filter_map(over).chain(caps).collect()
    }

    /// The price of a month of normal days on the paid plan in hundredths of a US cent, and of a
    /// month of worst days.
    #[must_use]
    pub fn monthly(&self) -> (u64, u64) {
        let base = BASE_CENTS.saturating_mul(100);
        let add = |(normal, worst): (u64, u64), line: &Line| {
            let (more, most) = line.price();
            (normal.saturating_add(more), worst.saturating_add(most))
        };
        self.lines.iter().fold((base, base), add)
    }
}

impl Line {
    /// Its part of the price of a month on the paid plan, in hundredths of a US cent: for normal
    /// days, and for worst days.
    #[must_use]
    pub fn price(&self) -> (u64, u64) {
        let Price { included, cents_a_million } = self.resource.price();
        let price = |a_day: u64| {
            let beyond = a_day.saturating_mul(DAYS).saturating_sub(included);
            beyond.saturating_mul(cents_a_million) / 10_000
        };
        (price(self.normal), price(self.worst))
    }
}

/// How often a day has each effect, by calculation.
#[must_use]
pub fn counts(config: &Config, plan: Plan, day: Day) -> Counts {
    let (config, busy) = resting::paced(config, plan);
    let days = Days::new(&config, busy);
    days.counts(day, allowance(&days))
}

/// Calculates what a configuration costs on a plan, as if it were deployed.
#[must_use]
pub fn of(config: &Config, plan: Plan) -> Budget {
    let (config, busy) = &resting::paced(config, plan);
    let days = Days::new(config, *busy);
    let allowance = allowance(&days);
    let [normal, worst @ ..] = Day::ALL.map(|day| days.counts(day, allowance));
    let most = |of: &dyn Fn(&Counts) -> u64| worst.iter().map(of).max().unwrap_or(0);
    let line = |resource: Resource| Line {
        resource,
        normal: normal.uses(resource),
        worst: most(&|counts| counts.uses(resource)),
        limit: if plan == Plan::Free { resource.a_day() } else { None },
    };
    let judged = |counts: &Counts| counts.of(Effect::Report).saturating_add(counts.of(Effect::Refresh));
    Budget {
        plan,
        fast_probes: allowance.map(|allowance| u32::try_from(allowance).unwrap_or(u32::MAX)),
        rest: config.origins().find_map(|origin| origin.pace.rest_interval),
        vantages: config.vantages.iter().map(|vantage| vantage_load(config, vantage)).collect(),
        lines: Resource::ALL.into_iter().map(line).collect(),
        caps: caps(config, plan, most(&judged)),
    }
}

/// The configuration as it is deployed: with what one shard of a vantage may use in a day of UTC.
/// That is as much as the worst days leave room for within every daily limit; none on a plan
/// without daily limits, and on a laptop, which has none.
#[must_use]
pub fn deployment(config: Config) -> Deployment {
    if config.plan == Plan::Paid || config.loopback_origins().next().is_some() {
        return Deployment { config, daily: None };
    }
    let (config, busy) = resting::paced(&config, config.plan);
    let allowed = allowance(&Days::new(&config, busy)).unwrap_or(0);
    let daily = Daily { fast_probes: u32::try_from(allowed).unwrap_or(u32::MAX), busy };
    Deployment { config, daily: Some(daily) }
}

/// The most that fits; none at all if nothing fits.
fn allowance(days: &Days<'_>) -> Option<u64> {
    if days.plan() == Plan::Paid {
        return None;
    }
    let fits = |allowance: u64| {
        let over = |counts: &Counts| {
            let over = |resource: Resource| {
                let limit = resource.a_day().map(|limit| limit.saturating_mul(100 - RESERVE) / 100);
                limit.is_some_and(|limit| counts.uses(resource) > limit)
            };
            Resource::ALL.into_iter().any(over)
        };
        !Day::WORST.into_iter().any(|day| over(&days.counts(day, Some(allowance))))
    };
    // More than a limit divided among the shards never fits: a fast probe costs at least one
    // request.
    let (mut low, mut high) = (0, 100_000 / days.shards().max(1));
    while high.saturating_sub(low) > 1 {
        let middle = low.saturating_add(high) / 2;
        if fits(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    Some(low)
}

fn vantage_load(config: &Config, vantage: &crate::config::Vantage) -> VantageLoad {
    let (place, shards) = match &vantage.place {
        Place::Hint(hint) => (hint.as_str().to_owned(), schedule::shards(config, &vantage.name)),
        Place::Service(binding) => (format!("service {binding}, not active"), Vec::new()),
    };
    let origins = || shards.iter().flat_map(|shard| &shard.origins);
    let busy = |origin: &&crate::config::Origin| {
        origin.pace.timeout.get().saturating_mul(1_000) / origin.pace.interval.get().max(1)
    };
    VantageLoad {
        vantage: vantage.name.clone(),
        place,
        shards: shards.len() as u64,
        ticks: shards.iter().map(|shard| shard.ticks().count() as u64).sum(),
        origins: origins().count() as u64,
        probes: origins().map(|origin| load::a_day(origin.pace.interval)).sum(),
        busy: origins().map(busy).sum(),
    }
}

/// What is limited in one invocation or one second.
fn caps(config: &Config, plan: Plan, requests_a_day: u64) -> Vec<Cap> {
    let loads = load::loads(config);
    let references = config.references.len() as u64;
    let subrequests = loads.iter().map(load::Load::requests).max().unwrap_or(0).saturating_add(references);
    let probes = loads.iter().map(load::Load::probes).max().unwrap_or(0);
    let tick = probes.saturating_mul(PROBE_CPU_US);
    let votes: u64 = config.origins().map(|origin| day::vantages(config, origin)).sum();
    let snapshot = SNAPSHOT_CPU_US.saturating_add(votes.saturating_mul(VOTE_CPU_US));
    let cpu = tick.saturating_add(TICK_CPU_US).max(snapshot).div_ceil(1_000);
    vec![
        Cap { what: "subrequests of one invocation", used: subrequests, limit: limits::subrequests(plan) },
        Cap { what: "CPU ms of one invocation, estimated", used: cpu, limit: limits::cpu(plan) },
        Cap {
            what: "requests of the Arbiter in a second",
            used: requests_a_day.div_ceil(DAY_MS / 1_000),
            limit: OBJECT_REQUESTS_A_SECOND,
        },
    ]
}
