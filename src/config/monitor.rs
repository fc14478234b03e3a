//! `[[monitor]]`: one thing, watched and told by itself. It becomes a pool of one that takes no
//! traffic, so that votes, verdicts, events and the budget need no second kind of anything.

use super::heartbeat;
use super::origin::{self, Members, Origins};
use super::presentation;
use super::raw::Table;
use super::settings::{self, Settings};
use crate::units::{Name, OriginId};

/// The keys of a monitor that say how its votes add up.
const VOTES: [&str; 7] =
    ["quorum", "min_votes", "vote_ttl", "hold_down", "max_hold", "expose_urls", "cert_warn"];

/// The keys of a monitor beside those that it inherits and those of a heartbeat.
pub(super) fn keys() -> Vec<&'static str> {
    [&["name", "kind", "url", presentation::PUBLIC], &VOTES[..], &presentation::KEYS[..]].concat()
}

/// Reads the one thing that a monitor watches; its name within the monitor is the monitor's own.
pub(super) fn members(
    table: &Table<'_>,
    name: Option<&Name>,
    origins: &mut Origins<'_>,
    defaults: &Settings,
) -> Members {
    let id = name.map(|name| OriginId { pool: name.clone(), origin: name.clone() });
    if origin::is_heartbeat(table) {
        let kept = ["name", "kind", "hold_down", "max_hold", presentation::PUBLIC];
        let own = [&kept[..], &heartbeat::OWN_KEYS[..], &presentation::KEYS[..]].concat();
        heartbeat::only(table, &own, &[&keys()[..], &settings::KEYS[..]].concat());
        return Members { origins: Vec::new(), heartbeats: vec![heartbeat::heartbeat(table, id)] };
    }
    table.only(&[&keys()[..], &settings::KEYS[..]].concat());
    Members { origins: vec![origins.alone(table, id, defaults)], heartbeats: Vec::new() }
}
