//! The engine of the one Arbiter object: `step(event, now) -> effects`.
//!
//! It holds the votes, weighs them, and is the only writer of verdicts. What must survive is handed out as rows to persist
//! before anything is published. A vote's freshness is written at most every third of its time to live: after a restart a
//! vote may look older than it is, never younger.

mod heartbeats;
mod publication;
mod stored;
mod telling;
mod view;

use crate::config::{Config, Hint, Origin, Place, Pool, Subject};
use crate::heartbeat;
use crate::notify::{Answer, Delivery};
use crate::route::{self, Candidate, Choice};
use crate::schedule;
use crate::snapshot::{Happening, Part, Snapshot};
use crate::units::{Fingerprint, Map, Millis, Name, OriginId, Timestamp};
use crate::verdict::{self, Damping, Judgement, Rules, StandingVote, Status, Verdict, Votes};
use crate::vote::{Fast, Opinion, REPORT_VERSION, Report, Vote};

use heartbeats::Heartbeats;
use publication::Publication;
use stored::PoolRow;
#[cfg(test)]
use stored::ShardRow;
pub use stored::{EVENTS_KEPT, Row, SCHEMA_VERSION, Table};
use telling::Desk;
pub use view::EVENTS_SHOWN;

/// What happens to the Arbiter.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A vantage reports.
    Reported(Report),
    /// Its alarm rang, or cron or a reader woke it.
    Woken,
    /// A job reports by itself; its token was verified.
    Beat(OriginId),
    /// An attempt to send a message came to its end.
    Answered(Answer),
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
    /// Log that a message was given up.
    GivenUp(Happening),
    /// Send a message, and say what became of it.
    Deliver(Delivery),
    /// Ring at this time.
    WakeAt(Timestamp),
    /// Tell the sender that its report was overtaken: a later one, of this sequence number, is known.
    Overtaken(u64),
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
    /// How fresh its votes are in the row that is stored, by origin.
    kept: Map<OriginId, Kept>,
    colo: Option<String>,
    fast: Option<Fast>,
    /// The first origin that it has no evidence of, and why.
    blind: Option<String>,
    /// The longest time between two reports that is not silence.
    patience: Millis,
    /// What is known of it comes from storage: it may have been heard so much later.
    unsure: Millis,
    /// The shortest time to live of the votes of its vantage.
    ttl: Millis,
    object: ObjectName,
    origins: Vec<OriginId>,
}

/// How fresh a vote is in the row that is stored.
#[derive(Clone, Copy, Debug)]
struct Kept {
    observed: Timestamp,
    /// It may be so much younger by now: read again, it would still live until the next one comes.
    spare: Millis,
}

/// An origin's verdict and what it rests on.
#[derive(Clone, Debug)]
struct Standing {
    /// The place of its pool in the configuration.
    pool: usize,
    verdict: Verdict,
    /// What the votes said when they were last weighed; nothing before.
    weighed: Option<Judgement>,
    /// When it is to be weighed again though nothing is reported.
    next: Option<Timestamp>,
    /// A report has come since.
    stale: bool,
}

/// A pool's standing verdict.
#[derive(Clone, Debug)]
struct PoolStanding {
    status: Status,
    since: Timestamp,
    revision: u64,
    choice: Choice,
    config: Fingerprint,
    /// When the choice is to be made again though no verdict changes: an origin has waited long enough.
    next: Option<Timestamp>,
    panic: bool,
}

/// The state of the Arbiter.
#[derive(Clone, Debug)]
pub struct Arbiter {
    config: Config,
    votes: Votes,
    /// Why a vantage has no evidence of an origin, as it last said.
    blind: Map<OriginId, Map<Name, String>>,
    /// Vantages that cannot be believed by what the others see, and why.
    isolated: Map<Name, String>,
    /// Vantages that something answered again, and when: what they failed to reach before that is still not believed.
    returned: Map<Name, Timestamp>,
    /// Until when there may be any: the latest vote of an origin that did not answer is fresh until then.
    unanswered_until: Timestamp,
    verdicts: Map<OriginId, Standing>,
    pools: Map<Name, PoolStanding>,
    watch: Map<(Name, String), Presence>,
    events: Vec<Happening>,
    heartbeats: Heartbeats,
    desk: Desk,
    publication: Publication,
    /// Pools with an origin that is to be weighed anew, by their place in the configuration, in its order.
    stale: Vec<usize>,
    /// Before this time nothing changes by time alone. Votes that are renewed only make it later than it says.
    unmoved_until: Timestamp,
    /// Before this time no shard is to be woken, and none falls silent.
    heard_until: Timestamp,
    silence_at: Timestamp,
    /// The longest time that any vote lives.
    longest_ttl: Millis,
    alarm: Option<Timestamp>,
    /// When this state was made.
    began: Timestamp,
    /// The latest time it was told.
    latest: Timestamp,
    /// What is stored is later than the clock, which stepped back.
    set_back: bool,
}

