//! Rows that are kept no longer: of what left the file, and where the file says so.

use std::collections::BTreeSet;

use super::*;
use crate::config::Retention;

/// A shard of weur.
fn shard(label: &str) -> Sender {
    Sender { shard: label.to_owned(), ..sender() }
}

/// A rollup of this origin.
fn of(origin: &str, seq: u64, ms: u64) -> Rollup {
    let mut rollup = rollup(seq, ms);
    let part = rollup.origins.remove(&id()).unwrap();
    rollup.origins.insert(OriginId::parse(origin).unwrap(), part);
    rollup
}

/// What is kept while this is in the file.
fn file(shards: &[&str], origins: &[&str], retention: Retention, now: u64) -> Keeping {
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    Keeping {
        retention,
        shards: set(shards),
        origins: set(origins),
        pools: ["shop".to_owned()].into(),
        now: at(now),
    }
}

/// A world of one shard: rollups of one origin, each five minutes, in hours from `from` to `to`.
struct World {
    rows: Rows,
    seq: u64,
}

impl World {
    const BUCKET: u64 = 300_000;

    fn new() -> Self {
        Self { rows: Rows::default(), seq: 0 }
    }

    /// Reports of `0of1` and `shop/a` alone, once in `apart`; the most rows that one of them took
    /// away or wrote besides its own.
    fn goes_on(&mut self, (from, to): (u64, u64), apart: u64, retention: Retention) {
        let mut at = from;
        while at < to {
            self.seq += 1;
            let before: BTreeSet<String> = self.rows.0.keys().cloned().collect();
            let keeping = file(&["weur/0of1"], &["shop/a"], retention, at + Self::BUCKET);
            self.rows.take_of(&sender(), &[rollup(self.seq, at)], &keeping);
            let gone = before.iter().filter(|key| !self.rows.0.contains_key(*key)).count();
            assert!(gone <= 1 && self.rows.2 <= 7, "{gone} rows went, {} changed", self.rows.2);
            at += apart;
        }
    }

    fn keys(&self, prefix: &str) -> Vec<&String> {
        self.rows.0.keys().filter(|key| key.starts_with(prefix)).collect()
    }
}

const HALF_HOUR: u64 = HOUR_MS / 2;

