//! Faults on purpose, so that tests can see what they cost: a crash, an Arbiter that does not answer. Only in builds with the
//! feature `trap`.

use std::cell::Cell;

use web_sys::Request;

thread_local! {
    static SET: Cell<Option<&'static str>> = const { Cell::new(None) };
    static SILENT: Cell<bool> = const { Cell::new(false) };
}

/// Reads the header `vedette-trap`: `read` traps this request, `arbiter` and `vantage` the next turn of that object in this
/// isolate; `arbiter-silent` makes the Arbiter refuse every request until `arbiter-speaks`.
pub(super) fn if_asked(request: &Request, here: &str) {
    match request.headers().get("vedette-trap").ok().flatten().as_deref() {
        Some(asked) if asked == here => trap(),
        Some("arbiter") => SET.set(Some("arbiter")),
        Some("vantage") => SET.set(Some("vantage")),
        Some("arbiter-silent") => SILENT.set(true),
        Some("arbiter-speaks") => SILENT.set(false),
        Some(_) | None => {}
    }
}

/// Whether the Arbiter is not to answer.
pub(super) fn arbiter_is_silent() -> bool {
    SILENT.get()
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
