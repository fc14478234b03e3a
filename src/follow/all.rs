//! Who follows all pools: what of a copy is news to it, and where it goes on when it comes back. It
//! never tells a change twice on one stream, and never passes one over without a word.

use std::fmt;

use super::Mark;
use crate::defaults::follow::CATCH_UP;
use crate::defaults::follow::all::LONGEST;
use crate::limits::EVENTS_SHOWN;
use crate::snapshot::{OriginView, PoolView, Snapshot, Transition};
use crate::units::{Fingerprint, Millis, Timestamp};
use crate::verdict::Status;

/// How far a client has heard: the `id` of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The configuration that it is of.
    pub config: Fingerprint,
    /// The verdicts that it has: the sum of the revisions of what it may see, and whether any of
    /// them had lapsed.
    pub mark: Mark,
    /// When the last transition was that it has; before all time if none.
    pub at: Timestamp,
    /// Which one of that moment it was, from 1.
    pub nth: usize,
}

impl Place {
    /// Reads `ae2d684efc194223.17.1764410000000.1`, as it is written.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = Some(text).filter(|text| text.len() <= LONGEST)?.split('.');
        let config = Fingerprint::parse(parts.next()?)?;
        let mark = Mark::parse(parts.next()?)?;
        let mut number = || parts.next().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
        let at = Timestamp::from_millis(number()?.parse().ok()?);
        let nth = number()?.parse().ok()?;
        parts.next().is_none().then_some(Self { config, mark, at, nth })
    }

    fn of(seen: &Snapshot, transitions: &[&Transition], now: Timestamp) -> Self {
        let (at, nth) = place_of(transitions, 0);
        Self { config: seen.config, mark: mark(seen, now), at, nth }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}.{}", self.config, self.mark, self.at.as_millis(), self.nth)
    }
}

/// A copy, whole and as the client may see it.
#[derive(Clone, Copy, Debug)]
pub struct Sight<'a> {
    /// All of it.
    pub whole: &'a Snapshot,
    /// What the client may see of it.
    pub seen: &'a Snapshot,
    /// When the Arbiter handed it out; before all time if it never did.
    pub fetched: Timestamp,
}

/// One event of a stream.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Event<'a> {
    /// Where the client is once it has it.
    pub place: Place,
    /// What it tells.
    pub what: What<'a>,
}

/// What an event tells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum What<'a> {
    /// A verdict became another.
    Transition(&'a Transition),
    /// How a pool stands now.
    Verdict(&'a PoolView),
    /// Something may be missing: how all stands now, and why it is told.
    Reset(Why),
}

/// Why a stream cannot go on where its client was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// More happened since than is remembered, or what was remembered is lost.
    Gap,
    /// Another configuration was deployed.
    OtherConfig,
    /// What is known here is older than what the client has.
    Older,
}

impl Why {
    /// The reason in words.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gap => "more has happened than is remembered here: transitions may be missing",
            Self::OtherConfig => "another configuration is deployed",
            Self::Older => "what is known here is older than what you have",
        }
    }
}

/// What a look came to.
#[derive(Clone, Debug, PartialEq)]
pub enum News<'a> {
    /// The copy is older than what the client has: another one is to be had.
    Behind,
    /// These events; none if nothing is new.
    Events(Vec<Event<'a>>),
}

/// What is known of a pool: its revision, and its status once what has expired is taken out.
type Stand = (u64, Status);

/// One client that follows all pools.
#[derive(Clone, Debug)]
pub struct Listener {
    /// How far it has heard; nothing if it is new.
    place: Option<Place>,
    /// What it was told of each pool, in the order of the configuration; nothing before the first.
    told: Option<Vec<Stand>>,
    began: Timestamp,
    /// Until when a copy that is behind is not taken for what there is.
    behind_until: Timestamp,
}

impl Listener {
    /// A client that has heard so far, where copies may be as old as `limit`.
    #[must_use]
    pub fn new(place: Option<Place>, limit: Millis, now: Timestamp) -> Self {
        Self { place, told: None, began: now, behind_until: now.plus(limit).plus(CATCH_UP) }
    }

