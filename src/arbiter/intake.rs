//! A report of a vantage → its votes as they are held from now on.

use super::doubt::is_news;
use super::presence::ShardName;
use super::{Arbiter, Row};
use crate::units::{Millis, OriginId, Timestamp};
use crate::verdict::RecordedVote;
use crate::vote::{Opinion, REPORT_VERSION, Report, Vote};

/// What came of a report.
#[derive(Debug, Default)]
pub(super) struct Taken {
    /// What is to be stored.
    pub(super) row: Option<Row>,
    /// The origins of which its vantage saw something new.
    pub(super) turned: Vec<OriginId>,
}

impl Arbiter {
    /// The sequence number that is known of the sender, if it is later than that of its report. One whose clock was set back while it
    /// had no memory cannot know.
    pub(super) fn superseded(&self, report: &Report) -> Option<u64> {
        let presence = self.watch.get(&sender(report))?;
        (report.seq < presence.seq).then_some(presence.seq)
    }

    /// Takes a report's votes in. One that is late, of another format, or from a shard or for an origin that the configuration
    /// does not name changes nothing.
    pub(super) fn take(&mut self, report: Report, now: Timestamp) -> Taken {
        let key = sender(&report);
        let Some(presence) = self.watch.get_mut(&key) else { return Taken::default() };
        if report.version != REPORT_VERSION || report.seq <= presence.seq {
            return Taken::default();
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
            self.trust.unanswered(now.plus(self.longest_ttl));
        }
        let (mut changed, mut turned) = (false, Vec::new());
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
            if is_news(before, &cast) {
                turned.push(origin);
            }
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
            return Taken { row: None, turned };
        }
        presence.stored_at = Some(now);
        self.keeps(&key);
        Taken { row: Some(self.shard_row(&key)), turned }
    }
}

/// A vote as it is held from now on. Times are counted back from its arrival. One that rests on what a cache answered is no older
/// and no younger than the proof before it, and decides nothing where there is none. It is no blemish
/// either, and hides none that the proof has.
fn arrived(
    mut vote: Vote,
    before: Option<&RecordedVote>,
    colo: Option<String>,
    now: Timestamp,
) -> RecordedVote {
    let proof =
        before.filter(|before| before.opinion == vote.opinion && before.definition == vote.definition);
    let (opinion, observed) = match (vote.seen.unproven, proof) {
        (true, Some(proof)) => (vote.opinion, proof.observed),
        (true, None) => (Opinion::Undecided, now.minus(vote.age)),
        (false, _) => (vote.opinion, now.minus(vote.age)),
    };
    if vote.seen.unproven {
        let blemish = proof.filter(|proof| proof.seen.warned).map(|proof| proof.seen.reason.clone());
        vote.seen.warned = blemish.is_some();
        vote.seen.reason = blemish.unwrap_or(vote.seen.reason);
    }
    RecordedVote {
        definition: vote.definition,
        opinion,
        since: now.minus(vote.held),
        observed,
        run: vote.run,
        seen: vote.seen,
        colo,
    }
}

/// The shard that a report is of.
fn sender(report: &Report) -> ShardName {
    ShardName { vantage: report.vantage.clone(), shard: report.shard.clone() }
}
