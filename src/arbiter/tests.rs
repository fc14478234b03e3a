use std::collections::BTreeMap;

use super::*;
use crate::config::Origin;
use crate::fixtures::{SHOP, at, config, shop};
use crate::sample::{CacheClass, Database};
use crate::verdict::Status;
use crate::vote::{Opinion, REPORT_VERSION, Seen, Vote};

mod changes;
mod copies;
mod durations;
mod kept;
mod left;
mod monitors;
mod trusted;

/// A report of one vantage: `+`, `-` or, where nothing answered, `x` for primary and standby.
pub(super) fn report(config: &Config, vantage: &str, seq: u64, script: &str) -> Report {
    let vote = |(c, origin): (char, &Origin)| {
        let failed = c != '+';
        let reason = if failed { "status 500 is not expected" } else { "ok" };
        Vote {
            origin: origin.id.clone(),
            definition: origin.definition,
            opinion: if failed { Opinion::Fail } else { Opinion::Pass },
            held: Millis::ZERO,
            age: Millis::new(20),
            run: 2,
            seen: Seen {
                reason: reason.into(),
                warned: false,
                failed,
                unproven: false,
                latency: Millis::new(9),
                status: (c != 'x').then_some(if failed { 500 } else { 200 }),
                cache: CacheClass::OriginProven,
                database: Database::default(),
            },
        }
    };
    Report {
        version: REPORT_VERSION,
        vantage: Name::parse(vantage).unwrap(),
        shard: "0of1".into(),
        seq,
        config: config.hash,
        lag: Millis::new(4),
        queued: None,
        missed: 0,
        colo: None,
        votes: script.chars().zip(config.origins()).map(vote).collect(),
        blind: BTreeMap::new(),
        fast: None,
        rollups: Vec::new(),
    }
}

fn arbiter() -> Arbiter {
    Arbiter::new(shop(), &[], at(0))
}

pub(super) fn feed(arbiter: &mut Arbiter, ms: u64, scripts: &[(&str, &str)]) -> Vec<Effect> {
    let config = arbiter.config.clone();
    let mut effects = Vec::new();
    for (vantage, script) in scripts {
        effects.extend(
            arbiter.step(Event::Reported(report(&config, vantage, at(ms).as_millis(), script)), at(ms)),
        );
    }
    effects
}

/// The state under a configuration, from what was stored.
pub(super) fn arbiter_of(config: &Config, stored: &[Row], now: Timestamp) -> Arbiter {
    Arbiter::new(config.clone(), stored, now)
}

/// Every vantage reports the same.
pub(super) fn tell_all(arbiter: &mut Arbiter, ms: u64, script: &str) -> Vec<Effect> {
    feed(arbiter, ms, &[("weur", script), ("enam", script), ("apac", script)])
}

/// The report of a shard that some origins pass or fail.
pub(super) fn report_of(
    config: &Config,
    (vantage, shard): (&str, &str),
    seq: u64,
    origins: &[OriginId],
    fail: bool,
) -> Report {
    let script = if fail { "-" } else { "+" }.repeat(config.origins().count());
    let mut report = report(config, vantage, seq, &script);
    report.shard = shard.to_owned();
    report.votes.retain(|vote| origins.contains(&vote.origin));
    report
}

fn changes(effects: &[Effect]) -> Vec<String> {
    let line = |effect: &Effect| {
        let Effect::Changed(change) = effect else { return None };
        Some(format!("{} {}→{}", change.subject, change.from.as_str(), change.to.as_str()))
    };
    effects.iter().filter_map(line).collect()
}

pub(super) fn rows(effects: &[Effect]) -> Vec<Row> {
    let row = |effect: &Effect| if let Effect::Persist(rows) = effect { rows.clone() } else { Vec::new() };
    effects.iter().flat_map(row).collect()
}

#[test]
fn the_first_wake_arms_every_vantage() {
    let effects = arbiter().step(Event::Woken, at(0));
    let armed: Vec<&str> = effects
        .iter()
        .filter_map(|effect| if let Effect::Arm(object) = effect { Some(object.name.as_str()) } else { None })
        .collect();
    assert_eq!(armed, ["v1/apac/apac/0of1", "v1/enam/enam/0of1", "v1/weur/weur/0of1"]);
}

