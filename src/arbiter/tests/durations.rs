//! Response times of pools: each rollup counts once, and a sum never falls.

use super::*;
use crate::history::{Part as Stretch, Rollup, Sums};

/// Five minutes of a vantage in which the primary answered in so many milliseconds each.
fn rollup(seq: u64, answers: &[u64]) -> Rollup {
    let mut sums = Sums::default();
    for ms in answers {
        sums.response.add(*ms);
    }
    let part = Stretch { classes: [(CacheClass::OriginProven, sums)].into(), ..Stretch::default() };
    let origins = [(OriginId::parse("shop/primary").unwrap(), part)].into();
    Rollup { life: 7, seq, at: at(0), thinned: 0, origins }
}

/// A vantage reports, and hands these on; what is to be stored of it.
fn hand_on(arbiter: &mut Arbiter, vantage: &str, seq: u64, rollups: Vec<Rollup>) -> Vec<Row> {
    let report = Report { rollups, ..report(&arbiter.config.clone(), vantage, seq, "++") };
    let stored = rows(&arbiter.step(Event::Reported(report), at(10)));
    stored.into_iter().filter(|row| row.table == Table::Shards).collect()
}

/// How many answers are counted of the shop.
fn counted(arbiter: &Arbiter) -> u64 {
    let snapshot = arbiter.snapshot(&Part::Whole, at(0));
    let durations = snapshot.pools[0].durations.as_ref();
    durations.map_or(0, |durations| durations.iter().flat_map(|(_, spans)| spans.counts()).sum())
}

#[test]
fn each_rollup_counts_once_and_is_stored_with_the_report_that_brings_it() {
    let mut arbiter = arbiter();
    hand_on(&mut arbiter, "weur", 1, Vec::new());
    assert_eq!(counted(&arbiter), 0);
    let stored = hand_on(&mut arbiter, "weur", 3, vec![rollup(1, &[4, 30])]);
    assert_eq!((counted(&arbiter), stored.len()), (2, 1));
    assert!(hand_on(&mut arbiter, "weur", 4, vec![rollup(1, &[4, 30])]).is_empty(), "it is known");
    let overtaken = hand_on(&mut arbiter, "weur", 2, vec![rollup(1, &[4, 30]), rollup(2, &[9_000])]);
    assert_eq!((counted(&arbiter), overtaken.len()), (3, 1), "what an overtaken report hands on counts");
    hand_on(&mut arbiter, "enam", 5, vec![rollup(1, &[4])]);
    assert_eq!(counted(&arbiter), 4, "vantages are added up");
    let summary = arbiter.snapshot(&Part::Summary, at(5));
    assert_eq!(summary.pools[0].durations, None, "only the whole has it");
}

#[test]
fn a_sum_outlives_a_restart_and_the_vantage_that_counted_it() {
    let mut arbiter = arbiter();
    let mut stored = hand_on(&mut arbiter, "weur", 1, vec![rollup(1, &[4, 4])]);
    stored.extend(hand_on(&mut arbiter, "enam", 2, vec![rollup(1, &[4])]));
    let mut again = arbiter_of(&shop(), &stored, at(10));
    assert_eq!(counted(&again), 3);
    hand_on(&mut again, "weur", 4, vec![rollup(1, &[4, 4]), rollup(2, &[4])]);
    assert_eq!(counted(&again), 4, "what was counted before is known");
    let fewer = config(&SHOP.replace("\"weur\", \"enam\", \"apac\"", "\"enam\""));
    assert_eq!(counted(&arbiter_of(&fewer, &stored, at(10))), 3, "a counter never runs backwards");
}

/// The row of a shard that left the file goes a month later; what it counted goes on to whoever
/// reports just then, in one transaction.
#[test]
fn a_sum_outlives_the_row_of_a_shard_that_left() {
    let mut arbiter = arbiter();
    let mut stored = hand_on(&mut arbiter, "weur", 1, vec![rollup(1, &[4, 4])]);
    stored.extend(hand_on(&mut arbiter, "enam", 2, vec![rollup(1, &[4])]));
    let fewer = config(&SHOP.replace("\"weur\", \"enam\", \"apac\"", "\"enam\""));
    let later = 31 * Millis::DAY.get();
    let mut again = arbiter_of(&fewer, &stored, at(later));
    assert_eq!(counted(&again), 3);
    let report = |seq: u64, rollups| Report { rollups, ..report(&fewer, "enam", seq, "++") };
    // The rollup is known already: it is only the occasion.
    let effects = again.step(Event::Reported(report(later, vec![rollup(1, &[4])])), at(later + 1_000));
    let written: BTreeMap<String, String> = rows(&effects)
        .into_iter()
        .filter(|row| row.table == Table::Shards)
        .map(|row| (row.key, row.text))
        .collect();
    assert_eq!(written.get("weur/0of1").map(String::as_str), Some(""), "{:?}", written.keys());
    assert_eq!(counted(&again), 3, "a counter never runs backwards");
    let kept: Vec<Row> = written
        .into_iter()
        .filter(|(_, text)| !text.is_empty())
        .map(|(key, text)| Row { table: Table::Shards, key, text })
        .collect();
    assert_eq!(counted(&arbiter_of(&fewer, &kept, at(later + 2_000))), 3, "nor when all is made anew");
}

#[test]
fn its_bytes_in_the_row_of_a_shard_are_frozen() {
    let mut arbiter = arbiter();
    let stored = hand_on(&mut arbiter, "weur", 1, vec![rollup(2, &[5])]);
    let durations = r#""durations":{"life":7,"seq":2,"pools":{"shop":{"origin-proven":{"counts":[1,0,0,0,0,0,0,0,0,0,0,0],"total_ms":5}}}}}"#;
    assert!(stored[0].text.ends_with(durations), "{}", stored[0].text);
    let row = crate::json::read::<ShardRow>(&stored[0].text).unwrap();
    assert_eq!(crate::json::write(&row), stored[0].text);
}
