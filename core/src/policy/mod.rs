//! Relation-based access control: OpenFGA's authorization models over relationship tuples.
//!
//! An [`AuthorizationModel`](model::AuthorizationModel) says which relations exist between users and objects and how one follows from
//! another; tuples say which relations were written down. Terms and behaviour are those of OpenFGA (schema 1.1, with
//! the modules of 1.2), after "Zanzibar: Google's Consistent, Global Authorization System" (USENIX ATC 2019).

mod compiled;
pub mod condition;
mod index;
pub mod model;
mod resolve;
pub mod tuple;

pub use compiled::{CompileError, CompiledModel};
pub use index::{Index, IndexFull, Memory};
pub use resolve::{Binding, Budget, ConditionFailure, Conditions, Evaluator, NoConditions, QueryError};

use core::sync::atomic::{AtomicUsize, Ordering};

/// A number that no other model or index of the process has: what is bound to one is not used with another.
fn next_identity() -> u64 {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed) as u64
}
