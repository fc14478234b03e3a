use proptest::prelude::*;

use super::*;
use crate::config::{Config, ProbeValue};
use crate::exchange::{End, Head, Reply};
use crate::fixtures::at;
use crate::units::Name;

/// A channel called `ops` with these lines of its own.
fn channel(lines: &str) -> Channel {
    let text = format!(
        r#"
        [[pool]]
        name = "shop"
        [[pool.origin]]
        name = "primary"
        url = "https://shop.example.com"
        [[notify]]
        name = "ops"
        kind = "webhook"
        url = "https://hooks.example.com"
        secret = "OPS_KEY"
        on = ["fail", "warn", "recovered", "flapping", "watch"]
        {lines}
        "#
    );
    Config::parse(&text).unwrap_or_else(|problems| panic!("{problems}")).notify.remove(0)
}

/// A channel whose receiver is told at once whatever it takes, second by second.
struct Listener {
    channel: Channel,
    outbox: Outbox,
    second: u64,
    /// Whether the receiver takes messages.
    takes: bool,
    /// What it was told: the second, and `fail pool/shop` for each piece of news.
    told: Vec<(u64, String)>,
    messages: Vec<Delivery>,
    given_up: u32,
}

const WEEK: Millis = Millis::from_secs(7 * 86_400);

impl Listener {
    fn of(lines: &str) -> Self {
        let channel = channel(lines);
        let outbox = Outbox::new(channel.name.clone());
        Self { channel, outbox, second: 0, takes: true, told: vec![], messages: vec![], given_up: 0 }
    }

    fn now(&self) -> Timestamp {
        at(self.second * 1_000)
    }

    /// A pool's status from this second on: `+` pass, `!` warn, `-` fail, `?` unknown.
    fn sees(&mut self, name: &str, status: char) {
        let status = match status {
            '+' => Status::Pass,
            '!' => Status::Warn,
            '-' => Status::Fail,
            _ => Status::Unknown,
        };
        let now = self.now();
        let found = of_pool(&self.channel, pool(status, now));
        self.outbox.see(&self.channel, &format!("pool/{name}"), found, now);
    }

    fn step(&mut self) {
        let now = self.now();
        self.given_up += u32::from(self.outbox.give_up(&self.channel, now).is_some());
        self.outbox.make(&self.channel, &|_| Detail::default(), None, now);
        let Some(delivery) = self.outbox.send(now) else { return };
        let failed = Outcome::Failed { why: "status 500".into(), retry_after: None };
        let outcome = if self.takes { Outcome::Taken } else { failed };
        if self.takes {
            self.told.extend(news(&delivery).into_iter().map(|news| (self.second, news)));
            self.messages.push(delivery.clone());
        }
        self.outbox.answered(&delivery.id, outcome, now);
    }

    /// So many seconds pass.
    fn passes(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.step();
            self.second += 1;
        }
    }

    fn words(&self) -> Vec<&str> {
        self.told.iter().map(|(_, news)| news.as_str()).collect()
    }
}

/// `fail pool/shop` for each piece of news in a message.
fn news(delivery: &Delivery) -> Vec<String> {
    let body: serde_json::Value = serde_json::from_str(&delivery.body).unwrap();
    let word = |one: &serde_json::Value| {
        format!("{} {}", one["kind"].as_str().unwrap(), one["subject"].as_str().unwrap())
    };
    body["data"]["news"].as_array().unwrap().iter().map(word).collect()
}

#[test]
fn a_failure_is_told_within_seconds_and_its_end_too() {
    let mut ops = Listener::of("");
    ops.sees("shop", '+');
    ops.passes(60);
    ops.sees("shop", '-');
    ops.passes(120);
    ops.sees("shop", '+');
    ops.passes(120);
    assert_eq!(ops.told, [(63, "fail pool/shop".into()), (183, "recovered pool/shop".into())]);
}

#[test]
fn what_does_not_last_is_not_told_and_neither_is_its_end() {
    let mut ops = Listener::of("after = \"1m\"");
    for _ in 0..5 {
        ops.sees("shop", '-');
        ops.passes(59);
        ops.sees("shop", '+');
        ops.passes(30);
    }
    assert_eq!(ops.words(), [""; 0]);
    ops.sees("shop", '-');
    ops.passes(100);
    assert_eq!(ops.told, [(5 * 89 + 63, "fail pool/shop".into())]);
}

