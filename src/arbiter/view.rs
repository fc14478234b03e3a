//! What the Arbiter publishes: its state as a snapshot, by allow-list.

use std::collections::BTreeMap;

use super::Arbiter;
use super::doubt::is_against;
use super::presence::{Presence, ShardName};
use crate::config::{Origin, Pool, Subject};
use crate::heartbeat;
use crate::limits::EVENTS_SHOWN;
use crate::signal::Choice;
use crate::snapshot::{
    BeatView, OriginView, Part, PoolView, SNAPSHOT_VERSION, Snapshot, VoteView, WatchView,
};
use crate::units::{Name, Timestamp};
use crate::verdict::{self, Damping, RecordedVote, Rules, Status, Verdict};
use crate::vote::Opinion;

impl Arbiter {
    /// The verdicts as they stand since the last step, as far as `part` goes.
    #[must_use]
    pub fn snapshot(&self, part: &Part, now: Timestamp) -> Snapshot {
        let mut pools: Vec<PoolView> = self
            .config
            .pools
            .iter()
            .filter(|pool| part.has(&pool.name))
            .map(|pool| self.pool_view(pool, now))
            .collect();
        if !matches!(part, Part::Pool(_)) {
            pools.iter_mut().flat_map(|pool| &mut pool.origins).for_each(|origin| origin.in_doubt = None);
        }
        if *part == Part::Whole {
            for pool in &mut pools {
                pool.traffic = self.traffic.of(&self.config, &pool.name);
                pool.durations = self.durations.of(&pool.name);
            }
        }
        if *part == Part::Summary {
            pools.iter_mut().flat_map(|pool| &mut pool.origins).for_each(|origin| origin.votes.clear());
        }
        let mut snapshot = Snapshot {
            version: SNAPSHOT_VERSION,
            config: self.config.hash,
            taken_at: now,
            pools,
            watch: Vec::new(),
            events: Vec::new(),
            notify: None,
            announcement: None,
            cleared: self.cleared.clone(),
        };
        if let Part::Whole | Part::Summary = part {
            let views = self.watch.iter().map(|(ShardName { vantage, shard }, seen)| {
                let isolated = self.voting.doubts(vantage).map(|why| format!("any origin: {why}"));
                WatchView { blind: isolated.or_else(|| seen.blind.clone()), ..seen.view(vantage, shard, now) }
            });
            snapshot.watch = views.collect();
            snapshot.notify = Some(self.channel_views()).filter(|views| !views.is_empty());
            snapshot.announcement = self.ledger.announcement(now).cloned();
            snapshot.events = self.events.iter().take(EVENTS_SHOWN).cloned().collect();
        }
        snapshot
    }

    pub(super) fn pool_view(&self, pool: &Pool, now: Timestamp) -> PoolView {
        let origins: Vec<OriginView> =
            pool.subjects().map(|subject| self.subject_view(pool, subject, now)).collect();
        let standing = self.verdicts.pool(&pool.name);
        let choice = standing.map(|standing| &standing.choice);
        PoolView {
            name: pool.name.clone(),
            status: standing.map_or(Status::Unknown, |standing| standing.status),
            since: standing.map_or(now, |standing| standing.since),
            valid_until: origins.iter().map(|origin| origin.valid_until).min().unwrap_or(now),
            revision: standing.map_or(0, |standing| standing.revision),
            chosen: choice.and_then(Choice::origin).cloned(),
            choice: choice.map_or("not decided yet", Choice::reason).to_owned(),
            panic: standing.is_some_and(|standing| standing.panic),
            origins,
            traffic: None,
            durations: None,
        }
    }

