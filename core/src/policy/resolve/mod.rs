//! The resolver: questions about tuples under a model.
//!
//! One evaluation serves every source: a complete [`Index`](super::Index), the question's own tuples before it, or what a
//! driver has read so far. What is not known is a third value beside yes and no, and a pass goes on with it: it collects
//! everything there is to read at once.

mod binding;
mod candidates;
#[cfg(feature = "bundle-write")]
mod closure;
#[cfg(feature = "conditions")]
mod conditions;
mod direct;
mod error;
mod evaluator;
mod expand;
mod explain;
mod layer;
mod list_objects;
mod list_users;
mod reach;
mod resolver;
mod seen;
mod solve;
mod view;

pub use binding::Binding;
pub use candidates::{Candidates, Part};
#[cfg(feature = "bundle-write")]
pub(crate) use closure::closure;
#[cfg(feature = "conditions")]
pub use conditions::{ConditionsInContext, ModelConditions};
pub use direct::decide_directly;
pub use error::{ConditionFailure, QueryError};
pub use evaluator::Evaluator;
pub use expand::{Tree, TreeValue};
pub use explain::{By, ExplainStep, Explanation};
pub use reach::Scratch;
pub use resolver::{Answer, Outcome, Query, Read, Resolver, Step};

/// What evaluates the conditions of tuples. It knows the question's own context.
///
/// A condition has the number of its place in the model ([`CompiledModel::conditions`](super::CompiledModel::conditions)).
/// A context is a JSON object as it was written with the tuple, or empty.
pub trait Conditions {
    /// Whether the condition is met. Where both contexts name a parameter the tuple's counts.
    ///
    /// # Errors
    /// It could not be evaluated. Nothing but `Ok(true)` opens.
    fn holds(&self, condition: u16, context: &str) -> Result<bool, ConditionFailure>;

    /// What the evaluations since the last call of this took, in steps of a [`Budget`]: a condition may cost more than
    /// following a tuple does.
    fn work(&self) -> u64 {
        0
    }

    /// Whether a tuple may be written with this context: a JSON object of the condition's parameters, each of its type.
    ///
    /// # Errors
    /// What is wrong with it.
    fn fits(&self, condition: u16, context: &str) -> Result<(), ConditionFailure>;
}

/// Evaluates no condition: a question whose answer depends on one has none.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoConditions;

impl Conditions for NoConditions {
    fn holds(&self, _: u16, _: &str) -> Result<bool, ConditionFailure> {
        Err(ConditionFailure::Unavailable)
    }

    fn fits(&self, _: u16, _: &str) -> Result<(), ConditionFailure> {
        Err(ConditionFailure::Unavailable)
    }
}

/// What a question may cost. Beyond it the answer is an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Most tuples one behind another that lead from the object to the user. 25 is OpenFGA's
    /// (`DefaultResolveNodeLimit` in `pkg/server/config`).
    pub depth: u32,
    /// Most steps: nodes entered, tuples looked at, values carried on, and what conditions take. Some 20 ns each natively.
    pub work: u64,
}

impl Budget {
    /// OpenFGA's depth, and work for some tenths of a second.
    pub const DEFAULT: Self = Self { depth: 25, work: 10_000_000 };
}

impl Default for Budget {
    fn default() -> Self {
        Self::DEFAULT
    }
}
