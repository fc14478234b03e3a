use serde_json::Value;

use super::*;
use crate::fixtures::{SHOP, at, config, from_memory, shop};

use crate::path::MAX_TARGET;
use crate::snapshot::Part;
use crate::verdict::Status;

/// A snapshot of the shop: statuses of primary and standby, observed at second 0, valid until second 45.
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
    Ask { method: "GET", target, if_none_match: None }
}

/// What a request is answered at second 3.
fn get(target: &str, snapshot: &Snapshot) -> Answer {
    answered(&ask(target), snapshot, at(3_000))
}

fn basis(snapshot: &Snapshot, now: Timestamp) -> Basis<'_> {
    Basis { snapshot, source: from_memory(), now, counts: &[], seen: &[] }
}

fn answered(ask: &Ask<'_>, snapshot: &Snapshot, now: Timestamp) -> Answer {
    match plan(Ok(&shop()), ask) {
        Plan::Done(answer) => answer,
        Plan::FromSnapshot(target) => answer(&target, ask, &basis(snapshot, now)),
        Plan::AfterNews(target, _) => after_news(&target, ask, &basis(snapshot, now)),
        other @ (Plan::Stream(_) | Plan::Beat(_)) => panic!("that was not asked for: {other:?}"),
    }
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
fn every_answer_carries_its_age_and_may_be_kept_for_a_second() {
    for target in ["/health", "/health/shop", "/health/shop/primary", "/route/shop", "/"] {
        let answer = get(target, &snapshot(Status::Pass, Status::Pass));
        assert_eq!(header(&answer, "age"), Some("3"), "{target}");
        assert_eq!(header(&answer, "cache-control"), Some("max-age=4"), "{target}");
        assert_eq!(header(&answer, "vedette-evidence-age"), Some("3"), "{target}");
    }
    let blank = Snapshot::blank(&shop(), at(0), "nothing is known");
    assert_eq!(header(&get("/health", &blank), "age"), None);
    assert_eq!(header(&get("/health", &blank), "cache-control"), Some("no-store"));
}

/// `Age`, the evidence's age and `Cache-Control` of what is answered from a snapshot that was made at `made` and whose oldest
/// evidence, that of the standby, is of second 0, at `now` (milliseconds).
fn fresh(target: &str, made: u64, now: u64) -> [String; 3] {
    let mut snapshot = snapshot(Status::Pass, Status::Pass);
    snapshot.taken_at = at(made);
    snapshot.pools[0].origins[0].oldest = Some(at(made));
    snapshot.pools[0].origins[1].valid_until = at(100_000_000);
    snapshot.pools[0].origins[0].valid_until = at(100_000_000);
    let answer = answered(&ask(target), &snapshot, at(now));
    ["age", "vedette-evidence-age", "cache-control"].map(|name| header(&answer, name).unwrap().to_owned())
}

#[test]
fn evidence_that_is_old_by_its_nature_makes_no_answer_old() {
    for target in ["/health", "/health/shop", "/health/shop/standby", "/route/shop", "/"] {
        let day = fresh(target, 86_400_000, 86_400_300);
        assert_eq!(day, ["0", "86400", "max-age=1"], "{target}");
        assert_eq!(fresh(target, 86_400_000, 86_409_999), ["9", "86409", "max-age=10"], "{target}");
    }
}

#[test]
fn no_cache_keeps_an_answer_beyond_the_moment_at_which_it_changes_by_itself() {
    let mut snapshot = snapshot(Status::Pass, Status::Pass);
    let kept = |snapshot: &Snapshot, target: &str, now| {
        header(&answered(&ask(target), snapshot, at(now)), "cache-control").unwrap().to_owned()
    };
    snapshot.taken_at = at(40_000);
    for target in ["/health", "/health/shop", "/health/shop/primary", "/route/shop", "/"] {
        assert_eq!(kept(&snapshot, target, 40_500), "max-age=1", "{target}");
        assert_eq!(kept(&snapshot, target, 43_500), "max-age=1", "{target}: it ends at second 45");
        assert_eq!(kept(&snapshot, target, 44_000), "max-age=0", "{target}");
        // What has expired changes no more.
        assert_eq!(kept(&snapshot, target, 45_000), "max-age=6", "{target}");
    }
    // Only what the answer is about counts.
    snapshot.pools[0].origins[1].valid_until = at(90_000);
    assert_eq!(kept(&snapshot, "/health/shop/standby", 44_000), "max-age=5");
}

#[test]
fn no_cache_keeps_an_answer_from_a_copy_that_nobody_renews() {
    assert_eq!(fresh("/health", 0, 15_999)[2], "max-age=16");
    assert_eq!(fresh("/health", 0, 16_000), ["16", "16", "no-store"].map(str::to_owned));
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
        let ask = Ask { method: "GET", target: "/health", if_none_match: Some(if_none_match) };
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
        let answer = match plan(Ok(&closed), &ask) {
            Plan::Done(answer) => answer,
            Plan::FromSnapshot(target) => answer(&target, &ask, &basis(&blank, at(0))),
            other @ (Plan::AfterNews(..) | Plan::Stream(_) | Plan::Beat(_)) => panic!("{target}: {other:?}"),
        };
        assert!(!answer.body.contains("127.0.0.1"), "{target}");
    }
    assert!(matches!(
        plan(Ok(&closed), &ask("/route/shop?format=text")),
        Plan::Done(Answer { status: 403, .. })
    ));
}

