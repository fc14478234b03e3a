//! The one table of effects: what each thing that the worker does costs on the platform.
//!
//! `check` multiplies it by what a day is calculated to have of each effect; the tests by what the
//! engines are seen to do.

use super::prices::{self, Resource};

/// Something that the worker does and the platform counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The alarm of a vantage rings.
    VantageAlarm,
    /// A probe, or a redirect that one follows.
    Probe,
    /// A question to a reference.
    Reference,
    /// A report, from its vantage to the Arbiter.
    Report,
    /// An alarm is set.
    SetAlarm,
    /// A vantage stores its row.
    VantageRow,
    /// A vantage stores a row of its ring.
    RingRow,
    /// The Arbiter stores a row of history.
    HistoryRow,
    /// The Arbiter stores what a shard said.
    ShardRow,
    /// The Arbiter stores a pool's verdicts.
    PoolRow,
    /// The Arbiter stores an event, and deletes the oldest one.
    EventRow,
    /// The Arbiter stores when it published.
    MetaRow,
    /// The Arbiter stores or deletes what a channel is to be told, or was.
    OutboxRow,
    /// The Arbiter sends a message.
    Message,
    /// The Arbiter's alarm rings.
    ArbiterAlarm,
    /// Cron wakes the Arbiter.
    Cron,
    /// The Arbiter wakes a silent vantage, or has one look at once.
    Arm,
    /// The Arbiter asks a vantage for samples of an origin of which somebody verifies a change.
    Ask,
    /// Somebody starts, applies or closes a change.
    Edit,
    /// A job reports: its token is verified, and the Arbiter is told.
    Beat,
    /// A reader looks for a fresher copy in the Cache API, asks the Arbiter for it, and leaves it
    /// in the Cache API.
    Refresh,
    /// A reader's request that is answered from what is at hand.
    Request,
    /// The last known good is written.
    KvWrite,
    /// The last known good is read.
    KvRead,
    /// A row is read by an object that was made anew.
    RowRead,
}

/// How many effects there are.
const COUNT: usize = 25;

impl Effect {
    /// Every one.
    pub const ALL: [Self; COUNT] = [
        Self::VantageAlarm,
        Self::Probe,
        Self::Reference,
        Self::Report,
        Self::SetAlarm,
        Self::VantageRow,
        Self::RingRow,
        Self::HistoryRow,
        Self::ShardRow,
        Self::PoolRow,
        Self::EventRow,
        Self::MetaRow,
        Self::OutboxRow,
        Self::Message,
        Self::ArbiterAlarm,
        Self::Cron,
        Self::Arm,
        Self::Ask,
        Self::Edit,
        Self::Beat,
        Self::Refresh,
        Self::Request,
        Self::KvWrite,
        Self::KvRead,
        Self::RowRead,
    ];

    /// What one of it costs. Subrequests between our own parts are free, and far below their limit.
    #[must_use]
    pub const fn cost(self) -> Cost {
        let object = Cost { object_requests: 1, active_ms: ARBITER_MS, ..Cost::NOTHING };
        let row = Cost { rows_written: 1, ..Cost::NOTHING };
        match self {
            // How long it takes is counted apart: `Counts::wait`.
            Self::VantageAlarm => Cost { object_requests: 1, ..Cost::NOTHING },
            Self::Probe | Self::Reference => Cost { subrequests: 1, ..Cost::NOTHING },
            Self::Report | Self::ArbiterAlarm | Self::Arm | Self::Ask => object,
            Self::SetAlarm
            | Self::VantageRow
            | Self::RingRow
            | Self::HistoryRow
            | Self::ShardRow
            | Self::PoolRow
            | Self::MetaRow
            | Self::OutboxRow => row,
            // The Arbiter stays until the receiver has answered.
            Self::Message => Cost { subrequests: 1, active_ms: MESSAGE_MS, ..Cost::NOTHING },
            Self::EventRow => Cost { rows_written: 2, ..Cost::NOTHING },
            Self::Cron => Cost { requests: 1, cpu_us: CRON_CPU_US, ..object },
            Self::Edit => Cost { requests: 1, cpu_us: EDIT_CPU_US, ..object },
            Self::Beat => Cost { requests: 1, cpu_us: BEAT_CPU_US, ..object },
            Self::Refresh => Cost { requests: 1, cpu_us: REFRESH_CPU_US, cache_operations: 2, ..object },
            Self::Request => Cost { requests: 1, cpu_us: REQUEST_CPU_US, ..Cost::NOTHING },
            Self::KvWrite => Cost { kv_writes: 1, ..Cost::NOTHING },
            Self::KvRead => Cost { kv_reads: 1, ..Cost::NOTHING },
            Self::RowRead => Cost { rows_read: 1, ..Cost::NOTHING },
        }
    }
}

