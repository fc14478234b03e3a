//! What the documents show is true: every whole configuration in them is one that is accepted.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use vedette::budget::{self, BASE_CENTS, Budget, Changing, Counts, Line, Price, Resource};
use vedette::change::{Bounds, Draft};
use vedette::config::{Config, Plan};
use vedette::history::BUCKET;
use vedette::units::Millis;
use vedette::{follow, limits};

/// The TOML examples of a document.
fn examples(text: &str) -> Vec<String> {
    let blocks = text.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks.map(str::to_owned).collect()
}

fn documents() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let files = folder.chain([root.join("README.md")]);
    files
        .filter(|file| file.extension().is_some_and(|kind| kind == "md"))
        .map(|file| (file.display().to_string(), fs::read_to_string(&file).unwrap()))
        .collect()
}

#[test]
fn every_example_configuration_is_good() {
    let mut seen = 0;
    for (name, text) in documents() {
        for example in examples(&text) {
            // A part of a file stands in for what a pool needs around it.
            let whole = if example.contains("url =") {
                example.clone()
            } else {
                format!(
                    "{example}\n[[pool]]\nname = \"a-pool\"\n[[pool.origin]]\nname = \"a\"\nurl = \"https://a.example\"\n"
                )
            };
            if let Err(problems) = Config::parse(&whole) {
                panic!("{name}:\n{example}\n{problems}");
            }
            seen += 1;
        }
    }
    assert!(seen >= 2, "{seen} examples");
}

#[test]
fn every_link_between_documents_leads_somewhere() {
    for (name, text) in documents() {
        let folder = Path::new(&name).parent().unwrap().to_owned();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let target = link.split('#').next().unwrap();
            if target.is_empty() || target.contains("://") {
                continue;
            }
            assert!(folder.join(target).exists(), "{name} links to {link}");
        }
    }
}

/// A path of the architecture page, as it may be written there: whole, or with the folder of the
/// one before it.
fn resolved(named: &str, before: Option<&Path>) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let beside =
        before.map(|before| if before.is_dir() { before.join(named) } else { before.with_file_name(named) });
    [Some(root.join(named)), beside].into_iter().flatten().find(|path| path.exists())
}

#[test]
fn every_file_that_the_architecture_page_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("docs/architecture.md")).unwrap();
    let (_, table) = text.split_once("## Where to find things").unwrap();
    let rows: Vec<&str> = table.lines().filter(|line| line.starts_with("| ")).skip(2).collect();
    assert!(rows.len() >= 20, "{} rows", rows.len());
    for row in rows {
        let (_, answer) = row.trim_start_matches("| ").split_once(" | ").unwrap();
        let mut before = None;
        for named in answer.split('`').skip(1).step_by(2) {
            // A function or a crate stands beside the file that it is in.
            if !named.contains('.') && !named.contains('/') || named.contains("::") {
                continue;
            }
            let found = resolved(named, before.as_deref());
            assert!(found.is_some(), "docs/architecture.md names {named}, which is not there: {row}");
            before = found;
        }
        assert!(before.is_some() || answer.contains("]("), "docs/architecture.md says no place: {row}");
    }
}

/// The most columns of a line of text.
const COLUMNS: usize = 100;

/// The lines of a document that are wider than they may be, by number. Tables and code cannot be
/// wrapped, nor a line that is one link.
fn wide(text: &str) -> Vec<usize> {
    let mut code = false;
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let fence = line.trim_start().starts_with("```");
        code ^= fence;
        let whole = line.starts_with('|') || line.starts_with("![") || !line.trim().contains(' ');
        if !code && !fence && !whole && line.chars().count() > COLUMNS {
            found.push(index + 1);
        }
    }
    found
}

#[test]
fn what_is_read_first_is_short() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for name in ["README.md", "docs/architecture.md"] {
        let text = fs::read_to_string(root.join(name)).unwrap();
        let lines = text.lines().count();
        assert!(
            lines <= 200,
            "{name} has {lines} lines: move what has a subject of its own to a page of its own"
        );
        let wide = wide(&text);
        assert!(wide.is_empty(), "{name}: wrap the lines {wide:?} at {COLUMNS} columns");
    }
}

