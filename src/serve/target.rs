//! What can be asked for, with the door that it is behind, its methods, and the part of the
//! snapshot that it needs.

use super::changes::Done;
use super::recorded::Kind;
use super::{Badge, ChangesPage, Chronicle, Dossier, Exposition, Query, Recorded};
use crate::config::{Config, Door};
use crate::follow::Wait;
use crate::snapshot::Part;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// What is the same at all times, for everybody.
    Fixed(Fixed),
    /// What is made from a snapshot.
    View(View),
    /// `/v1/stream/{pool}`: the signal as an event at each change; `/v1/stream`: what changes of
    /// all pools.
    Stream {
        /// The pool; all if none.
        pool: Option<String>,
    },
    /// `/v1/heartbeat/{token}`: a job reports by itself.
    Beat {
        /// What it proves itself with.
        token: String,
    },
    /// `/v1/history/{pool}/{origin}`, `/v1/samples/{pool}/{origin}`,
    /// `/v1/availability/{pool}[/{origin}]`, `/v1/incidents[/{id}]`, `/v1/changes[/{id}]`.
    Recorded(Recorded),
    /// `/v1/announcement`, to change it.
    Announce,
    /// `/v1/incidents/{id}/notes`, to note something of an incident.
    Note {
        /// The incident, by its name.
        incident: String,
    },
    /// `/v1/changes`, `/v1/changes/{id}/applied`, `/v1/changes/{id}/closed`, to do something to a
    /// change of the service.
    Change(Done),
    /// `/v1/purge`: which copies count no longer.
    Purge,
    /// `/v1/audit`: who changed what.
    Audit,
    /// `/sign-in`: the form, or what it posts.
    SignIn {
        /// Whether it posts.
        post: bool,
    },
    /// `/sign-out`.
    SignOut,
}

/// What is the same at all times, for everybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fixed {
    /// `/livez`.
    Live,
    /// `/openapi.json`.
    OpenApi,
    /// `/style.css`.
    Style,
    /// `/charts.css`.
    ChartsStyle,
    /// `/page.js`.
    Script,
}

/// What is made from a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum View {
    /// `/health`, `/health/{pool}`, `/health/{pool}/{origin}`.
    Health {
        /// The pool; all if none.
        pool: Option<String>,
        /// The origin; the whole pool if none.
        origin: Option<String>,
        /// The form.
        format: Format,
        /// The codes that are asked for.
        codes: Codes,
    },
    /// `/route/{pool}`.
    Signal {
        /// The pool.
        pool: String,
        /// The form.
        format: Format,
        /// What it is to wait for; nothing if it is to be answered at once.
        wait: Option<Wait>,
    },
    /// `/readyz`.
    Ready {
        /// Whether every part is listed.
        verbose: bool,
    },
    /// `/metrics`.
    Metrics {
        /// The form.
        exposition: Exposition,
    },
    /// `/v1/pools`, `/v1/pools/{pool}`, `/v1/monitors`, `/v1/origins`, `/v1/votes`, `/v1/events`.
    Api(Query),
    /// `/v1/announcement`.
    Announcement,
    /// `/`.
    Page,
    /// `/pool/{pool}`, `/pool/{pool}/{origin}`, `/monitor/{monitor}`.
    Dossier(Dossier),
    /// `/incidents`, `/incident/{id}`.
    Chronicle(Chronicle),
    /// `/changes`, `/change/{id}`.
    Changes(ChangesPage),
    /// `/status`: the page for customers.
    Status,
    /// `/badge/{badge}`.
    Badge(Badge),
    /// `/feed.atom`.
    Feed,
}

/// The form of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// JSON.
    Json,
    /// One line of text.
    Text,
    /// The text without the end of its line; for health only.
    Word,
    /// A redirect while the signal may be acted upon; for the signal only.
    Redirect,
    /// A redirect even to an origin of which nothing is known any more.
    RedirectUnknown,
}

/// The status codes that health is to be answered with, where the asker wants others than the usual
/// ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Codes {
    /// For *warn*.
    pub warn: Option<u16>,
    /// For *unknown*.
    pub unknown: Option<u16>,
}

impl Target {
    /// The door that it is behind: this and `View::door` are the one place that says so.
    #[must_use]
    pub const fn door(&self) -> Door {
        match self {
            Self::View(view) => view.door(),
            Self::Stream { pool: Some(_) } => Door::Signal,
            Self::Stream { pool: None } | Self::Recorded(_) => Door::Api,
            Self::Announce | Self::Note { .. } | Self::Change(_) | Self::Purge | Self::Audit => Door::Writes,
            // A heartbeat has a token of its own, which says whose it is.
            Self::Fixed(_) | Self::Beat { .. } | Self::SignIn { .. } | Self::SignOut => Door::Hall,
        }
    }