    fn votes_view(&self, pool: &Pool, origin: &Origin) -> Vec<VoteView> {
        let votes = self.voting.on(origin);
        let need = origin.thresholds;
        let view = |vantage: &Name| {
            let vote = votes.get(vantage).filter(|vote| vote.definition == origin.definition)?;
            Some(VoteView {
                vantage: vantage.clone(),
                opinion: vote.opinion,
                warned: vote.opinion != Opinion::Fail && vote.seen.warned,
                failed: vote.seen.failed.then_some(true),
                reason: vote.seen.reason.clone(),
                run: vote.run,
                need: if vote.seen.failed { need.fall } else { need.rise },
                since: vote.since,
                observed: vote.observed,
                expires: vote.observed.plus(pool.vote_ttl),
                latency: vote.seen.latency,
                code: vote.seen.status,
                cache: vote.seen.cache,
                database: vote.seen.database,
                colo: vote.colo.clone(),
            })
        };
        origin.vantages.iter().filter_map(view).collect()
    }

    fn subject_view(&self, pool: &Pool, subject: Subject<'_>, now: Timestamp) -> OriginView {
        let standing = self.verdicts.get(subject.id());
        let verdict = standing.map(|standing| &standing.verdict);
        let weighed = standing.and_then(|standing| standing.weighed.as_ref());
        let damping = Damping::of(pool, subject.interval());
        let beat = if let Subject::Heartbeat(job) = subject {
            let pulse = self.heartbeats.pulse(job, now);
            let deaf = pulse.deaf.map(str::to_owned);
            Some(BeatView { last: pulse.last(), due: pulse.deadline(job).filter(|_| deaf.is_none()), deaf })
        } else {
            None
        };
        let origin = if let Subject::Origin(origin) = subject { Some(origin) } else { None };
        OriginView {
            name: subject.id().origin.clone(),
            url: origin.filter(|_| pool.expose_urls).map(|origin| origin.url.to_string()),
            priority: subject.priority(),
            status: verdict.map_or(Status::Unknown, |verdict| verdict.status),
            reason: standing.map_or_else(String::new, super::CurrentVerdict::reason),
            next: verdict.zip(weighed).map_or_else(String::new, |(verdict, judgement)| match subject {
                Subject::Origin(_) => verdict::next_change(&Rules::of(pool), verdict, judgement, damping),
                Subject::Heartbeat(_) => heartbeat::next_change(verdict, judgement, damping),
            }),
            falls: verdict.and_then(Verdict::flapping),
            since: verdict.map_or(now, |verdict| verdict.since),
            valid_until: weighed.map_or(now, |judgement| judgement.valid_until),
            oldest: weighed.and_then(|judgement| judgement.oldest),
            votes: origin.map_or_else(Vec::new, |origin| self.votes_view(pool, origin)),
            in_doubt: Some(
                verdict.is_some_and(|verdict| verdict.flapping().is_none())
                    && origin.is_some_and(|origin| in_doubt(pool, origin, self.voting.on(origin), now)),
            ),
            recovered: verdict.and_then(|verdict| verdict.recovered),
            failed: verdict
                .filter(|verdict| verdict.status == Status::Unknown && verdict.has_failed())
                .map(|_| true),
            beat,
        }
    }
}

/// Whether the last evidence of some vantage speaks against its opinion. One that flaps is in doubt
/// for good, which is none.
fn in_doubt(pool: &Pool, origin: &Origin, votes: &BTreeMap<Name, RecordedVote>, now: Timestamp) -> bool {
    votes.values().any(|vote| {
        let fresh = vote.definition == origin.definition && now < vote.observed.plus(pool.vote_ttl);
        fresh && is_against(vote)
    })
}

impl Presence {
    fn view(&self, vantage: &Name, shard: &str, now: Timestamp) -> WatchView {
        WatchView {
            vantage: vantage.clone(),
            shard: shard.to_owned(),
            heard: self.heard,
            lag: self.lag,
            queued: self.queued,
            missed: self.missed,
            silent_from: self.silent_from().unwrap_or(now),
            colo: self.colo.clone(),
            blind: self.blind.clone(),
            fast: self.fast,
        }
    }
}
