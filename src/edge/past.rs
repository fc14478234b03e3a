//! What the Arbiter's object answers of the past, from the rows that it stores.

use web_sys::Response;
use worker::{Result, Storage};

use super::{clock, respond, rows};
use crate::availability::{self, Standing};
use crate::calls::ArbiterCall;
use crate::config::Config;
use crate::history::{self, Grounds, Query};
use crate::incident;
use crate::schedule;
use crate::units::Name;
use crate::writes::{Change, Outcome, Write};

/// The answer to a call about the past. `standing` says how a pool and its origins stand now.
pub(super) fn told(
    storage: &Storage,
    call: &ArbiterCall,
    config: &Config,
    standing: impl FnOnce(&Name) -> Vec<Standing>,
) -> Result<Response> {
    match call {
        ArbiterCall::History(query) => history(storage, query, config),
        ArbiterCall::Availability(pool, origin) => {
            availability(storage, pool, origin.as_ref(), standing(pool))
        }
        ArbiterCall::Incidents(query) => {
            incidents(storage, query.all, config, |grounds| Some(incident::listed(grounds, query)))
        }
        ArbiterCall::Incident(id, all) => {
            incidents(storage, *all, config, |grounds| incident::told(grounds, id, *all))
        }
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

/// For how long a pool and its origins, or one of them, stood how. `standing` is how they stand
/// now.
fn availability(
    storage: &Storage,
    pool: &Name,
    origin: Option<&Name>,
    mut standing: Vec<Standing>,
) -> Result<Response> {
    if let Some(origin) = origin {
        let subject = format!("{pool}/{origin}");
        standing.retain(|standing| standing.subject == subject);
    }
    let now = clock::now();
    // Most days have no row, and a question for each would cost more than the answer.
    let known = rows::of_pool(storage, pool)?;
    let stored = |key: &str| known.get(key).cloned();
    respond::plain(200, &availability::answered(&stored, pool, &standing, now))
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
    let known = rows::of_incidents(storage)?;
    let shown = |pool: &Name| config.pool(pool.as_str()).is_some_and(|pool| all || !pool.hidden);
    let told = rows::of_history(storage, |by_key| {
        let stored = |key: &str| known.get(key).cloned().or_else(|| by_key(key));
        with(&incident::Grounds { stored: &stored, shown: &shown, config: config.hash, now: clock::now() })
    });
    respond::plain(200, &told?.unwrap_or_default())
}

/// Why a change is none, as far as the incidents say that are stored.
pub(super) fn refused(storage: &Storage, write: &Write) -> Result<Option<Outcome>> {
    let Change::Note { incident, .. } = &write.change else { return Ok(None) };
    let known = rows::of_incidents(storage)?;
    Ok(incident::closed_to_notes(&|key: &str| known.get(key).cloned(), incident))
}
