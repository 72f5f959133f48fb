//! From an expression to a program: names are resolved, types checked, constants computed.

use super::failure::Failure;
use super::functions::{self, Cost, Op};
use super::node::{Fold, Node};
use super::operate::{apply, is_key, zone};
use super::parser::{Expr, Kind};
use super::program::Issue;
use super::regex::Regex;
use super::types::{Bindings, Type, signature};
use super::value::{Map, Value};
use crate::policy::model::Parameter;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;

/// Steps that checking may take: some hundred for each word of the longest expression in use.
const FUEL: u32 = 2_000_000;
/// Mistakes that are reported of one expression.
const ISSUES: usize = 100;

pub(super) struct Checker<'s> {
    parameters: &'s [Parameter],
    /// Variables of the macros around, innermost last.
    scopes: Vec<(&'s str, Type)>,
    bindings: Bindings,
    pub(super) issues: Vec<Issue>,
    /// Macros that are not written right. cel-go finds them while parsing and then reports nothing else.
    misused: Vec<Issue>,
    /// The first constant that cannot be computed. cel-go finds it only after all types are known to be right.
    pub(super) unusable: Option<String>,
}

impl<'s> Checker<'s> {
    pub(super) fn new(parameters: &'s [Parameter]) -> Self {
        Self {
            parameters,
            scopes: Vec::new(),
            bindings: Bindings::new(FUEL),
            issues: Vec::new(),
            misused: Vec::new(),
            unusable: None,
        }
    }

    /// The program of a whole expression and its type.
    pub(super) fn program(&mut self, expr: &Expr<'s>) -> (Type, Node) {
        let (found, node) = self.check(expr);
        let found = self.bindings.resolve(&found, true);
        if self.bindings.fuel == 0 {
            self.report(expr.at, "expression is too complex".to_string());
        }
        if !self.misused.is_empty() {
            self.issues = core::mem::take(&mut self.misused);
        }
        (found, node)
    }

    fn report(&mut self, at: usize, message: String) {
        if self.issues.len() < ISSUES {
            // In the order of the text, those of one place in the order in which they were found.
            let place = self.issues.partition_point(|issue| issue.at <= at);
            self.issues.insert(place, Issue { at, message });
        }
    }

    fn misuse(&mut self, at: usize, what: &str) -> (Type, Node) {
        if self.misused.len() < ISSUES {
            let place = self.misused.partition_point(|issue| issue.at <= at);
            self.misused.insert(place, Issue { at, message: what.to_string() });
        }
        (Type::Error, Node::Const(Value::Null))
    }

    fn mistake(&mut self, at: usize, message: String) -> (Type, Node) {
        self.report(at, message);
        (Type::Error, Node::Const(Value::Null))
    }

    fn shown(&mut self, of: &Type) -> Type {
        self.bindings.resolve(of, true)
    }

    fn check(&mut self, expr: &Expr<'s>) -> (Type, Node) {
        match &expr.kind {
            Kind::Literal(value) => (literal_type(value), Node::Const(value.clone())),
            Kind::Name(name, global) => self.name(expr.at, name, *global),
            Kind::Select(of, field) => self.select(expr.at, of, field, false),
            Kind::Logic(all, items) => self.logic(*all, items),
            Kind::List(items) => self.list(items),
            Kind::Map(entries) => self.map(entries),
            Kind::Call(name, target, arguments) => self.call(expr.at, name, target.as_deref(), arguments),
        }
    }

    fn name(&mut self, at: usize, name: &str, global: bool) -> (Type, Node) {
        let local = self.scopes.iter().rposition(|(variable, _)| *variable == name);
        if let Some(slot) = local.filter(|_| !global)
            && let Some((_, of)) = self.scopes.get(slot)
        {
            return (of.clone(), Node::Local(slot));
        }
        let declared = self.parameters.iter().enumerate().find(|(_, parameter)| parameter.name == name);
        if let Some((index, parameter)) = declared {
            return (Type::of_parameter(&parameter.type_name), Node::Parameter(index));
        }
        let of = match name {
            "bool" => (Type::Bool, "bool"),
            "bytes" => (Type::Bytes, "bytes"),
            "double" => (Type::Double, "double"),
            "int" => (Type::Int, "int"),
            "list" => (Type::list(Type::Dyn), "list"),
            "map" => (Type::map(Type::Dyn, Type::Dyn), "map"),
            "null_type" => (Type::Null, "null_type"),
            "string" => (Type::String, "string"),
            "type" => (Type::Meta(Type::Dyn.into()), "type"),
            "uint" => (Type::Uint, "uint"),
            _ => {
                let dot = if global { "." } else { "" };
                return self.mistake(at, format!("undeclared reference to '{dot}{name}' (in container '')"));
            }
        };
        (Type::Meta(of.0.into()), Node::Const(Value::Type(of.1)))
    }

