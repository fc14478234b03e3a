//! Timers as futures.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_channel::oneshot::{Receiver, channel};
use wasm_bindgen::prelude::{Closure, wasm_bindgen};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(ring: &Closure<dyn FnMut()>, after: i32) -> i32;
    #[wasm_bindgen(js_name = clearTimeout)]
    fn clear_timeout(timer: i32);
}

/// Done when its time is over. Dropping it clears the timer.
pub(in crate::edge) struct Delay {
    rung: Receiver<()>,
    timer: i32,
    /// What the timer calls; it must live as long as the timer may ring.
    _ring: Closure<dyn FnMut()>,
}

impl Delay {
    /// Begins to count, in milliseconds.
    pub(in crate::edge) fn new(after: i32) -> Self {
        let (sender, receiver) = channel();
        let ring = Closure::once(move || {
            // Whoever waited may have left.
            let _ = sender.send(());
        });
        let timer = set_timeout(&ring, after);
        Self { rung: receiver, timer, _ring: ring }
    }
}

impl Future for Delay {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.rung).poll(context).map(drop)
    }
}

impl Drop for Delay {
    fn drop(&mut self) {
        clear_timeout(self.timer);
    }
}
