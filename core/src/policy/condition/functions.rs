//! The functions and operators of the language, their types, and what each costs.

use super::types::{Bindings, Type};
use alloc::vec::Vec;

/// What is done. One operation serves all overloads of its function: it looks at the values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Op {
    Not,
    Negate,
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    Size,
    Contains,
    StartsWith,
    EndsWith,
    Matches,
    ToBool,
    ToBytes,
    ToDouble,
    ToDuration,
    ToDyn,
    ToInt,
    ToString,
    ToTimestamp,
    ToType,
    ToUint,
    FullYear,
    Month,
    DayOfYear,
    DayOfMonth,
    Date,
    DayOfWeek,
    Hours,
    Minutes,
    Seconds,
    Milliseconds,
    IpAddress,
    InCidr,
}

/// What a call costs beyond its arguments (cel-go, `interpreter/runtimecost.go`). It goes by the overload; where the
/// types leave several open, cel-go knows none and charges 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cost {
    One,
    /// A tenth of the first argument's size.
    First,
    /// A tenth of the second argument's size.
    Second,
    /// A tenth of the smaller size.
    Smaller,
    /// A tenth of both sizes.
    Both,
    /// The length of the list.
    List,
    /// A tenth of the text times a quarter of the pattern.
    Matches,
    /// A tenth of the text times a tenth of what is looked for.
    Contains,
}

/// A function: its name, its overloads, what it does.
///
/// An overload is its arguments' types and its result's, one letter each; a leading dot: called on its first argument.
/// `A` and `B` are any type, `L` a list of `A`, `M` a map from `A` to `B`.
pub(super) struct Function {
    name: &'static str,
    overloads: &'static str,
    pub(super) op: Op,
}

const fn function(name: &'static str, overloads: &'static str, op: Op) -> Function {
    Function { name, overloads, op }
}

/// Numbers of different types are ordered only where the types are not known: cel-go leaves those overloads out unless
/// told otherwise, and OpenFGA does not.
const ORDERED: &str = "bbb iib uub ddb ssb yyb TTb DDb";
const GETTER: &str = ".Ti .Tsi";
const GETTER_BOTH: &str = ".Ti .Tsi .Di";

static FUNCTIONS: &[Function] = &[
    function("_==_", "AAb", Op::Equal),
    function("_!=_", "AAb", Op::NotEqual),
    function("!_", "bb", Op::Not),
    function("-_", "dd ii", Op::Negate),
    function("_+_", "yyy ddd DDD DTT TDT iii LLL sss uuu", Op::Add),
    function("_-_", "ddd DDD iii TDT TTD uuu", Op::Subtract),
    function("_*_", "ddd iii uuu", Op::Multiply),
    function("_/_", "ddd iii uuu", Op::Divide),
    function("_%_", "iii uuu", Op::Modulo),
    function("_<_", ORDERED, Op::Less),
    function("_<=_", ORDERED, Op::LessOrEqual),
    function("_>_", ORDERED, Op::Greater),
    function("_>=_", ORDERED, Op::GreaterOrEqual),
    function("@in", "ALb AMb", Op::In),
    function("size", "yi .yi Li .Li Mi .Mi si .si", Op::Size),
    function("contains", ".ssb", Op::Contains),
    function("startsWith", ".ssb", Op::StartsWith),
    function("endsWith", ".ssb", Op::EndsWith),
    function("matches", "ssb .ssb", Op::Matches),
    function("bool", "bb sb", Op::ToBool),
    function("bytes", "yy sy", Op::ToBytes),
    function("double", "dd id sd ud", Op::ToDouble),
    function("duration", "DD sD", Op::ToDuration),
    function("dyn", "A?", Op::ToDyn),
    function("int", "ii di Di si Ti ui", Op::ToInt),
    function("string", "ss bs ys ds Ds is Ts us", Op::ToString),
    function("timestamp", "TT iT sT", Op::ToTimestamp),
    function("type", "At", Op::ToType),
    function("uint", "uu du iu su", Op::ToUint),
    function("getFullYear", GETTER, Op::FullYear),
    function("getMonth", GETTER, Op::Month),
    function("getDayOfYear", GETTER, Op::DayOfYear),
    function("getDayOfMonth", GETTER, Op::DayOfMonth),
    function("getDate", GETTER, Op::Date),
    function("getDayOfWeek", GETTER, Op::DayOfWeek),
    function("getHours", GETTER_BOTH, Op::Hours),
    function("getMinutes", GETTER_BOTH, Op::Minutes),
    function("getSeconds", GETTER_BOTH, Op::Seconds),
    function("getMilliseconds", GETTER_BOTH, Op::Milliseconds),
    function("ipaddress", "sP", Op::IpAddress),
    function("in_cidr", ".Psb", Op::InCidr),
];

