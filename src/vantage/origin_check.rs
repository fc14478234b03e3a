//! One origin at one vantage: when it is probed next, and what of it the Arbiter has not been told
//! yet.

use super::busy::Rest;
use super::connect::{Connects, Weight, not_alone};
use super::stored::StoredTally;
use crate::config::Origin;
use crate::defaults::vantage::{GRACE, ORIGIN_LOST_AFTER};
use crate::sample::{Evidence, Sample};
use crate::schedule::Slots;
use crate::units::{Fingerprint, Millis, Timestamp};
use crate::vote::{Opinion, Seen, Tally, Vote};

/// Everything about one origin at this vantage.
#[derive(Clone, Debug)]
pub(super) struct OriginCheck {
    pub(super) origin: Origin,
    /// Where its place in a tick comes from.
    pub(super) place: Fingerprint,
    slots: Slots,
    pub(super) tally: Tally,
    pub(super) connects: Connects,
    started: Option<Timestamp>,
    /// `started` only says which slot is next: when the latest probe was sent is not remembered,
    /// but that was a while ago.
    resumed: bool,
    pub(super) waiting: bool,
    /// The ticket of the probe under way.
    pub(super) under_way: Option<u64>,
    pub(super) fresh: Option<Fresh>,
    /// Why the latest probe proved nothing, if it did not.
    pub(super) blind: Option<String>,
    pub(super) withheld: Option<Withheld>,
    /// So many probes are to be fast ones, for somebody saw the origin do otherwise. It is
    /// forgotten with the object.
    doubted: u32,
    /// The first of them waits for no slot.
    at_once: bool,
}

/// What there is room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Room {
    /// Fast probes.
    pub(super) fast: bool,
    /// What is to slow down.
    pub(super) rest: Rest,
}

impl Room {
    /// For everything.
    pub(super) const ENOUGH: Self = Self { fast: true, rest: Rest::None };
}

/// Evidence that the Arbiter has not taken yet.
#[derive(Clone, Debug)]
pub(super) struct Fresh {
    /// How old it was when it was last looked at.
    aged: Millis,
    /// When that was. A clock that steps back takes away no more than the time since.
    looked: Timestamp,
    seen: Seen,
    /// The number of the report that carries it.
    pub(super) sent_as: Option<u64>,
}

/// Failures that do not count before the vantage knows that the fault is not its own.
#[derive(Clone, Debug)]
pub(super) struct Withheld {
    /// So many of them.
    pub(super) failures: u32,
    /// The latest one.
    pub(super) sample: Sample,
}

impl OriginCheck {
    /// An origin with what was stored of it; it opens connections of its own every so often.
    pub(super) fn new(
        origin: &Origin,
        slots: Slots,
        every: Option<Millis>,
        stored: Option<StoredTally>,
    ) -> Self {
        let place = Fingerprint::of(&origin.id.to_string());
        let known = stored.filter(|stored| stored.definition == origin.definition);
        let (tally, connect) = known.map(|known| (known.tally, known.connect)).unwrap_or_default();
        Self {
            origin: origin.clone(),
            place,
            slots,
            tally,
            connects: Connects::new(every, place, connect),
            started: None,
            resumed: false,
            waiting: false,
            under_way: None,
            fresh: None,
            blind: None,
            withheld: None,
            doubted: 0,
            at_once: false,
        }
    }

    /// Whether the vote says so.
    pub(super) fn fails(&self) -> bool {
        self.tally.opinion == Opinion::Fail
    }

    /// The time between two probes: as long as in the settled state where there is no room for a
    /// shorter one, and longer where the shard is to rest.
    pub(super) fn interval(&self, room: Room) -> Millis {
        let pace = &self.origin.pace;
        let settled = self.tally.interval(pace);
        let interval = if self.doubted > 0 { settled.min(pace.fast_interval) } else { settled };
        let interval = if room.fast { interval } else { interval.max(pace.interval) };
        let rests = match room.rest {
            Rest::None => false,
            Rest::Failing => self.fails(),
            Rest::All => true,
        };
        if rests { interval.max(pace.rest_interval.unwrap_or_default()) } else { interval }
    }

    /// Looks at it more closely: at once, and as often in short order as it takes to make up one's
    /// mind.
    pub(super) fn doubt(&mut self) {
        let need = self.origin.thresholds;
        self.doubted = need.fall.max(need.rise);
        self.at_once = true;
    }

    /// Whether the next probe comes sooner than in the settled state.
    pub(super) fn is_fast(&self) -> bool {
        self.interval(Room::ENOUGH) < self.origin.pace.interval
    }

    /// When the next probe is due: the first slot at least half a fast interval after the last
    /// start. So a change of pace makes no two probes fall together. Nor does it leave out a slot
    /// of the usual pace, which would look like silence. One that is wanted at once waits for no
    /// slot, and those that follow it for none that is more than an interval away.
    pub(super) fn due(&self, room: Room, now: Timestamp) -> Timestamp {
        let interval = self.interval(room);
        let Some(started) = self.started else { return now };
        let settled = started.plus(self.settles(room));
        // Neither a late probe nor what waits for its turn is joined by a second probe; the next
        // slot is one that is yet to come.
        if self.is_busy() {
            return self.slots.next(interval, settled.max(now));
        }
        if self.at_once && room.fast {
            return if self.resumed { now } else { settled.max(now) };
        }
        let slot = self.slots.next(interval, settled);
        // The next slot may lie one and a half intervals away.
        if self.doubted > 0 && room.fast { slot.min(started.plus(interval)) } else { slot }
    }

