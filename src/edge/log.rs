//! One JSON line per event, with stable names that `docs/operations.md` lists.

use serde::{Serialize, Serializer};
use serde_json::Value;
use web_sys::console;

use crate::json;

pub(super) type Fields<'a> = [(&'a str, &'a dyn Field)];

/// What a field may hold: anything that is written as JSON.
pub(super) trait Field {
    /// The value.
    fn value(&self) -> Value;
}

impl<T: Serialize> Field for T {
    fn value(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// One line: a member each, in their order.
struct Line<'a> {
    level: &'a str,
    event: &'a str,
    fields: &'a Fields<'a>,
}

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let head = [("level", self.level), ("event", self.event)].map(|(name, value)| (name, value.into()));
        let fields = self.fields.iter().map(|(name, value)| (*name, value.value()));
        serializer.collect_map(head.into_iter().chain(fields))
    }
}

fn line(level: &str, event: &str, fields: &Fields<'_>) -> String {
    json::write(&Line { level, event, fields })
}

/// Act now.
pub(super) fn error(event: &str, fields: &Fields<'_>) {
    console::error_1(&line("error", event, fields).into());
}

/// Degraded, but served.
pub(super) fn warn(event: &str, fields: &Fields<'_>) {
    console::warn_1(&line("warn", event, fields).into());
}

/// A change of state.
pub(super) fn info(event: &str, fields: &Fields<'_>) {
    console::log_1(&line("info", event, fields).into());
}

/// One probe.
pub(super) fn debug(event: &str, fields: &Fields<'_>) {
    console::debug_1(&line("debug", event, fields).into());
}
