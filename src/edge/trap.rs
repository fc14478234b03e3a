//! Traps on purpose, so that tests can see what a crash costs. Only in builds with the feature `trap`.

use std::cell::Cell;

use web_sys::Request;

thread_local! {
    static SET: Cell<Option<&'static str>> = const { Cell::new(None) };
}

/// Reads the header `vedette-trap`: `read` traps this request, `arbiter` and `vantage` the next turn of that object in this
/// isolate.
pub(super) fn if_asked(request: &Request, here: &str) {
    match request.headers().get("vedette-trap").ok().flatten().as_deref() {
        Some(asked) if asked == here => trap(),
        Some("arbiter") => SET.set(Some("arbiter")),
        Some("vantage") => SET.set(Some("vantage")),
        Some(_) | None => {}
    }
}

/// Traps if a request asked for a trap here.
pub(super) fn if_set(here: &str) {
    if SET.get() == Some(here) {
        SET.set(None);
        trap();
    }
}

#[expect(clippy::panic, reason = "the purpose of this module")]
fn trap() {
    panic!("trapped on purpose");
}
