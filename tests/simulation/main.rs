//! The real engines in a world of vantages, origins and readers where everything goes wrong that
//! can: reports lost, late, doubled and overtaken; objects evicted with all that was under way;
//! writes that fail before or after they land; alarms late and lost; clocks that differ and jump;
//! vantages cut off; configurations deployed in mid-tick and rolled back; receivers that do not
//! take their messages; jobs that are late or silent, and an Arbiter that does not listen; and
//! meanwhile somebody changes the service and has it verified.
//!
//! A world follows from its seed. `cargo test` runs a few of them. `npm run test:long` runs eight
//! thousand hours, two hundred afternoons, twenty times two weeks, and all that find a broken rule,
//! optimised:
//!
//! ```text
//! VEDETTE_SEEDS=2500 VEDETTE_AFTERNOONS=50 VEDETTE_FORTNIGHTS=5 VEDETTE_MUTANTS=1000 \
//!   cargo test --locked --config tests/optimised.toml --test simulation -- --nocapture
//! # One world, cut down and told.
//! VEDETTE_SEED=123 \
//!   cargo test --locked --config tests/optimised.toml --test simulation -- --nocapture
//! ```

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::wildcard_enum_match_arm,
    clippy::disallowed_methods,
    reason = "a test that fails is what a panic is for; how far a run came, and how fast, is told to whoever asks"
)]

mod campaign;
mod changes;
mod history;
mod incidents;
mod jobs;
#[path = "../laws/mod.rs"]
mod laws;
mod ledger;
mod mutants;
mod objects;
mod origins;
mod readers;
mod receivers;
mod setup;
mod twins;
mod world;

use std::time::Instant;

use campaign::{run, shrink, told};
use mutants::Mutant;
use setup::HOUR;

/// A simulated hour makes and drops some million small values.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |text| text.parse().unwrap())
}

fn lawful(seeds: std::ops::Range<u64>, hours: u64) {
    let (begun, count) = (Instant::now(), seeds.end - seeds.start);
    match run(seeds, hours * HOUR, None) {
        Ok(tallies) => eprintln!("{count} worlds of {hours} h in {:.1?}: {tallies:?}", begun.elapsed()),
        Err(failure) => panic!("{}", told(&shrink(*failure, None), None)),
    }
}

#[test]
fn an_hour_of_any_world_obeys_the_laws() {
    if let Ok(seed) = std::env::var("VEDETTE_SEED") {
        let seed: u64 = seed.parse().unwrap();
        return lawful(seed..seed + 1, number("VEDETTE_HOURS", 1));
    }
    let first = number("VEDETTE_FIRST", 0);
    lawful(first..first + number("VEDETTE_SEEDS", 40), 1);
}

/// Long enough for a change whose vantages are silent to be given up.
#[test]
fn an_afternoon_of_any_world_obeys_the_laws() {
    let first = number("VEDETTE_FIRST", 0);
    lawful(first..first + number("VEDETTE_AFTERNOONS", 10), 3);
}

#[test]
fn two_weeks_of_any_world_obey_the_laws() {
    let first = number("VEDETTE_FIRST", 0);
    lawful(first..first + number("VEDETTE_FORTNIGHTS", 0), 14 * 24);
}

#[test]
fn every_broken_rule_is_found() {
    // So many worlds in which to find each; none unless asked for.
    let most = number("VEDETTE_MUTANTS", 0);
    if most == 0 {
        return;
    }
    let mut survivors = Vec::new();
    for mutant in Mutant::ALL {
        match run(0..most, mutant.length(), Some(mutant)) {
            Err(failure) => eprintln!("{mutant:?}: seed {}: {}", failure.setup.seed, failure.broken.law),
            Ok(_) => survivors.push(mutant),
        }
    }
    assert!(survivors.is_empty(), "not found within {most} worlds: {survivors:?}");
}