#[test]
fn what_gets_worse_while_it_is_gathered_is_told_as_what_it_became() {
    let mut ops = Listener::of("");
    ops.sees("shop", '!');
    ops.passes(1);
    ops.sees("shop", '-');
    ops.passes(100);
    ops.sees("shop", '!');
    ops.passes(100);
    ops.sees("shop", '+');
    ops.passes(100);
    assert_eq!(ops.words(), ["fail pool/shop", "warn pool/shop", "recovered pool/shop"]);
}

#[test]
fn a_warning_is_told_at_once_if_an_origin_fails_and_else_when_it_lasts() {
    let channel = channel("");
    let mut outbox = Outbox::new(channel.name.clone());
    let doubt = PoolState { fails_in_part: false, ..pool(Status::Warn, at(0)) };
    outbox.see(&channel, "pool/shop", of_pool(&channel, doubt), at(0));
    assert_eq!(outbox.next(&channel, at(0)), Some(at(33_000)));
    outbox.see(&channel, "pool/shop", of_pool(&channel, pool(Status::Warn, at(5_000))), at(5_000));
    assert_eq!(outbox.next(&channel, at(5_000)), Some(at(3_000)), "that is now");
}

#[test]
fn the_monitors_own_trouble_is_told_once_it_lasts_and_is_no_recovery_of_a_failure() {
    let mut ops = Listener::of("");
    ops.sees("shop", '-');
    ops.passes(100);
    ops.sees("shop", '?');
    ops.passes(50);
    ops.sees("shop", '-');
    ops.passes(100);
    assert_eq!(ops.words(), ["fail pool/shop"], "it went on failing");
    ops.sees("shop", '?');
    ops.passes(100);
    ops.sees("shop", '+');
    ops.passes(100);
    assert_eq!(ops.words(), ["fail pool/shop", "watch pool/shop", "recovered pool/shop"]);
}

#[test]
fn who_does_not_hear_of_warnings_is_told_that_a_failure_is_over_when_the_pool_serves_again() {
    let mut ops = Listener::of("");
    ops.channel.on = vec![Topic::Fail, Topic::Recovered];
    ops.sees("shop", '-');
    ops.passes(100);
    ops.sees("shop", '?');
    ops.passes(1_000);
    assert_eq!(ops.words(), ["fail pool/shop"], "no evidence is no recovery");
    ops.sees("shop", '!');
    ops.passes(100);
    assert_eq!(ops.words(), ["fail pool/shop", "recovered pool/shop"]);
}

#[test]
fn an_outage_of_five_hundred_pools_is_three_messages_at_most() {
    for spread in [1, 10, 29, 60] {
        let mut ops = Listener::of("");
        for second in 0..300 {
            for pool in (0..500).filter(|pool| pool % spread == second) {
                ops.sees(&format!("p{pool}"), '-');
            }
            ops.passes(1);
        }
        assert!(ops.messages.len() <= 3, "{} messages over {spread} s", ops.messages.len());
        assert_eq!(ops.told.len(), 500, "and every one of them is told");
        ops.messages.clear();
        for pool in 0..500 {
            ops.sees(&format!("p{pool}"), '+');
        }
        ops.passes(100);
        assert_eq!((ops.messages.len(), ops.told.len()), (1, 1_000));
        let longest = ops.messages.iter().map(|message| message.body.len()).max().unwrap();
        assert!(longest < 200_000, "{longest} bytes");
    }
}

#[test]
fn what_lasts_is_told_again_in_one_message() {
    let mut ops = Listener::of("every = \"1h\"");
    ops.sees("a", '-');
    ops.passes(600);
    ops.sees("b", '-');
    ops.passes(7_200);
    assert_eq!(
        ops.words(),
        ["fail pool/a", "fail pool/b", "still pool/a", "still pool/b", "still pool/a", "still pool/b"]
    );
    assert_eq!(ops.messages.len(), 4);
}

#[test]
fn beyond_the_cap_news_is_gathered_and_none_is_lost() {
    let mut ops = Listener::of("cap = \"4/1h\"");
    for minute in 0..60 {
        ops.sees("shop", if minute % 2 == 0 { '-' } else { '+' });
        ops.passes(60);
    }
    ops.passes(3_600);
    let times: Vec<u64> = ops.told.iter().map(|(second, _)| *second).collect();
    let bodies: Vec<&str> = ops.messages.iter().map(|message| message.body.as_str()).collect();
    assert_eq!(bodies.len(), 5, "{times:?}");
    assert!(bodies[3].contains("The cap of 4 messages in 1h is reached"), "{}", bodies[3]);
    assert!(bodies[4].contains("\"times\":28"), "{}", bodies[4]);
    assert!(times.last().unwrap() > &3_600);
}

