//! Which copies count no longer, because somebody cleared them.

use serde::{Deserialize, Serialize};

use super::Purge;
use crate::defaults::config::route::LONGEST_STALE;
use crate::defaults::purge::cleared::MOST;
use crate::path::{host_of, parts};
use crate::units::{Fingerprint, Millis, Name, Timestamp};

/// A purge: of all copies, or of those of a pool or an address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Mark {
    /// When, by the Arbiter's clock, and later than any before: its number among all purges.
    at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pool: Option<Name>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    url: Option<Fingerprint>,
}

impl Mark {
    fn is_of_the_same(&self, other: &Self) -> bool {
        (&self.pool, self.url) == (&other.pool, other.url)
    }
}

/// All that was cleared and may still lie somewhere. Format version 1.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cleared(Vec<Mark>);

impl Cleared {
    /// Whether nothing was.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes a purge in; whether any copy of ours counts no longer by it.
    pub fn clear(&mut self, purge: &Purge, now: Timestamp) -> bool {
        if purge.urls.is_empty() && purge.pools.is_empty() {
            return false;
        }
        // A clock that stepped back must not let a copy count again.
        let at = self.latest().map_or(now, |latest| latest.plus(Millis::new(1)).max(now));
        let urls = purge.urls.iter().map(|url| Mark { at, pool: None, url: Some(key(url)) });
        let pools = purge.pools.iter().map(|pool| Mark { at, pool: Some(pool.clone()), url: None });
        for mark in urls.chain(pools) {
            self.0.retain(|known| !known.is_of_the_same(&mark));
            self.0.push(mark);
        }
        self.0.retain(|mark| now.since(mark.at) <= LONGEST_STALE);
        if let Some(more) = self.0.len().checked_sub(MOST).filter(|more| *more > 0) {
            let gone = self.0.drain(..=more).map(|mark| mark.at).max().unwrap_or(at);
            self.0.insert(0, Mark { at: gone, pool: None, url: None });
        }
        true
    }

    /// The latest purge. Whoever keeps a copy writes it there: what was cleared before they knew of
    /// a purge, and what was kept after, is told apart without a second clock.
    #[must_use]
    pub fn latest(&self) -> Option<Timestamp> {
        self.0.iter().map(|mark| mark.at).max()
    }

    /// The latest purge of what this pool answered at this address: a copy that was kept without
    /// knowing of it counts for nothing.
    #[must_use]
    pub fn latest_of(&self, pool: &str, url: &str) -> Option<Timestamp> {
        if self.is_empty() {
            return None;
        }
        let key = key(url);
        let covers = |mark: &&Mark| {
            mark.pool.as_ref().is_none_or(|name| name.as_str() == pool)
                && mark.url.is_none_or(|url| url == key)
        };
        self.0.iter().filter(covers).map(|mark| mark.at).max()
    }
}

/// The same for every spelling of an address that reaches the same resource.
fn key(url: &str) -> Fingerprint {
    let Some(parts) = parts(url) else { return Fingerprint::of(url) };
    let usual = if parts.https { ":443" } else { ":80" };
    let authority = parts.authority.strip_suffix(usual).unwrap_or(parts.authority);
    let host = host_of(authority);
    let port = authority.rsplit_once(':').filter(|(before, _)| before.trim_end_matches('.') == host);
    let port = port.map_or("", |(_, port)| port);
    let host = host.to_ascii_lowercase();
    Fingerprint::of(&format!("{} {host} {port} {}{}", parts.scheme(), parts.path, parts.query))
}
