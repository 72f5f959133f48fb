//! What the resolver sees: an index, the question's own tuples, or what has been read so far, as one.

use alloc::string::String;
use core::cell::{Cell, RefCell};

use super::super::compiled::{Admitted, CompiledModel, NO_CONDITION, NameSlot, RelationSlot, TypeSlot};
use super::super::index::{Index, NO_CONTEXT, subject};
use super::super::sorted::Sorted;
use super::binding::Binding;
use super::error::{ConditionFailure, QueryError};
use super::layer::{Ask, LOCAL, Layer, Subject};
use super::{Budget, Conditions};

/// Whether something holds. Unknown is what was not read, a condition that could not be evaluated, or too far away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fact {
    Yes,
    No,
    Unknown,
}

/// The work is used up: whatever is known until then decides nothing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Exhausted;

/// Every condition is met.
pub(super) struct Met;

impl Conditions for Met {
    fn holds(&self, _: u16, _: &str) -> Result<bool, ConditionFailure> {
        Ok(true)
    }

    fn fits(&self, _: u16, _: &str) -> Result<(), ConditionFailure> {
        Ok(())
    }
}

pub(super) struct View<'a> {
    pub(super) model: &'a CompiledModel,
    base: Option<(&'a Index, &'a Binding)>,
    layer: Option<&'a Layer>,
    conditions: &'a dyn Conditions,
    pub(super) budget: Budget,
    work: Cell<u64>,
    asks: RefCell<Sorted<Ask>>,
    undecided: Cell<bool>,
    too_deep: Cell<bool>,
    exhausted: Cell<bool>,
    failure: RefCell<Option<(u16, ConditionFailure)>>,
}

impl<'a> View<'a> {
    #[inline]
    pub(super) fn new(
        model: &'a CompiledModel,
        base: Option<(&'a Index, &'a Binding)>,
        layer: Option<&'a Layer>,
        conditions: &'a dyn Conditions,
        budget: Budget,
    ) -> Self {
        Self {
            model,
            base,
            layer,
            conditions,
            budget,
            work: Cell::new(budget.work),
            asks: RefCell::default(),
            undecided: Cell::new(false),
            too_deep: Cell::new(false),
            exhausted: Cell::new(false),
            failure: RefCell::default(),
        }
    }

    #[inline(always)]
    pub(super) fn spend(&self, work: u64) -> Result<(), Exhausted> {
        let left = self.work.get().checked_sub(work).ok_or(Exhausted)?;
        self.work.set(left);
        Ok(())
    }

    /// As [`View::spend`] where what follows is a fact: with nothing left it is unknown, and the next step ends the
    /// question. `false`: nothing is left.
    #[inline]
    fn charge(&self, work: u64) -> bool {
        match self.work.get().checked_sub(work) {
            Some(left) => self.work.set(left),
            None => {
                self.work.set(0);
                self.exhausted.set(true);
            }
        }
        !self.exhausted.get()
    }

    /// What of the budget has been used.
    pub(super) fn spent(&self) -> u64 {
        self.budget.work.saturating_sub(self.work.get())
    }

    pub(super) fn too_deep(&self) -> Fact {
        self.too_deep.set(true);
        Fact::Unknown
    }

    /// What is still to be read.
    pub(super) fn asks(&self) -> Sorted<Ask> {
        self.asks.take()
    }

    pub(super) fn is_asking(&self) -> bool {
        !self.asks.borrow().is_empty()
    }

    /// Why what is unknown is unknown.
    pub(super) fn trouble(&self) -> QueryError {
        if self.exhausted.get() {
            return QueryError::BudgetExceeded;
        }
        if self.too_deep.get() {
            return QueryError::TooDeep;
        }
        match self.failure.borrow().as_ref() {
            Some((slot, failure)) => QueryError::Condition(self.model.condition_name(*slot).into(), failure.clone()),
            None => QueryError::Undecided,
        }
    }

    /// An object by its type and id; `name` is both.
    #[inline]
    pub(super) fn object(&self, of: TypeSlot, id: &str, name: &str) -> Option<u32> {
        let settled = self.base.and_then(|(index, binding)| index.names.find(binding.type_to(of)?, id));
        settled.or_else(|| self.layer?.find(of, name))
    }

