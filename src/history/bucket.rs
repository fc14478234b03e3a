//! The samples of five minutes ↔ one row of a vantage's ring.
//!
//! The row is text: a line of JSON that says what it is, then a line for each sample. It is written
//! again as samples join it, so a bucket only appends.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::sums::{Part, Rollup};
use super::{BUCKET, RING};
use crate::defaults::history::bucket::MOST;
use crate::json;
use crate::sample::{CacheClass, Connected, Evidence, Finding, Outcome, Sample, Timing};
use crate::units::{OriginId, Timestamp};

/// The format.
const VERSION: u32 = 1;

/// What a sample proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Proof {
    /// The origin serves.
    Pass,
    /// It serves with a blemish.
    Warn,
    /// It fails.
    Fail,
    /// A cache answered, with a blemish.
    Unproven,
    /// Nothing: the fault was ours.
    None,
}

/// What is kept of one sample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// The origin, by its place in the row.
    pub origin: usize,
    /// When the probe was sent, by the vantage's clock.
    pub at: Timestamp,
    /// What it proved.
    pub proof: Proof,
    /// Why it failed, or proves nothing.
    pub kind: Option<&'static str>,
    /// Milliseconds until it ended.
    pub response: u64,
    /// Whether a complete answer was read.
    pub complete: bool,
    /// The status code.
    pub status: Option<u16>,
    /// The cache class.
    pub cache: CacheClass,
    /// Calls of the database.
    pub calls: Option<u32>,
    /// Milliseconds in the database.
    pub database: Option<u64>,
    /// Bytes of the body that were read.
    pub bytes: u64,
    /// Times of the other metrics that the configuration named.
    pub timings: Vec<Timing>,
}

/// Kinds of error.
const KINDS: [&str; 9] = [
    "no-answer",
    "body-unfinished",
    "unreachable",
    "body-broken",
    "body-too-long",
    "no-evidence",
    "status",
    "expectation",
    "connection",
];

/// The kind of a sample that failed, or proves nothing.
fn kind(sample: &Sample, evidence: &Evidence) -> Option<&'static str> {
    match evidence {
        Evidence::Pass | Evidence::Warn(_) | Evidence::Unproven(_) => return None,
        Evidence::None(_) => return Some("no-evidence"),
        Evidence::Fail(_) => {}
    }
    Some(match &sample.outcome {
        Outcome::NoAnswerInTime => "no-answer",
        Outcome::BodyUnfinishedInTime => "body-unfinished",
        Outcome::Unreachable => "unreachable",
        Outcome::BodyBroken => "body-broken",
        Outcome::BodyTooLong => "body-too-long",
        Outcome::NoEvidence(_) => "no-evidence",
        Outcome::Answered => {
            let broken = sample.checks.iter().find(|check| matches!(check.finding, Finding::Broken(_)));
            match broken {
                Some(check) if check.expectation == "status" => "status",
                None if !matches!(sample.connected, Connected::NotTried | Connected::Accepted) => {
                    "connection"
                }
                Some(_) | None => "expectation",
            }
        }
    })
}

impl Fact {
    /// What is kept of a sample of the origin at this place.
    #[must_use]
    pub fn of(origin: usize, sample: &Sample, evidence: &Evidence) -> Self {
        Self {
            origin,
            at: sample.at,
            proof: match evidence {
                Evidence::Pass => Proof::Pass,
                Evidence::Warn(_) => Proof::Warn,
                Evidence::Fail(_) => Proof::Fail,
                Evidence::Unproven(_) => Proof::Unproven,
                Evidence::None(_) => Proof::None,
            },
            kind: kind(sample, evidence),
            response: sample.latency.get(),
            complete: sample.outcome == Outcome::Answered,
            status: sample.status,
            cache: sample.cache,
            calls: sample.database.calls,
            database: sample.database.time.map(crate::units::Millis::get),
            bytes: u64::from(sample.bytes),
            timings: sample.timings.clone(),
        }
    }

