//! What became of a heartbeat → its answer: nothing at all where all is well, so that cron has nothing to send.

use crate::answer::{self, Answer};

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
