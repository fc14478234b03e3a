//! What must hold of votes, verdicts and signals, each law once: the simulation, the walk of all
//! states and the properties call the same functions. They are written from `docs/verdicts.md`, not
//! from the code that they judge.

#![allow(dead_code, reason = "each test that shares this file calls the laws that it can see broken")]

pub mod heartbeats;

use std::collections::VecDeque;

use vedette::config::{Config, Quorum, Thresholds};
use vedette::sample::Evidence;
use vedette::snapshot::{OriginView, PoolView, Snapshot};
use vedette::units::{Millis, Name, OriginId};
use vedette::vantage::Effect as Probing;
use vedette::verdict::Status;
use vedette::vote::Opinion;

/// A law that was broken: what it says, and how it was not so.
pub type Verdict = Result<(), String>;

/// The evidence that one vantage has of one origin, as it came: what a vote must follow from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Whether each piece of evidence was a failure, the latest last.
    failures: VecDeque<bool>,
    /// What follows from it.
    pub opinion: Opinion,
}

impl Account {
    /// The same, with no more of the past than decides what follows.
    #[must_use]
    pub fn recent(mut self, count: usize) -> Self {
        self.failures.drain(..self.failures.len().saturating_sub(count));
        self
    }

    /// The passes since the last failure.
    pub fn passes(&self) -> u32 {
        u32::try_from(self.failures.iter().rev().take_while(|failure| !**failure).count()).unwrap_or(u32::MAX)
    }

    /// Takes a piece of evidence in.
    pub fn note(&mut self, failed: bool, need: Thresholds) {
        self.failures.push_back(failed);
        if self.failures.len() > 100 {
            self.failures.pop_front();
        }
        let last = |count: u32| self.failures.iter().rev().take(count as usize);
        let all = |count: u32, wanted: bool| {
            self.failures.len() >= count as usize && last(count).all(|failure| *failure == wanted)
        };
        let often = need.window.is_some_and(|window| {
            last(window.of).filter(|failure| **failure).count() >= window.failures as usize
        });
        if failed && (all(need.fall, true) || often) {
            self.opinion = Opinion::Fail;
        } else if !failed && all(need.rise, false) {
            self.opinion = Opinion::Pass;
        }
    }
}

/// A vote says what the evidence of its vantage amounts to.
pub fn a_vote_says_what_its_evidence_amounts_to(vote: Opinion, account: &Account) -> Verdict {
    hold(vote == account.opinion, || {
        format!(
            "a vote says {vote:?} where its evidence amounts to {:?}: {:?}",
            account.opinion, account.failures
        )
    })
}

/// A vote rests on counters that are stored, so that no crash takes it back.
pub fn what_is_told_is_stored(vote: Opinion, stored: Option<&Account>) -> Verdict {
    let stored = stored.map(|account| account.opinion).unwrap_or_default();
    hold(vote == stored, || format!("a vote says {vote:?} where what is stored amounts to {stored:?}"))
}

/// What a vantage once told of an origin it takes back on new evidence only, of which it counted so
/// many passes and failures since.
pub fn what_was_told_is_taken_back_on_evidence_only(
    told: Opinion,
    now: Opinion,
    (passes, failures): (u32, u32),
    need: Thresholds,
) -> Verdict {
    let enough = match now {
        _ if told == Opinion::Undecided => true,
        Opinion::Undecided => false,
        Opinion::Pass => passes >= need.rise,
        // Failures that it had counted before may be among them.
        Opinion::Fail => failures >= 1,
    };
    hold(enough, || {
        format!("{told:?} was told, and after {passes} passes and {failures} failures it is {now:?}")
    })
}

/// How many of so many live votes must fail.
pub fn quorum(quorum: Quorum, live: usize) -> usize {
    match quorum {
        Quorum::Any => 1,
        Quorum::Majority => live / 2 + 1,
        Quorum::All => live.max(1),
        Quorum::Count(count) => count as usize,
        Quorum::Share(share) => (live * usize::from(share.as_percent())).div_ceil(100).max(1),
    }
}

