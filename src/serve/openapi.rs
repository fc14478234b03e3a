//! `/openapi.json`: every path in the form of OpenAPI 3.1. A test holds it to the route table.

use super::etag;
use crate::answer::Answer;

/// The description, as it is kept in the repository.
pub(super) const TEXT: &str = include_str!("openapi.json");

/// The description.
pub(super) fn answer() -> Answer {
    let headers = vec![
        ("content-type", "application/json".to_owned()),
        // It changes with a release and at no other time.
        ("cache-control", "max-age=300".to_owned()),
        ("etag", etag(TEXT)),
    ];
    Answer { status: 200, headers, body: TEXT.to_owned() }
}
