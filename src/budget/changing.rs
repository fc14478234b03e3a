//! A change of the service that is verified → how often it has each effect.
//!
//! It is none of a calculated day, as only whoever makes changes knows how many there are.

use super::effect::{Counts, Effect};
use crate::config::Config;
use crate::history::BUCKET;
use crate::units::{Millis, OriginId};

/// How often its time after is looked at.
const LOOKS: u64 = 4;

/// What somebody asks of it: that it starts, is applied, and is closed.
const EDITS: u64 = 3;

/// One change from its start until it is closed. Every vantage answers, and the Arbiter stays in
/// memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changing {
    /// Its origins, each counted once for every vantage that probes it.
    pub pairs: u64,
    /// How long the time before is, and how long the planned time after.
    pub windows: [Millis; 2],
}

impl Changing {
    /// A change of these origins; those that are not configured count for nothing.
    #[must_use]
    pub fn of(config: &Config, origins: &[OriginId], windows: [Millis; 2]) -> Self {
        let vantages = origins.iter().filter_map(|id| config.origin(id)).map(|origin| origin.vantages.len());
        let pairs = vantages.fold(0, usize::saturating_add);
        Self { pairs: u64::try_from(pairs).unwrap_or(u64::MAX), windows }
    }

    /// Counts what it has of each effect while it is measured: from when it is applied until it is
    /// judged.
    pub fn measured(self, counts: &mut Counts) {
        let asked = self.pairs.saturating_mul(LOOKS);
        counts.add(Effect::Ask, asked);
        // The verdict is a row of what is open, the judgement one of history; at the end come the
        // samples. Each look has an alarm of its own.
        counts.add(Effect::MetaRow, LOOKS);
        counts.add(Effect::HistoryRow, LOOKS.saturating_add(self.pairs));
        counts.add(Effect::SetAlarm, LOOKS);
        counts.add(Effect::ArbiterAlarm, LOOKS);
        let [before, after] = self.windows;
        // A judgement reads the samples of before; vantages read the rows of their rings.
        let ring = rows_of(before).saturating_add(rows_of(after).saturating_mul(LOOKS));
        counts.add(Effect::RowRead, asked.saturating_add(ring.saturating_mul(self.pairs)));
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

/// Rows of a ring that a window touches.
const fn rows_of(window: Millis) -> u64 {
    window.get().div_ceil(BUCKET.get()).saturating_add(2)
}
