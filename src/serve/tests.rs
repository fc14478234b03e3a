use std::sync::LazyLock;

use serde_json::Value;

use super::*;
use crate::fixtures::{SHOP, answer_to, at, config, from_memory, shop};
use crate::path::MAX_TARGET;
use crate::snapshot::Part;
use crate::units::Millis;
use crate::verdict::Status;

mod asked;
mod described;
mod doors;
mod followed;
mod fresh;
mod kept;
mod listed;
mod measured;
mod retained;

/// A snapshot of the shop: statuses of primary and standby, observed at second 0, valid until
/// second 45.
fn snapshot(primary: Status, standby: Status) -> Snapshot {
    let mut snapshot = Snapshot::blank(&shop(), at(0), "");
    let pool = &mut snapshot.pools[0];
    pool.revision = 7;
    pool.choice = "why".into();
    for (view, status) in pool.origins.iter_mut().zip([primary, standby]) {
        view.status = status;
        view.reason = format!("because {}", status.as_str());
        view.oldest = Some(at(0));
        view.valid_until = at(45_000);
    }
    snapshot
}

fn ask(target: &str) -> Ask<'_> {
    Ask { method: "GET", target, if_none_match: None, caller: None, accept: None }
}

/// What a request is answered at second 3.
fn get(target: &str, snapshot: &Snapshot) -> Answer {
    answered(&ask(target), snapshot, at(3_000))
}

fn basis(snapshot: &Snapshot, now: Timestamp) -> Basis<'_> {
    static SHOP: LazyLock<Config> = LazyLock::new(shop);
    Basis {
        snapshot,
        config: &SHOP,
        source: from_memory(),
        now,
        counts: &[],
        seen: &[],
        past: &[],
        public: None,
    }
}

fn answered(ask: &Ask<'_>, snapshot: &Snapshot, now: Timestamp) -> Answer {
    let config = shop();
    let plan = plan(Ok(&config), ask);
    if let Plan::AfterNews(view, _) = &plan {
        return after_news(view, ask, &basis(snapshot, now));
    }
    answer_to(plan, |view| answer(view, ask, &basis(snapshot, now)))
}

fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    answer.headers.iter().find(|(field, _)| *field == name).map(|(_, value)| value.as_str())
}

fn json(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).unwrap()
}

#[test]
fn health_is_200_while_it_serves_and_503_when_it_fails() {
    use Status::{Fail, Pass, Unknown, Warn};
    let table = [
        ((Pass, Pass), "/health", 200, "pass"),
        ((Fail, Pass), "/health/shop", 200, "warn"),
        ((Fail, Pass), "/health/shop/primary", 503, "fail"),
        ((Fail, Pass), "/health/shop/standby", 200, "pass"),
        ((Fail, Fail), "/health", 503, "fail"),
        ((Unknown, Unknown), "/health/shop", 200, "warn"),
        ((Warn, Warn), "/health/shop/primary", 200, "warn"),
    ];
    for ((primary, standby), target, status, word) in table {
        let answer = get(target, &snapshot(primary, standby));
        assert_eq!((answer.status, json(&answer)["status"].as_str()), (status, Some(word)), "{target}");
        assert_eq!(header(&answer, "content-type"), Some("application/health+json"));
    }
}

#[test]
fn unknown_says_so_with_its_reason() {
    let answer = get("/health/shop/primary", &snapshot(Status::Unknown, Status::Pass));
    assert_eq!(json(&answer)["checks"]["shop/primary:verdict"][0]["observedValue"], "unknown");
    assert_eq!(json(&answer)["output"], "shop/primary unknown: because unknown");
}

#[test]
fn health_as_text_is_one_word() {
    let answer = get("/health/shop?format=text", &snapshot(Status::Fail, Status::Fail));
    assert_eq!((answer.status, answer.body.as_str()), (503, "fail\n"));
}

#[test]
fn an_old_copy_cannot_stay_green() {
    let old = snapshot(Status::Pass, Status::Pass);
    let late = answered(&ask("/health/shop/primary"), &old, at(45_000));
    assert_eq!(json(&late)["status"], "warn");
    assert!(json(&late)["output"].as_str().unwrap().contains("no fresh evidence since"), "{}", late.body);
    let signal = json(&answered(&ask("/route/shop"), &old, at(45_000)));
    assert_eq!((signal["origin"].as_str(), signal["status"].as_str()), (Some("primary"), Some("unknown")));
    assert_eq!(signal["ttl"], 0);
}

