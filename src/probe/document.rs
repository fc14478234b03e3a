//! Reads an origin's own health document: an answer → a finding, by the table of dialects.
//!
//! The status code is judged before and elsewhere: a document makes a good answer worse, never a
//! bad one better. A word at the top decides, and what stands below it never does. Words are read
//! in any case; one that is not known says nothing, but in `health+json`, where the type promises
//! one. The tables stand in `docs/dialects.md`.

use super::body::Body;
use crate::config::{Dialect, Document};
use crate::exchange::Head;
use crate::sample::Finding;
use serde_json::Value;

/// What a document says of its origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Word {
    /// It is well.
    Pass,
    /// It serves, less well than it should.
    Warn,
    /// It is not to be used.
    Fail,
}

/// The words of a dialect, in lower case.
struct Words {
    pass: &'static [&'static str],
    warn: &'static [&'static str],
    fail: &'static [&'static str],
}

impl Words {
    fn read(&self, status: Option<&Value>) -> Option<Word> {
        let text = status?.as_str()?;
        let has = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(text));
        let levels = [(self.pass, Word::Pass), (self.warn, Word::Warn), (self.fail, Word::Fail)];
        levels.into_iter().find(|(words, _)| has(words)).map(|(_, word)| word)
    }
}

/// The words that a dialect reads, by the level that they mean; none where it reads truth values.
#[must_use]
pub fn words(dialect: Dialect) -> [&'static [&'static str]; 3] {
    let words = table(dialect);
    [words.pass, words.warn, words.fail]
}

const fn table(dialect: Dialect) -> Words {
    match dialect {
        Dialect::HealthJson => Words {
            pass: &["pass", "ok", "up", "healthy"],
            warn: &["warn", "warning", "degraded"],
            fail: &["fail", "error", "down", "unhealthy", "critical"],
        },
        Dialect::Actuator => Words { pass: &["up", "unknown"], warn: &[], fail: &["down", "out_of_service"] },
        Dialect::Adonis => Words { pass: &["ok"], warn: &["warning"], fail: &["error"] },
        Dialect::Probes => Words {
            pass: &["healthy", "no_data"],
            warn: &["degraded", "maintenance", "starting"],
            fail: &["unhealthy"],
        },
        Dialect::PyHealthcheck => Words { pass: &["success"], warn: &[], fail: &["failure"] },
        Dialect::MicroProfile => {
            Words { pass: &["up"], warn: &["starting"], fail: &["down", "stopping", "stopped"] }
        }
        Dialect::Dockerflow => {
            Words { pass: &["ok", "info", "debug"], warn: &["warning"], fail: &["error", "critical"] }
        }
        Dialect::Terminus => Words { pass: &["ok"], warn: &[], fail: &["error", "shutting_down"] },
        Dialect::Parts => Words {
            pass: &["up", "ok", "healthy"],
            warn: &["degraded", "warning"],
            fail: &["down", "out_of_service", "fail", "error", "unhealthy"],
        },
        Dialect::Bare => {
            Words { pass: &["ok"], warn: &["degraded", "warn"], fail: &["unhealthy", "shutting_down"] }
        }
        Dialect::AspNet => Words { pass: &["healthy"], warn: &["degraded"], fail: &["unhealthy"] },
        Dialect::Flag | Dialect::Watchman | Dialect::Flags => Words { pass: &[], warn: &[], fail: &[] },
    }
}

/// What the document of an answer leads to; nothing if none is read.
pub(super) fn judge(wanted: Document, named: bool, head: &Head, body: &Body<'_>) -> Option<Finding> {
    match wanted {
        Document::Off => None,
        Document::Only(dialect) => Some(match only(dialect, head, body) {
            Some(word) => finding(word, dialect),
            None => {
                Finding::Warned(format!("the body is no health document of the form {}", dialect.as_str()))
            }
        }),
        Document::Auto => auto(named, head, body),
    }
}

fn finding(word: Word, dialect: Dialect) -> Finding {
    let form = dialect.as_str();
    match word {
        Word::Pass => Finding::Met,
        Word::Warn => Finding::Warned(format!("the origin's own health document says warn ({form})")),
        Word::Fail => Finding::Broken(format!("the origin's own health document says fail ({form})")),
    }
}

