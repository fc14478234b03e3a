//! The read path: isolate memory, then the Arbiter. How old a copy may be and how long to wait is the core's to say.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use futures_util::future::{Either, select};
use worker::{Context, Env, Result, Stub};

use super::{ARBITER_NAME, clock, deployed, log, respond};
use crate::serve::{self, Answer, Ask, Layer, Target};
use crate::snapshot::{self, Snapshot};
use crate::units::{Millis, Timestamp};

/// The copy of this isolate.
struct Copy {
    snapshot: Rc<Snapshot>,
    fetched: Timestamp,
}

thread_local! {
    static COPY: RefCell<Option<Copy>> = const { RefCell::new(None) };
    /// When a refresh began that has not ended. A promise of one request must not be awaited in another, so others are
    /// served the copy at hand meanwhile.
    static REFRESHING: Cell<Option<Timestamp>> = const { Cell::new(None) };
}

/// Makes the answer for a target.
pub(super) async fn answer(target: &Target, ask: &Ask<'_>, env: &Env, ctx: &Context) -> Answer {
    let Ok(config) = deployed::config() else { return serve::unavailable() };
    let local = env.var("VEDETTE_LOCAL").is_ok();
    let limit = snapshot::refresh_after(config.plan, local);
    let (snapshot, layer) = match copy(limit) {
        Some(fresh) => (Some(fresh), Layer::Memory),
        None => refreshed(env, ctx).await,
    };
    let now = clock::now();
    let known =
        snapshot.unwrap_or_else(|| Rc::new(Snapshot::blank(config, now, "the Arbiter does not answer")));
    serve::answer(target, ask, &known, layer, now)
}

/// The copy at hand if it is no older than `limit`, or if another request is about to replace it.
fn copy(limit: Millis) -> Option<Rc<Snapshot>> {
    let now = clock::now();
    COPY.with_borrow(|copy| {
        let copy = copy.as_ref()?;
        let fresh = now.since(copy.fetched) < limit && copy.fetched <= now;
        let awaited =
            REFRESHING.get().is_some_and(|since| now.since(since) < snapshot::PATIENCE && since <= now);
        (fresh || awaited).then(|| Rc::clone(&copy.snapshot))
    })
}

/// Asks the Arbiter; an old copy if it does not answer in time.
async fn refreshed(env: &Env, ctx: &Context) -> (Option<Rc<Snapshot>>, Layer) {
    let (done, answered) = futures_channel::oneshot::channel();
    let env = env.clone();
    REFRESHING.set(Some(clock::now()));
    // The refresh outlives this request's patience: the next one finds what it brings.
    ctx.wait_until(async move {
        let outcome = fetch_snapshot(&env).await;
        REFRESHING.set(None);
        let good = match outcome {
            Ok(snapshot) => {
                COPY.set(Some(Copy { snapshot: Rc::new(snapshot), fetched: clock::now() }));
                true
            }
            Err(error) => {
                log::warn("arbiter_unreachable", &[("by", &"reader"), ("error", &error.to_string())]);
                false
            }
        };
        // The reader may have left already.
        let _ = done.send(good);
    });
    let held = || COPY.with_borrow(|copy| copy.as_ref().map(|copy| Rc::clone(&copy.snapshot)));
    let patience = if held().is_some() { snapshot::PATIENCE } else { snapshot::FIRST_PATIENCE };
    let answered = match select(answered, clock::delay(patience)).await {
        Either::Left((good, _)) => good.unwrap_or(false),
        Either::Right(((), _)) => false,
    };
    match (held(), answered) {
        (Some(snapshot), true) => (Some(snapshot), Layer::Arbiter),
        (Some(snapshot), false) => (Some(snapshot), Layer::Stale),
        (None, _) => (None, Layer::Nothing),
    }
}

async fn fetch_snapshot(env: &Env) -> Result<Snapshot> {
    let config = deployed::config().map_err(|_| worker::Error::from("the configuration is not valid"))?;
    let mut response = arbiter(env)?.fetch_with_str("https://arbiter/snapshot").await?;
    let text = response.text().await?;
    // During a rolling deployment the Arbiter may still run another configuration: its words are not ours.
    Snapshot::parse(&text, config.hash)
        .ok_or_else(|| worker::Error::from("the Arbiter runs another configuration"))
}

/// The one Arbiter.
pub(super) fn arbiter(env: &Env) -> Result<Stub> {
    let hint = deployed::config().map_or("weur", |config| config.arbiter_location.as_str());
    env.durable_object("ARBITER")?.get_by_name_with_location_hint(ARBITER_NAME, hint)
}

/// Wakes the Arbiter.
pub(super) async fn wake_arbiter(env: &Env) -> Result<()> {
    arbiter(env)?.fetch_with_str("https://arbiter/wake").await?;
    Ok(())
}

/// Sends a report to the Arbiter; whether it was taken.
pub(super) async fn deliver(env: &Env, report: &str) -> Result<bool> {
    let init = web_sys::RequestInit::new();
    init.set_method("POST");
    init.set_body(&report.into());
    let request = web_sys::Request::new_with_str_and_init("https://arbiter/report", &init)?;
    Ok(arbiter(env)?.fetch_with_request(request.into()).await?.status_code() == 204)
}

/// Answers a request between our own parts.
pub(super) fn reply(status: u16, body: &str) -> Result<worker::Response> {
    respond::plain(status, body)
}
