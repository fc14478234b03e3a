//! When the last known good is written to KV: when a verdict changes, at most once a minute and 700 times a day (the free plan
//! allows 1,000 writes), and once an hour if nothing changes, so that a copy is never much older than what it says.

use miniserde::{Deserialize, Serialize};

use super::{Row, Table};
use crate::json;
use crate::units::{Millis, Timestamp};

/// Between two writes.
const APART: Millis = Millis::from_secs(60);

/// The most writes in a day of UTC.
const A_DAY: u32 = 700;

/// A copy is written again after this long.
const AGAIN: Millis = Millis::from_secs(3_600);

const DAY: Millis = Millis::from_secs(86_400);

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
}

impl Publication {
    /// Reads the stored row.
    pub(super) fn restore(row: &Row) -> Option<Self> {
        if row.key == KEY { json::read(&row.text) } else { None }
    }

    /// A verdict changed: what is published says something else now. The row to persist, if that is news.
    pub(super) fn changed(&mut self) -> Option<Row> {
        let news = !std::mem::replace(&mut self.pending, true);
        news.then(|| self.row())
    }

    /// When the next write is due.
    pub(super) fn due(&self, now: Timestamp) -> Timestamp {
        // A clock that stepped back must not silence it.
        let Some(at) = self.at.filter(|at| *at <= now) else { return now };
        let next = at.plus(if self.pending { APART } else { AGAIN });
        if self.today < A_DAY || day(next) > day(at) {
            next
        } else {
            Timestamp::from_millis(DAY.times(day(at).saturating_add(1)).get())
        }
    }

    /// Counts a write at `now`; the row to persist before it is made.
    pub(super) fn publish(&mut self, now: Timestamp) -> Row {
        let same_day = self.at.is_some_and(|at| day(at) == day(now));
        self.today = if same_day { self.today.saturating_add(1) } else { 1 };
        self.at = Some(now);
        self.pending = false;
        self.row()
    }

    fn row(&self) -> Row {
        Row { table: Table::Meta, key: KEY.to_owned(), text: json::write(self) }
    }
}

/// The number of a day since the epoch.
const fn day(at: Timestamp) -> u64 {
    at.as_millis() / DAY.get()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::at;

    #[test]
    fn the_first_is_written_at_once_and_the_next_a_minute_later() {
        let mut publication = <Publication as Default>::default();
        assert_eq!(publication.due(at(0)), at(0));
        publication.publish(at(0));
        assert_eq!(publication.due(at(1)), at(3_600_000), "nothing changed");
        publication.changed();
        assert_eq!(publication.due(at(1)), at(60_000));
    }

    #[test]
    fn an_origin_that_flaps_for_two_days_costs_no_more_than_is_allowed() {
        let mut publication = <Publication as Default>::default();
        let mut days = std::collections::BTreeMap::<u64, u32>::new();
        for second in 0..2 * 86_400_u64 {
            let now = at(second * 1_000);
            publication.changed();
            if publication.due(now) <= now {
                publication.publish(now);
                *days.entry(day(now)).or_default() += 1;
            }
        }
        assert!(days.values().all(|writes| *writes <= 700), "{days:?}");
        assert!(days.values().any(|writes| *writes == 700), "{days:?}");
    }

    #[test]
    fn a_clock_that_steps_back_does_not_silence_it() {
        let mut publication = <Publication as Default>::default();
        publication.publish(at(1_000_000));
        assert_eq!(publication.due(at(0)), at(0));
    }

    #[test]
    fn its_row_is_frozen_and_read_back() {
        let mut publication = <Publication as Default>::default();
        let row = publication.publish(Timestamp::from_millis(5));
        assert_eq!((row.table, row.text.as_str()), (Table::Meta, r#"{"at":5,"today":1,"pending":false}"#));
        assert_eq!(Publication::restore(&row), Some(publication));
    }
}
