//! All verdicts, rendered: what the Arbiter publishes, what is cached, and what every answer is
//! made from.
//!
//! Built by allow-list: nothing is here because it entries to sit in the same struct. An origin's
//! address is here only if its pool says `expose_urls`. Format version 1: fields are never renamed;
//! new ones are an `Option`.

mod at;
mod followed;
mod outages;
mod transition;

use serde::{Deserialize, Serialize};

pub use followed::Followed;
pub use outages::{CALM, EntryKind, TimelineEntry, timeline};
pub use transition::Transition;

use crate::config::{Config, Subject};
use crate::history::Durations;
use crate::json;
use crate::purge::Cleared;
use crate::sample::{CacheClass, Database};
use crate::traffic::Counts;
use crate::units::{Fingerprint, Millis, Name, Timestamp};
use crate::verdict::Status;
use crate::vote::{Fast, Opinion};
use crate::writes::Announcement;

/// The snapshot format that this release writes, and the newest it reads.
pub const SNAPSHOT_VERSION: u32 = 1;

/// All verdicts at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Format version.
    pub version: u32,
    /// Fingerprint of the configuration it was made for.
    pub config: Fingerprint,
    /// When it was made.
    pub taken_at: Timestamp,
    /// The pools in the order of the configuration.
    pub pools: Vec<PoolView>,
    /// The objects that probe.
    pub watch: Vec<WatchView>,
    /// The latest events, newest first.
    pub events: Vec<Transition>,
    /// The channels, in the order of the configuration.
    pub notify: Option<Vec<ChannelView>>,
    /// What somebody announced; in the whole and the summary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub announcement: Option<Announcement>,
    /// Which copies of answers count no longer, because somebody cleared them.
    #[serde(default, skip_serializing_if = "Cleared::is_empty")]
    pub cleared: Cleared,
}

/// A pool's verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolView {
    /// The pool's name.
    pub name: Name,
    /// Its status.
    pub status: Status,
    /// Since when.
    pub since: Timestamp,
    /// When the evidence beneath it expires.
    pub valid_until: Timestamp,
    /// Rises when a verdict, the chosen origin or the configuration changes.
    pub revision: u64,
    /// The origin that traffic should go to; none if all fail.
    pub chosen: Option<Name>,
    /// Why that one.
    pub choice: String,
    /// Whether so few origins are usable that all count as usable.
    pub panic: bool,
    /// The origins in the order of the configuration.
    pub origins: Vec<OriginView>,
    /// What became of the requests that routes brought, since the Arbiter's object began; in the
    /// whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traffic: Option<Counts>,
    /// The response times of its probes since counting began; in the whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub durations: Option<Durations>,
}

/// An origin's verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OriginView {
    /// Its name within the pool.
    pub name: Name,
    /// Its address, if the pool exposes addresses.
    pub url: Option<String>,
    /// Lower serves first.
    pub priority: u32,
    /// Its status.
    pub status: Status,
    /// Why.
    pub reason: String,
    /// What would change it next.
    pub next: String,
    /// How often it fell lately, if that is flapping.
    pub falls: Option<u32>,
    /// Since when.
    pub since: Timestamp,
    /// When the evidence beneath it expires.
    pub valid_until: Timestamp,
    /// When the oldest evidence that the verdict rests on was observed.
    pub oldest: Option<Timestamp>,
    /// The votes by vantage, in the order of the configuration.
    pub votes: Vec<VoteView>,
    /// Whether the next evidence may change it: readers look more often then.
    pub in_doubt: Option<bool>,
    /// When it became fit for traffic again after it had failed.
    pub recovered: Option<Timestamp>,
    /// Whether it failed when something was known of it last; said only of what is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<bool>,
    /// Of a job that reports by itself: when it did.
    pub beat: Option<BeatView>,
}

/// The heartbeats of a job. Neither its token nor its address is here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BeatView {
    /// When the last one came; nothing before the first.
    pub last: Option<Timestamp>,
    /// When silence becomes a failure.
    pub due: Option<Timestamp>,
    /// Why none can be heard, if none can.
    pub deaf: Option<String>,
}

