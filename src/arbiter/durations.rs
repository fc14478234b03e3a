//! Rollups of the shards → the response times of each pool since counting began.
//!
//! Each shard's stand in its row, with the number of the last rollup in them, so each is counted
//! once. Those of a shard that the configuration does not name any more stay, and go on to another
//! one when its row goes: a sum never falls.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::presence::ShardName;
use crate::history::{self, Rollup};
use crate::units::Name;

/// The response times that one shard counted. Stored: fields are never renamed, and new ones may be
/// missing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Counted {
    life: u64,
    seq: u64,
    pools: BTreeMap<Name, history::Durations>,
}

/// Those of every shard.
#[derive(Clone, Debug, Default)]
pub(super) struct Durations(BTreeMap<ShardName, Counted>);

impl Durations {
    /// Takes in what was stored of a shard.
    pub(super) fn restore(&mut self, key: ShardName, counted: Counted) {
        self.0.insert(key, counted);
    }

    /// What is to be stored of a shard; nothing if it has counted nothing.
    pub(super) fn stored(&self, key: &ShardName) -> Option<&Counted> {
        self.0.get(key)
    }

    /// Counts rollups of a shard that are not counted yet; whether there were any.
    pub(super) fn take(&mut self, key: &ShardName, rollups: &[Rollup]) -> bool {
        let counted = self.0.entry(key.clone()).or_default();
        let mut news = false;
        for rollup in rollups {
            if rollup.life == counted.life && rollup.seq <= counted.seq {
                continue;
            }
            news = true;
            (counted.life, counted.seq) = (rollup.life, rollup.seq);
            for (id, part) in &rollup.origins {
                counted.pools.entry(id.pool.clone()).or_default().add(part);
            }
        }
        news
    }

    /// Hands what a shard counted that left the file on to another one.
    pub(super) fn hand_on(&mut self, from: &ShardName, to: &ShardName) {
        let Some(counted) = self.0.remove(from) else { return };
        let heir = self.0.entry(to.clone()).or_default();
        for (pool, more) in &counted.pools {
            heir.pools.entry(pool.clone()).or_default().merge(more);
        }
    }

    /// The response times of a pool, from all shards; nothing if none was counted.
    pub(super) fn of(&self, pool: &Name) -> Option<history::Durations> {
        let mut sum = history::Durations::default();
        self.0.values().filter_map(|counted| counted.pools.get(pool)).for_each(|more| sum.merge(more));
        (!sum.is_empty()).then_some(sum)
    }
}