/// What live votes amount to, warnings aside.
pub fn judged(rule: Quorum, min_votes: u32, votes: &[Opinion]) -> Status {
    let live = votes.iter().filter(|vote| **vote != Opinion::Undecided).count();
    let failing = votes.iter().filter(|vote| **vote == Opinion::Fail).count();
    if live < min_votes as usize {
        Status::Unknown
    } else if failing > 0 && failing >= quorum(rule, live) {
        Status::Fail
    } else if failing > 0 {
        Status::Warn
    } else {
        Status::Pass
    }
}

/// What a vantage last saw of an origin on a host of its own, as far as it says something of the
/// vantage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// A good answer, of an origin that it holds for good.
    Good,
    /// Some other answer.
    Answered,
    /// Nothing.
    Nothing,
}

/// Whose failures do not count, where there are no references: who sees nothing of two origins or
/// more, while more others have good answers of one of them than there are who see nothing. Each
/// sight is of a vantage and an origin, and fresh.
pub fn not_believed(sights: &[(&Name, &OriginId, Sight)]) -> Vec<Name> {
    let of = |vantage: &Name| sights.iter().filter(move |(who, ..)| *who == vantage).collect::<Vec<_>>();
    let mut all: Vec<&Name> = sights.iter().map(|(who, ..)| *who).collect();
    all.sort();
    all.dedup();
    let blind = |vantage: &Name| {
        let seen = of(vantage);
        seen.len() > 1 && seen.iter().all(|(.., sight)| *sight == Sight::Nothing)
    };
    let (alone, others): (Vec<&Name>, Vec<&Name>) = all.into_iter().partition(|vantage| blind(vantage));
    let doubted = |vantage: &&&Name| {
        let known: Vec<&OriginId> = of(vantage).into_iter().map(|(_, origin, _)| *origin).collect();
        let good = |other: &&&Name| {
            of(other).iter().any(|(_, origin, sight)| *sight == Sight::Good && known.contains(origin))
        };
        others.iter().filter(good).count() > alone.len()
    };
    alone.iter().filter(doubted).map(|vantage| (*vantage).clone()).collect()
}

/// No verdict turns fail without a quorum of votes that say so.
pub fn fail_needs_a_quorum(rule: Quorum, min_votes: u32, votes: &[Opinion]) -> Verdict {
    let judged = judged(rule, min_votes, votes);
    hold(judged == Status::Fail, || {
        format!("fail, but {votes:?} amount to {judged:?} by {rule:?} and min_votes {min_votes}")
    })
}

/// Where so little is known that nothing can be concluded, nothing is.
pub fn too_few_votes_decide_nothing(status: Status, min_votes: u32, live: usize) -> Verdict {
    hold(status == Status::Unknown || live >= min_votes as usize, || {
        format!("{status:?} on {live} live votes where {min_votes} are needed")
    })
}

/// What stands is what was judged, or worse for a while; unknown stands as unknown.
pub fn what_stands_is_never_better_than_what_is_judged(stands: Status, judged: Status) -> Verdict {
    let right = if judged == Status::Unknown || stands == Status::Unknown {
        stands == judged
    } else {
        stands >= judged
    };
    hold(right, || format!("{stands:?} stands where {judged:?} is judged"))
}

/// A verdict gets better only after nothing worse was judged for `hold_down`.
pub fn what_gets_better_has_held(to: Status, since_worse: Option<u64>, hold_down: u64) -> Verdict {
    hold(since_worse.is_none_or(|since| since >= hold_down), || {
        format!("better ({to:?}) {since_worse:?} ms after worse was judged, hold_down is {hold_down} ms")
    })
}

/// An answer says pass only as long as its evidence holds.
pub fn pass_ends_with_its_evidence(word: &str, now: u64, valid_until: u64) -> Verdict {
    hold(word != "pass" || now < valid_until, || format!("pass at {now}, valid until {valid_until}"))
}

