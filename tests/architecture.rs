//! The line holds: no module names one below it, no circle can close, and nothing grows past its
//! budget, comments among it.
//!
//! The sources are read as they stand, without the compiler. What is said when something is wrong
//! names the file, the line and the way out. `docs/decisions/0018-module-graph-is-tested.md` says
//! why.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that fails is what a panic is for")]
#![expect(clippy::wildcard_enum_match_arm, reason = "the kinds of items and types may become more")]

use std::path::Path;
use std::sync::LazyLock;

#[path = "architecture/arrows.rs"]
mod arrows;
#[path = "architecture/bites.rs"]
mod bites;
#[path = "architecture/budgets.rs"]
mod budgets;
#[path = "architecture/comments.rs"]
mod comments;
#[path = "architecture/defaults.rs"]
mod defaults;
#[path = "architecture/exceptions.rs"]
mod exceptions;
#[path = "architecture/sources.rs"]
mod sources;
#[path = "architecture/words.rs"]
mod words;

use arrows::Row;
use exceptions::EXCEPTIONS;
use sources::Source;

/// The modules in the order of the line, and what each may import.
const LINE: &[Row] = &[
    ("json", &[]),
    ("mac", &[]),
    ("units", &["json"]),
    ("defaults", &["units"]),
    ("path", &["defaults"]),
    ("config", &["defaults", "json", "units", "path"]),
    ("limits", &["defaults", "units", "config"]),
    ("exchange", &["defaults", "units", "config"]),
    ("secret", &["config"]),
    ("access", &["defaults", "json", "mac", "secret", "units", "path", "config", "exchange"]),
    ("sample", &["defaults", "units"]),
    ("schedule", &["defaults", "units", "config", "limits"]),
    ("probe", &["defaults", "units", "path", "config", "exchange", "secret", "sample"]),
    ("history", &["defaults", "json", "units", "config", "sample"]),
    ("compare", &["defaults", "json", "units", "config", "sample", "history"]),
    ("purge", &["defaults", "json", "units", "path", "config", "exchange", "secret"]),
    ("change", &["defaults", "json", "units", "config", "purge", "sample", "history", "compare"]),
    ("vote", &["units", "config", "sample", "history"]),
    ("verdict", &["defaults", "units", "config", "vote"]),
    ("heartbeat", &["defaults", "mac", "secret", "units", "config", "verdict"]),
    ("signal", &["units", "verdict"]),
    ("writes", &["defaults", "json", "units", "config", "purge", "change"]),
    ("traffic", &["defaults", "units", "config"]),
    (
        "snapshot",
        &[
            "defaults", "json", "purge", "writes", "units", "config", "sample", "history", "vote", "verdict",
            "traffic",
        ],
    ),
    ("availability", &["defaults", "json", "units", "history", "verdict", "snapshot"]),
    ("incident", &["defaults", "json", "writes", "units", "history", "verdict"]),
    ("calls", &["units", "history", "change", "snapshot", "incident"]),
    ("reader", &["defaults", "units", "config", "limits", "snapshot"]),
    ("follow", &["defaults", "units", "limits", "verdict", "snapshot", "reader"]),
    ("answer", &["json"]),
    (
        "proxy",
        &[
            "defaults", "json", "units", "path", "config", "verdict", "signal", "traffic", "snapshot",
            "answer",
        ],
    ),
    (
        "serve",
        &[
            "defaults",
            "json",
            "secret",
            "access",
            "units",
            "path",
            "config",
            "sample",
            "history",
            "compare",
            "purge",
            "change",
            "vote",
            "verdict",
            "heartbeat",
            "writes",
            "traffic",
            "snapshot",
            "incident",
            "reader",
            "follow",
            "answer",
            "proxy",
        ],
    ),
    ("notify", &["defaults", "json", "mac", "secret", "units", "config", "exchange", "verdict"]),
    ("vantage", &["defaults", "json", "units", "config", "sample", "schedule", "probe", "history", "vote"]),
    (
        "arbiter",
        &[
            "defaults",
            "json",
            "units",
            "config",
            "limits",
            "sample",
            "schedule",
            "history",
            "compare",
            "purge",
            "change",
            "vote",
            "verdict",
            "heartbeat",
            "signal",
            "writes",
            "traffic",
            "snapshot",
            "availability",
            "incident",
            "notify",
        ],
    ),
    (
        "budget",
        &["defaults", "units", "config", "limits", "schedule", "history", "compare", "change", "verdict"],
    ),
    (
        "edge",
        &[
            "defaults",
            "json",
            "mac",
            "secret",
            "access",
            "units",
            "config",
            "limits",
            "exchange",
            "sample",
            "schedule",
            "probe",
            "history",
            "purge",
            "change",
            "vote",
            "heartbeat",
            "writes",
            "traffic",
            "snapshot",
            "availability",
            "incident",
            "calls",
            "reader",
            "follow",
            "answer",
            "proxy",
            "serve",
            "notify",
            "vantage",
            "arbiter",
        ],
    ),
    ("command_line", &[]),
];

