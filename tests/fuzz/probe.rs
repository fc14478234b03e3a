//! Replies of hostile origins, and where their redirects lead.

use std::sync::LazyLock;

use url::Url;
use vedette::config::{Config, Origin, ProbeValue};
use vedette::exchange::{End, Head, Reply, Request};
use vedette::probe::{Hop, examine, redirected, request};
use vedette::sample::{Database, Evidence, Finding, Sample};
use vedette::units::{Millis, Name, Timestamp};

use crate::campaign::{Outcome, Subject, law};

/// Origins that expect nothing, much, and an answer to HEAD.
const ORIGINS: &str = r#"
[defaults]
probe.redirects = 3
probe.headers.authorization = { secret = "PROBE_TOKEN" }

[[pool]]
name = "shop"

[[pool.origin]]
name = "lax"
url = "https://a.example.com/app"

[[pool.origin]]
name = "strict"
url = "http://b.example.com:8080"
probe.path = "/health/deep?x=1"
expect.body_contains = "ok"
expect.json = { "/ok" = true, "/checks/0/a~1b" = 1 }
expect.headers = { content-type = "json", x-release = "7" }
expect.max_latency = "800ms"
expect.max_db_calls = 20
expect.max_db_time = "500ms"

[[pool.origin]]
name = "head"
url = "http://[2001:db8::1]:9101"
probe.method = "HEAD"
"#;

static CONFIG: LazyLock<Config> = LazyLock::new(|| Config::parse(ORIGINS).unwrap());

/// What nothing may repeat.
const MARK: &str = "Zq7xMark";

/// The longest reason, in characters: it stands in every answer and every event.
const LONGEST: usize = 300;

/// How it ended and the status code, header fields, and after an empty line the body.
pub const REPLY: Subject = Subject {
    name: "reply",
    share: 15,
    seeds: Vec::new,
    words: &[
        "complete 200\n",
        "long ",
        "timeout ",
        "broken ",
        "redirected ",
        "unsent ",
        "\n\n",
        "\ncf-cache-status: ",
        "\ncache-status: ",
        "\nx-cache: ",
        "\nage: ",
        "\ncontent-type: application/health+json",
        "\nserver: cloudflare",
        "\nserver-timing: ",
        "\nlocation: ",
        "\nx-release: 7",
        "HIT",
        "MISS",
        "STALE",
        "; hit",
        "; fwd=stale",
        "; ttl=-1",
        "db;dur=",
        "db;desc=\"",
        "error code: 1003",
        "{\"status\":\"pass\"}",
        "{\"ok\":true}",
        "\"checks\":[",
        "1e400",
        "Infinity",
        "too many subrequests",
    ],
    check: reply,
};

fn reply(input: &[u8]) -> Outcome {
    let plain = read(input);
    let mut kinds = Vec::new();
    for origin in CONFIG.origins() {
        let sample = judged(origin, &plain)?;
        for marked in marked(&plain) {
            for text in words(&judged(origin, &marked)?) {
                law!(!text.contains(MARK), "what the origin sent is repeated: {text}");
            }
        }
        let said: String = words(&sample).concat().chars().filter(|c| !c.is_ascii_digit()).collect();
        let Database { calls, time } = sample.database;
        kinds.push(format!("{} {} {}: {said}", sample.cache.as_str(), calls.is_some(), time.is_some()));
    }
    Ok(kinds.join(", "))
}

/// The sample of a reply, held to the laws of every sample.
fn judged(origin: &Origin, reply: &Reply) -> Result<Sample, String> {
    let at = Timestamp::from_millis(7);
    let sample = examine(origin, at, reply);
    law!(sample == examine(origin, at, reply), "the same reply is judged in two ways");
    for text in words(&sample) {
        law!(text.chars().count() <= LONGEST, "a reason of {} characters", text.chars().count());
        law!(!text.is_empty() && !text.chars().any(char::is_control), "the reason {text:?}");
    }
    let evidence = sample.evidence();
    if let End::NotSent(_) = reply.end {
        law!(matches!(evidence, Evidence::None(_)), "what was not sent is {evidence:?}");
    }
    if reply.head.is_none() {
        law!(!matches!(evidence, Evidence::Pass | Evidence::Warn(_)), "without an answer it is {evidence:?}");
    }
    Ok(sample)
}

/// Every text that a sample says.
fn words(sample: &Sample) -> Vec<String> {
    let findings = sample.checks.iter().filter_map(|check| match &check.finding {
        Finding::Met => None,
        Finding::Warned(why) | Finding::Broken(why) => Some(why.clone()),
    });
    let reason = match sample.evidence() {
        Evidence::Pass => None,
        Evidence::Warn(why) | Evidence::Unproven(why) | Evidence::Fail(why) | Evidence::None(why) => {
            Some(why)
        }
    };
    findings.chain(reason).collect()
}