#[test]
fn what_is_not_ours_never_needs_a_snapshot() {
    let long = format!("/health/{}", "x".repeat(MAX_TARGET));
    let table = [
        ("/nope", 404),
        ("/health/nope", 404),
        ("/health/shop/nope", 404),
        ("/health/shop/primary/x", 404),
        ("/health/shop%2Fprimary", 404),
        ("/health/shop%00", 404),
        ("/health//", 404),
        ("//livez", 404),
        ("/route/", 404),
        ("/route/nope", 404),
        ("/health?format=xml", 400),
        ("/health?format=redirect", 400),
        (&long, 414),
    ];
    for (target, status) in table {
        let Plan::Done(answer) = plan(Ok(&shop()), &ask(target)) else { panic!("{target} needs a snapshot") };
        assert_eq!(answer.status, status, "{target}");
        assert_eq!(header(&answer, "content-type"), Some("application/problem+json"), "{target}");
        let document = json(&answer);
        assert_eq!(document["status"], status, "{target}");
        assert!(document["detail"].as_str().is_some_and(|detail| detail.len() > 10), "{target}");
        assert!(!answer.body.contains("nope"), "nothing of the request is repeated");
    }
}

#[test]
fn options_says_what_may_be_asked_where_anybody_may() {
    for target in ["/health", "/health/shop", "/route/shop", "/", "/readyz"] {
        let answer = get_by("OPTIONS", target);
        assert_eq!((answer.status, answer.body.as_str()), (204, ""), "{target}");
        assert_eq!(header(&answer, "allow"), Some("GET, HEAD, OPTIONS"));
        assert_eq!(header(&answer, "access-control-allow-origin"), Some("*"));
    }
    assert_eq!(get_by("OPTIONS", "/nope").status, 404);
    let beat = get_by("OPTIONS", "/v1/heartbeat/x");
    assert_eq!((beat.status, header(&beat, "allow")), (405, Some("POST")));
}

fn get_by(method: &str, target: &str) -> Answer {
    match plan(Ok(&shop()), &Ask { method, ..ask(target) }) {
        Plan::Done(answer) => answer,
        other @ (Plan::FromSnapshot(_) | Plan::AfterNews(..) | Plan::Stream(_) | Plan::Beat(_)) => {
            panic!("{target}: {other:?}")
        }
    }
}

#[test]
fn what_expires_keeps_the_code_that_it_had() {
    use Status::{Fail, Pass, Unknown, Warn};
    let table = [
        ((Fail, Fail), "/health/shop", 503),
        ((Fail, Fail), "/health", 503),
        ((Fail, Pass), "/health/shop/primary", 503),
        ((Fail, Pass), "/health/shop/standby", 200),
        ((Fail, Pass), "/health/shop", 200),
        ((Pass, Pass), "/health/shop", 200),
        ((Warn, Warn), "/health", 200),
        ((Unknown, Unknown), "/health/shop", 200),
    ];
    for ((primary, standby), target, code) in table {
        let late = answered(&ask(target), &snapshot(primary, standby), at(45_000));
        assert_eq!((late.status, header(&late, "vedette-status")), (code, Some("unknown")), "{target}");
        assert_eq!(json(&late)["status"], "warn", "{target}");
    }
}

