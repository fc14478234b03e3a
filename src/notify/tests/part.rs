//! An origin fails, and its pool goes on serving.

use proptest::prelude::*;

use super::*;

/// The channel that a file has if it says no more than it must.
fn usual() -> Listener {
    Listener::to(channel_of(""))
}

impl Listener {
    /// What stands with the origins of the shop, one sign for each of `a`, `b` and `c`: `+` pass,
    /// `!` warn, `-` fail, `?` unknown.
    fn origins(&mut self, signs: &str) {
        let statuses: Vec<Status> = signs.chars().map(status).collect();
        let now = self.now();
        let whole = crate::verdict::pool_status(&statuses);
        let names = ["a", "b", "c"].into_iter().zip(&statuses);
        let failing = names.filter(|(_, status)| **status == Status::Fail);
        let state = PoolState {
            failing: failing.map(|(name, _)| Name::parse(name).unwrap()).collect(),
            ..pool(whole, now)
        };
        let found = of_pool(&self.channel, state);
        self.outbox.see(&self.channel, "pool/shop", found, now);
    }

    /// The origins stand so, and then so many seconds pass.
    fn plays(&mut self, script: &[(&str, u64)]) {
        for (signs, seconds) in script {
            self.origins(signs);
            self.passes(*seconds);
        }
    }

    fn titles(&self) -> Vec<String> {
        let title = |message: &Delivery| {
            let body: serde_json::Value = serde_json::from_str(&message.body).unwrap();
            body["data"]["title"].as_str().unwrap().to_owned()
        };
        self.messages.iter().map(title).collect()
    }
}

fn status(sign: char) -> Status {
    match sign {
        '+' => Status::Pass,
        '!' => Status::Warn,
        '-' => Status::Fail,
        _ => Status::Unknown,
    }
}

#[test]
fn with_all_defaults_a_dead_origin_is_told_though_its_pool_serves_and_so_is_its_end() {
    let mut ops = usual();
    ops.plays(&[("++", 60), ("-+", 125), ("++", 100)]);
    assert_eq!(ops.told, [(63, "warn pool/shop".into()), (188, "recovered pool/shop".into())]);
    assert_eq!(ops.titles(), ["shop: a fails", "shop recovered after 2m 5s: a failed"]);
}

#[test]
fn what_is_no_failure_of_an_origin_is_not_told_by_default() {
    let mut ops = usual();
    ops.plays(&[("++", 60), ("!+", 600), ("!!", 600), ("?+", 600), ("++", 100)]);
    assert_eq!(ops.words(), [""; 0]);
}

#[test]
fn who_does_not_want_to_hear_of_it_says_what_else_is_told() {
    let mut ops = Listener::to(channel_of("on = [\"fail\", \"recovered\", \"watch\"]"));
    ops.plays(&[("++", 60), ("-+", 600), ("--", 100), ("-+", 100), ("++", 100)]);
    assert_eq!(ops.words(), ["fail pool/shop", "recovered pool/shop"]);
}

#[test]
fn the_pools_words_may_change_while_nothing_else_fails() {
    let mut ops = usual();
    ops.plays(&[("-++", 100), ("-!+", 100), ("-!!", 100), ("-+?", 100), ("-++", 100), ("+!+", 100)]);
    assert_eq!(ops.words(), ["warn pool/shop", "recovered pool/shop"]);
}

#[test]
fn one_more_origin_that_fails_is_told_within_the_same_incident() {
    let mut ops = usual();
    ops.plays(&[("-++", 100), ("--+", 100), ("+-+", 100), ("--+", 100), ("+++", 100)]);
    let titles = ["shop: a fails", "shop: a and b fail", "shop recovered after 6m 40s: a and b failed"];
    assert_eq!(ops.titles(), titles);
}

#[test]
fn another_origin_in_the_place_of_the_first_is_told() {
    let mut ops = usual();
    ops.plays(&[("-++", 100), ("+-+", 100), ("+++", 100)]);
    assert_eq!(ops.titles(), ["shop: a fails", "shop: b fails", "shop recovered after 3m 20s: b failed"]);
}

#[test]
fn one_more_origin_has_to_fail_for_as_long_as_the_first() {
    let mut ops = Listener::to(channel_of("after = \"1m\""));
    ops.plays(&[("-++", 100), ("--+", 50), ("-++", 100), ("--+", 100)]);
    assert_eq!(ops.titles(), ["shop: a fails", "shop: a and b fail"]);
    assert_eq!(ops.told[1].0, 250 + 63);
}

#[test]
fn a_pool_that_falls_altogether_is_told_as_ever_and_each_receiver_can_close_what_it_opened() {
    let mut ops = usual();
    ops.plays(&[("++", 60), ("-+", 100), ("--", 100), ("+-", 100), ("++", 100)]);
    let words =
        ["warn pool/shop", "fail pool/shop", "recovered pool/shop", "warn pool/shop", "recovered pool/shop"];
    assert_eq!(ops.words(), words);
    assert_eq!(ops.told[2].0, 263, "that it serves again is said at once");
    assert_eq!(ops.told[3].0, 293, "and what is left of the outage when it lasts");
}

