//! What operators and functions make of values.

use super::conversion::convert;
use super::failure::{
    DURATION_OVERFLOW, Failure, INT_OVERFLOW, NO_OVERLOAD, Outcome, TIMESTAMP_OVERFLOW, UINT_OVERFLOW,
};
use super::functions::Op;
use super::regex::Regex;
use super::time::{Duration, IpAddress, Timestamp};
use super::value::{Value, compare_numbers};
use alloc::sync::Arc;
use core::cmp::Ordering;

/// The size that cel-go's cost model takes: of text in code points.
pub(super) fn size(value: &Value) -> Option<u64> {
    let size = match value {
        Value::String(text) => text.chars().count(),
        Value::Bytes(bytes) => bytes.len(),
        Value::List(items) => items.len(),
        Value::Map(map) => map.len(),
        _ => return None,
    };
    Some(size as u64)
}

pub(super) fn is_key(value: &Value) -> bool {
    matches!(value, Value::Bool(_) | Value::Int(_) | Value::Uint(_) | Value::Double(_) | Value::String(_))
}

pub(super) fn select(of: &Value, key: &Value) -> Outcome {
    match of {
        Value::Map(map) => map.get_value(key).cloned().ok_or_else(|| Failure::NoSuchKey(key.clone())),
        Value::List(items) => {
            let index = match key {
                Value::Int(index) => *index,
                Value::Uint(index) => i64::try_from(*index).unwrap_or(-1),
                Value::Double(index) if (*index as i64) as f64 == *index => *index as i64,
                other => {
                    let name = type_name(other);
                    return Err(Failure::Text(alloc::format!("unsupported index type '{name}' in list")));
                }
            };
            let item = usize::try_from(index).ok().and_then(|index| items.get(index));
            item.cloned().ok_or_else(|| Failure::OutOfBounds(key.clone()))
        }
        _ => Err(Failure::NoSuchKey(key.clone())),
    }
}

pub(super) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null_type",
        Value::Bool(_) => "bool",
        Value::Int(_) => "int",
        Value::Uint(_) => "uint",
        Value::Double(_) => "double",
        Value::String(_) => "string",
        Value::Bytes(_) => "bytes",
        Value::List(_) => "list",
        Value::Map(_) => "map",
        Value::Timestamp(_) => "google.protobuf.Timestamp",
        Value::Duration(_) => "google.protobuf.Duration",
        Value::IpAddress(_) => "IPAddress",
        Value::Type(_) => "type",
    }
}

/// Equality as the language has it: numbers by value, different types are unequal, NaN is unequal to all.
///
/// The recursion is as deep as the values, which come from JSON of bounded depth and expressions of bounded height.
pub(super) fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::List(a), Value::List(b)) => a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| equal(a, b)),
        (Value::Map(a), Value::Map(b)) => {
            a.len() == b.len() && a.iter().all(|(key, value)| b.get_value(key).is_some_and(|other| equal(value, other)))
        }
        (Value::Timestamp(a), Value::Timestamp(b)) => (a.seconds, a.nanos) == (b.seconds, b.nanos),
        (Value::Int(_) | Value::Uint(_) | Value::Double(_), _) => compare_numbers(a, b) == Some(Ordering::Equal),
        _ => a == b,
    }
}

/// None: one of them is NaN, which has no order.
fn compare(a: &Value, b: &Value) -> Result<Option<Ordering>, Failure> {
    Ok(Some(match (a, b) {
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::String(a), Value::String(b)) => a.cmp(b),
        (Value::Bytes(a), Value::Bytes(b)) => a.cmp(b),
        (Value::Duration(a), Value::Duration(b)) => a.cmp(b),
        (Value::Timestamp(a), Value::Timestamp(b)) => (a.seconds, a.nanos).cmp(&(b.seconds, b.nanos)),
        _ => {
            let is_number = |value: &Value| matches!(value, Value::Int(_) | Value::Uint(_) | Value::Double(_));
            if !is_number(a) || !is_number(b) {
                return Err(NO_OVERLOAD);
            }
            return Ok(compare_numbers(a, b));
        }
    }))
}

