//! What became of a heartbeat → its answer: nothing at all where all is well, so that cron has
//! nothing to send.

use super::problem;
use crate::answer::{self, Answer};
use crate::config::{Config, Heartbeat};

/// The parameters that monitors of this kind have pushed to them: what they say beside `status` is
/// not read.
const PARAMETERS: [&str; 3] = ["status", "msg", "ping"];

/// The methods by which a job may report if its configuration says so.
const READ: [&str; 2] = ["GET", "HEAD"];

/// What became of a heartbeat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Beaten {
    /// It is stored.
    Taken,
    /// Its token is none of ours. Whether it is malformed, of no job, or forged, is not told.
    Unknown,
    /// None can be verified: why.
    Deaf(String),
    /// It could not be stored; it is to be sent again.
    Lost,
}

impl Beaten {
    /// What becomes of a heartbeat of this job while none can be verified. Of a job that is hidden
    /// the answer must not tell that there is one.
    #[must_use]
    pub fn deaf(why: String, job: &Heartbeat, config: &Config) -> Self {
        if config.is_hidden(job.id.pool.as_str()) { Self::Unknown } else { Self::Deaf(why) }
    }
}

/// Whether a heartbeat says nothing else than that the job is alive.
///
/// # Errors
/// 400 for what says something else, or something that is not known: it must not count as a sign of
/// life.
pub(super) fn alive(query: &str) -> Result<(), Answer> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let mut pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let good = pairs.all(|(name, value)| PARAMETERS.contains(&name) && (name != "status" || value == "up"));
    if good { Ok(()) } else { Err(not_said()) }
}

/// 400 for a heartbeat that may mean something else than that the job is alive.
pub(super) fn not_said() -> Answer {
    answer::problem(
        400,
        "not-a-heartbeat",
        "Not a heartbeat",
        "A heartbeat says that a job is well, and nothing else; this one was not counted. Known are status=up, msg and ping. A job that \
         failed sends nothing: its silence is its failure.",
    )
}

/// The answer to a method by which the job may not report; nothing if it may. `job` is what the
/// token names, if anything.
pub(super) fn refused(config: &Config, job: Option<&Heartbeat>, method: &str) -> Option<Answer> {
    let reads = READ.contains(&method);
    // What a token of no job is told does not depend on the job.
    let may = match job {
        Some(job) => job.get,
        None => config.heartbeats().any(|job| job.get),
    };
    (reads && !may).then(only_post)
}

/// Whether a method reports for some job, and not for this one.
pub(super) fn reads_in_vain(job: &Heartbeat, method: &str) -> bool {
    READ.contains(&method) && !job.get
}

/// 405 for whoever only looks at the address, as previews of links do: it must not report in the
/// job's name.
pub(super) fn only_post() -> Answer {
    problem::method(&["POST"])
}

/// The answer to a heartbeat.
pub(super) fn answer(outcome: &Beaten) -> Answer {
    match outcome {
        Beaten::Taken => Answer { status: 204, headers: Vec::new(), body: String::new() },
        Beaten::Unknown => answer::problem(
            404,
            "unknown-heartbeat",
            "Unknown heartbeat",
            "This is the address of no heartbeat. `vedette heartbeat` prints the address of each.",
        ),
        Beaten::Deaf(why) => answer::problem(
            503,
            "heartbeats-not-heard",
            "Heartbeats are not heard",
            &format!("Heartbeats cannot be verified: {why}. Set it with wrangler secret put."),
        ),
        Beaten::Lost => {
            let mut answer = answer::problem(
                503,
                "heartbeat-not-stored",
                "Heartbeat not stored",
                "The heartbeat could not be stored just now. Send it again.",
            );
            answer.headers.push(("retry-after", "5".to_owned()));
            answer
        }
    }
}

#[cfg(test)]
mod tests;
