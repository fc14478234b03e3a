//! What is given again without asking the core.

use super::*;

#[test]
fn what_is_given_again_comes_from_memory_wherever_it_came_from_first() {
    let snapshot = snapshot(Status::Pass, Status::Pass);
    let from_memory = basis(&snapshot, at(3_200));
    let from = |layer| {
        let source = Source { layer, ..from_memory.source };
        kept_for(&ask("/health"), &Basis { source, ..from_memory })
    };
    assert!(from(Tier::Memory).is_some());
    for layer in [Tier::Cache, Tier::Arbiter, Tier::Kv] {
        assert_eq!(from(layer), from(Tier::Memory), "{layer:?}");
    }
    assert_eq!(from(Tier::Nothing), None);
}

#[test]
fn only_what_is_asked_for_often_is_given_again_and_in_the_usual_form() {
    let snapshot = snapshot(Status::Pass, Status::Pass);
    let again = [
        "/",
        "/status",
        "/health",
        "/health?format=text",
        "/health/shop",
        "/health/shop/primary",
        "/route/shop",
        "/route/shop?format=text",
        "/route/shop?format=redirect",
    ];
    let never = [
        "/status?now",
        "/pool/shop",
        "/incidents",
        "/feed.atom",
        "/badge/shop.svg",
        "/livez",
        "/readyz",
        "/readyz?verbose",
        "/health?now",
        "/health?format=json",
        "/health?warn=503",
        "/health/shop/",
        "/health/shop?format=text&now",
        "/nope",
        "/health/nope",
        "/route/shop?",
    ];
    for target in again {
        assert!(kept_at(target, &snapshot, at(3_200)).is_some(), "{target}");
    }
    for target in never {
        assert!(kept_at(target, &snapshot, at(3_200)).is_none(), "{target}");
    }
    for other in
        [Ask { method: "HEAD", ..ask("/health") }, Ask { if_none_match: Some("*"), ..ask("/health") }]
    {
        assert!(kept_for(&other, &basis(&snapshot, at(3_200))).is_none(), "{other:?}");
    }
}

#[test]
fn what_is_given_again_is_what_memory_would_answer_until_it_ends() {
    let mut snapshot = snapshot(Status::Pass, Status::Fail);
    snapshot.pools[0].origins[1].oldest = Some(at(1_700));
    snapshot.pools[0].origins[1].valid_until = at(5_600);
    for (target, now, until) in [
        ("/health", 3_200, 3_600),
        ("/health", 3_600, 4_000),
        ("/health/shop", 4_000, 4_600),
        ("/health/shop", 4_600, 5_000),
        ("/health/shop/standby", 3_200, 3_600),
        ("/health/shop/standby", 3_600, 3_700),
        ("/health/shop/standby", 4_700, 5_000),
        ("/health/shop/standby", 5_000, 5_600),
        ("/route/shop", 3_999, 4_000),
    ] {
        let (answer, end) = kept_at(target, &snapshot, at(now)).unwrap();
        assert_eq!(end, at(until), "{target} at {now}");
        let last = answered(&ask(target), &snapshot, at(until - 1));
        assert_eq!(answer, last, "{target} at {now} and at the last moment");
        assert_ne!(answer, answered(&ask(target), &snapshot, at(until)), "{target}: it ends for a reason");
    }
}

#[test]
fn an_expired_signal_is_not_what_its_old_tag_names() {
    let snapshot = snapshot(Status::Pass, Status::Pass);
    let tag = header(&get("/route/shop", &snapshot), "etag").unwrap().to_owned();
    let again = |now| answered(&Ask { if_none_match: Some(&tag), ..ask("/route/shop") }, &snapshot, now);
    assert_eq!(again(at(44_999)).status, 304);
    let expired = again(at(45_000));
    assert_eq!((expired.status, json(&expired)["status"].as_str()), (200, Some("unknown")));
}

#[test]
fn what_is_given_again_ends_with_its_own_pool_and_its_votes() {
    let mut snapshot = snapshot(Status::Pass, Status::Pass);
    let mut other = snapshot.pools[0].clone();
    other.name = crate::units::Name::parse("other").unwrap();
    other.origins[0].oldest = Some(at(500));
    snapshot.pools.push(other);
    assert_eq!(
        kept_at("/route/shop", &snapshot, at(3_200)).unwrap().1,
        at(4_000),
        "another pool's second is not ours"
    );
    let vote = format!(
        r#"{{"vantage":"weur","opinion":"pass","warned":false,"reason":"ok","run":2,"need":2,"since":0,"observed":0,"expires":{},"latency":5,"cache":"unclassified","database":{{}}}}"#,
        at(3_700).as_millis()
    );
    snapshot.pools[0].origins[0].votes = vec![crate::json::read(&vote).unwrap()];
    assert_eq!(kept_at("/health/shop", &snapshot, at(3_200)).unwrap().1, at(3_700), "a vote expires");
}
