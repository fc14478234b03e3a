//! The commands on this machine.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::path::Path;
use std::process;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use ureq::http::{HeaderMap, Response};
use ureq::{Agent, Body};
use vedette::exchange::{End, Head};
use vedette::secret::ExposeSecret as _;
use vedette::units::Timestamp;

use super::super::{UNREAD, USAGE};
use super::{ExitCode, Incoming, Outgoing};

/// How large a file is, in bytes; nothing for what is none.
pub(crate) fn size(file: &Path) -> Option<u64> {
    std::fs::metadata(file).ok().filter(std::fs::Metadata::is_file).map(|facts| facts.len())
}

/// A file's text, or why there is none.
///
/// # Errors
/// The file cannot be read, or is no UTF-8.
pub(crate) fn text(file: &Path) -> Result<String, String> {
    std::fs::read_to_string(file).map_err(|error| {
        let way_out = if error.kind() == ErrorKind::InvalidData { "; save it as UTF-8" } else { "" };
        format!("{error}{way_out}")
    })
}

/// A variable of the environment, if it is set to text.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Fills `bytes` with what nobody can guess.
///
/// # Errors
/// This machine gives none.
pub(crate) fn random(bytes: &mut [u8]) -> Result<(), String> {
    getrandom::fill(bytes).map_err(|error| error.to_string())
}

/// The time.
#[expect(
    clippy::disallowed_methods,
    reason = "the command line is an edge of its own: it reads the clock for the core"
)]
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// Does nothing for so long.
pub(crate) fn pause(length: Duration) {
    std::thread::sleep(length);
}

/// Measures how long something takes.
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    /// Begins.
    #[expect(
        clippy::disallowed_methods,
        reason = "the command line is an edge of its own: it measures for the core"
    )]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    /// How long it has been.
    pub(crate) fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// A command that Node carries out, which this program is not.
pub(crate) fn in_node(command: &str, _settings: &serde_json::Value) -> ExitCode {
    say_error(&format!("{command} is a command of the npm package: npx vedette {command}"));
    ExitCode::from(USAGE)
}

/// Sends one request and reads what comes.
pub(crate) fn exchange(outgoing: &Outgoing<'_>) -> Incoming {
    let mut incoming = Incoming::nothing(End::Complete);
    incoming.end = match exchanged(outgoing, &mut incoming) {
        Ok(end) => end,
        Err(error) => broken(&error),
    };
    incoming
}

fn exchanged(outgoing: &Outgoing<'_>, incoming: &mut Incoming) -> Result<End, ureq::Error> {
    let agent: Agent = Agent::config_builder()
        .timeout_global(Some(outgoing.within))
        .max_redirects(0)
        .http_status_as_error(false)
        .build()
        .into();
    let mut call = ureq::http::Request::builder().method(outgoing.method).uri(outgoing.url);
    for (name, value) in &outgoing.headers {
        call = call.header(*name, value.expose_secret());
    }
    let mut response = match &outgoing.body {
        Some(body) => agent.run(call.body(body.expose_secret())?)?,
        None => agent.run(call.body(())?)?,
    };
    incoming.head = Some(head(&response, outgoing.wanted));
    let mut limited = response.body_mut().as_reader().take(outgoing.most as u64 + 1);
    limited.read_to_end(&mut incoming.body).map_err(ureq::Error::from)?;
    let end = if incoming.body.len() > outgoing.most { End::TooLong } else { End::Complete };
    incoming.body.truncate(outgoing.most);
    Ok(end)
}

fn head(response: &Response<Body>, wanted: &[String]) -> Head {
    let fields: &HeaderMap = response.headers();
    let texts: Vec<_> = fields
        .iter()
        .map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes())))
        .collect();
    let fields: Vec<_> = texts.iter().map(|(name, value)| (*name, value.as_ref())).collect();
    Head::of(response.status().as_u16(), &fields, wanted)
}

fn broken(error: &ureq::Error) -> End {
    let slow = |error: &io::Error| error.kind() == ErrorKind::TimedOut;
    let timed_out =
        matches!(error, ureq::Error::Timeout(_)) || matches!(error, ureq::Error::Io(error) if slow(error));
    if timed_out { End::TimedOut } else { End::Broken(error.to_string()) }
}

/// Prints a line on standard output.
pub(crate) fn say(line: &str) {
    if let Err(error) = writeln!(io::stdout().lock(), "{line}") {
        give_up(&error);
    }
}

/// Prints a line on standard error.
pub(crate) fn say_error(line: &str) {
    if let Err(error) = writeln!(io::stderr().lock(), "{line}") {
        give_up(&error);
    }
}

/// Ends the command, because what it has to say cannot be written.
///
/// A reader that left has read enough (`vedette check FILE | head`); anything else is told, as far
/// as it can be.
fn give_up(error: &io::Error) -> ! {
    if error.kind() == ErrorKind::BrokenPipe {
        process::exit(UNREAD);
    }
    // Standard error may be what is broken; there is nobody left to complain to then.
    let _ = writeln!(io::stderr().lock(), "cannot write the output: {error}");
    process::exit(i32::from(USAGE));
}
