//! Who asks, by what a request shows.

use std::cell::RefCell;
use std::thread::LocalKey;

use futures_util::future::{Either, select};
use web_sys::Request;
use worker::Env;

use super::{assertion, bound, caught, clock, deployed, layers, log};
use crate::access::rate::{self, Rate};
use crate::access::{self, Caller, Fields, Proof};
use crate::answer::Answer;
use crate::defaults::edge::{ARBITER_DEADLINE, BODY_TIMEOUT, DRAINED_AT_ONCE, MOST_DRAINED};
use crate::serve::{self, Ask, MOST_POSTED, Posted};

thread_local! {
    static FAILURES: RefCell<Rate> = const { RefCell::new(Rate::new()) };
    static WRITES: RefCell<Rate> = const { RefCell::new(Rate::new()) };
}

/// The bindings that bound how often what proves nothing may be shown, and how often somebody
/// writes.
const FAILURES_LIMITER: &str = "FAILURES";
const WRITES_LIMITER: &str = "WRITES";

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
    let Ok(config) = deployed::config() else { return serve::unavailable() };
    let posted = posted(request, serve::most_written(ask)).await;
    let write = match serve::write(ask, &posted, config, clock::now()) {
        Ok(write) => write,
        Err(refused) => return refused,
    };
    if too_often(WRITES_LIMITER, write.who.to_string(), &WRITES, env).await {
        log::warn("write_refused", &[("who", &write.who)]);
        return serve::too_often();
    }
    let outcome = within(layers::write(env, &write)).await;
    serve::written(outcome.as_ref(), ask)
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
    let (body, late) = body(request, most).await;
    Posted {
        url: request.url(),
        origin: field(request, "origin"),
        site: field(request, "sec-fetch-site"),
        kind: field(request, "content-type"),
        if_match: field(request, "if-match"),
        key: field(request, "idempotency-key"),
        body,
        late,
    }
}

/// Counts who shows what proves nothing: by address where the deployment binds a limiter, else of
/// all that this isolate is asked.
async fn bounded(caller: Caller, request: &Request, env: &Env) -> Caller {
    if !caller.fails() {
        return caller;
    }
    // The platform sets it, whatever the client sent.
    let address = field(request, "cf-connecting-ip").unwrap_or_default();
    let over = too_often(FAILURES_LIMITER, rate::counted_as(&address), &FAILURES, env).await;
    log::warn("token_refused", &[("over", &over.to_string())]);
    if over { Caller::Flooding } else { caller }
}

/// Counts one more under this name; whether it is one too many. A limiter that is not bound, or
/// fails, leaves it to the bound of this isolate, which counts all alike.
async fn too_often(binding: &str, name: String, own: &'static LocalKey<RefCell<Rate>>, env: &Env) -> bool {
    let limited = match env.rate_limiter(binding) {
        Ok(limiter) => limiter.limit(name).await,
        Err(error) => Err(error),
    };
    limited.map_or_else(|_| own.with_borrow_mut(|rate| rate.count(clock::now())), |outcome| !outcome.success)
}

/// The body as text, if it is one of at most so many bytes, and whether it was late.
///
/// Whoever still sends when the answer is given may lose it: the runtime ends the connection
/// (`findings/workerd-half-read-body.sh`). So of what turns out to be too long some more is read.
/// What says so itself is not begun: whatever stands before the worker takes it to its end.
async fn body(request: &Request, most: usize) -> (Option<String>, bool) {
    let said = field(request, "content-length").and_then(|length| length.parse::<u64>().ok());
    if said.is_some_and(|length| length > most as u64) {
        return (None, false);
    }
    let Some(stream) = request.body() else { return (Some(String::new()), false) };
    let Ok(reader) = caught::reader(&stream) else { return (None, false) };
    match select(std::pin::pin!(whole(&reader, most)), clock::delay(BODY_TIMEOUT)).await {
        Either::Left((bytes, _)) => (bytes.and_then(|bytes| String::from_utf8(bytes).ok()), false),
        Either::Right(((), _)) => {
            caught::let_go(&reader);
            (None, true)
        }
    }
}

/// A body of at most so many bytes. Of a longer one as much is read as [`MOST_DRAINED`], and
/// nothing of it kept.
async fn whole(reader: &caught::Reader, most: usize) -> Option<Vec<u8>> {
    // One byte more tells a body of exactly that length from a longer one.
    let room = u32::try_from(most.saturating_add(1)).ok()?;
    let (bytes, ended) = caught::filled(reader, room).await.ok()?;
    if bytes.len() <= most {
        return Some(bytes);
    }
    let (mut drained, mut more) = (0_usize, !ended);
    while more && drained < MOST_DRAINED {
        let (piece, ended) = caught::filled(reader, DRAINED_AT_ONCE).await.ok()?;
        drained = drained.saturating_add(piece.len());
        more = !ended;
    }
    None
}

fn field(request: &Request, name: &str) -> Option<String> {
    request.headers().get(name).ok().flatten()
}
