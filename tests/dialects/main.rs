//! What real caches, health libraries and timing producers send, replayed: each answer of the
//! tables beside this file is read as it is meant, and what holds of their kind is a law.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up has failed"
)]

mod caches;
mod expectations;
mod health;
mod page;

use serde_json::Value;
use vedette::config::{Config, Origin};
use vedette::exchange::{End, Head, Reply};
use vedette::probe::{classify, examine};
use vedette::sample::{CacheClass, Database, Evidence, Sample};
use vedette::units::{Millis, Timestamp};

const TIMINGS: &str = include_str!("timings.json");

/// The answers of a table.
fn answers(table: &str) -> Vec<Value> {
    let table: Value = serde_json::from_str(table).unwrap();
    table["answers"].as_array().unwrap().clone()
}

/// A head with these fields, as an edge hands it on: repeated fields joined.
fn head(status: u16, lines: &[&str]) -> Head {
    let mut headers: Vec<(String, String)> = Vec::new();
    for line in lines {
        let (name, value) = line.split_once(':').unwrap();
        let (name, value) = (name.to_ascii_lowercase(), value.trim());
        match headers.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => known.push_str(&format!(", {value}")),
            None => headers.push((name, value.to_owned())),
        }
    }
    Head { status, headers }
}

fn class(lines: &[&str]) -> CacheClass {
    classify(&head(200, lines)).class
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect()
}

/// An origin with this `probe` and this `expect`.
fn origin(probe: &str, expect: &str) -> Origin {
    let text = format!(
        "[[pool]]\nname = \"shop\"\nprobe = {probe}\nexpect = {expect}\n[[pool.origin]]\nname = \"a\"\nurl = \"https://a.example\""
    );
    let config = Config::parse(&text).unwrap_or_else(|problems| panic!("{problems}"));
    config.pools[0].origins[0].clone()
}

fn sample(origin: &Origin, head: Head, body: &str) -> Sample {
    let reply = Reply {
        end: End::Complete,
        elapsed: Millis::new(40),
        head: Some(head),
        body: body.as_bytes().to_vec(),
    };
    examine(origin, Timestamp::from_millis(7), &reply)
}

/// A word, and why.
fn judged(origin: &Origin, status: u16, media: Option<&str>, body: &str) -> (&'static str, String) {
    let lines: Vec<String> = media.iter().map(|media| format!("Content-Type: {media}")).collect();
    let head = head(status, &lines.iter().map(String::as_str).collect::<Vec<_>>());
    match sample(origin, head, body).evidence() {
        Evidence::Pass => ("pass", String::new()),
        Evidence::Warn(why) => ("warn", why),
        Evidence::Fail(why) => ("fail", why),
        Evidence::Unproven(why) | Evidence::None(why) => ("none", why),
    }
}

#[test]
fn every_timing_is_read_as_it_is_meant() {
    for answer in answers(TIMINGS) {
        let expect = answer.get("expect").map_or("{}", |expect| expect.as_str().unwrap());
        let found = sample(&origin("{}", expect), head(200, &texts(&answer["fields"])), "").database;
        let calls = answer["calls"].as_u64().map(|calls| u32::try_from(calls).unwrap());
        let wanted = Database { calls, time: answer["ms"].as_u64().map(Millis::new) };
        assert_eq!(found, wanted, "{answer}");
    }
}

/// What reading an answer costs: `cargo test --config tests/optimised.toml --test dialects --
/// --ignored --nocapture`. It asserts nothing.
#[test]
#[ignore = "a measurement, of use with optimisation only"]
#[expect(clippy::disallowed_methods, clippy::print_stderr, reason = "it measures, and shows it")]
fn what_reading_an_answer_costs() {
    const ROUNDS: u32 = 2_000;
    let measure = |what: &str, answers: Vec<(Head, String)>| {
        let origin = origin("{}", "{}");
        let begun = std::time::Instant::now();
        for _ in 0..ROUNDS {
            for (head, body) in &answers {
                std::hint::black_box(sample(&origin, head.clone(), body));
            }
        }
        let each = begun.elapsed() / ROUNDS / u32::try_from(answers.len()).unwrap();
        eprintln!("{what}: {each:?} for each of {} answers", answers.len());
    };
    let caches = answers(include_str!("caches.json"));
    measure(
        "cache fields",
        caches.iter().map(|row| (head(200, &texts(&row["fields"])), String::new())).collect(),
    );
    let documents = answers(include_str!("health.json"));
    let document = |row: &Value| {
        let media = row["type"].as_str().map(|media| format!("Content-Type: {media}"));
        let lines: Vec<&str> = media.iter().map(String::as_str).collect();
        (
            head(u16::try_from(row["status"].as_u64().unwrap()).unwrap(), &lines),
            row["body"].as_str().unwrap().to_owned(),
        )
    };
    measure("health documents", documents.iter().map(document).collect());
    let timings = answers(TIMINGS);
    measure(
        "timings",
        timings.iter().map(|row| (head(200, &texts(&row["fields"])), String::new())).collect(),
    );
}
