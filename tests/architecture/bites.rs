//! The checker finds what it is for: each rule is broken on purpose, in sources made up for it.

use crate::arrows::{self, Row};
use crate::budgets::{self, Exception, Of};
use crate::comments;
use crate::defaults;
use crate::sources::Source;
use crate::words;

const ROWS: &[Row] = &[("low", &[]), ("mid", &["low"]), ("high", &["low", "mid"])];

fn read(files: &[(&str, &str)]) -> Vec<Source> {
    files.iter().map(|(file, text)| Source::read(file, text)).collect()
}

/// Three modules whose arrows are those of the table.
fn lawful() -> Vec<(&'static str, &'static str)> {
    vec![
        ("lib.rs", "pub mod low;\npub mod mid;\npub mod high;\n#[cfg(test)]\nmod fixtures;\n"),
        ("low.rs", "pub struct Low;\n"),
        ("mid.rs", "use crate::low::Low;\n"),
        ("high.rs", "use crate::{low::Low, mid};\n"),
    ]
}

fn wrong_arrows(files: &[(&str, &str)]) -> Vec<String> {
    arrows::wrong(&arrows::between_modules(&read(files)), ROWS, "TABLE")
}

/// The lawful sources and one more file: what is said of the arrows.
fn said_of(file: &'static str, text: &'static str) -> Vec<String> {
    wrong_arrows(&[lawful(), vec![(file, text)]].concat())
}

fn wrong_budgets(text: &str, exceptions: &[Exception]) -> Vec<String> {
    budgets::wrong(&read(&[("low.rs", text)]), exceptions, "LIST")
}

#[test]
fn lawful_sources_pass() {
    assert_eq!(wrong_arrows(&lawful()), [""; 0]);
    assert_eq!(wrong_budgets("fn small(self_made: u32) -> u32 {\n    self_made\n}\n", &[]), [""; 0]);
}

#[test]
fn an_arrow_against_the_line_is_found_however_it_is_written() {
    for text in [
        "use crate::high::High;",
        "\nuse crate::{\n    low::{self, Low},\n    high as other,\n};",
        "use super::super::high;",
        "fn f() { let made = [crate::high::made()]; }",
        "mod inner { use super::super::super::high; }",
        "macro_rules! made { () => { $crate::high::made() } }",
        "fn f(x: Box<dyn Fn(&crate::high::High)>) {}",
    ] {
        let said = said_of("mid/child.rs", text);
        assert_eq!(said.len(), 1, "{text}: {said:?}");
        let line = text.lines().position(|line| line.contains("high")).unwrap() + 1;
        assert!(
            said[0].starts_with(&format!("src/mid/child.rs:{line}: `mid` names `high`")),
            "{text}: {said:?}"
        );
        assert!(said[0].contains("move it into a module above both"), "{said:?}");
    }
}

#[test]
fn an_arrow_along_the_line_that_no_row_allows_is_found() {
    let rows: &[Row] = &[("low", &[]), ("mid", &[])];
    let drawn = arrows::between_modules(&read(&[("low.rs", ""), ("mid.rs", "use crate::low;")]));
    let said = arrows::wrong(&drawn, rows, "TABLE");
    assert!(said.len() == 1 && said[0].contains("add `low` to its row in TABLE"), "{said:?}");
}

#[test]
fn what_is_not_an_arrow_is_let_be() {
    for text in [
        "#[cfg(test)]\nmod tests {\n    use crate::high::High;\n}",
        "#[cfg(test)]\nuse crate::high::High;",
        "// crate::high\n/// [`crate::high`]\nconst WORDS: &str = \"crate::high\";",
        "use super::sibling;\nuse self::inner::high;",
        "pub(in crate::high) fn f() {}",
        "use other::crate_::high;\nfn high() {}",
    ] {
        assert_eq!(said_of("mid/child.rs", text), [""; 0], "{text}");
    }
}

#[test]
fn an_arrow_that_no_longer_exists_is_to_leave_the_table() {
    let mut files = lawful();
    files[3] = ("high.rs", "use crate::low::Low;\n");
    let said = wrong_arrows(&files);
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(
        said[0].contains("the row of `high` allows `mid`, which no file of `high` names any more"),
        "{said:?}"
    );
}