/// A silent object is woken again at most this often.
const POKE_EVERY: Millis = Millis::from_secs(5);

/// A bound where nothing is to come.
const NEVER: Timestamp = Timestamp::from_millis(u64::MAX);

/// The Arbiter looks around at least this often.
const ROUNDS: Millis = Millis::from_secs(30);

impl Arbiter {
    /// The state under `config`, from what was stored. Rows that are not understood or no longer named are left out.
    #[must_use]
    pub fn new(config: Config, rows: &[Row], now: Timestamp) -> Self {
        let mut arbiter = Self {
            votes: Map::new(),
            blind: Map::new(),
            isolated: Map::new(),
            returned: Map::new(),
            unanswered_until: Timestamp::default(),
            verdicts: Map::new(),
            pools: Map::new(),
            watch: watched(&config),
            events: Vec::new(),
            heartbeats: Heartbeats::of(&config),
            desk: Desk::new(&config),
            publication: <Publication as Default>::default(),
            stale: Vec::new(),
            unmoved_until: Timestamp::default(),
            heard_until: Timestamp::default(),
            silence_at: Timestamp::default(),
            longest_ttl: config.pools.iter().map(|pool| pool.vote_ttl).max().unwrap_or_default(),
            alarm: None,
            began: now,
            latest: now,
            set_back: false,
            config,
        };
        for row in rows {
            arbiter.restore(row);
        }
        // Rows of events come oldest first.
        arbiter.events.reverse();
        for (place, pool) in arbiter.config.pools.iter().enumerate() {
            for subject in pool.subjects() {
                let unknown = || Standing::of(Verdict::unknown(subject.definition(), now));
                arbiter.verdicts.entry(subject.id().clone()).or_insert_with(unknown).pool = place;
            }
        }
        arbiter.latest = arbiter.latest_stored().max(now);
        arbiter.mind_the_clock(now);
        arbiter.unanswered_until = now.plus(arbiter.longest_ttl);
        arbiter.latest = now;
        arbiter
    }

    /// The fingerprint of the configuration that this state was made for.
    #[must_use]
    pub const fn config(&self) -> Fingerprint {
        self.config.hash
    }

    /// Folds an event in.
    pub fn step(&mut self, event: Event, now: Timestamp) -> Vec<Effect> {
        if now < self.latest {
            self.mind_the_clock(now);
        }
        self.latest = now;
        let mut rows = Vec::new();
        if std::mem::take(&mut self.set_back) {
            let keys: Vec<(Name, String)> = self.watch.keys().cloned().collect();
            for key in &keys {
                self.keeps(key);
                rows.push(self.shard_row(key));
            }
        }
        let mut overtaken = None;
        let beat = if let Event::Beat(id) = &event { Some(id) } else { None };
        self.listen(beat, now, &mut rows);
        match event {
            Event::Reported(report) => {
                overtaken = self.overtaken(&report);
                rows.extend(self.take(report, now));
            }
            Event::Answered(answer) => self.answered(answer, now),
            Event::Woken | Event::Beat(_) => {}
        }
        let happenings = self.weigh(now, &mut rows);
        let looks = now >= self.heard_until;
        let (given_up, deliveries) = self.tell(looks, &mut rows, now);
        self.note(happenings.iter().chain(&given_up), &mut rows);
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
        effects.extend(given_up.into_iter().map(Effect::GivenUp));
        effects.extend(deliveries);
        effects.extend(overtaken.map(Effect::Overtaken));
        effects.extend(self.arm_silent(now));
        effects.extend(self.wake(now));
        effects
    }

