//! Sockets between our own parts: the ends that an object keeps while it hibernates, and the end of whoever follows.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

use js_sys::{Array, Reflect};
use wasm_bindgen::prelude::{Closure, wasm_bindgen};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Response, ResponseInit};

use super::object::State;
use super::{Failure, Result, Stub, options, response};

#[wasm_bindgen]
extern "C" {
    /// One end of a WebSocket.
    pub type Socket;
    #[wasm_bindgen(method, catch)]
    fn accept(this: &Socket) -> std::result::Result<(), JsValue>;
    #[wasm_bindgen(method, catch, js_name = send)]
    fn send_text(this: &Socket, text: &str) -> std::result::Result<(), JsValue>;
    #[wasm_bindgen(method, catch)]
    fn close(this: &Socket, code: u16) -> std::result::Result<(), JsValue>;
    #[wasm_bindgen(method, js_name = addEventListener)]
    fn on(this: &Socket, event: &str, hear: &Closure<dyn FnMut(JsValue)>);

    #[wasm_bindgen(js_name = WebSocketPair)]
    type Pair;
    #[wasm_bindgen(constructor, js_class = "WebSocketPair")]
    fn new() -> Pair;

    #[wasm_bindgen(js_name = WebSocketRequestResponsePair)]
    type Echo;
    #[wasm_bindgen(constructor, js_class = "WebSocketRequestResponsePair")]
    fn new(word: &str, answer: &str) -> Echo;

    #[wasm_bindgen(method, catch, js_name = acceptWebSocket)]
    fn keep_socket(this: &State, socket: &Socket, tags: &Array) -> std::result::Result<(), JsValue>;
    #[wasm_bindgen(method, js_name = getWebSockets)]
    fn kept_sockets(this: &State, tag: Option<&str>) -> Array;
    #[wasm_bindgen(method, catch, js_name = setWebSocketAutoResponse)]
    fn echo(this: &State, echo: &Echo) -> std::result::Result<(), JsValue>;
}

impl Socket {
    /// Sends a text. Whoever has left does not get it.
    pub(in crate::edge) fn send(&self, text: &str) {
        // One that is closing refuses it.
        let _ = self.send_text(text);
    }
}

impl State {
    /// Opens a WebSocket that outlives the object's memory, and answers `echo.0` with `echo.1` without waking it: our end, and the
    /// response with the other.
    pub(in crate::edge) fn open(&self, tag: &str, echo: (&str, &str)) -> Result<(Socket, Response)> {
        self.echo(&Echo::new(echo.0, echo.1))?;
        let pair = Pair::new();
        let ours: Socket = Reflect::get_u32(&pair, 1)?.unchecked_into();
        self.keep_socket(&ours, &Array::of1(&tag.into()))?;
        let init = ResponseInit::new();
        init.set_status(101);
        Reflect::set(&init, &"webSocket".into(), &Reflect::get_u32(&pair, 0)?)?;
        Ok((ours, Response::new_with_opt_str_and_init(None, &init)?))
    }

    /// The sockets of a tag; all of them without one.
    pub(in crate::edge) fn sockets(&self, tag: Option<&str>) -> Vec<Socket> {
        self.kept_sockets(tag).iter().map(JsCast::unchecked_into).collect()
    }
}

/// What comes along a line.
pub(in crate::edge) enum Word {
    /// This text.
    Text(String),
    /// The line was cut.
    Cut,
    /// Whoever waited for a word has left.
    Left,
}

/// Where words arrive, from a line and from a client that leaves. A clone is of the same.
#[derive(Clone, Default)]
pub(in crate::edge) struct Words(Rc<RefCell<(VecDeque<Word>, Option<Waker>)>>);

impl Words {
    /// Says a word.
    pub(in crate::edge) fn say(&self, word: Word) {
        let mut words = self.0.borrow_mut();
        words.0.push_back(word);
        let waker = words.1.take();
        drop(words);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// The next word, for the one who listens.
    pub(in crate::edge) fn next(&self) -> impl Future<Output = Word> {
        poll_fn(|context| {
            let mut words = self.0.borrow_mut();
            if let Some(word) = words.0.pop_front() {
                return Poll::Ready(word);
            }
            words.1 = Some(context.waker().clone());
            Poll::Pending
        })
    }
}

/// The end of a WebSocket of whoever follows. Dropping it closes it.
pub(in crate::edge) struct Line {
    socket: Socket,
    /// What the socket calls; it must live as long as the socket may call.
    _hear: Closure<dyn FnMut(JsValue)>,
}

impl Line {
    /// Sends a text.
    pub(in crate::edge) fn send(&self, text: &str) {
        self.socket.send(text);
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        // One that was cut refuses it.
        let _ = self.socket.close(1000);
    }
}

impl Stub {
    /// Opens a line to an object; the status of its answer if it declines.
    pub(in crate::edge) async fn line(
        &self,
        url: &str,
        words: Words,
    ) -> Result<std::result::Result<Line, u16>> {
        let headers = options(&[("Upgrade", "websocket".into())]);
        let answer = response(self.fetch_from(url, &options(&[("headers", headers.into())]))).await?;
        if answer.status() != 101 {
            return Ok(Err(answer.status()));
        }
        let socket = Reflect::get(&answer, &"webSocket".into())?;
        if !socket.is_object() {
            return Err(Failure::from("there is no WebSocket in the answer"));
        }
        let socket: Socket = socket.unchecked_into();
        let hear = Closure::<dyn FnMut(JsValue)>::new(move |event: JsValue| {
            let data = Reflect::get(&event, &"data".into()).ok().and_then(|data| data.as_string());
            words.say(data.map_or(Word::Cut, Word::Text));
        });
        for event in ["message", "close", "error"] {
            socket.on(event, &hear);
        }
        socket.accept()?;
        Ok(Ok(Line { socket, _hear: hear }))
    }
}
