//! What the Arbiter's object answers of the past, from the rows that it stores.

use web_sys::Response;
use worker::{Result, Storage};

use super::{clock, respond, rows};
use crate::arbiter::Arbiter as Engine;
use crate::availability::{self, Detail};
use crate::calls::ArbiterCall;
use crate::change::{self, Refusal};
use crate::config::Config;
use crate::history::{self, Grounds, Query};
use crate::incident;
use crate::schedule;
use crate::units::Name;
use crate::writes::{Edit, Outcome, Write};

/// The answer to a call about the past; how things stand now the engine says.
pub(super) fn told(
    storage: &Storage,
    call: &ArbiterCall,
    config: &Config,
    engine: &Engine,
) -> Result<Response> {
    match call {
        ArbiterCall::History(query) => history(storage, query, config),
        ArbiterCall::Availability(pool, origin) => {
            let origin = origin.as_ref();
            stood(storage, &Asked { pool, origin, detail: Detail::Windows, config }, engine)
        }
        ArbiterCall::Days(Some(pool), origin) => {
            let origin = origin.as_ref();
            stood(storage, &Asked { pool, origin, detail: Detail::Daily, config }, engine)
        }
        ArbiterCall::Days(None, _) => days_of_all(storage, config, engine),
        ArbiterCall::Incidents(query) => {
            incidents(storage, query.all, config, |grounds| Some(incident::listed(grounds, query)))
        }
        ArbiterCall::Incident(id, all) => {
            incidents(storage, *all, config, |grounds| incident::told(grounds, id, *all))
        }
        ArbiterCall::Changes(query) => {
            changes(storage, engine, |grounds| Some(change::listed(grounds, query)))
                .and_then(|told| respond::plain(200, &told.unwrap_or_default()))
        }
        ArbiterCall::Change(id, markdown) => {
            let told = if *markdown { change::markdown } else { change::told };
            changes(storage, engine, |grounds| told(grounds, id))
                .and_then(|told| respond::plain(200, &told.unwrap_or_default()))
        }
        ArbiterCall::Lately => lately(storage, config),
        ArbiterCall::Report
        | ArbiterCall::Beat(_)
        | ArbiterCall::Suspect(_)
        | ArbiterCall::Follow(_)
        | ArbiterCall::Wake
        | ArbiterCall::Write
        | ArbiterCall::Audit
        | ArbiterCall::Snapshot(_) => respond::plain(404, ""),
    }
}

/// Whose standing is asked for.
struct Asked<'a> {
    pool: &'a Name,
    /// The pool and all its origins if none.
    origin: Option<&'a Name>,
    detail: Detail,
    config: &'a Config,
}

/// For how long it stood how.
fn stood(storage: &Storage, asked: &Asked<'_>, engine: &Engine) -> Result<Response> {
    let (now, pool) = (clock::now(), asked.pool);
    let mut standing = engine.standing(pool, now);
    if let Some(origin) = asked.origin {
        let subject = format!("{pool}/{origin}");
        standing.retain(|standing| standing.subject == subject);
    }
    // Most days have no row, and a question for each would cost more than the answer.
    let known = rows::of_pool(storage, pool)?;
    let stored = |key: &str| known.get(key).cloned();
    let grounds = availability::Grounds { stored: &stored, kept: asked.config.history.days, now };
    respond::plain(200, &availability::answered(&grounds, pool, &standing, asked.detail))
}

/// The same of every pool, by the day.
fn days_of_all(storage: &Storage, config: &Config, engine: &Engine) -> Result<Response> {
    let now = clock::now();
    let known = rows::of_all_pools(storage)?;
    let stored = |key: &str| known.get(key).cloned();
    let grounds = availability::Grounds { stored: &stored, kept: config.history.days, now };
    respond::plain(200, &availability::answered_of_all(&grounds, &engine.standing_of_all(now)))
}

/// What was measured of an origin.
fn history(storage: &Storage, query: &Query, config: &Config) -> Result<Response> {
    let now = clock::now();
    let shard = |vantage: &Name| schedule::label_of(config, vantage, &query.id);
    let vantages: Vec<_> =
        config.vantages.iter().map(|known| (known.name.clone(), shard(&known.name))).collect();
    let told = rows::of_history(storage, |stored| {
        history::answered(query, &Grounds { stored, vantages: &vantages, now })
    });
    respond::plain(200, &told?)
}

/// Incidents, as whoever may see everything, or only what is not hidden, is told of them.
fn incidents(
    storage: &Storage,
    all: bool,
    config: &Config,
    with: impl FnOnce(&incident::Grounds<'_>) -> Option<String>,
) -> Result<Response> {
    let known = rows::between(storage, incident::keys())?;
    let shown = |pool: &Name| config.pool(pool.as_str()).is_some_and(|pool| all || !pool.hidden);
    let told = rows::of_history(storage, |by_key| {
        let stored = |key: &str| known.get(key).cloned().or_else(|| by_key(key));
        with(&incident::Grounds { stored: &stored, shown: &shown, config: config.hash, now: clock::now() })
    });
    respond::plain(200, &told?.unwrap_or_default())
}

/// Incidents as customers are told of them.
fn lately(storage: &Storage, config: &Config) -> Result<Response> {
    let shown = |pool: &Name| config.pool(pool.as_str()).is_some_and(|pool| !pool.hidden);
    let told = rows::of_history(storage, |stored| {
        incident::lately(&incident::Grounds { stored, shown: &shown, config: config.hash, now: clock::now() })
    });
    respond::plain(200, &told?)
}

/// Changes of the service, as they read now.
fn changes<T>(storage: &Storage, engine: &Engine, with: impl FnOnce(&change::Grounds<'_>) -> T) -> Result<T> {
    let known = rows::between(storage, change::keys())?;
    rows::of_history(storage, |by_key| {
        let stored = |key: &str| known.get(key).cloned().or_else(|| by_key(key));
        with(&change::Grounds { changes: engine.changes(), stored: &stored, now: clock::now() })
    })
}

/// One change, as it reads now.
pub(super) fn change(storage: &Storage, id: &str, engine: &Engine) -> Result<Option<String>> {
    changes(storage, engine, |grounds| change::told(grounds, id))
}

/// Why an edit is not made, as far as incidents and changes say that are stored.
pub(super) fn refused(storage: &Storage, write: &Write) -> Result<Option<Outcome>> {
    match &write.edit {
        Edit::Note { incident, .. } => {
            let known = rows::between(storage, incident::keys())?;
            Ok(incident::closed_to_notes(&|key: &str| known.get(key).cloned(), incident))
        }
        Edit::Apply(id) | Edit::Close { id, .. } => {
            let closed = rows::of_history(storage, |stored| change::is_closed(stored, id))?;
            Ok(closed.then_some(Outcome::NoChange(Refusal::Closed)))
        }
        Edit::Purge(purge) => {
            let closed = |id: &String| rows::of_history(storage, |stored| change::is_closed(stored, id));
            let closed = purge.change.as_ref().map(closed).transpose()?.unwrap_or(false);
            Ok(closed.then_some(Outcome::NoChange(Refusal::Closed)))
        }
        Edit::Start(_) | Edit::Put(_) | Edit::Delete => Ok(None),
    }
}