/// How long the Arbiter takes for a request, in milliseconds: an estimate. It awaits nothing but
/// its own writes.
pub const ARBITER_MS: u64 = 10;

/// How long a receiver of messages takes to answer, in milliseconds: an estimate.
const MESSAGE_MS: u64 = 500;

/// CPU of an answer from memory, in microseconds: `npm run bench` measured 74, of the whole
/// process.
const REQUEST_CPU_US: u64 = 75;

/// CPU of an answer that asks the Arbiter and reads its snapshot, in microseconds: an estimate.
const REFRESH_CPU_US: u64 = 1_000;

/// CPU of a heartbeat that is verified and passed on, in microseconds: an estimate.
const BEAT_CPU_US: u64 = 500;

/// CPU of an edit that is checked and passed on, in microseconds: an estimate.
const EDIT_CPU_US: u64 = 500;

/// CPU of a run of cron, in microseconds: an estimate.
const CRON_CPU_US: u64 = 500;

/// What an effect costs, by what the platform counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Requests of the worker.
    pub requests: u64,
    /// Requests of objects.
    pub object_requests: u64,
    /// Requests to other hosts.
    pub subrequests: u64,
    /// CPU time of the worker, in microseconds.
    pub cpu_us: u64,
    /// Rows written.
    pub rows_written: u64,
    /// Rows read.
    pub rows_read: u64,
    /// Writes to KV.
    pub kv_writes: u64,
    /// Reads of KV.
    pub kv_reads: u64,
    /// Operations of the Cache API: not charged, and at most 50 in a request on the free plan.
    pub cache_operations: u64,
    /// Time for which an object is kept busy, in milliseconds.
    pub active_ms: u64,
}

impl Cost {
    const NOTHING: Self = Self {
        requests: 0,
        object_requests: 0,
        subrequests: 0,
        cpu_us: 0,
        rows_written: 0,
        rows_read: 0,
        kv_writes: 0,
        kv_reads: 0,
        cache_operations: 0,
        active_ms: 0,
    };
}

/// How many of each effect there are in some time, and for how long vantages waited for answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    of: [u64; COUNT],
    waited_ms: u64,
}

impl Counts {
    /// Counts `n` more of an effect.
    pub fn add(&mut self, effect: Effect, n: u64) {
        for (known, count) in Effect::ALL.into_iter().zip(&mut self.of) {
            if known == effect {
                *count = count.saturating_add(n);
            }
        }
    }

    /// Counts `n` fewer of an effect.
    pub(super) fn take(&mut self, effect: Effect, n: u64) {
        for (known, count) in Effect::ALL.into_iter().zip(&mut self.of) {
            if known == effect {
                *count = count.saturating_sub(n);
            }
        }
    }

    /// Counts the time for which a vantage is busy.
    pub const fn wait(&mut self, ms: u64) {
        self.waited_ms = self.waited_ms.saturating_add(ms);
    }

    /// A vantage is busy for so much less.
    pub(super) const fn wait_less(&mut self, ms: u64) {
        self.waited_ms = self.waited_ms.saturating_sub(ms);
    }

    /// No shard is busy for longer than the time is.
    pub(super) fn wait_at_most(&mut self, ms: u64) {
        self.waited_ms = self.waited_ms.min(ms);
    }

    /// How many of an effect there are.
    #[must_use]
    pub fn of(&self, effect: Effect) -> u64 {
        Effect::ALL.into_iter().zip(self.of).find(|(known, _)| *known == effect).map_or(0, |(_, n)| n)
    }

    /// The sum of a cost over all effects.
    #[must_use]
    pub fn sum(&self, cost: impl Fn(Cost) -> u64) -> u64 {
        let parts =
            Effect::ALL.into_iter().zip(self.of).map(|(effect, n)| cost(effect.cost()).saturating_mul(n));
        parts.fold(0, u64::saturating_add)
    }

    /// What of a resource they use; parts of a unit are rounded up.
    #[must_use]
    pub fn uses(&self, resource: Resource) -> u64 {
        match resource {
            Resource::Requests => self.sum(|cost| cost.requests),
            Resource::Cpu => self.sum(|cost| cost.cpu_us).div_ceil(1_000),
            Resource::ObjectRequests => self.sum(|cost| cost.object_requests),
            Resource::Duration => {
                let busy = self.waited_ms.saturating_add(self.sum(|cost| cost.active_ms));
                busy.saturating_mul(prices::OBJECT_MB).div_ceil(1_000_000)
            }
            Resource::RowsWritten => self.sum(|cost| cost.rows_written),
            Resource::RowsRead => self.sum(|cost| cost.rows_read),
            Resource::KvWrites => self.sum(|cost| cost.kv_writes),
            Resource::KvReads => self.sum(|cost| cost.kv_reads),
        }
    }
}
