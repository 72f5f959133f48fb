//! Conversions between types that an expression asks for: `int("5")`.

use super::failure::{Failure, INT_OVERFLOW, NO_OVERLOAD, Outcome, TIMESTAMP_OVERFLOW, UINT_OVERFLOW};
use super::functions::Op;
use super::operate::type_name;
use super::time::{Duration, Timestamp};
use super::value::Value;
use alloc::string::ToString;

pub(super) fn convert(op: Op, value: &Value) -> Outcome {
    use Value::{Bool, Bytes, Double, Int, Uint};
    let failed = |to| Failure::Conversion(type_name(value), to);
    let converted = match (op, value) {
        (Op::ToDyn, value) => value.clone(),
        (Op::ToType, value) => Value::Type(type_name(value)),
        (Op::ToBool, Bool(_))
        | (Op::ToBytes, Bytes(_))
        | (Op::ToDouble, Double(_))
        | (Op::ToDuration, Value::Duration(_))
        | (Op::ToInt, Int(_))
        | (Op::ToString, Value::String(_))
        | (Op::ToTimestamp, Value::Timestamp(_))
        | (Op::ToUint, Uint(_)) => value.clone(),
        (Op::ToBool, Value::String(text)) => match &**text {
            "1" | "t" | "T" | "true" | "TRUE" | "True" => Bool(true),
            "0" | "f" | "F" | "false" | "FALSE" | "False" => Bool(false),
            _ => return Err(failed("bool")),
        },
        (Op::ToBytes, Value::String(text)) => Bytes(text.as_bytes().into()),
        (Op::ToDouble, Int(number)) => Double(*number as f64),
        (Op::ToDouble, Uint(number)) => Double(*number as f64),
        (Op::ToDouble, Value::String(text)) => {
            let number: f64 = text.parse().map_err(|_| failed("double"))?;
            // A number too large is an error unless infinity was meant.
            if number.is_infinite() && text.bytes().any(|byte| byte.is_ascii_digit()) {
                return Err(failed("double"));
            }
            Double(number)
        }
        (Op::ToDuration, Value::String(text)) => {
            Value::Duration(Duration::parse(text).ok_or(failed("google.protobuf.Duration"))?)
        }
        (Op::ToInt, Uint(number)) => Int(i64::try_from(*number).map_err(|_| INT_OVERFLOW)?),
        // 2^63 is the first number that does not fit; cel-go takes the smallest one for too small, too.
        (Op::ToInt, Double(number)) if *number > i64::MIN as f64 && *number < i64::MAX as f64 => Int(*number as i64),
        (Op::ToInt, Double(_)) => return Err(INT_OVERFLOW),
        (Op::ToInt, Value::Duration(length)) => Int(length.0),
        (Op::ToInt, Value::Timestamp(moment)) => Int(moment.seconds),
        (Op::ToInt, Value::String(text)) => Int(text.parse().map_err(|_| failed("int"))?),
        (Op::ToUint, Int(number)) => Uint(u64::try_from(*number).map_err(|_| UINT_OVERFLOW)?),
        (Op::ToUint, Double(number)) if *number >= 0.0 && *number < 18_446_744_073_709_551_616.0 => {
            Uint(*number as u64)
        }
        (Op::ToUint, Double(_)) => return Err(UINT_OVERFLOW),
        (Op::ToUint, Value::String(text)) if !text.starts_with('+') => Uint(text.parse().map_err(|_| failed("uint"))?),
        (Op::ToUint, Value::String(_)) => return Err(failed("uint")),
        (Op::ToTimestamp, Int(seconds)) => {
            Value::Timestamp(Timestamp::checked(*seconds, 0, 0).ok_or(TIMESTAMP_OVERFLOW)?)
        }
        (Op::ToTimestamp, Value::String(text)) => {
            if !Timestamp::is_strict(text) {
                return Err(Failure::Text(alloc::format!("invalid RFC 3339 timestamp \"{text}\"")));
            }
            let moment = Timestamp::parse(text).ok_or(failed("google.protobuf.Timestamp"))?;
            let moment = Timestamp::checked(moment.seconds, moment.nanos, moment.offset);
            Value::Timestamp(moment.ok_or(TIMESTAMP_OVERFLOW)?)
        }
        (Op::ToString, value) => Value::String(
            match value {
                Bool(truth) => truth.to_string(),
                Int(number) => number.to_string(),
                Uint(number) => number.to_string(),
                Double(number) => super::number::go_number(*number),
                Value::Duration(length) => length.to_string(),
                Value::Timestamp(moment) => moment.to_string(),
                Value::IpAddress(address) => address.to_string(),
                Bytes(bytes) => core::str::from_utf8(bytes)
                    .map_err(|_| Failure::Error("invalid UTF-8 in bytes, cannot convert to string"))?
                    .to_string(),
                _ => return Err(NO_OVERLOAD),
            }
            .into(),
        ),
        _ => return Err(NO_OVERLOAD),
    };
    Ok(converted)
}
