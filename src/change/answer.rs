//! Changes, open and closed → what is told of them.

use serde::Serialize;
use serde_json::Value;

use super::desk::closed;
use super::look::judged_key;
use super::{Change, Changes, Fate, KEPT, State, VERSION, id, number_of};
use crate::compare::Verdict;
use crate::json::{self, Shown};
use crate::purge::{Purged, Told};
use crate::units::{Millis, Name, OriginId, Timestamp, Who};

pub use crate::defaults::change::MOST_LISTED;

/// The members of a change in a list.
pub const FIELDS: [&str; 23] = [
    "id",
    "title",
    "owner",
    "state",
    "verdict",
    "sentence",
    "expected",
    "expectations",
    "rollback",
    "links",
    "origins",
    "who",
    "started",
    "applied",
    "closed",
    "before",
    "after",
    "missing",
    "silent",
    "gone",
    "cuts",
    "purges",
    "confounded_with",
];

/// A question for a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// Only those that are open, or only those that are not.
    pub open: Option<bool>,
    /// Only those of a lower number.
    pub before: Option<u64>,
    /// How many at most.
    pub limit: usize,
}

impl Query {
    /// It as a path: `{open}/{before}/{limit}`.
    #[must_use]
    pub fn path(&self) -> String {
        let open = self.open.map_or("-", |open| if open { "1" } else { "0" });
        let before = self.before.map_or("-".to_owned(), |before| before.to_string());
        format!("{open}/{before}/{}", self.limit)
    }

    /// Reads such a path.
    #[must_use]
    pub fn parse(path: &str) -> Option<Self> {
        let parts: Vec<&str> = path.split('/').collect();
        let [open, before, limit] = parts.as_slice() else { return None };
        let query = Self {
            open: if *open == "-" { None } else { Some(*open == "1") },
            before: if *before == "-" { None } else { Some(before.parse().ok()?) },
            limit: limit.parse().ok()?,
        };
        (query.path() == path).then_some(query)
    }
}

/// What an answer is made of.
pub struct Grounds<'a> {
    /// Those that are open.
    pub changes: &'a Changes,
    /// The text of a row of history that is stored.
    pub stored: &'a dyn Fn(&str) -> Option<String>,
    /// Now.
    pub now: Timestamp,
}

/// The keys of the rows of all closed changes.
#[must_use]
pub const fn keys() -> std::ops::Range<&'static str> {
    "change/".."change0"
}

impl Grounds<'_> {
    /// All that are open or kept, the latest first.
    fn all(&self) -> Vec<Change> {
        let taken: Vec<u64> = self.changes.open().map(|change| change.slot).collect();
        let mut all: Vec<Change> = closed(self.stored).filter(|one| !taken.contains(&one.slot)).collect();
        all.sort_by_key(|change| std::cmp::Reverse(change.number));
        all.truncate(usize::try_from(KEPT).unwrap_or(usize::MAX));
        all.extend(self.changes.open().cloned());
        all.sort_by_key(|change| std::cmp::Reverse(change.number));
        all
    }

    /// The change of this name, and all of them.
    pub(super) fn find(&self, id: &str) -> Option<(Change, Vec<Change>)> {
        let (number, all) = (number_of(id)?, self.all());
        let change = all.iter().find(|change| change.number == number)?.clone();
        Some((change, all))
    }

    /// What was measured of a change, a member of it; nothing before the first look.
    pub(super) fn measured(&self, change: &Change, member: &str) -> Option<Value> {
        let text = (self.stored)(&judged_key(change))?;
        let mut row = json::read::<Value>(&text)?;
        let number = |key: &str| row.get(key).and_then(Value::as_u64);
        let fits = number("version") == Some(u64::from(VERSION)) && number("number") == Some(change.number);
        fits.then(|| row.get_mut(member).map(Value::take)).flatten()
    }
}

#[derive(Serialize)]
struct ShownWindow {
    from: Shown<Timestamp>,
    to: Shown<Timestamp>,
}

#[derive(Serialize)]
struct ShownClosing<'a> {
    at: Shown<Timestamp>,
    who: &'a Who,
    fate: Fate,
    note: &'a str,
}

#[derive(Serialize)]
struct ShownCut<'a> {
    origin: &'a OriginId,
    from: Shown<Timestamp>,
    to: Shown<Timestamp>,
}

