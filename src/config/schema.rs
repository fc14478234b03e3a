//! The JSON Schema of `vedette.toml` (draft 2020-12), by which editors complete and check it.
//!
//! Which settings a table has is what the code itself reads; what each is written as, and what it
//! means, is in [`rows`]. A schema cannot say all: `vedette check` is what decides.

mod rows;

use serde_json::{Map, Value, json};

use super::{
    access, check, expect, heartbeat, history, incidents, monitor, notify, origin, page, pool, presentation,
    purge, request, route, settings, vantage,
};
use crate::json;
use rows::{Kind, ROWS};

/// The schema, as the text of a JSON document.
#[must_use]
pub fn schema() -> String {
    let mut whole = table(&tables(), "file");
    if let Some(members) = whole.as_object_mut() {
        members.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
        members.insert("title".to_owned(), json!("vedette.toml"));
        let own = tables().into_iter().filter(|(name, _)| *name != "file");
        let defined: Map<String, Value> =
            own.map(|(name, _)| (name.to_owned(), table(&tables(), name))).collect();
        members.insert("$defs".to_owned(), Value::Object(defined));
    }
    json::write(&whole)
}

/// The name of a kind of table, and its settings.
type Keys = (&'static str, Vec<&'static str>);

/// Every kind of table with the settings that are read there.
fn tables() -> Vec<Keys> {
    let inherited = &settings::KEYS[..];
    let beats = &heartbeat::OWN_KEYS[..];
    vec![
        ("file", check::KEYS.to_vec()),
        ("defaults", inherited.to_vec()),
        ("vantage", vantage::KEYS.to_vec()),
        ("monitor", [&monitor::keys()[..], inherited, beats].concat()),
        (
            "pool",
            [&pool::KEYS[..], &[pool::ORIGIN, presentation::PUBLIC], inherited, &presentation::KEYS[..]]
                .concat(),
        ),
        ("origin", [&origin::KEYS[..], inherited, &presentation::ORIGIN_KEYS[..], beats].concat()),
        ("probe", request::KEYS.to_vec()),
        ("expect", expect::KEYS.to_vec()),
        ("route", route::KEYS.to_vec()),
        ("retry", route::RETRY_KEYS.to_vec()),
        ("answer", route::ANSWER_KEYS.to_vec()),
        ("notify", notify::KEYS.to_vec()),
        ("page", page::KEYS.to_vec()),
        ("access", access::KEYS.to_vec()),
        ("incidents", incidents::KEYS.to_vec()),
        ("purge", purge::KEYS.to_vec()),
        ("history", history::KEYS.to_vec()),
        ("link", page::LINK_KEYS.to_vec()),
    ]
}

/// The settings that a table must have.
fn required(table: &str) -> &'static [&'static str] {
    match table {
        "monitor" | "vantage" | "origin" => &["name"],
        "pool" => &["name", "origin"],
        "route" => &["pool"],
        "answer" => &["body"],
        "notify" => &["name", "kind", "url"],
        "link" => &["text", "url"],
        "purge" => &["zone", "token"],
        _ => &[],
    }
}

fn table(tables: &[Keys], name: &str) -> Value {
    let keys = tables.iter().find(|(known, _)| *known == name).map_or(&[][..], |(_, keys)| keys);
    let properties: Map<String, Value> =
        keys.iter().map(|key| ((*key).to_owned(), setting(name, key))).collect();
    let mut whole = json!({
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
        "required": required(name),
    });
    if let ("monitor" | "origin", Some(members)) = (name, whole.as_object_mut()) {
        let beats = json!({ "properties": { "kind": { "const": "heartbeat" } }, "required": ["kind"] });
        members.insert("if".to_owned(), beats);
        members.insert("then".to_owned(), json!({ "required": ["period"] }));
        members.insert("else".to_owned(), json!({ "required": ["url"] }));
    }
    whole
}

/// What a setting of a table is written as; anything if nobody has said.
fn setting(table: &str, key: &str) -> Value {
    let Some(row) = row(table, key) else { return Value::Bool(true) };
    let mut written = kind(&row.kind);
    if let Some(members) = written.as_object_mut() {
        members.insert("description".to_owned(), json!(row.says));
    }
    written
}

/// The row of a setting: one for this table alone comes before one for all.
fn row(table: &str, key: &str) -> Option<&'static rows::Row> {
    let of = |wanted: &str| ROWS.iter().find(|row| row.table == wanted && row.key == key);
    of(table).or_else(|| of(""))
}

