//! Changes of the service as the Arbiter takes them: what is logged, kept, cut out, and told.

use super::*;
use crate::change::{CloseDraft, Draft, Fate, Gathered, Looked, Outcome as Found, Pair, Part, Refusal, Said};
use crate::compare::Verdict;
use crate::history::{Bucket, Fact, Proof};
use crate::purge::{AtCdn, Purge};
use crate::snapshot::Part as Share;
use crate::units::Who;
use crate::writes::{Edit, Outcome, Write};

const INBOX: &str = "\n[[notify]]\nname = \"ops\"\nkind = \"webhook\"\nurl = \"https://inbox.example\"\nsecret = \"KEY\"\non = [\"regressed\", \"recovered\"]\n";

fn told() -> Arbiter {
    Arbiter::new(config(&format!("{SHOP}{INBOX}")), &[], at(0))
}

fn write(edit: Edit) -> Write {
    Write { who: Who::parse("ada").unwrap(), edit, if_match: None, key: None }
}

fn starting(config: &Config) -> Write {
    let draft: Draft = crate::json::read(
        r#"{"title": "index on orders", "owner": "Ada", "rollback": "DROP INDEX\norders", "origins": ["shop/primary"],
            "before": "1m"}"#,
    )
    .unwrap();
    write(Edit::Start(Box::new(draft.plan(config).unwrap())))
}

/// A minute before `ms` in which one vantage saw one sample each second.
fn gathered(ms: u64) -> Gathered {
    let window = Window { from: at(ms - 60_000), to: at(ms) };
    let pair =
        Pair { origin: OriginId::parse("shop/primary").unwrap(), vantage: Name::parse("weur").unwrap() };
    let mut bucket = Bucket::new(0, 0, window.from, vec![pair.origin.clone()]);
    for second in 0..60 {
        bucket.add(&Fact {
            origin: 0,
            at: window.from.plus(Millis::from_secs(second)),
            proof: Proof::Pass,
            kind: None,
            response: 20,
            complete: true,
            status: Some(200),
            cache: CacheClass::OriginProven,
            calls: None,
            database: None,
            bytes: 10,
            timings: Vec::new(),
        });
    }
    Gathered { window, said: vec![Said { pair, kept: Some(bucket.text()) }] }
}

fn purging(change: Option<&str>) -> Write {
    let purge = Purge {
        urls: vec!["https://shop.example/a".into()],
        change: change.map(str::to_owned),
        cdn: true,
        ..Purge::default()
    };
    Write { key: Some("once".into()), ..write(Edit::Purge(Box::new(purge))) }
}

fn wrote(effects: &[Effect]) -> &Outcome {
    let wrote =
        effects.iter().find_map(|one| if let Effect::Wrote(outcome) = one { Some(outcome) } else { None });
    wrote.unwrap()
}

fn body(effects: &[Effect]) -> Option<&str> {
    effects
        .iter()
        .find_map(|one| if let Effect::Deliver(delivery) = one { Some(&*delivery.body) } else { None })
}

/// What came of the look of this number.
fn looked(look: usize, verdict: Verdict) -> Event {
    let outcome = Found { verdict, sentence: "regressed".into(), looks: look, settled: false };
    let outcome = Some(outcome);
    Event::Looked(Looked { number: 1, part: Part::After, look, is_whole: true, outcome, ..Looked::default() })
}

