//! What the Arbiter knows of jobs that report by themselves: the last heartbeat of each, and for
//! how long it was awake itself.
//!
//! Both are rows of `meta`, frozen: `heartbeat/{pool}/{origin}`, written before a heartbeat is
//! confirmed, and `awake`, written at most once a minute and only where there are heartbeats. A row
//! of a job that is no longer configured is cleared away: if it comes back, it has been told that
//! nobody listened.

use std::collections::BTreeMap;

use super::{Arbiter, Row, Table};
use crate::config::{Config, Heartbeat};
use crate::defaults::arbiter::STORE_EVERY;
use crate::heartbeat::{self, Mark, Pulse};
use crate::json;
use crate::units::{Millis, OriginId, Timestamp};
use crate::verdict::RawVerdict;

/// The key of the row that says for how long the Arbiter was awake.
const AWAKE: &str = "awake";

/// What the keys of rows of heartbeats begin with.
const PREFIX: &str = "heartbeat/";

/// Every job's last heartbeat, in the Arbiter's time.
#[derive(Clone, Debug, Default)]
pub(super) struct Heartbeats {
    /// Whether any are awaited.
    awaited: bool,
    last: BTreeMap<OriginId, Mark>,
    /// The latest look at the clock.
    now: Option<Mark>,
    /// When that was last stored.
    stored: Option<Timestamp>,
    /// Rows to clear away.
    gone: Vec<Row>,
    /// Why nobody can be heard.
    deaf: Option<String>,
}

impl Heartbeats {
    /// Those of a configuration, before anything is known of them.
    pub(super) fn of(config: &Config) -> Self {
        Self { awaited: config.heartbeats().next().is_some(), ..Self::default() }
    }

    /// Takes one stored row in, if it is one of these.
    pub(super) fn restore(&mut self, row: &Row, config: &Config) {
        let id = row.key.strip_prefix(PREFIX);
        if id.is_none() && row.key != AWAKE {
            return;
        }
        let mark = json::read::<Mark>(&row.text);
        match id.map(OriginId::parse) {
            None => self.stored = mark.map(|mark| mark.at),
            Some(Some(id)) if config.heartbeat(&id).is_some() => {
                if let Some(mark) = mark {
                    self.last.insert(id, mark);
                }
            }
            Some(_) => self.gone.push(Row { text: String::new(), ..row.clone() }),
        }
        // Each row says for how long the Arbiter had been awake; the greatest was written last, and
        // among equals the row of its own.
        let later = |mark: &Mark| match &self.now {
            Some(now) => mark.awake > now.awake || (mark.awake == now.awake && id.is_none()),
            None => true,
        };
        self.now = mark.filter(later).or(self.now);
    }

    /// When the Arbiter looked last, as far as is stored.
    pub(super) fn looked(&self) -> Option<Timestamp> {
        self.now.map(|mark| mark.at)
    }

    /// Judges a job at the latest look at the clock.
    pub(super) fn judge(&self, heartbeat: &Heartbeat, now: Timestamp) -> RawVerdict {
        heartbeat::judge(heartbeat, &self.pulse(heartbeat, now))
    }

    /// What is known of a job.
    pub(super) fn pulse(&self, heartbeat: &Heartbeat, now: Timestamp) -> Pulse<'_> {
        Pulse { last: self.last.get(&heartbeat.id).copied(), now: self.mark(now), deaf: self.deaf.as_deref() }
    }

    fn mark(&self, now: Timestamp) -> Mark {
        let first = Mark { awake: Millis::ZERO, at: now };
        self.now.map_or(first, |mark| mark.at(now))
    }

    fn row(id: Option<&OriginId>, mark: &Mark) -> Row {
        let key = id.map_or_else(|| AWAKE.to_owned(), |id| format!("{PREFIX}{id}"));
        Row { table: Table::Meta, key, text: json::write(mark) }
    }
}

impl Arbiter {
    /// Says why no heartbeat can be heard, if none can: what is silent then is no evidence.
    pub fn deafen(&mut self, why: Option<String>) {
        self.heartbeats.deaf = why;
        self.hark();
    }

    /// Looks at the clock, and takes in the heartbeat that has come with it.
    pub(super) fn listen(&mut self, beat: Option<&OriginId>, now: Timestamp, rows: &mut Vec<Row>) {
        rows.append(&mut self.heartbeats.gone);
        // While nobody can be heard, the Arbiter counts as away. What is heard all the same is not
        // lost.
        if !self.heartbeats.awaited || (self.heartbeats.deaf.is_some() && beat.is_none()) {
            return;
        }
        let away = self.heartbeats.now.is_some_and(|mark| mark.is_away(now));
        let mark = self.heartbeats.mark(now);
        self.heartbeats.now = Some(mark);
        if away {
            self.hark();
        }
        if let Some(id) = beat.filter(|id| self.config.heartbeat(id).is_some()) {
            self.heartbeats.last.insert(id.clone(), mark);
            rows.push(Heartbeats::row(Some(id), &mark));
            self.verdicts.expire(id);
        }
        let stored = self.heartbeats.stored;
        if away || stored.is_none_or(|at| now.since(at) >= STORE_EVERY) {
            self.heartbeats.stored = Some(now);
            rows.push(Heartbeats::row(None, &mark));
        }
    }

    /// Every job is to be judged anew: its deadline has moved.
    fn hark(&mut self) {
        for heartbeat in self.config.heartbeats() {
            self.verdicts.expire(&heartbeat.id);
        }
    }
}

#[cfg(test)]
mod tests;
