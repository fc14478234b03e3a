//! Vedette probes a service's origins from the CDN edge, turns the probes into a verdict that
//! neither flaps nor lies, and answers from it.
//!
//! The data walks one line, and every arrow is a pure function in the module of that name:
//!
//! ```text
//! vedette.toml ──config──▶ Config
//! Config, state, now ──schedule──▶ which probes are due, when to wake next
//! due probe ──edge sends it──▶ exchange ──probe──▶ Sample
//! Sample ──vote──▶ Vote          (one vantage: rise/fall, m-of-n window, faster while in doubt)
//! Votes ──verdict──▶ Verdict     (the arbiter: quorum of live votes)
//! Heartbeats ──heartbeat──▶ Verdict (jobs that report by themselves)
//! Verdicts ──signal──▶ which origin
//! Verdicts ──snapshot──▶ Snapshot ──reader──▶ serve (health, signal, page)
//!                                            proxy (a request on its way)
//! Verdicts ──notify──▶ messages   (what stands, against what each channel was told)
//! ```
//!
//! Three engines compose the arrows, each a machine that is told what happened and when, and says
//! what is to be done: [`vantage::Prober`], [`arbiter::Arbiter`] and [`proxy::Proxy`]. No core
//! module reads a clock, draws a random number or awaits. `edge` (wasm32 only) carries the effects
//! out and decides nothing.
//!
//! A module imports only modules above it in the list below.

pub mod json;

pub mod mac;

pub mod units;

pub mod defaults;

pub mod path;

pub mod config;

pub mod limits;

pub mod exchange;

pub mod secret;

pub mod access;

pub mod sample;

pub mod schedule;

pub mod probe;

pub mod history;

pub mod compare;

pub mod purge;

pub mod change;

pub mod vote;

pub mod verdict;

pub mod heartbeat;

pub mod signal;

pub mod writes;

pub mod traffic;

pub mod snapshot;

pub mod availability;

pub mod incident;

pub mod calls;

pub mod reader;

pub mod follow;

pub mod answer;

pub mod proxy;

pub mod serve;

pub mod notify;

pub mod vantage;

pub mod arbiter;

pub mod budget;

#[cfg(all(target_arch = "wasm32", feature = "edge"))]
mod edge;

// The command line: a program of its own on a host, a part of this library in Node.
#[cfg(all(target_arch = "wasm32", feature = "node"))]
#[path = "bin/vedette/main.rs"]
mod command_line;

#[cfg(test)]
mod fixtures;

// What tests share with examples, and the command line, name the crate from outside.
#[cfg(any(test, all(target_arch = "wasm32", feature = "node")))]
extern crate self as vedette;
