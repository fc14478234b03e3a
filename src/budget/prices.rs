//! The platform's prices and limits, each with its source and the month in which it was read.
//! Nothing else in the project states them.
//!
//! Sources, all read in November 2026: "Workers pricing"
//! (<https://developers.cloudflare.com/workers/platform/pricing/>), "Workers limits"
//! (<https://developers.cloudflare.com/workers/platform/limits/>), "Durable Objects limits"
//! (<https://developers.cloudflare.com/durable-objects/platform/limits/>), "Durable Objects
//! pricing" (<https://developers.cloudflare.com/durable-objects/platform/pricing/>).

/// What is counted, limited or charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    /// Requests of the worker, those of cron among them.
    Requests,
    /// CPU time of the worker, in milliseconds. That of objects is not charged; their duration is.
    Cpu,
    /// Requests of Durable Objects, alarms among them.
    ObjectRequests,
    /// Duration of Durable Objects, in GB-s.
    Duration,
    /// Rows written by Durable Objects; each setting of an alarm is one.
    RowsWritten,
    /// Rows read by Durable Objects.
    RowsRead,
    /// Writes to KV.
    KvWrites,
    /// Reads of KV.
    KvReads,
}

impl Resource {
    /// Every one, in the order in which they are shown.
    pub const ALL: [Self; 8] = [
        Self::Requests,
        Self::Cpu,
        Self::ObjectRequests,
        Self::Duration,
        Self::RowsWritten,
        Self::RowsRead,
        Self::KvWrites,
        Self::KvReads,
    ];

    /// Its name, as `check` prints it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requests => "worker requests",
            Self::Cpu => "worker CPU ms",
            Self::ObjectRequests => "Durable Object requests",
            Self::Duration => "Durable Object GB-s",
            Self::RowsWritten => "rows written",
            Self::RowsRead => "rows read",
            Self::KvWrites => "KV writes",
            Self::KvReads => "KV reads",
        }
    }

    /// What the free plan allows in a day of UTC; none where it is not counted by the day.
    /// ("Workers pricing")
    #[must_use]
    pub const fn a_day(self) -> Option<u64> {
        match self {
            Self::Requests | Self::ObjectRequests | Self::RowsWritten | Self::KvReads => Some(100_000),
            Self::Cpu => None,
            Self::Duration => Some(13_000),
            Self::RowsRead => Some(5_000_000),
            Self::KvWrites => Some(1_000),
        }
    }

    /// What the paid plan includes in a month, and the price of a million more in US cents.
    /// ("Workers pricing")
    #[must_use]
    pub const fn price(self) -> Price {
        let (included, cents_a_million) = match self {
            Self::Requests => (10_000_000, 30),
            Self::Cpu => (30_000_000, 2),
            Self::ObjectRequests => (1_000_000, 15),
            Self::Duration => (400_000, 1_250),
            Self::RowsWritten => (50_000_000, 100),
            // $0.001 a million, rounded up: it has never mattered.
            Self::RowsRead => (25_000_000_000, 1),
            Self::KvWrites => (1_000_000, 500),
            Self::KvReads => (10_000_000, 50),
        };
        Price { included, cents_a_million }
    }
}

/// A price on the paid plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price {
    /// Units in a month that cost nothing more.
    pub included: u64,
    /// US cents for a million units beyond them.
    pub cents_a_million: u64,
}

/// The paid plan's price of a month before anything is used, in US cents. ("Workers pricing")
pub const BASE_CENTS: u64 = 500;

/// Days in the month that is priced.
pub const DAYS: u64 = 30;

/// Requests that one object takes in a second, softly. ("Durable Objects limits")
pub const OBJECT_REQUESTS_A_SECOND: u64 = 1_000;

/// Memory that an object is billed for, in megabytes: always the whole. ("Durable Objects pricing")
pub const OBJECT_MB: u64 = 128;

/// An object without work leaves memory after this many milliseconds. ("Durable Objects limits",
/// life cycle)
pub const REST_MS: u64 = 10_000;
