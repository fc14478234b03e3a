//! `[access]`: which secrets hold the tokens of readers and of writers, whose JWTs are taken beside
//! them, and which doors are open without any.

mod jwt;

use serde::{Deserialize, Serialize};

use super::presentation::PUBLIC;
use super::raw::{Field, Table};
use super::request::secret_name;
use super::value::word;
use super::{Config, Pool};

pub use jwt::Jwt;

/// The keys that name secrets.
const SECRETS: [&str; 2] = ["read_tokens", "admin_tokens"];

/// The keys of `[access]`.
pub(super) const KEYS: [&str; 12] = [
    SECRETS[0],
    SECRETS[1],
    jwt::KEYS[0],
    jwt::KEYS[1],
    jwt::KEYS[2],
    Door::Page.as_str(),
    Door::Status.as_str(),
    Door::Health.as_str(),
    Door::Signal.as_str(),
    Door::Readiness.as_str(),
    Door::Api.as_str(),
    Door::Metrics.as_str(),
];

/// What somebody must be allowed in order to pass a door; each includes those before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// Nothing: anybody.
    #[default]
    Public,
    /// To read everything.
    Read,
    /// To write.
    Admin,
}

/// What stands behind one setting of `[access]`: every path is behind one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Door {
    /// What tells nothing of what is watched, or has a proof of its own. Always open.
    Hall,
    /// The page for people.
    Page,
    /// What customers see: the public page, badges and the feed.
    Status,
    /// Health, by name and as a whole.
    Health,
    /// The failover signal and its stream.
    Signal,
    /// Every part of the worker: `/readyz?verbose`.
    Readiness,
    /// What is read below `/v1/`.
    Api,
    /// Metrics.
    Metrics,
    /// Whatever changes something. Never open.
    Writes,
}

/// The doors that have a setting, in the order of the documents.
const DOORS: [Door; 7] =
    [Door::Page, Door::Status, Door::Health, Door::Signal, Door::Readiness, Door::Api, Door::Metrics];

impl Door {
    /// The name of its setting.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hall => "hall",
            Self::Page => "page",
            Self::Status => "status",
            Self::Health => "health",
            Self::Signal => "signal",
            Self::Readiness => "readiness",
            Self::Api => "api",
            Self::Metrics => "metrics",
            Self::Writes => "writes",
        }
    }
}

/// Who may pass which door.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Access {
    /// The name of the secret that holds the hashes of the tokens of readers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_tokens: Option<String>,
    /// The same of writers, who may read as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub admin_tokens: Option<String>,
    /// Whose JWTs prove who somebody is, beside tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwt: Option<Jwt>,
    /// What is written of a door, in the order of the documents.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub doors: Vec<Setting>,
}

/// What is written of a door.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    /// The door.
    pub door: Door,
    /// Who may pass.
    pub tier: Tier,
}

impl Access {
    /// Whether nothing is written.
    #[must_use]
    pub fn is_usual(&self) -> bool {
        *self == Self::default()
    }

    /// Whether anybody can prove to be more than the public.
    #[must_use]
    pub const fn knows_anybody(&self) -> bool {
        self.knows_tokens() || self.jwt.is_some()
    }

    /// Whether anybody can do so by a token.
    #[must_use]
    pub const fn knows_tokens(&self) -> bool {
        self.read_tokens.is_some() || self.admin_tokens.is_some()
    }

    /// Whether anybody can prove that he may write.
    #[must_use]
    pub fn knows_writers(&self) -> bool {
        self.admin_tokens.is_some() || self.jwt.as_ref().is_some_and(|jwt| !jwt.admins.is_empty())
    }

    /// Who may pass a door. The pages, health and signal are open unless they are closed; what
    /// tells more is open only where there is no token to ask for.
    #[must_use]
    pub fn tier(&self, door: Door) -> Tier {
        let usual = match door {
            Door::Hall => return Tier::Public,
            // Whoever closed the page before there was another one closed this as well.
            Door::Status => self.tier(Door::Page),
            Door::Writes => return Tier::Admin,
            Door::Readiness | Door::Api | Door::Metrics if self.knows_anybody() => Tier::Read,
            Door::Page | Door::Health | Door::Signal | Door::Readiness | Door::Api | Door::Metrics => {
                Tier::Public
            }
        };
        self.doors.iter().find(|setting| setting.door == door).map_or(usual, |setting| setting.tier)
    }
}

impl Config {
    /// Whether anything is shown only to whoever has a token.
    #[must_use]
    pub fn hides(&self) -> bool {
        // Nothing is hidden where nobody could see it, and most requests ask this.
        self.access.knows_anybody() && self.pools.iter().any(|pool| pool.hidden)
    }

    /// Whether a pool or a monitor is shown only to whoever has a token.
    #[must_use]
    pub fn is_hidden(&self, pool: &str) -> bool {
        self.pool(pool).is_some_and(|pool| pool.hidden)
    }
}

/// Reads `[access]`. Whatever is closed or hidden needs somebody who may see it.
pub(super) fn access(file: &Table<'_>, pools: Option<&[Pool]>) -> Option<Access> {
    let Some(table) = file.get("access").map(|field| field.table()) else {
        let access = Access::default();
        return anybody_for_hidden(file, &access, pools).map(|()| access);
    };
    let table = table?;
    table.only(&KEYS);
    let [read_tokens, admin_tokens] = SECRETS.map(|key| table.optional(key, |field| secret_name(field)));
    let doors: Vec<Option<Setting>> = DOORS
        .iter()
        .filter_map(|door| table.get(door.as_str()).map(|field| setting(*door, &field)))
        .collect();
    let doors = doors.into_iter().collect::<Option<Vec<Setting>>>();
    let jwt = jwt::jwt(&table);
    let access = Access { read_tokens: read_tokens?, admin_tokens: admin_tokens?, jwt: jwt?, doors: doors? };
    if access.read_tokens.is_some() && access.read_tokens == access.admin_tokens {
        table.refuse_at(
            SECRETS[1],
            format_args!(
                "is the secret that read_tokens names, so that every reader could write; name another"
            ),
        );
        return None;
    }
    let closed = access.doors.iter().find(|setting| setting.tier != Tier::Public);
    if let Some(closed) = closed.filter(|_| !access.knows_anybody()) {
        table.refuse_at(
            closed.door.as_str(),
            format_args!("is closed, and nobody has a token; write read_tokens = \"READ_TOKENS\", the name of the secret that \
                          holds what vedette token prints"),
        );
        return None;
    }
    anybody_for_hidden(file, &access, pools).map(|()| access)
}

/// Refuses what is hidden from everybody: nobody would ever see it.
fn anybody_for_hidden(file: &Table<'_>, access: &Access, pools: Option<&[Pool]>) -> Option<()> {
    let hidden = pools.unwrap_or_default().iter().find(|pool| pool.hidden);
    let hidden = hidden.filter(|_| !access.knows_anybody());
    let Some(hidden) = hidden else { return Some(()) };
    let kind = if hidden.monitor { "monitor" } else { "pool" };
    file.refuse_at(
        "access",
        format_args!(
            "is missing, and {kind}.{}.{PUBLIC} = false hides it from whoever has no token; write read_tokens = \
             \"READ_TOKENS\" in [access], the name of the secret that holds what vedette token prints",
            hidden.name
        ),
    );
    None
}

fn setting(door: Door, field: &Field<'_>) -> Option<Setting> {
    let place = word(field, &["public", "read"])?;
    Some(Setting { door, tier: *[Tier::Public, Tier::Read].get(place)? })
}

#[cfg(test)]
mod tests;
