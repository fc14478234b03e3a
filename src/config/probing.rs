//! What a probe sends, and what its answer must be.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::request::is_header_name;
use super::{Document, Parts, Pattern, Rule};
use crate::units::Millis;

pub use crate::defaults::config::probing::{MAX_TIMING, MAX_TIMINGS};

/// The request of a probe.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// The method.
    pub method: Method,
    /// Path and query, beginning with `/`.
    pub path: String,
    /// How many redirects are followed (0 to 10).
    pub redirects: u32,
    /// Header fields in lower case, in the order of their names.
    pub headers: BTreeMap<String, ProbeValue>,
    /// The body, for methods that carry one.
    pub body: Option<ProbeValue>,
}

/// The methods a probe may use: the safe ones, and others for a check that wants them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Method {
    /// GET.
    #[serde(rename = "get")]
    Get,
    /// HEAD.
    #[serde(rename = "head")]
    Head,
    /// OPTIONS.
    #[serde(rename = "options")]
    Options,
    /// POST.
    #[serde(rename = "post")]
    Post,
    /// PUT.
    #[serde(rename = "put")]
    Put,
    /// PATCH.
    #[serde(rename = "patch")]
    Patch,
    /// DELETE.
    #[serde(rename = "delete")]
    Delete,
}

impl Method {
    /// The method as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Options => "OPTIONS",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    /// Whether it only asks (RFC 9110 section 9.2.1).
    #[must_use]
    pub const fn is_safe(self) -> bool {
        match self {
            Self::Get | Self::Head | Self::Options => true,
            Self::Post | Self::Put | Self::Patch | Self::Delete => false,
        }
    }

    /// Whether a probe may send a body with it.
    #[must_use]
    pub const fn has_body(self) -> bool {
        match self {
            Self::Post | Self::Put | Self::Patch => true,
            Self::Get | Self::Head | Self::Options | Self::Delete => false,
        }
    }
}

/// The value of a probe's header field, or its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProbeValue {
    /// Written in the file.
    Text(String),
    /// Held by the platform's secret of this name; the value itself is never in the configuration.
    Secret(String),
}

/// What the answer to a probe must be. Limits warn; anything else that is broken is a failure,
/// unless a rule says that it warns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Expect {
    /// Accepted status codes; at least one range.
    pub status: Vec<StatusRange>,
    /// The whole body, but for white space around it.
    pub body_is: Option<String>,
    /// Text that the body must contain.
    pub body_contains: Option<String>,
    /// Text that the body must not contain.
    pub body_not_contains: Option<String>,
    /// Pattern that the body must match somewhere.
    pub body_matches: Option<Pattern>,
    /// JSON pointers (RFC 6901) and the values they must have, as JSON.
    pub json: BTreeMap<String, String>,
    /// JSON pointers and what each value leads to.
    pub json_rules: BTreeMap<String, Rule>,
    /// JSON pointers to lists or objects, and what their parts must have.
    pub json_parts: BTreeMap<String, Parts>,
    /// Header fields (lower case) and the text their value must contain, case-insensitively.
    pub headers: BTreeMap<String, String>,
    /// Whether the origin's own health document is read.
    pub document: Document,
    /// Slower than this: warn.
    pub max_latency: Option<Millis>,
    /// Slower than this: fail.
    pub fail_latency: Option<Millis>,
    /// More database calls than this (`Server-Timing`): warn.
    pub max_db_calls: Option<u32>,
    /// More database time than this (`Server-Timing`): warn.
    pub max_db_time: Option<Millis>,
    /// The metric of `Server-Timing` that tells of the database; none: those that are known.
    pub db_metric: Option<String>,
    /// The header field (lower case) that tells the number of database calls; none: those that are
    /// known.
    pub db_calls_header: Option<String>,
    /// Other metrics of `Server-Timing` of which the time is kept: at most [`MAX_TIMINGS`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub timings: Vec<String>,
}

/// The metrics that tell of the database, in the order in which they are believed: by custom, of
/// the Django Debug Toolbar, of Rails, and of silk and others.
pub const DATABASE_METRICS: [&str; 4] = ["db", "SQLPanel_sql_time", "sql.active_record", "sql"];

/// The metrics whose `dur` is a number of calls: of the tests of `WordPress`.
pub const DATABASE_COUNTS: [&str; 2] = ["wpDbQueries", "db-queries"];

/// Whether a text is the name of a metric whose time can be kept: a token (RFC 9110, 5.6.2) of at
/// most [`MAX_TIMING`] bytes.
#[must_use]
pub fn is_metric(name: &str) -> bool {
    name.len() <= MAX_TIMING && is_header_name(name)
}

/// Whether a metric, in any case, tells of the database where `db_metric` says this.
#[must_use]
pub fn is_of_database(db_metric: Option<&str>, name: &str) -> bool {
    match db_metric {
        Some(metric) => metric.eq_ignore_ascii_case(name),
        None => DATABASE_METRICS.iter().chain(&DATABASE_COUNTS).any(|known| known.eq_ignore_ascii_case(name)),
    }
}

/// Status codes `first` to `last`, both included; 200 ≤ `first` ≤ `last` ≤ 599.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusRange {
    /// The lowest.
    pub first: u16,
    /// The highest.
    pub last: u16,
}