    /// The type of an object that a tuple names. `None`: the model does not define it.
    #[inline(always)]
    pub(super) fn type_of(&self, object: u32) -> Option<TypeSlot> {
        if object >= LOCAL {
            return self.layer?.type_of(object);
        }
        let (index, binding) = self.base?;
        binding.type_from(index.names.type_of(object))
    }

    pub(super) fn name_of(&self, object: u32) -> String {
        if object < LOCAL {
            return self.base.map_or_else(String::new, |(index, _)| index.object_name(object));
        }
        self.layer.map_or_else(String::new, |layer| layer.name(object))
    }

    pub(super) fn subject_name(&self, user: Subject) -> String {
        let (mut name, rest) = match user {
            Subject::Object(object) => return self.name_of(object),
            Subject::Userset(object, slot) => (self.name_of(object), self.model.relation_name(slot)),
            Subject::Wildcard(of) => (self.model.type_name(of).into(), "*"),
        };
        name.push(if matches!(user, Subject::Wildcard(_)) { ':' } else { '#' });
        name.push_str(rest);
        name
    }

    #[inline(always)]
    fn relation_number(&self, binding: &Binding, slot: RelationSlot) -> Option<u16> {
        binding.name_to(self.model.relation(slot)?.name)
    }

    #[inline]
    fn subject_number(&self, index: &Index, binding: &Binding, user: Subject) -> Option<u32> {
        match user {
            Subject::Object(object) => (object < LOCAL).then_some(object | subject::OBJECT),
            Subject::Userset(object, slot) => {
                let number = index.userset_number(object, self.relation_number(binding, slot)?)?;
                Some(number | subject::USERSET)
            }
            Subject::Wildcard(of) => Some(u32::from(binding.type_to(of)?) | subject::WILDCARD),
        }
    }

    /// Notes what is missing. `true`: it is known.
    fn knows(&self, ask: Ask) -> bool {
        if self.base.is_some() {
            return true;
        }
        let Some(layer) = self.layer else { return false };
        if layer.knows(ask) {
            return true;
        }
        if layer.unknowable.contains(&ask) {
            self.undecided.set(true);
        } else {
            self.asks.borrow_mut().add(ask);
        }
        false
    }

    /// Whether a tuple that is there holds: the model allows it, and its condition is met. That it allows such users is
    /// known before.
    #[inline]
    fn weigh(&self, slot: RelationSlot, of: TypeSlot, kind: Admitted, condition: Option<(u16, &str)>) -> Fact {
        let Some((condition, context)) = condition else {
            return if self.model.admits_condition(slot, of, kind, NO_CONDITION) { Fact::Yes } else { Fact::No };
        };
        if !self.model.admits_condition(slot, of, kind, condition) {
            return Fact::No;
        }
        let holds = self.conditions.holds(condition, context);
        if !self.charge(self.conditions.work().saturating_add(1)) {
            return Fact::Unknown;
        }
        match holds {
            Ok(true) => Fact::Yes,
            Ok(false) => Fact::No,
            Err(failure) => {
                self.failure.borrow_mut().get_or_insert((condition, failure));
                Fact::Unknown
            }
        }
    }

    /// As [`Self::weigh`] for a tuple of the index.
    #[inline]
    fn weigh_settled(
        &self,
        (index, binding): (&Index, &Binding),
        (slot, of, kind): (RelationSlot, TypeSlot, Admitted),
        context: u32,
    ) -> Fact {
        if context == NO_CONTEXT {
            return self.weigh(slot, of, kind, None);
        }
        let found = index.context(context);
        match found.and_then(|(name, context)| Some((binding.condition_from(name)?, context))) {
            Some(condition) => self.weigh(slot, of, kind, Some(condition)),
            None => Fact::No,
        }
    }

