//! What vantages say of a window → a judgement of a change, and the rows that keep its samples.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::curves::{Curve, curves, spreads};
use super::steps::{Heard, Looking, Piece, Pieces};
use super::{Change, Pair, VERSION};
use crate::compare::{
    Comparison, Expectation, Judged, Judgement, LOOKS, Measured, Point, Seen, Verdict, Windows,
};
use crate::history::{Bucket, Fact, HistoryRow, Proof, Window};
use crate::json;
use crate::units::{Name, OriginId, Timestamp};

/// Which window is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// That before the change.
    #[default]
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
    /// For which look, counted from 1; 0 of the time before.
    pub look: usize,
    /// When.
    pub window: Window,
    /// Of what.
    pub pairs: Vec<Pair>,
    /// What else is to be measured: nobody is asked, as nobody watches it any more.
    pub gone: Vec<Pair>,
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

/// What is known where the time after is looked at.
pub struct Known<'a> {
    /// What vantages said.
    pub gathered: &'a Gathered,
    /// The text of a row of history that is stored.
    pub stored: &'a dyn Fn(&str) -> Option<String>,
    /// Times in which origins failed, and since before the change was applied.
    pub failing: Vec<Cut>,
    /// Now.
    pub now: Timestamp,
}

/// What came of an errand.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Looked {
    /// The number of the change.
    pub number: u64,
    /// Which window was asked for.
    pub part: Part,
    /// For which look.
    pub look: usize,
    /// What was measured, by its pair.
    pub pieces: BTreeMap<Pair, Piece>,
    /// Whether every pair has been asked for by now.
    pub is_whole: bool,
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

/// As much of such a row as a later look must know.
#[derive(Deserialize)]
struct DecidedRow {
    version: u32,
    number: u64,
    judgement: Decided,
}

#[derive(Deserialize)]
struct Decided {
    expectations: Vec<Judged>,
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

    /// Whether any sample of a window counts.
    pub(super) fn has_samples(gathered: &Gathered, cuts: &[Cut]) -> bool {
        gathered.said.iter().any(|said| {
            let kept = said.kept.as_deref();
            kept.is_some_and(|kept| !Self::points(kept, &said.pair.origin, gathered.window, cuts).is_empty())
        })
    }

    /// What came of asking for samples that were missing of the time before. What is kept stays as
    /// it is: a vantage that is asked again may have lost some. `stored` gives the text of a row.
    #[must_use]
    pub fn looked_back(&self, gathered: &Gathered, stored: &dyn Fn(&str) -> Option<String>) -> Looked {
        let is_kept = |pair: &Pair| self.before_of(pair, stored).is_some();
        let new: Vec<Said> = gathered.said.iter().filter(|said| !is_kept(&said.pair)).cloned().collect();
        let heard =
            |pair: &Pair| is_kept(pair) || new.iter().any(|said| said.pair == *pair && said.kept.is_some());
        let lacks = |vantage: &&Name| self.pairs.iter().any(|pair| pair.vantage == **vantage && !heard(pair));
        Looked {
            number: self.number,
            part: Part::Before,
            is_whole: true,
            silent: self.missing.iter().filter(lacks).cloned().collect(),
            rows: self.pinned(Part::Before, &new),
            ..Looked::default()
        }
    }

