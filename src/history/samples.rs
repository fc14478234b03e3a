//! Rows of a vantage's ring → the raw samples of one origin.

use serde::ser::SerializeMap as _;
use serde::{Deserialize, Serialize};

use super::bucket::{Bucket, Line, Lines};
use super::fact::{Proof, timing, written};
use super::query::Window;
use crate::json::{self, Shown};
use crate::sample::to_ms;
use crate::units::{Name, OriginId, Timestamp};

pub use crate::defaults::history::{MOST_KEPT, MOST_SAMPLES};

/// What is asked of one vantage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SampleQuery {
    /// The origin.
    pub id: OriginId,
    /// The time in which the probes were sent.
    pub window: Window,
}

impl SampleQuery {
    /// It as a path: `{pool}/{origin}/{from}/{to}`.
    #[must_use]
    pub fn path(&self) -> String {
        let Window { from, to } = self.window;
        format!("{}/{}/{}", self.id, from.as_millis(), to.as_millis())
    }

    /// Reads such a path.
    #[must_use]
    pub fn parse(path: &str) -> Option<Self> {
        let parts: Vec<&str> = path.split('/').collect();
        let [pool, origin, from, to] = parts.as_slice() else { return None };
        let time = |text: &str| text.parse().ok().map(Timestamp::from_millis);
        let id = OriginId::parse(&format!("{pool}/{origin}"))?;
        let query = Self { id, window: Window { from: time(from)?, to: time(to)? } };
        (query.path() == path).then_some(query)
    }
}

/// A sample, as it is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToldSample {
    at: Timestamp,
    vantage: Name,
    evidence: String,
    #[serde(default)]
    kind: Option<String>,
    response_ms: u64,
    complete: bool,
    #[serde(default)]
    status: Option<u16>,
    cache: String,
    #[serde(default)]
    db_calls: Option<u32>,
    #[serde(default)]
    db_ms: Option<u64>,
    /// Times of metrics, as a row of a ring has them.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    timings: String,
    bytes: u64,
}

/// What a vantage says: its first samples of the window, as JSON. `rows` are those of its ring.
#[must_use]
pub fn sampled(query: &SampleQuery, vantage: &Name, rows: impl Iterator<Item = String>) -> String {
    let mut found = Vec::new();
    for text in rows {
        let inside = |at: Timestamp| at >= query.window.from && at < query.window.to;
        for fact in Bucket::of_origin(&text, &query.id).into_iter().filter(|fact| inside(fact.at)) {
            found.push(ToldSample {
                at: fact.at,
                vantage: vantage.clone(),
                evidence: word(fact.proof).to_owned(),
                kind: fact.kind.map(str::to_owned),
                response_ms: fact.response,
                complete: fact.complete,
                status: fact.status,
                cache: fact.cache.as_str().to_owned(),
                db_calls: fact.calls,
                db_ms: fact.database,
                timings: written(&fact.timings),
                bytes: fact.bytes,
            });
        }
    }
    found.sort_by_key(|sample| sample.at);
    // One more than is told says that there are more.
    found.truncate(MOST_SAMPLES.saturating_add(1));
    json::write(&found)
}

/// What a vantage hands out to be kept: its samples of the window, as one row of a ring. `rows` are
/// those of its own.
#[must_use]
pub fn kept(query: &SampleQuery, rows: impl Iterator<Item = String>) -> String {
    let Window { from, to } = query.window;
    let rows: Vec<String> = rows.collect();
    let inside = |line: &Line<'_>| line.at >= from && line.at < to;
    let mut found: Vec<Line<'_>> = Vec::new();
    for text in &rows {
        if let Some(lines) = Lines::of(text, &query.id) {
            found.extend(lines.by_time().filter(inside));
        }
    }
    found.sort_by_key(|line| line.at);
    // By time and not by their number, so that samples that come later leave these as they are.
    let part = (to.since(from).get() / MOST_KEPT).max(1);
    let part_of = |line: &Line<'_>| line.at.since(from).get() / part;
    found.dedup_by(|one, earlier| part_of(one) == part_of(earlier));
    let mut kept = Bucket::new(0, 0, from, vec![query.id.clone()]);
    for line in &found {
        kept.add_line(line);
    }
    kept.text()
}

const fn word(proof: Proof) -> &'static str {
    match proof {
        Proof::Pass => "pass",
        Proof::Warn => "warn",
        Proof::Fail => "fail",
        Proof::Unproven => "unproven",
        Proof::None => "none",
    }
}

/// The answer of all vantages, as JSON. `silent` names those that said nothing.
#[must_use]
pub fn gathered(query: &SampleQuery, said: &[String], silent: &[Name]) -> String {
    let mut samples: Vec<ToldSample> =
        said.iter().filter_map(|text| json::read::<Vec<ToldSample>>(text)).flatten().collect();
    samples.sort_by(|one, other| (one.at, &one.vantage).cmp(&(other.at, &other.vantage)));
    // The next page begins with a millisecond of which nothing was told.
    let next = samples.get(MOST_SAMPLES).map(|sample| sample.at);
    if let Some(next) = next {
        samples.retain(|sample| sample.at < next);
    }
    json::write(&Shape {
        pool: query.id.pool.as_str(),
        origin: query.id.origin.as_str(),
        from: Shown(query.window.from),
        to: Shown(query.window.to),
        silent,
        samples: samples.iter().map(ShownSample).collect(),
        next: next.map(|at| at.as_millis().to_string()),
    })
}

#[derive(Serialize)]
struct Shape<'a> {
    pool: &'a str,
    origin: &'a str,
    from: Shown<Timestamp>,
    to: Shown<Timestamp>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    silent: &'a [Name],
    samples: Vec<ShownSample<'a>>,
    next: Option<String>,
}

/// A sample with its time in words.
struct ShownSample<'a>(&'a ToldSample);

impl Serialize for ShownSample<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Told<'a> {
            at: Shown<Timestamp>,
            vantage: &'a Name,
            evidence: &'a str,
            kind: Option<&'a str>,
            response_ms: u64,
            complete: bool,
            status: Option<u16>,
            cache: &'a str,
            db_calls: Option<u32>,
            db_ms: Option<u64>,
            #[serde(skip_serializing_if = "ByName::is_empty")]
            timings: ByName<'a>,
            bytes: u64,
        }
        let sample = self.0;
        let told = Told {
            at: Shown(sample.at),
            vantage: &sample.vantage,
            evidence: &sample.evidence,
            kind: sample.kind.as_deref(),
            response_ms: sample.response_ms,
            complete: sample.complete,
            status: sample.status,
            cache: &sample.cache,
            db_calls: sample.db_calls,
            db_ms: sample.db_ms,
            timings: ByName(&sample.timings),
            bytes: sample.bytes,
        };
        told.serialize(serializer)
    }
}

/// Times of metrics in milliseconds by their names.
struct ByName<'a>(&'a str);

impl ByName<'_> {
    const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for ByName<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, micros) in self.0.split(' ').filter_map(timing) {
            map.serialize_entry(name, &to_ms(micros))?;
        }
        map.end()
    }
}
