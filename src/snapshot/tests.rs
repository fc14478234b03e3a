use super::*;
use crate::fixtures::{SHOP, at, config, shop};

#[test]
fn a_blank_snapshot_knows_nothing_and_names_every_pool() {
    let blank = Snapshot::blank(&shop(), at(0), "the Arbiter does not answer");
    let pool = blank.pool("shop").unwrap();
    assert_eq!(pool.status_at(at(0)), Status::Unknown);
    assert_eq!(pool.chosen.as_ref().unwrap().as_str(), "primary", "a signal still names where to begin");
    assert_eq!(pool.origins[0].reason_at(at(0)), "the Arbiter does not answer");
}

#[test]
fn every_copy_turns_unknown_when_its_evidence_expires() {
    let mut snapshot = Snapshot::blank(&shop(), at(0), "");
    let origin = &mut snapshot.pools[0].origins[0];
    origin.status = Status::Pass;
    origin.reason = "3 of 3 vantages pass".into();
    origin.valid_until = at(45_000);
    assert_eq!(origin.status_at(at(44_999)), Status::Pass);
    assert_eq!(origin.status_at(at(45_000)), Status::Unknown);
    assert_eq!((origin.since_at(at(44_999)), origin.since_at(at(45_000))), (at(0), at(45_000)));
    let reason = origin.reason_at(at(45_000));
    assert_eq!(reason, format!("no fresh evidence since {}; before that: 3 of 3 vantages pass", at(45_000)));
}

#[test]
fn two_copies_agree_if_they_say_the_same_of_the_pools_that_both_have() {
    let second = SHOP.split_once("[[pool]]").unwrap().1.replace("name = \"shop\"", "name = \"blog\"");
    let whole = Snapshot::blank(&config(&format!("{SHOP}[[pool]]{second}")), at(0), "");
    let one = |pool: usize| Snapshot { pools: vec![whole.pools[pool].clone()], ..whole.clone() };
    for same in [whole.clone(), one(0), one(1)] {
        assert!(whole.agrees_with(&same) && same.agrees_with(&whole));
    }
    let mut news = one(1);
    news.pools[0].origins[1].status = Status::Fail;
    assert!(!whole.agrees_with(&news) && !news.agrees_with(&whole), "one pool says something else");
    let mut all_news = whole.clone();
    all_news.pools[1] = news.pools[0].clone();
    assert!(!whole.agrees_with(&all_news) && !one(1).agrees_with(&all_news));
    assert!(one(0).agrees_with(&all_news), "of the one pool that both have it says the same");
}

#[test]
fn a_copy_of_another_format_or_configuration_is_refused() {
    let config = shop();
    let mut snapshot = Snapshot::blank(&config, at(0), "");
    let text = crate::json::write(&snapshot);
    assert_eq!(Snapshot::parse(&text, config.hash), Some(snapshot.clone()));
    assert_eq!(Snapshot::parse(&text, Fingerprint::of("other")), None);
    snapshot.version = 2;
    assert_eq!(Snapshot::parse(&crate::json::write(&snapshot), config.hash), None);
    assert_eq!(Snapshot::parse("{", config.hash), None);
}

#[test]
fn snapshot_v1_bytes_are_frozen() {
    let frozen = r#"{"version":1,"config":"00000000000000aa","taken_at":9,"pools":[{"name":"shop","status":"pass","since":1,"valid_until":2,"revision":3,"chosen":"primary","choice":"c","panic":false,"origins":[{"name":"primary","url":"http://a","priority":0,"status":"pass","reason":"r","next":"n","falls":null,"since":1,"valid_until":2,"oldest":1,"votes":[{"vantage":"weur","opinion":"pass","warned":false,"reason":"ok","run":2,"need":3,"since":1,"observed":1,"expires":2,"latency":5,"code":200,"cache":"origin-proven","database":{"calls":1,"time":2},"colo":null}],"in_doubt":true,"recovered":4,"beat":{"last":1,"due":2,"deaf":null}}]}],"watch":[{"vantage":"weur","shard":"0of1","heard":1,"lag":0,"missed":0,"silent_from":3,"colo":"AMS","blind":"shop/primary: why","fast":{"spent":1,"of":2}}],"events":[{"at":1,"subject":"shop","from":"unknown","to":"pass","reason":"r"}],"notify":[{"name":"ops","delivered":1,"failing":2,"why":"status 500","sending":true,"waiting":3}]}"#;
    let snapshot: Snapshot = crate::json::read(frozen).unwrap();
    assert_eq!(crate::json::write(&snapshot), frozen);
    assert!(
        crate::json::read::<Snapshot>(
            &frozen.replace(
                ",\"in_doubt\":true,\"recovered\":4,\"beat\":{\"last\":1,\"due\":2,\"deaf\":null}",
                ""
            )
        )
        .is_some(),
        "an older copy is read"
    );
}
