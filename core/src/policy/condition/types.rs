//! Types of expressions, and how one is told to fit another.

use crate::policy::model::ParameterType;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Type {
    /// Known only when evaluated. `any` is the same under another name.
    Dyn,
    Any,
    /// What a mistake has: it fits everywhere, so that one mistake is reported once.
    Error,
    Null,
    Bool,
    Int,
    Uint,
    Double,
    String,
    Bytes,
    Duration,
    Timestamp,
    IpAddress,
    /// The type of a type.
    Meta(Rc<Type>),
    List(Rc<Type>),
    Map(Rc<(Type, Type)>),
    /// Not yet known: the elements of `[]`, or a parameter of an overload.
    Variable(usize),
}

impl Type {
    pub(super) fn of_parameter(parameter: &ParameterType) -> Self {
        match parameter {
            ParameterType::Any => Type::Any,
            ParameterType::Bool => Type::Bool,
            ParameterType::String => Type::String,
            ParameterType::Int => Type::Int,
            ParameterType::Uint => Type::Uint,
            ParameterType::Double => Type::Double,
            ParameterType::Duration => Type::Duration,
            ParameterType::Timestamp => Type::Timestamp,
            ParameterType::IpAddress => Type::IpAddress,
            ParameterType::Map(of) => Type::map(Type::String, Type::of_parameter(of)),
            ParameterType::List(of) => Type::list(Type::of_parameter(of)),
        }
    }

    pub(super) fn list(of: Type) -> Self {
        Type::List(Rc::new(of))
    }

    pub(super) fn map(key: Type, value: Type) -> Self {
        Type::Map(Rc::new((key, value)))
    }

    pub(super) fn is_dyn(&self) -> bool {
        matches!(self, Type::Dyn | Type::Any)
    }

    fn is_dyn_or_error(&self) -> bool {
        self.is_dyn() || *self == Type::Error
    }
}

/// As cel-go writes types in its messages.
impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Type::Dyn | Type::Variable(_) => "dyn",
            Type::Any => "any",
            Type::Error => "!error!",
            Type::Null => "null",
            Type::Bool => "bool",
            Type::Int => "int",
            Type::Uint => "uint",
            Type::Double => "double",
            Type::String => "string",
            Type::Bytes => "bytes",
            Type::Duration => "duration",
            Type::Timestamp => "timestamp",
            Type::IpAddress => "IPAddress",
            Type::Meta(of) => return write!(f, "type({of})"),
            Type::List(of) => return write!(f, "list({of})"),
            Type::Map(of) => return write!(f, "map({}, {})", of.0, of.1),
        })
    }
}

/// What is known of type variables.
///
/// It works after cel-go's checker, including that a variable bound twice takes the more general type.
/// INVARIANT: every step costs `fuel`. Types can share parts such that walking them takes exponential time in the
/// length of the expression; when the fuel is used up nothing fits any more and the expression is refused.
pub(super) struct Bindings {
    bound: Vec<Option<Type>>,
    trail: Vec<(usize, Option<Type>)>,
    pub(super) fuel: u32,
}

/// A place to go back to.
pub(super) struct Mark(usize, usize);

impl Bindings {
    pub(super) fn new(fuel: u32) -> Self {
        Self { bound: Vec::new(), trail: Vec::new(), fuel }
    }

    pub(super) fn fresh(&mut self) -> Type {
        self.bound.push(None);
        Type::Variable(self.bound.len() - 1)
    }

    pub(super) fn mark(&self) -> Mark {
        Mark(self.bound.len(), self.trail.len())
    }

    pub(super) fn undo(&mut self, mark: &Mark) {
        for (variable, old) in self.trail.drain(mark.1..).rev() {
            if let Some(slot) = self.bound.get_mut(variable) {
                *slot = old;
            }
        }
        self.bound.truncate(mark.0);
    }

    fn lookup(&self, variable: usize) -> Option<Type> {
        self.bound.get(variable).cloned().flatten()
    }

    fn bind(&mut self, variable: usize, to: Type) {
        if let Some(slot) = self.bound.get_mut(variable) {
            let old = slot.replace(to);
            self.trail.push((variable, old));
        }
    }

    fn burn(&mut self) -> bool {
        self.fuel = self.fuel.saturating_sub(1);
        self.fuel > 0
    }

