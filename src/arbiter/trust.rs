//! Whose failures count. A vantage to which nothing answers is not believed while most others get
//! good answers (`verdict::isolated`); when something answers it again, what it failed to reach
//! before that does not begin to count with its first answer.

use std::collections::BTreeMap;

use crate::config::{Config, Origin};
use crate::units::{Millis, Name, OriginId, Timestamp};
use crate::verdict::{self, Ballot, RawVerdict, RecordedVote, Rules, Votes};
use crate::vote::Opinion;

/// Why each vantage has no evidence of each origin.
pub(super) type Blind = BTreeMap<OriginId, BTreeMap<Name, String>>;

/// Who is not believed at present.
#[derive(Clone, Debug, Default)]
pub(super) struct VantageTrust {
    /// Vantages that cannot be believed by what the others see, and why.
    isolated: BTreeMap<Name, String>,
    /// Vantages that something answered again, and when.
    returned: BTreeMap<Name, Timestamp>,
    /// Until when there may be any: the latest vote of an origin that did not answer is fresh until
    /// then.
    unanswered_until: Timestamp,
}

impl VantageTrust {
    /// Notes that a vote says that nothing answered, which is fresh until then.
    pub(super) fn unanswered(&mut self, until: Timestamp) {
        self.unanswered_until = self.unanswered_until.max(until);
    }

    /// After the clock stepped or memory was lost it is looked at everything for so long.
    pub(super) const fn unsure(&mut self, until: Timestamp) {
        self.unanswered_until = until;
    }

    /// Why a vantage is not believed, if it is not.
    pub(super) fn doubts(&self, vantage: &Name) -> Option<&String> {
        self.isolated.get(vantage)
    }

    /// Looks who is to be believed from now on. The vantages of which that changed: what they probe
    /// is to be weighed again. No vote lives for longer than `longest`.
    pub(super) fn look(
        &mut self,
        config: &Config,
        votes: &Votes,
        longest: Millis,
        now: Timestamp,
    ) -> Vec<Name> {
        let mut moved = self.forget(longest, now);
        if now >= self.unanswered_until && self.isolated.is_empty() {
            return moved;
        }
        let isolated = verdict::isolated(config, votes, now);
        let before = std::mem::replace(&mut self.isolated, isolated);
        for vantage in before.keys().filter(|vantage| !self.isolated.contains_key(*vantage)) {
            // Whose isolation ends because the others see no more than it does is believed at once.
            if verdict::is_answered(config, votes, vantage, now) {
                self.returned.insert(vantage.clone(), now);
            }
        }
        for vantage in self.isolated.keys() {
            self.returned.remove(vantage);
        }
        let known = before.keys().chain(self.isolated.keys());
        moved.extend(known.filter(|vantage| before.get(*vantage) != self.isolated.get(*vantage)).cloned());
        moved
    }

    /// Who returned longer ago than any vote lives is a vantage like any other.
    fn forget(&mut self, longest: Millis, now: Timestamp) -> Vec<Name> {
        let over = |since: Timestamp| now.since(since) >= longest || since > now;
        let forgotten = self.returned.iter().filter(|(_, since)| over(**since));
        let forgotten: Vec<Name> = forgotten.map(|(vantage, _)| vantage.clone()).collect();
        for vantage in &forgotten {
            self.returned.remove(vantage);
        }
        forgotten
    }

    /// What the votes on an origin that can be believed add up to.
    pub(super) fn judge(
        &self,
        rules: &Rules,
        origin: &Origin,
        ballot: Ballot<'_>,
        now: Timestamp,
    ) -> RawVerdict {
        if self.isolated.is_empty() && self.returned.is_empty() {
            return verdict::judge(rules, origin.definition, ballot, now);
        }
        let (mut votes, mut blind) = (ballot.votes.clone(), ballot.blind.clone());
        let why = |vantage: &Name, vote: &RecordedVote| {
            let since = self.returned.get(vantage).filter(|since| is_of_before(vote, **since));
            let returned = || since.map(|_| format!("{vantage} has only just come back"));
            self.isolated.get(vantage).cloned().or_else(returned)
        };
        // Who has not given an origin up yet says what it saw before.
        let failing = votes.iter().filter(|(_, vote)| vote.opinion == Opinion::Fail);
        let doubted: Vec<(Name, String)> =
            failing.filter_map(|(vantage, vote)| Some((vantage.clone(), why(vantage, vote)?))).collect();
        for (vantage, why) in doubted {
            votes.remove(&vantage);
            blind.entry(vantage).or_insert(why);
        }
        verdict::judge(rules, origin.definition, Ballot { votes: &votes, blind: &blind }, now)
    }
}

/// Whether a vote of fail rests on nothing that was seen since then.
fn is_of_before(vote: &RecordedVote, since: Timestamp) -> bool {
    vote.since <= since && (!vote.seen.failed || vote.observed <= since)
}
