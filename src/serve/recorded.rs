//! What is asked of the past → a question with its bounds, and the answer to it.
//!
//! A question that makes no sense is answered here, with the bound and what to write instead:
//! nothing reaches an object for it.

mod words;

use words::{not_kept, quantile, step};

use super::{Target, changes, incidents};
use crate::answer::{self, Answer};
use crate::change;
use crate::config::{Config, Retention};
use crate::defaults::serve::recorded::{
    KEEP_ANSWER, KEEP_DAYS, KEEP_INCIDENTS, LONGEST_SAMPLES, MOST_QUANTILES, SAMPLES_KEPT, USUAL_SAMPLES,
};
use crate::history::{Query, SampleQuery, Step, Window};
use crate::incident;
use crate::sample::CacheClass;
use crate::units::{Millis, Name, OriginId, Timestamp};

pub(super) use crate::defaults::serve::recorded::KEEP_CHANGES;

/// What is asked for, before it is known what time it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    pub(super) kind: Kind,
    /// The pool; of one incident its id.
    pub(super) pool: String,
    /// The origin.
    pub(super) origin: Option<String>,
    /// The query, as sent.
    pub(super) query: String,
    /// Whether the asker may see what is hidden.
    pub(super) all: bool,
}

/// Which of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    History,
    Samples,
    Availability,
    /// Of every pool by the day: the public page alone asks it.
    Everything,
    Incidents,
    Incident,
    Changes,
    Change,
    /// Those that customers are told of: the public page and the feed alone ask it.
    Lately,
}

/// A question that makes sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// Of the Arbiter: rollups.
    History(Query),
    /// Of the vantages: raw samples.
    Samples(SampleQuery),
    /// Of the Arbiter: for how long a pool, or one origin of it, stood how.
    Availability(Name, Option<Name>),
    /// The same by the day as well; without a pool of every one.
    Days(Option<Name>, Option<Name>),
    /// Of the Arbiter: incidents.
    Incidents(incident::Query),
    /// Of the Arbiter: the incidents that customers are told of.
    Lately,
    /// Of the Arbiter: one incident by its id, and whether who asks may see everything.
    Incident(String, bool),
    /// Of the Arbiter: changes of the service.
    Changes(change::Query),
    /// Of the Arbiter: one of them by its id, as Markdown or as JSON.
    Change(String, bool),
}

impl Question {
    /// How long an answer to it may be kept, in seconds.
    #[must_use]
    pub const fn keep(&self) -> u32 {
        match self {
            Self::Days(None, _) => KEEP_DAYS,
            Self::History(_) | Self::Samples(_) | Self::Availability(..) | Self::Days(Some(_), _) => {
                KEEP_ANSWER
            }
            Self::Incidents(_) | Self::Incident(..) | Self::Lately => KEEP_INCIDENTS,
            Self::Changes(_) | Self::Change(..) => KEEP_CHANGES,
        }
    }
}

/// The target of a path of these parts.
pub(super) fn recorded(kind: Kind, pool: &str, origin: Option<&str>, query: &str) -> Target {
    let (pool, origin, query) = (pool.to_owned(), origin.map(str::to_owned), query.to_owned());
    Target::Recorded(Recorded { kind, pool, origin, query, all: false })
}

/// A question that customers' pages alone ask: of everything, and of nothing that is hidden.
pub(super) const fn of_all(kind: Kind) -> Recorded {
    Recorded { kind, pool: String::new(), origin: None, query: String::new(), all: false }
}

/// What is asked for if nothing is said.
const QUANTILES: [u32; 3] = [5_000, 9_500, 9_900];

impl Recorded {
    /// Whether an old answer is better than none.
    #[must_use]
    pub const fn outlives(&self) -> bool {
        matches!(self.kind, Kind::Everything | Kind::Lately)
    }

    /// Where a program asks it: path and query.
    pub(super) fn path(&self) -> String {
        let word = match self.kind {
            Kind::History => "history",
            Kind::Samples => "samples",
            Kind::Availability | Kind::Everything => "availability",
            Kind::Incidents | Kind::Incident | Kind::Lately => "incidents",
            Kind::Changes | Kind::Change => "changes",
        };
        let origin = self.origin.iter().map(|origin| format!("/{origin}")).collect::<String>();
        let mark = if self.query.is_empty() { "" } else { "?" };
        let slash = if self.pool.is_empty() { "" } else { "/" };
        format!("v1/{word}{slash}{}{origin}{mark}{}", self.pool, self.query)
    }