    /// The latest moment that anything stored speaks of.
    fn latest_stored(&self) -> Timestamp {
        let votes = self.votes.values().flat_map(|ballot| ballot.values().map(|vote| vote.observed));
        votes.chain(self.watch.values().filter_map(|presence| presence.heard)).max().unwrap_or_default()
    }

    /// A clock that stepped back must not keep votes alive for longer than their time: each stays as old as it was, and that is
    /// stored, for whoever is made anew later cannot see any more that the clock stepped back.
    fn mind_the_clock(&mut self, now: Timestamp) {
        let back = self.latest.since(now);
        self.set_back |= back > Millis::ZERO;
        self.began = self.began.min(now);
        self.desk.set_back(back);
        for (_, vote) in self.votes.iter_mut().flat_map(|(_, ballot)| ballot.iter_mut()) {
            vote.observed = vote.observed.minus(back);
            vote.since = vote.since.minus(back).min(now);
        }
        for (_, presence) in self.watch.iter_mut() {
            presence.heard = presence.heard.map(|heard| heard.minus(back));
            presence.poked = None;
        }
        self.unanswered_until = now.plus(self.longest_ttl);
        (self.unmoved_until, self.heard_until) = (now, now);
        for (_, standing) in self.verdicts.iter_mut() {
            standing.stale = true;
        }
        for (_, pool) in self.pools.iter_mut() {
            pool.since = pool.since.min(now);
        }
        self.alarm = None;
    }

    /// The sequence number that is known of the sender, if it is later than that of its report. One whose clock was set back while it
    /// had no memory cannot know.
    fn overtaken(&self, report: &Report) -> Option<u64> {
        let presence = self.watch.get(&(report.vantage.clone(), report.shard.clone()))?;
        (report.seq < presence.seq).then_some(presence.seq)
    }

    /// Takes a report's votes in. One that is late, of another format, or from a shard or for an origin that the configuration
    /// does not name changes nothing.
    fn take(&mut self, report: Report, now: Timestamp) -> Option<Row> {
        let key = (report.vantage.clone(), report.shard.clone());
        let presence = self.watch.get_mut(&key)?;
        if report.version != REPORT_VERSION || report.seq <= presence.seq {
            return None;
        }
        if presence.silent_from().is_none_or(|from| now > from) {
            // It is silent no more, which is looked at in this very step.
            self.heard_until = now;
        }
        presence.take(&report, now);
        if let Some(from) = presence.silent_from() {
            self.silence_at = self.silence_at.max(from.plus(Millis::new(1)));
        }
        if report.votes.iter().any(|vote| vote.seen.is_unanswered()) {
            self.unanswered_until = self.unanswered_until.max(now.plus(self.longest_ttl));
        }
        let mut changed = false;
        for vote in report.votes {
            let origin = vote.origin.clone();
            let standing = self.verdicts.get_mut(&origin).filter(|_| presence.origins.contains(&origin));
            let Some(standing) = standing else { continue };
            standing.expire(&mut self.stale);
            let ballot = self.votes.entry(origin.clone()).or_default();
            let before = ballot.get(&report.vantage);
            let cast = arrived(vote, before, report.colo.clone(), now);
            // Before the next one comes, what is stored would have expired: whoever is made anew meanwhile must not forget this one.
            let kept = presence.kept.get(&origin);
            changed |= kept.is_some_and(|kept| kept.observed.plus(kept.spare) < cast.observed);
            changed |= before
                .is_none_or(|before| before.opinion != cast.opinion || before.definition != cast.definition);
            ballot.insert(report.vantage.clone(), cast);
        }
        for origin in &presence.origins {
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
            if let Some(standing) = self.verdicts.get_mut(origin) {
                standing.expire(&mut self.stale);
            }
        }
        let due = presence.stored_at.is_none_or(|at| now.since(at).times(3) >= presence.ttl || now < at);
        if !(changed || due) {
            return None;
        }
        presence.stored_at = Some(now);
        self.keeps(&key);
        Some(self.shard_row(&key))
    }

