//! `/v1/…`: what is listed, in which order, and what is refused.

use super::*;
use crate::json;
use crate::snapshot::{Transition, VoteView};

/// Pools `p0` to `p6` of two origins each, the first a monitor in its place.
fn many() -> (Config, Snapshot) {
    let head = SHOP.split("[[pool]]").next().unwrap();
    let mut text = format!(
        "{head}[[monitor]]\nname = \"memo\"\ntitle = \"Memo <b>\"\ndescription = \"What it is\"\ntags = [\"a\"]\nurl = \"http://127.0.0.1:9\"\n"
    );
    for pool in 1..7 {
        text.push_str(&format!("[[pool]]\nname = \"p{pool}\"\n"));
        for origin in ["one", "two"] {
            text.push_str(&format!(
                "[[pool.origin]]\nname = \"{origin}\"\nurl = \"http://127.0.0.1:9/{origin}\"\n"
            ));
        }
    }
    let config = config(&text);
    let mut snapshot = Snapshot::blank(&config, at(0), "nothing is known");
    for pool in &mut snapshot.pools {
        for origin in &mut pool.origins {
            (origin.status, origin.oldest, origin.valid_until) = (Status::Pass, Some(at(0)), at(45_000));
            origin.votes = vec![vote("weur"), vote("enam")];
        }
    }
    let change = |ms: u64, subject: &str, from: &str, to: &str| -> Transition {
        let at = at(ms).as_millis();
        json::read(&format!(
            r#"{{"at":{at},"subject":"{subject}","from":"{from}","to":"{to}","reason":"because"}}"#
        ))
        .unwrap()
    };
    snapshot.events = vec![
        change(9_000, "ops", "fail", "fail"),
        change(8_000, "p1", "warn", "fail"),
        change(8_000, "p1/two", "pass", "fail"),
        change(8_000, "p1/one", "pass", "fail"),
        change(2_000, "memo/memo", "unknown", "pass"),
    ];
    (config, snapshot)
}

fn vote(vantage: &str) -> VoteView {
    let (since, expires) = (at(0).as_millis(), at(45_000).as_millis());
    json::read(&format!(
        r#"{{"vantage":"{vantage}","opinion":"pass","warned":false,"reason":"ok","run":2,"need":2,"since":{since},
        "observed":{since},"expires":{expires},"latency":12,"code":200,"cache":"origin-proven","database":{{"calls":7,"time":3}},
        "colo":"FRA"}}"#
    ))
    .unwrap()
}

fn listed_by(ask: &Ask<'_>, now: Timestamp) -> Answer {
    let (config, snapshot) = many();
    let basis = Basis { config: &config, ..basis(&snapshot, now) };
    answer_to(plan(Ok(&config), ask), |view| answer(view, ask, &basis))
}

fn listed(target: &str) -> Answer {
    listed_by(&ask(target), at(3_000))
}

/// The value of one member in each document of a list.
fn each(target: &str, member: &str) -> Vec<String> {
    let answer = listed(target);
    assert_eq!(answer.status, 200, "{target}: {}", answer.body);
    let document = json(&answer);
    let list = document.as_object().unwrap().values().find_map(Value::as_array).unwrap();
    list.iter().map(|one| one[member].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn lists_come_in_the_order_of_the_configuration() {
    let names = ["memo", "p1", "p2", "p3", "p4", "p5", "p6"];
    assert_eq!(each("/v1/pools", "name"), names);
    assert_eq!(each("/v1/monitors", "name"), ["memo"]);
    assert_eq!(each("/v1/origins?pool=p2", "name"), ["one", "two"]);
    assert_eq!(each("/v1/origins?origin=two", "pool"), names[1..]);
    assert_eq!(each("/v1/votes?pool=p1&origin=one", "vantage"), ["weur", "enam"]);
    assert_eq!(each("/v1/votes?vantage=enam", "pool").len(), 13);
    assert_eq!(each("/v1/events", "reason").len(), 5);
    assert_eq!(each("/v1/events", "at")[0], "2023-11-14T22:13:29.000Z");
}

#[test]
fn a_document_says_what_is_known_and_nothing_besides() {
    let monitor = json(&listed("/v1/monitors"));
    let whole = r#"{"monitors":[{"description":"What it is","kind":"origin","name":"memo","reason":"nothing is known",
        "since":"2023-11-14T22:13:20.000Z","status":"pass","tags":["a"],"title":"Memo <b>","valid_until":"2023-11-14T22:14:05.000Z"}]}"#;
    assert_eq!(monitor, serde_json::from_str::<Value>(whole).unwrap());
    let vote = &json(&listed("/v1/votes?limit=1"))["votes"][0];
    for (member, value) in [
        ("duration_ms", serde_json::json!(12)),
        ("success", true.into()),
        ("status_code", 200.into()),
        ("database_calls", 7.into()),
        ("cache_class", "origin-proven".into()),
        ("expires_at", "2023-11-14T22:14:05.000Z".into()),
    ] {
        assert_eq!(vote[member], value, "{member}");
    }
    assert_eq!(json(&listed("/v1/pools/p1"))["origins"], serde_json::json!(["one", "two"]));
    for list in List::ALL {
        assert!(!listed(&format!("/v1/{}", list.as_str())).body.contains("127.0.0.1"), "{list:?}");
    }
}