#[test]
fn what_falls_or_recovers_one_by_one_is_one_outage() {
    let mut ops = usual();
    ops.plays(&[("++", 60), ("-+", 2), ("--", 100), ("+-", 20), ("++", 100)]);
    assert_eq!(ops.words(), ["fail pool/shop", "recovered pool/shop"]);
}

#[test]
fn an_outage_that_nobody_could_be_told_of_in_time_is_past_and_names_who_failed() {
    let mut ops = usual();
    ops.plays(&[("++", 60)]);
    ops.takes = false;
    ops.sees("desk", '-');
    ops.passes(60);
    ops.plays(&[("-+", 100), ("++", 30)]);
    ops.takes = true;
    ops.passes(1_000);
    assert_eq!(ops.words(), ["fail pool/desk", "past pool/shop"]);
    assert_eq!(ops.titles()[1], "shop: a failed, and it is over");
}

#[test]
fn one_more_that_failed_while_nobody_could_be_told_is_named_when_it_is_over() {
    let mut ops = usual();
    ops.plays(&[("-++", 100)]);
    ops.takes = false;
    ops.sees("desk", '-');
    ops.passes(60);
    ops.plays(&[("--+", 100), ("+++", 30)]);
    ops.takes = true;
    ops.passes(1_000);
    assert_eq!(ops.words(), ["warn pool/shop", "fail pool/desk", "recovered pool/shop"]);
    assert!(ops.titles()[2].ends_with(": a and b failed"), "{:?}", ops.titles());
}

#[test]
fn who_hears_of_warnings_and_of_origins_hears_of_both() {
    let mut ops = Listener::to(channel_of("on = [\"fail\", \"warn\", \"origin\", \"recovered\"]"));
    ops.plays(&[("!+", 100), ("!-", 100), ("!+", 100), ("++", 100)]);
    assert_eq!(
        ops.titles(),
        ["shop warns", "shop: b fails", "shop warns", "shop recovered after 1m 40s: it warned"]
    );
}

#[test]
fn a_reminder_says_who_fails_now() {
    let mut ops = Listener::to(channel_of("every = \"10m\""));
    ops.plays(&[("--+", 100), ("-++", 600), ("+++", 60)]);
    assert_eq!(ops.titles()[..2], ["shop: a and b fail", "shop: a still fails"]);
}

#[test]
fn what_was_told_of_an_origin_is_closed_when_its_pool_is_watched_no_more() {
    let mut ops = usual();
    ops.plays(&[("-+", 100)]);
    let mut next = usual();
    next.second = ops.second;
    for (subject, text) in ops.outbox.rows() {
        let now = next.now();
        next.outbox.restore(&next.channel, &subject, &text, Some(now).filter(|_| !subject.is_empty()));
    }
    next.passes(100);
    assert_eq!(next.titles(), ["shop is no longer watched: a failed"]);
}

#[test]
fn the_stored_row_of_a_dead_origin_is_frozen() {
    let mut ops = usual();
    ops.plays(&[("-+", 10)]);
    let row = ops.outbox.rows().into_iter().find(|(subject, _)| subject == "pool/shop").unwrap().1;
    assert_eq!(
        row,
        r#"{"open":{"topic":"warn","since":1700000000000,"ripe":1700000000000,"failing":["a"]},"told":{"topic":"warn","since":1700000000000,"at":1700000003000,"ended":null,"failing":["a"]},"past":null}"#
    );
}

#[test]
fn the_message_of_a_dead_origin_is_frozen() {
    let mut outbox = Outbox::new(channel_of("").name);
    let state = pool(Status::Warn, at(0));
    outbox.see(&channel_of(""), "pool/shop", of_pool(&channel_of(""), state), at(0));
    let detail = Detail {
        reason: "primary fail: 2 of 2 vantages: enam, weur: status 500 is not expected".into(),
        traffic: "standby (standby is passing; primary is failing)".into(),
        failing: vec![Name::parse("primary").unwrap()],
        serves: Some(Name::parse("standby").unwrap()),
        ..Detail::default()
    };
    outbox.make(&channel_of(""), &|_: &str| detail.clone(), None, at(3_000));
    assert_eq!(
        outbox.send(at(3_000)).unwrap().body,
        r#"{"type":"vedette.pool.warn","timestamp":"2023-11-14T22:13:23.000Z","data":{"version":1,"channel":"ops","title":"shop: primary fails; standby serves","text":"shop: primary fails; standby serves (since 2023-11-14T22:13:20.000Z): primary fail: 2 of 2 vantages: enam, weur: status 500 is not expected. Traffic: standby (standby is passing; primary is failing)","news":[{"kind":"warn","topic":"warn","subject":"pool/shop","since":"2023-11-14T22:13:20.000Z","reason":"primary fail: 2 of 2 vantages: enam, weur: status 500 is not expected","seen_from":[],"next":"","traffic":"standby (standby is passing; primary is failing)","failing":["primary"]}]}}"#
    );
}

