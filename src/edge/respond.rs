//! The core's answers as the platform's: what `entry.mjs` makes a response of, and responses
//! between our own parts.

use js_sys::{Object, Promise, Reflect};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Headers, Response, ResponseInit};
use worker::Result;

use super::clock::set_time;
use crate::answer::Answer;
use crate::units::Timestamp;

/// An answer, and the form in which `entry.mjs` may keep it.
pub(super) struct Reply {
    pub(super) answer: Answer,
    pub(super) kept: Option<Kept>,
}

/// An answer that may be given again.
pub(super) struct Kept {
    pub(super) answer: Answer,
    pub(super) from: Timestamp,
    pub(super) until: Timestamp,
    pub(super) lease: Object,
    /// Whether it is not for whoever shows who they are.
    pub(super) public_only: bool,
}

impl From<Answer> for Reply {
    /// An answer that is not given again.
    fn from(answer: Answer) -> Self {
        Self { answer, kept: None }
    }
}

/// Path and query of an absolute address, as sent.
pub(super) fn target_of(url: &str) -> &str {
    let host = url.find("://").map_or(0, |at| at.saturating_add(3));
    let rest = url.get(host..).unwrap_or_default();
    rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/")
}

/// `{ body, init, kept? }`: what `new Response(body, init)` takes, and the same of what may be
/// given again, with `from`, `until` and `lease`. For HEAD there is no body.
pub(super) fn reply(reply: &Reply, head: bool) -> Result<Object> {
    let object = response(&reply.answer, head)?;
    if let Some(Kept { answer, from, until, lease, public_only }) = &reply.kept {
        let kept = response(answer, false)?;
        set_time(&kept, "from", *from);
        set_time(&kept, "until", *until);
        Reflect::set(&kept, &"lease".into(), lease)?;
        Reflect::set(&kept, &"publicOnly".into(), &JsValue::from_bool(*public_only))?;
        Reflect::set(&object, &"kept".into(), &kept)?;
    }
    Ok(object)
}

fn response(answer: &Answer, head: bool) -> Result<Object> {
    let init = ResponseInit::new();
    init.set_status(answer.status);
    init.set_headers(headers(&answer.headers)?.as_ref());
    let empty = head || matches!(answer.status, 204 | 304);
    let body = if empty { JsValue::NULL } else { JsValue::from_str(&answer.body) };
    let object = Object::new();
    Reflect::set(&object, &"body".into(), &body)?;
    Reflect::set(&object, &"init".into(), &init)?;
    Ok(object)
}

fn headers(fields: &[(&'static str, String)]) -> Result<Headers> {
    let headers = Headers::new()?;
    for (name, value) in fields {
        headers.set(name, value)?;
    }
    Ok(headers)
}

/// A response with these header fields.
pub(super) fn with_headers(body: &str, fields: &[(&'static str, String)]) -> Result<Response> {
    let init = ResponseInit::new();
    init.set_headers(headers(fields)?.as_ref());
    Ok(Response::new_with_opt_str_and_init(Some(body), &init)?)
}

/// A small response between our own parts.
pub(super) fn plain(status: u16, body: &str) -> Result<Response> {
    let init = ResponseInit::new();
    init.set_status(status);
    Ok(Response::new_with_opt_str_and_init((status != 204).then_some(body), &init)?)
}

/// The text of a request or response between our own parts; what is no text counts as an empty one.
pub(super) async fn text(called: std::result::Result<Promise, JsValue>) -> Result<String> {
    Ok(JsFuture::from(called?).await?.as_string().unwrap_or_default())
}
