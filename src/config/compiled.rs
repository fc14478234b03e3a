//! A checked configuration as the worker reads it: JSON of [`Config`], made at build time.
//!
//! So the parser of TOML and everything that tells a person what is wrong stay on the machine that builds; the upload is a third
//! smaller for it and starts faster (decision 0006). Build and worker are of one release, so the form is nobody else's: it has a
//! number, and another number is refused.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Config, Hint, Place, ProbeValue, Problem, Problems, Quorum};
use crate::json::{self, as_text};
use crate::units::Ratio;

/// The number of this form; raised whenever a type of the configuration changes.
const FORM: u32 = 6;

/// What is read.
#[derive(Deserialize)]
struct Compiled {
    form: u32,
    config: Option<Config>,
    /// The paths of the settings that are wrong. What is wrong with them may quote the file, and stays with who wrote it.
    problems: Option<Vec<String>>,
}

/// What is written: one of the two.
#[derive(Serialize)]
struct Written<'a> {
    form: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    config: Option<&'a Config>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problems: Option<Vec<&'a str>>,
}

/// Compiles what [`Config::parse`] found, good or bad: a worker with a bad configuration says so.
#[must_use]
pub fn compile(parsed: &Result<Config, Problems>) -> String {
    let (config, problems) = match parsed {
        Ok(config) => (Some(config), None),
        Err(problems) => (None, Some(problems.iter().map(|problem| problem.at.as_str()).collect())),
    };
    json::write(&Written { form: FORM, config, problems })
}

pub(super) fn read(text: &str) -> Result<Config, Problems> {
    let compiled = json::read::<Compiled>(text).filter(|compiled| compiled.form == FORM);
    let problem = |at: String, message: &str| Problem { at, line: None, message: message.to_owned() };
    let Some(compiled) = compiled else {
        let message = "was not compiled by this release; build it again with npm run build";
        return Err(problem("the compiled configuration".to_owned(), message).into());
    };
    let paths = compiled.problems.unwrap_or_default().into_iter();
    let problems = paths.map(|path| problem(path, "is wrong; vedette check says how")).collect();
    compiled.config.ok_or_else(|| Problems::sorted(problem(String::new(), "is empty"), problems))
}

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Place {
    /// `near weur` or `bound to PROBE_SAO`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hint(hint) => write!(f, "near {hint}"),
            Self::Service(binding) => write!(f, "bound to {binding}"),
        }
    }
}

fn place(text: &str) -> Option<Place> {
    let hint = text.strip_prefix("near ").and_then(Hint::parse).map(Place::Hint);
    hint.or_else(|| text.strip_prefix("bound to ").map(|binding| Place::Service(binding.to_owned())))
}

impl fmt::Display for Quorum {
    /// As the file writes it: `majority`, `2`, `60%`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("any"),
            Self::Majority => f.write_str("majority"),
            Self::All => f.write_str("all"),
            Self::Count(count) => write!(f, "{count}"),
            Self::Share(share) => write!(f, "{share}"),
        }
    }
}

fn quorum(text: &str) -> Option<Quorum> {
    Some(match text {
        "any" => Quorum::Any,
        "majority" => Quorum::Majority,
        "all" => Quorum::All,
        number => match number.strip_suffix('%') {
            Some(share) => Quorum::Share(Ratio::percent(share.parse().ok()?)?),
            None => Quorum::Count(number.parse().ok()?),
        },
    })
}

impl fmt::Display for ProbeValue {
    /// `text …` or `secret NAME`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "text {text}"),
            Self::Secret(name) => write!(f, "secret {name}"),
        }
    }
}

fn probe_value(text: &str) -> Option<ProbeValue> {
    let (kind, value) = text.split_once(' ')?;
    match kind {
        "text" => Some(ProbeValue::Text(value.to_owned())),
        "secret" => Some(ProbeValue::Secret(value.to_owned())),
        _ => None,
    }
}

as_text! {
    Hint: "a location hint", Hint::parse,
    Place: "a place", place,
    Quorum: "a quorum", quorum,
    ProbeValue: "a text or a secret", probe_value,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every_good_file() -> Vec<String> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/config/good");
        let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        files.map(|path| std::fs::read_to_string(path).unwrap()).collect()
    }

    #[test]
    fn what_is_compiled_is_read_back_the_same() {
        let files = every_good_file();
        assert!(files.len() > 2);
        for file in files {
            let config = Config::parse(&file).unwrap();
            let text = compile(&Ok(config.clone()));
            assert_eq!(Config::from_compiled(&text).unwrap(), config);
        }
    }

    #[test]
    fn a_bad_configuration_is_compiled_to_the_paths_of_what_is_wrong() {
        let parsed = Config::parse("plan = \"gratis\"\n[[pool]]\nname = \"s3cret@x\"");
        let text = compile(&parsed);
        assert!(!text.contains("s3cret"), "{text}");
        let problems = Config::from_compiled(&text).unwrap_err();
        assert!(problems.iter().any(|problem| problem.at == "plan"));
    }

    #[test]
    fn what_another_release_compiled_is_refused() {
        let good = compile(&Config::parse(&every_good_file().remove(0)));
        for text in [
            "",
            "{}",
            "null",
            "plan = \"free\"",
            &good.replace("\"form\":6", "\"form\":5"),
            &good.replace(']', ""),
        ] {
            let problems = Config::from_compiled(text).unwrap_err();
            assert!(problems.to_string().contains("build it again"), "{problems}");
        }
        assert!(Config::from_compiled("{\"form\":6}").is_err());
    }
}
