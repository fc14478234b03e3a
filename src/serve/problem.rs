//! Errors as `application/problem+json` (RFC 9457): what is wrong and the way out, with nothing of the request repeated.

use std::fmt;

use serde::Serialize;

use super::Answer;
use crate::config::{Config, Problems};
use crate::json::{self, Shown};

/// A problem answer. `slug` names the kind for machines.
pub(super) fn answer(status: u16, slug: &str, title: &str, detail: &str) -> Answer {
    with(status, slug, title, detail, &[])
}

/// The document of RFC 9457.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(rename = "type")]
    kind: Shown<fmt::Arguments<'a>>,
    title: &'a str,
    status: u16,
    detail: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    problems: &'a [&'a str],
}

fn with(status: u16, slug: &str, title: &str, detail: &str, problems: &[&str]) -> Answer {
    let kind = Shown(format_args!("urn:vedette:problem:{slug}"));
    Answer {
        status,
        headers: vec![("content-type", "application/problem+json".to_owned())],
        body: json::write(&Document { kind, title, status, detail, problems }),
    }
}

/// 404 for a path that is not ours.
pub(super) fn not_found() -> Answer {
    answer(
        404,
        "not-found",
        "Not found",
        "Nothing is served at this path. There are /, /health, /health/{pool}, /health/{pool}/{origin}, /route/{pool}, \
         /v1/stream/{pool}, /livez, /readyz and, for jobs that report, /v1/heartbeat/{token}.",
    )
}

/// 404 for a pool or origin that the configuration does not name.
pub(super) fn unknown(config: &Config, pool: &str, origin: Option<&str>) -> Option<Answer> {
    let Some(found) = config.pool(pool) else {
        return Some(answer(
            404,
            "unknown-pool",
            "Unknown pool",
            "The configuration has no pool of this name.",
        ));
    };
    let origin = origin?;
    if found.subjects().into_iter().any(|candidate| candidate.id().origin.as_str() == origin) {
        return None;
    }
    Some(answer(404, "unknown-origin", "Unknown origin", "The pool has no origin of this name."))
}

/// 503 of a worker whose configuration is bad: it knows nothing, so it states no health.
///
/// The messages may quote settings, so only the paths of what is wrong are told to the public.
pub(super) fn bad_config(problems: &Problems) -> Answer {
    let paths: Vec<&str> = problems.iter().map(|problem| problem.at.as_str()).collect();
    with(
        503,
        "bad-configuration",
        "The configuration is not valid",
        "This worker was started with a configuration that it cannot use, so it probes nothing and knows nothing. Run \
         `vedette check` on it; the settings concerned are listed.",
        &paths,
    )
}
