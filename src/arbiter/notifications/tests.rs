use super::super::tests::{arbiter_of, rows, tell_all};
use super::*;
use crate::arbiter::Event;
use crate::fixtures::{SHOP, at, config};
use crate::notify::{Delivery, Outcome};

/// Two origins, three vantages, and a channel with these lines of its own.
fn shop(lines: &str) -> Config {
    config(&format!(
        "{SHOP}\n[[notify]]\nname = \"ops\"\nkind = \"webhook\"\nurl = \"https://hooks.example.com\"\nsecret = \"KEY\"\n{lines}"
    ))
}

fn deliveries(effects: &[Effect]) -> Vec<Delivery> {
    let delivery =
        |effect: &Effect| if let Effect::Deliver(delivery) = effect { Some(delivery.clone()) } else { None };
    effects.iter().filter_map(delivery).collect()
}

/// The Arbiter of a shop whose origins pass, and what is stored of it.
struct Desktop {
    config: Config,
    arbiter: Arbiter,
    stored: Vec<Row>,
    alarm: Option<Timestamp>,
}

impl Desktop {
    fn of(lines: &str) -> Self {
        let config = shop(lines);
        let mut desktop =
            Self { arbiter: arbiter_of(&config, &[], at(0)), config, stored: Vec::new(), alarm: None };
        desktop.sees(1_000, "++");
        desktop
    }

    /// Every vantage reports this of the origins. What is to be sent is sent to nobody yet.
    fn sees(&mut self, ms: u64, script: &str) -> Vec<Effect> {
        let effects = tell_all(&mut self.arbiter, ms, script);
        self.store(&effects);
        effects
    }

    fn woken(&mut self, ms: u64) -> Vec<Effect> {
        self.step(Event::Woken, ms)
    }

    fn step(&mut self, event: Event, ms: u64) -> Vec<Effect> {
        let effects = self.arbiter.step(event, at(ms));
        self.store(&effects);
        effects
    }

    fn answered(&mut self, delivery: &Delivery, outcome: Outcome, ms: u64) -> Vec<Effect> {
        let answer = Answer { channel: delivery.channel.clone(), id: delivery.id.clone(), outcome };
        self.step(Event::Answered(answer), ms)
    }

    fn store(&mut self, effects: &[Effect]) {
        for effect in effects {
            if let Effect::WakeAt(at) = effect {
                self.alarm = Some(*at);
            }
        }
        for row in rows(effects) {
            self.stored.retain(|other| {
                row.table == Table::Events || (other.table, &other.key) != (row.table, &row.key)
            });
            self.stored.extend(Some(row).filter(|row| !row.text.is_empty()));
        }
    }

    /// Memory is lost; what was stored is not.
    fn crashes(&mut self, ms: u64) {
        self.arbiter = arbiter_of(&self.config, &self.stored, at(ms));
    }
}

fn failed() -> Outcome {
    Outcome::Failed { why: "status 500".into(), retry_after: None }
}

#[test]
fn who_must_be_told_is_stored_with_what_happened_and_the_message_before_it_is_sent() {
    let mut desktop = Desktop::of("");
    let effects = desktop.sees(2_000, "--");
    let with_fail = effects.iter().find_map(|effect| {
        let Effect::Persist(rows) = effect else { return None };
        rows.iter().any(|row| row.text.contains("\"to\":\"fail\"")).then_some(rows)
    });
    let outbox =
        |rows: &[Row]| rows.iter().any(|row| row.table == Table::Outbox && row.key == "ops/pool/shop");
    assert!(outbox(with_fail.unwrap()), "{with_fail:?}");
    assert!(deliveries(&effects).is_empty(), "it is gathered first");
    let effects = desktop.woken(6_000);
    let [delivery] = &deliveries(&effects)[..] else { panic!("{effects:?}") };
    let first = effects.first();
    assert!(
        matches!(first, Some(Effect::Persist(rows)) if rows.iter().any(|row| row.text.contains(&delivery.id))),
        "{first:?}"
    );
    assert!(delivery.body.contains("3 of 3 vantages"), "{}", delivery.body);
}

#[test]
fn the_alarm_rings_when_a_message_is_to_be_made_and_when_it_is_to_be_sent_again() {
    let mut desktop = Desktop::of("");
    desktop.sees(2_000, "--");
    assert!(desktop.alarm <= Some(at(5_020)), "{:?}", desktop.alarm);
    let delivery = deliveries(&desktop.woken(5_100)).remove(0);
    desktop.answered(&delivery, failed(), 5_200);
    assert!(desktop.alarm <= Some(at(5_200 + 6_250)), "{:?}", desktop.alarm);
}

