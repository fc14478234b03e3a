//! Server-sent events: a signal of one pool, or what is new of all of them, as they go over the
//! wire. It decides nothing of what is new.

use serde::Serialize;

use super::{Ask, api, finish, signal};
use crate::answer::Answer;
use crate::config::{self, Config};
use crate::follow::{Event, What, Why};
use crate::json::{self, Shown};
use crate::snapshot::{PoolView, Snapshot};
use crate::units::{Name, Timestamp};

/// A comment, by which a stream shows that it lives.
pub const KEEP_ALIVE: &str = ":\n\n";

/// What a stream of events begins with; its body is made of [`event`]s or [`events`].
#[must_use]
pub fn stream(ask: &Ask<'_>) -> Answer {
    // Some proxies gather an answer before they pass it on, unless they are told.
    let headers = vec![
        ("content-type", "text/event-stream; charset=utf-8".to_owned()),
        ("x-accel-buffering", "no".to_owned()),
    ];
    finish(Answer { status: 200, headers, body: String::new() }, ask)
}

/// The signal of a pool as an event.
#[must_use]
pub fn event(snapshot: &Snapshot, pool: &str, now: Timestamp) -> String {
    let Some((mark, signal)) = signal::event(snapshot, pool, now) else { return KEEP_ALIVE.to_owned() };
    format!("{}id: {mark}\ndata: {signal}\n\n", retry(now))
}

/// When a client whose stream ends connects again, which is not the same for all: they would all
/// come back at once.
fn retry(now: Timestamp) -> String {
    format!("retry: {}\n", 1_000_u64.saturating_add(now.as_millis() % 2_000))
}

/// What is new of all pools, as events: transitions as `/v1/events` has them, verdicts as
/// `/v1/pools` has them. `seen` is what they were found in; nothing is said of nothing.
#[must_use]
pub fn events(new: &[Event<'_>], seen: &Snapshot, config: &Config, now: Timestamp) -> String {
    let mut text = if new.is_empty() { String::new() } else { retry(now) };
    let mut pools = Configured { config, rest: config.pools.iter() };
    for Event { place, what } in new {
        let (kind, data) = match what {
            What::Transition(transition) => ("transition", Some(json::write(&api::event(transition)))),
            What::Verdict(view) => ("verdict", pools.of(&view.name).map(|pool| verdict(pool, view, now))),
            What::Reset(why) => ("reset", Some(reset(*why, seen, config, now))),
        };
        if let Some(data) = data {
            text.push_str(&format!("event: {kind}\nid: {place}\ndata: {data}\n\n"));
        }
    }
    text
}

fn verdict(pool: &config::Pool, view: &PoolView, now: Timestamp) -> String {
    json::write(&api::pool(pool, view, now))
}

/// How all stands, for whoever may have missed something.
#[derive(Serialize)]
struct Reset<P> {
    at: Shown<Timestamp>,
    reason: &'static str,
    pools: Vec<P>,
}

fn reset(why: Why, seen: &Snapshot, config: &Config, now: Timestamp) -> String {
    let mut known = Configured { config, rest: config.pools.iter() };
    let pools = seen.pools.iter().filter_map(|view| Some(api::pool(known.of(&view.name)?, view, now)));
    json::write(&Reset { at: Shown(now), reason: why.as_str(), pools: pools.collect() })
}

/// The pools of a configuration, asked for in its order mostly: the next one follows the last one.
struct Configured<'a> {
    config: &'a Config,
    rest: std::slice::Iter<'a, config::Pool>,
}

impl<'a> Configured<'a> {
    fn of(&mut self, name: &Name) -> Option<&'a config::Pool> {
        let next = self.rest.find(|pool| pool.name == *name);
        if next.is_none() {
            self.rest = self.config.pools.iter();
        }
        next.or_else(|| self.config.pool(name.as_str()))
    }
}
