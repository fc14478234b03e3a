//! Calls that the platform may answer by throwing, and that the crate `worker` unwraps or lets
//! escape. Either would end the wasm instance, and with it every request that is in it; here each
//! is a `Result`.
//!
//! - Sockets of an object and `waitUntil`: the crate unwraps them, although `worker_sys` beneath it
//!   declares them with `catch`. They are called there.
//! - Rows of a query, the cache, a body that is read into a buffer: declared without `catch`, so
//!   they are declared here.
//! - `transactionSync`: the crate has only the transaction that awaits.
//! - Signatures: `web_sys` would have them, and cannot say what a key of JSON is.
//!
//! `tests/runtime/throws.test.mjs` makes them throw, and `access.test.mjs` has keys at which those
//! of signatures do. `clippy.toml` refuses the forms that do not catch.

use std::cell::RefCell;

use js_sys::{Array, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, future_to_promise};
use web_sys::{Headers, ReadableStream, ReadableStreamGetReaderOptions, ReadableStreamReaderMode, Response};
pub(super) use worker::worker_sys::Context;
use worker::{Result, State, Storage, WebSocket, WebSocketRequestResponsePair};

use crate::access::keys::Key;
use crate::defaults::edge::HEAD_CAP;

type Thrown<T> = std::result::Result<T, JsValue>;

#[wasm_bindgen]
extern "C" {
    type Transactional;
    #[wasm_bindgen(method, catch, js_name = transactionSync)]
    fn transact(this: &Transactional, work: &mut dyn FnMut() -> Thrown<()>) -> Thrown<()>;

    type Cursor;
    #[wasm_bindgen(method, catch)]
    fn raw(this: &Cursor) -> Thrown<JsValue>;
    /// SQLite may fail at any row, long after `exec`.
    #[wasm_bindgen(catch, js_namespace = Array, js_name = from)]
    fn array_of(iterator: &JsValue) -> Thrown<Array>;

    /// Names and values of header fields, those that may stand apart one by one.
    type Pairs;
    #[wasm_bindgen(method, catch)]
    fn flat(this: &Pairs) -> Thrown<Array>;

    type Caches;
    #[wasm_bindgen(thread_local_v2, js_name = caches)]
    static CACHES: Caches;
    #[wasm_bindgen(method, catch, getter)]
    fn default(this: &Caches) -> Thrown<Cache>;
    type Cache;
    #[wasm_bindgen(method, catch, js_name = match)]
    fn find(this: &Cache, url: &str) -> Thrown<Promise>;
    #[wasm_bindgen(method, catch, js_name = put)]
    fn keep(this: &Cache, url: &str, response: &Response) -> Thrown<Promise>;

    type Subtle;
    #[wasm_bindgen(thread_local_v2, js_namespace = crypto, js_name = subtle)]
    static SUBTLE: Subtle;
    #[wasm_bindgen(method, catch, js_name = importKey)]
    fn import(
        this: &Subtle,
        format: &str,
        key: &Object,
        algorithm: &Object,
        extractable: bool,
        usages: &Array,
    ) -> Thrown<Promise>;
    #[wasm_bindgen(method, catch)]
    fn verify(
        this: &Subtle,
        algorithm: &str,
        key: &JsValue,
        signature: &Uint8Array,
        data: &Uint8Array,
    ) -> Thrown<Promise>;

    type Body;
    #[wasm_bindgen(method, catch, js_name = getReader)]
    fn reader(this: &Body, options: &ReadableStreamGetReaderOptions) -> Thrown<Reader>;
    /// Reads a body into buffers of ours.
    pub(super) type Reader;
    #[wasm_bindgen(method, catch)]
    fn read(this: &Reader, buffer: &Uint8Array, options: &Object) -> Thrown<Promise>;
    #[wasm_bindgen(method, catch)]
    fn cancel(this: &Reader) -> Thrown<Promise>;
}

/// The same invocation, for a task that outlives the call.
pub(super) fn same(ctx: &Context) -> Context {
    let value: &JsValue = ctx.as_ref();
    value.clone().unchecked_into()
}

