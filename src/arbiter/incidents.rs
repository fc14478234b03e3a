//! Verdicts and votes as they stand → what incidents are made of: how a pool stands, why, seen from
//! where, and what the signal names.

use super::{Arbiter, CurrentVerdict};
use crate::config::{Pool, Subject};
use crate::incident::{Cause, Kind, Observed, Served, State};
use crate::sample::CacheClass;
use crate::snapshot::Transition;
use crate::units::{Name, OriginId, Timestamp};
use crate::verdict::{RecordedVote, Status};
use crate::vote::Opinion;

/// Which pools may have something new for their incidents.
pub(super) struct Touched<'a> {
    /// Those of which something changed, by their place in the configuration.
    pub(super) pools: &'a [usize],
    /// Verdicts that became another.
    pub(super) transitions: &'a [Transition],
    /// Origins of which a vantage saw something new.
    pub(super) turned: &'a [OriginId],
}

impl Arbiter {
    /// How the pools stand that are amiss, or whose own verdict became another, as far as they are
    /// touched.
    pub(super) fn observed(&self, touched: &Touched<'_>, now: Timestamp) -> Vec<Observed> {
        let turned = |pool: &Pool| touched.turned.iter().any(|id| id.pool == pool.name);
        let became = |pool: &Pool| touched.transitions.iter().any(|one| one.subject == pool.name.as_str());
        let pools = self.config.pools.iter().enumerate();
        let pools = pools.filter(|(place, pool)| touched.pools.contains(place) || turned(pool));
        let observed = pools.filter_map(|(_, pool)| {
            let observed = self.observe(pool, now)?;
            (observed.state == State::Amiss || became(pool)).then_some(observed)
        });
        observed.collect()
    }

    fn observe(&self, pool: &Pool, now: Timestamp) -> Option<Observed> {
        let standing = self.verdicts.pool(&pool.name)?;
        let state = State::of(standing.status, self.config.incidents.on_warnings);
        let mut ill: Vec<(Subject<'_>, &CurrentVerdict)> = Vec::new();
        if state == State::Amiss {
            let known = pool.subjects().filter_map(|one| Some((one, self.verdicts.get(one.id())?)));
            ill.extend(
                known.filter(|(_, known)| matches!(known.verdict.status, Status::Warn | Status::Fail)),
            );
        }
        ill.sort_by_key(|(_, known)| known.verdict.since);
        let mut vantages: Vec<Name> = Vec::new();
        for (vantage, _) in ill.iter().flat_map(|(subject, _)| self.against(pool, subject, now)) {
            if !vantages.contains(vantage) {
                vantages.push(vantage.clone());
            }
        }
        let deepest = ill.iter().map(|(_, known)| known.verdict.status).max();
        let first = ill.iter().find(|(_, known)| Some(known.verdict.status) == deepest);
        let cause = first.map(|(subject, known)| Cause {
            kind: self.kind(pool, subject, now),
            origin: subject.id().origin.clone(),
            reason: known.reason(),
        });
        let served = Served { origin: standing.choice.origin().cloned(), from: now };
        Some(Observed {
            pool: pool.name.clone(),
            status: standing.status,
            since: standing.since,
            state,
            origins: ill.iter().map(|(subject, _)| subject.id().origin.clone()).collect(),
            vantages,
            cause,
            served: pool.takes_traffic().then_some(served),
        })
    }

    /// The live votes that speak against a subject, in the order of its vantages.
    fn against<'a>(
        &'a self,
        pool: &Pool,
        subject: &Subject<'a>,
        now: Timestamp,
    ) -> Vec<(&'a Name, &'a RecordedVote)> {
        let Subject::Origin(origin) = subject else { return Vec::new() };
        let votes = self.voting.on(origin);
        let known = origin.vantages.iter().filter_map(|vantage| votes.get_key_value(vantage));
        let live = known.filter(|(_, vote)| {
            vote.definition == origin.definition && now < vote.observed.plus(pool.vote_ttl)
        });
        live.filter(|(_, vote)| match vote.opinion {
            Opinion::Fail => true,
            Opinion::Pass => vote.seen.warned,
            Opinion::Undecided => false,
        })
        .collect()
    }

    fn kind(&self, pool: &Pool, subject: &Subject<'_>, now: Timestamp) -> Kind {
        if let Subject::Heartbeat(_) = subject {
            return Kind::Heartbeat;
        }
        let votes = self.against(pool, subject, now);
        if votes.iter().any(|(_, vote)| vote.seen.cache == CacheClass::CounterProof) {
            Kind::Cache
        } else if !votes.is_empty() && votes.iter().all(|(_, vote)| vote.seen.status.is_none()) {
            Kind::NoAnswer
        } else {
            Kind::Answer
        }
    }
}

#[cfg(test)]
mod tests;
