//! Inheritance: a setting may be written in `[defaults]`, in a pool and in an origin; the nearest
//! one counts.
//!
//! Tables are inherited key by key at every depth: an origin that writes `probe = { path = "/live"
//! }` keeps its pool's method and headers, and one that writes a header keeps the others. Lists and
//! values are replaced as a whole.

use std::collections::BTreeMap;

use super::raw::{Field, Report};

/// Where a setting was written; the greater, the nearer to the origin.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// In `[defaults]`.
    Defaults,
    /// In `[[pool]]`.
    Pool,
    /// In `[[pool.origin]]`.
    Origin,
}

/// Where a setting stands: the level, and the place in the text.
pub(super) type Place = (Level, usize);

/// A value is written, but cannot be read; the report says why.
pub(super) struct Refused;

/// A setting that may be inherited.
#[derive(Clone)]
pub(super) struct Slot<T>(Option<(Option<T>, Place)>);

/// Settings that may be inherited, by key.
pub(super) type Slots<T> = BTreeMap<String, Slot<T>>;

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: Clone> Slot<T> {
    /// What was written at `level`. What could not be read still hides what it would have replaced,
    /// so that no problem is reported about a value that nobody meant.
    pub(super) fn written(value: Option<T>, level: Level, field: &Field<'_>) -> Self {
        Self(Some((value, (level, field.offset))))
    }

    /// Takes over `field`, if it is written.
    pub(super) fn overlay(
        &mut self,
        field: Option<Field<'_>>,
        level: Level,
        read: impl FnOnce(&Field<'_>) -> Option<T>,
    ) {
        if let Some(field) = field {
            *self = Self::written(read(&field), level, &field);
        }
    }

    /// The value, or `default` if none is written; nothing if what is written cannot be read.
    pub(super) fn or(&self, default: T) -> Option<T> {
        match &self.0 {
            None => Some(default),
            Some((value, _)) => value.clone(),
        }
    }

    /// The value, if one is written.
    pub(super) fn optional(&self) -> Result<Option<T>, Refused> {
        match &self.0 {
            None => Ok(None),
            Some((value, _)) => value.clone().map(Some).ok_or(Refused),
        }
    }

    /// The value, if one is written that can be read.
    pub(super) fn known(&self) -> Option<&T> {
        self.0.as_ref().and_then(|(value, _)| value.as_ref())
    }

    /// The setting of this key, and where it is written.
    pub(super) fn written_as<'a>(&self, key: &'a str) -> Written<'a> {
        Written { key, place: self.place() }
    }

    /// Where it is written.
    pub(super) fn place(&self) -> Option<Place> {
        self.0.as_ref().map(|(_, place)| *place)
    }
}

/// Every value by its key; nothing if one of them cannot be read.
pub(super) fn every<T: Clone>(slots: &Slots<T>) -> Option<BTreeMap<String, T>> {
    let mut values = BTreeMap::new();
    for (key, slot) in slots {
        values.insert(key.clone(), slot.known()?.clone());
    }
    Some(values)
}

/// A setting, and where it is written; nowhere if its default holds.
#[derive(Clone, Copy)]
pub(super) struct Written<'a> {
    /// Its key.
    pub key: &'a str,
    /// Its place.
    pub place: Option<Place>,
}

/// The path of an origin and of what it inherits from.
pub(super) struct Scope<'a> {
    /// The path of the pool.
    pub pool: &'a str,
    /// The path of the origin.
    pub origin: &'a str,
    /// Where the problem is reported.
    pub report: &'a Report<'a>,
}

impl Scope<'_> {
    /// Refuses two settings that do not go together, at the one that is written nearer to the
    /// origin (or the first of the two): there the two met. Settings that met in `[defaults]` are
    /// so reported once, not for every origin.
    pub(super) fn refuse_pair(&self, a: Written<'_>, b: Written<'_>, message: &str) {
        let level = |place: Option<Place>| place.map(|(level, _)| level);
        let Written { key, place } = if level(b.place) > level(a.place) { b } else { a };
        let above = match level(place) {
            None | Some(Level::Defaults) => "defaults",
            Some(Level::Pool) => self.pool,
            Some(Level::Origin) => self.origin,
        };
        self.report.refuse(&format!("{above}.{key}"), place.map(|(_, offset)| offset), message.to_owned());
    }
}
