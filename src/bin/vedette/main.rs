//! Reads the arguments and runs the command.

mod change;
mod check;
mod client;
mod compare;
mod heartbeat;
mod host;
mod notify_test;
mod package;
mod past;
mod probe;
mod purge;
mod reads;
mod token;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Parser, Subcommand};
use vedette::config::{Config, Problems};
use vedette::secret::{Secret, Unusable, Why};

use host::{ExitCode, say, say_error};

/// Probes a service's origins from the CDN edge and answers for their health.
#[derive(Parser)]
#[command(version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Validate a configuration; print its schedule, plan limits and monthly cost
    Check {
        /// The configuration file
        #[arg(default_value = "vedette.toml")]
        file: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
        /// Refuse what must not be deployed, as origins that the edge cannot reach; warn of what
        /// should not be
        #[arg(long)]
        deploy: bool,
    },
    /// Check a configuration and print the form in which the worker reads it
    Compile {
        /// The configuration file
        #[arg(default_value = "vedette.toml")]
        file: PathBuf,
        /// Refuse what must not be deployed, as origins that the edge cannot reach; warn of what
        /// should not be
        #[arg(long)]
        deploy: bool,
    },
    /// Send one probe from here and explain the sample and what each expectation said
    Probe {
        /// The configuration file
        file: PathBuf,
        /// The origin, as POOL/ORIGIN, or a monitor by its name
        origin: String,
    },
    /// Print the address that a job reports to, and a line for its crontab; the secret is read from
    /// the environment
    Heartbeat {
        /// The configuration file
        file: PathBuf,
        /// The job, as POOL/ORIGIN, or a monitor by its name
        job: String,
        /// The address of the worker; `public_url` of the configuration if it is not given
        #[arg(long)]
        base: Option<String>,
    },
    /// Say how everything is that a running worker watches; its address and a token are read from
    /// the environment
    Status {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Say what changed, the latest first; the worker's address and a token are read from the
    /// environment
    Events {
        /// Of this pool only
        #[arg(long)]
        pool: Option<String>,
        /// Of the origins of this name only
        #[arg(long)]
        origin: Option<String>,
        /// Of this moment or later only, as 2026-01-31T09:41:00Z
        #[arg(long)]
        since: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Say what failed, for how long and why, the latest first; the worker's address and a token
    /// are read from the environment
    Incidents {
        /// Of this pool or monitor only
        #[arg(long)]
        pool: Option<String>,
        /// Only those that are open
        #[arg(long)]
        open: bool,
        /// Those that lasted until this moment or later, as 2026-01-31T09:41:00Z
        #[arg(long)]
        from: Option<String>,
        /// Those that opened before this moment
        #[arg(long)]
        to: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show one incident with its notes, or note something of it
    #[command(subcommand)]
    Incident(Incident),
    /// Say what was measured of an origin, step by step; the worker's address and a token are read
    /// from the environment
    History {
        /// The origin, as POOL/ORIGIN
        origin: String,
        /// From this moment on, as 2026-01-31T09:41:00Z
        #[arg(long)]
        from: Option<String>,
        /// Until this moment
        #[arg(long)]
        to: Option<String>,
        /// 5m, 1h or 1d; the finest that is kept if it is not given
        #[arg(long)]
        step: Option<String>,
        /// Of one cache class only
        #[arg(long)]
        class: Option<String>,
        /// As seen from this vantage only
        #[arg(long)]
        vantage: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Compare what was measured before a moment with what was measured after it: exit 0 if nothing
    /// regressed, 1 if something did, 3 if it cannot be told; the worker's address and a token are
    /// read from the environment
    Compare {
        /// The origins, as POOL/ORIGIN
        #[arg(required = true)]
        origins: Vec<String>,
        /// When the change was made, as 2026-01-31T09:41:00Z: at most a day ago
        #[arg(long)]
        applied: String,
        /// How long the time before and the time after are
        #[arg(long, default_value = "30m")]
        window: String,
        /// What is left out after the change
        #[arg(long, default_value = "1m")]
        warm_up: String,
        /// What is expected, as "p95 down by 30%", "database calls at most 3" or "error rate not
        /// up"; several times if need be
        #[arg(long)]
        expect: Vec<String>,
        /// A time that is left out of both, as
        /// 2026-01-31T09:20:00Z/2026-01-31T09:25:00Z: an outage, as `vedette incidents` tells it;
        /// several times if need be
        #[arg(long, value_name = "FROM/TO")]
        cut: Vec<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Verify a change of the service: what was before it is kept, and compared with what comes
    /// after; the worker's address and a token are read from the environment
    #[command(subcommand)]
    Change(change::Change),
    /// Say which changes were made, the latest first; the worker's address and a token are read
    /// from the environment
    Changes {
        /// Only those that are open
        #[arg(long)]
        open: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Clear copies of answers: our own by address or pool, the CDN's by address or tag; the
    /// worker's address and a token are read from the environment
    Purge(purge::Purge),
    /// Make a token for a reader or a writer, and the entry that a secret holds of it
    Token {
        /// Whose token it is: what the audit log says
        #[arg(long)]
        name: String,
    },
    /// Send one signed test message from here and explain what the receiver said; secrets are read
    /// from the environment
    NotifyTest {
        /// The configuration file
        file: PathBuf,
        /// The channel, by the name of its [[notify]]
        channel: String,
    },
    #[command(flatten)]
    Package(package::Command),
}

#[derive(Subcommand)]
enum Incident {
    /// Cause, vantages, what served meanwhile, and notes
    Show {
        /// The incident, as `vedette incidents` names it
        id: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Note what was found or done; it cannot be taken back
    Note {
        /// The incident, as `vedette incidents` names it
        id: String,
        /// What: at most 2,000 characters
        text: String,
    },
}

/// Problems were found and printed.
const PROBLEMS: u8 = 1;

/// The command was not understood, its file cannot be read, or its output cannot be written.
const USAGE: u8 = 2;

/// Nobody reads the output any more: what a shell reports of a program that SIGPIPE has ended (128
/// + 13).
#[cfg(not(target_arch = "wasm32"))]
const UNREAD: i32 = 141;

/// Runs the command line of this process.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn main() -> std::process::ExitCode {
    std::process::ExitCode::from(u8::from(run(std::env::args_os())))
}

/// Runs a command line, which begins with the name of the program.
fn run(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    match Arguments::try_parse_from(arguments) {
        Ok(understood) => carry_out(understood.command),
        Err(error) => explain(&error),
    }
}

/// Prints what was asked of the command line itself, or what of it was not understood.
#[cfg(not(target_arch = "wasm32"))]
fn explain(error: &clap::Error) -> ExitCode {
    error.exit()
}

/// Prints what was asked of the command line itself, or what of it was not understood.
#[cfg(target_arch = "wasm32")]
fn explain(error: &clap::Error) -> ExitCode {
    let text = error.render().to_string();
    let line = text.strip_suffix('\n').unwrap_or(&text);
    if error.use_stderr() {
        say_error(line);
    } else {
        say(line);
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(USAGE))
}

fn carry_out(command: Command) -> ExitCode {
    match command {
        Command::Check { file, json, deploy } => check::run(&file, json, deploy),
        Command::Compile { file, deploy } => check::compile(&file, deploy),
        Command::Probe { file, origin } => probe::run(&file, &origin),
        Command::Heartbeat { file, job, base } => heartbeat::run(&file, &job, base.as_deref()),
        Command::Status { json } => reads::status(json),
        Command::Events { pool, origin, since, json } => {
            reads::events(&reads::Wanted { pool, origin, since, json })
        }
        Command::Incidents { pool, open, from, to, json } => {
            past::incidents(&past::Incidents { pool, open, from, to, json })
        }
        Command::Incident(Incident::Show { id, json }) => past::incident(&id, json),
        Command::Incident(Incident::Note { id, text }) => past::note(&id, &text),
        Command::History { origin, from, to, step, class, vantage, json } => {
            past::history(&past::History { origin, from, to, step, class, vantage, json })
        }
        Command::Compare { origins, applied, window, warm_up, expect, cut, json } => {
            compare::run(&compare::Wanted { origins, applied, window, warm_up, expect, cut, json })
        }
        Command::Change(change) => change::run(change),
        Command::Changes { open, json } => change::list(open, json),
        Command::Purge(purge) => purge::run(&purge),
        Command::Token { name } => token::run(&name),
        Command::NotifyTest { file, channel } => notify_test::run(&file, &channel),
        Command::Package(command) => package::run(command),
    }
}

/// The file's text.
fn read(file: &std::path::Path) -> Result<String, ExitCode> {
    if host::size(file).is_some_and(|size| size > vedette::config::MAX_BYTES as u64) {
        say_error(&format!("{} is larger than {} bytes", file.display(), vedette::config::MAX_BYTES));
        return Err(ExitCode::from(PROBLEMS));
    }
    host::text(file).map_err(|why| {
        say_error(&format!("cannot read {}: {why}", file.display()));
        ExitCode::from(USAGE)
    })
}

/// The file's configuration; every problem is printed.
fn load(file: &std::path::Path) -> Result<Config, ExitCode> {
    Config::parse(&read(file)?).map_err(|problems| complain(file, &problems))
}

/// A secret, which has the same name as the worker's, in the environment of this command.
fn secret(name: &str) -> Result<Secret, Unusable> {
    host::variable(name).map(Secret::from).ok_or_else(|| Why::NotInEnvironment.of(name))
}

/// What a file that is no TOML is by its name: its parser's complaints would say nothing.
fn foreign(file: &std::path::Path) -> Option<String> {
    let end = file.extension()?.to_str()?.to_ascii_lowercase();
    let kind = match end.as_str() {
        "yaml" | "yml" => "YAML",
        "json" => "JSON",
        _ => return None,
    };
    Some(format!(
        "is {kind} by its name, which is not read here; write pools and origins as TOML, into vedette.toml \
         (docs/configuration.md)"
    ))
}

fn complain(file: &std::path::Path, problems: &Problems) -> ExitCode {
    if let Some(message) = foreign(file) {
        say_error(&format!("{}: {message}", file.display()));
        return ExitCode::from(PROBLEMS);
    }
    say_error(&format!("{}: {} problem(s)", file.display(), problems.iter().count()));
    for problem in problems {
        say_error(&format!("  {problem}"));
    }
    if problems.iter().any(|problem| problem.message.starts_with("is not a setting; ")) {
        let version = env!("CARGO_PKG_VERSION");
        say_error(&format!(
            "this is vedette {version}; a file that was written for a newer release needs that release"
        ));
    }
    ExitCode::from(PROBLEMS)
}