/// One vantage's vote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoteView {
    /// The vantage.
    pub vantage: Name,
    /// Its opinion.
    pub opinion: Opinion,
    /// Whether its last sample was a warning.
    pub warned: bool,
    /// Whether its last sample failed; said only if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<bool>,
    /// The last sample in words.
    pub reason: String,
    /// How many samples in a row said the same, counted no further than `need`.
    pub run: u32,
    /// How many in a row decide.
    pub need: u32,
    /// Since when it holds the opinion.
    pub since: Timestamp,
    /// When its last evidence was observed.
    pub observed: Timestamp,
    /// When the vote expires.
    pub expires: Timestamp,
    /// Response time of the last sample.
    pub latency: Millis,
    /// Status code of the last sample.
    pub code: Option<u16>,
    /// Cache class of the last sample.
    pub cache: CacheClass,
    /// Database work of the last sample.
    pub database: Database,
    /// The data centre it was sent from, where known.
    pub colo: Option<String>,
}

/// One object that probes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WatchView {
    /// The vantage.
    pub vantage: Name,
    /// The shard, `0of1`.
    pub shard: String,
    /// When it last reported.
    pub heard: Option<Timestamp>,
    /// How late its latest tick began against its slot.
    pub lag: Millis,
    /// How long the last probe of that tick waited for others to end, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queued: Option<Millis>,
    /// Slots that passed without a probe.
    pub missed: u64,
    /// It counts as silent from then on unless it reports.
    pub silent_from: Timestamp,
    /// The data centre that it runs in, where known.
    pub colo: Option<String>,
    /// An origin that it has no evidence of at present, and why.
    pub blind: Option<String>,
    /// Its daily allowance of fast probes, where there is one.
    pub fast: Option<Fast>,
}

impl WatchView {
    /// Whether it reports, as far as is known at `now`.
    #[must_use]
    pub fn reports_at(&self, now: Timestamp) -> bool {
        self.heard.is_some() && now <= self.silent_from
    }
}

/// How a channel does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelView {
    /// Its name.
    pub name: Name,
    /// When a message was last taken.
    pub delivered: Option<Timestamp>,
    /// Since when none is.
    pub failing: Option<Timestamp>,
    /// Why.
    pub why: Option<String>,
    /// Whether a message is on its way.
    pub sending: bool,
    /// How many pools and vantages the next one will speak of.
    pub waiting: u32,
}

/// What a reader asks for: so that one who wants one pool pays for one pool.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Everything.
    Whole,
    /// Every pool and origin without the votes behind them, the watch and the latest events.
    Summary,
    /// One pool with its votes.
    Pool(Name),
}

impl Part {
    /// The part's name, of which its keys and paths are made: `whole`, `summary`, `pool/shop`.
    #[must_use]
    pub fn path(&self) -> String {
        match self {
            Self::Whole => "whole".to_owned(),
            Self::Summary => "summary".to_owned(),
            Self::Pool(name) => format!("pool/{name}"),
        }
    }

    /// Reads such a name.
    #[must_use]
    pub fn parse(path: &str) -> Option<Self> {
        match path {
            "whole" => Some(Self::Whole),
            "summary" => Some(Self::Summary),
            pool => Name::parse(pool.strip_prefix("pool/")?).ok().map(Self::Pool),
        }
    }

    /// Whether the part holds this pool.
    #[must_use]
    pub fn has(&self, pool: &Name) -> bool {
        match self {
            Self::Whole | Self::Summary => true,
            Self::Pool(name) => name == pool,
        }
    }

    /// The key under which a copy for this configuration is kept, wherever it is.
    #[must_use]
    pub fn key(&self, config: Fingerprint) -> String {
        format!("v{SNAPSHOT_VERSION}/{config}/{}", self.path())
    }
}

