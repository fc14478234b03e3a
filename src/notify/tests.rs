use super::*;
use crate::config::{Config, ProbeValue};
use crate::exchange::{End, Head, Reply};
use crate::fixtures::at;
use crate::units::Name;

mod again;
mod laws;
mod part;
mod sent;

/// A channel called `ops` that is told of everything about pools, with these lines of its own.
fn channel(lines: &str) -> Channel {
    channel_of(&format!("on = [\"fail\", \"warn\", \"recovered\", \"flapping\", \"watch\"]\n{lines}"))
}

/// A channel called `ops` with these lines of its own, and otherwise as it comes.
fn channel_of(lines: &str) -> Channel {
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
        Self::to(channel(lines))
    }

    fn to(channel: Channel) -> Self {
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
        self.outbox.make(&self.channel, &|_: &str| Detail::default(), None, now);
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
    let doubt = PoolState { failing: vec![], ..pool(Status::Warn, at(0)) };
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

/// A listener that was told of a failure of the shop, made anew from what was stored. The shop was
/// `unwatched` meanwhile, or not.
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
        ops.outbox.make(&ops.channel, &|_: &str| Detail::default(), None, now);
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

/// A pool in this state; when it warns, one of its origins fails.
fn pool(status: Status, since: Timestamp) -> PoolState {
    let failing = vec![Name::parse("primary").unwrap()];
    PoolState { status, since, failing, failing_since: since, vote_ttl: Millis::from_secs(45) }
}
