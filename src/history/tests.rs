//! Rollups, what is made of them, and what is told.

mod gone;
mod handed;
mod timings;
mod written;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Bound;

use super::*;
use crate::fixtures::sample;
use crate::sample::{CacheClass, Database, Evidence};
use crate::units::{Name, OriginId};

const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * HOUR_MS;
/// A midnight.
const BEGIN: u64 = 20_000 * DAY_MS;

fn id() -> OriginId {
    OriginId::parse("shop/a").unwrap()
}

fn at(ms: u64) -> Timestamp {
    Timestamp::from_millis(BEGIN + ms)
}

fn fact(ms: u64, evidence: &Evidence) -> Fact {
    let mut sample = sample(true, at(ms));
    sample.latency = Millis::new(45);
    sample.database = Database { calls: Some(3), time: Some(Millis::new(12)) };
    sample.bytes = 812;
    Fact::of(0, &sample, evidence)
}

fn bucket(seq: u64, ms: u64) -> Bucket {
    let mut bucket = Bucket::new(9, seq, at(ms), vec![id()]);
    bucket.add(&fact(ms + 1_000, &Evidence::Pass));
    bucket
}

fn sender() -> Sender {
    Sender { vantage: Name::parse("weur").unwrap(), shard: "0of1".to_owned() }
}

/// What is kept of the one shard and its origin, when these come.
fn keeping(rollups: &[Rollup]) -> Keeping {
    Keeping {
        shards: ["weur/0of1".to_owned()].into(),
        origins: ["shop/a".to_owned()].into(),
        pools: ["shop".to_owned()].into(),
        now: rollups.last().map(|last| last.at.plus(BUCKET)).unwrap_or_default(),
        ..Keeping::default()
    }
}

/// The Arbiter's rows, and how many were read and written by the last call.
#[derive(Default)]
struct Rows(BTreeMap<String, String>, usize, usize);

impl Rows {
    fn take(&mut self, rollups: &[Rollup]) {
        self.take_of(&sender(), rollups, &keeping(rollups));
    }

    fn take_of(&mut self, sender: &Sender, rollups: &[Rollup], keeping: &Keeping) {
        let read = RefCell::new(0);
        let at = |key: &str| {
            *read.borrow_mut() += 1;
            self.0.get(key).cloned()
        };
        let after = |key: &str| {
            *read.borrow_mut() += 1;
            let row = self.0.range::<str, _>((Bound::Excluded(key), Bound::Unbounded)).next();
            row.map(|(key, text)| (key.clone(), text.clone()))
        };
        let rows = rolled(&Stored { at: &at, after: &after }, sender, rollups, keeping);
        (self.1, self.2) = (read.into_inner(), rows.len());
        for HistoryRow { key, text } in rows {
            if text.is_empty() {
                assert!(self.0.remove(&key).is_some(), "{key} was not there");
            } else {
                self.0.insert(key, text);
            }
        }
    }

    fn told(&self, step: Step, from: u64, to: u64) -> serde_json::Value {
        let query = Query {
            id: id(),
            window: Window { from: at(from), to: at(to) },
            step,
            quantiles: vec![5_000],
            class: None,
            vantage: None,
        };
        let vantages = [(sender().vantage, Some(sender().shard))];
        let stored = |key: &str| self.0.get(key).cloned();
        let grounds = Grounds { stored: &stored, vantages: &vantages, now: at(to + DAY_MS) };
        serde_json::from_str(&answered(&query.aligned(), &grounds)).unwrap()
    }

    fn samples(&self, step: Step, from: u64, to: u64) -> u64 {
        let steps = self.told(step, from, to);
        let classes = steps["steps"].as_array().unwrap().iter().map(|step| &step["classes"]);
        classes
            .flat_map(|class| class.as_object().unwrap().values())
            .map(|sums| sums["samples"].as_u64().unwrap())
            .sum()
    }
}

fn rollup(seq: u64, ms: u64) -> Rollup {
    bucket(seq, ms).rollup(|_| 1)
}

