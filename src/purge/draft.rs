//! What somebody wants cleared → what is cleared, or everything that is wrong with it.

use serde::{Deserialize, Serialize};

use super::Purge;
use crate::config::Config;
use crate::defaults::purge::draft::{LONGEST_TAG, LONGEST_URL};
use crate::path::parts;
use crate::units::Name;

pub use crate::defaults::purge::draft::MOST;

/// What somebody wants cleared.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Draft {
    /// Addresses, as a browser sends them.
    #[serde(default)]
    pub urls: Vec<String>,
    /// Tags of the CDN.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Pools.
    #[serde(default)]
    pub pools: Vec<String>,
    /// The change of the service that it belongs to.
    #[serde(default)]
    pub change: Option<String>,
}

/// What to send, for whoever sent something else.
#[must_use]
pub fn usage() -> String {
    format!(
        "Send {{\"urls\": [\"https://…\"]}}, {{\"tags\": [\"…\"]}} or {{\"pools\": [\"…\"]}}, or several of them, at most {MOST} \
         of each, with, if you like, \"change\"."
    )
}

impl Draft {
    /// Holds it to its bounds, and to what is there to be cleared.
    ///
    /// # Errors
    /// Everything that is wrong with it, and what to write.
    pub fn check(self, config: &Config) -> Result<Purge, Vec<String>> {
        let keeps = |name: &str| {
            let keeping = config.routes.iter().filter(|route| route.stale_if_error.is_some());
            keeping.into_iter().any(|route| name.is_empty() || route.pool.as_str() == name)
        };
        let mut wrong = Vec::new();
        let counts = [("urls", self.urls.len()), ("tags", self.tags.len()), ("pools", self.pools.len())];
        for (what, count) in counts.into_iter().filter(|(_, count)| *count > MOST) {
            wrong.push(format!("{what} has {count} entries; send at most {MOST} at a time"));
        }
        if counts.iter().all(|(_, count)| *count == 0) {
            wrong.push(usage());
        }
        if config.cdn.is_none() && !self.tags.is_empty() {
            wrong.push("tags are the CDN's, and [purge] names none".to_owned());
        }
        if config.cdn.is_none() && !self.urls.is_empty() && !keeps("") {
            wrong.push(
                "nothing keeps copies of urls: no [[route]] has stale_if_error, and [purge] names no CDN"
                    .to_owned(),
            );
        }
        wrong
            .extend(self.urls.iter().take(MOST).enumerate().filter_map(|(place, url)| unfit_url(place, url)));
        wrong
            .extend(self.tags.iter().take(MOST).enumerate().filter_map(|(place, tag)| unfit_tag(place, tag)));
        let mut pools = Vec::new();
        for (place, name) in self.pools.iter().take(MOST).enumerate() {
            match Name::parse(name) {
                Ok(known) if keeps(known.as_str()) => pools.push(known),
                Ok(known) if config.pools.iter().any(|pool| pool.name == known) => {
                    wrong.push(format!(
                        "pools[{place}]: no [[route]] of {known} has stale_if_error, so none is kept"
                    ));
                }
                Ok(_) | Err(_) => wrong.push(format!("pools[{place}] is no pool of this deployment")),
            }
        }
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let cdn = config.cdn.is_some() && !(self.urls.is_empty() && self.tags.is_empty());
        Ok(Purge { urls: self.urls, tags: self.tags, pools, change: self.change, cdn })
    }
}

/// What is wrong with an address. It is not repeated: it may hold a credential.
fn unfit_url(place: usize, url: &str) -> Option<String> {
    let whole = parts(url).is_some_and(|parts| !parts.authority.is_empty() && !parts.authority.contains('@'));
    let sent = url.bytes().all(|c| c.is_ascii_graphic()) && !url.contains(['#', '\\', '"', '<', '>']);
    if url.len() > LONGEST_URL {
        return Some(format!("urls[{place}] has {} bytes; at most {LONGEST_URL} are taken", url.len()));
    }
    (!whole || !sent).then(|| {
        format!(
            "urls[{place}] is no address as a browser sends it; write \"https://host/path?query\" with other characters escaped, \
             and without user and fragment"
        )
    })
}

/// What is wrong with a tag. Commas part them where they are sent.
fn unfit_tag(place: usize, tag: &str) -> Option<String> {
    let good = !tag.is_empty() && tag.len() <= LONGEST_TAG;
    let good = good && tag.bytes().all(|c| c.is_ascii_graphic() && c != b',');
    (!good).then(|| {
        format!(
            "tags[{place}] is no tag; write 1 to {LONGEST_TAG} ASCII characters without spaces and commas"
        )
    })
}
