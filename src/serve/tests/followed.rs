//! Waits and streams.

use super::*;

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
