//! Holds an answer to its expectations, one by one, in the order in which people ask: status,
//! headers, body, then blemishes.

use super::body::{self, Body};
use super::document;
use crate::config::{Document, Expect, Method, Origin};
use crate::exchange::{End, Head, Reply};
use crate::sample::{CacheClass, Check, Finding, Sample};
use crate::units::Millis;

/// Every expectation with its finding.
pub(super) fn judge(origin: &Origin, head: &Head, reply: &Reply, sample: &Sample) -> Vec<Check> {
    let expect = &origin.expect;
    let body = Body::new(&reply.body);
    let mut checks = vec![check("status", status(origin, head, &reply.end, &body))];
    if head.status == 429 {
        // The answer of a limiter, not of the service: nothing else in it can be held to what the
        // service should say.
        return checks;
    }
    for (name, needle) in &expect.headers {
        checks.push(check(&format!("headers.{name}"), header(head, name, needle)));
    }
    if origin.probe.method != Method::Head {
        let hint = hint(origin, head).map(|hint| format!(": {hint}")).unwrap_or_default();
        body::judge(expect, &body, &hint, &mut checks);
        let named = expect.status.iter().any(|range| (range.first, range.last) == (207, 207));
        if let Some(finding) = document::judge(expect.document, named, head, &body) {
            checks.push(check("document", finding));
        }
    }
    checks.push(check("cache", cache(sample)));
    blemishes(expect, sample, &mut checks);
    checks
}

fn check(expectation: &str, finding: Finding) -> Check {
    Check { expectation: expectation.to_owned(), finding }
}

/// What to write where an answer is not what was meant; nothing where that cannot be told.
#[must_use]
pub fn hint(origin: &Origin, head: &Head) -> Option<&'static str> {
    let accepts = origin.probe.headers.contains_key("accept");
    let names =
        |field, word| head.header(field).is_some_and(|value| value.to_ascii_lowercase().contains(word));
    match head.status {
        405 if origin.probe.method == Method::Head => {
            Some("this address does not take HEAD; write method = \"GET\"")
        }
        406 if accepts => {
            Some("it has nothing that the probe's accept asks for; write another, or leave it out")
        }
        200..300 if !accepts && names("content-type", "text/html") && names("vary", "accept") => Some(
            "it is HTML, and may be JSON if asked for; write headers = { accept = \"application/json\" }",
        ),
        _ => None,
    }
}

fn status(origin: &Origin, head: &Head, end: &End, body: &Body<'_>) -> Finding {
    let code = head.status;
    if origin.expect.status.iter().any(|range| (range.first..=range.last).contains(&code)) {
        return Finding::Met;
    }
    if let End::Redirected(why) = end {
        return Finding::Broken(format!("status {code}: {why}"));
    }
    if code == 429 {
        // Some say so what they have to say of themselves; it may be worse than a limit, never
        // better.
        let own = document::promised(head, body).filter(|_| origin.expect.document != Document::Off);
        return own.filter(|finding| *finding != Finding::Met).unwrap_or_else(|| {
            Finding::Warned("status 429: the origin limits how often it is asked".into())
        });
    }
    match hint(origin, head) {
        Some(hint) => Finding::Broken(format!("status {code} is not expected: {hint}")),
        None => Finding::Broken(format!("status {code} is not expected")),
    }
}

fn header(head: &Head, name: &str, needle: &str) -> Finding {
    match head.header(name) {
        None => Finding::Broken(format!("header {name} is missing")),
        Some(value) if value.to_ascii_lowercase().contains(&needle.to_ascii_lowercase()) => Finding::Met,
        Some(_) => Finding::Broken(format!("header {name} does not have the expected text")),
    }
}

fn cache(sample: &Sample) -> Finding {
    let told = sample.told.map(|told| format!(" ({told})")).unwrap_or_default();
    match sample.cache {
        CacheClass::OriginProven | CacheClass::Unclassified => Finding::Met,
        CacheClass::EdgeOnly => {
            Finding::Warned(format!("a cache answered{told}: this proves nothing about the origin"))
        }
        CacheClass::CounterProof => {
            Finding::Broken(format!("a cache answered stale{told}: it could not reach the origin"))
        }
    }
}

fn blemishes(expect: &Expect, sample: &Sample, checks: &mut Vec<Check>) {
    if expect.max_latency.or(expect.fail_latency).is_some() {
        checks.push(check("max_latency", latency(expect, sample.latency)));
    }
    if let Some(most) = expect.max_db_calls {
        let finding = match sample.database.calls {
            Some(calls) if calls > most => {
                Finding::Warned(format!("{calls} database calls are more than {most}"))
            }
            Some(_) => Finding::Met,
            None => Finding::Warned("Server-Timing states no number of database calls".into()),
        };
        checks.push(check("max_db_calls", finding));
    }
    if let Some(most) = expect.max_db_time {
        checks.push(check("max_db_time", at_most("database time", sample.database.time, most)));
    }
}

fn latency(expect: &Expect, measured: Millis) -> Finding {
    let over = |most: &Millis| measured > *most;
    if let Some(most) = expect.fail_latency.filter(over) {
        return Finding::Broken(format!("response time {measured} is over {most}"));
    }
    match expect.max_latency.filter(over) {
        Some(most) => Finding::Warned(format!("response time {measured} is over {most}")),
        None => Finding::Met,
    }
}

fn at_most(what: &str, measured: Option<Millis>, most: Millis) -> Finding {
    match measured {
        Some(measured) if measured > most => Finding::Warned(format!("{what} {measured} is over {most}")),
        Some(_) => Finding::Met,
        None => Finding::Warned(format!("Server-Timing states no {what}")),
    }
}
