//! ListUsers.
//!
//! Candidates come from the object's side: whoever is named where the relation's rewrites lead. Each is then checked, so
//! what is answered is what Check says. Which users are *named* follows OpenFGA (`pkg/server/commands/listusers`): a
//! wildcard is one user, and beside it only those are listed that a tuple speaks of. What an exclusion takes away names
//! nobody, except for what is taken away from that in turn (`[user:*] but not (blocked but not unblocked)` lists who is
//! unblocked).

use alloc::string::String;
use alloc::vec::Vec;

use super::super::compiled::{Expression, RelationSlot, TypeSlot};
use super::super::sorted::Sorted;
use super::super::words::sort_names;
use super::QueryError;
use super::evaluator::Evaluator;
use super::layer::{NOTHING, Subject};
use super::reach::{Question, node, node_parts};
use super::seen::Seen;
use super::view::{Exhausted, Fact, View};

impl Evaluator<'_> {
    /// The users of a type (`user`) or usersets (`group`, `member`) that have the relation to the object, sorted:
    /// OpenFGA's ListUsers with one filter. A wildcard is listed as `user:*`.
    ///
    /// # Errors
    /// As [`Evaluator::check`]; also where one of the users has no answer.
    pub fn list_users(
        &self,
        object: &str,
        relation: &str,
        type_name: &str,
        userset: Option<&str>,
    ) -> Result<Vec<String>, QueryError> {
        self.users(&self.view(), object, relation, type_name, userset)
    }

    pub(super) fn users(
        &self,
        view: &View<'_>,
        object: &str,
        relation: &str,
        type_name: &str,
        userset: Option<&str>,
    ) -> Result<Vec<String>, QueryError> {
        let (of, userset) = self.listed(type_name, userset)?;
        let (slot, number) = self.object_asked(view, object, relation)?;
        let exhausted = |_: Exhausted| QueryError::BudgetExceeded;
        let named = named(view, (number, slot), of, userset).map_err(exhausted)?;
        let mut found = Vec::new();
        for (user, _) in named.users.iter() {
            let question = Question { object: number, slot, user, user_type: of };
            match self.decide(view, question).map_err(exhausted)? {
                Fact::Yes => found.push(listed_user(view, user, object)),
                Fact::No => {}
                Fact::Unknown if view.is_asking() => {}
                Fact::Unknown => return Err(view.trouble()),
            }
        }
        match named.unknown {
            _ if view.is_asking() => Err(QueryError::Undecided),
            true => Err(view.trouble()),
            false => Ok(sort_names(found)),
        }
    }
}

/// How a user of an object is listed.
pub(super) fn listed_user(view: &View<'_>, user: Subject, object: &str) -> String {
    match user {
        // An object that no tuple names.
        Subject::Userset(NOTHING, slot) => [object, "#", view.model.relation_name(slot)].concat(),
        user => view.subject_name(user),
    }
}

pub(super) struct Named {
    pub(super) users: Sorted<Subject>,
    /// Whether some tuple could not be read or its condition not be evaluated, or more lies beyond the depth limit.
    pub(super) unknown: bool,
}

/// Whoever is named where the relation leads.
pub(super) fn named(
    view: &View<'_>,
    start: (u32, RelationSlot),
    of: TypeSlot,
    userset: Option<RelationSlot>,
) -> Result<Named, Exhausted> {
    let mut forward = Forward {
        view,
        of,
        userset,
        named: Named { users: Sorted::new(), unknown: false },
        seen: Seen::default(),
        current: Vec::new(),
        next: Vec::new(),
        level: 0,
    };
    forward.enter(start.0, start.1, true, true);
    loop {
        while let Some(at) = forward.current.pop() {
            view.spend(1)?;
            let key = forward.seen.get(at);
            let (object, slot) = node_parts(key & !SUBTRACTED);
            let root = view.model.relation(slot).map_or(u32::MAX, |relation| relation.root);
            forward.expression(root, object, slot, key & SUBTRACTED == 0)?;
        }
        if forward.next.is_empty() {
            return Ok(forward.named);
        }
        forward.level += 1;
        core::mem::swap(&mut forward.current, &mut forward.next);
    }
}

/// Marks a node that was reached through an odd number of exclusions.
const SUBTRACTED: u64 = 1 << 63;

struct Forward<'a, 'v> {
    view: &'a View<'v>,
    of: TypeSlot,
    userset: Option<RelationSlot>,
    named: Named,
    seen: Seen,
    current: Vec<u32>,
    next: Vec<u32>,
    level: u32,
}

impl Forward<'_, '_> {
    fn enter(&mut self, object: u32, slot: RelationSlot, counts: bool, same_level: bool) {
        if counts && self.userset == Some(slot) {
            self.named.users.add(Subject::Userset(object, slot));
        }
        if !same_level && self.level + 1 >= self.view.budget.depth {
            self.view.too_deep();
            self.named.unknown = true;
            return;
        }
        let (at, new) = self.seen.insert(node(object, slot) | if counts { 0 } else { SUBTRACTED });
        if new && same_level {
            self.current.push(at);
        } else if new {
            self.next.push(at);
        }
    }

    fn expression(&mut self, at: u32, object: u32, slot: RelationSlot, counts: bool) -> Result<(), Exhausted> {
        let view = self.view;
        match view.model.expression(at) {
            Some(Expression::This) => {
                let mut spent = Ok(());
                let known = view.users(object, slot, &mut |user, fact| {
                    spent = view.spend(1);
                    self.named.unknown |= fact == Fact::Unknown;
                    match user {
                        Subject::Userset(group, relation) if fact == Fact::Yes => {
                            self.enter(group, relation, counts, false);
                        }
                        Subject::Object(_) | Subject::Wildcard(_) if counts && self.userset.is_none() => {
                            let of = match user {
                                Subject::Object(object) => view.type_of(object),
                                Subject::Wildcard(of) => Some(of),
                                Subject::Userset(..) => None,
                            };
                            if of == Some(self.of) {
                                self.named.users.add(user);
                            }
                        }
                        _ => {}
                    }
                    spent.is_ok()
                });
                self.named.unknown |= known == Fact::Unknown;
                spent
            }
            Some(Expression::Computed(other)) => {
                self.enter(object, other, counts, true);
                Ok(())
            }
            Some(Expression::TupleToUserset { tupleset, computed }) => {
                let mut spent = Ok(());
                let known = view.objects(object, tupleset, &mut |parent, fact| {
                    spent = view.spend(1);
                    self.named.unknown |= fact == Fact::Unknown;
                    if let Some(slot) = view.relation_of(parent, computed)
                        && fact == Fact::Yes
                    {
                        self.enter(parent, slot, counts, false);
                    }
                    spent.is_ok()
                });
                self.named.unknown |= known == Fact::Unknown;
                spent
            }
            Some(Expression::Union { first, count } | Expression::Intersection { first, count }) => {
                for operand in view.model.operands(first, count) {
                    self.expression(*operand, object, slot, counts)?;
                }
                Ok(())
            }
            Some(Expression::Difference { base, subtract }) => {
                self.expression(base, object, slot, counts)?;
                self.expression(subtract, object, slot, !counts)
            }
            None => Ok(()),
        }
    }
}
