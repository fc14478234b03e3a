//! `vedette probe`: sends one probe from here and explains it. It decides nothing of its own: the
//! request, the redirects and the judgement are the worker's.

use std::io::Read;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use ureq::http::{HeaderMap, Response};
use ureq::{Agent, Body};
use vedette::config::{Config, Origin};
use vedette::exchange::{BODY_CAP, End, Head, Reply, Request};
use vedette::probe::{self, Hop};
use vedette::sample::{Evidence, Finding, Sample};
use vedette::secret::{ExposeSecret as _, revealed};
use vedette::units::{Millis, Name, Timestamp};

use super::{PROBLEMS, USAGE, load, say, say_error, secret};

/// The vantage that a probe from the command line names.
const HERE: &str = "here";

/// Runs the command.
pub(super) fn run(file: &Path, origin: &str) -> ExitCode {
    let config = match load(file) {
        Ok(config) => config,
        Err(code) => return code,
    };
    let Some(found) = config.id(origin).and_then(|id| config.origin(&id)) else {
        say_error(&format!("there is no origin of this name; there are {}", known(&config)));
        return ExitCode::from(USAGE);
    };
    let Ok(here) = Name::parse(HERE) else { return ExitCode::from(USAGE) };
    let request = probe::request(found, &here);
    say(&format!("{} {}", request.method.as_str(), request.url));
    let at = now();
    let reply = send(request);
    let sample = probe::examine(found, at, &reply);
    explain(found, &sample, &reply)
}

fn known(config: &Config) -> String {
    config.origins().map(|origin| config.written(&origin.id)).collect::<Vec<_>>().join(", ")
}

#[expect(
    clippy::disallowed_methods,
    reason = "the command line is an edge of its own: it reads the clock for the core"
)]
pub(super) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

#[expect(
    clippy::disallowed_methods,
    reason = "the command line is an edge of its own: it measures for the core"
)]
pub(super) fn send(mut request: Request) -> Reply {
    let begun = Instant::now();
    let deadline = Duration::from(request.timeout);
    let mut reply = Reply { end: End::Complete, elapsed: Millis::ZERO, head: None, body: Vec::new() };
    loop {
        let left = deadline.saturating_sub(begun.elapsed()).max(Duration::from_millis(1));
        reply.end = match exchange(&request, left, &mut reply) {
            Ok(end) => end,
            Err(error) => broken(&error),
        };
        match reply.head.as_ref().and_then(|head| probe::redirected(&request, head)) {
            Some(Hop::Follow(next)) => request = next,
            Some(Hop::Stop(why)) => {
                reply.end = End::Redirected(why);
                break;
            }
            None => break,
        }
    }
    reply.elapsed = Millis::new(u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX));
    reply
}

fn exchange(request: &Request, left: Duration, reply: &mut Reply) -> Result<End, ureq::Error> {
    (reply.head, reply.body) = (None, Vec::new());
    let agent: Agent = Agent::config_builder()
        .timeout_global(Some(left))
        .max_redirects(0)
        .http_status_as_error(false)
        .build()
        .into();
    let mut call = ureq::http::Request::builder().method(request.method.as_str()).uri(&request.url);
    for (name, value) in &request.headers {
        call = match probe::field_value(value, secret) {
            Ok(value) => call.header(name, value.expose_secret()),
            Err(unusable) => return Ok(End::NotSent(unusable.to_string())),
        };
    }
    let mut response = match request.body.as_ref().map(|body| revealed(body, secret)) {
        Some(Ok(body)) => agent.run(call.body(body.expose_secret())?)?,
        Some(Err(unusable)) => return Ok(End::NotSent(unusable.to_string())),
        None => agent.run(call.body(())?)?,
    };
    reply.head = Some(head(&response, &request.wanted));
    let mut limited = response.body_mut().as_reader().take(BODY_CAP as u64 + 1);
    limited.read_to_end(&mut reply.body).map_err(ureq::Error::from)?;
    let end = if reply.body.len() > BODY_CAP { End::TooLong } else { End::Complete };
    reply.body.truncate(BODY_CAP);
    Ok(end)
}

fn head(response: &Response<Body>, wanted: &[String]) -> Head {
    let fields: &HeaderMap = response.headers();
    let texts: Vec<_> = fields
        .iter()
        .map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes())))
        .collect();
    let fields: Vec<_> = texts.iter().map(|(name, value)| (*name, value.as_ref())).collect();
    Head::of(response.status().as_u16(), &fields, wanted)
}

fn broken(error: &ureq::Error) -> End {
    let slow = |error: &std::io::Error| error.kind() == std::io::ErrorKind::TimedOut;
    let timed_out =
        matches!(error, ureq::Error::Timeout(_)) || matches!(error, ureq::Error::Io(error) if slow(error));
    if timed_out { End::TimedOut } else { End::Broken(error.to_string()) }
}

fn explain(origin: &Origin, sample: &Sample, reply: &Reply) -> ExitCode {
    if let End::Broken(words) = &reply.end {
        say(&format!("  the exchange broke: {words}"));
    }
    let status = sample.status.map_or_else(|| "none".to_owned(), |status| status.to_string());
    say(&format!("  status         {status}"));
    say(&format!("  response time  {}", sample.latency));
    say(&format!("  body           {} bytes", reply.body.len()));
    let told = sample.told.map(|told| format!(" ({told})")).unwrap_or_default();
    say(&format!("  cache class    {}{told}", sample.cache.as_str()));
    if let Some(calls) = sample.database.calls {
        say(&format!("  database calls {calls}"));
    }
    if let Some(time) = sample.database.time {
        say(&format!("  database time  {time}"));
    }
    for check in &sample.checks {
        let (mark, why) = match &check.finding {
            Finding::Met => ("met", String::new()),
            Finding::Warned(why) => ("warned", format!(": {why}")),
            Finding::Broken(why) => ("broken", format!(": {why}")),
        };
        say(&format!("  expect {:<20} {mark}{why}", check.expectation));
    }
    if let Some(hint) = reply.head.as_ref().and_then(|head| probe::hint(origin, head)) {
        say(&format!("  hint: {hint}"));
    }
    let (word, why, code) = match sample.evidence() {
        Evidence::Pass => ("pass", "everything is as expected".to_owned(), ExitCode::SUCCESS),
        Evidence::Warn(why) => ("warn", why, ExitCode::SUCCESS),
        Evidence::Fail(why) => ("fail", why, ExitCode::from(PROBLEMS)),
        Evidence::Unproven(why) | Evidence::None(why) => ("no evidence", why, ExitCode::from(PROBLEMS)),
    };
    say(&format!("evidence: {word} ({why})"));
    code
}
