//! What the Arbiter stores, as rows of text: frozen formats, each with its version.
//!
//! Tables carry the schema's version in their name. A later release copies what it needs into
//! tables of its own and leaves these untouched. So going back to this release finds them as it
//! left them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::durations::Counted;
use super::presence::ShardName;
use super::publication::Publication;
use super::{Arbiter, CurrentPoolVerdict, CurrentVerdict};
use crate::config::{Pool, Subject};
use crate::defaults::arbiter::LEFT_FOR;
use crate::json;
use crate::signal::Choice;
use crate::snapshot::Transition;
use crate::units::{Fingerprint, Name, OriginId, Timestamp};
use crate::verdict::{RecordedVote, Status, Verdict};

pub use crate::defaults::arbiter::EVENTS_KEPT;

/// The version of the storage schema: the number in the tables' names.
pub const SCHEMA_VERSION: u32 = 1;

/// The key of the row that says which copies count no longer.
pub(super) const CLEARED: &str = "cleared";

/// The tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// One row per shard of a vantage: its votes.
    Shards,
    /// One row per pool: its verdict and its origins'.
    Pools,
    /// One row per event, oldest first; the key is empty.
    Events,
    /// What is known about the storage itself: one row per subject.
    Meta,
    /// One row per channel: the message that waits, and how sending goes; and one per channel and
    /// subject: what of it was told. A row without a text is cleared away.
    Outbox,
}

impl Table {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Shards, Self::Pools, Self::Outbox, Self::Events, Self::Meta];

    /// Its name in the database, with the version of the schema.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Shards => "v1_shards",
            Self::Pools => "v1_pools",
            Self::Events => "v1_events",
            Self::Meta => "meta",
            Self::Outbox => "v1_outbox",
        }
    }
}

/// The row of a shard that left the file long ago.
#[derive(Clone, Debug)]
pub(super) struct Left {
    key: String,
    shard: ShardName,
}

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Where it goes.
    pub table: Table,
    /// What it replaces there.
    pub key: String,
    /// JSON.
    pub text: String,
}

/// The votes of one shard. Format version 1.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ShardRow {
    vantage: Name,
    shard: String,
    seq: u64,
    heard: Timestamp,
    votes: BTreeMap<OriginId, RecordedVote>,
    /// The response times that it counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    durations: Option<Counted>,
}

/// The verdicts of one pool. Format version 1.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct PoolRow {
    pool: Name,
    status: Status,
    since: Timestamp,
    revision: u64,
    config: Fingerprint,
    chosen: Option<Name>,
    choice: String,
    panic: bool,
    origins: BTreeMap<Name, Verdict>,
}

impl Row {
    pub(super) fn event(transition: &Transition) -> Self {
        Self { table: Table::Events, key: String::new(), text: json::write(transition) }
    }
}

impl PoolRow {
    pub(super) fn row(
        pool: &Pool,
        standing: &CurrentPoolVerdict,
        verdicts: &BTreeMap<OriginId, CurrentVerdict>,
    ) -> Row {
        let origins = pool.subjects().filter_map(|subject| {
            let standing = verdicts.get(subject.id())?;
            Some((subject.id().origin.clone(), standing.verdict.clone()))
        });
        let row = Self {
            pool: pool.name.clone(),
            status: standing.status,
            since: standing.since,
            revision: standing.revision,
            config: standing.config,
            chosen: standing.choice.origin().cloned(),
            choice: standing.choice.reason().to_owned(),
            panic: standing.panic,
            origins: origins.collect(),
        };
        Row { table: Table::Pools, key: pool.name.to_string(), text: json::write(&row) }
    }
}

