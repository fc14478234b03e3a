//! TOML values → JSON texts, for what a JSON pointer must find.

use miniserde::json::{Array, Number, Object};
use toml::de::{DeInteger, DeValue};

use super::raw::Field;
use crate::json::{self, Value};

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
            let number = number.as_str().parse().ok().filter(|number: &f64| number.is_finite());
            number
                .map(|number| Value::Number(Number::F64(number)))
                .ok_or("has a number that JSON does not have; write a finite one")
        }
        DeValue::Datetime(_) => Err("has a date, which JSON does not have; write it in quotes"),
        DeValue::Array(items) => {
            let mut array = Array::new();
            for item in items {
                array.push(convert(item.get_ref(), depth.saturating_sub(1))?);
            }
            Ok(Value::Array(array))
        }
        DeValue::Table(map) => {
            let mut object = Object::new();
            for (key, value) in map {
                object.insert(key.get_ref().to_string(), convert(value.get_ref(), depth.saturating_sub(1))?);
            }
            Ok(Value::Object(object))
        }
    }
}

fn integer(number: &DeInteger<'_>) -> Option<Value> {
    let (text, radix) = (number.as_str(), number.radix());
    let number = u64::from_str_radix(text, radix).map(Number::U64);
    number.or_else(|_| i64::from_str_radix(text, radix).map(Number::I64)).ok().map(Value::Number)
}
