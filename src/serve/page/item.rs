//! A pool or a monitor as the page shows it: its verdict beside what people call it.

use std::cmp::Reverse;

use maud::Markup;

use super::about::called;
use crate::access::Caller;
use crate::config::{Config, Door, Pool, Presentation, Subject};
use crate::snapshot::{OriginView, PoolView, Snapshot};
use crate::units::{Name, Timestamp};
use crate::verdict::Status;

/// Of what nothing is written.
static UNTITLED: Presentation =
    Presentation { title: None, group: None, description: None, link: None, tags: Vec::new() };

/// A pool or a monitor with its verdict.
pub(super) struct Item<'a> {
    /// Its verdict.
    pub view: &'a PoolView,
    /// Its status now.
    pub status: Status,
    /// What is configured of it; a copy of another configuration is never shown.
    pool: Option<&'a Pool>,
}

/// Everything that is watched, the worst first, those of one status in the order of the page.
pub(super) fn by_severity<'a>(snapshot: &'a Snapshot, config: &'a Config, now: Timestamp) -> Vec<Item<'a>> {
    // Both are in the order of the configuration: the next pool mostly follows the last one.
    let mut rest = config.pools.iter();
    let mut items: Vec<Item<'_>> = snapshot
        .pools
        .iter()
        .map(|view| {
            let next = rest.next().filter(|pool| pool.name == view.name);
            let pool = next.or_else(|| config.pool(view.name.as_str()));
            Item { view, status: view.status_at(now), pool }
        })
        .collect();
    let order = &config.page.order;
    if !order.is_empty() {
        items
            .sort_by_key(|item| order.iter().position(|name| *name == item.view.name).unwrap_or(order.len()));
    }
    items.sort_by_key(|item| Reverse(item.status));
    items
}

/// One of them, if it is in the snapshot.
pub(super) fn find<'a>(
    snapshot: &'a Snapshot,
    config: &'a Config,
    name: &str,
    now: Timestamp,
) -> Option<Item<'a>> {
    let view = snapshot.pool(name)?;
    Some(Item { view, status: view.status_at(now), pool: config.pool(name) })
}

/// What the page is made by beside what it shows.
#[derive(Clone, Copy)]
pub(super) struct Look<'a> {
    /// The configuration.
    pub config: &'a Config,
    /// Now.
    pub now: Timestamp,
    /// Who asks, if that had to be known.
    pub caller: Option<&'a Caller>,
}

impl<'a> Look<'a> {
    /// Whether whoever asks may pass a door.
    pub(super) fn may(self, door: Door) -> bool {
        self.caller.unwrap_or(&Caller::Nobody).passes(door, &self.config.access).is_ok()
    }

    /// What people call a vantage.
    pub(super) fn vantage(self, name: &Name) -> Markup {
        called(self.vantage_title(name))
    }

    /// The same as text.
    pub(super) fn vantage_title<'b>(self, name: &'b Name) -> &'b str
    where
        'a: 'b,
    {
        let found = self.config.vantage(name.as_str());
        found.and_then(|vantage| vantage.about.title.as_deref()).unwrap_or(name.as_str())
    }

    /// What a vantage is.
    pub(super) fn description(self, name: &Name) -> Option<&'a str> {
        self.config.vantage(name.as_str())?.about.description.as_deref()
    }

    /// What people call an origin of a pool.
    pub(super) fn origin<'b>(self, pool: &str, origin: &'b str) -> &'b str
    where
        'a: 'b,
    {
        let found = self.config.pool(pool);
        let found = found.and_then(|pool| pool.subjects().find(|one| one.id().origin.as_str() == origin));
        found.map_or(origin, Subject::title)
    }

    /// What people call what an event is about: `Shop`, `Shop / Zurich`, `notify/ops`.
    pub(super) fn subject(self, subject: &str) -> String {
        let (pool, origin) = subject.split_once('/').unwrap_or((subject, ""));
        let Some(found) = self.config.pool(pool) else {
            let channel =
                self.config.notify.iter().find(|channel| pool == "notify" && channel.name.as_str() == origin);
            let title = channel.and_then(|channel| channel.title.as_ref());
            return title.map_or_else(|| subject.to_owned(), |title| format!("{pool}/{title}"));
        };
        let own = found.subjects().find(|one| one.id().origin.as_str() == origin);
        match own {
            Some(own) if !found.monitor && (own.about().title.is_some() || found.about.title.is_some()) => {
                format!("{} / {}", found.title(), own.title())
            }
            Some(_) | None if found.monitor || origin.is_empty() => found.title().to_owned(),
            Some(_) | None => subject.to_owned(),
        }
    }
}

impl<'a> Item<'a> {
    /// What people read of it.
    pub(super) fn about(&self) -> &'a Presentation {
        self.pool.map_or(&UNTITLED, |pool| &pool.about)
    }

    /// What people call it.
    pub(super) fn title(&self) -> &'a str {
        self.pool.map_or(self.view.name.as_str(), Pool::title)
    }

    /// Whether it is one thing that is told by itself.
    pub(super) fn is_monitor(&self) -> bool {
        self.pool.is_some_and(|pool| pool.monitor)
    }

    /// Whether it is made of jobs that report by themselves.
    pub(super) fn is_of_heartbeats(&self) -> bool {
        self.view.is_of_heartbeats()
    }

    /// Whether traffic is sent there by its signal.
    pub(super) fn takes_traffic(&self) -> bool {
        !self.is_monitor() && !self.is_of_heartbeats()
    }

    /// What people read of one of its origins.
    pub(super) fn about_origin(&self, origin: &OriginView) -> &'a Presentation {
        self.subject(origin.name.as_str()).map_or(&UNTITLED, Subject::about)
    }

    /// What people call one of its origins; what is all of a monitor is called as that.
    pub(super) fn origin_title<'b>(&self, origin: &'b OriginView) -> &'b str
    where
        'a: 'b,
    {
        match self.subject(origin.name.as_str()) {
            _ if self.is_monitor() => self.title(),
            Some(subject) => subject.title(),
            None => origin.name.as_str(),
        }
    }

    fn subject(&self, name: &str) -> Option<Subject<'a>> {
        self.pool?.subjects().find(|subject| subject.id().origin.as_str() == name)
    }
}
