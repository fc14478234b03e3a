//! What a snapshot has of the pools, each with its configuration.

use super::Basis;
use crate::config;
use crate::snapshot::PoolView;

/// The pools of a snapshot, each with its configuration. One that is not in the snapshot is not
/// there: it may be hidden from whoever asks.
pub(super) fn pools<'a>(
    basis: &Basis<'a>,
) -> impl Iterator<Item = (&'a config::Pool, &'a PoolView)> + use<'a> {
    let config = basis.config;
    // Both are in the same order, so the next one mostly follows the last one.
    let mut rest = config.pools.iter();
    basis.snapshot.pools.iter().filter_map(move |view| {
        let known = rest.find(|pool| pool.name == view.name);
        if known.is_none() {
            rest = config.pools.iter();
        }
        Some((known.or_else(|| config.pool(view.name.as_str()))?, view))
    })
}
