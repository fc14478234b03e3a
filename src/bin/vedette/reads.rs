//! `vedette status` and `vedette events`: what a running worker says, as a table for people or as
//! JSON for scripts.
//!
//! The worker is asked as anybody may ask it, by the lists below `/v1/`; a token goes along only
//! over TLS or to this machine. Nothing that a worker says reaches a terminal as a control
//! character.

use std::time::Duration;

use serde_json::{Map, Value, json};
use vedette::exchange::End;
use vedette::secret::Secret;

use super::host::{self, ExitCode, Outgoing};
use super::{PROBLEMS, USAGE, say, say_error};

/// The worker that `npm start` runs.
const LAPTOP: &str = "http://127.0.0.1:8787";

/// How long one request may take, how large an answer may be, and how many parts a list has at
/// most: of 500 members each.
const TIMEOUT: Duration = Duration::from_secs(30);
const LARGEST: usize = 16 * 1024 * 1024;
const PARTS: usize = 200;

/// What `vedette events` asks for.
pub(super) struct Wanted {
    pub(super) pool: Option<String>,
    pub(super) origin: Option<String>,
    pub(super) since: Option<String>,
    pub(super) json: bool,
}

/// Why a worker cannot be asked.
enum Failure {
    Usage(String),
    Asking(String),
}

impl Failure {
    fn told(self) -> ExitCode {
        let (text, code) = match self {
            Self::Usage(text) => (text, USAGE),
            Self::Asking(text) => (text, PROBLEMS),
        };
        say_error(&seen(&text));
        ExitCode::from(code)
    }
}

/// Prints how everything is; 1 if something fails.
pub(super) fn status(as_json: bool) -> ExitCode {
    let found =
        Worker::named().and_then(|worker| Ok((worker.list("pools", "")?, worker.list("origins", "")?)));
    let (pools, origins) = match found {
        Ok(found) => found,
        Err(failure) => return failure.told(),
    };
    let fails = pools.iter().any(|pool| pool["status"] == "fail");
    if as_json {
        say(&json!({ "pools": pools, "origins": origins }).to_string());
    } else {
        let mut rows = vec![["", "status", "since", "why"].map(str::to_owned)];
        for pool in &pools {
            let name = text(pool, "title").or_else(|| text(pool, "name")).unwrap_or_default();
            let of_pool: Vec<&Value> =
                origins.iter().filter(|origin| origin["pool"] == pool["name"]).collect();
            if pool["kind"] != "monitor" {
                rows.push(row(name, pool));
            }
            for origin in of_pool {
                let own = text(origin, "name").unwrap_or_default();
                let name = if pool["kind"] == "monitor" { name.to_owned() } else { format!("  {own}") };
                rows.push(row(&name, origin));
            }
        }
        table(&rows);
    }
    ExitCode::from(if fails { PROBLEMS } else { 0 })
}

fn row(name: &str, of: &Value) -> [String; 4] {
    let [status, since, reason] = ["status", "since", "reason"].map(|key| text(of, key).unwrap_or_default());
    [name, status, since, reason].map(str::to_owned)
}

/// Prints what changed, the latest first.
pub(super) fn events(wanted: &Wanted) -> ExitCode {
    let mut query = String::new();
    for (name, value) in [("pool", &wanted.pool), ("origin", &wanted.origin), ("since", &wanted.since)] {
        if let Some(value) = value {
            query.push_str(&format!("&{name}={}", escaped(value)));
        }
    }
    let events = match Worker::named().and_then(|worker| worker.list("events", &query)) {
        Ok(events) => events,
        Err(failure) => return failure.told(),
    };
    if wanted.json {
        say(&json!({ "events": events }).to_string());
        return ExitCode::SUCCESS;
    }
    let mut rows = vec![["at", "what", "changed", "why"].map(str::to_owned)];
    for event in &events {
        let part = |key: &str| text(event, key).unwrap_or_default();
        let what = match (text(event, "pool"), text(event, "origin")) {
            (Some(pool), Some(origin)) => format!("{pool}/{origin}"),
            (Some(pool), None) => pool.to_owned(),
            (None, _) => part("channel").to_owned(),
        };
        let changed = match (text(event, "from"), text(event, "to")) {
            (Some(from), Some(to)) => format!("{from} -> {to}"),
            _ => "undelivered".to_owned(),
        };
        rows.push([part("at").to_owned(), what, changed, part("reason").to_owned()]);
    }
    table(&rows);
    ExitCode::SUCCESS
}

/// The worker that is asked.
struct Worker {
    base: String,
    token: Option<String>,
}

