//! Questions and their validation.

use alloc::borrow::{Cow, ToOwned};
use alloc::boxed::Box;
use alloc::string::String;
use core::cell::RefCell;

use super::super::compiled::{Admitted, CompiledModel, NO_CONDITION, RelationSlot, TypeSlot};
use super::super::index::Index;
use super::super::tuple::{ObjectRef, TupleKey, UserRef, is_relation};
use super::binding::Binding;
use super::direct::decide_directly;
use super::layer::{Layer, NOBODY, NOTHING, Subject};
use super::reach::{Question, Scratch, reach};
use super::solve::solve;
use super::view::{Exhausted, Fact, View};
use super::{Budget, Conditions, NoConditions, QueryError};

/// Asks questions of an index under a model.
///
/// It is cheap to make (one look at the names of both sides, none with a current [`Binding`]) and belongs to one caller.
pub struct Evaluator<'a> {
    pub(super) model: &'a CompiledModel,
    pub(super) index: Option<&'a Index>,
    binding: Option<Cow<'a, Binding>>,
    pub(super) layer: Option<Layer>,
    pub(super) conditions: &'a dyn Conditions,
    pub(super) budget: Budget,
    scratch: RefCell<Scratch>,
}

/// A question's user: who, and the type.
pub(super) type User = (Subject, TypeSlot);

impl<'a> Evaluator<'a> {
    /// Over a complete index.
    #[must_use]
    pub fn new(model: &'a CompiledModel, index: &'a Index) -> Self {
        Self::over(model, Some(index), Some(Cow::Owned(Binding::new(model, index))))
    }

    /// As [`Evaluator::new`], with a binding made before: one that is not current is made anew.
    #[inline]
    #[must_use]
    pub fn bound(model: &'a CompiledModel, index: &'a Index, binding: &'a Binding) -> Self {
        if binding.is_current(model, index) {
            return Self::over(model, Some(index), Some(Cow::Borrowed(binding)));
        }
        Self::new(model, index)
    }

    /// Over nothing: what it knows is in its own tuples.
    pub(super) fn without_index(model: &'a CompiledModel) -> Self {
        let nothing = Self::over(model, None, None);
        Self { layer: Some(nothing.empty_layer()), ..nothing }
    }

    /// For tuples of the question's own. Their names are found by the key of the index.
    pub(super) fn empty_layer(&self) -> Layer {
        Layer::new(self.index.map_or(Index::KEY, |index| index.names.key()))
    }

    #[inline]
    fn over(model: &'a CompiledModel, index: Option<&'a Index>, binding: Option<Cow<'a, Binding>>) -> Self {
        Self {
            model,
            index,
            binding,
            layer: None,
            conditions: &NoConditions,
            budget: Budget::DEFAULT,
            scratch: RefCell::default(),
        }
    }

    /// With what evaluates conditions, and knows the question's context.
    #[inline]
    #[must_use]
    pub fn with_conditions(mut self, conditions: &'a dyn Conditions) -> Self {
        self.conditions = conditions;
        self
    }

    /// With another budget.
    #[inline]
    #[must_use]
    pub const fn with_budget(mut self, budget: Budget) -> Self {
        self.budget = budget;
        self
    }

    /// With room that an evaluator before had: see [`Self::into_scratch`].
    #[inline]
    #[must_use]
    pub fn with_scratch(mut self, scratch: Scratch) -> Self {
        self.scratch = RefCell::new(scratch);
        self
    }

    /// The room that its checks took, for the next evaluator: a check that finds its room allocates nothing.
    #[inline]
    #[must_use]
    pub fn into_scratch(self) -> Scratch {
        self.scratch.into_inner().kept()
    }

