//! Sends one probe with `fetch` and reads back the facts: a real deadline over headers, redirects
//! and body; at most [`BODY_CAP`] bytes; nothing followed that the core did not allow.

use std::cell::RefCell;

use futures_util::future::{Either, select};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortController, Headers, RequestCache, RequestInit, RequestRedirect, Response, WorkerGlobalScope,
};
use worker::Env;

use super::{bound, caught, clock};
use crate::config::{Method, ProbeValue};
use crate::defaults::edge::FIRST_PIECE;
use crate::exchange::{BODY_CAP, End, Head, Reply, Request};
use crate::probe::{Hop, field_value, redirected, sends_again};
use crate::secret::{ExposeSecret as _, Unusable, revealed};

/// What is known of an exchange so far; kept outside of it, so that a deadline finds how far it
/// came.
#[derive(Default)]
struct Progress {
    head: Option<Head>,
    body: Vec<u8>,
}

/// Sends a probe and waits for its end or its deadline.
pub(super) async fn send(request: Request, env: &Env) -> Reply {
    let sent = clock::now();
    let timeout = request.timeout;
    let progress = RefCell::new(Progress::default());
    let controller = AbortController::new().ok();
    let end = {
        let exchange = std::pin::pin!(exchange(request, env, controller.as_ref(), &progress));
        match select(exchange, clock::delay(timeout)).await {
            Either::Left((Ok(end), _)) => end,
            Either::Left((Err(error), _)) => End::Broken(words(&error)),
            Either::Right(((), _)) => End::TimedOut,
        }
    };
    let elapsed = clock::now().since(sent);
    if end != End::Complete
        && let Some(controller) = controller
    {
        // Dropping the future would leave the connection open and its slot taken.
        controller.abort();
    }
    let progress = progress.into_inner();
    Reply { end, elapsed, head: progress.head, body: progress.body }
}

async fn exchange(
    mut request: Request,
    env: &Env,
    controller: Option<&AbortController>,
    progress: &RefCell<Progress>,
) -> Result<End, JsValue> {
    let scope: WorkerGlobalScope = js_sys::global().unchecked_into();
    let mut again = false;
    loop {
        let init = match init(&request, env, controller) {
            Ok(init) => init,
            Err(Unsent::Secret(unusable)) => return Ok(End::NotSent(unusable.to_string())),
            Err(Unsent::Platform(error)) => return Err(error),
        };
        let begun = clock::now();
        let response: Response =
            match JsFuture::from(scope.fetch_with_str_and_init(&request.url, &init)).await {
                Ok(response) => response.into(),
                Err(_) if !again && sends_again(&request, clock::now().since(begun)) => {
                    again = true;
                    continue;
                }
                Err(error) => return Err(error),
            };
        let head = head(&response, &request.wanted)?;
        let hop = redirected(&request, &head);
        progress.borrow_mut().head = Some(head);
        if hop.is_some() {
            let_go(&response);
        }
        match hop {
            Some(Hop::Follow(next)) => {
                progress.borrow_mut().head = None;
                request = next;
                continue;
            }
            Some(Hop::Stop(why)) => return Ok(End::Redirected(why)),
            None => {}
        }
        if request.method == Method::Head {
            return Ok(End::Complete);
        }
        return read_body(&response, progress).await;
    }
}

/// Why a request cannot be sent.
enum Unsent {
    /// A secret is not to be had, or cannot be sent.
    Secret(Unusable),
    /// The platform does not take it.
    Platform(JsValue),
}

impl From<Unusable> for Unsent {
    fn from(unusable: Unusable) -> Self {
        Self::Secret(unusable)
    }
}

impl From<JsValue> for Unsent {
    fn from(error: JsValue) -> Self {
        Self::Platform(error)
    }
}

thread_local! {
    /// The fields of the latest request, as we and as the platform have them. Origins of one tick
    /// are mostly sent the same ones. Those that carry a secret are not kept.
    static LATEST: RefCell<Option<Fields>> = const { RefCell::new(None) };
}

/// Header fields, twice.
struct Fields {
    ours: Vec<(String, ProbeValue)>,
    platform: Headers,
}

/// The platform's form of a request's header fields, which it copies when the request is sent.
fn headers(request: &Request, env: &Env) -> Result<Headers, Unsent> {
    let known = |latest: &Option<Fields>| {
        let same = latest.as_ref().filter(|latest| latest.ours == request.headers);
        same.map(|latest| latest.platform.clone())
    };
    if let Some(headers) = LATEST.with_borrow(known) {
        return Ok(headers);
    }
    let headers = Headers::new()?;
    for (name, value) in &request.headers {
        headers.set(name, field_value(value, |name| bound::secret(env, name))?.expose_secret())?;
    }
    if request.headers.iter().all(|(_, value)| matches!(value, ProbeValue::Text(_))) {
        LATEST.set(Some(Fields { ours: request.headers.clone(), platform: headers.clone() }));
    }
    Ok(headers)
}

/// The platform's form of a request.
fn init(request: &Request, env: &Env, controller: Option<&AbortController>) -> Result<RequestInit, Unsent> {
    let secret = |name: &str| bound::secret(env, name);
    let init = RequestInit::new();
    if let Some(body) = &request.body {
        init.set_body(&JsValue::from_str(revealed(body, secret)?.expose_secret()));
    }
    init.set_method(request.method.as_str());
    init.set_headers(headers(request, env)?.as_ref());
    init.set_redirect(RequestRedirect::Manual);
    init.set_cache(RequestCache::NoStore);
    init.set_signal(controller.map(AbortController::signal).as_ref());
    Ok(init)
}

/// The status and the wanted fields. All fields come over in one text: some forty are wanted, and
/// each that is asked for by itself is a call and two texts.
fn head(response: &Response, wanted: &[String]) -> Result<Head, JsValue> {
    let text = caught::lines(&response.headers())?;
    let mut lines = text.split('\n');
    let fields: Vec<_> = std::iter::from_fn(|| lines.next().zip(lines.next())).collect();
    Ok(Head::of(response.status(), &fields, wanted))
}

/// Reads the body in one piece, gathered by the runtime: an origin that sends each byte in a chunk
/// of its own must not cost a turn of ours for each.
async fn read_body(response: &Response, progress: &RefCell<Progress>) -> Result<End, JsValue> {
    let Some(stream) = response.body() else { return Ok(End::Complete) };
    let reader = caught::reader(&stream)?;
    // Most answers of health are short, and a buffer is filled with zeros first.
    let mut piece = FIRST_PIECE;
    loop {
        // One byte more than the cap tells a body of exactly that length from a longer one.
        let room = BODY_CAP.saturating_add(1).saturating_sub(progress.borrow().body.len()).min(piece);
        if room == 0 {
            return Ok(End::TooLong);
        }
        piece = usize::MAX;
        #[expect(clippy::cast_possible_truncation, reason = "at most the cap of 64 KiB")]
        let (bytes, done) = caught::filled(&reader, room as u32).await?;
        progress.borrow_mut().body.extend(bytes);
        if done {
            return Ok(End::Complete);
        }
    }
}

/// Lets an unread body go, so that it does not keep its connection.
fn let_go(response: &Response) {
    if let Some(body) = response.body() {
        // Whether the cancellation succeeds changes nothing for the probe.
        let _ = body.cancel();
    }
}

/// The platform's own words for what it threw.
pub(super) fn words(error: &JsValue) -> String {
    error
        .dyn_ref::<js_sys::Error>()
        .map_or_else(|| "not an error object".to_owned(), |error| String::from(error.message()))
}
