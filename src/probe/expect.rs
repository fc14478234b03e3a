//! Holds an answer to its expectations, one by one, in the order in which people ask: status, headers, body, then blemishes.

use serde_json::Value;

use super::same::same;
use crate::config::{Expect, Method, Origin};
use crate::exchange::{End, Head, Reply};
use crate::sample::{CacheClass, Check, Finding, Sample};
use crate::units::Millis;

/// Every expectation with its finding.
pub(super) fn judge(origin: &Origin, head: &Head, reply: &Reply, sample: &Sample) -> Vec<Check> {
    let expect = &origin.expect;
    let mut checks = vec![check("status", status(expect, head, &reply.end))];
    if head.status == 429 {
        // The answer of a limiter, not of the service: nothing else in it can be held to what the service should say.
        return checks;
    }
    for (name, needle) in &expect.headers {
        checks.push(check(&format!("headers.{name}"), header(head, name, needle)));
    }
    if origin.probe.method != Method::Head {
        body(expect, head, &reply.body, &mut checks);
    }
    checks.push(check("cache", cache(sample.cache)));
    blemishes(expect, sample, &mut checks);
    checks
}

fn check(expectation: &str, finding: Finding) -> Check {
    Check { expectation: expectation.to_owned(), finding }
}

fn status(expect: &Expect, head: &Head, end: &End) -> Finding {
    let code = head.status;
    if expect.status.iter().any(|range| (range.first..=range.last).contains(&code)) {
        return Finding::Met;
    }
    if let End::Redirected(why) = end {
        return Finding::Broken(format!("status {code}: {why}"));
    }
    if code == 429 {
        return Finding::Warned("status 429: the origin limits how often it is asked".into());
    }
    Finding::Broken(format!("status {code} is not expected"))
}

fn header(head: &Head, name: &str, needle: &str) -> Finding {
    match head.header(name) {
        None => Finding::Broken(format!("header {name} is missing")),
        Some(value) if value.to_ascii_lowercase().contains(&needle.to_ascii_lowercase()) => Finding::Met,
        Some(_) => Finding::Broken(format!("header {name} does not have the expected text")),
    }
}

fn body(expect: &Expect, head: &Head, body: &[u8], checks: &mut Vec<Check>) {
    if let Some(needle) = &expect.body_contains {
        let found = body.windows(needle.len()).any(|window| window == needle.as_bytes());
        let missing = || Finding::Broken("the body does not contain the expected text".into());
        checks.push(check("body_contains", if found { Finding::Met } else { missing() }));
    }
    let own_word = head
        .header("content-type")
        .is_some_and(|kind| kind.to_ascii_lowercase().starts_with("application/health+json"));
    if expect.json.is_empty() && !own_word {
        return;
    }
    let document: Option<Value> = serde_json::from_slice(body).ok();
    for (pointer, wanted) in &expect.json {
        checks.push(check(&format!("json.{pointer}"), has(document.as_ref(), pointer, wanted)));
    }
    if own_word {
        let word = document.as_ref().and_then(|document| document.pointer("/status"));
        checks.push(check("health document", health_word(word)));
    }
}

fn has(document: Option<&Value>, pointer: &str, wanted: &str) -> Finding {
    let Some(document) = document else { return Finding::Broken("the body is not valid JSON".into()) };
    match document.pointer(pointer) {
        None => Finding::Broken(format!("JSON {pointer} is missing")),
        Some(value) if serde_json::from_str(wanted).is_ok_and(|wanted| same(value, &wanted)) => Finding::Met,
        Some(_) => Finding::Broken(format!("JSON {pointer} does not have the expected value")),
    }
}

/// The status words of draft-inadarei-api-health-check-06 section 3.1 with their aliases.
fn health_word(word: Option<&Value>) -> Finding {
    let word = match word {
        Some(Value::String(word)) => word.to_ascii_lowercase(),
        Some(_) | None => String::new(),
    };
    match word.as_str() {
        "pass" | "ok" | "up" => Finding::Met,
        "warn" => Finding::Warned("the origin's own health document says warn".into()),
        "fail" | "error" | "down" => Finding::Broken("the origin's own health document says fail".into()),
        _ => Finding::Warned("the health document has no status that is known".into()),
    }
}

fn cache(class: CacheClass) -> Finding {
    match class {
        CacheClass::OriginProven | CacheClass::Unclassified => Finding::Met,
        CacheClass::EdgeOnly => {
            Finding::Warned("a cache answered: this proves nothing about the origin".into())
        }
        CacheClass::CounterProof => {
            Finding::Broken("a cache answered stale: it could not reach the origin".into())
        }
    }
}

fn blemishes(expect: &Expect, sample: &Sample, checks: &mut Vec<Check>) {
    if let Some(most) = expect.max_latency {
        checks.push(check("max_latency", at_most("response time", Some(sample.latency), most)));
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

fn at_most(what: &str, measured: Option<Millis>, most: Millis) -> Finding {
    match measured {
        Some(measured) if measured > most => Finding::Warned(format!("{what} {measured} is over {most}")),
        Some(_) => Finding::Met,
        None => Finding::Warned(format!("Server-Timing states no {what}")),
    }
}