    /// The methods by which it is asked for.
    pub(super) const fn methods(&self) -> &'static [&'static str] {
        match self {
            Self::SignIn { .. } => &["GET", "HEAD", "POST"],
            Self::SignOut
            | Self::Note { .. }
            | Self::Change(Done::Apply(_) | Done::Close(_))
            | Self::Purge => &["POST"],
            Self::Change(Done::Start) | Self::Recorded(Recorded { kind: Kind::Changes, .. }) => {
                &["GET", "HEAD", "POST"]
            }
            Self::Announce | Self::View(View::Announcement) => &["GET", "HEAD", "PUT", "DELETE"],
            Self::Beat { .. } => BEAT,
            Self::Fixed(_) | Self::View(_) | Self::Stream { .. } | Self::Recorded(_) | Self::Audit => READ,
        }
    }
}

impl View {
    pub(super) const fn door(&self) -> Door {
        match self {
            Self::Health { .. } => Door::Health,
            Self::Signal { .. } => Door::Signal,
            Self::Ready { verbose: true } => Door::Readiness,
            Self::Ready { verbose: false } => Door::Hall,
            Self::Metrics { .. } => Door::Metrics,
            Self::Api(_) | Self::Announcement => Door::Api,
            Self::Page | Self::Dossier(_) | Self::Chronicle(_) | Self::Changes(_) => Door::Page,
            Self::Status | Self::Badge(_) | Self::Feed => Door::Status,
        }
    }

    /// The pool and the origin that are asked for, where it is one.
    #[must_use]
    pub fn names(&self) -> (Option<&str>, Option<&str>) {
        match self {
            Self::Health { pool, origin, .. } => (pool.as_deref(), origin.as_deref()),
            Self::Signal { pool, .. } => (Some(pool), None),
            Self::Dossier(dossier) => (Some(&dossier.pool), dossier.origin.as_deref()),
            Self::Badge(badge) => (Some(&badge.pool), None),
            Self::Ready { .. }
            | Self::Metrics { .. }
            | Self::Api(_)
            | Self::Announcement
            | Self::Page
            | Self::Chronicle(_)
            | Self::Changes(_)
            | Self::Status
            | Self::Feed => (None, None),
        }
    }

    /// Whether it lists every part of the worker, what its requests saw included.
    #[must_use]
    pub const fn tells_all(&self) -> bool {
        matches!(self, Self::Ready { verbose: true })
    }

    /// Whether it is a page that a person looks at.
    pub(super) const fn is_page(&self) -> bool {
        matches!(self, Self::Page | Self::Dossier(_) | Self::Chronicle(_) | Self::Changes(_) | Self::Status)
    }

    /// The one usual way to write a target that is asked for often; nothing for the others.
    pub(super) fn path(&self) -> Option<String> {
        let (path, format) = match self {
            Self::Health { pool, origin, format, codes } if *codes == Codes::default() => {
                let names = pool.iter().chain(origin);
                (names.fold("/health".to_owned(), |path, name| format!("{path}/{name}")), format)
            }
            Self::Signal { pool, format, wait: None } => (format!("/route/{pool}"), format),
            Self::Page => return Some("/".to_owned()),
            Self::Status => return Some("/status".to_owned()),
            Self::Health { .. }
            | Self::Signal { .. }
            | Self::Ready { .. }
            | Self::Metrics { .. }
            | Self::Api(_)
            | Self::Announcement
            | Self::Dossier(_)
            | Self::Chronicle(_)
            | Self::Changes(_)
            | Self::Badge(_)
            | Self::Feed => return None,
        };
        Some(match format {
            Format::Json => path,
            Format::Text => format!("{path}?format=text"),
            Format::Word => format!("{path}?format=word"),
            Format::Redirect => format!("{path}?format=redirect"),
            Format::RedirectUnknown => format!("{path}?format=redirect&unknown=follow"),
        })
    }

    /// The part of the snapshot that it needs.
    #[must_use]
    pub fn part(&self, config: &Config) -> Part {
        match self {
            Self::Page
            | Self::Metrics { .. }
            | Self::Dossier(_)
            | Self::Chronicle(_)
            | Self::Changes(_)
            | Self::Status
            | Self::Feed => Part::Whole,
            Self::Api(query) => query.part(config),
            Self::Badge(Badge { pool, .. })
            | Self::Health { pool: Some(pool), .. }
            | Self::Signal { pool, .. } => {
                config.pool(pool).map_or(Part::Summary, |pool| Part::Pool(pool.name.clone()))
            }
            Self::Health { pool: None, .. } | Self::Ready { .. } | Self::Announcement => Part::Summary,
        }
    }
}

/// The methods of what is only read.
pub(super) const READ: &[&str] = &["GET", "HEAD"];

/// The methods of a heartbeat. Those that only read count where the configuration says so
/// ([`super::beat`]).
pub(super) const BEAT: &[&str] = &["POST", "GET", "HEAD"];
