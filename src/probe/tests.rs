use proptest::prelude::*;

use super::*;
use crate::exchange::HEADER_CAP;
use crate::fixtures::{at, origin, shop};
use crate::sample::{Evidence, Finding};

mod redirects;

fn reply(status: u16, headers: &[(&str, &str)], body: &str) -> Reply {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Reply {
        end: End::Complete,
        elapsed: Millis::new(40),
        head: Some(Head { status, headers }),
        body: body.into(),
    }
}

fn evidence(expect: &str, reply: &Reply) -> Evidence {
    examine(&origin(expect), at(0), reply).evidence()
}

fn fails(expect: &str, reply: &Reply) -> String {
    match evidence(expect, reply) {
        Evidence::Fail(why) => why,
        other @ (Evidence::Pass | Evidence::Warn(_) | Evidence::Unproven(_) | Evidence::None(_)) => {
            panic!("{other:?}")
        }
    }
}

fn warns(expect: &str, reply: &Reply) -> String {
    match evidence(expect, reply) {
        Evidence::Warn(why) | Evidence::Unproven(why) => why,
        other @ (Evidence::Pass | Evidence::Fail(_) | Evidence::None(_)) => panic!("{other:?}"),
    }
}

#[test]
fn a_probe_says_who_it_is() {
    let config = shop();
    let request = request(&config.pools[0].origins[0], &Name::parse("weur").unwrap());
    assert_eq!(request.url, "http://127.0.0.1:9101/health");
    let agent = format!("vedette/{} (+vantage=weur)", env!("CARGO_PKG_VERSION"));
    assert!(request.headers.contains(&("user-agent".into(), ProbeValue::Text(agent))));
    assert!(request.headers.contains(&("vedette-vantage".into(), ProbeValue::Text("weur".into()))));
}

#[test]
fn a_plain_200_passes() {
    assert_eq!(evidence("{}", &reply(200, &[], "")), Evidence::Pass);
}

