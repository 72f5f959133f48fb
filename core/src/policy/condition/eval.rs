//! Programs and their evaluation, with what each step costs.

use super::functions::{Cost, Op};
use super::regex::Regex;
use super::time::{Duration, IpAddress, Timestamp};
use super::value::{Map, Value, compare_numbers};
use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cmp::Ordering;
use core::fmt;

/// A step of a program.
#[derive(Debug)]
pub(super) enum Node {
    Const(Value),
    /// A parameter, by its place among the declared ones.
    Parameter(usize),
    /// A variable of a macro, by how many are around it.
    Local(usize),
    /// `a.b`, `a["b"]`, `a[0]`.
    Select(Box<Node>, Value),
    /// `has(a.b)`.
    Has(Box<Node>, Value),
    Index(Box<Node>, Box<Node>),
    Conditional(Box<Node>, Box<Node>, Box<Node>),
    /// `&&` (true) or `||` (false).
    Logic(bool, Vec<Node>),
    Unary(Op, Cost, Box<Node>),
    Binary(Op, Cost, Box<[Node; 2]>),
    /// `in` a list of plain constants.
    OneOf(Box<Node>, Arc<Vec<Value>>),
    /// `matches` with a constant pattern, which is kept for what it costs.
    Matches(Box<[Node; 2]>, Cost, Arc<Regex>),
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
    Fold {
        fold: Fold,
        range: Box<Node>,
        predicate: Option<Box<Node>>,
        result: Option<Box<Node>>,
    },
}

/// What a macro makes of its elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fold {
    All,
    Exists,
    ExistsOne,
    /// `map` and `filter`.
    Collect,
}

impl Node {
    pub(super) fn constant(&self) -> Option<Value> {
        match self {
            Node::Const(value) => Some(value.clone()),
            _ => None,
        }
    }

    /// What cel-go calls an attribute: its cost is charged where its value is used, not where it is named.
    fn is_attribute(&self) -> bool {
        matches!(
            self,
            Node::Parameter(_)
                | Node::Local(_)
                | Node::Select(..)
                | Node::Has(..)
                | Node::Index(..)
                | Node::Conditional(..)
        )
    }
}

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
            Value::Double(number) => f.write_str(&super::time::go_number(*number)),
            Value::String(text) => f.write_str(text),
            other => f.write_str(type_name(other)),
        }
    }
}

const NO_OVERLOAD: Failure = Failure::Error("no such overload");
const INT_OVERFLOW: Failure = Failure::Error("integer overflow");
const UINT_OVERFLOW: Failure = Failure::Error("unsigned integer overflow");
const DURATION_OVERFLOW: Failure = Failure::Error("duration overflow");
const TIMESTAMP_OVERFLOW: Failure = Failure::Error("timestamp overflow");

type Outcome = Result<Value, Failure>;

/// Steps of the machine that an evaluation may take whatever the language charges for them: cel-go charges 1 for the
/// concatenation of two lists of any length, and nothing for a `filter` that keeps none.
const STEPS: usize = 4_000_000;

/// One evaluation.
pub(super) struct Machine<'p> {
    /// None: not given.
    parameters: &'p [Option<Value>],
    locals: Vec<Value>,
    pub(super) cost: u64,
    limit: u64,
    steps: usize,
}

impl<'p> Machine<'p> {
    pub(super) fn new(parameters: &'p [Option<Value>], limit: u64) -> Self {
        Self { parameters, locals: Vec::new(), cost: 0, limit, steps: STEPS }
    }

    fn charge(&mut self, cost: u64) -> Result<(), Failure> {
        self.cost = self.cost.saturating_add(cost);
        if self.cost > self.limit { Err(Failure::Budget) } else { self.step(1) }
    }

    fn step(&mut self, steps: usize) -> Result<(), Failure> {
        self.steps = self.steps.checked_sub(steps).ok_or(Failure::Budget)?;
        Ok(())
    }

