//! `vedette check`: validates a configuration and says what it does and costs.

use std::path::Path;
use std::process::ExitCode;

use serde_json::json;
use vedette::budget::{self, Budget};
use vedette::config::{Config, Origin, Plan};

use super::{PROBLEMS, load, read, say, say_error};

/// Runs the command.
pub(super) fn run(file: &Path, json: bool, deploy: bool) -> ExitCode {
    if json {
        return as_json(file, deploy);
    }
    let config = match load(file) {
        Ok(config) => config,
        Err(code) => return code,
    };
    let budget = budget::of(&config);
    let refused = refusals(&config, &budget, deploy);
    describe(file, &config, &budget, refused.is_empty());
    for line in &refused {
        say_error(line);
    }
    if refused.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(PROBLEMS) }
}

/// What is valid, but not on this plan or not for a deployment.
fn refusals(config: &Config, budget: &Budget, deploy: bool) -> Vec<String> {
    let mut refused: Vec<String> = budget
        .over()
        .map(|line| {
            format!(
                "plan: \"free\" allows {} {}, this configuration uses {}; probe less often, from fewer vantages, or write \
                 plan = \"paid\"",
                line.limit.unwrap_or_default(),
                line.what,
                line.used
            )
        })
        .collect();
    if deploy {
        refused.extend(config.origins().filter(|origin| origin.url.is_loopback()).map(|origin| {
            format!(
                "{}: its url {} is this machine, which the edge cannot reach; write an address that is public",
                path(origin),
                origin.url
            )
        }));
    }
    // A laptop has no daily limits; only a deployment is held to them.
    if !deploy && config.origins().any(|origin| origin.url.is_loopback()) {
        refused.clear();
    }
    refused
}

fn path(origin: &Origin) -> String {
    format!("pool.{}.origin.{}", origin.id.pool, origin.id.origin)
}

fn describe(file: &Path, config: &Config, budget: &Budget, accepted: bool) {
    let plan = match config.plan {
        Plan::Free => "free",
        Plan::Paid => "paid",
    };
    let word = if accepted { "good" } else { "valid, but refused for what is said at the end" };
    say(&format!("{}: {word} (configuration {})", file.display(), config.hash));
    say("");
    say("schedule");
    for load in &budget.vantages {
        say(&format!(
            "  {:<12} {:<10} {} origin(s) in {} shard(s), {} probes and {} alarms a day",
            load.vantage.to_string(),
            load.place,
            load.origins,
            load.shards,
            load.probes,
            load.alarms
        ));
    }
    for origin in config.origins() {
        let pace = origin.pace;
        say(&format!(
            "  {:<22} every {}, {} in doubt, {} when down; timeout {}; fail after {}, pass after {}",
            origin.id.to_string(),
            pace.interval,
            pace.fast_interval,
            pace.down_interval,
            pace.timeout,
            origin.thresholds.fall,
            origin.thresholds.rise
        ));
    }
    say("");
    say(&format!("a quiet day on plan {plan}"));
    for line in &budget.lines {
        let limit = line.limit.map_or_else(String::new, |limit| format!(" of {limit}"));
        let over = if line.limit.is_some_and(|limit| line.used > limit) { "  OVER" } else { "" };
        say(&format!("  {:<32} {}{limit}{over}", line.what, line.used));
    }
    say(&format!("  on the paid plan                 ${:.2} a month", budget.monthly_usd));
    if !config.not_active.is_empty() {
        say("");
        say("not active yet (accepted, but without effect in this release)");
        for setting in &config.not_active {
            say(&format!("  {setting}"));
        }
    }
}

fn as_json(file: &Path, deploy: bool) -> ExitCode {
    let text = match read(file) {
        Ok(text) => text,
        Err(code) => return code,
    };
    let (document, good) = match Config::parse(&text) {
        Ok(config) => {
            let budget = budget::of(&config);
            let refused = refusals(&config, &budget, deploy);
            let good = refused.is_empty();
            let document = json!({
                "good": good, "config": config.hash, "problems": [], "refused": refused, "budget": budget,
                "not_active": config.not_active,
            });
            (document, good)
        }
        Err(problems) => {
            let problems: Vec<_> = problems.iter().collect();
            (json!({ "good": false, "problems": problems }), false)
        }
    };
    say(&document.to_string());
    if good { ExitCode::SUCCESS } else { ExitCode::from(PROBLEMS) }
}
