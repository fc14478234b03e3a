//! Origins of a pool, with everything they inherit.

use super::canon;
use super::heartbeat;
use super::presentation::{self, Presentation};
use super::raw::{Report, Table};
use super::settings::{self, Settings};
use super::slot::{Level, Scope};
use super::url::origin_url;
use super::value::{Given, title, word};
use super::vantage::Declared;
use super::{Connect, Heartbeat, Origin, OriginUrl};
use crate::defaults::config::origin::MAX_ORIGINS;
use crate::units::{Fingerprint, Name, OriginId};

pub(super) use crate::defaults::config::origin::{MAX_PRIORITY, MAX_WEIGHT};

/// The vantage that probes if none is written.
const DEFAULT_VANTAGE: &str = "weur";

/// The keys of an origin beside those that it inherits.
pub(super) const KEYS: [&str; 5] = ["name", "kind", "url", "priority", "weight"];

/// What an origin may be.
pub(super) const KINDS: [&str; 2] = ["http", "heartbeat"];

/// What a pool is made of: the one or the other. Nothing stands in the place of what was refused.
#[derive(Default)]
pub(super) struct Members {
    /// Origins that are probed.
    pub origins: Vec<Option<Origin>>,
    /// Jobs whose heartbeats are awaited.
    pub heartbeats: Vec<Option<Heartbeat>>,
}

/// Reads origins; counts them.
pub(super) struct Origins<'a> {
    declared: &'a Declared,
    count: usize,
}

impl<'a> Origins<'a> {
    /// A reader that has read nothing yet.
    pub(super) const fn new(declared: &'a Declared) -> Self {
        Self { declared, count: 0 }
    }

    /// Reads every `[[pool.origin]]` of a pool.
    pub(super) fn read(&mut self, pool: &Table<'_>, name: Option<&Name>, inherited: &Settings) -> Members {
        let tables = pool.tables("origin");
        if tables.is_empty() && pool.get("origin").is_none_or(|field| field.value().is_array()) {
            pool.refuse_at(
                "origin",
                format_args!("is missing; write at least one [[pool.origin]] with a name and a url"),
            );
        }
        self.count = self.count.saturating_add(tables.len());
        if self.count > MAX_ORIGINS {
            let message =
                format!("is over the bound of {MAX_ORIGINS} origins in all pools; split the deployment");
            pool.refuse_at("origin", format_args!("{message}"));
            return Members::default();
        }
        let (mut names, mut urls) = (Given::default(), Given::default());
        let mut members = Members::default();
        for mut table in tables {
            let own = title(&mut table, "origin", &mut names);
            if is_heartbeat(&table) {
                let id = name.cloned().zip(own).map(|(pool, origin)| OriginId { pool, origin });
                members.heartbeats.push(heartbeat::member(&table, id));
                if !members.origins.is_empty() {
                    mixed(&table);
                }
                continue;
            }
            if !members.heartbeats.is_empty() {
                mixed(&table);
            }
            let url =
                table.require("url", "\"https://shop.example.com\"").and_then(|field| origin_url(&field));
            let draft = self.origin(&table, pool, inherited);
            let about = presentation::presentation(&table);
            let url =
                url.zip(draft.as_ref()).and_then(|(url, draft)| distinct(url, draft, &table, &mut urls));
            let id = name.cloned().zip(own).map(|(pool, origin)| OriginId { pool, origin });
            members.origins.push(draft.and_then(|draft| draft.named(id?, url?, about?)));
        }
        members
    }

    fn origin(&self, table: &Table<'_>, pool: &Table<'_>, inherited: &Settings) -> Option<Draft> {
        table.only(&[&KEYS[..], &settings::KEYS[..], &presentation::ORIGIN_KEYS[..]].concat());
        let draft = self.draft(table, &pool.at, inherited);
        let priority =
            table.get("priority").map_or(Some(0), |field| field.whole(&(0..MAX_PRIORITY.saturating_add(1))));
        let weight =
            table.get("weight").map_or(Some(1), |field| field.whole(&(0..MAX_WEIGHT.saturating_add(1))));
        let (priority, weight) = (priority?, weight?);
        draft.map(|draft| Draft { priority, weight, ..draft })
    }

    /// Reads the origin that is all of a monitor: it stands in for nobody.
    pub(super) fn alone(
        &mut self,
        table: &Table<'_>,
        id: Option<OriginId>,
        defaults: &Settings,
    ) -> Option<Origin> {
        self.count = self.count.saturating_add(1);
        let url = table.require("url", "\"https://shop.example.com\"").and_then(|field| origin_url(&field));
        let draft = self.draft(table, &table.at, defaults);
        draft?.named(id?, url?, Presentation::default())
    }

    /// Reads what is probed, and how.
    fn draft(&self, table: &Table<'_>, pool: &str, inherited: &Settings) -> Option<Draft> {
        let settings = inherited.clone().with(table, Level::Origin, &|field| self.declared.list(field));
        let report: &Report<'_> = table.report();
        let scope = Scope { pool, origin: &table.at, report };
        settings.check_expect(&scope);
        Some(Draft { priority: 0, weight: 1, pace: settings.pace(&scope)?, settings })
    }
}

/// An origin without its name and address.
struct Draft {
    priority: u32,
    weight: u32,
    pace: super::Pace,
    settings: Settings,
}

impl Draft {
    fn named(self, id: OriginId, url: OriginUrl, about: Presentation) -> Option<Origin> {
        let mut origin = Origin {
            id,
            url,
            priority: self.priority,
            weight: self.weight,
            pace: self.pace,
            connect: self.settings.connect.or(Connect::Usual)?,
            thresholds: self.settings.thresholds()?,
            vantages: self.settings.vantages.or(vec![Name::parse(DEFAULT_VANTAGE).ok()?])?,
            probe: self.settings.probe.whole()?,
            expect: self.settings.expect.whole()?,
            definition: Fingerprint::of(""),
            about,
        };
        origin.definition = canon::definition(&origin);
        Some(origin)
    }
}

/// Whether a table is a heartbeat. A word that is not known counts as what the other keys look
/// like, so that no further problem is reported about what nobody meant.
pub(super) fn is_heartbeat(table: &Table<'_>) -> bool {
    let Some(field) = table.get("kind") else { return false };
    match word(&field, &KINDS) {
        Some(place) => place == 1,
        None => table.get("url").is_none(),
    }
}

/// Refuses what stands beside its other.
fn mixed(table: &Table<'_>) {
    table.refuse_at(
        "kind",
        format_args!(
            "differs from that of the origins before it; heartbeats take no traffic, so write them in a pool of their own"
        ),
    );
}

/// The address of an origin, unless another one of its pool is asked for the same there: they could
/// not stand in for one another.
fn distinct(url: OriginUrl, draft: &Draft, table: &Table<'_>, urls: &mut Given) -> Option<OriginUrl> {
    let path = draft.settings.probe.path()?;
    // Of the usual path only the address is said.
    let asked = if path == "/" { url.to_string() } else { format!("{url}{path}") };
    let way_out = "write another address or probe.path, or one origin";
    urls.first(&asked, &table.get("url")?, way_out).then_some(url)
}
