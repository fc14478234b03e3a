//! A checked configuration as the worker reads it: JSON of a [`Deployment`], made at build time.
//!
//! So the parser of TOML and everything that tells a person what is wrong stay on the machine that
//! builds. The worker starts faster for it (decision 0006). Build and worker are of one release, so
//! the form is nobody else's: it has a number, and another number is refused.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Config, Hint, Place, ProbeValue, Problem, Problems, Quorum};
use crate::json::{self, as_text};
use crate::units::Ratio;

/// The number of this form; raised whenever a type of the configuration changes.
const FORM: u32 = 15;

/// A checked configuration, and what is worked out from it before it is deployed.
#[derive(Clone, Debug, PartialEq)]
pub struct Deployment {
    /// The configuration.
    pub config: Config,
    /// What one shard of a vantage may use in a day of UTC; none where nothing is limited by the
    /// day.
    pub daily: Option<Daily>,
}

/// What one shard of a vantage may use in a day of UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Daily {
    /// Fast probes.
    pub fast_probes: u32,
    /// The time for which it may be busy, in thousandths of what it needs when it rests; none where
    /// it may be busy all day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub busy: Option<u32>,
}

/// What is read.
#[derive(Deserialize)]
struct Compiled {
    form: u32,
    config: Option<Config>,
    daily: Option<Daily>,
    /// The paths of the settings that are wrong. What is wrong with them may quote the file, and
    /// stays with who wrote it.
    problems: Option<Vec<String>>,
}

/// What is written: one of the two.
#[derive(Serialize)]
struct Written<'a, O> {
    form: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    config: Option<&'a Config>,
    #[serde(skip_serializing_if = "Option::is_none")]
    daily: Option<Daily>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problems: Option<Vec<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    open: Option<&'a O>,
}

/// Compiles what [`Config::parse`] found, good or bad: a worker with a bad configuration says so.
/// `open` is what `open.mjs` goes by when the worker cannot be asked; the worker itself does not
/// read it.
#[must_use]
pub fn compile<O: Serialize>(checked: &Result<Deployment, Problems>, open: Option<&O>) -> String {
    let written = match checked {
        Ok(Deployment { config, daily }) => {
            Written { form: FORM, config: Some(config), daily: *daily, problems: None, open }
        }
        Err(problems) => {
            let paths = problems.iter().map(|problem| problem.at.as_str()).collect();
            Written { form: FORM, config: None, daily: None, problems: Some(paths), open: None }
        }
    };
    json::write(&written)
}

impl Deployment {
    /// Reads what [`compile`] made.
    ///
    /// # Errors
    /// The configuration was not good when it was compiled, or another release compiled it.
    pub fn from_compiled(text: &str) -> Result<Self, Problems> {
        read(text)
    }
}

fn read(text: &str) -> Result<Deployment, Problems> {
    let problem = |at: String, message: &str| Problem { at, line: None, message: message.to_owned() };
    let refused = |place: &str| {
        let message = format!("was not compiled by this release{place}; build it again with npm run build");
        problem("the compiled configuration".to_owned(), &message)
    };
    let compiled = serde_json::from_str::<Compiled>(text)
        .map_err(|error| refused(&format!(" (see its line {}, column {})", error.line(), error.column())))?;
    if compiled.form != FORM {
        return Err(refused("").into());
    }
    let paths = compiled.problems.unwrap_or_default().into_iter();
    let problems = paths.map(|path| problem(path, "is wrong; vedette check says how")).collect();
    let config =
        compiled.config.ok_or_else(|| Problems::sorted(problem(String::new(), "is empty"), problems))?;
    Ok(Deployment { config, daily: compiled.daily })
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

    fn deployment(config: Config) -> Deployment {
        Deployment { config, daily: None }
    }

    #[test]
    fn what_is_compiled_is_read_back_the_same() {
        let files = every_good_file();
        assert!(files.len() > 2);
        for file in files {
            let config = Config::parse(&file).unwrap();
            let daily = |(fast_probes, busy)| Daily { fast_probes, busy };
            for daily in [None, Some((0, None)), Some((u32::MAX, Some(1_100)))].map(|given| given.map(daily))
            {
                let deployment = Deployment { config: config.clone(), daily };
                let text = compile(&Ok(deployment.clone()), Some(&"read by open.mjs"));
                assert_eq!(Deployment::from_compiled(&text).unwrap(), deployment);
            }
        }
    }

    #[test]
    fn a_bad_configuration_is_compiled_to_the_paths_of_what_is_wrong() {
        let parsed = Config::parse("plan = \"gratis\"\n[[pool]]\nname = \"s3cret@x\"");
        let text = compile(&parsed.map(deployment), None::<&()>);
        assert!(!text.contains("s3cret"), "{text}");
        let problems = Deployment::from_compiled(&text).unwrap_err();
        assert!(problems.iter().any(|problem| problem.at == "plan"));
    }

    #[test]
    fn what_another_release_compiled_is_refused() {
        let good = compile(&Config::parse(&every_good_file().remove(0)).map(deployment), None::<&()>);
        for text in [
            "",
            "{}",
            "null",
            "plan = \"free\"",
            &good.replace("\"form\":15", "\"form\":14"),
            &good.replace(']', ""),
        ] {
            let problems = Deployment::from_compiled(text).unwrap_err();
            assert!(problems.to_string().contains("build it again"), "{problems}");
        }
        assert!(Deployment::from_compiled("{\"form\":15}").is_err());
    }
}