#[test]
fn votes_of_two_vantages_make_a_verdict() {
    let mut arbiter = arbiter();
    assert!(changes(&feed(&mut arbiter, 1_000, &[("weur", "++")])).is_empty(), "one is fewer than min_votes");
    let effects = feed(&mut arbiter, 1_100, &[("enam", "++")]);
    assert_eq!(
        changes(&effects),
        ["shop/primary unknown→pass", "shop/standby unknown→pass", "shop unknown→pass"]
    );
}

#[test]
fn a_majority_of_fails_moves_the_signal_to_the_standby() {
    let mut arbiter = arbiter();
    feed(&mut arbiter, 1_000, &[("weur", "++"), ("enam", "++"), ("apac", "++")]);
    let before = arbiter.snapshot(&Part::Whole, at(1_000)).pools[0].clone();
    assert_eq!(before.chosen.as_ref().unwrap().as_str(), "primary");
    let effects = feed(&mut arbiter, 2_000, &[("weur", "-+")]);
    assert_eq!(changes(&effects), ["shop/primary pass→warn", "shop pass→warn"], "a minority is a warning");
    let effects = feed(&mut arbiter, 2_100, &[("enam", "-+")]);
    assert_eq!(changes(&effects), ["shop/primary warn→fail"]);
    let after = arbiter.snapshot(&Part::Whole, at(2_100)).pools[0].clone();
    assert_eq!(after.chosen.as_ref().unwrap().as_str(), "standby");
    assert!(after.revision > before.revision);
    assert_eq!(after.origins[0].since, at(2_100));
}

#[test]
fn the_revision_rests_while_nothing_changes() {
    let mut arbiter = arbiter();
    feed(&mut arbiter, 1_000, &[("weur", "++"), ("enam", "++"), ("apac", "++")]);
    let before = arbiter.snapshot(&Part::Whole, at(1_000)).pools[0].revision;
    feed(&mut arbiter, 2_000, &[("weur", "++"), ("enam", "++"), ("apac", "++")]);
    assert_eq!(arbiter.snapshot(&Part::Whole, at(2_000)).pools[0].revision, before);
}

#[test]
fn rows_come_before_what_they_announce() {
    let mut arbiter = arbiter();
    feed(&mut arbiter, 1_000, &[("weur", "++")]);
    let effects = feed(&mut arbiter, 1_100, &[("enam", "++")]);
    assert!(matches!(effects.first(), Some(Effect::Persist(_))), "{effects:?}");
    let events = rows(&effects).iter().filter(|row| row.table == Table::Events).count();
    assert_eq!(events, changes(&effects).len(), "no transition without an event");
}

#[test]
fn verdicts_and_events_survive_a_restart() {
    let mut before = arbiter();
    let mut stored = rows(&feed(&mut before, 1_000, &[("weur", "-+"), ("enam", "-+"), ("apac", "++")]));
    // As in a table, a later row replaces an earlier one of its key; events pile up.
    let mut table: Vec<Row> = Vec::new();
    for row in stored.drain(..) {
        table.retain(|old| row.table == Table::Events || old.table != row.table || old.key != row.key);
        table.push(row);
    }
    let mut after = Arbiter::new(shop(), &table, at(9_000));
    after.step(Event::Woken, at(9_000));
    let (was, is) = (before.snapshot(&Part::Whole, at(9_000)), after.snapshot(&Part::Whole, at(9_000)));
    assert_eq!(is.pools, was.pools);
    assert_eq!(is.pools[0].origins[0].status, Status::Fail);
    assert_eq!(is.pools[0].origins[0].since, at(1_000));
    assert_eq!(is.events.len(), was.events.len());
}

