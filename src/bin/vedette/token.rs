//! `vedette token`: makes a token for a reader or a writer, and the line that a deployment holds of
//! it.

use std::process::ExitCode;

use vedette::access::token::{BYTES, entry, hash, written};
use vedette::units::Name;

use super::{PROBLEMS, USAGE, say, say_error};

/// Runs the command.
pub(super) fn run(name: &str) -> ExitCode {
    let Ok(name) = Name::parse(name) else {
        say_error("--name is not a name; write 1 to 63 of a-z, 0-9 and \"-\", as ada");
        return ExitCode::from(USAGE);
    };
    let mut bytes = [0; BYTES];
    if let Err(error) = getrandom::fill(&mut bytes) {
        say_error(&format!("this machine gives no random bytes: {error}"));
        return ExitCode::from(PROBLEMS);
    }
    let token = written(&bytes);
    say(&format!("token: {token}"));
    say(&format!("entry: {}", entry(&name, &hash(&token))));
    say("");
    say("# The token is shown this once; keep it as a password.");
    say("# The entry goes into the secret that [access] names, beside those that it holds already.");
    ExitCode::SUCCESS
}
