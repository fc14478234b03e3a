//! What a configuration may expect of a body, and what a refusal says.

use vedette::sample::Evidence;

use crate::{head, judged, origin, sample};

const JSON: Option<&str> = Some("application/json");

#[test]
fn values_may_be_several_may_warn_and_lists_are_looked_into() {
    let rule = origin("{}", r#"{ json = { "/status" = { one_of = ["ok", "info"], warn = ["warning"] } } }"#);
    let lenient = origin("{}", r#"{ json = { "/lag" = { one_of = [0, 1], otherwise = "warn" } } }"#);
    let all = origin("{}", r#"{ json = { "/results" = { all = { "/passed" = true } } } }"#);
    let any = origin(
        "{}",
        r#"{ json = { "/nodes" = { any = { "/role" = { one_of = ["primary"], warn = ["standby"] } } } } }"#,
    );
    let object =
        origin("{}", r#"{ json = { "/checks" = { all = { "" = { one_of = ["ok"], warn = ["slow"] } } } } }"#);
    for (origin, body, word) in [
        (&rule, r#"{"status":"ok"}"#, "pass"),
        (&rule, r#"{"status":"info"}"#, "pass"),
        (&rule, r#"{"status":"warning"}"#, "warn"),
        (&rule, r#"{"status":"error"}"#, "fail"),
        (&rule, "{}", "fail"),
        (&rule, "no JSON", "fail"),
        (&lenient, r#"{"lag":1.0}"#, "pass"),
        (&lenient, r#"{"lag":9}"#, "warn"),
        (&lenient, "{}", "warn"),
        (&all, r#"{"results":[{"passed":true},{"passed":true}]}"#, "pass"),
        (&all, r#"{"results":[{"passed":true},{"passed":false}]}"#, "fail"),
        (&all, r#"{"results":[]}"#, "pass"),
        (&all, r#"{"results":7}"#, "fail"),
        (&all, "{}", "fail"),
        (&any, r#"{"nodes":[{"role":"witness"},{"role":"primary"}]}"#, "pass"),
        (&any, r#"{"nodes":[{"role":"witness"},{"role":"standby"}]}"#, "warn"),
        (&any, r#"{"nodes":[{"role":"witness"}]}"#, "fail"),
        (&any, r#"{"nodes":[]}"#, "fail"),
        (&object, r#"{"checks":{"db":"ok","disk":"slow"}}"#, "warn"),
    ] {
        assert_eq!(judged(origin, 200, JSON, body).0, word, "{body}");
    }
}

#[test]
fn bodies_are_held_to_text_and_pattern() {
    for (expect, body, word) in [
        (r#"{ body_is = "OK" }"#, "OK\n", "pass"),
        (r#"{ body_is = "OK" }"#, "NOT OK", "fail"),
        (r#"{ body_not_contains = "error" }"#, "all well", "pass"),
        (r#"{ body_not_contains = "error" }"#, "an error", "fail"),
        (r"{ body_matches = '^version: 7\.\d+$' }", "version: 7.12", "pass"),
        (r"{ body_matches = '^version: 7\.\d+$' }", "version: 8.1", "fail"),
        (r#"{ max_latency = { warn = "10ms", fail = "30ms" } }"#, "", "fail"),
        (r#"{ max_latency = { warn = "10ms", fail = "50ms" } }"#, "", "warn"),
        (r#"{ max_latency = { fail = "50ms" } }"#, "", "pass"),
    ] {
        assert_eq!(judged(&origin("{}", expect), 200, None, body).0, word, "{expect} {body}");
    }
}

#[test]
fn a_pattern_takes_time_in_proportion_to_the_body() {
    // Backtracking would take longer than the world has existed.
    let evil = origin("{}", r"{ body_matches = '^(a+)+$' }");
    let body = format!("{}b", "a".repeat(60_000));
    assert_eq!(judged(&evil, 200, None, &body).0, "fail");
}

#[test]
fn a_refusal_says_what_to_write_instead() {
    let html = ["Content-Type: text/html", "Vary: Accept, Cookie"];
    let why = |probe: &str, expect: &str, status, lines: &[&str]| match sample(
        &origin(probe, expect),
        head(status, lines),
        "<p>ok</p>",
    )
    .evidence()
    {
        Evidence::Fail(why) => why,
        other @ (Evidence::Pass | Evidence::Warn(_) | Evidence::Unproven(_) | Evidence::None(_)) => {
            panic!("{other:?}")
        }
    };
    assert!(why(r#"{ method = "HEAD" }"#, "{}", 405, &[]).ends_with(r#"write method = "GET""#));
    assert_eq!(why("{}", "{}", 405, &[]), "status 405 is not expected");
    assert!(
        why(r#"{ headers = { accept = "application/health+json" } }"#, "{}", 406, &[]).contains("accept")
    );
    let json = r#"{ json = { "/ok" = true } }"#;
    assert!(why("{}", json, 200, &html).contains(r#"headers = { accept = "application/json" }"#));
    assert_eq!(why(r#"{ headers = { accept = "text/x" } }"#, json, 200, &html), "the body is not valid JSON");
}
