//! Where requests go when the worker itself cannot be asked: to the first origin of their route, by
//! a table that is made at build time.
//!
//! `open.mjs` reads it out of the compiled configuration, after an error or a crash of our own.
//! What it needs is in it ready-made: routes in the order in which they are tried, addresses of
//! origins, fields to remove, answers.

use serde::Serialize;

use super::fields::{REMOVED, SAID, SAID_UNDER};
use crate::answer::{Answer, closed, problem};
use crate::config::{Config, Route};
use crate::path::{MAX_TARGET, OWN_PREFIX};

/// What a request is marked with in `CDN-Loop` and `Via`, so that two workers in trouble do not
/// send it round in a circle.
const MARK: &str = "vedette-open";

/// What is said in `Proxy-Status` (RFC 9209) of an answer that came this way.
const STATUS: &str = "vedette; error=proxy_internal_error";

/// All that `open.mjs` goes by.
#[derive(Clone, Debug, Serialize)]
pub struct Open {
    /// The hosts that are routed; `*` is every other one that is not this machine.
    pub hosts: Vec<Host>,
    /// The prefix of Vedette's own paths, which are let through nowhere.
    own: &'static str,
    /// The longest path with its query that is passed on, in bytes.
    longest: usize,
    /// What a request is marked with.
    pub mark: &'static str,
    /// The fields that no origin gets as the client sent them.
    removed: [&'static str; REMOVED.len()],
    /// Nor does it get one with an underscore that would be one of these, or of those, with dashes,
    said: [&'static str; SAID.len()],
    /// or one that begins like this.
    said_under: [&'static str; SAID_UNDER.len()],
    /// The fields to append to an answer that is handed on.
    append: [(&'static str, String); 1],
    /// What is answered in an origin's place.
    answers: Answers,
}

/// A host, and its routes.
#[derive(Clone, Debug, Serialize)]
pub struct Host {
    /// In lower case, or `*`.
    pub name: String,
    /// The longest prefix first: the first one that a path lies under counts.
    pub routes: Vec<Target>,
}

/// Where the requests of a route go.
#[derive(Clone, Debug, Serialize)]
pub struct Target {
    /// The path prefix, without a slash at its end.
    pub prefix: String,
    /// The address of the first origin by priority, its own path included, without a slash at its
    /// end.
    pub base: String,
    /// How many segments are left out of the path.
    pub strip: usize,
}

/// The answers of our own.
#[derive(Clone, Debug, Serialize)]
struct Answers {
    /// An origin was asked already.
    asked: Answer,
    /// The body is gone.
    sent: Answer,
    /// The request is in a circle.
    #[serde(rename = "loop")]
    circle: Answer,
    /// The origin does not answer.
    silent: Answer,
}

impl Open {
    /// The table of a configuration; nothing if it routes nothing.
    #[must_use]
    pub fn of(config: &Config) -> Option<Self> {
        let mut hosts: Vec<Host> = Vec::new();
        for route in &config.routes {
            let Some(target) = Target::of(config, route) else { continue };
            let known = hosts.iter_mut().find(|host| host.name == route.host);
            match known {
                // `/shop` and `/shop/` are one prefix: the first counts.
                Some(host) if host.routes.iter().any(|other| other.prefix == target.prefix) => {}
                Some(host) => host.routes.push(target),
                None => hosts.push(Host { name: route.host.clone(), routes: vec![target] }),
            }
        }
        for host in &mut hosts {
            host.routes.sort_by_key(|target| std::cmp::Reverse(target.prefix.len()));
        }
        (!hosts.is_empty()).then(|| Self {
            hosts,
            own: OWN_PREFIX,
            longest: MAX_TARGET,
            mark: MARK,
            removed: REMOVED,
            said: SAID,
            said_under: SAID_UNDER,
            append: [("proxy-status", format!("{STATUS}; details=\"let through to the first origin\""))],
            answers: Answers::new(),
        })
    }
}

impl Target {
    fn of(config: &Config, route: &Route) -> Option<Self> {
        let first = config.pool(route.pool.as_str())?.origins.iter().min_by_key(|origin| origin.priority)?;
        let prefix = route.path.trim_end_matches('/');
        let depth = prefix.bytes().filter(|byte| *byte == b'/').count();
        let strip = if route.strip_prefix { depth } else { 0 };
        Some(Self { prefix: prefix.to_owned(), base: first.url.to_string(), strip })
    }
}

impl Answers {
    fn new() -> Self {
        let own = |status, title, detail| {
            let mut answer = closed(problem(status, "own-error", title, detail));
            answer.headers.push(("proxy-status", STATUS.to_owned()));
            answer
        };
        Self {
            asked: own(
                502,
                "An error of our own",
                "The request failed on its way after an origin was asked, so it was not sent again.",
            ),
            sent: own(
                502,
                "An error of our own",
                "The request failed on its way, and its body was sent already, so it was not sent again.",
            ),
            circle: own(508, "Loop detected", "The request has been let through here already."),
            silent: own(
                502,
                "No answer from an origin",
                "The request was let through to the first origin of its route, which does not answer.",
            ),
        }
    }
}
