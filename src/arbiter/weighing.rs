//! Votes and heartbeats → verdicts, and verdicts → what a pool comes to: only where something is
//! new, or its time has come.

use std::collections::BTreeMap;

use super::heartbeats::Heartbeats;
use super::settling::{CurrentPoolVerdict, Settled, aggregate_pool};
use super::stored::PoolRow;
use super::votes::Voting;
use super::{Arbiter, NEVER, Row};
use crate::config::{Config, Pool, Subject};
use crate::snapshot::Transition;
use crate::units::{Fingerprint, Name, OriginId, Timestamp};
use crate::verdict::{Damping, RawVerdict, Rules, Verdict};

/// An origin's verdict and what it rests on.
#[derive(Clone, Debug)]
pub(super) struct CurrentVerdict {
    /// The place of its pool in the configuration.
    pub(super) pool: usize,
    pub(super) verdict: Verdict,
    /// What the votes said when they were last weighed; nothing before.
    pub(super) weighed: Option<RawVerdict>,
    /// When it is to be weighed again though nothing is reported.
    pub(super) next: Option<Timestamp>,
    /// A report has come since.
    pub(super) stale: bool,
}

impl CurrentVerdict {
    pub(super) const fn of(verdict: Verdict) -> Self {
        Self { pool: 0, verdict, weighed: None, next: None, stale: true }
    }

    /// Takes a new judgement in; whether what must be stored changed.
    fn follow(&mut self, judgement: RawVerdict, damping: Damping, now: Timestamp) -> bool {
        let changed = self.verdict.follow(&judgement, damping, now);
        self.next = [judgement.until, self.verdict.next(damping)].into_iter().flatten().min();
        self.weighed = Some(judgement);
        self.stale = false;
        changed
    }

    /// Why the verdict is what it is.
    pub(super) fn reason(&self) -> String {
        match &self.weighed {
            None => "not weighed yet".to_owned(),
            Some(judgement) if judgement.status == self.verdict.status => judgement.reason.clone(),
            Some(judgement) => format!("held although it is better by now: {}", judgement.reason),
        }
    }
}

/// What became of the verdicts in a pool.
#[derive(Default)]
struct Evaluated {
    /// Whether any was weighed.
    any: bool,
    /// Whether anything changed that must be stored.
    changed: bool,
    /// Those that became another.
    transitions: Vec<Transition>,
}

/// Every verdict, and which of them are to be looked at again.
#[derive(Clone, Debug, Default)]
pub(super) struct Verdicts {
    subjects: BTreeMap<OriginId, CurrentVerdict>,
    pools: BTreeMap<Name, CurrentPoolVerdict>,
    /// Pools whose followers are to be told of their revision.
    revised: Vec<Name>,
    /// Pools with an origin that is to be weighed anew, by their place in the configuration, in its
    /// order.
    stale: Vec<usize>,
    /// Before this time nothing changes by time alone. Votes that are renewed only make it later
    /// than it says.
    unmoved_until: Timestamp,
}

/// What verdicts are made from.
pub(super) struct Grounds<'a> {
    pub(super) config: &'a Config,
    pub(super) voting: &'a Voting,
    pub(super) heartbeats: &'a Heartbeats,
    /// Whether an alarm is set that rings later than now.
    pub(super) awaits_alarm: bool,
}

/// What became of all verdicts.
#[derive(Default)]
pub(super) struct Moved {
    /// Those that became another.
    pub(super) transitions: Vec<Transition>,
    /// What is to be stored.
    pub(super) rows: Vec<Row>,
    /// The pools that changed, by their place in the configuration.
    pub(super) pools: Vec<usize>,
}

impl Verdicts {
    /// Takes a stored verdict in.
    pub(super) fn restore(&mut self, id: OriginId, verdict: Verdict) {
        self.subjects.insert(id, CurrentVerdict::of(verdict));
    }

    /// Takes a stored verdict of a pool in.
    pub(super) fn restore_pool(&mut self, pool: Name, standing: CurrentPoolVerdict) {
        self.pools.insert(pool, standing);
    }

    /// Has one for everything that the configuration names, and all be told: whoever stored these
    /// may have ended before it could.
    pub(super) fn complete(&mut self, config: &Config, now: Timestamp) {
        self.revised = self.pools.keys().cloned().collect();
        for (place, pool) in config.pools.iter().enumerate() {
            for subject in pool.subjects() {
                let unknown = || CurrentVerdict::of(Verdict::unknown(subject.definition(), now));
                self.subjects.entry(subject.id().clone()).or_insert_with(unknown).pool = place;
            }
        }
    }

    /// The verdict on an origin or a heartbeat.
    pub(super) fn get(&self, id: &OriginId) -> Option<&CurrentVerdict> {
        self.subjects.get(id)
    }

    /// The verdict on a pool.
    pub(super) fn pool(&self, pool: &Name) -> Option<&CurrentPoolVerdict> {
        self.pools.get(pool)
    }

    /// A pool's revision; 0 before it is settled for the first time.
    pub(super) fn revision(&self, pool: &Name) -> u64 {
        self.pools.get(pool).map_or(0, |standing| standing.revision)
    }

    /// Pools whose followers are to be told, and by which revision.
    pub(super) fn take_revised(&mut self) -> Vec<(Name, u64)> {
        let revised = std::mem::take(&mut self.revised);
        let with = |pool: Name| {
            let revision = self.revision(&pool);
            (pool, revision)
        };
        revised.into_iter().map(with).collect()
    }

    /// Before this time nothing changes by time alone.
    pub(super) const fn unmoved_until(&self) -> Timestamp {
        self.unmoved_until
    }

