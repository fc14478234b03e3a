//! Which pairs a look is to ask next, and what was measured of those that were asked.
//!
//! A pair of full windows costs milliseconds to measure, and a change may have hundreds: each step
//! of a look asks for and measures a part of them, and the last one decides. Steps are known in
//! memory alone. Who lost them begins the look again.

use std::collections::{BTreeMap, BTreeSet};

use super::curves::Spreads;
use super::look::{Errand, Known, Looked, Part};
use super::{Change, Changes, OpenRow, Pair, Plan};
use crate::compare::{LOOKS, Measured, look_at};
use crate::defaults::change::{GIVE_UP, GRACE, RETRY, STEP};
use crate::history::{HistoryRow, MOST_KEPT};
use crate::units::{Millis, Name, OriginId, Timestamp};

/// Samples that one step measures, at most: as many as both windows of one pair may have.
const AT_ONCE: u64 = 2 * MOST_KEPT;

/// How many of these pairs one step measures, by what each costs: one at least.
fn at_once(costs: impl Iterator<Item = u64>) -> usize {
    let mut sum: u64 = 0;
    let fits = |cost: &u64| {
        let is_first = sum == 0;
        sum = sum.saturating_add((*cost).max(1));
        is_first || sum <= AT_ONCE
    };
    costs.take_while(fits).count()
}

/// How many steps a look at these pairs takes while every vantage answers, by what each costs.
#[must_use]
pub fn steps(costs: &[u64]) -> usize {
    let (mut left, mut steps) = (costs, 0_usize);
    while !left.is_empty() {
        left = left.get(at_once(left.iter().copied())..).unwrap_or_default();
        steps = steps.saturating_add(1);
    }
    steps
}

/// How many samples both windows of a pair have, about: what it costs to measure it. A pair that is
/// probed no longer may have as many as any.
#[must_use]
pub fn samples(plan: &Plan, every: Option<Millis>) -> u64 {
    let Some(every) = every else { return AT_ONCE };
    let probes = if plan.extra_probes { 2 } else { 1 };
    let of = |span: Millis| (span.get() / every.get().max(1)).saturating_mul(probes).min(MOST_KEPT);
    of(plan.before).saturating_add(of(plan.after))
}

/// What became of asking for a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Its vantage answered.
    Told,
    /// Its vantage did not answer.
    Silent,
    /// Nobody watches it any more.
    Gone,
}

/// What one step measured of one pair.
#[derive(Clone, Debug, PartialEq)]
pub struct Piece {
    pub(super) heard: Heard,
    pub(super) measured: Measured,
    pub(super) spreads: Spreads,
}

/// What was measured, by its pair.
pub(super) type Pieces<'p> = BTreeMap<&'p Pair, &'p Piece>;

/// A look that is under way.
#[derive(Clone, Debug, Default)]
pub(super) struct Looking {
    /// Its number, counted from 1.
    look: usize,
    /// What was measured so far.
    pieces: BTreeMap<Pair, Piece>,
    /// The pairs that were asked in this round.
    asked: BTreeSet<Pair>,
    /// When the next step is due; nothing while one is under way.
    next: Option<Timestamp>,
}

impl Looking {
    /// Whether it is the look of this number.
    pub(super) const fn is_of(&self, look: usize) -> bool {
        self.look == look
    }

    /// What was measured so far.
    pub(super) const fn pieces(&self) -> &BTreeMap<Pair, Piece> {
        &self.pieces
    }

    /// Whether all that lacked an answer have been asked in this round.
    pub(super) fn is_round(&self, pieces: &Pieces<'_>) -> bool {
        let lacks =
            |(pair, piece): (&&Pair, &&Piece)| piece.heard == Heard::Silent && !self.asked.contains(*pair);
        !pieces.iter().any(lacks)
    }