    /// The answer that has this body; nothing if no object could say it, an empty text if there is
    /// nothing of that name.
    pub(super) fn answer(&self, body: Option<String>) -> Answer {
        match (self.kind, body) {
            (Kind::Incident, Some(body)) if body.is_empty() => incidents::no_incident(),
            (Kind::Incidents | Kind::Incident, body) => {
                answer(body.map(|body| incidents::chosen(body, &self.query)), KEEP_INCIDENTS)
            }
            (Kind::Changes | Kind::Change, body) => changes::answered(body, self),
            (Kind::History | Kind::Samples | Kind::Availability | Kind::Everything | Kind::Lately, body) => {
                answer(body, KEEP_ANSWER)
            }
        }
    }

    /// The pool and the origin that it names.
    pub(super) fn names(&self) -> Option<(&str, Option<&str>)> {
        match self.kind {
            Kind::History | Kind::Samples | Kind::Availability => Some((&self.pool, self.origin.as_deref())),
            Kind::Incidents
            | Kind::Incident
            | Kind::Changes
            | Kind::Change
            | Kind::Everything
            | Kind::Lately => None,
        }
    }

    /// The question, at `now`.
    ///
    /// # Errors
    /// The answer: 400 with the bound, or 404.
    pub fn question(&self, config: &Config, now: Timestamp) -> Result<Question, Answer> {
        match self.kind {
            Kind::Incidents => return incidents::list(self, config),
            Kind::Incident => return incidents::one(self, config),
            Kind::Changes => return changes::list(self),
            Kind::Change => return changes::one(self),
            Kind::Everything => return Ok(Question::Days(None, None)),
            Kind::Lately => return Ok(Question::Lately),
            Kind::History | Kind::Samples | Kind::Availability => {}
        }
        let pool = config.pool(&self.pool).map(|pool| pool.name.clone());
        let Some(pool) = pool else { return Err(super::problem::not_found()) };
        match (self.kind, &self.origin) {
            (Kind::Availability, origin) => {
                super::parameters::only(&self.query, &["days", "now"])?;
                let origin = origin.as_ref().map(|origin| id(&pool, origin)).transpose()?;
                let origin = origin.map(|id| id.origin);
                match self.parameter("days") {
                    None => Ok(Question::Availability(pool, origin)),
                    Some("90") => Ok(Question::Days(Some(pool), origin)),
                    Some(_) => Err(bad(
                        "bad-days",
                        "Bad days",
                        "The latest 90 days are told one by one. Write days=90.",
                    )),
                }
            }
            (Kind::History | Kind::Samples, None)
            | (
                Kind::Everything
                | Kind::Incidents
                | Kind::Incident
                | Kind::Lately
                | Kind::Changes
                | Kind::Change,
                _,
            ) => Err(super::problem::not_found()),
            (Kind::History, Some(origin)) => self.history(&id(&pool, origin)?, &config.history, now),
            (Kind::Samples, Some(origin)) => self.samples(&id(&pool, origin)?, now),
        }
    }

    fn history(&self, id: &OriginId, retention: &Retention, now: Timestamp) -> Result<Question, Answer> {
        super::parameters::only(
            &self.query,
            &["from", "to", "step", "quantiles", "class", "vantage", "now"],
        )?;
        let (from, to) = (self.time("from")?, self.time("to")?);
        let asked = self.parameter("step").map(|text| step(text, retention)).transpose()?;
        let span = from.map(|from| to.unwrap_or(now).since(from));
        let fits = |step: &Step| {
            let kept = step.kept(retention);
            span.is_none_or(|span| span <= kept) && now.since(from.unwrap_or(now)) <= kept
        };
        let step = asked.or_else(|| Step::ALL.into_iter().find(fits)).unwrap_or(Step::Day);
        // With nothing said, a chart of some hundred steps.
        let usual = match step {
            Step::Fine => step.length().times(72),
            Step::Hour => Millis::DAY.times(7),
            Step::Day => Millis::DAY.times(90),
        };
        let kept = step.kept(retention);
        let to = to.unwrap_or(now);
        let window = Window { from: from.unwrap_or_else(|| to.minus(usual.min(kept))), to };
        ordered(window)?;
        if window.to.since(window.from) > kept || now.since(window.from) > kept.plus(step.length()) {
            return Err(not_kept(step, retention));
        }
        if window.from > now {
            return Err(bad(
                "bad-window",
                "Bad window",
                "The window begins in the future. Write a from that has passed.",
            ));
        }
        let query = Query {
            id: id.clone(),
            window,
            step,
            quantiles: self.quantiles()?,
            class: self.class()?,
            vantage: self.vantage()?,
        };
        Ok(Question::History(query.aligned()))
    }

