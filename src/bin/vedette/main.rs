//! Reads the arguments and runs the command.

mod check;
mod heartbeat;
mod notify_test;
mod probe;
mod reads;
mod token;

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::{self, ExitCode};

use clap::{Parser, Subcommand};
use vedette::config::{Config, Problems};
use vedette::secret::{Secret, Unusable, Why};

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
}

/// Problems were found and printed.
const PROBLEMS: u8 = 1;

/// The command was not understood, its file cannot be read, or its output cannot be written.
const USAGE: u8 = 2;

/// Nobody reads the output any more: what a shell reports of a program that SIGPIPE has ended (128
/// + 13).
const UNREAD: i32 = 141;

pub(crate) fn main() -> ExitCode {
    match Arguments::parse().command {
        Command::Check { file, json, deploy } => check::run(&file, json, deploy),
        Command::Compile { file, deploy } => check::compile(&file, deploy),
        Command::Probe { file, origin } => probe::run(&file, &origin),
        Command::Heartbeat { file, job, base } => heartbeat::run(&file, &job, base.as_deref()),
        Command::Status { json } => reads::status(json),
        Command::Events { pool, origin, since, json } => {
            reads::events(&reads::Wanted { pool, origin, since, json })
        }
        Command::Token { name } => token::run(&name),
        Command::NotifyTest { file, channel } => notify_test::run(&file, &channel),
    }
}

/// The file's text.
fn read(file: &std::path::Path) -> Result<String, ExitCode> {
    let too_large = |size: u64| size > vedette::config::MAX_BYTES as u64;
    match std::fs::metadata(file) {
        Ok(facts) if facts.is_file() && too_large(facts.len()) => {
            say_error(&format!("{} is larger than {} bytes", file.display(), vedette::config::MAX_BYTES));
            return Err(ExitCode::from(PROBLEMS));
        }
        Ok(_) | Err(_) => {}
    }
    std::fs::read_to_string(file).map_err(|error| {
        let way_out = if error.kind() == std::io::ErrorKind::InvalidData { "; save it as UTF-8" } else { "" };
        say_error(&format!("cannot read {}: {error}{way_out}", file.display()));
        ExitCode::from(USAGE)
    })
}

/// The file's configuration; every problem is printed.
fn load(file: &std::path::Path) -> Result<Config, ExitCode> {
    Config::parse(&read(file)?).map_err(|problems| complain(file, &problems))
}

/// A secret, which has the same name as the worker's, in the environment of this command.
fn secret(name: &str) -> Result<Secret, Unusable> {
    std::env::var(name).map(Secret::from).map_err(|_| Why::NotInEnvironment.of(name))
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
    ExitCode::from(PROBLEMS)
}

/// Prints a line on standard output.
fn say(line: &str) {
    if let Err(error) = writeln!(io::stdout().lock(), "{line}") {
        give_up(&error);
    }
}

/// Prints a line on standard error.
fn say_error(line: &str) {
    if let Err(error) = writeln!(io::stderr().lock(), "{line}") {
        give_up(&error);
    }
}

/// Ends the command, because what it has to say cannot be written.
///
/// A reader that left has read enough (`vedette check FILE | head`); anything else is told, as far
/// as it can be.
fn give_up(error: &io::Error) -> ! {
    if error.kind() == io::ErrorKind::BrokenPipe {
        process::exit(UNREAD);
    }
    // Standard error may be what is broken; there is nobody left to complain to then.
    let _ = writeln!(io::stderr().lock(), "cannot write the output: {error}");
    process::exit(i32::from(USAGE));
}