/// Keeps an invocation going until the work is done. Where the platform refuses that, the work is
/// begun all the same.
pub(super) fn wait_until(ctx: &Context, work: impl Future<Output = ()> + 'static) {
    let _ = ctx.wait_until(&promised(work));
}

/// Keeps an object going until the work is done. Where the platform refuses that, the work is begun
/// all the same.
pub(super) fn keep_going(state: &State, work: impl Future<Output = ()> + 'static) {
    let _ = state.as_raw().wait_until(&promised(work));
}

fn promised(work: impl Future<Output = ()> + 'static) -> Promise {
    future_to_promise(async {
        work.await;
        Ok(JsValue::UNDEFINED)
    })
}

/// Accepts a WebSocket that outlives the object's memory.
pub(super) fn accept(state: &State, socket: &WebSocket, tag: &str) -> Result<()> {
    Ok(state.as_raw().accept_websocket_with_tags(socket.as_ref(), vec![tag.into()])?)
}

/// The sockets of a tag; all of them without one.
pub(super) fn sockets(state: &State, tag: Option<&str>) -> Result<Vec<WebSocket>> {
    let state = state.as_raw();
    let sockets = tag.map_or_else(|| state.get_websockets(), |tag| state.get_websockets_with_tag(tag))?;
    Ok(sockets.into_iter().map(WebSocket::from).collect())
}

/// Has the platform answer a word on every socket of an object, without waking it.
pub(super) fn answer_alone(state: &State, word: &str, answer: &str) -> Result<()> {
    let pair = WebSocketRequestResponsePair::new(word, answer)?;
    Ok(state.as_raw().set_websocket_auto_response(&pair)?)
}

/// Runs `work` in a transaction: if it fails, nothing that it wrote remains
/// (<https://developers.cloudflare.com/durable-objects/api/sqlite-storage-api/#transactionsync>).
pub(super) fn transaction(storage: &Storage, mut work: impl FnMut() -> Result<()>) -> Result<()> {
    let storage: &Transactional = storage.as_raw().unchecked_ref();
    Ok(storage.transact(&mut || work().map_err(JsValue::from))?)
}

/// The rows of a query for two texts; rows of anything else are left out.
pub(super) fn pairs(storage: &Storage, query: &str) -> Result<Vec<(String, String)>> {
    let cursor = storage.as_raw().sql().exec(query, Array::new())?;
    let rows = array_of(&cursor.unchecked_ref::<Cursor>().raw()?)?;
    let pair = |row: JsValue| {
        let row: Array = row.unchecked_into();
        row.get(0).as_string().zip(row.get(1).as_string())
    };
    Ok(rows.iter().filter_map(pair).collect())
}

/// The first text of the first row of a query with one value.
pub(super) fn text(storage: &Storage, query: &str, value: &str) -> Result<Option<String>> {
    let cursor = storage.as_raw().sql().exec(query, Array::of1(&JsValue::from_str(value)))?;
    let rows = array_of(&cursor.unchecked_ref::<Cursor>().raw()?)?;
    let row: Array = rows.get(0).unchecked_into();
    Ok(if rows.length() == 0 { None } else { row.get(0).as_string() })
}

/// The first two texts of the first row of a query with one value.
pub(super) fn pair(storage: &Storage, query: &str, value: &str) -> Result<Option<(String, String)>> {
    let cursor = storage.as_raw().sql().exec(query, Array::of1(&JsValue::from_str(value)))?;
    let rows = array_of(&cursor.unchecked_ref::<Cursor>().raw()?)?;
    let row: Array = rows.get(0).unchecked_into();
    Ok(if rows.length() == 0 { None } else { row.get(0).as_string().zip(row.get(1).as_string()) })
}

