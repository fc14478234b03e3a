//! Rows of shards that left the file.

use super::*;
use crate::history::Rollup;

const OTHERS: [&str; 3] = ["weur/1of3", "weur/2of3", "oc/0of1"];

/// What three vantages reported, and others that the file does not name were stored with.
fn stored() -> Vec<Row> {
    let mut arbiter = arbiter();
    let mut rows = rows(&feed(&mut arbiter, 1_000, &[("weur", "++"), ("enam", "++"), ("apac", "++")]));
    let known = rows.iter().find(|row| row.table == Table::Shards && row.key == "weur/0of1").unwrap().clone();
    for key in OTHERS {
        let (vantage, shard) = key.split_once('/').unwrap();
        let text = known.text.replace("\"weur\"", &format!("\"{vantage}\"")).replace("0of1", shard);
        rows.push(Row { key: key.to_owned(), text, ..known.clone() });
    }
    rows
}

/// The rows that a report takes away, which hands something on or not.
fn taken_away(arbiter: &mut Arbiter, seq: u64, ms: u64, hands_on: bool) -> Vec<String> {
    let config = arbiter.config.clone();
    let mut report = report(&config, "weur", seq, "++");
    let rollup = format!(r#"{{"life":1,"seq":{seq},"at":{},"origins":{{}}}}"#, at(ms).as_millis());
    report.rollups.extend(hands_on.then(|| crate::json::read::<Rollup>(&rollup).unwrap()));
    let effects = arbiter.step(Event::Reported(report), at(ms));
    let gone = rows(&effects).into_iter().filter(|row| row.table == Table::Shards && row.text.is_empty());
    gone.map(|row| row.key).collect()
}

#[test]
fn they_go_a_month_later_one_with_each_rollup() {
    let month = 30 * Millis::DAY.get();
    for (days, gone) in [(29, 0), (31, 3)] {
        let now = days * month / 30;
        let mut arbiter = Arbiter::new(shop(), &stored(), at(now));
        let seq = now;
        assert_eq!(taken_away(&mut arbiter, seq, now + 1_000, false), [""; 0]);
        let mut left: Vec<String> = Vec::new();
        for nth in 1..6 {
            let taken = taken_away(&mut arbiter, seq + nth, now + nth * 300_000, true);
            assert!(taken.len() <= 1, "{taken:?}");
            left.extend(taken);
        }
        left.sort();
        let mut others: Vec<&str> = OTHERS[..gone].to_vec();
        others.sort_unstable();
        assert_eq!(left, others, "after {days} days");
    }
}
