//! Text → TOML tree; what is not TOML is reported with its line and column. Nothing is repeated
//! from the text but the name of a key, as a broken line may hold anything.

use toml::de::{DeTable, Error};

use super::problem::quoted;
use super::raw::Report;
use crate::defaults::config::syntax::MAX_RECOVERED;

/// What the parser calls a key that is written twice.
const DUPLICATE: &str = "duplicate key";

/// The tree of a text; nothing if the text is so broken that its settings cannot be told.
pub(super) fn tree<'a>(text: &'a str, report: &Report<'_>) -> Option<DeTable<'a>> {
    let first = match DeTable::parse(text) {
        Ok(tree) => return Some(tree.into_inner()),
        Err(first) => first,
    };
    if text.len() > MAX_RECOVERED {
        refuse(&first, report);
        return None;
    }
    let (tree, mut errors) = DeTable::parse_recoverable(text);
    // A key without an end makes noise on the same line: the first error of a line is the one to
    // mend.
    errors.sort_by_key(|error| error.span().map_or(0, |span| span.start));
    errors.dedup_by_key(|error| error.span().map(|span| report.line(span.start)));
    for error in &errors {
        refuse(error, report);
    }
    // Beside a key that is written twice the rest of the tree is sound, and its problems are worth
    // reporting, too.
    errors.iter().all(|error| error.message() == DUPLICATE).then(|| tree.into_inner())
}

fn refuse(error: &Error, report: &Report<'_>) {
    let said = error.message();
    let Some(span) = error.span() else {
        let message = match said {
            "recursion limit" => {
                "has a key of more than 80 parts; write none longer than pool.origin.probe.headers".to_owned()
            }
            other => format!("is not valid TOML: {other}"),
        };
        report.refuse("", None, message);
        return;
    };
    if said == DUPLICATE {
        let key = quoted(report.slice(&span));
        report.refuse("", Some(span.start), format!("{key} is written twice in one table; keep one of them"));
        return;
    }
    let column = report.column(span.start);
    let message = match report.character(span.start).filter(|c| is_invisible(*c)) {
        Some(invisible) => {
            let (shown, code) = (invisible.escape_debug(), u32::from(invisible));
            format!(
                "has the invisible character {shown} at column {column}; leave it out, or write it as \
                 \\u{code:04x} in text in double quotes"
            )
        }
        None => format!("is not valid TOML at column {column}: {said}{}", way_out(said)),
    };
    report.refuse("", Some(span.start), message);
}

/// Whether nobody can see what is wrong: control characters, and what comes with text copied from a
/// page. That is spaces that do not break or have no width, and marks of direction and of byte
/// order.
fn is_invisible(c: char) -> bool {
    let copied =
        ['\u{a0}', '\u{ad}', '\u{2060}', '\u{feff}'].contains(&c) || ('\u{200b}'..='\u{202f}').contains(&c);
    copied || c.is_control() && !c.is_ascii_whitespace()
}

/// What to write instead, for the slips that are made most.
fn way_out(said: &str) -> &'static str {
    const KNOWN: [(&str, &str); 14] = [
        ("must be quoted", "; write text in quotes, as \"10s\""),
        ("invalid boolean", "; write true or false, or text in quotes"),
        ("key with no value", "; write key = value"),
        ("invalid unquoted key", "; write a key of a-z, 0-9, \"_\" and \"-\", or in quotes"),
        ("unclosed", "; close what was opened"),
        ("basic string", "; end the text with a quote on the same line, and write \\\\ for \\"),
        ("recurse", "; nest at most 80 deep"),
        ("key-value pair", "; write key = value"),
        ("escaped value", "; write \\\\ for \\, or text in single quotes"),
        ("unexpected key or value", "; write one key = value on a line"),
        ("expected `,`", "; write a comma between two entries"),
        ("extend value", "; write every key between the braces, or every key with its dots"),
        ("leading zero", "; leave the zero out"),
        ("invalid float", "; write a number, or text in quotes"),
    ];
    KNOWN.iter().find(|(word, _)| said.contains(word)).map_or("; see https://toml.io", |(_, way)| way)
}
