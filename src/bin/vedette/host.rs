//! What the commands ask of the machine that they run on: files, the environment, the clock, a
//! place to print, and exchanges over HTTP. All of it is here, so that a command is written once
//! and runs natively and in Node.
//!
//! Both sides have the same functions; what differs between the two is in them alone.

#[cfg(not(target_arch = "wasm32"))]
mod native;
#[cfg(target_arch = "wasm32")]
mod node;

#[cfg(not(target_arch = "wasm32"))]
pub(super) use native::{
    Stopwatch, exchange, in_node, now, pause, random, say, say_error, size, text, variable,
};
#[cfg(target_arch = "wasm32")]
pub(super) use node::{
    Stopwatch, exchange, in_node, now, pause, random, say, say_error, size, text, variable,
};

use std::time::Duration;

use vedette::exchange::{End, Head};
use vedette::secret::Secret;

/// What a command says of itself to whoever started it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ExitCode(u8);

impl ExitCode {
    /// It did what was asked, and found nothing wrong.
    pub(super) const SUCCESS: Self = Self(0);
}

impl From<u8> for ExitCode {
    fn from(code: u8) -> Self {
        Self(code)
    }
}

impl From<ExitCode> for u8 {
    fn from(code: ExitCode) -> Self {
        code.0
    }
}

/// One request, with all that it names revealed.
pub(super) struct Outgoing<'a> {
    /// `GET`, `POST`, …
    pub method: &'a str,
    /// The whole address.
    pub url: &'a str,
    /// Names and values.
    pub headers: Vec<(&'a str, Secret)>,
    /// What is sent after the head.
    pub body: Option<Secret>,
    /// How long all of it may take.
    pub within: Duration,
    /// The fields of the answer that are looked at.
    pub wanted: &'a [String],
    /// How much of the body is read, in bytes; more is [`End::TooLong`].
    pub most: usize,
}

/// What came of it; redirects are not followed.
pub(super) struct Incoming {
    /// How it ended.
    pub end: End,
    /// Status and wanted fields, if they came.
    pub head: Option<Head>,
    /// What came after them, as much as was to be read.
    pub body: Vec<u8>,
}

impl Incoming {
    /// Nothing came, for this reason.
    pub(super) const fn nothing(end: End) -> Self {
        Self { end, head: None, body: Vec::new() }
    }
}
