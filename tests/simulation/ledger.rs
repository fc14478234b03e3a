//! What the world knows of itself: the evidence that was given, the votes that arrived, and what
//! was stored and shown. The laws are called from here.

use std::borrow::Cow;
use std::collections::BTreeMap;

use vedette::arbiter::{Effect as Verdicts, Row, Table};
use vedette::config::{Config, Pool};
use vedette::json;
use vedette::sample::Evidence;
use vedette::snapshot::{Snapshot, Transition};
use vedette::units::{Fingerprint, Name, OriginId, Timestamp};
use vedette::vantage::Effect as Probing;
use vedette::verdict::Status;
use vedette::vote::{Opinion, Report};

use crate::laws::{self, Sight};
use crate::objects::VantageObject;
use crate::setup::{Ms, SECOND};

/// The longest that flapping makes a verdict hold, if `hold_down` is not longer.
const LONGEST_HOLD: Ms = 300 * SECOND;

/// A vote as the Arbiter must hold it.
struct Held {
    definition: Fingerprint,
    opinion: Opinion,
    observed: Timestamp,
    sight: Sight,
    failed: bool,
    since: Timestamp,
}

/// What the votes on an origin amount to, and when they last ceased to say fail.
#[derive(Clone, Copy)]
struct Judged {
    status: Status,
    failed: Option<Timestamp>,
}

/// The record.
#[derive(Default)]
pub struct Ledger {
    evidence: BTreeMap<OriginId, Ms>,
    votes: BTreeMap<OriginId, BTreeMap<Name, Held>>,
    /// Who has ever said fail of what.
    failed: BTreeMap<(OriginId, Fingerprint), Vec<Name>>,
    sequences: BTreeMap<Name, u64>,
    judged: BTreeMap<OriginId, Judged>,
    /// Whose failures do not count.
    not_believed: Vec<Name>,
    /// Until when some vote may be fresh of a vantage that saw nothing.
    blind_until: Timestamp,
    /// Who was among them until something answered, and since when: what it failed to see before
    /// that does not count.
    returned: BTreeMap<Name, Timestamp>,
    /// From when on the votes that the Arbiter holds are known for sure; until then it may have
    /// forgotten how fresh they are.
    sure_from: Ms,
    sure: bool,
    /// Whether what the votes amount to changed in this step.
    moved: bool,
    /// No configuration ever changes.
    settled: bool,
    sure_since: Timestamp,
    /// What is stored: the status of each subject by its latest event.
    known: BTreeMap<String, Status>,
    down: BTreeMap<String, bool>,
    recovered: BTreeMap<String, Timestamp>,
    stored: BTreeMap<String, (u64, String)>,
    chosen: BTreeMap<String, Option<String>>,
    published: BTreeMap<Name, (u64, String)>,
    /// The revision of each pool that its followers were told.
    pushed: BTreeMap<Name, u64>,
    /// What followers of all pools were told last.
    pushed_to_all: Option<u64>,
}

impl Ledger {
    /// The record of a world; `settled` says that no configuration ever changes in it.
    pub fn new(settled: bool) -> Self {
        Self { settled, ..Self::default() }
    }

    /// A vantage got evidence of an origin.
    pub fn evidence(&mut self, origin: &OriginId, now: Ms) {
        self.evidence.insert(origin.clone(), now);
    }

    /// How long ago any last did.
    pub fn since_evidence(&self, origin: &OriginId, now: Ms) -> Ms {
        self.evidence.get(origin).map_or(now, |at| now - at)
    }

