//! ListObjects and ListRelations.
//!
//! Candidates come from the user's side: the tuples that name it, and from every object found so the tuples that name
//! that object or a userset of it. Operators are followed by one operand that bounds them (the base of an exclusion, the
//! first of an intersection): whoever is in the relation is in that. Where nothing but monotone relations was passed the
//! candidates are the answer; otherwise each is checked.

use alloc::string::String;
use alloc::vec::Vec;

use super::super::compiled::{Admitted, CompiledModel, Expression, NameSlot, RelationSlot, TypeSlot};
use super::super::sorted::Sorted;
use super::super::words::sort_names;
use super::evaluator::{Evaluator, as_validation};
use super::layer::{NOBODY, NOTHING, Subject};
use super::reach::{Question, may_reach, node, node_parts};
use super::seen::Seen;
use super::view::{Exhausted, Fact, View};
use super::{QueryError, evaluator::invalid};
use crate::policy::tuple::ObjectRef;

impl Evaluator<'_> {
    /// The objects of a type that the user has the relation to, sorted by name: OpenFGA's ListObjects. Its limits on
    /// their number are the caller's to apply.
    ///
    /// # Errors
    /// As [`Evaluator::check`]; also where one of the objects has no answer.
    pub fn list_objects(&self, type_name: &str, relation: &str, user: &str) -> Result<Vec<String>, QueryError> {
        self.objects(&self.view(), type_name, relation, user)
    }

    /// The relations of an object's type that the user has, sorted by name. `among`: which are asked for (none: all).
    ///
    /// # Errors
    /// As [`Evaluator::check`].
    pub fn list_relations(&self, object: &str, user: &str, among: &[&str]) -> Result<Vec<String>, QueryError> {
        let parsed = ObjectRef::parse(object).map_err(|error| invalid(error.message()))?;
        if !self.model.has_type(parsed.type_name) {
            return Err(as_validation(QueryError::TypeNotFound(parsed.type_name.into())));
        }
        let all: Vec<&str> =
            if among.is_empty() { self.model.relations_of(parsed.type_name).collect() } else { among.into() };
        let mut found = Vec::new();
        for relation in all {
            if self.check(object, relation, user)? {
                found.push(String::from(relation));
            }
        }
        Ok(sort_names(found))
    }

    pub(super) fn objects(
        &self,
        view: &View<'_>,
        type_name: &str,
        relation: &str,
        user: &str,
    ) -> Result<Vec<String>, QueryError> {
        let slot = self.relation(type_name, relation)?;
        let text = user;
        let (user, user_type) = self.user(view, text, "").map_err(as_validation)?;
        let exhausted = |_: Exhausted| QueryError::BudgetExceeded;
        let (candidates, sure) = candidates(view, slot, user, user_type).map_err(exhausted)?;
        if view.is_asking() {
            return Err(QueryError::Undecided);
        }
        let mut found = Vec::new();
        for object in candidates {
            let question = Question { object, slot, user, user_type };
            let fact = if sure { Fact::Yes } else { self.decide(view, question).map_err(exhausted)? };
            match fact {
                Fact::Yes => {
                    // A userset of an object that no tuple names is in itself all the same.
                    let own = || text.rsplit_once('#').map_or(text, |(name, _)| name).into();
                    found.push(if object == NOBODY { own() } else { view.name_of(object) });
                }
                Fact::No => {}
                Fact::Unknown if view.is_asking() => {}
                Fact::Unknown => return Err(view.trouble()),
            }
        }
        if view.is_asking() { Err(QueryError::Undecided) } else { Ok(sort_names(found)) }
    }
}

/// Which relations lead on from a relation, and from the objects of a type.
struct Leads {
    /// Relations that a userset of the key is part of by a tuple of it: `[group#member]`.
    usersets: Vec<(RelationSlot, RelationSlot)>,
    /// Relations that the key is part of on the same object: `viewer: editor`.
    computed: Vec<(RelationSlot, RelationSlot)>,
    /// By what is asked of the parents: the tupleset that leads to them, and the relation that follows.
    tuplesets: Vec<(NameSlot, RelationSlot, RelationSlot)>,
    /// Relations with tuples of the user's own kind.
    direct: Vec<RelationSlot>,
    /// Whether an operator was passed by one of its operands.
    operators: bool,
}

