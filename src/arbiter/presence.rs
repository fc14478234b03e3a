//! The shards that report: who was heard when, who is silent and to be woken, and how fresh what is stored of their votes is.

use std::collections::BTreeMap;
use std::fmt;

use super::{Arbiter, Effect, NEVER, ObjectName, POKE_EVERY};
use crate::config::{Config, Place, Pool};
use crate::schedule;
use crate::units::{Millis, Name, OriginId, Timestamp};
use crate::vote::{Fast, Report};

/// Which shard of which vantage: what a report says of its sender.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ShardName {
    pub(super) vantage: Name,
    pub(super) shard: String,
}

impl fmt::Display for ShardName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.vantage, self.shard)
    }
}

/// One shard as the Arbiter knows it.
#[derive(Clone, Debug)]
pub(super) struct Presence {
    pub(super) heard: Option<Timestamp>,
    pub(super) poked: Option<Timestamp>,
    pub(super) seq: u64,
    pub(super) lag: Millis,
    pub(super) missed: u64,
    pub(super) stored_at: Option<Timestamp>,
    /// How fresh its votes are in the row that is stored, by origin.
    pub(super) kept: BTreeMap<OriginId, Kept>,
    pub(super) colo: Option<String>,
    pub(super) fast: Option<Fast>,
    /// The first origin that it has no evidence of, and why.
    pub(super) blind: Option<String>,
    /// The longest time between two reports that is not silence.
    pub(super) silent_after: Millis,
    /// What is known of it comes from storage: it may have been heard so much later.
    pub(super) unsure: Millis,
    /// The shortest time to live of the votes of its vantage.
    pub(super) ttl: Millis,
    pub(super) object: ObjectName,
    pub(super) origins: Vec<OriginId>,
}

/// How fresh a vote is in the row that is stored.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kept {
    pub(super) observed: Timestamp,
    /// It may be so much younger by now: read again, it would still live until the next one comes.
    pub(super) spare: Millis,
}

impl Arbiter {
    /// Notes how fresh the votes of a shard are in the row that is stored now.
    pub(super) fn keeps(&mut self, key: &ShardName) {
        let Some(presence) = self.watch.get_mut(key) else { return };
        for (origin, kept) in &mut presence.kept {
            let vote = self.votes.get(origin).and_then(|ballot| ballot.get(&key.vantage));
            kept.observed = vote.map_or(kept.observed, |vote| vote.observed);
        }
    }

    /// Wakes the shards that are silent.
    pub(super) fn arm_silent(&mut self, now: Timestamp) -> Vec<Effect> {
        let mut effects = Vec::new();
        if now < self.heard_until {
            return effects;
        }
        (self.heard_until, self.silence_at) = (NEVER, NEVER);
        let mut last = None;
        for presence in self.watch.values_mut() {
            let silent_from = presence.silent_from();
            let silent =
                silent_from.is_none_or(|from| now > from) || presence.heard.is_some_and(|heard| now < heard);
            let poked = presence.poked.is_some_and(|poked| now >= poked && now.since(poked) < POKE_EVERY);
            if silent && !poked {
                presence.poked = Some(now);
                effects.push(Effect::Arm(presence.object.clone()));
            }
            let looks = match silent_from {
                Some(from) if !silent => from.plus(Millis::new(1)),
                Some(_) | None => now.plus(POKE_EVERY),
            };
            self.heard_until = self.heard_until.min(looks);
            // Every report is a look around: only when none comes any more it takes an alarm to see who is silent. One that fell
            // silent is woken by whoever comes next; one that never spoke is waited for.
            if presence.heard.is_none() {
                self.silence_at = self.silence_at.min(looks);
            } else if !silent {
                last = last.max(Some(looks));
            }
        }
        self.silence_at = last.map_or(self.silence_at, |last| self.silence_at.min(last));
        effects
    }
}

impl Presence {
    /// From when on it counts as silent unless it reports; nothing if it has never reported.
    pub(super) fn silent_from(&self) -> Option<Timestamp> {
        self.heard.map(|heard| heard.plus(self.silent_after).plus(self.unsure))
    }

    /// Takes in what a report says of its shard.
    pub(super) fn take(&mut self, report: &Report, now: Timestamp) {
        self.seq = report.seq;
        self.heard = Some(now);
        self.unsure = Millis::ZERO;
        self.lag = report.lag;
        self.missed = report.missed;
        self.colo.clone_from(&report.colo);
        self.fast = report.fast;
        self.blind = report.blind.iter().next().map(|(origin, why)| format!("{origin}: {why}"));
    }
}

/// Every shard of every vantage that the configuration names and that runs in an object of ours.
pub(super) fn watched(config: &Config) -> BTreeMap<ShardName, Presence> {
    let mut watch = BTreeMap::new();
    for vantage in &config.vantages {
        let Place::Hint(hint) = vantage.place else { continue };
        let ttl = config.shortest_ttl(&vantage.name);
        // Shards divide the origins in their order.
        let spares_of = |pool: &'_ Pool| {
            let own = pool.origins.iter().filter(|origin| origin.vantages.contains(&vantage.name));
            own.map(|origin| pool.vote_ttl.minus(origin.pace.pause())).collect::<Vec<_>>()
        };
        let mut spares = config.pools.iter().flat_map(spares_of);
        for shard in schedule::shards(config, &vantage.name) {
            let kept = shard.origins.iter().map(|origin| {
                let spare = spares.next().unwrap_or_default();
                (origin.id.clone(), Kept { observed: Timestamp::default(), spare })
            });
            let presence = Presence {
                heard: None,
                poked: None,
                seq: 0,
                lag: Millis::ZERO,
                missed: 0,
                stored_at: None,
                kept: kept.collect(),
                colo: None,
                fast: None,
                blind: None,
                silent_after: shard.silent_after(),
                unsure: Millis::ZERO,
                ttl,
                object: ObjectName {
                    name: schedule::object_name(vantage, hint.as_str(), &shard.label()),
                    hint,
                },
                origins: shard.origins.iter().map(|origin| origin.id.clone()).collect(),
            };
            watch.insert(ShardName { vantage: vantage.name.clone(), shard: shard.label() }, presence);
        }
    }
    watch
}
