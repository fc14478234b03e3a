//! The engine of the one Arbiter object: `step(event, now) -> effects`.
//!
//! It holds the votes, weighs them, and is the only writer of verdicts. What must survive is handed out as rows to persist
//! before anything is published. A vote's freshness is written at most every third of its time to live: after a restart a
//! vote may look older than it is, never younger.

mod publication;
mod stored;

use crate::config::{Config, Hint, Origin, Place, Pool};
use crate::route::{self, Candidate, Choice};
use crate::schedule;
use crate::snapshot::{
    Happening, OriginView, Part, PoolView, SNAPSHOT_VERSION, Snapshot, VoteView, WatchView,
};
use crate::units::{Fingerprint, Map, Millis, Name, OriginId, Timestamp};
use crate::verdict::{self, Rules, StandingVote, Status};
use crate::vote::{Opinion, REPORT_VERSION, Report};

use publication::Publication;
use stored::PoolRow;
#[cfg(test)]
use stored::ShardRow;
pub use stored::{EVENTS_KEPT, Row, SCHEMA_VERSION, Table};

/// What happens to the Arbiter.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A vantage reports.
    Reported(Report),
    /// Its alarm rang, or cron or a reader woke it.
    Woken,
}

/// What is to be done, in this order.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Store these rows in one transaction; it must land before a later effect.
    Persist(Vec<Row>),
    /// Write this summary to KV, as the last known good.
    Publish(Snapshot),
    /// Log that a verdict changed.
    Changed(Happening),
    /// Ring at this time.
    WakeAt(Timestamp),
    /// Wake this vantage object: it has never reported under this configuration, or is silent.
    Arm(ObjectName),
}

/// How to reach a vantage object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectName {
    /// The object's name.
    pub name: String,
    /// Where it is to be created.
    pub hint: Hint,
}

/// One shard as the Arbiter knows it.
#[derive(Clone, Debug)]
struct Presence {
    heard: Option<Timestamp>,
    poked: Option<Timestamp>,
    seq: u64,
    lag: Millis,
    missed: u64,
    stored_at: Option<Timestamp>,
    /// The longest time between two reports that is not silence.
    patience: Millis,
    object: ObjectName,
    origins: Vec<OriginId>,
}

/// An origin's standing verdict.
#[derive(Clone, Debug)]
struct Standing {
    status: Status,
    reason: String,
    since: Timestamp,
}

/// A pool's standing verdict.
#[derive(Clone, Debug)]
struct PoolStanding {
    status: Status,
    since: Timestamp,
    revision: u64,
    choice: Choice,
    config: Fingerprint,
}

/// The state of the Arbiter.
#[derive(Clone, Debug)]
pub struct Arbiter {
    config: Config,
    votes: Map<OriginId, Map<Name, StandingVote>>,
    verdicts: Map<OriginId, Standing>,
    pools: Map<Name, PoolStanding>,
    watch: Map<(Name, String), Presence>,
    events: Vec<Happening>,
    publication: Publication,
    alarm: Option<Timestamp>,
}

/// A silent object is woken again at most this often.
const POKE_EVERY: Millis = Millis::from_secs(5);

/// The Arbiter looks around at least this often.
const ROUNDS: Millis = Millis::from_secs(30);

impl Arbiter {
    /// The state under `config`, from what was stored. Rows that are not understood or no longer named are left out.
    #[must_use]
    pub fn new(config: Config, rows: &[Row], now: Timestamp) -> Self {
        let mut arbiter = Self {
            votes: Map::new(),
            verdicts: Map::new(),
            pools: Map::new(),
            watch: watched(&config),
            events: Vec::new(),
            publication: <Publication as Default>::default(),
            alarm: None,
            config,
        };
        for row in rows {
            arbiter.restore(row);
        }
        // Rows of events come oldest first.
        arbiter.events.reverse();
        for pool in &arbiter.config.pools {
            for origin in &pool.origins {
                arbiter.verdicts.entry(origin.id.clone()).or_insert_with(|| Standing {
                    status: Status::Unknown,
                    reason: "not probed yet".into(),
                    since: now,
                });
            }
        }
        arbiter
    }

