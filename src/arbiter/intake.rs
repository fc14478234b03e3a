//! A report of a vantage → its votes as they are held from now on.

use super::presence::ShardName;
use super::votes::Polled;
use super::{Arbiter, Memories, Row};
use crate::history::{Rollup, Sender};
use crate::units::{OriginId, Timestamp};
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

/// What is handed on to a shard, or by it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Handed<'a> {
    /// Rollups that it hands on.
    pub(super) rollups: &'a [Rollup],
    /// Whether it got what another one counted.
    pub(super) inherits: bool,
}

impl Arbiter {
    /// What is handed on with a report. Whatever goes little by little does so with rollups.
    pub(super) fn handed<'a>(
        &mut self,
        report: &Report,
        memories: &'a mut Memories,
        rows: &mut Vec<Row>,
        now: Timestamp,
    ) -> Handed<'a> {
        let Some((_, rollups)) = &memories.rollups else { return Handed::default() };
        memories.keeping = self.keeping(now);
        let left = self.leave(&sender(report));
        let inherits = left.is_some();
        rows.extend(left);
        Handed { rollups, inherits }
    }

    /// The sequence number that is known of the sender, if it is later than that of its report. One
    /// whose clock was set back while it had no memory cannot know.
    pub(super) fn superseded(&self, report: &Report) -> Option<u64> {
        let presence = self.watch.get(&sender(report))?;
        (report.seq < presence.seq).then_some(presence.seq)
    }

    /// Takes a report's votes in. One that is late, of another format, or from a shard or for an
    /// origin that the configuration does not name changes nothing. Of the rollups that it handed
    /// on, the response times are counted: with what history makes of them, in the shard's row.
    pub(super) fn take(&mut self, report: Report, handed: Handed<'_>, now: Timestamp) -> Taken {
        let key = sender(&report);
        let Some(known) = self.watch.get(&key).map(|presence| presence.seq) else { return Taken::default() };
        let news = !handed.rollups.is_empty() && self.durations.take(&key, handed.rollups);
        let rolled = news || handed.inherits;
        if report.version != REPORT_VERSION || report.seq <= known {
            return Taken { row: rolled.then(|| self.kept_row(&key, now)), turned: Vec::new() };
        }
        self.watch.take(&key, &report, now);
        let Some(presence) = self.watch.get(&key) else { return Taken::default() };
        let Polled { changed, turned, expired } = self.voting.take(report, presence, now);
        for origin in &expired {
            self.verdicts.expire(origin);
        }
        let is_to_be_stored = rolled || changed || presence.is_to_be_stored(now);
        Taken { row: is_to_be_stored.then(|| self.kept_row(&key, now)), turned }
    }

    /// The row of a shard, which is stored now.
    fn kept_row(&mut self, key: &ShardName, now: Timestamp) -> Row {
        self.watch.stored(key, &self.voting, now);
        self.shard_row(key)
    }
}

/// A vote as it is held from now on. Times are counted back from its arrival. A vote that rests on
/// what a cache answered has the age of the proof before it. Where there is no proof, it decides
/// nothing. It is no blemish either, and hides none that the proof has.
pub(super) fn arrived(
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

/// What a report hands on for history. That counts each rollup once by its own number, whichever
/// report brings it, so one that was overtaken serves as well.
pub(super) fn handed_on(report: &mut Report) -> Option<(Sender, Vec<Rollup>)> {
    let rollups = std::mem::take(&mut report.rollups);
    let is_known = report.version == REPORT_VERSION && !rollups.is_empty();
    let sender = Sender { vantage: report.vantage.clone(), shard: report.shard.clone() };
    is_known.then_some((sender, rollups))
}

/// The shard that a report is of.
pub(super) fn sender(report: &Report) -> ShardName {
    ShardName { vantage: report.vantage.clone(), shard: report.shard.clone() }
}
