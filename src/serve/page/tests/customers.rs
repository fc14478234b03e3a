//! What customers are told of incidents: on the public page and in the feed.

use super::*;
use crate::config::Config;
use crate::fixtures::answer_to;
use crate::incident::{self, Grounds, NewNote, Observed};
use crate::serve::{self, Ask};
use crate::units::Name;
use crate::writes::Note;

/// What the Arbiter's object stores of incidents, told as they happen.
#[derive(Clone, Default)]
pub(super) struct Past(std::collections::BTreeMap<String, String>);

impl Past {
    fn keep(&mut self, observed: &[Observed], note: Option<&NewNote>) {
        let rows = incident::recorded(&|key| self.0.get(key).cloned(), observed, None, note);
        self.0.extend(rows.into_iter().map(|row| (row.key, row.text)));
    }

    /// A pool has a status since then.
    pub(super) fn stands(mut self, pool: &str, at: Timestamp, status: Status) -> Self {
        let observed = Observed {
            pool: Name::parse(pool).unwrap(),
            status,
            since: at,
            state: incident::State::of(status, true),
            origins: vec![Name::parse("secret-origin").unwrap()],
            vantages: vec![Name::parse("secret-vantage").unwrap()],
            cause: None,
            served: None,
        };
        self.keep(&[observed], None);
        self
    }

    /// Somebody notes something of the incident of a pool that opened then.
    pub(super) fn noted(mut self, (pool, opened): (&str, Timestamp), at: Timestamp, text: &str) -> Self {
        let id = incident::Incident::id_of(&Name::parse(pool).unwrap(), opened);
        let who = Name::parse("secret-writer").unwrap().into();
        let note = Note { at, who, text: text.to_owned() };
        self.keep(&[], Some(&NewNote { id, note }));
        self
    }

    /// What is told of it to whom everything that a configuration names is shown.
    pub(super) fn told(&self, config: &Config, now: Timestamp) -> String {
        let stored = |key: &str| self.0.get(key).cloned();
        incident::lately(&Grounds { stored: &stored, shown: &|_| true, config: config.hash, now })
    }
}

pub(super) fn before(now: Timestamp, seconds: u64) -> Timestamp {
    now.minus(Millis::from_secs(seconds))
}

fn told(target: &str, state: &State, config: &Config, past: &[Option<&str>]) -> Answer {
    let ask = Ask { method: "GET", target, if_none_match: None, caller: None, accept: None };
    let basis = basis(state, config, past);
    answer_to(serve::plan(Ok(config), &ask), |view| {
        assert_eq!(serve::asks(view, config, state.now).len(), past.len(), "{target}");
        serve::answer(view, &ask, &basis)
    })
}

/// The public page of a state, with this told of its incidents.
fn page(state: &State, lately: Option<&str>) -> String {
    told("/status", state, &state.config, &[None, lately]).body
}

fn feed(state: &State, past: &Past, seconds_later: u64) -> String {
    let now = state.now.plus(Millis::from_secs(seconds_later));
    told("/feed.atom", state, &state.config, &[Some(&past.told(&state.config, now))]).body
}

/// The part of a page that begins with an id.
fn part<'a>(page: &'a str, id: &str, end: &str) -> &'a str {
    let start = page.find(&format!("id=\"{id}\"")).unwrap_or_else(|| panic!("no {id} in {page}"));
    page[start..].split(end).next().unwrap()
}

#[test]
fn what_is_open_comes_first_with_its_latest_notes_and_what_is_over_with_its_length() {
    let state = state("monitors-amiss");
    let at = |seconds| before(state.now, seconds);
    let mut past = Past::default()
        .stands("wiki", at(20 * 86_400), Status::Fail)
        .stands("wiki", at(20 * 86_400 - 60), Status::Pass)
        .stands("shop", at(86_400), Status::Fail)
        .noted(("shop", at(86_400)), at(86_000), "The disk was full.")
        .stands("shop", at(86_400 - 754), Status::Pass)
        .stands("memo", at(600), Status::Fail);
    for number in 0..7 {
        past = past.noted(("memo", at(600)), at(500 - number), &format!("step {number}\nand more"));
    }
    let page = page(state, Some(&past.told(&state.config, state.now)));
    let read = text(&page);
    let place = |part: &str| read.find(part).unwrap_or_else(|| panic!("{part} is not in {read}"));
    assert!(
        place("What is going on") < place("Nightly backup")
            && place("Nightly backup") < place("What has been")
    );
    let open = text(&format!("<body><p {}", part(&page, "going-on", "</section>")));
    assert!(open.contains("Memo (EU) down since") && open.contains("for 10 min"), "{open}");
    let latest: Vec<usize> =
        (2..7).rev().map(|number| open.find(&format!("step {number}")).unwrap()).collect();
    assert!(latest.is_sorted(), "the latest first: {open}");
    assert!(!open.contains("step 1") && open.contains("And 2 notes before."), "{open}");
    let over = text(&format!("<body><p {}", part(&page, "has-been", "</section>")));
    assert!(over.contains("for 12 min") && over.contains("1 note") && over.contains("The disk was full."));
    assert_eq!(over.matches("down").count(), 1, "what is over for 20 days is told no more: {over}");
    assert!(!page.contains("secret-"), "no origin, vantage or writer");
}

