//! A step of the Arbiter → what history is made of, and the rows that it changes.

use super::Arbiter;
use crate::availability::{self, Standing};
use crate::history::{self, HistoryRow, Keeping, Rollup, Sender, Stored, Window};
use crate::incident::{self, NewNote, Observed};
use crate::snapshot::{Part, PoolView, Transition};
use crate::units::{Name, Timestamp};

/// What history is made of.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Memories {
    /// What a vantage handed on, and which it is.
    pub rollups: Option<(Sender, Vec<Rollup>)>,
    /// Of what history is kept, and for how long.
    pub keeping: Keeping,
    /// Verdicts that became another.
    pub transitions: Vec<Transition>,
    /// The time since somebody last looked, if that was long.
    pub away: Option<Window>,
    /// How the pools stand of which an incident may have something new.
    pub observed: Vec<Observed>,
    /// What somebody noted of an incident.
    pub note: Option<NewNote>,
    /// Rows of changes of the service.
    pub changed: Vec<HistoryRow>,
}

impl Memories {
    /// Whether nothing is to be remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rollups.is_none()
            && self.transitions.is_empty()
            && self.away.is_none()
            && self.observed.is_empty()
            && self.note.is_none()
            && self.changed.is_empty()
    }

    /// The rows that it changes.
    #[must_use]
    pub fn rows(&self, stored: &Stored<'_>) -> Vec<HistoryRow> {
        let mut rows = availability::stood(stored.at, &self.transitions, self.away);
        rows.extend(incident::recorded(stored.at, &self.observed, self.away, self.note.as_ref()));
        rows.extend(self.changed.iter().cloned());
        if let Some((sender, rollups)) = &self.rollups {
            rows.extend(history::rolled(stored, sender, rollups, &self.keeping));
        }
        rows
    }

    /// The last rollup, once the rows are stored: its life and number.
    #[must_use]
    pub fn handed_on(&self) -> Option<(u64, u64)> {
        let (_, rollups) = self.rollups.as_ref()?;
        rollups.last().map(|rollup| (rollup.life, rollup.seq))
    }
}

impl Arbiter {
    /// Of what history is kept from now on, and for how long.
    pub(super) fn keeping(&self, now: Timestamp) -> Keeping {
        Keeping {
            retention: self.config.history,
            shards: self.watch.iter().map(|(shard, _)| shard.to_string()).collect(),
            origins: self.config.origins().map(|origin| origin.id.to_string()).collect(),
            pools: self.config.pools.iter().map(|pool| pool.name.to_string()).collect(),
            now,
        }
    }

    /// What stands of a pool, and of everything in it.
    #[must_use]
    pub fn standing(&self, pool: &Name, now: Timestamp) -> Vec<Standing> {
        let snapshot = self.snapshot(&Part::Pool(pool.clone()), now);
        let Some(view) = snapshot.pools.iter().find(|view| view.name == *pool) else { return Vec::new() };
        let whole = Standing { subject: pool.to_string(), status: view.status_at(now) };
        let origins = view.origins.iter().map(|origin| Standing {
            subject: format!("{pool}/{}", origin.name),
            status: origin.status_at(now),
        });
        std::iter::once(whole).chain(origins).collect()
    }

    /// How every pool stands now, without its origins.
    #[must_use]
    pub fn standing_of_all(&self, now: Timestamp) -> Vec<(Name, Standing)> {
        let pools = self.snapshot(&Part::Summary, now).pools;
        let standing =
            |view: &PoolView| Standing { subject: view.name.to_string(), status: view.status_at(now) };
        pools.iter().map(|view| (view.name.clone(), standing(view))).collect()
    }
}
