//! Faults on purpose, so that tests can see what they cost: a crash, a part that is down. Only in
//! builds with the feature `trap`.

use std::cell::{Cell, RefCell};

use web_sys::Request;

thread_local! {
    static SET: Cell<Option<&'static str>> = const { Cell::new(None) };
    static DOWN: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Reads the header `vedette-trap`. `read` (and `proxy` on the way through a route) traps this
/// request. `arbiter` and `vantage` trap the next turn of that object in this isolate. `down=` and
/// a list takes parts away from this isolate, until the next such list. The parts are `memory`,
/// `cache`, `arbiter`, `arbiter-hangs`, `kv`, `vantage` and `last-row`: the last of three rows or
/// more that the Arbiter writes at once.
pub(super) fn if_asked(request: &Request, here: &str) {
    let Some(asked) = request.headers().get("vedette-trap").ok().flatten() else { return };
    match asked.as_str() {
        asked if asked == here => trap(),
        "arbiter" => SET.set(Some("arbiter")),
        "vantage" => SET.set(Some("vantage")),
        asked => {
            if let Some(parts) = asked.strip_prefix("down=") {
                DOWN.set(parts.to_owned());
            }
        }
    }
}

/// Traps if a request asked for it by a header that somebody else has read.
pub(super) fn if_named(asked: Option<&str>, here: &str) {
    if asked == Some(here) {
        trap();
    }
}

/// Whether a part is to be down.
pub(super) fn is_down(part: &str) -> bool {
    DOWN.with_borrow(|down| down.split(',').any(|one| one == part))
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
