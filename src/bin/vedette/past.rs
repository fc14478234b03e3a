//! `vedette incidents`, `vedette incident` and `vedette history`: what was, as a table for people
//! or as JSON for scripts; and what somebody notes of an incident.

use serde_json::{Map, Value, json};
use vedette::units::{Millis, Timestamp};

use super::client::{Failure, Query, Worker, table, text};
use super::host::{self, ExitCode};
use super::say;

/// What `vedette incidents` asks for.
pub(super) struct Incidents {
    pub(super) pool: Option<String>,
    pub(super) open: bool,
    pub(super) from: Option<String>,
    pub(super) to: Option<String>,
    pub(super) json: bool,
}

/// What `vedette history` asks for.
pub(super) struct History {
    pub(super) origin: String,
    pub(super) from: Option<String>,
    pub(super) to: Option<String>,
    pub(super) step: Option<String>,
    pub(super) class: Option<String>,
    pub(super) vantage: Option<String>,
    pub(super) json: bool,
}

/// Prints incidents, the latest first.
pub(super) fn incidents(wanted: &Incidents) -> ExitCode {
    ended(list(wanted))
}

/// Prints one incident with its notes.
pub(super) fn incident(id: &str, as_json: bool) -> ExitCode {
    ended(one(id, as_json))
}

/// Notes something of an incident.
pub(super) fn note(id: &str, words: &str) -> ExitCode {
    ended(noted(id, words))
}

/// Prints what was measured of an origin, step by step.
pub(super) fn history(wanted: &History) -> ExitCode {
    ended(measured(wanted))
}

fn ended(result: Result<(), Failure>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.told(),
    }
}

fn list(wanted: &Incidents) -> Result<(), Failure> {
    let open = wanted.open.then(|| "true".to_owned());
    let asked = [("pool", &wanted.pool), ("open", &open), ("from", &wanted.from), ("to", &wanted.to)];
    let incidents = Worker::named()?.list("incidents", &Query::of(&asked))?;
    if wanted.json {
        say(&json!({ "incidents": incidents }).to_string());
        return Ok(());
    }
    let mut rows = vec![["opened", "lasted", "id", "what", "seen from", "cause"].map(str::to_owned)];
    rows.extend(incidents.iter().filter_map(Value::as_object).map(|incident| {
        [
            member(incident, "opened"),
            lasted(incident),
            member(incident, "id"),
            member(incident, "worst"),
            names(incident, "vantages"),
            cause(incident),
        ]
    }));
    table(&rows);
    Ok(())
}

fn one(id: &str, as_json: bool) -> Result<(), Failure> {
    let incident = Worker::named()?.get(&of_incident(id, "")?)?;
    if as_json {
        say(&Value::Object(incident).to_string());
        return Ok(());
    }
    let served = incident.get("served").and_then(Value::as_array).into_iter().flatten();
    let served: Vec<String> = served
        .map(|one| {
            format!("{} from {}", text(one, "origin").unwrap_or("nobody"), text(one, "from").unwrap_or("-"))
        })
        .collect();
    let rows = [
        ("pool", member(&incident, "pool")),
        ("worst", member(&incident, "worst")),
        ("opened", member(&incident, "opened")),
        ("closed", incident.get("closed").and_then(Value::as_str).unwrap_or("still open").to_owned()),
        ("lasted", lasted(&incident)),
        ("cause", cause(&incident)),
        ("origins", names(&incident, "origins")),
        ("seen from", names(&incident, "vantages")),
        ("served", served.join(", ")),
    ];
    let mut rows: Vec<[String; 2]> = rows.map(|(name, value)| [name.to_owned(), value]).into();
    for note in incident.get("notes").and_then(Value::as_array).into_iter().flatten() {
        let [at, who, words] = ["at", "who", "text"].map(|key| text(note, key).unwrap_or_default());
        let by = if who.is_empty() { String::new() } else { format!("{who}: ") };
        // A line of a note is a line here.
        let mut lines = words.lines();
        rows.push([format!("note {at}"), format!("{by}{}", lines.next().unwrap_or_default())]);
        rows.extend(lines.map(|line| [String::new(), line.to_owned()]));
    }
    table(&rows);
    Ok(())
}

