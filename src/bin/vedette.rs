//! The command line: `vedette check FILE`, `vedette probe FILE POOL/ORIGIN`, `vedette notify-test
//! FILE CHANNEL` and others.
//!
//! Exit codes: 0 good, 1 problems (all of them are printed), 2 usage, 141 nobody reads the output
//! any more.

#[cfg(not(target_arch = "wasm32"))]
#[path = "vedette/main.rs"]
mod command_line;

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::process::ExitCode {
    command_line::main()
}

/// In Node the command line is a part of the library, as the worker is.
#[cfg(target_arch = "wasm32")]
fn main() {}
