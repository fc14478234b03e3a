//! `vedette check`: validates a configuration and says what it does and costs; `vedette compile`: makes of it what the worker
//! reads.

use std::path::Path;
use std::process::ExitCode;

use vedette::budget::{self, Budget};
use vedette::config::{self, Config, Origin, OriginUrl, Plan};
use vedette::json::{self, Object};
use vedette::units::Name;

use super::{PROBLEMS, complain, load, read, say, say_error};

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

/// Runs the command `compile`: a bad configuration is compiled too, into a worker that says so, and is an error all the same.
pub(super) fn compile(file: &Path, deploy: bool) -> ExitCode {
    let text = match read(file) {
        Ok(text) => text,
        Err(code) => return code,
    };
    let parsed = Config::parse(&text);
    say(&config::compile(&parsed));
    let config = match &parsed {
        Ok(config) => config,
        Err(problems) => return complain(file, problems),
    };
    let refused = refusals(config, &budget::of(config), deploy);
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
    if deploy {
        refused.extend(config.notify.iter().filter_map(|channel| {
            let why = channel.undeployable()?;
            Some(format!("notify.{}: its url {why}; write an https address that is public", channel.name))
        }));
        if config.public_url.as_ref().is_some_and(OriginUrl::is_loopback) {
            refused.push(
                "public_url: is this machine; write where people find the page, or leave it out".to_owned(),
            );
        }
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
    describe_channels(config);
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

/// Who is told what.
fn describe_channels(config: &Config) {
    if config.notify.is_empty() {
        return;
    }
    say("");
    say("messages");
    for channel in &config.notify {
        let topics: Vec<&str> = channel.on.iter().map(|topic| topic.as_str()).collect();
        let pools: Vec<&str> = channel.pools.iter().map(Name::as_str).collect();
        let pools = if pools.is_empty() { "every pool".to_owned() } else { pools.join(", ") };
        let again = channel.every.map_or_else(String::new, |every| format!(", again every {every}"));
        say(&format!(
            "  {:<12} {:<10} {} of {pools}, after {}{again}; at most {} in {}, given up after {}",
            channel.name.to_string(),
            channel.kind.as_str(),
            topics.join(", "),
            channel.after,
            channel.cap.messages,
            channel.cap.within,
            channel.give_up
        ));
    }
}

fn as_json(file: &Path, deploy: bool) -> ExitCode {
    let text = match read(file) {
        Ok(text) => text,
        Err(code) => return code,
    };
    let mut document = Object::new();
    let good = match Config::parse(&text) {
        Ok(config) => {
            let budget = budget::of(&config);
            let refused = refusals(&config, &budget, deploy);
            let good = refused.is_empty();
            document.put("good", &good).put("config", &config.hash).put_json("problems", "[]");
            document.put("refused", &refused).put("budget", &budget).put("not_active", &config.not_active);
            good
        }
        Err(problems) => {
            let problems: Vec<String> = problems.iter().map(json::write).collect();
            document.put("good", &false).put_json("problems", &json::array(&problems));
            false
        }
    };
    say(&document.end());
    if good { ExitCode::SUCCESS } else { ExitCode::from(PROBLEMS) }
}
