//! One change of a verdict, as it is stored and shown. Its bytes are frozen with those of the
//! snapshot.

use serde::{Deserialize, Serialize};

use crate::units::Timestamp;
use crate::verdict::Status;

/// Something that changed; if nothing did, from which status to which, something that was given up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transition {
    /// When.
    pub at: Timestamp,
    /// What changed: `shop` or `shop/primary`.
    pub subject: String,
    /// From which status.
    pub from: Status,
    /// To which status.
    pub to: Status,
    /// Why.
    pub reason: String,
}

impl Transition {
    /// The pool that changed, or that the origin is of.
    #[must_use]
    pub fn pool(&self) -> &str {
        self.subject.split('/').next().unwrap_or_default()
    }

    /// The origin that changed, by its name in the pool; nothing if it is the pool itself.
    #[must_use]
    pub fn origin(&self) -> Option<&str> {
        self.subject.split_once('/').map(|(_, origin)| origin)
    }

    pub(super) fn is_of(&self, status: Status) -> bool {
        self.from == status || self.to == status
    }

    /// Whether it came from or went to what is not well; a first verdict that passes is neither.
    pub(super) fn is_of_trouble(&self) -> bool {
        self.to != Status::Pass || self.from != Status::Unknown
    }
}
