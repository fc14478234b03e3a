//! Lines between our own parts: the end that the Arbiter keeps while it hibernates, and the end of
//! whoever follows.

use futures_channel::mpsc::UnboundedSender;
use js_sys::Reflect;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Response, ResponseInit};
use worker::{Result, State, WebSocket, WebSocketPair};

use super::caught;
use crate::follow;

/// What comes along a line.
pub(super) enum Word {
    /// This text.
    Text(String),
    /// The line was cut.
    Cut,
    /// Whoever waited for a word has left.
    Left,
}

/// The end of whoever follows. Dropping it closes it.
///
/// It listens by itself: the stream of events of [`WebSocket`] borrows the socket, and would have
/// to be kept beside it.
pub(super) struct Line {
    socket: WebSocket,
    /// What the socket calls; it must live as long as the socket may call.
    _hear: Closure<dyn FnMut(JsValue)>,
}

impl Line {
    /// The line in an answer to whoever asked for one; its words go to `words`.
    pub(super) fn of(answer: &Response, words: UnboundedSender<Word>) -> Result<Self> {
        let socket = Reflect::get(answer, &"webSocket".into())?;
        if !socket.is_object() {
            return Err("there is no WebSocket in the answer".into());
        }
        let socket: web_sys::WebSocket = socket.unchecked_into();
        let hear = Closure::<dyn FnMut(JsValue)>::new(move |event: JsValue| {
            let data = Reflect::get(&event, &"data".into()).ok().and_then(|data| data.as_string());
            // Whoever followed may have left.
            let _ = words.unbounded_send(data.map_or(Word::Cut, Word::Text));
        });
        for event in ["message", "close", "error"] {
            socket.add_event_listener_with_callback(event, hear.as_ref().unchecked_ref())?;
        }
        let line = Self { socket: socket.into(), _hear: hear };
        line.socket.accept()?;
        Ok(line)
    }

    /// Sends a text.
    pub(super) fn send(&self, text: &str) {
        send(&self.socket, text);
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        // One that was cut refuses it.
        let _ = self.socket.close(Some(1000), None::<&str>);
    }
}

/// Sends a text. Whoever has left does not get it.
pub(super) fn send(socket: &WebSocket, text: &str) {
    // One that is closing refuses it.
    let _ = socket.send_with_str(text);
}

/// Opens a line that outlives the object's memory, and on which a ping is answered without waking
/// it: our end, and the response with the other.
pub(super) fn open(state: &State, tag: &str) -> Result<(WebSocket, Response)> {
    let (word, answer) = follow::PING;
    caught::answer_alone(state, word, answer)?;
    let pair = WebSocketPair::new()?;
    caught::accept(state, &pair.server, tag)?;
    let init = ResponseInit::new();
    init.set_status(101);
    Reflect::set(&init, &"webSocket".into(), pair.client.as_ref())?;
    Ok((pair.server, Response::new_with_opt_str_and_init(None, &init)?))
}
