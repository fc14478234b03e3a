use super::*;

const DAY: u64 = Millis::DAY.get();
const HOUR: u64 = 3_600_000;

fn at(day: u64, ms: u64) -> Timestamp {
    Timestamp::from_millis((20_000 + day) * DAY + ms)
}

/// Rows after these transitions of one subject, each in a call of its own.
fn rows(turns: &[(Timestamp, Status, Status)]) -> BTreeMap<String, String> {
    let mut kept = BTreeMap::<String, String>::new();
    for (at, from, to) in turns {
        let transition =
            Transition { at: *at, subject: "shop/a".to_owned(), from: *from, to: *to, reason: String::new() };
        let rows = stood(&|key| kept.get(key).cloned(), &[transition], None);
        kept.extend(rows.into_iter().map(|row| (row.key, row.text)));
    }
    kept
}

fn told(kept: &BTreeMap<String, String>, status: Status, now: Timestamp, days: u64) -> Shares {
    let found = (0..20_400).filter_map(|day| Some((day, day_row(kept.get(&key("shop", day))?, day)?)));
    let standing = Standing { subject: "shop/a".to_owned(), status };
    let stretches = stretches(&standing, &found.collect(), now);
    let away = away_row(&|key| kept.get(key).cloned()).times;
    shares(&stretches, &away, Window { from: now.minus(Millis::DAY.times(days)), to: now })
}

use Status::{Fail, Pass, Unknown, Warn};

#[test]
fn a_day_without_a_transition_is_what_stands_after_it() {
    let kept = rows(&[
        (at(0, 6 * HOUR), Unknown, Pass),
        (at(3, HOUR), Pass, Fail),
        (at(3, 3 * HOUR), Fail, Warn),
        (at(3, 4 * HOUR), Warn, Pass),
    ]);
    let now = at(5, 12 * HOUR);
    let known = Shares { pass: (5 * 24 + 12 - 6 - 3) * HOUR, warn: HOUR, fail: 2 * HOUR, unknown: 0 };
    let told = |days| told(&kept, Pass, now, days);
    assert_eq!(told(30), Shares { unknown: 30 * DAY - (5 * 24 + 6) * HOUR, ..known });
    assert_eq!(told(1), Shares { pass: DAY, ..Shares::default() });
    assert_eq!(told(7).fail, 2 * HOUR);
    assert_eq!(told(3).pass, 3 * DAY - 3 * HOUR);
}

#[test]
fn the_keys_of_a_pool_are_those_of_its_rows_and_of_no_other_pool() {
    let (first, after) = keys(&Name::parse("shop").unwrap());
    let within = |pool: &str, day| (first.clone()..after.clone()).contains(&key(pool, day));
    assert!((0..DAYS).all(|day| within("shop", day)));
    for other in ["sho", "shop-b", "shop0", "shop2", "shops", "a", "z"] {
        assert!((0..DAYS).all(|day| !within(other, day)), "{other}");
    }
}

#[test]
fn every_window_adds_up_whatever_happened() {
    let kept = rows(&[(at(0, 0), Unknown, Pass), (at(0, 5), Pass, Fail), (at(1, 0), Fail, Pass)]);
    for days in [1, 7, 30, 90, 365] {
        let Shares { pass, warn, fail, unknown } = told(&kept, Pass, at(1, HOUR), days);
        assert_eq!(pass + warn + fail + unknown, days * DAY);
    }
}

#[test]
fn every_day_has_its_own_shares_and_today_what_has_passed_of_it() {
    let kept =
        rows(&[(at(0, 6 * HOUR), Unknown, Pass), (at(1, 23 * HOUR), Pass, Fail), (at(2, HOUR), Fail, Pass)]);
    let stored = |key: &str| kept.get(key).cloned();
    let standing = [Standing { subject: "shop/a".to_owned(), status: Pass }];
    let pool = Name::parse("shop").unwrap();
    let grounds = Grounds { stored: &stored, kept: Millis::DAY.times(400), now: at(3, 12 * HOUR) };
    let told = answered(&grounds, &pool, &standing, Detail::Daily);
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    let days = told["subjects"][0]["days"].as_array().unwrap();
    assert_eq!(days.len(), DAILY);
    let last: Vec<String> = days[86..].iter().map(ToString::to_string).collect();
    assert_eq!(last, ["[64800,0,0,21600]", "[82800,0,3600,0]", "[82800,0,3600,0]", "[43200,0,0,0]"]);
    assert_eq!(days[0].to_string(), "[0,0,0,86400]");
    let first = at(3, 0).minus(Millis::DAY.times(89)).to_string();
    assert_eq!(told["days_from"], first);
    let plain = answered(&grounds, &pool, &standing, Detail::Windows);
    assert!(!plain.contains("days"), "{plain}");
}