/// A reply as the input writes it.
fn read(input: &[u8]) -> Reply {
    let split = input.windows(2).position(|pair| pair == b"\n\n").unwrap_or(input.len());
    let body = input.get(split + 2..).unwrap_or_default().to_vec();
    let text = String::from_utf8_lossy(&input[..split]);
    let mut lines = text.lines();
    let (end, status) = lines.next().and_then(|line| line.split_once(' ')).unwrap_or(("complete", ""));
    let head = status.trim().parse().ok().map(|status| Head {
        status,
        headers: lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.into(), value.into()))
            .collect(),
    });
    let end = match end {
        "long" => End::TooLong,
        "timeout" => End::TimedOut,
        "broken" => End::Broken(status.to_owned()),
        "redirected" => End::Redirected("more redirects than the probe follows".into()),
        "unsent" => End::NotSent("the secret is not set".into()),
        _ => End::Complete,
    };
    let elapsed = Millis::new(body.len() as u64 * 100);
    Reply { end, elapsed, head, body }
}

/// The reply with a mark wherever an origin can put one.
fn marked(reply: &Reply) -> Vec<Reply> {
    let mut in_body = reply.clone();
    in_body.body.extend_from_slice(MARK.as_bytes());
    let mut in_text = reply.clone();
    in_text.body = String::from_utf8_lossy(&reply.body).replace('"', &format!("{MARK}\"")).into_bytes();
    if let End::Broken(words) = &mut in_text.end {
        words.push_str(MARK);
    }
    let mut before = reply.clone();
    let mut after = reply.clone();
    for (_, value) in before.head.iter_mut().flat_map(|head| &mut head.headers) {
        value.insert_str(0, MARK);
    }
    for (_, value) in after.head.iter_mut().flat_map(|head| &mut head.headers) {
        value.push_str(MARK);
    }
    vec![in_body, in_text, before, after]
}

/// `Location`.
pub const LOCATION: Subject = Subject {
    name: "location",
    share: 12,
    seeds: Vec::new,
    words: &[
        "http://",
        "https://",
        "HTTPS://",
        "//",
        "/",
        "\\",
        "@",
        ":",
        "?",
        "#",
        "[::1]",
        "127.0.0.1",
        "169.254.169.254",
        "0x7f.1",
        "localhost",
        "a.example.com",
        "b.example.com:8080",
        "user:pass@",
        "javascript:",
        "file://",
        ":80",
        ":443",
        ":0",
        "%2f",
        "..",
        "\t",
        "%00",
        ";",
        "xn--",
        "。",
    ],
    check: location,
};

fn location(input: &[u8]) -> Outcome {
    let location = String::from_utf8_lossy(input).into_owned();
    let mut kinds = Vec::new();
    for origin in CONFIG.origins() {
        let vantage = Name::parse("weur").map_err(|error| error.to_string())?;
        let first = request(origin, &vantage);
        let head = |location: &str| Head { status: 302, headers: vec![("location".into(), location.into())] };
        kinds.push(match redirected(&first, &head(&location)) {
            None => return Err("a redirect is judged as an answer".into()),
            Some(Hop::Stop(why)) => {
                law!(why.chars().count() <= LONGEST, "a reason of {} characters", why.chars().count());
                why
            }
            Some(Hop::Follow(next)) => followed(&first, &next)?,
        });
        if let Some(Hop::Stop(why)) = redirected(&first, &head(&format!("{location}{MARK}"))) {
            law!(!why.contains(MARK), "what the origin sent is repeated: {why}");
        }
    }
    kinds.dedup();
    Ok(kinds.join(", "))
}

/// A hop counts, and keeps secrets for the host they are meant for. Where it leads is read as the
/// runtime will: by the WHATWG's URL standard.
fn followed(from: &Request, next: &Request) -> Outcome {
    law!(
        (next.redirects, next.followed) == (from.redirects - 1, from.followed + 1),
        "the hop is not counted"
    );
    law!(!next.url.contains(|c: char| c.is_control() || c == ' '), "an address with a space: {:?}", next.url);
    law!(next.method == from.method && next.timeout == from.timeout, "the hop asks for something else");
    let Ok(there) = Url::parse(&next.url) else { return Ok("no address to the runtime".into()) };
    let here = Url::parse(&from.url).map_err(|error| error.to_string())?;
    law!(["http", "https"].contains(&there.scheme()), "it leads to {there}");
    law!(there.username().is_empty() && there.password().is_none(), "it carries credentials: {there}");
    let has_secret = next.headers.iter().any(|(_, value)| matches!(value, ProbeValue::Secret(_)));
    let same = here.origin() == there.origin();
    law!(same || !has_secret, "a secret goes to {there}, read from {:?}", next.url);
    Ok(format!("to {}, secret {has_secret}", if same { "the same host" } else { "another" }))
}
