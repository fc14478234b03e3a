//! What is stored, what a message looks like, and what becomes of it at the receiver.

use super::*;

#[test]
fn the_stored_rows_are_frozen() {
    let head = r#"{"count":3,"recent":[1,2],"waiting":{"id":"msg_00000000000000aa","made":1,"attempts":2,"due":3,"body":"{}","ended":[{"subject":"pool/old","told":true,"past":{"topic":"fail","since":1,"until":2,"times":1}}]},"delivered":4,"failing":{"since":5,"why":"status 500"}}"#;
    let alert = r#"{"open":{"topic":"fail","since":1,"ripe":2},"told":{"topic":"warn","since":1,"at":2,"ended":null},"past":{"topic":"watch","since":1,"until":2,"times":3}}"#;
    let channel = channel("");
    let mut outbox = Outbox::new(channel.name.clone());
    outbox.restore(&channel, "", head, None);
    outbox.restore(&channel, "pool/shop", alert, None);
    assert_eq!(outbox.rows(), [], "nothing changed");
    outbox.set_back(Millis::ZERO);
    assert_eq!(outbox.rows(), [(String::new(), head.to_owned()), ("pool/shop".to_owned(), alert.to_owned())]);
    let untold = alert.replace(r#"{"topic":"warn","since":1,"at":2,"ended":null}"#, "null");
    outbox.restore(&channel, "pool/gone", &untold, Some(at(9)));
    assert_eq!(outbox.rows(), [("pool/gone".to_owned(), String::new())], "and is cleared away");
    outbox.restore(&channel, "pool/gone", alert, Some(Timestamp::from_millis(9)));
    let closed =
        r#"{"open":null,"told":{"topic":"warn","since":1,"at":2,"ended":9,"unwatched":true},"past":null}"#;
    assert_eq!(outbox.rows(), [("pool/gone".to_owned(), closed.to_owned())]);
}

#[test]
fn what_was_written_before_is_read_and_written_back() {
    let channel = channel("");
    let heads = include_str!("../../../tests/written/head.jsonl").lines().map(|text| ("", text));
    let alerts = include_str!("../../../tests/written/alert.jsonl").lines().map(|text| ("pool/shop", text));
    for (subject, text) in heads.chain(alerts) {
        let mut outbox = Outbox::new(channel.name.clone());
        outbox.restore(&channel, subject, text, None);
        outbox.set_back(Millis::ZERO);
        assert!(outbox.rows().contains(&(subject.to_owned(), text.to_owned())), "{text}");
    }
}

fn detail() -> Detail {
    Detail {
        reason: "primary fail: 2 of 3 vantages: enam, weur: status 500 is not expected".into(),
        seen_from: vec![Name::parse("enam").unwrap(), Name::parse("weur").unwrap()],
        next: "two passes from one of them".into(),
        traffic: "standby (the primary fails)".into(),
        ..Detail::default()
    }
}

fn rendered(channel: &Channel) -> String {
    let mut outbox = Outbox::new(channel.name.clone());
    outbox.see(channel, "pool/shop", of_pool(channel, pool(Status::Fail, at(0))), at(0));
    outbox.make(channel, &|_: &str| detail(), Some("https://status.example.com"), at(3_000));
    outbox.send(at(3_000)).unwrap().body
}

#[test]
fn webhook_v1_bytes_are_frozen() {
    assert_eq!(
        rendered(&channel("")),
        r#"{"type":"vedette.pool.fail","timestamp":"2023-11-14T22:13:23.000Z","data":{"version":1,"channel":"ops","title":"shop fails","text":"shop fails since 2023-11-14T22:13:20.000Z: primary fail: 2 of 3 vantages: enam, weur: status 500 is not expected. Traffic: standby (the primary fails). Next: two passes from one of them\nhttps://status.example.com/","news":[{"kind":"fail","topic":"fail","subject":"pool/shop","since":"2023-11-14T22:13:20.000Z","reason":"primary fail: 2 of 3 vantages: enam, weur: status 500 is not expected","seen_from":["enam","weur"],"next":"two passes from one of them","traffic":"standby (the primary fails)","health":"https://status.example.com/health/shop"}],"page":"https://status.example.com/"}}"#
    );
}

#[test]
fn slack_is_sent_text_and_blocks_with_its_control_characters_escaped() {
    let slack = Channel { kind: crate::config::ChannelKind::Slack, ..channel("") };
    let mut outbox = Outbox::new(slack.name.clone());
    outbox.see(&slack, "pool/shop", of_pool(&slack, pool(Status::Fail, at(0))), at(0));
    let detail = |_: &str| Detail { reason: "a <b> & c".into(), ..Detail::default() };
    outbox.make(&slack, &detail, None, at(3_000));
    assert_eq!(
        outbox.send(at(3_000)).unwrap().body,
        r#"{"text":"shop fails","blocks":[{"type":"section","text":{"type":"mrkdwn","text":"*shop fails*"}},{"type":"section","text":{"type":"mrkdwn","text":"shop fails since 2023-11-14T22:13:20.000Z: a &lt;b&gt; &amp; c"}}]}"#
    );
}

#[test]
fn slack_takes_what_is_said_of_a_thousand_pools_with_long_names() {
    let slack = Channel { kind: crate::config::ChannelKind::Slack, ..channel("") };
    let mut outbox = Outbox::new(slack.name.clone());
    for pool_number in 0..1_000 {
        let subject = format!("pool/{}{pool_number:03}", "p".repeat(60));
        outbox.see(&slack, &subject, of_pool(&slack, pool(Status::Fail, at(0))), at(0));
    }
    let detail = |_: &str| Detail { reason: "&".repeat(5_000), ..Detail::default() };
    outbox.make(&slack, &detail, Some("https://status.example.com"), at(3_000));
    let body: serde_json::Value = serde_json::from_str(&outbox.send(at(3_000)).unwrap().body).unwrap();
    let blocks = body["blocks"].as_array().unwrap();
    let longest = blocks.iter().map(|block| block["text"]["text"].as_str().unwrap().len()).max().unwrap();
    assert!(blocks.len() <= 50 && longest <= 3_000, "{} blocks, {longest} bytes", blocks.len());
    let all: String = blocks.iter().map(|block| block["text"]["text"].as_str().unwrap()).collect();
    assert!(all.contains("and 961 more"), "{}", &all[all.len() - 300..]);
}

#[test]
fn a_request_carries_id_time_and_every_signature() {
    let delivery = Delivery { channel: channel("").name, id: "msg_1".into(), body: "{}".into() };
    let revealed =
        Revealed { address: "https://a.example/x".into(), signatures: vec!["one".into(), "two".into()] };
    let request = request(&channel(""), &delivery, &revealed, at(0));
    let header =
        |name: &str| request.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    assert_eq!(header("webhook-signature"), Some(ProbeValue::Text("v1,one v1,two".into())));
    assert_eq!(header("webhook-timestamp"), Some(ProbeValue::Text("1700000000".into())));
    assert_eq!(signed_text("msg_1", at(0), "{}"), "msg_1.1700000000.{}");
    assert_eq!(request.redirects, 0);
}

#[test]
fn only_2xx_means_that_it_was_taken_and_no_word_of_the_receivers_is_kept() {
    let reply = |status, headers: &[(&str, &str)]| Reply {
        end: End::Broken("https://hooks.example.com/secret".into()),
        elapsed: Millis::ZERO,
        head: (status > 0).then(|| Head {
            status,
            headers: headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
        }),
        body: b"secret".to_vec(),
    };
    let date = |text: &str| (text == "a date").then(|| at(7_000));
    let said = |status, headers: &[(&str, &str)]| outcome(&reply(status, headers), date, at(0));
    let failed = |why: &str, seconds: Option<u64>| Outcome::Failed {
        why: why.into(),
        retry_after: seconds.map(Millis::from_secs),
    };
    assert_eq!(said(204, &[]), Outcome::Taken);
    assert_eq!(said(302, &[("location", "https://elsewhere.example")]), failed("status 302", None));
    assert_eq!(said(429, &[("retry-after", "30")]), failed("status 429", Some(30)));
    assert_eq!(said(503, &[("retry-after", "a date")]), failed("status 503", Some(7)));
    assert_eq!(said(503, &[("retry-after", "soon")]), failed("status 503", None));
    assert_eq!(said(0, &[]), failed("the connection failed", None));
}

#[test]
fn secrets_of_another_form_are_refused_without_a_word_of_them() {
    for bad in [
        "",
        "whsec_",
        "whsec_short",
        "c2VjcmV0IG5ldmVyIHJlcGVhdGVkLCBub3QgYSBrZXk=",
        "whsec_ never repeated, not base64 at all",
    ] {
        let why = key("OPS_KEY", &bad.into()).unwrap_err().to_string();
        assert!(why.contains("OPS_KEY") && !why.contains("never") && !why.contains("c2Vj"), "{why}");
    }
    assert_eq!(
        key("OPS_KEY", &" whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n".into()),
        Ok("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    );
    for bad in [
        "",
        "hooks.example.com/never",
        "https://never@hooks.example.com",
        "ftp://never",
        "https://never repeated",
    ] {
        let why = address("URL", &bad.into()).unwrap_err().to_string();
        assert!(why.contains("URL") && !why.contains("never"), "{why}");
    }
}

/// Facts in which every subject has a title.
struct Titled(SubjectKind);

impl Facts for Titled {
    fn detail(&self, _: &str) -> Detail {
        let failing = vec![Name::parse("primary").unwrap()];
        Detail { failing, serves: Name::parse("standby").ok(), ..detail() }
    }

    fn label(&self, subject: &str) -> Label {
        let origins = [(Name::parse("primary").unwrap(), "Zürich".to_owned())].into();
        Label { title: Some(format!("The {}", subject.replace("pool/", ""))), kind: self.0, origins }
    }
}

#[test]
fn what_is_told_has_its_title_and_the_words_of_its_kind() {
    let channel = channel("");
    let text = |kind, status| {
        let mut outbox = Outbox::new(channel.name.clone());
        outbox.see(&channel, "pool/shop", of_pool(&channel, pool(status, at(0))), at(0));
        outbox.make(&channel, &Titled(kind), None, at(90_000));
        let body = outbox.send(at(90_000)).unwrap().body;
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        body["data"]["title"].as_str().unwrap().to_owned()
    };
    let table = [
        (SubjectKind::Pool, Status::Fail, "The shop fails"),
        (SubjectKind::Monitor, Status::Fail, "The shop is down"),
        (SubjectKind::Job, Status::Fail, "The shop has not reported in time"),
        (SubjectKind::Pool, Status::Warn, "The shop: Zürich fails; standby serves"),
        (SubjectKind::Monitor, Status::Warn, "The shop is degraded"),
        (SubjectKind::Monitor, Status::Unknown, "The shop is unknown"),
    ];
    for (kind, status, expected) in table {
        assert_eq!(text(kind, status), expected);
    }
}

#[test]
fn titles_stand_in_the_list_of_what_is_only_named_too() {
    let channel = channel("");
    let mut outbox = Outbox::new(channel.name.clone());
    for number in 0..60 {
        let subject = format!("pool/p{number:02}");
        outbox.see(&channel, &subject, of_pool(&channel, pool(Status::Fail, at(0))), at(0));
    }
    outbox.make(&channel, &Titled(SubjectKind::Monitor), None, at(3_000));
    let body = outbox.send(at(3_000)).unwrap().body;
    assert!(body.contains("And The p10 is down, The p11 is down"), "{body}");
    assert!(
        body.contains(r#""subject":"pool/p59","title":"The p59""#),
        "and in what is not told in full: {body}"
    );
}
