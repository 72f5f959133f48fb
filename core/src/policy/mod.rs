//! Relation-based access control: OpenFGA's authorization models over relationship tuples.
//!
//! An [`AuthorizationModel`](model::AuthorizationModel) says which relations exist between users and objects and how one follows from
//! another; tuples say which relations were written down. Terms and behaviour are those of OpenFGA (schema 1.1, with
//! the modules of 1.2), after "Zanzibar: Google's Consistent, Global Authorization System" (USENIX ATC 2019).
//!
//! # From a model to a decision
//! A model is read and validated ([`model`]), compiled once ([`CompiledModel`], [`ModelConditions`]), and asked over an
//! [`Index`] of tuples by an [`Evaluator`]:
//!
#![cfg_attr(all(feature = "dsl", feature = "conditions"), doc = "```")]
#![cfg_attr(not(all(feature = "dsl", feature = "conditions")), doc = "```ignore")]
//! use sentinel_core::policy::condition::Map;
//! use sentinel_core::policy::{CompiledModel, Evaluator, Index, ModelConditions, model::AuthorizationModel, tuple::TupleKey};
//! # use sentinel_core::Limits;
//! let source = AuthorizationModel::from_valid_dsl(
//!     "model
//!   schema 1.1
//! type user
//! type folder
//!   relations
//!     define viewer: [user, user with in_hours]
//! type document
//!   relations
//!     define parent: [folder]
//!     define blocked: [user]
//!     define viewer: [user, user:*] or viewer from parent
//!     define can_read: viewer but not blocked
//! condition in_hours(hour: int) {
//!   hour >= 9 && hour < 17
//! }
//! ",
//! )?;
//! let model = CompiledModel::compile(&source)?;
//! let conditions = ModelConditions::compile(&source)?;
//! let mut index = Index::from_tuples(&[TupleKey::parse("document:1#parent@folder:1")?])?;
//! index.insert(&TupleKey::parse("folder:1#viewer@user:anne")?.with_condition("in_hours", ""))?;
//!
//! let context = Map::from_json(br#"{"hour": 10}"#, &Limits::DEFAULT).map_err(|_| "not an object")?;
//! let in_context = conditions.in_context(Some(&context));
//! let evaluator = Evaluator::new(&model, &index).with_conditions(&in_context);
//! assert!(evaluator.check("document:1", "can_read", "user:anne")?);
//! assert_eq!(evaluator.list_objects("document", "can_read", "user:anne")?, ["document:1"]);
//!
//! // Tuples that hold for this question only.
//! let blocked = [TupleKey::parse("document:1#blocked@user:anne")?];
//! let evaluator = Evaluator::new(&model, &index).with_conditions(&in_context).with_tuples(&blocked)?;
//! assert!(!evaluator.check("document:1", "can_read", "user:anne")?);
//!
//! // What has no answer is an error, never an allow.
//! let nothing = conditions.in_context(None);
//! let evaluator = Evaluator::new(&model, &index).with_conditions(&nothing);
//! assert_eq!(evaluator.check("document:1", "can_read", "user:anne").unwrap_err().openfga_code().1, 2000);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A server keeps a [`CompiledModel`], its [`ModelConditions`] and a [`Binding`] for each model in use, and one [`Index`]
//! for each store, which its change log keeps current ([`Index::insert`], [`Index::remove`]). Before a tuple is written
//! [`Evaluator::validate`] says whether the model allows it. [`QueryError::openfga_code`] is the code for OpenFGA's API.
//!
//! # Without an index
//! [`Resolver`] is the same evaluation over a storage that is read in rounds. It does no I/O: each [`Resolver::step`] says
//! what is to be read, all of it at once, until it is done.
//!
#![cfg_attr(feature = "dsl", doc = "```")]
#![cfg_attr(not(feature = "dsl"), doc = "```ignore")]
//! use sentinel_core::policy::{Answer, CompiledModel, Outcome, Query, Read, Resolver, Step};
//! use sentinel_core::policy::{model::AuthorizationModel, tuple::TupleKey};
//!
//! let model = AuthorizationModel::from_valid_dsl(
//!     "model
//!   schema 1.1
//! type user
//! type group
//!   relations
//!     define member: [user, group#member]
//! ",
//! )?;
//! let model = CompiledModel::compile(&model)?;
//! let stored = [TupleKey::parse("group:all#member@group:eng#member")?, TupleKey::parse("group:eng#member@user:anne")?];
//!
//! let query = Query::Check { object: "group:all", relation: "member", user: "user:anne" };
//! let mut resolver = Resolver::new(&model, query);
//! let mut answers = vec![];
//! let outcome = loop {
//!     match resolver.step(answers) {
//!         Step::Done(outcome) => break outcome,
//!         // Here a driver asks its database, for all of them in one statement or two.
//!         Step::Read(reads) => {
//!             let read = |read: &Read| match read {
//!                 Read::Tuple { object, relation, user } => stored.iter().find(|tuple| {
//!                     (tuple.object(), tuple.relation(), tuple.user()) == (object, relation, user)
//!                 }),
//!                 Read::Usersets { object, relation } => stored.iter().find(|tuple| {
//!                     (tuple.object(), tuple.relation()) == (object, relation) && tuple.user().contains('#')
//!                 }),
//!                 _ => None,
//!             };
//!             answers = reads.iter().map(|one| Answer::Tuples(read(one).cloned().into_iter().collect())).collect();
//!         }
//!     }
//! };
//! assert_eq!(outcome, Ok(Outcome::Decision(true)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#[cfg(feature = "relations")]
mod claimed;
mod compiled;
pub mod condition;
pub(crate) mod index;
pub mod model;
mod resolve;
mod sorted;
pub mod tuple;
mod words;

#[cfg(feature = "relations")]
pub use claimed::{ClaimedRelations, MAPPINGS};
pub use compiled::{CompileError, CompiledModel};
pub use index::{Batch, Gathering, Index, IndexFull, Memory};
pub use resolve::{
    Answer, Binding, Budget, By, Candidates, ConditionFailure, Conditions, Evaluator, ExplainStep, Explanation,
    NoConditions, Outcome, Part, Query, QueryError, Read, Resolver, Scratch, Step, Tree, TreeValue, decide_directly,
};

#[cfg(feature = "bundle-write")]
pub(crate) use resolve::closure;
#[cfg(feature = "conditions")]
pub use resolve::{ConditionsInContext, ModelConditions};

use core::sync::atomic::{AtomicUsize, Ordering};

/// A number that no other model or index of the process has: what is bound to one is not used with another.
fn next_identity() -> u64 {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed) as u64
}
