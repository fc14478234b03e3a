//! Pools and how their votes add up.

use super::monitor;
use super::origin::{Members, Origins};
use super::presentation;
use super::raw::{Field, Table};
use super::settings::{self, Settings};
use super::slot::{Level, Refused};
use super::usual_ttl;
use super::value::{Given, duration, percent, share, title};
use super::vantage::Declared;
use super::{Origin, Pool, Quorum};
use crate::defaults::config::pool::{CERT_WARN, DELAY, MAX_POOLS, MAX_VOTES, TTL};
use crate::units::{Millis, Name};

pub(super) use crate::defaults::config::pool::DEFAULT_MAX_HOLD;

/// The keys of a pool beside those that origins inherit, and its origins.
pub(super) const KEYS: [&str; 10] = [
    "name",
    "quorum",
    "min_votes",
    "vote_ttl",
    "hold_down",
    "max_hold",
    "failback_delay",
    "panic",
    "expose_urls",
    "cert_warn",
];

/// The key of a pool's origins.
pub(super) const ORIGIN: &str = "origin";

/// The keys of pools and of monitors in the file.
const POOL: &str = "pool";
const MONITOR: &str = "monitor";

/// Reads pools; knows what was given before.
pub(super) struct Pools<'a> {
    declared: &'a Declared,
    names: Given,
    origins: Origins<'a>,
    routeless: Vec<Routeless>,
}

/// What takes no traffic, by its name.
pub(super) struct Routeless {
    /// Its name; empty if that is not good.
    pub name: String,
    /// Whether it is a monitor; else it is a pool of heartbeats.
    pub monitor: bool,
    /// Whether it is made of heartbeats.
    pub heartbeats: bool,
}

/// The values of a pool whose bounds hang on its origins.
struct Tally<'a> {
    quorum: Option<Field<'a>>,
    min_votes: Option<Field<'a>>,
    vote_ttl: Option<Field<'a>>,
}

impl<'a> Pools<'a> {
    /// A reader that has read nothing yet.
    pub(super) fn new(declared: &'a Declared) -> Self {
        Self { declared, names: Given::default(), origins: Origins::new(declared), routeless: Vec::new() }
    }

    /// The names of the pools that were read.
    pub(super) const fn names(&self) -> &Given {
        &self.names
    }

    /// Those that take no traffic: monitors, and pools of heartbeats.
    pub(super) fn routeless(&self) -> &[Routeless] {
        &self.routeless
    }