    /// Measures the pairs that were asked for. With the last of them it judges what comes after by
    /// what came before, unless vantages do not answer that are still waited for. `looking` is what
    /// was measured before.
    #[must_use]
    pub(super) fn look(&self, errand: &Errand, known: Known<'_>, looking: Option<&Looking>) -> Looked {
        let Known { gathered, stored, failing, now } = known;
        let mut looked = Looked {
            number: self.number,
            part: Part::After,
            look: errand.look,
            cuts: failing,
            ..Looked::default()
        };
        let Some(comparison) = self.comparison().filter(|_| errand.look > self.looks) else { return looked };
        let asked = gathered.said.iter().map(|said| (&said.pair, Some(said)));
        for (pair, said) in asked.chain(errand.gone.iter().map(|pair| (pair, None))) {
            let kept = said.and_then(|said| said.kept.as_deref());
            let heard = match (said, kept) {
                (None, _) => Heard::Gone,
                (Some(_), None) => Heard::Silent,
                (Some(_), Some(_)) => Heard::Told,
            };
            let seen = self.seen(pair, [self.before_of(pair, stored).as_deref(), kept], &looked.cuts);
            let measured = comparison.measure(&seen, errand.look);
            looked.pieces.insert(pair.clone(), Piece { heard, measured, spreads: spreads(&seen) });
        }
        if errand.look == LOOKS {
            // A look that is begun again writes what it has written already no second time.
            let rows = self.pinned(Part::After, &gathered.said).into_iter();
            looked.rows = rows.filter(|row| stored(&row.key).as_ref() != Some(&row.text)).collect();
        }
        let looking = looking.filter(|looking| looking.is_of(errand.look));
        let before = looking.into_iter().flat_map(Looking::pieces);
        let pieces: Pieces<'_> = before.chain(&looked.pieces).collect();
        let all: Vec<&Piece> = self.pairs.iter().filter_map(|pair| pieces.get(pair).copied()).collect();
        looked.is_whole =
            all.len() == self.pairs.len() && looking.is_none_or(|looking| looking.is_round(&pieces));
        (looked.silent, looked.gone) = (self.silent_of(&pieces), self.gone_of(&pieces));
        if looked.is_whole && (looked.silent.is_empty() || !self.waits(now)) {
            let measured: Vec<&Measured> = all.iter().map(|piece| &piece.measured).collect();
            let judgement = comparison.decide(&measured, errand.look, &self.decided(stored));
            let spreads = pieces.iter().map(|(pair, piece)| (&pair.origin, &piece.spreads));
            let row = JudgedRow {
                version: VERSION,
                number: self.number,
                at: now,
                judgement: &judgement,
                curves: curves(spreads),
            };
            looked.rows.push(HistoryRow { key: judged_key(self), text: json::write(&row) });
            looked.outcome = Some(Outcome {
                verdict: judgement.verdict,
                sentence: judgement.sentence,
                looks: judgement.looks.taken,
                settled: judgement.r#final,
            });
        }
        looked
    }

    /// The samples of before that are kept of a pair.
    fn before_of(&self, pair: &Pair, stored: &dyn Fn(&str) -> Option<String>) -> Option<String> {
        let place = self.pairs.iter().position(|known| known == pair)?;
        self.kept(Part::Before, place, stored)
    }

    /// The samples of a pair that count, by the rows that keep those before and after. `cuts` are
    /// those of the time after.
    fn seen(&self, pair: &Pair, kept: [Option<&str>; 2], cuts: &[Cut]) -> Seen {
        let cuts: Vec<Cut> = self.cuts.iter().chain(cuts).cloned().collect();
        let points = |kept: Option<&str>, window: Option<Window>| {
            let kept = kept.zip(window);
            kept.map(|(kept, window)| Self::points(kept, &pair.origin, window, &cuts)).unwrap_or_default()
        };
        let [before, after] = kept;
        Seen {
            origin: pair.origin.clone(),
            vantage: pair.vantage.clone(),
            before: points(before, Some(self.before())),
            after: points(after, self.after()),
        }
    }

    /// What is compared; nothing before it is applied.
    fn comparison(&self) -> Option<Comparison> {
        let windows = Windows { before: self.before(), after: self.after()? };
        let expectations = self.plan.expectations.iter().filter_map(|text| Expectation::parse(text).ok());
        Some(Comparison::new(expectations.collect(), windows))
    }

    /// What the look before decided.
    fn decided(&self, stored: &dyn Fn(&str) -> Option<String>) -> Vec<Judged> {
        let row = stored(&judged_key(self)).and_then(|text| json::read::<DecidedRow>(&text));
        let own = row.filter(|row| row.version == VERSION && row.number == self.number);
        own.map(|row| row.judgement.expectations).unwrap_or_default()
    }
}
