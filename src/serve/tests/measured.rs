//! What `/metrics` says, and in which form.

use super::*;
use crate::snapshot::VoteView;

/// A pool whose title needs escapes, with one vote on its first origin.
fn measured() -> (Config, Snapshot) {
    let title = r#"title = "Laden \"Ost\" C:\\ é""#;
    let config =
        config(&SHOP.replace("expose_urls = true", &format!("expose_urls = true\n{title}\ngroup = \"A\"")));
    let mut snapshot = watched();
    snapshot.config = config.hash;
    snapshot.pools[0].origins[0].votes = vec![vote("weur", at(45_000))];
    snapshot.watch[0].fast = crate::json::read(r#"{"spent":30,"of":20}"#);
    snapshot.pools[0].traffic =
        crate::json::read(r#"{"requests":9,"retries":2,"answered":8,"waited_ms":1250,"unanswered":1}"#);
    snapshot.pools[0].durations = crate::json::read(
        r#"{"origin-proven":{"counts":[3,0,0,2,0,0,0,0,0,0,0,1],"total_ms":15123},"edge-only":{"counts":[7]}}"#,
    );
    snapshot.notify = crate::json::read(r#"[{"name":"ops","sending":true,"waiting":1}]"#);
    (config, snapshot)
}

fn vote(vantage: &str, expires: Timestamp) -> VoteView {
    let vote = format!(
        r#"{{"vantage":"{vantage}","opinion":"fail","warned":false,"failed":true,"reason":"status 500","run":2,"need":2,
        "since":{since},"observed":{since},"expires":{expires},"latency":1234,"code":500,"cache":"origin-proven",
        "database":{{"calls":7,"time":30}},"colo":"FRA"}}"#,
        since = at(1_500).as_millis(),
        expires = expires.as_millis(),
    );
    crate::json::read(&vote).unwrap()
}

fn metrics(accept: Option<&str>, now: Timestamp) -> Answer {
    let (config, snapshot) = measured();
    let ask = Ask { accept, ..ask("/metrics") };
    let Plan::FromSnapshot(target) = plan(Ok(&config), &ask) else { panic!("/metrics needs a snapshot") };
    assert_eq!(target.part(&config), Part::Whole, "votes are in no other part");
    answer(&target, &ask, &Basis { config: &config, ..basis(&snapshot, now) })
}

/// The lines without the comments.
fn lines(answer: &Answer) -> Vec<&str> {
    answer.body.lines().filter(|line| !line.starts_with('#')).collect()
}

#[test]
fn each_measurement_is_said_as_prometheus_reads_it() {
    let answer = metrics(None, at(3_000));
    assert_eq!(header(&answer, "content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    assert_eq!(
        (answer.status, header(&answer, "vary"), header(&answer, "age")),
        (200, Some("accept"), Some("3"))
    );
    let found = lines(&answer);
    for line in [
        "vedette_arbiter_up 1",
        "vedette_snapshot_timestamp_seconds 1700000000.0",
        r#"vedette_snapshot_layer{layer="memory"} 1"#,
        r#"vedette_snapshot_layer{layer="kv"} 0"#,
        r#"vedette_pool_info{pool="shop",title="Laden \"Ost\" C:\\ é",group="A",kind="pool"} 1"#,
        r#"vedette_pool_status{pool="shop",status="pass"} 1"#,
        r#"vedette_pool_status{pool="shop",status="fail"} 0"#,
        r#"vedette_pool_chosen{pool="shop",origin="primary"} 1"#,
        r#"vedette_proxy_requests_total{pool="shop"} 9"#,
        r#"vedette_proxy_answered_total{pool="shop"} 8"#,
        r#"vedette_proxy_answer_seconds_total{pool="shop"} 1.25"#,
        r#"vedette_proxy_unanswered_total{pool="shop"} 1"#,
        r#"vedette_proxy_retries_total{pool="shop"} 2"#,
        r#"vedette_proxy_retries_held_back_total{pool="shop"} 0"#,
        r#"vedette_proxy_ejections_total{pool="shop"} 0"#,
        r#"vedette_probe_duration_seconds_bucket{pool="shop",class="origin-proven",le="0.005"} 3"#,
        r#"vedette_probe_duration_seconds_bucket{pool="shop",class="origin-proven",le="0.05"} 5"#,
        r#"vedette_probe_duration_seconds_bucket{pool="shop",class="origin-proven",le="10"} 5"#,
        r#"vedette_probe_duration_seconds_bucket{pool="shop",class="origin-proven",le="+Inf"} 6"#,
        r#"vedette_probe_duration_seconds_sum{pool="shop",class="origin-proven"} 15.123"#,
        r#"vedette_probe_duration_seconds_count{pool="shop",class="origin-proven"} 6"#,
        r#"vedette_probe_duration_seconds_count{pool="shop",class="edge-only"} 7"#,
        r#"vedette_pool_chosen{pool="shop",origin="standby"} 0"#,
        r#"vedette_origin_status{pool="shop",origin="standby",status="pass"} 1"#,
        r#"vedette_origin_evidence_timestamp_seconds{pool="shop",origin="primary"} 1700000000.0"#,
        r#"probe_success{pool="shop",origin="primary",vantage="weur"} 0"#,
        r#"probe_duration_seconds{pool="shop",origin="primary",vantage="weur"} 1.234"#,
        r#"probe_http_status_code{pool="shop",origin="primary",vantage="weur"} 500"#,
        r#"vedette_probe_timestamp_seconds{pool="shop",origin="primary",vantage="weur"} 1700000001.5"#,
        r#"vedette_probe_cache_class{pool="shop",origin="primary",vantage="weur",class="origin-proven"} 1"#,
        r#"vedette_probe_cache_class{pool="shop",origin="primary",vantage="weur",class="edge-only"} 0"#,
        r#"vedette_probe_database_calls{pool="shop",origin="primary",vantage="weur"} 7"#,
        r#"vedette_probe_database_seconds{pool="shop",origin="primary",vantage="weur"} 0.03"#,
        r#"vedette_vote{pool="shop",origin="primary",vantage="weur",opinion="fail"} 1"#,
        r#"vedette_vantage_up{vantage="weur",shard="0of1"} 1"#,
        r#"vedette_vantage_lag_seconds{vantage="weur",shard="0of1"} 0.003"#,
        r#"vedette_vantage_missed_slots_total{vantage="weur",shard="0of1"} 0"#,
        r#"vedette_vantage_fast_probes_left{vantage="weur",shard="0of1"} 0"#,
        r#"vedette_notify_waiting{channel="ops"} 2"#,
        r#"vedette_notify_failing{channel="ops"} 0"#,
    ] {
        assert!(found.contains(&line), "{line} is not among\n{}", answer.body);
    }
    assert!(!answer.body.contains("127.0.0.1") && !answer.body.contains("status 500"), "{}", answer.body);
}

/// Names of families in the order of their first line, without what OpenMetrics puts behind them.
fn families(answer: &Answer) -> Vec<&str> {
    let names = answer.body.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    names.filter_map(|line| line.split(' ').next()).map(|name| name.trim_end_matches("_total")).collect()
}

#[test]
fn openmetrics_is_the_same_in_another_spelling() {
    let open = metrics(Some("application/openmetrics-text; version=1.0.0"), at(3_000));
    let kind = Some("application/openmetrics-text; version=1.0.0; charset=utf-8");
    assert_eq!(header(&open, "content-type"), kind);
    assert!(open.body.ends_with("\n# EOF\n"), "{}", open.body);
    assert!(open.body.contains("# UNIT probe_duration_seconds seconds\n"), "{}", open.body);
    assert!(open.body.contains("# TYPE vedette_vantage_missed_slots counter\n"), "{}", open.body);
    let plain = metrics(None, at(3_000));
    assert!(
        !plain.body.contains("# EOF")
            && plain.body.contains("# TYPE vedette_vantage_missed_slots_total counter\n")
    );
    // Histograms are in another order there, and their bounds in another spelling.
    let others = |answer| -> Vec<String> {
        let lines =
            lines(answer).into_iter().filter(|line| !line.contains("vedette_probe_duration_seconds_"));
        lines.map(str::to_owned).collect()
    };
    assert_eq!(others(&open), others(&plain));
    let bounds = |answer: &Answer| answer.body.matches("vedette_probe_duration_seconds_bucket{").count();
    assert_eq!((bounds(&open), bounds(&plain)), (24, 24));
    assert_eq!(families(&open), families(&plain));
    let mut names = families(&plain);
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count, "the lines of a family stand together");
}

#[test]
fn accept_chooses_and_nonsense_is_given_what_is_usual() {
    let open = "application/openmetrics-text";
    let table = [
        ("", false),
        ("*/*", false),
        ("text/html", false),
        (open, true),
        ("application/openmetrics-text;q=0.5,text/plain;version=0.0.4;q=0.2,*/*;q=0.1", true),
        ("application/openmetrics-text;q=0.2,text/plain;q=0.5", false),
        ("application/openmetrics-text;q=0.5,text/plain;q=0.5", false),
        ("application/openmetrics-text;version=2.0.0", false),
        ("application/openmetrics-text;q=nonsense", false),
        ("\u{0}\u{ffff};;;,,,===", false),
    ];
    for (accept, is_open) in table {
        let answer = metrics(Some(accept), at(3_000));
        assert_eq!((answer.status, answer.body.ends_with("# EOF\n")), (200, is_open), "{accept}");
    }
}

#[test]
fn a_vote_that_has_expired_measures_nothing() {
    let late = metrics(None, at(45_000));
    let found = lines(&late);
    assert!(
        found.contains(&r#"vedette_vote{pool="shop",origin="primary",vantage="weur",opinion="expired"} 1"#)
    );
    assert!(found.contains(&r#"vedette_origin_status{pool="shop",origin="primary",status="unknown"} 1"#));
    assert!(found.contains(&r#"vedette_pool_status{pool="shop",status="unknown"} 1"#));
    assert!(found.contains(&r#"vedette_vantage_up{vantage="weur",shard="0of1"} 0"#));
    assert!(!found.iter().any(|line| line.starts_with("probe_")
        || (line.starts_with("vedette_probe_") && line.contains("vantage="))));
}

#[test]
fn an_origin_and_vantage_have_at_most_twenty_lines() {
    let answer = metrics(None, at(3_000));
    let count =
        lines(&answer).iter().filter(|line| line.contains("vantage=") && line.contains("origin=")).count();
    assert!((15..=20).contains(&count), "{count}");
}

#[test]
fn where_nothing_is_known_nothing_is_measured() {
    let blank = Snapshot::blank(&shop(), at(0), "nothing is known");
    let source = Source { layer: Tier::Nothing, silent: true, ..from_memory() };
    let ask = ask("/metrics");
    let target = View::Metrics { exposition: Exposition::Prometheus };
    let answer = answer(&target, &ask, &Basis { source, ..basis(&blank, at(0)) });
    let found = lines(&answer);
    assert!(found.contains(&"vedette_arbiter_up 0"), "{}", answer.body);
    assert!(found.contains(&r#"vedette_pool_status{pool="shop",status="unknown"} 1"#), "{}", answer.body);
    assert!(!found.iter().any(|line| line.contains("timestamp")), "{}", answer.body);
}

#[test]
fn it_is_asked_for_without_parameters_and_made_anew_each_time() {
    let (_, snapshot) = measured();
    assert_eq!(get("/metrics?pool=shop", &snapshot).status, 400);
    assert_eq!(get("/metrics/", &snapshot).status, 404);
    assert!(kept_at("/metrics", &snapshot, at(3_000)).is_none(), "its form hangs on more than its address");
}