#[test]
fn what_has_expired_says_so() {
    let late = |target| json(&listed_by(&ask(target), at(45_000)));
    assert_eq!(late("/v1/pools/p1")["status"], "unknown");
    assert_eq!(late("/v1/votes?limit=1")["votes"][0]["opinion"], "expired");
    let origin = &late("/v1/origins?limit=1")["origins"][0];
    assert_eq!(
        (&origin["status"], &origin["since"]),
        (&"unknown".into(), &"2023-11-14T22:14:05.000Z".into())
    );
}

/// What a list says in parts of so many members, each as its text.
fn walked(target: &str, limit: usize) -> Vec<String> {
    let (mut found, mut cursor) = (Vec::new(), String::new());
    for _ in 0..50 {
        let join = if target.contains('?') { "&" } else { "?" };
        let answer = listed(&format!("{target}{join}limit={limit}{cursor}"));
        assert_eq!(answer.status, 200, "{}", answer.body);
        let document = json(&answer);
        let page = document.as_object().unwrap().values().find_map(Value::as_array).unwrap();
        assert!(page.len() <= limit && !page.is_empty(), "{}", answer.body);
        found.extend(page.iter().map(Value::to_string));
        match document["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return found,
        }
    }
    panic!("{target} never ends")
}

#[test]
fn parts_are_the_whole_each_member_once() {
    for target in ["/v1/pools", "/v1/origins", "/v1/votes", "/v1/events", "/v1/events?pool=p1"] {
        let whole = walked(target, 500);
        for limit in 1..8 {
            assert_eq!(walked(target, limit), whole, "{target} by {limit}");
        }
    }
}

#[test]
fn a_new_event_neither_repeats_nor_hides_an_older_one() {
    let (config, mut snapshot) = many();
    let get = |snapshot: &Snapshot, target: &str| {
        let ask = ask(target);
        let Plan::FromSnapshot(target) = plan(Ok(&config), &ask) else { panic!("{target}") };
        json(&answer(&target, &ask, &Basis { config: &config, ..basis(snapshot, at(3_000)) }))
    };
    let first = get(&snapshot, "/v1/events?limit=3");
    let next = format!("/v1/events?limit=3&cursor={}", first["next"].as_str().unwrap());
    let rest = get(&snapshot, &next);
    assert_eq!(rest["events"].as_array().unwrap().len(), 2);
    let mut new = snapshot.events[0].clone();
    new.at = at(20_000);
    snapshot.events.insert(0, new);
    assert_eq!(get(&snapshot, &next), rest);
}

#[test]
fn events_are_found_by_what_they_are_about() {
    let count = |query: &str| each(&format!("/v1/events?{query}"), "kind").len();
    assert_eq!((count("pool=p1"), count("pool=p1&origin=two"), count("origin=memo")), (3, 1, 1));
    assert_eq!((count("kind=pool"), count("kind=origin"), count("kind=undelivered")), (1, 3, 1));
    assert_eq!((count("since=2023-11-14T22:13:28Z"), count("since=2023-11-14T22%3A13%3A28.001Z")), (4, 1));
    let undelivered = &json(&listed("/v1/events?kind=undelivered"))["events"][0];
    assert_eq!((&undelivered["channel"], &undelivered["from"]), (&"ops".into(), &Value::Null));
}

