use proptest::prelude::*;

use super::*;
use crate::answer::Answer;
use crate::arbiter::{Effect, Event};
use crate::fixtures::{answer_to, at, config, from_memory};
use crate::serve::{Ask, Basis, answer, plan};
use crate::snapshot::{OriginView, Part, Snapshot};
use crate::verdict::Status;

const JOBS: &str = r#"
plan = "paid"
heartbeat_secret = "HEARTBEAT_KEY"
[[pool]]
name = "jobs"
origin = [{ name = "queue", kind = "heartbeat", period = "1m", grace = "10s" }, { name = "other", kind = "heartbeat", period = "1h" }]
"#;

/// An Arbiter and its storage.
struct Object {
    config: Config,
    arbiter: Arbiter,
    rows: Vec<Row>,
}

impl Object {
    fn new(text: &str) -> Self {
        let config = config(text);
        Self { arbiter: Arbiter::new(config.clone(), &[], at(0)), config, rows: Vec::new() }
    }

    /// Steps it at a second; if `lost`, the write fails, and it begins again from what is stored.
    fn step(&mut self, second: u64, event: Event, lost: bool) -> Vec<Effect> {
        let effects = self.arbiter.step(event, at(second * 1_000));
        if lost {
            self.evict(second);
            return effects;
        }
        for effect in &effects {
            let Effect::Persist(rows) = effect else { continue };
            for row in rows {
                self.rows.retain(|stored| {
                    row.key.is_empty() || stored.key != row.key || stored.table != row.table
                });
                self.rows.extend((!row.text.is_empty()).then(|| row.clone()));
            }
        }
        effects
    }

    fn look(&mut self, second: u64) -> Vec<Effect> {
        self.step(second, Event::Woken, false)
    }

    fn beat(&mut self, second: u64, job: &str) -> Vec<Effect> {
        self.step(second, Event::Beat(OriginId::parse(job).unwrap()), false)
    }

    /// Looks each half minute, as its alarm does.
    fn watch(&mut self, seconds: std::ops::Range<u64>) {
        seconds.step_by(30).for_each(|second| drop(self.look(second)));
    }

    fn evict(&mut self, second: u64) {
        self.arbiter = Arbiter::new(self.config.clone(), &self.rows, at(second * 1_000));
    }

    /// Another deployment.
    fn deploy(&mut self, second: u64, text: &str) {
        self.config = config(text);
        self.evict(second);
    }

    fn snapshot(&self, second: u64) -> Snapshot {
        self.arbiter.snapshot(&Part::Whole, at(second * 1_000))
    }

    fn view(&self, second: u64) -> OriginView {
        self.snapshot(second).pool("jobs").and_then(|pool| pool.origin("queue")).unwrap().clone()
    }

    fn status(&mut self, second: u64) -> Status {
        self.look(second);
        self.view(second).status_at(at(second * 1_000))
    }
}

#[test]
fn a_job_passes_fails_at_its_deadline_and_recovers_with_the_next_heartbeat() {
    let mut object = Object::new(JOBS);
    assert_eq!(object.status(0), Status::Unknown);
    let effects = object.beat(10, "jobs/queue");
    assert!(
        matches!(&effects[0], Effect::Persist(rows) if rows[0].key == "heartbeat/jobs/queue"),
        "stored first"
    );
    let view = object.view(10);
    assert_eq!((view.status, view.valid_until), (Status::Pass, at(80_000)));
    assert_eq!(view.next, format!("fail at {} without a further heartbeat", at(80_000)));
    object.watch(30..80);
    let wake = object
        .look(61)
        .into_iter()
        .find_map(|effect| if let Effect::WakeAt(time) = effect { Some(time) } else { None });
    assert!(wake.is_none_or(|time| time <= at(80_000)), "it wakes for the deadline");
    assert_eq!(object.view(79).status_at(at(79_999)), Status::Pass);
    assert_eq!(object.view(79).status_at(at(80_000)), Status::Unknown, "no copy is green beyond it");
    let effects = object.look(80);
    let changes: Vec<String> = effects
        .iter()
        .filter_map(|effect| if let Effect::Changed(change) = effect { Some(change) } else { None })
        .map(|change| format!("{} {}: {}", change.subject, change.to.as_str(), change.reason))
        .collect();
    let expected = format!("no heartbeat since {}: expected every 1m, 10s grace", at(10_000));
    assert_eq!(changes[0], format!("jobs/queue fail: {expected}"));
    assert_eq!(object.view(80).next, "no longer fail with the next heartbeat");
    assert_eq!(object.snapshot(80).pool("jobs").unwrap().choice, "late: queue; awaited: other");
    assert_eq!(object.snapshot(80).pool("jobs").unwrap().chosen, None, "no traffic goes there");
    object.beat(100, "jobs/queue");
    assert_eq!(object.view(100).status, Status::Pass);
}