/// The chosen origin is not failing, and nothing is chosen only if all fail.
pub fn the_choice_serves(chosen: Option<Status>, all: &[Status]) -> Verdict {
    match chosen {
        Some(status) => hold(status != Status::Fail, || format!("a failing origin is chosen of {all:?}")),
        None => hold(all.iter().all(|status| *status == Status::Fail), || format!("nowhere, of {all:?}")),
    }
}

/// A revision names one state of its pool, and none that came later has a lower one.
pub fn a_revision_names_one_state<T: PartialEq + std::fmt::Debug>(
    before: (u64, &T),
    after: (u64, &T),
) -> Verdict {
    hold(after.0 >= before.0 && (after.0 > before.0 || after.1 == before.1), || {
        format!("revision {} was {:?} and {} is {:?}", before.0, before.1, after.0, after.1)
    })
}

/// Who follows a pool is told what is stored, and nothing before it is.
pub fn followers_are_told_what_is_stored(pool: &str, told: Option<u64>, stored: Option<u64>) -> Verdict {
    hold(told == stored, || format!("followers of {pool} were told {told:?}, and {stored:?} is stored"))
}

/// Whoever is made anew from what is stored knows what was shown before: the same verdicts, choices
/// and revisions by the same events, and of each vote the opinion. A vote may look older than it
/// is, never younger than some report once said; `transit` is by how much two reports of the same
/// evidence may differ because they took longer or shorter to arrive.
pub fn what_is_stored_says_what_was_shown(shown: &Snapshot, stored: &Snapshot, transit: Millis) -> Verdict {
    hold(shown.events == stored.events, || {
        format!("shown were the events {:?}, and stored are {:?}", shown.events, stored.events)
    })?;
    hold(shown.notify == stored.notify, || {
        format!("shown were the channels {:?}, and stored are {:?}", shown.notify, stored.notify)
    })?;
    for (shown, stored) in shown.pools.iter().zip(&stored.pools) {
        let name = &shown.name;
        let state =
            |pool: &PoolView| (pool.revision, pool.status, pool.since, pool.chosen.clone(), pool.panic);
        hold(state(shown) == state(stored), || {
            format!("{name} was shown as {:?}, and is stored as {:?}", state(shown), state(stored))
        })?;
        for (shown, stored) in shown.origins.iter().zip(&stored.origins) {
            let verdict = |origin: &OriginView| (origin.status, origin.since);
            hold(verdict(shown) == verdict(stored), || {
                format!(
                    "{name}/{}: {:?} was shown, and is stored as {:?}",
                    shown.name,
                    verdict(shown),
                    verdict(stored)
                )
            })?;
            let opinions = |origin: &OriginView| -> Vec<(Name, Opinion)> {
                origin.votes.iter().map(|vote| (vote.vantage.clone(), vote.opinion)).collect()
            };
            hold(opinions(shown) == opinions(stored), || {
                format!(
                    "{name}/{}: the votes were {:?}, and are {:?}",
                    shown.name,
                    opinions(shown),
                    opinions(stored)
                )
            })?;
            let younger = shown
                .votes
                .iter()
                .zip(&stored.votes)
                .find(|(shown, stored)| stored.observed > shown.observed.plus(transit));
            hold(younger.is_none(), || {
                format!("{name}/{}: a stored vote is younger: {younger:?}", shown.name)
            })?;
            let last = |origin: &OriginView| origin.beat.as_ref().and_then(|beat| beat.last);
            hold(last(shown) == last(stored), || {
                format!(
                    "{name}/{}: its last heartbeat was {:?}, and is {:?}",
                    shown.name,
                    last(shown),
                    last(stored)
                )
            })?;
        }
    }
    Ok(())
}

/// Of each vantage the latest votes count, in whatever order its reports arrive.
pub fn the_order_of_arrival_decides_no_vote(one: &Snapshot, other: &Snapshot) -> Verdict {
    let origins = |snapshot: &Snapshot| -> Vec<OriginView> {
        snapshot.pools.iter().flat_map(|pool| pool.origins.clone()).collect()
    };
    for (one, other) in origins(one).iter().zip(&origins(other)) {
        hold(one.votes == other.votes, || {
            format!("of {} the votes are {:?}, and in another order {:?}", one.name, one.votes, other.votes)
        })?;
    }
    Ok(())
}

