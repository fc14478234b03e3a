//! JSON by `serde_json`: a value as text and back, and values that are their own text.
//!
//! A text of ours that is not understood is left out by the caller; who needs to say where it went
//! wrong asks `serde_json` itself. What an origin sends is never part of an error (decision 0019).

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::{Serialize, Serializer};

/// A value as JSON.
///
/// # Panics
/// Never. A type of ours has no reason to refuse: its keys are texts, and its texts do not fail.
/// One that did would be written as an empty text, which every reader leaves out.
pub fn write<T: Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// Reads a value; nothing if the text is not JSON of that form. Members that the form does not know
/// are skipped.
#[must_use]
pub fn read<'t, T: Deserialize<'t>>(text: &'t str) -> Option<T> {
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

/// Reads a value from a text in place, without a copy of the text. `form` says what is expected: `a
/// name`.
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

/// Gives types with a text form that form in JSON, as a value and as the name of a member. A text
/// form is `Display`, and a function that reads it.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{Name, OriginId, Ratio, Timestamp};

    #[test]
    fn what_is_shown_is_written_like_any_other_text() {
        for text in ["", "plain", "\"\\", "\n\t\u{8}\u{c}\r\u{0}\u{1f}", "\u{7f}\u{e9}\u{1f600}\u{2028}"] {
            let shown = write(&Shown(format_args!("{text}")));
            assert_eq!(shown, write(text));
            assert_eq!(read::<String>(&shown).as_deref(), Some(text));
        }
        assert_eq!(write("\u{8}\t\n\u{c}\r\"\\/\u{1}\u{7f}"), "\"\\b\\t\\n\\f\\r\\\"\\\\/\\u0001\u{7f}\"");
    }

    #[test]
    fn values_are_checked_as_they_are_read() {
        assert_eq!(read::<Name>("\"shop\"").map(|name| name.to_string()).as_deref(), Some("shop"));
        // A text with an escape cannot be read in place.
        assert_eq!(read::<Name>(r#""sh\u006fp""#).map(|name| name.to_string()).as_deref(), Some("shop"));
        assert_eq!(read::<Ratio>("100").map(Ratio::as_percent), Some(100));
        let late = read::<Timestamp>("18446744073709551615").map(|at| at.to_string());
        assert_eq!(late.as_deref(), Some("9999-12-31T23:59:59.999Z"));
        for text in ["101", "256", "-1", "-0", "1.0", "1e1", "\"1\"", "null", "[1]"] {
            assert_eq!(read::<Ratio>(text), None, "{text}");
        }
        for text in ["-1", "-0", "5.0", "1e3", "18446744073709551616", "\"5\"", "null"] {
            assert_eq!(read::<Timestamp>(text), None, "{text}");
        }
        for text in ["\"Shop\"", "\"\"", "7", "null", "\"shop\" ", "\"shop\"x", "\"sh\\ud800op\""] {
            assert_eq!(read::<Name>(text).is_some(), text == "\"shop\" ", "{text}");
        }
    }

    #[test]
    fn an_error_repeats_nothing_of_a_text_that_is_no_value() {
        let error = serde_json::from_str::<OriginId>("\"Zq7xMark\"").unwrap_err().to_string();
        assert_eq!(error, "not a pool and an origin at line 1 column 10");
    }
}
