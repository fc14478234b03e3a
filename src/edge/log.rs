//! One JSON line per event, with stable names that `docs/operations.md` lists.

use serde_json::{Map, Value};

type Fields<'a> = [(&'a str, Value)];

fn line(level: &str, event: &str, fields: &Fields<'_>) -> String {
    let mut map = Map::new();
    map.insert("level".into(), level.into());
    map.insert("event".into(), event.into());
    for (name, value) in fields {
        map.insert((*name).to_owned(), value.clone());
    }
    Value::Object(map).to_string()
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
