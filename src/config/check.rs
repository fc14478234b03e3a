//! The whole file: its plan, defaults, vantages, pools and routes, held to their bounds and to one
//! another.
//!
//! Reading goes on past every problem, so that all of them are reported at once; a [`Config`] comes
//! of it only if there is none.

use super::pool::{self, Pools};
use super::problem::Homes;
use super::raw::{Report, Table};
use super::settings::{self, Settings};
use super::slot::Level;
use super::value::word;
use super::vantage::{self, Declared};
use super::{
    Config, Hint, MAX_BYTES, Place, Plan, Problems, Vantage, access, canon, expect, heartbeat, history,
    incidents, notify, origin, page, presentation, purge, reference, request, route, syntax,
};
use crate::units::Fingerprint;

/// The keys of the file.
pub(super) const KEYS: [&str; 16] = [
    "plan",
    "arbiter_location",
    "public_url",
    "references",
    "heartbeat_secret",
    "defaults",
    "vantage",
    "monitor",
    "pool",
    "route",
    "notify",
    "page",
    "access",
    "incidents",
    "purge",
    "history",
];

/// Where every setting of the file belongs.
const HOMES: Homes = &[
    (&KEYS, "at the top level of the file"),
    (&settings::KEYS, "in [defaults], [[monitor]], [[pool]] or [[pool.origin]]"),
    (&vantage::KEYS, "in [[vantage]]"),
    (&pool::KEYS, "in [[pool]]"),
    (&[pool::ORIGIN], "as [[pool.origin]]"),
    (&origin::KEYS, "in [[pool.origin]]"),
    (&request::KEYS, "in probe"),
    (&expect::KEYS, "in expect"),
    (&route::KEYS, "in [[route]]"),
    (&heartbeat::OWN_KEYS, "in a [[monitor]] or [[pool.origin]] with kind = \"heartbeat\""),
    (&notify::KEYS, "in [[notify]]"),
    (&presentation::KEYS, "in [[monitor]] or [[pool]]"),
    (&[presentation::PUBLIC], "in [[monitor]] or [[pool]]"),
    (&page::KEYS, "in [page]"),
    (&access::KEYS, "in [access]"),
    (&incidents::KEYS, "in [incidents]"),
    (&purge::KEYS, "in [purge]"),
    (&history::KEYS, "in [history]"),
];

/// The place of the Arbiter if neither the file nor a vantage names one.
const DEFAULT_LOCATION: &str = "weur";

/// Reads and checks a configuration.
pub(super) fn config(text: &str) -> Result<Config, Problems> {
    let report = Report::new(text, HOMES);
    if text.len() > MAX_BYTES {
        let size = text.len();
        let message = format!(
            "the file has {size} bytes, over the bound of {MAX_BYTES}; write a logo by its path, or split the deployment"
        );
        report.refuse("", None, message);
        return report.judge(None);
    }
    let tree = syntax::tree(text, &report);
    let config = tree.as_ref().and_then(|tree| whole(&Table::root(tree, &report)));
    report.judge(config)
}

fn whole(file: &Table<'_>) -> Option<Config> {
    file.only(&KEYS);
    let plan = plan(file);
    let location = file.get("arbiter_location").map(|field| {
        let place = word(&field, &Hint::KNOWN)?;
        Hint::KNOWN.get(place).and_then(|known| Hint::parse(known))
    });
    let references = reference::references(file);
    let declared = Declared::read(file);
    let defaults = defaults(file, &declared);
    let mut reader = Pools::new(&declared);
    let pools = reader.read(file, &defaults);
    let jobs = reader.routeless().iter().any(|known| known.heartbeats);
    let heartbeat_secret = heartbeat::secret(file, jobs);
    let channels = notify::channels(file, &reader);
    let page = page::page(file, pools.as_deref(), reader.names());
    let access = access::access(file, pools.as_deref());
    let incidents = incidents::incidents(file);
    let cdn = purge::cdn(file);
    let history = history::retention(file);
    let public_url = notify::public_url(file);
    let known = route::Known {
        names: reader.names(),
        routeless: reader.routeless(),
        pools: pools.as_deref(),
        public_url: public_url.as_ref().ok().and_then(Option::as_ref),
    };
    let routes = route::routes(file, &known);

    let pools = pools?;
    let vantages = declared.used(&pools);
    let mut config = Config {
        hash: Fingerprint::of(""),
        plan: plan?,
        arbiter_location: location.unwrap_or_else(|| nearest(&vantages))?,
        references: references?,
        vantages,
        pools,
        routes: routes?,
        heartbeat_secret: heartbeat_secret?,
        notify: channels?,
        public_url: public_url.ok()?,
        page: page?,
        access: access?,
        incidents: incidents?,
        cdn: cdn.ok()?,
        history: history?,
        not_active: file.report().take_inactive(),
    };
    config.hash = canon::hash(&config);
    Some(config)
}

fn plan(file: &Table<'_>) -> Option<Plan> {
    let Some(field) = file.get("plan") else { return Some(Plan::Free) };
    let place = word(&field, &["free", "paid"])?;
    [Plan::Free, Plan::Paid].get(place).copied()
}

fn defaults(file: &Table<'_>, declared: &Declared) -> Settings {
    let Some(table) = file.get("defaults").and_then(|field| field.table()) else {
        return Settings::default();
    };
    table.only(&settings::KEYS);
    Settings::default().with(&table, Level::Defaults, &|field| declared.list(field))
}

/// The place of the first vantage that has one.
fn nearest(vantages: &[Vantage]) -> Option<Hint> {
    let place = |vantage: &Vantage| match &vantage.place {
        Place::Hint(hint) => Some(*hint),
        Place::Service(_) => None,
    };
    vantages.iter().find_map(place).or_else(|| Hint::parse(DEFAULT_LOCATION))
}