/// What a function makes of values.
pub(super) fn apply(op: Op, first: &Value, second: Option<&Value>) -> Outcome {
    let Some(second) = second else { return unary(op, first) };
    let ordered =
        |accept: fn(Ordering) -> bool| compare(first, second).map(|order| Value::Bool(order.is_some_and(accept)));
    match op {
        Op::Equal => Ok(Value::Bool(equal(first, second))),
        Op::NotEqual => Ok(Value::Bool(!equal(first, second))),
        Op::Less => ordered(Ordering::is_lt),
        Op::LessOrEqual => ordered(Ordering::is_le),
        Op::Greater => ordered(Ordering::is_gt),
        Op::GreaterOrEqual => ordered(Ordering::is_ge),
        Op::Add | Op::Subtract | Op::Multiply | Op::Divide | Op::Modulo => arithmetic(op, first, second),
        Op::In => match second {
            Value::List(items) => Ok(Value::Bool(items.iter().any(|item| equal(item, first)))),
            Value::Map(map) => Ok(Value::Bool(is_key(first) && map.get_value(first).is_some())),
            _ => Err(NO_OVERLOAD),
        },
        Op::InCidr => match (first, second) {
            (Value::IpAddress(address), Value::String(network)) => {
                let found = address.in_cidr(network);
                let malformed = || Failure::Text(alloc::format!("'{network}' is a malformed CIDR string"));
                found.map(Value::Bool).ok_or_else(malformed)
            }
            _ => Err(NO_OVERLOAD),
        },
        _ => match (first, second) {
            (Value::Timestamp(moment), zone_name) => getter(op, *moment, zone(zone_name)?),
            (Value::String(text), Value::String(other)) => match op {
                Op::Contains => Ok(Value::Bool(text.contains(&**other))),
                Op::StartsWith => Ok(Value::Bool(text.starts_with(&**other))),
                Op::EndsWith => Ok(Value::Bool(text.ends_with(&**other))),
                Op::Matches => Ok(Value::Bool(Regex::new(other)?.is_match(text))),
                _ => Err(NO_OVERLOAD),
            },
            _ => Err(NO_OVERLOAD),
        },
    }
}

fn arithmetic(op: Op, first: &Value, second: &Value) -> Outcome {
    match (first, second) {
        (Value::Int(a), Value::Int(b)) => {
            let result = match op {
                Op::Add => a.checked_add(*b),
                Op::Subtract => a.checked_sub(*b),
                Op::Multiply => a.checked_mul(*b),
                Op::Divide if *b == 0 => return Err(Failure::Error("division by zero")),
                Op::Divide => a.checked_div(*b),
                _ if *b == 0 => return Err(Failure::Error("modulus by zero")),
                _ => a.checked_rem(*b),
            };
            result.map(Value::Int).ok_or(INT_OVERFLOW)
        }
        (Value::Uint(a), Value::Uint(b)) => {
            let result = match op {
                Op::Add => a.checked_add(*b),
                Op::Subtract => a.checked_sub(*b),
                Op::Multiply => a.checked_mul(*b),
                Op::Divide => return a.checked_div(*b).map(Value::Uint).ok_or(Failure::Error("division by zero")),
                _ => return a.checked_rem(*b).map(Value::Uint).ok_or(Failure::Error("modulus by zero")),
            };
            result.map(Value::Uint).ok_or(UINT_OVERFLOW)
        }
        (Value::Double(a), Value::Double(b)) => match op {
            Op::Add => Ok(Value::Double(a + b)),
            Op::Subtract => Ok(Value::Double(a - b)),
            Op::Multiply => Ok(Value::Double(a * b)),
            Op::Divide => Ok(Value::Double(a / b)),
            _ => Err(NO_OVERLOAD),
        },
        (Value::Duration(a), Value::Duration(b)) => {
            let result = match op {
                Op::Add => a.0.checked_add(b.0),
                Op::Subtract => a.0.checked_sub(b.0),
                _ => return Err(NO_OVERLOAD),
            };
            result.map(|nanos| Value::Duration(Duration(nanos))).ok_or(DURATION_OVERFLOW)
        }
        (Value::Timestamp(moment), Value::Duration(length)) if op == Op::Subtract => {
            let length = length.0.checked_neg().ok_or(DURATION_OVERFLOW)?;
            moment.add(Duration(length)).map(Value::Timestamp).ok_or(TIMESTAMP_OVERFLOW)
        }
        (Value::Timestamp(a), Value::Timestamp(b)) if op == Op::Subtract => {
            a.since(*b).map(Value::Duration).ok_or(DURATION_OVERFLOW)
        }
        (Value::Timestamp(moment), Value::Duration(length)) | (Value::Duration(length), Value::Timestamp(moment))
            if op == Op::Add =>
        {
            moment.add(*length).map(Value::Timestamp).ok_or(TIMESTAMP_OVERFLOW)
        }
        (Value::String(a), Value::String(b)) if op == Op::Add => Ok(Value::String([&**a, &**b].concat().into())),
        (Value::Bytes(a), Value::Bytes(b)) if op == Op::Add => Ok(Value::Bytes([&**a, &**b].concat().into())),
        (Value::List(a), Value::List(b)) if op == Op::Add => {
            Ok(Value::List(Arc::new(a.iter().chain(b.iter()).cloned().collect())))
        }
        _ => Err(NO_OVERLOAD),
    }
}

