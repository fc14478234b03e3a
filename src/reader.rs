//! Which copy of a snapshot answers a request. It is that of this isolate's memory, the Cache API
//! of the data centre, the Arbiter, or KV, in this order. Each is asked only when the nearer ones
//! do not do.
//!
//! [`next`] is the whole decision; the edge asks whom it names and comes back with what was found.
//! An old copy is served where the Arbiter does not answer, never as if it were fresh: every
//! verdict in it expires by itself.

mod memory;
mod recall;

use std::rc::Rc;

use crate::config::{Config, Plan};
use crate::defaults::reader::{DOUBT, GLANCE, RETRY};
use crate::limits::{COPY_AGE, copy_age_in_doubt};
use crate::snapshot::{Followed, Part, Snapshot};
use crate::units::{Millis, Name, Timestamp};

pub use crate::defaults::reader::{CACHE_TIMEOUT, FIRST_TIMEOUT, KV_TIMEOUT, SILENT_TIMEOUT, TIMEOUT};

pub use memory::Memory;
pub use recall::{Recall, Recalled};

/// A layer that answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tier {
    /// This isolate's memory.
    Memory,
    /// The Cache API: a copy that an isolate of the same data centre left there.
    Cache,
    /// The Arbiter, asked for this request.
    Arbiter,
    /// KV: the last known good.
    Kv,
    /// Nowhere: nothing is known.
    Nothing,
}

impl Tier {
    /// Every layer, in the order in which they are asked.
    pub const ALL: [Self; 5] = [Self::Memory, Self::Cache, Self::Arbiter, Self::Kv, Self::Nothing];

    /// The layer as `Cache-Status` and `/readyz` write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Cache => "cache",
            Self::Arbiter => "arbiter",
            Self::Kv => "kv",
            Self::Nothing => "nothing",
        }
    }
}

/// A copy of a snapshot.
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    /// The snapshot.
    pub snapshot: Rc<Snapshot>,
    /// When the Arbiter handed it out, by the clock of whoever asked it.
    pub fetched: Timestamp,
}

impl Held {
    /// Its age. A copy from the future (a clock stepped back) has none, and is not fresh.
    fn age(&self, now: Timestamp) -> Option<Millis> {
        (self.fetched <= now).then(|| now.since(self.fetched))
    }

    fn is_fresh(&self, limit: Millis, now: Timestamp) -> bool {
        self.age(now).is_some_and(|age| age < limit)
    }

    /// Whether nothing in it holds any more.
    fn has_expired(&self, now: Timestamp) -> bool {
        let mut origins = self.snapshot.pools.iter().flat_map(|pool| &pool.origins);
        !origins.any(|origin| now < origin.valid_until)
    }
}

/// What asking one layer came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Asked {
    /// It was not asked.
    #[default]
    NotYet,
    /// It has no copy, or did not answer in time.
    InVain,
    /// It has this.
    Found(Held),
}

impl Asked {
    const fn copy(&self) -> Option<&Held> {
        match self {
            Self::Found(copy) => Some(copy),
            Self::NotYet | Self::InVain => None,
        }
    }
}

/// What a copy must have at least, so that it is not behind what a follower knows: a revision of
/// what it follows, or be fetched since. A revision only ever rises, unless what the Arbiter stored
/// is lost; then its own word counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Least {
    /// The revision of what is followed.
    pub revision: u64,
    /// Since when the follower knows of it.
    pub since: Timestamp,
    /// Whether only the client says so: anybody can claim any revision.
    pub claimed: bool,
}

/// What is known while a request is answered.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The copy in memory.
    pub memory: Option<Held>,
    /// When this request came.
    pub since: Timestamp,
    /// When a request of this isolate last asked the Cache API for this part.
    pub looked: Option<Timestamp>,
    /// When a request of this isolate last asked the Arbiter for this part.
    pub asked: Option<Timestamp>,
    /// Whether that one has not been answered yet.
    pub pending: bool,
    /// Whether the Arbiter let a request of this isolate wait in vain, and has answered none since.
    pub silent: bool,
    /// What the Cache API said.
    pub cache: Asked,
    /// What the Arbiter said.
    pub arbiter: Asked,
    /// What KV said.
    pub kv: Asked,
    /// What a follower knows already.
    pub least: Option<(Followed, Least)>,
}

