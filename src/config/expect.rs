//! What the answer to a probe must be.

use std::collections::BTreeMap;

use super::document::document;
use super::pattern::pattern;
use super::problem::quoted;
use super::raw::{Field, Table};
use super::request::{MAX_ENTRIES, ProbeSlots, header_names, is_bound, is_header_name};
use super::rule::{Wanted, wanted};
use super::slot::{Level, Scope, Slot, Slots, Written, every};
use super::value::{Given, duration};
use super::{
    Document, Expect, MAX_TIMING, MAX_TIMINGS, Method, Pattern, StatusRange, is_metric, is_of_database,
};
use crate::defaults::config::expect::{DB_TIME, LATENCY, MAX_DB_CALLS, MAX_TEXT};
use crate::units::Millis;

/// The keys of `expect`.
pub(super) const KEYS: [&str; 14] = [
    "status",
    "body_is",
    "body_contains",
    "body_not_contains",
    "body_matches",
    "json",
    "headers",
    "document",
    "max_latency",
    "max_db_calls",
    "max_db_time",
    "db_metric",
    "db_calls_header",
    "timings",
];

/// Accepted if nothing is written.
const DEFAULT_STATUS: StatusRange = StatusRange { first: 200, last: 299 };

/// The expectations at the nearest level of each.
#[derive(Clone, Default)]
pub(super) struct ExpectSlots {
    status: Slot<Vec<StatusRange>>,
    body_is: Slot<String>,
    body_contains: Slot<String>,
    body_not_contains: Slot<String>,
    body_matches: Slot<Pattern>,
    json: Slots<Wanted>,
    headers: Slots<String>,
    document: Slot<Document>,
    latency: Slot<Latency>,
    max_db_calls: Slot<u32>,
    max_db_time: Slot<Millis>,
    db_metric: Slot<String>,
    db_calls_header: Slot<String>,
    timings: Slot<Vec<String>>,
}

/// The longest that an answer may take.
#[derive(Clone, Copy, Default)]
struct Latency {
    warn: Option<Millis>,
    fail: Option<Millis>,
}

impl ExpectSlots {
    /// Takes over what `table` says.
    pub(super) fn overlay(&mut self, table: &Table<'_>, level: Level) {
        table.only(&KEYS);
        self.status.overlay(table.get("status"), level, statuses);
        self.body_is.overlay(table.get("body_is"), level, search_text);
        self.body_contains.overlay(table.get("body_contains"), level, search_text);
        self.body_not_contains.overlay(table.get("body_not_contains"), level, search_text);
        self.body_matches.overlay(table.get("body_matches"), level, pattern);
        self.document.overlay(table.get("document"), level, document);
        self.latency.overlay(table.get("max_latency"), level, latency);
        self.db_metric.overlay(table.get("db_metric"), level, metric);
        self.db_calls_header.overlay(table.get("db_calls_header"), level, header_name);
        self.timings.overlay(table.get("timings"), level, timings);
        let calls = 0..MAX_DB_CALLS.saturating_add(1);
        self.max_db_calls.overlay(table.get("max_db_calls"), level, |field| field.whole(&calls));
        self.max_db_time.overlay(table.get("max_db_time"), level, |field| duration(field, DB_TIME));
        if let Some(json) = table.get("json").and_then(|field| field.table()).filter(is_bound) {
            for (pointer, field) in json.entries() {
                let value = if is_pointer(pointer, &field) { wanted(&field) } else { None };
                self.json.insert(pointer.to_owned(), Slot::written(value, level, &field));
            }
        }
        if let Some(headers) = table.get("headers").and_then(|field| field.table()) {
            for (name, field) in header_names(&headers) {
                let text = search_text(&field);
                self.headers.insert(name, Slot::written(text, level, &field));
            }
        }
    }

