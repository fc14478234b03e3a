//! Expectations on a metric of `Server-Timing`: what is refused, and what is judged.

use super::*;
use crate::sample::Timing;

/// The shop, whose probes keep these.
fn keeping(expect: &str) -> crate::config::Config {
    let probe = "probe = { path = \"/health\" }";
    let text = crate::fixtures::SHOP.replace(probe, &format!("{probe}\nexpect = {expect}"));
    assert!(text.contains(expect));
    config(&text)
}

fn expecting(expectations: &[&str]) -> Draft {
    Draft { expectations: expectations.iter().map(|text| (*text).to_owned()).collect(), ..draft() }
}

#[test]
fn a_metric_that_no_probe_keeps_is_refused_with_the_setting() {
    let wrong = |expectations: &[&str], expect: &str| {
        expecting(expectations)
            .plan(&keeping(expect))
            .map_or_else(|wrong| wrong.join("\n"), |_| String::new())
    };
    for expect in ["{}", "{ timings = [\"queue\"] }"] {
        assert_eq!(
            wrong(&["timing Render down by 30%"], expect),
            "“timing Render down by 30%”: the probes of shop/primary do not keep the metric render; write timings = \
             [\"render\"] in expect of shop, at most 4 names, and start when a window has samples of it"
        );
    }
    for fine in
        ["timing render down", "timing RENDER of shop/primary not up", "timing render of shop/other any"]
    {
        assert_eq!(wrong(&[fine], "{ timings = [\"Render\"] }"), "", "{fine}");
    }
    for (expect, name) in [("{}", "sql"), ("{}", "wpdbqueries"), ("{ db_metric = \"x\" }", "X")] {
        let why = wrong(&[&format!("timing {name} down")], expect);
        assert!(why.contains("tells of the database of shop/primary; write “database time”"), "{why}");
    }
    let both = wrong(&["timing a down", "p95 down", "timing b up"], "{}");
    assert_eq!(both.lines().count(), 2, "{both}");
}

/// A sample each five seconds; all take as long, and say what `timings` has.
fn timed(window: Window, timings: &[(&str, u64)]) -> String {
    let mut bucket = Bucket::new(0, 0, window.from, vec![pair("weur").origin]);
    let plain = Bucket::read(&row(window, 100)).unwrap();
    for (fact, n) in plain.facts().zip(0_u64..) {
        let timing = |(name, micros): &(&str, u64)| Timing {
            name: (*name).into(),
            micros: micros + n * 37 % 23 * micros / 100,
        };
        bucket.add(&Fact { timings: timings.iter().map(timing).collect(), ..fact });
    }
    bucket.text()
}

#[test]
fn a_metric_that_falls_improves_while_response_times_stay_and_whatever_the_order_is() {
    let config = keeping("{ timings = [\"render\", \"queue\"] }");
    let given = ["timing render down by 30%", "timing queue not up", "response time any"];
    let plan = expecting(&given).plan(&config).unwrap();
    let window = Window { from: at(BEGUN).minus(plan.before), to: at(BEGUN) };
    let mut desk = Desk::default();
    let before = timed(window, &[("render", 40_000), ("queue", 20_000)]);
    let gathered = Gathered { window, said: vec![said("weur", Some(before))] };
    let made = desk.changes.start(&plan, &who(), &gathered, Vec::new());
    let id = desk.made(made).unwrap();
    desk.apply(&id, BEGUN).unwrap();
    // The order of the names in the configuration changes meanwhile.
    let after = |window: Window| timed(window, &[("queue", 20_000), ("render", 20_000)]);
    for second in 0..1_500 {
        desk.work(|_, window| Some(after(window)), BEGUN + second * 1_000);
    }
    let told = desk.told(&id, BEGUN + 30 * MINUTE);
    let verdicts = told["judgement"]["expectations"].as_array().unwrap().iter();
    let verdicts: Vec<_> = verdicts.map(|one| one["verdict"].as_str().unwrap()).collect();
    assert_eq!(verdicts, ["improved", "unchanged", "unchanged"], "{told}");
    assert_eq!(told["verdict"], "improved");
    let render = &told["judgement"]["expectations"][0]["strata"][0];
    assert!((40.0..50.0).contains(&render["before"]["value"].as_f64().unwrap()), "{render}");
}
