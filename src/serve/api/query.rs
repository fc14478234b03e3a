//! Path and query of a request → what it asks of a list. Each parameter has a bound, and whatever
//! is not understood is refused with the way out.

use std::fmt;
use std::time::UNIX_EPOCH;

use super::{List, documents};
use crate::answer::{self, Answer};
use crate::config::Config;
use crate::defaults::serve::query::{FIELDS, LIMIT, LONGEST};
use crate::serve::parameters;
use crate::snapshot::Part;
use crate::units::{Fingerprint, Name, Timestamp};

/// What is asked of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// The list.
    pub list: List,
    /// Whether one member is asked for, by its pool.
    pub single: bool,
    /// Of this pool only.
    pub pool: Option<String>,
    /// Of the origins of this name only.
    pub origin: Option<String>,
    /// From this vantage only.
    pub vantage: Option<String>,
    /// Events of this kind only.
    pub kind: Option<&'static str>,
    /// Events of this moment or later only.
    pub since: Option<Timestamp>,
    /// The members of each document; all if none.
    pub fields: Option<Vec<&'static str>>,
    /// Where to go on.
    pub cursor: Option<Cursor>,
    /// How many at most.
    pub limit: usize,
}

/// Where a list goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The configuration that it is of: another one has other lists.
    pub config: Fingerprint,
    /// The moment of the last event that was given.
    pub at: Option<Timestamp>,
    /// How many were given, of events those of that moment.
    pub skip: usize,
}

impl Cursor {
    fn parse(text: &str) -> Option<Self> {
        let number = |text: &str| {
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            if digits { text.parse::<u64>().ok() } else { None }
        };
        let mut parts = Some(text).filter(|text| text.len() <= LONGEST)?.split('.');
        let config = Fingerprint::parse(parts.next()?)?;
        let skip = usize::try_from(number(parts.next()?)?).ok()?;
        let at = match parts.next() {
            Some(text) => Some(Timestamp::from_millis(number(text)?)),
            None => None,
        };
        parts.next().is_none().then_some(Self { config, at, skip })
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.config, self.skip)?;
        self.at.map_or(Ok(()), |at| write!(f, ".{}", at.as_millis()))
    }
}

/// The kinds of events.
pub(super) const KINDS: [&str; 3] = ["pool", "origin", "undelivered"];

impl Query {
    /// The part of the snapshot that it needs.
    pub(in crate::serve) fn part(&self, config: &Config) -> Part {
        match (self.list, &self.pool) {
            (List::Pools | List::Monitors | List::Origins | List::Votes, Some(pool)) => {
                config.pool(pool).map_or(Part::Summary, |pool| Part::Pool(pool.name.clone()))
            }
            (List::Votes, None) => Part::Whole,
            (List::Pools | List::Monitors | List::Origins | List::Events, _) => Part::Summary,
        }
    }

    /// Reads a request for a list, or for one pool of it.
    ///
    /// # Errors
    /// 400 with the bound, or with what there is.
    pub(in crate::serve) fn parse(list: List, pool: Option<&str>, query: &str) -> Result<Self, Answer> {
        let known = known(list, pool.is_some());
        parameters::only(query, known)?;
        let text = |name: &str| text(query, name);
        let filter = |name: &str| match text(name)? {
            Some(text) if Name::parse(&text).is_err() => Err(bad(name, NAME)),
            other => Ok(other),
        };
        let kind =
            text("kind")?.map(|text| KINDS.into_iter().find(|kind| *kind == text).ok_or_else(not_a_kind));
        let cursor = text("cursor")?.map(|text| cursor(&text, list));
        Ok(Self {
            list,
            single: pool.is_some(),
            pool: pool.map_or_else(|| filter("pool"), |pool| Ok(Some(pool.to_owned())))?,
            origin: filter("origin")?,
            vantage: filter("vantage")?,
            kind: kind.transpose()?,
            since: text("since")?.map(|text| since(&text)).transpose()?,
            fields: text("fields")?.map(|text| fields(&text, list)).transpose()?,
            cursor: cursor.transpose()?,
            limit: text("limit")?.map_or(Ok(LIMIT.1), |text| limit(&text))?,
        })
    }
}

