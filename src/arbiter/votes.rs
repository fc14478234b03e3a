//! The votes that stand, why a vantage has none, and whose failures count.

use std::collections::BTreeMap;

use super::doubt::is_news;
use super::intake::arrived;
use super::presence::Presence;
use super::trust::{Blind, VantageTrust};
use crate::config::{Config, Origin};
use crate::units::{Millis, Name, OriginId, Timestamp};
use crate::verdict::{Ballot, RawVerdict, RecordedVote, Rules, Votes};
use crate::vote::Report;

/// The votes of all vantages.
#[derive(Clone, Debug)]
pub(super) struct Voting {
    votes: Votes,
    /// Why a vantage has no evidence of an origin, as it last said.
    blind: Blind,
    trust: VantageTrust,
    /// The longest time that any vote lives.
    longest_ttl: Millis,
}

/// What a report changed.
#[derive(Debug, Default)]
pub(super) struct Polled {
    /// Whether what is stored of its shard would say something else, or expire too early.
    pub(super) changed: bool,
    /// The origins of which its vantage saw something new.
    pub(super) turned: Vec<OriginId>,
    /// The origins that are to be weighed anew.
    pub(super) expired: Vec<OriginId>,
}

impl Voting {
    /// Before anybody has voted.
    pub(super) fn of(config: &Config) -> Self {
        Self {
            votes: BTreeMap::new(),
            blind: BTreeMap::new(),
            trust: VantageTrust::default(),
            longest_ttl: config.pools.iter().map(|pool| pool.vote_ttl).max().unwrap_or_default(),
        }
    }

    /// Takes the votes of a report of this shard in.
    pub(super) fn take(&mut self, report: Report, shard: &Presence, now: Timestamp) -> Polled {
        let mut polled = Polled::default();
        if report.votes.iter().any(|vote| vote.seen.is_unanswered()) {
            self.trust.unanswered(now.plus(self.longest_ttl));
        }
        for vote in report.votes {
            let origin = vote.origin.clone();
            if !shard.origins.contains(&origin) {
                continue;
            }
            let ballot = self.votes.entry(origin.clone()).or_default();
            let before = ballot.get(&report.vantage);
            let cast = arrived(vote, before, report.colo.clone(), now);
            // Before the next one comes, what is stored would have expired: whoever is made anew
            // meanwhile must not forget this one.
            let kept = shard.kept.get(&origin);
            polled.changed |= kept.is_some_and(|kept| kept.observed.plus(kept.spare) < cast.observed);
            polled.changed |= before
                .is_none_or(|before| before.opinion != cast.opinion || before.definition != cast.definition);
            if is_news(before, &cast) {
                polled.turned.push(origin.clone());
            }
            ballot.insert(report.vantage.clone(), cast);
            polled.expired.push(origin);
        }
        for origin in &shard.origins {
            let why = report.blind.get(origin);
            let known = self.blind.get(origin).and_then(|blind| blind.get(&report.vantage));
            if why == known {
                continue;
            }
            let blind = self.blind.entry(origin.clone()).or_default();
            match why {
                Some(why) => blind.insert(report.vantage.clone(), why.clone()),
                None => blind.remove(&report.vantage),
            };
            polled.expired.push(origin.clone());
        }
        polled
    }

    /// Takes a stored vote in, unless a later one of this vantage is known.
    pub(super) fn restore(&mut self, vantage: &Name, id: OriginId, vote: RecordedVote) {
        let ballot = self.votes.entry(id).or_default();
        if ballot.get(vantage).is_none_or(|other| other.observed < vote.observed) {
            ballot.insert(vantage.clone(), vote);
        }
    }

    /// The vote of a vantage on an origin.
    pub(super) fn vote(&self, id: &OriginId, vantage: &Name) -> Option<&RecordedVote> {
        self.votes.get(id)?.get(vantage)
    }

    /// The votes on an origin; none if nobody has voted.
    pub(super) fn on(&self, origin: &Origin) -> &BTreeMap<Name, RecordedVote> {
        static NOBODY: BTreeMap<Name, RecordedVote> = BTreeMap::new();
        self.votes.get(&origin.id).unwrap_or(&NOBODY)
    }

    /// Why vantages have no evidence of an origin.
    fn blind_to(&self, origin: &Origin) -> &BTreeMap<Name, String> {
        static NOBODY: BTreeMap<Name, String> = BTreeMap::new();
        self.blind.get(&origin.id).unwrap_or(&NOBODY)
    }

    /// The latest moment that any vote speaks of.
    pub(super) fn latest(&self) -> Option<Timestamp> {
        self.votes.values().flat_map(|ballot| ballot.values().map(|vote| vote.observed)).max()
    }

    /// What the votes on an origin that can be believed add up to.
    pub(super) fn judge(&self, rules: &Rules, origin: &Origin, now: Timestamp) -> RawVerdict {
        let ballot = Ballot { votes: self.on(origin), blind: self.blind_to(origin) };
        self.trust.judge(rules, origin, ballot, now)
    }

    /// Why a vantage is not believed, if it is not.
    pub(super) fn doubts(&self, vantage: &Name) -> Option<&String> {
        self.trust.doubts(vantage)
    }

    /// Looks who is to be believed from now on. The vantages of which that changed: what they probe
    /// is to be weighed again.
    pub(super) fn look(&mut self, config: &Config, now: Timestamp) -> Vec<Name> {
        self.trust.look(config, &self.votes, self.longest_ttl, now)
    }

    /// After the clock stepped back by so much, or memory was lost: each vote stays as old as it
    /// was, and everything is looked at.
    pub(super) fn set_back(&mut self, by: Millis, now: Timestamp) {
        for vote in self.votes.values_mut().flat_map(BTreeMap::values_mut) {
            vote.observed = vote.observed.minus(by);
            vote.since = vote.since.minus(by).min(now);
        }
        self.trust.unsure(now.plus(self.longest_ttl));
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.votes.is_empty()
    }
}