impl Snapshot {
    /// A snapshot that knows nothing: everything unknown for this `reason`. It stands in where no
    /// other can be had.
    #[must_use]
    pub fn blank(config: &Config, now: Timestamp, reason: &str) -> Self {
        let pools = config.pools.iter().map(|pool| {
            let url = |subject: Subject<'_>| match subject {
                Subject::Origin(origin) if pool.expose_urls => Some(origin.url.to_string()),
                Subject::Origin(_) | Subject::Heartbeat(_) => None,
            };
            let origins = pool.subjects().map(|subject| OriginView {
                name: subject.id().origin.clone(),
                url: url(subject),
                priority: subject.priority(),
                status: Status::Unknown,
                reason: reason.to_owned(),
                next: String::new(),
                falls: None,
                since: now,
                valid_until: now,
                oldest: None,
                votes: Vec::new(),
                in_doubt: None,
                recovered: None,
                failed: None,
                beat: match subject {
                    Subject::Heartbeat(_) => Some(BeatView { last: None, due: None, deaf: None }),
                    Subject::Origin(_) => None,
                },
            });
            PoolView {
                name: pool.name.clone(),
                status: Status::Unknown,
                since: now,
                valid_until: now,
                revision: 0,
                chosen: pool
                    .origins
                    .iter()
                    .filter(|_| pool.takes_traffic())
                    .min_by_key(|origin| origin.priority)
                    .map(|origin| origin.id.origin.clone()),
                choice: reason.to_owned(),
                panic: false,
                origins: origins.collect(),
                traffic: None,
                durations: None,
            }
        });
        Self {
            version: SNAPSHOT_VERSION,
            config: config.hash,
            taken_at: now,
            pools: pools.collect(),
            watch: Vec::new(),
            events: Vec::new(),
            notify: None,
            announcement: None,
            cleared: Cleared::default(),
        }
    }

    /// Reads a published snapshot; nothing if it is of another format or for another configuration.
    #[must_use]
    pub fn parse(text: &str, config: Fingerprint) -> Option<Self> {
        let snapshot: Self = json::read(text)?;
        (snapshot.version == SNAPSHOT_VERSION && snapshot.config == config).then_some(snapshot)
    }

    /// Whether this says what `other` says of the pools that both have, whenever the evidence for
    /// it was observed.
    #[must_use]
    pub fn agrees_with(&self, other: &Self) -> bool {
        let same_origin = |(one, other): (&OriginView, &OriginView)| {
            one.status == other.status && one.reason == other.reason && one.since == other.since
        };
        let same_pool = |one: &PoolView, other: &PoolView| {
            one.revision == other.revision
                && one.status == other.status
                && one.choice == other.choice
                && one.origins.len() == other.origins.len()
                && one.origins.iter().zip(&other.origins).all(same_origin)
        };
        // Both are in the order of the configuration: the next pool mostly follows the last one.
        let mut rest = self.pools.iter();
        other.pools.iter().all(|pool| {
            let known = rest.find(|known| known.name == pool.name);
            if known.is_none() {
                rest = self.pools.iter();
            }
            known.or_else(|| self.pool(pool.name.as_str())).is_none_or(|known| same_pool(known, pool))
        })
    }

    /// Whether the next evidence may change a verdict in it; said only of a copy of one pool, which
    /// costs little to fetch.
    #[must_use]
    pub fn in_doubt(&self) -> bool {
        self.pools.iter().flat_map(|pool| &pool.origins).any(|origin| origin.in_doubt == Some(true))
    }

    /// The pool of this name.
    #[must_use]
    pub fn pool(&self, name: &str) -> Option<&PoolView> {
        self.pools.iter().find(|pool| pool.name.as_str() == name)
    }
}

impl PoolView {
    /// Whether it is made of heartbeats, so that no traffic goes there.
    #[must_use]
    pub fn is_of_heartbeats(&self) -> bool {
        self.origins.iter().any(|origin| origin.beat.is_some())
    }

    /// The origin of this name.
    #[must_use]
    pub fn origin(&self, name: &str) -> Option<&OriginView> {
        self.origins.iter().find(|origin| origin.name.as_str() == name)
    }

    /// When the oldest evidence beneath the pool's verdict was observed.
    #[must_use]
    pub fn oldest(&self) -> Option<Timestamp> {
        self.origins.iter().filter_map(|origin| origin.oldest).min()
    }
}

#[cfg(test)]
mod tests;
