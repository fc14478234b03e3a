//! A question about history as it is asked, and its bounds.

use serde::{Deserialize, Serialize};

use super::{BUCKET, HOUR, floor};
use crate::config::Retention;
use crate::sample::CacheClass;
use crate::units::{Millis, Name, OriginId, Timestamp};

/// The length of one step of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Five minutes, for at most 48 hours.
    Fine,
    /// An hour, for at most 35 days.
    Hour,
    /// A day of UTC, for at most 400 days.
    Day,
}

impl Step {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Fine, Self::Hour, Self::Day];

    /// As it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fine => "5m",
            Self::Hour => "1h",
            Self::Day => "1d",
        }
    }

    /// How long it is.
    #[must_use]
    pub const fn length(self) -> Millis {
        match self {
            Self::Fine => BUCKET,
            Self::Hour => HOUR,
            Self::Day => Millis::DAY,
        }
    }

    /// For how long it is kept.
    #[must_use]
    pub const fn kept(self, retention: &Retention) -> Millis {
        match self {
            Self::Fine => retention.minutes,
            Self::Hour => retention.hours,
            Self::Day => retention.days,
        }
    }
}

/// A time, from a step's beginning to another's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Its first moment.
    pub from: Timestamp,
    /// The first moment after it.
    pub to: Timestamp,
}

/// What is asked of one origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// The origin.
    pub id: OriginId,
    /// The time.
    pub window: Window,
    /// The step.
    pub step: Step,
    /// In ten-thousandths, in the order of the answer.
    pub quantiles: Vec<u32>,
    /// Only this class.
    pub class: Option<CacheClass>,
    /// Only this vantage.
    pub vantage: Option<Name>,
}

impl Query {
    /// The time widened to whole steps.
    #[must_use]
    pub fn aligned(mut self) -> Self {
        let length = self.step.length();
        let last = Timestamp::from_millis(self.window.to.as_millis().saturating_sub(1));
        self.window = Window { from: floor(self.window.from, length), to: floor(last, length).plus(length) };
        self
    }

    /// It as a path: `{pool}/{origin}/{from}/{to}/{step}/{quantiles}/{class}/{vantage}`.
    #[must_use]
    pub fn path(&self) -> String {
        let quantiles: Vec<String> = self.quantiles.iter().map(u32::to_string).collect();
        let class = self.class.map_or("-", CacheClass::as_str);
        let vantage = self.vantage.as_ref().map_or("-", Name::as_str);
        let (from, to) = (self.window.from.as_millis(), self.window.to.as_millis());
        format!("{}/{from}/{to}/{}/{}/{class}/{vantage}", self.id, self.step.as_str(), quantiles.join("+"))
    }

    /// Reads such a path.
    #[must_use]
    pub fn parse(path: &str) -> Option<Self> {
        let parts: Vec<&str> = path.split('/').collect();
        let [pool, origin, from, to, step, quantiles, class, vantage] = parts.as_slice() else { return None };
        let time = |text: &str| text.parse().ok().map(Timestamp::from_millis);
        let quantiles: Option<Vec<u32>> =
            quantiles.split('+').filter(|text| !text.is_empty()).map(|text| text.parse().ok()).collect();
        let query = Self {
            id: OriginId::parse(&format!("{pool}/{origin}"))?,
            window: Window { from: time(from)?, to: time(to)? },
            step: Step::ALL.into_iter().find(|known| known.as_str() == *step)?,
            quantiles: quantiles?,
            class: if *class == "-" { None } else { Some(CacheClass::parse(class)?) },
            vantage: if *vantage == "-" { None } else { Some(Name::parse(vantage).ok()?) },
        };
        (query.path() == path).then_some(query)
    }
}