/// The media type in lower case, without parameters.
fn media(head: &Head) -> Option<String> {
    let kind = head.header("content-type")?.split(';').next().unwrap_or_default();
    Some(kind.trim().to_ascii_lowercase())
}

fn is_health_json(media: &str) -> bool {
    media == "application/health+json" || media == "application/vnd.health+json"
}

/// The word of a health document in the type that promises one; for an answer of a limiter, too.
pub(super) fn promised(head: &Head, body: &Body<'_>) -> Option<Finding> {
    if !media(head).is_some_and(|media| is_health_json(&media)) {
        return None;
    }
    let status = body.json().and_then(|document| document.get("status"));
    Some(match table(Dialect::HealthJson).read(status) {
        Some(word) => finding(word, Dialect::HealthJson),
        None => Finding::Warned("the health document has no status that is known".into()),
    })
}

fn auto(named: bool, head: &Head, body: &Body<'_>) -> Option<Finding> {
    if let Some(finding) = promised(head, body) {
        return Some(finding);
    }
    if !(200..300).contains(&head.status) {
        return None;
    }
    if let Some((dialect, word)) = recognise(head, body) {
        return Some(finding(word, dialect));
    }
    // Who lists 207 by itself knows what is meant by it.
    (head.status == 207 && !named)
        .then(|| Finding::Warned("status 207 Multi-Status: a part of it may fail".into()))
}

/// The first dialect that knows the document, and its word.
fn recognise(head: &Head, body: &Body<'_>) -> Option<(Dialect, Word)> {
    let media = media(head);
    if media.as_deref() == Some("text/plain")
        && let Some(word) = text(body)
    {
        return Some((Dialect::AspNet, word));
    }
    if !is_readable(media.as_deref(), body) {
        return None;
    }
    let document = body.json()?;
    let media = media.as_deref().unwrap_or_default();
    let (_, tried) = Dialect::ALL.split_last()?;
    tried.iter().find_map(|dialect| Some((*dialect, read(*dialect, media, document)?)))
}

/// JSON by its type, or an object where the type says nothing of it. A body without any of the
/// members that a dialect looks for is not taken apart at all.
fn is_readable(media: Option<&str>, body: &Body<'_>) -> bool {
    let by_type = match media {
        None | Some("text/plain") => body.text().is_some_and(|text| text.trim_start().starts_with('{')),
        Some(media) => media == "application/json" || media == "text/json" || media.ends_with("+json"),
    };
    let marks = ["\"status\"", "\"ok\"", "\"healthy\"", "\"isHealthy\""];
    by_type && body.text().is_some_and(|text| marks.iter().any(|mark| text.contains(mark)))
}

/// The word of the one dialect that is asked for. Who asks for it by its name need not be shown its
/// form as well.
fn only(dialect: Dialect, head: &Head, body: &Body<'_>) -> Option<Word> {
    if dialect == Dialect::AspNet {
        return text(body);
    }
    let document = body.json()?;
    let by_form = read(dialect, &media(head).unwrap_or_default(), document);
    by_form.or_else(|| table(dialect).read(document.get("status")))
}

fn text(body: &Body<'_>) -> Option<Word> {
    let text = body.text()?.trim();
    (text.len() < 16).then(|| table(Dialect::AspNet).read(Some(&Value::String(text.to_owned())))).flatten()
}

/// The word of a document, if the dialect knows its form.
fn read(dialect: Dialect, media: &str, document: &Value) -> Option<Word> {
    match dialect {
        Dialect::Flag => return flag(document),
        Dialect::Watchman => return watchman(document),
        Dialect::Flags => return flags(document),
        Dialect::Adonis => return adonis(document),
        Dialect::HealthJson
        | Dialect::Actuator
        | Dialect::Probes
        | Dialect::PyHealthcheck
        | Dialect::MicroProfile
        | Dialect::Dockerflow
        | Dialect::Terminus
        | Dialect::Parts
        | Dialect::Bare
        | Dialect::AspNet => {}
    }
    let status = document.get("status")?;
    let known = match dialect {
        Dialect::HealthJson => is_health_json(media),
        Dialect::Actuator => {
            media.starts_with("application/vnd.spring-boot.actuator") || is_actuator(document, status)
        }
        Dialect::Probes => ["probes", "entities"].iter().any(|name| list(document, name).is_some()),
        Dialect::PyHealthcheck => list(document, "results").is_some(),
        Dialect::MicroProfile => list(document, "checks").is_some_and(|checks| checks.iter().all(is_check)),
        Dialect::Dockerflow => {
            members(document, "checks", |check| matches!(check, Value::String(_))).is_some()
                && members(document, "details", |_| true).is_some()
        }
        Dialect::Terminus => is_terminus(document),
        Dialect::Parts => ["checks", "components", "entries", "details"]
            .iter()
            .any(|name| members(document, name, has_status).is_some_and(|count| count > 0)),
        Dialect::Bare => matches!(document, Value::Object(all) if all.len() == 1),
        Dialect::Flag | Dialect::Watchman | Dialect::Flags | Dialect::Adonis | Dialect::AspNet => false,
    };
    if known { table(dialect).read(Some(status)) } else { None }
}