#[test]
fn fields_choose_members() {
    let answer = listed("/v1/pools/p1?fields=status,name");
    assert_eq!(answer.body, r#"{"name":"p1","status":"pass"}"#);
    assert_eq!(listed("/v1/pools/p1?fields=status%2Cname").body, answer.body);
    let full = json(&listed("/v1/votes?limit=1"));
    for member in full["votes"][0].as_object().unwrap().keys() {
        let one = json(&listed(&format!("/v1/votes?limit=1&fields={member}")));
        assert_eq!(one["votes"][0].as_object().unwrap().keys().collect::<Vec<_>>(), [member]);
    }
}

#[test]
fn what_is_odd_is_refused_with_the_way_out() {
    let endless = format!("/v1/pools?fields={}", "name,".repeat(2_000));
    let table = [
        (endless.as_str(), 400, "at most 512"),
        ("/v1/pools?fields=", 400, "There are name"),
        ("/v1/pools?fields=name,nope", 400, "There are name"),
        ("/v1/pools?fields=name,", 400, "There are name"),
        ("/v1/pools?fields=name,name", 400, "each once"),
        ("/v1/pools?limit=0", 400, "from 1 to 500"),
        ("/v1/pools?limit=501", 400, "from 1 to 500"),
        ("/v1/pools?limit=+5", 400, "from 1 to 500"),
        ("/v1/pools?limit=", 400, "from 1 to 500"),
        ("/v1/pools?limit=5&limit=6", 400, "Write it once"),
        ("/v1/pools?cursor=nope", 400, "begin again"),
        ("/v1/pools?cursor=0123456789abcdef.1", 400, "another deployment"),
        ("/v1/pools?cursor=0123456789abcdef.1.2", 400, "begin again"),
        ("/v1/events?cursor=0123456789abcdef.1", 400, "begin again"),
        ("/v1/pools?pool=p1", 400, "A parameter is not known"),
        ("/v1/pools/p1?limit=1", 400, "fields are"),
        ("/v1/votes?pool=", 400, "1 to 63"),
        ("/v1/votes?pool=%zz", 400, "hexadecimal"),
        ("/v1/votes?pool=%", 400, "hexadecimal"),
        ("/v1/votes?pool=%ff", 400, "UTF-8"),
        ("/v1/events?since=yesterday", 400, "since=2026-01-31T09:41:00Z"),
        ("/v1/events?since=2023-11-14T22:13:28+01:00", 400, "UTC"),
        ("/v1/events?kind=all", 400, "pool, origin, undelivered"),
        ("/v1/votes?pool=nope", 404, "no pool of this name"),
        ("/v1/votes?pool=p1&origin=nope", 404, "no origin of this name"),
        ("/v1/pools/nope", 404, "no pool of this name"),
        ("/v1/pools/p1/one", 404, "Nothing is served"),
        ("/v1/pools/", 404, "no pool of this name"),
        ("/v1/nope", 404, "Nothing is served"),
        ("/v1", 404, "Nothing is served"),
    ];
    for (target, status, words) in table {
        let answer = listed(target);
        assert_eq!(answer.status, status, "{target}: {}", answer.body);
        assert_eq!(header(&answer, "content-type"), Some("application/problem+json"), "{target}");
        assert!(json(&answer)["detail"].as_str().unwrap().contains(words), "{target}: {}", answer.body);
        assert!(!answer.body.contains("nope"), "nothing of the request is repeated: {}", answer.body);
    }
}

#[test]
fn another_method_is_refused_before_what_it_asks() {
    for target in ["/v1/events?cursor=nope", "/health?format=nope", "/metrics?a=b", "/route/p1?wait=no"] {
        let by = |method| listed_by(&Ask { method, ..ask(target) }, at(3_000));
        assert_eq!((by("TRACE").status, by("POST").status, by("GET").status), (405, 405, 400), "{target}");
        assert_eq!(by("OPTIONS").status, 204, "{target}");
    }
}

#[test]
fn accept_has_to_have_room_for_json() {
    let endless = format!("{}{}", "x".repeat(3_000), "application/json");
    for (accept, status) in [
        ("application/json", 200),
        ("application/*;q=0.1", 200),
        ("*/*", 200),
        ("text/html, */*;q=0.8", 200),
        ("text/csv", 406),
        ("application/json;q=0", 406),
        ("nonsense", 400),
        ("", 400),
        (";;==,,", 400),
        (&endless, 400),
    ] {
        let answer = listed_by(&Ask { accept: Some(accept), ..ask("/v1/pools") }, at(3_000));
        assert_eq!(answer.status, status, "{accept}: {}", answer.body);
    }
}

#[test]
fn the_tag_rests_while_only_the_clock_moves() {
    let tag = |now| header(&listed_by(&ask("/v1/votes"), now), "etag").unwrap().to_owned();
    assert_eq!(tag(at(1_000)), tag(at(9_000)));
    assert_ne!(tag(at(1_000)), tag(at(45_000)));
    let known = tag(at(1_000));
    let again = listed_by(&Ask { if_none_match: Some(&known), ..ask("/v1/votes") }, at(2_000));
    assert_eq!((again.status, again.body.as_str()), (304, ""));
}

#[test]
fn a_list_of_one_pool_needs_no_more_than_its_part() {
    let config = many().0;
    let part = |target: &str| {
        let Plan::FromSnapshot(view) = plan(Ok(&config), &ask(target)) else { panic!("{target}") };
        view.part(&config).path()
    };
    assert_eq!((part("/v1/pools"), part("/v1/votes")), ("summary".to_owned(), "whole".to_owned()));
    assert_eq!(
        (part("/v1/pools/p1"), part("/v1/votes?pool=p1")),
        ("pool/p1".to_owned(), "pool/p1".to_owned())
    );
    assert_eq!(part("/v1/events?pool=p1"), "summary", "no other part has events");
}

#[test]
fn what_is_hidden_is_in_no_byte_of_an_answer_to_the_public() {
    let text = format!(
        "{SHOP}[[monitor]]\nname = \"veiled\"\ntitle = \"Behind\"\npublic = false\nurl = \"http://127.0.0.1:9\"\n\
         [access]\nread_tokens = \"READ\"\napi = \"public\"\nmetrics = \"public\"\n"
    );
    let config = config(&text);
    let (_, known) = many();
    let mut snapshot = Snapshot::blank(&config, at(0), "");
    snapshot.pools[1].origins[0].votes = vec![vote("weur")];
    snapshot.events = known.events.clone();
    snapshot.events[1].subject = "veiled/veiled".into();
    let tokens = crate::access::Caller::Nobody;
    for target in
        ["/metrics", "/v1/pools", "/v1/monitors", "/v1/origins", "/v1/votes", "/v1/events", "/openapi.json"]
    {
        let ask = Ask { caller: Some(&tokens), ..ask(target) };
        let basis = Basis { config: &config, ..basis(&snapshot, at(1)) };
        let answer = answer_to(plan(Ok(&config), &ask), |view| answer(view, &ask, &basis));
        assert_eq!(answer.status, 200, "{target}: {}", answer.body);
        assert!(
            !answer.body.contains("veiled") && !answer.body.contains("Behind"),
            "{target}: {}",
            answer.body
        );
    }
    for target in
        ["/v1/pools/NAME", "/v1/votes?pool=NAME", "/v1/events?pool=NAME", "/v1/origins?pool=NAME&origin=x"]
    {
        let [hidden, absent] = ["veiled", "absent"].map(|name| {
            let target = target.replace("NAME", name);
            let ask = Ask { caller: Some(&tokens), ..ask(&target) };
            answer_to(plan(Ok(&config), &ask), |view| panic!("{view:?} reaches the Arbiter"))
        });
        assert_eq!((hidden.status, &hidden), (404, &absent), "{target}");
    }
}
