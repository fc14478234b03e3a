//! `vedette.toml` → [`Config`]: parsed once, checked whole, and from then on never wrong.
//!
//! [`Config::parse`] reports every problem at once, each with its path, value, bound and way out.
//! `syntax` makes a tree of the text. `raw` reads typed values out of the tree and refuses unknown
//! keys. `slot` and `settings` inherit. `check` and the files it calls hold everything to its
//! bounds. Nothing here reads a file, a clock or the environment.

mod access;
mod canon;
mod check;
mod compiled;
mod connect;
mod document;
mod expect;
mod heartbeat;
mod history;
mod incidents;
mod json;
mod monitor;
mod notify;
mod origin;
mod page;
mod pattern;
mod place;
mod pool;
mod presentation;
mod probing;
mod problem;
mod purge;
mod raw;
#[cfg(any(not(target_arch = "wasm32"), feature = "node"))]
mod reach;
mod reference;
mod request;
mod route;
mod rule;
mod schema;
mod settings;
mod slot;
mod subject;
mod syntax;
mod topic;
mod url;
mod value;
mod vantage;

use serde::{Deserialize, Serialize};

use crate::defaults::config::{DEFAULT_TTL, REPORT_LATE};
use crate::path::{OWN_PREFIX, host_of, is_this_machine, parts};
use crate::units::{Fingerprint, Millis, Name, OriginId, Ratio};

pub use crate::defaults::config::MAX_BYTES;
pub use access::{Access, Door, Jwt, Setting, Tier};
pub use compiled::{Daily, Deployment, compile};
pub use connect::Connect;
pub use document::{Dialect, Document};
pub use heartbeat::Heartbeat;
pub use history::Retention;
pub use incidents::Incidents;
pub use notify::{Cap, Channel, ChannelKind, MAX_ADDRESS};
pub use page::{Link, Logo, Page};
pub use pattern::Pattern;
pub use place::{Hint, Place};
pub use presentation::{Presentation, bounded, misleading};
pub use probing::{
    DATABASE_COUNTS, DATABASE_METRICS, Expect, MAX_TIMING, MAX_TIMINGS, Method, Probe, ProbeValue,
    StatusRange, is_metric, is_of_database,
};
pub use problem::{Problem, Problems};
pub use purge::Cdn;
#[cfg(any(not(target_arch = "wasm32"), feature = "node"))]
pub use reach::Reach;
pub use route::{Retry, Route, StaticAnswer, Steering};
pub use rule::{Parts, Rule};
pub use schema::schema;
pub use subject::Subject;
pub use topic::Topic;

/// Everything that `vedette.toml` says, checked.
///
/// The keys of `[defaults]` may also be written in a pool and in an origin; the nearest one counts.
/// Tables (`probe`, `expect`, and their `headers` and `json`) are inherited key by key: an origin
/// that writes `probe = { path = "/live" }` keeps its pool's method and headers. Lists and values
/// are replaced whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// Fingerprint of everything the file means; comments and layout do not change it.
    pub hash: Fingerprint,
    /// The limits that the configuration is held to.
    pub plan: Plan,
    /// Where the one Arbiter lives (default: the place of the first vantage that has one, else
    /// `weur`).
    pub arbiter_location: Hint,
    /// What a vantage asks before it believes that every origin fails; it serves nothing of ours,
    /// and is nearly always there.
    pub references: Vec<OriginUrl>,
    /// Every vantage that some origin uses, in the order of their first mention.
    pub vantages: Vec<Vantage>,
    /// The pools and monitors in the order of the file.
    pub pools: Vec<Pool>,
    /// The routes in the order of the file.
    pub routes: Vec<Route>,
    /// The name of the secret that the tokens of heartbeats are made with; there is one if there
    /// are heartbeats.
    pub heartbeat_secret: Option<String>,
    /// Where messages go, in the order of the file.
    pub notify: Vec<Channel>,
    /// Where people find the page: messages lead there.
    pub public_url: Option<OriginUrl>,
    /// The page that people see.
    #[serde(default, skip_serializing_if = "Page::is_usual")]
    pub page: Page,
    /// Who may see and write what.
    #[serde(default, skip_serializing_if = "Access::is_usual")]
    pub access: Access,
    /// What opens an incident.
    #[serde(default, skip_serializing_if = "Incidents::is_usual")]
    pub incidents: Incidents,
    /// The CDN whose copies can be cleared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cdn: Option<Cdn>,
    /// For how long history is kept.
    #[serde(default, skip_serializing_if = "Retention::is_usual")]
    pub history: Retention,
    /// What is configured but does not act yet: paths of settings, in the order of the file.
    pub not_active: Vec<String>,
}

