//! What `check --json` says of a good configuration: the same as its text.

use vedette::budget::{self, Budget};
use vedette::config::{Config, Plan};
use vedette::json::{self, Object};
use vedette::units::Millis;

use super::tables;

/// The budget on each plan, and what does not depend on it.
pub(super) fn budgets(config: &Config) -> String {
    let mut document = Object::new();
    let own = budget::of(config, config.plan);
    document.put_json("vantages", &vantages(&own)).put_json("detection", &detection(config));
    for plan in [Plan::Free, Plan::Paid] {
        document.put_json(tables::plan(plan), &on(&budget::of(config, plan)));
    }
    document.end()
}

/// Who is told of what. Neither addresses nor secrets.
pub(super) fn channels(config: &Config) -> String {
    let channels = config.notify.iter().map(|channel| {
        let topics: Vec<&str> = channel.on.iter().map(|topic| topic.as_str()).collect();
        let mut one = Object::new();
        one.put("name", &channel.name).put("kind", channel.kind.as_str()).put("on", &topics);
        one.put_some("pools", Some(&channel.pools).filter(|pools| !pools.is_empty()));
        one.put("after_ms", &channel.after.get()).put_some("every_ms", channel.every.map(Millis::get));
        one.put("cap_messages", &channel.cap.messages).put("cap_within_ms", &channel.cap.within.get());
        one.put("give_up_ms", &channel.give_up.get());
        one.end()
    });
    json::array(&channels.collect::<Vec<_>>())
}

/// The jobs that report by themselves. Not where to: that is a credential.
pub(super) fn heartbeats(config: &Config) -> String {
    let jobs = config.heartbeats().map(|job| {
        let mut one = Object::new();
        one.put("subject", &job.id).put("period_ms", &job.period.get()).put("grace_ms", &job.grace.get());
        one.end()
    });
    json::array(&jobs.collect::<Vec<_>>())
}

/// Which requests go where.
pub(super) fn routes(config: &Config) -> String {
    let routes = config.routes.iter().map(|route| {
        let mut one = Object::new();
        one.put("host", &route.host).put("path", &route.path).put("pool", &route.pool);
        one.put("steering", &route.steering).put("attempts", &route.attempts);
        one.put("timeout_ms", &route.timeout.get()).put("deadline_ms", &route.deadline.get());
        one.end()
    });
    json::array(&routes.collect::<Vec<_>>())
}

fn vantages(budget: &Budget) -> String {
    let loads = budget.vantages.iter().map(|load| {
        let mut one = Object::new();
        one.put("vantage", &load.vantage).put("place", &load.place).put("shards", &load.shards);
        one.put("origins", &load.origins)
            .put("probes_a_day", &load.probes)
            .put("busy_thousandths", &load.busy);
        one.end()
    });
    json::array(&loads.collect::<Vec<_>>())
}

fn detection(config: &Config) -> String {
    let pools = config.pools.iter().map(|pool| {
        let detection = budget::detection(pool, config.plan);
        let mut one = Object::new();
        one.put("pool", &pool.name)
            .put("best_ms", &detection.best.get())
            .put("worst_ms", &detection.worst.get());
        one.put_some("spent_ms", detection.spent.map(Millis::get));
        one.end()
    });
    json::array(&pools.collect::<Vec<_>>())
}

fn on(budget: &Budget) -> String {
    let lines = budget.lines.iter().map(|line| {
        let mut one = Object::new();
        one.put("what", line.resource.as_str()).put("normal", &line.normal).put("worst", &line.worst);
        one.put_some("limit", line.limit);
        one.end()
    });
    let caps = budget.caps.iter().map(|cap| {
        let mut one = Object::new();
        one.put("what", cap.what).put("used", &cap.used).put("limit", &cap.limit);
        one.end()
    });
    let mut document = Object::new();
    document.put_json("a_day", &json::array(&lines.collect::<Vec<_>>()));
    document.put_json("caps", &json::array(&caps.collect::<Vec<_>>()));
    document.put_some("fast_probes", budget.fast_probes);
    if budget.plan == Plan::Paid {
        document.put_json("a_month", &bill(budget));
    }
    document.end()
}

/// Prices of a month of normal and of worst days in US dollars, as text: `"5.64"`.
fn bill(budget: &Budget) -> String {
    let amounts = |name: &str, (normal, worst): (u64, u64)| {
        let amount = |hundredths: u64| tables::dollars(hundredths).replace('$', "");
        let mut one = Object::new();
        one.put("what", name).put("normal", &amount(normal)).put("worst", &amount(worst));
        one.end()
    };
    let base = budget::BASE_CENTS.saturating_mul(100);
    let mut parts = vec![amounts("total", budget.monthly()), amounts("base price", (base, base))];
    parts.extend(budget.lines.iter().map(|line| amounts(line.resource.as_str(), line.price())));
    json::array(&parts)
}
