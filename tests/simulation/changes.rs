//! Changes of the service in a world: what somebody is about to do, and what the world knows of it.
//! What was acknowledged is held against what the Arbiter says.

use std::collections::BTreeMap;

use fastrand::Rng;
use serde_json::Value;
use vedette::arbiter::Arbiter;
use vedette::change::{self, Draft, GIVE_UP, GRACE, Grounds, RETRY, State, number_of};
use vedette::units::Timestamp;
use vedette::writes::{Edit, Write};

use crate::laws::{self, hold};
use crate::setup::{HOUR, MINUTE, Ms, SECOND, Terms};

/// What is asked of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    Start,
    Apply,
    Close,
}

/// A change that somebody is about to make.
#[derive(Clone, Debug)]
pub struct Intended {
    pub at: Ms,
    /// The names of its origins when it is thought of; one may be gone when it starts.
    pub origins: Vec<String>,
    pub before: Ms,
    pub after: Ms,
    pub warm_up: Ms,
    /// How long after its start it is applied, and after that closed; if ever.
    pub applied: Option<Ms>,
    pub closed: Option<Ms>,
}

impl Intended {
    /// The changes of every third world.
    pub fn draw(rng: &mut Rng, terms: &Terms, whole: Ms, length: Ms) -> Vec<Self> {
        if rng.u32(..3) > 0 {
            return Vec::new();
        }
        let names: Vec<String> = terms.origins().collect();
        let longest = if whole > 24 * HOUR { 8 * HOUR } else { 6 * MINUTE };
        let mut window = || rng.u64(30 * SECOND..longest);
        let windows: Vec<(Ms, Ms)> = (0..8).map(|_| (window(), window())).collect();
        let mut at = rng.u64(MINUTE..length / 2);
        let mut changes = Vec::new();
        let count = rng.usize(1..=8);
        for (place, (before, after)) in windows.into_iter().take(count).enumerate() {
            // Of a day the samples may be so many that each look takes several steps.
            let before = if place % 3 == 2 { 22 * HOUR } else { before };
            let first = rng.usize(..names.len());
            let count = rng.usize(1..=2.min(names.len()));
            changes.push(Self {
                at,
                origins: (0..count).map(|more| names[(first + more) % names.len()].clone()).collect(),
                before,
                after,
                warm_up: [0, 0, 10 * SECOND, 2 * MINUTE][rng.usize(..4)],
                applied: (rng.u32(..6) > 0).then(|| rng.u64(..3 * MINUTE)),
                closed: (rng.u32(..3) == 0).then(|| rng.u64(..2 * after)),
            });
            // Half of them overlap with the one before.
            at += if rng.bool() { rng.u64(..2 * MINUTE) } else { rng.u64(..length / 3) };
        }
        changes
    }

    pub fn title(&self, place: usize) -> String {
        format!("change {place} of {}", self.origins.join(", "))
    }

    /// It as somebody would send it.
    pub fn draft(&self, place: usize) -> Draft {
        let length = |ms: Ms| Some(format!("{ms}ms"));
        Draft {
            title: self.title(place),
            owner: "Ada".to_owned(),
            expected: String::new(),
            expectations: Vec::new(),
            rollback: format!("take back {place}"),
            links: Vec::new(),
            origins: self.origins.clone(),
            pools: Vec::new(),
            before: length(self.before),
            after: length(self.after),
            warm_up: length(self.warm_up),
            extra_probes: place % 2 == 1,
        }
    }
}

/// What is stored of changes in one step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    /// Of those that are open.
    pub open: usize,
    /// Of the audit log.
    pub audit: usize,
    /// Of history.
    pub history: usize,
}

/// What the world knows of a change that was acknowledged.
#[derive(Debug)]
pub struct Known {
    pub number: u64,
    pub id: String,
    /// The members that never change.
    constant: Value,
    /// The rows that keep what was before.
    pinned: BTreeMap<String, String>,
    /// When it was applied, and how it was closed, as far as that was acknowledged.
    applied: Option<Value>,
    closed: Option<Value>,
    /// What was asked and not acknowledged, and may have been done.
    perhaps_applied: bool,
    perhaps_closed: bool,
    rank: u8,
    /// What was told for good: verdict, sentence, judgement.
    last: Option<Value>,
    /// When it was last looked at in vain: a vantage was silent, or nothing came of it.
    pub hindered: Ms,
    /// Rows of its looks, and of samples of before that came late.
    pub looked_rows: usize,
    pub late_rows: usize,
}