    /// Notes how fresh the votes of a shard are in the row that is stored now.
    fn keeps(&mut self, key: &(Name, String)) {
        let Some(presence) = self.watch.get_mut(key) else { return };
        for (origin, kept) in &mut presence.kept {
            let vote = self.votes.get(origin).and_then(|ballot| ballot.get(&key.0));
            kept.observed = vote.map_or(kept.observed, |vote| vote.observed);
        }
    }

    /// The pools to look at: those with news; all of them only when something may change by time alone, and when the next alarm is to be
    /// set, which is not to ring for votes that were renewed meanwhile.
    fn touched(&mut self, now: Timestamp) -> Vec<usize> {
        let stale = std::mem::take(&mut self.stale);
        if now < self.unmoved_until && self.alarm.is_some_and(|set| now < set) {
            return stale;
        }
        self.unmoved_until = NEVER;
        (0..self.config.pools.len()).collect()
    }

    /// Weighs the votes that are new, or whose time has come, and settles the pools that this touches.
    fn weigh(&mut self, now: Timestamp, rows: &mut Vec<Row>) -> Vec<Happening> {
        self.doubt(now);
        let mut happenings = Vec::new();
        for place in self.touched(now) {
            let Some(pool) = self.config.pools.get(place) else { continue };
            let rules = Rules::of(pool);
            let (mut weighed, mut changed, mut moved) = (false, false, false);
            for subject in pool.subjects() {
                let Some(standing) = self.verdicts.get_mut(subject.id()) else { continue };
                if !(standing.stale || standing.next.is_some_and(|next| next <= now)) {
                    self.unmoved_until = earliest(self.unmoved_until, standing.next);
                    continue;
                }
                weighed = true;
                let judgement = match subject {
                    Subject::Origin(origin) => weighed_votes(
                        &rules,
                        origin,
                        (&self.votes, &self.blind),
                        (&self.isolated, &self.returned),
                        now,
                    ),
                    Subject::Heartbeat(heartbeat) => self.heartbeats.judge(heartbeat, now),
                };
                let from = standing.verdict.status;
                changed |= standing.follow(judgement, Damping::of(pool, subject.interval()), now);
                self.unmoved_until = earliest(self.unmoved_until, standing.next);
                let to = standing.verdict.status;
                if from != to {
                    moved = true;
                    let reason = standing.reason();
                    happenings.push(Happening {
                        at: now,
                        subject: subject.id().to_string(),
                        from,
                        to,
                        reason,
                    });
                }
            }
            let standing = self.pools.get(&pool.name);
            let due = standing.is_none_or(|pool| {
                pool.config != self.config.hash || pool.next.is_some_and(|next| next <= now)
            });
            if weighed || due {
                let happening =
                    settle_pool(pool, &self.verdicts, &mut self.pools, (self.config.hash, now), &mut moved);
                happenings.extend(happening);
            }
            if let Some(standing) = self.pools.get(&pool.name) {
                self.unmoved_until = earliest(self.unmoved_until, standing.next);
                if changed || moved {
                    self.desk.touch(place);
                    rows.push(PoolRow::row(pool, standing, &self.verdicts));
                }
            }
        }
        happenings
    }

