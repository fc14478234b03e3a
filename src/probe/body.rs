//! Holds a body to what is expected of it: text, pattern, JSON values, and parts of lists.

use std::borrow::Cow;
use std::cell::OnceCell;

use serde_json::Value;

use super::same::same;
use crate::config::{Expect, Parts, Rule};
use crate::sample::{Check, Finding};

/// A body, read as text and as JSON when it is first asked for.
pub(super) struct Body<'a> {
    bytes: &'a [u8],
    document: OnceCell<Option<Value>>,
}

impl<'a> Body<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, document: OnceCell::new() }
    }

    /// The body as text, without the mark of byte order that some put before JSON (RFC 8259 section
    /// 8.1); nothing if it is not UTF-8.
    pub(super) fn text(&self) -> Option<&'a str> {
        let bytes = self.bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(self.bytes);
        std::str::from_utf8(bytes).ok()
    }

    /// The body as JSON.
    pub(super) fn json(&self) -> Option<&Value> {
        self.document.get_or_init(|| self.text().and_then(|text| serde_json::from_str(text).ok())).as_ref()
    }

    fn contains(&self, needle: &str) -> bool {
        self.bytes.windows(needle.len()).any(|window| window == needle.as_bytes())
    }
}

/// Adds what each expectation of the body found. `hint` is added to what is wrong with its JSON.
pub(super) fn judge(expect: &Expect, body: &Body<'_>, hint: &str, checks: &mut Vec<Check>) {
    let mut put = |expectation: String, finding| checks.push(Check { expectation, finding });
    let holds = |holds: bool, otherwise: &str| {
        if holds { Finding::Met } else { Finding::Broken(otherwise.to_owned()) }
    };
    if let Some(text) = &expect.body_is {
        let same = body.bytes.trim_ascii() == text.trim_ascii().as_bytes();
        put("body_is".into(), holds(same, "the body is not the expected text"));
    }
    if let Some(needle) = &expect.body_contains {
        let found = body.contains(needle);
        put("body_contains".into(), holds(found, "the body does not contain the expected text"));
    }
    if let Some(needle) = &expect.body_not_contains {
        let clean = !body.contains(needle);
        put("body_not_contains".into(), holds(clean, "the body contains text that it must not contain"));
    }
    if let Some(pattern) = &expect.body_matches {
        let text: Cow<'_, str> = String::from_utf8_lossy(body.bytes);
        put(
            "body_matches".into(),
            holds(pattern.matches(&text), "the body does not match the expected pattern"),
        );
    }
    let pointers = expect.json.len() + expect.json_rules.len() + expect.json_parts.len();
    if pointers == 0 {
        return;
    }
    let Some(document) = body.json() else {
        let names = expect.json.keys().chain(expect.json_rules.keys()).chain(expect.json_parts.keys());
        for pointer in names {
            let why = format!("the body is not valid JSON{hint}");
            put(format!("json.{pointer}"), Finding::Broken(why));
        }
        return;
    };
    for (pointer, wanted) in &expect.json {
        put(format!("json.{pointer}"), has(document, pointer, wanted));
    }
    for (pointer, rule) in &expect.json_rules {
        put(format!("json.{pointer}"), follows(document, pointer, rule));
    }
    for (pointer, parts) in &expect.json_parts {
        put(format!("json.{pointer}"), looks_into(document, pointer, parts));
    }
}

fn is(value: &Value, wanted: &str) -> bool {
    serde_json::from_str(wanted).is_ok_and(|wanted| same(value, &wanted))
}

fn has(document: &Value, pointer: &str, wanted: &str) -> Finding {
    match document.pointer(pointer) {
        None => Finding::Broken(format!("JSON {pointer} is missing")),
        Some(value) if is(value, wanted) => Finding::Met,
        Some(_) => Finding::Broken(format!("JSON {pointer} does not have the expected value")),
    }
}

fn follows(document: &Value, pointer: &str, rule: &Rule) -> Finding {
    let otherwise = |why: String| if rule.lenient { Finding::Warned(why) } else { Finding::Broken(why) };
    let Some(value) = document.pointer(pointer) else {
        return otherwise(format!("JSON {pointer} is missing"));
    };
    let one_of = |wanted: &[String]| wanted.iter().any(|wanted| is(value, wanted));
    if one_of(&rule.good) {
        Finding::Met
    } else if one_of(&rule.warn) {
        Finding::Warned(format!("JSON {pointer} has a value that warns"))
    } else {
        otherwise(format!("JSON {pointer} does not have the expected value"))
    }
}

/// Holds the parts of a list, or the members of an object, to their rules: all of them, or one.
fn looks_into(document: &Value, pointer: &str, wanted: &Parts) -> Finding {
    let parts: Vec<&Value> = match document.pointer(pointer) {
        Some(Value::Array(items)) => items.iter().collect(),
        Some(Value::Object(members)) => members.values().collect(),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => {
            return Finding::Broken(format!("JSON {pointer} is neither a list nor an object"));
        }
        None => return Finding::Broken(format!("JSON {pointer} is missing")),
    };
    let worst = |part: &&Value| {
        let rules = wanted.rules.iter().map(|(inner, rule)| level(&follows(part, inner, rule)));
        rules.max().unwrap_or_default()
    };
    let levels = parts.iter().map(worst);
    let level = if wanted.all { levels.max().unwrap_or(0) } else { levels.min().unwrap_or(2) };
    let which = if wanted.all { "a part of" } else { "every part of" };
    match level {
        0 => Finding::Met,
        1 => Finding::Warned(format!("{which} JSON {pointer} has a value that warns")),
        _ if parts.is_empty() => Finding::Broken(format!("JSON {pointer} has no parts")),
        _ => Finding::Broken(format!("{which} JSON {pointer} does not have the expected value")),
    }
}

/// How bad a finding is.
fn level(finding: &Finding) -> u8 {
    match finding {
        Finding::Met => 0,
        Finding::Warned(_) => 1,
        Finding::Broken(_) => 2,
    }
}
