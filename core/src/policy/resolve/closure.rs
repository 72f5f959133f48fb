//! Which tuples can matter for one user.
//!
//! # What is computed
//! P, the least set of pairs of an object and a relation with: a tuple of the user or of the wildcard of its type puts
//! its own pair into P; and a pair is in P if any part of its relation's rewrite, whatever the operator above it, leads by a tuple
//! or a computed relation to a pair in P. Every condition counts as met, and every claim as given. The tuples passed
//! on the way are kept.
//!
//! # Why the others do not matter
//! Read the rewrites as rules (see [`solve`](super::solve)). Let N be all pairs outside P, with the operands of their rewrites.
//! Each rule for something in N has a positive premise in N, or is false by its tuple: a union's operand is in N;
//! of an intersection all operands are in N, since one in P would have put the pair into P; so is the base of an exclusion. N
//! is then an *unfounded set* (Van Gelder, Ross, Schlipf 1991, definition 3.1), whatever the conditions and whichever of the claims are given,
//! so all of N is false in the well-founded model. A tuple that was not kept leads only to something in N: it
//! stands in rules that cannot apply. To leave these out does not change the model of the rest, and what is asked
//! about a pair outside P is denied with them and without. Monotone relations are the special case without negation.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

use super::super::compiled::{Admitted, CompiledModel, Expression, NameSlot, RelationSlot, TypeSlot};
use super::super::index::Index;
use super::super::tuple::{TupleKey, UserRef};
use super::evaluator::{Evaluator, invalid};
use super::layer::{NOBODY, NOTHING, Subject};
use super::view::{Exhausted, Met, View};
use super::{Budget, QueryError};

/// What can matter for one user.
#[derive(Debug, Default)]
pub(crate) struct Closure {
    /// The tuples that were kept.
    pub(crate) tuples: Vec<TupleKey>,
    /// The objects and relations that the user may have.
    pub(crate) pairs: Vec<Pair>,
}

/// An object and a relation that a user may have to it.
#[derive(Debug)]
pub(crate) struct Pair {
    pub(crate) object: String,
    pub(crate) relation: String,
    /// Whether it depends on a claim.
    pub(crate) claimed: bool,
}

/// The closure for an object that asks as a user, with contextual tuples that its questions may or may not bring.
pub(crate) fn closure(
    model: &CompiledModel,
    index: &Index,
    user: &str,
    claims: &[TupleKey],
    work: u64,
) -> Result<Closure, QueryError> {
    let budget = Budget { depth: u32::MAX, work };
    let evaluator = Evaluator::new(model, index).with_conditions(&Met).with_budget(budget).with_tuples(claims)?;
    let view = evaluator.view();
    if !matches!(UserRef::parse(user), Ok(UserRef::Object(_))) {
        return Err(invalid("a slice is for one object that asks, as user:anne"));
    }
    let (subject, of) = evaluator.user(&view, user, "")?;
    let mut walk = Walk {
        leads: Leads::new(model),
        view: &view,
        pairs: BTreeMap::new(),
        work: Vec::new(),
        kept: BTreeSet::new(),
        claimed: Vec::new(),
    };
    let exhausted = |_: Exhausted| QueryError::BudgetExceeded;
    walk.begin(subject, of).map_err(exhausted)?;
    walk.run(false).map_err(exhausted)?;
    walk.work = core::mem::take(&mut walk.claimed);
    for pair in walk.work.clone() {
        walk.pairs.insert(pair, true);
    }
    walk.run(true).map_err(exhausted)?;
    let stored = walk.kept.iter().filter_map(|(object, slot, user)| {
        index.get(&view.name_of(*object), model.relation_name(*slot), &view.subject_name(*user))
    });
    let pairs = walk.pairs.iter().map(|((object, slot), claimed)| Pair {
        object: view.name_of(*object),
        relation: model.relation_name(*slot).into(),
        claimed: *claimed,
    });
    Ok(Closure { tuples: stored.collect(), pairs: pairs.collect() })
}

/// Where each relation leads, whatever the operators between.
struct Leads {
    direct: Vec<RelationSlot>,
    usersets: Vec<(RelationSlot, RelationSlot)>,
    computed: Vec<(RelationSlot, RelationSlot)>,
    tuplesets: Vec<(NameSlot, RelationSlot, RelationSlot)>,
}