    /// The value of a node and the cost of using it.
    ///
    /// The recursion is as deep as the expression's tree, which the parser bounds.
    pub(super) fn eval(&mut self, node: &Node) -> Outcome {
        match node {
            Node::Const(value) => Ok(value.clone()),
            Node::Conditional(..) => self.attribute(node),
            node if node.is_attribute() => {
                let value = self.attribute(node);
                self.charge(1)?;
                value
            }
            Node::Logic(all, nodes) => self.logic(*all, nodes),
            Node::Unary(op, cost, argument) => {
                let value = self.argument(argument)?;
                self.charge_call(*cost, &value, None)?;
                let value = value?;
                self.step_over(*op, &value, None)?;
                apply(*op, &value, None)
            }
            Node::Binary(op, cost, arguments) => {
                let [first, second] = &**arguments;
                let first = self.argument(first)?;
                let second = self.argument(second)?;
                self.charge_call(*cost, &first, Some(&second))?;
                let (first, second) = (first?, second?);
                self.step_over(*op, &first, Some(&second))?;
                apply(*op, &first, Some(&second))
            }
            Node::Matches(arguments, cost, regex) => {
                let [text, pattern] = &**arguments;
                let text = self.argument(text)?;
                let pattern = self.argument(pattern)?;
                let text = text?;
                self.charge_call(*cost, &Ok(text.clone()), Some(&pattern))?;
                match &text {
                    Value::String(text) => {
                        self.step(regex.steps(text))?;
                        Ok(Value::Bool(regex.is_match(text)))
                    }
                    _ => Err(NO_OVERLOAD),
                }
            }
            Node::OneOf(argument, items) => {
                let value = self.eval(argument)?;
                self.step(items.len())?;
                Ok(Value::Bool(items.iter().any(|item| equal(item, &value))))
            }
            Node::List(nodes) => {
                let items = self.all(nodes.iter());
                self.charge(10)?;
                Ok(Value::List(Arc::new(items?)))
            }
            Node::Map(entries) => {
                let entries = self.entries(entries);
                self.charge(30)?;
                Ok(Value::Map(Map::from_entries(entries?)))
            }
            Node::Fold { fold, range, predicate, result } => {
                self.fold(*fold, range, predicate.as_deref(), result.as_deref())
            }
            // `is_attribute` has taken the rest.
            _ => Err(NO_OVERLOAD),
        }
    }

    /// A value that may be missing without ending the evaluation: all arguments are evaluated before the first
    /// failure counts.
    fn argument(&mut self, node: &Node) -> Result<Outcome, Failure> {
        match self.eval(node) {
            Err(Failure::Budget) => Err(Failure::Budget),
            outcome => Ok(outcome),
        }
    }

