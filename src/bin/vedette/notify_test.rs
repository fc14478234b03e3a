//! `vedette notify-test`: sends one test message from here and explains what the receiver said. The
//! message, its signature, the request and what an answer means are the worker's.

use std::path::Path;

use vedette::config::{Channel, ChannelKind, Config};
use vedette::notify::{self, Outcome};
use vedette::units::Timestamp;

use super::host::{self, ExitCode};
use super::{PROBLEMS, USAGE, load, probe, say, say_error, secret};

/// Runs the command.
pub(super) fn run(file: &Path, name: &str) -> ExitCode {
    let config = match load(file) {
        Ok(config) => config,
        Err(code) => return code,
    };
    let Some(channel) = config.notify.iter().find(|channel| channel.name.as_str() == name) else {
        say_error(&format!("there is no channel of this name; {}", known(&config)));
        return ExitCode::from(USAGE);
    };
    let now = host::now();
    let delivery = notify::test_message(channel, now);
    let revealed = match notify::reveal(channel, &delivery, now, secret) {
        Ok(revealed) => revealed,
        Err(unusable) => {
            say_error(&unusable.to_string());
            return ExitCode::from(PROBLEMS);
        }
    };
    let request = notify::request(channel, &delivery, &revealed, now);
    say(&format!("channel {name} ({}), message {}", channel.kind.as_str(), delivery.id));
    let reply = probe::send(request);
    if let Some(head) = &reply.head {
        say(&format!("  status {} after {}", head.status, reply.elapsed));
    }
    match notify::outcome(&reply, date, host::now()) {
        Outcome::Taken => {
            say("taken: the receiver has it");
            ExitCode::SUCCESS
        }
        Outcome::Failed { why, retry_after } => {
            let later =
                retry_after.map_or_else(String::new, |after| format!(", to be asked again in {after}"));
            say(&format!("not taken: {why}{later}; {}", advice(channel, &reply)));
            ExitCode::from(PROBLEMS)
        }
    }
}

/// What to look at.
fn advice(channel: &Channel, reply: &vedette::exchange::Reply) -> &'static str {
    let signed = channel.kind == ChannelKind::Webhook;
    match reply.head.as_ref().map(|head| head.status) {
        Some(401 | 403) if signed => "does it verify with the same secret, and is its clock right?",
        Some(300..=399) => "redirects are not followed; write the address that it leads to",
        Some(404 | 410) => "is the address right?",
        Some(429) => "it wants to be left alone for a while",
        Some(_) => "only a status of 2xx means that it was taken",
        None => "is the address right, and does the receiver answer within the time?",
    }
}

fn known(config: &Config) -> String {
    let names: Vec<String> = config.notify.iter().map(|channel| channel.name.to_string()).collect();
    if names.is_empty() {
        "the file has no [[notify]]".to_owned()
    } else {
        format!("there are {}", names.join(", "))
    }
}

/// Reads a date as HTTP writes it (RFC 9110, 5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`.
fn date(text: &str) -> Option<Timestamp> {
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let [_, day, month, year, time, "GMT"] = text.split_whitespace().collect::<Vec<_>>()[..] else {
        return None;
    };
    let month = months.iter().position(|known| *known == month)?.checked_add(1)?;
    let at = humantime::parse_rfc3339(&format!("{year}-{month:02}-{day:0>2}T{time}Z")).ok()?;
    let since = at.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(Timestamp::from_millis(u64::try_from(since.as_millis()).ok()?))
}