/// The members that are told of a change and never change.
const CONSTANT: [&str; 9] =
    ["id", "title", "owner", "rollback", "origins", "who", "started", "before", "warm_up_s"];

fn members(told: &Value, names: &[&str]) -> Value {
    names.iter().map(|name| ((*name).to_owned(), told[*name].clone())).collect()
}

fn owned(rows: &BTreeMap<&str, &str>) -> BTreeMap<String, String> {
    rows.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned())).collect()
}

/// Where answers come from.
pub struct Told<'a> {
    pub engine: &'a Arbiter,
    pub rows: &'a BTreeMap<String, String>,
    pub now: Timestamp,
}

impl Told<'_> {
    fn grounds<T>(&self, ask: impl FnOnce(&Grounds<'_>) -> T) -> T {
        let stored = |key: &str| self.rows.get(key).cloned();
        ask(&Grounds { changes: self.engine.changes(), stored: &stored, now: self.now })
    }

    /// One change, as programs read it.
    pub fn of(&self, id: &str) -> Option<Value> {
        self.grounds(|grounds| change::told(grounds, id)).map(|text| serde_json::from_str(&text).unwrap())
    }

    /// Whoever repeats what was not answered starts nothing twice.
    pub fn none_is_started_twice(&self) -> laws::Verdict {
        let query = change::Query { open: None, before: None, limit: change::MOST_LISTED };
        let listed: Value =
            serde_json::from_str(&self.grounds(|grounds| change::listed(grounds, &query))).unwrap();
        let mut titles: Vec<&str> =
            listed["changes"].as_array().unwrap().iter().filter_map(|one| one["title"].as_str()).collect();
        titles.sort_unstable();
        hold(titles.windows(2).all(|two| two[0] != two[1]), || format!("one was started twice: {titles:?}"))
    }

    fn pinned(&self, number: u64) -> BTreeMap<&str, &str> {
        let own =
            |(key, text): &(&String, &String)| key.contains("/b/") && text.starts_with(&format!("{number} "));
        self.rows
            .range("pinned/".to_owned().."pinned0".to_owned())
            .filter(own)
            .map(|(key, text)| (key.as_str(), text.as_str()))
            .collect()
    }
}

const fn rank(state: State) -> u8 {
    match state {
        State::Started => 0,
        // Which of the two it is hangs on a clock that may step back.
        State::WarmingUp | State::Measuring => 1,
        State::Judged => 2,
        State::Closed => 3,
    }
}

impl Known {
    /// A change was acknowledged: it exists, and what was before it is kept.
    pub fn begun(id: &str, told: &Told<'_>) -> Result<Self, String> {
        let number = number_of(id).ok_or_else(|| format!("{id} is no name of a change"))?;
        let document = told.of(id).ok_or_else(|| format!("{id} was acknowledged, and there is none"))?;
        let pinned = told.pinned(number);
        hold(!pinned.is_empty(), || format!("{id} was acknowledged, and nothing of before is kept"))?;
        Ok(Self {
            number,
            id: id.to_owned(),
            constant: members(&document, &CONSTANT),
            pinned: owned(&pinned),
            applied: None,
            closed: None,
            perhaps_applied: false,
            perhaps_closed: false,
            rank: 0,
            last: None,
            hindered: 0,
            looked_rows: 0,
            late_rows: 0,
        })
    }

    /// Something is asked of it: until that is acknowledged, it may have been done.
    pub const fn asked(&mut self, doing: Doing) {
        match doing {
            Doing::Start => {}
            Doing::Apply => self.perhaps_applied = true,
            Doing::Close => self.perhaps_closed = true,
        }
    }

    /// What was asked of it was acknowledged.
    pub fn acknowledged(&mut self, doing: Doing, told: &Told<'_>) -> laws::Verdict {
        let document = told.of(&self.id).ok_or_else(|| format!("{} is lost", self.id))?;
        let (what, kept) = match doing {
            Doing::Start => return Ok(()),
            Doing::Apply => (&document["applied"], &mut self.applied),
            Doing::Close => (&document["closed"], &mut self.closed),
        };
        hold(!what.is_null(), || format!("{doing:?} of {} was acknowledged, and it is not done", self.id))?;
        *kept = Some(what.clone());
        Ok(())
    }

