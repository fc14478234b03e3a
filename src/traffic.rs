//! What isolates count of the requests that they pass on, and how the Arbiter adds it up.
//!
//! Each isolate hands its counts on with the refreshes that it makes anyway, as a numbered step. It
//! says the same step again until it hears that it was taken, so an answer that is lost counts
//! nothing twice. Nothing of it is stored: the sums begin anew with the Arbiter's object, as any
//! counter does with its process.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::defaults::proxy::{ISOLATES_KNOWN, POOLS_IN_A_STEP};
use crate::units::Name;

/// What became of the requests of a pool. The field's words go between our objects and into the
/// snapshot: they are never renamed, and new ones may be missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// Requests.
    pub requests: u64,
    /// How often one was sent to another origin.
    pub retries: u64,
    /// How often the budget forbade it.
    pub held_back: u64,
    /// Ejections of an origin.
    pub ejections: u64,
    /// Requests that no origin answered.
    pub unanswered: u64,
    /// Requests whose answer was an origin's.
    pub answered: u64,
    /// How long clients waited for the head of those answers, all together, in milliseconds.
    pub waited_ms: u64,
}

impl Counts {
    /// Each of them, by the same rule.
    fn each(self, other: Self, rule: fn(u64, u64) -> u64) -> Self {
        Self {
            requests: rule(self.requests, other.requests),
            retries: rule(self.retries, other.retries),
            held_back: rule(self.held_back, other.held_back),
            ejections: rule(self.ejections, other.ejections),
            unanswered: rule(self.unanswered, other.unanswered),
            answered: rule(self.answered, other.answered),
            waited_ms: rule(self.waited_ms, other.waited_ms),
        }
    }
}

/// What an isolate counted since the step before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The isolate: drawn when it begins.
    pub isolate: u64,
    /// Rises by one with each step.
    pub seq: u64,
    /// By pool.
    pub pools: Vec<(Name, Counts)>,
}

/// The side of an isolate.
#[derive(Clone, Debug)]
pub struct HandOver {
    isolate: u64,
    /// What was taken, by pool.
    taken: BTreeMap<Name, Counts>,
    /// The step that was said last, until it is taken.
    said: Option<Step>,
    seq: u64,
}

impl HandOver {
    /// Nothing counted yet. `isolate` is drawn by chance, so that no two are the same.
    #[must_use]
    pub const fn new(isolate: u64) -> Self {
        Self { isolate, taken: BTreeMap::new(), said: None, seq: 0 }
    }

    /// What is to be said now, of all that was counted since the isolate began; nothing if nothing
    /// was counted since.
    pub fn step(&mut self, counted: impl IntoIterator<Item = (Name, Counts)>) -> Option<&Step> {
        if self.said.is_none() {
            let news = |(name, counts): (Name, Counts)| {
                let more =
                    counts.each(self.taken.get(&name).copied().unwrap_or_default(), u64::saturating_sub);
                (more != Counts::default()).then_some((name, more))
            };
            let pools: Vec<_> = counted.into_iter().filter_map(news).take(POOLS_IN_A_STEP).collect();
            if !pools.is_empty() {
                self.seq = self.seq.saturating_add(1);
                self.said = Some(Step { isolate: self.isolate, seq: self.seq, pools });
            }
        }
        self.said.as_ref()
    }

    /// The Arbiter has taken a step.
    pub fn taken(&mut self, seq: u64) {
        let Some(said) = self.said.take_if(|said| said.seq == seq) else { return };
        for (name, more) in said.pools {
            let taken = self.taken.entry(name).or_default();
            *taken = taken.each(more, u64::saturating_add);
        }
    }
}

/// The side of the Arbiter: what all isolates counted since its object began.
#[derive(Clone, Debug, Default)]
pub struct Sums {
    pools: BTreeMap<Name, Counts>,
    /// The last step of each isolate, and when it came, as a count of all steps.
    isolates: BTreeMap<u64, (u64, u64)>,
    steps: u64,
}

impl Sums {
    /// Adds a step, unless it was added already. Pools without a route are left out.
    pub fn take(&mut self, config: &Config, step: &Step) {
        let last = self.isolates.get(&step.isolate).map_or(0, |(seq, _)| *seq);
        self.steps = self.steps.saturating_add(1);
        self.isolates.insert(step.isolate, (last.max(step.seq), self.steps));
        if self.isolates.len() > ISOLATES_KNOWN {
            let eldest = self.isolates.iter().min_by_key(|(_, (_, at))| *at).map(|(isolate, _)| *isolate);
            eldest.map(|isolate| self.isolates.remove(&isolate));
        }
        if step.seq <= last {
            return;
        }
        for (name, more) in step.pools.iter().filter(|(name, _)| is_routed(config, name)) {
            let sum = self.pools.entry(name.clone()).or_default();
            *sum = sum.each(*more, u64::saturating_add);
        }
    }

    /// What became of the requests of a pool; nothing if no route goes to it.
    #[must_use]
    pub fn of(&self, config: &Config, pool: &Name) -> Option<Counts> {
        is_routed(config, pool).then(|| self.pools.get(pool).copied().unwrap_or_default())
    }
}

fn is_routed(config: &Config, pool: &Name) -> bool {
    config.routes.iter().any(|route| route.pool == *pool)
}

#[cfg(test)]
#[path = "traffic/tests.rs"]
mod tests;
