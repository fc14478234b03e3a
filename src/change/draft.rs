//! What somebody wants to change → a plan, or everything that is wrong with it.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::Fate;
use crate::compare::{Expectation, contradictions};
use crate::config::{Config, MAX_TIMINGS, Origin, Pool, Subject, bounded, is_of_database};
use crate::units::{Millis, OriginId};

pub use crate::defaults::change::Bounds;

/// What somebody is about to change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Draft {
    /// What is changed, in a line.
    pub title: String,
    /// Whose change it is.
    pub owner: String,
    /// What is expected of it, in words.
    #[serde(default)]
    pub expected: String,
    /// The same as it can be measured ([`Expectation`]); those of `vedette compare` if there are
    /// none.
    #[serde(default)]
    pub expectations: Vec<String>,
    /// How it is taken back.
    pub rollback: String,
    /// Where to read more: addresses that begin with `https://`.
    #[serde(default)]
    pub links: Vec<String>,
    /// The origins that it changes, as `pool/origin`.
    #[serde(default)]
    pub origins: Vec<String>,
    /// The pools of which it changes every origin.
    #[serde(default)]
    pub pools: Vec<String>,
    /// The length of the time before.
    #[serde(default)]
    pub before: Option<String>,
    /// The length of the time after.
    #[serde(default)]
    pub after: Option<String>,
    /// How long after it was applied the time after begins.
    #[serde(default)]
    pub warm_up: Option<String>,
    /// Whether its origins are probed more often in the time after.
    #[serde(default)]
    pub extra_probes: bool,
}

/// What is to be changed, held to its bounds. Format version 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// What is changed, in a line (1 to 120 characters).
    pub title: String,
    /// Whose change it is (1 to 80 characters).
    pub owner: String,
    /// What is expected of it, in words (at most 1,000 characters).
    pub expected: String,
    /// The same as it can be measured (at most 8).
    pub expectations: Vec<String>,
    /// How it is taken back (1 to 4,000 characters).
    pub rollback: String,
    /// Where to read more (at most 5).
    pub links: Vec<String>,
    /// The origins (1 to 10).
    pub origins: Vec<OriginId>,
    /// The length of the time before (30 s to 22 h).
    pub before: Millis,
    /// The length of the time after (30 s to 22 h).
    pub after: Millis,
    /// The time between it and the change (up to 1 h).
    pub warm_up: Millis,
    /// Whether its origins are probed more often in the time after, by fast probes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub extra_probes: bool,
}

impl Draft {
    /// The plan under this configuration.
    ///
    /// # Errors
    /// All that is wrong with it, and what to write.
    pub fn plan(self, config: &Config) -> Result<Plan, Vec<String>> {
        let mut wrong = Vec::new();
        let texts = [
            bounded("title", &self.title, 1..=Bounds::TITLE, false),
            bounded("owner", &self.owner, 1..=Bounds::OWNER, false),
            bounded("expected", &self.expected, 0..=Bounds::EXPECTED, true),
            bounded("rollback", &self.rollback, 1..=Bounds::ROLLBACK, true),
        ];
        wrong.extend(texts.into_iter().filter_map(Result::err));
        wrong.extend(self.wrong_links());
        let expected = self.read_expectations(&mut wrong);
        let origins = self.origins(config).unwrap_or_else(|why| {
            wrong.push(why);
            Vec::new()
        });
        wrong.extend(expected.iter().filter_map(|one| not_kept(one, config, &origins)));
        let window = Bounds::SHORTEST..=Bounds::LONGEST;
        let warming = Millis::ZERO..=Bounds::WARM_UP;
        let mut of = |name: &str, written: &Option<String>, bounds: &RangeInclusive<Millis>| {
            let read = written.as_ref().map(|written| length(name, written, bounds)).transpose();
            read.unwrap_or_else(|why| {
                wrong.push(why);
                None
            })
        };
        let before = of("before", &self.before, &window).unwrap_or(Bounds::USUAL);
        let after = of("after", &self.after, &window).unwrap_or(Bounds::USUAL);
        let warm_up = of("warm_up", &self.warm_up, &warming).unwrap_or(Bounds::USUAL_WARM_UP);
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let Self { title, owner, expected, expectations, rollback, links, extra_probes, .. } = self;
        let (owner, expectations) =
            (owner.trim().to_owned(), expectations.iter().map(|text| spaced(text)).collect());
        Ok(Plan {
            title,
            owner,
            expected,
            expectations,
            rollback,
            links,
            origins,
            before,
            after,
            warm_up,
            extra_probes,
        })
    }

