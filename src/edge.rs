//! The platform: carries out what the core decides, and decides nothing.
//!
//! Compiled for wasm32 only. `entry.mjs` hands in the configuration's text and exports the classes; every module here turns
//! platform values into the core's and effects into platform calls.

mod arbiter_object;
mod clock;
mod deployed;
mod log;
mod reader;
mod respond;
mod send;
#[cfg(feature = "trap")]
mod trap;
mod vantage_object;

use worker::{Context, Env, Result, ScheduleContext, ScheduledEvent, event};

use crate::serve::{self, Ask, Plan};

/// The name of the one Arbiter object.
const ARBITER_NAME: &str = "v1";

#[event(start)]
fn start() {
    // The crate's own hook marks the instance as crashed; it must run as well, after the text is out.
    let crashed = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        console_error_panic_hook::hook(info);
        crashed(info);
    }));
}

/// Answers one request.
#[event(fetch)]
async fn fetch(request: web_sys::Request, env: Env, ctx: Context) -> Result<web_sys::Response> {
    #[cfg(feature = "trap")]
    trap::if_asked(&request, "read");
    let (method, url) = (request.method(), request.url());
    let if_none_match = request.headers().get("if-none-match").ok().flatten();
    let ask =
        Ask { method: &method, target: respond::target_of(&url), if_none_match: if_none_match.as_deref() };
    let answer = match serve::plan(deployed::config(), &ask) {
        Plan::Done(answer) => answer,
        Plan::FromSnapshot(target) => reader::answer(&target, &ask, &env, &ctx).await,
    };
    respond::response(&answer, method == "HEAD")
}

/// Wakes the Arbiter, which wakes whatever is silent: a lost alarm must not stop the watch.
#[event(scheduled)]
async fn scheduled(_event: ScheduledEvent, env: Env, _ctx: ScheduleContext) {
    if let Err(error) = reader::wake_arbiter(&env).await {
        log::warn("arbiter_unreachable", &[("by", &"cron"), ("error", &error.to_string())]);
    }
}