    fn all<'n>(&mut self, nodes: impl Iterator<Item = &'n Node>) -> Result<Vec<Value>, Failure> {
        nodes.map(|node| self.eval(node)).collect()
    }

    fn entries(&mut self, entries: &[(Node, Node)]) -> Result<Vec<(Value, Value)>, Failure> {
        let mut values = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            let key = self.eval(key)?;
            let value = self.eval(value)?;
            if !is_key(&key) {
                return Err(Failure::Error("unsupported key type"));
            }
            values.push((key, value));
        }
        Ok(values)
    }

    fn charge_call(&mut self, cost: Cost, first: &Outcome, second: Option<&Outcome>) -> Result<(), Failure> {
        let size = |outcome: Option<&Outcome>| match outcome {
            Some(Ok(value)) => size(value).unwrap_or(1),
            _ => 1,
        };
        let cost = match cost {
            Cost::One => 1,
            Cost::First => share(size(Some(first)), 0.1),
            Cost::Smaller => share(size(Some(first)).min(size(second)), 0.1),
            Cost::Both => share(size(Some(first)).saturating_add(size(second)), 0.1),
            Cost::List => size(second),
            Cost::Matches => share(size(Some(first)).saturating_add(1), 0.1).saturating_mul(share(size(second), 0.25)),
            Cost::Contains => share(size(Some(first)), 0.1).saturating_mul(share(size(second), 0.1)),
        };
        self.charge(cost)
    }

    /// The machine's own steps of a call.
    fn step_over(&mut self, op: Op, first: &Value, second: Option<&Value>) -> Result<(), Failure> {
        // What only looks a value up does not walk over it.
        let looks_up = matches!((op, second), (Op::In, Some(Value::Map(_)))) || op == Op::Size;
        if !looks_up {
            self.step(weight(first) + second.map_or(0, weight))?;
        }
        if let (Op::Matches, Value::String(text), Some(Value::String(pattern))) = (op, first, second) {
            self.step(text.len().saturating_mul(pattern.len()))?;
        }
        Ok(())
    }

    /// The value of an attribute without the cost of using it, which is that of its qualifiers only.
    fn attribute(&mut self, node: &Node) -> Outcome {
        match node {
            Node::Parameter(index) => self.parameters.get(*index).cloned().flatten().ok_or(Failure::Unknown),
            Node::Local(slot) => self.locals.get(*slot).cloned().ok_or(Failure::Unknown),
            Node::Select(of, key) => {
                let value = self.attribute(of)?;
                self.charge(1)?;
                select(&value, key)
            }
            Node::Has(of, key) => {
                let value = self.attribute(of)?;
                self.charge(1)?;
                match &value {
                    Value::Map(map) => Ok(Value::Bool(map.get_value(key).is_some())),
                    Value::List(_) => Err(Failure::Error("unsupported index type 'string' in list")),
                    _ => Ok(Value::Bool(false)),
                }
            }
            Node::Index(of, index) => {
                let value = self.attribute(of)?;
                let index_value = self.attribute(index);
                if !matches!(**index, Node::Conditional(..)) {
                    self.charge(1)?;
                }
                select(&value, &index_value?)
            }
            Node::Conditional(condition, yes, no) => match self.eval(condition)? {
                Value::Bool(true) => self.attribute(yes),
                Value::Bool(false) => self.attribute(no),
                _ => Err(NO_OVERLOAD),
            },
            other => self.eval(other),
        }
    }

    fn logic(&mut self, all: bool, nodes: &[Node]) -> Outcome {
        let mut state = Logic::new(all);
        for node in nodes {
            if state.add(self.eval(node))? {
                break;
            }
        }
        state.finish().map(Value::Bool)
    }

    fn fold(&mut self, fold: Fold, range: &Node, predicate: Option<&Node>, result: Option<&Node>) -> Outcome {
        let items = match self.eval(range)? {
            Value::List(items) => items,
            Value::Map(map) => Arc::new(map.iter().map(|(key, _)| key.clone()).collect()),
            _ => return Err(Failure::Error("expected iterable type")),
        };
        let outcome = match fold {
            Fold::All | Fold::Exists => self.quantify(fold == Fold::All, &items, predicate),
            Fold::ExistsOne => self.exists_one(&items, predicate),
            Fold::Collect => self.collect(&items, predicate, result),
        };
        if outcome != Err(Failure::Budget) {
            // The result is a use of the accumulator.
            self.charge(1)?;
        }
        outcome
    }

    /// `all` is `&&` over the elements, `exists` is `||`. cel-go asks before each element whether to go on.
    fn quantify(&mut self, all: bool, items: &[Value], predicate: Option<&Node>) -> Outcome {
        let mut state = Logic::new(all);
        let mut decided = false;
        for item in items {
            self.charge(if all { 2 } else { 3 })?;
            if decided {
                break;
            }
            self.charge(1)?;
            decided = state.add(self.with(item, predicate))?;
        }
        state.finish().map(Value::Bool)
    }

    fn exists_one(&mut self, items: &[Value], predicate: Option<&Node>) -> Outcome {
        let mut count = Ok(0_u64);
        for item in items {
            self.step(1)?;
            match self.with(item, predicate) {
                Ok(Value::Bool(false)) => {}
                Ok(Value::Bool(true)) => {
                    self.charge(2)?;
                    count = count.map(|count| count + 1);
                }
                Err(Failure::Budget) => return Err(Failure::Budget),
                Err(failure) => count = Err(failure),
                Ok(_) => count = Err(NO_OVERLOAD),
            }
        }
        self.charge(1)?;
        count.map(|count| Value::Bool(count == 1))
    }

    fn collect(&mut self, items: &[Value], predicate: Option<&Node>, result: Option<&Node>) -> Outcome {
        let mut collected = Ok(Vec::new());
        for item in items {
            self.step(1)?;
            let keep = match predicate {
                Some(_) => self.with(item, predicate),
                None => Ok(Value::Bool(true)),
            };
            match keep {
                Ok(Value::Bool(false)) => {}
                Ok(Value::Bool(true)) => {
                    self.charge(1)?;
                    let value = match result {
                        Some(_) => self.with(item, result),
                        None => {
                            self.charge(1)?;
                            Ok(item.clone())
                        }
                    };
                    // A list of a constant is a constant.
                    self.charge(if matches!(result, Some(Node::Const(_))) { 1 } else { 11 })?;
                    match value {
                        Err(Failure::Budget) => return Err(Failure::Budget),
                        Ok(value) => {
                            if let Ok(values) = &mut collected {
                                values.push(value);
                            }
                        }
                        Err(failure) if collected.is_ok() => collected = Err(failure),
                        Err(_) => {}
                    }
                }
                Err(Failure::Budget) => return Err(Failure::Budget),
                Err(failure) => collected = Err(failure),
                Ok(_) => collected = Err(NO_OVERLOAD),
            }
        }
        collected.map(|values| Value::List(Arc::new(values)))
    }

    fn with(&mut self, item: &Value, node: Option<&Node>) -> Outcome {
        let Some(node) = node else { return Ok(Value::Bool(true)) };
        self.locals.push(item.clone());
        let outcome = self.eval(node);
        self.locals.pop();
        outcome
    }
}