/// The parameters of a list.
const fn known(list: List, single: bool) -> &'static [&'static str] {
    match (list, single) {
        (_, true) => &["fields"],
        (List::Pools | List::Monitors, false) => &["fields", "limit", "cursor"],
        (List::Origins, false) => &["pool", "origin", "fields", "limit", "cursor"],
        (List::Votes, false) => &["pool", "origin", "vantage", "fields", "limit", "cursor"],
        (List::Events, false) => &["pool", "origin", "kind", "since", "fields", "limit", "cursor"],
    }
}

/// A parameter, with what is escaped in it read (RFC 3986 section 2.1).
fn text(query: &str, name: &str) -> Result<Option<String>, Answer> {
    let mut values = query.split('&').filter_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (key == name).then_some(value)
    });
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        let detail = format!("The parameter {name} is there more than once. Write it once.");
        return Err(answer::problem(400, "repeated-parameter", "Repeated parameter", &detail));
    }
    let wrong = || bad(name, "no text: a % begins two hexadecimal digits, and all of it is UTF-8");
    let mut bytes = Vec::with_capacity(value.len().min(FIELDS));
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        let read = if byte == b'%' { escaped(&mut rest).ok_or_else(wrong)? } else { byte };
        bytes.push(read);
    }
    String::from_utf8(bytes).map(Some).map_err(|_| wrong())
}

fn escaped(rest: &mut impl Iterator<Item = u8>) -> Option<u8> {
    let mut digit = || char::from(rest.next()?).to_digit(16);
    u8::try_from(digit()?.saturating_mul(16).saturating_add(digit()?)).ok()
}

/// What a name looks like.
const NAME: &str = "no name: 1 to 63 of a-z, 0-9 and -, beginning and ending with a letter or digit";

fn bad(name: &str, why: &str) -> Answer {
    let detail = format!("The parameter {name} is {why}.");
    answer::problem(400, &format!("bad-{name}"), "Bad parameter", &detail)
}

fn not_a_kind() -> Answer {
    bad("kind", &format!("none of {}", KINDS.join(", ")))
}

fn cursor(text: &str, list: List) -> Result<Cursor, Answer> {
    let found = Cursor::parse(text).filter(|cursor| cursor.at.is_some() == (list == List::Events));
    found.ok_or_else(|| {
        bad("cursor", "none of this list. Write what the last answer had in next, or begin again without it")
    })
}

fn since(text: &str) -> Result<Timestamp, Answer> {
    let at = humantime::parse_rfc3339(text).ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    let millis = at.and_then(|at| u64::try_from(at.as_millis()).ok());
    millis
        .map(Timestamp::from_millis)
        .ok_or_else(|| bad("since", "no time in UTC. Write for example since=2026-01-31T09:41:00Z"))
}

fn limit(text: &str) -> Result<usize, Answer> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let limit = text.parse().ok().filter(|limit| digits && (1..=LIMIT.0).contains(limit));
    limit.ok_or_else(|| bad("limit", &format!("no whole number from 1 to {}", LIMIT.0)))
}

fn fields(text: &str, list: List) -> Result<Vec<&'static str>, Answer> {
    let known = documents::fields(list);
    if text.len() > FIELDS {
        let detail =
            format!("{} bytes long; at most {FIELDS} are read. There are {}", text.len(), known.join(", "));
        return Err(bad("fields", &detail));
    }
    let mut found: Vec<&'static str> = Vec::new();
    for name in text.split(',') {
        match known.iter().copied().find(|known| *known == name) {
            Some(field) if found.contains(&field) => {
                return Err(bad("fields", "a list that repeats a field; write each once"));
            }
            Some(field) => found.push(field),
            None => {
                let known = known.join(", ");
                let why =
                    format!("no list of fields. There are {known}; write some of them with commas between");
                return Err(bad("fields", &why));
            }
        }
    }
    Ok(found)
}
