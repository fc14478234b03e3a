//! Which requests are answered, by which method, in which spelling, with which parameters.

use super::*;

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
    let config = shop();
    answer_to(plan(Ok(&config), &Ask { method, ..ask(target) }), |view| panic!("{view:?} needs a snapshot"))
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

/// The Arbiter lives, and weighs votes that have expired: of those it knows nothing any more.
#[test]
fn what_became_unknown_by_itself_keeps_the_code_that_it_had() {
    for (failed, code) in [(None, 200), (Some(false), 200), (Some(true), 503)] {
        let mut snapshot = snapshot(Status::Unknown, Status::Unknown);
        for origin in &mut snapshot.pools[0].origins {
            origin.failed = failed;
        }
        for target in ["/health", "/health/shop", "/health/shop/primary"] {
            let answer = answered(&ask(target), &snapshot, at(4_000));
            assert_eq!(
                (answer.status, header(&answer, "vedette-status")),
                (code, Some("unknown")),
                "{target}"
            );
        }
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
        ("/route/shop?warn=503", "format, unknown, wait, revision, now"),
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
fn a_question_that_goes_wrong_is_answered_by_no_verdict() {
    let pass = snapshot(Status::Pass, Status::Pass);
    for target in ["/health/nope", "/health?wran=1", "/route/nope", "/route/shop?wait=x", "//health/nope"] {
        assert_eq!(header(&get(target, &pass), "vedette-status"), Some("unknown"), "{target}");
    }
    for (method, target) in [("POST", "/health"), ("GET", "/nope"), ("OPTIONS", "/health")] {
        let expected = (method == "POST").then_some("unknown");
        assert_eq!(header(&get_by(method, target), "vedette-status"), expected, "{method} {target}");
    }
}

#[test]
fn scripts_of_any_site_may_read_what_is_public_and_nothing_else() {
    let pass = snapshot(Status::Pass, Status::Pass);
    for target in ["/health", "/health/shop", "/health/nope", "/route/shop", "/livez", "/readyz", "/"] {
        let answer = get(target, &pass);
        assert_eq!(header(&answer, "access-control-allow-origin"), Some("*"), "{target}");
        assert_eq!(header(&answer, "access-control-expose-headers"), Some("*"), "{target}");
    }
    let beat = beaten(&Beaten::Unknown, &Ask { method: "POST", ..ask("/v1/heartbeat/x") });
    assert_eq!(header(&beat, "access-control-allow-origin"), None);
}

#[test]
fn a_redirect_is_given_while_it_may_be_acted_upon() {
    let fresh = snapshot(Status::Pass, Status::Pass);
    for (now, unknown, status) in [
        (0, "", 307),
        (43_999, "", 307),
        (44_001, "", 503),
        (45_000, "", 503),
        (45_000, "&unknown=follow", 307),
        (0, "&unknown=follow", 307),
    ] {
        let target = format!("/route/shop?format=redirect{unknown}");
        let answer = answered(&ask(&target), &fresh, at(now));
        assert_eq!(answer.status, status, "{target} at {now}");
        let followed = header(&answer, "location").is_some();
        assert_eq!((followed, header(&answer, "retry-after").is_some()), (status == 307, status == 503));
        let ttl = json(&answered(&ask("/route/shop"), &fresh, at(now)))["ttl"].clone();
        assert!(!unknown.is_empty() || (status == 307) == (ttl == 1), "{target} at {now}: ttl {ttl}");
    }
    let late = answered(&ask("/route/shop?format=redirect"), &fresh, at(45_000));
    assert!(late.body.contains("no fresh evidence"), "{}", late.body);
    for bad in ["unknown=follow", "format=text&unknown=follow", "format=redirect&unknown=503"] {
        let answer = get(&format!("/route/shop?{bad}"), &fresh);
        assert_eq!(answer.status, 400, "{bad}");
        assert!(answer.body.contains("unknown=follow"), "{}", answer.body);
    }
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
