//! What the core's tests share: a configuration in words, and samples.

use crate::answer::Answer;
use crate::config::{Config, Origin};
use crate::reader::{Source, Tier};
use crate::sample::{CacheClass, Check, Connected, Database, Finding, Outcome, Sample};
use crate::serve::{Plan, View};
use crate::units::{Millis, Timestamp};

/// Two origins, three vantages, one probe a second.
pub(crate) const SHOP: &str = r#"
[defaults]
interval = "1s"
fast_interval = "1s"
timeout = "500ms"
fall = 2
rise = 2
vantages = ["weur", "enam", "apac"]

[[pool]]
name = "shop"
expose_urls = true
probe = { path = "/health" }

  [[pool.origin]]
  name = "primary"
  url = "http://127.0.0.1:9101"
  priority = 0

  [[pool.origin]]
  name = "standby"
  url = "http://127.0.0.1:9102"
  priority = 1
"#;

pub(crate) fn config(text: &str) -> Config {
    Config::parse(text).unwrap_or_else(|problems| panic!("{problems}"))
}

pub(crate) fn shop() -> Config {
    config(SHOP)
}

/// The first origin of `SHOP` with this `expect` table.
pub(crate) fn origin(expect: &str) -> Origin {
    let text = SHOP.replace(
        "probe = { path = \"/health\" }",
        &format!("probe = {{ path = \"/health\" }}\nexpect = {expect}"),
    );
    config(&text).pools[0].origins[0].clone()
}

pub(crate) fn at(ms: u64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000 + ms)
}

/// A sample that passed, or failed with status 500.
pub(crate) fn sample(passed: bool, at: Timestamp) -> Sample {
    let finding = if passed { Finding::Met } else { Finding::Broken("status 500 is not expected".into()) };
    Sample {
        at,
        outcome: Outcome::Answered,
        latency: Millis::new(12),
        status: Some(if passed { 200 } else { 500 }),
        cache: CacheClass::OriginProven,
        told: None,
        database: Database::default(),
        checks: vec![Check { expectation: "status".into(), finding }],
        bytes: 0,
        timings: Vec::new(),
        connected: Connected::NotTried,
    }
}

/// Where an answer comes from that needs nobody to be asked.
pub(crate) fn from_memory() -> Source {
    let (age, limit) = (Millis::ZERO, Millis::new(500));
    Source { layer: Tier::Memory, age, limit, silent: false, replaced: false }
}

/// The answer that a plan comes to; `made` makes it where that takes a snapshot.
pub(crate) fn answer_to(plan: Plan<'_>, made: impl FnOnce(&View) -> Answer) -> Answer {
    if let Plan::Done(answer) = plan {
        return answer;
    }
    let Plan::FromSnapshot(view) = plan else { panic!("that was not asked for: {plan:?}") };
    made(&view)
}