#[test]
fn other_codes_may_be_asked_for() {
    use Status::{Fail, Pass, Unknown, Warn};
    for (status, query, code) in [
        (Warn, "warn=503", 503),
        (Warn, "unknown=503", 200),
        (Unknown, "unknown=503", 503),
        (Unknown, "warn=503&unknown=404", 404),
        (Pass, "warn=503&unknown=503", 200),
        (Fail, "warn=200&unknown=200", 503),
    ] {
        for path in ["/health", "/health/shop", "/health/shop/primary"] {
            let target = format!("{path}?{query}&format=text");
            assert_eq!(get(&target, &snapshot(status, status)).status, code, "{target} {status:?}");
        }
    }
    let expired = answered(&ask("/health/shop?unknown=200"), &snapshot(Fail, Fail), at(45_000));
    assert_eq!(expired.status, 200, "who asks for it knows what it means");
    for bad in ["warn=", "warn=abc", "unknown=99", "unknown=600", "warn=204", "warn=304", "warn=+50"] {
        let answer = get(&format!("/health?{bad}"), &snapshot(Pass, Pass));
        assert_eq!(answer.status, 400, "{bad}");
        assert!(answer.body.contains("=503"), "{}", answer.body);
    }
}

#[test]
fn a_parameter_that_is_not_known_is_refused_with_those_that_are() {
    let pass = snapshot(Status::Pass, Status::Pass);
    for (target, known) in [
        ("/health?wran=503", "format, warn, unknown, now"),
        ("/health/shop?format=text&x", "format, warn, unknown, now"),
        ("/route/shop?warn=503", "format, wait, revision, now"),
    ] {
        let answer = get(target, &pass);
        assert_eq!(answer.status, 400, "{target}");
        assert!(answer.body.contains(known), "{}", answer.body);
        assert!(!answer.body.contains("wran"), "nothing of the request is repeated");
    }
    for target in ["/health?now", "/health?&&", "/route/shop?now=7", "/route/shop?"] {
        assert_eq!(get(target, &pass).status, 200, "{target}");
    }
}

#[test]
fn a_word_that_cannot_be_mistaken_is_in_every_answer() {
    use Status::{Fail, Pass, Unknown, Warn};
    for status in [Pass, Warn, Fail, Unknown] {
        let snapshot = snapshot(status, status);
        for target in ["/health", "/health/shop", "/health/shop/primary", "/health?format=text"] {
            let answer = get(target, &snapshot);
            assert_eq!(header(&answer, "vedette-status"), Some(status.as_str()), "{target}");
        }
    }
    let mut chosen = snapshot(Warn, Pass);
    chosen.pools[0].chosen = Some(crate::units::Name::parse("primary").unwrap());
    assert_eq!(header(&get("/route/shop", &chosen), "vedette-status"), Some("warn"));
    chosen.pools[0].chosen = None;
    assert_eq!(header(&get("/route/shop", &chosen), "vedette-status"), Some("fail"));
}

#[test]
fn the_spellings_of_checkers_are_understood() {
    let pass = snapshot(Status::Pass, Status::Pass);
    let usual = get("/health/shop", &pass);
    for spelling in ["/health/shop/", "//health/shop", "/health/sh%6fp", "/health/%73%68%6F%70", "//%68ealth"]
    {
        let answer = get(spelling, &pass);
        assert_eq!(answer.status, 200, "{spelling}");
        if spelling != "//%68ealth" {
            assert_eq!(answer.body, usual.body, "{spelling}");
        }
    }
    assert_eq!(get("/health/shop?format=word", &pass).body, "pass");
    assert_eq!(get("/route/shop/", &pass).status, 200);
    for other in [
        "/health/",
        "/health//shop",
        "/health/shop%2Fprimary",
        "/health/shop%",
        "/health/sh%6",
        "//livez",
        "/livez/",
    ] {
        assert_eq!(get(other, &pass).status, 404, "{other}");
    }
}

#[test]
fn only_get_and_head_are_answered() {
    for method in ["POST", "PUT", "DELETE", "TRACE", "get"] {
        let Plan::Done(answer) = plan(Ok(&shop()), &Ask { method, ..ask("/health") }) else {
            panic!("{method}")
        };
        assert_eq!((answer.status, header(&answer, "allow")), (405, Some("GET, HEAD")), "{method}");
    }
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
        let answer = answer(&Target::Page, &ask("/"), &basis);
        assert_eq!(header(&answer, "cache-status"), Some(line));
    }
}

/// What may be given again for a request.
fn kept_for(ask: &Ask<'_>, basis: &Basis<'_>) -> Option<(Answer, Timestamp)> {
    match plan(Ok(&shop()), ask) {
        Plan::Done(_) | Plan::AfterNews(..) | Plan::Stream(_) | Plan::Beat(_) => None,
        Plan::FromSnapshot(target) => kept(&target, ask, basis, &answer(&target, ask, basis)),
    }
}

