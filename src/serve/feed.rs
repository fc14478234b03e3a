//! Incidents → an Atom feed (RFC 4287), in customers' words. An entry keeps its id for ever. What
//! is noted, that it closes and that it opens again moves its `updated`, and nothing else does.

use std::fmt::Write;

use super::Basis;
use super::badge::escaped;
use super::page::{self, public};
use crate::answer::{self, Answer};
use crate::config::Config;
use crate::incident::{Lately, Told};
use crate::units::{Fingerprint, Timestamp};

/// When a feed without entries was updated: a feed needs such a time, and nothing ever happened.
const NEVER: Timestamp = Timestamp::from_millis(0);

/// The feed; 503 while nobody can say what happened. A feed without entries would say that nothing
/// did.
pub(super) fn answer(basis: &Basis<'_>) -> Answer {
    let config = basis.config;
    let Some(lately) = basis.past.first().copied().flatten().and_then(Lately::read) else {
        return answer::problem(
            503,
            "incidents-silent",
            "Incidents are not known",
            "What keeps the incidents did not answer in time. Ask again in a few seconds.",
        );
    };
    let told: Vec<&Told> = public::shown(&lately, config).collect();
    let root = config.public_url.as_ref().map(|url| escaped(url.to_string().trim_end_matches('/')));
    let updated = told.iter().map(|one| one.updated).max().unwrap_or(NEVER);
    let name = page::name(config);
    let title = escaped(name);
    let id = match &root {
        Some(root) => format!("{root}/feed.atom"),
        None => format!("urn:vedette:feed:{}", Fingerprint::of(name)),
    };
    let mut body = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\">\n<id>{id}</id>\n\
         <title>{title}</title>\n<updated>{updated}</updated>\n<author><name>{title}</name></author>\n"
    );
    if let Some(root) = &root {
        body.push_str(&format!(
            "<link rel=\"self\" type=\"application/atom+xml\" href=\"{root}/feed.atom\"/>\n\
             <link rel=\"alternate\" type=\"text/html\" href=\"{root}/status\"/>\n"
        ));
    }
    for one in told {
        body.push_str(&entry(one, config, root.as_deref()));
    }
    body.push_str("</feed>\n");
    let headers = vec![
        ("cache-control", "max-age=60".to_owned()),
        ("content-type", "application/atom+xml; charset=utf-8".to_owned()),
        ("etag", super::etag(&body)),
    ];
    Answer { status: 200, headers, body }
}

fn entry(one: &Told, config: &Config, root: Option<&str>) -> String {
    let Told { id, opened, updated, .. } = one;
    let title = escaped(&public::told(one, config));
    let link = root.map_or_else(String::new, |root| {
        format!("<link rel=\"alternate\" type=\"text/html\" href=\"{root}/status#incident-{id}\"/>")
    });
    let mut content = match one.closed {
        Some(closed) => format!("{title}. From {opened} to {closed}."),
        None => format!("{title}. Since {opened}."),
    };
    for note in &one.notes {
        let lines: Vec<String> = note.text.lines().map(escaped).collect();
        // Writing to a text does not fail.
        let _ = write!(content, "\n\n{}: {}", note.at, lines.join("\n"));
    }
    format!(
        "<entry><id>urn:vedette:incident:{id}</id><title>{title}</title><published>{opened}</published>\
         <updated>{updated}</updated>{link}<content type=\"text\">{content}</content></entry>\n"
    )
}
