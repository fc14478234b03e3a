//! What belongs to the npm package: a project of one's own that is made, run and deployed with
//! nothing but Node, which carries these commands out (`cli/`). What an editor and a shell want to
//! know is printed here.

use clap::{CommandFactory as _, Subcommand};
use clap_complete::Shell;
use serde_json::json;

use super::Arguments;
use super::host::{ExitCode, in_node, say};

/// The commands of the npm package.
#[derive(Subcommand)]
pub(super) enum Command {
    /// Make a project of your own: a configuration, what deploys it, and a workflow (npm package)
    Init {
        /// The folder to make it in
        #[arg(default_value = ".")]
        folder: String,
        /// What is watched, by a name for people; once for each --url, in the same order
        #[arg(long)]
        name: Vec<String>,
        /// The address that is watched; may be given more than once
        #[arg(long)]
        url: Vec<String>,
        /// The domain under which people find the page, as status.example.com
        #[arg(long)]
        domain: Option<String>,
    },
    /// Watch what the configuration names from this machine, and reload it when it is edited (npm
    /// package)
    Dev {
        /// The configuration file
        #[arg(default_value = "vedette.toml")]
        file: String,
        /// The port of 127.0.0.1 to answer at
        #[arg(long, default_value_t = 8787)]
        port: u16,
    },
    /// Check the configuration as for a deployment, then run `wrangler deploy` (npm package)
    Deploy {
        /// The configuration file
        #[arg(long, default_value = "vedette.toml")]
        file: String,
        /// What wrangler is told besides, as --dry-run or --domain status.example.com
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Put the worker and the compiled configuration where wrangler.toml looks for them (npm
    /// package)
    Build {
        /// The configuration file; if it is not given, what the environment has as
        /// `VEDETTE_CONFIG`, or vedette.toml
        file: Option<String>,
        /// The folder that the worker is put into
        #[arg(long, default_value = ".vedette/worker")]
        out: String,
    },
    /// Print the completions of a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the JSON Schema of vedette.toml, for editors
    Schema,
}

/// Runs one of them.
pub(super) fn run(command: Command) -> ExitCode {
    match command {
        Command::Init { folder, name, url, domain } => {
            in_node("init", &json!({ "folder": folder, "names": name, "urls": url, "domain": domain }))
        }
        Command::Dev { file, port } => in_node("dev", &json!({ "file": file, "port": port })),
        Command::Deploy { file, arguments } => {
            in_node("deploy", &json!({ "file": file, "arguments": arguments }))
        }
        Command::Build { file, out } => in_node("build", &json!({ "file": file, "out": out })),
        Command::Completions { shell } => completions(shell),
        Command::Schema => {
            say(&vedette::config::schema());
            ExitCode::SUCCESS
        }
    }
}

fn completions(shell: Shell) -> ExitCode {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "vedette", &mut script);
    let script = String::from_utf8_lossy(&script);
    say(script.strip_suffix('\n').unwrap_or(&script));
    ExitCode::SUCCESS
}