fn list<'a>(document: &'a Value, name: &str) -> Option<&'a Vec<Value>> {
    document.get(name)?.as_array()
}

/// How many members an object has, if every one of them is `such`.
fn members(document: &Value, name: &str, such: fn(&Value) -> bool) -> Option<usize> {
    let members = document.get(name)?.as_object()?;
    members.values().all(such).then(|| members.len())
}

fn has_text(value: &Value, name: &str) -> bool {
    value.get(name).is_some_and(Value::is_string)
}

fn has_status(part: &Value) -> bool {
    has_text(part, "status")
}

fn is_check(check: &Value) -> bool {
    has_text(check, "name") && ["status", "state"].iter().any(|name| has_text(check, name))
}

/// Nothing but its own members, and its own words in capitals: elsewhere `down` may be said of
/// anything.
fn is_actuator(document: &Value, status: &Value) -> bool {
    let (Value::Object(all), Value::String(word)) = (document, status) else { return false };
    let words = ["UP", "DOWN", "OUT_OF_SERVICE", "UNKNOWN"];
    let own = ["status", "components", "details", "groups"];
    words.contains(&word.as_str()) && all.keys().all(|name| own.contains(&name.as_str()))
}

/// Parts with a status in `details` or `error` (Nest), both as lists, or `info` beside one of them.
/// An API writes `error` alone, and `details` of any form, for what went wrong with a request.
fn is_terminus(document: &Value) -> bool {
    let has = |name| document.get(name).is_some();
    let parts = |name| members(document, name, has_status).is_some_and(|count| count > 0);
    let lists = |name| list(document, name).is_some_and(|parts| !parts.is_empty());
    parts("details")
        || parts("error")
        || (lists("error") && lists("details"))
        || (has("info") && (has("error") || has("details")))
}

fn adonis(document: &Value) -> Option<Word> {
    let status = document.get("status")?;
    let warns = table(Dialect::Adonis).read(Some(status)) == Some(Word::Warn);
    let healthy = truth(document.get("isHealthy")?)?;
    Some(if warns { healthy.max(Word::Warn) } else { healthy })
}

fn truth(value: &Value) -> Option<Word> {
    value.as_bool().map(|good| if good { Word::Pass } else { Word::Fail })
}

/// `healthy` or `ok` at the top.
fn flag(document: &Value) -> Option<Word> {
    ["healthy", "ok"].iter().find_map(|name| truth(document.get(name)?))
}

/// Objects with `ok`, or lists of such, or of named ones; the worst counts.
fn watchman(document: &Value) -> Option<Word> {
    worst(document, |member| match member {
        Value::Array(parts) if !parts.is_empty() => {
            let words: Option<Vec<Word>> =
                parts.iter().map(|part| well(part).or_else(|| worst(part, well))).collect();
            words?.into_iter().max()
        }
        Value::Object(_) => well(member),
        Value::Array(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    })
}

/// What `ok` of an object says.
fn well(part: &Value) -> Option<Word> {
    truth(part.get("ok")?)
}

/// The worst word of all members of an object; none if one of them has none.
fn worst(value: &Value, word: fn(&Value) -> Option<Word>) -> Option<Word> {
    let words: Option<Vec<Word>> = value.as_object()?.values().map(word).collect();
    words?.into_iter().max()
}

/// A truth value, or an object of which every one counts; members of other kinds do not.
fn flags(document: &Value) -> Option<Word> {
    match document {
        Value::Object(members) => members.values().filter_map(truth).max(),
        Value::Bool(_) => truth(document),
        Value::Null | Value::Number(_) | Value::String(_) | Value::Array(_) => None,
    }
}