    /// How long after a probe another one may begin at the earliest.
    fn settles(&self, room: Room) -> Millis {
        Millis::new(self.interval(room).min(self.origin.pace.fast_interval).get() / 2)
    }

    /// Whether it begins with a tick at `now`: its slot has come, or is so near that it may join.
    /// It never joins so early that the slot is probed, too, nor so soon that it was just probed.
    /// At the usual pace it is no earlier than the jitter may be.
    pub(super) fn begins(&self, slot: Timestamp, room: Room, now: Timestamp) -> bool {
        let settles = self.settles(room);
        let early =
            if self.is_fast() { settles } else { settles.min(Millis::new(self.interval(room).get() / 10)) };
        let rested = self.started.is_none_or(|started| now >= started.plus(settles));
        !self.is_busy() && (slot <= now || rested && slot <= now.plus(early))
    }

    /// Whether a probe is under way or waits for its turn.
    pub(super) const fn is_busy(&self) -> bool {
        self.under_way.is_some() || self.waiting
    }

    /// Queues the probe whose slot is due.
    pub(super) const fn wait(&mut self, now: Timestamp) {
        self.started = Some(now);
        self.resumed = false;
        self.waiting = true;
    }

    /// Starts the probe that waited for its turn; how long it did.
    pub(super) fn start(&mut self, ticket: u64, now: Timestamp) -> Millis {
        let waited = self.started.map_or(Millis::ZERO, |queued| now.since(queued));
        self.started = Some(now);
        self.waiting = false;
        self.doubted = self.doubted.saturating_sub(1);
        self.at_once = false;
        self.under_way = Some(ticket);
        waited
    }

    /// A start in the future means that the clock stepped back. The slot of a probe that never came
    /// back, although its deadline is long past, is freed: it is no evidence.
    pub(super) fn expire(&mut self, now: Timestamp) {
        if let Some(fresh) = &mut self.fresh {
            fresh.aged = fresh.aged.plus(now.since(fresh.looked));
            fresh.looked = now;
        }
        self.started = self.started.map(|started| started.min(now));
        let limit = self.origin.pace.timeout.plus(ORIGIN_LOST_AFTER);
        if self.started.is_none_or(|started| now.since(started) > limit) {
            self.under_way = None;
        }
    }

    /// When the latest probe was sent.
    pub(super) fn sent(&self) -> Timestamp {
        self.started.unwrap_or_default()
    }

    /// Whether it has been probed in this life of the object.
    pub(super) const fn has_begun(&self) -> bool {
        self.started.is_some()
    }

    /// Counts a sample; whether that changed the opinion.
    pub(super) fn fold(&mut self, sample: &Sample, evidence: &Evidence, now: Timestamp) -> bool {
        let changed = self.count(evidence, now);
        match (evidence, Seen::of(sample, evidence)) {
            (Evidence::None(why), _) => self.blind = Some(why.clone()),
            (_, Some(seen)) => {
                self.blind = None;
                self.fresh = Some(Fresh { aged: Millis::ZERO, looked: now, seen, sent_as: None });
            }
            (_, None) => {}
        }
        changed
    }

    /// Counts it in the tally.
    fn count(&mut self, evidence: &Evidence, now: Timestamp) -> bool {
        let need = self.origin.thresholds;
        match self.connects.weight(evidence) {
            Weight::Usual => self.tally.fold(evidence, need, now),
            Weight::NotAlone => self.tally.fold(evidence, not_alone(need), now),
            Weight::Decides => (0..need.fall).any(|_| self.tally.fold(evidence, need, now)),
        }
    }

    /// Whether the probe that starts now opens a connection of its own.
    pub(super) fn connects(&mut self, now: Timestamp) -> bool {
        self.connects.starts(self.origin.pace.interval, now)
    }

    /// What the Arbiter has not taken yet, as a vote in the report `seq`.
    pub(super) fn vote(&mut self, seq: u64, now: Timestamp) -> Option<Vote> {
        let fresh = self.fresh.as_mut()?;
        fresh.sent_as = Some(seq);
        Some(Vote {
            origin: self.origin.id.clone(),
            definition: self.origin.definition,
            opinion: self.tally.opinion,
            held: self.tally.since.map_or(Millis::ZERO, |since| now.since(since)),
            age: fresh.aged.plus(now.since(fresh.looked)),
            run: self.tally.run(),
            seen: fresh.seen.clone(),
        })
    }

    /// Decides, for an object that came to life without memory, whether the latest slot is still to
    /// be probed. An origin in doubt is probed at once, if there is room for it or nothing is known
    /// of it yet.
    pub(super) fn resume(&mut self, room: Room, now: Timestamp) {
        if self.tally.in_doubt() && (room.fast || self.tally.run() == 0) {
            return;
        }
        let interval = self.interval(room);
        let grace = Millis::new((interval.get() / 4).min(GRACE.get()));
        let next = self.slots.next(interval, now.minus(grace));
        // Half an interval before the slot that may still be probed (or the next one), `due` finds
        // exactly that slot.
        let jitter = Millis::new(interval.get() / 10);
        self.started = Some(next.minus(Millis::new(interval.get() / 2)).minus(jitter));
        self.resumed = true;
    }
}
