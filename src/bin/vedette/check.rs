//! `vedette check`: validates a configuration and says what it does and costs; `vedette compile`:
//! makes of it what the worker reads.

mod addresses;
mod deployable;
mod document;
mod doors;
mod tables;

use std::path::Path;

use vedette::budget::{self, Excess, Fit};
use vedette::config::{self, Config, Plan, Problem};
use vedette::json;
use vedette::proxy::open::Open;
use vedette::units::Name;

use super::host::ExitCode;
use super::{PROBLEMS, complain, foreign, load, read, say, say_error};

/// Runs the command.
pub(super) fn run(file: &Path, json: bool, deploy: bool) -> ExitCode {
    if json {
        return as_json(file, deploy);
    }
    let config = match load(file) {
        Ok(config) => config,
        Err(code) => return code,
    };
    let refused = refusals(&config, deploy);
    describe(file, &config, refused.is_empty());
    warn(&warnings(&config, deploy));
    for line in &refused {
        say_error(line);
    }
    if refused.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(PROBLEMS) }
}

/// Runs the command `compile`: a bad configuration is compiled too, into a worker that says so, and
/// is an error all the same.
pub(super) fn compile(file: &Path, deploy: bool) -> ExitCode {
    let text = match read(file) {
        Ok(text) => text,
        Err(code) => return code,
    };
    let checked = Config::parse(&text).map(budget::deployment);
    let open = checked.as_ref().ok().and_then(|deployment| Open::of(&deployment.config));
    say(&config::compile(&checked, open.as_ref()));
    let config = match &checked {
        Ok(deployment) => &deployment.config,
        Err(problems) => return complain(file, problems),
    };
    let refused = refusals(config, deploy);
    // Who builds, runs or deploys sees nothing else of what `check` says.
    for setting in &config.not_active {
        say_error(&format!("{setting}: not active yet; accepted, but without effect in this release"));
    }
    warn(&warnings(config, deploy));
    for line in &refused {
        say_error(line);
    }
    if refused.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(PROBLEMS) }
}

/// What should be looked at again before a deployment.
fn warnings(config: &Config, deploy: bool) -> Vec<String> {
    if deploy { deployable::warnings(config) } else { Vec::new() }
}

fn warn(warnings: &[String]) {
    for line in warnings {
        say_error(&format!("warning: {line}"));
    }
}

/// What is valid, but not on this plan or not for a deployment.
fn refusals(config: &Config, deploy: bool) -> Vec<String> {
    // A laptop has no daily limits; only a deployment is held to them.
    if !deploy && config.loopback_origins().next().is_some() {
        return Vec::new();
    }
    let budget = budget::of(config, config.plan);
    let mut refused: Vec<String> = budget.excesses().iter().map(|excess| over(config.plan, excess)).collect();
    if !refused.is_empty() {
        refused.push(way_out(&budget::nearest(config, &budget)));
    }
    if deploy {
        refused.extend(deployable::refused(config));
    }
    refused
}

/// Which number breaks, and by how much.
fn over(plan: Plan, excess: &Excess) -> String {
    let Excess { what, used, limit, day } = excess;
    let (plan, more) = (tables::plan(plan), used.saturating_sub(*limit));
    match day {
        Some(day) => {
            format!(
                "plan: \"{plan}\" allows {limit} {what} a day, this configuration uses {used} on a {day} day: {more} too many"
            )
        }
        None => {
            format!("plan: \"{plan}\" allows {limit} {what}, this configuration uses {used}: {more} too many")
        }
    }
}

/// The nearest configurations that fit.
fn way_out(fits: &[Fit]) -> String {
    let ways: Vec<String> = fits
        .iter()
        .map(|fit| match fit {
            Fit::Interval(interval) => format!("interval = \"{interval}\" or more for every origin"),
            Fit::Vantages(1) => "one vantage for each origin".to_owned(),
            Fit::Vantages(count) => format!("at most {count} vantages for each origin"),
            Fit::Redirects(count) => format!("redirects = {count} or less"),
            Fit::Paid(price) => format!("plan = \"paid\", for {} a month", tables::dollars(*price)),
        })
        .collect();
    match ways.split_last() {
        Some((last, [])) => format!("plan: this fits: {last}"),
        Some((last, others)) => format!("plan: each of these fits: {}, or {last}", others.join(", ")),
        None => "plan: no one change makes it fit; watch fewer origins, from fewer vantages, less often"
            .to_owned(),
    }
}

fn describe(file: &Path, config: &Config, accepted: bool) {
    let word = if accepted { "good" } else { "valid, but refused for what is said at the end" };
    say(&format!("{}: {word} (configuration {})", file.display(), config.hash));
    for line in tables::schedule(config).into_iter().chain(tables::detection(config)) {
        say(&line);
    }
    for plan in [Plan::Free, Plan::Paid] {
        for line in tables::days(config, plan) {
            say(&line);
        }
    }
    for line in addresses::lines(config).into_iter().chain(doors::lines(config)) {
        say(&line);
    }
    describe_channels(config);
    describe_routes(config);
    say("");
    say(&tables::assumptions());
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
        let all = if config.pools.iter().any(|pool| pool.monitor) {
            "every pool and monitor"
        } else {
            "every pool"
        };
        let pools = if pools.is_empty() { all.to_owned() } else { pools.join(", ") };
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

/// Which requests go where.
fn describe_routes(config: &Config) {
    if config.routes.is_empty() {
        return;
    }
    say("");
    say("routes");
    for route in &config.routes {
        let address = format!("{}{}", route.host, route.path);
        let (timeout, deadline) = (route.timeout, route.deadline);
        let stale = route.stale_if_error.map_or_else(String::new, |stale| format!(", copies for {stale}"));
        say(&format!(
            "  {address:<32} to {}, {}; {timeout} each, {} at most within {deadline}{stale}",
            route.pool,
            route.steering.as_str(),
            route.attempts,
        ));
    }
    if let (Some(public), Some(base)) = (&config.public_url, config.own_base(None))
        && public.to_string() != base
    {
        say(&format!(
            "  the host of public_url is routed, so what is Vedette's own there is under {base}/; links and heartbeats lead there"
        ));
    }
}

fn as_json(file: &Path, deploy: bool) -> ExitCode {
    let text = match read(file) {
        Ok(text) => text,
        Err(code) => return code,
    };
    let (good, document) = match Config::parse(&text) {
        Ok(config) => {
            let refused = refusals(&config, deploy);
            let warnings = warnings(&config, deploy);
            (refused.is_empty(), json::write(&document::readable(&config, &refused, &warnings)))
        }
        Err(problems) => {
            let problems = match foreign(file) {
                Some(message) => Problem { at: String::new(), line: None, message }.into(),
                None => problems,
            };
            (false, json::write(&document::unreadable(&problems)))
        }
    };
    say(&document);
    if good { ExitCode::SUCCESS } else { ExitCode::from(PROBLEMS) }
}
