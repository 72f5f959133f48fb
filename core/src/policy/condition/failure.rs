//! Why an evaluation has no value.

use super::operate::type_name;
use super::value::Value;
use alloc::string::String;
use core::fmt;

/// Why there is no value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Failure {
    /// A parameter that is not given decides.
    Unknown,
    /// More than the evaluation may cost. Nothing absorbs it.
    Budget,
    Error(&'static str),
    NoSuchKey(Value),
    OutOfBounds(Value),
    Conversion(&'static str, &'static str),
    Text(String),
}

impl From<&'static str> for Failure {
    fn from(text: &'static str) -> Self {
        Failure::Error(text)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Unknown => f.write_str("unknown"),
            Failure::Budget => f.write_str("operation cancelled: actual cost limit exceeded"),
            Failure::Error(text) => f.write_str(text),
            Failure::NoSuchKey(key) => write!(f, "no such key: {}", Plain(key)),
            Failure::OutOfBounds(index) => write!(f, "index out of bounds: {}", Plain(index)),
            Failure::Conversion(from, to) => write!(f, "type conversion error from '{from}' to '{to}'"),
            Failure::Text(text) => f.write_str(text),
        }
    }
}

/// A key as it reads in a message.
struct Plain<'a>(&'a Value);

impl fmt::Display for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Value::Bool(truth) => write!(f, "{truth}"),
            Value::Int(number) => write!(f, "{number}"),
            Value::Uint(number) => write!(f, "{number}"),
            Value::Double(number) => f.write_str(&super::number::go_number(*number)),
            Value::String(text) => f.write_str(text),
            other => f.write_str(type_name(other)),
        }
    }
}

pub(super) const NO_OVERLOAD: Failure = Failure::Error("no such overload");
pub(super) const INT_OVERFLOW: Failure = Failure::Error("integer overflow");
pub(super) const UINT_OVERFLOW: Failure = Failure::Error("unsigned integer overflow");
pub(super) const DURATION_OVERFLOW: Failure = Failure::Error("duration overflow");
pub(super) const TIMESTAMP_OVERFLOW: Failure = Failure::Error("timestamp overflow");

pub(super) type Outcome = Result<Value, Failure>;
