//! The check: three texts, and yes or no.

#[cfg(feature = "speed")]
use sentinel_core::policy::Scratch;
#[cfg(feature = "speed")]
use sentinel_wasm_policy_check::Asked;

use crate::engine::{Answer, Engine, Policy, decision, no_model, not_utf8, text};

impl Engine {
    /// Whether a user has a relation to an object: the three texts stand in the input, one after the other.
    pub(crate) fn check(&mut self, object: usize, relation: usize, user: usize) -> Answer {
        let texts = text(&self.input, 0, object.saturating_add(relation).saturating_add(user))?;
        let split = texts.split_at_checked(object).and_then(|(object, rest)| {
            let (relation, user) = rest.split_at_checked(relation)?;
            Some([object, relation, user])
        });
        let (policy, question) = (self.policy.as_ref().ok_or_else(no_model)?, split.ok_or_else(not_utf8)?);
        #[cfg(feature = "speed")]
        return policy.check(&mut self.scratch, question);
        #[cfg(not(feature = "speed"))]
        policy.check(question)
    }

    /// As [`Self::check`], where one look into the index tells.
    #[cfg(feature = "speed")]
    pub(crate) fn check_directly(&self, lengths: [usize; 3]) -> Option<u32> {
        self.policy.as_ref()?.asked().directly(&self.input, lengths).map(decision)
    }
}

#[cfg(feature = "speed")]
impl Policy {
    fn asked(&self) -> Asked<'_> {
        Asked { model: &self.model, index: &self.index, binding: &self.binding, budget: self.budget }
    }

    /// Without contextual tuples and without a context.
    fn check(&self, scratch: &mut Scratch, question: [&str; 3]) -> Answer {
        #[cfg(feature = "conditions")]
        let conditions = self.conditions.in_context(None);
        #[cfg(not(feature = "conditions"))]
        let conditions = sentinel_core::policy::NoConditions;
        Ok(decision(self.asked().check(&conditions, scratch, question)?))
    }
}

#[cfg(not(feature = "speed"))]
impl Policy {
    /// Without contextual tuples and without a context.
    fn check(&self, [object, relation, user]: [&str; 3]) -> Answer {
        self.with(&[], None, |evaluator| Ok(decision(evaluator.check(object, relation, user)?)))
    }
}
