//! What came of an attempt, as `outcomes.mjs` says it: a status, or the number of what is none.

use super::{Event, TABLE};

/// Outcomes that are no status, each at the place of its number, under its name in `outcomes.mjs`.
pub const OUTCOMES: [(&str, Event); 6] = [
    ("BROKE_OFF", Event::Broken),
    ("TOO_LATE", Event::TimedOut),
    ("LEFT", Event::Left),
    ("CUT", Event::Cut),
    ("REFUSED", Event::Refused),
    ("SWITCHED", Event::Invalid(101)),
];

impl Event {
    /// The event of an outcome. `is_the_platforms` says of a status that the platform may answer
    /// with by itself whether it did; it is asked only where that matters.
    #[must_use]
    pub fn of(outcome: u16, is_the_platforms: impl FnOnce(u16) -> bool) -> Self {
        if let Some((_, event)) = OUTCOMES.get(usize::from(outcome)) {
            return *event;
        }
        let may_be = TABLE.iter().any(|(status, _)| *status == outcome);
        match outcome {
            600.. => Self::Invalid(outcome),
            status if may_be && is_the_platforms(status) => Self::Unreached(status),
            status => Self::Answered(status),
        }
    }
}
