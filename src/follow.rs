//! Who follows a signal: for how long a request waits, what is news to it, and when it is to look
//! again.
//!
//! A [`Follower`] is one client that waits for the next signal of a pool. The edge asks it what to
//! do ([`Follower::next`]) and tells it what it saw and heard. A line to the Arbiter only wakes it:
//! what it is told is a revision, and what it answers is read as any other reader does. So a line
//! that is cut, or never opened, makes a follower slower and never wrong.

mod all;
mod permits;

use std::fmt;

use crate::defaults::follow::{LOOK, QUICK, STREAM};
use crate::reader::Least;
use crate::snapshot::{Followed, PoolView, Snapshot};
use crate::units::{Millis, Timestamp};
use crate::verdict::Status;

pub use crate::defaults::follow::{KEEP_ALIVE, LINES, RETRY_AFTER, TIMEOUT, WAIT};

pub use all::{Event, Listener, News, Place, Sight, What, Why};
pub use permits::FollowerLimit;

/// What is sent along a line as a sign of life, and what comes back without waking the Arbiter.
pub const PING: (&str, &str) = ("ping", "pong");

/// Where no time is to come.
const NEVER: Timestamp = Timestamp::from_millis(u64::MAX);

/// Whether followers have lines to the Arbiter, where copies may be as old as `limit`.
#[must_use]
pub const fn has_lines(limit: Millis) -> bool {
    limit.get() <= QUICK.get()
}

/// How many may follow at once in one isolate, whose memory they share.
#[must_use]
pub const fn most(limit: Millis) -> usize {
    if has_lines(limit) { 250 } else { 100 }
}

/// How long a stream lasts before its client is to connect again, so that the isolates of an old
/// deployment empty. Where requests are counted it is the longest wait: one request has 10 ms of
/// CPU, and each look for a fresher copy takes one of them.
#[must_use]
pub const fn stream_length(limit: Millis) -> Millis {
    if has_lines(limit) { STREAM } else { WAIT.1 }
}

/// Which signal it is: what its `ETag`, `Vedette-Revision` and the `id` of its event say. One that
/// has lapsed is another, although no revision says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The pool's revision.
    pub revision: u64,
    /// Whether the evidence for the chosen origin has expired since.
    pub lapsed: bool,
}

/// What a mark of a lapsed signal ends with.
const LAPSED: &str = "-lapsed";

impl Mark {
    /// Reads `3` or `3-lapsed`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (number, lapsed) = text.strip_suffix(LAPSED).map_or((text, false), |number| (number, true));
        let plain = number.bytes().all(|byte| byte.is_ascii_digit());
        let revision = number.parse().ok().filter(|_| plain)?;
        Some(Self { revision, lapsed })
    }

    /// The mark of a pool's signal at `now`.
    #[must_use]
    pub fn of(pool: &PoolView, now: Timestamp) -> Self {
        Self { revision: pool.revision, lapsed: lapses(pool).is_some_and(|at| at <= now) }
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.revision, if self.lapsed { LAPSED } else { "" })
    }
}

/// When a pool's signal lapses; never where it names nowhere, or is unknown already.
fn lapses(pool: &PoolView) -> Option<Timestamp> {
    let chosen = pool.chosen.as_ref().and_then(|name| pool.origin(name.as_str()))?;
    (chosen.status != Status::Unknown).then_some(chosen.valid_until)
}

/// What a request waits for: `?wait=30s&revision=3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// For how long.
    pub length: Millis,
    /// The signal that the client knows.
    pub known: Mark,
}

/// What a copy says of what is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Which signal it has.
    pub mark: Mark,
    /// When that one lapses.
    pub lapses: Option<Timestamp>,
    /// When the Arbiter handed it out; before all time if it never did.
    pub fetched: Timestamp,
}

impl Reading {
    /// What is seen in a copy at `now`.
    #[must_use]
    pub fn of(snapshot: &Snapshot, followed: &Followed, fetched: Timestamp, now: Timestamp) -> Self {
        let Followed::One(name) = followed else {
            return Self { mark: all::mark(snapshot, now), lapses: all::lapses(snapshot, now), fetched };
        };
        let pool = snapshot.pool(name.as_str());
        let mark = pool.map_or(Mark { revision: 0, lapsed: false }, |pool| Mark::of(pool, now));
        Self { mark, lapses: pool.and_then(lapses).filter(|at| *at > now), fetched }
    }
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Look at the signal, and say what is [`seen`](Follower::seen).
    Look,
    /// Open a line, and say whether it is open.
    Open,
    /// Give a sign of life.
    Beat,
    /// Wait for a word along the line, until this time.
    Rest(Timestamp),
    /// Its time is over.
    Over,
}

/// How a follower hears of changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    /// It has not been opened.
    Unopened,
    /// It is open; whether anything came along it since the last sign of life.
    Open { heard: bool },
    /// There is none.
    None,
}

/// One client that waits for the next signal of a pool.
#[derive(Clone, Debug)]
pub struct Follower {
    known: Option<Mark>,
    began: Timestamp,
    until: Timestamp,
    look: Timestamp,
    /// When it looked last, and how long after that a word makes it look again.
    looked: Timestamp,
    apart: Millis,
    beat: Timestamp,
    limit: Millis,
    least: Least,
    /// Whether what it saw is behind what only its client claims.
    claims: bool,
    line: Line,
    /// Whether it ends with its line: the client of a stream connects again.
    streams: bool,
}