    /// A vantage reports.
    pub fn says(&self, vantage: &mut VantageObject, config: &Config, report: &Report) -> laws::Verdict {
        for vote in &report.votes {
            let Some((_, account)) = vantage.accounts.get(&vote.origin) else {
                return Err(format!("a vote on {} by a vantage that does not probe it", vote.origin));
            };
            laws::a_vote_says_what_its_evidence_amounts_to(vote.opinion, account)?;
            let saved = vantage.saved.get(&vote.origin).filter(|saved| saved.0 == vote.definition);
            laws::what_is_told_is_stored(vote.opinion, saved.map(|(_, account)| account))?;
            // It may not have been told at once, because it could not be stored.
            let passes = account.passes();
            let told = vantage.told.get(&vote.origin).filter(|told| told.0 == vote.definition);
            if told.is_some_and(|told| told.1 == vote.opinion) {
                continue;
            }
            // Where a configuration comes back, what was counted under it may be gone.
            if let (Some(told), Some(origin), true) = (told, config.origin(&vote.origin), self.settled) {
                let counted = (told.2, told.3);
                laws::what_was_told_is_taken_back_on_evidence_only(
                    told.1,
                    vote.opinion,
                    counted,
                    origin.thresholds,
                )?;
            }
            vantage.told.insert(vote.origin.clone(), (vote.definition, vote.opinion, passes, 0));
        }
        Ok(())
    }

    /// The Arbiter's memory begins anew: how fresh votes are was stored sparingly.
    pub fn arbiter_begins(&mut self, config: &Config, now: Ms) {
        let ttl = config.pools.iter().map(|pool| pool.vote_ttl.get()).max().unwrap_or(0);
        self.sure_from = now + 2 * ttl;
        self.not_believed.clear();
        self.returned.clear();
    }

    /// A report arrives at the Arbiter.
    pub fn hears(&mut self, config: &Config, report: &Report, now: Timestamp) -> laws::Verdict {
        if config.vantage(report.vantage.as_str()).is_none() {
            return Ok(());
        }
        let late = self.sequences.get(&report.vantage).is_some_and(|known| report.seq <= *known);
        if !late {
            self.sequences.insert(report.vantage.clone(), report.seq);
        }
        for vote in &report.votes {
            if vote.opinion == Opinion::Fail {
                let who = self.failed.entry((vote.origin.clone(), vote.definition)).or_default();
                if !who.contains(&report.vantage) {
                    who.push(report.vantage.clone());
                }
            }
            if late
                || config.origin(&vote.origin).is_none_or(|origin| !origin.vantages.contains(&report.vantage))
            {
                continue;
            }
            if !self.votes.contains_key(&vote.origin) {
                self.votes.insert(vote.origin.clone(), BTreeMap::new());
            }
            let Some(ballot) = self.votes.get_mut(&vote.origin) else { continue };
            let before = ballot.get(&report.vantage).filter(|held| held.definition == vote.definition);
            let forgotten = before.is_some_and(|held| held.opinion != Opinion::Undecided)
                && vote.opinion == Opinion::Undecided;
            laws::hold(!(forgotten && self.settled), || {
                format!("the opinion of {} on {} is lost", report.vantage, vote.origin)
            })?;
            let proof = before.filter(|held| held.opinion == vote.opinion).map(|held| held.observed);
            let (opinion, observed) = match (vote.seen.unproven, proof) {
                (true, Some(observed)) => (vote.opinion, observed),
                (true, None) => (Opinion::Undecided, now),
                (false, _) => (vote.opinion, now.minus(vote.age)),
            };
            let sight = match (vote.seen.failed, vote.seen.status) {
                (true, None) => Sight::Nothing,
                (false, _) if opinion == Opinion::Pass && !vote.seen.unproven => Sight::Good,
                _ => Sight::Answered,
            };
            if sight == Sight::Nothing {
                let longest = config.pools.iter().map(|pool| pool.vote_ttl).max().unwrap_or_default();
                self.blind_until = self.blind_until.max(observed.plus(longest));
            }
            let failed = vote.seen.failed;
            let since = now.minus(vote.held);
            let held = Held { definition: vote.definition, opinion, observed, sight, failed, since };
            match ballot.get_mut(&report.vantage) {
                Some(before) => *before = held,
                None => drop(ballot.insert(report.vantage.clone(), held)),
            }
        }
        Ok(())
    }

