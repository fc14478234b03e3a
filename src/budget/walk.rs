//! The slots of a configuration, and the periods of its jobs → how often what depends on their
//! order happens in a day: rows that are due, alarms of the Arbiter, objects that are made anew
//! because nothing had work for them.
//!
//! No formula gives these: they hang on which slot lies next to which. So a stretch of the day is
//! walked along the very slots that the engines will use, with every probe answered in the usual
//! time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::load::{Beat, Load};
use super::prices::REST_MS;
use super::{DAY_MS, ROUND_TRIP, USUAL};
use crate::config::Heartbeat;
use crate::defaults::arbiter::ROUNDS;
use crate::defaults::budget::walk::MOST_TICKS;
use crate::defaults::vantage::{KEEP_EVERY, LET_GO_AFTER};
use crate::history::BUCKET;
use crate::schedule::tick_lasts;
use crate::units::{Millis, Timestamp};

/// The walk is of a day at most.
const LONGEST_MS: u64 = DAY_MS;

/// The walk begins at some midnight: slots are what they are at any time.
const BEGIN: u64 = 1_800_000_000_000 / DAY_MS * DAY_MS;

/// The Arbiter looks around at least this often, and cron wakes it this often.
const ROUNDS_MS: u64 = ROUNDS.get();
const CRON_MS: u64 = 60_000;

/// How often in a day.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Walked {
    /// Rows that the Arbiter stores because they are due, without a change.
    pub(super) shard_rows: u64,
    /// Alarms of the Arbiter that ring, and that are set.
    pub(super) rings: u64,
    pub(super) settings: u64,
    /// The Arbiter is made anew.
    pub(super) arbiters: u64,
    /// A vantage is made anew.
    pub(super) vantages: u64,
    /// A slot comes while the probes of the one before it are under way: both report together.
    pub(super) together: u64,
    /// A beat joins the tick of another, which spares its alarm and its report.
    pub(super) joined: u64,
    /// For so many milliseconds vantages are busy with two beats at once.
    pub(super) spared: u64,
    /// Rows of their rings that vantages store.
    pub(super) ring_rows: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Next {
    Tick(usize, usize),
    Beat(usize),
    Cron,
    Read,
}

struct Walker<'a> {
    loads: &'a [Load],
    jobs: &'a [&'a Heartbeat],
    /// When each job fails without a further heartbeat.
    deadlines: Vec<u64>,
    stored: Vec<Option<u64>>,
    /// The bucket of history in which each load ticked last.
    rolled: Vec<u64>,
    /// When the votes of each beat were cast, as the Arbiter knows it, and as its row says it.
    cast: Vec<Vec<u64>>,
    kept: Vec<Vec<u64>>,
    worked: Vec<u64>,
    /// Since when samples of each load are in memory alone.
    unkept: Vec<Option<u64>>,
    /// When each beat is due next.
    due: Vec<Vec<u64>>,
    /// When the votes of each beat expire.
    expires: Vec<Vec<u64>>,
    /// When the shards of each load count as silent.
    silent_from: Vec<u64>,
    alarm: u64,
    arbiter_worked: u64,
    seen: Walked,
}

/// What comes when, the earliest first.
type Queue = BinaryHeap<Reverse<(u64, Next)>>;

/// The first slot of a beat.
fn first(beat: &Beat) -> u64 {
    beat.slots.next(beat.interval, Timestamp::from_millis(BEGIN)).as_millis()
}

/// What comes first of everything.
fn queue(loads: &[Load], jobs: &[&Heartbeat], readers: u64) -> Queue {
    let mut queue = BinaryHeap::new();
    for place in 0..jobs.len() {
        let first = BEGIN.saturating_add(9_000).saturating_add((place as u64).saturating_mul(1_234));
        queue.push(Reverse((first, Next::Beat(place))));
    }
    for (load, beats) in loads.iter().enumerate() {
        for (beat, what) in beats.beats.iter().enumerate() {
            let first = first(what);
            queue.push(Reverse((first, Next::Tick(load, beat))));
        }
    }
    queue.push(Reverse((BEGIN, Next::Cron)));
    for reader in 0..readers.min(100) {
        let first = BEGIN.saturating_add(1_000).saturating_add(reader.saturating_mul(3_333));
        queue.push(Reverse((first, Next::Read)));
    }
    queue
}

