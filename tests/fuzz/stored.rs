//! What is stored and sent between the parts: snapshots, reports and rows.

use vedette::arbiter::{Arbiter, Effect, Event, Row, Table};
use vedette::budget;
use vedette::config::Config;
use vedette::json;
use vedette::schedule;
use vedette::serve::{Ask, Basis, Plan, answer, plan};
use vedette::snapshot::{Part, Snapshot, Transition};
use vedette::units::{Millis, Name, Timestamp};
use vedette::vantage::{self, Duty, Prober};
use vedette::vote::Report;

use crate::campaign::{Outcome, Subject, law};
use crate::serve::{basis, lawful, shop};

const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

/// The words of all formats.
const WORDS: &[&str] = &[
    "\"version\":1",
    "\"pool\":\"shop\"",
    "shop/primary",
    "origin-proven",
    "enam",
    "weur",
    "0of1",
    "pass",
    "warn",
    "fail",
    "unknown",
    "undecided",
    "null",
    "true",
    "18446744073709551615",
    "253402300800000",
    "-1",
    "1.5",
    "1e3",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\\u0000",
    "\\ud800",
    "\"colo\":\"\\r\\n\"",
];

/// Snapshots, as caches and KV give them back.
pub const SNAPSHOT: Subject =
    Subject { name: "snapshot", share: 5, seeds: snapshots, words: WORDS, check: snapshot };

/// What the Arbiter hands out once one vantage has reported failures.
fn snapshots() -> Vec<Vec<u8>> {
    let arbiter = reported().0;
    ["whole", "summary", "pool/shop"]
        .map(|part| json::write(&arbiter.snapshot(&Part::parse(part).unwrap(), NOW)).into_bytes())
        .into()
}

fn reports() -> Vec<Vec<u8>> {
    ["weur", "enam"].map(|vantage| json::write(&failing(vantage)).into_bytes()).into()
}

/// What the Arbiter stores of that, each row after the letter of its table.
fn rows() -> Vec<Vec<u8>> {
    let letter = |row: &Row| match row.table {
        Table::Shards => 's',
        Table::Pools => 'p',
        Table::Events => 'e',
        Table::Meta => 'm',
        Table::Outbox if row.key.contains('/') => 'o',
        Table::Outbox => 'h',
    };
    let rows = reported().1;
    assert!(rows.iter().any(|row| row.table == Table::Outbox && !row.key.contains('/')), "a message waits");
    rows.iter().map(|row| format!("{}{}", letter(row), row.text).into_bytes()).collect()
}

fn reported() -> (Arbiter, Vec<Row>) {
    let mut arbiter = Arbiter::new(shop(), &[], NOW);
    let mut effects = arbiter.step(Event::Reported(failing("enam")), NOW);
    // Long enough after it somebody is told that the rest is unknown.
    let told = NOW.plus(Millis::from_secs(120));
    let mut later = arbiter.clone();
    effects.extend(later.step(Event::Woken, told));
    effects.extend(later.step(Event::Woken, told.plus(Millis::from_secs(10))));
    let rows = effects
        .into_iter()
        .flat_map(|effect| if let Effect::Persist(rows) = effect { rows } else { Vec::new() });
    (arbiter, rows.collect())
}

/// The report of a vantage that saw every origin of its fail.
fn failing(vantage: &str) -> Report {
    let config = shop();
    let mine = config.origins().filter(|origin| origin.vantages.iter().any(|name| name.as_str() == vantage));
    let votes = mine.map(|origin| {
        format!(
            r#"{{"origin":"{}","definition":"{}","opinion":"fail","held":1000,"age":20,"run":3,"seen":{{"reason":"status 500 is not expected","warned":false,"failed":true,"unproven":false,"latency":12,"status":500,"cache":"origin-proven","database":{{"calls":2,"time":null}}}}}}"#,
            origin.id, origin.definition
        )
    });
    let votes = votes.collect::<Vec<_>>().join(",");
    let text = format!(
        r#"{{"version":1,"vantage":"{vantage}","shard":"0of1","seq":7,"config":"{}","lag":3,"missed":0,"colo":"AMS","votes":[{votes}],"blind":{{"shop/standby":"why"}},"fast":null}}"#,
        config.hash
    );
    json::read(&text).unwrap()
}

fn snapshot(input: &[u8]) -> Outcome {
    let text = &*String::from_utf8_lossy(input);
    let Some(read) = json::read::<Snapshot>(text) else { return Ok("refused".into()) };
    let config = shop();
    law!(
        Snapshot::parse(text, config.hash).is_none() || read.config == config.hash,
        "it is another configuration's"
    );
    let again = Snapshot::parse(&json::write(&read), read.config);
    law!(again.is_none_or(|again| again == read), "it is read back as something else");
    // It came from a cache: what stands in it may not break an answer.
    let statuses = served(&config, &read)?;
    Ok(format!(
        "{} pools, {} watched, {} events: {statuses}",
        read.pools.len(),
        read.watch.len(),
        read.events.len()
    ))
}

