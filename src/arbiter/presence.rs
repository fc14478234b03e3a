//! The shards that report: who was heard when, who is silent and to be woken, and how fresh what is
//! stored of their votes is.

use std::collections::BTreeMap;
use std::fmt;

use super::doubt::lately;
use super::votes::Voting;
use super::{Effect, NEVER, ObjectName, POKE_EVERY};
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
    /// When it was last asked for more samples, because a change of the service wants them.
    asked: Option<Timestamp>,
    pub(super) seq: u64,
    pub(super) lag: Millis,
    pub(super) queued: Option<Millis>,
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

/// All shards, and when somebody has to look whether they are silent.
#[derive(Clone, Debug)]
pub(super) struct Watch {
    shards: BTreeMap<ShardName, Presence>,
    /// Before this time no shard is to be woken, and none falls silent.
    heard_until: Timestamp,
    /// When an alarm has to see who is silent, because nobody's report does any more.
    silence_at: Timestamp,
}

impl Watch {
    /// Every shard of a configuration, before any has reported.
    pub(super) fn of(config: &Config) -> Self {
        let (heard_until, silence_at) = (Timestamp::default(), Timestamp::default());
        Self { shards: watched(config), heard_until, silence_at }
    }

    /// A shard.
    pub(super) fn get(&self, key: &ShardName) -> Option<&Presence> {
        self.shards.get(key)
    }

    /// Every shard.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&ShardName, &Presence)> {
        self.shards.iter()
    }

    /// Whether one may have fallen silent, or reported after a silence.
    pub(super) fn is_to_be_looked_at(&self, now: Timestamp) -> bool {
        now >= self.heard_until
    }

    /// When an alarm has to see who is silent.
    pub(super) const fn silence_at(&self) -> Timestamp {
        self.silence_at
    }

    /// The latest report of any.
    pub(super) fn latest(&self) -> Option<Timestamp> {
        self.shards.values().filter_map(|presence| presence.heard).max()
    }

    /// Takes in what a report says of its shard.
    pub(super) fn take(&mut self, key: &ShardName, report: &Report, now: Timestamp) {
        let Some(presence) = self.shards.get_mut(key) else { return };
        if presence.silent_from().is_none_or(|from| now > from) {
            // It is silent no more, which is looked at in this very step.
            self.heard_until = now;
        }
        presence.take(report, now);
        if let Some(from) = presence.silent_from() {
            self.silence_at = self.silence_at.max(from.plus(Millis::new(1)));
        }
    }

    /// The object of a shard that is asked for more samples now: once in `span`, and not if it has
    /// no fast probes left.
    pub(super) fn ask_more(&mut self, key: &ShardName, span: Millis, now: Timestamp) -> Option<ObjectName> {
        let presence = self.shards.get_mut(key).filter(|presence| presence.has_fast_probes())?;
        if presence.asked.is_some_and(|at| lately(at, span, now)) {
            return None;
        }
        presence.asked = Some(now);
        Some(presence.object.clone())
    }

    /// Notes that a shard's row is stored now, and how fresh the votes in it are.
    pub(super) fn stored(&mut self, key: &ShardName, voting: &Voting, now: Timestamp) {
        if let Some(presence) = self.shards.get_mut(key) {
            presence.stored_at = Some(now);
            presence.keep(&key.vantage, voting);
        }
    }

    /// Takes in what was stored of a shard.
    pub(super) fn restore(&mut self, key: &ShardName, seq: u64, heard: Timestamp) {
        if let Some(presence) = self.shards.get_mut(key) {
            // Reports that changed no opinion were not stored for so long.
            presence.unsure = Millis::new(presence.ttl.get() / 3);
            presence.seq = seq;
            presence.heard = Some(heard);
            presence.stored_at = Some(heard);
        }
    }

    /// Takes in how fresh a stored vote is.
    pub(super) fn restore_vote(&mut self, key: &ShardName, id: &OriginId, observed: Timestamp) {
        if let Some(kept) = self.shards.get_mut(key).and_then(|presence| presence.kept.get_mut(id)) {
            kept.observed = observed;
        }
    }

    /// After the clock stepped back by so much, or memory was lost.
    pub(super) fn set_back(&mut self, by: Millis, now: Timestamp) {
        for presence in self.shards.values_mut() {
            presence.heard = presence.heard.map(|heard| heard.minus(by));
            presence.poked = None;
        }
        self.heard_until = now;
    }

    /// Has what is stored of every shard say how fresh its votes are by now; the shards.
    pub(super) fn keep_all(&mut self, voting: &Voting) -> Vec<ShardName> {
        for (key, presence) in &mut self.shards {
            presence.keep(&key.vantage, voting);
        }
        self.shards.keys().cloned().collect()
    }

    /// Wakes the shards that are silent.
    pub(super) fn arm_silent(&mut self, now: Timestamp) -> Vec<Effect> {
        let mut effects = Vec::new();
        if !self.is_to_be_looked_at(now) {
            return effects;
        }
        (self.heard_until, self.silence_at) = (NEVER, NEVER);
        let mut last = None;
        for presence in self.shards.values_mut() {
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
            // Every report is a look around: only when none comes any more it takes an alarm to see
            // who is silent. One that fell silent is woken by whoever comes next; one that never
            // spoke is waited for.
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
    /// Whether any of its daily allowance of fast probes is left, as far as it has told.
    pub(super) fn has_fast_probes(&self) -> bool {
        self.fast.is_none_or(|fast| fast.spent < fast.of)
    }

    /// From when on it counts as silent unless it reports; nothing if it has never reported.
    pub(super) fn silent_from(&self) -> Option<Timestamp> {
        self.heard.map(|heard| heard.plus(self.silent_after).plus(self.unsure))
    }

    /// Whether its row is to be stored although nothing in it changed.
    pub(super) fn is_to_be_stored(&self, now: Timestamp) -> bool {
        self.stored_at.is_none_or(|at| now.since(at).times(3) >= self.ttl || now < at)
    }

    /// Notes how fresh its votes are in the row that is stored now.
    fn keep(&mut self, vantage: &Name, voting: &Voting) {
        for (origin, kept) in &mut self.kept {
            kept.observed = voting.vote(origin, vantage).map_or(kept.observed, |vote| vote.observed);
        }
    }

    /// Takes in what a report says of its shard.
    fn take(&mut self, report: &Report, now: Timestamp) {
        self.seq = report.seq;
        self.heard = Some(now);
        self.unsure = Millis::ZERO;
        self.lag = report.lag;
        self.queued = report.queued;
        self.missed = report.missed;
        self.colo.clone_from(&report.colo);
        self.fast = report.fast;
        self.blind = report.blind.iter().next().map(|(origin, why)| format!("{origin}: {why}"));
    }
}

/// Every shard of every vantage that the configuration names and that runs in an object of ours.
fn watched(config: &Config) -> BTreeMap<ShardName, Presence> {
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
                queued: None,
                missed: 0,
                stored_at: None,
                kept: kept.collect(),
                colo: None,
                fast: None,
                asked: None,
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