    /// What is to be told of a copy. Transitions come first, the oldest of them first; then each
    /// pool whose verdict is another. Only the last event says that its client has all of them.
    pub fn tell<'a>(&mut self, sight: &Sight<'a>, now: Timestamp) -> News<'a> {
        let seen = sight.seen;
        let transitions: Vec<&Transition> =
            seen.events.iter().filter(|event| event.from != event.to).collect();
        let here = Place::of(seen, &transitions, now);
        let stands: Vec<Stand> = seen.pools.iter().map(|pool| (pool.revision, pool.status_at(now))).collect();
        let mut events = match self.place.map(|was| (was, gone_on(&was, sight.whole, &transitions, here))) {
            None => verdicts(seen, Place { mark: NOTHING, ..here }, |_| true),
            Some((_, Err(why))) if why != Why::OtherConfig && self.may_be_behind(sight, now) => {
                return News::Behind;
            }
            Some((_, Err(why))) => vec![Event { place: here, what: What::Reset(why) }],
            Some((was, Ok(new))) => {
                let known = self.told.as_ref();
                let knows_all = known.is_none() && was.mark == here.mark && !here.mark.lapsed;
                let changed = |index: usize| match known {
                    Some(known) => known.get(index) != stands.get(index),
                    None => !knows_all,
                };
                let mut events = happened(&was, &transitions, new);
                events.extend(verdicts(seen, Place { mark: was.mark, ..here }, changed));
                events
            }
        };
        if let Some(last) = events.last_mut() {
            last.place = here;
        }
        (self.place, self.told) = (Some(here), Some(stands));
        News::Events(events)
    }

    /// Whether a copy may be older than what the client has: it was made before the client came.
    fn may_be_behind(&self, sight: &Sight<'_>, now: Timestamp) -> bool {
        self.told.is_none() && sight.fetched < self.began && self.began <= now && now < self.behind_until
    }
}

/// The mark of a client that has not got all verdicts yet.
const NOTHING: Mark = Mark { revision: 0, lapsed: true };

/// How many transitions are new to a client that was there.
fn gone_on(was: &Place, whole: &Snapshot, transitions: &[&Transition], here: Place) -> Result<usize, Why> {
    if was.config != here.config {
        return Err(Why::OtherConfig);
    }
    if here.mark.revision < was.mark.revision {
        return Err(Why::Older);
    }
    // Of the moment at which the list is cut some may be missing.
    let is_cut = whole.events.len() >= EVENTS_SHOWN;
    if is_cut && whole.events.last().is_some_and(|oldest| oldest.at >= was.at) {
        return Err(Why::Gap);
    }
    if was.nth == 0 {
        return if is_cut { Err(Why::Gap) } else { Ok(transitions.len()) };
    }
    let is_there = |index: &usize| place_of(transitions, *index) == (was.at, was.nth);
    (0..transitions.len()).find(is_there).ok_or(Why::Gap)
}

/// The first so many transitions, the oldest of them first.
fn happened<'a>(was: &Place, transitions: &[&'a Transition], new: usize) -> Vec<Event<'a>> {
    let told = transitions.iter().enumerate().take(new).map(|(index, transition)| {
        let (at, nth) = place_of(transitions, index);
        Event { place: Place { at, nth, ..*was }, what: What::Transition(transition) }
    });
    told.rev().collect()
}

/// When a transition was, and which one of that moment it is. They stand the latest first.
fn place_of(transitions: &[&Transition], index: usize) -> (Timestamp, usize) {
    let from = transitions.get(index..).unwrap_or_default();
    let at = from.first().map(|transition| transition.at).unwrap_or_default();
    (at, from.iter().filter(|transition| transition.at == at).count())
}

/// Verdicts of the pools that are wanted, each told to whoever is at `place`.
fn verdicts(seen: &Snapshot, place: Place, wanted: impl Fn(usize) -> bool) -> Vec<Event<'_>> {
    let told = seen.pools.iter().enumerate().filter(|(index, _)| wanted(*index));
    told.map(|(_, pool)| Event { place, what: What::Verdict(pool) }).collect()
}

/// Whether a verdict in it has expired since.
fn any_lapsed(seen: &Snapshot, now: Timestamp) -> bool {
    seen.pools.iter().flat_map(|pool| &pool.origins).any(|origin| has_lapsed(origin, now))
}

fn has_lapsed(origin: &OriginView, now: Timestamp) -> bool {
    origin.status != Status::Unknown && origin.valid_until <= now
}

/// The mark of all pools at `now`.
pub(super) fn mark(snapshot: &Snapshot, now: Timestamp) -> Mark {
    Mark { revision: snapshot.revision(), lapsed: any_lapsed(snapshot, now) }
}

/// When the next verdict in it lapses.
pub(super) fn lapses(snapshot: &Snapshot, now: Timestamp) -> Option<Timestamp> {
    let origins = snapshot.pools.iter().flat_map(|pool| &pool.origins);
    let known = origins.filter(|origin| origin.status != Status::Unknown);
    known.map(|origin| origin.valid_until).filter(|at| *at > now).min()
}

#[cfg(test)]
mod tests;
