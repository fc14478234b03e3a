//! Drafts and what is told: bounds, and bytes that stay.

use super::*;
use proptest::prelude::*;

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
        (|draft| draft.before = Some("25h".into()), "before is no length from 30s to 22h"),
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
    expect(&[started, judged, list].join("\n"), include_str!("../frozen/answers.txt"), "answers.txt");
    expect(&marked, include_str!("../frozen/markdown.txt"), "markdown.txt");
}

#[test]
fn what_is_stored_is_frozen() {
    let mut desk = Desk::default();
    let id = desk.start(BEGUN);
    desk.apply(&id, BEGUN + MINUTE).unwrap();
    let mut rows: Vec<String> = desk.open.iter().map(|(key, text)| format!("{key} {text}")).collect();
    desk.close(&id, Fate::Kept, BEGUN + 2 * MINUTE).unwrap();
    rows.extend(desk.history.iter().map(|(key, text)| format!("{key} {}", text.lines().next().unwrap())));
    expect(&rows.join("\n"), include_str!("../frozen/rows.txt"), "rows.txt");
}

fn expect(found: &str, frozen: &str, file: &str) {
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/change/frozen/");
        std::fs::write(format!("{folder}{file}"), format!("{}\n", found.trim_end())).unwrap();
        return;
    }
    assert_eq!(found.trim_end(), frozen.trim_end(), "\n{found}\n");
}

proptest! {
    /// A row that was cut off, or of which a character is another, is left out or read: nothing
    /// breaks, and what is told stays JSON.
    #[test]
    fn whatever_became_of_a_row_nothing_breaks(line in 0..4_usize, at_char in 0..2_000_usize, by in "[ -~]?") {
        let rows = include_str!("../frozen/rows.txt");
        let row = rows.lines().nth(line).unwrap();
        let (key, text) = row.split_once(' ').unwrap();
        let place = at_char % text.len();
        let text = format!("{}{by}{}", &text[..place], if by.is_empty() { "" } else { &text[place + 1..] });
        let mut changes = Changes::default();
        changes.restore(key, &text);
        let stored = |_: &str| Some(text.clone());
        let grounds = Grounds { changes: &changes, stored: &stored, now: at(BEGUN) };
        let list = listed(&grounds, &Query { open: None, before: None, limit: 5 });
        prop_assert!(crate::json::read::<serde_json::Value>(&list).is_some(), "{}", list);
    }
}
