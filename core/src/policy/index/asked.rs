//! What the resolver asks, in numbers.

use super::{Index, NO_CONTEXT, REMOVED};

impl Index {
    /// Which index, and how many words of each kind it knows: words are only ever added.
    #[inline]
    pub(crate) fn vocabulary(&self) -> (u64, [usize; 3]) {
        (self.identity, [self.types.len(), self.relations.len(), self.conditions.len()])
    }

    #[inline]
    pub(crate) fn userset(&self, number: u32) -> Option<(u32, u16)> {
        self.usersets.get(number as usize).copied()
    }

    pub(crate) fn userset_number(&self, object: u32, relation: u16) -> Option<u32> {
        self.usersets_by_parts.get(&(object, relation))
    }

    pub(crate) fn context(&self, number: u32) -> Option<(u16, &str)> {
        self.contexts.get(number as usize).map(|(name, context)| (*name, &**context))
    }

    /// The tuple's context ([`NO_CONTEXT`] for none), where there is such a tuple.
    #[inline]
    pub(crate) fn find(&self, object: u32, relation: u16, user: u32) -> Option<u32> {
        if let Some(context) = self.changes.get(&(object, relation, user)) {
            return (context != REMOVED).then_some(context);
        }
        self.base.find(object, relation, user)
    }

    /// Calls with every user of `object#relation` from `range.0` to below `range.1` and its context, until it says no.
    #[inline]
    pub(crate) fn scan(
        &self,
        (object, relation): (u32, u16),
        range: (u32, u32),
        visit: &mut dyn FnMut(u32, u32) -> bool,
    ) -> bool {
        if self.changes.is_empty() {
            return self.base.scan((object, relation), range, visit);
        }
        let last = range.1.saturating_sub(1);
        let mut changed = self.changes.range((object, relation, range.0), (object, relation, last)).peekable();
        if changed.peek().is_none() {
            return self.base.scan((object, relation), range, visit);
        }
        let mut settled =
            |user: u32, context: u32| self.changes.contains(&(object, relation, user)) || visit(user, context);
        if !self.base.scan((object, relation), range, &mut settled) {
            return false;
        }
        changed.all(|((_, _, user), context)| context == REMOVED || visit(user, context))
    }

    /// Calls with every object that the user has the relation to and the tuple's context, until it says no.
    pub(crate) fn scan_reverse(&self, user: u32, relation: u16, visit: &mut dyn FnMut(u32, u32) -> bool) -> bool {
        let plain = self.changes.is_empty() && self.contexts.is_empty();
        let mut each = |object: u32| {
            if plain {
                return visit(object, NO_CONTEXT);
            }
            // What was removed or changed its condition since is told by the other side.
            self.find(object, relation, user).is_none_or(|context| visit(object, context))
        };
        self.base.scan_reverse(user, relation, &mut each)
            && self.added.range((user, relation, 0), (user, relation, u32::MAX)).all(|((_, _, object), _)| each(object))
    }
}
