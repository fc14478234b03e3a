//! `references`: addresses that a vantage asks before it believes that everything else fails.

use super::OriginUrl;
use super::raw::Table;
use super::url::origin_url;
use super::value::Given;
use crate::defaults::config::reference::MOST;

/// Reads the list; none if it is not written.
pub(super) fn references(file: &Table<'_>) -> Option<Vec<OriginUrl>> {
    let Some(field) = file.get("references") else { return Some(Vec::new()) };
    let items = field.list("[\"https://www.cloudflare.com/cdn-cgi/trace\"]")?;
    if items.len() > MOST {
        let count = items.len();
        field.refuse(format_args!("has {count} addresses, over the bound of {MOST}; write fewer"));
        return None;
    }
    let mut given = Given::default();
    let mut read = |item| {
        let url = origin_url(item)?;
        given.first(&url.to_string(), item, "write it once").then_some(url)
    };
    // Every item is read before the first failure is passed on, so that each is reported.
    items.iter().map(&mut read).collect::<Vec<_>>().into_iter().collect()
}