    /// The Arbiter weighs; `calm` is the world's time if its clock is true and its writes land.
    pub fn weighs(&mut self, config: &Config, now: Timestamp, calm: Option<Ms>) {
        let was_sure = self.sure;
        self.moved = false;
        if calm.is_some() {
            self.doubts(config, now);
        }
        self.sure = calm.is_some_and(|moment| moment >= self.sure_from);
        if !self.sure {
            return;
        }
        if !was_sure {
            self.sure_since = now;
        }
        for pool in &config.pools {
            for origin in &pool.origins {
                let status = laws::judged(pool.quorum, pool.min_votes, &self.live(pool, &origin.id, now));
                let Some(judged) = self.judged.get_mut(&origin.id) else {
                    self.judged.insert(origin.id.clone(), Judged { status, failed: None });
                    self.moved = true;
                    continue;
                };
                self.moved |= judged.status != status || !was_sure;
                if !was_sure {
                    *judged = Judged { status, failed: None };
                } else if judged.status == Status::Fail && status != Status::Fail {
                    judged.failed = Some(now);
                }
                judged.status = status;
            }
        }
    }

    /// Notes whose failures do not count from this moment on.
    fn doubts(&mut self, config: &Config, now: Timestamp) {
        let (not_believed, answered) = self.not_believed(config, now);
        for vantage in self.not_believed.iter().filter(|vantage| !not_believed.contains(vantage)) {
            if answered.contains(vantage) {
                self.returned.insert(vantage.clone(), now);
            }
        }
        let longest = config.pools.iter().map(|pool| pool.vote_ttl).max().unwrap_or_default();
        self.returned.retain(|vantage, since| !not_believed.contains(vantage) && now.since(*since) < longest);
        self.not_believed = not_believed;
    }

    /// Whose failures do not count at this moment, and whom something answered.
    fn not_believed(&self, config: &Config, now: Timestamp) -> (Vec<Name>, Vec<Name>) {
        let all_see = self.not_believed.is_empty() && now >= self.blind_until;
        if all_see || !config.references.is_empty() || config.vantages.len() < 3 {
            return (Vec::new(), Vec::new());
        }
        let origins =
            config.pools.iter().flat_map(|pool| pool.origins.iter().map(move |origin| (pool, origin)));
        let sights = origins.flat_map(|(pool, origin)| {
            let held = self.votes.get(&origin.id).into_iter().flatten();
            let fresh = held.filter(|(who, held)| {
                origin.vantages.contains(who)
                    && held.definition == origin.definition
                    && now < held.observed.plus(pool.vote_ttl)
            });
            fresh.map(|(who, held)| (who, &origin.id, held.sight))
        });
        let sights: Vec<_> = sights.collect();
        if self.not_believed.is_empty() && sights.iter().all(|(.., sight)| *sight != Sight::Nothing) {
            return (Vec::new(), Vec::new());
        }
        let answered = sights.iter().filter(|(.., sight)| *sight != Sight::Nothing);
        (laws::not_believed(&sights), answered.map(|(who, ..)| (*who).clone()).collect())
    }

    /// The opinions that count, of those who are sure.
    fn live(&self, pool: &Pool, origin: &OriginId, now: Timestamp) -> Vec<Opinion> {
        let definition = pool.origins.iter().find(|one| one.id == *origin).map(|origin| origin.definition);
        let of_this = self.votes.get(origin).into_iter().flatten();
        let live = of_this.filter(|(_, held)| {
            Some(held.definition) == definition && now < held.observed.plus(pool.vote_ttl)
        });
        let live = live.filter(|(who, held)| {
            let old = self.returned.get(*who).is_some_and(|returned| {
                held.since <= *returned && (!held.failed || held.observed <= *returned)
            });
            held.opinion != Opinion::Fail || !(old || self.not_believed.contains(who))
        });
        live.map(|(_, held)| held.opinion).filter(|opinion| *opinion != Opinion::Undecided).collect()
    }