impl Worker {
    /// The one that the environment names: `VEDETTE_URL` and `VEDETTE_TOKEN`.
    fn named() -> Result<Self, Failure> {
        let given = |name: &str| host::variable(name).filter(|text| !text.is_empty());
        let base = given("VEDETTE_URL").unwrap_or_else(|| LAPTOP.to_owned());
        let base = base.trim_end_matches('/').to_owned();
        let (secure, rest) = match (base.strip_prefix("https://"), base.strip_prefix("http://")) {
            (Some(rest), _) => (true, rest),
            (None, Some(rest)) => (false, rest),
            (None, None) => (false, ""),
        };
        if rest.is_empty() || base.contains([' ', '%', '?', '#', '@']) {
            let way_out =
                "VEDETTE_URL is not the address of a worker; write it as https://health.example.com";
            return Err(Failure::Usage(way_out.to_owned()));
        }
        let token = given("VEDETTE_TOKEN");
        let host = rest.split(['/', ':']).next().unwrap_or_default();
        if token.is_some() && !secure && !matches!(host, "127.0.0.1" | "localhost") {
            let way_out =
                "VEDETTE_TOKEN would go over a line that anybody may read; write VEDETTE_URL with https";
            return Err(Failure::Usage(way_out.to_owned()));
        }
        Ok(Self { base, token })
    }

    /// All members of a list, part after part.
    fn list(&self, list: &str, query: &str) -> Result<Vec<Value>, Failure> {
        let mut members = Vec::new();
        let mut cursor = String::new();
        for _ in 0..PARTS {
            let mut part = self.get(&format!("/v1/{list}?limit=500{query}{cursor}"))?;
            match part.remove(list) {
                Some(Value::Array(found)) => members.extend(found),
                _ => return Err(Failure::Asking(format!("{} does not answer as Vedette does", self.base))),
            }
            match part.get("next").and_then(Value::as_str) {
                Some(next) => cursor = format!("&cursor={}", escaped(next)),
                None => return Ok(members),
            }
        }
        Err(Failure::Asking(format!("{list} has no end")))
    }

    fn get(&self, target: &str) -> Result<Map<String, Value>, Failure> {
        let unable = |why: &str| Failure::Asking(format!("{} cannot be asked: {why}", self.base));
        let url = format!("{}{target}", self.base);
        let mut headers = vec![("accept", Secret::from("application/json"))];
        if let Some(token) = &self.token {
            headers.push(("authorization", Secret::from(format!("Bearer {token}"))));
        }
        let answer = host::exchange(&Outgoing {
            method: "GET",
            url: &url,
            headers,
            body: None,
            within: TIMEOUT,
            wanted: &[],
            most: LARGEST,
        });
        match answer.end {
            End::Complete => {}
            End::TooLong => return Err(unable("it says more than is read")),
            End::TimedOut => return Err(unable("it does not answer within the time")),
            End::Broken(why) | End::NotSent(why) | End::Redirected(why) => return Err(unable(&why)),
        }
        let status = answer.head.map_or(0, |head| head.status);
        let body = String::from_utf8_lossy(&answer.body);
        let document = serde_json::from_str::<Map<String, Value>>(&body).ok();
        match (status, document) {
            (200, Some(document)) => Ok(document),
            (401, _) if self.token.is_none() => Err(unable("it wants a token; write one into VEDETTE_TOKEN")),
            (_, Some(document)) => {
                let detail = document.get("detail").and_then(Value::as_str);
                Err(unable(detail.unwrap_or(&format!("status {status}"))))
            }
            (_, None) => Err(unable(&format!("status {status}, and no JSON"))),
        }
    }
}

fn text<'a>(of: &'a Value, key: &str) -> Option<&'a str> {
    of.get(key)?.as_str()
}

/// A value of a query: whatever might mean something else is escaped.
fn escaped(value: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    value
        .bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// A text as a terminal may show it.
fn seen(text: &str) -> String {
    text.chars().map(|char| if char.is_control() { '\u{fffd}' } else { char }).collect()
}

/// Prints rows in columns; the last one is as wide as it is.
fn table(rows: &[[String; 4]]) {
    let rows: Vec<[String; 4]> = rows.iter().map(|row| row.each_ref().map(|cell| seen(cell))).collect();
    let mut widths = [0; 4];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    for row in &rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            line.push_str(cell);
            let rest = width.saturating_sub(cell.chars().count()).saturating_add(2);
            line.extend(std::iter::repeat_n(' ', rest));
        }
        say(line.trim_end());
    }
}
