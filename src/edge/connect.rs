//! Opens the connection of a probe beside its request: plain TCP over the platform's sockets, on
//! which nothing is sent. Every wait is bounded, for what the platform promises of a socket may
//! never come.

use std::pin::pin;

use futures_util::future::{Either, select};
use js_sys::{Object, Reflect};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use worker::worker_sys::{self, Socket};

use super::{caught, clock, send};
use crate::exchange::BODY_CAP;
use crate::probe::{Dial, DialEnd, Dialled};

/// Opens a connection, watches it, and closes it.
pub(super) async fn connect(dial: &Dial) -> Dialled {
    let begun = clock::now();
    let end = match open(&dial.address) {
        Ok(socket) => {
            let end = stands(&socket, dial).await.unwrap_or_else(|error| broken(&error));
            // To close one that is not open yet may take for ever, so nobody waits for it.
            let _ = socket.close().map(JsFuture::from);
            end
        }
        Err(error) => broken(&error),
    };
    Dialled { end, elapsed: clock::now().since(begun) }
}

fn open(address: &str) -> Result<Socket, JsValue> {
    let options = Object::new();
    Reflect::set(&options, &"secureTransport".into(), &"off".into())?;
    let socket = worker_sys::connect(address.into(), options.into())?;
    // Why it closes is told by others; the platform would complain that nobody listens.
    let _ = socket.closed().map(JsFuture::from);
    Ok(socket)
}

/// How far a connection came that is being opened.
async fn stands(socket: &Socket, dial: &Dial) -> Result<DialEnd, JsValue> {
    let begun = clock::now();
    let opened = JsFuture::from(socket.opened()?);
    match select(opened, clock::delay(dial.within)).await {
        Either::Left((Ok(_), _)) => {}
        Either::Left((Err(error), _)) => return Err(error),
        Either::Right(((), _)) => return Ok(DialEnd::TimedOut),
    }
    let left = dial.within.minus(clock::now().since(begun));
    // Only whoever reads learns that it was closed. A server that speaks first is read until it
    // ends, or says more than anybody would.
    let reader = caught::reader(&socket.readable()?)?;
    #[expect(clippy::cast_possible_truncation, reason = "64 KiB")]
    let read = pin!(caught::filled(&reader, BODY_CAP as u32));
    Ok(match select(read, clock::delay(dial.watched.min(left))).await {
        Either::Left((Ok((_, false)), _)) | Either::Right(((), _)) => DialEnd::Stood,
        Either::Left((Ok((_, true)) | Err(_), _)) => DialEnd::Closed,
    })
}

fn broken(error: &JsValue) -> DialEnd {
    DialEnd::Broken(send::words(error))
}
