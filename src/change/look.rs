//! What vantages say of a window → a judgement of a change, and the rows that keep its samples.

use serde::{Deserialize, Serialize};

use super::curves::{Curve, curves};
use super::{Change, Pair, VERSION};
use crate::compare::{Expectation, Judgement, Point, Seen, Verdict, Windows, judge};
use crate::history::{Bucket, Fact, HistoryRow, Proof, Window};
use crate::json;
use crate::units::{Name, OriginId, Timestamp};

/// Which window is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// That before the change.
    Before,
    /// That after it.
    After,
}

/// What is to be asked of vantages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Errand {
    /// The number of the change.
    pub number: u64,
    /// Which window.
    pub part: Part,
    /// When.
    pub window: Window,
    /// Of what.
    pub pairs: Vec<Pair>,
}

/// What a vantage says of one origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Which vantage, of which origin.
    pub pair: Pair,
    /// The samples, as a row of a ring; nothing if it did not answer.
    pub kept: Option<String>,
}

/// What was said of a window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gathered {
    /// When.
    pub window: Window,
    /// By each vantage of each origin.
    pub said: Vec<Said>,
}

impl Gathered {
    /// The vantages that did not answer, each once.
    pub(super) fn silent(&self) -> Vec<Name> {
        let mut silent: Vec<Name> = Vec::new();
        for said in self.said.iter().filter(|said| said.kept.is_none()) {
            if !silent.contains(&said.pair.vantage) {
                silent.push(said.pair.vantage.clone());
            }
        }
        silent
    }
}

/// What is cut out, and of which origin: it failed then, and not because of the change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cut {
    /// The origin.
    pub origin: OriginId,
    /// The time.
    pub span: Window,
}

/// What came of an errand.
#[derive(Clone, Debug, PartialEq)]
pub struct Looked {
    /// The number of the change.
    pub number: u64,
    /// Which window was asked for.
    pub part: Part,
    /// The vantages that did not answer.
    pub silent: Vec<Name>,
    /// The origins that nobody watches any more.
    pub gone: Vec<OriginId>,
    /// What is cut out of the time after.
    pub cuts: Vec<Cut>,
    /// What the time after says; nothing if it was not judged.
    pub outcome: Option<Outcome>,
    /// The rows that keep it.
    pub rows: Vec<HistoryRow>,
}

/// What a look says, in short.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The verdict.
    pub verdict: Verdict,
    /// The same in a sentence.
    pub sentence: String,
    /// How often the time after has been looked at by now.
    pub looks: usize,
    /// Whether it stands for good.
    pub settled: bool,
}

/// The key of the row of a judgement.
pub(super) fn judged_key(change: &Change) -> String {
    format!("judged/{}", change.slot)
}

/// A judgement as it is stored. Format version 1; the judgement is told as it is.
#[derive(Serialize)]
struct JudgedRow<'a> {
    version: u32,
    number: u64,
    at: Timestamp,
    judgement: &'a Judgement,
    curves: Vec<Curve>,
}

impl Change {
    /// The key of the row that keeps the samples of a pair.
    fn pinned_key(&self, part: Part, pair: usize) -> String {
        let part = match part {
            Part::Before => 'b',
            Part::After => 'a',
        };
        format!("pinned/{}/{part}/{pair}", self.place)
    }

    /// The rows that keep what was said of a window.
    pub(super) fn pinned(&self, part: Part, said: &[Said]) -> Vec<HistoryRow> {
        let rows = said.iter().filter_map(|said| {
            let place = self.pairs.iter().position(|pair| *pair == said.pair)?;
            let kept = said.kept.as_ref()?;
            // The row may be another change's before and after; it says whose it is.
            Some(HistoryRow {
                key: self.pinned_key(part, place),
                text: format!("{} {place}\n{kept}", self.number),
            })
        });
        rows.collect()
    }

    /// The samples of a pair that are kept, as a row of a ring.
    fn kept(&self, part: Part, pair: usize, stored: &dyn Fn(&str) -> Option<String>) -> Option<String> {
        let text = stored(&self.pinned_key(part, pair))?;
        let (whose, kept) = text.split_once('\n')?;
        (whose == format!("{} {pair}", self.number)).then(|| kept.to_owned())
    }

