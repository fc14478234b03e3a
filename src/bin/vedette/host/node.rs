//! The commands in Node: what they ask of the machine, `cli/host.mjs` does.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use vedette::exchange::{End, Head};
use vedette::json;
use vedette::secret::{ExposeSecret as _, Secret};
use vedette::units::Timestamp;
use wasm_bindgen::prelude::wasm_bindgen;

use super::{ExitCode, Incoming, Outgoing};

#[wasm_bindgen]
extern "C" {
    /// `{ text }` or `{ error }`.
    type Read;
    #[wasm_bindgen(method, getter)]
    fn text(this: &Read) -> Option<String>;
    #[wasm_bindgen(method, getter)]
    fn error(this: &Read) -> Option<String>;

    /// What came of a request.
    type Answer;
    #[wasm_bindgen(method, getter)]
    fn end(this: &Answer) -> String;
    #[wasm_bindgen(method, getter)]
    fn status(this: &Answer) -> Option<u16>;
    /// The wanted fields that came, each as `name:value`.
    #[wasm_bindgen(method, getter)]
    fn fields(this: &Answer) -> Vec<String>;
    #[wasm_bindgen(method, getter)]
    fn body(this: &Answer) -> Vec<u8>;

    #[wasm_bindgen(js_namespace = __vedette_host)]
    fn write(stream: u8, line: &str);
    #[wasm_bindgen(js_namespace = __vedette_host, js_name = size)]
    fn size_of(file: &str) -> Option<f64>;
    #[wasm_bindgen(js_namespace = __vedette_host)]
    fn read(file: &str) -> Read;
    #[wasm_bindgen(js_namespace = __vedette_host, js_name = variable)]
    fn variable_of(name: &str) -> Option<String>;
    #[wasm_bindgen(js_namespace = __vedette_host)]
    fn clock() -> f64;
    #[wasm_bindgen(js_namespace = __vedette_host, js_name = random)]
    fn random_of(count: usize) -> Vec<u8>;
    #[wasm_bindgen(js_namespace = __vedette_host)]
    fn measured() -> f64;
    #[wasm_bindgen(js_namespace = __vedette_host, js_name = pause)]
    fn pause_for(milliseconds: f64);
    #[wasm_bindgen(js_namespace = __vedette_host)]
    fn command(name: &str, settings: &str);
    #[wasm_bindgen(js_namespace = __vedette_host)]
    fn send(request: &str) -> Answer;
}

/// Runs one command line, without the name of the program, to its exit code.
#[wasm_bindgen(js_name = run)]
#[must_use]
pub fn run(arguments: Vec<String>) -> u8 {
    let name = OsString::from("vedette");
    let arguments = std::iter::once(name).chain(arguments.into_iter().map(OsString::from));
    super::super::run(arguments).into()
}

/// How large a file is, in bytes; nothing for what is none.
pub(crate) fn size(file: &Path) -> Option<u64> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a size is a whole number, and none is near 2⁵³"
    )]
    size_of(&file.to_string_lossy()).map(|size| size as u64)
}

/// A file's text, or why there is none.
pub(crate) fn text(file: &Path) -> Result<String, String> {
    let read = read(&file.to_string_lossy());
    read.text().ok_or_else(|| read.error().unwrap_or_default())
}

/// A variable of the environment, if it is set.
pub(crate) fn variable(name: &str) -> Option<String> {
    variable_of(name)
}

/// Fills `bytes` with what nobody can guess.
///
/// # Errors
/// This machine gives too few.
pub(crate) fn random(bytes: &mut [u8]) -> Result<(), String> {
    let drawn = random_of(bytes.len());
    if drawn.len() != bytes.len() {
        return Err("too few came".to_owned());
    }
    bytes.copy_from_slice(&drawn);
    Ok(())
}

/// The time.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "milliseconds since 1970")]
pub(crate) fn now() -> Timestamp {
    Timestamp::from_millis(clock() as u64)
}

/// Does nothing for so long.
pub(crate) fn pause(length: Duration) {
    pause_for(length.as_secs_f64() * 1000.0);
}

/// Measures how long something takes.
pub(crate) struct Stopwatch(f64);

impl Stopwatch {
    /// Begins.
    pub(crate) fn start() -> Self {
        Self(measured())
    }

    /// How long it has been.
    pub(crate) fn elapsed(&self) -> Duration {
        Duration::try_from_secs_f64((measured() - self.0) / 1000.0).unwrap_or_default()
    }
}

/// A command that Node carries out once this call has ended.
pub(crate) fn in_node(name: &str, settings: &serde_json::Value) -> ExitCode {
    command(name, &json::write(settings));
    ExitCode::SUCCESS
}

/// Prints a line on standard output.
pub(crate) fn say(line: &str) {
    write(1, line);
}

/// Prints a line on standard error.
pub(crate) fn say_error(line: &str) {
    write(2, line);
}

/// Sends one request and waits for what comes.
pub(crate) fn exchange(outgoing: &Outgoing<'_>) -> Incoming {
    let headers: Vec<[&str; 2]> =
        outgoing.headers.iter().map(|(name, value)| [*name, value.expose_secret()]).collect();
    let answer = send(&json::write(&serde_json::json!({
        "method": outgoing.method,
        "url": outgoing.url,
        "headers": headers,
        "body": outgoing.body.as_ref().map(Secret::expose_secret),
        "within": outgoing.within.as_millis(),
        "wanted": outgoing.wanted,
        "most": outgoing.most,
    })));
    let end = match answer.end().as_str() {
        "complete" => End::Complete,
        "too long" => End::TooLong,
        "timed out" => End::TimedOut,
        words => End::Broken(words.to_owned()),
    };
    let fields = answer.fields();
    let fields: Vec<(&str, &str)> = fields.iter().filter_map(|field| field.split_once(':')).collect();
    let head = answer.status().map(|status| Head::of(status, &fields, outgoing.wanted));
    Incoming { end, head, body: answer.body() }
}