#[test]
fn a_table_in_which_a_circle_could_close_is_found() {
    let rows: &[Row] = &[("low", &["mid"]), ("mid", &["low"])];
    let files = [("low.rs", "use crate::mid;"), ("mid.rs", "use crate::low;")];
    let said = arrows::wrong(&arrows::between_modules(&read(&files)), rows, "TABLE");
    assert!(said.len() == 1 && said[0].contains("a circle could close"), "{said:?}");
}

#[test]
fn a_module_without_a_row_is_found() {
    let files = [lawful(), vec![("new.rs", "use crate::low::Low;\n")]].concat();
    assert!(wrong_arrows(&files).concat().contains("src/new.rs:1: `new` has no row in TABLE"));
    let quiet = [lawful(), vec![("new.rs", "")]].concat();
    assert_eq!(arrows::without_row(&read(&quiet), ROWS, "TABLE").len(), 1);
}

#[test]
fn a_circle_inside_a_module_is_found() {
    let rows: &[Row] = &[("one", &[]), ("two", &["one"]), ("edge", &[])];
    let files = [
        ("edge.rs", "mod one;\nmod two;"),
        ("edge/one.rs", "use super::two::Two;"),
        ("edge/two.rs", "use super::one;\nuse crate::low;"),
        ("low.rs", ""),
    ];
    let said = arrows::wrong(&arrows::inside(&read(&files), "edge"), rows, "TABLE");
    assert!(said.len() == 1 && said[0].starts_with("src/edge/one.rs:1: `one` names `two`"), "{said:?}");
    let up = [("edge.rs", ""), ("edge/one.rs", ""), ("edge/two.rs", "use super::NAME;\nuse super::one;")];
    let said = arrows::wrong(&arrows::inside(&read(&up), "edge"), rows, "TABLE");
    assert!(said.len() == 1 && said[0].starts_with("src/edge/two.rs:1: `two` names `edge`"), "{said:?}");
}

#[test]
fn the_order_of_the_root_is_read() {
    assert_eq!(arrows::declared(&read(&lawful())), ["low", "mid", "high"]);
}

#[test]
fn the_platform_outside_of_the_edge_is_found() {
    for text in [
        "use js_sys::Date;",
        "fn f() { web_sys::window() }",
        "extern crate worker;",
        "fn f(x: wasm_bindgen::JsValue) {}",
    ] {
        assert_eq!(arrows::platform_outside_edge(&read(&[("low.rs", text)])).len(), 1, "{text}");
        assert_eq!(arrows::platform_outside_edge(&read(&[("edge/send.rs", text)])), [""; 0], "{text}");
    }
    let harmless = "// worker::Env\nstruct Me { worker: u32 }\nfn f(me: Me) -> u32 { me.worker }";
    assert_eq!(arrows::platform_outside_edge(&read(&[("low.rs", harmless)])), [""; 0]);
}

/// A function of so many lines.
fn of_lines(count: usize) -> String {
    format!("fn long() {{\n{}}}\n", "    call();\n".repeat(count - 2))
}

#[test]
fn what_is_over_its_budget_is_found() {
    let long_file = "fn f() {}\n".repeat(401);
    for (text, expected) in [
        (of_lines(61), "src/low.rs:1: low.rs::long has 61 lines of a function, over the budget of 60"),
        (long_file, "src/low.rs:1: low.rs has 401 lines, over the budget of 400"),
        (
            "\nfn wide(a: u8, b: u8, c: u8, d: u8, e: u8, f: u8) {}".into(),
            "src/low.rs:2: low.rs::wide has 6 parameters",
        ),
        ("fn packed((a, b): (u8, u8)) {}".into(), "low.rs::packed has 1 parameters that are tuples"),
        (
            "fn packed(both: (u8, u8), c: &(u8, u8)) {}".into(),
            "low.rs::packed has 2 parameters that are tuples",
        ),
        ("trait T { fn packed(&self, both: (u8, u8)); }".into(), "low.rs::packed has 1"),
        (
            "struct S;\nimpl S {\n    fn packed((a, b): Pair) {}\n}".into(),
            "src/low.rs:3: low.rs::packed has 1",
        ),
        ("fn outer() {\n    fn packed(both: (u8, u8)) {}\n}".into(), "src/low.rs:2: low.rs::packed has 1"),
        ("mod inner {\n    fn packed(both: (u8, u8)) {}\n}".into(), "src/low.rs:2: low.rs::packed has 1"),
    ] {
        let said = wrong_budgets(&text, &[]);
        assert!(said.len() == 1 && said[0].contains(expected), "{expected}: {said:?}");
    }
}