    /// The expectations, if all of them could be read.
    pub(super) fn whole(&self) -> Option<Expect> {
        let latency = self.latency.or(Latency::default())?;
        let mut expect = Expect {
            status: self.status.or(vec![DEFAULT_STATUS])?,
            body_is: self.body_is.optional().ok()?,
            body_contains: self.body_contains.optional().ok()?,
            body_not_contains: self.body_not_contains.optional().ok()?,
            body_matches: self.body_matches.optional().ok()?,
            json: BTreeMap::new(),
            json_rules: BTreeMap::new(),
            json_parts: BTreeMap::new(),
            headers: every(&self.headers)?,
            document: self.document.or(Document::Auto)?,
            max_latency: latency.warn,
            fail_latency: latency.fail,
            max_db_calls: self.max_db_calls.optional().ok()?,
            max_db_time: self.max_db_time.optional().ok()?,
            db_metric: self.db_metric.optional().ok()?,
            db_calls_header: self.db_calls_header.optional().ok()?,
            timings: self.timings.or(Vec::new())?,
        };
        for (pointer, wanted) in &every(&self.json)? {
            match wanted.clone() {
                Wanted::Is(value) => drop(expect.json.insert(pointer.clone(), value)),
                Wanted::Rule(rule) => drop(expect.json_rules.insert(pointer.clone(), rule)),
                Wanted::Parts(parts) => drop(expect.json_parts.insert(pointer.clone(), parts)),
            }
        }
        Some(expect)
    }

    /// Refuses expectations on the body of an answer that has none.
    pub(super) fn check_body(&self, scope: &Scope<'_>, probe: &ProbeSlots) {
        if probe.method.known() != Some(&Method::Head) {
            return;
        }
        let method = probe.method.written_as("probe.method");
        let message = "an answer to HEAD has no body that could be held to this; write method = \"GET\", or \
            leave out what is expected of the body";
        let named = self.document.known().is_some_and(|document| matches!(document, Document::Only(_)));
        let bodies = [
            self.body_is.written_as("expect.body_is"),
            self.body_contains.written_as("expect.body_contains"),
            self.body_not_contains.written_as("expect.body_not_contains"),
            self.body_matches.written_as("expect.body_matches"),
        ];
        let document = Some(self.document.written_as("expect.document")).filter(|_| named);
        let pointers = self.json.values().map(|slot| slot.written_as("expect.json"));
        for body in bodies.into_iter().chain(document).chain(pointers).filter(|body| body.place.is_some()) {
            scope.refuse_pair(body, method, message);
        }
    }

    /// Refuses to keep twice what tells of the database.
    pub(super) fn check_timings(&self, scope: &Scope<'_>) {
        let metric = self.db_metric.known().map(String::as_str);
        let of_database = |name: &&String| is_of_database(metric, name);
        for name in self.timings.known().into_iter().flatten().filter(of_database) {
            let message = format!(
                "{} of timings tells of the database, whose time and calls are kept by themselves; take it out of \
                 timings, and expect “database time” of a change",
                quoted(name)
            );
            let [timings, metric] =
                [self.timings.written_as("expect.timings"), self.db_metric.written_as("expect.db_metric")];
            scope.refuse_pair(timings, metric, &message);
        }
    }

    /// Refuses a `max_latency` over the timeout.
    pub(super) fn check_latency(&self, scope: &Scope<'_>, limit: Option<Millis>, timeout: Written<'_>) {
        let (Some(latency), Some(limit)) = (self.latency.known(), limit) else { return };
        for latency in [latency.warn, latency.fail].into_iter().flatten().filter(|latency| *latency > limit) {
            let message = format!(
                "a max_latency of {latency} is over the timeout of {limit}, so it never acts; write \
                 max_latency = \"{limit}\" or less, or timeout = \"{latency}\" or more"
            );
            scope.refuse_pair(self.latency.written_as("expect.max_latency"), timeout, &message);
        }
    }
}

/// The metrics of `Server-Timing` of which the time is kept.
fn timings(field: &Field<'_>) -> Option<Vec<String>> {
    let mut given = Given::default();
    field.entries("one as [\"render\", \"queue\"]", MAX_TIMINGS, |item| {
        let name = item.text("the name of a metric in quotes, as \"render\"")?;
        if !is_metric(name) {
            item.refuse(format_args!(
                "{} is not the name of a metric; write 1 to {MAX_TIMING} letters, digits, \".\", \"-\" and \"_\", as \
                 \"render\"",
                item.shown()
            ));
            return None;
        }
        let once = "write it once (case does not tell metrics apart)";
        given.first(&name.to_ascii_lowercase(), item, once).then(|| name.to_owned())
    })
}

