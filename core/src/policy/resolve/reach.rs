//! Check without intersections and exclusions: a walk.
//!
//! Where no operator is involved, `object#relation` contains the user exactly if some chain of tuples and rewrites leads
//! there: the least fixpoint of monotone rules is reachability. Each node is entered once, so cycles need nothing more.
//! The walk goes level by level, a level for each tuple that leads to another object or userset (a computed relation
//! stays on its level, as in OpenFGA, which counts a dispatch for these only): a node is met first at its least depth,
//! and what the depth limit cuts off does not depend on the order in which tuples are stored.

use alloc::vec::Vec;

use super::super::compiled::{Expression, RelationSlot, TypeSlot};
use super::layer::Subject;
use super::seen::Seen;
use super::view::{Exhausted, Fact, View};

/// The room that a check needs, which the next one can use again.
#[derive(Debug, Default)]
pub struct Scratch {
    seen: Seen,
    /// For each node seen whether it was taken up, or waits for the next level.
    taken: Vec<bool>,
    current: Vec<u32>,
    next: Vec<u32>,
}

impl Scratch {
    /// No room yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { seen: Seen::new(), taken: Vec::new(), current: Vec::new(), next: Vec::new() }
    }

    /// None of what it holds means anything to another check; what a large one took is given back.
    pub(super) fn kept(self) -> Self {
        const NODES: usize = 4096;
        if self.taken.capacity() > NODES { Self::default() } else { self }
    }
}

/// The question: is the user in `object#slot`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question {
    pub(super) object: u32,
    pub(super) slot: RelationSlot,
    pub(super) user: Subject,
    pub(super) user_type: TypeSlot,
}

pub(super) const fn node(object: u32, slot: RelationSlot) -> u64 {
    (object as u64) << 16 | slot as u64
}

pub(super) const fn node_parts(key: u64) -> (u32, RelationSlot) {
    ((key >> 16) as u32, key as u16)
}

/// The tuples of exactly the user, and those of all of its type.
#[inline]
pub(super) fn direct(view: &View<'_>, object: u32, slot: RelationSlot, user: Subject, of: TypeSlot) -> Fact {
    let own = view.direct(object, slot, user, of);
    if own == Fact::Yes || !matches!(user, Subject::Object(_)) {
        return own;
    }
    match view.direct(object, slot, Subject::Wildcard(of), of) {
        Fact::No => own,
        all => all,
    }
}

/// Whether the user can be in such a relation at all, by the model alone.
#[inline]
pub(super) fn may_reach(view: &View<'_>, slot: RelationSlot, user: Subject, of: TypeSlot) -> bool {
    matches!(user, Subject::Userset(..)) || view.model.may_reach(slot, of)
}

#[inline]
pub(super) fn reach(view: &View<'_>, scratch: &mut Scratch, question: Question) -> Result<Fact, Exhausted> {
    let mut walk = Walk { view, question, level: 0, unknown: false, scratch };
    let Question { object, slot, user, user_type } = question;
    if user == Subject::Userset(object, slot) {
        return Ok(Fact::Yes);
    }
    if !may_reach(view, slot, user, user_type) {
        return Ok(Fact::No);
    }
    if view.model.relation(slot).is_some_and(|relation| relation.leaf) {
        return Ok(direct(view, object, slot, user, user_type));
    }
    walk.scratch.seen.clear();
    walk.scratch.taken.clear();
    walk.scratch.current.clear();
    walk.scratch.next.clear();
    walk.same_level(object, slot);
    loop {
        while let Some(at) = walk.scratch.current.pop() {
            let (object, slot) = node_parts(walk.scratch.seen.get(at));
            view.spend(1)?;
            let root = view.model.relation(slot).map_or(u32::MAX, |relation| relation.root);
            if walk.expression(root, object, slot)? {
                return Ok(Fact::Yes);
            }
        }
        if walk.scratch.next.is_empty() {
            return Ok(if walk.unknown { Fact::Unknown } else { Fact::No });
        }
        walk.level += 1;
        let Scratch { taken, current, next, .. } = &mut *walk.scratch;
        for at in next.drain(..) {
            if let Some(taken) = taken.get_mut(at as usize)
                && !*taken
            {
                *taken = true;
                current.push(at);
            }
        }
    }
}

