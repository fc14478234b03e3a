//! `docs/dialects.md` says what the code does.

use vedette::config::Dialect;
use vedette::config::{DATABASE_COUNTS, DATABASE_METRICS};
use vedette::probe::{CACHE_FIELDS, TIMING_HEADERS, words};
use vedette::sample::CacheClass;

use crate::class;

const PAGE: &str = include_str!("../../docs/dialects.md");

/// The rows of the page's tables whose first heading is this, cell by cell.
fn rows(heading: &str) -> Vec<Vec<&'static str>> {
    let cells = |line: &'static str| line.trim_matches('|').split('|').map(str::trim).collect::<Vec<_>>();
    let lines = PAGE.lines().skip_while(|line| !line.starts_with(&format!("| {heading} |")));
    lines.skip(2).take_while(|line| line.starts_with('|')).map(cells).collect()
}

/// What stands in backticks.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

#[test]
fn the_page_has_every_field_and_no_other() {
    let listed: Vec<String> =
        rows("field").iter().map(|row| quoted(row[0])[0].to_ascii_lowercase()).collect();
    assert_eq!(listed, CACHE_FIELDS);
}

#[test]
fn the_words_of_the_page_mean_what_it_says() {
    use CacheClass::{CounterProof, EdgeOnly, OriginProven};
    let mut seen = 0;
    for (row, wanted) in rows("says").iter().zip([CounterProof, EdgeOnly, OriginProven, OriginProven]) {
        for text in quoted(row[1].split("The origin answered").next().unwrap()) {
            // A word of `X-Cache` with any beginning and end; what else stands there has examples
            // above.
            let word = text.replace('…', "X");
            let plain = !word.starts_with(|c: char| c.is_ascii_digit())
                && word.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'/'));
            if plain
                && !["STALE", "hit", "fwd", "stale-if-error", "ttl", "CF-Cache-Status", "Cache-Status"]
                    .contains(&text)
            {
                assert_eq!(class(&[&format!("X-Cache: {word}")]), wanted, "{text}");
                seen += 1;
            }
        }
    }
    assert!(seen > 30, "{seen} words");
    assert_eq!(class(&["X-Cache: STALE"]), EdgeOnly);
    assert_eq!(class(&["CF-Cache-Status: STALE"]), CounterProof);
}

#[test]
fn the_page_has_every_form_of_health_documents_with_its_words() {
    let rows = rows("name");
    let listed: Vec<&str> = rows.iter().map(|row| quoted(row[0])[0]).collect();
    assert_eq!(listed, Dialect::ALL.map(Dialect::as_str));
    for (row, dialect) in rows.iter().zip(Dialect::ALL) {
        let truths = matches!(dialect, Dialect::Flag | Dialect::Watchman | Dialect::Flags);
        if !truths {
            let shown = words(dialect).map(|words| words.join(", "));
            assert_eq!(row[2..5], shown, "{}", dialect.as_str());
        }
    }
}

#[test]
fn the_page_has_every_metric_and_every_field_of_timings() {
    let page = PAGE.to_ascii_lowercase();
    for name in DATABASE_METRICS.iter().chain(&DATABASE_COUNTS).chain(&TIMING_HEADERS) {
        assert!(page.contains(&format!("`{}`", name.to_ascii_lowercase())), "{name}");
    }
}