    fn samples(&self, id: &OriginId, now: Timestamp) -> Result<Question, Answer> {
        super::parameters::only(&self.query, &["from", "to", "cursor", "now"])?;
        let to = self.time("to")?.unwrap_or(now);
        let from = self.time("from")?.unwrap_or_else(|| to.minus(USUAL_SAMPLES));
        let mut window = Window { from, to };
        ordered(window)?;
        if window.to.since(window.from) > LONGEST_SAMPLES {
            return Err(bad(
                "bad-window",
                "Bad window",
                "Raw samples are told for at most 6h in one question. Write a from and a to that are closer, or ask /v1/history.",
            ));
        }
        if now.since(window.to) > SAMPLES_KEPT {
            return Err(bad(
                "bad-window",
                "Bad window",
                "Raw samples are kept for 1day, and the window ends before that. Write a later to, or ask /v1/history.",
            ));
        }
        if let Some(cursor) = self.parameter("cursor") {
            let at = if cursor.len() <= 16 { cursor.parse().ok().map(Timestamp::from_millis) } else { None };
            let Some(at) = at.filter(|at| *at >= window.from && *at < window.to) else {
                return Err(bad(
                    "bad-cursor",
                    "Bad cursor",
                    "The cursor is not one of this window. Write the next of the last answer, with the same from and to.",
                ));
            };
            window.from = at;
        }
        Ok(Question::Samples(SampleQuery { id: id.clone(), window }))
    }

    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        super::parameters::parameter(&self.query, name)
    }

    /// A point in time: RFC 3339 in UTC, or milliseconds since 1970.
    pub(super) fn time(&self, name: &str) -> Result<Option<Timestamp>, Answer> {
        let Some(text) = self.parameter(name) else { return Ok(None) };
        let text = text.replace("%3A", ":").replace("%3a", ":");
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let ms =
            if digits { text.parse::<u64>().ok() } else { Timestamp::parse(&text).map(Timestamp::as_millis) };
        // Seconds would be of January 1970.
        let ms = ms.filter(|ms| *ms >= 100_000_000_000 && *ms < 10_000_000_000_000);
        ms.map(|ms| Some(Timestamp::from_millis(ms))).ok_or_else(|| {
            bad(
                "bad-time",
                "Bad time",
                &format!(
                    "The parameter {name} is no point in time. Write RFC 3339 in UTC, for example {name}=2026-11-23T09:41:00Z, or milliseconds \
                     since 1970."
                ),
            )
        })
    }

    fn quantiles(&self) -> Result<Vec<u32>, Answer> {
        let Some(text) = self.parameter("quantiles") else { return Ok(QUANTILES.to_vec()) };
        let text = text.replace("%2C", ",").replace("%2c", ",");
        let told: Option<Vec<u32>> = text.split(',').map(quantile).collect();
        told.filter(|told| !told.is_empty() && told.len() <= MOST_QUANTILES).ok_or_else(|| {
            bad(
                "bad-quantiles",
                "Bad quantiles",
                "The parameter quantiles has at most 10 numbers from 0 to 1 with at most four places. Write for example \
                 quantiles=0.5,0.95,0.99.",
            )
        })
    }

    fn class(&self) -> Result<Option<CacheClass>, Answer> {
        let Some(text) = self.parameter("class") else { return Ok(None) };
        CacheClass::parse(text).map(Some).ok_or_else(|| {
            bad(
                "bad-class",
                "Bad class",
                "The parameter class is none of origin-proven, edge-only, counter-proof and unclassified.",
            )
        })
    }

    fn vantage(&self) -> Result<Option<Name>, Answer> {
        let Some(text) = self.parameter("vantage") else { return Ok(None) };
        Name::parse(text).map(Some).map_err(|_| {
            bad(
                "bad-vantage",
                "Bad vantage",
                "The parameter vantage is no name. Write one of the file, for example vantage=weur.",
            )
        })
    }
}

fn id(pool: &Name, origin: &str) -> Result<OriginId, Answer> {
    let origin = Name::parse(origin).map_err(|_| super::problem::not_found())?;
    Ok(OriginId { pool: pool.clone(), origin })
}

pub(super) fn bad(slug: &str, title: &str, detail: &str) -> Answer {
    answer::problem(400, slug, title, detail)
}

fn ordered(window: Window) -> Result<(), Answer> {
    if window.from < window.to {
        return Ok(());
    }
    Err(bad(
        "bad-window",
        "Bad window",
        "The window ends before it begins. Write a from that is earlier than to.",
    ))
}

pub(super) fn answer(body: Option<String>, keep: u32) -> Answer {
    let Some(body) = body else {
        return answer::problem(
            503,
            "history-silent",
            "History does not answer",
            "The object that keeps it did not answer in time. Ask again in a few seconds.",
        );
    };
    let headers = vec![
        ("content-type", "application/json".to_owned()),
        ("etag", super::etag(&body)),
        ("cache-control", format!("max-age={keep}")),
    ];
    Answer { status: 200, headers, body }
}
