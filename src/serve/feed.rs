//! Outages → an Atom feed (RFC 4287), in customers' words. An entry keeps its id when its outage
//! ends, and says so in its title.

use super::badge::escaped;
use super::{Basis, freshness, page};
use crate::answer::Answer;
use crate::snapshot::{TimelineEntry, timeline};
use crate::units::{Fingerprint, Timestamp};

/// Entries at most.
const MOST: usize = 30;

/// The feed.
pub(super) fn answer(basis: &Basis<'_>) -> Answer {
    let Basis { snapshot, config, now, .. } = *basis;
    let entries = timeline(&snapshot.events, &snapshot.pools);
    let told: Vec<(&TimelineEntry<'_>, String)> = entries
        .iter()
        .filter_map(|entry| Some((entry, page::public::told(entry, config, now)?)))
        .take(MOST)
        .collect();
    let root = config.public_url.as_ref().map(|url| url.to_string().trim_end_matches('/').to_owned());
    let updated =
        told.iter().map(|(entry, _)| entry.ended.unwrap_or(entry.begun)).max().unwrap_or(snapshot.taken_at);
    let name = page::name(config);
    let mut body =
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\">\n"
            .to_owned();
    let mut line = |text: String| {
        body.push_str(&text);
        body.push('\n');
    };
    line(format!("<id>{}</id>", id(root.as_deref(), name)));
    line(format!("<title>{}</title>", escaped(name)));
    line(format!("<updated>{updated}</updated>"));
    line(format!("<author><name>{}</name></author>", escaped(name)));
    if let Some(root) = &root {
        let root = escaped(root);
        line(format!("<link rel=\"self\" type=\"application/atom+xml\" href=\"{root}/feed.atom\"/>"));
        line(format!("<link rel=\"alternate\" type=\"text/html\" href=\"{root}/status\"/>"));
    }
    for (entry, title) in &told {
        line(self::entry(entry, title, root.as_deref()));
    }
    body.push_str("</feed>\n");
    let origins = snapshot.pools.iter().flat_map(|pool| &pool.origins);
    let mut headers = freshness(snapshot.taken_at, origins, now);
    headers.retain(|(name, _)| *name != "cache-control");
    headers.push(("cache-control", "max-age=60".to_owned()));
    headers.push(("content-type", "application/atom+xml; charset=utf-8".to_owned()));
    headers.push(("etag", super::etag(&body)));
    Answer { status: 200, headers, body }
}

/// What the feed is called for ever: its address, or a name of what it is about.
fn id(root: Option<&str>, name: &str) -> String {
    match root {
        Some(root) => format!("{}/feed.atom", escaped(root)),
        None => format!("urn:vedette:feed:{}", Fingerprint::of(name)),
    }
}

fn entry(entry: &TimelineEntry<'_>, title: &str, root: Option<&str>) -> String {
    let (pool, begun): (&str, Timestamp) = (entry.cause.pool(), entry.begun);
    let updated = entry.ended.unwrap_or(begun);
    let title = escaped(title);
    let since = match entry.ended {
        Some(ended) => format!("From {begun} to {ended}."),
        None => format!("Since {begun}."),
    };
    let link = root.map_or_else(String::new, |root| {
        format!(
            "<link rel=\"alternate\" type=\"text/html\" href=\"{}/status#service-{pool}\"/>",
            escaped(root)
        )
    });
    format!(
        "<entry><id>urn:vedette:outage:{pool}:{}</id><title>{title}</title><published>{begun}</published>\
         <updated>{updated}</updated>{link}<content type=\"text\">{title}. {since}</content></entry>",
        begun.as_millis()
    )
}
