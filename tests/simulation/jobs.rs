//! Jobs that report by themselves: how they are configured, what they do, and when nobody listens.
//! Drawn apart from the rest, so that worlds without jobs are as they were.

use std::fmt::Write as _;

use fastrand::Rng;
use vedette::units::Fingerprint;

use crate::setup::{HOUR, MINUTE, Ms, SECOND, Setup};

/// A job as it is configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    pub name: &'static str,
    pub period: Ms,
    pub grace: Ms,
}

/// The pool of jobs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Jobs {
    pub hold_down: Ms,
    pub all: Vec<Job>,
}

/// Whether and when a job reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Habit {
    /// Within its period.
    Punctual,
    /// Beyond period and grace.
    Late,
    /// Several times at once.
    Doubled,
    /// Not at all.
    Silent,
}

/// Why nobody listens for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silenced {
    /// Nothing reaches the Arbiter, and nothing wakes it.
    Away,
    /// The secret is missing, so that nobody can be told from a forger.
    Deaf,
}

/// Some time.
#[derive(Clone, Copy, Debug)]
pub struct Span<T> {
    pub from: Ms,
    pub until: Ms,
    pub what: T,
}

/// What goes on about jobs in a world; nothing where there are none.
#[derive(Clone, Debug, Default)]
pub struct Doings {
    /// What each job does, by its place; punctual between.
    pub habits: Vec<(usize, Span<Habit>)>,
    pub silenced: Vec<Span<Silenced>>,
}

/// Every job that there may be.
pub const NAMES: [&str; 2] = ["j0", "j1"];

impl Job {
    pub fn limit(&self) -> Ms {
        self.period + self.grace
    }
}

impl Jobs {
    /// The jobs of every third world.
    pub fn draw(rng: &mut Rng, length: Ms) -> Self {
        if rng.u32(..3) > 0 {
            return Self::default();
        }
        // Around the 150 s from which on an absence is noticed.
        let periods: &[Ms] = if length > 24 * HOUR { &[600, 3_600, 21_600] } else { &[30, 60, 60, 120, 300] };
        let mut job = |name| Job {
            name,
            period: periods[rng.usize(..periods.len())] * SECOND,
            grace: [5, 20, 60][rng.usize(..3)] * SECOND,
        };
        let mut all: Vec<Job> = NAMES.into_iter().map(&mut job).collect();
        all.truncate(rng.usize(1..=2));
        Self { hold_down: [0, 0, 20][rng.usize(..3)] * SECOND, all }
    }

    /// The same after an edit.
    pub fn varied(&self, rng: &mut Rng) -> Self {
        let mut jobs = self.clone();
        if let Some(first) = jobs.all.first_mut() {
            match rng.u32(..4) {
                0 => first.period *= 2,
                1 => first.grace = if first.grace == 5 * SECOND { MINUTE } else { 5 * SECOND },
                2 => drop(jobs.all.remove(0)),
                _ => {}
            }
        }
        jobs
    }

    pub fn write(&self, text: &mut String) {
        if self.all.is_empty() {
            return;
        }
        // What flaps is held down on purpose, which hides whether it failed again.
        let _ = write!(
            text,
            "[[pool]]\nname = \"jobs\"\nhold_down = \"{}ms\"\nmax_hold = \"0s\"\n",
            self.hold_down
        );
        for Job { name, period, grace } in &self.all {
            let _ = write!(
                text,
                "[[pool.origin]]\nname = \"{name}\"\nkind = \"heartbeat\"\nperiod = \"{period}ms\"\ngrace = \"{grace}ms\"\n"
            );
        }
    }

    /// How long a mended world needs until every job is judged by what it does.
    pub fn settling(&self) -> Ms {
        self.all.iter().map(|job| 2 * job.limit() + self.hold_down + 5 * MINUTE).max().unwrap_or(0)
    }
}

impl Doings {
    pub fn draw(rng: &mut Rng, length: Ms, longest: Ms) -> Self {
        let mut doings = Self::default();
        for place in 0..NAMES.len() {
            let mut at = rng.u64(..length / 3);
            while at < length {
                let until = at + rng.u64(longest / 2..longest * 4);
                let what = [Habit::Late, Habit::Doubled, Habit::Silent, Habit::Silent][rng.usize(..4)];
                doings.habits.push((place, Span { from: at, until, what }));
                at = until + rng.u64(longest..length);
            }
        }
        let mut at = rng.u64(..length);
        while at < length && rng.u32(..4) > 0 {
            // Of all lengths: unnoticed, doubtful, and longer than any period.
            let lasts = [
                rng.u64(SECOND..80 * SECOND),
                rng.u64(80 * SECOND..160 * SECOND),
                rng.u64(3 * MINUTE..20 * MINUTE),
            ];
            let until = (at + lasts[rng.usize(..3)]).min(length);
            let what = if rng.u32(..3) == 0 { Silenced::Deaf } else { Silenced::Away };
            doings.silenced.push(Span { from: at, until, what });
            at = until + rng.u64(MINUTE..length / 2);
        }
        doings
    }

    pub fn habit(&self, job: usize, now: Ms) -> Habit {
        let now = |span: &Span<Habit>| (span.from..span.until).contains(&now);
        self.habits
            .iter()
            .find(|(place, span)| *place == job && now(span))
            .map_or(Habit::Punctual, |(_, span)| span.what)
    }

    pub fn silenced(&self, now: Ms) -> Option<Span<Silenced>> {
        self.silenced.iter().find(|span| (span.from..span.until).contains(&now)).copied()
    }
}

/// Whether a job reports in time once all is mended.
pub fn punctual_in_the_end(setup: &Setup, job: usize) -> bool {
    Fingerprint::of(&format!("{} {}", NAMES[job], setup.seed)).as_u64().is_multiple_of(2)
}
