//! Rows that the release before wrote: incidents, and what was noted of them.

use super::*;

fn written() -> Kept {
    let lines = include_str!("../../../tests/written/incidents.jsonl");
    let row = |line: &str| {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        (row["key"].as_str().unwrap().to_owned(), row["text"].as_str().unwrap().to_owned())
    };
    Kept(lines.lines().map(row).collect())
}

fn notes(kept: &Kept, incident: &Incident) -> Vec<String> {
    noted(&|key| kept.0.get(key).cloned(), incident).into_iter().map(|note| note.text).collect()
}

#[test]
fn incidents_that_were_written_before_are_told_with_their_notes() {
    let kept = written();
    assert_eq!(kept.0.keys().collect::<Vec<_>>(), ["incident/1", "incident/2", "incidents", "notes/1"]);
    for number in [1, 2] {
        let text = &kept.0[&format!("incident/{number}")];
        assert_eq!(crate::json::write(&crate::json::read::<Incident>(text).unwrap()), *text, "to the byte");
    }
    let all = kept.all();
    let [docs, shop] = &all[..] else { panic!("{all:?}") };
    assert_eq!((docs.pool.as_str(), docs.opened, docs.closed), ("docs", at(3_000_000), None));
    assert_eq!((shop.pool.as_str(), shop.opened, shop.closed), ("shop", at(0), Some(at(30_000))));
    assert_eq!(notes(&kept, shop), ["switched", "a \"fix\" & <b>"]);
    assert_eq!(shop.cause.as_ref().unwrap().origin.as_str(), "primary");
}

/// What is open goes on, and what is there stays as it was, for this release and the one before.
#[test]
fn incidents_go_on_where_they_were() {
    let mut kept = written();
    let before = kept.0.clone();
    let shop = kept.all()[1].clone();
    let note = Note { at: at(3_100_000), who: name("bob").into(), text: "done".to_owned() };
    kept.see(&[], None, Some(&NewNote { id: shop.id.clone(), note }));
    kept.see(&[stands("docs", 3_200_000, Pass)], None, None);
    assert_eq!(notes(&kept, &shop), ["switched", "a \"fix\" & <b>", "done"]);
    assert!(kept.0["notes/1"].starts_with(before["notes/1"].trim_end_matches("]}")), "{}", kept.0["notes/1"]);
    assert_eq!(kept.all()[0].closed, Some(at(3_200_000)));
    assert_eq!(kept.0.keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>(), "no second incident");
    let members = |rows: &BTreeMap<String, String>, key: &str| -> Vec<String> {
        let row: serde_json::Value = serde_json::from_str(&rows[key]).unwrap();
        row.as_object().unwrap().keys().cloned().collect()
    };
    for key in ["incident/1", "incident/2", "incidents", "notes/1"] {
        assert_eq!(members(&kept.0, key), members(&before, key), "{key}");
    }
}
