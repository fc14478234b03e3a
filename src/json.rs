//! JSON by `serde_json`: a value as text and back, and values that are their own text.
//!
//! A text of ours that is not understood is left out by the caller; who needs to say where it went wrong asks
//! `serde_json` itself. What an origin sends is never part of an error (decision 0019).

use std::fmt;

use serde::de::{self, DeserializeOwned, Deserializer, Visitor};
use serde::{Serialize, Serializer};

/// A value as JSON.
///
/// # Panics
/// Never. A type of ours has no reason to refuse: its keys are texts, and its texts do not fail. One that did would
/// be written as an empty text, which every reader leaves out.
pub fn write<T: Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// Reads a value; nothing if the text is not JSON of that form. Members that the form does not know are skipped.
#[must_use]
pub fn read<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_str(text).ok()
}

/// A value that is written as the text that it shows.
#[derive(Clone, Copy, Debug, Default)]
pub struct Shown<T>(pub T);

impl<T: fmt::Display> Serialize for Shown<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// Reads a value from a text in place, without a copy of the text. `form` says what is expected: `a name`.
pub(crate) fn from_text<'de, T, D: Deserializer<'de>>(
    deserializer: D,
    form: &'static str,
    read: fn(&str) -> Option<T>,
) -> Result<T, D::Error> {
    struct Text<T> {
        form: &'static str,
        read: fn(&str) -> Option<T>,
    }

    impl<T> Visitor<'_> for Text<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.form)
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
            (self.read)(text).ok_or_else(|| E::custom(format_args!("not {}", self.form)))
        }
    }

    deserializer.deserialize_str(Text { form, read })
}

/// Gives types with a text form (`Display`, and a function that reads it) that form in JSON, as a value and as the
/// name of a member.
macro_rules! as_text {
    ($($type:ty: $form:literal, $read:expr),+ $(,)?) => {$(
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                crate::json::from_text(deserializer, $form, $read)
            }
        }
    )+};
}

pub(crate) use as_text;
