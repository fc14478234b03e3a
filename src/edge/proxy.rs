//! The way through a route, step by step: `proxy.mjs` says what happened to a request, and is told
//! what to do next.
//!
//! Every step but one is a plain call that returns at once: a promise of our own would cost a
//! request more than all that is decided about it (decision 0015).

use std::borrow::Cow;
use std::cell::RefCell;

use wasm_bindgen::prelude::wasm_bindgen;

use worker::Env;

use super::call::Call;
use super::caught::{self, Context};
use super::{clock, counts, deployed, layers, log, reader};
use crate::config::Config;
use crate::json;
use crate::proxy::copy::Exchange;
use crate::proxy::{self as engine, After, Body, Event, Proxy, Seen, Went, back, fields};
use crate::traffic::Counts;
use crate::units::{Millis, Name, OriginId};

thread_local! {
    static PROXY: RefCell<Option<Proxy>> = const { RefCell::new(None) };
}

/// Does something with the proxy of this isolate; nothing if the configuration is bad.
fn with<T>(work: impl FnOnce(&mut Proxy, &'static Config) -> Option<T>) -> Option<T> {
    let config = deployed::config().ok()?;
    let begin = || {
        counts::begin(chance(), counted);
        Proxy::new(config, chance())
    };
    PROXY.with_borrow_mut(|proxy| work(proxy.get_or_insert_with(begin), config))
}

/// What was counted of the requests that were passed on.
fn counted() -> Vec<(Name, Counts)> {
    let counted = |proxy: &mut Proxy, config: &Config| Some(proxy.traffic().counted(config).collect());
    with(counted).unwrap_or_default()
}

/// 48 bits of chance. Nothing secret hangs on it.
fn chance() -> u64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below 2^48")]
    let drawn = (js_sys::Math::random() * 281_474_976_710_656.0) as u64;
    drawn
}

/// Path and query by which Vedette itself is asked; nothing if the address is not its own.
pub(super) fn own_target(url: &str) -> Option<String> {
    with(|proxy, _| proxy.own_target(url).map(Cow::into_owned))
}

/// What the requests that were passed on saw.
pub(super) fn seen() -> Vec<Seen> {
    with(|proxy, config| Some(proxy.traffic().seen(config, clock::now()))).unwrap_or_default()
}

/// Whether any request is passed on.
#[wasm_bindgen]
pub fn is_routed() -> bool {
    deployed::config().is_ok_and(|config| !config.routes.is_empty())
}

/// The fields that no origin gets as the client sent them, separated by spaces.
#[wasm_bindgen]
pub fn removed_fields() -> String {
    fields::REMOVED.join(" ")
}

/// The types below, as `proxy.mjs` is held to them.
#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r"
export interface Fields { field(name: string): string | undefined }
export interface Inbound extends Fields {
  readonly method: string;
  readonly url: string;
  readonly body: boolean;
  readonly underscored?: string | undefined;
}
export interface Tried {
  readonly origin: number;
  readonly outcome: number;
  readonly answered: Fields;
  readonly began: number;
}
";

#[wasm_bindgen]
extern "C" {
    /// A request, as `proxy.mjs` sees it; fields that were not received are absent.
    #[wasm_bindgen(typescript_type = "Inbound")]
    pub type Inbound;
    #[wasm_bindgen(method, getter)]
    fn method(this: &Inbound) -> String;
    #[wasm_bindgen(method, getter)]
    fn url(this: &Inbound) -> String;
    #[wasm_bindgen(method, getter)]
    fn body(this: &Inbound) -> bool;
    #[wasm_bindgen(method, getter)]
    fn underscored(this: &Inbound) -> Option<String>;
    #[wasm_bindgen(method)]
    fn field(this: &Inbound, name: &str) -> Option<String>;

    /// The fields of an answer; those that were not received are absent.
    #[wasm_bindgen(typescript_type = "Fields")]
    pub type Fields;
    #[wasm_bindgen(method)]
    fn field(this: &Fields, name: &str) -> Option<String>;

    /// An attempt under a lease that did not come out well.
    #[wasm_bindgen(typescript_type = "Tried")]
    pub type Tried;
    /// The place of the origin in its pool.
    #[wasm_bindgen(method, getter)]
    fn origin(this: &Tried) -> usize;
    /// As in [`on_response`].
    #[wasm_bindgen(method, getter)]
    fn outcome(this: &Tried) -> u16;
    /// The fields of the answer, if there is one.
    #[wasm_bindgen(method, getter)]
    fn answered(this: &Tried) -> Fields;
    /// When it was sent, in milliseconds since the epoch.
    #[wasm_bindgen(method, getter)]
    fn began(this: &Tried) -> f64;
}