#[test]
fn a_crash_anywhere_loses_no_message_and_repeats_it_with_the_same_id() {
    // Before it is made: it is made after.
    let mut desktop = Desktop::of("");
    desktop.sees(2_000, "--");
    desktop.crashes(2_500);
    tell_all(&mut desktop.arbiter, 3_000, "--");
    let delivery = deliveries(&desktop.woken(6_000)).remove(0);
    // After it is stored and before it is sent, and after it is sent and before that is stored: it
    // is sent again.
    for ms in [6_100, 6_200] {
        desktop.crashes(ms);
        let again = deliveries(&desktop.woken(ms));
        assert_eq!(again, std::slice::from_ref(&delivery));
    }
    // After that is stored: it is not.
    desktop.answered(&delivery, Outcome::Taken, 6_300);
    desktop.crashes(6_400);
    assert_eq!(deliveries(&desktop.woken(60_000)), []);
}

#[test]
fn a_message_that_could_not_be_stored_is_made_anew_from_what_was() {
    let mut desktop = Desktop::of("");
    desktop.sees(2_000, "--");
    let lost = desktop.arbiter.step(Event::Woken, at(6_000));
    assert_eq!(deliveries(&lost).len(), 1, "and it is not sent, for it comes after what failed");
    desktop.crashes(11_000);
    assert_eq!(deliveries(&desktop.woken(11_000)).len(), 1);
}

#[test]
fn what_is_given_up_is_an_event_and_shows() {
    let mut desktop = Desktop::of("give_up = \"1m\"");
    desktop.sees(2_000, "--");
    let delivery = deliveries(&desktop.woken(6_000)).remove(0);
    desktop.answered(&delivery, failed(), 6_100);
    let view = desktop.arbiter.channel_views().remove(0);
    assert_eq!(
        (view.failing, view.why.as_deref(), view.sending),
        (Some(at(6_100)), Some("status 500"), true)
    );
    let mut second = 7;
    let given_up = loop {
        let effects = desktop.woken(second * 1_000);
        for delivery in deliveries(&effects) {
            desktop.answered(&delivery, failed(), second * 1_000 + 100);
        }
        let given_up = effects.iter().find_map(|effect| {
            if let Effect::GivenUp(transition) = effect { Some(transition.clone()) } else { None }
        });
        if let Some(given_up) = given_up {
            break given_up;
        }
        second += 1;
        assert!(second < 90, "it is never given up");
    };
    assert_eq!(given_up.subject, "notify/ops");
    assert!(
        given_up.reason.contains("given up after 1m") && given_up.reason.ends_with("status 500"),
        "{}",
        given_up.reason
    );
    let events = desktop.arbiter.snapshot(&crate::snapshot::Part::Whole, at(second * 1_000)).events;
    assert!(events.contains(&given_up));
    desktop.crashes(second * 1_000);
    assert!(
        desktop
            .arbiter
            .snapshot(&crate::snapshot::Part::Whole, at(second * 1_000))
            .events
            .contains(&given_up)
    );
}

#[test]
fn a_silent_watch_is_told_when_it_lasts_and_so_is_its_end() {
    let mut desktop = Desktop::of("");
    let mut told = Vec::new();
    for second in 2..200 {
        let mut effects = desktop.woken(second * 1_000);
        if second > 150 {
            effects.extend(desktop.sees(second * 1_000 + 1, "++"));
        }
        for delivery in deliveries(&effects) {
            told.push((second, delivery.body.clone()));
            desktop.answered(&delivery, Outcome::Taken, second * 1_000 + 2);
        }
    }
    let said = |place: usize, part: &str| told.get(place).is_some_and(|(_, body)| body.contains(part));
    assert!(said(0, "vantage weur/0of1 is silent") && said(0, "it last reported at"), "{told:?}");
    assert!((60..=80).contains(&told[0].0), "{told:?}");
    let last = told.last().unwrap();
    assert!(last.0 > 150 && last.1.contains("recovered"), "{told:?}");
}

#[test]
fn a_restart_is_no_trouble() {
    let mut desktop = Desktop::of("on = [\"fail\", \"warn\", \"recovered\", \"flapping\", \"watch\"]");
    // An hour later, nothing was watched meanwhile, and votes come within seconds.
    desktop.crashes(3_600_000);
    let mut told = deliveries(&desktop.woken(3_600_000));
    for second in 3_602..3_800 {
        told.extend(deliveries(&desktop.sees(second * 1_000, "++")));
        told.extend(deliveries(&desktop.woken(second * 1_000 + 1)));
    }
    assert_eq!(told, []);
}