/// The platform plan whose limits hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Plan {
    /// Workers Free: 100,000 requests a day, 50 subrequests, 10 ms CPU.
    #[serde(rename = "free")]
    Free,
    /// Workers Paid.
    #[serde(rename = "paid")]
    Paid,
}

/// A place that probes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vantage {
    /// The name that votes, pages and the `Vedette-Vantage` header carry.
    pub name: Name,
    /// How the platform is asked to put it there.
    pub place: Place,
    /// What people read of it: a title and a description.
    #[serde(default, skip_serializing_if = "Presentation::is_empty")]
    pub about: Presentation,
}

/// Origins that can stand in for one another, or one thing that is told by itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pool {
    /// The pool's name.
    pub name: Name,
    /// How many live votes must say fail.
    pub quorum: Quorum,
    /// Fewer live votes than this: unknown. At least 1 and at most the number of vantages of each
    /// origin. Default: 2, or 1 where an origin has a single vantage.
    pub min_votes: u32,
    /// How long a vote counts after its last evidence. Default: the greater of 45 s and, over all
    /// origins, 3 × interval + timeout, where the interval is the slower of `interval` and
    /// `down_interval`.
    pub vote_ttl: Millis,
    /// Delays a change towards pass.
    pub hold_down: Millis,
    /// The longest that flapping makes a verdict hold before it gets better; none: it is named and
    /// not held for longer.
    pub max_hold: Millis,
    /// How long a recovered origin waits before it takes traffic again.
    pub failback_delay: Millis,
    /// With fewer usable origins than this share, but not none, all count as usable.
    pub panic: Option<Ratio>,
    /// Whether answers may name the origins' addresses.
    pub expose_urls: bool,
    /// Warn this long before a certificate ends. It does not act yet.
    pub cert_warn: Option<Millis>,
    /// The pool's origins in the order of the file; at least one, or there are heartbeats in their
    /// place.
    pub origins: Vec<Origin>,
    /// The pool's heartbeats in the order of the file; none where there are origins.
    pub heartbeats: Vec<Heartbeat>,
    /// Whether it is a monitor: one thing of the same name, told by itself, that stands in for
    /// nobody.
    #[serde(default, skip_serializing_if = "is_not")]
    pub monitor: bool,
    /// Whether it is shown only to whoever has a token.
    #[serde(default, skip_serializing_if = "is_not")]
    pub hidden: bool,
    /// What people read of it.
    #[serde(default, skip_serializing_if = "Presentation::is_empty")]
    pub about: Presentation,
}

/// How many live votes must say fail for a verdict of fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quorum {
    /// One.
    Any,
    /// More than half.
    Majority,
    /// Every one.
    All,
    /// This many (at least 1).
    Count(u32),
    /// This share, rounded up (at least 1%).
    Share(Ratio),
}

/// One server address that can serve the pool's traffic.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Origin {
    /// The origin's full name.
    pub id: OriginId,
    /// Where it answers.
    pub url: OriginUrl,
    /// Lower serves first.
    pub priority: u32,
    /// The share of traffic under weighted steering (0 to 1000).
    pub weight: u32,
    /// When it is probed.
    pub pace: Pace,
    /// How often a probe opens a connection of its own.
    pub connect: Connect,
    /// How many samples change a vote.
    pub thresholds: Thresholds,
    /// The vantages that probe it, by name; at least one, none twice.
    pub vantages: Vec<Name>,
    /// The request that is sent.
    pub probe: Probe,
    /// What its answer must be.
    pub expect: Expect,
    /// Fingerprint of what decides this origin's votes: its address, probe, expectations,
    /// thresholds and pace.
    pub definition: Fingerprint,
    /// What people read of it; nothing for a monitor, which has it itself.
    #[serde(default, skip_serializing_if = "Presentation::is_empty")]
    pub about: Presentation,
}

/// The absolute `http` or `https` address of an origin: scheme, host and port, and a path prefix
/// without a trailing slash.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OriginUrl {
    /// Whether the scheme is `https`.
    pub https: bool,
    /// Host as written in lower case: a DNS name, an IPv4 address, or an IPv6 address in brackets.
    pub host: String,
    /// The port, if it is not the scheme's own.
    pub port: Option<u16>,
    /// Path put before every probed path; empty or beginning with `/` and not ending with it.
    pub prefix: String,
}

/// When an origin is probed by each of its vantages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pace {
    /// Between two probes in the settled state.
    pub interval: Millis,
    /// While a vote is in doubt or unknown.
    pub fast_interval: Millis,
    /// Once the vote says fail.
    pub down_interval: Millis,
    /// For the whole probe: headers and body.
    pub timeout: Millis,
    /// Once the time that its shard may be busy in a day is spent; none where time is not counted,
    /// or always enough. It is worked out before a deployment, and written nowhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rest_interval: Option<Millis>,
}

