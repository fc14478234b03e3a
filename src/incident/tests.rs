mod written;

use std::collections::BTreeMap;

use super::*;
use crate::fixtures::at;
use crate::units::Fingerprint;
use crate::writes::Note;
use Status::{Fail, Pass, Unknown, Warn};

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

/// Rows as the Arbiter's object keeps them.
#[derive(Clone, Default)]
struct Kept(BTreeMap<String, String>);

impl Kept {
    fn see(&mut self, observed: &[Observed], away: Option<Window>, note: Option<&NewNote>) -> usize {
        let rows = recorded(&|key| self.0.get(key).cloned(), observed, away, note);
        let count = rows.len();
        self.0.extend(rows.into_iter().map(|row| (row.key, row.text)));
        count
    }

    fn turn(&mut self, ms: u64, status: Status) -> usize {
        self.see(&[stands("shop", ms, status)], None, None)
    }

    fn list(&self, query: &Query, now: u64) -> Vec<Incident> {
        let grounds = Grounds {
            stored: &|key| self.0.get(key).cloned(),
            shown: &|_| true,
            config: Fingerprint::of("a"),
            now: at(now),
        };
        within(&grounds, query).collect()
    }

    fn all(&self) -> Vec<Incident> {
        self.list(&Query::default(), 400 * 86_400_000)
    }
}

/// A pool that has a status since then; failures open incidents.
fn stands(pool: &str, ms: u64, status: Status) -> Observed {
    let state = State::of(status, false);
    let amiss = state == State::Amiss;
    let some = |text: &str| if amiss { vec![name(text)] } else { Vec::new() };
    Observed {
        pool: name(pool),
        status,
        since: at(ms),
        state,
        origins: some("primary"),
        vantages: some("weur"),
        cause: amiss.then(|| Cause {
            kind: Kind::Answer,
            origin: name("primary"),
            reason: "2 of 3 vantages: status 500 is not expected (weur, enam)".to_owned(),
        }),
        served: Some(Served { origin: (!amiss).then(|| name("standby")), from: at(ms) }),
    }
}

#[test]
fn it_opens_with_a_failure_and_closes_when_the_pool_serves_again() {
    let mut kept = Kept::default();
    assert_eq!(kept.turn(0, Pass), 0, "nothing is amiss, so nothing is written");
    assert_eq!(kept.turn(10_000, Fail), 2, "the incident, and which it is");
    assert_eq!(kept.turn(10_000, Fail), 0, "nothing of it changed");
    assert_eq!(kept.turn(40_000, Warn), 2);
    let [one] = &kept.all()[..] else { panic!("{:?}", kept.0) };
    assert_eq!((one.opened, one.closed), (at(10_000), Some(at(40_000))));
    assert_eq!((one.fail(at(0)).get(), one.length(at(0)).get()), (30_000, 30_000));
    assert_eq!((one.worst, one.times, &*one.id), (Fail, 1, "shop-loyw42s0"));
    assert_eq!(one.served, [Served { origin: None, from: at(10_000) }]);
}

#[test]
fn that_nothing_is_known_neither_opens_nor_closes() {
    let mut kept = Kept::default();
    assert_eq!(kept.turn(0, Unknown), 0);
    kept.turn(1_000, Fail);
    kept.turn(5_000, Unknown);
    assert_eq!(kept.all()[0].closed, None);
    kept.turn(65_000, Fail);
    kept.turn(70_000, Unknown);
    kept.turn(90_000, Pass);
    let [one] = &kept.all()[..] else { panic!("{:?}", kept.0) };
    assert_eq!((one.closed, one.times), (Some(at(90_000)), 1), "it never came back");
    assert_eq!(one.fail(at(0)).get(), 4_000 + 5_000, "what is unknown is no failure");
}

