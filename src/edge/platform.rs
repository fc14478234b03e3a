//! The platform as far as we call it: what a deployment binds, the life of an invocation, the caches, the console. Turns calls into
//! promises, and what they throw into a [`Failure`].
//!
//! Only what is used is declared here. The `worker` crate declares all of the platform, and what it exports stays in the upload
//! whether it is used or not (decision 0010).

use std::fmt;
use std::pin::Pin;

use js_sys::{Object, Promise, Reflect};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, future_to_promise, spawn_local};
use web_sys::Response;

mod instance;
mod object;
mod socket;
mod timer;

pub(super) use object::State;
pub(super) use socket::{Line, Word, Words};
pub(super) use timer::Delay;

/// What a call of the platform brings.
pub(super) type Result<T> = std::result::Result<T, Failure>;

/// Why a call brought nothing.
#[derive(Debug)]
pub(super) enum Failure {
    /// The platform threw this.
    Thrown(JsValue),
    /// Our own words.
    Said(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Said(words) => f.write_str(words),
            Self::Thrown(value) => match (value.dyn_ref::<js_sys::Error>(), value.as_string()) {
                (Some(error), _) => {
                    write!(f, "{}: {}", String::from(error.name()), String::from(error.message()))
                }
                (None, Some(words)) => f.write_str(&words),
                (None, None) => f.write_str("not an error object"),
            },
        }
    }
}

impl From<JsValue> for Failure {
    fn from(thrown: JsValue) -> Self {
        Self::Thrown(thrown)
    }
}

impl From<&str> for Failure {
    fn from(words: &str) -> Self {
        Self::Said(words.to_owned())
    }
}

impl From<String> for Failure {
    fn from(words: String) -> Self {
        Self::Said(words)
    }
}

impl From<Failure> for JsValue {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Thrown(value) => value,
            Failure::Said(words) => js_sys::Error::new(&words).into(),
        }
    }
}

/// A future whose type its driver does not know: what drives one is made several times over for each type that it knows.
pub(super) fn boxed<'a, T>(work: impl Future<Output = T> + 'a) -> Pin<Box<dyn Future<Output = T> + 'a>> {
    Box::pin(work)
}

/// Starts a task of its own.
pub(super) fn spawn(work: impl Future<Output = ()> + 'static) {
    spawn_local(boxed(work));
}

/// Promises what a task of its own comes to.
pub(super) fn promised(work: impl Future<Output = JsValue> + 'static) -> Promise {
    future_to_promise(boxed(async { Ok(work.await) }))
}

/// Awaits what a call promised.
pub(super) async fn settled(called: std::result::Result<Promise, JsValue>) -> Result<JsValue> {
    Ok(JsFuture::from(called?).await?)
}

/// Awaits a response.
async fn response(called: std::result::Result<Promise, JsValue>) -> Result<Response> {
    Ok(settled(called).await?.unchecked_into())
}

/// Awaits a text; what is no text counts as an empty one.
pub(super) async fn text(called: std::result::Result<Promise, JsValue>) -> Result<String> {
    Ok(settled(called).await?.as_string().unwrap_or_default())
}

/// An object of options with these members.
fn options(members: &[(&str, JsValue)]) -> Object {
    let object = Object::new();
    for (name, value) in members {
        // A plain object of our own takes any property.
        let _ = Reflect::set(&object, &JsValue::from_str(name), value);
    }
    object
}

