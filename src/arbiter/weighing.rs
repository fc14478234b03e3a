//! Votes and heartbeats → verdicts, and verdicts → what a pool comes to: only where something is new, or its time has come.

use super::settling::{Settled, aggregate_pool};
use super::stored::PoolRow;
use super::{Arbiter, NEVER, Row, ballot, blind_to};
use crate::config::Subject;
use crate::snapshot::Transition;
use crate::units::{Name, Timestamp};
use crate::verdict::{Ballot, Damping, RawVerdict, Rules, Verdict};

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

    /// Is to be weighed anew, and its pool with it.
    pub(super) fn expire(&mut self, pools: &mut Vec<usize>) {
        self.stale = true;
        if let Err(place) = pools.binary_search(&self.pool) {
            pools.insert(place, self.pool);
        }
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

impl Arbiter {
    /// The pools to look at: those with news; all of them only when something may change by time alone, and when the next alarm is to be
    /// set, which is not to ring for votes that were renewed meanwhile.
    fn touched(&mut self, now: Timestamp) -> Vec<usize> {
        let stale = std::mem::take(&mut self.stale);
        if now < self.unmoved_until && self.alarm.is_some_and(|set| now < set) {
            return stale;
        }
        self.unmoved_until = NEVER;
        (0..self.config.pools.len()).collect()
    }

    /// Weighs the votes that are new, or whose time has come, and settles the pools that this touches.
    pub(super) fn evaluate(&mut self, now: Timestamp, rows: &mut Vec<Row>) -> Vec<Transition> {
        for vantage in self.trust.look(&self.config, &self.votes, self.longest_ttl, now) {
            self.weigh_anew(&vantage);
        }
        let mut transitions = Vec::new();
        for place in self.touched(now) {
            let Evaluated { any, changed, transitions: weighed } = self.evaluate_subjects(place, now);
            let mut moved = !weighed.is_empty();
            transitions.extend(weighed);
            transitions.extend(self.settle(place, any, &mut moved, now));
            let Some(pool) = self.config.pools.get(place) else { continue };
            if let Some(standing) = self.pools.get(&pool.name) {
                self.unmoved_until = earliest(self.unmoved_until, standing.next);
                if changed || moved {
                    self.notifier.touch(place);
                    rows.push(PoolRow::row(pool, standing, &self.verdicts));
                }
            }
        }
        transitions
    }

    /// Weighs what is new, or whose time has come, in the pool of this place.
    fn evaluate_subjects(&mut self, place: usize, now: Timestamp) -> Evaluated {
        let mut weighed = Evaluated::default();
        let Some(pool) = self.config.pools.get(place) else { return weighed };
        let rules = Rules::of(pool);
        for subject in pool.subjects() {
            let Some(standing) = self.verdicts.get_mut(subject.id()) else { continue };
            if !(standing.stale || standing.next.is_some_and(|next| next <= now)) {
                self.unmoved_until = earliest(self.unmoved_until, standing.next);
                continue;
            }
            weighed.any = true;
            let judgement = match subject {
                Subject::Origin(origin) => {
                    let (votes, blind) = (ballot(&self.votes, origin), blind_to(&self.blind, origin));
                    self.trust.judge(&rules, origin, Ballot { votes, blind }, now)
                }
                Subject::Heartbeat(heartbeat) => self.heartbeats.judge(heartbeat, now),
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

    /// Settles the pool of this place, if anything in it was `weighed`, or it is due; sets `moved` if anything about it moved.
    fn settle(
        &mut self,
        place: usize,
        weighed: bool,
        moved: &mut bool,
        now: Timestamp,
    ) -> Option<Transition> {
        let config = self.config.hash;
        let pool = self.config.pools.get(place)?;
        let standing = self.pools.get(&pool.name);
        let due =
            standing.is_none_or(|pool| pool.config != config || pool.next.is_some_and(|next| next <= now));
        if !weighed && !due {
            return None;
        }
        let before = standing.map_or(0, |standing| standing.revision);
        let mut settled = Settled { verdicts: &self.verdicts, pools: &mut self.pools };
        let transition = aggregate_pool(pool, &mut settled, moved, config, now);
        let after = self.pools.get(&pool.name).map_or(0, |standing| standing.revision);
        if after != before && !self.revised.contains(&pool.name) {
            self.revised.push(pool.name.clone());
        }
        transition
    }

    /// What a vantage probes is to be weighed again.
    pub(super) fn weigh_anew(&mut self, vantage: &Name) {
        for (_, presence) in self.watch.iter().filter(|(key, _)| key.vantage == *vantage) {
            for origin in &presence.origins {
                if let Some(standing) = self.verdicts.get_mut(origin) {
                    standing.expire(&mut self.stale);
                }
            }
        }
    }
}

fn earliest(bound: Timestamp, next: Option<Timestamp>) -> Timestamp {
    next.map_or(bound, |next| bound.min(next))
}