impl Known {
    /// Whether a copy is behind what is known.
    fn is_behind(&self, copy: &Held) -> bool {
        self.least.as_ref().is_some_and(|(followed, least)| {
            let revision = followed.revision(&copy.snapshot);
            copy.fetched < least.since && revision.is_some_and(|revision| revision < least.revision)
        })
    }
}

/// What to do next.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Ask the Cache API.
    AskCache,
    /// Ask the Arbiter and wait so long.
    AskArbiter(Millis),
    /// Ask KV.
    AskKv,
    /// Another request is asking the Arbiter: look into memory again after so long. (A promise of
    /// one request must not be awaited in another.)
    LookAgain(Millis),
    /// Answer.
    Serve(Served),
}

/// A copy that answers, and how it was come by.
#[derive(Clone, Debug, PartialEq)]
pub struct Served {
    /// The copy; none if nothing is known.
    pub copy: Option<Held>,
    /// Where it comes from.
    pub source: Source,
}

/// Where an answer comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    /// The layer.
    pub layer: Tier,
    /// How old its copy is.
    pub age: Millis,
    /// How old it might be before it is to be refreshed.
    pub limit: Millis,
    /// Whether the Arbiter was asked and did not answer.
    pub silent: bool,
    /// Whether it takes the place of an older copy that was at hand.
    pub replaced: bool,
}

/// The part of the snapshot that answers a request that needs `wanted`. On the free plan it is
/// always the whole: one refresh in ten seconds serves every pool, and its origins are few.
#[must_use]
pub fn part(wanted: Part, config: &Config, local: bool) -> Part {
    if is_counted(config, local) { Part::Whole } else { wanted }
}

/// The part that a request for one pool needs.
#[must_use]
pub fn part_of_pool(pool: &Name, config: &Config, local: bool) -> Part {
    part(Part::Pool(pool.clone()), config, local)
}

/// Whether the requests of a day are counted.
fn is_counted(config: &Config, local: bool) -> bool {
    config.plan == Plan::Free && !local
}

/// The limit for a copy. The doubt of an old one says nothing: an Arbiter that does not answer is
/// not asked the more often for it.
fn limit_of(copy: Option<&Held>, limit: Millis, now: Timestamp) -> Millis {
    let doubtful = copy.is_some_and(|copy| copy.is_fresh(DOUBT, now) && copy.snapshot.in_doubt());
    if doubtful { copy_age_in_doubt(limit) } else { limit }
}

