//! What may be asked of the past where the file says for how long it is kept.

use super::*;
use crate::fixtures::config;
use crate::history::{Query, Window};

/// A Tuesday, a while after midnight.
const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000 + 7 * 60_000 + 1);

fn kept(table: &str) -> Config {
    config(&format!("{SHOP}\n[history]\n{table}\n"))
}

fn asked(config: &Config, target: &str) -> Result<Query, Answer> {
    let Plan::Recorded(asked) = plan(Ok(config), &ask(target)) else { panic!("{target}") };
    asked.question(config, NOW).map(|question| {
        let Question::History(query) = question else { panic!("{target}") };
        query
    })
}

fn refused(config: &Config, query: &str) -> String {
    let answer = asked(config, &format!("/v1/history/shop/primary?{query}")).unwrap_err();
    assert_eq!(answer.status, 400);
    json(&answer)["detail"].as_str().unwrap().to_owned()
}

fn ago(length: Millis) -> String {
    format!("from={}", NOW.minus(length))
}

const HOUR: Millis = Millis::from_secs(3_600);

#[test]
fn what_is_kept_no_longer_is_refused_with_the_bound_of_the_file() {
    let usual = shop();
    let short = kept("minutes = \"90m\"\nhours = \"3d\"\ndays = \"30d\"");
    let of_two_days = format!("step=5m&{}", ago(HOUR.times(48)));
    assert!(asked(&usual, &format!("/v1/history/shop/primary?{of_two_days}")).is_ok());
    assert_eq!(
        refused(&short, &of_two_days),
        "Steps of 5m are kept for 1h 30m, and the window begins or is longer than that. Write a later from, or a longer step: \
         5m (1h 30m), 1h (3 days) or 1d (30 days)."
    );
    assert_eq!(
        refused(&usual, &format!("step=5m&{}", ago(HOUR.times(50)))),
        "Steps of 5m are kept for 48 hours, and the window begins or is longer than that. Write a later from, or a longer step: \
         5m (48 hours), 1h (35 days) or 1d (400 days)."
    );
    assert_eq!(
        refused(&short, "step=1ms"),
        "The parameter step is 5m (kept for 1h 30m), 1h (kept for 3 days) or 1d (kept for 30 days)."
    );
    assert!(refused(&short, &ago(Millis::DAY.times(32))).contains("1d are kept for 30 days"));
}

#[test]
fn with_nothing_said_the_finest_step_that_is_kept_is_told_as_far_as_it_is() {
    let short = kept("minutes = \"90m\"\nhours = \"3d\"\ndays = \"30d\"");
    let of = |query: &str| {
        let query = asked(&short, &format!("/v1/history/shop/primary?{query}")).unwrap();
        let Window { from, to } = query.window;
        (query.step.as_str(), to.since(from).as_secs() / 60)
    };
    assert_eq!(of(""), ("5m", 95), "widened to whole steps");
    assert_eq!(of("step=1h").0, "1h");
    assert_eq!(of("step=1d"), ("1d", 31 * 24 * 60));
    assert_eq!(of(&ago(HOUR.times(6))).0, "1h");
    assert_eq!(of(&ago(HOUR.times(96))).0, "1d");
}

/// Whatever is kept: the charts of a page are never refused, and are by a step that covers them.
#[test]
fn pages_ask_for_what_is_kept() {
    let tables = [
        "",
        "minutes = \"1h\"",
        "minutes = \"95m\"\nhours = \"26h\"",
        "hours = \"7d\"",
        "days = \"1d\"",
        "days = \"45d\"",
    ];
    for table in tables {
        let config = kept(table);
        for (window, usual) in [("6h", "5m"), ("24h", "5m"), ("7d", "1h"), ("30d", "1d"), ("90d", "1d")] {
            let target = format!("/pool/shop/primary?window={window}");
            let Plan::FromSnapshot(view) = plan(Ok(&config), &ask(&target)) else { panic!("{target}") };
            let past = asks(&view, &config, NOW);
            let question = past[1].question(&config, NOW.plus(Millis::from_secs(2)));
            let Ok(Question::History(query)) = question else { panic!("{table}, {window}: {question:?}") };
            let span = query.window.to.since(query.window.from);
            assert!(span <= query.step.kept(&config.history), "{table}, {window}");
            assert!(!table.is_empty() || query.step.as_str() == usual, "{table}, {window}");
        }
    }
    let asked_of = |table: &str, window: &str| {
        let config = kept(table);
        let Plan::FromSnapshot(view) =
            plan(Ok(&config), &ask(&format!("/pool/shop/primary?window={window}")))
        else {
            panic!("{window}")
        };
        asks(&view, &config, NOW)[1].query.clone()
    };
    assert!(asked_of("minutes = \"6h\"", "24h").ends_with("step=1h"));
    assert!(asked_of("minutes = \"6h\"", "6h").ends_with("step=5m"));
}