#[test]
fn what_is_within_its_budget_is_let_be() {
    let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", "    fn f(both: (u8, u8)) {}\n".repeat(400));
    for text in [
        of_lines(60),
        "fn f() {}\n".repeat(400),
        tests,
        "struct S;\nimpl S {\n    fn f(&self, a: u8, b: u8, c: u8, d: u8, e: u8) {}\n}".into(),
        "fn f(all: &[(u8, u8)], each: impl Fn((u8, u8)), none: ()) {}".into(),
    ] {
        assert_eq!(wrong_budgets(&text, &[]), [""; 0], "{text}");
    }
}

#[test]
fn the_list_of_exceptions_only_shrinks() {
    let listed = |had| [Exception { place: "low.rs::long", of: Of::Function, had }];
    assert_eq!(wrong_budgets(&of_lines(70), &listed(70)), [""; 0]);
    assert_eq!(wrong_budgets(&of_lines(65), &listed(70)), [""; 0]);
    for (lines, expected) in [(71, "the list only shrinks"), (60, "Take it off the list")] {
        let said = wrong_budgets(&of_lines(lines), &listed(70));
        assert!(said.len() == 1 && said[0].contains(expected), "{expected}: {said:?}");
    }
    let gone = wrong_budgets("", &listed(70));
    assert!(gone.len() == 1 && gone[0].contains("is not there any more"), "{gone:?}");
    let twice = format!("{}mod inner {{\n{}}}\n", of_lines(70), of_lines(3));
    assert!(wrong_budgets(&twice, &listed(70)).concat().contains("cannot tell them apart"));
}

fn scattered(file: &str, text: &str, exceptions: &[defaults::Exception]) -> Vec<String> {
    defaults::wrong(&read(&[(file, text)]), exceptions, "LIST")
}

#[test]
fn a_time_or_a_bound_outside_of_defaults_is_found_wherever_it_stands() {
    for (text, expected) in [
        (
            "fn f() {\n    let a = 1;\n    g(now.plus(units::Millis::new(2_50)));\n}",
            "low.rs::Millis is a length of time",
        ),
        ("fn f() { if const { true } { Millis::from_secs(2); } }", "low.rs::Millis is a length of time"),
        ("const PAUSE: Millis = Millis::from_secs(1);", "low.rs::PAUSE is a length of time"),
        ("pub const DAY: units::Millis = Millis::DAY;", "low.rs::DAY is a length of time"),
        ("const WAIT: (Millis, Millis) = (FLOOR, CEILING);", "low.rs::WAIT is a length of time"),
        ("const SPANS: [Span; 1] = [Span { floor, ceiling }];", "low.rs::SPANS is a length of time"),
        ("const MAX_POOLS: usize = 1_000;", "low.rs::MAX_POOLS is a bound"),
        ("pub(super) const TOKEN_CAP: u32 = 2 * TOKEN;", "low.rs::TOKEN_CAP is a bound"),
        ("impl Low {\n    pub const LONGEST: u64 = 1 << 20;\n}", "low.rs::LONGEST is a bound"),
        ("trait Low {\n    const LEAST: u8 = 1;\n}", "low.rs::LEAST is a bound"),
        ("mod inner {\n    fn f() {\n        const MOST: u8 = 1;\n    }\n}", "low.rs::MOST is a bound"),
    ] {
        let said = scattered("low.rs", text, &[]);
        assert!(said.len() == 1 && said[0].contains(expected), "{text}: {said:?}");
        let line =
            text.lines().position(|line| line.contains("const ") || line.contains("Millis::")).unwrap() + 1;
        assert!(said[0].starts_with(&format!("src/low.rs:{line}: ")), "{said:?}");
        assert!(said[0].contains("Move it into the module of src/defaults"), "{said:?}");
    }
}

