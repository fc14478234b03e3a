//! A ring that the release before wrote.

use super::super::recorder::Recorder;
use super::*;

#[test]
fn a_ring_that_was_written_before_is_handed_on_where_it_was() {
    let rows: BTreeMap<i32, String> = include_str!("../../../tests/written/ring.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .map(|row: serde_json::Value| {
            (i32::try_from(row["place"].as_i64().unwrap()).unwrap(), row["text"].as_str().unwrap().to_owned())
        })
        .collect();
    let origins = ["shop/primary", "shop/standby"].map(|id| OriginId::parse(id).unwrap());
    let stored = |place: i32| rows.get(&place).cloned();
    let mut recorder = Recorder::new(origins.into(), Millis::from_secs(30), stored, at(700_000));
    let handed: Vec<(u64, u64)> = recorder.rollups(|_| 1).iter().map(|one| (one.life, one.seq)).collect();
    assert_eq!(handed, [(1_700_000_000_000, 2)], "the first was handed on, the third is open");
    let mark = recorder.handed_on(1_700_000_000_000, 2, at(700_000)).unwrap();
    assert_eq!(mark.text, rows[&-1].replace("\"handed\":1", "\"handed\":2"));
}
