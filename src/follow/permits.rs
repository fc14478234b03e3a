//! The followers of one isolate, counted.

use crate::units::Timestamp;

/// Who follows. A permit is free again when its time is over, even if nobody left it: the platform
/// may end a request without a word.
#[derive(Debug, Default)]
pub struct FollowerLimit {
    taken: Vec<(u64, Timestamp)>,
    next: u64,
}

impl FollowerLimit {
    /// Nobody yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { taken: Vec::new(), next: 0 }
    }

    /// Takes a permit until then, unless `most` are taken; its number.
    pub fn take(&mut self, most: usize, until: Timestamp, now: Timestamp) -> Option<u64> {
        self.taken.retain(|(_, until)| now < *until);
        if self.taken.len() >= most {
            return None;
        }
        self.next = self.next.wrapping_add(1);
        self.taken.push((self.next, until));
        Some(self.next)
    }

    /// Leaves a permit.
    pub fn leave(&mut self, permit: u64) {
        self.taken.retain(|(taken, _)| *taken != permit);
    }
}
