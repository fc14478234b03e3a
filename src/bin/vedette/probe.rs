//! `vedette probe`: sends one probe from here and explains it. It decides nothing of its own: the
//! request, the redirects and the judgement are the worker's.

use std::path::Path;
use std::time::Duration;

use vedette::config::{Config, Origin};
use vedette::exchange::{BODY_CAP, End, Reply, Request};
use vedette::probe::{self, Hop};
use vedette::sample::{Evidence, Finding, Sample};
use vedette::secret::{Unusable, revealed};
use vedette::units::{Millis, Name};

use super::host::{self, ExitCode, Incoming, Outgoing, Stopwatch, now};
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

/// Sends a request from here, and follows its redirects as the worker does.
pub(super) fn send(mut request: Request) -> Reply {
    let begun = Stopwatch::start();
    let deadline = Duration::from(request.timeout);
    let mut reply = Reply { end: End::Complete, elapsed: Millis::ZERO, head: None, body: Vec::new() };
    loop {
        let left = deadline.saturating_sub(begun.elapsed()).max(Duration::from_millis(1));
        let Incoming { end, head, body } = exchange(&request, left);
        (reply.end, reply.head, reply.body) = (end, head, body);
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

/// One request and its answer; it is not sent if a secret of it cannot be had.
fn exchange(request: &Request, within: Duration) -> Incoming {
    match outgoing(request, within) {
        Ok(outgoing) => host::exchange(&outgoing),
        Err(unusable) => Incoming::nothing(End::NotSent(unusable.to_string())),
    }
}

fn outgoing(request: &Request, within: Duration) -> Result<Outgoing<'_>, Unusable> {
    let headers = request
        .headers
        .iter()
        .map(|(name, value)| Ok((name.as_str(), probe::field_value(value, secret)?)))
        .collect::<Result<_, Unusable>>()?;
    let body = request.body.as_ref().map(|body| revealed(body, secret)).transpose()?;
    let (method, url, wanted) = (request.method.as_str(), request.url.as_str(), request.wanted.as_slice());
    Ok(Outgoing { method, url, headers, body, within, wanted, most: BODY_CAP })
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
    for timing in &sample.timings {
        say(&format!("  timing {:<7} {}ms", timing.name, timing.ms()));
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
