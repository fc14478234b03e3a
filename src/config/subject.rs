//! What has a verdict, whichever way its evidence comes: an origin that is probed, or a job whose
//! heartbeats are awaited.

use super::{Config, Heartbeat, Origin, Pool, Presentation};
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

    /// What people read of it within its pool.
    #[must_use]
    pub const fn about(self) -> &'a Presentation {
        match self {
            Self::Origin(origin) => &origin.about,
            Self::Heartbeat(heartbeat) => &heartbeat.about,
        }
    }

    /// What people call it within its pool: its title, or else its name.
    #[must_use]
    pub fn title(self) -> &'a str {
        self.about().title.as_deref().unwrap_or(self.id().origin.as_str())
    }
}

impl Pool {
    /// Everything in it that has a verdict, in the order of the file.
    pub fn subjects(&self) -> impl Iterator<Item = Subject<'_>> {
        let heartbeats = self.heartbeats.iter().map(Subject::Heartbeat);
        self.origins.iter().map(Subject::Origin).chain(heartbeats)
    }

    /// Whether it is made of heartbeats, which are not probed.
    #[must_use]
    pub const fn is_of_heartbeats(&self) -> bool {
        !self.heartbeats.is_empty()
    }

    /// Whether traffic may be sent there: neither to a monitor nor to heartbeats.
    #[must_use]
    pub const fn takes_traffic(&self) -> bool {
        !self.monitor && !self.is_of_heartbeats()
    }

    /// What people call it: its title, or else its name.
    #[must_use]
    pub fn title(&self) -> &str {
        self.about.title.as_deref().unwrap_or(self.name.as_str())
    }
}

impl Config {
    /// What has a verdict under this full name.
    #[must_use]
    pub fn subject(&self, id: &OriginId) -> Option<Subject<'_>> {
        self.pool(id.pool.as_str())?.subjects().find(|subject| subject.id() == id)
    }

    /// The full name that a text says: `shop/primary`, or a monitor by its own name alone.
    #[must_use]
    pub fn id(&self, text: &str) -> Option<OriginId> {
        OriginId::parse(text).or_else(|| {
            let monitor = self.pool(text).filter(|pool| pool.monitor)?;
            monitor.subjects().next().map(|subject| subject.id().clone())
        })
    }

    /// How a full name is written for people: a monitor by its own name alone.
    #[must_use]
    pub fn written(&self, id: &OriginId) -> String {
        let monitor = self.pool(id.pool.as_str()).is_some_and(|pool| pool.monitor);
        if monitor { id.pool.to_string() } else { id.to_string() }
    }

    /// Where the file says it: `monitor.memo`, `pool.shop.origin.primary`.
    #[must_use]
    pub fn path(&self, id: &OriginId) -> String {
        let monitor = self.pool(id.pool.as_str()).is_some_and(|pool| pool.monitor);
        if monitor {
            format!("monitor.{}", id.pool)
        } else {
            format!("pool.{}.origin.{}", id.pool, id.origin)
        }
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
