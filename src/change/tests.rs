use super::*;
use crate::fixtures::{at, config, shop};
use crate::history::{Bucket, Fact, HistoryRow, Proof};
use crate::sample::CacheClass;
use crate::units::Millis;
use std::collections::BTreeMap;

mod asked;
mod steps;
mod timings;
mod told;
mod written;

const MINUTE: u64 = 60_000;
/// When the change of most tests begins.
const BEGUN: u64 = 100 * MINUTE;

fn draft() -> Draft {
    crate::json::read(
        r#"{"title": "index on orders", "owner": "Ada", "rollback": "DROP INDEX", "origins": ["shop/primary"],
            "expectations": ["response time down"], "before": "10m", "after": "20m"}"#,
    )
    .unwrap()
}

fn plan() -> Plan {
    draft().plan(&shop()).unwrap()
}

fn who() -> Who {
    Who::parse("ada").unwrap()
}

fn pair(vantage: &str) -> Pair {
    Pair { origin: OriginId::parse("shop/primary").unwrap(), vantage: Name::parse(vantage).unwrap() }
}

/// A sample each five seconds of a window, by what an answer takes.
fn row(window: Window, ms: u64) -> String {
    let mut bucket = Bucket::new(0, 0, window.from, vec![pair("weur").origin]);
    let mut sent = window.from;
    while sent < window.to {
        let spread = sent.as_millis() / 5_000 * 37 % 23;
        bucket.add(&Fact {
            origin: 0,
            at: sent,
            proof: Proof::Pass,
            kind: None,
            response: ms + spread,
            complete: true,
            status: Some(200),
            cache: CacheClass::OriginProven,
            calls: Some(3),
            database: Some(2),
            bytes: 100,
            timings: Vec::new(),
        });
        sent = sent.plus(Millis::new(5_000));
    }
    bucket.text()
}

fn said(vantage: &str, kept: Option<String>) -> Said {
    Said { pair: pair(vantage), kept }
}

/// Changes and the rows of history, as an Arbiter keeps them.
#[derive(Default)]
struct Desk {
    changes: Changes,
    open: BTreeMap<String, String>,
    history: BTreeMap<String, String>,
    /// Rows that were written.
    written: usize,
}

impl Desk {
    fn keep(&mut self, stored: Vec<OpenRow>, rows: Vec<HistoryRow>) {
        self.written += stored.len() + rows.len();
        for row in stored {
            if row.text.is_empty() {
                self.open.remove(&row.key);
            } else {
                self.open.insert(row.key, row.text);
            }
        }
        self.history.extend(rows.into_iter().map(|row| (row.key, row.text)));
    }

    fn made(&mut self, made: Result<Made, Refusal>) -> Result<String, Refusal> {
        let made = made?;
        self.keep(made.stored, made.rows);
        Ok(made.id)
    }

    fn start_with(&mut self, said: Vec<Said>, now: u64) -> Result<String, Refusal> {
        let window = Window { from: at(now).minus(plan().before), to: at(now) };
        let made = self.changes.start(&plan(), &who(), &Gathered { window, said }, Vec::new());
        self.made(made)
    }

    fn start(&mut self, now: u64) -> String {
        let window = Window { from: at(now).minus(plan().before), to: at(now) };
        self.start_with(vec![said("weur", Some(row(window, 100)))], now).unwrap()
    }

    fn apply(&mut self, id: &str, now: u64) -> Result<String, Refusal> {
        let made = self.changes.apply(id, at(now));
        self.made(made)
    }

    fn close(&mut self, id: &str, fate: Fate, now: u64) -> Result<String, Refusal> {
        let made = self.changes.close(id, &CloseDraft { fate, note: String::new() }, &who(), at(now));
        self.made(made)
    }

    /// The object is made anew from what is stored.
    fn forget(&mut self) {
        self.changes = Changes::default();
        for (key, text) in &self.open {
            assert!(self.changes.restore(key, text), "{key}");
        }
    }

