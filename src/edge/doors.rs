//! Who asks, by what a request shows.

use std::cell::RefCell;

use futures_util::future::{Either, select};
use web_sys::Request;
use worker::Env;

use super::{assertion, bound, caught, clock, deployed, layers, log};
use crate::access::failures::Failures;
use crate::access::{self, Caller, Fields, Proof};
use crate::answer::Answer;
use crate::defaults::edge::ARBITER_DEADLINE;
use crate::serve::{self, Ask, MOST_POSTED, MOST_WRITTEN, Posted};

thread_local! {
    static FAILURES: RefCell<Failures> = const { RefCell::new(Failures::new()) };
}

/// The binding that bounds how often what proves nothing may be shown.
const LIMITER: &str = "FAILURES";

/// Who sends a request.
pub(super) async fn caller(request: &Request, env: &Env) -> Caller {
    let Ok(config) = deployed::config() else { return Caller::Nobody };
    let fields = Fields {
        authorization: field(request, "authorization"),
        assertion: field(request, access::jwt::FIELD),
        cookie: field(request, "cookie"),
    };
    let secret = |name: &str| bound::secret(env, name);
    let caller = match access::proof(&fields, &config.access, clock::now(), secret) {
        Proof::Settled(caller) => caller,
        Proof::Jwt(shown) => assertion::caller(&shown, env).await,
    };
    bounded(caller, request, env).await
}

/// What becomes of a person who signs in or out.
pub(super) async fn signed_in(request: &Request, ask: &Ask<'_>, env: &Env) -> Answer {
    let Ok(config) = deployed::config() else { return serve::unavailable() };
    let posted = posted(request, MOST_POSTED).await;
    let secret = |name: &str| bound::secret(env, name);
    let (answer, caller) = serve::signed_in(ask, &posted, config, clock::now(), &secret);
    match bounded(caller, request, env).await {
        Caller::Flooding => serve::flooded(),
        Caller::Nobody
        | Caller::Known(_)
        | Caller::Stranger
        | Caller::Misfit(_)
        | Caller::Unverifiable(_) => answer,
    }
}

/// What becomes of a change.
pub(super) async fn written(request: &Request, ask: &Ask<'_>, env: &Env) -> Answer {
    let posted = posted(request, MOST_WRITTEN).await;
    let write = match serve::write(ask, &posted, clock::now()) {
        Ok(write) => write,
        Err(refused) => return refused,
    };
    let outcome = within(layers::write(env, &write)).await;
    serve::written(outcome.as_ref())
}

/// The audit log.
pub(super) async fn audit(env: &Env) -> Answer {
    serve::audit(within(layers::audit(env)).await.as_deref())
}

/// What the Arbiter answers, if it does in time.
async fn within<T>(asking: impl Future<Output = worker::Result<Option<T>>>) -> Option<T> {
    match select(std::pin::pin!(asking), clock::delay(ARBITER_DEADLINE)).await {
        Either::Left((Ok(answer), _)) => answer,
        Either::Left((Err(error), _)) => {
            log::warn("arbiter_unreachable", &[("by", &"writer"), ("error", &error.to_string())]);
            None
        }
        Either::Right(((), _)) => None,
    }
}

/// What is sent, of a body at most so many bytes.
async fn posted(request: &Request, most: usize) -> Posted {
    Posted {
        url: request.url(),
        origin: field(request, "origin"),
        site: field(request, "sec-fetch-site"),
        kind: field(request, "content-type"),
        if_match: field(request, "if-match"),
        key: field(request, "idempotency-key"),
        body: body(request, most).await,
    }
}

/// Counts who shows what proves nothing: by address where the deployment binds a limiter, else of
/// all that this isolate is asked.
async fn bounded(caller: Caller, request: &Request, env: &Env) -> Caller {
    if !caller.fails() {
        return caller;
    }
    let address = field(request, "cf-connecting-ip").unwrap_or_default();
    let over = match env.rate_limiter(LIMITER) {
        Ok(limiter) => limiter.limit(address).await.is_ok_and(|outcome| !outcome.success),
        Err(_) => FAILURES.with_borrow_mut(|failures| failures.count(clock::now())),
    };
    log::warn("token_refused", &[("over", &over.to_string())]);
    if over { Caller::Flooding } else { caller }
}

/// The body as text, if it is one of at most so many bytes. What is longer is not read to its end.
async fn body(request: &Request, most: usize) -> Option<String> {
    let Some(stream) = request.body() else { return Some(String::new()) };
    let reader = caught::reader(&stream).ok()?;
    // One byte more tells a body of exactly that length from a longer one.
    let room = u32::try_from(most.saturating_add(1)).ok()?;
    let (bytes, _) = caught::filled(&reader, room).await.ok()?;
    if bytes.len() > most { None } else { String::from_utf8(bytes).ok() }
}

fn field(request: &Request, name: &str) -> Option<String> {
    request.headers().get(name).ok().flatten()
}
