use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::{AGE, Keys, LOST, MOST, PAUSE, RETRY, Step, request};
use crate::config::OriginUrl;
use crate::exchange::{End, Head, Reply};
use crate::units::{Millis, Timestamp};

fn at(ms: u64) -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000 + ms)
}

fn key(kid: &str) -> Value {
    let n = URL_SAFE_NO_PAD.encode([0xc5; 256]);
    json!({ "kid": kid, "kty": "RSA", "alg": "RS256", "use": "sig", "e": "AQAB", "n": n })
}

fn answer(status: u16, body: &str) -> Reply {
    Reply {
        end: End::Complete,
        elapsed: Millis::new(1),
        head: Some(Head { status, headers: Vec::new() }),
        body: body.as_bytes().to_vec(),
    }
}

fn of(keys: &[Value]) -> Reply {
    answer(200, &json!({ "keys": keys, "public_cert": { "kid": "x" } }).to_string())
}

/// An isolate that has been brought these.
fn holding(keys: &[Value]) -> Keys {
    let mut held = Keys::new();
    assert_eq!(held.next("any", at(0)), Step::Fetch);
    assert_eq!(held.brought(&of(keys), at(0)), Ok(()));
    held
}

fn verifies(step: &Step, kid: &str) -> bool {
    matches!(step, Step::Verify(key) if key.kid == kid)
}

#[test]
fn they_are_asked_for_where_the_documentation_says() {
    let issuer = OriginUrl { https: true, host: "t.example".into(), port: None, prefix: String::new() };
    let request = request(&issuer);
    assert_eq!(request.url, "https://t.example/cdn-cgi/access/certs");
    assert_eq!(request.redirects, 0, "nobody else is believed");
}

#[test]
fn names_that_are_made_up_have_them_asked_for_once_a_minute() {
    let mut keys = holding(&[key("new"), key("old")]);
    assert!(verifies(&keys.next("new", at(1)), "new"));
    assert!(verifies(&keys.next("old", at(1)), "old"));
    let mut asked = 0;
    for ms in (0..600_000).step_by(100) {
        let step = keys.next(&format!("made-up-{ms}"), at(ms));
        if step == Step::Fetch {
            asked += 1;
            assert_eq!(keys.brought(&of(&[key("new"), key("old")]), at(ms)), Ok(()));
        } else {
            assert_eq!(step, Step::Unknown);
        }
        assert!(verifies(&keys.next("new", at(ms)), "new"), "meanwhile a good one is taken");
    }
    assert_eq!(asked, 600_000 / PAUSE.get() - 1);
}

#[test]
fn a_new_key_is_found_and_the_old_one_forgotten() {
    let mut keys = holding(&[key("one")]);
    assert_eq!(keys.next("two", at(PAUSE.get())), Step::Fetch);
    assert_eq!(keys.brought(&of(&[key("two")]), at(PAUSE.get())), Ok(()));
    assert!(verifies(&keys.next("two", at(PAUSE.get())), "two"));
    assert_eq!(keys.next("one", at(PAUSE.get())), Step::Unknown, "what was taken back is believed no longer");
    let later = PAUSE.plus(AGE).get();
    assert!(verifies(&keys.next("two", at(later - 1)), "two"));
    assert_eq!(keys.next("two", at(later)), Step::Fetch, "and a known one is looked after");
    assert!(verifies(&keys.next("two", at(later)), "two"), "for which nobody else waits");
}

#[test]
fn while_one_request_asks_the_others_wait_and_one_that_is_lost_is_taken_over() {
    let mut keys = Keys::new();
    assert_eq!(keys.next("one", at(0)), Step::Fetch);
    for ms in [0, 10, LOST.get() - 1] {
        assert!(matches!(keys.next("one", at(ms)), Step::Wait(_)), "{ms}");
    }
    assert!(matches!(keys.next("one", at(LOST.get())), Step::Unreachable(_)));
    assert_eq!(keys.next("one", at(RETRY.get())), Step::Fetch);
    assert_eq!(keys.brought(&of(&[key("one")]), at(RETRY.get())), Ok(()));
    assert!(verifies(&keys.next("one", at(RETRY.get())), "one"));
    assert_eq!(keys.next("two", at(0)), Step::Fetch, "a clock that was set back stops nothing");
}

#[test]
fn an_answer_that_brings_none_leaves_those_that_are_known() {
    let mut bad = vec![
        (answer(500, "{}"), "status"),
        (answer(200, "<html>"), "JSON"),
        (answer(200, "{\"keys\":{}}"), "JSON"),
        (answer(200, &"[".repeat(60_000)), "JSON"),
        (of(&[]), "none of the keys"),
        (answer(204, ""), "status"),
    ];
    for (end, why) in [
        (End::TooLong, "64 KiB"),
        (End::TimedOut, "5s"),
        (End::Redirected("elsewhere".into()), "elsewhere"),
        (End::Broken("reset".into()), "connection"),
    ] {
        bad.push((Reply { end, ..of(&[key("evil")]) }, why));
    }
    for (reply, why) in bad {
        let mut none = Keys::new();
        assert_eq!(none.next("one", at(0)), Step::Fetch);
        let said = none.brought(&reply, at(0)).unwrap_err();
        assert!(said.contains(why), "{said}");
        assert_eq!(none.next("one", at(1)), Step::Unreachable(said));
        assert_eq!(none.next("one", at(RETRY.get())), Step::Fetch);

        let mut known = holding(&[key("one")]);
        assert_eq!(known.next("two", at(PAUSE.get())), Step::Fetch);
        assert!(known.brought(&reply, at(PAUSE.get())).is_err());
        assert!(verifies(&known.next("one", at(PAUSE.get())), "one"), "{reply:?}");
        assert_eq!(known.next("two", at(PAUSE.get())), Step::Unknown);
    }
}

/// A key with one member of another value; `null` takes it away.
fn with(member: &str, value: Value) -> Value {
    let mut key = key("odd");
    key[member] = value;
    key
}

#[test]
fn only_keys_that_can_be_worked_with_are_taken() {
    let bytes = |count: usize| json!(URL_SAFE_NO_PAD.encode(vec![0xc5; count]));
    for bad in [
        json!(null),
        json!("text"),
        with("kty", json!("EC")),
        with("kty", json!("oct")),
        with("alg", json!("RS512")),
        with("use", json!("enc")),
        with("kid", json!("")),
        with("kid", json!(null)),
        with("kid", json!("k".repeat(257))),
        with("n", bytes(255)),
        with("n", bytes(1_025)),
        with("n", bytes(10_240)),
        with("n", json!(STANDARD.encode([0xc5; 256]))),
        with("n", json!(null)),
        with("e", bytes(5)),
        with("e", json!("")),
    ] {
        let mut keys = holding(&[bad.clone(), key("good")]);
        assert!(verifies(&keys.next("good", at(1)), "good"), "{bad}");
        assert_eq!(keys.next("odd", at(1)), Step::Unknown, "{bad}");
    }
    for good in
        [with("alg", json!(null)), with("use", json!(null)), with("n", bytes(1_024)), with("x5c", json!(1))]
    {
        assert!(verifies(&holding(std::slice::from_ref(&good)).next("odd", at(1)), "odd"), "{good}");
    }
    let many: Vec<Value> = (0..100).map(|n| key(&format!("k{n}"))).collect();
    let mut keys = holding(&many);
    assert!(verifies(&keys.next(&format!("k{}", MOST - 1), at(1)), &format!("k{}", MOST - 1)));
    assert_eq!(keys.next(&format!("k{MOST}"), at(1)), Step::Unknown);
}