    /// Reads every `[[monitor]]` and `[[pool]]`, in the order of the file.
    pub(super) fn read(&mut self, file: &Table<'_>, defaults: &Settings) -> Option<Vec<Pool>> {
        let of = |key: &'static str| file.tables(key).into_iter().map(move |table| (key, table));
        let mut tables: Vec<(&str, Table<'_>)> = of(MONITOR).chain(of(POOL)).collect();
        tables.sort_by_key(|(_, table)| table.offset());
        let blank = |key: &str| file.get(key).is_none_or(|field| field.value().is_array());
        if tables.is_empty() && blank(MONITOR) && blank(POOL) {
            file.refuse_at(
                POOL,
                format_args!(
                    "is missing; write at least one [[monitor]] with a name and a url, or one [[pool]] with a name \
                     and a [[pool.origin]]"
                ),
            );
        }
        if tables.len() > MAX_POOLS {
            let count = tables.len();
            let key = if tables.iter().all(|(key, _)| *key == MONITOR) { MONITOR } else { POOL };
            file.refuse_at(
                key,
                format_args!(
                    "is written {count} times, monitors and pools together, over the bound of {MAX_POOLS}; write fewer"
                ),
            );
            return None;
        }
        let read = tables.into_iter().map(|(key, table)| {
            if key == MONITOR { self.monitor(table, defaults) } else { self.pool(table, defaults) }
        });
        read.collect::<Vec<_>>().into_iter().collect()
    }

    fn monitor(&mut self, mut table: Table<'_>, defaults: &Settings) -> Option<Pool> {
        let name = title(&mut table, MONITOR, &mut self.names);
        let members = monitor::members(&table, name.as_ref(), &mut self.origins, defaults);
        let heartbeats = !members.heartbeats.is_empty();
        let called = name.as_ref().map(ToString::to_string).unwrap_or_default();
        self.routeless.push(Routeless { name: called, monitor: true, heartbeats });
        whole(&table, name, members).map(|pool| Pool { monitor: true, ..pool })
    }

    fn pool(&mut self, mut table: Table<'_>, defaults: &Settings) -> Option<Pool> {
        let name = title(&mut table, POOL, &mut self.names);
        let keys = [&KEYS[..], &[ORIGIN], &settings::KEYS[..]].concat();
        table.only(&[&keys[..], &[presentation::PUBLIC], &presentation::KEYS[..]].concat());
        let inherited = defaults.clone().with(&table, Level::Pool, &|field| self.declared.list(field));
        let members = self.origins.read(&table, name.as_ref(), &inherited);
        if !members.heartbeats.is_empty() {
            let called = name.as_ref().map(ToString::to_string).unwrap_or_default();
            self.routeless.push(Routeless { name: called, monitor: false, heartbeats: true });
            if members.origins.is_empty() {
                of_heartbeats(&table);
            }
        }
        whole(&table, name, members)
    }
}

/// A pool of these members, or a monitor of its one.
fn whole(table: &Table<'_>, name: Option<Name>, members: Members) -> Option<Pool> {
    let Members { origins, heartbeats } = members;
    let votes = Tally {
        quorum: table.get("quorum"),
        min_votes: table.get("min_votes"),
        vote_ttl: table.get("vote_ttl"),
    };
    let known: Vec<&Origin> = origins.iter().flatten().collect();
    let (quorum, min_votes) = (votes.quorum(&known), votes.min_votes(&known));
    let vote_ttl = votes.vote_ttl(&known);
    let hold_down = delay(table.get("hold_down"), Millis::ZERO);
    let max_hold = delay(table.get("max_hold"), DEFAULT_MAX_HOLD);
    let failback_delay = delay(table.get("failback_delay"), Millis::ZERO);
    let panic = table.get("panic").map(|field| share(&field).ok_or(Refused)).transpose();
    let expose_urls = table.get("expose_urls").map_or(Some(false), |field| field.flag());
    let cert_warn = inactive(table.get("cert_warn"), |field| duration(field, CERT_WARN));
    let public = presentation::public(table);
    let about = presentation::presentation(table);
    Some(Pool {
        name: name?,
        quorum: quorum?,
        min_votes: min_votes?,
        vote_ttl: vote_ttl?,
        hold_down: hold_down?,
        max_hold: max_hold?,
        failback_delay: failback_delay?,
        panic: panic.ok()?,
        expose_urls: expose_urls?,
        cert_warn: cert_warn.ok()?,
        origins: origins.into_iter().collect::<Option<_>>()?,
        heartbeats: heartbeats.into_iter().collect::<Option<_>>()?,
        monitor: false,
        hidden: !public?,
        about: about?,
    })
}

/// Refuses what says nothing about heartbeats: there is one voter, nobody probes, and no traffic
/// goes there.
fn of_heartbeats(table: &Table<'_>) {
    let kept = ["name", "hold_down", "max_hold"];
    for (key, field) in table.entries() {
        if (KEYS.contains(&key) || settings::KEYS.contains(&key)) && !kept.contains(&key) {
            field.refuse(format_args!(
                "says nothing about heartbeats, which are not probed, have one voter and take no traffic; delete it"
            ));
        }
    }
}

/// A delay, or what it is if it is not written.
fn delay(field: Option<Field<'_>>, default: Millis) -> Option<Millis> {
    field.map_or(Some(default), |field| duration(&field, DELAY))
}

/// A value that does not act yet, if it is written.
fn inactive<T>(
    field: Option<Field<'_>>,
    read: impl Fn(&Field<'_>) -> Option<T>,
) -> Result<Option<T>, Refused> {
    let Some(field) = field else { return Ok(None) };
    field.inactive();
    read(&field).map(Some).ok_or(Refused)
}

impl Tally<'_> {
    fn quorum(&self, origins: &[&Origin]) -> Option<Quorum> {
        let Some(field) = &self.quorum else { return Some(Quorum::Majority) };
        match field.as_text() {
            Some("any") => Some(Quorum::Any),
            Some("majority") => Some(Quorum::Majority),
            Some("all") => Some(Quorum::All),
            Some(text) if percent(text).is_some() => percent(text).map(Quorum::Share),
            None if field.value().is_integer() => count(field, origins).map(Quorum::Count),
            Some(_) | None => {
                let words = "\"any\", \"majority\", \"all\", a count as 2, or a share as \"60%\"";
                field.refuse(format_args!("{} is not a quorum; write {words}", field.shown()));
                None
            }
        }
    }

    fn min_votes(&self, origins: &[&Origin]) -> Option<u32> {
        match &self.min_votes {
            Some(field) => count(field, origins),
            None => Some(fewest(origins).map_or(1, |(votes, _)| votes.min(2))),
        }
    }

    /// A vote must outlive the pause until its next evidence, at whichever pace is the slower.
    fn vote_ttl(&self, origins: &[&Origin]) -> Option<Millis> {
        let slower = |origin: &Origin| origin.pace.interval.max(origin.pace.down_interval);
        let pause = |origin: &Origin| slower(origin).plus(origin.pace.timeout);
        let Some(field) = &self.vote_ttl else {
            return Some(usual_ttl(origins.iter().copied()));
        };
        let ttl = duration(field, TTL)?;
        let slowest = origins.iter().max_by_key(|origin| pause(origin));
        if let Some(origin) = slowest.filter(|origin| pause(origin) > ttl) {
            let (shown, name, least) = (field.shown(), &origin.id.origin, pause(origin));
            field.refuse(format_args!(
                "{shown} is below the longest pause between two results of origin {name} (interval and \
                 timeout, {least}), so votes would expire in between; write \"{least}\" or more"
            ));
            return None;
        }
        Some(ttl)
    }
}

/// A number of votes: at least one, at most as many as there are vantages.
fn count(field: &Field<'_>, origins: &[&Origin]) -> Option<u32> {
    let count = field.whole(&(1..MAX_VOTES.saturating_add(1)))?;
    if let Some((most, origin)) = fewest(origins).filter(|(most, _)| count > *most) {
        let name = &origin.id.origin;
        let vantages = if most == 1 { "one vantage" } else { "vantages" };
        let most_text = if most == 1 { String::new() } else { format!("{most} ") };
        field.refuse(format_args!(
            "{count} is more than the {most_text}{vantages} of origin {name}; write at most {most}, or \
             give it more vantages"
        ));
        return None;
    }
    Some(count)
}

/// The origin with the fewest vantages, and their number.
fn fewest<'a>(origins: &[&'a Origin]) -> Option<(u32, &'a Origin)> {
    let counts =
        origins.iter().map(|origin| (u32::try_from(origin.vantages.len()).unwrap_or(u32::MAX), *origin));
    counts.min_by_key(|(count, _)| *count)
}
