//! What the answer to a probe must be.

use super::problem::quoted;
use super::raw::{Field, Table};
use super::request::{MAX_ENTRIES, ProbeSlots, header_names, is_bound};
use super::slot::{Level, Scope, Slot, Slots, Written, every};
use super::value::{Span, duration};
use super::{Expect, Method, StatusRange};
use crate::units::Millis;

/// The keys of `expect`.
pub(super) const KEYS: [&str; 7] =
    ["status", "body_contains", "json", "headers", "max_latency", "max_db_calls", "max_db_time"];

/// The longest text that a body is searched for, in bytes.
const MAX_TEXT: usize = 4_096;

/// How deep the expected value of a JSON pointer may nest; a deeper one is better told apart by several
/// pointers.
const MAX_DEPTH: u32 = 16;

/// Bounds of `max_latency`; over the timeout it never acts, which is checked where both are known.
const LATENCY: Span = Span { floor: Millis::new(1), ceiling: Millis::from_secs(19) };

/// Bounds of `max_db_time`, which is a sum and may exceed the time of the answer.
const DB_TIME: Span = Span { floor: Millis::new(1), ceiling: Millis::from_secs(3_600) };

/// The most database calls that an expectation may allow.
const MAX_DB_CALLS: u32 = 1_000_000;

/// Accepted if nothing is written.
const DEFAULT_STATUS: StatusRange = StatusRange { first: 200, last: 299 };

/// The expectations at the nearest level of each.
#[derive(Clone, Default)]
pub(super) struct ExpectSlots {
    status: Slot<Vec<StatusRange>>,
    body_contains: Slot<String>,
    json: Slots<String>,
    headers: Slots<String>,
    max_latency: Slot<Millis>,
    max_db_calls: Slot<u32>,
    max_db_time: Slot<Millis>,
}

impl ExpectSlots {
    /// Takes over what `table` says.
    pub(super) fn overlay(&mut self, table: &Table<'_>, level: Level) {
        table.only(&KEYS);
        self.status.overlay(table.get("status"), level, statuses);
        self.body_contains.overlay(table.get("body_contains"), level, search_text);
        self.max_latency.overlay(table.get("max_latency"), level, |field| duration(field, LATENCY));
        let calls = 0..MAX_DB_CALLS.saturating_add(1);
        self.max_db_calls.overlay(table.get("max_db_calls"), level, |field| field.whole(&calls));
        self.max_db_time.overlay(table.get("max_db_time"), level, |field| duration(field, DB_TIME));
        if let Some(json) = table.get("json").and_then(|field| field.table()).filter(is_bound) {
            for (pointer, field) in json.entries() {
                let value =
                    if is_pointer(pointer, &field) { super::json::text(&field, MAX_DEPTH) } else { None };
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
        Some(Expect {
            status: self.status.or(vec![DEFAULT_STATUS])?,
            body_contains: self.body_contains.optional().ok()?,
            json: every(&self.json)?,
            headers: every(&self.headers)?,
            max_latency: self.max_latency.optional().ok()?,
            max_db_calls: self.max_db_calls.optional().ok()?,
            max_db_time: self.max_db_time.optional().ok()?,
        })
    }

    /// Refuses expectations on the body of an answer that has none.
    pub(super) fn check_body(&self, scope: &Scope<'_>, probe: &ProbeSlots) {
        if probe.method.known() != Some(&Method::Head) {
            return;
        }
        let method = probe.method.written_as("probe.method");
        let message = "an answer to HEAD has no body, so this expectation always fails; write \
            method = \"GET\", or leave out body_contains and json";
        let bodies = [self.body_contains.written_as("expect.body_contains")].into_iter();
        let pointers = self.json.values().map(|slot| slot.written_as("expect.json"));
        for body in bodies.chain(pointers).filter(|body| body.place.is_some()) {
            scope.refuse_pair(body, method, message);
        }
    }

    /// Refuses a `max_latency` over the timeout.
    pub(super) fn check_latency(&self, scope: &Scope<'_>, limit: Option<Millis>, timeout: Written<'_>) {
        if let (Some(latency), Some(limit)) = (self.max_latency.known(), limit)
            && *latency > limit
        {
            let message = format!(
                "a max_latency of {latency} is over the timeout of {limit}, so it never acts; write \
                 max_latency = \"{limit}\" or less, or timeout = \"{latency}\" or more"
            );
            scope.refuse_pair(self.max_latency.written_as("expect.max_latency"), timeout, &message);
        }
    }
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
fn is_pointer(pointer: &str, field: &Field<'_>) -> bool {
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
