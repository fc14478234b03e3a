//! The page of one pool, origin or monitor as it is asked for, and what of the past it is made of.
//!
//! What a page asks is written as a program would ask it of `/v1/`: its figures link there, and are
//! parsed from the same answer.

use super::recorded::{Kind, Recorded, of_all};
use super::{Target, View, parameters};
use crate::answer::{self, Answer};
use crate::config::{Config, Retention, Subject};
use crate::history::{Step, Window, floor};
use crate::units::Timestamp;

/// A page about one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dossier {
    /// Of what kind its address is.
    pub(super) kind: Whose,
    /// The pool or the monitor.
    pub(super) pool: String,
    /// The origin; the whole pool if none.
    pub(super) origin: Option<String>,
    /// The time that its charts are of.
    pub(super) span: Span,
}

/// Whose page it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    Pool,
    Origin,
    Monitor,
}

/// The time that charts are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Span {
    Hours6,
    Hours24,
    Days7,
    Days30,
    Days90,
}

impl Span {
    /// Every one, the shortest first.
    pub(super) const ALL: [Self; 5] = [Self::Hours6, Self::Hours24, Self::Days7, Self::Days30, Self::Days90];

    /// As it is written in an address.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Hours6 => "6h",
            Self::Hours24 => "24h",
            Self::Days7 => "7d",
            Self::Days30 => "30d",
            Self::Days90 => "90d",
        }
    }

    /// Its steps, and how many of them.
    pub(super) const fn steps(self) -> (Step, u64) {
        match self {
            Self::Hours6 => (Step::Fine, 72),
            Self::Hours24 => (Step::Fine, 288),
            Self::Days7 => (Step::Hour, 168),
            Self::Days30 => (Step::Day, 30),
            Self::Days90 => (Step::Day, 90),
        }
    }

    /// The window that ends with the step of `now`, as far as it is kept.
    pub(super) fn window(self, retention: &Retention, now: Timestamp) -> Window {
        let (usual, count) = self.steps();
        let step = self.step(retention);
        let (length, span) = (step.length(), usual.length().times(count).min(step.kept(retention)));
        let to = floor(now, length).plus(length);
        Window { from: to.minus(length.times(span.get() / length.get().max(1))), to }
    }

    /// The step by which it is told: a coarser one than usual where that is not kept for so long.
    pub(super) fn step(self, retention: &Retention) -> Step {
        let (usual, count) = self.steps();
        let span = usual.length().times(count);
        let fits = |step: &Step| step.length() >= usual.length() && step.kept(retention) >= span;
        Step::ALL.into_iter().find(fits).unwrap_or(Step::Day)
    }
}

/// The target of such a page.
///
/// # Errors
/// 400 for a window that is none, or a parameter that is not known.
pub(super) fn dossier(kind: Whose, pool: &str, origin: Option<&str>, query: &str) -> Result<Target, Answer> {
    parameters::only(query, &["window", "now"])?;
    let span = match parameters::parameter(query, "window") {
        None => Some(Span::Hours24),
        Some(text) => Span::ALL.into_iter().find(|span| span.as_str() == text),
    };
    let Some(span) = span else {
        return Err(answer::problem(
            400,
            "bad-window",
            "Bad window",
            "The parameter window is 6h, 24h, 7d, 30d or 90d. /v1/history takes any from and to.",
        ));
    };
    let (pool, origin) = (pool.to_owned(), origin.map(str::to_owned));
    Ok(Target::View(View::Dossier(Dossier { kind, pool, origin, span })))
}

impl Dossier {
    /// The origin whose measurements are charted: that of the address, or all of a monitor.
    pub(super) fn charted(&self) -> Option<&str> {
        match self.kind {
            Whose::Pool => None,
            Whose::Origin => self.origin.as_deref(),
            Whose::Monitor => Some(&self.pool),
        }
    }

    /// 404 for the page of a monitor that is a pool.
    pub(super) fn refused(&self, config: &Config) -> Option<Answer> {
        let is_monitor = config.pool(&self.pool).is_some_and(|pool| pool.monitor);
        (self.kind == Whose::Monitor && !is_monitor).then(|| {
            answer::problem(
                404,
                "not-a-monitor",
                "Not a monitor",
                "This is a pool. Its page is /pool/{pool}.",
            )
        })
    }

    /// What measured it, as it is asked of `/v1/history`; nothing of what reports by itself.
    pub(super) fn history(&self, config: &Config, now: Timestamp) -> Option<Recorded> {
        let origin = self.charted()?;
        let mut subjects = config.pool(&self.pool)?.subjects();
        subjects.find(|one| matches!(one, Subject::Origin(_)) && one.id().origin.as_str() == origin)?;
        let Window { from, to } = self.span.window(&config.history, now);
        let query = format!("from={from}&to={to}&step={}", self.span.step(&config.history).as_str());
        Some(Recorded {
            kind: Kind::History,
            pool: self.pool.clone(),
            origin: Some(origin.to_owned()),
            query,
            all: false,
        })
    }

    /// How it stood, as it is asked of `/v1/availability`.
    pub(super) fn availability(&self) -> Recorded {
        let origin = self.origin.clone();
        Recorded {
            kind: Kind::Availability,
            pool: self.pool.clone(),
            origin,
            query: "days=90".to_owned(),
            all: false,
        }
    }
}

/// What a view is made of besides a snapshot, in the order of [`super::Basis::past`].
#[must_use]
pub fn asks(view: &View, config: &Config, now: Timestamp) -> Vec<Recorded> {
    match view {
        View::Dossier(dossier) => {
            std::iter::once(dossier.availability()).chain(dossier.history(config, now)).collect()
        }
        View::Chronicle(chronicle) => chronicle.asks(),
        View::Changes(page) => page.asks(),
        View::Status => [Kind::Everything, Kind::Lately].map(of_all).into(),
        View::Feed => vec![of_all(Kind::Lately)],
        View::Badge(badge) => badge.asks().into_iter().collect(),
        View::Health { .. }
        | View::Signal { .. }
        | View::Ready { .. }
        | View::Metrics { .. }
        | View::Api(_)
        | View::Announcement
        | View::Page => Vec::new(),
    }
}
