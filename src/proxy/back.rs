//! Fields of an answer that name the origin's own address, turned back to the public one: what a
//! client reads there, it asks for next, and it must not go past the failover (`proxy_redirect
//! default` of nginx).

use super::matched;
use crate::config::{Config, OriginUrl, Route};
use crate::path::{Parts, parts};
use crate::units::Name;

/// The hosts of a pool's origins, and the paths that their addresses begin with, in lower case: an
/// answer that names none of them needs no look.
#[must_use]
pub fn hosts(config: &Config, pool: usize) -> Vec<String> {
    let mut hosts: Vec<String> = Vec::new();
    for origin in config.pools.get(pool).iter().flat_map(|pool| &pool.origins) {
        for part in [&origin.url.host, &origin.url.prefix] {
            let part = part.to_ascii_lowercase();
            if !part.is_empty() && !hosts.contains(&part) {
                hosts.push(part);
            }
        }
    }
    hosts
}

/// A field of an answer: its name in lower case, and its value.
#[derive(Clone, Copy, Debug)]
pub struct Field<'a> {
    /// The name in lower case.
    pub name: &'a str,
    /// The value, as sent.
    pub value: &'a str,
}

/// The value of a field of an answer of this status, turned back; nothing if it stays as it is.
/// `url` is the public address that was asked.
#[must_use]
pub fn turned(config: &Config, route: &Route, url: &str, status: u16, field: Field<'_>) -> Option<String> {
    let Field { name, value } = field;
    let asked = parts(url)?;
    let way = Way { asked, route, origins: origins(config, &route.pool) };
    match name {
        "location" if status == 201 || (300..400).contains(&status) => way.address(value),
        "content-location" => way.address(value),
        "refresh" => way.refresh(value),
        "set-cookie" => way.cookie(value),
        _ => None,
    }
}

fn origins<'a>(config: &'a Config, pool: &Name) -> Vec<&'a OriginUrl> {
    let pool = config.pools.iter().find(|known| known.name == *pool);
    pool.iter().flat_map(|pool| &pool.origins).map(|origin| &origin.url).collect()
}

/// The way that a request took, from its end.
struct Way<'a> {
    asked: Parts<'a>,
    route: &'a Route,
    origins: Vec<&'a OriginUrl>,
}

impl Way<'_> {
    /// An address, or a path, turned back.
    fn address(&self, value: &str) -> Option<String> {
        let value = value.trim();
        if value.starts_with('/') && !value.starts_with("//") {
            // A path of the origin's is one without the prefix, below the path of its own address.
            let own = self.origins.iter().find_map(|origin| under(value, &origin.prefix)).map(rooted);
            return Some(self.public(&own.unwrap_or_else(|| value.to_owned())))
                .filter(|public| public != value);
        }
        // An address without a scheme has the one that was asked for.
        let whole = if value.starts_with("//") {
            format!("{}:{value}", self.asked.scheme())
        } else {
            value.to_owned()
        };
        let (scheme, rest) = whole.split_once("://")?;
        let named = format!("{}://{rest}", scheme.to_ascii_lowercase());
        let found = parts(&named)?;
        let own = self.origins.iter().find_map(|origin| {
            let at_own = origin.host == host(&found) && port(origin) == port_of(&found);
            let path = rest.get(found.authority.len()..)?;
            let below = if origin.prefix.is_empty() { Some(path) } else { under(path, &origin.prefix) };
            below.filter(|_| at_own).map(rooted)
        })?;
        let public = self.public(&own);
        Some(format!("{}://{}{public}", self.asked.scheme(), matched(self.asked.authority)))
    }

    /// A path of the origin's as the public asks for it.
    fn public(&self, path: &str) -> String {
        let prefix = self.route.path.trim_end_matches('/');
        if !self.route.strip_prefix || prefix.is_empty() {
            return path.to_owned();
        }
        // An application that is told the prefix (`X-Forwarded-Prefix`) writes it itself.
        if under(path, prefix).is_some() { path.to_owned() } else { format!("{prefix}{path}") }
    }

    /// `Refresh`: seconds, and an address after `url=`, in quotes or not.
    fn refresh(&self, value: &str) -> Option<String> {
        let at = value.to_ascii_lowercase().find("url=")?.saturating_add(4);
        let (before, address) = value.split_at_checked(at)?;
        let quote = address.chars().next().filter(|first| matches!(first, '"' | '\''));
        let bare = quote.map_or(address, |quote| address.trim_matches(quote));
        let public = self.address(bare)?;
        let quote = quote.map(String::from).unwrap_or_default();
        Some(format!("{before}{quote}{public}{quote}"))
    }

    /// `Set-Cookie`: its `Domain`, where that is the host of an origin.
    fn cookie(&self, value: &str) -> Option<String> {
        let mut turned = false;
        let parts: Vec<String> = value
            .split(';')
            .enumerate()
            .map(|(place, part)| {
                let domain = part
                    .split_once('=')
                    .filter(|(name, _)| place > 0 && name.trim().eq_ignore_ascii_case("domain"));
                let named = |domain: &str| domain.trim().trim_start_matches('.').to_ascii_lowercase();
                match domain {
                    Some((name, domain))
                        if self.origins.iter().any(|origin| origin.host == named(domain)) =>
                    {
                        turned = true;
                        format!("{name}={}", host(&self.asked))
                    }
                    _ => part.to_owned(),
                }
            })
            .collect();
        turned.then(|| parts.join(";"))
    }
}

/// What is left of a path below a prefix that ends where a segment ends; nothing if it does not lie
/// there, or there is none.
fn under<'a>(path: &'a str, prefix: &str) -> Option<&'a str> {
    let rest = path.strip_prefix(prefix).filter(|_| !prefix.is_empty())?;
    (rest.is_empty() || rest.starts_with(['/', '?', '#'])).then_some(rest)
}

/// A path that begins with its slash.
fn rooted(path: &str) -> String {
    if path.starts_with('/') { path.to_owned() } else { format!("/{path}") }
}

/// The host of an address in lower case, without a last dot and a port.
fn host(parts: &Parts<'_>) -> String {
    let whole = matched(parts.authority);
    let end = whole.rfind(':').filter(|_| !whole.ends_with(']')).unwrap_or(whole.len());
    whole.get(..end).unwrap_or_default().to_owned()
}

/// The port of an address: 0 is the usual one of its scheme, for an origin behind one that ends TLS
/// writes `http` for its `https`.
fn port(url: &OriginUrl) -> u16 {
    url.port.filter(|port| !matches!(port, 80 | 443)).unwrap_or_default()
}

fn port_of(parts: &Parts<'_>) -> u16 {
    let whole = matched(parts.authority);
    let port =
        whole.rsplit_once(':').filter(|_| !whole.ends_with(']')).and_then(|(_, port)| port.parse().ok());
    port.filter(|port| !matches!(port, 80 | 443)).unwrap_or_default()
}