#[test]
fn a_channel_that_hangs_holds_up_no_other() {
    let mut desktop =
        Desktop::of("[[notify]]\nname = \"chat\"\nkind = \"slack\"\nurl = { secret = \"URL\" }");
    let mut told = Vec::new();
    for second in 2..400 {
        let effects = desktop.sees(second * 1_000, if second % 200 < 100 { "--" } else { "++" });
        for delivery in deliveries(&effects) {
            if delivery.channel.as_str() == "chat" {
                told.push(delivery.body.clone());
                desktop.answered(&delivery, Outcome::Taken, second * 1_000 + 2);
            }
        }
    }
    assert_eq!(told.len(), 4, "{told:?}");
    assert!(desktop.arbiter.channel_views()[0].sending);
}

#[test]
fn an_outage_of_five_hundred_pools_is_three_messages_a_channel_at_most() {
    let pools: String = (0..500)
        .map(|pool| format!("[[pool]]\nname = \"p{pool}\"\n[[pool.origin]]\nname = \"o\"\nurl = \"https://p{pool}.example\"\n"))
        .collect();
    let text = format!(
        "plan = \"paid\"\n[defaults]\ninterval = \"30s\"\nvantages = [\"weur\"]\n{pools}\
         [[notify]]\nname = \"ops\"\nkind = \"webhook\"\nurl = \"https://hooks.example.com\"\nsecret = \"KEY\"\n"
    );
    let config = config(&text);
    let mut arbiter = arbiter_of(&config, &[], at(0));
    let shards = crate::schedule::shards(&config, &config.vantages[0].name);
    let (mut bodies, mut seq) = (Vec::new(), 0);
    for second in 0..300_u64 {
        // Each origin is probed every 30 s, and all fail from the hundredth second on.
        for shard in &shards {
            let due: Vec<_> = shard
                .origins
                .iter()
                .enumerate()
                .filter(|(place, _)| *place as u64 % 30 == second % 30)
                .map(|(_, origin)| origin.id.clone())
                .collect();
            seq += 1;
            let report =
                super::super::tests::report_of(&config, ("weur", &shard.label()), seq, &due, second >= 100);
            let effects = arbiter.step(Event::Reported(report), at(second * 1_000));
            bodies.extend(deliveries(&effects));
            for delivery in deliveries(&effects) {
                let answer = Answer { channel: delivery.channel, id: delivery.id, outcome: Outcome::Taken };
                arbiter.step(Event::Answered(answer), at(second * 1_000 + 10));
            }
        }
    }
    assert!((1..=3).contains(&bodies.len()), "{} messages", bodies.len());
    let told: usize = bodies.iter().map(|delivery| delivery.body.matches("\"kind\":\"fail\"").count()).sum();
    assert_eq!(told, 500, "and every one is told once");
}

#[test]
fn rows_of_a_channel_that_is_no_more_are_cleared_away() {
    let mut desktop = Desktop::of("");
    desktop.sees(2_000, "--");
    let sent = deliveries(&desktop.woken(6_000)).remove(0);
    desktop.answered(&sent, Outcome::Taken, 6_100);
    let outbox = |rows: &[Row]| rows.iter().filter(|row| row.table == Table::Outbox).count();
    assert!(outbox(&desktop.stored) > 0);
    desktop.config = config(SHOP);
    desktop.crashes(7_000);
    desktop.woken(7_000);
    assert_eq!(outbox(&desktop.stored), 0, "{:?}", desktop.stored);
}

/// The kinds and titles of what a channel with these lines is told after its configuration became
/// `after`: told of a failure of the shop before.
fn told_after(before: &str, after: Config) -> Vec<(String, String)> {
    let mut desktop = Desktop::of(before);
    desktop.sees(2_000, "--");
    let sent = deliveries(&desktop.woken(6_000)).remove(0);
    assert!(sent.body.contains("\"kind\":\"fail\""), "{}", sent.body);
    desktop.answered(&sent, Outcome::Taken, 6_100);
    desktop.config = after;
    let mut told = Vec::new();
    for ms in (40_000..400_000).step_by(5_000) {
        // Whatever is stored is enough to go on from.
        desktop.crashes(ms);
        for delivery in deliveries(&desktop.woken(ms)) {
            let body: serde_json::Value = serde_json::from_str(&delivery.body).unwrap();
            let word = |at: &str| body.pointer(at).unwrap().as_str().unwrap().to_owned();
            told.push((word("/type"), word("/data/title")));
            assert!(body.pointer("/data/news/0/until").is_some(), "{body}");
            desktop.answered(&delivery, Outcome::Taken, ms);
        }
    }
    let left = desktop.stored.iter().filter(|row| row.table == Table::Outbox && row.key.contains('/'));
    assert_eq!(left.collect::<Vec<_>>(), [] as [&Row; 0], "nothing more is remembered of it");
    told
}

