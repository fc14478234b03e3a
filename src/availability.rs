//! Transitions → for how long a pool and its origins passed, warned, failed and were unknown.
//!
//! A row has the transitions of one pool on one day of UTC, and what stood before the first of
//! them. A day without a transition has no row: what stands after it stood all through it. Time in
//! which the Arbiter was away is unknown, whatever stood.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::defaults::availability::{MOST_ABSENCES, MOST_TURNS};
use crate::history::{DAYS, HistoryRow, Window};
use crate::json::{self, Shown};
use crate::snapshot::Transition;
use crate::units::{Millis, Name, Timestamp};
use crate::verdict::Status;

pub use crate::defaults::availability::DAILY;

/// The format of both rows.
const VERSION: u32 = 1;

/// The key of the row of absences.
pub const AWAY: &str = "away";

/// The times that are told.
const TOLD: [(&str, u64); 5] = [("24h", 1), ("7d", 7), ("30d", 30), ("90d", 90), ("365d", 365)];

/// A day of one pool. Fields are never renamed, and new ones may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct DayRow {
    version: u32,
    day: u64,
    /// By name: `shop`, `shop/primary`.
    subjects: BTreeMap<String, Turns>,
}

/// A day of one subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Turns {
    /// What stood when the day began.
    first: Status,
    /// In milliseconds of the day, and what stood from then on.
    turns: Vec<(u64, Status)>,
}

/// When nobody looked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct AwayRow {
    version: u32,
    times: Vec<(Timestamp, Timestamp)>,
}

fn key(pool: &str, day: u64) -> String {
    format!("stood/{pool}/{}", day % DAYS)
}

/// What the keys of a pool's rows begin with, and the least key after them.
#[must_use]
pub fn keys(pool: &Name) -> (String, String) {
    // `0` is the character after `/`.
    (format!("stood/{pool}/"), format!("stood/{pool}0"))
}

/// The same of every pool's rows.
pub const ALL_KEYS: (&str, &str) = ("stood/", "stood0");

/// The rows that transitions and an absence change. `stored` gives the text of a row that is
/// stored.
#[must_use]
pub fn stood(
    stored: &dyn Fn(&str) -> Option<String>,
    transitions: &[Transition],
    away: Option<Window>,
) -> Vec<HistoryRow> {
    let mut rows: BTreeMap<String, DayRow> = BTreeMap::new();
    for transition in transitions {
        let (at, day) = (transition.at, transition.at.day());
        let pool = transition.subject.split('/').next().unwrap_or_default();
        let key = key(pool, day);
        let read = || stored(&key).and_then(|text| day_row(&text, day));
        let row = rows.entry(key.clone()).or_insert_with(|| read().unwrap_or_default());
        (row.version, row.day) = (VERSION, day);
        let begins = || Turns { first: transition.from, turns: Vec::new() };
        let turns = &mut row.subjects.entry(transition.subject.clone()).or_insert_with(begins).turns;
        // A clock that stepped back takes away what it had not come to.
        let offset = at.since(at.midnight()).get();
        turns.retain(|(known, _)| *known <= offset);
        turns.truncate(MOST_TURNS.saturating_sub(1));
        turns.push((offset, transition.to));
    }
    let mut written: Vec<HistoryRow> =
        rows.into_iter().map(|(key, row)| HistoryRow { key, text: json::write(&row) }).collect();
    if let Some(Window { from, to }) = away {
        let mut row = away_row(stored);
        row.version = VERSION;
        row.times.push((from, to));
        let over = row.times.len().saturating_sub(MOST_ABSENCES);
        row.times.drain(..over);
        written.push(HistoryRow { key: AWAY.to_owned(), text: json::write(&row) });
    }
    written
}

fn day_row(text: &str, day: u64) -> Option<DayRow> {
    json::read::<DayRow>(text).filter(|row| row.version == VERSION && row.day == day)
}

fn away_row(stored: &dyn Fn(&str) -> Option<String>) -> AwayRow {
    let row = stored(AWAY).and_then(|text| json::read::<AwayRow>(&text));
    row.filter(|row| row.version == VERSION).unwrap_or_default()
}

/// A pool or an origin, and what stands of it now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// `shop`, `shop/primary`.
    pub subject: String,
    /// What stands.
    pub status: Status,
}