    /// The fingerprint of the configuration that this state was made for.
    #[must_use]
    pub const fn config(&self) -> Fingerprint {
        self.config.hash
    }

    /// Folds an event in.
    pub fn step(&mut self, event: Event, now: Timestamp) -> Vec<Effect> {
        let mut rows = Vec::new();
        if let Event::Reported(report) = event {
            rows.extend(self.take(report, now));
        }
        let happenings = self.weigh(now, &mut rows);
        if !happenings.is_empty() {
            rows.extend(self.publication.changed());
        }
        let publish = self.publication.due(self.config.hash, now) <= now;
        if publish {
            rows.push(self.publication.publish(self.config.hash, now));
        }
        let mut effects = Vec::new();
        if !rows.is_empty() {
            effects.push(Effect::Persist(rows));
        }
        if publish {
            effects.push(Effect::Publish(self.snapshot(&Part::Summary, now)));
        }
        effects.extend(happenings.into_iter().map(Effect::Changed));
        effects.extend(self.arm_silent(now));
        effects.extend(self.wake(now));
        effects
    }

    /// Takes a report's votes in. One that is late, of another format, or from a shard or for an origin that the configuration
    /// does not name changes nothing.
    fn take(&mut self, report: Report, now: Timestamp) -> Option<Row> {
        let ttl = self.shortest_ttl(&report.vantage);
        let key = (report.vantage.clone(), report.shard.clone());
        let presence = self.watch.get_mut(&key)?;
        let expired = presence.heard.is_none_or(|heard| now.since(heard) > ttl);
        if report.version != REPORT_VERSION || (report.seq <= presence.seq && !expired) {
            return None;
        }
        presence.seq = report.seq;
        presence.heard = Some(now);
        presence.lag = report.lag;
        presence.missed = report.missed;
        let mut changed = false;
        for vote in report.votes {
            if !presence.origins.contains(&vote.origin) {
                continue;
            }
            let standing = StandingVote {
                definition: vote.definition,
                opinion: vote.opinion,
                since: now.minus(vote.held),
                observed: now.minus(vote.age),
                seen: vote.seen,
                colo: report.colo.clone(),
            };
            let ballot = self.votes.entry(vote.origin).or_default();
            let before = ballot.insert(report.vantage.clone(), standing.clone());
            changed |= before.is_none_or(|before| {
                before.opinion != standing.opinion || before.definition != standing.definition
            });
        }
        let due = presence.stored_at.is_none_or(|at| now.since(at).times(3) >= ttl || now < at);
        if !(changed || due) {
            return None;
        }
        presence.stored_at = Some(now);
        Some(self.shard_row(&key))
    }

    /// The shortest time to live of the votes of a vantage.
    fn shortest_ttl(&self, vantage: &Name) -> Millis {
        let pools = self
            .config
            .pools
            .iter()
            .filter(|pool| pool.origins.iter().any(|origin| origin.vantages.contains(vantage)));
        pools.map(|pool| pool.vote_ttl).min().unwrap_or(Millis::from_secs(45))
    }

    fn weigh(&mut self, now: Timestamp, rows: &mut Vec<Row>) -> Vec<Happening> {
        let mut happenings = Vec::new();
        for pool in &self.config.pools {
            let mut changed = false;
            for origin in &pool.origins {
                let judged =
                    verdict::judge(&Rules::of(pool), origin.definition, ballot(&self.votes, origin), now);
                let Some(standing) = self.verdicts.get_mut(&origin.id) else { continue };
                let from = standing.status;
                standing.reason = judged.reason;
                if judged.status == from {
                    continue;
                }
                standing.status = judged.status;
                standing.since = now;
                changed = true;
                happenings.push(Happening {
                    at: now,
                    subject: origin.id.to_string(),
                    from,
                    to: judged.status,
                    reason: standing.reason.clone(),
                });
            }
            if let Some(happening) =
                settle_pool(pool, &self.verdicts, &mut self.pools, (self.config.hash, now), &mut changed)
            {
                happenings.push(happening);
            }
            if changed && let Some(standing) = self.pools.get(&pool.name) {
                rows.push(PoolRow::row(pool, standing, &self.verdicts));
            }
        }
        rows.extend(happenings.iter().map(Row::event));
        for happening in &happenings {
            self.events.insert(0, happening.clone());
        }
        self.events.truncate(EVENTS_KEPT);
        happenings
    }