#[test]
fn when_reports_stop_the_verdict_becomes_unknown_and_the_vantages_are_woken() {
    let mut arbiter = arbiter();
    feed(&mut arbiter, 0, &[("weur", "++"), ("enam", "++"), ("apac", "++")]);
    let effects = arbiter.step(Event::Woken, at(45_001));
    assert!(changes(&effects).contains(&"shop/primary pass→unknown".to_owned()), "{effects:?}");
    assert_eq!(
        effects.iter().filter(|effect| matches!(effect, Effect::Arm(_) | Effect::Publish(_))).count(),
        3
    );
}

#[test]
fn the_arbiter_wakes_itself_when_something_may_have_fallen_silent() {
    let mut arbiter = arbiter();
    let effects = feed(&mut arbiter, 0, &[("weur", "++"), ("enam", "++"), ("apac", "++")]);
    let last = effects
        .iter()
        .rev()
        .find_map(|effect| if let Effect::WakeAt(at) = effect { Some(*at) } else { None });
    assert!(last.is_some_and(|last| last > at(0) && last <= at(30_000)), "{last:?}");
    let again = feed(&mut arbiter, 10, &[("weur", "++")]);
    assert!(
        !again.iter().any(|effect| matches!(effect, Effect::WakeAt(_))),
        "an alarm that is set is not paid for twice"
    );
}

#[test]
fn a_late_report_does_not_overtake_a_newer_one() {
    let mut arbiter = arbiter();
    let config = shop();
    feed(&mut arbiter, 1_000, &[("weur", "++"), ("enam", "++")]);
    let late = report(&config, "weur", at(500).as_millis(), "--");
    arbiter.step(Event::Reported(late), at(1_200));
    assert_eq!(arbiter.snapshot(&Part::Whole, at(1_200)).pools[0].origins[0].status, Status::Pass);
}

#[test]
fn a_report_that_was_overtaken_counts_for_nothing_however_long_ago() {
    let mut arbiter = arbiter();
    let config = shop();
    feed(&mut arbiter, 1_000, &[("weur", "++"), ("enam", "++")]);
    // Both fall silent for longer than their votes live, and then an old report of failures
    // arrives.
    arbiter.step(Event::Woken, at(100_000));
    let late = report(&config, "weur", at(500).as_millis(), "--");
    let effects = arbiter.step(Event::Reported(late), at(100_100));
    assert!(effects.contains(&Effect::Superseded(at(1_000).as_millis())), "its sender is told: {effects:?}");
    arbiter.step(Event::Reported(report(&config, "enam", at(501).as_millis(), "--")), at(100_200));
    let status = arbiter.snapshot(&Part::Whole, at(100_200)).pools[0].origins[0].status;
    assert_eq!(status, Status::Unknown, "what is older than what was known proves nothing now");
}

#[test]
fn reports_that_do_not_belong_change_nothing() {
    let mut arbiter = arbiter();
    let config = shop();
    let mut strangers = vec![
        report(&config, "oc", 1, "--"),
        report(&config, "weur", 1, "--"),
        report(&config, "weur", 1, "--"),
    ];
    strangers[1].shard = "7of9".into();
    strangers[2].version = 99;
    for stranger in strangers {
        arbiter.step(Event::Reported(stranger), at(10));
    }
    assert!(arbiter.voting.is_empty());
}

#[test]
fn votes_for_an_old_definition_do_not_count_after_a_change() {
    let old = shop();
    let new = config(&SHOP.replace("path = \"/health\"", "path = \"/ready\""));
    let mut arbiter = Arbiter::new(new, &[], at(0));
    for vantage in ["weur", "enam", "apac"] {
        arbiter.step(Event::Reported(report(&old, vantage, 1, "--")), at(10));
    }
    assert_eq!(arbiter.snapshot(&Part::Whole, at(10)).pools[0].origins[0].status, Status::Unknown);
}

#[test]
fn freshness_is_written_at_most_every_third_of_the_time_to_live() {
    let mut arbiter = arbiter();
    let mut written = 0;
    for second in 0..90 {
        let effects = feed(&mut arbiter, second * 1_000, &[("weur", "++")]);
        written += rows(&effects).iter().filter(|row| row.table == Table::Shards).count();
    }
    assert_eq!(written, 6, "45 s time to live: every 15 s");
}

