//! The values that conditions work on, and contexts as they come in JSON.

use crate::jose::json::{self, JsonError};
use crate::policy::condition::time::{Duration, IpAddress, Timestamp};
use crate::{Limits, jose::json::Value as Json};
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cmp::Ordering;
use core::fmt::Write;

/// A value of the expression language. Cloning shares what is large.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// No value.
    Null,
    /// True or false.
    Bool(bool),
    /// A signed integer.
    Int(i64),
    /// An unsigned integer.
    Uint(u64),
    /// A floating-point number: what every number of a JSON context is, as in the protobuf `Struct` that OpenFGA takes.
    Double(f64),
    /// Text.
    String(Arc<str>),
    /// Octets.
    Bytes(Arc<[u8]>),
    /// A list.
    List(Arc<Vec<Value>>),
    /// A map.
    Map(Map),
    /// A moment.
    Timestamp(Timestamp),
    /// A length of time.
    Duration(Duration),
    /// An IP address.
    IpAddress(IpAddress),
    /// The type of a value, by its name.
    Type(&'static str),
}

impl Value {
    /// The value of a JSON document.
    ///
    /// The recursion is as deep as the document, which has been read under [`Limits`]: 64 levels at most.
    #[must_use]
    pub fn from_json(value: Json<'_>) -> Self {
        if let Some(text) = value.as_str() {
            return Self::from(&*text);
        }
        if let Some(truth) = value.as_bool() {
            return Value::Bool(truth);
        }
        if let Some(map) = Map::from_json_value(value) {
            return Value::Map(map);
        }
        if let Some(elements) = value.elements() {
            return Value::List(Arc::new(elements.map(Value::from_json).collect()));
        }
        match value.raw().parse() {
            Ok(number) if value.is_number() => Value::Double(number),
            _ => Value::Null,
        }
    }

    /// Writes the value as JSON. What JSON has no form for is written as text.
    pub fn write_json(&self, out: &mut String) {
        // Writing to a `String` cannot fail.
        let _ = match self {
            Value::Null => out.write_str("null"),
            Value::Bool(truth) => write!(out, "{truth}"),
            Value::Int(number) => write!(out, "{number}"),
            Value::Uint(number) => write!(out, "{number}"),
            Value::Double(number) if number.is_finite() => write!(out, "{number}"),
            Value::Double(_) => out.write_str("null"),
            Value::String(text) => {
                write_json_string(text, out);
                Ok(())
            }
            Value::List(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    item.write_json(out);
                }
                out.write_char(']')
            }
            Value::Map(map) => {
                map.write_json(out);
                Ok(())
            }
            Value::Bytes(bytes) => {
                write_json_string(&String::from_utf8_lossy(bytes), out);
                Ok(())
            }
            Value::Timestamp(moment) => write!(out, "\"{moment}\""),
            Value::Duration(length) => write!(out, "\"{length}\""),
            Value::IpAddress(address) => write!(out, "\"{address}\""),
            Value::Type(name) => write!(out, "\"{name}\""),
        };
    }

    /// The text, if it is text.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(text) => Some(text),
            _ => None,
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::String(Arc::from(text))
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Value::Bool(truth)
    }
}