    /// With contextual tuples, any number of them: they hold for this evaluator's questions only. Where the index has the
    /// same tuple under another condition, the contextual one counts; of two contextual ones the first.
    ///
    /// Conditions first: the contexts of the tuples are looked at by them.
    ///
    /// # Errors
    /// [`QueryError::InvalidTuple`]: as OpenFGA, whatever could not be written under the model.
    pub fn with_tuples<'t>(mut self, tuples: impl IntoIterator<Item = &'t TupleKey>) -> Result<Self, QueryError> {
        let mut layer = self.layer.take().unwrap_or_else(|| self.empty_layer());
        for tuple in tuples {
            self.validate(tuple)?;
            self.add(&mut layer, tuple);
        }
        self.layer = Some(layer);
        Ok(self)
    }

    /// With tuples that someone claims, and who is not believed against the index: as [`Evaluator::with_tuples`], but where the
    /// index has the same tuple in a form that the model allows, the index's counts, with its condition.
    ///
    /// # Errors
    /// [`QueryError::InvalidTuple`]: none is left out because the model does not allow it, for it could be one that takes
    /// something away.
    pub fn with_claimed<'t>(mut self, tuples: impl IntoIterator<Item = &'t TupleKey>) -> Result<Self, QueryError> {
        let mut layer = self.layer.take().unwrap_or_else(|| self.empty_layer());
        for tuple in tuples {
            self.validate(tuple)?;
            if self.stored(tuple).is_none() {
                self.add(&mut layer, tuple);
            }
        }
        self.layer = Some(layer);
        Ok(self)
    }

    /// `Some` where the index has this tuple, under any condition with which the model allows it.
    fn stored(&self, tuple: &TupleKey) -> Option<()> {
        let condition = self.index?.condition_of(tuple)?;
        let number = condition.map_or(Some(NO_CONDITION), |name| self.model.condition_slot(name))?;
        let slot = self.relation(tuple.object_ref()?.type_name, tuple.relation()).ok()?;
        let (of, kind) = self.user_kind(tuple.user_ref()?).ok()?;
        self.model.admits(slot, of, kind, number).then_some(())
    }

    /// Whether the model allows a tuple to be written: what an API asks before it stores one.
    ///
    /// The rules are those of OpenFGA's `ValidateTupleForWrite` (`internal/validation/validation.go`).
    ///
    /// # Errors
    /// [`QueryError::InvalidTuple`].
    pub fn validate(&self, tuple: &TupleKey) -> Result<(), QueryError> {
        self.allows(tuple).map_err(|why| QueryError::InvalidTuple(tuple.text(), why))
    }

    fn allows(&self, tuple: &TupleKey) -> Result<(), String> {
        let (object, user) = tuple.object_ref().zip(tuple.user_ref()).ok_or("malformed")?;
        let (of, kind) = self.user_kind(user).map_err(|error| error.message())?;
        let slot = self.relation(object.type_name, tuple.relation()).map_err(|error| error.message())?;
        if !self.model.assignable(slot, of, kind) {
            let (on, relation) = (object.type_name, tuple.relation());
            let kind = kind_name(user);
            return Err(["'", &*kind, "' is not an allowed type restriction for '", on, "#", relation, "'"].concat());
        }
        let Some(condition) = tuple.condition() else {
            let allowed = self.model.admits(slot, of, kind, NO_CONDITION);
            return if allowed { Ok(()) } else { Err("condition is missing".to_owned()) };
        };
        let number = self.model.condition_slot(&condition.name).ok_or("undefined condition")?;
        if !self.model.admits(slot, of, kind, number) {
            return Err("invalid condition for type restriction".to_owned());
        }
        self.conditions.fits(number, &condition.context).map_err(|failure| failure.message())
    }

    /// Adds a tuple that the model knows the types and relations of; others can have no effect.
    pub(super) fn add(&self, layer: &mut Layer, tuple: &TupleKey) -> Option<()> {
        let (object, user) = tuple.object_ref().zip(tuple.user_ref())?;
        let of = self.model.type_slot(object.type_name)?;
        let slot = self.model.relation_slot(of, tuple.relation())?;
        let condition = match tuple.condition() {
            Some(condition) => {
                Some((self.model.condition_slot(&condition.name)?, Box::from(condition.context.as_str())))
            }
            None => None,
        };
        let user = self.intern_user(layer, user, tuple.user())?;
        let object = self.intern(layer, of, object, tuple.object());
        layer.insert(object, slot, user, condition);
        Some(())
    }

    fn intern(&self, layer: &mut Layer, of: TypeSlot, object: ObjectRef<'_>, name: &str) -> u32 {
        self.view().object(of, object.id, name).unwrap_or_else(|| layer.intern(of, name))
    }

    pub(super) fn intern_user(&self, layer: &mut Layer, user: UserRef<'_>, name: &str) -> Option<Subject> {
        let of = self.model.type_slot(user.type_name())?;
        Some(match user {
            UserRef::Object(object) => Subject::Object(self.intern(layer, of, object, name)),
            UserRef::Userset(object, relation) => {
                let slot = self.model.relation_slot(of, relation)?;
                let name = name.rsplit_once('#').map_or(name, |(name, _)| name);
                Subject::Userset(self.intern(layer, of, object, name), slot)
            }
            UserRef::Wildcard(_) => Subject::Wildcard(of),
        })
    }

    pub(super) fn intern_object(&self, layer: &mut Layer, name: &str) -> Option<u32> {
        let object = ObjectRef::parse(name).ok()?;
        Some(self.intern(layer, self.model.type_slot(object.type_name)?, object, name))
    }

    #[inline]
    pub(super) fn view(&self) -> View<'_> {
        let base = self.index.zip(self.binding.as_deref());
        View::new(self.model, base, self.layer.as_ref(), self.conditions, self.budget)
    }

    /// Whether the user has the relation to the object: OpenFGA's Check. The user may be an object, a userset or a wildcard.
    ///
    /// # Errors
    /// The question is not valid under the model, or has no answer within the budget and with the conditions at hand.
    pub fn check(&self, object: &str, relation: &str, user: &str) -> Result<bool, QueryError> {
        self.check_here(object, relation, user)
    }

    /// As [`Self::check`], compiled where it is used and with the settings there: for a crate that compiles it for speed
    /// where core is compiled for size.
    ///
    /// # Errors
    /// As there.
    #[inline]
    pub fn check_here(&self, object: &str, relation: &str, user: &str) -> Result<bool, QueryError> {
        if self.layer.is_none()
            && let Some((index, binding)) = self.index.zip(self.binding.as_deref())
            && let Some(allowed) = decide_directly(self.model, index, binding, [object, relation, user])
        {
            return Ok(allowed);
        }
        self.check_in(&self.view(), object, relation, user)
    }

    #[inline]
    pub(super) fn check_in(
        &self,
        view: &View<'_>,
        object: &str,
        relation: &str,
        user: &str,
    ) -> Result<bool, QueryError> {
        let question = self.question(view, object, relation, user)?;
        match self.decide(view, question) {
            Ok(Fact::Yes) => Ok(true),
            Ok(Fact::No) => Ok(false),
            Ok(Fact::Unknown) => Err(view.trouble()),
            Err(Exhausted) => Err(QueryError::BudgetExceeded),
        }
    }

    #[inline]
    pub(super) fn decide(&self, view: &View<'_>, question: Question) -> Result<Fact, Exhausted> {
        if !self.model.relation(question.slot).is_some_and(|relation| relation.monotone) {
            return solve(view, question);
        }
        match self.scratch.try_borrow_mut() {
            Ok(mut scratch) => reach(view, &mut scratch, question),
            Err(_) => reach(view, &mut Scratch::default(), question),
        }
    }

    /// Whether the pair of object and relation is false for the user, whatever conditions say that cannot be evaluated
    /// here: more than that a check denies.
    #[cfg(feature = "bundle-write")]
    pub(crate) fn is_false(&self, object: &str, relation: &str, user: &str) -> bool {
        let view = self.view();
        let Ok(question) = self.question(&view, object, relation, user) else { return false };
        let monotone = self.model.relation(question.slot).is_some_and(|relation| relation.monotone);
        if monotone {
            matches!(self.decide(&view, question), Ok(Fact::No))
        } else {
            matches!(super::solve::is_false(&view, question), Ok(true))
        }
    }

    #[inline]
    pub(super) fn question(
        &self,
        view: &View<'_>,
        object: &str,
        relation: &str,
        user: &str,
    ) -> Result<Question, QueryError> {
        let parsed = ObjectRef::parse(object).map_err(|error| invalid(error.message()))?;
        let (user, user_type) = self.user(view, user, object).map_err(as_validation)?;
        let slot = self.relation(parsed.type_name, relation).map_err(as_validation)?;
        let of = self.model.relation_type(slot);
        let object = view.object(of, parsed.id, object).unwrap_or(NOTHING);
        Ok(Question { object, slot, user, user_type })
    }

    /// Who is asked about. `object` is the text of the object of the question: a user may speak of the same one.
    #[inline]
    pub(super) fn user(&self, view: &View<'_>, text: &str, object: &str) -> Result<User, QueryError> {
        let user = UserRef::parse(text).map_err(|error| invalid(error.message()))?;
        let (of, kind) = self.user_kind(user)?;
        let number = |parsed: ObjectRef<'_>, name: &str| {
            view.object(of, parsed.id, name).unwrap_or(if name == object { NOTHING } else { NOBODY })
        };
        let subject = match (user, kind) {
            (UserRef::Object(parsed), _) => Subject::Object(number(parsed, text)),
            (UserRef::Userset(parsed, _), Admitted::Userset(slot)) => {
                Subject::Userset(number(parsed, text.rsplit_once('#').map_or(text, |(name, _)| name)), slot)
            }
            _ => Subject::Wildcard(of),
        };
        Ok((subject, of))
    }

    #[inline]
    fn user_kind(&self, user: UserRef<'_>) -> Result<(TypeSlot, Admitted), QueryError> {
        let name = user.type_name();
        let of = self.model.type_slot(name).ok_or_else(|| QueryError::TypeNotFound(name.to_owned()))?;
        let kind = match user {
            UserRef::Object(_) => Admitted::Object,
            UserRef::Wildcard(_) => Admitted::Wildcard,
            UserRef::Userset(_, relation) => {
                let slot = self.model.relation_slot(of, relation);
                let unknown = || QueryError::RelationNotFound(name.to_owned(), relation.to_owned());
                Admitted::Userset(slot.ok_or_else(unknown)?)
            }
        };
        Ok((of, kind))
    }

    #[inline]
    pub(super) fn relation(&self, type_name: &str, relation: &str) -> Result<RelationSlot, QueryError> {
        let of = self.model.type_slot(type_name);
        of.and_then(|of| self.model.relation_slot(of, relation)).ok_or_else(|| {
            if !is_relation(relation) {
                return invalid("the 'relation' field is malformed");
            }
            match of {
                None => QueryError::TypeNotFound(type_name.to_owned()),
                Some(_) => QueryError::RelationNotFound(type_name.to_owned(), relation.to_owned()),
            }
        })
    }
}

pub(super) fn invalid(why: &str) -> QueryError {
    QueryError::Validation(why.to_owned())
}

/// A check answers with one code whatever is wrong with the question.
pub(super) fn as_validation(error: QueryError) -> QueryError {
    match error {
        QueryError::TypeNotFound(_) | QueryError::RelationNotFound(..) => QueryError::Validation(error.message()),
        other => other,
    }
}

fn kind_name(user: UserRef<'_>) -> String {
    match user {
        UserRef::Object(object) => object.type_name.to_owned(),
        UserRef::Userset(object, relation) => [object.type_name, "#", relation].concat(),
        UserRef::Wildcard(of) => [of, ":*"].concat(),
    }
}