/// The files of `edge`, and what each may import. The first file of the module itself ties them
/// together, below all of them.
const EDGE: &[Row] = &[
    ("caught", &[]),
    ("bound", &[]),
    ("call", &["caught"]),
    ("line", &["caught"]),
    ("clock", &[]),
    ("log", &[]),
    ("deployed", &[]),
    ("trap", &[]),
    ("respond", &["clock"]),
    ("ring", &["caught"]),
    ("rows", &["caught", "log", "trap"]),
    ("past", &["clock", "respond", "rows"]),
    ("counts", &["respond"]),
    ("layers", &["caught", "bound", "line", "clock", "counts", "deployed", "trap", "respond"]),
    ("send", &["caught", "bound", "clock"]),
    ("assertion", &["caught", "clock", "log", "send"]),
    ("doors", &["assertion", "caught", "bound", "clock", "log", "deployed", "layers"]),
    ("connect", &["caught", "clock", "send"]),
    ("heartbeat", &["bound", "clock", "log", "deployed", "layers"]),
    ("notify", &["bound", "clock", "send"]),
    ("cdn", &["bound", "send"]),
    ("recorded", &["caught", "bound", "call", "clock", "log", "deployed", "respond", "layers"]),
    (
        "reader",
        &["caught", "bound", "call", "clock", "log", "deployed", "trap", "respond", "layers", "recorded"],
    ),
    ("vantages", &["bound", "clock", "log", "respond", "layers"]),
    ("follow", &["caught", "call", "line", "clock", "log", "deployed", "respond", "layers", "reader"]),
    ("proxy", &["caught", "call", "clock", "counts", "log", "deployed", "trap", "layers", "reader"]),
    ("vantage_object", &["clock", "log", "deployed", "trap", "respond", "ring", "layers", "send", "connect"]),
    (
        "arbiter_object",
        &[
            "caught", "bound", "cdn", "line", "clock", "counts", "log", "deployed", "trap", "respond",
            "rows", "layers", "notify", "past", "vantages",
        ],
    ),
    ("edge", &[]),
];

const TABLE: &str = "tests/architecture.rs";

/// What ships, read once.
static SOURCES: LazyLock<Vec<Source>> =
    LazyLock::new(|| sources::shipped(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")));

fn none(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn modules_import_only_what_stands_above_them() {
    none(&arrows::wrong(&arrows::between_modules(&SOURCES), LINE, TABLE));
    none(&arrows::without_row(&SOURCES, LINE, TABLE));
}

#[test]
fn files_of_the_edge_import_only_what_stands_above_them() {
    none(&arrows::wrong(&arrows::inside(&SOURCES, "edge"), EDGE, TABLE));
}

#[test]
fn the_root_declares_the_modules_in_the_order_of_the_line() {
    let declared = arrows::declared(&SOURCES);
    let line: Vec<&str> = LINE.iter().map(|(module, _)| *module).collect();
    assert_eq!(declared, line, "src/lib.rs declares the modules in another order than LINE in {TABLE}");
}

#[test]
fn only_the_edge_names_the_platform() {
    none(&arrows::platform_outside_edge(&SOURCES));
}

#[test]
fn no_identifier_is_a_word_of_our_own() {
    none(&words::wrong(&SOURCES));
}

#[test]
fn files_functions_and_parameters_keep_to_their_budgets() {
    none(&budgets::wrong(&SOURCES, EXCEPTIONS, "tests/architecture/exceptions.rs"));
}

#[test]
fn lengths_of_time_and_bounds_stand_in_defaults() {
    none(&defaults::wrong(&SOURCES, defaults::EXCEPTIONS, "tests/architecture/defaults.rs"));
}

#[test]
fn comments_are_wrapped_and_their_sentences_short() {
    let files = comments::files(Path::new(env!("CARGO_MANIFEST_DIR")));
    for kind in ["src/lib.rs", "entry.mjs", "scripts/test.mjs", "tests/runtime/lib.mjs", "types/worker.d.ts"]
    {
        assert!(files.iter().any(|(file, _)| file == kind), "{kind} is not read");
    }
    none(&files.iter().flat_map(|(file, text)| comments::wrong(file, text)).collect::<Vec<_>>());
}