#[test]
fn the_tag_of_health_rests_while_only_the_clock_moves() {
    let snapshot = snapshot(Status::Pass, Status::Pass);
    let tag = |now| header(&answered(&ask("/health"), &snapshot, now), "etag").unwrap().to_owned();
    assert_eq!(tag(at(1_000)), tag(at(9_000)));
    let conditional = |if_none_match: &str| {
        let ask = Ask {
            method: "GET",
            target: "/health",
            if_none_match: Some(if_none_match),
            caller: None,
            accept: None,
        };
        let answer = answered(&ask, &snapshot, at(1_000));
        (answer.status, answer.body.is_empty())
    };
    let tag = tag(at(1_000));
    assert_eq!(conditional(&tag), (304, true));
    assert_eq!(conditional(&format!("\"x\", W/{tag}")), (304, true));
    assert_eq!(conditional("*"), (304, true));
    assert_eq!(conditional("\"x\""), (200, false));
    assert_eq!(conditional(&"\"x\",".repeat(10_000)), (200, false), "an absurd list matches nothing");
}

#[test]
fn the_tag_of_the_signal_is_its_revision() {
    let answer = get("/route/shop", &snapshot(Status::Pass, Status::Pass));
    assert_eq!(header(&answer, "etag"), Some("W/\"shop-7\""));
    assert_eq!(header(&answer, "vedette-origin"), Some("primary"));
    let signal = json(&answer);
    let mut keys: Vec<&str> = signal.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["age", "origin", "pool", "reason", "revision", "since", "status", "ttl", "url"]);
    assert_eq!((signal["age"].as_u64(), signal["ttl"].as_u64()), (Some(3), Some(1)));
    assert_eq!(signal["url"], "http://127.0.0.1:9101");
}

#[test]
fn the_signal_comes_as_a_line_and_as_a_redirect() {
    let snapshot = snapshot(Status::Pass, Status::Pass);
    assert_eq!(get("/route/shop?format=text", &snapshot).body, "http://127.0.0.1:9101\n");
    let redirect = get("/route/shop?format=redirect", &snapshot);
    assert_eq!((redirect.status, header(&redirect, "location")), (307, Some("http://127.0.0.1:9101")));
}

#[test]
fn nowhere_to_go_is_503_in_every_form() {
    let mut snapshot = snapshot(Status::Fail, Status::Fail);
    snapshot.pools[0].chosen = None;
    for target in ["/route/shop", "/route/shop?format=text", "/route/shop?format=redirect"] {
        let answer = get(target, &snapshot);
        assert_eq!(answer.status, 503, "{target}");
        assert!(!answer.body.contains("127.0.0.1"), "{target}");
    }
}

#[test]
fn addresses_stay_inside_unless_exposed() {
    let closed = config(&SHOP.replace("expose_urls = true\n", ""));
    let blank = Snapshot::blank(&closed, at(0), "");
    for target in
        ["/", "/health", "/health/shop", "/route/shop", "/route/shop?format=text", "/readyz?verbose"]
    {
        let ask = ask(target);
        let answer = answer_to(plan(Ok(&closed), &ask), |view| answer(view, &ask, &basis(&blank, at(0))));
        assert!(!answer.body.contains("127.0.0.1"), "{target}");
    }
    assert!(matches!(
        plan(Ok(&closed), &ask("/route/shop?format=text")),
        Plan::Done(Answer { status: 403, .. })
    ));
}

#[test]
fn a_bad_configuration_states_no_health() {
    let problems = Config::parse("plan = \"gratis\"").unwrap_err();
    for target in ["/health", "/health/shop", "/readyz", "/route/shop", "/"] {
        let Plan::Done(answer) = plan(Err(&problems), &ask(target)) else { panic!("{target}") };
        assert_eq!(answer.status, 503, "{target}");
        assert_eq!(header(&answer, "content-type"), Some("application/problem+json"));
        assert_eq!(json(&answer)["status"], 503, "the status member of RFC 9457, not a health word");
        assert!(json(&answer)["problems"].as_array().is_some_and(|list| list.iter().any(|at| at == "plan")));
    }
    let Plan::Done(live) = plan(Err(&problems), &ask("/livez")) else { panic!() };
    assert_eq!(live.status, 200);
}

/// All passes, and one vantage reported at second 0.
fn watched() -> Snapshot {
    let mut snapshot = snapshot(Status::Pass, Status::Pass);
    snapshot.watch = crate::json::read(&format!(
        r#"[{{"vantage":"weur","shard":"0of1","heard":{heard},"lag":3,"missed":0,"silent_from":{silent}}}]"#,
        heard = at(0).as_millis(),
        silent = at(5_000).as_millis()
    ))
    .unwrap();
    snapshot
}