    /// The Arbiter says what changed, and stores it: one story.
    pub fn follows(&self, config: &Config, effects: &[Verdicts], now: Timestamp) -> laws::Verdict {
        let (mut told, mut kept) = (Vec::new(), Vec::new());
        for effect in effects {
            match effect {
                Verdicts::Changed(transition) | Verdicts::GivenUp(transition) => {
                    told.push(transition.clone());
                }
                Verdicts::Persist(rows) => kept.extend(events(rows)),
                Verdicts::Publish(_)
                | Verdicts::Push { .. }
                | Verdicts::PushAll(_)
                | Verdicts::WakeAt(_)
                | Verdicts::Arm(_)
                | Verdicts::ProbeNow(..)
                | Verdicts::Deliver(_)
                | Verdicts::Remember(_)
                | Verdicts::Superseded(_)
                | Verdicts::Gather(_)
                | Verdicts::Wrote(_) => {}
            }
        }
        laws::hold(told == kept, || format!("told is {told:?}, and stored {kept:?}"))?;
        let mut known = Cow::Borrowed(&self.known);
        // What was given up is no change.
        let changes = told.iter().filter(|transition| !transition.subject.starts_with("notify/"));
        for Transition { subject, from, to, .. } in changes {
            let before = known.to_mut().insert(subject.clone(), *to).unwrap_or(Status::Unknown);
            laws::hold(before == *from && from != to, || {
                format!("{subject} is {before:?}, and goes from {from:?} to {to:?}")
            })?;
            if let Some(id) = OriginId::parse(subject) {
                self.moves(config, &id, (*from, *to), now)?;
            }
        }
        if self.sure && (self.moved || !told.is_empty()) {
            for origin in config.origins() {
                let stands = known.get(&origin.id.to_string()).copied().unwrap_or(Status::Unknown);
                let judged = self.judged.get(&origin.id).map_or(Status::Unknown, |judged| judged.status);
                laws::what_stands_is_never_better_than_what_is_judged(stands, judged)
                    .map_err(|why| format!("{}: {why}", origin.id))?;
            }
        }
        Ok(())
    }

    fn moves(
        &self,
        config: &Config,
        id: &OriginId,
        (from, to): (Status, Status),
        now: Timestamp,
    ) -> laws::Verdict {
        if config.heartbeat(id).is_some() {
            // The laws of jobs are kept where it is known who listened.
            return Ok(());
        }
        let Some((pool, origin)) = config.pool(id.pool.as_str()).zip(config.origin(id)) else {
            return Err(format!("{id} changed and is not configured"));
        };
        let judged = self.judged.get(id);
        let since_failed = judged.and_then(|judged| judged.failed).map(|failed| now.since(failed).get());
        if to == Status::Fail {
            let who = self.failed.get(&(id.clone(), origin.definition)).map_or(0, Vec::len);
            let least = laws::quorum(pool.quorum, pool.min_votes as usize);
            // What is held may have been judged by the quorum of another deployment.
            laws::hold(who >= least || !self.settled, || {
                format!("{id} turns fail, and only {who} vantages ever said so")
            })?;
            let longest = LONGEST_HOLD.max(pool.hold_down.get());
            let held = since_failed.is_some_and(|since| since < longest)
                || now.since(self.sure_since).get() < longest;
            if self.sure && !held {
                laws::fail_needs_a_quorum(pool.quorum, pool.min_votes, &self.live(pool, id, now))?;
            }
        }
        if self.sure {
            laws::too_few_votes_decide_nothing(to, pool.min_votes, self.live(pool, id, now).len())?;
        }
        if self.sure && from == Status::Fail && to < Status::Unknown {
            laws::what_gets_better_has_held(to, since_failed, pool.hold_down.get())
                .map_err(|why| format!("{id}: {why}"))?;
        }
        Ok(())
    }