fn kind(kind: &Kind) -> Value {
    match kind {
        Kind::Duration => pattern(r"^\s*(0|[0-9]+\s*[A-Za-zµ].*)$"),
        Kind::Text(longest) => json!({ "type": "string", "minLength": 1, "maxLength": longest }),
        Kind::Flag => json!({ "type": "boolean" }),
        Kind::Whole(least, most) => json!({ "type": "integer", "minimum": least, "maximum": most }),
        Kind::Words(words) => json!({ "enum": words() }),
        Kind::Name => name(),
        Kind::Names => json!({ "type": "array", "minItems": 1, "uniqueItems": true, "items": name() }),
        Kind::Vantages => {
            json!({ "type": "array", "minItems": 1, "maxItems": 64, "uniqueItems": true, "items": name() })
        }
        Kind::Address => json!({ "type": "string", "pattern": ADDRESS }),
        Kind::Addresses(most) => {
            json!({ "type": "array", "maxItems": most, "items": { "type": "string", "pattern": ADDRESS } })
        }
        Kind::Path => pattern("^/[^#]*$"),
        Kind::Share => share(),
        Kind::Secret => secret_name(),
        Kind::Secrets => {
            json!({ "oneOf": [secret_name(), { "type": "array", "minItems": 1, "maxItems": 2, "items": secret_name() }] })
        }
        Kind::Value(longest) => value(*longest),
        Kind::Headers => json!({ "type": "object", "additionalProperties": value(4_096) }),
        Kind::Texts(most) => json!({ "type": "array", "maxItems": most, "items": { "type": "string" } }),
        Kind::OneOrMore(most) => one_or_more(*most),
        Kind::Fields => fields(),
        Kind::Statuses => json!({ "type": "array", "minItems": 1, "maxItems": 64, "items": {
            "oneOf": [
                { "type": "integer", "minimum": 200, "maximum": 599 },
                { "type": "string", "pattern": "^[2-5][0-9][0-9](-[2-5][0-9][0-9])?$" },
            ],
        } }),
        Kind::Json => json!({ "type": "object", "propertyNames": { "pattern": "^(/.*)?$" } }),
        Kind::Latency => json!({ "oneOf": [
            self::kind(&Kind::Duration),
            {
                "type": "object",
                "additionalProperties": false,
                "minProperties": 1,
                "properties": { "warn": self::kind(&Kind::Duration), "fail": self::kind(&Kind::Duration) },
            },
        ] }),
        Kind::Connect => {
            json!({ "oneOf": [{ "enum": ["always", "off"] }, self::kind(&Kind::Duration)] })
        }
        Kind::Quorum => json!({ "oneOf": [
            { "enum": ["any", "majority", "all"] },
            share(),
            { "type": "integer", "minimum": 1, "maximum": 64 },
        ] }),
        Kind::Pattern(text) => pattern(text),
        Kind::Chosen(words) => json!({ "type": "array", "items": { "enum": words() }, "uniqueItems": true }),
        Kind::Table(name) => json!({ "$ref": format!("#/$defs/{name}") }),
        Kind::Tables(name, most) => {
            json!({ "type": "array", "maxItems": most, "items": { "$ref": format!("#/$defs/{name}") } })
        }
    }
}

/// An address: schemes are read in any case, and a user name is refused.
const ADDRESS: &str = "^[Hh][Tt][Tt][Pp][Ss]?://[^@]*$";

fn fields() -> Value {
    json!({ "type": "object", "additionalProperties": { "type": "string", "minLength": 1 } })
}

/// A text, or a list of them.
fn one_or_more(most: usize) -> Value {
    let text = json!({ "type": "string", "minLength": 1 });
    json!({ "oneOf": [text, { "type": "array", "minItems": 1, "maxItems": most, "uniqueItems": true, "items": text }] })
}

fn pattern(text: &str) -> Value {
    json!({ "type": "string", "pattern": text })
}

fn name() -> Value {
    pattern("^[a-z0-9-]{1,63}$")
}

fn share() -> Value {
    pattern("^0*(100|[1-9][0-9]?)%$")
}

fn secret_name() -> Value {
    pattern("^[A-Z][A-Z0-9_]{0,63}$")
}

/// A text, or a reference to a secret.
fn value(longest: usize) -> Value {
    json!({ "oneOf": [
        { "type": "string", "maxLength": longest },
        {
            "type": "object",
            "additionalProperties": false,
            "required": ["secret"],
            "properties": { "secret": secret_name() },
        },
    ] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_is_described() {
        let mut missing = Vec::new();
        for (table, keys) in tables() {
            missing.extend(
                keys.iter().filter(|key| row(table, key).is_none()).map(|key| format!("{table}.{key}")),
            );
        }
        assert!(missing.is_empty(), "rows.rs says nothing of {}", missing.join(", "));
    }

    #[test]
    fn every_row_is_a_setting() {
        let tables = tables();
        let read = |row: &&rows::Row| {
            let mut own = tables.iter().filter(|(table, _)| row.table.is_empty() || row.table == *table);
            own.any(|(_, keys)| keys.contains(&row.key))
        };
        let idle: Vec<&str> = ROWS.iter().filter(|row| !read(row)).map(|row| row.key).collect();
        assert!(idle.is_empty(), "no table has {}", idle.join(", "));
    }
}
