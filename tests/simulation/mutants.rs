//! Rules broken on purpose, from outside: the engines get another configuration than the laws hold
//! them to, or what passes between them and their world is tampered with. A simulation that finds
//! none of these proves nothing.

use vedette::arbiter::{Effect as Verdicts, Memories, Row, Table};
use vedette::config::{Config, Quorum, Topic};
use vedette::history::HistoryRow;
use vedette::incident::State;
use vedette::sample::{Check, Finding, Outcome, Sample};
use vedette::units::{Millis, Timestamp};
use vedette::vantage::Effect as Probing;
use vedette::vote::Report;

use crate::setup::{HOUR, Ms};

/// Who keeps step with the clock keeps step with this, in milliseconds.
const STEP: Ms = 10_000;

/// A rule that is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutant {
    /// One vote is enough, whatever `min_votes` says.
    MinVotesOne,
    /// One failing vote is a quorum.
    QuorumAny,
    /// Votes live ten times as long.
    VotesLiveOn,
    /// One failure fewer votes fail.
    FallLess,
    /// One pass is enough.
    RiseOne,
    /// What gets better is believed at once.
    NoHoldDown,
    /// Who recovered takes traffic at once.
    NoFailback,
    /// Every definition is taken for the first one.
    OneDefinition,
    /// Vantages store nothing.
    NothingStored,
    /// Reports go out before what they say is stored.
    ReportsFirst,
    /// A report that comes late wins.
    LateReportsWin,
    /// The fault of the platform counts as the origin's.
    OwnFaultCounts,
    /// Transitions leave no event behind.
    NoEvents,
    /// The Arbiter goes on with what it could not store.
    KeepsMemory,
    /// Silent vantages are left alone.
    NobodyIsArmed,
    /// Nothing wakes the Arbiter but itself and reports: no cron, and nobody who asks.
    NoCron,
    /// Objects that are named no more go on.
    Orphans,
    /// Answers are made with an old time.
    LateReader,
    /// No vote at all is enough.
    MinVotesNone,
    /// The window fills one failure earlier.
    WindowLess,
    /// What was asked in an earlier life counts in this one.
    StragglersCount,
    /// An object that was evicted is never rung again.
    DeadOnceEvicted,
    /// A vantage to which nothing answers is believed like any other.
    IsolationCounts,
    /// Messages go out before it is stored that they wait.
    MessagesFirst,
    /// What a channel was told is not stored.
    NothingToldIsStored,
    /// What does not last is told.
    ToldAtOnce,
    /// What is over is not told.
    RecoveriesUntold,
    /// A dead origin is not told while its pool serves.
    DeadOriginsUntold,
    /// Followers are told before it is stored.
    PushesFirst,
    /// Followers are told nothing.
    NobodyIsPushed,
    /// Followers of all pools are told nothing.
    NobodyHearsOfAll,
    /// The last heartbeat of a job is not stored.
    HeartbeatsUnstored,
    /// A heartbeat is confirmed though it could not be stored.
    ConfirmedUnstored,
    /// For how long somebody was awake is not stored.
    WakingUnstored,
    /// A job fails before its grace is over.
    NoGrace,
    /// A job may be silent for longer than it says.
    PatientWithJobs,
    /// What is not heard while nothing reaches the Arbiter is silence.
    AbsenceCounts,
    /// Without the secret, what is not heard is silence.
    HearsWithoutSecret,
    /// The last of several probes that a tick begins is not sent.
    LastOfTickStarves,
    /// Vantages ring at the full intervals of the clock, whatever the jitter says.
    FallsInStep,
    /// Vantages forget to set their alarm, and nobody reminds them.
    AlarmForgotten,
    /// What is in doubt is probed ten times as often.
    AskedTooOften,
    /// A rollup that comes again is counted again.
    RollupsCountTwice,
    /// An object that is made anew does not look into its ring.
    OpenBucketForgotten,
    /// That a pool fails opens no incident.
    NothingOpens,
    /// That a pool serves again closes none.
    NothingCloses,
    /// Changes of the service are not stored.
    ChangesUnstored,
    /// An edit of a change is confirmed though it could not be stored.
    ChangesConfirmedUnstored,
    /// The samples of before a change are not stored.
    PinsUnstored,
    /// Vantages are not asked about changes.
    ChangesUnasked,
    /// A vantage that is silent is waited for, however long.
    SilenceAwaited,
    /// What a step of a look measured is not taken in, unless it was the last.
    StepsLost,
    /// Judgements are lost with the next rollup.
    JudgementsFade,
    /// While a change is open, reports are not taken in.
    ChangesHoldReports,
    /// With each step a row of a change is written.
    ChangesWriteAlways,
}