#[test]
fn the_row_of_a_ring_is_frozen_and_read_back() {
    let mut bucket = bucket(7, 0);
    let mut late = fact(0, &Evidence::None("a quota".into()));
    late.at = at(0).minus(Millis::new(250));
    (late.status, late.calls, late.database, late.complete) = (None, None, None, false);
    bucket.add(&late);
    let frozen = "{\"version\":1,\"life\":9,\"seq\":7,\"at\":1728000000000,\"thinned\":0,\"origins\":[\"shop/a\"]}\n\
                  0 1000 po 45 200 812 3 12\n\
                  0 -250 no !45 - 812 - - 5\n";
    assert_eq!(bucket.text(), frozen);
    let read = Bucket::read(frozen).unwrap();
    assert_eq!(read, bucket);
    assert_eq!(read.facts().collect::<Vec<_>>(), [fact(1_000, &Evidence::Pass), late]);
}

#[test]
fn a_row_or_a_line_that_is_not_understood_is_left_out() {
    for text in
        ["", "{}", "{}\n", "{\"version\":2,\"life\":1,\"seq\":1,\"at\":1,\"thinned\":0,\"origins\":[]}\n"]
    {
        assert_eq!(Bucket::read(text), None, "{text}");
    }
    let text = bucket(1, 0).text() + "0 1 p\n9 5 po 45\nx\n0 99999999999999999999 po 1\n";
    assert_eq!(Bucket::read(&text).unwrap().facts().count(), 1);
}

#[test]
fn a_row_of_a_ring_has_a_bound_and_says_what_it_lost() {
    let mut bucket = bucket(1, 0);
    for _ in 0..60_000 {
        bucket.add(&fact(1, &Evidence::Pass));
    }
    assert!(bucket.text().len() < 1_100_000);
    let rollup = bucket.rollup(|_| 1);
    let sums = &rollup.origins[&id()].classes[&CacheClass::OriginProven];
    assert_eq!(rollup.thinned + sums.samples(), 60_001);
}

