//! Whether two JSON values are the same as people mean it.

use serde_json::{Number, Value};

/// Equality by meaning: `1` and `1.0` are one number, however they are written. Goes as deep as `wanted` does.
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

/// Whole numbers are compared as such. A whole number beyond 2^53 equals a float only as far as a float can say.
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
