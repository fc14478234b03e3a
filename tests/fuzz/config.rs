//! Configurations, as text and compiled.

use std::path::Path;

use vedette::budget;
use vedette::config::{Config, Deployment, Problems, compile};
use vedette::proxy::open::Open;
use vedette::schedule;

use crate::campaign::{Outcome, Subject, folder, law};

/// What no message may repeat once it stands in an address.
const PASSWORD: &str = "hunter2";

/// `vedette.toml`. The seeds are the good and the bad files of `tests/config`, too.
pub const TEXT: Subject = Subject {
    name: "config",
    share: 15,
    seeds: || [folder(Path::new("config/good")), folder(Path::new("config/bad"))].concat(),
    words: &[
        "\n[defaults]\n",
        "\n[[pool]]\n",
        "\n[pool]\n",
        "\n[[pool.origin]]\n",
        "\n[[vantage]]\n",
        "\n[[route]]\n",
        "\nname = \"a\"\n",
        "\nurl = \"http://a\"\n",
        "interval",
        "timeout",
        "window",
        "vantages",
        "quorum",
        "min_votes",
        "vote_ttl",
        "probe.headers.",
        "probe = { ",
        "expect.json.",
        "expect.status",
        "{ secret = \"A\" }",
        " = ",
        "\"\"\"",
        "'''",
        "\\u0040",
        "\\u0000",
        "https://admin:hunter2@a.example.com",
        "http://[::1%25eth0]:1",
        "\"10s\"",
        "\"1ms\"",
        "\"3/5\"",
        "\"60%\"",
        "\"9999999999999999999y\"",
        "1979-05-27T07:32:00Z",
        "0xffffffffffffffff",
        "inf",
        "#",
    ],
    check: text,
};

/// What is deployed of a configuration, as the command line compiles it.
fn uploaded(checked: &Result<Deployment, Problems>) -> String {
    let open = checked.as_ref().ok().and_then(|deployment| Open::of(&deployment.config));
    compile(checked, open.as_ref())
}

fn text(input: &[u8]) -> Outcome {
    let text = String::from_utf8_lossy(input);
    let parsed = Config::parse(&text);
    law!(parsed == Config::parse(&text), "the same text is read in two ways");
    let deployed = parsed.clone().map(budget::deployment);
    let compiled = Deployment::from_compiled(&uploaded(&deployed));
    match &parsed {
        Ok(config) => {
            law!(compiled == deployed, "it is compiled to something else: {compiled:?}");
            let wanted: usize = config.origins().map(|origin| origin.vantages.len()).sum();
            law!(scheduled(config) == wanted, "an origin has no shard");
            Ok(format!("good, {} pools, {} vantages", config.pools.len(), config.vantages.len()))
        }
        Err(problems) => {
            told(&text, problems)?;
            law!(compiled.is_err(), "what is refused is compiled to what is not");
            let said: Vec<String> =
                problems.iter().take(3).map(|problem| wording(&problem.message)).collect();
            Ok(said.join("; "))
        }
    }
}

/// How many origins the shards of all vantages probe together.
fn scheduled(config: &Config) -> usize {
    let shards = config.vantages.iter().flat_map(|vantage| schedule::shards(config, &vantage.name));
    shards.map(|shard| shard.origins.len()).sum()
}

/// A report is short, printable, points into the file and keeps passwords to itself.
fn told(text: &str, problems: &Problems) -> Result<(), String> {
    let lines = u32::try_from(text.split('\n').count()).unwrap();
    law!(problems.iter().count() > 0, "it is refused for no reason");
    for problem in problems {
        let shown = problem.to_string();
        law!(!problem.message.is_empty(), "{shown:?} says nothing");
        law!(shown.chars().count() < 1_500, "a problem of {} characters", shown.chars().count());
        law!(!shown.chars().any(char::is_control), "a terminal is told to do something: {shown:?}");
        law!(problem.line.is_none_or(|line| (1..=lines).contains(&line)), "no such line: {shown}");
    }
    let report = problems.to_string();
    let secret = text.contains(PASSWORD) && !without_users(text).contains(PASSWORD);
    law!(!secret || !report.contains(PASSWORD), "a password is told: {report}");
    Ok(())
}

/// The text without what stands before the `@` of addresses.
fn without_users(text: &str) -> String {
    let mut parts = text.split("://");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |kept, part| {
        let end = part.find(|c: char| c.is_whitespace() || "\"'/".contains(c)).unwrap_or(part.len());
        let user = part[..end].rfind('@').unwrap_or_default();
        kept + "://" + &part[user..]
    })
}

/// A message without what it quotes.
fn wording(message: &str) -> String {
    let plain: Vec<&str> = message.split('"').step_by(2).collect();
    plain.concat().chars().filter(|c| !c.is_ascii_digit()).take(80).collect()
}

/// What [`compile`] makes. The worker trusts it, and yet no input may stop it.
pub const COMPILED: Subject = Subject {
    name: "compiled",
    share: 12,
    seeds: || {
        let files = [folder(Path::new("config/good")), folder(Path::new("config/bad"))].concat();
        let small = files.iter().filter(|file| file.len() < 4_096);
        let parsed = small.map(|file| Config::parse(&String::from_utf8_lossy(file)));
        parsed.map(|parsed| uploaded(&parsed.map(budget::deployment)).into_bytes()).collect()
    },
    words: &[
        "\"form\":1",
        "\"form\":2",
        "\"config\":",
        "\"problems\":[",
        "null",
        "near weur",
        "bound to ",
        "text ",
        "{",
        "}",
    ],
    check: compiled,
};

fn compiled(input: &[u8]) -> Outcome {
    match Deployment::from_compiled(&String::from_utf8_lossy(input)) {
        Ok(deployment) => {
            scheduled(&deployment.config);
            let again = Deployment::from_compiled(&uploaded(&Ok(deployment.clone())));
            law!(again.as_ref() == Ok(&deployment), "it is read back as something else: {again:?}");
            Ok(format!("good, {} pools", deployment.config.pools.len()))
        }
        Err(problems) => {
            law!(problems.iter().count() > 0, "it is refused for no reason");
            Ok(wording(&problems.to_string()))
        }
    }
}
