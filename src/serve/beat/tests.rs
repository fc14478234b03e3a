use crate::answer::Answer;
use crate::fixtures::{answer_to, config};
use crate::serve::{Ask, Beaten, Plan, plan};

const JOBS: &str = r#"
heartbeat_secret = "HEARTBEAT_KEY"
[[pool]]
name = "jobs"
origin = [
  { name = "nightly", kind = "heartbeat", period = "24h" },
  { name = "kuma", kind = "heartbeat", period = "1m", get = true },
]
"#;

/// A proof of the right form.
const MAC: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// What a request for the address of a job is answered before its proof is verified; 0 if it goes
/// on to that.
fn answered(method: &str, job: &str, rest: &str) -> u16 {
    refused(method, job, rest).map_or(0, |answer| answer.status)
}

fn refused(method: &str, job: &str, rest: &str) -> Option<Answer> {
    let config = config(JOBS);
    let target = format!("/v1/heartbeat/jobs.{job}.{MAC}{rest}");
    let ask = Ask { method, target: &target, if_none_match: None, caller: None, accept: None };
    let plan = plan(Ok(&config), &ask);
    if let Plan::Beat(claim) = &plan {
        assert_eq!(claim.heartbeat.id.origin.as_str(), job);
        return None;
    }
    Some(answer_to(plan, |view| panic!("{view:?}")))
}

#[test]
fn a_job_reports_by_get_only_where_the_configuration_says_so() {
    for method in ["GET", "HEAD"] {
        assert_eq!(answered(method, "kuma", ""), 0, "{method}");
        let answer = refused(method, "nightly", "").unwrap();
        assert_eq!(answer.status, 405, "{method}");
        assert!(answer.headers.contains(&("allow", "POST".to_owned())), "{:?}", answer.headers);
        assert_eq!(answered(method, "nobody", ""), 404, "{method}");
    }
    for job in ["kuma", "nightly"] {
        assert_eq!(answered("POST", job, ""), 0, "{job}");
        assert_eq!(answered("PUT", job, ""), 405, "{job}");
        assert_eq!(answered("OPTIONS", job, ""), 405, "{job}");
    }
}

#[test]
fn what_says_that_a_job_is_alive_in_other_words_counts() {
    for rest in ["?", "?status=up", "?status=up&msg=OK&ping=", "?msg=all%20done&ping=12", "?ping"] {
        assert_eq!(answered("GET", "kuma", rest), 0, "{rest}");
        assert_eq!(answered("POST", "nightly", rest), 0, "{rest}");
    }
}

#[test]
fn what_may_say_anything_else_is_no_sign_of_life() {
    let strange = [
        "?status=down",
        "?status=up&status=down",
        "?status",
        "?status=",
        "?status=UP",
        "?st%61tus=down",
        "?state=down",
        "?msg=x&exit=1",
        "/fail",
        "/start",
        "/0",
        "/1",
        "/",
        "/fail/again",
        "/fail?status=up",
    ];
    for rest in strange {
        for (method, job) in [("GET", "kuma"), ("HEAD", "kuma"), ("POST", "kuma"), ("POST", "nightly")] {
            let answer = refused(method, job, rest).unwrap();
            assert_eq!(answer.status, 400, "{method} {job}{rest}");
            assert!(answer.body.contains("was not counted"), "{}", answer.body);
            assert!(!answer.body.contains(MAC), "{}", answer.body);
        }
    }
}

#[test]
fn no_cache_keeps_what_answers_a_heartbeat() {
    let ask = Ask { method: "GET", target: "/", if_none_match: None, caller: None, accept: None };
    let answer = crate::serve::beaten(&super::Beaten::Taken, &ask);
    assert!(answer.headers.contains(&("cache-control", "no-store".to_owned())), "{:?}", answer.headers);
}

#[test]
fn while_none_is_heard_a_hidden_job_is_answered_as_none() {
    let config = config(
        r#"
        heartbeat_secret = "BEATS"
        [[monitor]]
        name = "loud"
        kind = "heartbeat"
        period = "1h"
        [[monitor]]
        name = "hushed"
        kind = "heartbeat"
        period = "1h"
        public = false
        [access]
        read_tokens = "READ"
        "#,
    );
    let deaf = |name: &str| {
        let job = config.heartbeats().find(|job| job.id.pool.as_str() == name).unwrap();
        Beaten::deaf("the secret BEATS is not set".to_owned(), job, &config)
    };
    assert_eq!(deaf("hushed"), Beaten::Unknown);
    assert_eq!(deaf("loud"), Beaten::Deaf("the secret BEATS is not set".to_owned()));
}