#[test]
fn broken_expectations_fail_with_the_reason() {
    let table = [
        ("{}", reply(500, &[], ""), "status 500 is not expected"),
        ("{}", reply(302, &[("location", "/x")], ""), "status 302 is not expected"),
        (r#"{ body_contains = "ok" }"#, reply(200, &[], "no"), "the body does not contain the expected text"),
        (
            r#"{ json = { "/ok" = true } }"#,
            reply(200, &[], r#"{"ok":false}"#),
            "JSON /ok does not have the expected value",
        ),
        (r#"{ json = { "/ok" = true } }"#, reply(200, &[], "{}"), "JSON /ok is missing"),
        (r#"{ json = { "/ok" = true } }"#, reply(200, &[], "{"), "the body is not valid JSON"),
        (
            r#"{ headers = { "content-type" = "json" } }"#,
            reply(200, &[], ""),
            "header content-type is missing",
        ),
        (
            r#"{ headers = { "content-type" = "json" } }"#,
            reply(200, &[("content-type", "text/html")], ""),
            "header content-type does not have the expected text",
        ),
        (
            "{}",
            reply(200, &[("content-type", "application/health+json")], r#"{"status":"fail"}"#),
            "the origin's own health document says fail (health+json)",
        ),
        (
            "{}",
            reply(200, &[("content-type", "Application/Health+JSON")], r#"{"status":"FAIL"}"#),
            "the origin's own health document says fail (health+json)",
        ),
        (
            "{}",
            reply(200, &[("cf-cache-status", "STALE")], ""),
            "a cache answered stale (CF-Cache-Status of Cloudflare): it could not reach the origin",
        ),
    ];
    for (expect, reply, why) in table {
        assert_eq!(fails(expect, &reply), why);
    }
}

#[test]
fn blemishes_warn() {
    let timing = [("server-timing", "db;dur=600.4;desc=\"21\", app;dur=700")];
    let table = [
        (r#"{ max_latency = "30ms" }"#, reply(200, &[], ""), "response time 40ms is over 30ms"),
        ("{ max_db_calls = 20 }", reply(200, &timing, ""), "21 database calls are more than 20"),
        (r#"{ max_db_time = "500ms" }"#, reply(200, &timing, ""), "database time 600ms is over 500ms"),
        ("{}", reply(429, &[], "slow down"), "status 429: the origin limits how often it is asked"),
        (
            r#"{ body_contains = "ok" }"#,
            reply(429, &[], ""),
            "status 429: the origin limits how often it is asked",
        ),
        (
            "{}",
            reply(200, &[("cf-cache-status", "HIT")], ""),
            "a cache answered (CF-Cache-Status of Cloudflare): this proves nothing about the origin",
        ),
        (
            "{}",
            reply(200, &[("content-type", "application/health+json")], r#"{"status":"warn"}"#),
            "the origin's own health document says warn (health+json)",
        ),
    ];
    for (expect, reply, why) in table {
        assert_eq!(warns(expect, &reply), why);
    }
}

#[test]
fn a_deadline_that_is_noticed_late_proves_nothing() {
    let origin = origin("{}");
    let ends = |ms, head| Reply { end: End::TimedOut, elapsed: Millis::new(ms), head, body: Vec::new() };
    for head in [None, Some(Head::default())] {
        let evidence = |ms| examine(&origin, at(0), &ends(ms, head.clone())).evidence();
        assert!(
            matches!(evidence(750), Evidence::Fail(_)),
            "a timer may be a little late: {:?}",
            evidence(750)
        );
        assert_eq!(evidence(751), Evidence::None("the vantage is too busy to keep its deadlines".into()));
    }
}

#[test]
fn what_never_came_to_an_answer_fails() {
    let end = |end, head: Option<Head>| Reply { end, elapsed: Millis::new(500), head, body: Vec::new() };
    let table = [
        (end(End::TimedOut, None), "no answer within 500ms"),
        (end(End::TimedOut, Some(Head::default())), "the body did not end within 500ms"),
        (end(End::Broken("connection refused".into()), None), "no connection, or no valid HTTP answer on it"),
        (
            end(End::Broken("reset".into()), Some(Head::default())),
            "the answer broke in the middle of the body: it was cut short, or is malformed",
        ),
        (
            end(End::TooLong, Some(Head::default())),
            "the body is longer than the 64 KiB that a probe reads; probe a smaller document",
        ),
        (
            end(
                End::Redirected("more redirects than the probe follows".into()),
                Some(Head { status: 302, headers: vec![] }),
            ),
            "status 302: more redirects than the probe follows",
        ),
    ];
    for (reply, why) in table {
        assert_eq!(fails("{}", &reply), why);
    }
}

#[test]
fn our_own_fault_is_no_evidence() {
    let broken = |words: &str| Reply {
        end: End::Broken(words.into()),
        elapsed: Millis::ZERO,
        head: None,
        body: Vec::new(),
    };
    let not_sent = Reply { end: End::NotSent("the secret X is not set".into()), ..broken("") };
    let cloudflare = |body: &str| reply(403, &[("server", "cloudflare")], body);
    for reply in [
        broken("Too many subrequests."),
        not_sent,
        cloudflare("error code: 1003"),
        cloudflare("error code: 1042"),
    ] {
        assert!(matches!(evidence("{}", &reply), Evidence::None(_)), "{reply:?}");
    }
    assert!(
        matches!(evidence("{}", &cloudflare("error code: 1020")), Evidence::Fail(_)),
        "the origin's own firewall"
    );
}

#[test]
fn cache_classes() {
    use CacheClass::{CounterProof, EdgeOnly, OriginProven, Unclassified};
    let table = [
        (("cf-cache-status", "HIT"), EdgeOnly),
        (("cf-cache-status", "UPDATING"), EdgeOnly),
        (("cf-cache-status", "DYNAMIC"), OriginProven),
        (("cf-cache-status", "REVALIDATED"), OriginProven),
        (("cf-cache-status", "STALE"), CounterProof),
        (("cache-status", "origin-cache; hit; ttl=12"), EdgeOnly),
        (("cache-status", "origin-cache; hit; ttl=-3"), EdgeOnly),
        (("cache-status", "a; hit, edge; fwd=uri-miss; stored"), EdgeOnly),
        (("cache-status", "nonsense"), Unclassified),
        (("x-cache", "Hit from cloudfront"), EdgeOnly),
        (("x-cache", "MISS, HIT"), EdgeOnly),
        (("age", "12"), EdgeOnly),
        (("age", "99999999999999999999999999"), EdgeOnly),
        (("age", "0"), Unclassified),
        (("age", "-1"), Unclassified),
        (("x-other", "HIT"), Unclassified),
    ];
    for (header, class) in table {
        assert_eq!(examine(&origin("{}"), at(0), &reply(200, &[header], "")).cache, class, "{header:?}");
    }
}

#[test]
fn server_timing_is_read_and_absurd_values_are_left_out() {
    let expect = origin("{}").expect;
    let read = |field: &str| {
        let head = Head { status: 200, headers: vec![("server-timing".into(), field.into())] };
        timing::database(&expect, &head)
    };
    let (calls, time) = (Some(3), Some(Millis::new(12)));
    assert_eq!(read("db;dur=12.3;desc=\"3\""), Database { calls, time });
    assert_eq!(read("app;dur=1, db;desc=\"3 calls\";dur=12"), Database { calls, time });
    assert_eq!(
        read("app;desc=\"a, db;dur=900\", db;desc=\"3 calls; 2, cached\";dur=12"),
        Database { calls, time }
    );
    for absurd in [
        "",
        "db",
        "db;dur=-1",
        "db;dur=NaN",
        "db;dur=inf",
        "db;dur=1e300",
        "db;desc=\"none\"",
        "db;desc=99999999999999",
        "db;desc=\"-3\"",
        "app;desc=\"unended, db;dur=12;desc=3",
    ] {
        assert_eq!(read(absurd), Database::default(), "{absurd}");
    }
    assert_eq!(read(&format!("{}db;dur=1", "x,".repeat(10_000))), Database::default());
    for absurd in [
        ".",
        "1e",
        "1e+",
        "1.2.3",
        "e5",
        "0x1",
        "1 2",
        "86400001",
        "9e99999",
        "9e99999999999",
        "+inf",
        "+NaN",
        "infinity",
    ] {
        assert_eq!(read(&format!("db;dur={absurd}")), Database::default(), "{absurd}");
    }
    for nothing in ["0", ".0", "0.", "+0", "5e-05", "0e99999", "0.49999999999999994"] {
        assert_eq!(read(&format!("db;dur={nothing}")).time, Some(Millis::ZERO), "{nothing}");
    }
}

#[test]
fn metrics_that_the_configuration_names_are_read_and_absurd_values_are_left_out() {
    let expect = origin(r#"{ timings = ["render", "Queue"] }"#).expect;
    let read = |field: &str| {
        let head = Head { status: 200, headers: vec![("server-timing".into(), field.into())] };
        let read = timing::timings(&expect, &head).into_iter();
        read.map(|timing| format!("{}={}", timing.name, timing.micros)).collect::<Vec<_>>()
    };
    assert_eq!(read("db;dur=9, queue;dur=.5, RENDER;dur=40.0006;desc=\"3\""), ["render=40001", "Queue=500"]);
    assert_eq!(
        read("render;dur=1.5, x;dur=9, render;dur=2;dur=7"),
        ["render=3500"],
        "those that repeat are summed"
    );
    assert_eq!(read("render;dur=0, queue;dur=-1"), ["render=0"]);
    assert_eq!(read("render;dur=86400000"), ["render=86400000000"]);
    for absurd in [
        "",
        "render",
        "render;desc=5",
        "render;dur=-1",
        "render;dur=NaN",
        "render;dur=inf",
        "render;dur=1e308",
        "render;dur=86400000.1",
        "render;dur=86400000, render;dur=1",
        "render;dur=1e308, render;dur=1e308",
        "renderer;dur=1",
        "app;desc=\"unended, render;dur=12",
    ] {
        assert_eq!(read(absurd), [""; 0], "{absurd}");
    }
    assert_eq!(read(&format!("{}render;dur=1", "x,".repeat(10_000))), [""; 0]);
    let none = Head { status: 200, headers: Vec::new() };
    assert_eq!(timing::timings(&expect, &none), []);
    let all = examine(&origin("{}"), at(0), &reply(200, &[("server-timing", "render;dur=1")], ""));
    assert_eq!(all.timings, [], "what nobody named is not read");
}

proptest! {
    #[test]
    fn a_time_is_read_as_the_number_that_it_is(ms in prop_oneof![0.0..2.0, 0.0..86_400_000.0_f64], zeros in 0_usize..40) {
        let expect = origin("{}").expect;
        for text in [format!("{ms}"), format!("{ms:e}"), format!("{ms:.1}"), format!("0.{:0>zeros$}1e{zeros}", "")] {
            let wanted = format!("{:.0}", text.parse::<f64>().unwrap().round());
            let head = Head { status: 200, headers: vec![("server-timing".into(), format!("db;dur={text}"))] };
            let read = timing::database(&expect, &head).time;
            prop_assert_eq!(read.map(|time| time.get().to_string()), Some(wanted), "{}", text);
        }
    }
}

#[test]
fn a_secret_that_no_header_field_carries_is_our_fault() {
    let secret = ProbeValue::Secret("TOKEN".into());
    let carried = |value: &str| {
        let carried = field_value(&secret, |_| Ok(Secret::from(value)));
        carried.map(|carried| carried.expose_secret().to_owned()).map_err(|unusable| unusable.to_string())
    };
    assert_eq!(carried("Bearer abc"), Ok("Bearer abc".into()));
    assert_eq!(carried(" abc\r\n"), Ok("abc".into()), "as `echo abc | wrangler secret put` leaves it");
    for empty in ["", " \n"] {
        assert_eq!(carried(empty), Err("the secret TOKEN is empty".into()));
    }
    for unfit in ["hunter2\nx: y", "hunter2\0", "hunter2\u{1}", "hunter2-日本", "hunter2-ä"] {
        let why = carried(unfit).unwrap_err();
        assert!(why.starts_with("the secret TOKEN has characters") && !why.contains("hunter2"), "{why}");
    }
}

proptest! {
    #[test]
    fn no_reply_makes_the_judgement_panic(status in 0u16..1000, name in "[a-z-]{0,20}", value in ".{0,200}", body in proptest::collection::vec(any::<u8>(), 0..300)) {
        let mut reply = reply(status, &[(name.as_str(), value.as_str()), ("server-timing", &value), ("cache-status", &value)], "");
        reply.body = body;
        let sample = examine(&origin(r#"{ json = { "/a/b" = 1 }, body_contains = "x", max_db_calls = 1 }"#), at(0), &reply);
        let met = sample.checks.iter().all(|check| check.finding == Finding::Met);
        prop_assert_eq!(sample.evidence() == Evidence::Pass, met);
    }

    #[test]
    fn no_location_makes_resolving_panic(location in ".{0,100}") {
        let config = shop();
        let mut request = request(&config.pools[0].origins[0], &Name::parse("weur").unwrap());
        request.redirects = 1;
        let head = Head { status: 302, headers: vec![("location".into(), location)] };
        if let Some(Hop::Follow(next)) = redirected(&request, &head) {
            prop_assert!(next.url.starts_with("http://") || next.url.starts_with("https://"));
        }
    }
}
