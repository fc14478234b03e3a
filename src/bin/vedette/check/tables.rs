//! What `check` prints of a good configuration: its schedule, how long detection takes, and what
//! its days cost on each plan.

use vedette::budget::{self, Budget, READERS};
use vedette::config::{Config, Plan};
use vedette::units::Millis;

/// The name of a plan.
pub(super) const fn plan(plan: Plan) -> &'static str {
    match plan {
        Plan::Free => "free",
        Plan::Paid => "paid",
    }
}

/// An amount of money from hundredths of a US cent, rounded up to the cent.
pub(super) fn dollars(hundredths: u64) -> String {
    let cents = hundredths.div_ceil(100);
    format!("${}.{:02}", cents / 100, cents % 100)
}

/// Who probes what, and how often.
pub(super) fn schedule(config: &Config) -> Vec<String> {
    let mut lines = vec![String::new(), "schedule".to_owned()];
    for load in budget::of(config, config.plan).vantages {
        lines.push(format!(
            "  {:<12} {:<10} {} origin(s) in {} shard(s) and {} tick(s), {} probes a day; {} of {} slots taken while all of \
             them hang",
            load.vantage.to_string(),
            load.place,
            load.origins,
            load.shards,
            load.ticks,
            load.probes,
            tenths(load.busy / 100),
            load.shards.saturating_mul(vedette::schedule::SLOTS as u64),
        ));
    }
    for origin in config.origins() {
        let pace = origin.pace;
        lines.push(format!(
            "  {:<22} every {}, {} in doubt, {} when down; timeout {}; fail after {}, pass after {}",
            config.written(&origin.id),
            pace.interval,
            pace.fast_interval,
            pace.down_interval,
            pace.timeout,
            origin.thresholds.fall,
            origin.thresholds.rise
        ));
    }
    for job in config.heartbeats() {
        let (name, silence) = (config.written(&job.id), job.limit());
        lines.push(format!(
            "  {name:<22} heartbeat every {}, {} grace; fail after {silence} of silence",
            job.period, job.grace
        ));
    }
    lines
}

/// How long it takes until a reader is told, by pool.
pub(super) fn detection(config: &Config) -> Vec<String> {
    let mut lines =
        vec![String::new(), format!("detection on plan {}, until a reader is told", plan(config.plan))];
    for pool in &config.pools {
        let detection = budget::detection(pool, config.plan);
        let spent = detection.spent.map_or_else(String::new, |spent| {
            format!("; {} when the day's fast probes are spent", seconds(spent))
        });
        let (best, worst) = (seconds(detection.best), seconds(detection.worst));
        lines.push(format!("  {:<22} at best {best}, at worst {worst}{spent}", pool.name.to_string()));
    }
    lines
}

/// What its days cost on a plan.
pub(super) fn days(config: &Config, on: Plan) -> Vec<String> {
    let budget = budget::of(config, on);
    let own = if on == config.plan { ", the plan of this file" } else { "" };
    let mut lines = vec![
        String::new(),
        format!("a day on plan {}{own}", plan(on)),
        format!("  {:<36} {:>12} {:>12} {:>12}", "", "normal", "worst", "limit"),
    ];
    for line in &budget.lines {
        let limit = line.limit.map_or_else(|| "none".to_owned(), |limit| limit.to_string());
        let over = if line.limit.is_some_and(|limit| line.worst > limit) { "  OVER" } else { "" };
        let (what, normal, worst) = (line.resource.as_str(), line.normal, line.worst);
        lines.push(format!("  {what:<36} {normal:>12} {worst:>12} {limit:>12}{over}"));
    }
    for cap in &budget.caps {
        let over = if cap.used > cap.limit { "  OVER" } else { "" };
        lines.push(format!("  {:<36} {:>25} {:>12}{over}", cap.what, cap.used, cap.limit));
    }
    if let Some(fast) = budget.fast_probes {
        lines.push(format!("  fast probes, each shard {fast:>38}"));
    }
    if let Some(rest) = budget.rest {
        let rest = rest.to_string();
        lines.push(format!("  rest interval, when too much hangs {rest:>27}"));
    }
    if on == Plan::Paid {
        lines.extend(bill(&budget));
    }
    lines
}

/// What is taken for granted.
pub(super) fn assumptions() -> String {
    format!(
        "normal: all pass, and 1 isolate reads as often as it may; worst: one origin flaps all day, or all hang, and {READERS} isolates do. Each request \
         of a reader beyond those is one more worker request."
    )
}

/// The price of a month of normal and of worst days, with its parts.
fn bill(budget: &Budget) -> Vec<String> {
    let amounts = |name: &str, (normal, worst): (u64, u64)| {
        format!("  {name:<36} {:>12} {:>12}", dollars(normal), dollars(worst))
    };
    let base = budget::BASE_CENTS.saturating_mul(100);
    let mut lines =
        vec![amounts("a month of such days", budget.monthly()), amounts("  base price", (base, base))];
    for line in budget.lines.iter().filter(|line| line.price() > (0, 0)) {
        lines.push(amounts(&format!("  {}", line.resource.as_str()), line.price()));
    }
    lines
}

fn seconds(length: Millis) -> String {
    format!("{} s", tenths(length.get().div_ceil(100)))
}

/// A number of tenths.
fn tenths(tenths: u64) -> String {
    format!("{}.{}", tenths / 10, tenths % 10)
}
