//! What `check --json` says of a good configuration: the same as its text.

use serde::Serialize;
use vedette::budget::{self, Budget};
use vedette::config::{Config, Plan, Problem, Problems, Steering, Topic};
use vedette::units::{Fingerprint, Millis, Name, OriginId};

use super::addresses::{self, Shared};
use super::tables;

/// What is said of a configuration that can be read.
#[derive(Serialize)]
pub(super) struct Readable<'a> {
    good: bool,
    config: Fingerprint,
    problems: [Problem; 0],
    refused: &'a [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    warnings: &'a [String],
    plan: Plan,
    channels: Vec<Channel<'a>>,
    heartbeats: Vec<Job<'a>>,
    routes: Vec<Route<'a>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    shared_addresses: Vec<Shared>,
    budget: Budgets<'a>,
    not_active: &'a [String],
}

/// What is said of one that cannot.
#[derive(Serialize)]
pub(super) struct Unreadable<'a> {
    good: bool,
    problems: Vec<&'a Problem>,
}

/// Who is told of what. Neither addresses nor secrets.
#[derive(Serialize)]
struct Channel<'a> {
    name: &'a Name,
    kind: &'static str,
    on: &'a [Topic],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pools: &'a [Name],
    after_ms: Millis,
    #[serde(skip_serializing_if = "Option::is_none")]
    every_ms: Option<Millis>,
    cap_messages: u32,
    cap_within_ms: Millis,
    give_up_ms: Millis,
}

/// A job that reports by itself. Not where to: that is a credential.
#[derive(Serialize)]
struct Job<'a> {
    subject: &'a OriginId,
    period_ms: Millis,
    grace_ms: Millis,
}

/// Which requests go where.
#[derive(Serialize)]
struct Route<'a> {
    host: &'a str,
    path: &'a str,
    pool: &'a Name,
    steering: Steering,
    attempts: u32,
    timeout_ms: Millis,
    deadline_ms: Millis,
}

/// The budget on each plan, and what does not depend on it.
#[derive(Serialize)]
struct Budgets<'a> {
    vantages: Vec<Load>,
    detection: Vec<Detection<'a>>,
    free: OnPlan,
    paid: OnPlan,
}

#[derive(Serialize)]
struct Load {
    vantage: Name,
    place: String,
    shards: u64,
    origins: u64,
    ticks: u64,
    probes_a_day: u64,
    busy_thousandths: u64,
}

#[derive(Serialize)]
struct Detection<'a> {
    pool: &'a Name,
    best_ms: Millis,
    worst_ms: Millis,
    #[serde(skip_serializing_if = "Option::is_none")]
    spent_ms: Option<Millis>,
}

#[derive(Serialize)]
struct OnPlan {
    a_day: Vec<Line>,
    caps: Vec<Cap>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fast_probes: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rest_ms: Option<Millis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    a_month: Option<Vec<Amount>>,
}

#[derive(Serialize)]
struct Line {
    what: &'static str,
    normal: u64,
    worst: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<u64>,
}

#[derive(Serialize)]
struct Cap {
    what: &'static str,
    used: u64,
    limit: u64,
}

/// Prices of a month of normal and of worst days in US dollars, as text: `"5.64"`.
#[derive(Serialize)]
struct Amount {
    what: &'static str,
    normal: String,
    worst: String,
}

/// A configuration and what speaks against it on its plan or for a deployment.
pub(super) fn readable<'a>(
    config: &'a Config,
    refused: &'a [String],
    warnings: &'a [String],
) -> Readable<'a> {
    let channels = config.notify.iter().map(|channel| Channel {
        name: &channel.name,
        kind: channel.kind.as_str(),
        on: &channel.on,
        pools: &channel.pools,
        after_ms: channel.after,
        every_ms: channel.every,
        cap_messages: channel.cap.messages,
        cap_within_ms: channel.cap.within,
        give_up_ms: channel.give_up,
    });
    let jobs =
        config.heartbeats().map(|job| Job { subject: &job.id, period_ms: job.period, grace_ms: job.grace });
    let routes = config.routes.iter().map(|route| Route {
        host: &route.host,
        path: &route.path,
        pool: &route.pool,
        steering: route.steering,
        attempts: route.attempts,
        timeout_ms: route.timeout,
        deadline_ms: route.deadline,
    });
    Readable {
        good: refused.is_empty(),
        config: config.hash,
        problems: [],
        refused,
        warnings,
        plan: config.plan,
        channels: channels.collect(),
        heartbeats: jobs.collect(),
        routes: routes.collect(),
        shared_addresses: addresses::shared(config),
        budget: budgets(config),
        not_active: &config.not_active,
    }
}

/// Everything that is wrong with a text.
pub(super) fn unreadable(problems: &Problems) -> Unreadable<'_> {
    Unreadable { good: false, problems: problems.iter().collect() }
}

fn budgets(config: &Config) -> Budgets<'_> {
    let loads = budget::of(config, config.plan).vantages.into_iter().map(|load| Load {
        vantage: load.vantage,
        place: load.place,
        shards: load.shards,
        origins: load.origins,
        ticks: load.ticks,
        probes_a_day: load.probes,
        busy_thousandths: load.busy,
    });
    let detection = config.pools.iter().map(|pool| {
        let detection = budget::detection(pool, config.plan);
        Detection {
            pool: &pool.name,
            best_ms: detection.best,
            worst_ms: detection.worst,
            spent_ms: detection.spent,
        }
    });
    Budgets {
        vantages: loads.collect(),
        detection: detection.collect(),
        free: on(&budget::of(config, Plan::Free)),
        paid: on(&budget::of(config, Plan::Paid)),
    }
}

fn on(budget: &Budget) -> OnPlan {
    let lines = budget.lines.iter().map(|line| Line {
        what: line.resource.as_str(),
        normal: line.normal,
        worst: line.worst,
        limit: line.limit,
    });
    let caps = budget.caps.iter().map(|cap| Cap { what: cap.what, used: cap.used, limit: cap.limit });
    OnPlan {
        a_day: lines.collect(),
        caps: caps.collect(),
        fast_probes: budget.fast_probes,
        rest_ms: budget.rest,
        a_month: (budget.plan == Plan::Paid).then(|| bill(budget)),
    }
}

fn bill(budget: &Budget) -> Vec<Amount> {
    let amount = |hundredths: u64| tables::dollars(hundredths).replace('$', "");
    let amounts = |what: &'static str, (normal, worst): (u64, u64)| Amount {
        what,
        normal: amount(normal),
        worst: amount(worst),
    };
    let base = budget::BASE_CENTS.saturating_mul(100);
    let mut parts = vec![amounts("total", budget.monthly()), amounts("base price", (base, base))];
    parts.extend(budget.lines.iter().map(|line| amounts(line.resource.as_str(), line.price())));
    parts
}