#[test]
fn a_regression_is_told_with_the_way_back_and_its_closing_as_well() {
    let mut arbiter = told();
    let start = starting(&arbiter.config);
    let id = Outcome::Change { id: "change-1".into(), told: String::new() };
    assert_eq!(wrote(&arbiter.step(Event::Started(start, gathered(100_000)), at(100_000))), &id);
    let apply = Event::Written(write(Edit::Apply("change-1".into())));
    assert_eq!(wrote(&arbiter.step(apply, at(110_000))), &id);
    assert_eq!(body(&arbiter.step(looked(1, Verdict::Inconclusive), at(120_000))), None);
    let mut effects = arbiter.step(looked(2, Verdict::Regressed), at(130_000));
    for second in 131..140 {
        effects.extend(arbiter.step(Event::Woken, at(second * 1_000)));
    }
    let said = body(&effects).expect("the channel is told").to_owned();
    for part in [
        "vedette.change.regressed",
        "change-1 (index on orders) made it worse",
        "DROP INDEX orders",
        "close it",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(!said.contains("/health/change"), "{said}");
    let taken = effects
        .iter()
        .find_map(|one| if let Effect::Deliver(delivery) = one { Some(delivery.id.clone()) } else { None });
    let outcome = crate::notify::Outcome::Taken;
    let answer = Answer { channel: Name::parse("ops").unwrap(), id: taken.unwrap(), outcome };
    arbiter.step(Event::Answered(answer), at(141_000));
    let draft = CloseDraft { fate: Fate::RolledBack, note: String::new() };
    let mut effects =
        arbiter.step(Event::Written(write(Edit::Close { id: "change-1".into(), draft })), at(200_000));
    for second in 201..230 {
        effects.extend(arbiter.step(Event::Woken, at(second * 1_000)));
    }
    let over = body(&effects).expect("the channel is told that it is over");
    assert!(over.contains("change-1 is closed after 1m 30s: it made it worse"), "{over}");
    let kept: Vec<&str> = arbiter.audit().iter().map(|entry| &*entry.what).collect();
    let closed = "change-1 closed: rolled_back";
    assert_eq!(kept, [closed, "change-1 applied", "change-1 started: index on orders"]);
}

#[test]
fn what_is_sent_again_is_one_change_and_what_is_refused_is_none() {
    let mut arbiter = told();
    let start = Write { key: Some("k".into()), ..starting(&arbiter.config) };
    let first = arbiter.step(Event::Started(start.clone(), gathered(100_000)), at(100_000));
    let again = arbiter.step(Event::Started(start, gathered(101_000)), at(101_000));
    assert_eq!(wrote(&first), wrote(&again));
    assert!(!again.iter().any(|effect| matches!(effect, Effect::Remember(_))), "nothing is kept twice");
    let close = |id: &str| {
        let draft = CloseDraft { fate: Fate::Kept, note: String::new() };
        Event::Written(write(Edit::Close { id: id.into(), draft }))
    };
    assert_eq!(wrote(&arbiter.step(close("change-2"), at(102_000))), &Outcome::NoChange(Refusal::Unknown));
    let nothing = Gathered { said: Vec::new(), ..gathered(103_000) };
    let refused = arbiter.step(Event::Started(starting(&shop()), nothing), at(103_000));
    assert!(matches!(wrote(&refused), Outcome::NoChange(Refusal::NothingBefore(_))));
    assert_eq!(arbiter.audit().len(), 1, "what is refused is no entry");
}

#[test]
fn time_in_which_an_origin_failed_is_cut_out() {
    let mut arbiter = told();
    let all = |script| [("weur", script), ("enam", script), ("apac", script)];
    feed(&mut arbiter, 50_000, &all("++"));
    feed(&mut arbiter, 80_000, &all("-+"));
    let start = starting(&arbiter.config);
    arbiter.step(Event::Started(start, gathered(100_000)), at(100_000));
    let change = arbiter.changes().get(1).expect("it is started from what is left").clone();
    let text = crate::json::write(&change);
    let (from, to) = (at(50_000).as_millis(), at(100_000).as_millis());
    assert!(text.contains(&format!("\"span\":{{\"from\":{from},\"to\":{to}}}")), "{text}");
}

#[test]
fn a_change_is_there_when_the_object_is_made_anew_and_asks_when_a_look_is_due() {
    let mut arbiter = told();
    let mut rows = BTreeMap::new();
    let start = starting(&arbiter.config);
    let mut keep = |effects: Vec<Effect>| {
        for row in effects
            .into_iter()
            .filter_map(|one| if let Effect::Persist(rows) = one { Some(rows) } else { None })
            .flatten()
        {
            rows.insert((row.table.name(), row.key.clone()), row);
        }
    };
    keep(arbiter.step(Event::Started(start, gathered(100_000)), at(100_000)));
    keep(arbiter.step(Event::Written(write(Edit::Apply("change-1".into()))), at(110_000)));
    let rows: Vec<Row> = rows.into_values().collect();
    let mut again = Arbiter::new(arbiter.config.clone(), &rows, at(120_000));
    let asks = |effects: Vec<Effect>| effects.into_iter().any(|one| matches!(one, Effect::Gather(_)));
    // A minute of warm-up, the first quarter of half an hour, and ten seconds.
    let due = 110_000 + 60_000 + 450_000 + 10_000;
    assert!(!asks(again.step(Event::Woken, at(due - 1))));
    assert!(asks(again.step(Event::Woken, at(due))));
    assert!(!asks(again.step(Event::Woken, at(due + 59_000))), "it is asked already");
    assert!(asks(again.step(Event::Woken, at(due + 60_000))), "nobody answered");
}

/// All rows that effects store, by their keys; the latest of each.
fn meta(effects: &[Effect], into: &mut BTreeMap<String, String>) {
    for row in
        effects.iter().filter_map(|one| if let Effect::Persist(rows) = one { Some(rows) } else { None })
    {
        into.extend(
            row.iter().filter(|row| row.table == Table::Meta).map(|row| (row.key.clone(), row.text.clone())),
        );
    }
}

#[test]
fn a_purge_is_published_logged_and_told_with_its_change_and_outlives_the_object() {
    let config = config(&format!("{SHOP}{INBOX}"));
    let mut arbiter = told();
    let mut rows = BTreeMap::new();
    meta(&arbiter.step(Event::Started(starting(&config), gathered(100_000)), at(100_000)), &mut rows);
    let nowhere = arbiter.step(Event::Written(purging(Some("change-9"))), at(101_000));
    assert_eq!(wrote(&nowhere), &Outcome::NoChange(Refusal::Unknown));
    assert!(
        arbiter.snapshot(&Share::Whole, at(101_000)).cleared.is_empty(),
        "what is refused clears nothing"
    );

    let effects = arbiter.step(Event::Written(purging(Some("change-1"))), at(102_000));
    let Outcome::Purged(first) = wrote(&effects).clone() else { panic!("{effects:?}") };
    assert_eq!((first.at, &first.cdn), (at(102_000), &Some(AtCdn::Asked)));
    meta(&effects, &mut rows);
    let told_by = |arbiter: &Arbiter, part: &Share| arbiter.snapshot(part, at(103_000)).cleared;
    for part in [Share::Whole, Share::Summary, Share::Pool(Name::parse("shop").unwrap())] {
        assert_eq!(told_by(&arbiter, &part).latest_of("shop", "https://shop.example/a"), Some(at(102_000)));
    }

    let effects = arbiter.step(Event::Cleared(first.version, AtCdn::Cleared), at(103_000));
    let Outcome::Purged(second) = wrote(&effects) else { panic!("{effects:?}") };
    assert_eq!(second.cdn, Some(AtCdn::Cleared));
    meta(&effects, &mut rows);
    let again = arbiter.step(Event::Written(purging(Some("change-1"))), at(104_000));
    assert_eq!(wrote(&again), &Outcome::Purged(second.clone()), "sent again, it is what it came to");

    let stored: Vec<Row> =
        rows.into_iter().map(|(key, text)| Row { table: Table::Meta, key, text }).collect();
    let anew = Arbiter::new(config, &stored, at(105_000));
    assert_eq!(told_by(&anew, &Share::Whole), told_by(&arbiter, &Share::Whole));
    let entry = anew.audit()[0];
    assert_eq!((&*entry.what, entry.cdn.as_ref()), ("purge of 1 address", Some(&AtCdn::Cleared)));
    let open = anew.changes().open().next().unwrap();
    assert!(crate::json::write(open).contains("\"cdn\":\"cleared\""), "{open:?}");

    let cleared = told_by(&arbiter, &Share::Whole);
    let tags = Purge { tags: vec!["prices".into()], cdn: true, ..Purge::default() };
    let effects = arbiter.step(Event::Written(write(Edit::Purge(Box::new(tags)))), at(105_000));
    let mut stored = BTreeMap::new();
    meta(&effects, &mut stored);
    assert!(stored.keys().all(|key| key.starts_with("audit/")), "tags are the CDN's alone: {stored:?}");
    assert_eq!(told_by(&arbiter, &Share::Whole), cleared);
    let unknown = arbiter.step(Event::Cleared(77, AtCdn::Cleared), at(106_000));
    assert!(unknown.iter().all(|effect| !matches!(effect, Effect::Wrote(_))), "{unknown:?}");
}

/// The origins that shards are made to look at when a vantage reports that all is well.
fn looked_at(arbiter: &mut Arbiter, ms: u64, fast: Option<crate::vote::Fast>) -> Vec<String> {
    let report = super::report(&arbiter.config.clone(), "weur", ms, "++");
    let effects = arbiter.step(Event::Reported(Report { fast, ..report }), at(ms));
    let line = |effect: &Effect| {
        let Effect::ProbeNow(object, origins) = effect else { return None };
        let origins: Vec<String> = origins.iter().map(ToString::to_string).collect();
        Some(format!("{} {}", object.name, origins.join(" ")))
    };
    effects.iter().filter_map(line).collect()
}

/// A change of `shop/primary` that is measured from 120 s to 180 s.
fn measured(extra_probes: bool) -> Arbiter {
    let mut arbiter =
        arbiter_of(&config(&SHOP.replace("interval = \"1s\"", "interval = \"10s\"")), &[], at(0));
    let mut start = starting(&arbiter.config);
    if let Edit::Start(plan) = &mut start.edit {
        (plan.extra_probes, plan.warm_up, plan.after) =
            (extra_probes, Millis::from_secs(10), Millis::from_secs(60));
    }
    arbiter.step(Event::Started(start, gathered(100_000)), at(100_000));
    arbiter.step(Event::Written(write(Edit::Apply("change-1".into()))), at(110_000));
    arbiter
}

#[test]
fn more_is_measured_in_the_time_after_once_in_an_interval_by_who_reports() {
    const PRIMARY: [&str; 1] = ["v1/weur/weur/0of1 shop/primary"];
    let mut arbiter = measured(true);
    assert_eq!(looked_at(&mut arbiter, 119_999, None), [""; 0], "it warms up");
    assert_eq!(looked_at(&mut arbiter, 120_000, None), PRIMARY);
    assert_eq!(looked_at(&mut arbiter, 129_999, None), [""; 0], "an interval is not over");
    let (some, spent) = (crate::vote::Fast { spent: 6, of: 7 }, crate::vote::Fast { spent: 7, of: 7 });
    assert_eq!(looked_at(&mut arbiter, 130_000, Some(spent)), [""; 0], "no fast probes are left");
    assert_eq!(looked_at(&mut arbiter, 131_000, Some(some)), PRIMARY);
    assert_eq!(looked_at(&mut arbiter, 180_000, None), [""; 0], "all is measured");
    assert_eq!(looked_at(&mut measured(false), 120_000, None), [""; 0], "nobody asked for it");
}

#[test]
fn nothing_more_is_measured_of_what_is_closed() {
    let mut arbiter = measured(true);
    let draft = CloseDraft { fate: Fate::Abandoned, note: String::new() };
    arbiter.step(Event::Written(write(Edit::Close { id: "change-1".into(), draft })), at(125_000));
    assert_eq!(looked_at(&mut arbiter, 130_000, None), [""; 0]);
}