#[test]
fn a_line_of_text_that_is_too_wide_is_found() {
    let [fits, over] = [COLUMNS, COLUMNS + 2].map(|columns| "w ".repeat(columns / 2));
    assert_eq!(wide(&format!("# Title\n\n{fits}\n{over}\n\n- {fits}\n")), [4, 6]);
    let link = format!("[a](https://example.com/{})", "w".repeat(COLUMNS));
    assert_eq!(wide(&format!("```sh\n{over}\n```\n\n| {over} |\n\n{link}\n")), [0; 0]);
    assert_eq!(wide(&format!("```sh\n{fits}\n```\n{over}\n")), [4]);
}

/// Pools of two origins each.
fn pairs(head: &str, origins: usize) -> Config {
    let mut text = head.to_owned();
    for n in 0..origins {
        if n % 2 == 0 {
            text += &format!("[[pool]]\nname = \"p{n}\"\n");
        }
        text += &format!("[[pool.origin]]\nname = \"o{n}\"\nurl = \"https://o{n}.example\"\n");
    }
    Config::parse(&text).unwrap()
}

const THREE: &str = "vantages = [\"weur\", \"enam\", \"apac\"]\n";

/// The rows of a configuration's days, as the page has them.
fn days(budget: &Budget) -> String {
    let limited = budget.plan == Plan::Free;
    let head = if limited {
        "| a day | normal | worst | limit |\n| --- | --- | --- | --- |"
    } else {
        "| a day | normal | worst |\n| --- | --- | --- |"
    };
    let row = |line: &Line| {
        let limit = line.limit.map_or_else(|| "none".to_owned(), |limit| limit.to_string());
        let limit = if limited { format!(" {limit} |") } else { String::new() };
        format!("\n| {} | {} | {} |{limit}", line.resource.as_str(), line.normal, line.worst)
    };
    budget.lines.iter().map(row).fold(head.to_owned(), |table, row| table + &row)
}

fn dollars(hundredths: u64) -> String {
    let cents = hundredths.div_ceil(100);
    format!("${}.{:02}", cents / 100, cents % 100)
}

#[test]
fn the_limits_that_are_stated_are_those_of_the_code() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/limits.md")).unwrap();
    for resource in Resource::ALL {
        let limit = resource.a_day().map_or_else(|| "not by the day".to_owned(), |limit| limit.to_string());
        let Price { included, cents_a_million } = resource.price();
        let price = dollars(cents_a_million * 100);
        let row = format!("| {} | {limit} | {included} | {price} |", resource.as_str());
        assert!(page.contains(&row), "docs/limits.md lacks\n{row}");
    }
}

#[test]
fn what_followers_add_is_what_is_stated() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let [limits, signal] =
        ["docs/limits.md", "docs/signal.md"].map(|file| fs::read_to_string(root.join(file)).unwrap());
    let (free, paid) = (limits::copy_age(Plan::Free, false), limits::copy_age(Plan::Paid, false));
    assert!(follow::has_lines(paid) && !follow::has_lines(free));
    let day = Millis::from_secs(86_400);
    let a_day = |length: Millis| day.get() / length.get();
    let wait = |seconds| (Millis::from_secs(seconds), Millis::from_secs(seconds));
    let streams = (follow::stream_length(free), follow::stream_length(paid));
    for (what, (free, paid)) in [("`wait=30s`", wait(30)), ("`wait=60s`", wait(60)), ("a stream", streams)] {
        let requests = a_day(paid);
        // Its last moment is none for a sign of life.
        let beats = requests * ((paid.get() - 1) / follow::KEEP_ALIVE.get());
        let objects = requests + beats.div_ceil(20);
        let cents = |resource: Resource, count| count * 30 * resource.price().cents_a_million;
        let millionths = cents(Resource::Requests, requests) + cents(Resource::ObjectRequests, objects);
        let price = dollars(millionths.div_ceil(10_000));
        let row = format!("| {what} | {} | {requests} | {objects} | {price} |", a_day(free));
        assert!(limits.contains(&row), "docs/limits.md lacks\n{row}");
    }
    for stated in [
        format!("from {} to {}", follow::WAIT.0.as_secs(), follow::WAIT.1.as_secs()),
        format!("serves {} followers ({} on the free plan)", follow::most(paid), follow::most(free)),
        format!(
            "ends after {} minutes ({} minute on the free plan)",
            streams.1.as_secs() / 60,
            streams.0.as_secs() / 60
        ),
        "the Arbiter 1,000".to_owned(),
    ] {
        // A sentence goes on in the next line where the line is full.
        let signal = signal.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(signal.contains(&stated), "docs/signal.md lacks: {stated}");
    }
    assert_eq!(follow::LINES, 1_000);
}

