//! `vedette purge`: which copies count no longer, by a running worker.

use clap::Args;
use serde_json::{Map, Value, json};
use vedette::units::Fingerprint;

use super::client::{Failure, Worker};
use super::host::{self, ExitCode};
use super::say;

/// What is to be cleared.
#[derive(Args)]
pub(super) struct Purge {
    /// An address, as a browser sends it; several times if need be
    #[arg(long)]
    url: Vec<String>,
    /// A cache tag of the CDN; several times if need be
    #[arg(long)]
    tag: Vec<String>,
    /// A pool: our own copies of all that its origins answered
    #[arg(long)]
    pool: Vec<String>,
    /// The change that it belongs to, as `vedette changes` names it
    #[arg(long)]
    change: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Clears it, and says what became of it.
pub(super) fn run(purge: &Purge) -> ExitCode {
    cleared(purge).unwrap_or_else(Failure::told)
}

fn cleared(purge: &Purge) -> Result<ExitCode, Failure> {
    if purge.url.is_empty() && purge.tag.is_empty() && purge.pool.is_empty() {
        return Err(Failure::Usage("write what to clear: --url, --tag or --pool".to_owned()));
    }
    let mut body = json!({ "urls": purge.url, "tags": purge.tag, "pools": purge.pool });
    if let (Some(change), Some(members)) = (&purge.change, body.as_object_mut()) {
        members.insert("change".to_owned(), json!(change));
    }
    // The same words a minute later clear what was kept since.
    let key = Fingerprint::of(&format!("{} {body}", host::now().as_millis())).to_string();
    let purged = Worker::named()?.post_once("/v1/purge", &body, key)?;
    if purge.json {
        say(&Value::Object(purged).to_string());
    } else {
        say(&line(&purged));
    }
    Ok(ExitCode::SUCCESS)
}

/// What became of it, in a line.
fn line(purged: &Map<String, Value>) -> String {
    let at = purged.get("at").and_then(Value::as_str).unwrap_or_default();
    let cdn = purged.get("cdn").and_then(Value::as_str);
    let count = |member: &str| purged.get(member).and_then(Value::as_array).map_or(0, Vec::len);
    let own = count("urls").saturating_add(count("pools")) > 0;
    let what = match (own, cdn) {
        (true, Some(_)) => "our own copies and the CDN's",
        (false, Some(_)) => "the CDN's copies",
        (_, None) => "our own copies",
    };
    format!("Cleared {what}: what was kept until {at} counts no longer.")
}
