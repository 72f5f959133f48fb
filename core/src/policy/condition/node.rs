//! Programs: what checking makes of an expression.

use super::functions::{Cost, Op};
use super::regex::Regex;
use super::value::Value;
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

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
    pub(super) fn is_attribute(&self) -> bool {
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

    /// What the use of an attribute costs, beyond its qualifiers: nothing where a choice stands at its root.
    pub(super) fn use_cost(&self) -> u64 {
        match self {
            Node::Conditional(..) => 0,
            Node::Select(of, _) | Node::Has(of, _) | Node::Index(of, _) => of.use_cost(),
            _ => 1,
        }
    }
}