/// Overloads of what the planner makes no calls of: `_?_:_` and `_[_]`.
pub(super) const CONDITIONAL: &str = "bAAA";
pub(super) const INDEX: &str = "LiA MAB";

pub(super) fn find(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|function| function.name == name)
}

impl Function {
    /// The result's type and the cost, if the arguments fit an overload.
    pub(super) fn resolve(&self, member: bool, arguments: &[Type], bindings: &mut Bindings) -> Option<(Type, Cost)> {
        let (result, only) = resolve(self.overloads, member, arguments, bindings)?;
        let cost = match (self.op, only) {
            (Op::Equal | Op::NotEqual, _) => Cost::Smaller,
            (Op::StartsWith | Op::EndsWith, Some(_)) => Cost::Second,
            (Op::ToBytes, Some("sy")) | (Op::ToString, Some("ys")) => Cost::First,
            (Op::In, Some("ALb")) => Cost::List,
            (Op::Less | Op::LessOrEqual | Op::Greater | Op::GreaterOrEqual, Some("ssb" | "yyb")) => Cost::Smaller,
            (Op::Add, Some("sss" | "yyy")) => Cost::Both,
            (Op::Matches, Some(".ssb")) => Cost::Matches,
            (Op::Contains, Some(_)) => Cost::Contains,
            _ => Cost::One,
        };
        Some((result, cost))
    }
}

/// The type of the result, and the overload where exactly one fits.
pub(super) fn resolve(
    overloads: &'static str,
    member: bool,
    arguments: &[Type],
    bindings: &mut Bindings,
) -> Option<(Type, Option<&'static str>)> {
    let mut found: Option<(Type, Option<&'static str>)> = None;
    for overload in overloads.split(' ') {
        let letters = overload.strip_prefix('.');
        if letters.is_some() != member {
            continue;
        }
        let letters = letters.unwrap_or(overload);
        if letters.len() != arguments.len() + 1 {
            continue;
        }
        let mark = bindings.mark();
        let (a, b) = (bindings.fresh(), bindings.fresh());
        let types: Vec<Type> = letters.bytes().map(|letter| from_letter(letter, &a, &b)).collect();
        if !arguments.iter().zip(&types).all(|(given, wanted)| bindings.fits(given, wanted)) {
            bindings.undo(&mark);
            continue;
        }
        let result = types.last().map(|result| bindings.resolve(result, false))?;
        found = Some(match found {
            None => (result, Some(overload)),
            Some((first, _)) if first.is_dyn() || first == result => (first, None),
            Some(_) => (Type::Dyn, None),
        });
    }
    found
}

fn from_letter(letter: u8, a: &Type, b: &Type) -> Type {
    match letter {
        b'b' => Type::Bool,
        b'i' => Type::Int,
        b'u' => Type::Uint,
        b'd' => Type::Double,
        b's' => Type::String,
        b'y' => Type::Bytes,
        b'D' => Type::Duration,
        b'T' => Type::Timestamp,
        b'P' => Type::IpAddress,
        b'A' => a.clone(),
        b'B' => b.clone(),
        b'L' => Type::list(a.clone()),
        b'M' => Type::map(a.clone(), b.clone()),
        b't' => Type::Meta(alloc::rc::Rc::new(a.clone())),
        _ => Type::Dyn,
    }
}