/// How many samples change a vote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thresholds {
    /// Consecutive failures until the vote says fail (1 to 100).
    pub fall: u32,
    /// Consecutive passes until the vote says pass (1 to 100).
    pub rise: u32,
    /// Also fail at so many failures within the last so many samples.
    pub window: Option<Window>,
}

/// `failures` within the last `of` samples; 1 ≤ `failures` ≤ `of` ≤ 64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// So many failures.
    pub failures: u32,
    /// Within so many samples.
    pub of: u32,
}

impl Pace {
    /// The longest time between two votes on an origin that is no silence: a slot may lie a tenth
    /// later than the one before it, and the report takes a moment.
    #[must_use]
    pub fn pause(&self) -> Millis {
        let interval = self.interval.max(self.down_interval).max(self.rest_interval.unwrap_or_default());
        interval.plus(Millis::new(interval.get() / 10)).plus(self.timeout).plus(REPORT_LATE)
    }
}

impl Pool {
    /// How long votes live where `vote_ttl` is not written: 45 s, and longer where evidence comes
    /// more seldom.
    #[must_use]
    pub fn usual_ttl(&self) -> Millis {
        usual_ttl(self.origins.iter())
    }
}

/// As long as three intervals of any of these origins and its timeout, and no less than 45 s.
fn usual_ttl<'a>(origins: impl Iterator<Item = &'a Origin>) -> Millis {
    let ttls =
        origins.map(|Origin { pace, .. }| pace.interval.max(pace.down_interval).times(3).plus(pace.timeout));
    ttls.fold(DEFAULT_TTL, Millis::max)
}

impl Config {
    /// The shortest time to live of the votes of a vantage.
    #[must_use]
    pub fn shortest_ttl(&self, vantage: &Name) -> Millis {
        let probed = |pool: &&Pool| pool.origins.iter().any(|origin| origin.vantages.contains(vantage));
        let pools = self.pools.iter().filter(probed);
        pools.map(|pool| pool.vote_ttl).min().unwrap_or(DEFAULT_TTL)
    }

    /// The address under which Vedette's own pages and answers are found from outside:
    /// `public_url`, or `base` in its place. Where that host is routed it leads to the application,
    /// so [`OWN_PREFIX`] is added.
    #[must_use]
    pub fn own_base(&self, base: Option<&str>) -> Option<String> {
        let given = base.map(str::to_owned).or_else(|| self.public_url.as_ref().map(ToString::to_string))?;
        let given = given.trim_end_matches('/');
        let found = parts(given).filter(|found| found.path == "/");
        let routed = found.is_some_and(|found| {
            let host = host_of(found.authority).to_ascii_lowercase();
            let takes = |route: &Route| route.host == host || route.host == "*" && !is_this_machine(&host);
            self.routes.iter().any(takes)
        });
        Some(format!("{given}{}", if routed { OWN_PREFIX } else { "" }))
    }

    /// Reads and checks a configuration.
    ///
    /// # Errors
    /// [`Problems`] lists everything that is wrong with the text, in its order.
    pub fn parse(text: &str) -> Result<Self, Problems> {
        check::config(text)
    }

    /// The pool of this name.
    #[must_use]
    pub fn pool(&self, name: &str) -> Option<&Pool> {
        self.pools.iter().find(|pool| pool.name.as_str() == name)
    }

    /// The vantage of this name.
    #[must_use]
    pub fn vantage(&self, name: &str) -> Option<&Vantage> {
        self.vantages.iter().find(|vantage| vantage.name.as_str() == name)
    }

    /// The origin of this full name.
    #[must_use]
    pub fn origin(&self, id: &OriginId) -> Option<&Origin> {
        self.pool(id.pool.as_str())?.origins.iter().find(|origin| origin.id == *id)
    }

    /// How often probes open connections of their own ([`Connect::every`]) where this configuration
    /// runs: nothing is counted by the day on a laptop, whatever the plan.
    pub fn connects(&self) -> impl Fn(&Origin) -> Option<Millis> + use<> {
        let by_the_day = self.plan == Plan::Free && self.loopback_origins().next().is_none();
        move |origin| origin.connect.every(by_the_day)
    }

    /// Every origin of every pool, in the order of the file.
    pub fn origins(&self) -> impl Iterator<Item = &Origin> {
        self.pools.iter().flat_map(|pool| &pool.origins)
    }

    /// The origins that are the probing machine itself: fine on a laptop, and nothing that a
    /// deployed worker could reach.
    pub fn loopback_origins(&self) -> impl Iterator<Item = &Origin> {
        self.origins().filter(|origin| origin.url.is_loopback())
    }
}

/// Whether a flag is not set, so that it is not written.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
const fn is_not(flag: &bool) -> bool {
    !*flag
}
