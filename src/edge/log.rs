//! One JSON line per event, with stable names that `docs/operations.md` lists.

use miniserde::Serialize;

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
    worker::console_error!("{}", line("error", event, fields));
}

/// Degraded, but served.
pub(super) fn warn(event: &str, fields: &Fields<'_>) {
    worker::console_warn!("{}", line("warn", event, fields));
}

/// A change of state.
pub(super) fn info(event: &str, fields: &Fields<'_>) {
    worker::console_log!("{}", line("info", event, fields));
}

/// One probe.
pub(super) fn debug(event: &str, fields: &Fields<'_>) {
    worker::console_debug!("{}", line("debug", event, fields));
}
