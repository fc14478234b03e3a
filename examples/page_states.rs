//! Writes the page in each of its designed states into a folder, to be looked at: `cargo run
//! --example page_states -- FOLDER`.

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use vedette::reader::{Source, Tier};
use vedette::serve::{self, Ask, Basis, View};
use vedette::units::Millis;

#[expect(clippy::panic, clippy::expect_used, reason = "its stories are fixed, and the tests tell them too")]
#[path = "../src/serve/page/states.rs"]
mod states;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("the folder is missing")?);
    fs::create_dir_all(&folder)?;
    for state in states::all() {
        let source = Source {
            layer: Tier::Memory,
            age: Millis::ZERO,
            limit: Millis::ZERO,
            silent: state.arbiter_silent,
            replaced: false,
        };
        let basis = Basis {
            snapshot: &state.snapshot,
            config: &state.config,
            source,
            now: state.now,
            counts: &[],
            seen: &[],
            past: &[],
        };
        let ask = Ask { method: "GET", target: "/", if_none_match: None, caller: None, accept: None };
        let answer = serve::answer(&View::Page, &ask, &basis);
        fs::write(folder.join(state.name).with_extension("html"), answer.body)?;
    }
    Ok(())
}
