//! Errors as `application/problem+json` (RFC 9457): what is wrong and the way out, with nothing of
//! the request repeated.

use crate::answer::{self, Answer};
use crate::config::{Config, Problems};

/// 404 for a path that is not ours.
pub(super) fn not_found() -> Answer {
    answer::problem(
        404,
        "not-found",
        "Not found",
        "Nothing is served at this path. There are /, /health, /health/{pool}, /health/{pool}/{origin}, /route/{pool}, \
         /v1/stream, /v1/stream/{pool}, /metrics, /livez, /readyz and, for jobs that report, /v1/heartbeat/{token}.",
    )
}

/// 404 for a pool or origin that the configuration does not name, or that is hidden from whoever
/// may not see `all`.
pub(super) fn unknown(config: &Config, pool: &str, origin: Option<&str>, all: bool) -> Option<Answer> {
    let Some(found) = config.pool(pool).filter(|pool| all || !pool.hidden) else {
        return Some(answer::problem(
            404,
            "unknown-pool",
            "Unknown pool",
            "The configuration has no monitor and no pool of this name.",
        ));
    };
    let origin = origin?;
    if found.subjects().any(|candidate| candidate.id().origin.as_str() == origin) {
        return None;
    }
    Some(answer::problem(404, "unknown-origin", "Unknown origin", "The pool has no origin of this name."))
}

/// 503 of a worker whose configuration is bad: it knows nothing, so it states no health.
///
/// The messages may quote settings, so only the paths of what is wrong are told to the public.
pub(super) fn bad_config(problems: &Problems) -> Answer {
    let paths: Vec<&str> = problems.iter().map(|problem| problem.at.as_str()).collect();
    answer::problem_with(
        503,
        "bad-configuration",
        "The configuration is not valid",
        "This worker was started with a configuration that it cannot use, so it probes nothing and knows nothing. Run \
         `vedette check` on it; the settings concerned are listed.",
        &paths,
    )
}

/// 405 for a method that is not among those that are answered.
pub(super) fn method(allowed: &[&str]) -> Answer {
    let detail = format!("Only {} is answered here.", allowed.join(" or "));
    let mut answer = answer::problem(405, "method-not-allowed", "Method not allowed", &detail);
    answer.headers.push(("allow", allowed.join(", ")));
    answer
}
