//! The Arbiter's rows in its database: reads them all at once, and writes those of one step in one
//! transaction. Which rows there are is said by the core; the tables' names stand here.

use worker::{Result, SqlStorageValue, Storage};

use super::{caught, log};
use crate::arbiter::{EVENTS_KEPT, Row, SCHEMA_VERSION, Table};
use crate::limits::EVENTS_SHOWN;

/// All rows that are stored; the tables are made where there are none yet.
pub(super) fn read(storage: &Storage) -> Result<Vec<Row>> {
    let sql = storage.sql();
    for statement in [
        "CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID",
        "CREATE TABLE IF NOT EXISTS v1_shards (key TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID",
        "CREATE TABLE IF NOT EXISTS v1_pools (key TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID",
        "CREATE TABLE IF NOT EXISTS v1_outbox (key TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID",
        "CREATE TABLE IF NOT EXISTS v1_events (id INTEGER PRIMARY KEY, body TEXT NOT NULL)",
    ] {
        sql.exec(statement, None)?;
    }
    let newest = caught::pairs(storage, "SELECT key, body FROM meta WHERE key = 'schema'")?;
    let schema = newest.first().and_then(|(_, body)| body.parse::<u32>().ok());
    match schema {
        None => {
            let version = SqlStorageValue::from(SCHEMA_VERSION.to_string());
            sql.exec("INSERT INTO meta (key, body) VALUES ('schema', ?)", vec![version])?;
        }
        Some(found) if found > SCHEMA_VERSION => {
            log::warn("storage_of_a_later_release", &[("schema", &found), ("own", &SCHEMA_VERSION)]);
        }
        Some(_) => {}
    }
    let mut rows = Vec::new();
    // Every row that is read is paid for, each time that the object is made anew: no more of them than are shown.
    let latest = format!(
        "SELECT key, body FROM (SELECT id, '' AS key, body FROM v1_events ORDER BY id DESC LIMIT {EVENTS_SHOWN}) ORDER BY id"
    );
    for (table, statement) in [
        (Table::Shards, "SELECT key, body FROM v1_shards"),
        (Table::Pools, "SELECT key, body FROM v1_pools"),
        (Table::Outbox, "SELECT key, body FROM v1_outbox"),
        (Table::Events, latest.as_str()),
        (Table::Meta, "SELECT key, body FROM meta WHERE key <> 'schema'"),
    ] {
        let stored = caught::pairs(storage, statement)?;
        rows.extend(stored.into_iter().map(|(key, text)| Row { table, key, text }));
    }
    Ok(rows)
}

/// Writes rows in one transaction.
pub(super) fn write_all(storage: &Storage, rows: &[Row]) -> Result<()> {
    caught::transaction(storage, || {
        #[cfg(feature = "trap")]
        if super::trap::is_down("last-row") && rows.len() > 2 {
            let but_one = rows.split_last().map_or(rows, |(_, rest)| rest);
            but_one.iter().try_for_each(|row| write(storage, row))?;
            return Err("not written, on purpose".into());
        }
        rows.iter().try_for_each(|row| write(storage, row))
    })
}

fn write(storage: &Storage, row: &Row) -> Result<()> {
    let sql = storage.sql();
    let run = |statement: &str, values: &[&String]| {
        let values: Vec<SqlStorageValue> = values.iter().map(|value| value.as_str().into()).collect();
        sql.exec(statement, values).map(drop)
    };
    let upsert = |table: &str| {
        let statement = format!(
            "INSERT INTO {table} (key, body) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET body = excluded.body"
        );
        run(&statement, &[&row.key, &row.text])
    };
    match row.table {
        Table::Shards => upsert("v1_shards"),
        Table::Pools => upsert("v1_pools"),
        Table::Meta if row.text.is_empty() => run("DELETE FROM meta WHERE key = ?", &[&row.key]),
        Table::Meta => upsert("meta"),
        Table::Outbox if row.text.is_empty() => run("DELETE FROM v1_outbox WHERE key = ?", &[&row.key]),
        Table::Outbox => upsert("v1_outbox"),
        Table::Events => {
            run("INSERT INTO v1_events (body) VALUES (?)", &[&row.text])?;
            let statement =
                format!("DELETE FROM v1_events WHERE id <= (SELECT MAX(id) FROM v1_events) - {EVENTS_KEPT}");
            run(&statement, &[])
        }
    }
}
