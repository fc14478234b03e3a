//! Hostile input against every reader in the core: kept seeds are mutated, and for each input
//! nothing may panic and the laws of its subject must hold.
//!
//! The inputs follow from a seed, so a run can be repeated: `VEDETTE_FUZZ_SEED` chooses another
//! one, `VEDETTE_FUZZ_ITERATIONS` sets how many inputs all subjects get together. What breaks a law
//! is cut down and printed; saved into `tests/corpus/`, it is tried first in every later run. To
//! look for longer:
//!
//! ```text
//! CARGO_PROFILE_DEV_OPT_LEVEL=2 VEDETTE_FUZZ_SEED=$RANDOM VEDETTE_FUZZ_ITERATIONS=2000000 \
//!   cargo test --target-dir target/fuzz --test fuzz -- --nocapture
//! ```

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails is what a panic is for"
)]
#![expect(clippy::print_stderr, reason = "how far a run came is told to whoever asks with --nocapture")]

mod campaign;
mod config;
mod heartbeat;
mod mutate;
mod names;
mod probe;
mod serve;
mod stored;

use campaign::run;

#[test]
fn any_configuration_is_read_or_refused() {
    run(&config::TEXT);
}

#[test]
fn any_compiled_configuration_is_read_or_refused() {
    run(&config::COMPILED);
}

#[test]
fn any_request_gets_an_answer_that_repeats_nothing_of_it() {
    run(&serve::REQUEST);
}

#[test]
fn any_condition_is_met_or_not() {
    run(&serve::CONDITION);
}

#[test]
fn any_reply_is_evidence_in_words_of_ours() {
    run(&probe::REPLY);
}

#[test]
fn any_redirect_is_followed_safely_or_not_at_all() {
    run(&probe::LOCATION);
}

#[test]
fn any_snapshot_is_read_back_the_same_or_refused() {
    run(&stored::SNAPSHOT);
}

#[test]
fn any_report_is_weighed_or_refused() {
    run(&stored::REPORT);
}

#[test]
fn any_stored_row_is_understood_or_left_out() {
    run(&stored::ROW);
}

#[test]
fn any_token_has_one_spelling_or_is_none() {
    run(&heartbeat::TOKEN);
}

#[test]
fn any_name_has_one_spelling_or_none() {
    run(&names::NAMES);
}