    fn write(&self, begin: Timestamp, to: &mut String) {
        let proof = match self.proof {
            Proof::Pass => 'p',
            Proof::Warn => 'w',
            Proof::Fail => 'f',
            Proof::Unproven => 'u',
            Proof::None => 'n',
        };
        let class = match self.cache {
            CacheClass::OriginProven => 'o',
            CacheClass::EdgeOnly => 'e',
            CacheClass::CounterProof => 'c',
            CacheClass::Unclassified => 'x',
        };
        let offset = i128::from(self.at.as_millis()).saturating_sub(i128::from(begin.as_millis()));
        let complete = if self.complete { "" } else { "!" };
        to.push_str(&format!("{} {offset} {proof}{class} {complete}{}", self.origin, self.response));
        let kind = self.kind.and_then(|kind| KINDS.iter().position(|known| *known == kind));
        let numbers = [
            self.status.map(u64::from),
            Some(self.bytes),
            self.calls.map(u64::from),
            self.database,
            kind.map(|kind| kind as u64),
        ];
        let last = numbers.iter().rposition(Option::is_some).map_or(0, |last| last.saturating_add(1));
        for number in numbers.iter().take(last) {
            match number {
                Some(number) => to.push_str(&format!(" {number}")),
                None => to.push_str(" -"),
            }
        }
        to.push_str(&written(&self.timings));
        to.push('\n');
    }

    /// Reads a line. `names` are those of metrics, each held once.
    fn read(line: &str, begin: Timestamp, names: &mut Vec<Arc<str>>) -> Option<Self> {
        let first = line.find('=').and_then(|sign| line.get(..sign)?.rfind(' '));
        let (line, timed) = line.split_at_checked(first.unwrap_or(line.len()))?;
        let mut words = line.split(' ');
        let origin = words.next()?.parse().ok()?;
        let at = begin.as_millis().checked_add_signed(words.next()?.parse().ok()?)?;
        let mut letters = words.next()?.chars();
        let proof = match letters.next()? {
            'p' => Proof::Pass,
            'w' => Proof::Warn,
            'f' => Proof::Fail,
            'u' => Proof::Unproven,
            'n' => Proof::None,
            _ => return None,
        };
        let cache = match letters.next()? {
            'o' => CacheClass::OriginProven,
            'e' => CacheClass::EdgeOnly,
            'c' => CacheClass::CounterProof,
            'x' => CacheClass::Unclassified,
            _ => return None,
        };
        let time = words.next()?;
        let mut number = || words.next().and_then(|word| word.parse::<u64>().ok());
        let status = number().and_then(|status| u16::try_from(status).ok());
        let bytes = number().unwrap_or(0);
        let calls = number().and_then(|calls| u32::try_from(calls).ok());
        let (database, kind) = (number(), number());
        let kind = kind.and_then(|kind| KINDS.get(usize::try_from(kind).ok()?).copied());
        let timings = timed
            .split(' ')
            .filter_map(timing)
            .map(|(name, micros)| Timing { name: shared(name, names), micros })
            .collect();
        let at = Timestamp::from_millis(at);
        let (complete, response) = (!time.starts_with('!'), time.trim_start_matches('!').parse().ok()?);
        let told = Self {
            origin,
            at,
            proof,
            kind,
            response,
            complete,
            status,
            cache,
            calls,
            database,
            bytes,
            timings,
        };
        Some(told)
    }
}

/// Times of metrics as a line has them, each after a space: by name, whatever the order of the
/// configuration is by then. To a release that knows nothing of them these words are no numbers,
/// and so are nothing.
pub(super) fn written(timings: &[Timing]) -> String {
    timings.iter().map(|Timing { name, micros }| format!(" {name}={micros}")).collect()
}

/// The name of a metric and its time in microseconds, as a line has them: `render=12345`.
pub(super) fn timing(word: &str) -> Option<(&str, u64)> {
    let (name, micros) = word.split_once('=')?;
    Some((name, micros.parse().ok()?))
}

/// A name that all samples hold together.
fn shared(name: &str, names: &mut Vec<Arc<str>>) -> Arc<str> {
    if let Some(known) = names.iter().find(|known| known.as_ref() == name) {
        return Arc::clone(known);
    }
    let new: Arc<str> = name.into();
    names.push(Arc::clone(&new));
    new
}

/// The first line of a row. Fields are never renamed, and new ones may be missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Header {
    version: u32,
    life: u64,
    seq: u64,
    at: Timestamp,
    thinned: u64,
    origins: Vec<OriginId>,
}