    /// Keeps what happened as the latest events.
    fn note<'a>(&mut self, happenings: impl Iterator<Item = &'a Happening>, rows: &mut Vec<Row>) {
        for happening in happenings {
            rows.push(Row::event(happening));
            self.events.insert(0, happening.clone());
        }
        self.events.truncate(EVENTS_KEPT);
    }

    /// Finds the vantages that cannot be believed. What they probe is weighed again when that changes.
    fn doubt(&mut self, now: Timestamp) {
        self.forget_returned(now);
        if now >= self.unanswered_until && self.isolated.is_empty() {
            return;
        }
        let isolated = verdict::isolated(&self.config, &self.votes, now);
        let before = std::mem::replace(&mut self.isolated, isolated);
        if before == self.isolated {
            return;
        }
        for vantage in before.keys().filter(|vantage| !self.isolated.contains_key(*vantage)) {
            // Whose isolation ends because the others see no more than it does is believed at once.
            if verdict::is_answered(&self.config, &self.votes, vantage, now) {
                self.returned.insert(vantage.clone(), now);
            }
        }
        for vantage in self.isolated.keys() {
            self.returned.remove(vantage);
        }
        let moved = before.keys().chain(self.isolated.keys());
        let moved: Vec<Name> =
            moved.filter(|vantage| before.get(*vantage) != self.isolated.get(*vantage)).cloned().collect();
        for vantage in &moved {
            self.weigh_anew(vantage);
        }
    }

    /// Who has seen everything anew since it returned, or has no vote that lives, is a vantage like any other.
    fn forget_returned(&mut self, now: Timestamp) {
        if self.returned.is_empty() {
            return;
        }
        let longest = self.longest_ttl;
        let over = |since: &Timestamp| now.since(*since) >= longest || *since > now;
        let forgotten: Vec<Name> = self
            .returned
            .iter()
            .filter(|(_, since)| over(since))
            .map(|(vantage, _)| vantage.clone())
            .collect();
        for vantage in &forgotten {
            self.returned.remove(vantage);
            self.weigh_anew(vantage);
        }
    }

    /// What a vantage probes is to be weighed again.
    fn weigh_anew(&mut self, vantage: &Name) {
        for (_, presence) in self.watch.iter().filter(|((name, _), _)| name == vantage) {
            for origin in &presence.origins {
                if let Some(standing) = self.verdicts.get_mut(origin) {
                    standing.expire(&mut self.stale);
                }
            }
        }
    }

    fn arm_silent(&mut self, now: Timestamp) -> Vec<Effect> {
        let mut effects = Vec::new();
        if now < self.heard_until {
            return effects;
        }
        (self.heard_until, self.silence_at) = (NEVER, NEVER);
        let mut last = None;
        for (_, presence) in self.watch.iter_mut() {
            let silent_from = presence.silent_from();
            let silent =
                silent_from.is_none_or(|from| now > from) || presence.heard.is_some_and(|heard| now < heard);
            let poked = presence.poked.is_some_and(|poked| now >= poked && now.since(poked) < POKE_EVERY);
            if silent && !poked {
                presence.poked = Some(now);
                effects.push(Effect::Arm(presence.object.clone()));
            }
            let looks = match silent_from {
                Some(from) if !silent => from.plus(Millis::new(1)),
                Some(_) | None => now.plus(POKE_EVERY),
            };
            self.heard_until = self.heard_until.min(looks);
            // Every report is a look around: only when none comes any more it takes an alarm to see who is silent. One that fell
            // silent is woken by whoever comes next; one that never spoke is waited for.
            if presence.heard.is_none() {
                self.silence_at = self.silence_at.min(looks);
            } else if !silent {
                last = last.max(Some(looks));
            }
        }
        self.silence_at = last.map_or(self.silence_at, |last| self.silence_at.min(last));
        effects
    }

    /// Rings when the next verdict may change by time alone, and at least every [`ROUNDS`]. Only an earlier time than the one
    /// already set is worth a write.
    fn wake(&mut self, now: Timestamp) -> Option<Effect> {
        let publication = self.publication.due(self.config.hash, now);
        let times = [self.unmoved_until, self.silence_at, self.desk.next, publication];
        let next = times.into_iter().filter(|at| *at > now).min().unwrap_or_else(|| now.plus(ROUNDS));
        let next = next.min(now.plus(ROUNDS)).max(now.plus(Millis::new(250)));
        if self.alarm.is_some_and(|set| set > now && set <= next) {
            return None;
        }
        self.alarm = Some(next);
        Some(Effect::WakeAt(next))
    }
}

impl Presence {
    /// From when on it counts as silent unless it reports; nothing if it has never reported.
    fn silent_from(&self) -> Option<Timestamp> {
        self.heard.map(|heard| heard.plus(self.patience).plus(self.unsure))
    }

    fn take(&mut self, report: &Report, now: Timestamp) {
        self.seq = report.seq;
        self.heard = Some(now);
        self.unsure = Millis::ZERO;
        self.lag = report.lag;
        self.missed = report.missed;
        self.colo.clone_from(&report.colo);
        self.fast = report.fast;
        self.blind = report.blind.iter().next().map(|(origin, why)| format!("{origin}: {why}"));
    }
}

impl Standing {
    const fn of(verdict: Verdict) -> Self {
        Self { pool: 0, verdict, weighed: None, next: None, stale: true }
    }