    fn select(&mut self, at: usize, of: &Expr<'s>, field: &str, test: bool) -> (Type, Node) {
        let (operand, node) = self.check(of);
        let operand = self.bindings.resolve(&operand, false);
        let result = match &operand {
            Type::Map(entry) => entry.1.clone(),
            Type::Dyn | Type::Any | Type::Error => Type::Dyn,
            Type::Variable(_) => {
                self.bindings.fits(&Type::Dyn, &operand);
                Type::Dyn
            }
            // OpenFGA's type for addresses is an object without fields.
            Type::IpAddress => return self.mistake(at, format!("undefined field '{field}'")),
            other => return self.mistake(at, format!("type '{other}' does not support field selection")),
        };
        let result = if test { Type::Bool } else { self.bindings.resolve(&result, false) };
        let key = Value::from(field);
        let node = Box::new(node);
        (result, if test { Node::Has(node, key) } else { Node::Select(node, key) })
    }

    fn logic(&mut self, all: bool, items: &[Expr<'s>]) -> (Type, Node) {
        let mut nodes = Vec::with_capacity(items.len());
        let mut result = Type::Bool;
        for item in items {
            let (fits, node) = self.boolean(item);
            if !fits {
                result = Type::Error;
            }
            nodes.push(node);
        }
        (result, Node::Logic(all, nodes))
    }

    fn boolean(&mut self, expr: &Expr<'s>) -> (bool, Node) {
        let (found, node) = self.check(expr);
        let fits = self.bindings.fits(&found, &Type::Bool);
        if !fits {
            let found = self.shown(&found);
            self.report(expr.at, format!("expected type 'bool' but found '{found}'"));
        }
        (fits, node)
    }

    /// The predicate of a macro that becomes the condition of a choice between two accumulators.
    fn chooses(&mut self, at: usize, found: &Type, accumulator: Type) {
        if !self.bindings.fits(found, &Type::Bool) {
            self.no_overload(at, "_?_:_", false, &[found.clone(), accumulator.clone(), accumulator]);
        }
    }

    fn join(&mut self, before: Option<Type>, found: Type) -> Type {
        match before {
            None => found,
            Some(before) if self.bindings.fits(&before, &found) => self.bindings.most_general(&before, &found),
            // Elements of different types make a list of anything.
            Some(_) => Type::Dyn,
        }
    }

    fn list(&mut self, items: &[Expr<'s>]) -> (Type, Node) {
        let mut nodes = Vec::with_capacity(items.len());
        let mut element = None;
        for item in items {
            let (found, node) = self.check(item);
            element = Some(self.join(element, found));
            nodes.push(node);
        }
        let element = element.unwrap_or_else(|| self.bindings.fresh());
        let constants: Option<Vec<Value>> = nodes.iter().map(Node::constant).collect();
        let node = match constants {
            Some(values) => Node::Const(Value::List(Arc::new(values))),
            None => Node::List(nodes),
        };
        (Type::list(element), node)
    }

    fn map(&mut self, entries: &[(Expr<'s>, Expr<'s>)]) -> (Type, Node) {
        let mut nodes = Vec::with_capacity(entries.len());
        let mut types = (None, None);
        for (key, value) in entries {
            let (found, key_node) = self.check(key);
            types.0 = Some(self.join(types.0.take(), found));
            let (found, value_node) = self.check(value);
            types.1 = Some(self.join(types.1.take(), found));
            nodes.push((key_node, value_node));
        }
        let key = types.0.unwrap_or_else(|| self.bindings.fresh());
        let value = types.1.unwrap_or_else(|| self.bindings.fresh());
        let constants: Option<Vec<(Value, Value)>> =
            nodes.iter().map(|(key, value)| Some((key.constant()?, value.constant()?))).collect();
        let node = match constants {
            Some(values) if values.iter().all(|(key, _)| is_key(key)) => {
                Node::Const(Value::Map(Map::from_entries(values)))
            }
            _ => Node::Map(nodes),
        };
        (Type::map(key, value), node)
    }

    fn call(&mut self, at: usize, name: &str, target: Option<&Expr<'s>>, arguments: &[Expr<'s>]) -> (Type, Node) {
        match (name, target, arguments) {
            ("has", None, [argument]) => {
                return match &argument.kind {
                    Kind::Select(of, field) => self.select(argument.at, of, field, true),
                    _ => self.misuse(argument.at, "invalid argument to has() macro"),
                };
            }
            ("all", Some(range), [variable, predicate]) => {
                return self.quantifier(at, Fold::All, range, variable, predicate);
            }
            ("exists", Some(range), [variable, predicate]) => {
                return self.quantifier(at, Fold::Exists, range, variable, predicate);
            }
            ("exists_one" | "existsOne", Some(range), [variable, predicate]) => {
                return self.quantifier(at, Fold::ExistsOne, range, variable, predicate);
            }
            ("map", Some(range), [variable, result]) => {
                return self.comprehension(at, range, variable, None, Some(result));
            }
            ("map", Some(range), [variable, predicate, result]) => {
                return self.comprehension(at, range, variable, Some(predicate), Some(result));
            }
            ("filter", Some(range), [variable, predicate]) => {
                return self.comprehension(at, range, variable, Some(predicate), None);
            }
            _ => {}
        }
        let mut types = Vec::with_capacity(arguments.len() + 1);
        let mut nodes = Vec::with_capacity(arguments.len() + 1);
        // cel-go checks the arguments before what the function is called on; the order shows in messages only.
        for argument in target.into_iter().chain(arguments) {
            let (found, node) = self.check(argument);
            types.push(found);
            nodes.push(node);
        }
        self.resolve(at, name, target.is_some(), &types, nodes)
    }

    fn no_overload(&mut self, at: usize, name: &str, member: bool, types: &[Type]) -> (Type, Node) {
        let types: Vec<Type> = types.iter().map(|found| self.shown(found)).collect();
        let applied = match types.split_first() {
            Some((target, arguments)) if member => signature(Some(target), arguments),
            _ => signature(None, &types),
        };
        self.mistake(at, format!("found no matching overload for '{name}' applied to '{applied}'"))
    }

    fn resolve(&mut self, at: usize, name: &str, member: bool, types: &[Type], nodes: Vec<Node>) -> (Type, Node) {
        let special = match name {
            "_?_:_" => Some(functions::CONDITIONAL),
            "_[_]" => Some(functions::INDEX),
            _ => None,
        };
        if let Some(overloads) = special {
            let Some((result, _)) = functions::resolve(overloads, false, types, &mut self.bindings) else {
                return self.no_overload(at, name, member, types);
            };
            let mut nodes = nodes.into_iter().map(Box::new);
            return match (nodes.next(), nodes.next(), nodes.next()) {
                (Some(condition), Some(yes), Some(no)) => (result, Node::Conditional(condition, yes, no)),
                (Some(of), Some(index), None) => (
                    result,
                    match *index {
                        Node::Const(key) if is_key(&key) => Node::Select(of, key),
                        Node::Const(_) => self.cannot(&Failure::Error("invalid qualifier type")),
                        index => Node::Index(of, Box::new(index)),
                    },
                ),
                _ => self.no_overload(at, name, member, types),
            };
        }
        let Some(function) = functions::find(name) else {
            return self.mistake(at, format!("undeclared reference to '{name}' (in container '')"));
        };
        let Some((result, cost)) = function.resolve(member, types, &mut self.bindings) else {
            return self.no_overload(at, name, member, types);
        };
        (result, self.plan(function.op, cost, nodes))
    }

    /// The node of a call, computed already where cel-go's optimizer computes it: it decides about cost, too.
    fn plan(&mut self, op: Op, cost: Cost, mut nodes: Vec<Node>) -> Node {
        let converts = matches!(
            op,
            Op::ToBool
                | Op::ToBytes
                | Op::ToDouble
                | Op::ToDuration
                | Op::ToDyn
                | Op::ToInt
                | Op::ToString
                | Op::ToTimestamp
                | Op::ToType
                | Op::ToUint
        );
        match (nodes.pop(), nodes.pop()) {
            (Some(argument), None) => {
                if let Some(value) = argument.constant().filter(|_| converts) {
                    return match apply(op, &value, None) {
                        Ok(value) => Node::Const(value),
                        Err(failure) => self.cannot(&failure),
                    };
                }
                Node::Unary(op, cost, Box::new(argument))
            }
            (Some(second), Some(first)) => {
                match (op, second.constant()) {
                    (Op::In, Some(Value::List(items))) if cost == Cost::List => {
                        if items.is_empty() {
                            return Node::Const(Value::Bool(false));
                        }
                        let plain = |item: &Value| {
                            use Value::{Bool, Double, Int, String, Uint};
                            matches!(item, Bool(_) | Int(_) | Uint(_) | Double(_) | String(_))
                        };
                        if items.iter().all(plain) {
                            return Node::OneOf(Box::new(first), items);
                        }
                    }
                    (Op::Matches, Some(Value::String(pattern))) => match Regex::new(&pattern) {
                        Ok(regex) => {
                            let operands = Box::new([first, second]);
                            return Node::Matches(operands, cost, Arc::new(regex));
                        }
                        Err(why) => return self.cannot(&Failure::from(why)),
                    },
                    (Op::FullYear | Op::Month | Op::DayOfYear | Op::DayOfMonth, Some(name))
                    | (Op::Date | Op::DayOfWeek | Op::Hours | Op::Minutes, Some(name))
                    | (Op::Seconds | Op::Milliseconds, Some(name)) => {
                        // A zone that nobody here knows is refused now and not at every evaluation.
                        if let Err(failure) = zone(&name) {
                            return self.cannot(&failure);
                        }
                    }
                    _ => {}
                }
                Node::Binary(op, cost, Box::new([first, second]))
            }
            _ => Node::Const(Value::Null),
        }
    }

    fn cannot(&mut self, why: &Failure) -> Node {
        self.unusable.get_or_insert_with(|| why.to_string());
        Node::Const(Value::Null)
    }

    /// Checks the range of a macro and opens the scope of its variable.
    fn open(&mut self, range: &Expr<'s>, variable: &Expr<'s>, what: &str) -> Option<Node> {
        let Kind::Name(name, global) = &variable.kind else {
            self.misuse(variable.at, what);
            return None;
        };
        if *name == "__result__" || *global {
            self.misuse(variable.at, "iteration variable overwrites accumulator variable");
            return None;
        }
        let (found, node) = self.check(range);
        let found = self.bindings.resolve(&found, false);
        let element = match &found {
            Type::List(of) => (**of).clone(),
            Type::Map(entry) => entry.0.clone(),
            Type::Dyn | Type::Any | Type::Error => Type::Dyn,
            Type::Variable(_) => {
                self.bindings.fits(&Type::Dyn, &found);
                Type::Dyn
            }
            other => {
                let message = format!(
                    "expression of type '{other}' cannot be range of a comprehension (must be list, map, or dynamic)"
                );
                self.report(range.at, message);
                Type::Error
            }
        };
        self.scopes.push((name, element));
        Some(node)
    }

    fn quantifier(
        &mut self,
        at: usize,
        fold: Fold,
        range: &Expr<'s>,
        variable: &Expr<'s>,
        predicate: &Expr<'s>,
    ) -> (Type, Node) {
        let Some(range) = self.open(range, variable, "argument must be a simple name") else {
            return (Type::Error, Node::Const(Value::Null));
        };
        let predicate = match fold {
            Fold::ExistsOne => {
                let (found, node) = self.check(predicate);
                self.chooses(at, &found, Type::Int);
                node
            }
            _ => self.boolean(predicate).1,
        };
        self.scopes.pop();
        (Type::Bool, Node::Fold { fold, range: Box::new(range), predicate: Some(Box::new(predicate)), result: None })
    }

    fn comprehension(
        &mut self,
        at: usize,
        range: &Expr<'s>,
        variable: &Expr<'s>,
        predicate: Option<&Expr<'s>>,
        result: Option<&Expr<'s>>,
    ) -> (Type, Node) {
        let Some(range) = self.open(range, variable, "argument is not an identifier") else {
            return (Type::Error, Node::Const(Value::Null));
        };
        let predicate = predicate.map(|predicate| self.check(predicate));
        let (element, result) = match result {
            Some(result) => {
                let (found, node) = self.check(result);
                (found, Some(Box::new(node)))
            }
            None => (self.scopes.last().map_or(Type::Dyn, |(_, of)| of.clone()), None),
        };
        self.scopes.pop();
        let list = Type::list(element);
        let predicate = predicate.map(|(found, node)| {
            self.chooses(at, &found, list.clone());
            Box::new(node)
        });
        (list, Node::Fold { fold: Fold::Collect, range: Box::new(range), predicate, result })
    }
}

fn literal_type(value: &Value) -> Type {
    match value {
        Value::Bool(_) => Type::Bool,
        Value::Int(_) => Type::Int,
        Value::Uint(_) => Type::Uint,
        Value::Double(_) => Type::Double,
        Value::String(_) => Type::String,
        Value::Bytes(_) => Type::Bytes,
        _ => Type::Null,
    }
}
