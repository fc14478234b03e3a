//! `/v1/…`: what is known as JSON for programs: pools, monitors, origins, votes and events.
//!
//! A request is read whole before anything is looked up, and what is odd in it is refused with the
//! bound. Lists come in the order of the configuration, events the latest first, and go on by a
//! cursor. Bodies hold absolute times only, so their `ETag` lasts while nothing changes but the
//! clock.

mod documents;
mod query;

use serde::Serialize;
use serde_json::Value;

use super::accept;
use super::{Ask, Basis, Target, View, etag, freshness, problem};
use crate::answer::{self, Answer};
use crate::config::Config;
use crate::json;
use crate::units::Fingerprint;

#[cfg(test)]
pub(super) use documents::fields;
pub(super) use documents::{event, pool};
pub use query::{Cursor, Query};

/// What is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List {
    /// Pools, monitors among them.
    Pools,
    /// Monitors: pools of one that stand in for nobody.
    Monitors,
    /// Origins and jobs.
    Origins,
    /// Votes: what each vantage says of each origin.
    Votes,
    /// Events: what changed.
    Events,
}

impl List {
    /// Every list.
    pub const ALL: [Self; 5] = [Self::Pools, Self::Monitors, Self::Origins, Self::Votes, Self::Events];

    /// Its name in paths and answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pools => "pools",
            Self::Monitors => "monitors",
            Self::Origins => "origins",
            Self::Votes => "votes",
            Self::Events => "events",
        }
    }
}

/// The target of a request for a list, or for one of its members.
pub(super) fn target(list: List, pool: Option<&str>, query: &str, ask: &Ask<'_>) -> Result<Target, Answer> {
    acceptable(ask.accept)?;
    Query::parse(list, pool, query).map(|query| Target::View(View::Api(query)))
}

/// Refuses an `Accept` that has no room for JSON.
fn acceptable(sent: Option<&str>) -> Result<(), Answer> {
    let Some(sent) = sent else { return Ok(()) };
    if accept::quality(sent, "application/json", &[]) > 0 {
        return Ok(());
    }
    let detail = "This comes as application/json. Write `Accept: application/json`, or leave it out.";
    if accept::is_readable(sent) {
        return Err(answer::problem(406, "not-acceptable", "Not acceptable", detail));
    }
    let longest = accept::LONGEST;
    let detail = format!("The field Accept has no media type in its first {longest} bytes. {detail}");
    Err(answer::problem(400, "bad-accept", "Bad Accept", &detail))
}

/// Refuses what the configuration does not name, or hides from whoever may not see `all`; and a
/// cursor of another configuration.
pub(super) fn refused(config: &Config, query: &Query, all: bool) -> Option<Answer> {
    let named = match (&query.pool, &query.origin) {
        (Some(pool), origin) => problem::unknown(config, pool, origin.as_deref(), all),
        (None, _) => None,
    };
    named.or_else(|| {
        let cursor = query.cursor.as_ref()?;
        (cursor.config != config.hash).then(|| {
            answer::problem(
                400,
                "foreign-cursor",
                "Cursor of another configuration",
                "The cursor is of another deployment, or of this one before its configuration changed. Begin again without cursor.",
            )
        })
    })
}

/// The answer to a request.
pub(super) fn answer(basis: &Basis<'_>, query: &Query) -> Answer {
    let body = match query.list {
        List::Pools => page(query, basis, documents::pools(basis, query)),
        List::Monitors => page(query, basis, documents::monitors(basis, query)),
        List::Origins => page(query, basis, documents::origins(basis, query)),
        List::Votes => page(query, basis, documents::votes(basis, query)),
        List::Events => events(query, basis),
    };
    let origins = basis.snapshot.pools.iter().flat_map(|pool| &pool.origins);
    let mut headers = freshness(basis.snapshot.taken_at, origins, basis.now);
    headers.push(("content-type", "application/json".to_owned()));
    headers.push(("etag", etag(&body)));
    Answer { status: 200, headers, body }
}

/// A part of a list whose order is that of the configuration: a cursor counts its members.
fn page<T: Serialize>(query: &Query, basis: &Basis<'_>, mut members: impl Iterator<Item = T>) -> String {
    if query.single {
        return members.next().map(|member| json::write(&chosen(&member, query))).unwrap_or_default();
    }
    let skipped = query.cursor.as_ref().map_or(0, |cursor| cursor.skip);
    let mut members = members.skip(skipped);
    let page: Vec<Value> = members.by_ref().take(query.limit).map(|member| chosen(&member, query)).collect();
    let skip = skipped.saturating_add(page.len());
    let next = members.next().map(|_| Cursor { config: basis.config.hash, at: None, skip });
    whole(query.list, page, next)
}

/// A part of the events: a cursor says when the last one was, and how many of that moment were
/// given, for new ones come in front.
fn events(query: &Query, basis: &Basis<'_>) -> String {
    let given = query.cursor.as_ref().and_then(|cursor| Some((cursor.at?, cursor.skip)));
    let (mut page, mut last, mut more) = (Vec::new(), given, false);
    let mut seen = (None, 0_usize);
    for event in documents::events(basis, query) {
        let at = event.at();
        seen = (Some(at), if seen.0 == Some(at) { seen.1.saturating_add(1) } else { 1 });
        if given.is_some_and(|(then, count)| at > then || (at == then && seen.1 <= count)) {
            continue;
        }
        if page.len() == query.limit {
            more = true;
            break;
        }
        page.push(chosen(&event, query));
        last = Some((at, seen.1));
    }
    let config: Fingerprint = basis.config.hash;
    let next = last.filter(|_| more).map(|(at, skip)| Cursor { config, at: Some(at), skip });
    whole(query.list, page, next)
}

fn whole(list: List, page: Vec<Value>, next: Option<Cursor>) -> String {
    let mut body = serde_json::Map::new();
    body.insert(list.as_str().to_owned(), Value::Array(page));
    if let Some(next) = next {
        body.insert("next".to_owned(), Value::String(next.to_string()));
    }
    json::write(&body)
}

/// The members of a document that are asked for.
fn chosen<T: Serialize>(document: &T, query: &Query) -> Value {
    let Ok(Value::Object(mut members)) = serde_json::to_value(document) else { return Value::Null };
    if let Some(fields) = &query.fields {
        members.retain(|name, _| fields.iter().any(|field| field == name));
    }
    Value::Object(members)
}
