//! What a channel is told → how often that has each effect.

use super::effect::{Counts, Effect};

/// Rows of news of one pool. The channel's row is written as news comes (first of one origin, then
/// of the pool) and as it is told. The message and the attempt have rows of their own.
const NEWS_ROWS: u64 = 5;

/// Rows of a reminder of one pool: there is nothing new about it.
const REMINDER_ROWS: u64 = 3;

/// Rows of a further attempt.
const RETRY_ROWS: u64 = 1;

/// What one channel is told of one pool at a time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Messages with news.
    pub news: u64,
    /// Messages that say again what lasts.
    pub reminders: u64,
    /// Further attempts, because the receiver did not take it.
    pub retries: u64,
}

impl Told {
    /// Counts what it comes to.
    pub fn count(self, counts: &mut Counts) {
        let rows = [(self.news, NEWS_ROWS), (self.reminders, REMINDER_ROWS), (self.retries, RETRY_ROWS)];
        let rows = rows.into_iter().map(|(messages, rows)| messages.saturating_mul(rows));
        let messages = self.news.saturating_add(self.reminders).saturating_add(self.retries);
        counts.add(Effect::Message, messages);
        counts.add(Effect::OutboxRow, rows.fold(0, u64::saturating_add));
        // An alarm tells when it is due, and one when what came together is gathered; a further
        // attempt waits for its time only.
        let alarms = messages.saturating_mul(2).saturating_sub(self.retries);
        counts.add(Effect::SetAlarm, alarms);
        counts.add(Effect::ArbiterAlarm, alarms);
    }
}