#[test]
fn readiness_names_silent_vantages() {
    let snapshot = watched();
    assert_eq!(get("/readyz", &snapshot).status, 200);
    let late = answered(&ask("/readyz?verbose"), &snapshot, at(5_001));
    assert_eq!(late.status, 503);
    assert!(late.body.contains("[-]vantage weur 0of1"), "{}", late.body);
}

#[test]
fn a_channel_that_fails_is_shown_and_leaves_the_worker_ready() {
    let mut snapshot = watched();
    snapshot.notify = crate::json::read(
        r#"[{"name":"new","sending":false,"waiting":0},{"name":"ops","delivered":1700000000000,"sending":true,"waiting":1},
            {"name":"chat","delivered":1,"failing":1700000000000,"why":"status 500","sending":true,"waiting":2}]"#,
    );
    let answer = get("/readyz?verbose", &snapshot);
    assert_eq!(answer.status, 200);
    for line in [
        "[+]notify new has told nothing yet\n",
        "[+]notify ops delivered at 2023-11-14T22:13:20.000Z, 2 waiting\n",
        "[-]notify chat failing since 2023-11-14T22:13:20.000Z: status 500, 3 waiting\n",
    ] {
        assert!(answer.body.contains(line), "{line}: {}", answer.body);
    }
}

#[test]
fn security_headers_are_on_every_answer() {
    let snapshot = snapshot(Status::Pass, Status::Pass);
    for target in ["/", "/style.css", "/page.js", "/health", "/route/shop", "/nope", "/livez", "/readyz"] {
        let answer = get(target, &snapshot);
        for name in ["content-security-policy", "x-content-type-options", "referrer-policy", "cache-control"]
        {
            let count = answer.headers.iter().filter(|(field, _)| *field == name).count();
            assert_eq!(count, 1, "{target}: {name}");
        }
        assert!(!header(&answer, "content-security-policy").unwrap().contains("unsafe"));
    }
}

#[test]
fn cache_status_names_the_layer_and_its_age() {
    let source = |layer, age: u64, silent| Source {
        layer,
        age: Millis::new(age),
        limit: Millis::new(500),
        silent,
        replaced: false,
    };
    let replacing = Source { replaced: true, ..source(Tier::Arbiter, 0, false) };
    let table = [
        (source(Tier::Memory, 120, false), "vedette; hit; ttl=0; detail=\"memory, 0 s old\""),
        (source(Tier::Cache, 400, false), "vedette; hit; ttl=0; detail=\"cache, 0 s old\""),
        (
            source(Tier::Memory, 12_700, true),
            "vedette; hit; ttl=-12; detail=\"memory, 12 s old, arbiter silent\"",
        ),
        (source(Tier::Kv, 90_500, true), "vedette; hit; ttl=-90; detail=\"kv, 90 s old, arbiter silent\""),
        (replacing, "vedette; fwd=stale; detail=\"arbiter\""),
        (source(Tier::Arbiter, 0, false), "vedette; fwd=miss; detail=\"arbiter\""),
        (source(Tier::Nothing, 0, true), "vedette; fwd=miss; detail=\"nothing, arbiter silent\""),
    ];
    let snapshot = snapshot(Status::Pass, Status::Pass);
    for (source, line) in table {
        let basis = Basis { source, ..basis(&snapshot, at(0)) };
        let answer = answer(&View::Page, &ask("/"), &basis);
        assert_eq!(header(&answer, "cache-status"), Some(line));
    }
}

#[test]
fn a_target_of_one_pool_needs_the_part_of_that_pool() {
    let of_shop = Part::Pool(shop().pools[0].name.clone());
    let signal = |pool: &str| View::Signal { pool: pool.into(), format: Format::Json, wait: None };
    assert_eq!(signal("shop").part(&shop()), of_shop);
    assert_eq!(signal("nowhere").part(&shop()), Part::Summary);
    assert_eq!(View::Ready { verbose: false }.part(&shop()), Part::Summary);
    assert_eq!(View::Page.part(&shop()), Part::Whole);
}

/// What may be given again for a request.
fn kept_for(ask: &Ask<'_>, basis: &Basis<'_>) -> Option<(Answer, Timestamp)> {
    let config = shop();
    let Plan::FromSnapshot(view) = plan(Ok(&config), ask) else { return None };
    kept(&view, ask, basis, &answer(&view, ask, basis))
}

fn kept_at(target: &str, snapshot: &Snapshot, now: Timestamp) -> Option<(Answer, Timestamp)> {
    kept_for(&ask(target), &basis(snapshot, now))
}
