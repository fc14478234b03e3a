//! Routes: which host and path goes to which pool. They do not act yet.

use super::problem::{meant, quoted};
use super::raw::{Field, Table};
use super::url::{MAX_URL, dns_name, is_path_byte};
use super::value::{Given, word};
use super::{Route, Steering};
use crate::units::Name;

/// The keys of a `[[route]]`.
pub(super) const KEYS: [&str; 4] = ["host", "path", "pool", "steering"];

/// The most routes of a file; each request is held against all of them.
const MAX_ROUTES: usize = 1_000;

/// The ways to choose an origin and how they are written.
const STEERINGS: [(&str, Steering); 4] = [
    ("priority", Steering::Priority),
    ("weighted", Steering::Weighted),
    ("latency", Steering::Latency),
    ("hash", Steering::Hash),
];

/// Reads every `[[route]]`; `pools` are the names that a route may give, but for the `routeless` ones, which take no traffic.
pub(super) fn routes(file: &Table<'_>, pools: &Given, routeless: &[String]) -> Option<Vec<Route>> {
    let tables = file.tables("route");
    if tables.len() > MAX_ROUTES {
        let count = tables.len();
        file.refuse_at(
            "route",
            format_args!("is written {count} times, over the bound of {MAX_ROUTES}; write fewer"),
        );
        return None;
    }
    let mut given = Given::default();
    let read: Vec<_> = tables.iter().map(|table| route(table, (pools, routeless), &mut given)).collect();
    read.into_iter().collect()
}

fn route(table: &Table<'_>, (pools, routeless): (&Given, &[String]), given: &mut Given) -> Option<Route> {
    table.only(&KEYS);
    table.report().inactive(&table.at, table.offset());
    let host = table.get("host").map_or_else(|| Some("*".to_owned()), |field| host(&field));
    let path = table.get("path").map_or_else(|| Some("/".to_owned()), |field| path(&field));
    let example = pools.names().first().map_or("\"shop\"".to_owned(), |name| quoted(name));
    let pool = table.require("pool", &example).and_then(|field| pool(&field, pools, routeless));
    let steering = match table.get("steering") {
        Some(field) => word(&field, &STEERINGS.map(|(word, _)| word)).and_then(|place| STEERINGS.get(place)),
        None => STEERINGS.first(),
    };
    if let (Some(host), Some(path)) = (&host, &path)
        && let Some(field) = table.get("path").or_else(|| table.get("host")).or_else(|| table.get("pool"))
    {
        given.first(&format!("{host}{path}"), &field, "write another host or path, or one route");
    }
    Some(Route { host: host?, path: path?, pool: pool?, steering: steering.map(|(_, steering)| *steering)? })
}

fn host(field: &Field<'_>) -> Option<String> {
    let text = field.text("a host in quotes, as \"shop.example.com\" or \"*\"")?;
    if text == "*" {
        return Some(text.to_owned());
    }
    match dns_name(text) {
        Ok(host) => Some(host),
        Err(why) => {
            field.refuse(format_args!("{} {why}; or write \"*\" for every host", quoted(text)));
            None
        }
    }
}

fn path(field: &Field<'_>) -> Option<String> {
    let text = field.text("a path in quotes, as \"/\"")?;
    let good = text.starts_with('/') && text.len() <= MAX_URL && !text.contains(['?', '#']);
    if good && text.bytes().all(is_path_byte) {
        return Some(text.to_owned());
    }
    field.refuse(format_args!(
        "{} is not a path; write one that begins with \"/\", of visible ASCII, without query or fragment, at \
         most {MAX_URL} bytes, as \"/shop\"",
        quoted(text)
    ));
    None
}

fn pool(field: &Field<'_>, pools: &Given, routeless: &[String]) -> Option<Name> {
    let text = field.text("the name of a pool in quotes")?;
    if !pools.has(text) {
        field.refuse(format_args!(
            "{} is not a pool of this file; {}",
            quoted(text),
            meant(text, &pools.names())
        ));
        return None;
    }
    if routeless.iter().any(|name| name == text) {
        field.refuse(format_args!(
            "{} is a pool of heartbeats, which take no traffic; write a pool of origins, or delete the route",
            quoted(text)
        ));
        return None;
    }
    Name::parse(text).ok()
}