    fn arm_silent(&mut self, now: Timestamp) -> Vec<Effect> {
        let mut effects = Vec::new();
        for (_, presence) in self.watch.iter_mut() {
            let silent =
                presence.heard.is_none_or(|heard| now.since(heard) > presence.patience || now < heard);
            let poked = presence.poked.is_some_and(|poked| now >= poked && now.since(poked) < POKE_EVERY);
            if silent && !poked {
                presence.poked = Some(now);
                effects.push(Effect::Arm(presence.object.clone()));
            }
        }
        effects
    }

    /// Rings when the next verdict expires, and at least every [`ROUNDS`]. Only an earlier time than the one already set is
    /// worth a write.
    fn wake(&mut self, now: Timestamp) -> Option<Effect> {
        let expiries = self.config.pools.iter().flat_map(|pool| {
            pool.origins.iter().map(|origin| {
                verdict::judge(&Rules::of(pool), origin.definition, ballot(&self.votes, origin), now)
                    .valid_until
            })
        });
        let quiet = self.watch.values().map(|presence| match presence.heard {
            Some(heard) => heard.plus(presence.patience).plus(Millis::new(1)),
            None => now.plus(POKE_EVERY),
        });
        let publication = self.publication.due(self.config.hash, now);
        let next = expiries
            .chain(quiet)
            .chain([publication])
            .filter(|at| *at > now)
            .min()
            .unwrap_or_else(|| now.plus(ROUNDS));
        let next = next.min(now.plus(ROUNDS)).max(now.plus(Millis::new(250)));
        if self.alarm.is_some_and(|set| set > now && set <= next) {
            return None;
        }
        self.alarm = Some(next);
        Some(Effect::WakeAt(next))
    }

    /// The verdicts at `now`, as far as `part` goes.
    #[must_use]
    pub fn snapshot(&self, part: &Part, now: Timestamp) -> Snapshot {
        let mut pools: Vec<PoolView> = self
            .config
            .pools
            .iter()
            .filter(|pool| part.has(&pool.name))
            .map(|pool| self.pool_view(pool, now))
            .collect();
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
        };
        if let Part::Whole | Part::Summary = part {
            let views = self.watch.iter().map(|((vantage, shard), seen)| seen.view(vantage, shard, now));
            snapshot.watch = views.collect();
            snapshot.events = self.events.iter().take(20).cloned().collect();
        }
        snapshot
    }

    fn pool_view(&self, pool: &Pool, now: Timestamp) -> PoolView {
        let origins: Vec<OriginView> =
            pool.origins.iter().map(|origin| self.origin_view(pool, origin, now)).collect();
        let standing = self.pools.get(&pool.name);
        let (chosen, choice) = match standing.map(|standing| &standing.choice) {
            Some(Choice::Origin { name, reason }) => (Some(name.clone()), reason.clone()),
            Some(Choice::Nowhere) => (None, "every origin fails".into()),
            None => (None, "not decided yet".into()),
        };
        PoolView {
            name: pool.name.clone(),
            status: standing.map_or(Status::Unknown, |standing| standing.status),
            since: standing.map_or(now, |standing| standing.since),
            valid_until: origins.iter().map(|origin| origin.valid_until).min().unwrap_or(now),
            revision: standing.map_or(0, |standing| standing.revision),
            chosen,
            choice,
            origins,
        }
    }

    fn origin_view(&self, pool: &Pool, origin: &Origin, now: Timestamp) -> OriginView {
        let votes = ballot(&self.votes, origin);
        let judged = verdict::judge(&Rules::of(pool), origin.definition, votes, now);
        let standing = self.verdicts.get(&origin.id);
        let view = |vantage: &Name| {
            let vote = votes.get(vantage).filter(|vote| vote.definition == origin.definition)?;
            Some(VoteView {
                vantage: vantage.clone(),
                opinion: vote.opinion,
                warned: vote.opinion == Opinion::Pass && vote.seen.warned,
                reason: vote.seen.reason.clone(),
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
        OriginView {
            name: origin.id.origin.clone(),
            url: pool.expose_urls.then(|| origin.url.to_string()),
            status: judged.status,
            reason: judged.reason,
            since: standing
                .filter(|standing| standing.status == judged.status)
                .map_or(now, |standing| standing.since),
            valid_until: judged.valid_until,
            oldest: judged.oldest,
            votes: origin.vantages.iter().filter_map(view).collect(),
        }
    }
}

impl Presence {
    fn view(&self, vantage: &Name, shard: &str, now: Timestamp) -> WatchView {
        WatchView {
            vantage: vantage.clone(),
            shard: shard.to_owned(),
            heard: self.heard,
            lag: self.lag,
            missed: self.missed,
            silent_from: self.heard.map_or(now, |heard| heard.plus(self.patience)),
        }
    }
}

/// The votes on an origin; none if nobody has voted.
fn ballot<'a>(
    votes: &'a Map<OriginId, Map<Name, StandingVote>>,
    origin: &Origin,
) -> &'a Map<Name, StandingVote> {
    static NOBODY: Map<Name, StandingVote> = Map::new();
    votes.get(&origin.id).unwrap_or(&NOBODY)
}

