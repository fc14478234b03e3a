//! What has a verdict, whichever way its evidence comes: an origin that is probed, or a job whose
//! heartbeats are awaited.

use super::{Config, Heartbeat, Origin, Pool};
use crate::units::{Fingerprint, Millis, OriginId};

/// A member of a pool.
#[derive(Clone, Copy, Debug)]
pub enum Subject<'a> {
    /// It is probed.
    Origin(&'a Origin),
    /// It reports by itself.
    Heartbeat(&'a Heartbeat),
}

impl<'a> Subject<'a> {
    /// Its full name.
    #[must_use]
    pub const fn id(self) -> &'a OriginId {
        match self {
            Self::Origin(origin) => &origin.id,
            Self::Heartbeat(heartbeat) => &heartbeat.id,
        }
    }

    /// Fingerprint of what decides its verdict.
    #[must_use]
    pub const fn definition(self) -> Fingerprint {
        match self {
            Self::Origin(origin) => origin.definition,
            Self::Heartbeat(heartbeat) => heartbeat.definition,
        }
    }

    /// How often evidence comes.
    #[must_use]
    pub const fn interval(self) -> Millis {
        match self {
            Self::Origin(origin) => origin.pace.interval,
            Self::Heartbeat(heartbeat) => heartbeat.period,
        }
    }

    /// Lower serves first.
    #[must_use]
    pub const fn priority(self) -> u32 {
        match self {
            Self::Origin(origin) => origin.priority,
            Self::Heartbeat(_) => 0,
        }
    }
}

impl Pool {
    /// Everything in it that has a verdict, in the order of the file.
    pub fn subjects(&self) -> impl Iterator<Item = Subject<'_>> {
        let heartbeats = self.heartbeats.iter().map(Subject::Heartbeat);
        self.origins.iter().map(Subject::Origin).chain(heartbeats)
    }

    /// Whether it is made of heartbeats, so that no traffic goes there.
    #[must_use]
    pub const fn is_of_heartbeats(&self) -> bool {
        !self.heartbeats.is_empty()
    }
}

impl Config {
    /// What has a verdict under this full name.
    #[must_use]
    pub fn subject(&self, id: &OriginId) -> Option<Subject<'_>> {
        self.pool(id.pool.as_str())?.subjects().find(|subject| subject.id() == id)
    }

    /// Every heartbeat, in the order of the file.
    pub fn heartbeats(&self) -> impl Iterator<Item = &Heartbeat> {
        self.pools.iter().flat_map(|pool| &pool.heartbeats)
    }

    /// The heartbeat of this full name.
    #[must_use]
    pub fn heartbeat(&self, id: &OriginId) -> Option<&Heartbeat> {
        self.pool(id.pool.as_str())?.heartbeats.iter().find(|heartbeat| heartbeat.id == *id)
    }
}