impl Leads {
    /// Only what can end at the target, from there backwards.
    fn new(model: &CompiledModel, target: RelationSlot, user: Subject, of: TypeSlot, view: &View<'_>) -> Self {
        let mut leads = Self {
            usersets: Vec::new(),
            computed: Vec::new(),
            tuplesets: Vec::new(),
            direct: Vec::new(),
            operators: false,
        };
        let mut seen: Sorted<RelationSlot> = Sorted::new();
        seen.add(target);
        let mut work = Vec::from([target]);
        while let Some(slot) = work.pop() {
            if !may_reach(view, slot, user, of) {
                continue;
            }
            let mut expressions: Vec<u32> = model.relation(slot).map(|relation| relation.root).into_iter().collect();
            let mut below: Vec<RelationSlot> = Vec::new();
            while let Some(expression) = expressions.pop().and_then(|at| model.expression(at)) {
                match expression {
                    Expression::This => {
                        leads.direct.push(slot);
                        for found in model.restrictions(slot) {
                            if let Admitted::Userset(other) = found.kind {
                                leads.usersets.push((other, slot));
                                below.push(other);
                            }
                        }
                    }
                    Expression::Computed(other) => {
                        leads.computed.push((other, slot));
                        below.push(other);
                    }
                    Expression::TupleToUserset { tupleset, computed } => {
                        leads.tuplesets.push((computed, tupleset, slot));
                        let through = model.restrictions(tupleset).iter();
                        below.extend(through.filter_map(|found| model.relation_named(found.of, computed)));
                    }
                    Expression::Union { first, count } => expressions.extend_from_slice(model.operands(first, count)),
                    Expression::Intersection { first, count } => {
                        leads.operators = true;
                        expressions.extend(model.operands(first, count).first());
                    }
                    Expression::Difference { base, .. } => {
                        leads.operators = true;
                        expressions.push(base);
                    }
                }
            }
            work.extend(below.into_iter().filter(|other| seen.add(*other)));
        }
        leads
    }
}

/// The objects that may have the user in the relation, and whether they surely do.
pub(super) fn candidates(
    view: &View<'_>,
    target: RelationSlot,
    user: Subject,
    of: TypeSlot,
) -> Result<(Vec<u32>, bool), Exhausted> {
    let model = view.model;
    let leads = Leads::new(model, target, user, of, view);
    let mut walk =
        Backward { view, seen: Seen::default(), current: Vec::new(), next: Vec::new(), unsure: leads.operators };
    for slot in &leads.direct {
        for user in
            [Some(user), matches!(user, Subject::Object(_)).then_some(Subject::Wildcard(of))].into_iter().flatten()
        {
            walk.led_by(user, of, *slot, *slot)?;
        }
    }
    walk.current.append(&mut walk.next);
    if let Subject::Userset(object, slot) = user {
        // A userset is in itself, on the level where the question begins.
        walk.enter(object, slot, true);
    }
    let mut found = Vec::new();
    let mut level = 0;
    while !walk.current.is_empty() {
        while let Some(at) = walk.current.pop() {
            view.spend(1)?;
            let (object, slot) = node_parts(walk.seen.get(at));
            if slot == target {
                found.push(object);
            }
            for (_, next) in leads.computed.iter().filter(|(from, _)| *from == slot) {
                walk.enter(object, *next, true);
            }
            let Some(of) = view.type_of(object) else { continue };
            for (_, next) in leads.usersets.iter().filter(|(from, _)| *from == slot) {
                walk.led_by(Subject::Userset(object, slot), of, *next, *next)?;
            }
            let name = model.relation(slot).map(|relation| relation.name);
            for (_, tupleset, next) in leads.tuplesets.iter().filter(|(computed, ..)| Some(*computed) == name) {
                walk.led_by(Subject::Object(object), of, *tupleset, *next)?;
            }
        }
        level += 1;
        if level >= view.budget.depth && !walk.next.is_empty() {
            // What lies further is decided, with the same limit, by a check of what was found; nothing is left out unsaid.
            walk.unsure = true;
        }
        walk.current.append(&mut walk.next);
    }
    Ok((found, !walk.unsure))
}

struct Backward<'a, 'v> {
    view: &'a View<'v>,
    seen: Seen,
    current: Vec<u32>,
    next: Vec<u32>,
    /// Whether a candidate may turn out not to be one.
    unsure: bool,
}

impl Backward<'_, '_> {
    /// Every object with a tuple of the user in `through` has it in `slot`.
    fn led_by(
        &mut self,
        user: Subject,
        of: TypeSlot,
        through: RelationSlot,
        slot: RelationSlot,
    ) -> Result<(), Exhausted> {
        if matches!(user, Subject::Object(NOBODY | NOTHING) | Subject::Userset(NOBODY | NOTHING, _)) {
            return Ok(());
        }
        let view = self.view;
        let mut spent = Ok(());
        view.starting_with(user, of, through, &mut |object, fact| {
            // A condition that cannot be evaluated may still not matter: a check of the candidate tells.
            self.unsure |= fact == Fact::Unknown;
            self.enter(object, slot, false);
            spent = view.spend(1);
            spent.is_ok()
        });
        spent
    }

    fn enter(&mut self, object: u32, slot: RelationSlot, same_level: bool) {
        let (at, new) = self.seen.insert(node(object, slot));
        if new && same_level {
            self.current.push(at);
        } else if new {
            self.next.push(at);
        }
    }
}
