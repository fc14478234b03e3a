//! TOML values → JSON texts, for what a JSON pointer must find.

use serde_json::{Map, Number, Value};
use toml::de::{DeInteger, DeValue};

use super::raw::Field;
use crate::json;

/// The value that `field` says as JSON, nested at most `depth` deep.
pub(super) fn text(field: &Field<'_>, depth: u32) -> Option<String> {
    match convert(field.value(), depth) {
        Ok(value) => Some(json::write(&value)),
        Err(why) => {
            field.refuse(format_args!("{why}"));
            None
        }
    }
}

fn convert(value: &DeValue<'_>, depth: u32) -> Result<Value, &'static str> {
    if depth == 0 {
        return Err("nests deeper than 16; write several pointers to its parts instead");
    }
    match value {
        DeValue::String(text) => Ok(Value::String(text.to_string())),
        DeValue::Boolean(flag) => Ok(Value::Bool(*flag)),
        DeValue::Integer(number) => {
            integer(number).ok_or("has a whole number that 64 bits do not hold; write a smaller one")
        }
        DeValue::Float(number) => {
            let number = number.as_str().parse().ok().and_then(Number::from_f64).map(Value::Number);
            number.ok_or("has a number that JSON does not have; write a finite one")
        }
        DeValue::Datetime(_) => Err("has a date, which JSON does not have; write it in quotes"),
        DeValue::Array(items) => {
            let items = items.iter().map(|item| convert(item.get_ref(), depth.saturating_sub(1)));
            items.collect::<Result<_, _>>().map(Value::Array)
        }
        DeValue::Table(map) => {
            let members = map.iter().map(|(key, value)| {
                Ok((key.get_ref().to_string(), convert(value.get_ref(), depth.saturating_sub(1))?))
            });
            members.collect::<Result<Map<_, _>, _>>().map(Value::Object)
        }
    }
}

fn integer(number: &DeInteger<'_>) -> Option<Value> {
    let (text, radix) = (number.as_str(), number.radix());
    let number = u64::from_str_radix(text, radix).map(Number::from);
    number.or_else(|_| i64::from_str_radix(text, radix).map(Number::from)).ok().map(Value::Number)
}