    /// Does what is due; vantages say what `answer` has of a window.
    fn work(&mut self, answer: impl Fn(&Pair, Window) -> Option<String>, now: u64) -> Option<Errand> {
        self.work_at(|_| Some(Millis::new(5_000)), answer, now)
    }

    /// The same where `every` says how often a pair is probed.
    fn work_at(
        &mut self,
        every: impl Fn(&Pair) -> Option<Millis>,
        answer: impl Fn(&Pair, Window) -> Option<String>,
        now: u64,
    ) -> Option<Errand> {
        let errand = self.changes.errand(every, at(now))?;
        let said = errand.pairs.iter().map(|pair| Said {
            pair: pair.clone(),
            kept: answer(pair, Window { to: errand.window.to.min(at(now)), ..errand.window }),
        });
        let gathered = Gathered { window: errand.window, said: said.collect() };
        let stored = &|key: &str| self.history.get(key).cloned();
        let known = Known { gathered: &gathered, stored, failing: Vec::new(), now: at(now) };
        let looked = self.changes.look(&errand, known).unwrap();
        let (stored, rows) = self.changes.looked(looked, at(now));
        self.keep(stored, rows);
        Some(errand)
    }

    fn told(&self, id: &str, now: u64) -> serde_json::Value {
        let stored = |key: &str| self.history.get(key).cloned();
        let grounds = Grounds { changes: &self.changes, stored: &stored, now: at(now) };
        crate::json::read(&told(&grounds, id).unwrap()).unwrap()
    }