/// For how long something stood, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shares {
    /// It passed.
    pub pass: u64,
    /// It warned.
    pub warn: u64,
    /// It failed.
    pub fail: u64,
    /// It was not known.
    pub unknown: u64,
}

impl Shares {
    fn add(&mut self, status: Status, ms: u64) {
        let sum = match status {
            Status::Pass => &mut self.pass,
            Status::Warn => &mut self.warn,
            Status::Fail => &mut self.fail,
            Status::Unknown => &mut self.unknown,
        };
        *sum = sum.saturating_add(ms);
    }

    fn merge(&mut self, other: Self) {
        self.add(Status::Pass, other.pass);
        self.add(Status::Warn, other.warn);
        self.add(Status::Fail, other.fail);
        self.add(Status::Unknown, other.unknown);
    }
}

/// A time in which one status stood.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    from: Timestamp,
    to: Timestamp,
    status: Status,
}

/// What stood of a subject, the latest first: `days` by their number, and what stands now.
fn stretches(standing: &Standing, days: &BTreeMap<u64, DayRow>, now: Timestamp) -> Vec<Stretch> {
    let (mut status, mut end, mut found) = (standing.status, now, Vec::new());
    for (day, row) in days.iter().rev() {
        let Some(turns) = row.subjects.get(&standing.subject) else { continue };
        let midnight = Timestamp::from_millis(day.saturating_mul(Millis::DAY.get()));
        for (offset, to) in turns.turns.iter().rev() {
            let from = midnight.plus(Millis::new(*offset)).min(end);
            // The latest has expired without a transition, if what stands now is another.
            let stood = if found.is_empty() { status } else { *to };
            found.push(Stretch { from, to: end, status: stood });
            (end, status) = (from, turns.first);
        }
        status = turns.first;
    }
    found.push(Stretch { from: Timestamp::default(), to: end, status });
    found
}

/// The same as far as it is told: before `first` nothing is known.
fn since(mut stretches: Vec<Stretch>, first: Timestamp) -> Vec<Stretch> {
    stretches.retain(|stretch| stretch.to > first);
    for stretch in &mut stretches {
        stretch.from = stretch.from.max(first);
    }
    stretches.push(Stretch { from: Timestamp::default(), to: first, status: Status::Unknown });
    stretches
}

/// For how long each status stood in a window.
fn shares(stretches: &[Stretch], away: &[(Timestamp, Timestamp)], window: Window) -> Shares {
    let mut shares = Shares::default();
    for Stretch { from, to, status } in stretches {
        let (from, to) = ((*from).max(window.from), (*to).min(window.to));
        let absent = away.iter().map(|(gone, back)| (*back).min(to).since((*gone).max(from)).get());
        let absent = absent.fold(0, u64::saturating_add).min(to.since(from).get());
        shares.add(*status, to.since(from).get().saturating_sub(absent));
        shares.add(Status::Unknown, absent);
    }
    shares
}

/// For how long each status stood on each of the latest [`DAILY`] days of UTC, the oldest first. Of
/// today it is what has passed of it.
fn daily(stretches: &[Stretch], away: &[(Timestamp, Timestamp)], now: Timestamp) -> Vec<Shares> {
    let first = first_day(now);
    let mut days = vec![Shares::default(); DAILY];
    for Stretch { from, to, status } in stretches {
        let mut at = (*from).max(first);
        while at < *to {
            let end = at.midnight().plus(Millis::DAY).min(*to);
            let piece = Stretch { from: at, to: end, status: *status };
            let day = usize::try_from(at.day().saturating_sub(first.day())).unwrap_or(DAILY);
            if let Some(day) = days.get_mut(day) {
                day.merge(shares(&[piece], away, Window { from: at, to: end }));
            }
            at = end;
        }
    }
    days
}

/// When the first of the days began that are told one by one.
fn first_day(now: Timestamp) -> Timestamp {
    now.midnight().minus(Millis::DAY.times(DAILY as u64 - 1))
}

/// What an answer is made from.
#[derive(Clone, Copy)]
pub struct Grounds<'a> {
    /// The text of a row that is stored.
    pub stored: &'a dyn Fn(&str) -> Option<String>,
    /// For how long transitions are told: before that nothing is known.
    pub kept: Millis,
    /// Now.
    pub now: Timestamp,
}

