//! Rows that the release before wrote: a change that is closed, with the samples that it is judged
//! by, and one that is open.

use super::*;

fn written() -> Desk {
    let mut desk = Desk::default();
    for line in include_str!("../../../tests/written/changes.jsonl").lines() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let (key, text) = (row["key"].as_str().unwrap(), row["text"].as_str().unwrap().to_owned());
        match key.strip_prefix("meta ") {
            Some(key) => desk.open.insert(key.to_owned(), text),
            None => desk.history.insert(key.to_owned(), text),
        };
    }
    desk.forget();
    desk
}

#[test]
fn changes_that_were_written_before_are_told_as_they_were() {
    let desk = written();
    let pinned = desk.history.keys().filter(|key| key.starts_with("pinned/"));
    assert_eq!(pinned.count(), 3, "{:?}", desk.history.keys());
    let now = BEGUN + 45 * MINUTE;
    for (id, told) in
        ["change-1", "change-2"].iter().zip(include_str!("../../../tests/written/changes-told.jsonl").lines())
    {
        let (now_told, told) = (desk.told(id, now), serde_json::from_str::<serde_json::Value>(told).unwrap());
        // A later release may tell more.
        for (member, value) in told.as_object().unwrap() {
            assert_eq!(&now_told[member], value, "{member} of {id}");
        }
    }
    assert_eq!(desk.told("change-1", now)["verdict"], "improved");
}

/// The open one is looked at with the samples that were pinned before it, and closed; the closed
/// one stays as it was.
#[test]
fn changes_go_on_where_they_were() {
    let mut desk = written();
    let before = desk.history.clone();
    for second in 0..1_500 {
        desk.work(|_, window| Some(row(window, 100)), BEGUN + 41 * MINUTE + second * 1_000);
    }
    let end = BEGUN + 70 * MINUTE;
    assert_eq!(desk.told("change-2", end)["state"], "judged");
    desk.close("change-2", Fate::Kept, end).unwrap();
    assert_eq!(desk.told("change-2", end)["state"], "closed");
    for (key, text) in &before {
        assert_eq!(desk.history.get(key), Some(text), "{key}");
    }
}
