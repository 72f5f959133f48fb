//! The evaluation of programs, with what each step costs.

use super::failure::{Failure, NO_OVERLOAD, Outcome};
use super::functions::{Cost, Op};
use super::node::{Fold, Node};
use super::operate::{apply, equal, is_key, select, size};
use super::value::{Map, Value};
use alloc::sync::Arc;
use alloc::vec::Vec;

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

    /// The steps that were taken.
    pub(super) fn taken(&self) -> usize {
        STEPS.saturating_sub(self.steps)
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
            node if node.is_attribute() => {
                let value = self.attribute(node);
                self.charge(node.use_cost())?;
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
            // A first argument that fails ends the call before it costs anything, a second one afterwards.
            Node::Binary(op, cost, arguments) => {
                let [first, second] = &**arguments;
                let first = self.eval(first)?;
                let second = self.argument(second)?;
                let first = Ok(first);
                self.charge_call(*cost, &first, Some(&second))?;
                let (first, second) = (first?, second?);
                self.step_over(*op, &first, Some(&second))?;
                apply(*op, &first, Some(&second))
            }
            Node::Matches(arguments, cost, regex) => {
                let [text, pattern] = &**arguments;
                let text = Ok(self.eval(text)?);
                let pattern = self.argument(pattern)?;
                self.charge_call(*cost, &text, Some(&pattern))?;
                match &text? {
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

    /// A value whose failure counts only after the call has been charged.
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
            Cost::Second => share(size(second), 0.1),
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
                self.charge(1)?;
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
                    self.charge(if count.is_ok() { 2 } else { 1 })?;
                    count = count.map(|count| count + 1);
                }
                Err(Failure::Budget) => return Err(Failure::Budget),
                Err(failure) => count = Err(failure),
                Ok(_) => count = Err(NO_OVERLOAD),
            }
        }
        let count = count?;
        self.charge(1)?;
        Ok(Value::Bool(count == 1))
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
                // The accumulator has failed: nothing is added to it any more.
                Ok(Value::Bool(true)) if collected.is_err() => self.charge(1)?,
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
                        Err(failure) => collected = Err(failure),
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

/// A part of a size, rounded up, with the floating-point arithmetic that cel-go has for it.
fn share(size: u64, factor: f64) -> u64 {
    let exact = size as f64 * factor;
    let down = exact as u64;
    if (down as f64) < exact { down + 1 } else { down }
}

/// About how many steps it takes to walk over a value.
pub(super) fn weight(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() / 16,
        Value::Bytes(bytes) => bytes.len() / 16,
        Value::List(items) => items.len() + items.iter().map(weight).sum::<usize>(),
        Value::Map(map) => map.len() + map.iter().map(|(_, value)| weight(value)).sum::<usize>(),
        _ => 0,
    }
}