impl Mutant {
    pub const ALL: [Self; 55] = [
        Self::MinVotesOne,
        Self::QuorumAny,
        Self::VotesLiveOn,
        Self::FallLess,
        Self::RiseOne,
        Self::NoHoldDown,
        Self::NoFailback,
        Self::OneDefinition,
        Self::NothingStored,
        Self::ReportsFirst,
        Self::LateReportsWin,
        Self::OwnFaultCounts,
        Self::NoEvents,
        Self::KeepsMemory,
        Self::NobodyIsArmed,
        Self::NoCron,
        Self::Orphans,
        Self::LateReader,
        Self::MinVotesNone,
        Self::WindowLess,
        Self::StragglersCount,
        Self::DeadOnceEvicted,
        Self::IsolationCounts,
        Self::MessagesFirst,
        Self::NothingToldIsStored,
        Self::ToldAtOnce,
        Self::RecoveriesUntold,
        Self::DeadOriginsUntold,
        Self::PushesFirst,
        Self::NobodyIsPushed,
        Self::NobodyHearsOfAll,
        Self::HeartbeatsUnstored,
        Self::ConfirmedUnstored,
        Self::WakingUnstored,
        Self::NoGrace,
        Self::PatientWithJobs,
        Self::AbsenceCounts,
        Self::HearsWithoutSecret,
        Self::LastOfTickStarves,
        Self::FallsInStep,
        Self::AlarmForgotten,
        Self::AskedTooOften,
        Self::RollupsCountTwice,
        Self::OpenBucketForgotten,
        Self::NothingOpens,
        Self::NothingCloses,
        Self::ChangesUnstored,
        Self::ChangesConfirmedUnstored,
        Self::PinsUnstored,
        Self::ChangesUnasked,
        Self::SilenceAwaited,
        Self::StepsLost,
        Self::JudgementsFade,
        Self::ChangesHoldReports,
        Self::ChangesWriteAlways,
    ];

    /// The configuration that the engines are given in place of the right one.
    pub fn config(mutant: Option<Self>, mut config: Config, first: Option<&Config>) -> Config {
        for channel in &mut config.notify {
            match mutant {
                Some(Self::ToldAtOnce) => channel.after = Millis::ZERO,
                Some(Self::RecoveriesUntold) => channel.on.retain(|topic| *topic != Topic::Recovered),
                Some(Self::DeadOriginsUntold) => channel.on.retain(|topic| *topic != Topic::Origin),
                _ => {}
            }
        }
        for pool in &mut config.pools {
            match mutant {
                Some(Self::MinVotesOne) => pool.min_votes = 1,
                Some(Self::MinVotesNone) => pool.min_votes = 0,
                Some(Self::QuorumAny) => pool.quorum = Quorum::Any,
                Some(Self::VotesLiveOn) => pool.vote_ttl = pool.vote_ttl.times(10),
                Some(Self::NoHoldDown) => pool.hold_down = Millis::ZERO,
                Some(Self::NoFailback) => pool.failback_delay = Millis::ZERO,
                _ => {}
            }
            for job in &mut pool.heartbeats {
                match mutant {
                    Some(Self::NoGrace) => job.grace = Millis::ZERO,
                    Some(Self::PatientWithJobs) => job.grace = job.grace.plus(job.period),
                    _ => {}
                }
            }
            for origin in &mut pool.origins {
                match mutant {
                    Some(Self::FallLess) => origin.thresholds.fall = (origin.thresholds.fall - 1).max(1),
                    Some(Self::WindowLess) => {
                        if let Some(window) = &mut origin.thresholds.window {
                            window.failures = (window.failures - 1).max(1);
                        }
                    }
                    Some(Self::RiseOne) => origin.thresholds.rise = 1,
                    Some(Self::AskedTooOften) => {
                        origin.pace.fast_interval = Millis::new(origin.pace.fast_interval.get() / 10);
                    }
                    Some(Self::OneDefinition) => {
                        let before = first.and_then(|first| first.origin(&origin.id));
                        origin.definition = before.map_or(origin.definition, |before| before.definition);
                    }
                    _ => {}
                }
            }
        }
        config
    }

    pub fn sample(mutant: Option<Self>, mut sample: Sample) -> Sample {
        if mutant == Some(Self::OwnFaultCounts) && matches!(sample.outcome, Outcome::NoEvidence(_)) {
            sample.outcome = Outcome::Answered;
            sample.checks =
                vec![Check { expectation: "status".into(), finding: Finding::Broken("refused".into()) }];
        }
        sample
    }