#[test]
fn a_message_that_is_not_taken_comes_again_later_and_later_with_the_same_id() {
    let mut ops = Listener::of("give_up = \"6h\"");
    ops.takes = false;
    ops.sees("shop", '-');
    let (mut sent, mut ids) = (Vec::new(), Vec::new());
    for second in 0..4 * 3_600 {
        let now = at(second * 1_000);
        ops.outbox.make(&ops.channel, &|_| Detail::default(), None, now);
        if let Some(delivery) = ops.outbox.send(now) {
            sent.push(second);
            ids.push(delivery.id.clone());
            let failed = Outcome::Failed { why: "status 500".into(), retry_after: None };
            ops.outbox.answered(&delivery.id, failed, now);
        }
    }
    ids.dedup();
    assert_eq!(ids.len(), 1);
    let pauses: Vec<u64> = sent.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(pauses[0] <= 7 && pauses[1] <= 13, "{pauses:?}");
    assert!(pauses.iter().all(|pause| *pause <= 751), "ten minutes and a quarter: {pauses:?}");
    assert!(pauses.len() > 20, "{pauses:?}");
}

#[test]
fn a_receiver_is_left_alone_for_as_long_as_it_asks_but_an_hour_at_most() {
    for (asks, waits) in [(120, 120), (1, 3), (1_000_000, 3_600)] {
        let mut outbox = Outbox::new(Name::parse("ops").unwrap());
        let channel = channel("");
        let found = of_pool(&channel, pool(Status::Fail, at(0)));
        outbox.see(&channel, "pool/shop", found, at(0));
        outbox.make(&channel, &|_| Detail::default(), None, at(3_000));
        let id = outbox.send(at(3_000)).unwrap().id;
        let retry_after = Some(Millis::from_secs(asks));
        outbox.answered(&id, Outcome::Failed { why: "status 429".into(), retry_after }, at(3_000));
        let next = outbox.next(&channel, at(3_000)).unwrap().since(at(3_000));
        assert!(next >= Millis::from_secs(waits) && next <= Millis::from_secs(waits + 5), "{asks}: {next}");
    }
}

#[test]
fn what_is_given_up_is_told_anew_as_far_as_it_lasts() {
    let mut ops = Listener::of("give_up = \"1h\"");
    ops.takes = false;
    ops.sees("a", '-');
    ops.sees("b", '-');
    ops.passes(3_500);
    ops.sees("b", '+');
    ops.passes(400);
    assert_eq!((ops.given_up, ops.words().len()), (1, 0));
    ops.takes = true;
    ops.passes(700);
    assert_eq!(ops.words(), ["still pool/a", "recovered pool/b"]);
}

#[test]
fn what_a_message_that_is_given_up_said_to_be_over_is_said_with_the_next_and_nothing_else_is_repeated() {
    let mut ops = Listener::of("give_up = \"1h\"");
    ops.sees("lasting", '-');
    ops.sees("short", '-');
    ops.passes(100);
    ops.takes = false;
    ops.sees("short", '+');
    ops.passes(3_700);
    assert_eq!(ops.given_up, 1);
    ops.takes = true;
    ops.passes(700);
    assert_eq!(ops.words(), ["fail pool/lasting", "fail pool/short", "recovered pool/short"]);
}

#[test]
fn what_came_and_went_in_a_message_that_is_given_up_is_past_in_the_next() {
    let mut ops = Listener::of("give_up = \"1h\"");
    ops.takes = false;
    // The first message waits, and the second speaks of what came and went meanwhile.
    ops.sees("first", '-');
    ops.passes(60);
    ops.sees("brief", '-');
    ops.passes(60);
    ops.sees("brief", '+');
    ops.passes(2 * 3_600 + 200);
    assert_eq!(ops.given_up, 2);
    ops.takes = true;
    ops.passes(700);
    assert_eq!(ops.words(), ["past pool/brief", "still pool/first"]);
}

#[test]
fn who_listens_to_a_topic_no_more_is_not_reminded_of_it() {
    let mut ops = Listener::of("every = \"1h\"");
    ops.sees("shop", '?');
    ops.passes(200);
    let rows = ops.outbox.rows();
    assert_eq!(ops.words(), ["watch pool/shop"]);
    let mut deaf = Listener::of("every = \"1h\"");
    deaf.channel.on.retain(|topic| *topic != Topic::Watch);
    for (subject, text) in &rows {
        deaf.outbox.restore(&deaf.channel, subject, text, None);
    }
    assert_eq!(
        deaf.outbox.rows(),
        [("pool/shop".to_owned(), String::new())],
        "what it was told is cleared away"
    );
    deaf.second = ops.second;
    deaf.passes(10_000);
    assert_eq!(deaf.words(), [""; 0]);
}

