//! What a copy says of a pool or an origin at a moment: however old the copy is, never more than
//! its evidence.

use super::{OriginView, PoolView};
use crate::units::Timestamp;
use crate::verdict::Status;

impl PoolView {
    /// The status at `now`: unknown once the evidence has expired, in whatever copy this is.
    #[must_use]
    pub fn status_at(&self, now: Timestamp) -> Status {
        let statuses: Vec<Status> = self.origins.iter().map(|origin| origin.status_at(now)).collect();
        crate::verdict::pool_status(&statuses)
    }
}

impl OriginView {
    /// The status at `now`: unknown once the evidence has expired, in whatever copy this is.
    #[must_use]
    pub fn status_at(&self, now: Timestamp) -> Status {
        if now < self.valid_until { self.status } else { Status::Unknown }
    }

    /// The status that codes go by when nothing fresh is known: what fails keeps on having failed.
    #[must_use]
    pub fn last_known(&self) -> Status {
        if self.failed == Some(true) { Status::Fail } else { self.status }
    }

    /// Since when it has that status.
    #[must_use]
    pub fn since_at(&self, now: Timestamp) -> Timestamp {
        if self.status_at(now) == self.status { self.since } else { self.valid_until }
    }

    /// The reason at `now`.
    #[must_use]
    pub fn reason_at(&self, now: Timestamp) -> String {
        if self.status != Status::Unknown && now >= self.valid_until {
            format!("no fresh evidence since {}; before that: {}", self.valid_until, self.reason)
        } else {
            self.reason.clone()
        }
    }
}
