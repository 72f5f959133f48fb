//! Slices: what one user's answers depend on, and nothing about others.
//!
//! [`closure`](crate::policy::closure) finds the tuples that can matter. Of these, what concerns objects to which the user cannot have
//! any relation is left out as well: a document that its group could see were it not restricted to others leaves no name.
//!
//! # Why that changes no answer
//! A pair of object and relation that is false whatever the conditions say and whichever claims are given can be replaced by
//! false in every rule (partial evaluation by the well-founded model). Pairs that depend on a claim are not looked
//! at. Of the others the engine is asked with conditions unknown: its "no" means no for every outcome (`solve`, 3). If all
//! pairs of an object are such, then rules about the object are not needed, and a tuple that leads to it
//! stands in rules that cannot apply.
//!
//! What remains names objects to which the user has, or under some condition or claim would have, a relation; and the user itself.

use alloc::collections::BTreeSet;

use crate::policy::tuple::{TupleKey, UserRef};
use crate::policy::{Binding, CompiledModel, Evaluator, Index, QueryError, closure};

/// The tuples of a slice. `claims` are the contextual tuples that the user's questions may bring (those that its token's claims
/// stand for): the slice answers with any of them, and with others it is undecided. `work` bounds the effort, in tuples
/// looked at.
///
/// # Errors
/// [`QueryError::InvalidTuple`] for a claim that the model does not allow, [`QueryError::BudgetExceeded`],
/// [`QueryError::Validation`] where the user is none.
pub fn slice(
    model: &CompiledModel,
    index: &Index,
    user: &str,
    claims: &[TupleKey],
    work: u64,
) -> Result<Index, QueryError> {
    let found = closure(model, index, user, claims, work)?;
    let full = |_| QueryError::BudgetExceeded;
    let near = Index::from_tuples(&found.tuples).map_err(full)?;
    let binding = Binding::new(model, &near);
    // Without conditions whatever depends on one is an error, and so possible.
    let evaluator = Evaluator::bound(model, &near, &binding);
    let mut possible: BTreeSet<&str> = BTreeSet::from([user]);
    for pair in &found.pairs {
        if !possible.contains(pair.object.as_str())
            && (pair.claimed || evaluator.check(&pair.object, &pair.relation, user) != Ok(false))
        {
            possible.insert(&pair.object);
        }
    }
    let is_possible = |tuple: &&TupleKey| {
        let leads_there = match UserRef::parse(tuple.user()) {
            Ok(UserRef::Wildcard(_)) => true,
            Ok(UserRef::Userset(..)) => {
                tuple.user().rsplit_once('#').is_some_and(|(object, _)| possible.contains(object))
            }
            _ => possible.contains(tuple.user()),
        };
        leads_there && possible.contains(tuple.object())
    };
    Index::from_tuples(found.tuples.iter().filter(is_possible)).map_err(full)
}