fn noted(id: &str, words: &str) -> Result<(), Failure> {
    let note = Worker::named()?.post(&of_incident(id, "/notes")?, &json!({ "text": words }))?;
    say(&format!("noted at {}", member(&note, "at")));
    Ok(())
}

fn measured(wanted: &History) -> Result<(), Failure> {
    let asked = [
        ("from", &wanted.from),
        ("to", &wanted.to),
        ("step", &wanted.step),
        ("class", &wanted.class),
        ("vantage", &wanted.vantage),
    ];
    let Some((pool, origin)) =
        wanted.origin.split_once('/').filter(|(pool, origin)| plain(pool) && plain(origin))
    else {
        let way_out =
            "the origin is written POOL/ORIGIN, as shop/primary; a monitor twice its name, as docs/docs";
        return Err(Failure::Usage(way_out.to_owned()));
    };
    let history = Worker::named()?.get(&Query::of(&asked).after(&format!("/v1/history/{pool}/{origin}")))?;
    if wanted.json {
        say(&Value::Object(history).to_string());
        return Ok(());
    }
    let mut rows = vec![
        ["from", "class", "samples", "failed", "p50 ms", "p95 ms", "p99 ms", "db p95 ms", "db calls"]
            .map(str::to_owned),
    ];
    for step in history.get("steps").and_then(Value::as_array).into_iter().flatten() {
        let at = text(step, "at").unwrap_or_default();
        let classes = step.get("classes").and_then(Value::as_object).into_iter().flatten();
        let before = rows.len();
        rows.extend(classes.map(|(class, sums)| sums_of(at, class, sums)));
        if rows.len() == before {
            rows.push([at, "nobody looked", "", "", "", "", "", "", ""].map(str::to_owned));
        }
    }
    table(&rows);
    Ok(())
}

/// What was measured of one cache class in one step.
fn sums_of(at: &str, class: &str, sums: &Value) -> [String; 9] {
    let count = |key: &str| sums.get(key).and_then(Value::as_u64).unwrap_or_default();
    let quantile =
        |of: &str, share: &str| match sums.get(of).and_then(|of| of.get("quantiles")?.get(share)?.as_u64()) {
            Some(value) => value.to_string(),
            None => "-".to_owned(),
        };
    let calls = match count("db_stated") {
        0 => "-".to_owned(),
        stated => {
            let tenths = count("db_calls").saturating_mul(10) / stated;
            format!("{}.{}", tenths / 10, tenths % 10)
        }
    };
    [
        at.to_owned(),
        class.to_owned(),
        count("samples").to_string(),
        count("fail").to_string(),
        quantile("response_ms", "0.5"),
        quantile("response_ms", "0.95"),
        quantile("response_ms", "0.99"),
        quantile("db_ms", "0.95"),
        calls,
    ]
}

/// The target of an incident, whose name may be anything that somebody typed.
fn of_incident(id: &str, end: &str) -> Result<String, Failure> {
    if !plain(id) {
        let way_out = "an incident is named as `vedette incidents` names it, as shop-mkz3k0q8";
        return Err(Failure::Usage(way_out.to_owned()));
    }
    Ok(format!("/v1/incidents/{id}{end}"))
}

/// Whether a name can stand in a path as it is.
fn plain(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn member(of: &Map<String, Value>, key: &str) -> String {
    of.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn names(of: &Map<String, Value>, key: &str) -> String {
    let names = of.get(key).and_then(Value::as_array).into_iter().flatten();
    names.filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
}

/// Its cause in words, with what people found if they noted it.
fn cause(incident: &Map<String, Value>) -> String {
    let cause = incident.get("cause");
    let part = |key: &str| cause.and_then(|cause| text(cause, key)).unwrap_or_default();
    let count = incident.get("note_count").and_then(Value::as_u64).unwrap_or_default();
    let mark = if count > 0 { format!(" (notes: {count})") } else { String::new() };
    format!("{}: {}{mark}", part("origin"), part("reason"))
}

/// For how long it lasted; of one that is open, which the worker does not say, until now.
fn lasted(incident: &Map<String, Value>) -> String {
    match incident.get("length_s").and_then(Value::as_u64) {
        Some(seconds) => Millis::from_secs(seconds).to_string(),
        None => match Timestamp::parse(&member(incident, "opened")) {
            Some(opened) => format!("{} so far", Millis::from_secs(host::now().since(opened).as_secs())),
            None => "still open".to_owned(),
        },
    }
}
