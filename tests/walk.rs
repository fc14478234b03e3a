//! Every state of the vote and verdict machines that small numbers lead to, each held to the laws
//! (`tests/laws`): what the simulation meets by chance, this meets for certain.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that fails is what a panic is for")]

#[path = "laws/mod.rs"]
mod laws;

use std::collections::BTreeMap;
use std::collections::HashSet;

use laws::Account;
use vedette::arbiter::{Arbiter, Effect, Event, Row, Table};
use vedette::config::{Config, Thresholds, Window};
use vedette::json;
use vedette::sample::{CacheClass, Database, Evidence};
use vedette::snapshot::{Part, Transition};
use vedette::units::{Fingerprint, Millis, Name, Timestamp};
use vedette::verdict::{Damping, RawVerdict, Status, Verdict};
use vedette::vote::{Opinion, REPORT_VERSION, Report, Seen, Tally, Vote};

const BEGIN: Timestamp = Timestamp::from_millis(1_700_000_000_000);

fn lawful(law: laws::Verdict, how: impl FnOnce() -> String) {
    if let Err(why) = law {
        panic!("{why}\nafter {}", how());
    }
}

// One vantage: evidence → vote.

#[test]
fn in_every_state_a_vote_says_what_its_evidence_amounts_to() {
    let windows = [None, Some((1, 1)), Some((2, 3)), Some((3, 5)), Some((2, 6))];
    let mut states = 0;
    for (fall, rise) in (1..=4).flat_map(|fall| (1..=3).map(move |rise| (fall, rise))) {
        for window in windows.map(|window| window.map(|(failures, of)| Window { failures, of })) {
            states += votes(Thresholds { fall, rise, window });
        }
    }
    assert!(states > 1_000, "only {states} states");
}

/// Walks every state of a vote under these thresholds; how many there are.
fn votes(need: Thresholds) -> usize {
    let decides = need.fall.max(need.rise).max(need.window.map_or(0, |window| window.of)) as usize;
    let evidence = [
        Evidence::Pass,
        Evidence::Warn("slow".into()),
        Evidence::Fail("500".into()),
        Evidence::Unproven("HIT".into()),
        Evidence::None("quota".into()),
    ];
    let mut seen = HashSet::new();
    let mut open = vec![(Tally::default(), Account::default())];
    while let Some((tally, account)) = open.pop() {
        if !seen.insert((json::write(&tally), format!("{account:?}"))) {
            continue;
        }
        for evidence in &evidence {
            let (mut next, mut known) = (tally.clone(), account.clone());
            let changed = next.fold(evidence, need, BEGIN);
            match evidence {
                Evidence::Pass | Evidence::Warn(_) => known.note(false, need),
                Evidence::Fail(_) => known.note(true, need),
                Evidence::Unproven(_) | Evidence::None(_) => {
                    assert_eq!(next, tally, "what proves nothing changes nothing");
                }
            }
            assert_eq!(changed, next.opinion != tally.opinion);
            lawful(laws::a_vote_says_what_its_evidence_amounts_to(next.opinion, &known), || {
                format!("{evidence:?} on {tally:?} under {need:?}")
            });
            open.push((next, known.recent(decides)));
        }
    }
    seen.len()
}

// One origin: judgements → what stands.

#[test]
fn on_every_path_what_stands_is_never_better_than_it_may_be() {
    let hold_down = Millis::from_secs(10);
    for pauses in [[1_000, 9_999], [10_000, 25_000], [60_000, 301_000]] {
        let walk = Walk {
            damping: Damping { hold_down, interval: Millis::from_secs(1), max_hold: Millis::from_secs(300) },
            pauses,
        };
        walk.on(&Verdict::unknown(Fingerprint::of("d"), BEGIN), (BEGIN, None), &mut Vec::new());
    }
}

struct Walk {
    damping: Damping,
    pauses: [u64; 2],
}