/// Runs what reads rows one by one; the first of them that could not be read fails it all.
pub(super) fn all_read<K: ?Sized, V, T>(
    read: impl Fn(&K) -> Result<Option<V>>,
    with: impl FnOnce(&dyn Fn(&K) -> Option<V>) -> T,
) -> Result<T> {
    let failed = RefCell::new(None);
    let value = with(&|key: &K| {
        read(key).unwrap_or_else(|error| {
            failed.borrow_mut().get_or_insert(error);
            None
        })
    });
    failed.into_inner().map_or(Ok(value), Err)
}

/// The copy that the cache of this data centre has.
pub(super) async fn cached(url: &str) -> Result<Option<Response>> {
    let found = JsFuture::from(CACHES.with(Caches::default)?.find(url)?).await?;
    Ok((!found.is_undefined()).then(|| found.unchecked_into()))
}

/// Leaves a copy in the cache of this data centre.
pub(super) async fn cache(url: &str, response: &Response) -> Result<()> {
    JsFuture::from(CACHES.with(Caches::default)?.keep(url, response)?).await?;
    Ok(())
}

/// Whether a signature is that of this key, by RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518 section
/// 3.3).
pub(super) async fn verifies(key: &Key, signature: &[u8], signed: &str) -> Thrown<bool> {
    const RSA: &str = "RSASSA-PKCS1-v1_5";
    let object = |members: &[(&str, &str)]| -> Thrown<Object> {
        let object = Object::new();
        for (name, value) in members {
            Reflect::set(&object, &(*name).into(), &(*value).into())?;
        }
        Ok(object)
    };
    let written = object(&[("kty", "RSA"), ("alg", "RS256"), ("n", &key.n), ("e", &key.e)])?;
    let algorithm = object(&[("name", RSA), ("hash", "SHA-256")])?;
    let usages = Array::of1(&"verify".into());
    let import = SUBTLE.with(|subtle| subtle.import("jwk", &written, &algorithm, false, &usages))?;
    let key = JsFuture::from(import).await?;
    let (signature, signed) = (Uint8Array::from(signature), Uint8Array::from(signed.as_bytes()));
    let verified = SUBTLE.with(|subtle| subtle.verify(RSA, &key, &signature, &signed))?;
    Ok(JsFuture::from(verified).await?.is_truthy())
}

/// Name and value of each header field, a line each: neither has the end of a line in it (RFC 9110,
/// section 5.5). A head that is longer than [`HEAD_CAP`] is cut.
pub(super) fn lines(fields: &Headers) -> Thrown<String> {
    let pairs = array_of(fields.as_ref())?;
    let text = pairs.unchecked_ref::<Pairs>().flat()?.join("\n");
    Ok(if text.length() > HEAD_CAP { text.substring(0, HEAD_CAP).into() } else { text.into() })
}

/// A reader into buffers of ours; the one of `web_sys` does not know the standard's `min`.
pub(super) fn reader(body: &ReadableStream) -> Thrown<Reader> {
    let mode = ReadableStreamGetReaderOptions::new();
    mode.set_mode(ReadableStreamReaderMode::Byob);
    body.unchecked_ref::<Body>().reader(&mode)
}

/// Lets a body go that is not read to its end. Whether that succeeds changes nothing for whoever
/// reads it no more, and nobody waits for it.
pub(super) fn let_go(reader: &Reader) {
    if let Ok(ended) = reader.cancel() {
        wasm_bindgen_futures::spawn_local(async {
            let _ = JsFuture::from(ended).await;
        });
    }
}

/// Reads until `room` bytes are there or the body has ended: the bytes, and whether it has.
pub(super) async fn filled(reader: &Reader, room: u32) -> Thrown<(Vec<u8>, bool)> {
    let options = Object::new();
    Reflect::set(&options, &"min".into(), &room.into())?;
    let piece = JsFuture::from(reader.read(&Uint8Array::new_with_length(room), &options)?).await?;
    // The last piece may come together with the word that it is the last.
    let bytes = Reflect::get(&piece, &"value".into())?.dyn_into::<Uint8Array>();
    let bytes = bytes.map(|bytes| bytes.to_vec()).unwrap_or_default();
    Ok((bytes, Reflect::get(&piece, &"done".into())?.is_truthy()))
}
