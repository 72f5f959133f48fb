//! The check, compiled for speed in a module where all else is compiled for size.
//!
//! It is a crate of its own because Cargo's profiles know nothing smaller. What core marks `#[inline]` is compiled where
//! it is used, and so for a check here; everything else that a check needs is core's own, compiled for size.
#![no_std]

use sentinel_core::policy::{
    Binding, Budget, CompiledModel, Conditions, Evaluator, Index, QueryError, Scratch, decide_directly,
};

/// What is asked.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// The model.
    pub model: &'a CompiledModel,
    /// Its tuples.
    pub index: &'a Index,
    /// Both bound to each other.
    pub binding: &'a Binding,
    /// What a check may cost.
    pub budget: Budget,
}

impl Asked<'_> {
    /// Whether the user has the relation to the object, where one look into the index tells: see [`decide_directly`]. The
    /// texts of object, relation and user stand in the input, one after the other.
    #[must_use]
    pub fn directly(self, input: &[u8], [object, relation, user]: [usize; 3]) -> Option<bool> {
        let (object, rest) = input.split_at_checked(object)?;
        let (relation, rest) = rest.split_at_checked(relation)?;
        decide_directly(self.model, self.index, self.binding, [object, relation, rest.get(..user)?])
    }

    /// The same, whatever it takes.
    ///
    /// # Errors
    /// See [`Evaluator::check`].
    pub fn check(
        self,
        conditions: &dyn Conditions,
        scratch: &mut Scratch,
        [object, relation, user]: [&str; 3],
    ) -> Result<bool, QueryError> {
        let evaluator = Evaluator::bound(self.model, self.index, self.binding).with_conditions(conditions);
        let evaluator = evaluator.with_budget(self.budget).with_scratch(core::mem::take(scratch));
        let answer = evaluator.check_here(object, relation, user);
        *scratch = evaluator.into_scratch();
        answer
    }
}
