//! A monitor has verdicts, events and messages as a pool has, and no word of failover in them.

use super::*;
use crate::notify::Delivery;
use crate::snapshot::Part;

const MONITOR: &str = r#"
[defaults]
interval = "1s"
fast_interval = "1s"
timeout = "500ms"
fall = 2
rise = 2
vantages = ["weur", "enam", "apac"]

[[monitor]]
name = "memo"
title = "Memo (EU)"
url = "http://127.0.0.1:9101"

[[notify]]
name = "ops"
kind = "webhook"
url = "https://hooks.example.com"
secret = "KEY"
on = ["fail", "origin", "warn", "recovered", "watch"]
"#;

/// The same as a pool of one.
fn pool() -> String {
    let origin = "[[pool]]\nname = \"memo\"\n[[pool.origin]]\nname = \"memo\"\nurl =";
    MONITOR.replace("[[monitor]]\nname = \"memo\"\ntitle = \"Memo (EU)\"\nurl =", origin)
}

fn deliveries(effects: &[Effect]) -> impl Iterator<Item = &Delivery> {
    effects
        .iter()
        .filter_map(|effect| if let Effect::Deliver(delivery) = effect { Some(delivery) } else { None })
}

fn view(arbiter: &Arbiter, ms: u64) -> crate::snapshot::PoolView {
    arbiter.snapshot(&Part::Whole, at(ms)).pool("memo").cloned().unwrap()
}

#[test]
fn a_monitor_has_the_verdict_of_a_pool_of_one_and_sends_traffic_nowhere() {
    let mut monitor = Arbiter::new(config(MONITOR), &[], at(0));
    let mut pool = Arbiter::new(config(&pool()), &[], at(0));
    for (ms, script, said) in [(1_000, "+", "it passes"), (2_000, "-", "it fails"), (3_000, "+", "it passes")]
    {
        let changed = changes(&tell_all(&mut monitor, ms, script));
        assert_eq!(changed, changes(&tell_all(&mut pool, ms, script)), "{said}");
        let (one, other) = (view(&monitor, ms), view(&pool, ms));
        assert_eq!((one.choice.as_str(), one.chosen, one.panic), (said, None, false));
        assert_eq!((one.status, one.since, one.valid_until), (other.status, other.since, other.valid_until));
        assert_eq!(one.origins, other.origins, "{said}");
    }
    monitor.step(Event::Woken, at(100_000));
    assert_eq!(view(&monitor, 100_000).choice, "nothing fresh is known of it");
    let events = monitor.snapshot(&Part::Whole, at(100_000)).events;
    assert!(events.iter().all(|event| !event.reason.contains("priority")), "{events:?}");
}

#[test]
fn what_was_stored_of_a_pool_of_one_becomes_a_monitor_and_back() {
    let mut arbiter = Arbiter::new(config(&pool()), &[], at(0));
    let stored = rows(&tell_all(&mut arbiter, 1_000, "+"));
    let since = view(&arbiter, 1_000).since;
    let mut monitor = arbiter_of(&config(MONITOR), &stored, at(1_500));
    monitor.step(Event::Woken, at(1_500));
    let found = view(&monitor, 1_500);
    assert_eq!(
        (found.status, found.since, found.chosen, found.choice.as_str()),
        (Status::Pass, since, None, "it passes")
    );
    let stored = [stored, rows(&monitor.step(Event::Woken, at(1_600)))].concat();
    let mut pool = arbiter_of(&config(&pool()), &stored, at(2_000));
    pool.step(Event::Woken, at(2_000));
    assert_eq!(view(&pool, 2_000).chosen.map(|name| name.to_string()).as_deref(), Some("memo"));
}

#[test]
fn a_message_says_its_title_and_that_it_is_down_and_nothing_of_traffic() {
    let mut arbiter = Arbiter::new(config(MONITOR), &[], at(0));
    tell_all(&mut arbiter, 1_000, "+");
    tell_all(&mut arbiter, 2_000, "-");
    let effects = arbiter.step(Event::Woken, at(6_000));
    let body = &deliveries(&effects).next().unwrap().body;
    for part in [
        r#""title":"Memo (EU) is down","text":"Memo (EU) is down since 2023-11-14T22:13:22.000Z: "#,
        r#""kind":"fail","topic":"fail","subject":"pool/memo","title":"Memo (EU)","since""#,
        "status 500 is not expected",
    ] {
        assert!(body.contains(part), "{part} is not in {body}");
    }
    for word in ["raffic", "serves", "signal", "memo fail"] {
        assert!(!body.contains(word), "{word} is in {body}");
    }
}