/// `&&` (all) or `||` over outcomes: what decides wins over what is missing, that over errors, the first of them.
struct Logic {
    all: bool,
    failure: Option<Failure>,
    decided: bool,
}

impl Logic {
    fn new(all: bool) -> Self {
        Self { all, failure: None, decided: false }
    }

    /// True: decided, the rest does not matter.
    fn add(&mut self, outcome: Outcome) -> Result<bool, Failure> {
        match outcome {
            Ok(Value::Bool(truth)) => self.decided = truth != self.all,
            Err(Failure::Budget) => return Err(Failure::Budget),
            Err(Failure::Unknown) => self.failure = Some(Failure::Unknown),
            Err(failure) => {
                self.failure.get_or_insert(failure);
            }
            Ok(_) => {
                self.failure.get_or_insert(NO_OVERLOAD);
            }
        }
        Ok(self.decided)
    }

    fn finish(self) -> Result<bool, Failure> {
        match self.failure {
            Some(failure) if !self.decided => Err(failure),
            _ => Ok(self.decided != self.all),
        }
    }
}

/// The size that cel-go's cost model takes: of text in code points.
fn size(value: &Value) -> Option<u64> {
    let size = match value {
        Value::String(text) => text.chars().count(),
        Value::Bytes(bytes) => bytes.len(),
        Value::List(items) => items.len(),
        Value::Map(map) => map.len(),
        _ => return None,
    };
    Some(size as u64)
}

/// A part of a size, rounded up, with the floating-point arithmetic that cel-go has for it.
fn share(size: u64, factor: f64) -> u64 {
    let exact = size as f64 * factor;
    let down = exact as u64;
    if (down as f64) < exact { down + 1 } else { down }
}

/// About how many steps it takes to walk over a value.
fn weight(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() / 16,
        Value::Bytes(bytes) => bytes.len() / 16,
        Value::List(items) => items.len() + items.iter().map(weight).sum::<usize>(),
        Value::Map(map) => map.len() + map.iter().map(|(_, value)| weight(value)).sum::<usize>(),
        _ => 0,
    }
}

pub(super) fn is_key(value: &Value) -> bool {
    matches!(value, Value::Bool(_) | Value::Int(_) | Value::Uint(_) | Value::Double(_) | Value::String(_))
}

fn select(of: &Value, key: &Value) -> Outcome {
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

fn type_name(value: &Value) -> &'static str {
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

fn compare(a: &Value, b: &Value) -> Result<Ordering, Failure> {
    Ok(match (a, b) {
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
            compare_numbers(a, b).ok_or(Failure::Error("NaN values cannot be ordered"))?
        }
    })
}

/// What a function makes of values.
pub(super) fn apply(op: Op, first: &Value, second: Option<&Value>) -> Outcome {
    let Some(second) = second else { return unary(op, first) };
    let ordered = |accept: fn(Ordering) -> bool| compare(first, second).map(|order| Value::Bool(accept(order)));
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

fn convert(op: Op, value: &Value) -> Outcome {
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
            let moment = Timestamp::parse(text).ok_or(failed("google.protobuf.Timestamp"))?;
            let moment = Timestamp::checked(moment.seconds, moment.nanos, moment.offset);
            Value::Timestamp(moment.ok_or(TIMESTAMP_OVERFLOW)?)
        }
        (Op::ToString, value) => Value::String(
            match value {
                Bool(truth) => truth.to_string(),
                Int(number) => number.to_string(),
                Uint(number) => number.to_string(),
                Double(number) => super::time::go_number(*number),
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
