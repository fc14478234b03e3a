//! The platform: carries out what the core decides, and decides nothing.
//!
//! Compiled for wasm32 only. `entry.mjs` hands in the configuration's text and exports the classes;
//! every module here turns platform values into the core's and effects into platform calls.

mod arbiter_object;
mod assertion;
mod bound;
mod call;
mod caught;
mod cdn;
mod clock;
mod connect;
mod counts;
mod deployed;
mod doors;
mod follow;
mod heartbeat;
mod layers;
mod line;
mod log;
mod notify;
mod past;
mod proxy;
mod reader;
mod recorded;
mod respond;
mod ring;
mod rows;
mod send;
#[cfg(feature = "trap")]
mod trap;
mod vantage_object;
mod vantages;

use call::Call;
use caught::Context;
use follow::ClientRequest;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::Request;
use worker::Env;
use worker::worker_sys::{ScheduleContext, ScheduledEvent};

use crate::serve::{self, Ask, Plan};

/// Runs once in each wasm instance. The crate `worker` has such a function as well, which tells
/// `entry.mjs` of a panic and has the instance replaced; whichever of the two runs later, its hook
/// calls the other's.
#[wasm_bindgen(start, private)]
fn start() {
    let other = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        console_error_panic_hook::hook(info);
        other(info);
    }));
}

/// Answers one request: what `entry.mjs` makes a response of, and what it may give again by itself
/// until the answer changes. `hits` is how often it did so.
///
/// # Errors
/// The platform cannot make the values of an answer.
#[wasm_bindgen]
pub async fn answer(request: Request, env: Env, ctx: Context, hits: f64) -> Result<JsValue, JsValue> {
    made(&request, Call { env: &env, ctx: &ctx }, hits).await
}

async fn made(request: &Request, call: Call<'_>, hits: f64) -> Result<JsValue, JsValue> {
    #[cfg(feature = "trap")]
    trap::if_asked(request, "read");
    let (method, url) = (request.method(), request.url());
    let if_none_match = request.headers().get("if-none-match").ok().flatten();
    let own = proxy::own_target(&url);
    let target = own.as_deref().unwrap_or_else(|| respond::target_of(&url));
    let negotiated = serve::is_negotiated(target);
    let accept = if negotiated { request.headers().get("accept").ok().flatten() } else { None };
    let mut ask = Ask {
        method: &method,
        target,
        if_none_match: if_none_match.as_deref(),
        caller: None,
        accept: accept.as_deref(),
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
    let hits = hits.max(0.0) as u64;
    let mut plan = serve::plan(deployed::config(), &ask);
    let caller;
    if plan == Plan::Who {
        caller = doors::caller(request, call.env).await;
        ask.caller = Some(&caller);
        plan = serve::plan(deployed::config(), &ask);
    }
    let reply = match plan {
        Plan::SignIn => doors::signed_in(request, &ask, call.env).await.into(),
        Plan::Write => doors::written(request, &ask, call.env).await.into(),
        Plan::Audit => doors::audit(call.env).await.into(),
        // It is known by now who asks.
        Plan::Who => serve::unavailable().into(),
        Plan::Done(answer) => answer.into(),
        Plan::Beat(claim) => {
            let outcome = heartbeat::taken(&claim, call.env).await;
            serve::beaten(&outcome, &ask).into()
        }
        Plan::Recorded(asked) => serve::remembered(&asked, recorded::said(&asked, call).await, &ask).into(),
        Plan::FromSnapshot(target) => reader::reply(&target, &ask, call, hits, proxy::seen).await,
        Plan::AfterNews(target, wait) => {
            follow::waited(&target, wait, ClientRequest { request, ask: &ask }, call, hits).await
        }
        Plan::Stream(pool) => return follow::stream(&pool, ClientRequest { request, ask: &ask }, call).await,
        Plan::StreamOfAll { all } => {
            return follow::stream_of_all(all, ClientRequest { request, ask: &ask }, call).await;
        }
    };
    Ok(respond::reply(&reply, method == "HEAD")?.into())
}

/// Wakes the Arbiter, which wakes whatever is silent: a lost alarm must not stop the watch.
#[wasm_bindgen]
pub async fn scheduled(_event: ScheduledEvent, env: Env, _ctx: ScheduleContext) {
    if let Err(error) = layers::wake_arbiter(&env).await {
        log::warn("arbiter_unreachable", &[("by", &"cron"), ("error", &error.to_string())]);
    }
}