    fn list(&self, query: &Query, now: u64) -> Vec<String> {
        let stored = |key: &str| self.history.get(key).cloned();
        let grounds = Grounds { changes: &self.changes, stored: &stored, now: at(now) };
        let list: serde_json::Value = crate::json::read(&listed(&grounds, query)).unwrap();
        list["changes"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
    }
}

#[test]
fn what_got_faster_improved_and_stays_known_when_all_is_made_anew() {
    let mut desk = Desk::default();
    let id = desk.start(BEGUN);
    desk.forget();
    desk.apply(&id, BEGUN + MINUTE).unwrap();
    assert_eq!(desk.told(&id, BEGUN + MINUTE)["state"], "warming_up");
    let mut looks = 0;
    for second in 0..1_500 {
        let now = BEGUN + MINUTE + second * 1_000;
        looks += usize::from(desk.work(|_, window| Some(row(window, 50)), now).is_some());
        if second % 200 == 0 {
            desk.forget();
        }
    }
    let told = desk.told(&id, BEGUN + 30 * MINUTE);
    assert_eq!(
        (looks, told["state"].as_str(), told["verdict"].as_str()),
        (4, Some("judged"), Some("improved"))
    );
    assert_eq!(told["judgement"]["looks"]["taken"], 4);
    desk.close(&id, Fate::Kept, BEGUN + 31 * MINUTE).unwrap();
    desk.forget();
    let closed = desk.told(&id, BEGUN + 32 * MINUTE);
    assert_eq!((closed["state"].as_str(), &closed["judgement"]), (Some("closed"), &told["judgement"]));
}

#[test]
fn what_is_not_in_order_is_refused_and_changes_nothing() {
    let mut desk = Desk::default();
    assert_eq!(desk.apply("change-1", BEGUN), Err(Refusal::Unknown));
    for nothing in
        [Vec::new(), vec![said("weur", None)], vec![said("weur", Some(row(span(BEGUN, BEGUN), 1)))]]
    {
        assert!(matches!(desk.start_with(nothing, BEGUN), Err(Refusal::NothingBefore(_))));
    }
    let id = desk.start(BEGUN);
    assert_eq!(id, "change-1", "a number is not spent on what does not begin");
    desk.apply(&id, BEGUN + 1).unwrap();
    let kept = desk.open.clone();
    assert_eq!(desk.apply(&id, BEGUN + 2), Err(Refusal::Applied(at(BEGUN + 1))));
    assert_eq!(desk.open, kept);
    for odd in
        ["change-0", "change-01", "change-+1", "change-1 ", "CHANGE-1", "", "change-99999999999999999999"]
    {
        assert_eq!(desk.close(odd, Fate::Kept, BEGUN), Err(Refusal::Unknown), "{odd}");
    }
    desk.close(&id, Fate::RolledBack, BEGUN + 3).unwrap();
    assert_eq!(desk.close(&id, Fate::Kept, BEGUN + 4), Err(Refusal::Unknown));
    assert!(is_closed(&|key| desk.history.get(key).cloned(), &id));
    for _ in 0..MOST_OPEN {
        desk.start(BEGUN);
    }
    assert_eq!(desk.start_with(Vec::new(), BEGUN), Err(Refusal::TooMany));
}

fn span(from: u64, to: u64) -> Window {
    Window { from: at(from), to: at(to) }
}

#[test]
fn a_clock_that_steps_back_puts_nothing_before_what_it_is_compared_with() {
    let mut desk = Desk::default();
    let id = desk.start(BEGUN);
    desk.apply(&id, BEGUN - 5 * MINUTE).unwrap();
    let told = desk.told(&id, BEGUN);
    assert_eq!(told["applied"], told["before"]["to"]);
}

#[test]
fn a_vantage_that_is_silent_is_asked_again_and_named() {
    let mut desk = Desk::default();
    let window = span(BEGUN - 10 * MINUTE, BEGUN);
    let id = desk.start_with(vec![said("weur", Some(row(window, 100))), said("enam", None)], BEGUN).unwrap();
    assert_eq!(desk.told(&id, BEGUN)["missing"], serde_json::json!(["enam"]));
    let silent = |_: &Pair, _: Window| None;
    assert!(desk.work(silent, BEGUN + 59_000).is_none());
    let errand = desk.work(silent, BEGUN + 60_000).unwrap();
    assert_eq!((errand.part, errand.pairs, errand.window), (Part::Before, vec![pair("enam")], window));
    assert!(desk.work(|_, window| Some(row(window, 100)), BEGUN + 120_000).is_some());
    assert_eq!(desk.told(&id, BEGUN)["missing"], serde_json::json!([]));
    assert!(desk.work(silent, BEGUN + 180_000).is_none(), "all is there");

    desk.apply(&id, BEGUN + 10 * MINUTE).unwrap();
    let first = BEGUN + 16 * MINUTE + GRACE.get();
    let only_weur = |pair: &Pair, window: Window| (pair.vantage.as_str() == "weur").then(|| row(window, 100));
    assert!(desk.work(only_weur, first).is_some());
    let told = desk.told(&id, first);
    assert_eq!((&told["silent"], &told["verdict"]), (&serde_json::json!(["enam"]), &serde_json::Value::Null));
    let late = first + GIVE_UP.get();
    assert!(desk.work(only_weur, late).is_some());
    let told = desk.told(&id, late);
    assert_eq!(told["silent"], serde_json::json!(["enam"]), "it is judged without, and that is said");
    assert!(told["verdict"].is_string());
}

#[test]
fn two_that_overlap_on_one_origin_name_each_other() {
    let mut desk = Desk::default();
    let (one, other) = (desk.start(BEGUN), desk.start(BEGUN + MINUTE));
    let now = BEGUN + 2 * MINUTE;
    assert_eq!(desk.told(&one, now)["confounded_with"], serde_json::json!([other]));
    assert_eq!(desk.told(&other, now)["confounded_with"], serde_json::json!([one]));
    desk.close(&one, Fate::Abandoned, now).unwrap();
    assert_eq!(desk.told(&other, now)["confounded_with"], serde_json::json!([one]), "it was under way then");
    let later = desk.start(BEGUN + 30 * MINUTE);
    assert_eq!(desk.told(&later, BEGUN + 30 * MINUTE)["confounded_with"], serde_json::json!([other]));
}

#[test]
fn the_latest_hundred_are_kept_and_samples_of_no_open_one_are_overwritten() {
    let mut desk = Desk::default();
    let open = desk.start(BEGUN);
    for turn in 0..150 {
        let id = desk.start(BEGUN);
        if turn % 7 == 0 {
            desk.forget();
        }
        desk.close(&id, Fate::Kept, BEGUN).unwrap();
    }
    let everything = Query { open: None, before: None, limit: 100 };
    let list = desk.list(&everything, BEGUN);
    assert_eq!((list.len(), &*list[0]), (100, "change-151"));
    let rest = desk.list(&Query { before: Some(52), ..everything.clone() }, BEGUN);
    assert_eq!(rest, [&*open], "what is open is kept as well");
    assert_eq!(desk.list(&Query { open: Some(true), ..everything.clone() }, BEGUN), [&*open]);
    let page = desk.list(&Query { before: Some(101), limit: 2, ..everything }, BEGUN);
    assert_eq!(page, ["change-100", "change-99"]);
    assert!(desk.history.len() <= 130, "{} rows", desk.history.len());
    desk.apply(&open, BEGUN).unwrap();
    for second in 0..1_500 {
        desk.work(|_, window| Some(row(window, 200)), BEGUN + second * 1_000);
    }
    let told = desk.told(&open, BEGUN + 30 * MINUTE);
    assert_eq!(told["verdict"], "regressed", "its own before is still there");
    assert!(told["judgement"]["expectations"].is_array());
    desk.close(&open, Fate::RolledBack, BEGUN + 31 * MINUTE).unwrap();
    let list = desk.list(&Query { open: None, before: None, limit: 100 }, BEGUN + 31 * MINUTE);
    assert!(list.contains(&"change-101".to_owned()), "no other is overwritten: {list:?}");
}

#[test]
fn time_that_is_cut_out_counts_for_neither() {
    let window = span(BEGUN - 10 * MINUTE, BEGUN);
    let cut = |from: u64, to: u64| Cut { origin: pair("weur").origin, span: span(from, to) };
    let gathered = Gathered { window, said: vec![said("weur", Some(row(window, 100)))] };
    let mut changes = Changes::default();
    let all = vec![cut(0, BEGUN)];
    assert!(matches!(
        changes.start(&plan(), &who(), &gathered, all),
        Err(Refusal::NothingBefore(why)) if why.contains("failed")
    ));
    let half = vec![cut(BEGUN - 10 * MINUTE, BEGUN - 5 * MINUTE)];
    let id = changes.start(&plan(), &who(), &gathered, half).unwrap().id;
    changes.apply(&id, at(BEGUN)).unwrap();
    let change = changes.get(1).unwrap();
    let (after, pinned) = (change.after().unwrap(), change.pinned(Part::Before, &gathered.said));
    let stored = |key: &str| pinned.iter().find(|row| row.key == key).map(|row| row.text.clone());
    let slow = Gathered { window: after, said: vec![said("weur", Some(row(after, 300)))] };
    let end = after.to.plus(GRACE);
    let mut asking = changes.clone();
    let errand = asking.errand(|_| Some(Millis::new(5_000)), end).unwrap();
    let look = |failing: Vec<Cut>| {
        asking.look(&errand, Known { gathered: &slow, stored: &stored, failing, now: end }).unwrap()
    };
    let verdict = |looked: &Looked| looked.outcome.as_ref().map(|outcome| outcome.verdict);
    assert_eq!(verdict(&look(Vec::new())), Some(Verdict::Regressed));
    let out = look(vec![cut(BEGUN, BEGUN + 60 * MINUTE)]);
    assert_eq!(verdict(&out), Some(Verdict::Inconclusive), "it failed before the change as well");
    changes.looked(out, after.to);
    let grounds = Grounds { changes: &changes, stored: &|_| None, now: at(BEGUN) };
    let told: serde_json::Value = crate::json::read(&told(&grounds, &id).unwrap()).unwrap();
    let cuts = told["cuts"].as_array().unwrap();
    assert_eq!((cuts.len(), &cuts[1]["from"]), (2, &told["before"]["to"]), "of both windows it is said");
}
