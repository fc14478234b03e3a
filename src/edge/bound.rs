//! What a deployment binds: variables and secrets, and the two classes of objects; calls of an
//! object from outside.

use js_sys::Promise;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Headers, Request, RequestInit, Response};
use worker::worker_sys::DurableObject;
use worker::{Env, Result, Stub};

use crate::secret::{Secret, Unusable, Why};

/// A variable or a secret.
pub(super) fn text(env: &Env, name: &str) -> Option<String> {
    env.var(name).ok().map(|text| text.to_string())
}

/// What the secret of a name holds.
pub(super) fn secret(env: &Env, name: &str) -> std::result::Result<Secret, Unusable> {
    text(env, name).map(Secret::from).ok_or_else(|| Why::NotSet.of(name))
}

/// A Durable Object of a class by its name; where there is none of that name yet, it is made near
/// `hint`.
pub(super) fn object(env: &Env, class: &str, name: &str, hint: &str) -> Result<Stub> {
    env.durable_object(class)?.get_by_name_with_location_hint(name, hint)
}

/// Asks an object with GET.
pub(super) async fn get(object: Stub, url: &str) -> Result<Response> {
    response(called(object).fetch_with_str(url)).await
}

/// Asks an object with POST.
pub(super) async fn post(object: Stub, url: &str, body: &str) -> Result<Response> {
    let init = RequestInit::new();
    init.set_method("POST");
    init.set_body(&JsValue::from_str(body));
    send(object, url, &init).await
}

/// Asks an object for a WebSocket.
pub(super) async fn upgrade(object: Stub, url: &str) -> Result<Response> {
    let headers = Headers::new()?;
    headers.set("upgrade", "websocket")?;
    let init = RequestInit::new();
    init.set_headers(headers.as_ref());
    send(object, url, &init).await
}

async fn send(object: Stub, url: &str, init: &RequestInit) -> Result<Response> {
    response(called(object).fetch_with_request(&Request::new_with_str_and_init(url, init)?)).await
}

/// The calls of an object by the platform's own types: a response of `worker` would be read piece
/// by piece in wasm, where the runtime reads it in one.
fn called(object: Stub) -> DurableObject {
    object.into_rpc()
}

async fn response(called: std::result::Result<Promise, JsValue>) -> Result<Response> {
    Ok(JsFuture::from(called?).await?.unchecked_into())
}