    /// Whether there is a tuple of exactly this user.
    #[inline]
    pub(super) fn direct(&self, object: u32, slot: RelationSlot, user: Subject, of: TypeSlot) -> Fact {
        let kind = match user {
            Subject::Object(_) => Admitted::Object,
            Subject::Userset(_, relation) => Admitted::Userset(relation),
            Subject::Wildcard(_) => Admitted::Wildcard,
        };
        if !self.model.assignable(slot, of, kind) {
            return Fact::No;
        }
        if let Some(condition) = self.layer.and_then(|layer| layer.get(object, slot, user)) {
            return self.weigh(slot, of, kind, condition);
        }
        if let Some((index, binding)) = self.base {
            let found = self
                .relation_number(binding, slot)
                .zip(self.subject_number(index, binding, user))
                .and_then(|(relation, user)| index.find(object, relation, user));
            return found.map_or(Fact::No, |context| self.weigh_settled((index, binding), (slot, of, kind), context));
        }
        if self.knows(Ask::Tuple(object, slot, user)) { Fact::No } else { Fact::Unknown }
    }

    /// Calls with every tuple of `object#slot` whose user is a userset, until it says no. [`Fact::Unknown`]: not all are
    /// known.
    #[inline]
    pub(super) fn usersets(
        &self,
        object: u32,
        slot: RelationSlot,
        visit: &mut dyn FnMut(u32, RelationSlot, Fact) -> bool,
    ) -> Fact {
        let each = &mut |user: Subject, fact: Fact| match user {
            Subject::Userset(object, relation) => visit(object, relation, fact),
            _ => true,
        };
        self.scan(object, slot, Ask::Usersets(object, slot), (subject::USERSET, subject::WILDCARD), each)
    }

    /// Calls with every tuple of `object#slot` whose user is an object.
    #[inline]
    pub(super) fn objects(&self, object: u32, slot: RelationSlot, visit: &mut dyn FnMut(u32, Fact) -> bool) -> Fact {
        let each = &mut |user: Subject, fact: Fact| match user {
            Subject::Object(object) => visit(object, fact),
            _ => true,
        };
        self.scan(object, slot, Ask::Objects(object, slot), (subject::OBJECT, subject::USERSET), each)
    }

    /// Calls with every tuple of `object#slot`.
    pub(super) fn users(&self, object: u32, slot: RelationSlot, visit: &mut dyn FnMut(Subject, Fact) -> bool) -> Fact {
        self.scan(object, slot, Ask::Users(object, slot), (subject::OBJECT, subject::END), visit)
    }

    /// Calls with the user of every tuple of `object#slot` that the model allows, whether or not its condition is met.
    pub(super) fn written_users(&self, object: u32, slot: RelationSlot, visit: &mut dyn FnMut(Subject)) -> Fact {
        let plain = Self {
            conditions: &Met,
            model: self.model,
            base: self.base,
            layer: self.layer,
            budget: self.budget,
            work: self.work.clone(),
            asks: RefCell::default(),
            undecided: Cell::new(false),
            too_deep: Cell::new(false),
            exhausted: Cell::new(false),
            failure: RefCell::default(),
        };
        let known = plain.users(object, slot, &mut |user, _| {
            visit(user);
            true
        });
        let mut asks = self.asks.borrow_mut();
        for (ask, _) in plain.asks().iter() {
            asks.add(ask);
        }
        known
    }

    #[inline]
    fn scan(
        &self,
        object: u32,
        slot: RelationSlot,
        ask: Ask,
        range: (u32, u32),
        visit: &mut dyn FnMut(Subject, Fact) -> bool,
    ) -> Fact {
        if let Some(layer) = self.layer {
            let least = match range.0 {
                subject::OBJECT => Subject::Object(0),
                _ => Subject::Userset(0, 0),
            };
            for (user, condition) in layer.users(object, slot, least) {
                let (of, kind, end) = match user {
                    Subject::Object(of) => (self.type_of(of), Admitted::Object, subject::USERSET),
                    Subject::Userset(of, relation) => {
                        (self.type_of(of), Admitted::Userset(relation), subject::WILDCARD)
                    }
                    Subject::Wildcard(of) => (Some(of), Admitted::Wildcard, subject::END),
                };
                if end > range.1 {
                    break;
                }
                let Some(of) = of.filter(|of| self.model.assignable(slot, *of, kind)) else { continue };
                let fact = self.weigh(slot, of, kind, condition);
                if fact != Fact::No && !visit(user, fact) {
                    return Fact::Yes;
                }
            }
        }
        let Some((index, binding)) = self.base else {
            return if self.knows(ask) { Fact::Yes } else { Fact::Unknown };
        };
        let Some(relation) = self.relation_number(binding, slot) else { return Fact::Yes };
        index.scan((object, relation), range, &mut |number, context| {
            // Whoever is visited pays; what is passed over costs too.
            let Some((user, of, kind)) = self.subject_of((index, binding), number) else { return self.charge(1) };
            if self.layer.is_some_and(|layer| layer.has(object, slot, user)) {
                return self.charge(1);
            }
            if !self.model.assignable(slot, of, kind) {
                return self.charge(1);
            }
            let fact = self.weigh_settled((index, binding), (slot, of, kind), context);
            if fact == Fact::No { self.charge(1) } else { visit(user, fact) }
        });
        if self.exhausted.get() { Fact::Unknown } else { Fact::Yes }
    }

