//! `[history]`: for how long rollups are kept.

use serde::{Deserialize, Serialize};

use super::raw::{Field, Table};
use super::value::{Span, duration};
use crate::defaults::config::history as usual;
use crate::units::Millis;

/// The keys of `[history]`, the finest step first.
pub(super) const KEYS: [&str; 3] = ["minutes", "hours", "days"];

/// For how long the rollups of each step are kept, a finer step for at most as long as a coarser
/// one. The longest is what the rows of storage hold, and usual.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retention {
    /// Five minutes: from an hour to 48.
    pub minutes: Millis,
    /// Hours: from a day to 35.
    pub hours: Millis,
    /// Days of UTC, and transitions of verdicts: from a day to 400.
    pub days: Millis,
}

impl Retention {
    /// What the rows of storage hold.
    pub const USUAL: Self = Self { minutes: usual::MINUTES, hours: usual::HOURS, days: usual::DAYS };

    /// Whether nothing else than usual is written.
    #[must_use]
    pub fn is_usual(&self) -> bool {
        *self == Self::USUAL
    }
}

impl Default for Retention {
    fn default() -> Self {
        Self::USUAL
    }
}

/// The bounds of a setting, as they are written: humantime would call 400 days a year and more.
struct Bounds {
    floor: (Millis, &'static str),
    ceiling: (Millis, &'static str),
}

const MINUTES: Bounds = Bounds { floor: (usual::LEAST_MINUTES, "1h"), ceiling: (usual::MINUTES, "48h") };
const HOURS: Bounds = Bounds { floor: (usual::LEAST_DAYS, "1d"), ceiling: (usual::HOURS, "35d") };
const DAYS: Bounds = Bounds { floor: (usual::LEAST_DAYS, "1d"), ceiling: (usual::DAYS, "400d") };

/// Reads `[history]`. What is not written is kept for as long as usual, but not for longer than a
/// coarser step.
pub(super) fn retention(file: &Table<'_>) -> Option<Retention> {
    let Some(table) = file.get("history").map(|field| field.table()) else {
        return Some(Retention::USUAL);
    };
    let table = table?;
    table.only(&KEYS);
    let minutes = table.optional("minutes", |field| kept(field, &MINUTES));
    let hours = table.optional("hours", |field| kept(field, &HOURS));
    let days = table.optional("days", |field| kept(field, &DAYS))?.unwrap_or(Retention::USUAL.days);
    let hours = hours?.map_or_else(
        || Some(Retention::USUAL.hours.min(days)),
        |hours| nested(&table, "hours", hours, &Coarser { name: "days", kept: days }),
    )?;
    let minutes = minutes?.map_or_else(
        || Some(Retention::USUAL.minutes.min(hours)),
        |minutes| nested(&table, "minutes", minutes, &Coarser { name: "hours", kept: hours }),
    )?;
    Some(Retention { minutes, hours, days })
}

/// A length within its bounds.
fn kept(field: &Field<'_>, bounds: &Bounds) -> Option<Millis> {
    let shown = field.shown();
    let (floor, least) = bounds.floor;
    let (ceiling, most) = bounds.ceiling;
    let digits = |text: &&str| !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit());
    if field.as_whole().is_some() || field.as_text().as_ref().is_some_and(digits) {
        field.refuse(format_args!(
            "{shown} has no unit; write it with one, as \"{most}\", from \"{least}\" to \"{most}\""
        ));
        return None;
    }
    let length = duration(field, Span { floor: Millis::ZERO, ceiling: Millis::new(u64::MAX) })?;
    if length < floor {
        field.refuse(format_args!("{shown} is below the floor of {least}; write \"{least}\" or more"));
        return None;
    }
    if length > ceiling {
        field.refuse(format_args!(
            "{shown} is over the {most} for which storage has rows; write \"{most}\" or less"
        ));
        return None;
    }
    Some(length)
}

/// A coarser step, and for how long it is kept.
struct Coarser {
    name: &'static str,
    kept: Millis,
}

/// A finer step, unless it is kept for longer than the coarser one.
fn nested(table: &Table<'_>, key: &str, length: Millis, coarser: &Coarser) -> Option<Millis> {
    let Coarser { name, kept } = *coarser;
    if length <= kept {
        return Some(length);
    }
    table.refuse_at(
        key,
        format_args!(
            "is longer than {name}, and a coarser step is kept for at least as long; write a shorter {key}, or a longer {name}"
        ),
    );
    None
}
