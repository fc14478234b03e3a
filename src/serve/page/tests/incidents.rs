//! The pages of incidents, made of what the API answers.

use super::*;
use crate::fixtures::{answer_to, at};
use crate::incident::{self, Cause, Kind, NewNote, Observed, Query, Served};
use crate::serve::{self, Ask, Plan, View};
use crate::units::{Fingerprint, Name};
use crate::writes::Note;

/// A list, one incident as the public is told of it, and the same as a reader is.
const ANSWERS: &str = include_str!("../../../incident/frozen/answers.txt");

const ID: &str = "shop-loyw3v28";

fn ask(target: &str) -> Ask<'_> {
    Ask { method: "GET", target, if_none_match: None, caller: None, accept: None }
}

fn told(target: &str, past: &[Option<&str>]) -> Answer {
    let state = state("failing-over");
    let ask = ask(target);
    let basis = basis(state, &state.config, past);
    answer_to(serve::plan(Ok(&state.config), &ask), |view| {
        assert_eq!(serve::asks(view, &state.config, state.now).len(), past.len(), "{target}");
        serve::answer(view, &ask, &basis)
    })
}

/// What is stored of a shop that failed for this reason, and is noted of it.
fn stored(reason: &str, note: &str, over: bool) -> impl Fn(&str) -> Option<String> {
    let name = |text: &str| Name::parse(text).unwrap();
    let stands = |ms: u64, status: Status| Observed {
        pool: name("shop"),
        status,
        since: at(ms),
        state: incident::State::of(status, false),
        origins: if status == Status::Fail { vec![name("primary")] } else { Vec::new() },
        vantages: vec![name("weur"), name("enam")],
        cause: (status == Status::Fail).then(|| Cause {
            kind: Kind::Answer,
            origin: name("primary"),
            reason: reason.to_owned(),
        }),
        served: Some(Served { origin: Some(name("standby")), from: at(ms) }),
    };
    let mut rows = std::collections::BTreeMap::<String, String>::new();
    let mut keep = |observed: &[Observed], note: Option<&NewNote>| {
        let new = incident::recorded(&|key| rows.get(key).cloned(), observed, None, note);
        rows.extend(new.into_iter().map(|row| (row.key, row.text)));
    };
    keep(&[stands(0, Status::Fail)], None);
    let note = Note { at: at(9_000), who: name("ada").into(), text: note.to_owned() };
    keep(&[], Some(&NewNote { id: ID.to_owned(), note }));
    if over {
        keep(&[stands(754_000, Status::Pass)], None);
    }
    move |key| rows.get(key).cloned()
}

/// What the API answers of it: those that are open, those that are over, and the one.
fn answers(stored: &dyn Fn(&str) -> Option<String>) -> [String; 3] {
    let grounds =
        incident::Grounds { stored, shown: &|_| true, config: Fingerprint::of("a"), now: at(900_000) };
    let list = |open| incident::listed(&grounds, &Query { open: Some(open), limit: 50, ..Query::default() });
    [list(true), list(false), incident::told(&grounds, ID, false).unwrap()]
}

#[test]
fn a_page_of_one_tells_what_the_api_does_and_names_a_writer_only_where_that_does() {
    let [public, reader] = [1, 2].map(|line| told(&format!("/incident/{ID}"), &[ANSWERS.lines().nth(line)]));
    for page in [&public, &reader] {
        assert_eq!(page.status, 200);
        for part in ["over after 30 s", "status 500 is not expected", "switched", "nobody", "weur"] {
            assert!(text(&page.body).contains(part), "{part}: {}", page.body);
        }
        for href in ["../v1/incidents/shop-loyw3v28", "../pool/shop", "../incidents"] {
            assert!(page.body.contains(&format!("href=\"{href}\"")), "{href}");
        }
        assert!(page.body.contains("2023-11-14T22:13:20.009Z"), "when it was noted");
    }
    assert!(!public.body.contains("ada") && text(&reader.body).contains("by ada"));
}

#[test]
fn a_table_has_what_is_open_first_and_lengths_to_the_second() {
    let over = answers(&stored("it was late", "seen", true));
    let open = answers(&stored("it is late", "seen", false));
    let open_id = open[0].replace(ID, "shop-open");
    let page = told("/incidents", &[Some(&open_id), Some(&over[1])]).body;
    let read = text(&page);
    assert!(sentence_of(&page) == "1 incident is open" && read.contains("754 s") && read.contains("12 min"));
    let place = |part: &str| page.find(part).unwrap_or_else(|| panic!("{part} is not in {page}"));
    assert!(place("incident/shop-open") < place("incident/shop-loyw3v28"));
    assert!(read.contains("it was late") && read.contains("standby") && read.contains("1 note"), "{read}");
    let both = told("/incidents", &[Some(&open[0]), Some(&over[1])]).body;
    assert_eq!(both.matches("href=\"incident/").count(), 1, "it closed between the two answers");
    assert_eq!(sentence_of(&both), "No incident is open");
}

fn sentence_of(page: &str) -> &str {
    page.split_once("<h1>").unwrap().1.split_once("</h1>").unwrap().0
}

#[test]
fn hostile_notes_and_reasons_are_text() {
    let evil =
        format!("</p><script>alert(1)</script>&\"' \u{202e}desrever\u{0}\n<img src=x>{}", "x".repeat(1_900));
    let [open, _, one] = answers(&stored(&evil, &evil, false));
    let list = told("/incidents?pool=shop", &[Some(&open), Some("{\"incidents\":[]}")]).body;
    for page in [list, told(&format!("/incident/{ID}"), &[Some(&one)]).body] {
        assert!(!page.contains("<script>") && !page.contains("<img src=x"), "{page}");
        assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;&amp;"));
        assert_eq!(page.chars().find(|letter| *letter != '\n' && super::super::misleads(*letter)), None);
    }
}

#[test]
fn what_nobody_answers_is_not_known_and_what_is_not_there_is_404() {
    let page = told("/incidents", &[None, Some("{\"incidents\":[]}")]);
    assert_eq!((page.status, sentence_of(&page.body)), (200, "Incidents are not known at the moment"));
    let page = told(&format!("/incident/{ID}"), &[None]);
    assert_eq!((page.status, sentence_of(&page.body)), (503, "This incident is not known at the moment"));
    for (target, past) in [
        ("/incident/shop-zzzz", &[Some("")][..]),
        ("/incident/absent-zzzz", &[]),
        ("/incident/shop", &[]),
        ("/incidents?pool=absent", &[]),
    ] {
        assert_eq!(told(target, past).status, 404, "{target}");
    }
    assert_eq!(told("/incidents?open=true", &[]).status, 400);
}

#[test]
fn what_a_page_asks_is_what_its_links_ask() {
    let state = state("failing-over");
    let Plan::FromSnapshot(view @ View::Chronicle(_)) =
        serve::plan(Ok(&state.config), &ask("/incidents?pool=shop"))
    else {
        panic!("no page")
    };
    let page = told("/incidents?pool=shop", &[None, None]).body;
    for asked in serve::asks(&view, &state.config, state.now) {
        let link = format!("/{}", asked.path());
        let Plan::Recorded(linked) = serve::plan(Ok(&state.config), &ask(&link)) else {
            panic!("{} asks nothing", asked.path())
        };
        assert_eq!(linked, asked);
        assert!(page.contains(&format!("href=\"{}\"", asked.path().replace('&', "&amp;"))), "{page}");
    }
}
