//! A question about incidents as it is asked of the Arbiter.

use std::fmt;

use crate::units::{Fingerprint, Name, Timestamp};

pub use crate::defaults::incident::MOST_LISTED;

/// The members of an incident.
pub const FIELDS: [&str; 15] = [
    "id",
    "pool",
    "status",
    "opened",
    "closed",
    "length_s",
    "fail_s",
    "warn_s",
    "times",
    "worst",
    "cause",
    "origins",
    "vantages",
    "served",
    "note_count",
];

/// What is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Whether the asker may see what is hidden, and who wrote a note.
    pub all: bool,
    /// Of this pool only.
    pub pool: Option<Name>,
    /// Only those that are open, or only those that are not.
    pub open: Option<bool>,
    /// Only those that lasted until this time or later.
    pub from: Option<Timestamp>,
    /// Only those that opened before this time.
    pub to: Option<Timestamp>,
    /// Only those of a lower number.
    pub before: Option<u64>,
    /// How many at most.
    pub limit: usize,
}

/// Where a list goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The configuration that it is of.
    pub config: Fingerprint,
    /// The number of the last incident that was given.
    pub before: u64,
}

impl Cursor {
    /// Reads one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (config, before) = Some(text).filter(|text| text.len() <= 40)?.split_once('.')?;
        Some(Self { config: Fingerprint::parse(config)?, before: number(before)? })
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.config, self.before)
    }
}

/// A number as it is written here: digits alone.
fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

impl Query {
    /// It as a path: `{all}/{pool}/{open}/{from}/{to}/{before}/{limit}`.
    #[must_use]
    pub fn path(&self) -> String {
        let time = |at: Option<Timestamp>| at.map_or("-".to_owned(), |at| at.as_millis().to_string());
        format!(
            "{}/{}/{}/{}/{}/{}/{}",
            u8::from(self.all),
            self.pool.as_ref().map_or("-", Name::as_str),
            self.open.map_or("-", |open| if open { "1" } else { "0" }),
            time(self.from),
            time(self.to),
            self.before.map_or("-".to_owned(), |before| before.to_string()),
            self.limit
        )
    }

    /// Reads such a path.
    #[must_use]
    pub fn parse(path: &str) -> Option<Self> {
        let parts: Vec<&str> = path.split('/').collect();
        let [all, pool, open, from, to, before, limit] = parts.as_slice() else { return None };
        let optional = |text: &str| if text == "-" { Some(None) } else { number(text).map(Some) };
        let time = |text: &str| Some(optional(text)?.map(Timestamp::from_millis));
        let query = Self {
            all: *all == "1",
            pool: if *pool == "-" { None } else { Some(Name::parse(pool).ok()?) },
            open: optional(open)?.map(|open| open == 1),
            from: time(from)?,
            to: time(to)?,
            before: optional(before)?,
            limit: usize::try_from(number(limit)?).ok()?,
        };
        (query.path() == path).then_some(query)
    }
}
