//! Rows that the release before wrote: read, told as it told them, gone on with, and still its own.

use serde_json::Value;

use super::super::rows::{DayRow, FineRow, OpenRow, ShardSpan, ShardsRow};
use super::*;

/// Keys and texts of a file of `tests/written`.
fn written(lines: &str) -> Rows {
    let row = |line: &str| {
        let row: Value = serde_json::from_str(line).unwrap();
        (row["key"].as_str().unwrap().to_owned(), row["text"].as_str().unwrap().to_owned())
    };
    Rows(lines.lines().map(row).collect(), 0, 0)
}

fn history() -> Rows {
    written(include_str!("../../../tests/written/history.jsonl"))
}

/// What it was asked, in the order of its answers.
const ASKED: [(Step, u64, u64); 3] =
    [(Step::Fine, 0, 2 * HOUR_MS), (Step::Hour, 22 * HOUR_MS, 26 * HOUR_MS), (Step::Day, 0, 2 * DAY_MS)];

/// A row by its key, written again.
fn again(key: &str, text: &str) -> String {
    fn again<T: serde::Serialize + serde::de::DeserializeOwned>(text: &str) -> String {
        crate::json::write(&serde_json::from_str::<T>(text).unwrap())
    }
    match key.split('/').next().unwrap() {
        "open" => again::<OpenRow>(text),
        "fine" => again::<FineRow>(text),
        "hour" | "today" => again::<ShardSpan>(text),
        "day" => again::<DayRow>(text),
        "shards" => again::<ShardsRow>(text),
        other => panic!("{other} is no row of rollups"),
    }
}

#[test]
fn rollups_that_were_written_before_are_told_as_they_were() {
    let rows = history();
    for kind in ["day/", "fine/", "hour/", "open/", "shards/", "today/"] {
        assert!(rows.0.keys().any(|key| key.starts_with(kind)), "{kind}");
    }
    for (key, text) in &rows.0 {
        assert_eq!(again(key, text), *text, "{key}: to the byte");
    }
    let told = include_str!("../../../tests/written/history-told.jsonl");
    assert_eq!(told.lines().count(), ASKED.len());
    for ((step, from, to), told) in ASKED.into_iter().zip(told.lines()) {
        assert_eq!(rows.told(step, from, to), serde_json::from_str::<Value>(told).unwrap(), "{step:?}");
    }
}

/// After a rollback the release before finds its rows. In those of this one it knows all fields
/// but one, which it passes over.
#[test]
fn rollups_go_on_where_they_were_and_back() {
    let mut rows = history();
    let before = ASKED.map(|(step, from, to)| rows.samples(step, from, to));
    for slot in 0..30 {
        rows.take(&[rollup(9 + slot, 26 * HOUR_MS + slot * 300_000)]);
    }
    assert_eq!(
        ASKED.map(|(step, from, to)| rows.samples(step, from, to)),
        [before[0], before[1], before[2] + 30]
    );
    let mut open: Value = serde_json::from_str(&rows.0["open/weur/0of1"]).unwrap();
    let names: Vec<String> = open.as_object_mut().unwrap().keys().cloned().collect();
    assert_eq!(names, ["buckets", "life", "seq", "swept", "version"]);
    assert_eq!(rows.0["shards/weur"], history().0["shards/weur"]);
}

#[test]
fn a_ring_that_was_written_before_is_read_and_written_back() {
    let lines = include_str!("../../../tests/written/ring.jsonl");
    let rows: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let buckets: Vec<Bucket> =
        rows.iter().filter_map(|row| Bucket::read(row["text"].as_str().unwrap())).collect();
    assert_eq!((rows.len(), buckets.len()), (4, 3), "a mark, and five minutes three times");
    for (bucket, row) in buckets.iter().zip(rows.iter().filter(|row| row["place"] != -1)) {
        assert_eq!(bucket.text(), row["text"].as_str().unwrap());
        assert!(bucket.facts().count() > 3);
    }
}