/// What is answered at a second.
fn answered(object: &Object, target: &str, second: u64) -> Answer {
    let snapshot = object.snapshot(second);
    let ask = Ask { method: "GET", target, if_none_match: None, caller: None, accept: None };
    let basis = Basis {
        snapshot: &snapshot,
        config: &object.config,
        source: from_memory(),
        now: at(second * 1_000),
        counts: &[],
        seen: &[],
        past: &[],
        public: None,
    };
    answer_to(plan(Ok(&object.config), &ask), |view| answer(view, &ask, &basis))
}

#[test]
fn answers_say_when_a_job_last_reported_and_when_it_is_due() {
    let mut object = Object::new(JOBS);
    object.look(0);
    object.beat(10, "jobs/queue");
    let health = answered(&object, "/health/jobs/queue", 20);
    let beat = format!(
        r#""jobs/queue:heartbeat":[{{"componentType":"component","observedValue":"{0}","status":"pass","time":"{0}","due":"{1}"}}]"#,
        at(10_000),
        at(80_000)
    );
    assert!(health.body.contains(&beat), "{}", health.body);
    assert!(health.body.contains("health of jobs/queue as its heartbeats tell it"), "{}", health.body);
    let page = answered(&object, "/", 20).body;
    for part in ["last heartbeat", "due by", "no heartbeat yet"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    for part in ["route/jobs", "The signal names", "silent", "Nothing has been probed"] {
        assert!(!page.contains(part), "{part}: {page}");
    }
    assert_eq!(answered(&object, "/readyz", 20).status, 200, "nobody has to probe");
    assert_eq!(answered(&object, "/route/jobs", 20).status, 404);
    object.watch(30..80);
    object.look(80);
    assert_eq!(answered(&object, "/health/jobs/queue", 80).status, 503);
    assert!(answered(&object, "/", 80).body.contains("no heartbeat since"));
}

#[test]
fn who_is_silent_goes_on_failing_while_somebody_looks_and_no_longer() {
    let mut object = Object::new(JOBS);
    object.beat(0, "jobs/queue");
    object.watch(30..630);
    assert_eq!(object.status(630), Status::Fail);
    assert_eq!(object.view(630).status_at(at(719_000)), Status::Fail);
    assert_eq!(
        object.view(630).status_at(at(720_000)),
        Status::Unknown,
        "nobody looked: a heartbeat may have come"
    );
}

#[test]
fn a_restart_keeps_the_last_heartbeat_and_an_absence_moves_the_deadline() {
    let mut object = Object::new(JOBS);
    object.beat(0, "jobs/queue");
    object.evict(69);
    assert_eq!((object.status(69), object.view(69).valid_until), (Status::Pass, at(70_000)));
    object.evict(70);
    assert_eq!(object.status(70), Status::Fail);
    object.beat(71, "jobs/queue");
    object.evict(1_000);
    assert_eq!((object.status(1_000), object.view(1_000).valid_until), (Status::Pass, at(1_070_000)));
    assert!(object.view(1_000).reason.contains("not counted"));
    object.watch(1_030..1_070);
    assert_eq!(object.status(1_070), Status::Fail);
}

#[test]
fn another_period_keeps_the_last_heartbeat_but_not_the_verdict() {
    let mut object = Object::new(JOBS);
    object.beat(0, "jobs/queue");
    object.watch(30..90);
    assert_eq!(object.status(90), Status::Fail);
    object.deploy(91, &JOBS.replace("period = \"1m\"", "period = \"10m\""));
    assert_eq!((object.status(91), object.view(91).valid_until), (Status::Pass, at(610_000)));
}

#[test]
fn nobody_listened_to_a_job_that_was_not_configured() {
    let mut object = Object::new(JOBS);
    object.beat(0, "jobs/queue");
    object.deploy(30, &JOBS.replace("name = \"queue\"", "name = \"renamed\""));
    object.watch(30..300);
    assert!(object.rows.iter().all(|row| row.key != "heartbeat/jobs/queue"), "its row is cleared away");
    object.deploy(300, JOBS);
    assert_eq!(object.status(300), Status::Unknown);
}

#[test]
fn time_without_the_secret_is_not_counted() {
    let mut object = Object::new(JOBS);
    object.beat(0, "jobs/queue");
    object.arbiter.deafen(Some("the secret HEARTBEAT_KEY is not set".into()));
    object.watch(30..600);
    let view = object.view(600);
    assert_eq!(view.status_at(at(600_000)), Status::Unknown);
    assert_eq!(view.beat.unwrap().deaf.unwrap(), "the secret HEARTBEAT_KEY is not set");
    object.arbiter.deafen(None);
    assert_eq!(object.status(600), Status::Pass);
    assert_eq!(object.view(600).valid_until, at(670_000));
    object.watch(630..670);
    assert_eq!(object.status(670), Status::Fail);
}

#[test]
fn a_heartbeat_of_nobody_changes_nothing() {
    let mut object = Object::new(JOBS);
    object.look(0);
    assert_eq!(object.beat(1, "jobs/gone"), []);
    let mut shop = Object::new(crate::fixtures::SHOP);
    shop.look(0);
    assert_eq!(shop.beat(1, "shop/primary"), [], "an origin that is probed does not report by itself");
    assert!(shop.rows.iter().all(|row| row.key != AWAKE), "without heartbeats nothing more is stored");
}

#[test]
fn the_rows_are_frozen() {
    let mut object = Object::new(JOBS);
    object.look(0);
    object.beat(5, "jobs/queue");
    let stored =
        |key: &str| object.rows.iter().find(|row| row.key == key).map(|row| (row.table, row.text.clone()));
    let text = r#"{"awake":5000,"at":1700000005000}"#;
    assert_eq!(stored("heartbeat/jobs/queue"), Some((Table::Meta, text.into())));
    assert_eq!(
        stored("awake"),
        Some((Table::Meta, r#"{"awake":0,"at":1700000000000}"#.into())),
        "once a minute"
    );
}

/// What happens: seconds that pass or, where negative, are taken back; whether a heartbeat comes;
/// whether the object was evicted before, or the write fails.
type Moment = (i64, bool, bool, bool);

fn moments() -> impl Strategy<Value = Vec<Moment>> {
    let step = prop_oneof![8 => 0_i64..40, 1 => 80_i64..170, 1 => 0_i64..5_000, 1 => -300_i64..0];
    let rare = proptest::bool::weighted;
    proptest::collection::vec((step, rare(0.15), rare(0.2), rare(0.1)), 1..60)
}

proptest! {
    #[test]
    fn whatever_happens_to_the_arbiter_no_job_fails_early_and_none_stays_green(moments in moments()) {
        // What flaps is held down on purpose.
        let mut object = Object::new(&JOBS.replace("name = \"jobs\"", "name = \"jobs\"\nmax_hold = \"0s\""));
        // The most and the least silence that somebody can have listened to since the last
        // heartbeat that was confirmed: whether a longer pause was an absence hangs on what was
        // stored, but one of a minute and a half never is.
        let (mut now, mut most, mut least, mut heard) = (10_000_i64, 0, 0, false);
        for (step, beats, evicted, lost) in moments {
            now += step;
            most += step.max(0);
            // With an absence goes what was not stored before it.
            least = if (0..=90).contains(&step) { least + step } else { (least - 60).max(0) };
            let second = u64::try_from(now).unwrap();
            if evicted {
                object.evict(second);
            }
            let event = if beats { Event::Beat(OriginId::parse("jobs/queue").unwrap()) } else { Event::Woken };
            object.step(second, event, lost);
            if beats && !lost {
                (most, least, heard) = (0, 0, true);
            }
            match object.status(second) {
                Status::Fail => prop_assert!(heard && most >= 70, "failed after {} s", most),
                Status::Pass => prop_assert!(heard && least < 70, "green after {} s", least),
                Status::Unknown => prop_assert!(!heard),
                Status::Warn => prop_assert!(false, "nothing warns"),
            }
        }
    }

    #[test]
    fn neither_order_nor_number_of_heartbeats_matters(beats in proptest::collection::vec(0_u64..60, 1..8), at_once in 1_usize..4) {
        let mut object = Object::new(JOBS);
        let latest = beats.iter().max().copied().unwrap();
        for second in 0..=latest {
            let here = beats.iter().filter(|beat| **beat == second).count() * at_once;
            (0..here).for_each(|_| drop(object.beat(second, "jobs/queue")));
        }
        prop_assert_eq!(object.view(latest).valid_until, at((latest + 70) * 1_000));
    }
}