struct Walk<'a, 'v> {
    view: &'a View<'v>,
    question: Question,
    level: u32,
    unknown: bool,
    scratch: &'a mut Scratch,
}

impl Walk<'_, '_> {
    /// Whether the user is found. `object#slot` is the node whose rewrite it is.
    #[inline]
    fn expression(&mut self, at: u32, object: u32, slot: RelationSlot) -> Result<bool, Exhausted> {
        let view = self.view;
        match view.model.expression(at) {
            Some(Expression::This) => self.this(object, slot),
            Some(Expression::Computed(other)) => {
                if self.question.user == Subject::Userset(object, other) {
                    return Ok(true);
                }
                if may_reach(view, other, self.question.user, self.question.user_type) {
                    self.same_level(object, other);
                }
                Ok(false)
            }
            Some(Expression::TupleToUserset { tupleset, computed }) => {
                let mut found = Ok(false);
                let known = view.objects(object, tupleset, &mut |parent, fact| {
                    if let Some(slot) = view.relation_of(parent, computed) {
                        found = self.child(parent, slot, fact);
                    }
                    matches!(found, Ok(false))
                });
                self.unknown |= known == Fact::Unknown;
                found
            }
            Some(Expression::Union { first, count }) => {
                for operand in view.model.operands(first, count) {
                    if self.expression(*operand, object, slot)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            // INVARIANT: a monotone relation has no operator. Were it otherwise nothing would follow from it.
            Some(Expression::Intersection { .. } | Expression::Difference { .. }) | None => {
                self.unknown = true;
                Ok(false)
            }
        }
    }

    #[inline]
    fn this(&mut self, object: u32, slot: RelationSlot) -> Result<bool, Exhausted> {
        let view = self.view;
        match direct(view, object, slot, self.question.user, self.question.user_type) {
            Fact::Yes => return Ok(true),
            Fact::Unknown => self.unknown = true,
            Fact::No => {}
        }
        let mut found = Ok(false);
        if view.model.relation(slot).is_some_and(|relation| relation.usersets) {
            let known = view.usersets(object, slot, &mut |group, relation, fact| {
                found = self.child(group, relation, fact);
                matches!(found, Ok(false))
            });
            self.unknown |= known == Fact::Unknown;
        }
        found
    }

    /// A node one level further, led to by a tuple that holds or may hold.
    #[inline]
    fn child(&mut self, object: u32, slot: RelationSlot, fact: Fact) -> Result<bool, Exhausted> {
        let Question { user, user_type, .. } = self.question;
        self.view.spend(1)?;
        // A tuple whose condition cannot be evaluated makes the answer unknown wherever it leads: OpenFGA too filters
        // tuples by their conditions before it follows them.
        if fact == Fact::Unknown {
            self.unknown = true;
            return Ok(false);
        }
        if self.level + 1 >= self.view.budget.depth {
            self.view.too_deep();
            self.unknown = true;
            return Ok(false);
        }
        if user == Subject::Userset(object, slot) {
            return Ok(true);
        }
        if !may_reach(self.view, slot, user, user_type) {
            return Ok(false);
        }
        if self.view.model.relation(slot).is_some_and(|relation| relation.leaf) {
            let fact = direct(self.view, object, slot, user, user_type);
            self.unknown |= fact == Fact::Unknown;
            return Ok(fact == Fact::Yes);
        }
        let (at, new) = self.scratch.seen.insert(node(object, slot));
        if new {
            self.scratch.taken.push(false);
            self.scratch.next.push(at);
        }
        Ok(false)
    }

    /// A node on this level: led to without a tuple. One that waits for the next level is taken up now.
    #[inline]
    fn same_level(&mut self, object: u32, slot: RelationSlot) {
        let (at, new) = self.scratch.seen.insert(node(object, slot));
        if new {
            self.scratch.taken.push(true);
            self.scratch.current.push(at);
        } else if let Some(taken) = self.scratch.taken.get_mut(at as usize)
            && !*taken
        {
            *taken = true;
            self.scratch.current.push(at);
        }
    }
}
