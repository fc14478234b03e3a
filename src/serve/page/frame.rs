//! What every page has around what it shows: head, header with title and links, footer.

use maud::{DOCTYPE, Markup, html};

use super::{REFRESH, about, icon};
use crate::config::Config;
use crate::units::Timestamp;
use crate::verdict::Status;

/// What a page is framed with.
pub(super) struct Frame<'a> {
    /// The way to the root, so that a page holds below `/.vedette/` as well: empty, `../`,
    /// `../../`.
    pub base: &'a str,
    /// What stands in the tab.
    pub title: &'a str,
    /// The status that the sign of the tab shows.
    pub status: Status,
    /// The configuration.
    pub config: &'a Config,
    /// Now.
    pub now: Timestamp,
    /// Whether it has charts or strips.
    pub charts: bool,
    /// Milliseconds between two looks of its script; the script's own if 0.
    pub every: u32,
}

impl Frame<'_> {
    /// The page.
    pub(super) fn around(&self, main: &Markup, footer: &Markup) -> Markup {
        let (base, page) = (self.base, &self.config.page);
        let every = (self.every > 0).then_some(self.every);
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    noscript { meta http-equiv="refresh" content=(REFRESH); }
                    title { (self.title) " · " (super::name(self.config)) }
                    link #icon rel="icon" href=(icon(self.status));
                    link rel="stylesheet" href={ (base) "style.css?" (env!("CARGO_PKG_VERSION")) };
                    @if self.charts { link rel="stylesheet" href={ (base) "charts.css?" (env!("CARGO_PKG_VERSION")) }; }
                    script type="module" src={ (base) "page.js?" (env!("CARGO_PKG_VERSION")) } {}
                }
                body {
                    header {
                        (about::brand(self.config))
                        p #said.unseen role="status" {}
                        button #live type="button" hidden { "Pause updates" }
                        p #lost.notice hidden {}
                    }
                    main #page data-now=(self.now.as_millis()) data-language=[page.language.as_deref()] data-zone=[page.time_zone.as_deref()] data-every=[every] {
                        (main)
                    }
                    footer {
                        (footer)
                        noscript { p { "Without JavaScript this page asks for itself again every " (REFRESH) " seconds." } }
                    }
                }
            }
        }
    }
}
