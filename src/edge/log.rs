//! One JSON line per event, with stable names that `docs/operations.md` lists.

use miniserde::Serialize;
use web_sys::console;

use crate::json::Object;

pub(super) type Fields<'a> = [(&'a str, &'a dyn Serialize)];

fn line(level: &str, event: &str, fields: &Fields<'_>) -> String {
    let mut line = Object::new();
    line.put("level", level).put("event", event);
    for (name, value) in fields {
        line.put(name, *value);
    }
    line.end()
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