    /// Rows have landed. How many of them are events. `now` is the Arbiter's time, if its clock
    /// never jumps.
    pub fn stored(&mut self, config: &Config, rows: &[Row], now: Option<Timestamp>) -> Result<u64, String> {
        let mut count = 0;
        for Transition { at, subject, to, .. } in events(rows) {
            count += 1;
            let down = self.down.entry(subject.clone()).or_default();
            if to == Status::Fail {
                *down = true;
            } else if to < Status::Unknown && std::mem::take(down) {
                self.recovered.insert(subject.clone(), at);
            }
            self.known.insert(subject, to);
        }
        for row in rows.iter().filter(|row| row.table == Table::Pools) {
            self.settles(config, row, now)?;
        }
        Ok(count)
    }

    /// A pool's row: its statuses are the known ones, its revision names them, and its choice waits
    /// for who recovered.
    fn settles(&mut self, config: &Config, row: &Row, now: Option<Timestamp>) -> laws::Verdict {
        let stored: Stored<'_> = serde_json::from_str(&row.text).map_err(|error| error.to_string())?;
        let revision = stored.revision;
        let statuses: Vec<(&str, &str)> =
            stored.origins.iter().map(|(name, verdict)| (*name, verdict.status)).collect();
        // Who is configured no more begins anew if it comes back.
        let stays = |subject: &String| {
            let inside = subject.strip_prefix(&row.key).and_then(|rest| rest.strip_prefix('/'));
            inside.is_none_or(|origin| statuses.iter().any(|(name, _)| *name == origin))
        };
        self.known.retain(|subject, _| stays(subject));
        self.down.retain(|subject, _| stays(subject));
        self.recovered.retain(|subject, _| stays(subject));
        for (origin, status) in &statuses {
            let subject = format!("{}/{origin}", row.key);
            let known = self.known.get(&subject).copied().unwrap_or(Status::Unknown).as_str();
            laws::hold(known == *status, || {
                format!("{subject} is stored as {status}, and by its events {known}")
            })?;
        }
        let state = format!(
            "{:?} {} {:?} {} {}",
            statuses, stored.status, stored.chosen, stored.choice, stored.config
        );
        if let Some((before, was)) = self.stored.insert(row.key.clone(), (revision, state.clone())) {
            laws::a_revision_names_one_state((before, &was), (revision, &state))?;
            laws::hold(revision == before || was != state, || {
                format!("revision {revision} says what {before} said: {was}")
            })?;
        }
        let chosen = stored.chosen.map(str::to_owned);
        let before = self.chosen.insert(row.key.clone(), chosen.clone()).flatten();
        let pool = config.pool(&row.key);
        if let (Some(chosen), Some(before), Some(pool), Some(now)) = (&chosen, &before, pool, now)
            && chosen != before
            && !stored.panic
        {
            let waits = |origin: &str| {
                let recovered = self.recovered.get(&format!("{}/{origin}", row.key));
                recovered.is_some_and(|at| now < at.plus(pool.failback_delay))
            };
            let serves = |(origin, status): &&(&str, &str)| {
                (*status == "pass" || *status == "warn") && (*origin == before || !waits(origin))
            };
            let other = statuses.iter().find(serves);
            laws::hold(!waits(chosen) || other.is_none(), || {
                format!("{chosen} takes traffic from {before} before failback_delay, while {other:?} serves")
            })?;
        }
        Ok(())
    }

    /// Followers of a pool are told its revision.
    pub fn tells(&mut self, pool: &Name, revision: u64) -> laws::Verdict {
        self.pushed.insert(pool.clone(), revision);
        self.told(pool)
    }

    /// Followers of all pools are told the sum of the revisions.
    pub fn tells_all(&mut self, revision: u64) {
        self.pushed_to_all = Some(revision);
    }

