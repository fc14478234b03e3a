use super::*;
use crate::fixtures::at;
use crate::units::Millis;

fn draft(title: &str) -> Draft {
    Draft { title: title.to_owned(), text: String::new(), level: Level::Info, until: None }
}

fn put(title: &str) -> Write {
    Write { who: Who::parse("ada").unwrap(), edit: Edit::Put(draft(title)), if_match: None, key: None }
}

fn version(outcome: &Outcome) -> u64 {
    let Outcome::Done(Some(announcement)) = outcome else { panic!("{outcome:?}") };
    announcement.version
}

#[test]
fn two_who_edit_at_once_do_not_undo_each_other() {
    let mut ledger = Ledger::default();
    let first = version(&ledger.write(&put("a"), at(0)).0);
    assert_eq!(ledger.write(&put("b"), at(1)).0, Outcome::Unconditional);
    let known = |version: u64| Write { if_match: Some(format!("\"{version}\"")), ..put("b") };
    let second = version(&ledger.write(&known(first), at(2)).0);
    assert!(second > first);
    assert_eq!(ledger.write(&known(first), at(3)).0, Outcome::Changed);
    let gone = Write { edit: Edit::Delete, ..known(second) };
    assert_eq!(ledger.write(&gone, at(4)).0, Outcome::Done(None));
    assert_eq!(ledger.write(&gone, at(5)).0, Outcome::Nothing);
    assert_eq!(ledger.write(&known(second), at(6)).0, Outcome::Changed, "nothing stands");
    assert!(version(&ledger.write(&put("c"), at(7)).0) > second, "no tag is given twice");
    let log: Vec<_> = ledger.entries().map(|entry| (entry.version, &*entry.what)).collect();
    assert_eq!(log.len(), 4);
    assert_eq!(log[1], (3, "announcement deleted"));
    let third = ledger.entries().nth(1).unwrap();
    assert_eq!(third.before.as_ref().map(|before| &*before.title), Some("b"));
    assert_eq!((&third.after, third.who.as_str()), (&None, "ada"));
}

#[test]
fn what_is_sent_again_within_a_day_is_answered_as_the_first_time() {
    let mut ledger = Ledger::default();
    let keyed = Write { key: Some("k".into()), ..put("a") };
    let first = ledger.write(&keyed, at(0));
    assert_eq!(first.1.len(), 2);
    let day = Millis::DAY.get();
    assert_eq!(ledger.write(&keyed, at(day - 1)), (first.0.clone(), Vec::new()));
    let other = Write { key: Some("k".into()), ..put("b") };
    assert_eq!(ledger.write(&other, at(1)).0, Outcome::KeyTaken);
    let eve = Write { who: Who::parse("eve").unwrap(), ..keyed.clone() };
    assert_eq!(ledger.write(&eve, at(2)).0, Outcome::Unconditional, "another's key is another key");
    assert_eq!(ledger.write(&keyed, at(day)).0, Outcome::Unconditional, "a day is over");
}

#[test]
fn it_ends_by_itself_and_is_there_after_a_restart() {
    let mut ledger = Ledger::default();
    let mut write = put("a");
    if let Edit::Put(draft) = &mut write.edit {
        draft.until = Some(at(10_000).to_string());
    }
    let (_, stored) = ledger.write(&write, at(0));
    let mut again = Ledger::default();
    assert!(stored.iter().all(|row| again.restore(&row.key, &row.text)));
    assert!(!again.restore("publication", "{}"));
    for ledger in [&ledger, &again] {
        assert!(ledger.announcement(at(9_999)).is_some());
        assert!(ledger.announcement(at(10_000)).is_none());
        assert_eq!(ledger.entries().count(), 1);
    }
    assert!(version(&again.write(&put("b"), at(10_000)).0) == 2, "what has ended stands in nobody's way");
}

#[test]
fn what_is_stored_is_bounded_and_so_is_a_day() {
    let mut ledger = Ledger::default();
    let mut rows = std::collections::BTreeSet::new();
    let mut now = 0;
    let hour = 3_600_000;
    let (mut done, mut declined) = (0, 0);
    for _ in 0..3 * ENTRIES {
        now += hour / 8;
        let known = ledger.announcement(at(now)).map(Announcement::tag);
        let (outcome, stored) = ledger.write(&Write { if_match: known, ..put("x") }, at(now));
        assert!(matches!(outcome, Outcome::Done(_) | Outcome::TooMany), "{outcome:?}");
        if outcome == Outcome::TooMany {
            declined += 1;
        } else {
            done += 1;
        }
        for row in stored {
            if row.text.is_empty() {
                rows.remove(&row.key)
            } else {
                rows.insert(row.key)
            };
        }
        assert!(rows.len() <= ENTRIES + 1);
    }
    assert!(done > ENTRIES && declined > 0, "{done} {declined}");
}

#[test]
fn what_misleads_or_is_too_long_is_refused_with_the_way_out() {
    let good =
        Draft { text: "two\nlines <b>".into(), until: Some(at(1_000).to_string()), ..draft("日本 & ok") };
    assert_eq!(good.check(at(0)), Ok(()));
    for (draft, word) in [
        (draft(""), "1 to 80"),
        (draft("   "), "1 to 80"),
        (draft(&"x".repeat(81)), "81 characters"),
        (draft(&"x".repeat(10_000)), "10000 characters"),
        (draft("a\nb"), "U+000A"),
        (draft("a\u{202e}b"), "U+202E"),
        (Draft { text: "\u{0}".into(), ..draft("a") }, "U+0000"),
        (Draft { text: "x".repeat(1_001), ..draft("a") }, "0 to 1000"),
        (Draft { until: Some("soon".into()), ..draft("a") }, "not a time"),
        (Draft { until: Some(at(0).to_string()), ..draft("a") }, "past"),
        (Draft { until: Some("9999-01-01T00:00:00Z".into()), ..draft("a") }, "366 days"),
    ] {
        let said = draft.check(at(0)).unwrap_err();
        assert!(said.contains(word), "{said}");
    }
}

#[test]
fn the_stored_bytes_are_frozen() {
    let mut ledger = Ledger::default();
    let (_, stored) = ledger.write(&Write { key: Some("k".into()), ..put("a") }, Timestamp::from_millis(5));
    let announcement = r#"{"title":"a","text":"","level":"info","since":5,"until":null,"version":1}"#;
    assert_eq!(stored[0], Stored { key: "announcement".into(), text: announcement.into() });
    assert_eq!(stored[1].key, "audit/1");
    let begin = format!(
        r#"{{"version":1,"at":5,"who":"ada","what":"announcement put","before":null,"after":{announcement},"key":""#
    );
    assert!(stored[1].text.starts_with(&begin), "{}", stored[1].text);
}