#[test]
fn stored_rows_v1_are_frozen() {
    let pool = r#"{"pool":"shop","status":"warn","since":5,"revision":3,"config":"00000000000000aa","chosen":"standby","choice":"why","panic":false,"origins":{"primary":{"definition":"00000000000000ab","status":"fail","since":4,"judged":"pass","failed":5,"warned":null,"better":true,"falls":[4],"down":true,"recovered":null}}}"#;
    let shard = r#"{"vantage":"weur","shard":"0of1","seq":9,"heard":8,"votes":{"shop/primary":{"definition":"00000000000000ab","opinion":"fail","since":1,"observed":2,"run":2,"seen":{"reason":"r","warned":false,"failed":true,"unproven":false,"latency":3,"status":500,"cache":"origin-proven","database":{"calls":null,"time":null}},"colo":null}}}"#;
    let event = r#"{"at":5,"subject":"shop/primary","from":"pass","to":"fail","reason":"r"}"#;
    assert_eq!(crate::json::write(&crate::json::read::<PoolRow>(pool).unwrap()), pool);
    assert_eq!(crate::json::write(&crate::json::read::<ShardRow>(shard).unwrap()), shard);
    assert_eq!(crate::json::write(&crate::json::read::<Transition>(event).unwrap()), event);
}

/// Reads each line, which a release without serde wrote, and writes it again: to the byte.
fn written_back<T: serde::Serialize + serde::de::DeserializeOwned>(lines: &str) {
    assert!(!lines.is_empty());
    for line in lines.lines() {
        assert_eq!(crate::json::write(&serde_json::from_str::<T>(line).unwrap()), line);
    }
}

#[test]
fn what_was_written_before_is_read_and_written_back() {
    written_back::<PoolRow>(include_str!("../../tests/written/pools.jsonl"));
    written_back::<ShardRow>(include_str!("../../tests/written/shards.jsonl"));
    written_back::<Transition>(include_str!("../../tests/written/events.jsonl"));
    written_back::<crate::heartbeat::Mark>(include_str!("../../tests/written/heartbeat.jsonl"));
    written_back::<crate::heartbeat::Mark>(include_str!("../../tests/written/awake.jsonl"));
    written_back::<Publication>(include_str!("../../tests/written/publication.jsonl"));
    written_back::<Report>(include_str!("../../tests/written/report.jsonl"));
    written_back::<Snapshot>(include_str!("../../tests/written/snapshot.jsonl"));
}

#[test]
fn addresses_are_published_only_where_the_pool_says_so() {
    let open = arbiter().snapshot(&Part::Whole, at(0));
    assert_eq!(open.pools[0].origins[0].url.as_deref(), Some("http://127.0.0.1:9101"));
    let closed = Arbiter::new(config(&SHOP.replace("expose_urls = true\n", "")), &[], at(0))
        .snapshot(&Part::Whole, at(0));
    assert!(!crate::json::write(&closed).contains("127.0.0.1"));
}

#[test]
fn the_last_known_good_is_published_after_it_is_persisted() {
    let mut arbiter = arbiter();
    let first = arbiter.step(Event::Woken, at(0));
    assert!(matches!(first.as_slice(), [Effect::Persist(_), Effect::Publish(_), ..]), "{first:?}");
    feed(&mut arbiter, 1_000, &[("weur", "+-"), ("enam", "+-"), ("apac", "+-")]);
    let soon = arbiter.step(Event::Woken, at(59_999));
    assert!(!soon.iter().any(|effect| matches!(effect, Effect::Publish(_))), "at most once a minute");
    let later = arbiter.step(Event::Woken, at(60_000));
    let published = later
        .iter()
        .find_map(|effect| if let Effect::Publish(snapshot) = effect { Some(snapshot) } else { None });
    let pool = &published.unwrap().pools[0];
    assert_eq!(pool.chosen.as_ref().unwrap().as_str(), "primary");
    assert!(pool.origins.iter().all(|origin| origin.votes.is_empty()), "a summary");
}

