//! A small map as a sorted vector.

use std::borrow::Cow;
use std::ops::{Deref, DerefMut};

use litemap::LiteMap;
use miniserde::{Deserialize, Serialize, de, make_place, ser};

use super::{Name, OriginId};

/// A map in the order of its keys: a sorted vector. Ours are small and read more than changed, and each further type of the
/// standard library's tree costs the upload some ten kilobytes. In JSON it is an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Map<K, V>(LiteMap<K, V>);

impl<K, V> Map<K, V> {
    /// A map without entries.
    #[must_use]
    pub const fn new() -> Self {
        Self(LiteMap::new())
    }
}

impl<K, V> Default for Map<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K, V> Deref for Map<K, V> {
    type Target = LiteMap<K, V>;
    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<K, V> DerefMut for Map<K, V> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl<K: Ord, V> FromIterator<(K, V)> for Map<K, V> {
    /// One by one: the standard library's sort, which collecting at once needs, costs the upload kilobytes for each type.
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut map = Self::new();
        for (key, value) in entries {
            map.insert(key, value);
        }
        map
    }
}

impl<K, V> IntoIterator for Map<K, V> {
    type Item = (K, V);
    type IntoIter = std::vec::IntoIter<(K, V)>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_tuple_vec().into_iter()
    }
}

impl<'a, K, V> IntoIterator for &'a Map<K, V> {
    type Item = (&'a K, &'a V);
    type IntoIter = <&'a LiteMap<K, V> as IntoIterator>::IntoIter;
    fn into_iter(self) -> Self::IntoIter {
        (&self.0).into_iter()
    }
}

impl<'a, K, V> IntoIterator for &'a mut Map<K, V> {
    type Item = (&'a K, &'a mut V);
    type IntoIter = <&'a mut LiteMap<K, V> as IntoIterator>::IntoIter;
    fn into_iter(self) -> Self::IntoIter {
        (&mut self.0).into_iter()
    }
}

/// A key that can be the name of a JSON member.
pub trait Key: Ord {
    /// The name.
    fn text(&self) -> Cow<'_, str>;

    /// Reads it back; nothing if the text is not of its form.
    fn read(text: &str) -> Option<Self>
    where
        Self: Sized;
}

impl Key for String {
    fn text(&self) -> Cow<'_, str> {
        self.as_str().into()
    }

    fn read(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }
}

impl Key for Name {
    fn text(&self) -> Cow<'_, str> {
        self.as_str().into()
    }

    fn read(text: &str) -> Option<Self> {
        Self::parse(text).ok()
    }
}

impl Key for OriginId {
    fn text(&self) -> Cow<'_, str> {
        [self.pool.as_str(), "/", self.origin.as_str()].concat().into()
    }

    fn read(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

impl<K: Key, V: Serialize> Serialize for Map<K, V> {
    fn begin(&self) -> ser::Fragment<'_> {
        struct Members<'a, K, V> {
            map: &'a LiteMap<K, V>,
            next: usize,
        }

        impl<K: Key, V: Serialize> ser::Map for Members<'_, K, V> {
            fn next(&mut self) -> Option<(Cow<'_, str>, &dyn Serialize)> {
                let (key, value) = self.map.get_indexed(self.next)?;
                self.next = self.next.saturating_add(1);
                Some((key.text(), value))
            }
        }

        ser::Fragment::Map(Box::new(Members { map: &self.0, next: 0 }))
    }
}

impl<K: Key, V: Deserialize> Deserialize for Map<K, V> {
    fn begin(out: &mut Option<Self>) -> &mut dyn de::Visitor {
        make_place!(Place);

        impl<K: Key, V: Deserialize> de::Visitor for Place<Map<K, V>> {
            fn map(&mut self) -> miniserde::Result<Box<dyn de::Map + '_>> {
                Ok(Box::new(Members { out: &mut self.out, map: Map::new(), key: None, value: None }))
            }
        }

        struct Members<'a, K, V> {
            out: &'a mut Option<Map<K, V>>,
            map: Map<K, V>,
            key: Option<K>,
            value: Option<V>,
        }

        impl<K: Key, V> Members<'_, K, V> {
            fn keep(&mut self) {
                if let (Some(key), Some(value)) = (self.key.take(), self.value.take()) {
                    self.map.insert(key, value);
                }
            }
        }

        impl<K: Key, V: Deserialize> de::Map for Members<'_, K, V> {
            fn key(&mut self, text: &str) -> miniserde::Result<&mut dyn de::Visitor> {
                self.keep();
                self.key = Some(K::read(text).ok_or(miniserde::Error)?);
                Ok(V::begin(&mut self.value))
            }

            fn finish(&mut self) -> miniserde::Result<()> {
                self.keep();
                *self.out = Some(std::mem::take(&mut self.map));
                Ok(())
            }
        }

        Place::new(out)
    }
}