#[wasm_bindgen]
extern "C" {
    /// What a deployment binds.
    #[derive(Clone)]
    pub type Env;

    /// An invocation, or the life of an object: what keeps it going.
    #[derive(Clone)]
    pub type Context;
    #[wasm_bindgen(method, catch, js_name = waitUntil)]
    fn keep_going(this: &Context, until: &Promise) -> std::result::Result<(), JsValue>;

    type Namespace;
    #[wasm_bindgen(method, catch, js_name = getByName)]
    fn by_name(this: &Namespace, name: &str, options: &Object) -> std::result::Result<Stub, JsValue>;

    /// A Durable Object, from outside.
    pub type Stub;
    #[wasm_bindgen(method, catch, js_name = fetch)]
    fn fetch_from(this: &Stub, url: &str, init: &Object) -> std::result::Result<Promise, JsValue>;

    /// A KV namespace.
    pub type Kv;
    #[wasm_bindgen(method, catch, js_name = get)]
    fn get_text(this: &Kv, key: &str, options: &Object) -> std::result::Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, js_name = put)]
    fn put_text(this: &Kv, key: &str, value: &str, options: &Object)
    -> std::result::Result<Promise, JsValue>;

    /// The cache of this data centre.
    pub type Cache;
    #[wasm_bindgen(thread_local_v2, js_namespace = caches, js_name = default)]
    static CACHE: Cache;
    #[wasm_bindgen(method, catch, js_name = match)]
    fn find(this: &Cache, url: &str) -> std::result::Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, js_name = put)]
    fn keep(this: &Cache, url: &str, response: &Response) -> std::result::Result<Promise, JsValue>;
}

impl Env {
    fn binding(&self, name: &str) -> Option<JsValue> {
        Reflect::get(self, &JsValue::from_str(name)).ok().filter(|value| !value.is_undefined())
    }

    /// A variable or a secret.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.binding(name)?.as_string()
    }

    /// A KV namespace.
    pub(super) fn kv(&self, name: &str) -> Option<Kv> {
        self.binding(name).map(JsCast::unchecked_into)
    }

    /// A Durable Object of a class by its name; where there is none of that name yet, it is made near `hint`.
    pub(super) fn object(&self, class: &str, name: &str, hint: &str) -> Result<Stub> {
        let namespace =
            self.binding(class).ok_or_else(|| Failure::Said(format!("no binding found for `{class}`")))?;
        let near = options(&[("locationHint", hint.into())]);
        Ok(namespace.unchecked_into::<Namespace>().by_name(name, &near)?)
    }
}

impl Context {
    /// Keeps the invocation going until the work is done.
    pub(super) fn wait_until(&self, work: impl Future<Output = ()> + 'static) {
        let until = promised(async {
            work.await;
            JsValue::UNDEFINED
        });
        // It refuses only what is no promise.
        let _ = self.keep_going(&until);
    }
}

impl Stub {
    /// Asks with GET.
    pub(super) async fn get(&self, url: &str) -> Result<Response> {
        response(self.fetch_from(url, &Object::new())).await
    }

    /// Asks with POST.
    pub(super) async fn post(&self, url: &str, body: &str) -> Result<Response> {
        response(self.fetch_from(url, &options(&[("method", "POST".into()), ("body", body.into())]))).await
    }
}

impl Kv {
    /// The text at a key; a data centre may answer from its own copy for `cache_ttl` seconds.
    pub(super) async fn get(&self, key: &str, cache_ttl: u32) -> Result<Option<String>> {
        let options = options(&[("type", "text".into()), ("cacheTtl", cache_ttl.into())]);
        Ok(settled(self.get_text(key, &options)).await?.as_string())
    }

    /// Puts a text for `ttl` seconds.
    pub(super) async fn put(&self, key: &str, text: &str, ttl: u32) -> Result<()> {
        settled(self.put_text(key, text, &options(&[("expirationTtl", ttl.into())]))).await.map(drop)
    }
}

/// The copy that the cache of this data centre has.
pub(super) async fn cached(url: &str) -> Result<Option<Response>> {
    let found = settled(CACHE.with(|cache| cache.find(url))).await?;
    Ok((!found.is_undefined()).then(|| found.unchecked_into()))
}

/// Leaves a copy in the cache of this data centre.
pub(super) async fn cache(url: &str, response: &Response) -> Result<()> {
    settled(CACHE.with(|cache| cache.keep(url, response))).await.map(drop)
}