/// Walks, with so many readers that refresh so often. Each job reports once in its period.
pub(super) fn walk(loads: &[Load], jobs: &[&Heartbeat], readers: u64, refresh: Millis) -> Walked {
    let mut queue = queue(loads, jobs, readers);
    let mut walker = Walker::new(loads, jobs);
    let (mut ticks, mut now) = (0_u64, BEGIN);
    while let Some(Reverse((at, next))) = queue.pop() {
        if ticks >= MOST_TICKS || at.saturating_sub(BEGIN) >= LONGEST_MS {
            break;
        }
        now = at;
        walker.rings_until(at);
        let again = match next {
            Next::Tick(load, beat) => {
                // It joined an earlier one.
                if walker.due(load, beat) != Some(at) {
                    continue;
                }
                ticks = ticks.saturating_add(1);
                let begun = walker.ticks(load, at);
                queue.extend(begun.into_iter().map(|(beat, again)| Reverse((again, Next::Tick(load, beat)))));
                None
            }
            Next::Beat(place) => {
                ticks = ticks.saturating_add(1);
                walker.beats(place, at)
            }
            Next::Cron => {
                walker.wakes(at);
                Some(at.saturating_add(CRON_MS))
            }
            Next::Read => {
                walker.wakes(at);
                // A reader's copy grows too old a little before somebody asks for it.
                Some(at.saturating_add(refresh.get()).saturating_add(refresh.get() / 200))
            }
        };
        if let Some(again) = again {
            queue.push(Reverse((again, next)));
        }
    }
    walker.seen.scaled(now.saturating_sub(BEGIN).max(1))
}

