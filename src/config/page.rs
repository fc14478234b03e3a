//! `[page]`: what the page for people is called, where it leads, and in which order things stand on
//! it. It also says in which language and time zone its dates are.
//!
//! The worker has no table of time zones: names are checked here, and the page's own script turns
//! times. Without it they are in UTC.

mod logo;

use serde::{Deserialize, Serialize};

use super::presentation::{MAX_TITLE, line, link};
use super::problem::{meant, quoted};
use super::raw::{Field, Table};
use super::value::Given;
use super::{Config, Pool};
use crate::units::Name;

use logo::logo;

pub(super) use crate::defaults::config::page::MAX_LINKS;

/// The keys of `[page]`.
pub(super) const KEYS: [&str; 7] = ["title", "logo", "links", "language", "time_zone", "groups", "order"];

/// The keys of a link.
pub(super) const LINK_KEYS: [&str; 2] = ["text", "url"];

/// The languages that dates may be in: those of CLDR's modern coverage, which browsers bring
/// (<https://cldr.unicode.org/index/cldr-spec/coverage-levels>).
const LANGUAGES: &str = include_str!("page/languages.txt");

/// The names of the IANA time zone database, links among them
/// (<https://www.iana.org/time-zones>).
const ZONES: &str = include_str!("page/zones.txt");

/// The page that people see.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Page {
    /// What it is called (1 to 80 characters); `Vedette` if nothing is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// A picture beside the title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logo: Option<Logo>,
    /// Where it leads (at most 8).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<Link>,
    /// The language of dates, a tag of BCP 47.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// The time zone of dates, by its IANA name; UTC if nothing is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// Headings in their order; those that are not named follow in the order of the file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// Monitors and pools in their order beneath a heading; the rest follows in that of the file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub order: Vec<Name>,
}

/// A picture of the page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Logo {
    /// In the page itself, as a `data:` URL of at most 32 KiB.
    Data(String),
    /// A path on the host of the page.
    Path(String),
    /// On another host.
    Away {
        /// Its `https` address.
        url: String,
        /// Scheme, host and port of it: what the policy of the page has to allow.
        from: String,
    },
}

/// A link of the page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// What is read (1 to 80 characters).
    pub text: String,
    /// Where it leads: an address of `https`, `http` or `mailto`.
    pub url: String,
}

impl Logo {
    /// Where it is.
    #[must_use]
    pub fn address(&self) -> &str {
        match self {
            Self::Data(address) | Self::Path(address) | Self::Away { url: address, .. } => address,
        }
    }
}