#[test]
fn what_a_change_adds_is_what_is_stated() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/limits.md")).unwrap();
    let config = pairs(&format!("[defaults]\ninterval = \"30s\"\n{THREE}"), 10);
    let of = |origins: usize, vantages: u64| {
        let origins: Vec<String> =
            config.origins().take(origins).map(|origin| origin.id.to_string()).collect();
        let text = format!(
            r#"{{"title": "an index", "owner": "Ada", "rollback": "drop it", "origins": {origins:?}}}"#
        );
        let plan = serde_json::from_str::<Draft>(&text).unwrap().plan(&config).unwrap();
        let changing = Changing::of(&config, &plan);
        assert_eq!(changing.steps, 1);
        Changing { pairs: changing.pairs * vantages / 3, ..changing }
    };
    for (what, origins) in [("one origin", 1), ("ten origins", 10)] {
        let mut counts = Counts::default();
        of(origins, 3).count(&mut counts);
        let [rows, objects, requests] = [Resource::RowsWritten, Resource::ObjectRequests, Resource::Requests]
            .map(|resource| counts.uses(resource));
        let row = format!("| {what} | {rows} | {objects} | {requests} |");
        assert!(page.contains(&row), "docs/limits.md lacks\n{row}");
    }
    let measured = |vantages| {
        let mut counts = Counts::default();
        of(1, vantages).measured(&mut counts);
        counts.uses(Resource::RowsWritten)
    };
    let rollups = 3 * Bounds::USUAL.get() / BUCKET.get();
    assert_eq!(BUCKET.get() * measured(1), 65 * 60_000, "an hour and five minutes");
    let page = page.split_whitespace().collect::<Vec<_>>().join(" ");
    for stated in [
        format!("one origin adds {} rows", measured(3)),
        format!("of which there are {rollups} meanwhile"),
        format!("With one vantage it adds {} rows", measured(1)),
    ] {
        assert!(page.contains(&stated), "docs/limits.md lacks: {stated}");
    }
}

#[test]
fn the_bills_that_are_shown_are_those_that_check_makes_out() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/limits.md")).unwrap();
    let free = budget::of(&pairs(&format!("[defaults]\ninterval = \"30s\"\n{THREE}"), 10), Plan::Free);
    let full = budget::of(&pairs(&format!("[defaults]\ninterval = \"30s\"\n{THREE}"), 60), Plan::Free);
    let paid = format!("plan = \"paid\"\n[defaults]\ninterval = \"10s\"\n{THREE}");
    let paid = budget::of(&pairs(&paid, 1_000), Plan::Paid);
    let fast = format!("Each shard may send {} fast probes a day.", free.fast_probes.unwrap());
    let mut bill = vec![("total", paid.monthly()), ("base price", (BASE_CENTS * 100, BASE_CENTS * 100))];
    let charged = paid.lines.iter().filter(|line| line.price() > (0, 0));
    bill.extend(charged.map(|line| (line.resource.as_str(), line.price())));
    let bill = bill
        .iter()
        .map(|(what, (normal, worst))| format!("| {what} | {} | {} |", dollars(*normal), dollars(*worst)));
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let about = format!("cost some ${} a month", (paid.monthly().0 + 5_000) / 10_000);
    assert!(readme.contains(&about), "README.md lacks: {about}");
    for part in [days(&free), fast, days(&full), days(&paid), bill.collect::<Vec<_>>().join("\n")] {
        assert!(page.contains(&part), "docs/limits.md lacks\n{part}\n");
    }
}

