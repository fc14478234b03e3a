//! What one isolate holds: a copy of each part that was asked for, when it was last looked for
//! elsewhere, and how many answers came from where.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::{Asked, CACHE_TIMEOUT, FIRST_TIMEOUT, Held, Known, Tier, limit_of};
use crate::snapshot::{OriginView, Part, Snapshot};
use crate::units::{Millis, Name, Timestamp};

/// The copies of one isolate, by part.
#[derive(Debug, Default)]
pub struct Memory {
    slots: BTreeMap<Part, Slot>,
    /// Whether the Arbiter let a request wait in vain, and has answered none since.
    silent: bool,
    counts: [u64; Tier::ALL.len()],
}

#[derive(Debug, Default)]
struct Slot {
    copy: Option<Held>,
    looked: Option<Timestamp>,
    asked: Option<Timestamp>,
    pending: bool,
}

impl Memory {
    /// Nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { slots: BTreeMap::new(), silent: false, counts: [0; Tier::ALL.len()] }
    }

    /// Takes what memory holds of a part into what is known; a copy of the whole is one of every
    /// part. What this request itself found elsewhere is not taken for memory's.
    pub fn look(&self, part: &Part, known: &mut Known) {
        let found = self.held(part).filter(|held| {
            let own = [&known.cache, &known.arbiter, &known.kv];
            !own.into_iter().filter_map(Asked::copy).any(|copy| Rc::ptr_eq(&copy.snapshot, &held.snapshot))
        });
        if let Some(held) = found {
            known.memory = Some(held.clone());
        }
        known.silent = self.silent;
        let slot = self.slots.get(part);
        known.looked = slot.and_then(|slot| slot.looked);
        known.asked = slot.and_then(|slot| slot.asked);
        known.pending = slot.is_some_and(|slot| slot.pending);
    }

    /// The newest copy that has this part.
    pub(super) fn held(&self, part: &Part) -> Option<&Held> {
        let copies =
            [part, &Part::Whole].map(|part| self.slots.get(part).and_then(|slot| slot.copy.as_ref()));
        copies.into_iter().flatten().max_by_key(|copy| copy.snapshot.taken_at)
    }

    /// The newest copy that has this part, if any verdict of the pool in it still holds.
    #[must_use]
    pub fn in_memory(&self, part: &Part, pool: &Name, now: Timestamp) -> Option<Rc<Snapshot>> {
        let held = self.held(part)?;
        let holds = |origin: &OriginView| now < origin.valid_until;
        held.snapshot.pool(pool.as_str())?.origins.iter().any(holds).then(|| Rc::clone(&held.snapshot))
    }

    /// Whether this very copy is the one that is held.
    #[must_use]
    pub fn holds(&self, part: &Part, copy: &Held) -> bool {
        self.held(part).is_some_and(|held| Rc::ptr_eq(&held.snapshot, &copy.snapshot))
    }

    /// Notes that the Cache API is being asked for a part.
    pub fn looking(&mut self, part: &Part, now: Timestamp) {
        self.slot(part).looked = Some(now);
    }

    /// Notes that the Arbiter is being asked for a part.
    pub fn asking(&mut self, part: &Part, now: Timestamp) {
        let slot = self.slot(part);
        slot.asked = Some(now);
        slot.pending = true;
    }

    /// Notes that a request waited so long for the Arbiter, in vain. What it has for one part says
    /// how it is for all. An error is no silence: it keeps nobody waiting.
    pub fn waited(&mut self, timeout: Millis) {
        self.silent |= timeout >= FIRST_TIMEOUT;
    }

    /// Notes what came of it; whether what is held says something else now. The Arbiter's word
    /// takes the place of what was held, even if its clock was set back. It does not if it came
    /// late: if it was asked for before what is held.
    pub fn answered(&mut self, part: &Part, copy: Option<Held>, now: Timestamp) -> bool {
        self.silent &= copy.is_none();
        let held = self.held(part).map(|held| held.fetched).filter(|fetched| *fetched <= now);
        let copy = copy.filter(|copy| held.is_none_or(|held| held <= copy.fetched));
        self.slot(part).pending = false;
        copy.is_some_and(|copy| self.hold(part, copy))
    }

    /// Holds a copy that another layer had, unless a newer one is held; whether what is held says
    /// something else now.
    pub fn found(&mut self, part: &Part, copy: &Held) -> bool {
        let newer = self.held(part).is_none_or(|held| held.snapshot.taken_at < copy.snapshot.taken_at);
        newer && self.hold(part, copy.clone())
    }

    fn hold(&mut self, part: &Part, copy: Held) -> bool {
        let news = self.held(part).is_none_or(|held| !held.snapshot.agrees_with(&copy.snapshot));
        self.slot(part).copy = Some(copy);
        news
    }

    /// Until when what is held may be served without asking anybody: what is rendered from it need
    /// not look again before.
    #[must_use]
    pub fn rests_until(&self, part: &Part, limit: Millis, now: Timestamp) -> Timestamp {
        let (slot, held) = (self.slots.get(part), self.held(part));
        let limit = limit_of(held, limit, now);
        let at = |at: Option<Timestamp>, span: Millis| at.map(|at| at.plus(span));
        let ends = [
            at(held.map(|copy| copy.fetched), limit),
            at(slot.and_then(|slot| slot.asked), limit),
            at(slot.and_then(|slot| slot.looked), CACHE_TIMEOUT),
        ];
        ends.into_iter().flatten().max().unwrap_or_default()
    }

    /// Counts an answer.
    pub fn count(&mut self, layer: Tier) {
        for (known, count) in Tier::ALL.iter().zip(&mut self.counts) {
            *count = count.saturating_add(u64::from(*known == layer));
        }
    }

    /// Answers since the isolate began, by layer. `hits` of memory's were given again without
    /// having been counted.
    pub fn counts(&self, hits: u64) -> impl Iterator<Item = (Tier, u64)> {
        let again = move |layer| if layer == Tier::Memory { hits } else { 0 };
        let counts = Tier::ALL.into_iter().zip(self.counts);
        counts.map(move |(layer, count)| (layer, count.saturating_add(again(layer))))
    }

    /// Parts are bounded by the configuration: unknown pools never come this far.
    fn slot(&mut self, part: &Part) -> &mut Slot {
        self.slots.entry(part.clone()).or_default()
    }
}