#[test]
fn a_publication_that_is_due_survives_a_restart() {
    let mut before = arbiter();
    let mut effects = before.step(Event::Woken, at(0));
    effects.extend(feed(&mut before, 1_000, &[("weur", "++"), ("enam", "++"), ("apac", "++")]));
    let mut after = Arbiter::new(shop(), &rows(&effects), at(2_000));
    let due = after.step(Event::Woken, at(60_000));
    assert!(due.iter().any(|effect| matches!(effect, Effect::Publish(_))), "{due:?}");
}

#[test]
fn a_part_of_the_snapshot_has_what_its_reader_needs_and_no_more() {
    let two = SHOP.replace("[[pool]]\nname = \"shop\"", "[[pool]]\nname = \"api\"\n[[pool.origin]]\nname = \"only\"\nurl = \"http://127.0.0.1:9103\"\n\n[[pool]]\nname = \"shop\"");
    let mut arbiter = Arbiter::new(config(&two), &[], at(0));
    feed(&mut arbiter, 1_000, &[("weur", "+++"), ("enam", "+++"), ("apac", "+++")]);
    let shop = arbiter.snapshot(&Part::Pool(Name::parse("shop").unwrap()), at(1_000));
    assert_eq!(shop.pools.iter().map(|pool| pool.name.as_str()).collect::<Vec<_>>(), ["shop"]);
    assert_eq!(shop.pools[0].origins[0].votes.len(), 3);
    assert!(shop.watch.is_empty() && shop.events.is_empty());
    let summary = arbiter.snapshot(&Part::Summary, at(1_000));
    assert_eq!((summary.pools.len(), summary.watch.len()), (2, 3));
    assert!(summary.pools.iter().flat_map(|pool| &pool.origins).all(|origin| origin.votes.is_empty()));
    let mut whole = arbiter.snapshot(&Part::Whole, at(1_000)).pools[1].clone();
    // Of the whole, which is large, nobody is told to ask more often.
    whole.origins.iter_mut().for_each(|origin| origin.in_doubt = Some(false));
    assert_eq!(whole, shop.pools[0]);
}

fn armed(effects: &[Effect]) -> usize {
    effects.iter().filter(|effect| matches!(effect, Effect::Arm(_))).count()
}

#[test]
fn a_slot_that_comes_a_tenth_late_is_not_silence() {
    let text = SHOP.replace("interval = \"1s\"", "interval = \"100s\"");
    let config = config(&text);
    let mut arbiter = Arbiter::new(config.clone(), &[], at(0));
    for vantage in ["weur", "enam", "apac"] {
        arbiter.step(Event::Reported(report(&config, vantage, 1, "++")), at(0));
    }
    assert_eq!(armed(&arbiter.step(Event::Woken, at(110_500))), 0);
    assert_eq!(armed(&arbiter.step(Event::Woken, at(112_501))), 3);
}

#[test]
fn who_reported_unstored_is_not_taken_for_silent_after_a_restart() {
    let mut arbiter = arbiter();
    let stored = rows(&feed(&mut arbiter, 0, &[("weur", "++"), ("enam", "++"), ("apac", "++")]));
    // Votes live for 45 s: the reports of the next 15 s change nothing and are not stored.
    assert!(rows(&feed(&mut arbiter, 14_000, &[("weur", "++")])).is_empty());
    let mut again = Arbiter::new(shop(), &stored, at(17_000));
    assert_eq!(armed(&again.step(Event::Woken, at(17_000))), 0);
    assert_eq!(armed(&again.step(Event::Woken, at(18_700))), 3, "but neither for alive");
}

#[test]
fn as_long_as_anybody_reports_no_alarm_is_needed_to_see_who_is_silent() {
    let mut arbiter = arbiter();
    feed(&mut arbiter, 0, &[("weur", "++"), ("enam", "++"), ("apac", "++")]);
    let effects = feed(&mut arbiter, 6_000, &[("weur", "++")]);
    assert_eq!(armed(&effects), 2, "a report is a look around");
    let next =
        effects.iter().find_map(|effect| if let Effect::WakeAt(at) = effect { Some(*at) } else { None });
    assert!(next.is_some_and(|next| next > at(9_000)), "{next:?}");
}
