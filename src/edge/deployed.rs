//! The configuration of this deployment: a text module, compiled at build time, that `entry.mjs` puts on `globalThis`; read once
//! per isolate.

use std::cell::OnceCell;

use wasm_bindgen::JsValue;

use crate::config::{Config, Problems};

/// Where `entry.mjs` puts the text.
const GLOBAL: &str = "__vedette_config";

/// The configuration, or what is wrong with it. It lives as long as the isolate.
pub(super) fn config() -> Result<&'static Config, &'static Problems> {
    thread_local! {
        static PARSED: OnceCell<&'static Result<Config, Problems>> = const { OnceCell::new() };
    }
    let parsed: &'static Result<Config, Problems> =
        PARSED.with(|parsed| *parsed.get_or_init(|| Box::leak(Box::new(Config::from_compiled(&text())))));
    parsed.as_ref()
}

fn text() -> String {
    js_sys::Reflect::get(&js_sys::global(), &JsValue::from_str(GLOBAL))
        .ok()
        .and_then(|value| value.as_string())
        .unwrap_or_default()
}