impl Arbiter {
    /// The row of one shard: its latest votes.
    pub(super) fn shard_row(&self, key: &ShardName) -> Row {
        let presence = self.watch.get(key);
        let origins = presence.map(|presence| &presence.origins).into_iter().flatten();
        let votes = origins.filter_map(|id| Some((id.clone(), self.voting.vote(id, &key.vantage)?.clone())));
        let row = ShardRow {
            vantage: key.vantage.clone(),
            shard: key.shard.clone(),
            seq: presence.map_or(0, |presence| presence.seq),
            heard: presence.and_then(|presence| presence.heard).unwrap_or_default(),
            votes: votes.collect(),
            durations: self.durations.stored(key).cloned(),
        };
        Row { table: Table::Shards, key: key.to_string(), text: json::write(&row) }
    }

    /// Takes one stored row in. What is not understood, or not named by the configuration any more,
    /// is left out: votes are cast again within a few probes.
    pub(super) fn restore(&mut self, row: &Row) {
        match row.table {
            Table::Shards => self.restore_shard(row),
            Table::Pools => self.restore_pool(&row.text),
            Table::Meta
                if self.ledger.restore(&row.key, &row.text) || self.changes.restore(&row.key, &row.text) => {}
            Table::Meta if row.key == CLEARED => self.cleared = json::read(&row.text).unwrap_or_default(),
            Table::Meta => {
                if let Some(publication) = Publication::restore(row) {
                    self.publication = publication;
                }
                self.heartbeats.restore(row, &self.config);
            }
            Table::Events => self.events.extend(json::read::<Transition>(&row.text)),
            Table::Outbox => self.restore_outbox(row),
        }
    }

    /// One of the rows of shards that left the file long ago, to be taken away. What it counted
    /// goes on to `heir`: the rows of both are stored together.
    pub(super) fn leave(&mut self, heir: &ShardName) -> Option<Row> {
        self.watch.get(heir)?;
        let Left { key, shard } = self.left.pop()?;
        self.durations.hand_on(&shard, heir);
        Some(Row { table: Table::Shards, key, text: String::new() })
    }

    fn restore_shard(&mut self, Row { key: stored, text, .. }: &Row) {
        let Some(row) = json::read::<ShardRow>(text) else { return };
        let key = ShardName { vantage: row.vantage.clone(), shard: row.shard };
        if let Some(counted) = row.durations {
            self.durations.restore(key.clone(), counted);
        }
        if self.watch.get(&key).is_none() && self.began.since(row.heard) > LEFT_FOR {
            self.left.push(Left { key: stored.clone(), shard: key });
            return;
        }
        self.watch.restore(&key, row.seq, row.heard);
        // A vote outlives a new division into shards: it is the vantage's, whichever object of it
        // cast it.
        for (id, vote) in row.votes {
            self.watch.restore_vote(&key, &id, vote.observed);
            if self.config.origin(&id).is_some_and(|origin| origin.vantages.contains(&row.vantage)) {
                self.voting.restore(&row.vantage, id, vote);
            }
        }
    }

    fn restore_pool(&mut self, text: &str) {
        let Some(row) = json::read::<PoolRow>(text) else { return };
        let Some(takes_traffic) = self.config.pool(row.pool.as_str()).map(Pool::takes_traffic) else {
            return;
        };
        for (origin, verdict) in row.origins {
            let id = OriginId { pool: row.pool.clone(), origin };
            let definition = self.config.subject(&id).map(Subject::definition);
            if let Some(definition) = definition {
                self.verdicts.restore(id, verdict.under(definition));
            }
        }
        let choice = match row.chosen {
            Some(name) if takes_traffic => Choice::Origin { name, reason: row.choice },
            None if takes_traffic => Choice::Nowhere,
            Some(_) | None => Choice::Routeless { summary: row.choice },
        };
        let standing = CurrentPoolVerdict {
            status: row.status,
            since: row.since,
            revision: row.revision,
            choice,
            config: row.config,
            next: Some(Timestamp::from_millis(0)),
            panic: row.panic,
        };
        self.verdicts.restore_pool(row.pool, standing);
    }
}