fn write_json_string(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c < ' ' => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// A map, and with text for keys a condition's context: a JSON object.
///
/// INVARIANT: entries are sorted by key, no two keys are equal; numbers that are equal follow each other by their types.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Map(Arc<Vec<(Value, Value)>>);

impl Map {
    /// Reads a JSON object.
    ///
    /// # Errors
    /// The text is no JSON object, or beyond the limits.
    ///
    /// ```
    /// use sentinel_core::{Limits, policy::condition::Map};
    /// let context = Map::from_json(br#"{"ip":"192.0.2.7"}"#, &Limits::DEFAULT)?;
    /// assert_eq!(context.get("ip").and_then(|ip| ip.as_str()), Some("192.0.2.7"));
    /// # Ok::<(), sentinel_core::jose::json::JsonError>(())
    /// ```
    pub fn from_json(document: &[u8], limits: &Limits) -> Result<Self, JsonError> {
        Self::from_json_value(json::parse(document, limits)?).ok_or(JsonError)
    }

    /// The entries of a JSON object.
    #[must_use]
    pub fn from_json_value(value: Json<'_>) -> Option<Self> {
        let members = value.members()?;
        Some(Self::from_entries(members.map(|(name, value)| (Value::from(&*name), Value::from_json(value))).collect()))
    }

    /// A map of these entries. Of two equal keys the later one stays.
    #[must_use]
    pub fn from_entries(mut entries: Vec<(Value, Value)>) -> Self {
        // The sort is stable, so that the last of equal keys is the last one written.
        entries.sort_by(|(a, _), (b, _)| compare_keys(a, b));
        entries.reverse();
        entries.dedup_by(|(a, _), (b, _)| compare_keys(a, b).is_eq());
        entries.reverse();
        Self(Arc::new(entries))
    }

    /// The value under a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.find(|key| match key {
            Value::String(text) => (**text).cmp(name),
            other => rank(other).cmp(&TEXT),
        })
    }

    /// The value under a key of any type. A number finds its own type first, else one that is equal.
    #[must_use]
    pub fn get_value(&self, key: &Value) -> Option<&Value> {
        let start = self.0.partition_point(|(candidate, _)| compare_loosely(candidate, key).is_lt());
        let equal = self.0.iter().skip(start).take_while(|(candidate, _)| compare_loosely(candidate, key).is_eq());
        let mut equal = equal.peekable();
        let (_, first) = *equal.peek()?;
        let own = equal.find(|(candidate, _)| number_type(candidate) == number_type(key));
        Some(own.map_or(first, |(_, value)| value))
    }

    fn find(&self, order: impl Fn(&Value) -> Ordering) -> Option<&Value> {
        let index = self.0.binary_search_by(|(key, _)| order(key)).ok()?;
        self.0.get(index).map(|(_, value)| value)
    }

    /// The entries in the order of their keys.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Value, &Value)> {
        self.0.iter().map(|(key, value)| (key, value))
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Writes the map as a JSON object, sorted by name.
    pub fn write_json(&self, out: &mut String) {
        out.push('{');
        for (index, (key, value)) in self.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            match key {
                Value::String(name) => write_json_string(name, out),
                other => {
                    let mut text = String::new();
                    other.write_json(&mut text);
                    write_json_string(text.trim_matches('"'), out);
                }
            }
            out.push(':');
            value.write_json(out);
        }
        out.push('}');
    }
}

/// What a condition is evaluated in: the context of the tuple over the context of the request.
#[derive(Clone, Copy, Debug, Default)]
pub struct Context<'a> {
    /// What was written with the tuple. It wins, so that a caller cannot replace what the writer fixed.
    pub tuple: Option<&'a Map>,
    /// What came with the request.
    pub request: Option<&'a Map>,
}

impl<'a> Context<'a> {
    /// The context of a request, and of a tuple where it has one.
    #[must_use]
    pub fn new(request: Option<&'a Map>, tuple: Option<&'a Map>) -> Self {
        Self { tuple, request }
    }

    /// The value of a parameter.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'a Value> {
        self.tuple.and_then(|map| map.get(name)).or_else(|| self.request.and_then(|map| map.get(name)))
    }

    /// Whether nothing was given.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tuple.is_none_or(Map::is_empty) && self.request.is_none_or(Map::is_empty)
    }
}

const TEXT: u8 = 2;

fn rank(key: &Value) -> u8 {
    match key {
        Value::Bool(_) => 0,
        Value::Int(_) | Value::Uint(_) | Value::Double(_) => 1,
        Value::String(_) => TEXT,
        _ => 3,
    }
}

fn number_type(key: &Value) -> u8 {
    match key {
        Value::Int(_) => 1,
        Value::Uint(_) => 2,
        Value::Double(_) => 3,
        _ => 0,
    }
}

fn compare_keys(a: &Value, b: &Value) -> Ordering {
    compare_loosely(a, b).then_with(|| number_type(a).cmp(&number_type(b)))
}

/// As [`compare_keys`], without a difference between the types of a number.
fn compare_loosely(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::String(a), Value::String(b)) => a.cmp(b),
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        _ => rank(a).cmp(&rank(b)).then_with(|| compare_numbers(a, b).unwrap_or(Ordering::Equal)),
    }
}

/// The order of two numbers whatever their types. None for NaN and for what is no number.
///
/// An integer is compared with a floating-point number as cel-go does it: beyond 64 bits it is outside, else it is
/// rounded first.
pub(super) fn compare_numbers(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
        (Value::Uint(a), Value::Uint(b)) => Some(a.cmp(b)),
        (Value::Int(a), Value::Uint(b)) => Some(i128::from(*a).cmp(&i128::from(*b))),
        (Value::Uint(a), Value::Int(b)) => Some(i128::from(*a).cmp(&i128::from(*b))),
        (Value::Double(a), Value::Double(b)) => a.partial_cmp(b),
        (Value::Double(a), Value::Int(b)) => a.partial_cmp(&(*b as f64)),
        (Value::Double(a), Value::Uint(b)) => a.partial_cmp(&(*b as f64)),
        (Value::Int(_) | Value::Uint(_), Value::Double(_)) => compare_numbers(b, a).map(Ordering::reverse),
        _ => None,
    }
}
