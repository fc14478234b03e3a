//! What people wrote to be read: titles, descriptions, links and tags, and the header of the page.
//!
//! All of it is escaped, and each text keeps its direction of writing to itself. The bounds are the
//! configuration's.

use maud::{Markup, html};

use crate::config::{Config, Logo, Presentation};

/// A title or another text that somebody wrote, in its own direction of writing.
pub(super) fn called(text: &str) -> Markup {
    html! { bdi { (text) } }
}

/// What else is read of something: its link and tags, and its description if that is not shown
/// already.
pub(super) fn more(about: &Presentation, described: bool) -> Markup {
    let description = about.description.as_deref().filter(|_| described);
    html! {
        @if let Some(text) = description { p.about { (called(text)) } }
        @if about.link.is_some() || !about.tags.is_empty() {
            div.about {
                @if let Some(url) = &about.link { (link(url, shown(url))) }
                @if !about.tags.is_empty() {
                    ul.tags aria-label="tags" { @for tag in &about.tags { li { (called(tag)) } } }
                }
            }
        }
    }
}

/// A link that somebody wrote: what it leads to learns nothing of the page.
fn link(url: &str, text: &str) -> Markup {
    html! { a href=(url) rel="noopener noreferrer" { (called(text)) } }
}

/// An address without its scheme, as people read it.
fn shown(url: &str) -> &str {
    let text = url.split_once("://").map_or(url, |(_, rest)| rest);
    let text = text.strip_prefix("mailto:").unwrap_or(text);
    text.strip_suffix('/').unwrap_or(text)
}

/// What the page is called, with its logo, and where it leads.
pub(super) fn brand(config: &Config) -> Markup {
    let page = &config.page;
    html! {
        p.brand {
            @if let Some(logo) = &page.logo { img.logo src=(logo.address()) alt="" referrerpolicy="no-referrer"; }
            (called(page.title.as_deref().unwrap_or(super::NAME)))
        }
        @if !page.links.is_empty() {
            nav aria-label="links" {
                @for one in &page.links { (link(&one.url, &one.text)) " " }
            }
        }
    }
}

/// The policy of the page: what shows a logo from elsewhere allows that one host.
pub(super) fn policy(config: &Config, policy: &str) -> String {
    let from = match &config.page.logo {
        Some(Logo::Path(_)) => "'self'",
        Some(Logo::Away { from, .. }) => from,
        Some(Logo::Data(_)) | None => return policy.to_owned(),
    };
    policy.replacen("img-src data:", &["img-src data: ", from].concat(), 1)
}
