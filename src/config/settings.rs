//! The settings that origins inherit: pace, thresholds, vantages, probe and expectations, with
//! their bounds and defaults.

use super::connect::connect;
use super::expect::ExpectSlots;
use super::raw::{Field, Table};
use super::request::ProbeSlots;
use super::slot::{Level, Scope, Slot};
use super::value::duration;
use super::{Connect, Pace, Thresholds, Window};
use crate::defaults::config::settings::{
    DEFAULT_FALL, DEFAULT_FAST_INTERVAL, DEFAULT_INTERVAL, DEFAULT_RISE, DEFAULT_TIMEOUT, INTERVAL,
    MAX_WINDOW, TIMEOUT,
};
use crate::units::{Millis, Name};

pub(super) use crate::defaults::config::settings::MAX_RUN;

/// The keys of `[defaults]`; each may also be written in a pool and in an origin.
pub(super) const KEYS: [&str; 11] = [
    "interval",
    "fast_interval",
    "down_interval",
    "timeout",
    "connect",
    "fall",
    "rise",
    "window",
    "vantages",
    "probe",
    "expect",
];

/// What may be written at each level, the nearest value of each.
#[derive(Clone, Default)]
pub(super) struct Settings {
    interval: Slot<Millis>,
    fast_interval: Slot<Millis>,
    down_interval: Slot<Millis>,
    timeout: Slot<Millis>,
    /// How often a probe opens a connection of its own.
    pub connect: Slot<Connect>,
    fall: Slot<u32>,
    rise: Slot<u32>,
    window: Slot<Window>,
    /// The vantages that probe.
    pub vantages: Slot<Vec<Name>>,
    /// The request.
    pub probe: ProbeSlots,
    /// What its answer must be.
    pub expect: ExpectSlots,
}

impl Settings {
    /// These settings with what `table` says instead. `vantages` reads the one value that depends
    /// on the rest of the file.
    pub(super) fn with(
        mut self,
        table: &Table<'_>,
        level: Level,
        vantages: &dyn Fn(&Field<'_>) -> Option<Vec<Name>>,
    ) -> Self {
        let interval = |field: &Field<'_>| duration(field, INTERVAL);
        self.interval.overlay(table.get("interval"), level, interval);
        self.fast_interval.overlay(table.get("fast_interval"), level, interval);
        self.down_interval.overlay(table.get("down_interval"), level, interval);
        self.timeout.overlay(table.get("timeout"), level, |field| duration(field, TIMEOUT));
        self.connect.overlay(table.get("connect"), level, connect);
        let run = |field: &Field<'_>| field.whole(&(1..MAX_RUN.saturating_add(1)));
        self.fall.overlay(table.get("fall"), level, run);
        self.rise.overlay(table.get("rise"), level, run);
        self.window.overlay(table.get("window"), level, window);
        self.vantages.overlay(table.get("vantages"), level, vantages);
        if let Some(probe) = table.get("probe").and_then(|field| field.table()) {
            self.probe.overlay(&probe, level);
        }
        if let Some(expect) = table.get("expect").and_then(|field| field.table()) {
            self.expect.overlay(&expect, level);
        }
        self
    }

    /// When an origin is probed. Reports what does not go together.
    pub(super) fn pace(&self, scope: &Scope<'_>) -> Option<Pace> {
        let interval = self.interval.or(DEFAULT_INTERVAL)?;
        let fast_interval = self.fast_interval.or(DEFAULT_FAST_INTERVAL.min(interval));
        let timeout = self.timeout.or(DEFAULT_TIMEOUT.min(interval));
        let pairs =
            [("fast_interval", fast_interval, &self.fast_interval), ("timeout", timeout, &self.timeout)];
        for (key, length, slot) in pairs {
            if let Some(length) = length.filter(|length| *length > interval) {
                let message = format!(
                    "a {key} of {length} is over the interval of {interval}; write {key} = \"{interval}\" or \
                     less, or interval = \"{length}\" or more"
                );
                scope.refuse_pair(slot.written_as(key), self.interval.written_as("interval"), &message);
            }
        }
        let down_interval = self.down_interval.or(interval)?;
        Some(Pace {
            interval,
            fast_interval: fast_interval?,
            down_interval,
            timeout: timeout?,
            rest_interval: None,
        })
    }

    /// How many samples change a vote.
    pub(super) fn thresholds(&self) -> Option<Thresholds> {
        let fall = self.fall.or(DEFAULT_FALL)?;
        Some(Thresholds { fall, rise: self.rise.or(DEFAULT_RISE)?, window: self.window.optional().ok()? })
    }

    /// Reports what the probe or the expectations ask for in vain.
    pub(super) fn check_expect(&self, scope: &Scope<'_>) {
        self.probe.check(scope);
        self.expect.check_body(scope, &self.probe);
        self.expect.check_timings(scope);
        let default = self.interval.or(DEFAULT_INTERVAL).map(|interval| DEFAULT_TIMEOUT.min(interval));
        let timeout = self.timeout.written_as("timeout");
        let limit = if timeout.place.is_none() { default } else { self.timeout.known().copied() };
        self.expect.check_latency(scope, limit, timeout);
    }
}

/// `"3/5"`: at 3 failures within the last 5.
fn window(field: &Field<'_>) -> Option<Window> {
    let example = "failures/samples in quotes, as \"3/5\"";
    let text = field.text(example)?;
    let number = |text: &str| {
        let digits = text.bytes().all(|c| c.is_ascii_digit());
        if digits { text.parse().ok() } else { None }
    };
    let parts = text.split_once('/').and_then(|(m, n)| Some((number(m)?, number(n)?)));
    let Some((failures, of)) = parts else {
        field.refuse(format_args!("{} is not a window; write {example}", field.shown()));
        return None;
    };
    if failures < 1 || failures > of || of > MAX_WINDOW {
        let bounds =
            format!("at least 1 failure, at most as many as samples, and at most {MAX_WINDOW} samples");
        field.refuse(format_args!("{} is out of bounds; write {bounds}", field.shown()));
        return None;
    }
    Some(Window { failures, of })
}