    /// At every step: it exists as it was acknowledged, and its state only moves forward.
    pub fn stands(&mut self, told: &Told<'_>) -> laws::Verdict {
        let id = &self.id;
        let Some(change) = told.engine.changes().get(self.number) else {
            return hold(self.closed.is_some() || self.perhaps_closed, || format!("{id} is lost"));
        };
        hold(self.closed.is_none(), || format!("{id} was closed, and is open"))?;
        hold(change.applied.is_none() || self.applied.is_some() || self.perhaps_applied, || {
            format!("{id} is applied, and nobody said so")
        })?;
        hold(change.applied.is_some() || self.applied.is_none(), || format!("{id} is not applied any more"))?;
        let (was, is) = (self.rank, rank(change.state(told.now)));
        self.rank = is;
        hold(was <= is, || format!("{id} goes back to {:?}", change.state(told.now)))
    }

    /// The same in full, of what is stored as well.
    pub fn stands_in_full(&mut self, told: &Told<'_>) -> laws::Verdict {
        let id = self.id.clone();
        let document = told.of(&id).ok_or_else(|| format!("{id} is lost"))?;
        let constant = members(&document, &CONSTANT);
        hold(constant == self.constant, || format!("{id} was {}, and is {constant}", self.constant))?;
        for (member, known, perhaps) in [
            ("applied", &mut self.applied, self.perhaps_applied),
            ("closed", &mut self.closed, self.perhaps_closed),
        ] {
            let is = Some(document[member].clone()).filter(|is| !is.is_null());
            if known.is_none() && perhaps {
                known.clone_from(&is);
            }
            hold(*known == is, || format!("{id} was {member} {known:?}, and is {is:?}"))?;
        }
        let pinned = told.pinned(self.number);
        for (key, text) in &self.pinned {
            let is = pinned.get(key.as_str());
            hold(is == Some(&text.as_str()), || format!("{key} of {id} was {text:?}, and is {is:?}"))?;
        }
        if pinned.len() > self.pinned.len() {
            self.pinned = owned(&pinned);
        }
        let settled = matches!(document["state"].as_str(), Some("judged" | "closed"));
        let last = members(&document, &["verdict", "sentence", "judgement", "curves"]);
        if document["state"] == "judged" {
            hold(document["judgement"]["final"] == true, || format!("{id} is judged by {last}"))?;
        }
        if let Some(before) = &self.last {
            hold(*before == last, || format!("{id} was told for good {before}, and is {last}"))?;
        }
        self.last = settled.then_some(last);
        Ok(())
    }

    /// Once its time after has ended it is judged: soon if nothing hinders it, and an hour later
    /// whoever is silent. `hindered` is when the Arbiter last was, and `moment` says when a clock
    /// that goes as the Arbiter's now does shows a time.
    pub fn is_judged_in_time(
        &self,
        told: &Told<'_>,
        (now, hindered): (Ms, Ms),
        moment: impl Fn(Timestamp) -> Ms,
    ) -> laws::Verdict {
        let Some(change) = told.engine.changes().get(self.number) else { return Ok(()) };
        let Some(after) = change.after().filter(|_| change.state(told.now) != State::Judged) else {
            return Ok(());
        };
        // One errand at a time, each asked again after a minute; cron looks each minute at least.
        let open = told.engine.changes().open().count() as u64;
        let slack = RETRY.get() + (1 + 2 * open) * MINUTE + 10 * SECOND;
        let due = after.to.plus(GRACE);
        let silent = hindered.max(self.hindered);
        hold(now <= moment(due).max(silent) + slack, || {
            format!("{} was due at {due}, nothing hinders it since {silent}, and it is not judged", self.id)
        })?;
        hold(now <= moment(due.plus(GIVE_UP)).max(hindered) + slack, || {
            format!("{} was due at {due}, and is still not judged", self.id)
        })
    }
}

/// The most rows that an edit may write.
pub fn rows_of_an_edit(write: &Write, pairs: usize) -> Rows {
    match &write.edit {
        Edit::Start(_) => Rows { open: 2, audit: 2, history: pairs },
        Edit::Apply(_) => Rows { open: 1, audit: 2, history: 0 },
        Edit::Close { .. } => Rows { open: 1, audit: 2, history: 1 },
        Edit::Purge(purge) => Rows { open: usize::from(purge.change.is_some()), audit: 2, history: 0 },
        Edit::Put(_) | Edit::Delete | Edit::Note { .. } => Rows::default(),
    }
}