fn kept_at(target: &str, snapshot: &Snapshot, now: Timestamp) -> Option<(Answer, Timestamp)> {
    kept_for(&ask(target), &basis(snapshot, now))
}

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
        "/health",
        "/health?format=text",
        "/health/shop",
        "/health/shop/primary",
        "/route/shop",
        "/route/shop?format=text",
        "/route/shop?format=redirect",
    ];
    let never = [
        "/",
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

#[test]
fn a_wait_is_planned_for_who_says_what_it_knows() {
    let shop = shop();
    let planned = |target: &'static str| plan(Ok(&shop), &ask(target));
    for (query, seconds, known) in [
        ("wait=30s&revision=7", 30, "7"),
        ("revision=0&wait=1", 1, "0"),
        ("wait=60s&revision=7-lapsed", 60, "7-lapsed"),
    ] {
        let target = format!("/route/shop?format=text&{query}");
        let Plan::AfterNews(target, wait) = plan(Ok(&shop), &ask(&target)) else { panic!("{query}") };
        assert_eq!(target.path().as_deref(), Some("/route/shop?format=text"), "answered as without a wait");
        assert_eq!((wait.length, wait.known.to_string().as_str()), (Millis::from_secs(seconds), known));
    }
    assert!(matches!(planned("/route/shop?wait=30s"), Plan::FromSnapshot(_)), "nothing to wait for");
    assert!(matches!(planned("/route/shop?revision=7"), Plan::FromSnapshot(_)));
    for bad in [
        "wait=0",
        "wait=61s",
        "wait=",
        "wait",
        "wait=1m",
        "wait=+5",
        "wait=-5s",
        "wait=5ms",
        "wait=99999999999999999999",
        "wait=5s&revision=",
        "wait=5s&revision=x",
        "wait=5s&revision=-1",
        "wait=61s&revision=7",
    ] {
        let target = format!("/route/shop?{bad}");
        let Plan::Done(answer) = plan(Ok(&shop), &ask(&target)) else { panic!("{bad}") };
        assert_eq!(
            (answer.status, header(&answer, "content-type")),
            (400, Some("application/problem+json")),
            "{bad}"
        );
        assert!(answer.body.contains("Write"), "{}", answer.body);
    }
    assert!(matches!(planned("/v1/stream/shop"), Plan::Stream(pool) if pool == "shop"));
    let Plan::Done(head) = plan(Ok(&shop), &Ask { method: "HEAD", ..ask("/v1/stream/shop") }) else {
        panic!()
    };
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    let Plan::Done(unknown) = planned("/v1/stream/nope") else { panic!() };
    assert_eq!(unknown.status, 404);
}

#[test]
fn no_cache_keeps_the_answer_to_a_wait() {
    let snapshot = snapshot(Status::Pass, Status::Pass);
    let answer = get("/route/shop?wait=30s&revision=6", &snapshot);
    assert_eq!((header(&answer, "cache-control"), header(&answer, "age")), (Some("no-store"), Some("3")));
    assert_eq!(answer.body, get("/route/shop", &snapshot).body);
    assert_eq!(kept_at("/route/shop?wait=30s&revision=6", &snapshot, at(3_000)), None);
    let at_capacity = at_capacity(&ask("/route/shop?wait=30s&revision=6"));
    assert_eq!((at_capacity.status, header(&at_capacity, "retry-after")), (429, Some("5")));
}

#[test]
fn an_event_is_the_signal_under_its_mark() {
    let snapshot = snapshot(Status::Pass, Status::Pass);
    let signal = get("/route/shop", &snapshot);
    let text = event(&snapshot, "shop", at(3_000));
    assert_eq!(
        text,
        format!("retry: {}\nid: 7\ndata: {}\n\n", 1_000 + at(3_000).as_millis() % 2_000, signal.body)
    );
    assert_eq!(header(&signal, "vedette-revision"), Some("7"));
    let late = event(&snapshot, "shop", at(45_000));
    assert!(late.contains("id: 7-lapsed\n") && late.contains("\"ttl\":0"), "{late}");
    assert_eq!(event(&snapshot, "nope", at(0)), KEEP_ALIVE, "of nothing there is nothing to say");
    assert_eq!(header(&stream(), "cache-control"), Some("no-store"));
}

#[test]
fn a_target_of_one_pool_needs_the_part_of_that_pool() {
    let of_shop = Part::Pool(shop().pools[0].name.clone());
    let signal = |pool: &str| Target::Signal { pool: pool.into(), format: Format::Json, wait: None };
    assert_eq!(signal("shop").part(&shop()), of_shop);
    assert_eq!(Target::Stream { pool: "shop".into() }.part(&shop()), of_shop);
    assert_eq!(signal("nowhere").part(&shop()), Part::Summary);
    assert_eq!(Target::Ready { verbose: false }.part(&shop()), Part::Summary);
    assert_eq!(Target::Page.part(&shop()), Part::Whole);
}