/// The status codes of every kind of answer from a snapshot, each held to the laws. The redirect is
/// left out: where it leads is what the snapshot says, and no one but the Arbiter writes snapshots.
fn served(config: &Config, snapshot: &Snapshot) -> Outcome {
    let mut statuses = Vec::new();
    let targets = [
        "/",
        "/health",
        "/health/shop",
        "/health/shop/primary",
        "/health?format=text",
        "/route/shop",
        "/route/shop?format=text",
        "/readyz?verbose",
    ];
    for target in targets {
        let ask = Ask { method: "GET", target, if_none_match: None, caller: None, accept: None };
        if let Plan::FromSnapshot(target) = plan(Ok(config), &ask) {
            let answer = answer(&target, &ask, &Basis { snapshot, config, ..basis() });
            lawful(&answer)?;
            statuses.push(answer.status.to_string());
        }
    }
    Ok(statuses.join(" "))
}

/// Reports of a vantage to the Arbiter.
pub const REPORT: Subject = Subject { name: "report", share: 5, seeds: reports, words: WORDS, check: report };

fn report(input: &[u8]) -> Outcome {
    let Some(report) = json::read::<Report>(&String::from_utf8_lossy(input)) else {
        return Ok("refused".into());
    };
    let again = json::read::<Report>(&json::write(&report));
    law!(again.as_ref() == Some(&report), "it is read back as something else");
    // One vantage of two has voted, so that this report may decide.
    let (mut arbiter, _) = reported();
    let first = arbiter.step(Event::Reported(report.clone()), NOW);
    let second = arbiter.step(Event::Reported(report), NOW.plus(Millis::from_secs(1)));
    Ok(format!("{}, then {}: {}", told(&first), told(&second), settled(&arbiter)?))
}

/// Effects in a few words.
fn told(effects: &[Effect]) -> String {
    let words = effects.iter().map(|effect| match effect {
        Effect::Persist(rows) => format!("{} rows", rows.len()),
        Effect::Remember(_) => "remembered".to_owned(),
        Effect::Publish(_) => "published".to_owned(),
        Effect::Push { pool, revision } => format!("{pool} at {revision}"),
        Effect::PushAll(revision) => format!("all at {revision}"),
        Effect::Changed(Transition { subject, from, to, .. }) => format!("{subject} {from:?} {to:?}"),
        Effect::WakeAt(_) => "alarm".to_owned(),
        Effect::Arm(_) | Effect::ProbeNow(..) => "armed".to_owned(),
        Effect::Superseded(_) => "superseded".to_owned(),
        Effect::Gather(_) => "gathers".to_owned(),
        Effect::Wrote(_) => "wrote".to_owned(),
        Effect::Deliver(_) => "sent".to_owned(),
        Effect::GivenUp(_) => "given up".to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}

/// What the Arbiter knows can be sent and answered from.
fn settled(arbiter: &Arbiter) -> Outcome {
    let config = shop();
    for part in ["whole", "summary", "pool/shop"] {
        let snapshot = arbiter.snapshot(&Part::parse(part).ok_or("no such part")?, NOW);
        let again = Snapshot::parse(&json::write(&snapshot), config.hash);
        law!(again == Some(snapshot.clone()), "{part} is read back as something else");
    }
    served(&config, &arbiter.snapshot(&Part::Whole, NOW))
}

/// Rows of the Arbiter and of a vantage; the first byte of an input chooses which.
pub const ROW: Subject = Subject { name: "row", share: 3, seeds: rows, words: WORDS, check: row };

fn row(input: &[u8]) -> Outcome {
    let (kind, text) = input.split_first().unwrap_or((&b'w', &[]));
    let text = String::from_utf8_lossy(text).into_owned();
    let table = match kind {
        b's' => Table::Shards,
        b'p' => Table::Pools,
        b'e' => Table::Events,
        b'm' => Table::Meta,
        b'o' | b'h' => Table::Outbox,
        _ => return watch(&text),
    };
    let key = match kind {
        b'o' => "ops/pool/shop",
        b'h' => "ops",
        _ => "snapshot",
    };
    let row = Row { table, key: key.into(), text };
    let mut arbiter = Arbiter::new(shop(), &[row.clone(), row], NOW);
    let effects = arbiter.step(Event::Woken, NOW);
    Ok(format!("{table:?}: {}: {}", told(&effects), settled(&arbiter)?))
}

fn watch(text: &str) -> Outcome {
    let config = shop();
    let vantage = Name::parse("weur").map_err(|error| error.to_string())?;
    let shards = schedule::shards(&config, &vantage);
    let shard = shards.first().ok_or("no shard")?;
    let duty =
        Duty { config: &config, vantage: &vantage, shard, daily: budget::deployment(config.clone()).daily };
    let mut prober = Prober::new(&duty, Some(text), NOW);
    let stored = prober.stored();
    let again = Prober::new(&duty, Some(&stored), NOW).stored();
    law!(stored == again, "{stored} is stored as {again}");
    let effects = prober.step(vantage::Event::Alarm, NOW).len();
    Ok(format!("{effects} effects"))
}