/// A listener that was told of a failure of the shop, and is made anew from what was stored, after the shop was `unwatched` or not.
fn told_of_a_failure(unwatched: &[bool]) -> Listener {
    let mut ops = Listener::of("give_up = \"1h\"");
    ops.sees("shop", '-');
    ops.passes(60);
    assert_eq!(ops.words(), ["fail pool/shop"]);
    let mut rows = ops.outbox.rows();
    for gone in unwatched {
        let mut next = Listener::of("give_up = \"1h\"");
        next.second = ops.second;
        for (subject, text) in &rows {
            let now = next.now();
            next.outbox.restore(
                &next.channel,
                subject,
                text,
                gone.then_some(now).filter(|_| !subject.is_empty()),
            );
        }
        // Whatever was not changed is stored as it was.
        let changed = next.outbox.rows();
        rows.retain(|(subject, _)| changed.iter().all(|(other, _)| other != subject));
        rows.extend(changed);
        ops = next;
    }
    ops
}

#[test]
fn what_is_watched_again_before_the_end_of_it_was_told_goes_on() {
    let mut ops = told_of_a_failure(&[true, false]);
    ops.passes(100);
    assert_eq!(ops.words(), [""; 0], "nothing is over");
    ops.sees("shop", '+');
    ops.passes(100);
    assert_eq!(ops.words(), ["recovered pool/shop"]);
}

#[test]
fn that_a_subject_is_watched_no_more_is_said_until_somebody_takes_it() {
    let mut ops = told_of_a_failure(&[true, true]);
    ops.takes = false;
    ops.passes(3 * 3_600);
    assert!(ops.given_up > 0);
    ops.takes = true;
    ops.passes(1_000);
    assert_eq!(ops.words(), ["unwatched pool/shop"]);
}

#[test]
fn an_attempt_of_which_nothing_is_heard_is_made_again() {
    let mut ops = Listener::of("");
    ops.sees("shop", '-');
    let mut sent = 0;
    for second in 0..120 {
        let now = at(second * 1_000);
        ops.outbox.make(&ops.channel, &|_| Detail::default(), None, now);
        sent += u32::from(ops.outbox.send(now).is_some());
    }
    assert!((5..=7).contains(&sent), "{sent}");
}

#[test]
fn a_clock_that_steps_back_delays_nothing() {
    let mut ops = Listener::of("every = \"1h\"");
    ops.second = 1_000_000;
    ops.sees("shop", '-');
    ops.passes(100);
    ops.second -= 500_000;
    ops.outbox.set_back(Millis::from_secs(500_000));
    ops.passes(3_700);
    ops.sees("shop", '+');
    ops.passes(40);
    assert_eq!(ops.words(), ["fail pool/shop", "still pool/shop", "recovered pool/shop"]);
}

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
    let heads = include_str!("../../tests/written/head.jsonl").lines().map(|text| ("", text));
    let alerts = include_str!("../../tests/written/alert.jsonl").lines().map(|text| ("pool/shop", text));
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
    }
}