    /// The pairs that lack an answer and have not been asked in this round.
    fn open(&self, pairs: &[Pair]) -> Vec<Pair> {
        let lacks = |pair: &&Pair| self.pieces.get(*pair).is_none_or(|piece| piece.heard == Heard::Silent);
        pairs.iter().filter(lacks).filter(|pair| !self.asked.contains(*pair)).cloned().collect()
    }

    /// The pairs that the next step asks for, by what each costs.
    fn step(&mut self, pairs: &[Pair], cost: impl Fn(&Pair) -> u64) -> Vec<Pair> {
        let mut open = self.open(pairs);
        if open.is_empty() {
            self.asked.clear();
            open = self.open(pairs);
        }
        open.truncate(at_once(open.iter().map(cost)));
        self.asked.extend(open.iter().cloned());
        self.next = None;
        open
    }

    /// The clock stepped back to `now`.
    pub(super) fn set_back(&mut self, now: Timestamp) {
        self.next = self.next.map(|next| next.min(now.plus(STEP)));
    }
}

impl Changes {
    /// When vantages are next to be asked about one.
    #[must_use]
    pub fn due(&self) -> Option<Timestamp> {
        self.open.values().filter_map(|change| self.due_of(change).map(|(at, _)| at)).min()
    }

    fn due_of(&self, change: &Change) -> Option<(Timestamp, Part)> {
        let asked = |part: Part| self.asked.get(&(change.number, part));
        let again = |part: Part, at: Timestamp| asked(part).map_or(at, |asked| at.max(asked.plus(RETRY)));
        let sought = change.sought && !change.missing.is_empty();
        let before = sought.then(|| (again(Part::Before, change.started), Part::Before));
        let after = change.look_at(change.looks).map(|at| {
            let step = self.looking.get(&change.number).and_then(|looking| looking.next);
            // Vantages that were asked for an earlier look answer this one.
            let late = asked(Part::After).is_some_and(|asked| *asked >= at);
            (if late { step.unwrap_or_else(|| again(Part::After, at)) } else { at }, Part::After)
        });
        before.into_iter().chain(after).min_by_key(|(at, _)| *at)
    }

    /// What is to be asked of vantages now: of one change at a time, and of as many pairs as one
    /// step measures. `every` says how often a vantage probes an origin; nothing if it does not.
    pub fn errand(&mut self, every: impl Fn(&Pair) -> Option<Millis>, now: Timestamp) -> Option<Errand> {
        let due = self.open.values().filter_map(|change| Some((self.due_of(change)?, change.number)));
        let ((at, part), number) = due.min_by_key(|((at, _), _)| *at)?;
        let change = self.open.get(&number).filter(|_| at <= now)?;
        self.asked.insert((number, part), now);
        if part == Part::Before {
            let wanted = |pair: &&Pair| every(pair).is_some() && change.missing.contains(&pair.vantage);
            let pairs = change.pairs.iter().filter(wanted).cloned().collect();
            return Some(Errand { number, part, look: 0, window: change.before(), pairs, gone: Vec::new() });
        }
        let (window, look) = (change.after()?, change.look_of(now));
        let looking = self.looking.entry(number).or_default();
        if looking.look != look {
            *looking = Looking { look, ..Looking::default() };
        }
        let step = looking.step(&change.pairs, |pair| samples(&change.plan, every(pair)));
        let (pairs, gone) = step.into_iter().partition(|pair| every(pair).is_some());
        Some(Errand { number, part, look, window, pairs, gone })
    }

    /// What vantages said, as a judgement where one is due.
    #[must_use]
    pub fn look(&self, errand: &Errand, known: Known<'_>) -> Option<Looked> {
        let change = self.get(errand.number)?;
        Some(match errand.part {
            Part::Before => change.looked_back(known.gathered, known.stored),
            Part::After => change.look(errand, known, self.looking.get(&errand.number)),
        })
    }