impl Leads {
    fn new(model: &CompiledModel) -> Self {
        let mut leads = Self { direct: Vec::new(), usersets: Vec::new(), computed: Vec::new(), tuplesets: Vec::new() };
        let mut slot: RelationSlot = 0;
        while let Some(relation) = model.relation(slot) {
            let mut expressions = Vec::from([relation.root]);
            while let Some(expression) = expressions.pop().and_then(|at| model.expression(at)) {
                match expression {
                    Expression::This => {
                        leads.direct.push(slot);
                        leads.usersets.extend(model.restrictions(slot).iter().filter_map(|found| match found.kind {
                            Admitted::Userset(other) => Some((other, slot)),
                            _ => None,
                        }));
                    }
                    Expression::Computed(other) => leads.computed.push((other, slot)),
                    Expression::TupleToUserset { tupleset, computed } => {
                        leads.tuplesets.push((computed, tupleset, slot));
                    }
                    Expression::Union { first, count } | Expression::Intersection { first, count } => {
                        expressions.extend_from_slice(model.operands(first, count));
                    }
                    Expression::Difference { base, subtract } => expressions.extend([base, subtract]),
                }
            }
            slot += 1;
        }
        leads.usersets.sort_unstable();
        leads.usersets.dedup();
        leads.direct.dedup();
        leads
    }
}

struct Walk<'a, 'v> {
    leads: Leads,
    view: &'a View<'v>,
    /// P, and which of it depends on a claim.
    pairs: BTreeMap<(u32, RelationSlot), bool>,
    work: Vec<(u32, RelationSlot)>,
    kept: BTreeSet<(u32, RelationSlot, Subject)>,
    /// What a claim's tuple led to.
    claimed: Vec<(u32, RelationSlot)>,
}

impl Walk<'_, '_> {
    fn begin(&mut self, user: Subject, of: TypeSlot) -> Result<(), Exhausted> {
        for slot in self.leads.direct.clone() {
            for user in [user, Subject::Wildcard(of)] {
                self.led_by(user, of, slot, slot, false)?;
            }
        }
        Ok(())
    }

    /// `again`: the pairs are known, and those that depend on what is in `work` are marked.
    fn run(&mut self, again: bool) -> Result<(), Exhausted> {
        while let Some((object, slot)) = self.work.pop() {
            self.view.spend(1)?;
            let from = |list: &[(RelationSlot, RelationSlot)]| -> Vec<RelationSlot> {
                list.iter().filter(|(from, _)| *from == slot).map(|(_, next)| *next).collect()
            };
            for next in from(&self.leads.computed) {
                self.enter(object, next, again);
            }
            let Some(of) = self.view.type_of(object) else { continue };
            for next in from(&self.leads.usersets) {
                self.led_by(Subject::Userset(object, slot), of, next, next, again)?;
            }
            let name = self.view.model.relation(slot).map(|relation| relation.name);
            let parents: Vec<_> =
                self.leads.tuplesets.iter().filter(|(asked, ..)| Some(*asked) == name).copied().collect();
            for (_, tupleset, next) in parents {
                self.led_by(Subject::Object(object), of, tupleset, next, again)?;
            }
        }
        Ok(())
    }

    fn enter(&mut self, object: u32, slot: RelationSlot, again: bool) {
        let before = self.pairs.insert((object, slot), again);
        if before != Some(again) {
            self.work.push((object, slot));
        }
    }

    /// Every object with a tuple of the user in `through` may have it in `slot`.
    fn led_by(
        &mut self,
        user: Subject,
        of: TypeSlot,
        through: RelationSlot,
        slot: RelationSlot,
        again: bool,
    ) -> Result<(), Exhausted> {
        if matches!(user, Subject::Object(NOBODY | NOTHING)) {
            return Ok(());
        }
        let view = self.view;
        let mut spent = Ok(());
        view.starting_with(user, of, through, &mut |object, _| {
            self.kept.insert((object, through, user));
            if view.is_given((object, through, user)) {
                self.claimed.push((object, slot));
            }
            self.enter(object, slot, again);
            spent = view.spend(1);
            spent.is_ok()
        });
        spent
    }
}
