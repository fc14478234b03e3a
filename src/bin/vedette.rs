//! The command line: `vedette check FILE`, `vedette probe FILE POOL/ORIGIN` and `vedette
//! notify-test FILE CHANNEL`.
//!
//! Exit codes: 0 good, 1 problems (all of them are printed), 2 usage, 141 nobody reads the output
//! any more.

#[cfg(not(target_arch = "wasm32"))]
#[path = "vedette/main.rs"]
mod host;

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::process::ExitCode {
    host::main()
}

/// The command line is for hosts; the worker is the library.
#[cfg(target_arch = "wasm32")]
fn main() {}
