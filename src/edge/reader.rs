//! The read path: asks the layers that the core names, and holds what they say. Promises of one request are never awaited in
//! another; what one brings, the others find in memory.

use std::cell::RefCell;
use std::rc::Rc;

use futures_util::future::{Either, select};
use js_sys::{Object, Reflect};
use wasm_bindgen::JsValue;
use worker::{Context, Env};

use super::{clock, deployed, layers, log};
use crate::config::Config;
use crate::reader::{self, Asked, Copy, Known, Layer, Memory, Served, Step};
use crate::serve::{self, Answer, Ask, Basis, Target};
use crate::snapshot::{Part, Snapshot};
use crate::units::{Map, Millis, Timestamp};

thread_local! {
    static MEMORY: RefCell<Memory> = const { RefCell::new(Memory::new()) };
    /// For each part, the object that tells `entry.mjs` until when what is rendered from it may be given again. Shared by all
    /// that was rendered from one state of it, so that a change of verdict ends them all at once.
    static LEASES: RefCell<Map<Part, Object>> = const { RefCell::new(Map::new()) };
}

/// An answer, and the form in which `entry.mjs` may keep it.
pub(super) struct Reply {
    pub(super) answer: Answer,
    pub(super) kept: Option<Kept>,
}

/// An answer that may be given again.
pub(super) struct Kept {
    pub(super) answer: Answer,
    pub(super) until: Timestamp,
    pub(super) lease: Object,
}

/// Makes the answer for a target. `hits` is how many answers `entry.mjs` has given again.
pub(super) async fn reply(target: &Target, ask: &Ask<'_>, (env, ctx, hits): (&Env, &Context, u64)) -> Reply {
    let Ok(config) = deployed::config() else { return Reply { answer: serve::unavailable(), kept: None } };
    let local = env.var("VEDETTE_LOCAL").is_ok();
    let limit = reader::limit(config.plan, local);
    let part = reader::part(target, config, local);
    #[cfg(feature = "trap")]
    forget_if_down();
    let Served { copy, source } = served(&part, limit, config, (env, ctx)).await;
    let now = clock::now();
    let snapshot = copy.map_or_else(
        || Rc::new(Snapshot::blank(config, now, "the Arbiter does not answer")),
        |copy| copy.snapshot,
    );
    let counts = MEMORY.with_borrow_mut(|memory| {
        memory.count(source.layer);
        let again = |layer| if layer == Layer::Memory { hits } else { 0 };
        memory.counts().map(|(layer, count)| (layer, count.saturating_add(again(layer)))).collect::<Vec<_>>()
    });
    let basis = Basis { snapshot: &snapshot, source, now, counts: &counts };
    let kept = serve::kept(target, ask, &basis).map(|(answer, until)| Kept {
        answer,
        until,
        lease: lease(&part, limit),
    });
    Reply { answer: serve::answer(target, ask, &basis), kept }
}

async fn served(part: &Part, limit: Millis, config: &'static Config, (env, ctx): (&Env, &Context)) -> Served {
    let key = part.key(config.hash);
    let mut known = Known::default();
    MEMORY.with_borrow(|memory| memory.look(part, &mut known));
    loop {
        match reader::next(&known, limit, clock::now()) {
            Step::Serve(served) => return served,
            Step::LookAgain(after) => {
                clock::delay(after).await;
                MEMORY.with_borrow(|memory| memory.look(part, &mut known));
            }
            Step::AskCache => {
                begin(part, limit);
                known.cache = within(reader::CACHE_PATIENCE, layers::cached(&key, config)).await;
                found(part, &known.cache);
            }
            Step::AskArbiter(patience) => {
                known.arbiter = refreshed(part, (limit, patience), (env, ctx)).await;
            }
            Step::AskKv => {
                let key = Part::Summary.key(config.hash);
                known.kv = within(reader::KV_PATIENCE, layers::last_known_good(&key, env, config)).await;
                found(part, &known.kv);
            }
        }
    }
}

async fn within(patience: Millis, asking: impl Future<Output = Option<Copy>>) -> Asked {
    match select(std::pin::pin!(asking), clock::delay(patience)).await {
        Either::Left((Some(copy), _)) => Asked::Found(copy),
        Either::Left((None, _)) | Either::Right(((), _)) => Asked::InVain,
    }
}

fn found(part: &Part, asked: &Asked) {
    if let Asked::Found(copy) = asked {
        MEMORY.with_borrow_mut(|memory| memory.found(part, copy));
    }
}

/// Marks that this request refreshes a part: until it is done the others are served what is at hand.
fn begin(part: &Part, limit: Millis) {
    MEMORY.with_borrow_mut(|memory| memory.asking(part, clock::now()));
    extend_lease(part, limit);
}

/// Asks the Arbiter. The asking outlives this request's patience: the next one finds what it brings.
async fn refreshed(part: &Part, (limit, patience): (Millis, Millis), (env, ctx): (&Env, &Context)) -> Asked {
    let (done, answered) = futures_channel::oneshot::channel();
    begin(part, limit);
    let (env, part) = (env.clone(), part.clone());
    ctx.wait_until(async move {
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
    match select(answered, clock::delay(patience)).await {
        Either::Left((Ok(Some(copy)), _)) => Asked::Found(copy),
        Either::Left((Ok(None) | Err(_), _)) | Either::Right(((), _)) => Asked::InVain,
    }
}

/// Takes what the Arbiter said into memory. Where it says something new, nothing rendered before is given again.
fn hold(part: &Part, limit: Millis, copy: Option<&Copy>) {
    let mut before = Known::default();
    MEMORY.with_borrow_mut(|memory| {
        memory.look(part, &mut before);
        memory.answered(part, copy.cloned());
    });
    let agrees = |copy: &Copy| before.memory.is_some_and(|held| held.snapshot.agrees_with(&copy.snapshot));
    if copy.is_none_or(agrees) {
        extend_lease(part, limit);
    } else {
        end_leases();
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
    let until = MEMORY.with_borrow(|memory| memory.rests_until(part, limit));
    LEASES.with_borrow(|leases| leases.get(part).map(|lease| set_until(lease, until)));
}

fn end_leases() {
    LEASES.with_borrow_mut(|leases| {
        leases.values().for_each(|lease| set_until(lease, Timestamp::default()));
        *leases = Map::new();
    });
}

/// Sets when an object that `entry.mjs` holds ends.
pub(super) fn set_until(object: &Object, until: Timestamp) {
    // A plain object of our own takes any property.
    let _ = Reflect::set(object, &"until".into(), &JsValue::from_f64(clock::as_number(until)));
}

/// Forgets every copy if memory is to be lost.
#[cfg(feature = "trap")]
fn forget_if_down() {
    if super::trap::is_down("memory") {
        MEMORY.set(Memory::new());
        end_leases();
    }
}
