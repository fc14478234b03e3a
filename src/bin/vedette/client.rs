//! A running worker, as the commands ask it that read or write what it knows; and tables for
//! people.
//!
//! The worker is asked as anybody may ask it, below `/v1/`; a token goes along only over TLS or to
//! this machine. Nothing that a worker says reaches a terminal as a control character.

use serde_json::{Map, Value};
use vedette::defaults::command_line::client::{LARGEST, PARTS, TIMEOUT};
use vedette::exchange::End;
use vedette::secret::Secret;
use vedette::units::Fingerprint;

use super::host::{self, ExitCode, Outgoing};
use super::{PROBLEMS, USAGE, say, say_error};

/// The worker that `npm start` runs.
const LAPTOP: &str = "http://127.0.0.1:8787";

/// Why a worker cannot be asked.
pub(super) enum Failure {
    Usage(String),
    Asking(String),
}

impl Failure {
    /// Prints it.
    pub(super) fn told(self) -> ExitCode {
        let (text, code) = match self {
            Self::Usage(text) => (text, USAGE),
            Self::Asking(text) => (text, PROBLEMS),
        };
        say_error(&seen(&text));
        ExitCode::from(code)
    }
}

/// What a question is narrowed to: nothing of it means anything else in an address.
#[derive(Clone, Debug, Default)]
pub(super) struct Query(String);

impl Query {
    /// Those parameters that have a value.
    pub(super) fn of(parameters: &[(&str, &Option<String>)]) -> Self {
        let mut query = Self::default();
        for (name, value) in parameters {
            if let Some(value) = value {
                query.0.push_str(&format!("&{name}={}", escaped(value)));
            }
        }
        query
    }

    /// The target at a path that is asked so.
    pub(super) fn after(&self, path: &str) -> String {
        match self.0.strip_prefix('&') {
            Some(first) => format!("{path}?{first}"),
            None => path.to_owned(),
        }
    }
}

/// The worker that is asked.
pub(super) struct Worker {
    base: String,
    token: Option<String>,
}

impl Worker {
    /// The one that the environment names: `VEDETTE_URL` and `VEDETTE_TOKEN`.
    pub(super) fn named() -> Result<Self, Failure> {
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
    pub(super) fn list(&self, list: &str, query: &Query) -> Result<Vec<Value>, Failure> {
        self.list_by(list, query, 500)
    }

    /// The same with so many members in a part.
    pub(super) fn list_by(&self, list: &str, query: &Query, limit: usize) -> Result<Vec<Value>, Failure> {
        let mut members = Vec::new();
        let mut cursor = String::new();
        for _ in 0..PARTS {
            let mut part = self.get(&format!("/v1/{list}?limit={limit}{}{cursor}", query.0))?;
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

    /// What is at a target.
    pub(super) fn get(&self, target: &str) -> Result<Map<String, Value>, Failure> {
        self.ask("GET", target, None)
    }

    /// The same as text.
    pub(super) fn text(&self, target: &str) -> Result<String, Failure> {
        match self.exchanged("GET", target, None)? {
            (200, said) => Ok(said),
            (status, said) => Err(self.refused(status, &said)),
        }
    }

    /// What becomes of a document that is sent. The same words sent twice change nothing twice.
    pub(super) fn post(&self, target: &str, body: &Value) -> Result<Map<String, Value>, Failure> {
        let key = Fingerprint::of(&format!("{target} {body}"));
        self.post_once(target, body, key.to_string())
    }

    /// The same under a key of its own, of which nothing happens twice.
    pub(super) fn post_once(
        &self,
        target: &str,
        body: &Value,
        key: String,
    ) -> Result<Map<String, Value>, Failure> {
        if self.token.is_none() {
            let way_out = "VEDETTE_TOKEN is empty; write the token of somebody who may write into it";
            return Err(Failure::Usage(way_out.to_owned()));
        }
        self.ask("POST", target, Some(Posted { text: body.to_string(), key }))
    }

    fn ask(&self, method: &str, target: &str, body: Option<Posted>) -> Result<Map<String, Value>, Failure> {
        let (status, said) = self.exchanged(method, target, body)?;
        let document = serde_json::from_str::<Map<String, Value>>(&said).ok();
        match (status, document) {
            (200 | 201, Some(document)) => Ok(document),
            _ => Err(self.refused(status, &said)),
        }
    }

    fn unable(&self, why: &str) -> Failure {
        Failure::Asking(format!("{} cannot be asked: {why}", self.base))
    }

    /// Why what was asked is not there.
    fn refused(&self, status: u16, said: &str) -> Failure {
        let document = serde_json::from_str::<Map<String, Value>>(said).ok();
        match document {
            _ if status == 401 && self.token.is_none() => {
                self.unable("it wants a token; write one into VEDETTE_TOKEN")
            }
            // It was asked, and says why not.
            Some(document) => match document.get("detail").and_then(Value::as_str) {
                Some(detail) => Failure::Asking(format!("{}: {detail}", self.base)),
                None => self.unable(&format!("status {status}")),
            },
            None => self.unable(&format!("status {status}, and no JSON")),
        }
    }

    /// Status and body of an answer that came whole.
    fn exchanged(&self, method: &str, target: &str, body: Option<Posted>) -> Result<(u16, String), Failure> {
        let url = format!("{}{target}", self.base);
        let mut headers = vec![("accept", Secret::from("application/json"))];
        if let Some(token) = &self.token {
            headers.push(("authorization", Secret::from(format!("Bearer {token}"))));
        }
        if let Some(body) = &body {
            headers.push(("content-type", Secret::from("application/json")));
            headers.push(("idempotency-key", Secret::from(body.key.clone())));
        }
        let answer = host::exchange(&Outgoing {
            method,
            url: &url,
            headers,
            body: body.map(|body| Secret::from(body.text)),
            within: TIMEOUT.into(),
            wanted: &[],
            most: LARGEST,
        });
        match answer.end {
            End::Complete => {}
            End::TooLong => return Err(self.unable("it says more than is read")),
            End::TimedOut => return Err(self.unable("it does not answer within the time")),
            End::Broken(why) | End::NotSent(why) | End::Redirected(why) => return Err(self.unable(&why)),
        }
        let status = answer.head.map_or(0, |head| head.status);
        Ok((status, String::from_utf8_lossy(&answer.body).into_owned()))
    }
}

/// What is sent, and the key under which it is done once.
struct Posted {
    text: String,
    key: String,
}

/// A member that is a text.
pub(super) fn text<'a>(of: &'a Value, key: &str) -> Option<&'a str> {
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
pub(super) fn seen(text: &str) -> String {
    text.chars().map(|char| if char.is_control() { '\u{fffd}' } else { char }).collect()
}

/// Prints rows in columns; the last one is as wide as it is.
pub(super) fn table<const N: usize>(rows: &[[String; N]]) {
    let rows: Vec<[String; N]> = rows.iter().map(|row| row.each_ref().map(|cell| seen(cell))).collect();
    let mut widths = [0; N];
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