impl<'a> Walker<'a> {
    /// Nothing has happened yet.
    fn new(loads: &'a [Load], jobs: &'a [&'a Heartbeat]) -> Self {
        let of_each = |at: u64| loads.iter().map(|load| vec![at; load.beats.len()]).collect();
        Self {
            loads,
            jobs,
            deadlines: vec![u64::MAX; jobs.len()],
            stored: vec![None; loads.len()],
            rolled: vec![BEGIN / BUCKET.get(); loads.len()],
            cast: of_each(0),
            kept: of_each(0),
            worked: vec![0; loads.len()],
            unkept: vec![None; loads.len()],
            due: loads.iter().map(|load| load.beats.iter().map(first).collect()).collect(),
            expires: of_each(u64::MAX),
            silent_from: vec![0; loads.len()],
            alarm: BEGIN.saturating_add(ROUNDS_MS),
            arbiter_worked: BEGIN,
            seen: Walked::default(),
        }
    }

    /// When a beat is due next.
    fn due(&self, load: usize, beat: usize) -> Option<u64> {
        self.due.get(load)?.get(beat).copied()
    }

    /// The beats that a tick begins: what is due, and what joins it, as far as the limit allows.
    fn begun(&self, number: usize, at: u64) -> Vec<usize> {
        let (Some(load), Some(due)) = (self.loads.get(number), self.due.get(number)) else {
            return Vec::new();
        };
        let mut near: Vec<(u64, usize)> = due.iter().copied().zip(0..).collect();
        near.sort_unstable();
        let (mut begun, mut origins, mut requests) = (Vec::new(), 0_u64, 0_u64);
        for (slot, index) in near {
            let Some(beat) = load.beats.get(index) else { continue };
            if slot > at.saturating_add(beat.early.get()) {
                continue;
            }
            origins = origins.saturating_add(beat.origins);
            requests = requests.saturating_add(beat.requests);
            let fits = origins <= load.limit.probes as u64 && requests <= load.limit.requests;
            if !fits && !begun.is_empty() {
                break;
            }
            begun.push(index);
        }
        begun
    }

    /// A tick whose report arrives; which beats it began, and when each of them is due next.
    fn ticks(&mut self, number: usize, at: u64) -> Vec<(usize, u64)> {
        let begun = self.begun(number, at);
        let Some(load) = self.loads.get(number) else { return Vec::new() };
        let beats = || begun.iter().filter_map(|index| Some((*index, load.beats.get(*index)?)));
        self.works(number, at, load, &beats().map(|(_, beat)| beat).collect::<Vec<_>>());
        let anew = self.comes(at);
        if let Some(silent_from) = self.silent_from.get_mut(number) {
            *silent_from = at.saturating_add(load.silent_after.get());
        }
        let mut next = Vec::new();
        for (index, beat) in beats() {
            self.votes(number, index, at);
            let after = Timestamp::from_millis(at.saturating_add(beat.settles.get()));
            let again = beat.slots.next(beat.interval, after).as_millis();
            if let Some(due) = self.due.get_mut(number).and_then(|due| due.get_mut(index)) {
                *due = again;
            }
            next.push((index, again));
        }
        self.stores(number, at, load, &begun);
        self.keeps(number, at, load);
        if anew {
            self.sets(at);
        }
        next
    }

    /// A vantage is busy with a tick of these beats.
    fn works(&mut self, number: usize, at: u64, load: &Load, beats: &[&Beat]) {
        let Some(worked) = self.worked.get_mut(number) else { return };
        if *worked > 0 && at.saturating_sub(*worked) > REST_MS {
            self.seen.vantages = self.seen.vantages.saturating_add(load.shards);
        }
        let joined = (beats.len() as u64).saturating_sub(1);
        self.seen.joined = self.seen.joined.saturating_add(joined.saturating_mul(load.shards));
        let apart: u64 = beats.iter().map(|beat| beat.lasts(USUAL)).sum();
        let lasts = match beats {
            [alone] => alone.lasts(USUAL),
            _ => tick_lasts(beats.iter().map(|beat| beat.origins).sum(), USUAL).get(),
        };
        let mut spared = apart.saturating_sub(lasts);
        if at.saturating_add(ROUND_TRIP.get()) < *worked {
            self.seen.together = self.seen.together.saturating_add(load.shards);
            spared = spared.saturating_add(worked.saturating_sub(at));
        }
        self.seen.spared = self.seen.spared.saturating_add(spared.saturating_mul(load.shards));
        *worked = at.saturating_add(lasts).max(*worked);
    }

    /// A tick has ended: its samples are stored, if the object may be let go until the next one, or
    /// the half minute is over (`src/vantage/recorder.rs`).
    fn keeps(&mut self, number: usize, at: u64, load: &Load) {
        let (Some(unkept), Some(due)) = (self.unkept.get_mut(number), self.due.get(number)) else { return };
        let since = *unkept.get_or_insert(at.saturating_add(USUAL.get()));
        let next = due.iter().copied().min().unwrap_or(u64::MAX);
        let shortest = load.beats.iter().map(|beat| beat.interval).min().unwrap_or_default();
        let ended = self.worked.get(number).copied().unwrap_or(at);
        let apart = next / KEEP_EVERY.get() != since / KEEP_EVERY.get();
        let rests = shortest > LET_GO_AFTER && next.saturating_sub(ended) > LET_GO_AFTER.get();
        if apart || rests {
            *unkept = None;
            self.seen.ring_rows = self.seen.ring_rows.saturating_add(load.shards);
        }
    }

    /// The votes of a beat are cast.
    fn votes(&mut self, number: usize, index: usize, at: u64) {
        let beat = self.loads.get(number).and_then(|load| load.beats.get(index));
        let ttl = beat.map_or(0, |beat| beat.vote_ttl.get());
        if let Some(expires) = self.expires.get_mut(number).and_then(|expires| expires.get_mut(index)) {
            *expires = at.saturating_add(ttl);
        }
        if let Some(cast) = self.cast.get_mut(number).and_then(|cast| cast.get_mut(index)) {
            *cast = at;
        }
    }

    /// The Arbiter stores what these beats say, if that is due, or if a bucket of history is over:
    /// the response times that it counts of it go into the same row.
    fn stores(&mut self, number: usize, at: u64, load: &Load, begun: &[usize]) {
        let (Some(stored), Some(cast)) = (self.stored.get_mut(number), self.cast.get(number)) else { return };
        let (Some(kept), Some(rolled)) = (self.kept.get_mut(number), self.rolled.get_mut(number)) else {
            return;
        };
        let hands_on = std::mem::replace(rolled, at / BUCKET.get()) != at / BUCKET.get();
        let is_old = |index: &usize| {
            let spare = load.beats.get(*index).map_or(0, |beat| beat.spare.get());
            kept.get(*index).is_none_or(|kept| kept.saturating_add(spare) < at)
        };
        let third = |stored: u64| at.saturating_sub(stored).saturating_mul(3) >= load.vote_ttl.get();
        if hands_on || begun.iter().any(is_old) || stored.is_none_or(third) {
            *stored = Some(at);
            kept.clone_from(cast);
            self.seen.shard_rows = self.seen.shard_rows.saturating_add(load.shards);
        }
    }

    /// A job reports; when it does so again.
    fn beats(&mut self, place: usize, at: u64) -> Option<u64> {
        let job = self.jobs.get(place)?;
        let deadline = at.saturating_add(job.limit().get());
        if let Some(known) = self.deadlines.get_mut(place) {
            *known = deadline;
        }
        if self.comes(at) || deadline < self.alarm {
            self.sets(at);
        }
        Some(at.saturating_add(job.period.get()))
    }

    /// The Arbiter has work; it sets its alarm anew if it was made anew for it.
    fn wakes(&mut self, at: u64) {
        if self.comes(at) {
            self.sets(at);
        }
    }

    /// Something comes to the Arbiter; whether it was made anew, because it had no work for long.
    fn comes(&mut self, at: u64) -> bool {
        let anew = at.saturating_sub(self.arbiter_worked) > REST_MS;
        if anew {
            self.forgets();
        }
        self.arbiter_worked = at;
        anew
    }

    /// The Arbiter is made anew: of its vantages it knows what was stored, and that they may have
    /// reported since.
    fn forgets(&mut self) {
        self.seen.arbiters = self.seen.arbiters.saturating_add(1);
        self.cast.clone_from(&self.kept);
        for ((load, stored), silent_from) in self.loads.iter().zip(&self.stored).zip(&mut self.silent_from) {
            let unsure = load.silent_after.get().saturating_add(load.vote_ttl.get() / 3);
            *silent_from = stored.unwrap_or(0).saturating_add(unsure);
        }
    }

    fn rings_until(&mut self, at: u64) {
        while self.alarm <= at {
            let now = self.alarm;
            self.seen.rings = self.seen.rings.saturating_add(1);
            self.comes(now);
            self.sets(now);
        }
    }

    fn sets(&mut self, now: u64) {
        let expire =
            self.expires.iter().flatten().chain(&self.deadlines).copied().filter(|at| *at > now).min();
        let silent = self.silent_from.iter().max().map(|at| at.saturating_add(1)).filter(|at| *at > now);
        let round = now.saturating_add(ROUNDS_MS);
        let next = [expire, silent].into_iter().flatten().min().unwrap_or(round);
        self.alarm = next.min(round).max(now.saturating_add(250));
        self.seen.settings = self.seen.settings.saturating_add(1);
    }
}

impl Walked {
    /// In a day, from what it was in `span` milliseconds.
    fn scaled(self, span: u64) -> Self {
        let scaled = |n: u64| {
            let day = u128::from(n).saturating_mul(u128::from(DAY_MS)) / u128::from(span);
            u64::try_from(day).unwrap_or(u64::MAX)
        };
        Self {
            shard_rows: scaled(self.shard_rows),
            rings: scaled(self.rings),
            settings: scaled(self.settings),
            arbiters: scaled(self.arbiters),
            vantages: scaled(self.vantages),
            together: scaled(self.together),
            joined: scaled(self.joined),
            spared: scaled(self.spared),
            ring_rows: scaled(self.ring_rows),
        }
    }
}
