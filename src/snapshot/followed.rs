//! What somebody follows, and which revision a copy has of it.

use super::Snapshot;
use crate::units::Name;

/// What somebody follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Followed {
    /// The signal of this pool.
    One(Name),
    /// Every pool and monitor.
    All,
}

impl Followed {
    /// The revision that a copy has of it; nothing if the copy has not got the pool.
    #[must_use]
    pub fn revision(&self, snapshot: &Snapshot) -> Option<u64> {
        match self {
            Self::One(name) => snapshot.pool(name.as_str()).map(|pool| pool.revision),
            Self::All => Some(snapshot.revision()),
        }
    }

    /// What its lines are tagged with. No pool has the name of all.
    #[must_use]
    pub fn tag(&self) -> &str {
        match self {
            Self::One(name) => name.as_str(),
            Self::All => "*",
        }
    }
}

impl Snapshot {
    /// The sum of the revisions of the pools in it. Under one configuration it rises with every one
    /// of them, and is the same only if each of them is.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.pools.iter().fold(0, |sum, pool| sum.saturating_add(pool.revision))
    }
}
