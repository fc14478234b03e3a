//! Whether two JSON values are the same as people mean it.

use serde_json::{Number, Value};

/// Equality by meaning: `1` and `1.0` are one number, however they are written. Goes as deep as
/// `wanted` does.
pub(super) fn same(found: &Value, wanted: &Value) -> bool {
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

/// Whole numbers are compared as such. A whole number beyond 2^53 equals a float only as far as a
/// float can say.
fn same_number(found: &Number, wanted: &Number) -> bool {
    if found.is_f64() || wanted.is_f64() {
        // Equal floats, so that minus zero is plain zero; JSON has no NaN.
        found.as_f64().is_some_and(|found| wanted.as_f64() == Some(found))
    } else {
        found == wanted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
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
            assert!(same(document.pointer(pointer).unwrap(), &value(wanted)), "{pointer}");
        }
        assert!(same(document.pointer("").unwrap(), &document));
        for nowhere in ["/foo/2", "/foo/-", "/foo/01", "/foo/+1", "/foo/bar", "/no", "/foo/0/x", "foo"] {
            assert!(document.pointer(nowhere).is_none(), "{nowhere}");
        }
    }

    #[test]
    fn what_nests_beyond_reason_is_no_document() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let read = |text: &str| serde_json::from_str::<Value>(text).ok();
        assert!(read(&nested(127)).is_some_and(|document| document.pointer("/0/0").is_some()));
        for text in [nested(128), nested(100_000), "[".repeat(100_000), r#"{"a":"#.repeat(100_000)] {
            assert!(read(&text).is_none());
        }
    }

    #[test]
    fn what_is_no_json_is_not_read_and_of_equal_keys_the_last_counts() {
        for text in
            ["1 x", "NaN", "1e999", "-1e999", "01", "+1", ".5", "\"\\ud800\"", "\u{feff}1", "[1,]", ""]
        {
            assert!(serde_json::from_str::<Value>(text).is_err(), "{text}");
        }
        assert!(same(&value(r#"{"ok":true,"ok":false}"#), &value(r#"{"ok":false}"#)));
    }

    #[test]
    fn numbers_are_the_same_however_they_are_written() {
        for (one, other) in [
            ("1", "1.0"),
            ("0", "-0.0"),
            ("0", "-0"),
            ("100", "1e2"),
            ("-3", "-3.0"),
            ("0.1", "1e-1"),
            // The nearest float is the same: digits beyond what it holds say nothing more.
            ("0.30000000000000004", "0.300000000000000044409"),
            ("9007199254740993.0", "9007199254740992"),
        ] {
            assert!(same(&value(one), &value(other)), "{one} {other}");
            assert!(same(&value(other), &value(one)), "{other} {one}");
        }
        for (one, other) in [
            ("1", "1.5"),
            ("1", "\"1\""),
            ("18446744073709551615", "18446744073709551614"),
            ("-9223372036854775808", "-9223372036854775807"),
            ("0", "null"),
        ] {
            assert!(!same(&value(one), &value(other)), "{one} {other}");
        }
    }
}