/// The next step towards an answer.
#[must_use]
pub fn next(known: &Known, limit: Millis, now: Timestamp) -> Step {
    let copies = [(Tier::Cache, known.cache.copy()), (Tier::Memory, known.memory.as_ref())];
    let limit = limit_of(newest(copies).map(|(_, copy)| copy), limit, now);
    let asked_within = |span: Millis| within(known.asked, span, now);
    let held = newest(copies);
    let serve = |layer, copy: &Held, silent| {
        let replaced = layer == Tier::Arbiter && held.is_some();
        let source = Source { layer, age: now.since(copy.fetched), limit, silent, replaced };
        Step::Serve(Served { copy: Some(copy.clone()), source })
    };
    if let Asked::Found(copy) = &known.arbiter {
        return serve(Tier::Arbiter, copy, false);
    }
    let untouched = known.arbiter == Asked::NotYet;
    if let Some((_, copy)) = held
        && let Some(step) = catch_up(known, copy, limit, now)
    {
        return step;
    }
    match &known.cache {
        Asked::Found(copy) if untouched && copy.is_fresh(limit, now) => {
            return serve(Tier::Cache, copy, false);
        }
        Asked::NotYet | Asked::Found(_) | Asked::InVain => {}
    }
    if let Some(memory) = &known.memory {
        if memory.is_fresh(limit, now) {
            return serve(Tier::Memory, memory, false);
        }
        // Someone asked lately: one request in `limit` is enough, and none waits for another's.
        if untouched && asked_within(limit) {
            let awaited = known.pending && asked_within(TIMEOUT);
            return serve(Tier::Memory, memory, !awaited);
        }
        if known.cache == Asked::NotYet && within(known.looked, CACHE_TIMEOUT, now) {
            return serve(Tier::Memory, memory, false);
        }
    }
    if known.cache == Asked::NotYet {
        return Step::AskCache;
    }
    if known.arbiter == Asked::NotYet
        && let Some(step) = ask_arbiter(known, held.is_some(), limit, now)
    {
        return step;
    }
    if known.kv == Asked::NotYet && held.is_none_or(|(_, copy)| copy.has_expired(now)) {
        return Step::AskKv;
    }
    let kv = (Tier::Kv, known.kv.copy());
    let held = held.map_or((Tier::Nothing, None), |(layer, copy)| (layer, Some(copy)));
    if let Some((layer, copy)) = newest([kv, held]) {
        return serve(layer, copy, true);
    }
    let source = Source { layer: Tier::Nothing, age: Millis::ZERO, limit, silent: true, replaced: false };
    Step::Serve(Served { copy: None, source })
}

/// Whether something was at a time in the last `span`.
fn within(at: Option<Timestamp>, span: Millis, now: Timestamp) -> bool {
    at.is_some_and(|at| at <= now && now.since(at) < span)
}

/// Whoever was told of something newer than the copy at hand asks for it at once, where requests
/// are not counted; of many who were told at the same time one asks.
fn catch_up(known: &Known, copy: &Held, limit: Millis, now: Timestamp) -> Option<Step> {
    if limit > COPY_AGE || known.arbiter != Asked::NotYet || !known.is_behind(copy) {
        return None;
    }
    // What a client claims is looked into no oftener than a copy is refreshed, however many claim
    // it.
    let claimed = known.least.as_ref().is_some_and(|(_, least)| least.claimed);
    let asked_since = known.asked.is_some_and(|at| known.since <= at && at <= now);
    if !(asked_since || claimed && within(known.asked, limit, now)) {
        return Some(Step::AskArbiter(TIMEOUT));
    }
    (known.pending && within(known.asked, TIMEOUT, now)).then_some(Step::LookAgain(GLANCE))
}

/// Asks the Arbiter, or waits for another request that does; nothing if it was asked lately.
/// Whoever has a copy is less patient, and so is whoever knows that it is silent: of those one at a
/// time asks, and none waits for another.
fn ask_arbiter(known: &Known, has_copy: bool, limit: Millis, now: Timestamp) -> Option<Step> {
    let asked_within = |span: Millis| within(known.asked, span, now);
    if has_copy {
        return (!asked_within(limit)).then_some(Step::AskArbiter(TIMEOUT));
    }
    if known.silent {
        return (!asked_within(RETRY)).then_some(Step::AskArbiter(SILENT_TIMEOUT));
    }
    let patient = known.since <= now && now.since(known.since) < FIRST_TIMEOUT;
    if known.pending && asked_within(FIRST_TIMEOUT) && patient {
        return Some(Step::LookAgain(GLANCE));
    }
    (!asked_within(RETRY)).then_some(Step::AskArbiter(FIRST_TIMEOUT))
}

/// The copy that the Arbiter made last; of two of one moment the latter.
fn newest<const N: usize>(copies: [(Tier, Option<&Held>); N]) -> Option<(Tier, &Held)> {
    let copies = copies.into_iter().filter_map(|(layer, copy)| copy.map(|copy| (layer, copy)));
    copies.max_by_key(|(_, copy)| copy.snapshot.taken_at)
}

#[cfg(test)]
mod tests;
