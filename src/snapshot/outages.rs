//! Transitions → a timeline of what people call one incident: an outage of a pool is one row,
//! however many of its origins' verdicts and its own changed on the way down and up. It reads what
//! is stored and changes none of it.

use super::{PoolView, Transition};
use crate::units::Timestamp;
use crate::verdict::Status;

pub use crate::defaults::snapshot::CALM;

/// One entry of the timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimelineEntry<'a> {
    /// What it is.
    pub kind: EntryKind,
    /// With what: the pool if it failed altogether, else the one origin that it was about, else the
    /// pool.
    pub subject: &'a str,
    /// The origins in trouble, in the order in which they fell, each once; by their names in the
    /// pool.
    pub origins: Vec<&'a str>,
    /// The worst that became of the subject. Of what is no outage: what it became.
    pub worst: Status,
    /// When it began.
    pub begun: Timestamp,
    /// When it was over; nothing as long as it lasts.
    pub ended: Option<Timestamp>,
    /// The change that says why.
    pub cause: &'a Transition,
}

/// What kind of entry it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// Something did not pass.
    Outage {
        /// It began earlier, with what is not among the events any more.
        before: bool,
        /// How often it came back within a minute, the first time counted.
        times: u32,
        /// It is over only because nobody watches the pool any more.
        unwatched: bool,
    },
    /// Something was judged for the first time, and passes.
    Start,
    /// Something that is no change of a verdict: a message was given up.
    Note,
}

/// A group of changes that belong together.
struct Group<'a> {
    changes: Vec<&'a Transition>,
    begun: Timestamp,
    before: bool,
    times: u32,
    /// Whether anything in it was not well.
    trouble: bool,
    /// Since when nothing is in trouble.
    quiet: Option<Timestamp>,
}

/// The events of one pool, oldest first, as far as they were read.
struct Course<'a> {
    pool: &'a str,
    /// Who is in trouble.
    troubled: Vec<&'a str>,
    open: Option<Group<'a>>,
    closed: Vec<Group<'a>>,
}

/// The timeline, the latest first: what lasts, and then by its end. `events` are the latest ones,
/// newest first; `pools` are those that are watched.
#[must_use]
pub fn timeline<'a>(events: &'a [Transition], pools: &'a [PoolView]) -> Vec<TimelineEntry<'a>> {
    let mut courses: Vec<Course<'a>> = Vec::new();
    let mut entries = Vec::new();
    for change in events.iter().rev() {
        if change.from == change.to {
            entries.push(TimelineEntry::note(change));
            continue;
        }
        let pool = change.pool();
        let place = courses.iter().position(|course| course.pool == pool).unwrap_or_else(|| {
            let view = pools.iter().find(|view| view.name.as_str() == pool);
            courses.push(Course::new(pool, change.at, events, view));
            courses.len().saturating_sub(1)
        });
        if let Some(course) = courses.get_mut(place) {
            course.take(change);
        }
    }
    for course in courses {
        entries.extend(course.end(pools));
    }
    entries.sort_by_key(|one| {
        let end = one.ended.unwrap_or(Timestamp::from_millis(u64::MAX));
        std::cmp::Reverse((end, one.begun))
    });
    entries
}

impl<'a> Course<'a> {
    /// The pool before its first event, which was at `first`: how an origin stood then is what it
    /// changed from, or, without any change, how it stands in the `view`.
    fn new(pool: &'a str, first: Timestamp, events: &'a [Transition], view: Option<&'a PoolView>) -> Self {
        let mut known: Vec<(&str, Status)> = Vec::new();
        for change in events.iter().rev().filter(|change| change.pool() == pool && change.from != change.to) {
            let Some(origin) = change.origin() else { continue };
            if !known.iter().any(|(one, _)| *one == origin) {
                known.push((origin, change.from));
            }
        }
        for origin in view.into_iter().flat_map(|view| &view.origins) {
            let name = origin.name.as_str();
            if !known.iter().any(|(one, _)| *one == name) {
                known.push((name, origin.status));
            }
        }
        let ill = known.iter().filter(|(_, status)| matches!(status, Status::Warn | Status::Fail));
        let troubled: Vec<&str> = ill.map(|(origin, _)| *origin).collect();
        let open = (!troubled.is_empty()).then(|| Group::new(first, true));
        Self { pool, troubled, open, closed: Vec::new() }
    }

    fn take(&mut self, change: &'a Transition) {
        match (change.origin(), change.to) {
            (Some(origin), Status::Pass) => {
                self.troubled.retain(|one| *one != origin);
                self.relieved(change);
            }
            (Some(origin), Status::Warn | Status::Unknown | Status::Fail) => {
                self.falls(change);
                if !self.troubled.contains(&origin) {
                    self.troubled.push(origin);
                }
            }
            (None, to) => {
                self.settled(change);
                // An origin may have been taken out while it failed.
                if to == Status::Pass {
                    self.troubled.clear();
                    self.close(change.at);
                }
            }
        }
    }