    /// Is to be weighed anew, and its pool with it.
    fn expire(&mut self, pools: &mut Vec<usize>) {
        self.stale = true;
        if let Err(place) = pools.binary_search(&self.pool) {
            pools.insert(place, self.pool);
        }
    }

    /// Takes a new judgement in; whether what must be stored changed.
    fn follow(&mut self, judgement: Judgement, damping: Damping, now: Timestamp) -> bool {
        let changed = self.verdict.follow(&judgement, damping, now);
        self.next = [judgement.until, self.verdict.next(damping)].into_iter().flatten().min();
        self.weighed = Some(judgement);
        self.stale = false;
        changed
    }

    /// Why the verdict is what it is.
    fn reason(&self) -> String {
        match &self.weighed {
            None => "not weighed yet".to_owned(),
            Some(judgement) if judgement.status == self.verdict.status => judgement.reason.clone(),
            Some(judgement) => format!("held although it is better by now: {}", judgement.reason),
        }
    }
}

fn earliest(bound: Timestamp, next: Option<Timestamp>) -> Timestamp {
    next.map_or(bound, |next| bound.min(next))
}

/// A vote as it is held from now on. Times are counted back from its arrival. One that rests on what a cache answered is no older
/// and no younger than the proof before it, and decides nothing where there is none.
fn arrived(vote: Vote, before: Option<&StandingVote>, colo: Option<String>, now: Timestamp) -> StandingVote {
    let proof =
        before.filter(|before| before.opinion == vote.opinion && before.definition == vote.definition);
    let (opinion, observed) = match (vote.seen.unproven, proof) {
        (true, Some(proof)) => (vote.opinion, proof.observed),
        (true, None) => (Opinion::Undecided, now.minus(vote.age)),
        (false, _) => (vote.opinion, now.minus(vote.age)),
    };
    StandingVote {
        definition: vote.definition,
        opinion,
        since: now.minus(vote.held),
        observed,
        run: vote.run,
        seen: vote.seen,
        colo,
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

/// Why vantages have no evidence of an origin.
fn blind_to<'a>(blind: &'a Map<OriginId, Map<Name, String>>, origin: &Origin) -> &'a Map<Name, String> {
    static NOBODY: Map<Name, String> = Map::new();
    blind.get(&origin.id).unwrap_or(&NOBODY)
}

/// What the votes on an origin that can be believed add up to.
fn weighed_votes(
    rules: &Rules,
    origin: &Origin,
    (votes, blind): (&Votes, &Map<OriginId, Map<Name, String>>),
    (isolated, returned): (&Map<Name, String>, &Map<Name, Timestamp>),
    now: Timestamp,
) -> Judgement {
    let (votes, blind) = (ballot(votes, origin), blind_to(blind, origin));
    if isolated.is_empty() && returned.is_empty() {
        return verdict::judge(rules, origin.definition, (votes, blind), now);
    }
    let (votes, blind) = believed((isolated, returned), votes, blind);
    verdict::judge(rules, origin.definition, (&votes, &blind), now)
}

