//! What this isolate counted of the requests that it passed on, as it is handed on to the Arbiter.

use std::cell::{Cell, RefCell};

use web_sys::{Request, Response};
use worker::Result;

use super::respond;
use crate::calls;
use crate::json;
use crate::traffic::{Counts, HandOver, Step};
use crate::units::Name;

/// Says what was counted since the isolate began.
type Counted = fn() -> Vec<(Name, Counts)>;

thread_local! {
    static HAND_OVER: RefCell<Option<HandOver>> = const { RefCell::new(None) };
    static COUNTED: Cell<Option<Counted>> = const { Cell::new(None) };
}

/// The isolate begins to count. `isolate` tells it from all others.
pub(super) fn begin(isolate: u64, counted: Counted) {
    COUNTED.set(Some(counted));
    HAND_OVER.set(Some(HandOver::new(isolate)));
}

/// What the Arbiter is to be told with the next refresh; nothing if nothing is new.
pub(super) fn step() -> Option<String> {
    let counted = COUNTED.get()?();
    HAND_OVER.with_borrow_mut(|hand_over| Some(json::write(hand_over.as_mut()?.step(counted)?)))
}

/// What a reader tells the Arbiter with its question; what is not understood says nothing.
pub(super) async fn of(request: &Request) -> Result<Option<Step>> {
    if request.method() != "POST" {
        return Ok(None);
    }
    Ok(json::read(&respond::text(request.text()).await?))
}

/// Says in the Arbiter's answer that a step was taken.
pub(super) fn taken(answer: Response, step: Option<&Step>) -> Result<Response> {
    if let Some(step) = step {
        answer.headers().set(calls::COUNTED, &step.seq.to_string())?;
    }
    Ok(answer)
}

/// Takes note of what the Arbiter has taken.
pub(super) fn heard(answer: &Response) {
    let taken = answer.headers().get(calls::COUNTED).ok().flatten().and_then(|seq| seq.parse().ok());
    HAND_OVER.with_borrow_mut(|hand_over| {
        if let (Some(hand_over), Some(seq)) = (hand_over, taken) {
            hand_over.taken(seq);
        }
    });
}
