//! What `entry.mjs` must know of the wasm instance: which one it is, and whether it has crashed.

use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen(inline_js = "export const state = { crashed: false, instance: 0 };")]
extern "C" {
    type InstanceState;
    #[wasm_bindgen(thread_local_v2, js_name = state)]
    static STATE: InstanceState;
    #[wasm_bindgen(method, setter)]
    fn set_crashed(this: &InstanceState, crashed: bool);
    #[wasm_bindgen(method, getter)]
    fn instance(this: &InstanceState) -> u32;
    #[wasm_bindgen(method, setter)]
    fn set_instance(this: &InstanceState, number: u32);
}

/// Runs once in each instance, before anything else: numbers it, and has a crash told.
#[wasm_bindgen(start)]
fn start() {
    std::panic::set_hook(Box::new(|info| {
        console_error_panic_hook::hook(info);
        STATE.with(|state| state.set_crashed(true));
    }));
    STATE.with(|state| state.set_instance(state.instance().wrapping_add(1)));
    // Where an instance ends without a panic, the glue makes the next one.
    wasm_bindgen::handler::set_on_abort(wasm_bindgen::handler::schedule_reinit);
}

/// `{ crashed, instance }`: the same object for all instances; `crashed` is set when one crashes, and `instance` counts them.
#[wasm_bindgen]
pub fn instance_state() -> JsValue {
    STATE.with(|state| JsValue::from(state))
}
