//! The core's answers as the platform's responses.

use web_sys::{Headers, Response, ResponseInit};
use worker::Result;

use crate::serve::Answer;

/// Path and query of an absolute address, as sent.
pub(super) fn target_of(url: &str) -> &str {
    let host = url.find("://").map_or(0, |at| at.saturating_add(3));
    let rest = url.get(host..).unwrap_or_default();
    rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/")
}

/// A response; without the body for HEAD.
pub(super) fn response(answer: &Answer, head: bool) -> Result<Response> {
    let headers = Headers::new()?;
    for (name, value) in &answer.headers {
        headers.set(name, value)?;
    }
    let init = ResponseInit::new();
    init.set_status(answer.status);
    init.set_headers(headers.as_ref());
    let body = (!head && answer.status != 304).then_some(answer.body.as_str());
    Ok(Response::new_with_opt_str_and_init(body, &init)?)
}

/// A small response between our own parts.
pub(super) fn plain(status: u16, body: &str) -> Result<worker::Response> {
    let init = ResponseInit::new();
    init.set_status(status);
    Ok(Response::new_with_opt_str_and_init((status != 204).then_some(body), &init)?.into())
}
