//! A change of the service that is verified → how often it has each effect.
//!
//! It is none of a calculated day, as only whoever makes changes knows how many there are.

use super::effect::{Counts, Effect};
use crate::change::{self, Plan};
use crate::compare;
use crate::config::Config;

/// How often its time after is looked at.
const LOOKS: u64 = compare::LOOKS as u64;

/// What somebody asks of it: that it starts, is applied, and is closed.
const EDITS: u64 = 3;

/// One change from its start until it is closed, while every vantage answers. Rows that are read
/// are left out: an Arbiter that is made anew reads those of open changes as well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changing {
    /// Its origins, each counted once for every vantage that probes it.
    pub pairs: u64,
    /// The steps of a look.
    pub steps: u64,
}

impl Changing {
    /// Origins that are not configured count for nothing.
    #[must_use]
    pub fn of(config: &Config, plan: &Plan) -> Self {
        let origins = plan.origins.iter().filter_map(|id| config.origin(id));
        let costs: Vec<u64> = origins
            .flat_map(|origin| {
                let cost = change::samples(plan, Some(origin.pace.interval));
                origin.vantages.iter().map(move |_| cost)
            })
            .collect();
        let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        Self { pairs: number(costs.len()), steps: number(change::steps(&costs)) }
    }

    /// Counts what it has of each effect while it is measured: from when it is applied until it is
    /// judged.
    pub fn measured(self, counts: &mut Counts) {
        counts.add(Effect::Ask, self.pairs.saturating_mul(LOOKS));
        // The verdict is a row of what is open, the judgement one of history; at the end come the
        // samples. Each look has an alarm of its own, and so has each step. After a step it is set
        // again for what it was set for before.
        counts.add(Effect::MetaRow, LOOKS);
        counts.add(Effect::HistoryRow, LOOKS.saturating_add(self.pairs));
        let more = LOOKS.saturating_mul(self.steps.saturating_sub(1));
        counts.add(Effect::SetAlarm, LOOKS.saturating_add(more.saturating_mul(2)));
        counts.add(Effect::ArbiterAlarm, LOOKS.saturating_add(more));
    }

    /// Counts what it has of each effect in all.
    pub fn count(self, counts: &mut Counts) {
        self.measured(counts);
        counts.add(Effect::Edit, EDITS);
        counts.add(Effect::Ask, self.pairs);
        // Each edit has an entry in the audit log, and writes the change; the first one notes its
        // number as well. The samples of before are history, and in the end all of it.
        counts.add(Effect::MetaRow, EDITS.saturating_mul(2).saturating_add(1));
        counts.add(Effect::HistoryRow, self.pairs.saturating_add(1));
    }
}
