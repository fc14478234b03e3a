//! Health documents: what libraries send, others of their kind, and what is never read.

use proptest::prelude::*;
use vedette::exchange::{End, Reply};
use vedette::probe::examine;
use vedette::units::{Millis, Timestamp};

use crate::{answers, head, judged, origin};

const HEALTH: &str = include_str!("health.json");

#[test]
fn every_answer_of_a_health_library_is_read_as_it_is_meant() {
    let plain = origin("{}", "{}");
    let answers = answers(HEALTH);
    let mut wrong = Vec::new();
    for answer in &answers {
        let status = u16::try_from(answer["status"].as_u64().unwrap()).unwrap();
        let (said, why) = judged(&plain, status, answer["type"].as_str(), answer["body"].as_str().unwrap());
        if said != answer["means"] {
            wrong.push(format!("{said} ({why}) for {answer}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(answers.len(), 57);
}

const JSON: Option<&str> = Some("application/json");

#[test]
fn documents_of_their_kind_are_read_alike_and_the_form_is_named() {
    let plain = origin("{}", "{}");
    let table = [
        (207, JSON, r#"{"status":"unhealthy","probes":[]}"#, "fail", "(probes)"),
        (207, JSON, r#"{"status":"degraded","probes":[{"name":"db"}]}"#, "warn", "(probes)"),
        (207, JSON, r#"{"status":"healthy","probes":[]}"#, "pass", ""),
        (207, JSON, "{}", "warn", "Multi-Status"),
        (200, JSON, r#"{"status":"maintenance","probes":[]}"#, "warn", "(probes)"),
        (200, Some("application/vnd.health+json"), r#"{"status":"fail"}"#, "fail", "(health+json)"),
        (200, Some("application/health+json"), r#"{"status":"unhealthy"}"#, "fail", "(health+json)"),
        (200, Some("application/health+json"), r#"{"status":"healthy"}"#, "pass", ""),
        (200, Some("application/health+json"), r#"{"status":"Degraded"}"#, "warn", "(health+json)"),
        (200, Some("application/health+json"), "{}", "warn", "no status that is known"),
        (200, JSON, r#"{"status":"degraded"}"#, "warn", "(bare)"),
        (200, JSON, r#"{"status":"UNHEALTHY"}"#, "fail", "(bare)"),
        (200, JSON, r#"{"status":"DOWN"}"#, "fail", "(actuator)"),
        (200, JSON, r#"{"status":"OUT_OF_SERVICE","components":{}}"#, "fail", "(actuator)"),
        (200, JSON, r#"{"status":"UNKNOWN"}"#, "pass", ""),
        (
            200,
            Some("application/vnd.spring-boot.actuator.v3+json"),
            r#"{"status":"down","x":1}"#,
            "fail",
            "(actuator)",
        ),
        (
            200,
            JSON,
            r#"{"status":"Degraded","totalDuration":"0","entries":{"db":{"status":"Degraded"}}}"#,
            "warn",
            "(parts)",
        ),
        (200, JSON, r#"{"status":"Unhealthy","entries":{"db":{"status":"Unhealthy"}}}"#, "fail", "(parts)"),
        (200, Some("text/plain"), "Degraded", "warn", "(aspnet)"),
        (200, Some("text/plain; charset=utf-8"), "Unhealthy\n", "fail", "(aspnet)"),
        (200, Some("text/plain"), "Unhealthy weather", "pass", ""),
        (200, Some("text/html"), "Unhealthy", "pass", ""),
        (200, None, r#" {"status":"STOPPING","checks":[]}"#, "fail", "(microprofile)"),
        (
            200,
            JSON,
            r#"{"status":"STARTING","checks":[{"name":"a","status":"DOWN"}]}"#,
            "warn",
            "(microprofile)",
        ),
        (200, JSON, r#"{"status":"shutting_down","info":{},"error":{},"details":{}}"#, "fail", "(terminus)"),
        (
            200,
            JSON,
            r#"{"status":"error","info":{},"error":{"db":{"status":"down"}},"details":{"db":{"status":"down"}}}"#,
            "fail",
            "(terminus)",
        ),
        (200, JSON, r#"{"isHealthy":false,"status":"error"}"#, "fail", "(adonis)"),
        (200, JSON, r#"{"healthy":false,"checks":[]}"#, "fail", "(flag)"),
        (200, JSON, r#"{"ok":false}"#, "fail", "(flag)"),
        (200, JSON, r#"{"mydb":{"ok":false,"error":"x"}}"#, "fail", "(watchman)"),
        (
            200,
            JSON,
            r#"{"databases":[{"default":{"ok":true}},{"other":{"ok":false}}]}"#,
            "fail",
            "(watchman)",
        ),
        (200, JSON, r#"{"status":"failure","results":[]}"#, "fail", "(py-healthcheck)"),
        (200, JSON, "\u{feff}{\"status\":\"DOWN\"}", "fail", "(actuator)"),
        // Judged by the word of whoever says so of itself, never better than the status.
        (429, Some("application/health+json"), r#"{"status":"warn"}"#, "warn", "(health+json)"),
        (429, Some("application/health+json"), r#"{"status":"fail"}"#, "fail", "(health+json)"),
        (429, Some("application/health+json"), r#"{"status":"pass"}"#, "warn", "limits how often"),
        (500, JSON, r#"{"status":"UP"}"#, "fail", "status 500"),
    ];
    for (status, media, body, word, why) in table {
        let (said, reason) = judged(&plain, status, media, body);
        assert!(said == word && reason.contains(why), "{said} ({reason}) for {status} {body}");
    }
}

#[test]
fn what_may_be_anything_is_never_read() {
    let plain = origin("{}", "{}");
    for body in [
        r#"{"status":"warning"}"#,
        r#"{"status":"error"}"#,
        r#"{"status":"fail"}"#,
        r#"{"status":"error","error":"no such thing"}"#,
        r#"{"status":"error","error":{"code":7,"message":"no"}}"#,
        r#"{"status":"fail","data":{"title":"is missing"}}"#,
        r#"{"status":"error","details":[{"field":"name"}]}"#,
        r#"{"status":"error","message":"x","details":{"a":1}}"#,
        r#"{"database":false,"cache":false}"#,
        r#"{"status":503,"title":"x"}"#,
        r#"{"status":"down","device":"printer 7"}"#,
        r#"{"order":{"status":"DOWN"}}"#,
        r#"[{"status":"DOWN"}]"#,
        r#"{"checks":{"a":{"status":"DOWN"}}}"#,
        r#"{"status":"open","checks":[{"name":"a","status":"DOWN"}]}"#,
        "{}",
        "",
        "null",
        "false",
    ] {
        assert_eq!(judged(&plain, 200, JSON, body).0, "pass", "{body}");
        assert_eq!(judged(&plain, 200, Some("text/html"), body).0, "pass", "{body}");
    }
}

#[test]
fn a_dialect_that_is_named_is_read_and_off_reads_none() {
    let named = |name: &str| origin("{}", &format!("{{ document = \"{name}\" }}"));
    for (name, body, word) in [
        ("flags", r#"{"database":false,"version":"1.2.3"}"#, "fail"),
        ("flags", r#"{"database":true}"#, "pass"),
        ("flags", "false", "fail"),
        ("flags", r#"{"version":"1"}"#, "warn"),
        ("dockerflow", r#"{"status":"warning"}"#, "warn"),
        ("terminus", r#"{"status":"error"}"#, "fail"),
        ("actuator", "no JSON", "warn"),
        ("aspnet", "Unhealthy", "fail"),
        ("off", r#"{"status":"DOWN"}"#, "pass"),
    ] {
        assert_eq!(judged(&named(name), 200, JSON, body).0, word, "{name} {body}");
    }
    let off = named("off");
    assert_eq!(judged(&off, 200, Some("application/health+json"), r#"{"status":"fail"}"#).0, "pass");
    assert_eq!(judged(&off, 207, JSON, "{}").0, "pass");
    let known = origin("{}", r#"{ status = ["207"] }"#);
    assert_eq!(judged(&known, 207, JSON, "{}").0, "pass", "who lists 207 knows what is meant");
}

proptest! {
    #[test]
    fn a_document_never_makes_an_answer_better(status in 200u16..600, media in proptest::sample::select(vec!["application/json", "application/health+json", "text/plain", "text/html"]), body in r#"\{"(status|ok|healthy)":("(UP|DOWN|ok|warn|fail)"|true|false)\}|(Healthy|Unhealthy)"#) {
        let rank = |word: &str| ["pass", "warn", "fail"].iter().position(|known| *known == word);
        let off = judged(&origin("{}", r#"{ document = "off" }"#), status, Some(media), &body).0;
        let auto = judged(&origin("{}", "{}"), status, Some(media), &body).0;
        prop_assert!(rank(auto) >= rank(off), "{auto} {off}");
        if status >= 400 && status != 429 {
            prop_assert_eq!(auto, "fail");
        }
    }

    #[test]
    fn no_document_and_no_timing_panics(body in any::<Vec<u8>>(), text in ".{0,120}", media in "(application/json|text/plain|application/health\\+json|)") {
        let head = head(200, &[&format!("Content-Type: {media}"), &format!("Server-Timing: {}", text.replace('\n', " "))]);
        for expect in ["{}", r#"{ document = "flags", db_metric = "x" }"#] {
            let reply = Reply { end: End::Complete, elapsed: Millis::ZERO, head: Some(head.clone()), body: body.clone() };
            let one = examine(&origin("{}", expect), Timestamp::from_millis(7), &reply);
            prop_assert_eq!(one.clone(), examine(&origin("{}", expect), Timestamp::from_millis(7), &reply));
            let spoken = Reply { body: text.clone().into_bytes(), ..reply };
            let _ = examine(&origin("{}", expect), Timestamp::from_millis(7), &spoken).evidence();
        }
    }
}