#[test]
fn what_is_handed_on_and_stored_is_frozen() {
    let mut stored = Rows::default();
    stored.take(&[rollup(1, 0)]);
    let part = r#"{"looked":"1","classes":{"origin-proven":{"pass":1,"response":[45,1],"database":[12,1],"calls":3,"stated":1,"bytes":812}}}"#;
    let one = format!(r#"{{"life":9,"seq":1,"at":1728000000000,"origins":{{"shop/a":{part}}}}}"#);
    assert_eq!(crate::json::write(&rollup(1, 0)), one);
    assert_eq!(stored.0["open/weur/0of1"], format!(r#"{{"version":1,"life":9,"seq":1,"buckets":[{one}]}}"#));
    assert_eq!(stored.0["shards/weur"], r#"{"version":1,"shards":["0of1"]}"#);
    stored.take(&[rollup(2, HOUR_MS), rollup(3, DAY_MS), rollup(4, DAY_MS + HOUR_MS)]);
    let hour = format!(r#"{{"version":1,"at":1728000000000,"origins":{{"shop/a":{part}}}}}"#);
    assert_eq!(stored.0["hour/weur/0of1/480"], hour, "{:?}", stored.0.keys());
    assert_eq!(
        stored.0["fine/weur/0of1/0"],
        format!(r#"{{"version":1,"at":1728000000000,"buckets":[{one}]}}"#)
    );
    assert!(stored.0["day/shop/a/351"].starts_with(
        r#"{"version":1,"at":1728000000000,"vantages":{"weur":{"looked":"1001","classes":{"origin-proven":{"pass":2,"#
    ));
}

#[test]
fn a_rollup_is_counted_once_however_often_it_comes() {
    let mut stored = Rows::default();
    for _ in 0..3 {
        stored.take(&[rollup(1, 0), rollup(2, 300_000)]);
        stored.take(&[rollup(2, 300_000), rollup(3, HOUR_MS)]);
        stored.take(&[rollup(1, 0)]);
    }
    for step in Step::ALL {
        assert_eq!(stored.samples(step, 0, 2 * HOUR_MS), 3, "{step:?}");
    }
}

#[test]
fn a_clock_that_steps_back_loses_nothing() {
    let mut stored = Rows::default();
    for (seq, ms) in [
        (1, 0),
        (2, DAY_MS + HOUR_MS),
        (3, 300_000),
        (4, DAY_MS),
        (5, 2 * DAY_MS),
        (6, HOUR_MS),
        (7, 3 * DAY_MS),
    ] {
        stored.take(&[rollup(seq, ms)]);
    }
    for step in Step::ALL {
        assert_eq!(stored.samples(step, 0, 4 * DAY_MS), 7, "{step:?}");
    }
}

#[test]
fn a_new_life_of_a_ring_is_not_taken_for_an_old_one() {
    let mut stored = Rows::default();
    stored.take(&[rollup(40, 0)]);
    stored.take(&[Rollup { life: 10, ..rollup(1, 300_000) }]);
    assert_eq!(stored.samples(Step::Fine, 0, HOUR_MS), 2);
}

#[test]
fn unknown_time_is_what_nobody_saw_at_every_step() {
    let mut stored = Rows::default();
    for slot in 0..576_u64 {
        // Nobody looks in the second hour of each day, nor in one bucket of the fourth.
        if slot % 288 / 12 != 1 && slot % 288 != 40 {
            stored.take(&[rollup(slot + 1, slot * 300_000)]);
        }
    }
    let unknown = |step, from, to| -> Vec<u64> {
        let told = stored.told(step, from, to);
        told["steps"].as_array().unwrap().iter().map(|step| step["unknown_s"].as_u64().unwrap()).collect()
    };
    assert_eq!(unknown(Step::Hour, 0, 4 * HOUR_MS), [0, 3_600, 0, 300]);
    assert_eq!(unknown(Step::Day, 0, 2 * DAY_MS), [3_900, 3_900]);
    assert_eq!(unknown(Step::Fine, 40 * 300_000, 41 * 300_000), [300]);
    assert_eq!(unknown(Step::Fine, 0, 2 * DAY_MS).iter().sum::<u64>(), 7_800);
}

#[test]
fn a_report_costs_no_more_after_a_year_of_history() {
    let mut stored = Rows::default();
    let mut most = Vec::new();
    for hour in 0..400 * 24_u64 {
        stored.take(&[rollup(hour + 1, hour * HOUR_MS)]);
        most.push((stored.1, stored.2));
    }
    // Both are of an hour that closes, with a day.
    assert_eq!(most[25 + 24], most[25 + 399 * 24 - 24], "rows read and written");
    assert!(most.iter().all(|(read, written)| *read <= 8 && *written <= 6), "{:?}", most.iter().max());
    let rows = stored.0.len() as u64;
    assert!(rows <= FINE_HOURS + HOURS + DAYS + 3, "{rows} rows");
}

#[test]
fn a_chart_of_ninety_days_reads_few_rows() {
    let mut stored = Rows::default();
    for hour in 0..100 * 24_u64 {
        stored.take(&[rollup(hour + 1, hour * HOUR_MS)]);
    }
    let (read, rows) = (RefCell::new(0), &stored.0);
    let get = |key: &str| {
        let row = rows.get(key).cloned();
        *read.borrow_mut() += usize::from(row.is_some());
        row
    };
    let vantages = [(sender().vantage, Some(sender().shard))];
    let query = Query {
        id: id(),
        window: Window { from: at(10 * DAY_MS), to: at(100 * DAY_MS) },
        step: Step::Day,
        quantiles: vec![9_900],
        class: None,
        vantage: None,
    };
    let told = answered(&query, &Grounds { stored: &get, vantages: &vantages, now: at(100 * DAY_MS) });
    assert!(read.into_inner() <= 95 && told.len() > 9_000);
}

#[test]
fn a_question_is_read_back_as_it_was_asked() {
    let query = Query {
        id: id(),
        window: Window { from: at(0), to: at(DAY_MS) },
        step: Step::Hour,
        quantiles: vec![5_000, 9_999],
        class: Some(CacheClass::EdgeOnly),
        vantage: Some(sender().vantage),
    };
    assert_eq!(Query::parse(&query.path()), Some(query.clone()));
    assert_eq!(query.path(), "shop/a/1728000000000/1728086400000/1h/5000+9999/edge-only/weur");
    for bad in ["", "shop/a/1/2/1ms/5000/-/-", "shop/a/1/2/1h/x/-/-", "shop/a/01/2/1h/5000/-/-"] {
        assert_eq!(Query::parse(bad), None, "{bad}");
    }
}