#[test]
fn what_is_hidden_is_told_to_no_customer_whoever_tells_it() {
    let state = state("monitors");
    let at = |seconds| before(state.now, seconds);
    let past = Past::default()
        .stands("memo", at(90_000), Status::Fail)
        .stands("memo", at(80_000), Status::Pass)
        .stands("wiki", at(900), Status::Fail)
        .noted(("wiki", at(900)), at(800), "veiled words");
    let lately = past.told(&state.config, state.now);
    let mut config = state.config.clone();
    for pool in config.pools.iter_mut().filter(|pool| pool.name.as_str() != "memo") {
        pool.hidden = true;
    }
    for (target, past) in [("/status", &[None, Some(&*lately)][..]), ("/feed.atom", &[Some(&*lately)])] {
        // Who asks is a question of the doors, whose answer is nobody here.
        let nobody = crate::access::Caller::Nobody;
        let ask = Ask { method: "GET", target, if_none_match: None, caller: Some(&nobody), accept: None };
        let basis = basis(state, &config, past);
        let answer = answer_to(serve::plan(Ok(&config), &ask), |view| serve::answer(view, &ask, &basis));
        assert_eq!(answer.status, 200);
        assert!(answer.body.contains("incident-memo") || answer.body.contains("incident:memo"), "{target}");
        assert!(
            !answer.body.contains("veiled") && !answer.body.contains("wiki-"),
            "{target}: {}",
            answer.body
        );
    }
}

#[test]
fn notes_are_text_for_customers() {
    let state = state("monitors-amiss");
    let evil = format!(
        "</p></content><script>alert(1)</script>&\"' \u{202e}desrever\u{0}\n<img src=x>]]>{}",
        "x".repeat(1_900)
    );
    let at = |seconds| before(state.now, seconds);
    let past = Past::default().stands("memo", at(600), Status::Fail).noted(("memo", at(600)), at(300), &evil);
    for shown in [page(state, Some(&past.told(&state.config, state.now))), feed(state, &past, 0)] {
        assert!(!shown.contains("<script>") && !shown.contains("<img src=x"), "{shown}");
        assert!(shown.contains("&lt;script&gt;alert(1)&lt;/script&gt;&amp;"));
        assert_eq!(shown.chars().find(|letter| *letter != '\n' && super::super::misleads(*letter)), None);
    }
}

#[test]
fn what_is_old_or_not_known_is_said() {
    let state = state("monitors");
    let nothing = Past::default();
    let fresh = nothing.told(&state.config, before(state.now, 20));
    let old = nothing.told(&state.config, before(state.now, 240));
    let [fresh, old, unknown] = [Some(&*fresh), Some(&*old), None].map(|lately| text(&page(state, lately)));
    assert!(fresh.contains("Nothing in the last 14 days.") && !fresh.contains("no news"), "{fresh}");
    assert!(old.contains("There is no news since") && old.contains("4 min ago"), "{old}");
    assert!(unknown.contains("It is not known at the moment.") && !unknown.contains("Nothing in"));
    let silent = told("/feed.atom", state, &state.config, &[None]);
    assert_eq!(silent.status, 503, "a feed without entries would say that nothing happened");
    for odd in ["", "{}", "{\"version\":2,\"at\":1,\"open\":0,\"incidents\":[]}"] {
        assert!(text(&page(state, Some(odd))).contains("It is not known at the moment."), "{odd}");
    }
}

/// The text of the first element of that name after the first `<entry>`, or of the feed's own.
fn first<'a>(feed: &'a str, name: &str, of_entry: bool) -> &'a str {
    let from = if of_entry { feed.split_once("<entry>").unwrap().1 } else { feed };
    let (start, end) = (format!("<{name}>"), format!("</{name}>"));
    from.split_once(&*start).unwrap().1.split_once(&*end).unwrap().0
}

#[test]
fn an_entry_keeps_its_id_and_only_what_happens_moves_updated() {
    let state = state("monitors");
    let at = |seconds| before(state.now, seconds);
    let empty = Past::default();
    assert_eq!(feed(state, &empty, 0), feed(state, &empty, 86_400), "nothing moves by itself");
    let opened = empty.stands("memo", at(900), Status::Fail);
    let noted = opened.clone().noted(("memo", at(900)), at(800), "The disk was full.");
    let closed = noted.clone().stands("memo", at(700), Status::Pass);
    let again = closed.clone().stands("memo", at(600), Status::Fail);
    let over = again.clone().stands("memo", at(500), Status::Pass);
    let late = over.clone().noted(("memo", at(900)), at(100), "We bought another.");
    let steps = [opened, noted, closed, again, over, late];
    let feeds = steps.each_ref().map(|past| feed(state, past, 0));
    for (past, now) in steps.iter().zip(&feeds) {
        assert_eq!(*now, feed(state, past, 86_400), "time alone changes nothing");
        assert_eq!(first(now, "id", true), first(&feeds[0], "id", true));
        assert_eq!(first(now, "published", true), at(900).to_string());
        assert_eq!(first(now, "updated", true), first(now, "updated", false));
        assert_eq!(now.matches("<entry>").count(), 1);
    }
    let updated = feeds.each_ref().map(|feed| first(feed, "updated", true));
    let moments = [900, 800, 700, 600, 500, 100].map(|seconds| at(seconds).to_string());
    assert_eq!(updated.map(str::to_owned), moments);
    let titles = feeds.each_ref().map(|feed| first(feed, "title", true));
    let (is, was) = ("Memo (EU) is down", "Memo (EU) was down for");
    for (title, wanted) in titles.iter().zip([is, is, was, is, was, was]) {
        assert!(title.starts_with(wanted), "{titles:?}");
    }
    assert!(feeds[5].contains("The disk was full.") && feeds[5].contains("We bought another."));
    assert!(!feeds[5].contains("secret-"));
}
