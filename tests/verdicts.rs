//! The worked examples of `docs/verdicts.md`, replayed: three vantages and the Arbiter, every probe
//! answered as the table says. Each row has the verdict, its reason and what would change it next.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that fails is what a panic is for")]

use std::collections::BTreeMap;

use vedette::arbiter::{self, Arbiter};
use vedette::budget;
use vedette::config::Config;
use vedette::probe::ReferenceResult;
use vedette::sample::{CacheClass, Check, Connected, Database, Finding, Outcome, Sample};
use vedette::schedule;
use vedette::snapshot::Part;
use vedette::units::{Millis, Name, Timestamp};
use vedette::vantage::{Duty, Effect, Event, Prober};
use vedette::vote::Report;

const PAGE: &str = include_str!("../docs/verdicts.md");
const BEGIN: Timestamp = Timestamp::from_millis(1_700_000_000_000);
const TICK: Millis = Millis::new(50);

/// What a vantage meets.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Sight {
    Passes,
    Fails,
    CutOff,
}

/// A row of an example.
#[derive(Debug)]
struct Row {
    at: Timestamp,
    from_then_on: String,
    verdict: String,
    because: String,
    next: String,
}

/// A vantage and what is on its way back to it.
struct Place {
    prober: Prober,
    alarm: Timestamp,
    arriving: Vec<Event>,
    sight: Sight,
}

#[test]
fn a_partial_outage_goes_as_the_page_says() {
    replay(&example_configuration(), &rows("a partial outage"));
}

#[test]
fn the_monitors_own_fault_goes_as_the_page_says() {
    let text = format!("references = [\"https://reference.example\"]\n{}", example_configuration());
    replay(&text, &rows("the monitor's own fault"));
}

/// The configuration that the page shows.
fn example_configuration() -> String {
    PAGE.split("```toml\n").nth(1).unwrap().split("```").next().unwrap().to_owned()
}

fn rows(title: &str) -> Vec<Row> {
    let section = PAGE.split(&format!("## Example: {title}\n")).nth(1).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let lines =
        section.lines().filter(|line| line.starts_with("| ") && line.contains(':') && !line.contains("---"));
    let rows: Vec<Row> = lines.map(row).collect();
    assert!(rows.len() > 4, "{rows:?}");
    rows
}

fn row(line: &str) -> Row {
    let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
    let [at, from_then_on, verdict, because, next] = cells.as_slice() else { panic!("five cells: {line}") };
    let (minutes, seconds) = at.split_once(':').unwrap();
    let at = minutes.parse::<u64>().unwrap() * 60 + seconds.parse::<u64>().unwrap();
    Row {
        at: BEGIN.plus(Millis::from_secs(at)),
        from_then_on: (*from_then_on).to_owned(),
        verdict: (*verdict).to_owned(),
        because: (*because).to_owned(),
        next: (*next).to_owned(),
    }
}

fn replay(text: &str, rows: &[Row]) {
    let config = Config::parse(text).unwrap();
    let daily = budget::deployment(config.clone()).daily;
    let mut places: BTreeMap<Name, Place> = config
        .vantages
        .iter()
        .map(|vantage| {
            let shards = schedule::shards(&config, &vantage.name);
            let shard = shards.first().unwrap();
            let duty = Duty { config: &config, vantage: &vantage.name, shard, daily };
            let prober = Prober::new(&duty, None, BEGIN);
            (vantage.name.clone(), Place { prober, alarm: BEGIN, arriving: Vec::new(), sight: Sight::Passes })
        })
        .collect();
    let mut arbiter = Arbiter::new(config, &[], BEGIN);
    let mut now = BEGIN;
    for (row, until) in rows.iter().zip(rows.iter().skip(1).map(|next| next.at)) {
        turn(&row.from_then_on, &mut places);
        while now < until {
            for place in places.values_mut() {
                for report in place.lives(now) {
                    let seq = report.seq;
                    arbiter.step(arbiter::Event::Reported(report), now);
                    place.arriving.push(Event::Delivered(seq));
                }
            }
            arbiter.step(arbiter::Event::Woken, now);
            now = now.plus(TICK);
        }
        let snapshot = arbiter.snapshot(&Part::Whole, now);
        let origin = snapshot.pools.first().unwrap().origins.first().unwrap();
        let said = (origin.status.as_str(), origin.reason.as_str(), said_next(&origin.next));
        assert_eq!(said, (row.verdict.as_str(), row.because.as_str(), row.next.clone()), "{row:?}");
    }
}

/// What comes next, without the points in time.
fn said_next(next: &str) -> String {
    let next = next.split("; unknown at ").next().unwrap();
    let words =
        next.split(' ').map(|word| if word.ends_with('Z') && word.starts_with("20") { "…" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

/// `weur sees it fail`, `all are cut off`: what vantages meet from now on.
fn turn(words: &str, places: &mut BTreeMap<Name, Place>) {
    let Some((who, what)) = words.split_once(' ') else { return };
    let sight = match what {
        "see it pass" | "sees it pass" => Sight::Passes,
        "see it fail" | "sees it fail" => Sight::Fails,
        "are cut off" | "is cut off" => Sight::CutOff,
        _ => panic!("{words}"),
    };
    let mut turned = 0;
    for (name, place) in places.iter_mut().filter(|(name, _)| who == "all" || name.as_str() == who) {
        assert!(who == "all" || name.as_str() == who);
        place.sight = sight;
        turned += 1;
    }
    assert!(turned > 0, "{who} is no vantage");
}

impl Place {
    /// What happens to it in this tick; its reports.
    fn lives(&mut self, now: Timestamp) -> Vec<Report> {
        let mut events = std::mem::take(&mut self.arriving);
        if self.alarm <= now {
            events.push(Event::Alarm);
        }
        let mut reports = Vec::new();
        for effect in events.into_iter().flat_map(|event| self.prober.step(event, now)).collect::<Vec<_>>() {
            match effect {
                Effect::WakeAt(at) => self.alarm = at,
                Effect::Probe(origin, ticket, _) => {
                    self.arriving.push(Event::Sampled(origin, ticket, self.sample(now)));
                }
                Effect::CheckReference(_, ticket) => {
                    let answered = self.sight != Sight::CutOff;
                    self.arriving
                        .push(Event::ReferenceChecked(ticket, ReferenceResult { answered, colo: None }));
                }
                Effect::Report(report) => reports.push(report),
                Effect::Persist(_)
                | Effect::Observed(..)
                | Effect::Connections(..)
                | Effect::Keep(_)
                | Effect::Slipped(..) => {}
            }
        }
        reports
    }

    fn sample(&self, at: Timestamp) -> Sample {
        let finding = match self.sight {
            Sight::Passes | Sight::CutOff => Finding::Met,
            Sight::Fails => Finding::Broken("status 500 is not expected".into()),
        };
        Sample {
            at,
            outcome: if self.sight == Sight::CutOff { Outcome::Unreachable } else { Outcome::Answered },
            latency: TICK,
            status: Some(200),
            cache: CacheClass::OriginProven,
            told: None,
            database: Database::default(),
            checks: vec![Check { expectation: "status".into(), finding }],
            bytes: 0,
            timings: Vec::new(),
            connected: Connected::NotTried,
        }
    }
}
