//! Points in time as they are told to programs, read back: RFC 3339 in UTC.

use serde::{Deserialize, Deserializer};

use super::Timestamp;
use crate::json;

/// One that is always told.
pub(crate) fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    json::from_text(deserializer, "a point in time", Timestamp::parse)
}

/// One that may be left out, or be null.
pub(crate) fn some_time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text.as_deref().and_then(Timestamp::parse))
}