/// The samples of five minutes of one shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    header: Header,
    lines: String,
}

impl Bucket {
    /// One without samples. `at` is when its five minutes begin.
    #[must_use]
    pub const fn new(life: u64, seq: u64, at: Timestamp, origins: Vec<OriginId>) -> Self {
        let header = Header { version: VERSION, life, seq, at, thinned: 0, origins };
        Self { header, lines: String::new() }
    }

    /// Reads a row; nothing if it is not understood.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let (first, lines) = text.split_once('\n')?;
        let header = json::read::<Header>(first).filter(|header| header.version == VERSION)?;
        Some(Self { header, lines: lines.to_owned() })
    }

    /// The row's text.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}\n{}", json::write(&self.header), self.lines)
    }

    /// Its place in the ring.
    #[must_use]
    pub const fn place(&self) -> u64 {
        self.header.seq % RING
    }

    /// Which life of the storage it is of.
    #[must_use]
    pub const fn life(&self) -> u64 {
        self.header.life
    }

    /// Its number.
    #[must_use]
    pub const fn seq(&self) -> u64 {
        self.header.seq
    }

    /// When its five minutes begin.
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        self.header.at
    }

    /// The origins, by their place.
    #[must_use]
    pub fn origins(&self) -> &[OriginId] {
        &self.header.origins
    }

    /// Adds a sample; one that does not fit is only counted.
    pub fn add(&mut self, fact: &Fact) {
        if self.lines.len() >= MOST {
            self.header.thinned = self.header.thinned.saturating_add(1);
        } else {
            fact.write(self.header.at, &mut self.lines);
        }
    }

    /// Its samples, in the order in which they came. A line that is not understood is left out.
    pub fn facts(&self) -> impl Iterator<Item = Fact> {
        let known = self.header.origins.len();
        let mut names = Vec::new();
        self.lines
            .lines()
            .filter_map(move |line| Fact::read(line, self.header.at, &mut names))
            .filter(move |fact| fact.origin < known)
    }

    /// The samples of one origin in a row's text, in the order in which they came, each as of the
    /// place 0. Lines of other origins are passed over unread: a day of sixty origins has half a
    /// million of them. A row that is not understood has none.
    pub(super) fn of_origin(text: &str, id: &OriginId) -> Vec<Fact> {
        let row = text.split_once('\n').and_then(|(first, lines)| {
            let header = json::read::<Header>(first).filter(|header| header.version == VERSION)?;
            let place = header.origins.iter().position(|known| known == id)?;
            Some((header.at, format!("{place} "), lines))
        });
        let Some((begin, mark, lines)) = row else { return Vec::new() };
        let mut names = Vec::new();
        let own = lines.lines().filter(|line| line.starts_with(&mark));
        let facts = own.filter_map(|line| Fact::read(line, begin, &mut names));
        facts.map(|fact| Fact { origin: 0, ..fact }).collect()
    }

    /// What its samples add up to. `covers` says for how many five minutes a sample of an origin
    /// stands.
    #[must_use]
    pub fn rollup(&self, covers: impl Fn(&OriginId) -> usize) -> Rollup {
        let mut parts: Vec<Part> = vec![Part::default(); self.header.origins.len()];
        for fact in self.facts() {
            if let Some(part) = parts.get_mut(fact.origin) {
                part.classes.entry(fact.cache).or_default().add(&fact);
            }
        }
        let mut origins = BTreeMap::new();
        for (id, mut part) in self.header.origins.iter().zip(parts) {
            if !part.classes.is_empty() {
                part.looked.set(0, covers(id).max(1));
                origins.insert(id.clone(), part);
            }
        }
        let Header { life, seq, at, thinned, .. } = self.header;
        Rollup { life, seq, at, thinned, origins }
    }

    /// Whether a sample sent at `at` begins another five minutes than these.
    #[must_use]
    pub fn is_over(&self, at: Timestamp) -> bool {
        let begin = super::floor(at, BUCKET);
        // What was sent in the five minutes before and came late joins these.
        begin > self.header.at || begin.plus(BUCKET) < self.header.at
    }
}