/// Pass since yesterday, and told for ten days only: what stood before is not taken for longer.
#[test]
fn what_is_kept_no_longer_is_unknown() {
    let kept = rows(&[(at(0, 0), Unknown, Pass), (at(88, 0), Pass, Fail), (at(99, 0), Fail, Pass)]);
    let (stored, now) = (|key: &str| kept.get(key).cloned(), at(100, 12 * HOUR));
    let standing = [Standing { subject: "shop/a".to_owned(), status: Pass }];
    let pool = Name::parse("shop").unwrap();
    let told = |days| -> serde_json::Value {
        let grounds = Grounds { stored: &stored, kept: Millis::DAY.times(days), now };
        serde_json::from_str(&answered(&grounds, &pool, &standing, Detail::Daily)).unwrap()
    };
    let sums = |told: &serde_json::Value, window: &str| {
        let of = &told["subjects"][0]["windows"][window];
        ["pass_s", "fail_s", "unknown_s"].map(|sum| of[sum].as_u64().unwrap() * 1_000 / HOUR)
    };
    let short = told(10);
    assert_eq!(sums(&short, "7d"), [36, 5 * 24 + 12, 0]);
    assert_eq!(sums(&short, "30d"), [36, 8 * 24 + 12, 20 * 24]);
    assert_eq!(sums(&short, "365d"), [36, 8 * 24 + 12, 355 * 24]);
    let days = short["subjects"][0]["days"].as_array().unwrap();
    assert_eq!([&days[78], &days[79]].map(ToString::to_string), ["[0,0,0,86400]", "[0,0,43200,43200]"]);
    assert_eq!(sums(&told(400), "30d"), [36 + 17 * 24 + 12, 11 * 24, 0], "kept for longer again");
}

#[test]
fn the_days_of_a_window_add_up_to_it() {
    let kept = rows(&[(at(0, 0), Unknown, Pass), (at(0, 5), Pass, Fail), (at(1, 7), Fail, Pass)]);
    let found = (0..20_400).filter_map(|day| Some((day, day_row(kept.get(&key("shop", day))?, day)?)));
    let standing = Standing { subject: "shop/a".to_owned(), status: Pass };
    let now = at(5, 11);
    let mut sum = Shares::default();
    let stretches = stretches(&standing, &found.collect(), now);
    for day in daily(&stretches, &[], now) {
        sum.merge(day);
    }
    assert_eq!(sum, shares(&stretches, &[], Window { from: first_day(now), to: now }));
}

#[test]
fn time_in_which_nobody_looked_is_unknown() {
    let mut kept = rows(&[(at(0, 0), Unknown, Pass)]);
    let away = Window { from: at(1, 0), to: at(1, 2 * HOUR) };
    let row = stood(&|key| kept.get(key).cloned(), &[], Some(away));
    kept.extend(row.into_iter().map(|row| (row.key, row.text)));
    let told = told(&kept, Pass, at(2, 0), 2);
    assert_eq!(told, Shares { pass: 2 * DAY - 2 * HOUR, unknown: 2 * HOUR, ..Shares::default() });
}

#[test]
fn what_has_expired_is_unknown_since_its_last_turn() {
    let kept = rows(&[(at(0, 0), Unknown, Pass)]);
    assert_eq!(told(&kept, Unknown, at(0, HOUR), 1).unknown, DAY);
}

#[test]
fn a_day_that_flaps_keeps_its_row_small() {
    let turns: Vec<_> = (0..2_000_u64)
        .map(|n| if n % 2 == 0 { (at(0, n * 1_000), Pass, Fail) } else { (at(0, n * 1_000), Fail, Pass) })
        .collect();
    let kept = rows(&turns);
    assert!(kept.values().all(|text| text.len() < 20_000));
}

#[test]
fn its_rows_are_frozen() {
    let kept = rows(&[(at(0, 7), Unknown, Pass), (at(0, 9), Pass, Fail)]);
    let frozen = r#"{"version":1,"day":20000,"subjects":{"shop/a":{"first":"unknown","turns":[[7,"pass"],[9,"fail"]]}}}"#;
    assert_eq!(kept.iter().collect::<Vec<_>>(), [(&"stood/shop/351".to_owned(), &frozen.to_owned())]);
    let away = stood(&|_| None, &[], Some(Window { from: at(0, 0), to: at(0, 5) }));
    assert_eq!(away[0].text, r#"{"version":1,"times":[[1728000000000,1728000000005]]}"#);
}