/// A change as programs read it.
#[derive(Serialize)]
pub(super) struct Document<'a> {
    id: String,
    title: &'a str,
    owner: &'a str,
    state: State,
    verdict: Option<Verdict>,
    sentence: Option<&'a str>,
    expected: &'a str,
    expectations: &'a [String],
    rollback: &'a str,
    links: &'a [String],
    origins: &'a [OriginId],
    who: &'a Who,
    started: Shown<Timestamp>,
    applied: Option<Shown<Timestamp>>,
    closed: Option<ShownClosing<'a>>,
    before: ShownWindow,
    after: Option<ShownWindow>,
    /// Vantages whose samples of before are missing.
    missing: &'a [Name],
    /// Vantages that did not answer at the last look.
    silent: &'a [Name],
    /// Origins that nobody watches any more.
    gone: &'a [OriginId],
    cuts: Vec<ShownCut<'a>>,
    /// What was cleared for it.
    purges: Vec<Told<'a>>,
    confounded_with: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    warm_up_s: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extra_probes: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    judgement: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    curves: Option<Value>,
}

/// The names of the changes that may be the reason of what is seen of this one.
pub(super) fn confounding(change: &Change, all: &[Change], now: Timestamp) -> Vec<String> {
    let others = all.iter().filter(|other| change.is_confounded_by(other, now));
    others.map(|other| id(other.number)).collect()
}

impl<'a> Document<'a> {
    fn of(change: &'a Change, all: &[Change], now: Timestamp) -> Self {
        let plan = &change.plan;
        let window =
            |window: crate::history::Window| ShownWindow { from: Shown(window.from), to: Shown(window.to) };
        let cuts = change.all_cuts().map(|cut| ShownCut {
            origin: &cut.origin,
            from: Shown(cut.span.from),
            to: Shown(cut.span.to),
        });
        Self {
            id: change.id(),
            title: &plan.title,
            owner: &plan.owner,
            state: change.state(now),
            verdict: change.verdict,
            sentence: change.sentence.as_deref(),
            expected: &plan.expected,
            expectations: &plan.expectations,
            rollback: &plan.rollback,
            links: &plan.links,
            origins: &plan.origins,
            who: &change.who,
            started: Shown(change.started),
            applied: change.applied.map(Shown),
            closed: change.closed.as_ref().map(|closing| ShownClosing {
                at: Shown(closing.at),
                who: &closing.who,
                fate: closing.fate,
                note: &closing.note,
            }),
            before: window(change.before()),
            after: change.after().map(window),
            missing: &change.missing,
            silent: &change.silent,
            gone: &change.gone,
            cuts: cuts.collect(),
            purges: change.purges.iter().map(Purged::told).collect(),
            confounded_with: confounding(change, all, now),
            warm_up_s: None,
            extra_probes: None,
            judgement: None,
            curves: None,
        }
    }
}

#[derive(Serialize)]
struct Listed<'a> {
    changes: Vec<Document<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// A list, the latest first, as JSON.
#[must_use]
pub fn listed(grounds: &Grounds<'_>, query: &Query) -> String {
    let all = grounds.all();
    let asked = |change: &&Change| {
        query.open.is_none_or(|open| open == change.closed.is_none())
            && query.before.is_none_or(|before| change.number < before)
    };
    let mut page: Vec<&Change> = all.iter().filter(asked).take(query.limit.saturating_add(1)).collect();
    let more = page.len() > query.limit;
    page.truncate(query.limit);
    let next = page.last().filter(|_| more).map(|last| last.number.to_string());
    let changes = page.into_iter().map(|change| Document::of(change, &all, grounds.now)).collect();
    json::write(&Listed { changes, next })
}

/// One change with its judgement, as JSON; nothing if there is none of this name.
#[must_use]
pub fn told(grounds: &Grounds<'_>, id: &str) -> Option<String> {
    let (change, all) = grounds.find(id)?;
    let warm_up_s = Some(Millis::as_secs(change.plan.warm_up));
    let extra_probes = Some(change.plan.extra_probes);
    let measured = |member: &str| grounds.measured(&change, member);
    let (judgement, curves) = (measured("judgement"), measured("curves"));
    Some(json::write(&Document {
        warm_up_s,
        extra_probes,
        judgement,
        curves,
        ..Document::of(&change, &all, grounds.now)
    }))
}
