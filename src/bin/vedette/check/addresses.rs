//! Addresses that stand in two places: often one of them was meant to be another.

use std::collections::BTreeMap;

use serde::Serialize;
use vedette::config::Config;

/// An address, and the paths of the settings where it stands.
#[derive(Serialize)]
pub(super) struct Shared {
    /// Address and path, without a query: that may be a credential.
    address: String,
    /// Where it stands: `monitor.memo`, `pool.shop.origin.primary`.
    at: Vec<String>,
}

/// Every address that is probed at one path from two places or more, in its own order.
pub(super) fn shared(config: &Config) -> Vec<Shared> {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for origin in config.origins() {
        let target = [&origin.url.to_string(), &*origin.probe.path].concat();
        places.entry(target).or_default().push(config.path(&origin.id));
    }
    let shared = places.into_iter().filter(|(_, at)| at.len() > 1).map(|(target, at)| {
        let address = target.split('?').next().unwrap_or_default().to_owned();
        Shared { address, at }
    });
    shared.collect()
}

/// The same in words.
pub(super) fn lines(config: &Config) -> Vec<String> {
    let shared = shared(config);
    if shared.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![String::new(), "addresses in two places, each probed by itself".to_owned()];
    lines.extend(shared.iter().map(|Shared { address, at }| format!("  {address}: {}", at.join(", "))));
    lines
}
