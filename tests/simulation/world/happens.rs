//! What is going to happen in a world, and when.

use super::*;

/// Something that is going to happen.
#[derive(Debug)]
pub(super) enum Happens {
    Rings(usize, Ms),
    ArbiterRings(Ms),
    Answered(usize, u64, OriginId, u64, Box<Sample>),
    ReferenceChecked(usize, u64, u64, ReferenceResult),
    Reported(usize, u64, Box<Report>),
    /// What became of a message, for the life of the Arbiter that began then.
    Sent(u64, Answer),
    Replied(usize, u64, vantage::Event),
    Arms(String),
    /// A vantage object hears that somebody saw origins do otherwise.
    Hurries(String, Vec<OriginId>),
    Cron,
    Read,
    Deploys(usize),
    Switches(Option<usize>, usize),
    Jumps,
    /// A job's turn, and a heartbeat of it that arrives, to be sent so often if nobody confirms it.
    Works(usize),
    Beats(usize, u32),
    /// Somebody ceases to listen to jobs, or begins to.
    Silences,
    Mends,
    /// Somebody asks something of a change of the service, to ask so often if nobody answers.
    Edits(Doing, usize, u32),
    /// Vantages have said what was before a change; how often is still asked, and in which life of
    /// the Arbiter.
    Begins(usize, u32, u64, Box<(Write, Gathered)>),
    /// They have said what was asked of them in that life.
    Gathered(u64, Box<(Errand, Gathered)>),
}

impl Happens {
    /// A line for somebody who reads what happened.
    pub(super) fn told(&self) -> String {
        match self {
            Self::Answered(object, life, origin, _, sample) => {
                format!("object {object} (life {life}) hears of {origin}: {:?}", sample.evidence())
            }
            Self::Reported(object, life, report) => {
                let votes: Vec<String> = report
                    .votes
                    .iter()
                    .map(|vote| format!("{} {:?} {:?} old", vote.origin, vote.opinion, vote.age))
                    .collect();
                format!(
                    "report {} of {} from object {object} (life {life}): {}",
                    report.seq,
                    report.vantage,
                    votes.join(", ")
                )
            }
            Self::Begins(place, ..) => format!("vantages say what was before change {place}"),
            Self::Gathered(life, said) => {
                let silent = said.1.said.iter().filter(|said| said.kept.is_none());
                let silent: Vec<_> = silent.map(|said| &said.pair).collect();
                format!("asked in life {life}: {:?}; silent are {silent:?}", said.0)
            }
            _ => format!("{self:?}"),
        }
    }
}

pub(super) struct Due(pub(super) Ms, pub(super) u64, pub(super) Happens);

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Due {}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Due {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.0, self.1).cmp(&(other.0, other.1))
    }
}