impl Walk {
    /// Every judgement after every pause, six deep. `failed` is when the judgement last ceased to
    /// be fail.
    fn on(
        &self,
        verdict: &Verdict,
        (now, failed): (Timestamp, Option<Timestamp>),
        path: &mut Vec<(u64, Status)>,
    ) {
        if path.len() == 6 {
            return;
        }
        for pause in self.pauses {
            for judged in [Status::Pass, Status::Warn, Status::Unknown, Status::Fail] {
                path.push((pause, judged));
                let now = now.plus(Millis::new(pause));
                let mut next = verdict.clone();
                next.follow(&judgement(judged), self.damping, now);
                let ceased = verdict.judged == Status::Fail && judged != Status::Fail;
                let failed = if ceased { Some(now) } else { failed };
                lawful(laws::what_stands_is_never_better_than_what_is_judged(next.status, judged), || {
                    format!("{path:?}")
                });
                if verdict.status == Status::Fail && next.status < Status::Unknown {
                    let since = failed.map(|failed| now.since(failed).get());
                    let law =
                        laws::what_gets_better_has_held(next.status, since, self.damping.hold_down.get());
                    lawful(law, || format!("{path:?}"));
                }
                // What time alone changes, it says beforehand.
                if let Some(soon) = next.next(self.damping) {
                    let mut before = next.clone();
                    before.follow(&judgement(judged), self.damping, soon.minus(Millis::new(1)).max(now));
                    assert_eq!(before.status, next.status, "{path:?} and then until {soon}");
                }
                self.on(&next, (now, failed), path);
                path.pop();
            }
        }
    }
}

fn judgement(status: Status) -> RawVerdict {
    let failing = if status == Status::Fail { 3 } else { 0 };
    RawVerdict {
        status,
        reason: String::new(),
        valid_until: BEGIN,
        oldest: None,
        live: 3,
        failing,
        until: None,
    }
}

// The Arbiter: votes of two vantages → a verdict, through every order, wait and restart.

const TWO: &str = r#"
[defaults]
interval = "10s"
timeout = "1s"
vantages = ["weur", "enam"]
[[pool]]
name = "shop"
quorum = "all"
min_votes = 2
vote_ttl = "30s"
  [[pool.origin]]
  name = "only"
  url = "https://shop.example.com"
"#;

/// What may happen to the Arbiter.
#[derive(Clone, Copy, Debug)]
enum Happens {
    /// A vantage votes pass or fail; its report may be one that was overtaken.
    Votes(usize, bool, bool),
    /// Time passes.
    Waits(u64),
    /// Its memory is lost.
    Restarts,
}

/// The Arbiter with its storage, and what is known of the votes that it holds.
#[derive(Clone)]
struct World {
    arbiter: Arbiter,
    rows: Vec<Row>,
    held: [Option<(bool, Timestamp)>; 2],
    status: Status,
    now: Timestamp,
    /// Since a restart a vote may look older than it is.
    sure: bool,
}

#[test]
fn on_every_path_the_arbiter_says_what_its_votes_amount_to() {
    let config = Config::parse(TWO).unwrap();
    let world = World {
        arbiter: Arbiter::new(config.clone(), &[], BEGIN),
        rows: Vec::new(),
        held: [None, None],
        status: Status::Unknown,
        now: BEGIN,
        sure: true,
    };
    let mut paths = 0;
    arbiter(&config, &world, &mut Vec::new(), &mut paths);
    assert!(paths > 30_000, "only {paths} paths");
}

fn arbiter(config: &Config, world: &World, path: &mut Vec<Happens>, paths: &mut u32) {
    *paths += 1;
    if path.len() == 5 {
        return;
    }
    let all = [
        Happens::Votes(0, true, false),
        Happens::Votes(0, false, false),
        Happens::Votes(1, true, false),
        Happens::Votes(1, false, false),
        Happens::Votes(1, false, true),
        Happens::Waits(12_000),
        Happens::Waits(30_000),
        Happens::Restarts,
    ];
    for happens in all {
        path.push(happens);
        let mut next = world.clone();
        next.meets(config, happens, path);
        arbiter(config, &next, path, paths);
        path.pop();
    }
}

impl World {
    fn meets(&mut self, config: &Config, happens: Happens, path: &[Happens]) {
        self.now = self.now.plus(Millis::new(10));
        let event = match happens {
            Happens::Votes(vantage, passes, superseded) => {
                let taken = !superseded || self.held.get(vantage).is_some_and(Option::is_none);
                if let Some(held) = self.held.get_mut(vantage).filter(|_| taken) {
                    *held = Some((passes, self.now));
                }
                Event::Reported(report(config, vantage, passes, if superseded { BEGIN } else { self.now }))
            }
            Happens::Waits(ms) => {
                self.now = self.now.plus(Millis::new(ms));
                Event::Woken
            }
            Happens::Restarts => {
                self.arbiter = Arbiter::new(config.clone(), &self.rows, self.now);
                self.sure = false;
                Event::Woken
            }
        };
        let effects = self.arbiter.step(event, self.now);
        let before = self.status;
        self.store(&effects);
        let snapshot = self.arbiter.snapshot(&Part::Whole, self.now);
        let shown = snapshot.pools.first().and_then(|pool| pool.origins.first()).map(|origin| origin.status);
        assert_eq!(shown, Some(self.status), "no transition without an event: {path:?}");
        let live = |held: &Option<(bool, Timestamp)>| {
            let (passes, _) = held.filter(|(_, at)| self.now < at.plus(Millis::from_secs(30)))?;
            Some(if passes { Opinion::Pass } else { Opinion::Fail })
        };
        let votes: Vec<Opinion> = self.held.iter().filter_map(live).collect();
        let pool = config.pools.first().unwrap();
        if self.sure {
            assert_eq!(self.status, laws::judged(pool.quorum, pool.min_votes, &votes), "{votes:?}: {path:?}");
        } else {
            lawful(laws::too_few_votes_decide_nothing(self.status, pool.min_votes, votes.len()), || {
                format!("{path:?}")
            });
        }
        if before != Status::Fail && self.status == Status::Fail {
            lawful(laws::fail_needs_a_quorum(pool.quorum, pool.min_votes, &votes), || format!("{path:?}"));
        }
    }

