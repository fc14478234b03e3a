//! JSON: what we store and send, what we answer, and what origins send.
//!
//! `miniserde` does it by dynamic dispatch, in a fraction of the code that `serde_json` makes for each type: that counts in an
//! upload (decision 0006). A type that has a text form is that text in JSON (`as_text`).

use miniserde::json;
use miniserde::json::Number;
use miniserde::ser::Fragment;
use miniserde::{Deserialize, Serialize};

pub use miniserde::json::Value;

/// A value as JSON.
pub fn write<T: Serialize + ?Sized>(value: &T) -> String {
    json::to_string(value)
}

/// Reads a value; nothing if the text is not JSON of that form. Members that the form does not know are skipped.
#[must_use]
pub fn read<T: Deserialize>(text: &str) -> Option<T> {
    json::from_str(text).ok()
}

/// A JSON object under construction: its members in the order in which they are put. What is absent is left out, unless it is put
/// as a null on purpose.
#[derive(Debug, Default)]
pub struct Object(String);

impl Object {
    /// An object without members.
    #[must_use]
    pub const fn new() -> Self {
        Self(String::new())
    }

    /// Puts a member.
    pub fn put<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> &mut Self {
        // Most values are short texts, which need no text of their own on the way.
        if let Fragment::Str(text) = value.begin() {
            self.name(name);
            self.text(&text);
            return self;
        }
        self.put_json(name, &write(value))
    }

    /// Puts a member if there is a value.
    pub fn put_some<T: Serialize>(&mut self, name: &str, value: Option<T>) -> &mut Self {
        match value {
            Some(value) => self.put(name, &value),
            None => self,
        }
    }

    /// Puts a member whose value is JSON already.
    pub fn put_json(&mut self, name: &str, value: &str) -> &mut Self {
        self.name(name);
        self.0.push_str(value);
        self
    }

    fn name(&mut self, name: &str) {
        self.0.push(if self.0.is_empty() { '{' } else { ',' });
        self.text(name);
        self.0.push(':');
    }

    fn text(&mut self, text: &str) {
        if text.bytes().any(|byte| byte < b' ' || byte == b'"' || byte == b'\\') {
            self.0.push_str(&write(text));
        } else {
            self.0.push('"');
            self.0.push_str(text);
            self.0.push('"');
        }
    }

    /// The object as JSON.
    #[must_use]
    pub fn end(&self) -> String {
        if self.0.is_empty() { "{}".to_owned() } else { [&self.0, "}"].concat() }
    }
}

/// A JSON array of what is JSON already.
#[must_use]
pub fn array(items: &[String]) -> String {
    ["[", &items.join(","), "]"].concat()
}

/// The part of a document that a JSON pointer (RFC 6901) names.
#[must_use]
pub fn at<'a>(document: &'a Value, pointer: &str) -> Option<&'a Value> {
    let mut found = document;
    for token in pointer.split('/').skip(1) {
        let token = token.replace("~1", "/").replace("~0", "~");
        found = match found {
            Value::Object(members) => members.get(&token)?,
            Value::Array(items) => items.get(index(&token)?)?,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return None,
        };
    }
    Some(found)
}

/// An array's index as RFC 6901 writes it: digits without leading zeros.
fn index(token: &str) -> Option<usize> {
    let digits = token.bytes().all(|byte| byte.is_ascii_digit());
    (digits && (token == "0" || !token.starts_with('0'))).then(|| token.parse().ok()).flatten()
}

/// Equality as people mean it: `1` and `1.0` are one number, however they are written. Goes as deep as `wanted` does.
#[must_use]
pub fn same(found: &Value, wanted: &Value) -> bool {
    match (found, wanted) {
        (Value::Null, Value::Null) => true,
        (Value::Bool(found), Value::Bool(wanted)) => found == wanted,
        (Value::String(found), Value::String(wanted)) => found == wanted,
        (Value::Number(found), Value::Number(wanted)) => same_number(found, wanted),
        (Value::Array(found), Value::Array(wanted)) => {
            found.len() == wanted.len() && found.iter().zip(wanted).all(|(found, wanted)| same(found, wanted))
        }
        (Value::Object(found), Value::Object(wanted)) => {
            found.len() == wanted.len()
                && wanted
                    .iter()
                    .all(|(name, wanted)| found.get(name).is_some_and(|found| same(found, wanted)))
        }
        (_, _) => false,
    }
}

fn same_number(found: &Number, wanted: &Number) -> bool {
    match (found, wanted) {
        (Number::U64(found), Number::U64(wanted)) => found == wanted,
        (Number::I64(found), Number::I64(wanted)) => found == wanted,
        (found, wanted) => as_float(found).to_bits() == as_float(wanted).to_bits(),
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a whole number beyond 2^53 equals a float only as far as a float can say"
)]
fn as_float(number: &Number) -> f64 {
    // Adding zero makes minus zero plain zero.
    0.0 + match number {
        Number::U64(whole) => *whole as f64,
        Number::I64(whole) => *whole as f64,
        Number::F64(float) => *float,
    }
}

