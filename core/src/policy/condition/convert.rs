//! From a context's JSON to a parameter's type, as OpenFGA converts it, with its messages.

use super::number::{Decimal, go_number};
use super::time::{Duration, IpAddress, Timestamp};
use super::value::{Map, Value};
use crate::policy::model::ParameterType;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;

/// The value of a parameter. The recursion is as deep as the declared type.
pub(super) fn convert(value: &Value, to: &ParameterType) -> Result<Value, String> {
    match (to, value) {
        (ParameterType::Any, value)
        | (ParameterType::Bool, value @ Value::Bool(_))
        | (ParameterType::String, value @ Value::String(_))
        | (ParameterType::Int, value @ Value::Int(_))
        | (ParameterType::Uint, value @ Value::Uint(_))
        | (ParameterType::Double, value @ Value::Double(_))
        | (ParameterType::Duration, value @ Value::Duration(_))
        | (ParameterType::Timestamp, value @ Value::Timestamp(_))
        | (ParameterType::IpAddress, value @ Value::IpAddress(_)) => Ok(value.clone()),
        (ParameterType::Int | ParameterType::Uint | ParameterType::Double, _) => number(value, to),
        (ParameterType::Duration, Value::String(text)) => Duration::parse(text)
            .map(Value::Duration)
            .ok_or_else(|| format!("expected a valid duration string, but found: '{text}'")),
        (ParameterType::Duration, other) => Err(format!("expected a duration string, but found: {}", typed(other))),
        (ParameterType::Timestamp, Value::String(text)) => Timestamp::parse(text)
            .map(Value::Timestamp)
            .ok_or_else(|| format!("expected RFC 3339 formatted timestamp string, but found '{text}'")),
        (ParameterType::Timestamp, other) => {
            Err(format!("expected RFC 3339 formatted timestamp string, but found: {}", typed(other)))
        }
        (ParameterType::IpAddress, Value::String(text)) => IpAddress::parse(text)
            .map(Value::IpAddress)
            .ok_or_else(|| format!("expected a well-formed IP address, but found: '{text}'")),
        (ParameterType::IpAddress, other) => Err(format!("expected an ipaddress string, but found: {}", typed(other))),
        (ParameterType::List(of), Value::List(items)) => {
            let mut converted = Vec::with_capacity(items.len());
            for (index, item) in items.iter().enumerate() {
                let item = convert(item, of);
                converted.push(item.map_err(|why| format!("found an invalid list item at index `{index}`: {why}"))?);
            }
            Ok(Value::List(Arc::new(converted)))
        }
        (ParameterType::List(_), other) => Err(format!("list requires a list, found: {}", go_type(other))),
        (ParameterType::Map(of), Value::Map(map)) => {
            let mut converted = Vec::with_capacity(map.len());
            for (key, item) in map.iter() {
                let item = convert(item, of).map_err(|why| {
                    format!("found an invalid value for key '{}': {why}", key.as_str().unwrap_or_default())
                })?;
                converted.push((key.clone(), item));
            }
            Ok(Value::Map(Map::from_entries(converted)))
        }
        (ParameterType::Map(_), other) => Err(format!("map requires a map, found: {}", go_type(other))),
        (ParameterType::Bool, other) => Err(unexpected("bool", other)),
        (ParameterType::String, other) => Err(unexpected("string", other)),
    }
}

fn unexpected(wanted: &str, found: &Value) -> String {
    // What Go prints for the type of nil.
    let found = if *found == Value::Null { "%!s(<nil>)" } else { go_type(found) };
    format!("expected type value '{wanted}', but found '{found}'")
}

/// Numbers are taken as numbers and as text. As in OpenFGA an integer beyond 64 bits becomes the nearest one, a `uint`
/// beyond 63 bits the largest `int`, and text stands for a `double` only where it names one exactly.
fn number(value: &Value, to: &ParameterType) -> Result<Value, String> {
    let go_name = match to {
        ParameterType::Int => "int64",
        ParameterType::Uint => "uint64",
        _ => "float64",
    };
    let (decimal, shown) = match value {
        Value::Double(number) => (Decimal::of_number(*number), go_number(*number)),
        Value::String(text) => {
            let decimal = Decimal::parse(text)
                .ok_or_else(|| format!("expected a {go_name} value, but found invalid string value '{text}'"))?;
            (Some(decimal), text.to_string())
        }
        other => return Err(unexpected(go_name, other)),
    };
    match to {
        ParameterType::Int => decimal
            .and_then(|decimal| decimal.integer())
            .map(Value::Int)
            .ok_or_else(|| format!("expected an int value, but found numeric value '{shown}'")),
        ParameterType::Uint => {
            let integer = decimal
                .and_then(|decimal| decimal.integer())
                .ok_or_else(|| format!("expected a uint value, but found numeric value '{shown}'"))?;
            let unsigned = u64::try_from(integer).map(Value::Uint);
            unsigned.map_err(|_| format!("expected a uint value, but found int64 value '{shown}'"))
        }
        _ => decimal
            .and_then(|decimal| decimal.exact_double())
            .map(Value::Double)
            .ok_or_else(|| format!("number cannot be represented as a float64: {shown}")),
    }
}

/// The name of the type that Go reads a JSON value into.
fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::String(_) => "string",
        Value::List(_) => "[]interface {}",
        Value::Map(_) => "map[string]interface {}",
        _ => "float64",
    }
}

/// `float64 '3'`, as Go's `%T '%v'`.
fn typed(value: &Value) -> String {
    let mut out = String::from(go_type(value));
    out.push_str(" '");
    write_go(value, &mut out);
    out.push('\'');
    out
}

fn write_go(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("<nil>"),
        Value::String(text) => out.push_str(text),
        Value::Double(number) => out.push_str(&go_number(*number)),
        Value::List(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(' ');
                }
                write_go(item, out);
            }
            out.push(']');
        }
        Value::Map(map) => {
            out.push_str("map[");
            for (index, (key, item)) in map.iter().enumerate() {
                if index > 0 {
                    out.push(' ');
                }
                write_go(key, out);
                out.push(':');
                write_go(item, out);
            }
            out.push(']');
        }
        other => other.write_json(out),
    }
}