#[test]
fn rows_of_what_left_the_file_go_when_they_are_kept_no_longer() {
    let mut world = World::new();
    // Three days of another shard, with another origin; and of a vantage that is gone as well.
    let enam = Sender { vantage: Name::parse("enam").unwrap(), ..sender() };
    for hour in 0..72 {
        let keeping =
            file(&["weur/0of1", "weur/1of2", "enam/0of1"], &["shop/a", "shop/b"], Retention::USUAL, 0);
        for sender in [&shard("1of2"), &enam] {
            world.rows.take_of(sender, &[of("shop/b", hour + 1, hour * HOUR_MS)], &keeping);
        }
    }
    let transitions = r#"{"version":1,"day":20000,"subjects":{}}"#;
    world.rows.0.insert("stood/old/351".to_owned(), transitions.to_owned());
    let closed = "{}".to_owned();
    world.rows.0.insert("incident/1".to_owned(), closed.clone());
    world.rows.0.insert("zone/of-a-later-release".to_owned(), closed);
    let gone = ["fine/weur/1of2/", "hour/weur/1of2/", "hour/enam/", "day/shop/b/", "stood/old/"];
    assert_eq!(gone.map(|prefix| world.keys(prefix).len()), [50, 71, 71, 2, 1]);

    world.goes_on((3 * DAY_MS, 35 * DAY_MS), HALF_HOUR, Retention::USUAL);
    assert_eq!(gone.map(|prefix| world.keys(prefix).len()), [0, 71, 71, 2, 1], "hours are kept for 35 days");
    world.goes_on((35 * DAY_MS, 50 * DAY_MS), HALF_HOUR, Retention::USUAL);
    assert_eq!(gone.map(|prefix| world.keys(prefix).len()), [0, 0, 0, 2, 1]);
    assert_eq!(
        world.rows.0["shards/weur"], r#"{"version":1,"shards":["1of2","0of1"]}"#,
        "its last hour is told"
    );
    world.goes_on((50 * DAY_MS, 400 * DAY_MS), 5 * HALF_HOUR, Retention::USUAL);
    assert_eq!(gone.map(|prefix| world.keys(prefix).len()), [0, 0, 0, 2, 1]);
    world.goes_on((400 * DAY_MS, 410 * DAY_MS), HALF_HOUR, Retention::USUAL);
    let left: Vec<_> =
        world.rows.0.keys().filter(|key| !key.contains("weur/0of1") && !key.contains("shop/a")).collect();
    assert_eq!(left, ["incident/1", "shards/weur", "zone/of-a-later-release"]);
    assert_eq!(world.rows.0["shards/weur"], r#"{"version":1,"shards":["0of1"]}"#);
}

#[test]
fn what_comes_back_before_it_went_has_its_history_again() {
    let mut world = World::new();
    let both = file(&["weur/0of1", "weur/1of2"], &["shop/a", "shop/b"], Retention::USUAL, 0);
    for hour in 0..30 {
        world.rows.take_of(&shard("1of2"), &[of("shop/a", hour + 1, hour * HOUR_MS)], &both);
    }
    world.goes_on((30 * HOUR_MS, 30 * DAY_MS), HALF_HOUR, Retention::USUAL);
    assert_eq!(world.rows.samples(Step::Hour, 0, 30 * HOUR_MS), 30);
    assert_eq!(world.rows.samples(Step::Day, 0, DAY_MS), 24);
}

#[test]
fn with_the_usual_retention_nothing_is_written_that_was_not() {
    let mut world = World::new();
    let mut most = 0;
    for slot in 0..20 * 288_u64 {
        world.rows.take(&[rollup(slot + 1, slot * World::BUCKET)]);
        let closes = slot.is_multiple_of(12);
        assert!(closes || world.rows.2 == 1, "{slot}: {} rows", world.rows.2);
        if !closes {
            most = most.max(world.rows.1);
        }
    }
    // The open row, and one that the walk comes to; it was the list of shards before.
    assert_eq!(most, 2, "rows read");
    let rows = world.rows.0.len() as u64;
    assert_eq!(rows, FINE_HOURS + 479 + 19 + 3);
}

#[test]
fn what_is_kept_for_less_than_usual_goes_in_bounded_work() {
    let short = Retention {
        minutes: Millis::from_secs(6 * 3_600),
        hours: Millis::DAY.times(3),
        days: Millis::DAY.times(10),
    };
    let mut world = World::new();
    world.goes_on((0, 20 * DAY_MS), World::BUCKET, Retention::USUAL);
    assert_eq!(["fine/", "hour/", "day/"].map(|prefix| world.keys(prefix).len()), [50, 479, 19]);
    world.goes_on((20 * DAY_MS, 25 * DAY_MS), World::BUCKET, short);
    // A walk of eight rows takes an hour at most by now: what ended before that is gone.
    let [fine, hour, day] = ["fine/", "hour/", "day/"].map(|prefix| world.keys(prefix).len());
    assert!(
        (6..=8).contains(&fine) && (71..=74).contains(&hour) && (9..=11).contains(&day),
        "{fine} {hour} {day}"
    );
    let told = |world: &World| {
        [(Step::Fine, 6 * HOUR_MS), (Step::Hour, 3 * DAY_MS), (Step::Day, 10 * DAY_MS)]
            .map(|(step, kept)| world.rows.samples(step, 25 * DAY_MS - kept, 25 * DAY_MS))
    };
    let all = [6 * 12, 3 * 288, 10 * 288];
    assert_eq!(told(&world), all, "nothing went that is kept");

    // For longer again: what is left is told, and what comes is kept.
    world.goes_on((25 * DAY_MS, 40 * DAY_MS), World::BUCKET, Retention::USUAL);
    let first = 25 * DAY_MS - 3 * DAY_MS;
    assert_eq!(world.rows.samples(Step::Hour, first, 40 * DAY_MS), 18 * 288);
    assert_eq!(world.rows.samples(Step::Day, 15 * DAY_MS, 40 * DAY_MS), 25 * 288);
}

/// A release that knows nothing of the walk leaves out how far it came: it begins anew.
#[test]
fn the_deployment_before_and_back_changes_nothing() {
    let mut world = World::new();
    let short = Retention { minutes: Millis::from_secs(6 * 3_600), ..Retention::USUAL };
    world.goes_on((0, 3 * DAY_MS), World::BUCKET, short);
    let open = world.rows.0.get_mut("open/weur/0of1").unwrap();
    let mut before: serde_json::Value = serde_json::from_str(open).unwrap();
    assert!(before.as_object_mut().unwrap().remove("swept").is_some(), "{open}");
    *open = before.to_string();
    world.goes_on((3 * DAY_MS, 4 * DAY_MS), World::BUCKET, short);
    assert_eq!(world.rows.samples(Step::Fine, 4 * DAY_MS - 6 * HOUR_MS, 4 * DAY_MS), 72);
    assert_eq!(world.rows.samples(Step::Hour, 0, 4 * DAY_MS), 4 * 288);
}