impl Follower {
    /// A request that waits, where copies may be as old as `limit`.
    #[must_use]
    pub fn waiting(wait: Wait, limit: Millis, now: Timestamp) -> Self {
        Self::new(Some(wait.known), wait.length, limit, now)
    }

    /// A stream to a client that knows this signal already.
    #[must_use]
    pub fn streaming(known: Option<Mark>, limit: Millis, now: Timestamp) -> Self {
        Self { streams: true, ..Self::new(known, stream_length(limit), limit, now) }
    }

    /// A stream to a client of all pools. Some pool may be revised all the time, and each look is
    /// at all of them: two of its looks are as far apart as those of any reader.
    #[must_use]
    pub fn streaming_all(limit: Millis, now: Timestamp) -> Self {
        Self { apart: limit, ..Self::streaming(None, limit, now) }
    }

    fn new(known: Option<Mark>, length: Millis, limit: Millis, now: Timestamp) -> Self {
        Self {
            known,
            began: now,
            until: now.plus(length),
            look: now,
            looked: Timestamp::default(),
            apart: Millis::ZERO,
            beat: now.plus(KEEP_ALIVE),
            limit,
            // A copy that is behind what the client knows says nothing, unless the Arbiter itself
            // does.
            least: Least { revision: known.map_or(0, |known| known.revision), since: now, claimed: true },
            claims: false,
            line: if has_lines(limit) { Line::Unopened } else { Line::None },
            streams: false,
        }
    }

    /// The copy that it takes for no older than what it knows.
    #[must_use]
    pub const fn least(&self) -> Least {
        self.least
    }

    /// When it ends.
    #[must_use]
    pub const fn until(&self) -> Timestamp {
        self.until
    }

    /// What to do at `now`.
    pub fn next(&mut self, now: Timestamp) -> Next {
        // A clock that stepped back must not make it wait for longer.
        let over = now >= self.until || now < self.began;
        // A stream that finds no line is to be declined before it begins.
        if self.line == Line::Unopened && self.streams && !over {
            return Next::Open;
        }
        if now >= self.look {
            return Next::Look;
        }
        if over {
            return Next::Over;
        }
        // A claim is looked into with the next refresh, which is no question of its own as a line
        // would be.
        if self.line == Line::Unopened && !self.claims {
            return Next::Open;
        }
        if now >= self.beat {
            self.beat = now.plus(KEEP_ALIVE);
            match &mut self.line {
                Line::Open { heard: true } => self.line = Line::Open { heard: false },
                Line::Open { heard: false } => self.lost(now),
                Line::Unopened | Line::None => {}
            }
            return Next::Beat;
        }
        Next::Rest(self.look.min(self.beat).min(self.until))
    }

    /// It looked; whether what it saw is news.
    pub fn seen(&mut self, reading: &Reading, now: Timestamp) -> bool {
        self.looked = now;
        let known = self.known == Some(reading.mark);
        // Who did not say that it knows of the lapse is told, but not in a loop.
        let lapse =
            self.known.is_some_and(|known| known.revision == reading.mark.revision) && reading.mark.lapsed;
        // What the client knows does not hold any more, whatever newer was told that nobody hands
        // out.
        let behind =
            !lapse && reading.mark.revision < self.least.revision && reading.fetched < self.least.since;
        let early = lapse && now < self.began.plus(LOOK);
        if !(behind || known || early) {
            self.known = Some(reading.mark);
        }
        self.claims = behind && self.least.claimed;
        let hears = matches!(self.line, Line::Unopened | Line::Open { .. });
        let refreshed = reading.fetched.plus(self.limit);
        self.look = if self.claims && refreshed > now {
            refreshed
        } else if hears && !behind && !reading.mark.lapsed {
            reading.lapses.unwrap_or(NEVER)
        } else {
            refreshed.max(now.plus(LOOK))
        };
        !(behind || known || early)
    }

    /// The line is open.
    pub fn opened(&mut self) {
        self.line = Line::Open { heard: true };
    }

    /// No line could be opened: it looks by itself.
    pub fn unopened(&mut self, now: Timestamp) {
        self.line = Line::None;
        self.look = self.look.min(now.plus(LOOK));
    }

    /// The line was cut. A stream ends, for its client to connect again; a request that waits looks
    /// by itself.
    pub fn lost(&mut self, now: Timestamp) {
        self.unopened(now);
        self.look = now;
        if self.streams {
            self.until = self.until.min(now);
        }
    }

    /// What it saw is older than what its client has: it looks again with the next refresh.
    pub fn looks_again(&mut self, fetched: Timestamp, now: Timestamp) {
        self.look = fetched.plus(self.limit).max(now.plus(LOOK));
    }

    /// A word came along the line: the revision of what is followed, or a sign of life.
    pub fn told(&mut self, word: &str, now: Timestamp) {
        if self.line != Line::None {
            self.line = Line::Open { heard: true };
        }
        let Some(Mark { revision, .. }) = Mark::parse(word) else { return };
        if self.known.is_none_or(|known| known.revision != revision) {
            self.least = Least { revision, since: now, claimed: false };
            self.look = self.look.min(now.max(self.looked.plus(self.apart)));
        }
    }
}

#[cfg(test)]
mod tests;
