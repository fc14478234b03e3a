//! Which route a request takes: by its host, and on a host by the longest path prefix.
//!
//! A prefix ends where a segment ends: `/shop` takes `/shop` and `/shop/cart`, not `/shopping` (as
//! `PathPrefix` of the Kubernetes Gateway API does). Finding one costs a step for each segment of
//! the path, however many routes there are.

use crate::config::{Config, Route};
use crate::path::{OWN_PREFIX, host_of, is_this_machine, plain};

/// Where a request goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RouteMatch {
    /// To Vedette itself: nothing is routed on this host, or the path is one of its own there.
    Own,
    /// By the route of this place in the configuration.
    Route(usize),
    /// Nowhere: the host is routed, and no route has this path.
    NoRoute,
}

/// The routes, in the order in which they are looked for.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// Hosts in their order, each with its routes; `*` among them.
    hosts: Vec<Host>,
}

#[derive(Clone, Debug)]
struct Host {
    name: String,
    /// Prefixes without a trailing slash in their order, each with the place of its route.
    prefixes: Vec<(String, usize)>,
    /// Segments of the deepest.
    depth: usize,
}

impl Table {
    /// The table of a configuration.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let mut table = Self::default();
        for (place, route) in config.routes.iter().enumerate() {
            table.add(place, route);
        }
        table
    }

    fn add(&mut self, place: usize, route: &Route) {
        let at = self.hosts.partition_point(|host| host.name < route.host);
        if self.hosts.get(at).is_none_or(|host| host.name != route.host) {
            self.hosts.insert(at, Host { name: route.host.clone(), prefixes: Vec::new(), depth: 0 });
        }
        let Some(host) = self.hosts.get_mut(at) else { return };
        let prefix = route.path.trim_end_matches('/');
        host.depth = host.depth.max(prefix.bytes().filter(|byte| *byte == b'/').count());
        let at = host.prefixes.partition_point(|(other, _)| other.as_str() < prefix);
        // `/shop` and `/shop/` are one prefix: the first counts.
        if host.prefixes.get(at).is_none_or(|(other, _)| other != prefix) {
            host.prefixes.insert(at, (prefix.to_owned(), place));
        }
    }

    /// Whether nothing is routed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.hosts.is_empty()
    }

    /// Where a request for this authority (host, and port if any) and path goes; an escaped letter
    /// in the path is the letter.
    #[must_use]
    pub fn find(&self, authority: &str, path: &str) -> RouteMatch {
        if self.is_empty() {
            return RouteMatch::Own;
        }
        let Some(host) = self.routed(authority) else { return RouteMatch::Own };
        let path = plain(path);
        if own_path(&path).is_some() {
            return RouteMatch::Own;
        }
        host.find(&path).map_or(RouteMatch::NoRoute, RouteMatch::Route)
    }

    /// Whether anything on this host is routed, so that Vedette's own paths have a prefix there.
    #[must_use]
    pub fn takes(&self, authority: &str) -> bool {
        self.find(authority, "/") != RouteMatch::Own
    }

    /// How many segments of a path decide which route of a host it takes.
    #[must_use]
    pub fn depth(&self, authority: &str) -> usize {
        self.routed(authority).map_or(0, |host| host.depth)
    }

    /// The routes of the host that an authority names, if there are any.
    fn routed(&self, authority: &str) -> Option<&Host> {
        let name = host_of(authority).to_ascii_lowercase();
        self.host(&name).or_else(|| self.host("*").filter(|_| !is_this_machine(&name)))
    }

    fn host(&self, name: &str) -> Option<&Host> {
        let at = self.hosts.binary_search_by(|host| host.name.as_str().cmp(name)).ok()?;
        self.hosts.get(at)
    }
}

impl Host {
    /// The route of the longest prefix of this path.
    fn find(&self, path: &str) -> Option<usize> {
        let ends = path.bytes().enumerate().skip(1).filter(|(_, byte)| *byte == b'/').map(|(at, _)| at);
        // Each place where a prefix may end, as deep as any prefix goes.
        let mut places: Vec<usize> = ends.chain([path.len()]).take(self.depth).collect();
        places.reverse();
        let prefixes = places.into_iter().filter_map(|end| path.get(..end)).chain([""]);
        prefixes.into_iter().find_map(|prefix| {
            let prefix = prefix.trim_end_matches('/');
            let at = self.prefixes.binary_search_by(|(other, _)| other.as_str().cmp(prefix)).ok()?;
            self.prefixes.get(at).map(|(_, place)| *place)
        })
    }
}

/// What remains of one of Vedette's own paths (with its query) without the prefix; nothing if it is
/// none.
#[must_use]
pub fn own_path(path: &str) -> Option<&str> {
    path.strip_prefix(OWN_PREFIX).filter(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
}

/// An authority as it is matched, and handed on: the host in lower case and without a last dot, and
/// the port if there is one.
#[must_use]
pub fn matched(authority: &str) -> String {
    let host = host_of(authority);
    let port = authority.get(host.len()..).unwrap_or_default().trim_start_matches('.');
    let port = if port == ":" { "" } else { port };
    format!("{}{port}", host.to_ascii_lowercase())
}
