//! What the Arbiter's object answers of the past, from the rows that it stores.

use web_sys::Response;
use worker::{Result, Storage};

use super::{clock, respond, rows};
use crate::arbiter::Arbiter as Engine;
use crate::availability::{self, Detail};
use crate::config::Config;
use crate::history::{self, Grounds, Query};
use crate::schedule;
use crate::units::Name;

/// Whose standing is asked for.
pub(super) struct Asked {
    /// Every pool if none.
    pool: Option<Name>,
    /// The pool and all its origins if none.
    origin: Option<Name>,
    /// In what detail; of every pool it is always by the day.
    detail: Detail,
}

impl Asked {
    /// By whole windows.
    pub(super) const fn whole(pool: Name, origin: Option<Name>) -> Self {
        Self { pool: Some(pool), origin, detail: Detail::Windows }
    }

    /// By the day as well.
    pub(super) const fn daily(pool: Option<Name>, origin: Option<Name>) -> Self {
        Self { pool, origin, detail: Detail::Daily }
    }
}

/// For how long it stood how; how it stands now the engine says.
pub(super) fn stood(storage: &Storage, asked: &Asked, engine: &Engine) -> Result<Response> {
    let now = clock::now();
    // Most days have no row, and a question for each would cost more than the answer.
    let text = if let Some(pool) = &asked.pool {
        let known = rows::of_pool(storage, pool)?;
        let mut standing = engine.standing(pool, now);
        if let Some(origin) = &asked.origin {
            let subject = format!("{pool}/{origin}");
            standing.retain(|standing| standing.subject == subject);
        }
        availability::answered(&|key| known.get(key).cloned(), pool, &standing, asked.detail, now)
    } else {
        let known = rows::of_all_pools(storage)?;
        availability::answered_of_all(&|key| known.get(key).cloned(), &engine.standing_of_all(now), now)
    };
    respond::plain(200, &text)
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
