//! `vedette-bindgen INPUT.wasm OUTPUT_FOLDER`: writes `index.js` with its types, `index_bg.wasm`
//! and `snippets/` for a module worker. With `--node` as a third argument, `index.js` is for Node,
//! which hands it the bytes of the wasm.
//!
//! This is the part of `worker-build` that is needed here, in half a minute of compiling instead of
//! eight: the library beneath the `wasm-bindgen` command with the two switches that let a crashed
//! instance be replaced. The entry around it is `entry.mjs`.

use std::path::Path;
use std::process::ExitCode;

use wasm_bindgen_cli_support::Bindgen;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (input, output, node) = match arguments.as_slice() {
        [input, output] => (input, output, false),
        [input, output, node] if node == "--node" => (input, output, true),
        _ => {
            eprintln!("usage: vedette-bindgen INPUT.wasm OUTPUT_FOLDER [--node]");
            return ExitCode::from(2);
        }
    };
    let make = if node { for_node } else { for_a_worker };
    match make(Path::new(input), Path::new(output)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("vedette-bindgen: {error}");
            ExitCode::FAILURE
        }
    }
}

fn for_a_worker(input: &Path, output: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let mut bindgen = Bindgen::new();
    bindgen.module(true).map_err(|error| error.to_string())?;
    bindgen
        .input_path(input)
        .out_name("index")
        .typescript(true)
        .reset_state_function(true)
        .force_enable_abort_handler(true)
        .generate(output)
        .map_err(|error| format!("{}: {error:#}", input.display()))?;
    // The runtime's bundler does not know source phase imports yet; a plain import of a wasm module
    // means the same to it.
    let glue = output.join("index.js");
    let text = std::fs::read_to_string(&glue)?.replace("import source ", "import ");
    Ok(std::fs::write(&glue, text)?)
}

fn for_node(input: &Path, output: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let mut bindgen = Bindgen::new();
    bindgen.web(true).map_err(|error| error.to_string())?;
    bindgen
        .input_path(input)
        .out_name("index")
        .typescript(true)
        .omit_default_module_path(true)
        .generate(output)
        .map_err(|error| format!("{}: {error:#}", input.display()).into())
}
