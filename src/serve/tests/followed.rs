//! Waits and streams.

use super::*;
use crate::follow::{Event, Mark, Place, What, Why};
use crate::snapshot::Transition;

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
    assert_eq!(header(&stream(&ask("/v1/stream/shop")), "cache-control"), Some("no-store"));
}

#[test]
fn a_stream_of_all_is_planned_for_who_may_read_the_api() {
    let shop = shop();
    let planned = |method, caller| {
        let ask = Ask { method, caller, ..ask("/v1/stream?whatever=1") };
        plan(Ok(&shop), &ask)
    };
    assert_eq!(planned("GET", None), Plan::StreamOfAll { all: false });
    let Plan::Done(head) = planned("HEAD", None) else { panic!() };
    assert_eq!((head.status, header(&head, "content-type")), (200, Some("text/event-stream; charset=utf-8")));
    let Plan::Done(posted) = planned("POST", None) else { panic!() };
    assert_eq!(posted.status, 405);
}

#[test]
fn events_of_all_have_what_the_lists_have() {
    let mut snapshot = snapshot(Status::Pass, Status::Pass);
    let config = shop();
    let place =
        Place { config: config.hash, mark: Mark { revision: 7, lapsed: false }, at: at(1_000), nth: 1 };
    let (from, to) = (Status::Pass, Status::Fail);
    let transition =
        Transition { at: at(1_000), subject: "shop/primary".into(), from, to, reason: "a\nb".into() };
    snapshot.events.push(transition.clone());
    let list = |target: &str, name: &str| {
        json(&get(target, &snapshot)).get_mut(name).and_then(|list| list.get(0).cloned()).unwrap()
    };
    let (pool, event) = (list("/v1/pools", "pools"), list("/v1/events", "events"));
    let told = |what| events(&[Event { place, what }], &snapshot, &config, at(3_000));
    let parsed = |text: &str, kind: &str| -> Value {
        let rest = text.strip_prefix(&format!("retry: {}\n", 1_000 + at(3_000).as_millis() % 2_000)).unwrap();
        let head = format!("event: {kind}\nid: {}.7.{}.1\ndata: ", config.hash, at(1_000).as_millis());
        let data = rest.strip_prefix(&head).and_then(|data| data.strip_suffix("\n\n")).unwrap();
        assert!(!data.contains('\n'), "one line: {data}");
        serde_json::from_str(data).unwrap()
    };
    assert_eq!(parsed(&told(What::Transition(&transition)), "transition"), event);
    assert_eq!(parsed(&told(What::Verdict(&snapshot.pools[0])), "verdict"), pool);
    let reset = parsed(&told(What::Reset(Why::Gap)), "reset");
    assert_eq!(reset["pools"], Value::Array(vec![pool]));
    assert_eq!(reset["reason"], Why::Gap.as_str());
    assert_eq!(events(&[], &snapshot, &config, at(0)), "", "nothing is said of nothing");
}
