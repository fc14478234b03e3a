//! `answer` of a `[[route]]`: what is answered if no origin does.

use serde::{Deserialize, Serialize};

use crate::config::problem::quoted;
use crate::config::raw::{Field, Table};
use crate::defaults::config::route::answer::{MAX_BODY, MAX_CONTENT_TYPE};

/// The keys of `answer`.
pub(in crate::config) const KEYS: [&str; 3] = ["status", "content_type", "body"];

/// An answer that needs no origin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaticAnswer {
    /// Its status code (200 to 599).
    pub status: u16,
    /// Its `Content-Type`.
    pub content_type: String,
    /// Its body.
    pub body: String,
}

/// Reads an answer.
pub(super) fn static_answer(table: &Table<'_>) -> Option<StaticAnswer> {
    table.only(&KEYS);
    let status = table.get("status").map_or(Some(503), |field| field.whole(&(200..600)));
    let content_type = table
        .get("content_type")
        .map_or_else(|| Some("text/plain; charset=utf-8".to_owned()), |field| content_type(&field));
    let body = table.require("body", "\"…\"").and_then(|field| {
        let text = field.text("the text of the body, in quotes")?;
        if text.len() > MAX_BODY {
            field.refuse(format_args!("is longer than {MAX_BODY} bytes; write a shorter text"));
            return None;
        }
        Some(text.to_owned())
    });
    Some(StaticAnswer {
        status: status.and_then(|status| u16::try_from(status).ok())?,
        content_type: content_type?,
        body: body?,
    })
}

fn content_type(field: &Field<'_>) -> Option<String> {
    let text = field.text("a content type in quotes, as \"text/html; charset=utf-8\"")?;
    let visible = text.bytes().all(|c| c.is_ascii_graphic() || c == b' ');
    if !visible || !text.contains('/') || text.trim() != text || text.len() > MAX_CONTENT_TYPE {
        field.refuse(format_args!(
            "{} is not a content type; write one of at most {MAX_CONTENT_TYPE} bytes, as \"text/html; charset=utf-8\"",
            quoted(text)
        ));
        return None;
    }
    Some(text.to_owned())
}
