//! Vedette probes a service's origins from the CDN edge, turns the probes into a verdict that neither flaps nor lies, and
//! answers from it.
//!
//! The data walks one line, and every arrow is a pure function in the module of that name:
//!
//! ```text
//! vedette.toml ──config──▶ Config
//! Config, state, now ──schedule──▶ which probes are due, when to wake next
//! due probe ──edge sends it──▶ reply ──probe──▶ Sample
//! Sample ──vote──▶ Vote          (one vantage: rise/fall, m-of-n window, faster while in doubt)
//! Votes ──verdict──▶ Verdict     (the arbiter: quorum of live votes)
//! Heartbeats ──heartbeat──▶ Verdict (jobs that report by themselves)
//! Verdicts ──snapshot──▶ Snapshot ──▶ serve (health, signal, page)   route (which origin)
//! Verdicts ──notify──▶ messages   (what stands, against what each channel was told)
//! ```
//!
//! Two engines compose the arrows, each `step(event, now) -> effects`: [`vantage::Watch`] and [`arbiter::Arbiter`]. No core
//! module reads a clock, draws a random number or awaits. `edge` (wasm32 only) carries the effects out and decides nothing.

pub mod units;

pub mod json;

pub mod mac;

pub mod config;

pub mod schedule;

pub mod probe;

pub mod sample;

pub mod vote;

pub mod verdict;

pub mod heartbeat;

pub mod snapshot;

pub mod reader;

pub mod follow;

pub mod serve;

pub mod route;

pub mod notify;

pub mod vantage;

pub mod arbiter;

pub mod budget;

#[cfg(target_arch = "wasm32")]
mod edge;

#[cfg(test)]
mod fixtures;

// What tests share with examples names the crate from outside.
#[cfg(test)]
extern crate self as vedette;
