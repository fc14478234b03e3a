//! The read path: asks the layers that the core names, and holds what they say. Promises of one
//! request are never awaited in another; what one brings, the others find in memory.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use futures_util::future::{Either, join, select};
use js_sys::Object;
use worker::Env;

use super::call::Call;
use super::caught;
use super::respond::{Kept, Reply};
use super::{bound, clock, deployed, layers, log, recorded};
use crate::config::Config;
use crate::limits;
use crate::proxy::{self, Seen};
use crate::reader::{self, Asked, Held, Known, Least, Memory, Served, Source, Step, Tier};
use crate::serve::{self, Ask, Basis, View};
use crate::snapshot::{Followed, Part, Snapshot};
use crate::units::{Millis, Name, Timestamp};

thread_local! {
    static MEMORY: RefCell<Memory> = const { RefCell::new(Memory::new()) };
    /// For each part, the object that tells `entry.mjs` until when what is rendered from it may be
    /// given again. Shared by all that was rendered from one state of it, so that a change of
    /// verdict ends them all at once.
    static LEASES: RefCell<BTreeMap<Part, Object>> = const { RefCell::new(BTreeMap::new()) };
    /// For each part, what the public sees of its latest copy.
    static PUBLIC: RefCell<BTreeMap<Part, Public>> = const { RefCell::new(BTreeMap::new()) };
}

/// What the public sees of a copy. It holds the copy, so that no other has its place in memory.
struct Public {
    of: Rc<Snapshot>,
    public: Rc<Snapshot>,
}

/// What a look at the layers brought.
pub(super) struct Reading {
    pub(super) snapshot: Rc<Snapshot>,
    public: Option<Rc<Snapshot>>,
    held: Option<Held>,
    source: Source,
}

impl Reading {
    /// When the Arbiter handed it out; before all time if it never did.
    pub(super) fn fetched(&self) -> Timestamp {
        self.held.as_ref().map(|held| held.fetched).unwrap_or_default()
    }

    /// The snapshot as its client may see it: `all` of it or not.
    pub(super) fn seen(&self, all: bool) -> &Rc<Snapshot> {
        self.public.as_ref().filter(|_| !all).unwrap_or(&self.snapshot)
    }

    /// Counts it as an answer; how many there are from each layer by now. `hits` is how many
    /// `entry.mjs` has given again.
    pub(super) fn counted(&self, hits: u64) -> Vec<(Tier, u64)> {
        MEMORY.with_borrow_mut(|memory| {
            memory.count(self.source.layer);
            memory.counts(hits).collect()
        })
    }

    /// What an answer is made from.
    pub(super) fn basis<'a>(
        &'a self,
        config: &'a Config,
        counts: &'a [(Tier, u64)],
        seen: &'a [Seen],
    ) -> Basis<'a> {
        let public = self.public.as_deref();
        Basis {
            snapshot: &self.snapshot,
            config,
            source: self.source,
            now: clock::now(),
            counts,
            seen,
            public,
            past: &[],
        }
    }
}

/// The part that a target needs, and how old a copy of it may be.
pub(super) fn part_and_limit(target: &View, config: &Config, env: &Env) -> (Part, Millis) {
    let local = bound::text(env, "VEDETTE_LOCAL").is_some();
    (reader::part(target.part(config), config, local), limits::copy_age(config.plan, local))
}

/// Makes the answer for a target. `hits` is how many answers `entry.mjs` has given again.
/// `seen` says what the requests that were passed on saw.
pub(super) async fn reply(
    target: &View,
    ask: &Ask<'_>,
    call: Call<'_>,
    hits: u64,
    seen: fn() -> Vec<Seen>,
) -> Reply {
    let Ok(config) = deployed::config() else { return serve::unavailable().into() };
    let (part, limit) = part_and_limit(target, config, call.env);
    let looking = look(&part, limit, None, config, call);
    let (reading, recalled) = join(looking, recorded::past(target, config, call)).await;
    let told: Vec<Option<&str>> = recalled.iter().map(|told| told.as_deref()).collect();
    let counts = reading.counted(hits);
    let seen = if target.tells_all() { seen() } else { Vec::new() };
    let basis = Basis { past: &told, ..reading.basis(config, &counts, &seen) };
    let answer = serve::answer(target, ask, &basis);
    // Meanwhile another request may have brought something newer: then this one is not to be given
    // again.
    let holds = |copy| MEMORY.with_borrow(|memory| memory.holds(&part, copy));
    let current = reading.held.as_ref().is_some_and(holds);
    let kept = if current { serve::kept(target, ask, &basis, &answer) } else { None };
    let kept = kept.map(|(answer, until)| {
        let (from, lease) = (basis.now, lease(&part, limit));
        Kept { answer, from, until, lease, public_only: ask.caller.is_some() }
    });
    Reply { answer, kept }
}