    fn store(&mut self, effects: &[Effect]) {
        for effect in effects {
            let Effect::Persist(rows) = effect else { continue };
            for row in rows {
                if row.table == Table::Events {
                    let Transition { subject, from, to, .. } = json::read(&row.text).unwrap();
                    if subject == "shop/only" {
                        assert_eq!(from, self.status, "one story");
                        self.status = to;
                    }
                } else {
                    self.rows.retain(|old| old.table != row.table || old.key != row.key);
                }
                self.rows.push(row.clone());
            }
        }
    }
}

fn report(config: &Config, vantage: usize, passes: bool, at: Timestamp) -> Report {
    let votes = config.origins().map(|origin| Vote {
        origin: origin.id.clone(),
        definition: origin.definition,
        opinion: if passes { Opinion::Pass } else { Opinion::Fail },
        held: Millis::ZERO,
        age: Millis::ZERO,
        run: 1,
        seen: Seen {
            reason: "ok".into(),
            warned: false,
            failed: !passes,
            unproven: false,
            latency: Millis::new(5),
            status: Some(200),
            cache: CacheClass::OriginProven,
            database: Database::default(),
        },
    });
    Report {
        version: REPORT_VERSION,
        vantage: Name::parse(["weur", "enam"].get(vantage).unwrap()).unwrap(),
        shard: "0of1".into(),
        seq: at.as_millis(),
        config: config.hash,
        lag: Millis::ZERO,
        queued: None,
        missed: 0,
        colo: None,
        votes: votes.collect(),
        blind: BTreeMap::new(),
        fast: None,
        rollups: Vec::new(),
    }
}

#[test]
fn whatever_the_order_of_arrival_the_latest_of_each_vantage_counts() {
    let config = Config::parse(TWO).unwrap();
    // Three reports of each of two vantages, in every order. Of their outcomes each seventh, in
    // which every report is good and bad in turn, unless all are asked for.
    let every = if std::env::var_os("VEDETTE_WHOLE").is_some() { 1 } else { 7 };
    for outcomes in (0..64_u32).step_by(every) {
        let reports: Vec<Report> = (0..6_usize)
            .map(|place| {
                let at = BEGIN.plus(Millis::new(10 * (place as u64 / 2)));
                report(&config, place % 2, outcomes & (1 << place) != 0, at)
            })
            .collect();
        let mut verdicts = HashSet::new();
        orders(&mut Vec::new(), &mut (0..6).collect(), &mut |order| {
            let mut arbiter = Arbiter::new(config.clone(), &[], BEGIN);
            for place in order {
                arbiter.step(
                    Event::Reported(reports.get(*place).unwrap().clone()),
                    BEGIN.plus(Millis::new(100)),
                );
            }
            let long_after = BEGIN.plus(Millis::from_secs(20));
            arbiter.step(Event::Woken, long_after);
            let snapshot = arbiter.snapshot(&Part::Whole, long_after);
            verdicts.insert(snapshot.pools.first().unwrap().origins.first().unwrap().status.as_str());
        });
        assert_eq!(verdicts.len(), 1, "{outcomes:06b}: {verdicts:?}");
    }
}

/// Calls `with` for every order of what is left.
fn orders(taken: &mut Vec<usize>, left: &mut Vec<usize>, with: &mut impl FnMut(&[usize])) {
    if left.is_empty() {
        return with(taken);
    }
    for place in 0..left.len() {
        let one = left.remove(place);
        taken.push(one);
        orders(taken, left, with);
        taken.pop();
        left.insert(place, one);
    }
}