/// Calls with a request as the core knows it.
fn with_inbound<T>(inbound: &Inbound, work: impl FnOnce(&engine::Inbound<'_>) -> Option<T>) -> Option<T> {
    let (method, url) = (inbound.method(), inbound.url());
    #[cfg(feature = "trap")]
    super::trap::if_named(inbound.field("vedette-trap").as_deref(), "proxy");
    let names = [
        "connection",
        "via",
        "cdn-loop",
        "traceparent",
        "accept-encoding",
        "cf-connecting-ip",
        "host",
        "content-length",
    ];
    let [connection, via, cdn_loop, traceparent, accept_encoding, client, host, length] =
        names.map(|name| inbound.field(name));
    let underscored = inbound.underscored();
    work(&engine::Inbound {
        method: &method,
        url: &url,
        body: Body::of(inbound.body(), length.as_deref()),
        host: host.as_deref(),
        underscored: underscored.as_deref(),
        connection: connection.as_deref(),
        via: via.as_deref(),
        cdn_loop: cdn_loop.as_deref(),
        traceparent: traceparent.as_deref(),
        accept_encoding: accept_encoding.as_deref(),
        client: client.as_deref(),
    })
}

/// What to do with a request; nothing if it is for Vedette itself.
#[wasm_bindgen]
pub fn on_request(inbound: &Inbound, env: &Env, ctx: &Context) -> Option<String> {
    with_inbound(inbound, |inbound| {
        with(|proxy, config| {
            let known = |pool: &Name| reader::in_memory(pool, config, Call { env, ctx });
            Some(proxy.on_request(config, inbound, known, clock::now())?.write())
        })
    })
}

/// What to do with a request that was sent to an origin under a lease, and what came of it (as in
/// [`on_response`]).
#[wasm_bindgen]
pub fn on_leased_failure(inbound: &Inbound, tried: &Tried, env: &Env, ctx: &Context) -> Option<String> {
    with_inbound(inbound, |inbound| {
        let next = with(|proxy, config| {
            let known = |pool: &Name| reader::in_memory(pool, config, Call { env, ctx });
            let event = event(tried.outcome(), &tried.answered());
            let came = clock::from_number(tried.began());
            let tried = engine::Tried { origin: tried.origin(), event, came };
            proxy.on_leased_failure(config, inbound, tried, known, clock::now())
        })?;
        Some(told(&next, env, ctx))
    })
}

/// Counts requests that went well under a lease. `waited` is how long their clients waited for the
/// head of the answer, all together, in milliseconds.
#[wasm_bindgen]
pub fn count_ok(route: usize, count: u32, waited: u32) {
    with(|proxy, config| {
        let went = Went { count: count.into(), waited: Millis::new(waited.into()) };
        proxy.count_ok(config, route, went, clock::now());
        Some(())
    });
}

/// Finds out what is known of a pool, and says what to do with the request that waits for it.
#[wasm_bindgen]
pub async fn on_snapshot(id: u32, pool: String, env: Env, ctx: Context) -> Option<String> {
    let pool = Name::parse(&pool).ok()?;
    let config = deployed::config().ok()?;
    let known = reader::learned(&pool, config, Call { env: &env, ctx: &ctx }).await;
    with(|proxy, config| proxy.on_snapshot(config, id, known.as_ref(), clock::now())).map(|step| step.write())
}

/// Whether a copy of a good answer is to be kept: nothing, or `{ key, ttl, anew, length }` with the
/// times in milliseconds.
#[wasm_bindgen]
pub fn keep_copy(inbound: &Inbound, status: u16, answered: &Fields) -> Option<String> {
    let url = inbound.url();
    let (accept_encoding, method) = (inbound.field("accept-encoding"), inbound.method());
    let [cache_control, cdn_control, cloudflare_control, age, vary, length] = [
        "cache-control",
        "cdn-cache-control",
        "cloudflare-cdn-cache-control",
        "age",
        "vary",
        "content-length",
    ]
    .map(|name| answered.field(name));
    let asked_control = inbound.field("cache-control");
    let exchange = Exchange {
        url: &url,
        method: &method,
        is_personal: inbound.field("authorization").is_some() || inbound.field("cookie").is_some(),
        is_partial: inbound.field("range").is_some(),
        accept_encoding: accept_encoding.as_deref(),
        status,
        asked_control: asked_control.as_deref(),
        cache_control: cache_control.as_deref(),
        cdn_control: cdn_control.as_deref(),
        cloudflare_control: cloudflare_control.as_deref(),
        age: age.as_deref(),
        vary: vary.as_deref(),
        length: length.as_deref(),
        sets_cookie: answered.field("set-cookie").is_some(),
    };
    let keep = with(|proxy, config| proxy.keeps_copy(config, &exchange))?;
    Some(json::write(&keep))
}

/// A field of an answer that names an origin's own address, turned back to the public one; nothing
/// if it stays as it is.
#[wasm_bindgen]
pub fn turned_back(route: usize, url: &str, status: u16, name: &str, value: &str) -> Option<String> {
    with(|_, config| {
        back::turned(config, config.routes.get(route)?, url, status, back::Field { name, value })
    })
}

/// What to do with a request that was answered with a status, or that had another outcome
/// (`outcomes.mjs` names them). `answered` has the fields of the answer, if there is one.
#[wasm_bindgen]
pub fn on_response(id: u32, outcome: u16, answered: &Fields, env: &Env, ctx: &Context) -> Option<String> {
    let returned =
        with(|proxy, config| proxy.on_response(config, id, event(outcome, answered), clock::now()))?;
    Some(told(&returned, env, ctx))
}

fn event(outcome: u16, answered: &Fields) -> Event {
    Event::of(outcome, |status| {
        let [server, ray, cache_status] =
            ["server", "cf-ray", "cf-cache-status"].map(|name| answered.field(name));
        let signs = engine::Signs {
            server: server.as_deref(),
            ray: ray.as_deref(),
            cache_status: cache_status.as_deref(),
        };
        engine::unreached(status, &signs)
    })
}

/// Has the origins looked at that live requests found wanting; the step as text.
fn told(next: &After, env: &Env, ctx: &Context) -> String {
    for origin in &next.suspected {
        suspected(origin.clone(), env, ctx);
    }
    next.step.write()
}

/// Has the vantages look at an origin that live requests have found wanting.
fn suspected(origin: OriginId, env: &Env, ctx: &Context) {
    log::warn("origin_ejected", &[("origin", &origin.to_string())]);
    let env = env.clone();
    caught::wait_until(ctx, async move {
        if let Err(error) = layers::doubt(&env, &origin).await {
            log::warn("arbiter_unreachable", &[("by", &"proxy"), ("error", &error.to_string())]);
        }
    });
}