    fn told(&self, pool: &Name) -> laws::Verdict {
        let stored = self.stored.get(pool.as_str()).map(|(revision, _)| *revision);
        laws::followers_are_told_what_is_stored(pool.as_str(), self.pushed.get(pool).copied(), stored)
    }

    /// A step has come to its end, and was not interrupted.
    pub fn all_are_told(&self, config: &Config) -> laws::Verdict {
        config.pools.iter().try_for_each(|pool| self.told(&pool.name))?;
        let revision = |pool: &Pool| self.stored.get(pool.name.as_str()).map_or(0, |(revision, _)| *revision);
        let stored = config.pools.iter().map(revision).sum::<u64>();
        laws::followers_are_told_what_is_stored("all pools", self.pushed_to_all, Some(stored))
    }

    /// What is stored of a subject by its events.
    pub fn stands(&self, subject: &str) -> Status {
        self.known.get(subject).copied().unwrap_or(Status::Unknown)
    }

    /// A reader gets a copy.
    pub fn publishes(&mut self, snapshot: &Snapshot) -> laws::Verdict {
        for pool in &snapshot.pools {
            let statuses: Vec<Status> = pool.origins.iter().map(|origin| origin.status).collect();
            for origin in &pool.origins {
                let subject = format!("{}/{}", pool.name, origin.name);
                let known = self.known.get(&subject).copied().unwrap_or(Status::Unknown);
                laws::hold(known == origin.status, || {
                    format!("{subject} is shown as {:?}, and stored as {known:?}", origin.status)
                })?;
            }
            let chosen =
                pool.chosen.as_ref().and_then(|name| pool.origin(name.as_str())).map(|origin| origin.status);
            laws::hold(chosen.is_some() || pool.chosen.is_none(), || {
                format!("{:?} is not in its pool", pool.chosen)
            })?;
            if !pool.is_of_heartbeats() {
                laws::the_choice_serves(chosen, &statuses)?;
            }
            let state = format!("{statuses:?} {:?} {:?} {}", pool.status, pool.chosen, pool.choice);
            if let Some((revision, was)) =
                self.published.insert(pool.name.clone(), (pool.revision, state.clone()))
            {
                laws::a_revision_names_one_state((revision, &was), (pool.revision, &state))?;
            }
        }
        Ok(())
    }
}

/// A pool's row.
#[derive(serde::Deserialize)]
struct Stored<'a> {
    revision: u64,
    status: &'a str,
    config: &'a str,
    chosen: Option<&'a str>,
    #[serde(borrow)]
    choice: Cow<'a, str>,
    panic: bool,
    origins: BTreeMap<&'a str, StoredVerdict<'a>>,
}

#[derive(serde::Deserialize)]
struct StoredVerdict<'a> {
    status: &'a str,
}

fn events(rows: &[Row]) -> Vec<Transition> {
    rows.iter().filter(|row| row.table == Table::Events).filter_map(|row| json::read(&row.text)).collect()
}

/// A vantage says what it counted: that must have been handed to it.
pub fn observes(vantage: &mut VantageObject, config: &Config, effects: &[Probing]) -> laws::Verdict {
    for effect in effects {
        let Probing::Observed(origin, evidence) = effect else { continue };
        let failed = match evidence {
            Evidence::Pass | Evidence::Warn(_) => false,
            Evidence::Fail(_) => true,
            Evidence::Unproven(_) | Evidence::None(_) => continue,
        };
        if failed {
            let uncounted = vantage.uncounted.entry(origin.clone()).or_default();
            laws::hold(*uncounted > 0, || format!("a failure of {origin} is counted that nobody saw"))?;
            *uncounted -= 1;
        }
        if let Some(told) = vantage.told.get_mut(origin) {
            *(if failed { &mut told.3 } else { &mut told.2 }) += 1;
        }
        let need = config.origin(origin).map(|origin| origin.thresholds);
        if let (Some(need), Some((_, account))) = (need, vantage.accounts.get_mut(origin)) {
            account.note(failed, need);
        }
    }
    Ok(())
}
