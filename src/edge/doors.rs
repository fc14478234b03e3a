//! Who asks, by what a request shows.

use std::cell::RefCell;

use web_sys::Request;
use worker::Env;

use super::{bound, caught, clock, deployed, log};
use crate::access::failures::Failures;
use crate::access::{self, Caller};
use crate::answer::Answer;
use crate::serve::{self, Ask, MOST_POSTED, Posted};

thread_local! {
    static FAILURES: RefCell<Failures> = const { RefCell::new(Failures::new()) };
}

/// The binding that bounds how often what proves nothing may be shown.
const LIMITER: &str = "FAILURES";

/// Who sends a request.
pub(super) async fn caller(request: &Request, env: &Env) -> Caller {
    let Ok(config) = deployed::config() else { return Caller::Nobody };
    let secret = |name: &str| bound::secret(env, name);
    let caller = match (field(request, "authorization"), field(request, "cookie")) {
        (Some(shown), cookie) => match (access::by_field(Some(&shown), &config.access, secret), cookie) {
            (Caller::Nobody, Some(cookie)) => {
                access::by_cookie(&cookie, &config.access, clock::now(), secret)
            }
            (caller, _) => caller,
        },
        (None, Some(cookie)) => access::by_cookie(&cookie, &config.access, clock::now(), secret),
        (None, None) => Caller::Nobody,
    };
    bounded(caller, request, env).await
}

/// What becomes of a person who signs in or out.
pub(super) async fn signed_in(request: &Request, ask: &Ask<'_>, env: &Env) -> Answer {
    let Ok(config) = deployed::config() else { return serve::unavailable() };
    let posted = Posted {
        url: request.url(),
        origin: field(request, "origin"),
        site: field(request, "sec-fetch-site"),
        kind: field(request, "content-type"),
        body: body(request, MOST_POSTED).await,
    };
    let secret = |name: &str| bound::secret(env, name);
    let (answer, caller) = serve::signed_in(ask, &posted, config, clock::now(), &secret);
    match bounded(caller, request, env).await {
        Caller::Flooding => serve::flooded(),
        Caller::Nobody | Caller::Known(_) | Caller::Stranger | Caller::Unverifiable(_) => answer,
    }
}

/// Counts who shows what proves nothing: by address where the deployment binds a limiter, else of
/// all that this isolate is asked.
async fn bounded(caller: Caller, request: &Request, env: &Env) -> Caller {
    if caller != Caller::Stranger {
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