    /// A user of the index in the model's terms. `None`: the model does not define its type or relation.
    #[inline]
    fn subject_of(&self, (index, binding): (&Index, &Binding), number: u32) -> Option<(Subject, TypeSlot, Admitted)> {
        let which = number & subject::NUMBER;
        match number & !subject::NUMBER {
            subject::OBJECT => {
                let of = binding.type_from(index.names.type_of(which))?;
                Some((Subject::Object(which), of, Admitted::Object))
            }
            subject::USERSET => {
                let (object, relation) = index.userset(which)?;
                let of = binding.type_from(index.names.type_of(object))?;
                let slot = self.model.relation_named(of, binding.name_from(relation)?)?;
                Some((Subject::Userset(object, slot), of, Admitted::Userset(slot)))
            }
            _ => {
                let of = binding.type_from(which as u16)?;
                Some((Subject::Wildcard(of), of, Admitted::Wildcard))
            }
        }
    }

    /// Calls with every object that has a tuple of exactly this user in the relation, until it says no.
    pub(super) fn starting_with(
        &self,
        user: Subject,
        of: TypeSlot,
        slot: RelationSlot,
        visit: &mut dyn FnMut(u32, Fact) -> bool,
    ) -> Fact {
        let kind = match user {
            Subject::Object(_) => Admitted::Object,
            Subject::Userset(_, relation) => Admitted::Userset(relation),
            Subject::Wildcard(_) => Admitted::Wildcard,
        };
        if !self.model.assignable(slot, of, kind) {
            return Fact::Yes;
        }
        if let Some(layer) = self.layer {
            for ((_, _, object), _) in layer.reverse.range((user, slot, 0), (user, slot, u32::MAX)) {
                let Some(condition) = layer.get(object, slot, user) else { continue };
                let fact = self.weigh(slot, of, kind, condition);
                if fact != Fact::No && !visit(object, fact) {
                    return Fact::Yes;
                }
            }
        }
        let Some((index, binding)) = self.base else {
            return if self.knows(Ask::StartingWith(user, slot)) { Fact::Yes } else { Fact::Unknown };
        };
        let numbers = self.relation_number(binding, slot).zip(self.subject_number(index, binding, user));
        let Some((relation, number)) = numbers else { return Fact::Yes };
        let on = binding.type_to(self.model.relation_type(slot));
        index.scan_reverse(number, relation, &mut |object, context| {
            if Some(index.names.type_of(object)) != on || self.layer.is_some_and(|layer| layer.has(object, slot, user))
            {
                return self.charge(1);
            }
            let fact = self.weigh_settled((index, binding), (slot, of, kind), context);
            if fact == Fact::No { self.charge(1) } else { visit(object, fact) }
        });
        if self.exhausted.get() { Fact::Unknown } else { Fact::Yes }
    }

    /// Whether it is a tuple of the question itself.
    #[cfg(feature = "bundle-write")]
    pub(super) fn is_given(&self, tuple: (u32, RelationSlot, Subject)) -> bool {
        self.layer.is_some_and(|layer| layer.has(tuple.0, tuple.1, tuple.2))
    }

    /// The relation of this name on an object's type.
    #[inline]
    pub(super) fn relation_of(&self, object: u32, name: NameSlot) -> Option<RelationSlot> {
        self.model.relation_named(self.type_of(object)?, name)
    }
}