/// The votes and the missing evidence of an origin, without the failures of those who cannot be believed.
fn believed(
    (isolated, returned): (&Map<Name, String>, &Map<Name, Timestamp>),
    votes: &Map<Name, StandingVote>,
    blind: &Map<Name, String>,
) -> (Map<Name, StandingVote>, Map<Name, String>) {
    let (mut votes, mut blind) = (votes.clone(), blind.clone());
    for (vantage, since) in returned {
        let before =
            |vote: &StandingVote| vote.since <= *since && (!vote.seen.failed || vote.observed <= *since);
        if votes.get(vantage).is_some_and(|vote| vote.opinion == Opinion::Fail && before(vote)) {
            votes.remove(vantage);
            if !blind.contains_key(vantage) {
                blind.insert(vantage.clone(), format!("{vantage} has only just come back"));
            }
        }
    }
    for (vantage, why) in isolated {
        // Who has not given an origin up yet says what it saw before.
        if votes.get(vantage).is_none_or(|vote| vote.opinion != Opinion::Fail) {
            continue;
        }
        votes.remove(vantage);
        if !blind.contains_key(vantage) {
            blind.insert(vantage.clone(), why.clone());
        }
    }
    (votes, blind)
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
        |id: &OriginId| verdicts.get(id).map_or(Status::Unknown, |standing| standing.verdict.status);
    let statuses: Vec<Status> = pool.subjects().into_iter().map(|subject| status_of(subject.id())).collect();
    let before = pools.get(&pool.name);
    // Who has the traffic needs not wait for it.
    let serving = before.and_then(|before| before.choice.origin());
    let waits = |origin: &Origin| {
        let recovered = verdicts.get(&origin.id)?.verdict.recovered?;
        let until = recovered.plus(pool.failback_delay);
        (serving != Some(&origin.id.origin) && until > now).then_some(until)
    };
    let candidates: Vec<Candidate<'_>> = pool
        .origins
        .iter()
        .map(|origin| Candidate {
            name: &origin.id.origin,
            priority: origin.priority,
            status: status_of(&origin.id),
            waits_until: waits(origin),
        })
        .collect();
    let status = verdict::pool_status(&statuses);
    let panic = route::in_panic(&candidates, pool.panic);
    let choice = if pool.is_of_heartbeats() {
        let statuses = pool.heartbeats.iter().map(|job| (job.id.origin.as_str(), status_of(&job.id)));
        Choice::Routeless { gist: heartbeat::gist(statuses) }
    } else {
        route::by_priority(&candidates, panic)
    };
    let next = candidates.iter().filter_map(|candidate| candidate.waits_until).min();
    let from = before.map_or(Status::Unknown, |before| before.status);
    let same = before
        .is_some_and(|before| before.choice == choice && before.config == config && before.status == status);
    *changed |= !same;
    if !*changed {
        if let Some(before) = pools.get_mut(&pool.name) {
            before.next = next;
        }
        return None;
    }
    let revision = before.map_or(0, |before| before.revision).saturating_add(1);
    let since = before.filter(|before| before.status == status).map_or(now, |before| before.since);
    let reason = choice.reason().to_owned();
    pools.insert(pool.name.clone(), PoolStanding { status, since, revision, choice, config, next, panic });
    (from != status).then(|| Happening { at: now, subject: pool.name.to_string(), from, to: status, reason })
}

/// The longest time between two votes on an origin that is no silence: a slot may lie a tenth later than the one before it.
fn pause(origin: &Origin) -> Millis {
    let interval = origin.pace.interval.max(origin.pace.down_interval);
    interval.plus(Millis::new(interval.get() / 10)).plus(origin.pace.timeout).plus(Millis::from_secs(2))
}

/// The shortest time to live of the votes of a vantage.
fn shortest_ttl(config: &Config, vantage: &Name) -> Millis {
    let probed = |pool: &&Pool| pool.origins.iter().any(|origin| origin.vantages.contains(vantage));
    let pools = config.pools.iter().filter(probed);
    pools.map(|pool| pool.vote_ttl).min().unwrap_or(Millis::from_secs(45))
}

/// Every shard of every vantage that the configuration names and that runs in an object of ours.
fn watched(config: &Config) -> Map<(Name, String), Presence> {
    let mut watch = Map::new();
    for vantage in &config.vantages {
        let Place::Hint(hint) = vantage.place else { continue };
        let ttl = shortest_ttl(config, &vantage.name);
        // Shards divide the origins in their order.
        let probed = |pool: &'_ Pool| {
            let own = pool.origins.iter().filter(|origin| origin.vantages.contains(&vantage.name));
            own.map(|origin| pool.vote_ttl.minus(pause(origin))).collect::<Vec<_>>()
        };
        let mut spares = config.pools.iter().flat_map(probed);
        for shard in schedule::shards(config, &vantage.name) {
            let patience = shard.origins.iter().map(|origin| pause(origin)).max();
            let patience = patience.unwrap_or(Millis::from_secs(62));
            let kept = shard.origins.iter().map(|origin| {
                let kept = Kept { observed: Timestamp::default(), spare: spares.next().unwrap_or_default() };
                (origin.id.clone(), kept)
            });
            let kept = kept.collect();
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
                kept,
                colo: None,
                fast: None,
                blind: None,
                patience,
                unsure: Millis::ZERO,
                ttl,
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
