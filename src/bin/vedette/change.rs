//! `vedette change` and `vedette changes`: a change of the service from its start to its end, by a
//! running worker that measures it.

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Map, Value, json};
use vedette::defaults::command_line::change::EVERY;
use vedette::units::{Fingerprint, Millis};

use super::client::{Failure, Query, Worker, seen, table};
use super::host::{self, ExitCode};
use super::{PROBLEMS, say};

/// It cannot be told.
const UNDECIDED: u8 = 3;

#[derive(Subcommand)]
pub(super) enum Change {
    /// Start one: what was before is kept; prints its id
    Start(Box<Start>),
    /// Mark the moment in which it is applied
    Applied {
        /// The change, as `vedette changes` names it
        id: String,
    },
    /// Wait until it is judged, or has regressed: exit 0 if nothing regressed, 1 if something did,
    /// 3 if it cannot be told
    Wait {
        /// The change, as `vedette changes` names it
        id: String,
        /// What else than a regression is to end with 1
        #[arg(long, value_enum, default_value_t = FailOn::Regressed)]
        fail_on: FailOn,
        /// How long to wait at most
        #[arg(long, default_value = "25h")]
        timeout: String,
    },
    /// Show it with what was measured, as Markdown
    Show {
        /// The change, as `vedette changes` names it
        id: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Close it: whether it stays or was taken back
    Close {
        /// The change, as `vedette changes` names it
        id: String,
        /// What became of it
        #[arg(long, value_enum)]
        fate: Fate,
        /// What else is to be known: at most 4,000 characters
        #[arg(long, default_value = "")]
        note: String,
    },
}

/// What is about to be changed.
#[derive(Args)]
pub(super) struct Start {
    /// What is changed, in a line
    #[arg(long)]
    title: String,
    /// Whose change it is
    #[arg(long)]
    owner: String,
    /// How it is taken back
    #[arg(long)]
    rollback: String,
    /// An origin that it changes, as POOL/ORIGIN; several times if need be
    #[arg(long)]
    origin: Vec<String>,
    /// A pool of which it changes every origin
    #[arg(long)]
    pool: Vec<String>,
    /// What is expected, as "p95 down by 30%", "database calls at most 3" or "error rate not up";
    /// several times if need be
    #[arg(long)]
    expect: Vec<String>,
    /// What is expected, in words
    #[arg(long, default_value = "")]
    expected: String,
    /// Where to read more: an address that begins with https://
    #[arg(long)]
    link: Vec<String>,
    /// How long the time before is
    #[arg(long, default_value = "30m")]
    before: String,
    /// How long the time after is
    #[arg(long, default_value = "30m")]
    after: String,
    /// What is left out after the change
    #[arg(long, default_value = "1m")]
    warm_up: String,
    /// Probe its origins more often in the time after, out of the day's allowance of fast probes
    #[arg(long)]
    extra_probes: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum FailOn {
    Regressed,
    Inconclusive,
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Fate {
    Kept,
    RolledBack,
    Abandoned,
}

/// Runs one of these.
pub(super) fn run(change: Change) -> ExitCode {
    let done = match change {
        Change::Start(start) => started(&start),
        Change::Applied { id } => applied(&id),
        Change::Wait { id, fail_on, timeout } => waited(&id, fail_on, &timeout),
        Change::Show { id, json } => shown(&id, json),
        Change::Close { id, fate, note } => closed(&id, fate, &note),
    };
    done.unwrap_or_else(Failure::told)
}

/// Prints the changes that are kept, the latest first.
pub(super) fn list(open: bool, as_json: bool) -> ExitCode {
    listed(open, as_json).unwrap_or_else(Failure::told)
}

fn started(start: &Start) -> Result<ExitCode, Failure> {
    let body = json!({
        "title": start.title,
        "owner": start.owner,
        "rollback": start.rollback,
        "origins": start.origin,
        "pools": start.pool,
        "expectations": start.expect,
        "expected": start.expected,
        "links": start.link,
        "before": start.before,
        "after": start.after,
        "warm_up": start.warm_up,
        "extra_probes": start.extra_probes,
    });
    // The same words an hour later are another change.
    let key = Fingerprint::of(&format!("{} {body}", host::now().as_millis())).to_string();
    let change = Worker::named()?.post_once("/v1/changes", &body, key)?;
    say(&member(&change, "id"));
    Ok(ExitCode::SUCCESS)
}

fn applied(id: &str) -> Result<ExitCode, Failure> {
    let change = Worker::named()?.post(&of(id, "/applied")?, &json!({}))?;
    say(&format!("{} is applied since {}", member(&change, "id"), member(&change, "applied")));
    Ok(ExitCode::SUCCESS)
}

fn closed(id: &str, fate: Fate, note: &str) -> Result<ExitCode, Failure> {
    let fate = match fate {
        Fate::Kept => "kept",
        Fate::RolledBack => "rolled_back",
        Fate::Abandoned => "abandoned",
    };
    let change = Worker::named()?.post(&of(id, "/closed")?, &json!({ "fate": fate, "note": note }))?;
    say(&format!("{} is closed: {fate}", member(&change, "id")));
    Ok(ExitCode::SUCCESS)
}

fn shown(id: &str, as_json: bool) -> Result<ExitCode, Failure> {
    let worker = Worker::named()?;
    if as_json {
        say(&Value::Object(worker.get(&of(id, "")?)?).to_string());
        return Ok(ExitCode::SUCCESS);
    }
    for line in worker.text(&of(id, "?format=markdown")?)?.lines() {
        say(&seen(line));
    }
    Ok(ExitCode::SUCCESS)
}

fn waited(id: &str, fail_on: FailOn, timeout: &str) -> Result<ExitCode, Failure> {
    let within =
        humantime::parse_duration(timeout).ok().and_then(|read| u64::try_from(read.as_millis()).ok());
    let Some(within) = within.map(Millis::new) else {
        return Err(Failure::Usage(format!("--timeout {timeout} is no length; write it as 2h")));
    };
    let (worker, target) = (Worker::named()?, of(id, "")?);
    let until = host::now().plus(within);
    let mut change = worker.get(&target)?;
    loop {
        let verdict = member(&change, "verdict");
        let over = ["judged", "closed"].contains(&&*member(&change, "state"));
        if over || verdict == "regressed" {
            say(&seen(&format!("{}: {}", member(&change, "id"), said(&change))));
            return Ok(match (verdict.as_str(), fail_on) {
                ("improved" | "unchanged", _) => ExitCode::SUCCESS,
                ("regressed", _) => {
                    say(&seen(&format!("way back: {}", member(&change, "rollback").replace('\n', " / "))));
                    ExitCode::from(PROBLEMS)
                }
                (_, FailOn::Inconclusive) => ExitCode::from(PROBLEMS),
                (_, FailOn::Regressed) => ExitCode::from(UNDECIDED),
            });
        }
        if member(&change, "state") == "started" {
            let way_out = format!("{id} is not applied; run vedette change applied {id} once it is");
            return Err(Failure::Asking(way_out));
        }
        let now = host::now();
        if now >= until {
            say(&seen(&format!("{id}: not judged within {within}; so far: {}", said(&change))));
            return Ok(ExitCode::from(UNDECIDED));
        }
        host::pause(until.since(now).min(EVERY).into());
        // One that does not answer meanwhile says nothing of the change: nobody takes it back for
        // that.
        change = worker.get(&target).unwrap_or(change);
    }
}

/// The verdict in words.
fn said(change: &Map<String, Value>) -> String {
    let sentence = member(change, "sentence");
    if sentence.is_empty() { "nothing is known yet".to_owned() } else { sentence }
}

fn listed(open: bool, as_json: bool) -> Result<ExitCode, Failure> {
    let open = open.then(|| "true".to_owned());
    let query = Query::of(&[("open", &open)]);
    let changes = Worker::named()?.list_by("changes", &query, 100)?;
    if as_json {
        say(&json!({ "changes": changes }).to_string());
        return Ok(ExitCode::SUCCESS);
    }
    let mut rows = vec![["started", "id", "state", "verdict", "owner", "title"].map(str::to_owned)];
    rows.extend(changes.iter().filter_map(Value::as_object).map(|change| {
        ["started", "id", "state", "verdict", "owner", "title"].map(|key| {
            let text = member(change, key);
            if text.is_empty() { "-".to_owned() } else { text }
        })
    }));
    table(&rows);
    Ok(ExitCode::SUCCESS)
}

/// The target of a change of this name.
fn of(id: &str, rest: &str) -> Result<String, Failure> {
    if vedette::change::number_of(id).is_none() {
        let way_out = "the id of a change is written as vedette changes prints it: change-17";
        return Err(Failure::Usage(way_out.to_owned()));
    }
    Ok(format!("/v1/changes/{id}{rest}"))
}

fn member(of: &Map<String, Value>, key: &str) -> String {
    of.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}