/// When nothing is seen any more, nothing is known any more.
pub fn silence_shows(known: bool, silent: u64, most: u64) -> Verdict {
    hold(!known || silent <= most, || format!("known after {silent} ms without evidence, {most} are allowed"))
}

/// No evidence lies in the future, and none outlives its time, however clocks jump.
pub fn no_evidence_outlives_its_time(config: &Config, snapshot: &Snapshot) -> Verdict {
    let now = snapshot.taken_at;
    for view in &snapshot.pools {
        let Some(pool) = config.pool(view.name.as_str()) else { continue };
        for origin in &view.origins {
            // That a job is silent holds for three rounds of whoever listens.
            let job = pool.heartbeats.iter().find(|job| job.id.origin == origin.name);
            let most = job.map_or(pool.vote_ttl, |job| job.limit().max(Millis::from_secs(90)));
            hold(origin.valid_until <= now.plus(most), || {
                format!("{}/{} is valid until {}, it is {now}", view.name, origin.name, origin.valid_until)
            })?;
            let observed = origin.votes.iter().map(|vote| vote.observed).chain(origin.oldest).max();
            hold(observed.is_none_or(|observed| observed <= now), || {
                format!("{}/{} was observed at {observed:?}, it is {now}", view.name, origin.name)
            })?;
        }
    }
    Ok(())
}

/// What a probe of this life proved is counted at once; what one of an earlier life did is
/// nobody's.
pub fn what_is_handed_is_counted_once(
    origin: &OriginId,
    evidence: &Evidence,
    alive: bool,
    effects: &[Probing],
) -> Verdict {
    let of_this =
        |effect: &&Probing| matches!(effect, Probing::Observed(id, seen) if id == origin && seen == evidence);
    let counted = effects.iter().filter(of_this).count();
    hold(counted == usize::from(alive), || {
        format!("{evidence:?} of {origin} is counted {counted} times; of this life: {alive}")
    })
}

/// An object that is named no more has no alarm and keeps nothing.
pub fn no_orphan(named: bool, rings: bool, keeps: bool) -> Verdict {
    hold(named || !(rings || keeps), || {
        format!("named no more, and rings: {rings}, keeps something: {keeps}")
    })
}

/// Where in their intervals the latest probes of one origin began, as long as none left out a slot.
#[derive(Clone, Debug, Default)]
pub struct Steps(Vec<u64>);

impl Steps {
    /// So many of them are enough to see the jitter.
    const ENOUGH: usize = 20;

    /// Takes a probe in that began at `now`, so long after the one before it.
    pub fn note(&mut self, now: u64, gap: u64, interval: u64) {
        if gap.abs_diff(interval) > interval / 5 {
            self.0.clear();
        }
        if self.0.len() == Self::ENOUGH {
            self.0.remove(0);
        }
        self.0.push(now % interval.max(1));
    }
}

/// Probes do not keep step with an interval, or they would not see what flaps in step with it.
pub fn no_step_is_kept(Steps(places): &Steps, interval: u64) -> Verdict {
    let mut places = places.clone();
    if places.len() < Steps::ENOUGH {
        return Ok(());
    }
    places.sort_unstable();
    // On a ring, what is not the greatest gap is the spread.
    let around = places.first().map(|first| first + interval);
    let after = places.iter().copied().skip(1).chain(around);
    let spread = interval - places.iter().zip(after).map(|(one, next)| next - one).max().unwrap_or(0);
    hold(spread >= interval / 50, || format!("{} probes in a row keep step: {places:?}", places.len()))
}

/// `law` or what breaks it.
pub fn hold(law: bool, why: impl FnOnce() -> String) -> Verdict {
    if law { Ok(()) } else { Err(why()) }
}