    /// Takes in what came of an errand; what is to be stored.
    pub fn looked(&mut self, mut looked: Looked, now: Timestamp) -> (Vec<OpenRow>, Vec<HistoryRow>) {
        let change = self.open.get_mut(&looked.number);
        // Vantages were asked twice if the Arbiter lost its memory meanwhile: the first judgement
        // stands.
        let is_late = |change: &Change| looked.part == Part::After && looked.look <= change.looks;
        let Some(change) = change.filter(|change| !is_late(change)) else {
            return (Vec::new(), Vec::new());
        };
        let rows = std::mem::take(&mut looked.rows);
        if looked.part == Part::After && !looked.is_whole {
            let looking = self.looking.entry(looked.number).or_default();
            if looking.look < looked.look {
                *looking = Looking { look: looked.look, ..Looking::default() };
            }
            if looking.look == looked.look {
                looking.pieces.extend(looked.pieces);
                looking.next = Some(now.plus(STEP));
            }
            return (Vec::new(), rows);
        }
        if looked.outcome.is_some() {
            self.looking.remove(&looked.number);
        } else if let Some(looking) = self.looking.get_mut(&looked.number).filter(|of| of.look == looked.look)
        {
            looking.pieces.extend(std::mem::take(&mut looked.pieces));
        }
        let is_new = change.take_in(looked, now);
        (is_new.then(|| change.row()).into_iter().collect(), rows)
    }
}

impl Change {
    /// Takes in what came of asking; whether that is worth a row. Who waits is asked each minute: a
    /// row is written for what is new, not for each answer.
    fn take_in(&mut self, looked: Looked, now: Timestamp) -> bool {
        match looked.part {
            Part::Before => {
                let sought = now.since(self.started) < GIVE_UP;
                let is_new = (&self.missing, self.sought) != (&looked.silent, sought);
                self.missing = looked.silent;
                self.sought = sought;
                is_new
            }
            Part::After => {
                self.silent = looked.silent;
                self.gone = looked.gone;
                self.cuts_after = looked.cuts;
                let is_new = looked.outcome.is_some();
                if let Some(outcome) = looked.outcome {
                    self.verdict = Some(outcome.verdict);
                    self.sentence = Some(outcome.sentence);
                    self.looks = outcome.looks;
                    self.settled = outcome.settled;
                }
                is_new
            }
        }
    }

    /// When the look after so many is due: once probes that were sent before its end have ended.
    fn look_at(&self, looks: usize) -> Option<Timestamp> {
        let after = self.after().filter(|_| !self.settled)?;
        Some(look_at(after, looks.saturating_add(1)).plus(GRACE))
    }

    /// The number of the latest look that is due.
    fn look_of(&self, now: Timestamp) -> usize {
        let due = |look: &usize| self.look_at(look.saturating_sub(1)).is_some_and(|due| due <= now);
        (1..=LOOKS).filter(due).count()
    }

    /// Whether vantages that do not answer are still waited for.
    pub(super) fn waits(&self, now: Timestamp) -> bool {
        self.look_at(self.looks).is_some_and(|due| now.since(due) < GIVE_UP)
    }

    /// The vantages that did not answer, each once.
    pub(super) fn silent_of(&self, pieces: &Pieces<'_>) -> Vec<Name> {
        let mut silent: Vec<Name> = Vec::new();
        for pair in &self.pairs {
            let is_silent = pieces.get(pair).is_some_and(|piece| piece.heard == Heard::Silent);
            if is_silent && !silent.contains(&pair.vantage) {
                silent.push(pair.vantage.clone());
            }
        }
        silent
    }

    /// The origins of which every pair is gone.
    pub(super) fn gone_of(&self, pieces: &Pieces<'_>) -> Vec<OriginId> {
        let is_gone = |origin: &&OriginId| {
            let mut of = self.pairs.iter().filter(|pair| pair.origin == **origin);
            of.all(|pair| pieces.get(pair).is_some_and(|piece| piece.heard == Heard::Gone))
        };
        self.plan.origins.iter().filter(is_gone).cloned().collect()
    }
}
