//! The headings of the page, and beneath each its monitors and pools side by side.
//!
//! What does not pass comes first, the rest in the order that the configuration gives.

use maud::{Markup, html};

use super::item::{Item, Look};
use super::pool;
use super::text::mark;
use crate::defaults::serve::page::{UNFOLDED, UNFOLDED_TROUBLED};
use crate::verdict::Status;

/// An item, and its place among all by severity.
type Placed<'a> = (usize, &'a Item<'a>);

/// Every heading with what stands beneath it; what has none comes last.
pub(super) fn sections(items: &[Item<'_>], look: Look<'_>) -> Markup {
    let groups = look.config.groups();
    let mut beneath: Vec<Vec<Placed<'_>>> = groups.iter().map(|_| Vec::new()).collect();
    let mut others: Vec<Placed<'_>> = Vec::new();
    for (place, item) in items.iter().enumerate() {
        let group = item.about().group.as_deref();
        let group = group.and_then(|group| groups.iter().position(|known| *known == group));
        match group.and_then(|group| beneath.get_mut(group)) {
            Some(list) => list.push((place, item)),
            None => others.push((place, item)),
        }
    }
    let open = |(place, item): &Placed<'_>| {
        items.len() <= UNFOLDED || item.status != Status::Pass && *place < UNFOLDED_TROUBLED
    };
    let named = groups.iter().zip(&beneath).enumerate();
    let ids = named.map(|(place, (group, list))| (format!("group-{place}"), *group, list));
    let rest = ("pools".to_owned(), heading(&others), &others);
    html! {
        @for (id, heading, list) in ids.chain([rest]).filter(|(id, _, list)| !list.is_empty() || id == "pools" && groups.is_empty()) {
            section.pools aria-labelledby=(id) {
                h2 id=(id) { bdi { (heading) } @if !groups.is_empty() { (troubled(list)) } }
                @for one in list { (pool::pool(one.1, open(one), look)) }
            }
        }
    }
}

/// The heading of what has no group.
fn heading(others: &[Placed<'_>]) -> &'static str {
    let monitors = others.iter().filter(|(_, item)| item.is_monitor()).count();
    match monitors {
        0 => "Pools",
        count if count == others.len() => "Monitors",
        _ => "Monitors and pools",
    }
}

/// How many of many do not pass, beside their heading.
fn troubled(list: &[Placed<'_>]) -> Markup {
    let bad = list.iter().filter(|(_, item)| item.status != Status::Pass).count();
    let worst = list.iter().map(|(_, item)| item.status).max();
    html! {
        @if let Some(worst) = worst.filter(|worst| list.len() > 1 && *worst != Status::Pass) {
            " " (mark(worst, &format!("{bad} of {}", list.len())))
        }
    }
}