    /// The samples of a row that count: within the window, of the origin, and not cut out.
    fn points(kept: &str, origin: &OriginId, window: Window, cuts: &[Cut]) -> Vec<Point> {
        let Some(bucket) = Bucket::read(kept) else { return Vec::new() };
        let of = |place: usize| bucket.origins().get(place) == Some(origin);
        let inside = |at: Timestamp| at >= window.from && at < window.to;
        let is_cut = |at: Timestamp| {
            cuts.iter().any(|cut| cut.origin == *origin && at >= cut.span.from && at < cut.span.to)
        };
        let counts =
            |fact: &Fact| of(fact.origin) && inside(fact.at) && fact.proof != Proof::None && !is_cut(fact.at);
        let mut points: Vec<Point> = bucket
            .facts()
            .filter(counts)
            .map(|fact| Point {
                at: fact.at,
                class: fact.cache,
                failed: fact.proof == Proof::Fail,
                complete: fact.complete,
                response_ms: fact.response,
                calls: fact.calls,
                database_ms: fact.database,
                bytes: fact.bytes,
                timings: fact.timings,
            })
            .collect();
        points.sort_by_key(|point| point.at);
        points
    }

    /// How many samples of a window count.
    pub(super) fn counted(gathered: &Gathered, cuts: &[Cut]) -> usize {
        let counted = gathered.said.iter().filter_map(|said| {
            let kept = said.kept.as_ref()?;
            Some(Self::points(kept, &said.pair.origin, gathered.window, cuts).len())
        });
        counted.sum()
    }

    /// What came of asking for samples that were missing of the time before. What is kept stays as
    /// it is: a vantage that is asked again may have lost some. `stored` gives the text of a row.
    #[must_use]
    pub fn looked_back(&self, gathered: &Gathered, stored: &dyn Fn(&str) -> Option<String>) -> Looked {
        let is_kept = |pair: &Pair| {
            let place = self.pairs.iter().position(|known| known == pair);
            place.is_some_and(|place| self.kept(Part::Before, place, stored).is_some())
        };
        let new: Vec<Said> = gathered.said.iter().filter(|said| !is_kept(&said.pair)).cloned().collect();
        let heard =
            |pair: &Pair| is_kept(pair) || new.iter().any(|said| said.pair == *pair && said.kept.is_some());
        let lacks = |vantage: &&Name| self.pairs.iter().any(|pair| pair.vantage == **vantage && !heard(pair));
        Looked {
            number: self.number,
            part: Part::Before,
            silent: self.missing.iter().filter(lacks).cloned().collect(),
            gone: Vec::new(),
            cuts: Vec::new(),
            outcome: None,
            rows: self.pinned(Part::Before, &new),
        }
    }

    /// Judges what comes after by what came before, unless vantages do not answer that are still
    /// waited for. `stored` gives the text of a row; `failing` are times in which origins failed,
    /// and since before the change was applied.
    #[must_use]
    pub fn look(
        &self,
        gathered: &Gathered,
        stored: &dyn Fn(&str) -> Option<String>,
        failing: Vec<Cut>,
        now: Timestamp,
    ) -> Looked {
        let silent = gathered.silent();
        let watched = |origin: &&OriginId| gathered.said.iter().any(|said| said.pair.origin == **origin);
        let gone = self.plan.origins.iter().filter(|origin| !watched(origin)).cloned().collect();
        let mut looked = Looked {
            number: self.number,
            part: Part::After,
            silent,
            gone,
            cuts: failing,
            outcome: None,
            rows: Vec::new(),
        };
        let Some(after) = self.after() else { return looked };
        if !looked.silent.is_empty() && self.waits(now) {
            return looked;
        }
        let cuts: Vec<Cut> = self.cuts.iter().chain(&looked.cuts).cloned().collect();
        let windows = Windows { before: self.before(), after };
        let seen = self.pairs.iter().enumerate().map(|(place, pair)| {
            let points = |kept: Option<&str>, window: Window| {
                kept.map(|kept| Self::points(kept, &pair.origin, window, &cuts)).unwrap_or_default()
            };
            let said = gathered.said.iter().find(|said| said.pair == *pair);
            Seen {
                origin: pair.origin.clone(),
                vantage: pair.vantage.clone(),
                before: points(self.kept(Part::Before, place, stored).as_deref(), windows.before),
                after: points(said.and_then(|said| said.kept.as_deref()), after),
            }
        });
        let seen: Vec<Seen> = seen.collect();
        let expectations = self.plan.expectations.iter().filter_map(|text| Expectation::parse(text).ok());
        let judgement = judge(&expectations.collect::<Vec<_>>(), &seen, &windows, now);
        let row = JudgedRow {
            version: VERSION,
            number: self.number,
            at: now,
            judgement: &judgement,
            curves: curves(&seen),
        };
        looked.rows.push(HistoryRow { key: judged_key(self), text: json::write(&row) });
        if judgement.r#final {
            looked.rows.extend(self.pinned(Part::After, &gathered.said));
        }
        looked.outcome = Some(Outcome {
            verdict: judgement.verdict,
            sentence: judgement.sentence,
            looks: judgement.looks.taken,
            settled: judgement.r#final,
        });
        looked
    }
}