#[test]
fn what_is_no_scattered_default_is_let_be() {
    for (file, text) in [
        ("defaults/low.rs", "pub const MAX_POOLS: usize = 1_000;"),
        ("units.rs", "pub const DAY: Millis = Millis::new(86_400_000);"),
        (
            "low.rs",
            "#[cfg(test)]\nconst MAX: usize = 3;\n#[cfg(test)]\nmod tests {\n    const MAX: u8 = 3;\n}",
        ),
        ("low.rs", "impl Low {\n    pub const MAX: usize = crate::defaults::low::MAX;\n}"),
        ("low.rs", "const KEPT_ALL: u64 = KEPT + MOST_OPEN as u64;"),
        ("low.rs", "const LONGEST_S: u64 = INTERVAL.ceiling.as_secs();"),
        ("low.rs", "const ALMOST: u32 = 3;\nconst VERSION: u32 = 1;\nconst MOST: &str = \"most\";"),
        (
            "low.rs",
            "fn f(most: Millis) { let most = Millis::new(1).max(Millis::from_secs(0)).max(Millis::new(most)); }",
        ),
        ("low.rs", "#[cfg(test)]\nmod tests {\n    fn f() { Millis::new(3); }\n}"),
    ] {
        assert_eq!(scattered(file, text, &[]), [""; 0], "{text}");
    }
}

#[test]
fn an_exception_of_defaults_that_is_gone_is_found() {
    let listed = [defaults::Exception { place: "low.rs::MAX", why: "a format has it so" }];
    assert_eq!(scattered("low.rs", "const MAX: u8 = 1;", &listed), [""; 0]);
    for text in ["", "const MAX: u8 = MOST;", "const VERSION: u8 = 1;"] {
        let said = scattered("low.rs", text, &listed);
        assert!(said.len() == 1 && said[0].contains("Take it off the list"), "{text}: {said:?}");
    }
}

#[test]
fn a_word_of_our_own_is_found_whatever_it_names() {
    for text in ["struct Journey;", "fn f() { let gist = 1; }", "mod tests { enum E { Hurry } }"] {
        assert_eq!(words::wrong(&read(&[("low.rs", text)])).len(), 1, "{text}");
    }
    let text = "/// The gist of a journey.\nconst NAME: &str = \"hurry\";\nstruct Hurried;";
    assert_eq!(words::wrong(&read(&[("low.rs", text)])), [""; 0]);
}

#[test]
fn a_comment_that_is_wide_or_long_is_found_in_each_way_to_write_it() {
    let wide = "w".repeat(comments::COLUMNS);
    let fits = "w ".repeat(12);
    for (open, next, close) in [
        ("// ", "// ", ""),
        ("    /// ", "    /// ", ""),
        ("//! ", "//! ", ""),
        ("/** ", " *  ", " */"),
        ("  /**\n   * ", "   * ", "\n   */"),
    ] {
        let said = |first: &str, second: &str| {
            comments::wrong("a.mjs", &format!("code();\n{open}{first}\n{next}{second}{close}\ncode();\n"))
        };
        assert_eq!(said(&fits, &format!("{fits}end.")), [""; 0], "{open}");
        assert_eq!(said(&format!("{fits}end."), &format!("{fits}{fits}end.")), [""; 0], "{open}");
        let long = said(&fits, &format!("{fits}and `a span` more."));
        assert!(long.len() == 1 && long[0].contains("27 words"), "{open}: {long:?}");
        let wide = said("short.", &wide);
        assert!(wide.len() == 1 && wide[0].contains("wrap it at 100"), "{open}: {wide:?}");
    }
}

#[test]
fn what_is_no_sentence_of_a_comment_is_let_be() {
    let (wide, long) = ("w".repeat(comments::COLUMNS), "w ".repeat(30));
    for text in [
        format!("const TEXT = \"{wide}\";"),
        format!("/// ```text\n/// {long}\n/// ```"),
        format!("/// <https://example.com/{wide}>."),
        "*self = Self { most: 0, least: 0, heard: true, maybe: true, latest: now, failed: self.failed, all };"
            .to_owned(),
        format!("/// # Errors\n/// - {0}\n/// - {0}", "w ".repeat(20)),
    ] {
        assert_eq!(comments::wrong("a.rs", &text), [""; 0], "{text}");
    }
}