    /// An origin is in trouble.
    fn falls(&mut self, change: &'a Transition) {
        if self.open.as_ref().is_some_and(|open| open.quiet.is_some()) {
            self.close(change.at);
        }
        let soon = |last: &Group<'_>| last.trouble && change.at.since(last.quiet.unwrap_or(change.at)) < CALM;
        if self.open.is_none() && self.closed.last().is_some_and(soon) {
            self.open = self.closed.pop();
            if let Some(open) = &mut self.open {
                open.times = open.times.saturating_add(1);
            }
        }
        let open = self.open.get_or_insert_with(|| Group::of(change));
        open.changes.push(change);
        (open.trouble, open.quiet) = (true, None);
    }

    /// An origin passes.
    fn relieved(&mut self, change: &'a Transition) {
        let first = change.from == Status::Unknown;
        // That another origin is judged for the first time is no part of what is over.
        if first && self.open.as_ref().is_some_and(|open| open.trouble && open.quiet.is_some()) {
            self.close(change.at);
        }
        let open = self.open.get_or_insert_with(|| Group::of(change));
        open.changes.push(change);
        open.trouble |= !first;
        if self.troubled.is_empty() {
            open.quiet = Some(change.at);
        }
    }

    /// The pool's own verdict follows its origins', or the configuration.
    fn settled(&mut self, change: &'a Transition) {
        let nobody = self.troubled.is_empty();
        let open = self.open.get_or_insert_with(|| Group::of(change));
        open.changes.push(change);
        if nobody {
            open.trouble |= change.from == Status::Fail;
            open.quiet = open.quiet.or(Some(change.at));
        }
    }

    /// What is open is over, if it was not before.
    fn close(&mut self, at: Timestamp) {
        self.closed.extend(self.open.take().map(|mut open| {
            open.quiet = open.quiet.or(Some(at));
            open
        }));
    }

    /// The entries of the pool. Nothing lasts in a pool that passes, or that nobody watches any
    /// more.
    fn end(mut self, pools: &[PoolView]) -> Vec<TimelineEntry<'a>> {
        let view = pools.iter().find(|view| view.name.as_str() == self.pool);
        let mut unwatched = None;
        if let Some(open) = self.open.as_ref().filter(|open| open.quiet.is_none()) {
            let last = open.changes.last().map_or(open.begun, |change| change.at);
            match view {
                None => {
                    unwatched = Some(self.closed.len());
                    self.close(last);
                }
                Some(view) if view.status == Status::Pass => self.close(view.since.max(last)),
                Some(_) => {}
            }
        }
        let groups = self.closed.into_iter().chain(self.open).enumerate();
        groups.filter_map(|(place, group)| group.entry(unwatched == Some(place))).collect()
    }
}

impl<'a> Group<'a> {
    /// A group that begins with this change, which is not in it yet.
    fn of(change: &Transition) -> Self {
        Self::new(change.at, matches!(change.from, Status::Warn | Status::Fail))
    }

    /// A group that begins then, or of which that is known first.
    const fn new(begun: Timestamp, before: bool) -> Self {
        Self { changes: Vec::new(), begun, before, times: 1, trouble: before, quiet: None }
    }

    /// What the group comes to.
    fn entry(self, unwatched: bool) -> Option<TimelineEntry<'a>> {
        let last = *self.changes.last()?;
        let of_origins = || self.changes.iter().copied().filter(|change| change.origin().is_some());
        let of_pool = || self.changes.iter().copied().filter(|change| change.origin().is_none());
        let mut origins = Vec::new();
        let mut ids = Vec::new();
        for change in of_origins().filter(|change| !self.trouble || change.is_of_trouble()) {
            let origin = change.origin().unwrap_or_default();
            if !origins.contains(&origin) {
                origins.push(origin);
                ids.push(change.subject.as_str());
            }
        }
        let pool = last.pool();
        let fell = of_pool().any(|change| change.is_of(Status::Fail));
        let subject = match ids[..] {
            [id] if !fell => id,
            _ => pool,
        };
        if !self.trouble {
            let kind = EntryKind::Start;
            let cause = of_pool().next_back().unwrap_or(last);
            let (worst, begun) = (cause.to, last.at);
            return Some(TimelineEntry { kind, subject, origins, worst, begun, ended: Some(begun), cause });
        }
        let first = self.changes.first().filter(|_| self.before).map(|change| change.from);
        // What is said of one origin is its own; the pool may have served all the same.
        let worst = if ids.len() == 1 && !fell {
            of_origins().map(|change| change.to).chain(first).max()
        } else if fell {
            Some(Status::Fail)
        } else {
            of_pool().map(|change| change.to).max()
        };
        let worst = worst.unwrap_or(Status::Warn);
        let deepest = of_origins().map(|change| change.to).max();
        let cause = of_origins().find(|change| Some(change.to) == deepest);
        let cause = cause.or_else(|| of_pool().next()).unwrap_or(last);
        let kind = EntryKind::Outage { before: self.before, times: self.times, unwatched };
        Some(TimelineEntry { kind, subject, origins, worst, begun: self.begun, ended: self.quiet, cause })
    }
}

impl<'a> TimelineEntry<'a> {
    fn note(change: &'a Transition) -> Self {
        Self {
            kind: EntryKind::Note,
            subject: &change.subject,
            origins: Vec::new(),
            worst: change.to,
            begun: change.at,
            ended: Some(change.at),
            cause: change,
        }
    }
}

#[cfg(test)]
mod tests;