/// The source files of a folder and of its folders.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let nested = |path: PathBuf| if path.is_dir() { sources(&path) } else { vec![path] };
    entries.flat_map(nested).collect()
}

/// The text of the next string literal.
fn literal(text: &str) -> Option<&str> {
    text.trim_start().strip_prefix('"')?.split('"').next()
}

/// The events that a source file logs, as `(name, level)`.
fn logged(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for level in ["error", "warn", "info", "debug"] {
        for call in text.split(&format!("log::{level}(")).skip(1) {
            let Some(name) = literal(call) else { unreachable!("log::{level} without a literal name") };
            found.push((name.to_owned(), level.to_owned()));
        }
    }
    // The entry in JavaScript logs by itself: it must be able to when the instance has crashed.
    for call in text.split("{ level: ").skip(1) {
        let name = call.split("event: ").nth(1).and_then(literal).unwrap();
        found.push((name.to_owned(), literal(call).unwrap().to_owned()));
    }
    found
}

#[test]
fn the_log_events_that_are_listed_are_those_of_the_code() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let scripts = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path());
    let scripts = scripts.filter(|path| path.extension().is_some_and(|end| end == "mjs"));
    let files = sources(&root.join("src/edge")).into_iter().chain(scripts).chain([root.join("src/edge.rs")]);
    let code: BTreeSet<_> = files.flat_map(|file| logged(&fs::read_to_string(file).unwrap())).collect();
    let page = fs::read_to_string(root.join("docs/operations.md")).unwrap();
    let table = page.split("| event | level |").nth(1).unwrap().split("\n\n").next().unwrap();
    let row = |line: &str| {
        let mut cells = line.split('|').map(str::trim).skip(1);
        let name = cells.next()?.strip_prefix('`')?.strip_suffix('`')?;
        Some((name.to_owned(), cells.next()?.to_owned()))
    };
    let listed: BTreeSet<_> = table.lines().filter_map(row).collect();
    let unlisted: Vec<_> = code.difference(&listed).collect();
    let unknown: Vec<_> = listed.difference(&code).collect();
    assert!(unlisted.is_empty(), "docs/operations.md lacks the events {unlisted:?}");
    assert!(unknown.is_empty(), "docs/operations.md lists events that nothing logs: {unknown:?}");
    assert!(code.len() > 20, "{code:?}");
}

/// The checklist of `SECURITY.md` names tests; each is there under its name.
#[test]
fn each_line_of_the_checklist_is_held_by_a_test_that_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("SECURITY.md")).unwrap();
    let list = text.split("## The checklist").nth(1).unwrap().split("\n## ").next().unwrap();
    let rows = list.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| ---"));
    let rows: Vec<&str> = rows.skip(1).collect();
    assert!(rows.len() > 20, "{} lines", rows.len());
    for row in rows {
        let held = row.rsplit("| `").next().unwrap();
        let (file, names) = held.split_once("`: ").unwrap_or_else(|| panic!("no test: {row}"));
        let source = fs::read_to_string(root.join(file)).unwrap_or_else(|_| panic!("no file {file}: {row}"));
        let names: Vec<&str> = names.split('*').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "no test: {row}");
        for name in names {
            let here = source.contains(&format!("fn {name}()")) || source.contains(&format!("\"{name}\""));
            assert!(here, "{file} has no test of the name {name}");
        }
    }
}