fn unary(op: Op, value: &Value) -> Outcome {
    match op {
        Op::Not => match value {
            Value::Bool(truth) => Ok(Value::Bool(!truth)),
            _ => Err(NO_OVERLOAD),
        },
        Op::Negate => match value {
            Value::Int(number) => number.checked_neg().map(Value::Int).ok_or(INT_OVERFLOW),
            Value::Double(number) => Ok(Value::Double(-number)),
            _ => Err(NO_OVERLOAD),
        },
        Op::Size => size(value).and_then(|size| i64::try_from(size).ok()).map(Value::Int).ok_or(NO_OVERLOAD),
        Op::IpAddress => match value {
            Value::String(text) => {
                let malformed = || Failure::Text(alloc::format!("ParseAddr(\"{text}\"): unable to parse IP"));
                IpAddress::parse(text).map(Value::IpAddress).ok_or_else(malformed)
            }
            _ => Err(NO_OVERLOAD),
        },
        _ => match value {
            Value::Timestamp(moment) if op as u8 >= Op::FullYear as u8 => getter(op, *moment, 0),
            Value::Duration(length) => match op {
                Op::Hours => Ok(Value::Int(length.0 / 3_600_000_000_000)),
                Op::Minutes => Ok(Value::Int(length.0 / 60_000_000_000)),
                Op::Seconds => Ok(Value::Int(length.0 / 1_000_000_000)),
                Op::Milliseconds => Ok(Value::Int(length.0 / 1_000_000)),
                _ => convert(op, value),
            },
            _ => convert(op, value),
        },
    }
}

/// Seconds east of UTC of a time zone: `UTC` or an offset. There is no table of named zones here.
pub(super) fn zone(name: &Value) -> Result<i64, Failure> {
    let Value::String(name) = name else { return Err(NO_OVERLOAD) };
    let unknown = || Failure::Text(alloc::format!("unknown time zone {name}"));
    let Some((hours, minutes)) = name.split_once(':') else {
        return if name.is_empty() || &**name == "UTC" { Ok(0) } else { Err(unknown()) };
    };
    let parse = |text: &str| text.parse::<i64>().ok().filter(|number| number.abs() < 1_000);
    let (hours, minutes) = (parse(hours).ok_or_else(unknown)?, parse(minutes).ok_or_else(unknown)?);
    if !(0..60).contains(&minutes) {
        return Err(Failure::Text(alloc::format!("timezone offset minutes out of range [0, 59]: {name}")));
    }
    let minutes = if name.starts_with('-') { -minutes } else { minutes };
    Ok((hours * 60 + minutes) * 60)
}

fn getter(op: Op, moment: Timestamp, east: i64) -> Outcome {
    let civil = moment.civil(east);
    Ok(Value::Int(match op {
        Op::FullYear => civil.year,
        Op::Month => civil.month - 1,
        Op::DayOfYear => civil.day_of_year,
        Op::DayOfMonth => civil.day - 1,
        Op::Date => civil.day,
        Op::DayOfWeek => civil.day_of_week,
        Op::Hours => civil.second_of_day / 3600,
        Op::Minutes => civil.second_of_day / 60 % 60,
        Op::Seconds => civil.second_of_day % 60,
        Op::Milliseconds => i64::from(moment.nanos / 1_000_000),
        _ => return Err(NO_OVERLOAD),
    }))
}
