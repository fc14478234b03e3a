//! The configuration of this deployment: a text module, compiled at build time, that `entry.mjs`
//! puts on `globalThis`; read once per isolate.

use std::cell::OnceCell;

use wasm_bindgen::JsValue;

use crate::config::{Config, Daily, Deployment, Problems};

/// Where `entry.mjs` puts the text.
const GLOBAL: &str = "__vedette_config";

/// The configuration, or what is wrong with it. It lives as long as the isolate.
pub(super) fn config() -> Result<&'static Config, &'static Problems> {
    deployment().as_ref().map(|deployment| &deployment.config)
}

/// What one shard of a vantage may use in a day.
pub(super) fn daily() -> Option<Daily> {
    deployment().as_ref().ok().and_then(|deployment| deployment.daily)
}

fn deployment() -> &'static Result<Deployment, Problems> {
    thread_local! {
        static READ: OnceCell<&'static Result<Deployment, Problems>> = const { OnceCell::new() };
    }
    READ.with(|read| *read.get_or_init(|| Box::leak(Box::new(Deployment::from_compiled(&text())))))
}

fn text() -> String {
    js_sys::Reflect::get(&js_sys::global(), &JsValue::from_str(GLOBAL))
        .ok()
        .and_then(|value| value.as_string())
        .unwrap_or_default()
}
