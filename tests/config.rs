//! The configuration through its public door: what is refused and in which words, what good files mean, and the laws that
//! hold for every text.
//!
//! `tests/config/bad/*.toml` stand beside the exact report that each must get; `UPDATE_EXPECT=1` writes the reports anew, to
//! be read before they are committed.

#![expect(clippy::unwrap_used, reason = "a test that fails is what a panic is for")]

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use vedette::config::{
    Config, HeaderValue, MAX_BYTES, Method, Origin, Pace, Place, Plan, Quorum, Route, StatusRange, Steering, Thresholds,
    Window,
};
use vedette::units::{Millis, Ratio};

const EXAMPLE: &str = include_str!("config/good/example.toml");

// Bad files.

#[test]
fn every_bad_file_gets_its_report() {
    let files = files("bad");
    assert!(files.len() >= 25, "only {} files", files.len());
    let mut wrong = Vec::new();
    for file in files {
        let said = report(&fs::read_to_string(&file).unwrap());
        let beside = file.with_extension("txt");
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            fs::write(&beside, &said).unwrap();
        } else if fs::read_to_string(&beside).unwrap_or_default() != said {
            wrong.push(format!("{}:\n{said}", file.display()));
        }
    }
    assert!(wrong.is_empty(), "reports differ; see UPDATE_EXPECT above\n{}", wrong.join("\n"));
}

fn report(text: &str) -> String {
    format!("{}\n", Config::parse(text).unwrap_err())
}

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config").join(folder);
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries.filter(|path| path.extension().is_some_and(|end| end == "toml")).collect();
    files.sort();
    files
}
