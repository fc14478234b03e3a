//! The Arbiter's rows in its database: reads them all at once, and writes those of one step in one
//! transaction. Which rows and tables there are is said by the core.

use std::collections::BTreeMap;

use worker::{Result, SqlStorageValue, Storage};

use super::{caught, log};
use crate::arbiter::{EVENTS_KEPT, Memories, Row, SCHEMA_VERSION, Table};
use crate::availability;
use crate::history::{self, HistoryRow, Stored};
use crate::limits::EVENTS_SHOWN;
use crate::units::Name;

/// All rows that are stored; the tables are made where there are none yet.
pub(super) fn read(storage: &Storage) -> Result<Vec<Row>> {
    let sql = storage.sql();
    for table in Table::ALL {
        let name = table.name();
        let columns = match table {
            Table::Events => "(id INTEGER PRIMARY KEY, body TEXT NOT NULL)",
            Table::Shards | Table::Pools | Table::Outbox | Table::Meta => {
                "(key TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID"
            }
        };
        sql.exec(&format!("CREATE TABLE IF NOT EXISTS {name} {columns}"), None)?;
    }
    let columns = "(key TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID";
    sql.exec(&format!("CREATE TABLE IF NOT EXISTS {} {columns}", history::TABLE), None)?;
    let meta = Table::Meta.name();
    let newest = caught::pairs(storage, &format!("SELECT key, body FROM {meta} WHERE key = 'schema'"))?;
    let schema = newest.first().and_then(|(_, body)| body.parse::<u32>().ok());
    match schema {
        None => {
            let version = SqlStorageValue::from(SCHEMA_VERSION.to_string());
            sql.exec(&format!("INSERT INTO {meta} (key, body) VALUES ('schema', ?)"), vec![version])?;
        }
        Some(found) if found > SCHEMA_VERSION => {
            log::warn("storage_of_a_later_release", &[("schema", &found), ("own", &SCHEMA_VERSION)]);
        }
        Some(_) => {}
    }
    let mut rows = Vec::new();
    for table in Table::ALL {
        let name = table.name();
        let statement = match table {
            // Every row that is read is paid for, each time that the object is made anew: no more
            // of them than are shown.
            Table::Events => format!(
                "SELECT key, body FROM (SELECT id, '' AS key, body FROM {name} ORDER BY id DESC LIMIT {EVENTS_SHOWN}) ORDER BY id"
            ),
            Table::Meta => format!("SELECT key, body FROM {name} WHERE key <> 'schema'"),
            Table::Shards | Table::Pools | Table::Outbox => format!("SELECT key, body FROM {name}"),
        };
        let stored = caught::pairs(storage, &statement)?;
        rows.extend(stored.into_iter().map(|(key, text)| Row { table, key, text }));
    }
    Ok(rows)
}

/// Writes rows, and those of history that a step changes, in one transaction.
pub(super) fn write_all(storage: &Storage, rows: &[Row], memories: &Memories) -> Result<()> {
    let history = remembered(storage, memories)?;
    caught::transaction(storage, || {
        #[cfg(feature = "trap")]
        if super::trap::is_down("last-row") && rows.len() > 2 {
            let but_one = rows.split_last().map_or(rows, |(_, rest)| rest);
            but_one.iter().try_for_each(|row| write(storage, row))?;
            return Err("not written, on purpose".into());
        }
        rows.iter().try_for_each(|row| write(storage, row))?;
        history.iter().try_for_each(|row| remember(storage, row))
    })
}

/// The rows of history that a step changes.
fn remembered(storage: &Storage, memories: &Memories) -> Result<Vec<HistoryRow>> {
    let query = format!("SELECT key, body FROM {} WHERE key > ? ORDER BY key LIMIT 1", history::TABLE);
    let next = |key: &str| caught::pair(storage, &query, key);
    of_history(storage, |at| caught::all_read(next, |after| memories.rows(&Stored { at, after })))?
}

fn remember(storage: &Storage, row: &HistoryRow) -> Result<()> {
    let table = history::TABLE;
    if row.text.is_empty() {
        let statement = format!("DELETE FROM {table} WHERE key = ?");
        return storage.sql().exec(&statement, vec![row.key.as_str().into()]).map(drop);
    }
    let statement = format!(
        "INSERT INTO {table} (key, body) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET body = excluded.body"
    );
    let values: Vec<SqlStorageValue> = vec![row.key.as_str().into(), row.text.as_str().into()];
    storage.sql().exec(&statement, values).map(drop)
}

fn write(storage: &Storage, row: &Row) -> Result<()> {
    let sql = storage.sql();
    let run = |statement: &str, values: &[&String]| {
        let values: Vec<SqlStorageValue> = values.iter().map(|value| value.as_str().into()).collect();
        sql.exec(statement, values).map(drop)
    };
    let table = row.table.name();
    match row.table {
        Table::Shards | Table::Meta | Table::Outbox if row.text.is_empty() => {
            run(&format!("DELETE FROM {table} WHERE key = ?"), &[&row.key])
        }
        Table::Shards | Table::Pools | Table::Meta | Table::Outbox => {
            let statement = format!(
                "INSERT INTO {table} (key, body) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET body = excluded.body"
            );
            run(&statement, &[&row.key, &row.text])
        }
        Table::Events => {
            run(&format!("INSERT INTO {table} (body) VALUES (?)"), &[&row.text])?;
            let statement =
                format!("DELETE FROM {table} WHERE id <= (SELECT MAX(id) FROM {table}) - {EVENTS_KEPT}");
            run(&statement, &[])
        }
    }
}

/// The rows of a pool's availability, by their key.
pub(super) fn of_pool(storage: &Storage, pool: &Name) -> Result<BTreeMap<String, String>> {
    let (first, after) = availability::keys(pool);
    // A name has no character that SQL would read.
    let query = format!(
        "SELECT key, body FROM {} WHERE key = '{}' OR (key >= '{first}' AND key < '{after}')",
        history::TABLE,
        availability::AWAY
    );
    Ok(caught::pairs(storage, &query)?.into_iter().collect())
}

/// The same of every pool.
pub(super) fn of_all_pools(storage: &Storage) -> Result<BTreeMap<String, String>> {
    let (first, after) = availability::ALL_KEYS;
    let query = format!(
        "SELECT key, body FROM {} WHERE key = '{}' OR (key >= '{first}' AND key < '{after}')",
        history::TABLE,
        availability::AWAY
    );
    Ok(caught::pairs(storage, &query)?.into_iter().collect())
}

/// The rows of history of these keys, none of which anybody else chose.
pub(super) fn between(
    storage: &Storage,
    keys: std::ops::Range<&'static str>,
) -> Result<BTreeMap<String, String>> {
    let (table, first, after) = (history::TABLE, keys.start, keys.end);
    let query = format!("SELECT key, body FROM {table} WHERE key >= '{first}' AND key < '{after}'");
    Ok(caught::pairs(storage, &query)?.into_iter().collect())
}

/// Runs what reads rows of history by their key.
pub(super) fn of_history<T>(
    storage: &Storage,
    with: impl FnOnce(&dyn Fn(&str) -> Option<String>) -> T,
) -> Result<T> {
    let query = format!("SELECT body FROM {} WHERE key = ?", history::TABLE);
    caught::all_read(|key: &str| caught::text(storage, &query, key), with)
}
