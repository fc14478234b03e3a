//! The ring of a vantage object in its database. Which rows there are is said by the core.

use worker::{Result, SqlStorageValue, Storage};

use super::caught;
use crate::history::SampleQuery;
use crate::vantage::{MARK, RING_TABLE, RingRow};

/// Makes the table where there is none yet.
pub(super) fn open(storage: &Storage) -> Result<()> {
    let columns = "(place INTEGER PRIMARY KEY, at INTEGER NOT NULL, body TEXT NOT NULL)";
    storage.sql().exec(&format!("CREATE TABLE IF NOT EXISTS {RING_TABLE} {columns}"), None).map(drop)
}

/// Runs what reads rows by their place.
pub(super) fn reading<T>(
    storage: &Storage,
    with: impl FnOnce(&dyn Fn(i32) -> Option<String>) -> T,
) -> Result<T> {
    let read = |place: &i32| {
        let query = format!("SELECT 'body', body FROM {RING_TABLE} WHERE place = {place}");
        Ok(caught::pairs(storage, &query)?.into_iter().next().map(|(_, body)| body))
    };
    caught::all_read(read, |read| with(&|place| read(&place)))
}

/// Stores a row.
pub(super) fn keep(storage: &Storage, row: &RingRow) -> Result<()> {
    let at = i64::try_from(row.at.as_millis()).unwrap_or(i64::MAX);
    let values = vec![
        SqlStorageValue::Integer(i64::from(row.place)),
        SqlStorageValue::try_from_i64(at)?,
        row.text.as_str().into(),
    ];
    let statement = format!(
        "INSERT INTO {RING_TABLE} (place, at, body) VALUES (?, ?, ?) \
         ON CONFLICT (place) DO UPDATE SET at = excluded.at, body = excluded.body"
    );
    storage.sql().exec(&statement, values).map(drop)
}

/// The rows that may have samples of a question; `unkept` is one that is not stored yet.
pub(super) fn of(storage: &Storage, query: &SampleQuery, unkept: Option<RingRow>) -> Result<Vec<String>> {
    let bucket = crate::history::BUCKET;
    let (from, to) = (query.window.from.minus(bucket).as_millis(), query.window.to.plus(bucket).as_millis());
    let query = format!(
        "SELECT CAST(place AS TEXT), body FROM {RING_TABLE} WHERE place <> {MARK} AND at >= {from} AND at < {to} ORDER BY at"
    );
    let place = unkept.as_ref().map(|row| row.place.to_string());
    let stored = caught::pairs(storage, &query)?.into_iter();
    let stored = stored.filter(|(stored, _)| Some(stored) != place.as_ref()).map(|(_, body)| body);
    Ok(stored.chain(unkept.map(|row| row.text)).collect())
}