    /// The type with what is known of its variables put in. What stays unknown becomes `dyn` if so wished.
    pub(super) fn resolve(&mut self, of: &Type, to_dyn: bool) -> Type {
        if !self.burn() {
            return Type::Error;
        }
        match of {
            Type::Variable(variable) => match self.lookup(*variable) {
                Some(bound) => self.resolve(&bound, to_dyn),
                None if to_dyn => Type::Dyn,
                None => of.clone(),
            },
            Type::List(item) => Type::list(self.resolve(item, to_dyn)),
            Type::Map(entry) => Type::map(self.resolve(&entry.0, to_dyn), self.resolve(&entry.1, to_dyn)),
            Type::Meta(of) => Type::Meta(Rc::new(self.resolve(of, to_dyn))),
            _ => of.clone(),
        }
    }

    /// Whether a value of the first type may stand where the second is wanted. Binds variables; on a refusal nothing
    /// stays bound.
    pub(super) fn fits(&mut self, given: &Type, wanted: &Type) -> bool {
        let mark = self.mark();
        let fits = self.assign(given, wanted);
        if !fits {
            self.undo(&mark);
        }
        fits
    }

    fn assign(&mut self, given: &Type, wanted: &Type) -> bool {
        if !self.burn() {
            return false;
        }
        if let Type::Variable(variable) = wanted {
            match self.substitute(given, *variable) {
                (true, _) => return true,
                (false, true) => return false,
                (false, false) => {}
            }
        }
        if let Type::Variable(variable) = given {
            return self.substitute(wanted, *variable).0;
        }
        if given.is_dyn_or_error() || wanted.is_dyn_or_error() {
            return true;
        }
        match (given, wanted) {
            (Type::Null, other) | (other, Type::Null) => {
                matches!(other, Type::Null | Type::IpAddress | Type::Duration | Type::Timestamp)
            }
            (Type::Meta(_), Type::Meta(_)) => true,
            (Type::List(a), Type::List(b)) => self.assign(a, b),
            (Type::Map(a), Type::Map(b)) => self.assign(&a.0, &b.0) && self.assign(&a.1, &b.1),
            _ => given == wanted,
        }
    }

    /// Whether the variable can stand for the type, and whether it already stood for something.
    fn substitute(&mut self, of: &Type, variable: usize) -> (bool, bool) {
        if *of == Type::Variable(variable) {
            return (true, true);
        }
        if let Some(bound) = self.lookup(variable) {
            if self.assign(of, &bound) {
                let general = self.most_general(of, &bound);
                if general != bound && !self.occurs(variable, &general) {
                    self.bind(variable, general);
                }
                return (true, true);
            }
            return (false, true);
        }
        if self.occurs(variable, of) {
            return (false, false);
        }
        self.bind(variable, of.clone());
        (true, false)
    }

    fn occurs(&mut self, variable: usize, within: &Type) -> bool {
        if !self.burn() {
            return true;
        }
        match within {
            Type::Variable(other) if *other == variable => true,
            Type::Variable(other) => match self.lookup(*other) {
                Some(bound) => self.occurs(variable, &bound),
                None => false,
            },
            Type::List(of) | Type::Meta(of) => self.occurs(variable, of),
            Type::Map(of) => self.occurs(variable, &of.0) || self.occurs(variable, &of.1),
            _ => false,
        }
    }

    /// Of two types that fit each other the less specific one.
    pub(super) fn most_general(&mut self, a: &Type, b: &Type) -> Type {
        if self.is_general(a, b) { a.clone() } else { b.clone() }
    }

    fn is_general(&mut self, a: &Type, b: &Type) -> bool {
        if !self.burn() {
            return true;
        }
        match (a, b) {
            (Type::Dyn | Type::Any | Type::Variable(_), _) => true,
            (_, Type::Dyn | Type::Any | Type::Variable(_)) => false,
            (Type::List(a), Type::List(b)) => self.is_general(a, b),
            (Type::Map(a), Type::Map(b)) => self.is_general(&a.0, &b.0) && self.is_general(&a.1, &b.1),
            (Type::Meta(_), Type::Meta(_)) => true,
            _ => a == b,
        }
    }
}

/// `(int, string)`, or `string.(int)` for a call on something.
pub(super) fn signature(target: Option<&Type>, arguments: &[Type]) -> String {
    use core::fmt::Write;
    let mut out = String::new();
    if let Some(target) = target {
        let _ = write!(out, "{target}.");
    }
    out.push('(');
    for (index, argument) in arguments.iter().enumerate() {
        let _ = write!(out, "{}{argument}", if index > 0 { ", " } else { "" });
    }
    out.push(')');
    out
}
