//! What a route answers in an origin's place: a refusal of what may not be passed on, or an error
//! answer when no origin answers.

use super::{Attempt, Fault, fields};
use crate::answer::{Answer, closed, problem};
use crate::config::{Config, StaticAnswer};
use crate::path::{MAX_TARGET, OWN_PREFIX, Parts, is_ambiguous};

/// Why a request is not passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// Its path may mean another one to the next reader.
    Ambiguous,
    /// Its host is none, or more than one.
    Host,
    /// It is a `GET` or `HEAD` with a body of a length that is not said, which the platform would
    /// drop.
    Unmeasured,
    /// It is longer than what is read.
    TooLong,
    /// No route of its host has its path.
    NoRoute,
    /// It has been here already.
    Loop,
    /// It asks for Vedette's own page on a routed host without the slash, which its links need.
    Home,
}

/// Why a request is not passed on although its path has a route, as far as its address tells.
#[must_use]
pub fn refused(parts: &Parts<'_>) -> Option<Rejection> {
    if parts.path.len().saturating_add(parts.query.len()) > MAX_TARGET {
        return Some(Rejection::TooLong);
    }
    is_ambiguous(parts.path).then_some(Rejection::Ambiguous)
}

impl Rejection {
    /// The answer to such a request.
    #[must_use]
    pub fn answer(self) -> Answer {
        let Some((error, mut answer)) = self.told() else {
            let headers = vec![("location", format!("{OWN_PREFIX}/"))];
            return Answer { status: 308, headers, body: String::new() };
        };
        answer.headers.push(("proxy-status", format!("vedette; error={error}")));
        closed(answer)
    }

    /// The error of RFC 9209 section 2.3, and what is said of it; nothing for the way to the page.
    fn told(self) -> Option<(&'static str, Answer)> {
        Some(match self {
            Self::Home => return None,
            Self::Ambiguous => (
                "http_request_error",
                problem(
                    400,
                    "ambiguous-path",
                    "Ambiguous path",
                    "The path has a segment \".\" or \"..\", a backslash, or dots beside an escaped separator, which the next reader may take \
                     for another path. Send it in its shortest form.",
                ),
            ),
            Self::Host => (
                "http_request_error",
                problem(
                    400,
                    "bad-host",
                    "Bad host",
                    "The request names no host, more than one, or one that the next reader may take for another. Send one Host with a \
                     name or an address, and a port or none.",
                ),
            ),
            Self::Unmeasured => (
                "http_request_error",
                problem(
                    411,
                    "length-required",
                    "Length required",
                    "A GET or HEAD whose body is sent in chunks is not passed on whole. Send its Content-Length.",
                ),
            ),
            Self::TooLong => (
                "http_request_error",
                problem(
                    414,
                    "uri-too-long",
                    "URI too long",
                    &format!("At most {MAX_TARGET} bytes of path and query are passed on."),
                ),
            ),
            Self::NoRoute => (
                "destination_not_found",
                problem(404, "no-route", "No route", "No route of this host has this path."),
            ),
            Self::Loop => (
                "proxy_loop_detected",
                problem(
                    508,
                    "loop",
                    "Loop detected",
                    "The request has come through this deployment already: the address of an origin leads back here. Give the origin a \
                     host of its own.",
                ),
            ),
        })
    }
}

/// What is answered when no origin does and no copy is at hand: the static answer of the route,
/// else 503. It is 504 where an origin did not answer in time, and 502 where it broke off.
#[must_use]
pub fn error_answer(config: &Config, attempt: &Attempt) -> Answer {
    let route = config.routes.get(attempt.route);
    let (status, error) = match attempt.faults().last() {
        Some((_, Fault::TimedOut)) => (504, "http_response_timeout"),
        Some((_, Fault::Broken | Fault::Cut)) => (502, "connection_terminated"),
        Some((_, Fault::Refused)) => (502, "connection_refused"),
        Some((_, Fault::Invalid(_))) => (502, "http_protocol_error"),
        Some((_, Fault::Left)) => (400, "http_request_error"),
        Some((_, Fault::Status(_) | Fault::Unreached(_))) | None => (503, "destination_unavailable"),
    };
    let said = fields::status_of(config, attempt, error);
    let pool = config.pools.get(attempt.pool);
    // The next probe may know better.
    let wait =
        pool.and_then(|pool| pool.origins.iter().map(|origin| origin.pace.fast_interval.as_secs()).min());
    let after = wait.unwrap_or(1).max(1).to_string();
    // What the client broke off itself has no other answer.
    let own = route.and_then(|route| route.answer.as_ref()).filter(|_| status != 400);
    let mut answer = match own {
        Some(own) => fixed(own),
        None if attempt.had_nowhere() && attempt.faults().is_empty() => closed(problem(
            503,
            "no-origin",
            "No origin available",
            "Every origin that could answer this request fails. It was not sent to any.",
        )),
        None if status == 400 => {
            let detail = "The request ended before it was whole, so no origin has got all of it.";
            return with_status(closed(problem(400, "broken-off", "Request broken off", detail)), said);
        }
        None => closed(problem(
            status,
            "no-answer",
            "No answer from an origin",
            "No origin answered this request in time. One that may not be sent twice was sent once.",
        )),
    };
    answer.headers.push(("retry-after", after));
    answer.headers.push(("proxy-status", said));
    answer
}

fn with_status(mut answer: Answer, said: String) -> Answer {
    answer.headers.push(("proxy-status", said));
    answer
}

fn fixed(own: &StaticAnswer) -> Answer {
    Answer {
        status: own.status,
        headers: vec![("content-type", own.content_type.clone()), ("cache-control", "no-store".to_owned())],
        body: own.body.clone(),
    }
}