#[test]
fn what_was_told_of_a_pool_that_is_watched_no_more_is_closed_once_and_says_so() {
    let closed = [("vedette.pool.unwatched".to_owned(), "shop is no longer watched: it failed".to_owned())];
    let renamed = |text: String| config(&text);
    let text = |lines: &str| {
        format!(
            "{SHOP}\n[[notify]]\nname = \"ops\"\nkind = \"webhook\"\nurl = \"https://hooks.example.com\"\nsecret = \"KEY\"\n{lines}"
        )
    };
    let on = "on = [\"fail\", \"recovered\"]";
    let other = renamed(text(on).replace("\"shop\"", "\"store\""));
    assert_eq!(told_after(on, other), closed, "renamed, or taken out");
    let desk = "[[pool]]\nname = \"desk\"\norigin = [{ name = \"a\", url = \"https://desk.example.com\" }]\n";
    let elsewhere = renamed(format!("{}\n{desk}", text(&format!("{on}\npools = [\"desk\"]"))));
    assert_eq!(told_after(on, elsewhere), closed, "left out of the channel's pools");
    let silent = "on = [\"fail\"]";
    let other = renamed(text(silent).replace("\"shop\"", "\"store\""));
    assert_eq!(told_after(silent, other), [], "who does not hear of recoveries closes nothing");
}

#[test]
fn receivers_that_hang_keep_no_more_than_four_connections_and_the_others_have_their_turn() {
    let more: String = (0..7)
        .map(|n| format!("[[notify]]\nname = \"n{n}\"\nkind = \"webhook\"\nurl = \"https://n{n}.example.com\"\nsecret = \"KEY\"\n"))
        .collect();
    let mut desktop = Desktop::of(&more);
    desktop.sees(2_000, "--");
    let mut under_way = deliveries(&desktop.woken(6_000));
    assert_eq!(under_way.len(), 4, "of eight channels");
    let mut sent = under_way.len();
    while let Some(delivery) = under_way.pop() {
        let next = deliveries(&desktop.answered(&delivery, Outcome::Taken, 6_100));
        assert!(next.len() <= 1, "{next:?}");
        sent += next.len();
        under_way.extend(next);
        assert!(under_way.len() <= 4);
    }
    assert_eq!(sent, 8);
}

/// The titles of what the channel is told from here on, second by second, while the origins stand
/// so.
fn told(desktop: &mut Desktop, seconds: std::ops::Range<u64>, script: &str) -> Vec<String> {
    let mut titles = Vec::new();
    for second in seconds {
        for delivery in deliveries(&desktop.sees(second * 1_000, script)) {
            let body: serde_json::Value = serde_json::from_str(&delivery.body).unwrap();
            titles.push(body["data"]["title"].as_str().unwrap().to_owned());
            desktop.answered(&delivery, Outcome::Taken, second * 1_000 + 5);
        }
    }
    titles
}

#[test]
fn a_dead_origin_is_told_with_who_serves_and_its_end_with_how_long_it_lasted() {
    let mut desktop = Desktop::of("");
    assert_eq!(told(&mut desktop, 2..30, "++"), [""; 0]);
    assert_eq!(told(&mut desktop, 30..90, "-+"), ["shop: primary fails; standby serves"]);
    let ended = told(&mut desktop, 90..150, "++");
    assert_eq!(ended, ["shop recovered after 1m: primary failed"]);
}

#[test]
fn a_dead_origin_is_told_once_whatever_dies_between_the_votes_and_the_message() {
    let mut desktop = Desktop::of("");
    told(&mut desktop, 2..30, "++");
    let mut titles = Vec::new();
    for second in 30..60 {
        titles.extend(told(&mut desktop, second..second + 1, "-+"));
        desktop.crashes(second * 1_000 + 500);
    }
    assert_eq!(titles, ["shop: primary fails; standby serves"]);
}