/// The longest that an answer may take: beyond it warns, or as `{ warn = "800ms", fail = "2s" }`.
fn latency(field: &Field<'_>) -> Option<Latency> {
    if field.value().as_table().is_none() {
        return duration(field, LATENCY).map(|warn| Latency { warn: Some(warn), fail: None });
    }
    let table = field.table()?;
    table.only(&["warn", "fail"]);
    let limit = |key| table.get(key).map(|field| duration(&field, LATENCY));
    let latency = match (limit("warn"), limit("fail")) {
        (Some(None), _) | (_, Some(None)) => return None,
        (warn, fail) => Latency { warn: warn.flatten(), fail: fail.flatten() },
    };
    if latency.warn.or(latency.fail).is_none() {
        field.refuse(format_args!(
            "is empty; write it as \"800ms\", or as {{ warn = \"800ms\", fail = \"2s\" }}"
        ));
        return None;
    }
    if let (Some(warn), Some(fail)) = (latency.warn, latency.fail)
        && warn >= fail
    {
        field.refuse(format_args!("warns at {warn}, not before it fails at {fail}; write a shorter warn"));
        return None;
    }
    Some(latency)
}

/// The name of a metric of `Server-Timing`.
fn metric(field: &Field<'_>) -> Option<String> {
    let name = field.text("the name of a metric in quotes, as \"sql.active_record\"")?;
    if !is_header_name(name) {
        field.refuse(format_args!(
            "{} is not the name of a metric; write letters, digits, \".\", \"-\" and \"_\", as \"sql.active_record\"",
            field.shown()
        ));
        return None;
    }
    Some(name.to_owned())
}

/// The name of a header field, in lower case.
fn header_name(field: &Field<'_>) -> Option<String> {
    let name = field.text("the name of a header field in quotes, as \"x-query-count\"")?;
    if !is_header_name(name) {
        field.refuse(format_args!(
            "{} is not the name of a header field; write letters, digits and \"-\", as \"x-query-count\"",
            field.shown()
        ));
        return None;
    }
    Some(name.to_ascii_lowercase())
}

/// Accepted status codes: `["200-299", 304]`.
pub(super) fn statuses(field: &Field<'_>) -> Option<Vec<StatusRange>> {
    let items = field.list("one as [\"200-299\", \"304\"]")?;
    if items.is_empty() || items.len() > MAX_ENTRIES {
        let count = items.len();
        field.refuse(format_args!("has {count} entries; write 1 to {MAX_ENTRIES} as [\"200-299\", \"304\"]"));
        return None;
    }
    // Every item is read before the first failure is passed on, so that each is reported.
    items.iter().map(status).collect::<Vec<_>>().into_iter().collect()
}

fn status(field: &Field<'_>) -> Option<StatusRange> {
    let written = field.as_whole().map(|number| number.to_string());
    let Some(text) = field.as_text().or(written.as_deref()) else {
        field.wrong_kind("a status code", "it as \"200-299\" or \"204\"");
        return None;
    };
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let code = |text: &str| text.parse::<u16>().ok().filter(|_| text.len() == 3 && !text.starts_with('+'));
    let (Some(first), Some(last)) = (code(first), code(last)) else {
        field.refuse(format_args!(
            "{} is not a status code; write it as \"200-299\" or \"204\"",
            field.shown()
        ));
        return None;
    };
    if first < 200 || last > 599 || first > last {
        let why = "is not within 200 to 599, the lower code first (1xx never ends an exchange)";
        field.refuse(format_args!("{} {why}; write it as \"200-299\" or \"204\"", field.shown()));
        return None;
    }
    Some(StatusRange { first, last })
}

/// A text that is searched for.
fn search_text(field: &Field<'_>) -> Option<String> {
    let text = field.text("the text to search for, in quotes")?;
    if text.is_empty() {
        field.refuse(format_args!("\"\" is found in everything; write some text, or leave it out"));
        return None;
    }
    if text.len() > MAX_TEXT {
        field.refuse(format_args!("{} is longer than {MAX_TEXT} bytes; write a shorter text", quoted(text)));
        return None;
    }
    Some(text.to_owned())
}

/// Whether a key is a JSON pointer (RFC 6901); a problem otherwise.
pub(super) fn is_pointer(pointer: &str, field: &Field<'_>) -> bool {
    let rooted = pointer.is_empty() || pointer.starts_with('/');
    let escaped = pointer.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    if pointer.len() > MAX_TEXT {
        field.refuse(format_args!("is longer than {MAX_TEXT} bytes; write a shorter pointer"));
    } else if !rooted {
        field
            .refuse(format_args!("is not a JSON pointer; begin it with \"/\", as \"/ok\" or \"/checks/db\""));
    } else if !escaped {
        field.refuse(format_args!(
            "has a \"~\" that is neither \"~0\" (for \"~\") nor \"~1\" (for \"/\"); write one of these"
        ));
    } else {
        return true;
    }
    false
}
