//! Which health document of an origin is read: `auto`, `off`, or one dialect by its name.

use std::fmt;

use super::raw::Field;
use super::value::word;
use crate::json::as_text;

/// Whether and how an origin's own health document is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Document {
    /// As the first dialect that knows it; not at all if none does.
    #[default]
    Auto,
    /// Not at all.
    Off,
    /// As this dialect; what is none of it warns.
    Only(Dialect),
}

/// A form of health documents. What each looks like stands in `docs/dialects.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// draft-inadarei-api-health-check.
    HealthJson,
    /// Spring Boot Actuator and its like.
    Actuator,
    /// That of `@adonisjs/health`.
    Adonis,
    /// Lists of probes: fastapi-watch, fastapi-healthz, fastapi-healthcheck.
    Probes,
    /// py-healthcheck.
    PyHealthcheck,
    /// Eclipse's `MicroProfile` Health: a list of checks.
    MicroProfile,
    /// Mozilla's Dockerflow.
    Dockerflow,
    /// @godaddy/terminus and @nestjs/terminus.
    Terminus,
    /// A map of parts, each with a status.
    Parts,
    /// `healthy` or `ok` as a truth value.
    Flag,
    /// django-watchman.
    Watchman,
    /// Nothing but a status.
    Bare,
    /// The text of ASP.NET Core.
    AspNet,
    /// A map of truth values: django-healthchecks. Only where it is asked for by name.
    Flags,
}

impl Dialect {
    /// Every dialect, in the order in which they are tried; the last one is never tried by itself.
    pub const ALL: [Self; 14] = [
        Self::HealthJson,
        Self::Actuator,
        Self::Adonis,
        Self::Probes,
        Self::PyHealthcheck,
        Self::MicroProfile,
        Self::Dockerflow,
        Self::Terminus,
        Self::Parts,
        Self::Flag,
        Self::Watchman,
        Self::Bare,
        Self::AspNet,
        Self::Flags,
    ];

    /// The name, as the configuration and reasons write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HealthJson => "health+json",
            Self::Actuator => "actuator",
            Self::Adonis => "adonis",
            Self::Probes => "probes",
            Self::PyHealthcheck => "py-healthcheck",
            Self::MicroProfile => "microprofile",
            Self::Dockerflow => "dockerflow",
            Self::Terminus => "terminus",
            Self::Parts => "parts",
            Self::Flag => "flag",
            Self::Watchman => "watchman",
            Self::Bare => "bare",
            Self::AspNet => "aspnet",
            Self::Flags => "flags",
        }
    }
}

impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Off => "off",
            Self::Only(dialect) => dialect.as_str(),
        })
    }
}

impl Document {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "auto" => Some(Self::Auto),
            "off" => Some(Self::Off),
            name => Dialect::ALL.into_iter().find(|dialect| dialect.as_str() == name).map(Self::Only),
        }
    }
}

as_text! { Document: "a form of health documents", Document::parse }

/// Reads the setting.
pub(super) fn document(field: &Field<'_>) -> Option<Document> {
    let dialects = Dialect::ALL.map(Dialect::as_str);
    let known: Vec<&str> = ["auto", "off"].into_iter().chain(dialects).collect();
    let place = word(field, &known)?;
    known.get(place).and_then(|name| Document::parse(name))
}