    pub fn probing(mutant: Option<Self>, effects: &mut Vec<Probing>) {
        match mutant {
            Some(Self::NothingStored) => effects.retain(|effect| !matches!(effect, Probing::Persist(_))),
            Some(Self::ReportsFirst) => effects.sort_by_key(|effect| !matches!(effect, Probing::Report(_))),
            Some(Self::LastOfTickStarves) => {
                let is_probe = |effect: &Probing| matches!(effect, Probing::Probe(..));
                if effects.iter().filter(|effect| is_probe(effect)).count() > 1 {
                    effects.truncate(effects.iter().rposition(is_probe).unwrap_or(effects.len()));
                }
            }
            Some(Self::FallsInStep) => {
                for effect in effects {
                    if let Probing::WakeAt(at) = effect {
                        *at = Timestamp::from_millis(at.as_millis().div_ceil(STEP) * STEP);
                    }
                }
            }
            _ => {}
        }
    }

    pub fn report(mutant: Option<Self>, mut report: Report, now: Ms) -> Report {
        if mutant == Some(Self::LateReportsWin) {
            report.seq = 2_000_000_000_000 + now;
        }
        if mutant == Some(Self::IsolationCounts) {
            report.votes.iter_mut().for_each(|vote| vote.seen.status = Some(599));
        }
        report
    }

    pub fn verdicts(mutant: Option<Self>, effects: &mut Vec<Verdicts>) {
        let lost = match mutant {
            Some(Self::MessagesFirst) => {
                effects.sort_by_key(|effect| !matches!(effect, Verdicts::Deliver(_)));
                return;
            }
            Some(Self::PushesFirst) => {
                effects.sort_by_key(|effect| !matches!(effect, Verdicts::Push { .. }));
                return;
            }
            Some(Self::NobodyIsPushed) => {
                effects.retain(|effect| !matches!(effect, Verdicts::Push { .. }));
                return;
            }
            Some(Self::NobodyHearsOfAll) => {
                effects.retain(|effect| !matches!(effect, Verdicts::PushAll(_)));
                return;
            }
            Some(Self::ChangesUnasked) => {
                effects.retain(|effect| !matches!(effect, Verdicts::Gather(_)));
                return;
            }
            Some(Self::ChangesWriteAlways) => {
                let row = Row { table: Table::Meta, key: "change/0".into(), text: "{}".into() };
                effects.insert(0, Verdicts::Persist(vec![row]));
                return;
            }
            Some(Self::ChangesUnstored) => (Table::Meta, "change/"),
            Some(Self::NoEvents) => (Table::Events, ""),
            Some(Self::NothingToldIsStored) => (Table::Outbox, ""),
            Some(Self::HeartbeatsUnstored) => (Table::Meta, "heartbeat/"),
            Some(Self::WakingUnstored) => (Table::Meta, "awake"),
            _ => return,
        };
        for effect in effects {
            if let Verdicts::Persist(rows) = effect {
                rows.retain(|row| row.table != lost.0 || !row.key.starts_with(lost.1));
            }
        }
    }

    /// What the Arbiter is to remember; each time it comes it looks new.
    pub fn memories(mutant: Option<Self>, memories: &Memories, now: Ms) -> Memories {
        let mut memories = memories.clone();
        if mutant == Some(Self::RollupsCountTwice) {
            let rollups = memories.rollups.iter_mut().flat_map(|(_, rollups)| rollups);
            rollups.for_each(|rollup| rollup.life = now);
        }
        match mutant {
            Some(Self::PinsUnstored) => memories.changed.retain(|row| !row.key.contains("/b/")),
            Some(Self::JudgementsFade) if memories.rollups.is_some() => {
                let lost = |slot: u64| HistoryRow { key: format!("judged/{slot}"), text: "{}".into() };
                memories.changed.extend((0..20).map(lost));
            }
            Some(Self::NothingOpens) => memories.observed.retain(|one| one.state != State::Amiss),
            Some(Self::NothingCloses) => memories.observed.retain(|one| one.state != State::Well),
            _ => {}
        }
        memories
    }

    /// How long a world lasts in which it can be found.
    pub fn length(self) -> Ms {
        if self == Self::SilenceAwaited { 3 * HOUR } else { HOUR }
    }

    /// The time that answers are made with.
    pub fn reading(mutant: Option<Self>, now: Timestamp) -> Timestamp {
        if mutant == Some(Self::LateReader) { now.minus(Millis::new(HOUR)) } else { now }
    }
}
