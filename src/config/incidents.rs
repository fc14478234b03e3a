//! `[incidents]`: what opens one.

use serde::{Deserialize, Serialize};

use super::raw::Table;
use super::value::word;

/// The keys of `[incidents]`.
pub(super) const KEYS: [&str; 1] = ["open_on"];

/// What opens an incident of a pool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incidents {
    /// Whether a warning does, and not a failure alone.
    pub on_warnings: bool,
}

impl Incidents {
    /// Whether nothing else than usual is written.
    #[must_use]
    pub fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

/// Reads `[incidents]`.
pub(super) fn incidents(file: &Table<'_>) -> Option<Incidents> {
    let Some(table) = file.get("incidents").map(|field| field.table()) else {
        return Some(Incidents::default());
    };
    let table = table?;
    table.only(&KEYS);
    let place = table.optional("open_on", |field| word(field, &["fail", "warn"]))?;
    Some(Incidents { on_warnings: place == Some(1) })
}
