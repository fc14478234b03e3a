//! `vedette status` and `vedette events`: what a running worker says, as a table for people or as
//! JSON for scripts.

use serde_json::{Value, json};

use super::client::{Query, Worker, table, text};
use super::host::ExitCode;
use super::{PROBLEMS, say};

/// What `vedette events` asks for.
pub(super) struct Wanted {
    pub(super) pool: Option<String>,
    pub(super) origin: Option<String>,
    pub(super) since: Option<String>,
    pub(super) json: bool,
}

/// Prints how everything is; 1 if something fails.
pub(super) fn status(as_json: bool) -> ExitCode {
    let all = Query::default();
    let found =
        Worker::named().and_then(|worker| Ok((worker.list("pools", &all)?, worker.list("origins", &all)?)));
    let (pools, origins) = match found {
        Ok(found) => found,
        Err(failure) => return failure.told(),
    };
    let fails = pools.iter().any(|pool| pool["status"] == "fail");
    if as_json {
        say(&json!({ "pools": pools, "origins": origins }).to_string());
    } else {
        let mut rows = vec![["", "status", "since", "why"].map(str::to_owned)];
        for pool in &pools {
            let name = text(pool, "title").or_else(|| text(pool, "name")).unwrap_or_default();
            let of_pool: Vec<&Value> =
                origins.iter().filter(|origin| origin["pool"] == pool["name"]).collect();
            if pool["kind"] != "monitor" {
                rows.push(row(name, pool));
            }
            for origin in of_pool {
                let own = text(origin, "name").unwrap_or_default();
                let name = if pool["kind"] == "monitor" { name.to_owned() } else { format!("  {own}") };
                rows.push(row(&name, origin));
            }
        }
        table(&rows);
    }
    ExitCode::from(if fails { PROBLEMS } else { 0 })
}

fn row(name: &str, of: &Value) -> [String; 4] {
    let [status, since, reason] = ["status", "since", "reason"].map(|key| text(of, key).unwrap_or_default());
    [name, status, since, reason].map(str::to_owned)
}

/// Prints what changed, the latest first.
pub(super) fn events(wanted: &Wanted) -> ExitCode {
    let asked = [("pool", &wanted.pool), ("origin", &wanted.origin), ("since", &wanted.since)];
    let query = Query::of(&asked);
    let events = match Worker::named().and_then(|worker| worker.list("events", &query)) {
        Ok(events) => events,
        Err(failure) => return failure.told(),
    };
    if wanted.json {
        say(&json!({ "events": events }).to_string());
        return ExitCode::SUCCESS;
    }
    let mut rows = vec![["at", "what", "changed", "why"].map(str::to_owned)];
    for event in &events {
        let part = |key: &str| text(event, key).unwrap_or_default();
        let what = match (text(event, "pool"), text(event, "origin")) {
            (Some(pool), Some(origin)) => format!("{pool}/{origin}"),
            (Some(pool), None) => pool.to_owned(),
            (None, _) => part("channel").to_owned(),
        };
        let changed = match (text(event, "from"), text(event, "to")) {
            (Some(from), Some(to)) => format!("{from} -> {to}"),
            _ => "undelivered".to_owned(),
        };
        rows.push([part("at").to_owned(), what, changed, part("reason").to_owned()]);
    }
    table(&rows);
    ExitCode::SUCCESS
}