/// What memory has of a pool, for a request that is not to wait: nothing if none of it holds any
/// more. A refresh that is due is begun.
pub(super) fn in_memory(pool: &Name, config: &'static Config, call: Call<'_>) -> Option<proxy::Known> {
    let (part, limit) = pool_part(pool, config, call.env);
    let now = clock::now();
    let (held, rests_until) = MEMORY
        .with_borrow(|memory| (memory.in_memory(&part, pool, now), memory.rests_until(&part, limit, now)));
    if held.is_some() && rests_until <= now {
        let (env, ctx) = (call.env.clone(), caught::same(call.ctx));
        caught::wait_until(call.ctx, async move {
            served(&part, limit, fresh(), config, Call { env: &env, ctx: &ctx }).await;
        });
    }
    held.map(|snapshot| proxy::Known { snapshot, rests_until })
}

/// What any layer has of a pool.
pub(super) async fn learned(pool: &Name, config: &'static Config, call: Call<'_>) -> Option<proxy::Known> {
    let (part, limit) = pool_part(pool, config, call.env);
    let copy = served(&part, limit, fresh(), config, call).await.copy?;
    let rests_until = MEMORY.with_borrow(|memory| memory.rests_until(&part, limit, clock::now()));
    Some(proxy::Known { snapshot: copy.snapshot, rests_until })
}

/// The part that whoever follows needs, and how old a copy of it may be.
pub(super) fn followed_part(followed: &Followed, config: &Config, env: &Env) -> (Part, Millis) {
    let part = match followed {
        Followed::One(pool) => Part::Pool(pool.clone()),
        Followed::All => Part::Summary,
    };
    let local = bound::text(env, "VEDETTE_LOCAL").is_some();
    (reader::part(part, config, local), limits::copy_age(config.plan, local))
}

fn pool_part(pool: &Name, config: &Config, env: &Env) -> (Part, Millis) {
    followed_part(&Followed::One(pool.clone()), config, env)
}

/// What a request knows that has only just come.
fn fresh() -> Known {
    Known { since: clock::now(), ..Known::default() }
}

/// Looks at the layers, for whoever knows already what `least` says.
pub(super) async fn look(
    part: &Part,
    limit: Millis,
    least: Option<(Followed, Least)>,
    config: &'static Config,
    call: Call<'_>,
) -> Reading {
    #[cfg(feature = "trap")]
    forget_if_down();
    let known = Known { since: clock::now(), least, ..Known::default() };
    let Served { copy, source } = served(part, limit, known, config, call).await;
    let blank = || Rc::new(Snapshot::blank(config, clock::now(), "the Arbiter does not answer"));
    let snapshot = copy.as_ref().map_or_else(blank, |copy| Rc::clone(&copy.snapshot));
    let public = config.hides().then(|| public(part, &snapshot, config));
    Reading { snapshot, public, held: copy, source }
}

/// A snapshot as the public sees it, made once for each copy of a part.
fn public(part: &Part, snapshot: &Rc<Snapshot>, config: &Config) -> Rc<Snapshot> {
    let known = PUBLIC.with_borrow(|made| {
        let of = made.get(part).filter(|made| Rc::ptr_eq(&made.of, snapshot));
        of.map(|made| Rc::clone(&made.public))
    });
    known.unwrap_or_else(|| {
        let public = serve::public(snapshot, config).map_or_else(|| Rc::clone(snapshot), Rc::new);
        let made = Public { of: Rc::clone(snapshot), public: Rc::clone(&public) };
        PUBLIC.with_borrow_mut(|all| all.insert(part.clone(), made));
        public
    })
}