    /// Is to be weighed anew, and its pool with it.
    pub(super) fn expire(&mut self, id: &OriginId) {
        let Some(standing) = self.subjects.get_mut(id) else { return };
        standing.stale = true;
        if let Err(place) = self.stale.binary_search(&standing.pool) {
            self.stale.insert(place, standing.pool);
        }
    }

    /// After the clock stepped back, or memory was lost: everything is weighed anew.
    pub(super) fn set_back(&mut self, now: Timestamp) {
        self.unmoved_until = now;
        for standing in self.subjects.values_mut() {
            standing.stale = true;
        }
        for pool in self.pools.values_mut() {
            pool.since = pool.since.min(now);
        }
    }

    /// The pools to look at: those with news. All of them are looked at only when something may
    /// change by time alone, and when the next alarm is to be set: it must not ring for votes that
    /// were renewed meanwhile.
    fn touched(&mut self, grounds: &Grounds<'_>, now: Timestamp) -> Vec<usize> {
        let stale = std::mem::take(&mut self.stale);
        if now < self.unmoved_until && grounds.awaits_alarm {
            return stale;
        }
        self.unmoved_until = NEVER;
        (0..grounds.config.pools.len()).collect()
    }

    /// Weighs what is new, or whose time has come, and settles the pools that this touches.
    pub(super) fn evaluate(&mut self, grounds: &Grounds<'_>, now: Timestamp) -> Moved {
        let mut all = Moved::default();
        for place in self.touched(grounds, now) {
            let Some(pool) = grounds.config.pools.get(place) else { continue };
            let Evaluated { any, changed, transitions } = self.evaluate_subjects(pool, grounds, now);
            let mut moved = !transitions.is_empty();
            all.transitions.extend(transitions);
            let settled = if any || self.is_due(pool, grounds.config.hash, now) {
                self.settle(pool, &mut moved, grounds.config.hash, now)
            } else {
                None
            };
            all.transitions.extend(settled);
            if let Some(standing) = self.pools.get(&pool.name) {
                self.unmoved_until = earliest(self.unmoved_until, standing.next);
                if changed || moved {
                    all.pools.push(place);
                    all.rows.push(PoolRow::row(pool, standing, &self.subjects));
                }
            }
        }
        all
    }

    /// Weighs what is new, or whose time has come, in a pool.
    fn evaluate_subjects(&mut self, pool: &Pool, grounds: &Grounds<'_>, now: Timestamp) -> Evaluated {
        let mut weighed = Evaluated::default();
        let rules = Rules::of(pool);
        for subject in pool.subjects() {
            let Some(standing) = self.subjects.get_mut(subject.id()) else { continue };
            if !(standing.stale || standing.next.is_some_and(|next| next <= now)) {
                self.unmoved_until = earliest(self.unmoved_until, standing.next);
                continue;
            }
            weighed.any = true;
            let judgement = match subject {
                Subject::Origin(origin) => grounds.voting.judge(&rules, origin, now),
                Subject::Heartbeat(heartbeat) => grounds.heartbeats.judge(heartbeat, now),
            };
            let from = standing.verdict.status;
            weighed.changed |= standing.follow(judgement, Damping::of(pool, subject.interval()), now);
            self.unmoved_until = earliest(self.unmoved_until, standing.next);
            let to = standing.verdict.status;
            if from != to {
                let (subject, reason) = (subject.id().to_string(), standing.reason());
                weighed.transitions.push(Transition { at: now, subject, from, to, reason });
            }
        }
        weighed
    }

    /// Whether a pool is to be settled although nothing in it was weighed.
    fn is_due(&self, pool: &Pool, config: Fingerprint, now: Timestamp) -> bool {
        let standing = self.pools.get(&pool.name);
        standing.is_none_or(|pool| pool.config != config || pool.next.is_some_and(|next| next <= now))
    }

    /// Settles a pool; sets `moved` if anything about it moved.
    fn settle(
        &mut self,
        pool: &Pool,
        moved: &mut bool,
        config: Fingerprint,
        now: Timestamp,
    ) -> Option<Transition> {
        let before = self.revision(&pool.name);
        let mut settled = Settled { verdicts: &self.subjects, pools: &mut self.pools };
        let transition = aggregate_pool(pool, &mut settled, moved, config, now);
        if self.revision(&pool.name) != before && !self.revised.contains(&pool.name) {
            self.revised.push(pool.name.clone());
        }
        transition
    }
}

impl Arbiter {
    /// Weighs everything that is new, or whose time has come; what has to be stored is put to
    /// `rows`.
    pub(super) fn evaluate(&mut self, now: Timestamp, rows: &mut Vec<Row>) -> Moved {
        for vantage in self.voting.look(&self.config, now) {
            for (_, presence) in self.watch.iter().filter(|(key, _)| key.vantage == vantage) {
                presence.origins.iter().for_each(|origin| self.verdicts.expire(origin));
            }
        }
        let (config, voting, heartbeats) = (&self.config, &self.voting, &self.heartbeats);
        let awaits_alarm = self.alarm.is_some_and(|set| now < set);
        let grounds = Grounds { config, voting, heartbeats, awaits_alarm };
        let mut moved = self.verdicts.evaluate(&grounds, now);
        moved.pools.iter().for_each(|place| self.notifier.touch(*place));
        rows.append(&mut moved.rows);
        moved
    }
}

fn earliest(bound: Timestamp, next: Option<Timestamp>) -> Timestamp {
    next.map_or(bound, |next| bound.min(next))
}
