//! What somebody wants cleared → what of our own copies no longer counts, what a CDN is asked, and
//! what its answer means.
//!
//! Our own copies of answers ([`crate::proxy::copy`]) lie in the cache of each data centre, where
//! nobody else can delete them. So none is deleted: what was cleared is published with the verdicts
//! ([`Cleared`]). Each copy says of which purge its keeper knew. One that was kept without knowing
//! of a later one is left where it lies.

mod cdn;
mod cleared;
mod draft;

use serde::{Deserialize, Serialize};

use crate::json::Shown;
use crate::units::{Name, Timestamp, Who, listed};

pub use crate::defaults::purge::MOST_TOLD;
pub use cdn::{read, requests};
pub use cleared::Cleared;
pub use draft::{Draft, MOST, usage};

/// What is to be cleared.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Purge {
    /// Addresses: our own copies of them, and the CDN's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub urls: Vec<String>,
    /// Tags: the CDN's copies that have them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Pools: our own copies of what their origins answered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pools: Vec<Name>,
    /// The change of the service that it belongs to, by its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<String>,
    /// Whether the CDN is asked.
    #[serde(default)]
    pub cdn: bool,
}

impl Purge {
    /// What it is, for the audit log.
    #[must_use]
    pub fn what(&self) -> String {
        what(self.urls.len(), self.tags.len(), self.pools.len())
    }
}

/// A purge of so many addresses, tags and pools, in words.
#[must_use]
pub fn what(urls: usize, tags: usize, pools: usize) -> String {
    let counted = |count: usize, one: &str, more: &str| match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        count => Some(format!("{count} {more}")),
    };
    let parts = [
        counted(urls, "address", "addresses"),
        counted(tags, "tag", "tags"),
        counted(pools, "pool", "pools"),
    ];
    format!("purge of {}", listed(&parts.into_iter().flatten().collect::<Vec<_>>()))
}

/// What became of the CDN's copies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AtCdn {
    /// The CDN was asked, and its answer is not known.
    Asked,
    /// It cleared them.
    Cleared,
    /// It did not. Why, in words of ours.
    Failed(String),
}

/// A purge that was made. Format version 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Purged {
    /// The number of its entry in the audit log.
    pub version: u64,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub who: Who,
    /// What was cleared.
    pub purge: Purge,
    /// What became of the CDN's copies; nothing if it was not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cdn: Option<AtCdn>,
}

/// A purge as programs read it.
#[derive(Debug, Serialize)]
pub struct Told<'a> {
    at: Shown<Timestamp>,
    who: &'a str,
    urls: &'a [String],
    tags: &'a [String],
    pools: &'a [Name],
    #[serde(skip_serializing_if = "Option::is_none")]
    change: Option<&'a str>,
    /// `cleared`, `failed`, `unknown`, or nothing if it was not asked.
    cdn: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'a str>,
}

impl<'a> Told<'a> {
    /// A purge by its parts.
    #[must_use]
    pub fn of(at: Timestamp, who: &'a Who, purge: &'a Purge, cdn: Option<&'a AtCdn>) -> Self {
        let (cdn, why) = match cdn {
            None => (None, None),
            Some(AtCdn::Asked) => (Some("unknown"), None),
            Some(AtCdn::Cleared) => (Some("cleared"), None),
            Some(AtCdn::Failed(why)) => (Some("failed"), Some(why.as_str())),
        };
        let Purge { urls, tags, pools, change, cdn: _ } = purge;
        Self { at: Shown(at), who: who.as_str(), urls, tags, pools, change: change.as_deref(), cdn, why }
    }
}

impl Purged {
    /// It as programs read it.
    #[must_use]
    pub fn told(&self) -> Told<'_> {
        Told::of(self.at, &self.who, &self.purge, self.cdn.as_ref())
    }
}

#[cfg(test)]
mod tests;