/// Gives types with a text form (`Display`, and the function named for reading it) that form in JSON.
macro_rules! as_text {
    ($($type:ty: $read:expr),+ $(,)?) => {$(
        impl miniserde::Serialize for $type {
            fn begin(&self) -> miniserde::ser::Fragment<'_> {
                miniserde::ser::Fragment::Str(self.to_string().into())
            }
        }
    )+
        crate::json::read_as_text! { $($type: $read),+ }
    };
}

/// The reading half of it, for a type that has its text at hand.
macro_rules! read_as_text {
    ($($type:ty: $read:expr),+ $(,)?) => {$(
        impl miniserde::Deserialize for $type {
            fn begin(out: &mut Option<Self>) -> &mut dyn miniserde::de::Visitor {
                miniserde::make_place!(Seat);
                impl miniserde::de::Visitor for Seat<$type> {
                    fn string(&mut self, text: &str) -> miniserde::Result<()> {
                        let read: fn(&str) -> Option<$type> = $read;
                        self.out = Some(read(text).ok_or(miniserde::Error)?);
                        Ok(())
                    }
                }
                Seat::new(out)
            }
        }
    )+};
}

/// Gives types that wrap a whole number that number in JSON.
macro_rules! as_number {
    ($($type:ty: $write:expr, $read:expr),+ $(,)?) => {$(
        impl miniserde::Serialize for $type {
            fn begin(&self) -> miniserde::ser::Fragment<'_> {
                let write: fn(&$type) -> u64 = $write;
                miniserde::ser::Fragment::U64(write(self))
            }
        }

        impl miniserde::Deserialize for $type {
            fn begin(out: &mut Option<Self>) -> &mut dyn miniserde::de::Visitor {
                miniserde::make_place!(Seat);
                impl miniserde::de::Visitor for Seat<$type> {
                    fn nonnegative(&mut self, number: u64) -> miniserde::Result<()> {
                        let read: fn(u64) -> Option<$type> = $read;
                        self.out = Some(read(number).ok_or(miniserde::Error)?);
                        Ok(())
                    }
                }
                Seat::new(out)
            }
        }
    )+};
}

pub(crate) use {as_number, as_text, read_as_text};

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Value {
        read(text).unwrap()
    }

    #[test]
    fn pointers_of_rfc_6901_find_what_they_name() {
        let document = value(r#"{"foo":["bar","baz"],"":0,"a/b":1,"m~n":8,"~1":9}"#);
        for (pointer, wanted) in [
            ("/foo", r#"["bar","baz"]"#),
            ("/foo/0", "\"bar\""),
            ("/", "0"),
            ("/a~1b", "1"),
            ("/m~0n", "8"),
            ("/~01", "9"),
        ] {
            assert!(same(at(&document, pointer).unwrap(), &value(wanted)), "{pointer}");
        }
        assert!(same(at(&document, "").unwrap(), &document));
        for nowhere in ["/foo/2", "/foo/-", "/foo/01", "/foo/+1", "/foo/bar", "/no", "/foo/0/x"] {
            assert!(at(&document, nowhere).is_none(), "{nowhere}");
        }
    }

    #[test]
    fn numbers_are_the_same_however_they_are_written() {
        for (one, other) in [("1", "1.0"), ("0", "-0.0"), ("100", "1e2"), ("-3", "-3.0")] {
            assert!(same(&value(one), &value(other)), "{one} {other}");
        }
        for (one, other) in
            [("1", "1.5"), ("1", "\"1\""), ("18446744073709551615", "18446744073709551614"), ("0", "null")]
        {
            assert!(!same(&value(one), &value(other)), "{one} {other}");
        }
    }

    #[test]
    fn an_object_has_its_members_in_their_order_and_no_null() {
        let mut object = Object::new();
        object
            .put("b", "x\"\n")
            .put_some("none", None::<u64>)
            .put_some("a", Some(2_u64))
            .put_json("c", &array(&[]));
        assert_eq!(object.end(), r#"{"b":"x\"\n","a":2,"c":[]}"#);
        assert_eq!(Object::new().end(), "{}");
    }

    #[test]
    fn a_member_is_written_like_any_other_value() {
        let texts =
            ["", "plain", "\"", "\\", "\n\t\u{0}\u{1f}", "\u{7f}\u{e9}\u{1f600}\u{2028}", "a\"b\\c\nd"];
        for text in texts {
            let mut object = Object::new();
            object.put(text, text).put_some("some", Some(text));
            let wanted = format!("{{{0}:{0},\"some\":{0}}}", write(text));
            assert_eq!(object.end(), wanted);
            let members = serde_json::from_str::<serde_json::Value>(&wanted).unwrap();
            assert_eq!(members[text].as_str().or(members["some"].as_str()), Some(text));
        }
    }

    #[test]
    fn documents_nested_beyond_reason_are_read_without_harm() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(at(&value(&deep), "/0/0").is_some());
        assert!(read::<Value>(&"[".repeat(100_000)).is_none());
    }
}