/// Settles a pool from its origins; sets `changed` if anything about it moved, which also raises its revision.
fn settle_pool(
    pool: &Pool,
    verdicts: &Map<OriginId, Standing>,
    pools: &mut Map<Name, PoolStanding>,
    (config, now): (Fingerprint, Timestamp),
    changed: &mut bool,
) -> Option<Happening> {
    let status_of =
        |origin: &Origin| verdicts.get(&origin.id).map_or(Status::Unknown, |standing| standing.status);
    let statuses: Vec<Status> = pool.origins.iter().map(status_of).collect();
    let candidates: Vec<Candidate<'_>> = pool
        .origins
        .iter()
        .map(|origin| Candidate {
            name: &origin.id.origin,
            priority: origin.priority,
            status: status_of(origin),
        })
        .collect();
    let status = verdict::pool_status(&statuses);
    let choice = route::by_priority(&candidates);
    let before = pools.get(&pool.name);
    let from = before.map_or(Status::Unknown, |before| before.status);
    let moved = before
        .is_none_or(|before| before.choice != choice || before.config != config || before.status != status);
    *changed |= moved;
    if !*changed {
        return None;
    }
    let revision = before.map_or(0, |before| before.revision).saturating_add(1);
    let since = before.filter(|before| before.status == status).map_or(now, |before| before.since);
    let reason = match &choice {
        Choice::Origin { reason, .. } => reason.clone(),
        Choice::Nowhere => "every origin fails".into(),
    };
    pools.insert(pool.name.clone(), PoolStanding { status, since, revision, choice, config });
    (from != status).then(|| Happening { at: now, subject: pool.name.to_string(), from, to: status, reason })
}

/// Every shard of every vantage that the configuration names and that runs in an object of ours.
fn watched(config: &Config) -> Map<(Name, String), Presence> {
    let mut watch = Map::new();
    for vantage in &config.vantages {
        let Place::Hint(hint) = vantage.place else { continue };
        for shard in schedule::shards(config, &vantage.name) {
            let slowest = shard
                .origins
                .iter()
                .map(|origin| origin.pace.interval.max(origin.pace.down_interval).plus(origin.pace.timeout));
            let patience = slowest.max().unwrap_or(Millis::from_secs(60)).plus(Millis::from_secs(2));
            let object =
                ObjectName { name: schedule::object_name(vantage, hint.as_str(), &shard.label()), hint };
            let origins = shard.origins.iter().map(|origin| origin.id.clone()).collect();
            let presence = Presence {
                heard: None,
                poked: None,
                seq: 0,
                lag: Millis::ZERO,
                missed: 0,
                stored_at: None,
                patience,
                object,
                origins,
            };
            watch.insert((vantage.name.clone(), shard.label()), presence);
        }
    }
    watch
}

#[cfg(test)]
mod tests;