/// What is told of a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// Whole windows.
    Windows,
    /// The latest days as well, one by one.
    Daily,
}

/// The answer about a pool and these of its subjects, as JSON.
#[must_use]
pub fn answered(grounds: &Grounds<'_>, pool: &Name, standing: &[Standing], detail: Detail) -> String {
    json::write(&shape(grounds, pool, standing, detail))
}

/// The same of every pool by the day, as a list; of each the pool alone.
#[must_use]
pub fn answered_of_all(grounds: &Grounds<'_>, pools: &[(Name, Standing)]) -> String {
    let shapes = pools
        .iter()
        .map(|(pool, standing)| shape(grounds, pool, std::slice::from_ref(standing), Detail::Daily));
    json::write(&shapes.collect::<Vec<_>>())
}

fn shape<'a>(grounds: &Grounds<'_>, pool: &'a Name, standing: &'a [Standing], detail: Detail) -> Shape<'a> {
    let Grounds { stored, kept, now } = *grounds;
    let today = now.day();
    let days: BTreeMap<u64, DayRow> = (today.saturating_sub(DAYS - 1)..=today)
        .filter_map(|day| Some((day, day_row(&stored(&key(pool.as_str(), day))?, day)?)))
        .collect();
    let away = away_row(stored).times;
    let subjects = standing.iter().map(|standing| {
        let stretches = since(stretches(standing, &days, now), now.minus(kept));
        let told = TOLD.map(|(name, days)| {
            let window = Window { from: now.minus(Millis::DAY.times(days)), to: now };
            (name, ShownShares::of(shares(&stretches, &away, window)))
        });
        let by_day =
            |shares: Shares| [shares.pass, shares.warn, shares.fail, shares.unknown].map(|ms| ms / 1_000);
        let days = (detail == Detail::Daily)
            .then(|| daily(&stretches, &away, now).into_iter().map(by_day).collect());
        ShownSubject {
            subject: &standing.subject,
            status: standing.status.as_str(),
            windows: told.into_iter().collect(),
            days,
        }
    });
    let days_from = (detail == Detail::Daily).then(|| Shown(first_day(now)));
    Shape { pool: pool.as_str(), at: Shown(now), days_from, subjects: subjects.collect() }
}

#[derive(Serialize)]
struct Shape<'a> {
    pool: &'a str,
    at: Shown<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    days_from: Option<Shown<Timestamp>>,
    subjects: Vec<ShownSubject<'a>>,
}

#[derive(Serialize)]
struct ShownSubject<'a> {
    subject: &'a str,
    status: &'static str,
    windows: BTreeMap<&'static str, ShownShares>,
    /// Of each day the seconds of pass, warn, fail and unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    days: Option<Vec<[u64; 4]>>,
}

/// Of the whole window; `availability` is of the time in which somebody knew.
#[derive(Serialize)]
struct ShownShares {
    pass: f64,
    warn: f64,
    fail: f64,
    unknown: f64,
    availability: Option<f64>,
    pass_s: u64,
    warn_s: u64,
    fail_s: u64,
    unknown_s: u64,
}

impl ShownShares {
    fn of(shares: Shares) -> Self {
        let Shares { pass, warn, fail, unknown } = shares;
        let known = pass.saturating_add(warn).saturating_add(fail);
        let all = known.saturating_add(unknown);
        Self {
            pass: share(pass, all),
            warn: share(warn, all),
            fail: share(fail, all),
            unknown: share(unknown, all),
            availability: (known > 0).then(|| share(pass.saturating_add(warn), known)),
            pass_s: pass / 1_000,
            warn_s: warn / 1_000,
            fail_s: fail / 1_000,
            unknown_s: unknown / 1_000,
        }
    }
}

/// A share in millionths, as a number from 0 to 1.
fn share(part: u64, of: u64) -> f64 {
    let millionths = u128::from(part).saturating_mul(1_000_000) / u128::from(of.max(1));
    let millionths = u32::try_from(millionths).unwrap_or(1_000_000);
    f64::from(millionths) / 1_000_000.0
}

#[cfg(test)]
mod tests;
