//! `vedette heartbeat`: prints the address that a job reports to, and a line for its crontab.
//!
//! The secret is read from the environment variable of its name and is not printed; the address is
//! a credential all the same.

use std::path::Path;

use vedette::config::{Config, Heartbeat};
use vedette::heartbeat::{key, message, token};
use vedette::mac;
use vedette::secret::{ExposeSecret as _, Secret};
use vedette::units::Millis;

use super::host::ExitCode;
use super::{PROBLEMS, USAGE, load, say, say_error, secret};

/// The worker that `npm start` runs.
const LAPTOP: &str = "http://127.0.0.1:8787";

/// Runs the command.
pub(super) fn run(file: &Path, job: &str, base: Option<&str>) -> ExitCode {
    let config = match load(file) {
        Ok(config) => config,
        Err(code) => return code,
    };
    let Some(found) = config.id(job).and_then(|id| config.heartbeat(&id)) else {
        say_error(&format!("there is no heartbeat of this name; there are {}", known(&config)));
        return ExitCode::from(USAGE);
    };
    let base = config.own_base(base).unwrap_or_else(|| LAPTOP.to_owned());
    if !(base.starts_with("https://") || base.starts_with("http://")) || base.contains([' ', '%', '?', '#']) {
        say_error("--base is not the address of a worker; write it as https://health.example.com");
        return ExitCode::from(USAGE);
    }
    let name = config.heartbeat_secret.as_deref().unwrap_or_default();
    match key(name, secret(name)) {
        Ok(key) => {
            explain(found, &config.written(&found.id), &address(found, &key, &base));
            ExitCode::SUCCESS
        }
        Err(unusable) => {
            say_error(&format!(
                "{unusable}; run this with the same value that the worker has in its secret, as {name}=… vedette heartbeat …"
            ));
            ExitCode::from(PROBLEMS)
        }
    }
}

fn known(config: &Config) -> String {
    let names: Vec<String> = config.heartbeats().map(|job| config.written(&job.id)).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

fn address(job: &Heartbeat, key: &Secret, base: &str) -> String {
    let mac = mac::sign(key.expose_secret().as_bytes(), &message(&job.id)).unwrap_or_default();
    format!("{}/v1/heartbeat/{}", base.trim_end_matches('/'), token(&job.id, &mac))
}

fn explain(job: &Heartbeat, name: &str, address: &str) {
    say(address);
    say("");
    let (period, grace) = (job.period, job.grace);
    say(&format!(
        "# {name}: at least every {period}; it fails {grace} after that. Keep the address as a password."
    ));
    let schedule = schedule(period).unwrap_or_else(|| {
        say(&format!(
            "# cron has no simple line for every {period}; this one is for a job that runs each minute"
        ));
        "* * * * *".to_owned()
    });
    say(&format!(
        "{schedule}  your-command && curl -fsS -m 10 --retry 5 --retry-all-errors -o /dev/null -X POST {address}"
    ));
}

/// A line of cron that runs as often as a period says, where there is a simple one.
fn schedule(period: Millis) -> Option<String> {
    let (minutes, rest) = (period.as_secs() / 60, period.get() % 60_000);
    match (minutes, rest) {
        (1, 0) => Some("* * * * *".to_owned()),
        (2..=30, 0) if 60 % minutes == 0 => Some(format!("*/{minutes} * * * *")),
        (60, 0) => Some("7 * * * *".to_owned()),
        (120..=720, 0) if 1_440 % minutes == 0 && minutes % 60 == 0 => {
            Some(format!("7 */{} * * *", minutes / 60))
        }
        (1_440, 0) => Some("7 3 * * *".to_owned()),
        (10_080, 0) => Some("7 3 * * 0".to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_periods_have_a_line_of_cron() {
        for (seconds, line) in [
            (60, Some("* * * * *")),
            (300, Some("*/5 * * * *")),
            (420, None),
            (3_600, Some("7 * * * *")),
            (21_600, Some("7 */6 * * *")),
            (18_000, None),
            (86_400, Some("7 3 * * *")),
            (604_800, Some("7 3 * * 0")),
            (90, None),
            (10, None),
        ] {
            assert_eq!(schedule(Millis::from_secs(seconds)).as_deref(), line, "{seconds} s");
        }
    }
}
