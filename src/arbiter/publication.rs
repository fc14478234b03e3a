//! When the last known good is written to KV. A change of a verdict or of the configuration is
//! written, at most once a minute and 700 times a day: the free plan allows 1,000 writes. If
//! nothing changes, it is written once an hour, so that a copy is never much older than what it
//! says.

use serde::{Deserialize, Serialize};

use super::{Row, Table};
use crate::defaults::arbiter::{A_DAY, AGAIN, APART};
use crate::json;
use crate::units::{Fingerprint, Millis, Timestamp};

/// The key of its row.
const KEY: &str = "publication";

/// What was written when. Format version 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Publication {
    /// The latest write.
    at: Option<Timestamp>,
    /// Writes on the day of the latest one.
    today: u32,
    /// Whether a verdict has changed since.
    pending: bool,
    /// The configuration that it was written for: another one is read under another key.
    config: Option<Fingerprint>,
}

impl Publication {
    /// Reads the stored row.
    pub(super) fn restore(row: &Row) -> Option<Self> {
        if row.key == KEY { json::read(&row.text) } else { None }
    }

    /// A verdict changed: what is published says something else now. The row to persist, if that is
    /// news.
    pub(super) fn changed(&mut self) -> Option<Row> {
        let news = !std::mem::replace(&mut self.pending, true);
        news.then(|| self.row())
    }

    /// When the next write is due.
    pub(super) fn due(&self, config: Fingerprint, now: Timestamp) -> Timestamp {
        // A clock that stepped back must not silence it.
        let Some(at) = self.at.filter(|at| *at <= now) else { return now };
        let pending = self.pending || self.config != Some(config);
        let next = at.plus(if pending { APART } else { AGAIN });
        if self.today < A_DAY || next.day() > at.day() { next } else { at.midnight().plus(Millis::DAY) }
    }

    /// Counts a write at `now`; the row to persist before it is made.
    pub(super) fn publish(&mut self, config: Fingerprint, now: Timestamp) -> Row {
        let same_day = self.at.is_some_and(|at| at.day() == now.day());
        self.today = if same_day { self.today.saturating_add(1) } else { 1 };
        self.at = Some(now);
        self.config = Some(config);
        self.pending = false;
        self.row()
    }

    fn row(&self) -> Row {
        Row { table: Table::Meta, key: KEY.to_owned(), text: json::write(self) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::at;

    fn ours() -> Fingerprint {
        Fingerprint::of("vedette")
    }

    #[test]
    fn another_configuration_is_written_under_its_own_key_within_a_minute() {
        let mut publication = Publication::default();
        publication.publish(ours(), at(0));
        assert_eq!(publication.due(Fingerprint::of("another"), at(1)), at(60_000));
    }

    #[test]
    fn the_first_is_written_at_once_and_the_next_a_minute_later() {
        let mut publication = Publication::default();
        assert_eq!(publication.due(ours(), at(0)), at(0));
        publication.publish(ours(), at(0));
        assert_eq!(publication.due(ours(), at(1)), at(3_600_000), "nothing changed");
        publication.changed();
        assert_eq!(publication.due(ours(), at(1)), at(60_000));
    }

    #[test]
    fn an_origin_that_flaps_for_two_days_costs_no_more_than_is_allowed() {
        let mut publication = Publication::default();
        let mut days = std::collections::BTreeMap::<u64, u32>::new();
        for second in 0..2 * 86_400_u64 {
            let now = at(second * 1_000);
            publication.changed();
            if publication.due(ours(), now) <= now {
                publication.publish(ours(), now);
                *days.entry(now.day()).or_default() += 1;
            }
        }
        assert!(days.values().all(|writes| *writes <= 700), "{days:?}");
        assert!(days.values().any(|writes| *writes == 700), "{days:?}");
    }

    #[test]
    fn a_clock_that_steps_back_does_not_silence_it() {
        let mut publication = Publication::default();
        publication.publish(ours(), at(1_000_000));
        assert_eq!(publication.due(ours(), at(0)), at(0));
    }

    #[test]
    fn its_row_is_frozen_and_read_back() {
        let mut publication = Publication::default();
        let row = publication.publish(ours(), Timestamp::from_millis(5));
        assert_eq!(
            (row.table, row.text.as_str()),
            (Table::Meta, r#"{"at":5,"today":1,"pending":false,"config":"ae2d684efc194223"}"#)
        );
        assert_eq!(Publication::restore(&row), Some(publication));
    }
}
