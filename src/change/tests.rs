use super::*;
use crate::fixtures::{at, config, shop};
use crate::history::{Bucket, Fact, HistoryRow, Proof};
use crate::sample::CacheClass;
use crate::units::Millis;
use proptest::prelude::*;
use std::collections::BTreeMap;

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
}

impl Desk {
    fn keep(&mut self, stored: Vec<OpenRow>, rows: Vec<HistoryRow>) {
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
        let errand = self.changes.errand(|_| true, at(now))?;
        let said = errand.pairs.iter().map(|pair| Said {
            pair: pair.clone(),
            kept: answer(pair, Window { to: errand.window.to.min(at(now)), ..errand.window }),
        });
        let gathered = Gathered { window: errand.window, said: said.collect() };
        let change = self.changes.get(errand.number).unwrap();
        let looked = match errand.part {
            Part::Before => change.looked_back(&gathered),
            Part::After => change.look(&gathered, &|key| self.history.get(key).cloned(), &[], at(now)),
        };
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
    let cut =
        |from: u64, to: u64| Cut { origin: pair("weur").origin, span: Span { from: at(from), to: at(to) } };
    let gathered = Gathered { window, said: vec![said("weur", Some(row(window, 100)))] };
    let mut changes = Changes::default();
    let all = vec![cut(0, BEGUN)];
    assert!(matches!(
        changes.start(&plan(), &who(), &gathered, all),
        Err(Refusal::NothingBefore(why)) if why.contains("failed")
    ));
    let half = vec![cut(BEGUN - 10 * MINUTE, BEGUN - 5 * MINUTE)];
    let id = changes.start(&plan(), &who(), &gathered, half).unwrap().id;
    let grounds = Grounds { changes: &changes, stored: &|_| None, now: at(BEGUN) };
    let told: serde_json::Value = crate::json::read(&told(&grounds, &id).unwrap()).unwrap();
    assert_eq!(told["cuts"][0]["origin"], "shop/primary");
}

#[test]
fn a_draft_is_refused_with_all_that_is_wrong_with_it() {
    let wrong = |edit: fn(&mut Draft)| {
        let mut draft = draft();
        edit(&mut draft);
        draft.plan(&shop()).map_or_else(|wrong| wrong.join("; "), |_| String::new())
    };
    assert_eq!(wrong(|_| {}), "");
    for (edit, words) in [
        ((|draft| draft.title = String::new()) as fn(&mut Draft), "title has 0 characters; write 1 to 120"),
        (|draft| draft.title = "a\u{202e}b".into(), "U+202E"),
        (|draft| draft.title = "a\nb".into(), "U+000A"),
        (|draft| draft.rollback = "x".repeat(4_001), "rollback has 4001 characters; write 1 to 4000"),
        (|draft| draft.rollback = "  \n ".into(), "rollback has 4 characters"),
        (|draft| draft.before = Some("25h".into()), "before is no length from 30s to 1day"),
        (|draft| draft.after = Some("1s".into()), "after is no length"),
        (|draft| draft.warm_up = Some("soon".into()), "warm_up is no length from 0s to 1h"),
        (|draft| draft.origins = vec!["shop/nope".into()], "there is no origin shop/nope"),
        (|draft| draft.origins = vec!["<script>".into()], "there is no origin; write"),
        (|draft| draft.origins.clear(), "it names 0 origins"),
        (|draft| draft.pools = vec!["nope".into()], "there is no pool nope"),
        (|draft| draft.links = vec!["javascript:alert(1)".into()], "links has what is no address"),
        (|draft| draft.links = vec!["https://a.example/\"><b>".into()], "links has what is no address"),
        (|draft| draft.expectations = vec!["faster".into()], "begins with no measure"),
        (|draft| draft.expectations = vec!["p95 down".into(), "p95 up".into()], "contradict each other"),
        (
            |draft| draft.expectations = vec!["p95 any".into(); 9],
            "expectations has 9 entries; write at most 8",
        ),
    ] {
        assert!(wrong(edit).contains(words), "{} lacks {words}", wrong(edit));
    }
    let both = wrong(|draft| {
        draft.owner = String::new();
        draft.before = Some("x".into());
    });
    assert!(both.contains("owner") && both.contains("before"), "{both}");
}

#[test]
fn a_pool_stands_for_its_origins_and_each_is_named_once() {
    let mut draft = draft();
    draft.pools = vec!["shop".into()];
    let origins = draft.clone().plan(&shop()).unwrap().origins;
    assert_eq!(origins.iter().map(ToString::to_string).collect::<Vec<_>>(), ["shop/primary", "shop/standby"]);
    let jobs = config("[[monitor]]\nname = \"a\"\nurl = \"https://a.example\"\n");
    let wrong = Draft { pools: vec!["a".into()], origins: Vec::new(), ..draft }.plan(&jobs);
    assert_eq!(wrong.map(|plan| plan.origins.len()), Ok(1));
}

#[test]
fn what_people_wrote_is_text_in_markdown() {
    let mut desk = Desk::default();
    let mut draft = draft();
    draft.title = "<img src=x> [a](b) `c` *d* @team | e".into();
    draft.rollback = "````\n<script>\n```".into();
    let window = span(BEGUN - 10 * MINUTE, BEGUN);
    let gathered = Gathered { window, said: vec![said("weur", Some(row(window, 100)))] };
    let made = desk.changes.start(&draft.plan(&shop()).unwrap(), &who(), &gathered, Vec::new());
    let id = desk.made(made).unwrap();
    let stored = |key: &str| desk.history.get(key).cloned();
    let text = markdown(&Grounds { changes: &desk.changes, stored: &stored, now: at(BEGUN) }, &id).unwrap();
    let head = text.lines().next().unwrap();
    assert_eq!(head, r"# change-1: &lt;img src=x&gt; \[a\](b) \`c\` \*d\* \@team \| e");
    assert!(text.contains("`````text\n````\n<script>\n```\n`````"), "{text}");
}

proptest! {
    #[test]
    fn whatever_stood_in_a_row_nothing_breaks(key in "(change/[0-9]{0,3}|changes)", text in ".{0,200}") {
        let mut changes = Changes::default();
        prop_assert!(changes.restore(&key, &text));
        let stored = |_: &str| Some(text.clone());
        let grounds = Grounds { changes: &changes, stored: &stored, now: at(BEGUN) };
        let query = Query { open: None, before: None, limit: 5 };
        prop_assert_eq!(listed(&grounds, &query), "{\"changes\":[]}");
    }
}

/// A change that got faster, told while it is started and once it is judged; a list; Markdown.
fn story() -> [String; 4] {
    let mut desk = Desk::default();
    let id = desk.start(BEGUN);
    let stored = |desk: &Desk, how: &dyn Fn(&Grounds<'_>) -> String, now: u64| {
        how(&Grounds { changes: &desk.changes, stored: &|key| desk.history.get(key).cloned(), now: at(now) })
    };
    let one = |grounds: &Grounds<'_>| told(grounds, "change-1").unwrap();
    let started = stored(&desk, &one, BEGUN);
    desk.apply(&id, BEGUN + MINUTE).unwrap();
    for second in 0..1_500 {
        desk.work(|_, window| Some(row(window, 50)), BEGUN + MINUTE + second * 1_000);
    }
    let end = BEGUN + 30 * MINUTE;
    let query = Query { open: None, before: None, limit: 5 };
    let list = stored(&desk, &|grounds| listed(grounds, &query), end);
    let marked = stored(&desk, &|grounds| markdown(grounds, "change-1").unwrap(), end);
    [started, stored(&desk, &one, end), list, marked]
}

#[test]
fn what_is_told_is_frozen() {
    let [started, judged, list, marked] = story();
    expect(&[started, judged, list].join("\n"), include_str!("frozen/answers.txt"), "answers.txt");
    expect(&marked, include_str!("frozen/markdown.txt"), "markdown.txt");
}

#[test]
fn what_is_stored_is_frozen() {
    let mut desk = Desk::default();
    let id = desk.start(BEGUN);
    desk.apply(&id, BEGUN + MINUTE).unwrap();
    let mut rows: Vec<String> = desk.open.iter().map(|(key, text)| format!("{key} {text}")).collect();
    desk.close(&id, Fate::Kept, BEGUN + 2 * MINUTE).unwrap();
    rows.extend(desk.history.iter().map(|(key, text)| format!("{key} {}", text.lines().next().unwrap())));
    expect(&rows.join("\n"), include_str!("frozen/rows.txt"), "rows.txt");
}

fn expect(found: &str, frozen: &str, file: &str) {
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/change/frozen/");
        std::fs::write(format!("{folder}{file}"), format!("{}\n", found.trim_end())).unwrap();
        return;
    }
    assert_eq!(found.trim_end(), frozen.trim_end(), "\n{found}\n");
}
