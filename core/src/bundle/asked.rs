//! Questions to a bundle: allow, deny, or why there is no answer.

use alloc::string::String;
use alloc::vec::Vec;

use super::held::{Bundle, triple};
#[cfg(feature = "conditions")]
use crate::policy::condition::Map;
use crate::policy::tuple::TupleKey;
use crate::policy::{Budget, Evaluator, QueryError};
use crate::{Error, ErrorCode};

/// What a question brings with it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Given<'a> {
    /// Tuples that hold for this question only, e.g. those that a token's claims stand for.
    pub tuples: &'a [TupleKey],
    /// What conditions may read of the request.
    #[cfg(feature = "conditions")]
    pub context: Option<&'a Map>,
    /// What it may cost.
    pub budget: Budget,
}

impl Bundle {
    /// The bundle at this second, for questions that need the store's revision `at_least` where one is given.
    ///
    /// # Errors
    /// [`ErrorCode::BundleStale`]: it is past its `not_after`, or older than that revision.
    pub fn at(&self, now: i64, at_least: Option<u64>) -> Result<Current<'_>, Error> {
        const STALE: ErrorCode = ErrorCode::BundleStale;
        if self.spoilt {
            return Err(Error::with(STALE, "the bundle is not whole any more: a full one is needed"));
        }
        if now >= self.manifest.not_after {
            return Err(Error::with(STALE, "the bundle is past its `not_after`"));
        }
        if at_least.is_some_and(|revision| revision > self.manifest.revision) {
            return Err(Error::with(STALE, "the bundle is older than the revision that was asked for"));
        }
        Ok(Current { bundle: self })
    }
}

/// A bundle that may be asked now. It is made for one question, or a few at the same time.
#[derive(Clone, Copy, Debug)]
pub struct Current<'a> {
    bundle: &'a Bundle,
}

impl Current<'_> {
    /// Whether the user has the relation to the object.
    ///
    /// # Errors
    /// [`ErrorCode::Undecided`]: the bundle's scope does not hold what the answer depends on, or a condition could not be
    /// evaluated. [`ErrorCode::BudgetExceeded`]. [`ErrorCode::ConfigurationInvalid`]: no question under the model.
    pub fn check(&self, object: &str, relation: &str, user: &str, given: &Given<'_>) -> Result<bool, Error> {
        let of = object.split_once(':').map_or(object, |(of, _)| of);
        self.ask(of, user, given, &|evaluator| evaluator.check(object, relation, user))
    }

    /// The objects of a type that the user has the relation to, sorted.
    ///
    /// # Errors
    /// As [`Current::check`], also where one of the objects has no answer.
    pub fn list_objects(&self, of: &str, relation: &str, user: &str, given: &Given<'_>) -> Result<Vec<String>, Error> {
        self.ask(of, user, given, &|evaluator| evaluator.list_objects(of, relation, user))
    }

    /// Whether the user's roles have the action. Of a slice all roles are its one user's.
    ///
    /// # Errors
    /// [`ErrorCode::Undecided`]: of a slice about another user, and where the bundle does not say who has which role.
    pub fn has_action(&self, user: &str, action: &str) -> Result<bool, Error> {
        const WHOSE: Error = Error::with(ErrorCode::Undecided, "the bundle does not say whose roles these are");
        let roles = self.bundle.roles();
        match &self.bundle.manifest.scope.user {
            None => roles.grants(user, action).ok_or(WHOSE),
            Some(only) if only == user => Ok(roles.roles().any(|role| roles.allows(role, action))),
            Some(_) => Err(WHOSE),
        }
    }

    /// Refuses what the bundle cannot answer, then asks.
    ///
    /// A slice answers for its one user, and with the tuples that it was closed over; with others something that was
    /// left out could matter. A bundle of some types answers for their objects.
    fn ask<T>(
        &self,
        of: &str,
        user: &str,
        given: &Given<'_>,
        question: &dyn Fn(&Evaluator<'_>) -> Result<T, QueryError>,
    ) -> Result<T, Error> {
        const OUTSIDE: Error = Error::with(ErrorCode::Undecided, "the bundle does not hold what the answer depends on");
        let Bundle { manifest, model, index, binding, claims, types, .. } = self.bundle;
        if types.as_ref().is_some_and(|types| types.binary_search_by(|held| (**held).cmp(of)).is_err()) {
            return Err(OUTSIDE);
        }
        if let Some(only) = &manifest.scope.user
            && (only != user || !given.tuples.iter().all(|tuple| claims.contains(&triple(tuple))))
        {
            return Err(OUTSIDE);
        }
        #[cfg(feature = "conditions")]
        let conditions = model.conditions.in_context(given.context);
        let evaluator = Evaluator::bound(&model.compiled, index, binding).with_budget(given.budget);
        #[cfg(feature = "conditions")]
        let evaluator = evaluator.with_conditions(&conditions);
        if given.tuples.is_empty() {
            return Ok(question(&evaluator)?);
        }
        Ok(question(&evaluator.with_tuples(given.tuples)?)?)
    }
}