    fn wrong_links(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        if self.links.len() > Bounds::LINKS {
            wrong.push(format!("links has {} addresses; write at most {}", self.links.len(), Bounds::LINKS));
        }
        let fits = |link: &&String| {
            let rest = link.strip_prefix("https://").unwrap_or_default();
            let plain = rest.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte));
            link.len() <= Bounds::LINK
                && plain
                && rest.starts_with(|first: char| first.is_ascii_alphanumeric())
        };
        if self.links.iter().take(Bounds::LINKS).any(|link| !fits(&link)) {
            wrong.push(format!(
                "links has what is no address; write https:// and at most {} characters of ASCII, without \
                 blanks and quotes",
                Bounds::LINK
            ));
        }
        wrong
    }

    /// Its expectations, as far as they can be read.
    fn read_expectations(&self, wrong: &mut Vec<String>) -> Vec<Expectation> {
        let mut known = Vec::new();
        if self.expectations.len() > Bounds::EXPECTATIONS {
            let count = self.expectations.len();
            wrong.push(format!("expectations has {count} entries; write at most {}", Bounds::EXPECTATIONS));
        }
        for text in self.expectations.iter().take(Bounds::EXPECTATIONS) {
            if let Err(why) = bounded("an expectation", text, 1..=Bounds::LINK, false) {
                wrong.push(why);
                continue;
            }
            match Expectation::parse(text) {
                Ok(expectation) => known.push(expectation),
                Err(why) => wrong.push(why.to_string()),
            }
        }
        for (one, other) in contradictions(&known) {
            if let (Some(one), Some(other)) = (known.get(one), known.get(other)) {
                wrong.push(format!("“{one}” and “{other}” contradict each other; leave one of them out"));
            }
        }
        known
    }

    /// The origins that it names, each once, in the order of the configuration.
    fn origins(&self, config: &Config) -> Result<Vec<OriginId>, String> {
        let named = self.origins.len().saturating_add(self.pools.len());
        if named > Bounds::ORIGINS.saturating_mul(2) {
            return Err(format!("origins and pools have {named} entries; write at most {}", Bounds::ORIGINS));
        }
        let mut wanted = Vec::new();
        for name in &self.origins {
            let id = OriginId::parse(name).filter(|id| config.origin(id).is_some());
            wanted.push(id.ok_or_else(|| unknown("origin", "origins", "pool/origin", name))?);
        }
        for name in &self.pools {
            let pool = config.pool(name).ok_or_else(|| unknown("pool", "pools", "pool", name))?;
            wanted.extend(pool.subjects().filter_map(|subject| match subject {
                Subject::Origin(origin) => Some(origin.id.clone()),
                Subject::Heartbeat(_) => None,
            }));
        }
        let subjects = config.pools.iter().flat_map(Pool::subjects);
        let origins: Vec<OriginId> =
            subjects.map(|one| one.id().clone()).filter(|id| wanted.contains(id)).collect();
        if origins.is_empty() || origins.len() > Bounds::ORIGINS {
            return Err(format!(
                "it names {} origins that are probed; write 1 to {} in origins (pool/origin) or pools",
                origins.len(),
                Bounds::ORIGINS
            ));
        }
        Ok(origins)
    }
}

/// How somebody closes a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CloseDraft {
    /// What became of it.
    pub fate: Fate,
    /// What else is to be known (at most 4,000 characters).
    #[serde(default)]
    pub note: String,
}

impl CloseDraft {
    /// Holds it to its bounds.
    ///
    /// # Errors
    /// What is wrong with it, and what to write.
    pub fn check(&self) -> Result<(), String> {
        bounded("note", &self.note, 0..=Bounds::ROLLBACK, true)
    }
}

/// What is wrong with an expectation on a metric of which the probes of an origin keep nothing.
fn not_kept(expectation: &Expectation, config: &Config, origins: &[OriginId]) -> Option<String> {
    let name = expectation.timing()?;
    let mut asked = origins.iter().filter(|id| expectation.is_of(id)).filter_map(|id| config.origin(id));
    let lacks = |origin: &&Origin| !origin.expect.timings.iter().any(|kept| kept.eq_ignore_ascii_case(name));
    let origin = asked.find(lacks)?;
    let (id, pool) = (&origin.id, &origin.id.pool);
    Some(if is_of_database(origin.expect.db_metric.as_deref(), name) {
        format!("“{expectation}”: {name} tells of the database of {id}; write “database time” in its place")
    } else {
        format!(
            "“{expectation}”: the probes of {id} do not keep the metric {name}; write timings = [\"{name}\"] in \
             expect of {pool}, at most {MAX_TIMINGS} names, and start when a window has samples of it"
        )
    })
}

fn spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What is wrong with a name. It is not repeated unless it could be one.
fn unknown(what: &str, member: &str, form: &str, name: &str) -> String {
    let named = OriginId::parse(name).map(|id| id.to_string());
    let named = named.or_else(|| crate::units::Name::parse(name).ok().map(|name| name.to_string()));
    let named = named.map(|name| format!(" {name}")).unwrap_or_default();
    format!("there is no {what}{named}; write the names of vedette.toml in {member}, as {form}")
}

fn length(name: &str, written: &str, bounds: &RangeInclusive<Millis>) -> Result<Millis, String> {
    let read = if written.len() <= 40 { humantime::parse_duration(written).ok() } else { None };
    let read = read.and_then(|read| u64::try_from(read.as_millis()).ok()).map(Millis::new);
    read.filter(|read| bounds.contains(read)).ok_or_else(|| {
        format!("{name} is no length from {} to {}; write it as \"30m\"", bounds.start(), bounds.end())
    })
}
