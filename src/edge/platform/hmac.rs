//! HMAC-SHA256 by the platform's own hand (`WebCrypto`), which compares in constant time.

use js_sys::{Array, Object, Promise, Uint8Array};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use super::{Result, options, settled};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_namespace = ["crypto", "subtle"], js_name = importKey)]
    fn import_key(
        format: &str,
        key: &Uint8Array,
        algorithm: &Object,
        extractable: bool,
        usages: &Array,
    ) -> std::result::Result<Promise, JsValue>;
    #[wasm_bindgen(catch, js_namespace = ["crypto", "subtle"])]
    fn sign(algorithm: &str, key: &JsValue, text: &Uint8Array) -> std::result::Result<Promise, JsValue>;
    #[wasm_bindgen(catch, js_namespace = ["crypto", "subtle"], js_name = verify)]
    fn verify_mac(
        algorithm: &str,
        key: &JsValue,
        mac: &Uint8Array,
        text: &Uint8Array,
    ) -> std::result::Result<Promise, JsValue>;
    /// Base64 to a text of a character for each byte, and back.
    #[wasm_bindgen(catch)]
    fn atob(base64: &str) -> std::result::Result<String, JsValue>;
    #[wasm_bindgen(catch)]
    fn btoa(bytes: &str) -> std::result::Result<String, JsValue>;
}

/// The HMAC of a text; key and result in base64.
pub(in crate::edge) async fn hmac(key: &str, text: &str) -> Result<String> {
    let bytes: Vec<u8> = atob(key)?.chars().filter_map(|c| u8::try_from(u32::from(c)).ok()).collect();
    let key = settled(imported(&bytes, "sign")).await?;
    let signature = settled(sign("HMAC", &key, &Uint8Array::from(text.as_bytes()))).await?;
    let signature: String = Uint8Array::new(&signature).to_vec().into_iter().map(char::from).collect();
    Ok(btoa(&signature)?)
}

/// Whether `mac` is the HMAC of a text.
pub(in crate::edge) async fn verify(key: &str, text: &str, mac: &[u8]) -> Result<bool> {
    let key = settled(imported(key.as_bytes(), "verify")).await?;
    let (mac, text) = (Uint8Array::from(mac), Uint8Array::from(text.as_bytes()));
    Ok(settled(verify_mac("HMAC", &key, &mac, &text)).await?.is_truthy())
}

/// A key of these bytes for one use.
fn imported(key: &[u8], usage: &str) -> std::result::Result<Promise, JsValue> {
    let algorithm = options(&[("name", "HMAC".into()), ("hash", "SHA-256".into())]);
    import_key("raw", &Uint8Array::from(key), &algorithm, false, &Array::of1(&usage.into()))
}
