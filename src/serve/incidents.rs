//! What is asked of incidents → a question with its bounds, and the members of the answer that are
//! wanted.

use serde_json::Value;

use super::recorded::{Question, Recorded, bad};
use super::{parameters, problem};
use crate::answer::{self, Answer};
use crate::config::Config;
use crate::defaults::serve::incidents::{LONGEST_FIELDS, USUAL};
use crate::incident::{Cursor, FIELDS, Incident, MOST_LISTED, Query};
use crate::json;
use crate::units::Name;

/// The question for a list.
///
/// # Errors
/// 400 with the bound, or 404 for a pool that is not there, or hidden.
pub(super) fn list(asked: &Recorded, config: &Config) -> Result<Question, Answer> {
    parameters::only(&asked.query, &["pool", "open", "from", "to", "fields", "limit", "cursor"])?;
    fields(&asked.query)?;
    let pool = match asked.parameter("pool") {
        None => None,
        Some(text) => {
            let known = problem::unknown(config, text, None, asked.all);
            Some(known.map_or_else(|| Name::parse(text).map_err(|_| problem::not_found()), Err)?)
        }
    };
    let open = match asked.parameter("open") {
        None => None,
        Some("true") => Some(true),
        Some("false") => Some(false),
        Some(_) => return Err(bad("bad-open", "Bad open", "The parameter open is true or false.")),
    };
    let (from, to) = (asked.time("from")?, asked.time("to")?);
    if from.zip(to).is_some_and(|(from, to)| from >= to) {
        let detail = "The window ends before it begins. Write a from that is earlier than to.";
        return Err(bad("bad-window", "Bad window", detail));
    }
    let before = asked.parameter("cursor").map(|text| cursor(text, config)).transpose()?;
    let limit = asked.parameter("limit").map_or(Ok(USUAL), |text| limit_of(text, MOST_LISTED))?;
    Ok(Question::Incidents(Query { all: asked.all, pool, open, from, to, before, limit }))
}

/// The question for one; the answer is the same for one that is not there and one that is hidden.
///
/// # Errors
/// 400 for a parameter, or 404.
pub(super) fn one(asked: &Recorded, config: &Config) -> Result<Question, Answer> {
    parameters::only(&asked.query, &["fields"])?;
    fields(&asked.query)?;
    let pool = Incident::pool_of(&asked.pool).filter(|pool| is_shown(config, pool.as_str(), asked.all));
    pool.map(|_| Question::Incident(asked.pool.clone(), asked.all)).ok_or_else(no_incident)
}

fn is_shown(config: &Config, pool: &str, all: bool) -> bool {
    config.pool(pool).is_some_and(|pool| all || !pool.hidden)
}

/// 404 for an incident that is not there.
pub(super) fn no_incident() -> Answer {
    answer::problem(
        404,
        "unknown-incident",
        "Unknown incident",
        "There is no incident of this id. /v1/incidents lists those that are kept.",
    )
}

fn cursor(text: &str, config: &Config) -> Result<u64, Answer> {
    let known = Cursor::parse(text).filter(|cursor| cursor.config == config.hash);
    known.map(|cursor| cursor.before).ok_or_else(|| {
        let detail = "The cursor is none of this list, or of another configuration. Write the next of the last answer, or \
                      begin again without it.";
        bad("bad-cursor", "Bad cursor", detail)
    })
}

/// How many at most.
pub(super) fn limit_of(text: &str, most: usize) -> Result<usize, Answer> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let limit = text.parse().ok().filter(|limit| digits && (1..=most).contains(limit));
    limit.ok_or_else(|| {
        let detail = format!("The parameter limit is no whole number from 1 to {most}.");
        bad("bad-limit", "Bad limit", &detail)
    })
}

/// The members of an incident, one by one or in a list.
fn wanted() -> Vec<&'static str> {
    [FIELDS.as_slice(), &["notes"]].concat()
}

/// The members that are wanted; all if nothing is said.
fn fields(query: &str) -> Result<Option<Vec<String>>, Answer> {
    fields_of(query, &wanted())
}

/// The same of documents that have these members.
pub(super) fn fields_of(query: &str, members: &[&str]) -> Result<Option<Vec<String>>, Answer> {
    let Some(text) = parameters::parameter(query, "fields") else { return Ok(None) };
    let text = text.replace("%2C", ",").replace("%2c", ",");
    let names: Vec<String> = text.split(',').map(str::to_owned).collect();
    let known = |name: &String| members.contains(&name.as_str());
    if text.len() > LONGEST_FIELDS || !names.iter().all(known) {
        let detail = format!(
            "The parameter fields is no list of fields, or longer than {LONGEST_FIELDS} bytes. There are {}; write some of them with \
             commas between.",
            members.join(", ")
        );
        return Err(bad("bad-fields", "Bad fields", &detail));
    }
    Ok(Some(names))
}

/// The answer with the members that are wanted alone.
pub(super) fn chosen(body: String, query: &str) -> String {
    chosen_of(body, query, &wanted(), "incidents")
}

/// The same of documents that have these members, one or a list of this name.
pub(super) fn chosen_of(body: String, query: &str, members: &[&str], list: &str) -> String {
    let Ok(Some(names)) = fields_of(query, members) else { return body };
    let Some(mut document) = json::read::<Value>(&body) else { return body };
    let keep = |one: &mut Value| {
        if let Some(members) = one.as_object_mut() {
            members.retain(|name, _| names.contains(name));
        }
    };
    match document.get_mut(list).and_then(Value::as_array_mut) {
        Some(documents) => documents.iter_mut().for_each(keep),
        None => keep(&mut document),
    }
    json::write(&document)
}