async fn served(
    part: &Part,
    limit: Millis,
    mut known: Known,
    config: &'static Config,
    call: Call<'_>,
) -> Served {
    let key = part.key(config.hash);
    loop {
        MEMORY.with_borrow(|memory| memory.look(part, &mut known));
        match reader::next(&known, limit, clock::now()) {
            Step::Serve(served) => return served,
            Step::LookAgain(after) => clock::delay(after).await,
            Step::AskCache => {
                MEMORY.with_borrow_mut(|memory| memory.looking(part, clock::now()));
                extend_lease(part, limit);
                known.cache = within(reader::CACHE_TIMEOUT, layers::cached(&key, config)).await;
                found(part, &known.cache);
            }
            Step::AskArbiter(timeout) => {
                known.arbiter = refreshed(part, limit, timeout, call).await;
            }
            Step::AskKv => {
                let key = Part::Summary.key(config.hash);
                known.kv = within(reader::KV_TIMEOUT, layers::last_known_good(&key, call.env, config)).await;
                found(part, &known.kv);
            }
        }
    }
}

async fn within(timeout: Millis, asking: impl Future<Output = Option<Held>>) -> Asked {
    match select(std::pin::pin!(asking), clock::delay(timeout)).await {
        Either::Left((Some(copy), _)) => Asked::Found(copy),
        Either::Left((None, _)) | Either::Right(((), _)) => Asked::InVain,
    }
}

/// Takes what a layer had into memory. Where it says something new, nothing rendered before is
/// given again.
fn found(part: &Part, asked: &Asked) {
    if let Asked::Found(copy) = asked
        && MEMORY.with_borrow_mut(|memory| memory.found(part, copy))
    {
        end_leases();
    }
}

/// Asks the Arbiter. The call outlives this request's timeout: the next one finds what it brings.
async fn refreshed(part: &Part, limit: Millis, timeout: Millis, call: Call<'_>) -> Asked {
    let (done, answered) = futures_channel::oneshot::channel();
    MEMORY.with_borrow_mut(|memory| memory.asking(part, clock::now()));
    extend_lease(part, limit);
    let (env, part) = (call.env.clone(), part.clone());
    caught::wait_until(call.ctx, async move {
        match layers::from_arbiter(&part, &env).await {
            Ok((copy, text)) => {
                hold(&part, limit, Some(&copy));
                // The reader may have left already.
                let _ = done.send(Some(copy.clone()));
                layers::leave_in_cache(&part, &copy, &text).await;
            }
            Err(error) => {
                log::warn("arbiter_unreachable", &[("by", &"reader"), ("error", &error.to_string())]);
                hold(&part, limit, None);
                let _ = done.send(None);
            }
        }
    });
    match select(answered, clock::delay(timeout)).await {
        Either::Left((Ok(Some(copy)), _)) => Asked::Found(copy),
        Either::Left((Ok(None) | Err(_), _)) => Asked::InVain,
        Either::Right(((), _)) => {
            MEMORY.with_borrow_mut(|memory| memory.waited(timeout));
            Asked::InVain
        }
    }
}

/// Takes what the Arbiter said into memory. Where it says something new, nothing rendered before is
/// given again.
fn hold(part: &Part, limit: Millis, copy: Option<&Held>) {
    if MEMORY.with_borrow_mut(|memory| memory.answered(part, copy.cloned(), clock::now())) {
        end_leases();
    } else {
        extend_lease(part, limit);
    }
}

/// The object that what is rendered from a part shares.
fn lease(part: &Part, limit: Millis) -> Object {
    let lease =
        LEASES.with_borrow_mut(|leases| leases.entry(part.clone()).or_insert_with(Object::new).clone());
    extend_lease(part, limit);
    lease
}

fn extend_lease(part: &Part, limit: Millis) {
    let until = MEMORY.with_borrow(|memory| memory.rests_until(part, limit, clock::now()));
    LEASES.with_borrow(|leases| leases.get(part).map(|lease| clock::set_time(lease, "until", until)));
}

fn end_leases() {
    LEASES.with_borrow_mut(|leases| {
        for lease in leases.values() {
            clock::set_time(lease, "until", Timestamp::default());
        }
        leases.clear();
    });
}

/// Forgets every copy if memory is to be lost.
#[cfg(feature = "trap")]
fn forget_if_down() {
    if super::trap::is_down("memory") {
        MEMORY.set(Memory::new());
        end_leases();
    }
}
