//! What the Arbiter's object answers of the past, from the rows that it stores.

use web_sys::Response;
use worker::{Result, Storage};

use super::{clock, respond, rows};
use crate::availability::{self, Detail, Standing};
use crate::config::Config;
use crate::history::{self, Grounds, Query};
use crate::schedule;
use crate::units::Name;

/// For how long a pool and its origins, or one of them, stood how. `standing` is how they stand
/// now.
pub(super) fn availability(
    storage: &Storage,
    pool: &Name,
    origin: Option<&Name>,
    mut standing: Vec<Standing>,
    detail: Detail,
) -> Result<Response> {
    if let Some(origin) = origin {
        let subject = format!("{pool}/{origin}");
        standing.retain(|standing| standing.subject == subject);
    }
    let now = clock::now();
    // Most days have no row, and a question for each would cost more than the answer.
    let known = rows::of_pool(storage, pool)?;
    let stored = |key: &str| known.get(key).cloned();
    respond::plain(200, &availability::answered(&stored, pool, &standing, detail, now))
}

/// The same of every pool, by the day.
pub(super) fn days_of_all(storage: &Storage, pools: &[(Name, Standing)]) -> Result<Response> {
    let known = rows::of_all_pools(storage)?;
    let stored = |key: &str| known.get(key).cloned();
    respond::plain(200, &availability::answered_of_all(&stored, pools, clock::now()))
}

/// What was measured of an origin.
pub(super) fn history(storage: &Storage, query: &Query, config: &Config) -> Result<Response> {
    let now = clock::now();
    let shard = |vantage: &Name| schedule::label_of(config, vantage, &query.id);
    let vantages: Vec<_> =
        config.vantages.iter().map(|known| (known.name.clone(), shard(&known.name))).collect();
    let told = rows::of_history(storage, |stored| {
        history::answered(query, &Grounds { stored, vantages: &vantages, now })
    });
    respond::plain(200, &told?)
}