#[test]
fn one_that_fails_again_after_nobody_could_be_told_of_it_is_told() {
    let mut ops =
        Listener::to(channel_of("after = \"79s\"\non = [\"fail\", \"warn\", \"origin\", \"recovered\"]"));
    ops.plays(&[("-+-", 86), ("+-!", 86), ("-!-", 82), ("!!+", 1), ("--+", 200), ("+++", 100)]);
    let recovered = "shop recovered after 7m 35s: a, b and c failed";
    assert_eq!(ops.titles(), ["shop: a and c fail", "shop: b fails", "shop: a and b fail", recovered]);
}

/// A course of what stands with three origins.
fn course() -> impl Strategy<Value = Vec<(String, u64)>> {
    prop::collection::vec(("[+!?-]{3}", 1_u64..200), 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_is_opened_is_closed_and_what_is_believed_in_the_end_is_true(
        course in course(), after in 0_u64..100,
        away in prop::option::of((0_u64..500, 500_u64..1_500)),
        on in prop::sample::select(vec![
            "", "on = [\"origin\", \"recovered\"]", "on = [\"fail\", \"origin\", \"recovered\"]",
            "on = [\"fail\", \"warn\", \"origin\", \"recovered\", \"watch\"]",
        ]),
    ) {
        let mut ops = Listener::to(channel_of(&format!("after = \"{after}s\"\n{on}")));
        ops.channel.give_up = WEEK;
        for (signs, seconds) in &course {
            ops.origins(signs);
            for _ in 0..*seconds {
                ops.takes = away.is_none_or(|(from, until)| !(from..until).contains(&ops.second));
                ops.passes(1);
            }
        }
        ops.takes = true;
        ops.passes(5_000);
        // What the receiver believes to stand, and of which origins.
        let mut believed: Option<(String, Vec<String>)> = None;
        for message in &ops.messages {
            let body: serde_json::Value = serde_json::from_str(&message.body).unwrap();
            for news in body["data"]["news"].as_array().unwrap() {
                let failing = news["failing"].as_array().into_iter().flatten();
                let failing = failing.map(|name| name.as_str().unwrap().to_owned()).collect();
                match news["kind"].as_str().unwrap() {
                    "recovered" => prop_assert!(believed.take().is_some(), "a recovery of nothing: {:?}", ops.titles()),
                    "past" => {}
                    _ => believed = Some((news["topic"].as_str().unwrap().to_owned(), failing)),
                }
            }
        }
        let last = &course.last().unwrap().0;
        let statuses: Vec<Status> = last.chars().map(status).collect();
        let dead: Vec<&str> = ["a", "b", "c"].into_iter().zip(&statuses)
            .filter(|(_, status)| **status == Status::Fail).map(|(name, _)| name).collect();
        let (topic, failing) = believed.map_or((None, Vec::new()), |(topic, failing)| (Some(topic), failing));
        let topic = topic.as_deref();
        let story = || format!("{course:?}: {:?}", ops.titles());
        match crate::verdict::pool_status(&statuses) {
            Status::Pass => prop_assert_eq!(topic, None, "{}", story()),
            Status::Fail if ops.channel.hears(Topic::Fail) => prop_assert_eq!(topic, Some("fail"), "{}", story()),
            Status::Warn if !dead.is_empty() => {
                prop_assert_eq!(topic, Some("warn"), "{}", story());
                for name in dead {
                    prop_assert!(failing.iter().any(|told| told == name), "{name} is not told: {}", story());
                }
            }
            Status::Warn => {
                let wanted = ops.channel.hears(Topic::Warn).then_some("warn");
                prop_assert_eq!(topic, wanted, "{}", story());
            }
            Status::Unknown if ops.channel.hears(Topic::Watch) => prop_assert_eq!(topic, Some("watch"), "{}", story()),
            // Nothing is known, or nothing that it hears: what it was told stays as it is.
            Status::Unknown | Status::Fail => {}
        }
    }

    #[test]
    fn no_two_messages_in_a_row_name_the_same_failing_origins(course in course()) {
        let mut ops = usual();
        for (signs, seconds) in &course {
            ops.origins(signs);
            ops.passes(*seconds);
        }
        ops.passes(5_000);
        let titles = ops.titles();
        prop_assert!(titles.windows(2).all(|pair| pair[0] != pair[1] || pair[0].contains("changes")), "{course:?}: {titles:?}");
    }
}
