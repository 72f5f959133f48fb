//! Slices: what one user's answers depend on, and nothing about others.
//!
//! [`closure`](crate::policy::closure) finds the tuples that can matter. Of these, what concerns objects to which the user cannot have
//! any relation is left out as well: a document that its group could see were it not restricted to others leaves no name.
//!
//! # Why that changes no answer
//! A pair of object and relation that is false whatever the conditions say and whichever claims are given can be replaced by
//! false in every rule (partial evaluation by the well-founded model). Pairs that depend on a claim are not looked
//! at. Of the others the engine is asked which are false with conditions unknown: then they are for every outcome (`solve`, 3). A
//! pair that is undefined, since it depends on its own exclusion, is denied as well and is *not* false: what excludes it is
//! undefined too. If all pairs of an object are false, then rules about the object are not needed, and a tuple that leads to
//! it stands in rules that cannot apply.
//!
//! What remains names objects to which the user has, or under some condition or claim would have, a relation, or has an undefined one; and the user itself.

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
    // Without conditions whatever depends on one is unknown, and so possible.
    let evaluator = Evaluator::bound(model, &near, &binding);
    let mut possible: BTreeSet<&str> = BTreeSet::from([user]);
    // What a claim names is known to whoever has it. A claim under a condition that cannot be evaluated makes an answer
    // unknown unless something else decides it, wherever it leads: then what else is there of its object counts.
    possible.extend(claims.iter().map(TupleKey::object));
    for pair in &found.pairs {
        if !possible.contains(pair.object.as_str())
            && (pair.claimed || !evaluator.is_false(&pair.object, &pair.relation, user))
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
