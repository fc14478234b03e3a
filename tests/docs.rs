//! What the documents show is true: every whole configuration in them is one that is accepted.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::fs;
use std::path::Path;

use vedette::config::Config;

/// The TOML examples of a document.
fn examples(text: &str) -> Vec<String> {
    let blocks = text.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks.map(str::to_owned).collect()
}

fn documents() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let files = folder.chain([root.join("README.md")]);
    files
        .filter(|file| file.extension().is_some_and(|kind| kind == "md"))
        .map(|file| (file.display().to_string(), fs::read_to_string(&file).unwrap()))
        .collect()
}

#[test]
fn every_example_configuration_is_good() {
    let mut seen = 0;
    for (name, text) in documents() {
        for example in examples(&text) {
            // A part of a file stands in for what a pool needs around it.
            let whole = if example.contains("url =") {
                example.clone()
            } else {
                format!(
                    "{example}\n[[pool]]\nname = \"a-pool\"\n[[pool.origin]]\nname = \"a\"\nurl = \"https://a.example\"\n"
                )
            };
            if let Err(problems) = Config::parse(&whole) {
                panic!("{name}:\n{example}\n{problems}");
            }
            seen += 1;
        }
    }
    assert!(seen >= 2, "{seen} examples");
}

#[test]
fn every_link_between_documents_leads_somewhere() {
    for (name, text) in documents() {
        let folder = Path::new(&name).parent().unwrap().to_owned();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let target = link.split('#').next().unwrap();
            if target.is_empty() || target.contains("://") {
                continue;
            }
            assert!(folder.join(target).exists(), "{name} links to {link}");
        }
    }
}