#[test]
fn what_comes_again_soon_is_the_same_incident() {
    let mut kept = Kept::default();
    let calm = CALM.get();
    kept.turn(0, Fail);
    kept.turn(1_000, Pass);
    kept.turn(1_000 + calm - 1, Fail);
    assert_eq!(kept.all()[0].closed, None, "it is open again");
    let again = format!(r#","reopened":{},"times":2"#, at(1_000 + calm - 1).as_millis());
    assert!(kept.0["incident/1"].contains(&again), "{:?}", kept.0);
    kept.turn(2_000 + calm, Pass);
    kept.turn(2_000 + 2 * calm, Fail);
    let all = kept.all();
    let told: Vec<_> = all.iter().map(|one| (one.times, one.opened, one.closed.is_some())).collect();
    assert_eq!(told, [(1, at(2_000 + 2 * calm), false), (2, at(0), true)]);
    assert_eq!(all[1].fail(at(0)).get(), 1_000 + 1_001);
    assert!(all[0].id != all[1].id);
}

#[test]
fn time_in_which_nobody_looked_is_no_failure() {
    let mut kept = Kept::default();
    kept.turn(0, Fail);
    let away = Window { from: at(10_000), to: at(50_000) };
    kept.see(&[stands("shop", 50_000, Pass)], Some(away), None);
    assert_eq!(kept.all()[0].fail(at(0)).get(), 10_000);
    assert_eq!(kept.all()[0].length(at(0)).get(), 50_000);
}

#[test]
fn the_worst_says_why() {
    let mut kept = Kept::default();
    let mut slow = Observed { state: State::Amiss, ..stands("shop", 0, Warn) };
    slow.cause = Some(Cause { kind: Kind::Answer, origin: name("standby"), reason: "slow".to_owned() });
    slow.origins = vec![name("standby")];
    kept.see(&[slow], None, None);
    kept.turn(1_000, Fail);
    let mut later = stands("shop", 1_000, Fail);
    later.vantages = vec![name("enam")];
    later.cause = Some(Cause { kind: Kind::NoAnswer, origin: name("standby"), reason: "later".to_owned() });
    kept.see(&[later], None, None);
    let [one] = &kept.all()[..] else { panic!("{:?}", kept.0) };
    assert_eq!(one.cause.as_ref().unwrap().origin, name("primary"), "the first of the worst");
    assert_eq!(one.origins, [name("standby"), name("primary")]);
    assert_eq!(one.vantages, [name("weur"), name("enam")]);
    assert_eq!((one.warn(at(1_000)).get(), one.fail(at(3_000)).get()), (1_000, 2_000));
}

#[test]
fn notes_stay_with_their_incident() {
    let mut kept = Kept::default();
    kept.turn(0, Fail);
    let id = kept.all()[0].id.clone();
    for text in ["one", "two"] {
        let note = Note { at: at(5), who: name("ada").into(), text: text.to_owned() };
        assert_eq!(kept.see(&[], None, Some(&NewNote { id: id.clone(), note })), 2);
    }
    let lost = Note { at: at(5), who: name("ada").into(), text: "three".to_owned() };
    assert_eq!(kept.see(&[], None, Some(&NewNote { id: "shop-zz".to_owned(), note: lost })), 0);
    kept.turn(9_000, Pass);
    let one = kept.all().remove(0);
    assert_eq!((one.notes, one.closed.is_some()), (2, true));
    let texts: Vec<String> =
        noted(&|key| kept.0.get(key).cloned(), &one).into_iter().map(|note| note.text).collect();
    assert_eq!(texts, ["one", "two"]);
}

#[test]
fn their_number_is_bounded_and_the_oldest_go() {
    let mut kept = Kept::default();
    let apart = CALM.get() * 2;
    for n in 0..MOST + 7 {
        kept.turn(n * apart, Fail);
        kept.turn(n * apart + 1_000, Pass);
    }
    assert_eq!(kept.0.len() as u64, MOST + 1);
    let all = kept.all();
    assert_eq!((all.len() as u64, all[0].number, all[999].number), (MOST, MOST + 7, 8));
}

#[test]
fn a_question_has_filters_and_goes_on_by_its_cursor() {
    let mut kept = Kept::default();
    for n in 0..6_u64 {
        let pool = if n % 2 == 0 { "shop" } else { "docs" };
        kept.see(&[stands(pool, n * 1_000_000, Fail)], None, None);
        if n < 5 {
            kept.see(&[stands(pool, n * 1_000_000 + 500_000, Pass)], None, None);
        }
    }
    let numbers =
        |query: Query| kept.list(&query, 7_000_000).iter().map(|one| one.number).collect::<Vec<_>>();
    let all = Query::default();
    assert_eq!(numbers(all.clone()), [6, 5, 4, 3, 2, 1]);
    assert_eq!(numbers(Query { pool: Some(name("docs")), ..all.clone() }), [6, 4, 2]);
    assert_eq!(numbers(Query { open: Some(true), ..all.clone() }), [6]);
    assert_eq!(numbers(Query { open: Some(false), before: Some(4), ..all.clone() }), [3, 2, 1]);
    let (from, to) = (Some(at(1_500_000)), Some(at(3_000_000)));
    assert_eq!(numbers(Query { from, to, ..all.clone() }), [3, 2]);
    assert_eq!(kept.list(&all, KEPT.get() + 1_000_000).len(), 5, "the first is too old");
    for query in [
        all.clone(),
        Query { all: true, pool: Some(name("docs")), open: Some(false), from, to, before: Some(9), limit: 3 },
    ] {
        assert_eq!(Query::parse(&query.path()), Some(query.clone()), "{}", query.path());
    }
    for odd in ["", "0/-/-/-/-/-", "0/-/2/-/-/-/5", "0/A/-/-/-/-/5", "0/-/-/-/-/-/05", "0/-/-/x/-/-/5"] {
        assert_eq!(Query::parse(odd), None, "{odd}");
    }
}

#[test]
fn a_name_says_which_pool_it_is_of() {
    assert_eq!(Incident::pool_of("shop-b-loyw408g"), Some(name("shop-b")));
    for odd in ["", "shop", "-loyw408g", "shop-", "Shop-a", "shop-LOY", "shop-zzzzzzzzzzzzzz"] {
        assert_eq!(Incident::pool_of(odd), None, "{odd}");
    }
}

#[test]
fn its_rows_and_documents_are_frozen() {
    let mut kept = Kept::default();
    kept.turn(0, Fail);
    kept.turn(30_000, Pass);
    let one = kept.all().remove(0);
    let note = Note { at: at(9), who: name("ada").into(), text: "switched".to_owned() };
    kept.see(&[], None, Some(&NewNote { id: one.id.clone(), note }));
    let rows: Vec<String> = kept.0.iter().map(|(key, text)| format!("{key} {text}")).collect();
    expect(&rows.join("\n"), include_str!("frozen/rows.txt"));
    let grounds = Grounds {
        stored: &|key| kept.0.get(key).cloned(),
        shown: &|_| true,
        config: Fingerprint::of("a"),
        now: at(40_000),
    };
    let listed = listed(&grounds, &Query { limit: 1, ..Query::default() });
    let [public, reader] = [false, true].map(|all| told(&grounds, &one.id, all).unwrap());
    expect(&[listed, public, reader].join("\n"), include_str!("frozen/answers.txt"));
}

fn expect(found: &str, frozen: &str) {
    assert_eq!(found, frozen.trim_end(), "\n{found}\n");
}

#[test]
fn customers_are_told_what_is_open_and_lately_over_and_nothing_of_what_is_hidden() {
    let mut kept = Kept::default();
    let apart = CALM.get() * 2;
    for n in 0..200_u64 {
        let pool = if n % 2 == 0 { "shop" } else { "docs" };
        kept.see(&[stands(pool, n * apart, Fail)], None, None);
        kept.see(&[stands(pool, n * apart + 1_000, Pass)], None, None);
    }
    for n in 0..120_u64 {
        kept.see(&[stands(&format!("job-{n}"), 300 * apart + n, Fail)], None, None);
    }
    let reads = std::cell::Cell::new(0);
    let lately = |shown: &dyn Fn(&Name) -> bool| {
        let stored = |key: &str| {
            reads.set(reads.get() + 1);
            kept.0.get(key).cloned()
        };
        let grounds = Grounds { stored: &stored, shown, config: Fingerprint::of("a"), now: at(301 * apart) };
        Lately::read(&super::lately(&grounds)).unwrap()
    };
    let all = lately(&|_| true);
    let is_open: Vec<bool> = all.incidents.iter().map(|one| one.closed.is_none()).collect();
    assert_eq!((all.open, is_open.len()), (120, 130));
    assert!(is_open[..100].iter().all(|open| *open) && is_open[100..].iter().all(|open| !open));
    assert_eq!(
        (&*all.incidents[0].pool.to_string(), &*all.incidents[100].pool.to_string()),
        ("job-119", "docs")
    );
    assert!(reads.get() < 300, "{} rows are read of {}", reads.get(), kept.0.len());
    let some = lately(&|pool| pool.as_str() == "shop");
    assert_eq!((some.open, some.incidents.len()), (0, 30));
    assert!(some.incidents.iter().all(|one| one.pool.as_str() == "shop"));
}

#[test]
fn what_customers_are_told_is_frozen() {
    let mut kept = Kept::default();
    kept.turn(0, Fail);
    let id = kept.all()[0].id.clone();
    for n in 0..6 {
        let note = Note { at: at(10 + n), who: name("ada").into(), text: format!("step {n}") };
        kept.see(&[], None, Some(&NewNote { id: id.clone(), note }));
    }
    let told = |kept: &Kept| {
        let stored = |key: &str| kept.0.get(key).cloned();
        super::lately(&Grounds {
            stored: &stored,
            shown: &|_| true,
            config: Fingerprint::of("a"),
            now: at(40_000),
        })
    };
    let open = told(&kept);
    kept.turn(30_000, Pass);
    expect(&[open, told(&kept)].join("\n"), include_str!("frozen/lately.txt"));
}
