//! What a JSON pointer must find: a value, one of several, values that warn, or parts of a list.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::problem::quoted;
use super::raw::{Field, Table};
use super::request::{MAX_ENTRIES, is_bound};
use super::value::word;
use crate::defaults::config::rule::MAX_DEPTH;

/// Several values, and what each leads to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// The values that are expected, as JSON.
    pub good: Vec<String>,
    /// The values that warn, as JSON.
    pub warn: Vec<String>,
    /// Whether any other value, or none, warns as well; otherwise it fails.
    pub lenient: bool,
}

/// What the parts of a list, or the members of an object, must have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parts {
    /// Whether all must have it; otherwise one is enough.
    pub all: bool,
    /// JSON pointers into a part, and what each must find.
    pub rules: BTreeMap<String, Rule>,
}

/// What one pointer must find.
#[derive(Clone)]
pub(super) enum Wanted {
    /// This value, as JSON.
    Is(String),
    /// One of several.
    Rule(Rule),
    /// Parts that have something.
    Parts(Parts),
}

/// The keys of a table that is a rule.
const RULE: [&str; 3] = ["one_of", "warn", "otherwise"];

/// The keys of a table that looks into a list.
const PARTS: [&str; 2] = ["all", "any"];

/// Reads what a pointer must find.
pub(super) fn wanted(field: &Field<'_>) -> Option<Wanted> {
    let Some(table) = field.value().as_table().and_then(|_| field.table()) else {
        return value(field).map(Wanted::Is);
    };
    let has = |keys: &[&str]| keys.iter().any(|key| table.get(key).is_some());
    match (has(&RULE), has(&PARTS)) {
        (false, false) => value(field).map(Wanted::Is),
        (true, false) => rule(&table).map(Wanted::Rule),
        (false, true) => parts(&table).map(Wanted::Parts),
        (true, true) => {
            field.refuse(format_args!(
                "looks into a list and at values at once; write one_of, warn and otherwise within all or any"
            ));
            None
        }
    }
}

fn value(field: &Field<'_>) -> Option<String> {
    super::json::text(field, MAX_DEPTH)
}

fn rule(table: &Table<'_>) -> Option<Rule> {
    table.only(&RULE);
    let good = table.get("one_of").map_or(Some(Vec::new()), |field| values(&field));
    let warn = table.get("warn").map_or(Some(Vec::new()), |field| values(&field));
    let lenient = match table.get("otherwise") {
        None => Some(false),
        Some(field) => word(&field, &["fail", "warn"]).map(|place| place == 1),
    };
    let rule = Rule { good: good?, warn: warn?, lenient: lenient? };
    if rule.good.is_empty() {
        table.refuse_at(
            "one_of",
            format_args!("is missing; write the values that are good, as one_of = [\"ok\"]"),
        );
        return None;
    }
    if let Some(twice) = rule.warn.iter().find(|value| rule.good.contains(value)) {
        let message = format!("has {} in one_of, too; keep one", quoted(twice));
        table.refuse_at("warn", format_args!("{message}"));
        return None;
    }
    Some(rule)
}

/// A list of values, or a single one.
fn values(field: &Field<'_>) -> Option<Vec<String>> {
    if !field.value().is_array() {
        return value(field).map(|value| vec![value]);
    }
    let items = field.list("one as [\"ok\", \"info\"]")?;
    if items.is_empty() || items.len() > MAX_ENTRIES {
        let count = items.len();
        field.refuse(format_args!("has {count} entries; write 1 to {MAX_ENTRIES} as [\"ok\", \"info\"]"));
        return None;
    }
    items.iter().map(value).collect::<Vec<_>>().into_iter().collect()
}

fn parts(table: &Table<'_>) -> Option<Parts> {
    table.only(&PARTS);
    if table.get("all").is_some() && table.get("any").is_some() {
        table.refuse_at("any", format_args!("stands beside all; write one of the two"));
        return None;
    }
    let all = table.get("all").is_some();
    let inner = table.get(if all { "all" } else { "any" })?;
    let entries = inner.table()?;
    if !is_bound(&entries) {
        return None;
    }
    let mut rules = BTreeMap::new();
    for (pointer, field) in entries.entries() {
        let rule = if super::expect::is_pointer(pointer, &field) { plain(&field) } else { None };
        rules.insert(pointer.to_owned(), rule?);
    }
    if rules.is_empty() {
        inner.refuse(format_args!("is empty; write what each part must have, as {{ \"/passed\" = true }}"));
        return None;
    }
    Some(Parts { all, rules })
}

/// What a pointer into a part must find; a list within a list is not looked into.
fn plain(field: &Field<'_>) -> Option<Rule> {
    match wanted(field)? {
        Wanted::Is(value) => Some(Rule { good: vec![value], warn: Vec::new(), lenient: false }),
        Wanted::Rule(rule) => Some(rule),
        Wanted::Parts(_) => {
            field.refuse(format_args!("looks into a list within a list; write a pointer to the inner one"));
            None
        }
    }
}