fn rendered(channel: &Channel) -> String {
    let mut outbox = Outbox::new(channel.name.clone());
    outbox.see(channel, "pool/shop", of_pool(channel, pool(Status::Fail, at(0))), at(0));
    outbox.make(channel, &|_| detail(), Some("https://status.example.com"), at(3_000));
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
    let request =
        request(&channel(""), &delivery, "https://a.example/x", &["one".into(), "two".into()], at(0));
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
        let why = key("OPS_KEY", bad).unwrap_err();
        assert!(why.contains("OPS_KEY") && !why.contains("never") && !why.contains("c2Vj"), "{why}");
    }
    assert_eq!(
        key("OPS_KEY", " whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n"),
        Ok("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    );
    for bad in [
        "",
        "hooks.example.com/never",
        "https://never@hooks.example.com",
        "ftp://never",
        "https://never repeated",
    ] {
        let why = address("URL", bad).unwrap_err();
        assert!(why.contains("URL") && !why.contains("never"), "{why}");
    }
}

/// A pool in this state; when it warns, one of its origins fails.
fn pool(status: Status, since: Timestamp) -> PoolState {
    PoolState { status, since, fails_in_part: true, vote_ttl: Millis::from_secs(45) }
}

/// What happens to a pool, second by second, and what the receiver is told of it, if it may be away for a while.
fn played(script: &[(char, u64)], away: Option<(u64, u64)>, lines: &str) -> Listener {
    let mut ops = Listener::of(lines);
    ops.channel.give_up = WEEK;
    for (status, seconds) in script {
        ops.sees("shop", *status);
        for _ in 0..*seconds {
            ops.takes = away.is_none_or(|(from, until)| !(from..until).contains(&ops.second));
            ops.passes(1);
        }
    }
    ops.takes = true;
    ops.passes(5_000);
    ops
}

fn script() -> impl Strategy<Value = Vec<(char, u64)>> {
    prop::collection::vec((prop::sample::select(vec!['+', '-', '!', '?']), 1_u64..200), 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_failure_that_lasts_is_told_and_none_that_does_not(
        script in script(), away in prop::option::of((0_u64..500, 500_u64..1_500)), after in 0_u64..100
    ) {
        let ops = played(&script, away, &format!("after = \"{after}s\""));
        // What lasts to the end of the story lasts for long.
        let lengths: Vec<u64> = script.iter().enumerate()
            .map(|(place, (_, seconds))| seconds + if place + 1 == script.len() { 5_000 } else { 0 }).collect();
        let runs = script.iter().zip(&lengths).fold(Vec::<(char, u64)>::new(), |mut runs, ((status, _), seconds)| {
            match runs.last_mut().filter(|(last, _)| last == status) {
                Some((_, length)) => *length += seconds,
                None => runs.push((*status, *seconds)),
            }
            runs
        });
        let most = runs.iter().filter(|(status, length)| *status != '+' && *length >= after).count();
        // From one pass to the next it is one incident, whatever it is called meanwhile.
        let incidents = runs.split(|(status, _)| *status == '+');
        let least = incidents.filter(|runs| runs.iter().any(|(status, length)| *status == '-' && *length >= after)).count();
        let words = ops.messages.iter().flat_map(|message| {
            let body: serde_json::Value = serde_json::from_str(&message.body).unwrap();
            body["data"]["news"].as_array().unwrap().clone()
        }).collect::<Vec<_>>();
        let of_fail = words.iter().filter(|news| news["topic"] == "fail");
        let told: u64 = of_fail.filter(|news| news["kind"] == "fail" || news["kind"] == "past")
            .map(|news| news["times"].as_u64().unwrap_or(1)).sum();
        prop_assert!((least as u64..=most as u64).contains(&told), "{least} to {most}: {script:?} {away:?}: {words:?}");
    }

    #[test]
    fn a_recovery_is_told_once_of_what_was_told_and_the_last_word_is_true(
        script in script(), away in prop::option::of((0_u64..500, 500_u64..1_500)), after in 0_u64..100
    ) {
        let ops = played(&script, away, &format!("after = \"{after}s\""));
        let mut standing = false;
        for word in ops.words() {
            match word.split(' ').next().unwrap() {
                "fail" | "warn" | "watch" => standing = true,
                "recovered" => {
                    prop_assert!(standing, "{script:?}: {:?}", ops.words());
                    standing = false;
                }
                "past" => {}
                other => prop_assert!(false, "{other}"),
            }
        }
        prop_assert_eq!(standing, script.last().unwrap().0 != '+', "{:?}: {:?}", script, ops.words());
    }

    #[test]
    fn no_more_messages_come_than_the_cap_allows(script in script(), cap in 1_u32..5) {
        let ops = played(&script, None, &format!("cap = \"{cap}/10m\""));
        let mut times: Vec<u64> = ops.told.iter().map(|(second, _)| *second).collect();
        times.dedup();
        for from in &times {
            let within = times.iter().filter(|at| (*from..from + 600).contains(at)).count();
            prop_assert!(within <= cap as usize, "{times:?}");
        }
    }

    #[test]
    fn whoever_is_made_anew_from_the_row_tells_the_same(
        script in script(), away in prop::option::of((0_u64..500, 500_u64..1_500))
    ) {
        let living = played(&script, away, "every = \"10m\"");
        let mut ops = Listener::of("every = \"10m\"");
        ops.channel.give_up = WEEK;
        let mut stored = std::collections::BTreeMap::new();
        for (status, seconds) in &script {
            ops.sees("shop", *status);
            for _ in 0..*seconds {
                ops.takes = away.is_none_or(|(from, until)| !(from..until).contains(&ops.second));
                ops.passes(1);
                for (subject, text) in ops.outbox.rows() {
                    if text.is_empty() { stored.remove(&subject); } else { stored.insert(subject, text); }
                }
                ops.outbox = Outbox::new(ops.channel.name.clone());
                for (subject, text) in &stored {
                    ops.outbox.restore(&ops.channel, subject, text, None);
                }
            }
        }
        ops.takes = true;
        ops.passes(5_000);
        prop_assert_eq!(ops.told, living.told);
    }
}