impl Page {
    /// Whether nothing is written.
    #[must_use]
    pub fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

impl Config {
    /// The headings of the page in their order: those that `[page]` names, then the others in the
    /// order of the file.
    #[must_use]
    pub fn groups(&self) -> Vec<&str> {
        let mut groups: Vec<&str> = self.page.groups.iter().map(String::as_str).collect();
        for group in self.pools.iter().filter_map(|pool| pool.about.group.as_deref()) {
            if !groups.contains(&group) {
                groups.push(group);
            }
        }
        groups
    }
}

/// Reads `[page]`. `pools` are those that could be read, `names` those of all.
pub(super) fn page(file: &Table<'_>, pools: Option<&[Pool]>, names: &Given) -> Option<Page> {
    let Some(field) = file.get("page") else { return Some(Page::default()) };
    let table = field.table()?;
    table.only(&KEYS);
    let title = table.optional("title", |field| line(field, MAX_TITLE));
    let logo = table.optional("logo", logo);
    let links = table.or_usual("links", links);
    let language = table.optional("language", language);
    let time_zone = table.optional("time_zone", time_zone);
    let groups = table.or_usual("groups", |field| groups(field, pools));
    let order = table.or_usual("order", |field| order(field, names));
    Some(Page {
        title: title?,
        logo: logo?,
        links: links?,
        language: language?,
        time_zone: time_zone?,
        groups: groups?,
        order: order?,
    })
}

fn links(field: &Field<'_>) -> Option<Vec<Link>> {
    let example = "one as [{ text = \"Support\", url = \"https://example.com/support\" }]";
    field.entries(example, MAX_LINKS, |item| {
        let table = item.table()?;
        table.only(&LINK_KEYS);
        let text = table.require("text", "\"Support\"").and_then(|field| line(&field, MAX_TITLE));
        let url = table.require("url", "\"https://example.com/support\"").and_then(|field| link(&field));
        Some(Link { text: text?, url: url? })
    })
}

/// A language of dates: one that is known, and where it matters a script and a region, as `de-CH`.
fn language(field: &Field<'_>) -> Option<String> {
    let text = field.text("a language in quotes, as \"en\" or \"de-CH\"")?;
    let mut parts = text.split('-');
    let known: Vec<&str> = LANGUAGES.split_whitespace().collect();
    let first = parts.next().unwrap_or_default();
    if !known.contains(&first) {
        let list = known.join(", ");
        field.refuse(format_args!(
            "{} is not a language that dates are known in; write one of {list}, with a region where it matters, as \
             \"de-CH\"",
            quoted(text)
        ));
        return None;
    }
    let letters =
        |part: &str, count: usize| part.len() == count && part.bytes().all(|c| c.is_ascii_alphabetic());
    let rest: Vec<&str> = parts.collect();
    let region = |part: &str| letters(part, 2) || part.len() == 3 && part.bytes().all(|c| c.is_ascii_digit());
    let good = match rest[..] {
        [] => true,
        [one] => letters(one, 4) || region(one),
        [script, place] => letters(script, 4) && region(place),
        _ => false,
    };
    if !good {
        field.refuse(format_args!(
            "{} is not a language with a script and a region; write it as \"{first}\", \"{first}-CH\" or \"{first}-Latn-CH\"",
            quoted(text)
        ));
        return None;
    }
    Some(text.to_owned())
}

fn time_zone(field: &Field<'_>) -> Option<String> {
    let text = field.text("the name of a time zone in quotes, as \"Europe/Zurich\"")?;
    if ZONES.lines().any(|zone| zone == text) {
        return Some(text.to_owned());
    }
    let known: Vec<&str> = ZONES.lines().collect();
    let way_out = match super::problem::nearest(text, &known) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None => "write one of the IANA database, as \"Europe/Zurich\"".to_owned(),
    };
    field.refuse(format_args!("{} is not the name of a time zone; {way_out}", quoted(text)));
    None
}

fn groups(field: &Field<'_>, pools: Option<&[Pool]>) -> Option<Vec<String>> {
    let mut given = Given::default();
    field.entries("one as [\"Products\", \"Jobs\"]", usize::MAX, |item| {
        let text = line(item, MAX_TITLE)?;
        if !given.first(&text, item, "write it once") {
            return None;
        }
        // Of what could not be read it is not known where it stands.
        let used: Vec<&str> =
            pools.iter().copied().flatten().filter_map(|pool| pool.about.group.as_deref()).collect();
        if pools.is_some() && !used.contains(&text.as_str()) {
            let way_out = if used.is_empty() {
                "write it as the group of a monitor, or leave it out".to_owned()
            } else {
                meant(&text, &used)
            };
            item.refuse(format_args!("{} is the group of no monitor and no pool; {way_out}", quoted(&text)));
            return None;
        }
        Some(text)
    })
}

fn order(field: &Field<'_>, names: &Given) -> Option<Vec<Name>> {
    let mut given = Given::default();
    field.entries("one as [\"memo\", \"shop\"]", usize::MAX, |item| {
        let text = item.text("the name of a monitor or a pool in quotes")?;
        if !names.has(text) {
            item.refuse(format_args!(
                "{} is neither a monitor nor a pool of this file; {}",
                quoted(text),
                meant(text, &names.names())
            ));
            return None;
        }
        if !given.first(text, item, "write it once") {
            return None;
        }
        Name::parse(text).ok()
    })
}

#[cfg(test)]
mod tests;
