//! The authorization model as the resolver reads it: names interned to dense slots, rewrites flattened, type
//! restrictions as lookups, and what can be known of a model before any tuple is.

mod build;
mod facts;

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use super::model::AuthorizationModel;
use super::words::Words;
use crate::{Error, ErrorCode};

/// The number of a type in a compiled model.
pub(crate) type TypeSlot = u16;
/// The number of a relation of one type in a compiled model.
pub(crate) type RelationSlot = u16;
/// The number of a relation's name, whatever its type.
pub(crate) type NameSlot = u16;
/// No condition, where the number of one could stand.
pub(crate) const NO_CONDITION: u16 = u16::MAX;

/// Why a model cannot be evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CompileError {
    /// Two types, two relations of one type or two conditions of one name.
    Duplicate,
    /// A restriction names a type that is not defined.
    UnknownType,
    /// A rewrite or restriction names a relation that is not defined.
    UnknownRelation,
    /// A restriction names a condition that is not defined.
    UnknownCondition,
    /// `x from y`, where `y` is no directly assigned relation of objects.
    Tupleset,
    /// An `or` or `and` of fewer operands than it needs.
    Operands,
    /// A relation with `[…]` where nothing stands in it, or the other way around.
    Restrictions,
    /// More types, relations, operands or nesting than can be evaluated in reasonable time.
    TooLarge,
}

impl CompileError {
    /// A sentence for people.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::Duplicate => "a name is defined twice",
            Self::UnknownType => "a type restriction names an undefined type",
            Self::UnknownRelation => "a relation is used that is not defined",
            Self::UnknownCondition => "a type restriction names an undefined condition",
            Self::Tupleset => "a tupleset must be a directly assigned relation",
            Self::Operands => "a set operation has too few operands",
            Self::Restrictions => "direct assignment and type restrictions do not belong together",
            Self::TooLarge => "the model is too large or too deeply nested",
        }
    }
}

impl fmt::Display for CompileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl core::error::Error for CompileError {}

impl From<CompileError> for Error {
    fn from(error: CompileError) -> Self {
        Self::with(ErrorCode::ModelInvalid, error.message())
    }
}

/// A model ready to be evaluated. It knows nothing of tuples.
///
/// ```
/// use sentinel_core::policy::CompiledModel;
/// use sentinel_core::policy::model::{AuthorizationModel, Relation, RestrictionKind, Rewrite, TypeDefinition, TypeRestriction};
///
/// let user = TypeRestriction { type_name: "user".into(), kind: RestrictionKind::Object, condition: None };
/// let viewer = Relation { name: "viewer".into(), rewrite: Rewrite::This, restrictions: vec![user], origin: None };
/// let model = AuthorizationModel {
///     schema_version: "1.1".into(),
///     types: vec![
///         TypeDefinition { name: "user".into(), ..TypeDefinition::default() },
///         TypeDefinition { name: "document".into(), relations: vec![viewer], origin: None },
///     ],
///     conditions: vec![],
/// };
/// assert!(CompiledModel::compile(&model).is_ok());
/// ```
#[derive(Debug)]
pub struct CompiledModel {
    types: Vec<Type>,
    types_by_name: Words,
    /// The relations' names, by their slots.
    names: Vec<Box<str>>,
    slots_of_names: Words,
    relations: Vec<Relation>,
    expressions: Vec<Expression>,
    operands: Vec<u32>,
    restrictions: Vec<Restriction>,
    conditions: Vec<Box<str>>,
    slots_of_conditions: Words,
    /// Tells this model from every other of the process.
    identity: u64,
    /// A bit for each relation and type: whether an object or wildcard of that type may be found in it. Empty: not known.
    reaches: Vec<u64>,
}

#[derive(Debug)]
struct Type {
    name: Box<str>,
    /// The slots of its relations' names with the relations', sorted by the former.
    relations: Vec<(NameSlot, RelationSlot)>,
}

/// What the resolver knows of one relation of one type.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Relation {
    pub(crate) of: TypeSlot,
    pub(crate) name: NameSlot,
    /// Its rewrite.
    pub(crate) root: u32,
    restrictions: (u32, u32),
    /// Whether `x from this` stands somewhere on its type.
    is_tupleset: bool,
    /// Whether its restrictions admit usersets.
    pub(crate) usersets: bool,
    /// Whether nothing but tuples of objects and wildcards decide it.
    pub(crate) leaf: bool,
    /// Whether neither it nor anything that it leads to has an intersection or exclusion.
    pub(crate) monotone: bool,
}

/// A rewrite, flattened: operands are numbers of other expressions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expression {
    This,
    Computed(RelationSlot),
    TupleToUserset { tupleset: RelationSlot, computed: NameSlot },
    Union { first: u32, count: u32 },
    Intersection { first: u32, count: u32 },
    Difference { base: u32, subtract: u32 },
}

/// Which users a restriction admits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admitted {
    Object,
    Wildcard,
    Userset(RelationSlot),
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Restriction {
    pub(crate) of: TypeSlot,
    pub(crate) kind: Admitted,
    pub(crate) condition: u16,
}

impl CompiledModel {
    /// Compiles a model.
    ///
    /// # Errors
    /// The model refers to what it does not define, or is too large. A model that passed the validation compiles.
    pub fn compile(model: &AuthorizationModel) -> Result<Self, CompileError> {
        build::compile(model)
    }

    /// Whether the model defines a type of this name.
    #[must_use]
    pub fn has_type(&self, name: &str) -> bool {
        self.type_slot(name).is_some()
    }

    /// Whether the type has a relation of this name.
    #[must_use]
    pub fn has_relation(&self, type_name: &str, relation: &str) -> bool {
        self.type_slot(type_name).and_then(|of| self.relation_slot(of, relation)).is_some()
    }

    /// The relations of a type, in no promised order.
    pub fn relations_of(&self, type_name: &str) -> impl Iterator<Item = &str> {
        let found = self.type_slot(type_name).and_then(|of| self.types.get(usize::from(of)));
        found.into_iter().flat_map(|of| of.relations.iter()).filter_map(|(name, _)| self.name(*name))
    }

    /// The names of the types in the order of the model.
    pub fn types(&self) -> impl Iterator<Item = &str> {
        self.types.iter().map(|of| &*of.name)
    }

    /// The conditions' names in the order of the model: what an evaluator of conditions is asked by.
    pub fn conditions(&self) -> impl Iterator<Item = &str> {
        self.conditions.iter().map(|name| &**name)
    }

    pub(crate) const fn identity(&self) -> u64 {
        self.identity
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(|name| &**name)
    }

    #[inline]
    pub(crate) fn type_slot(&self, name: impl AsRef<[u8]>) -> Option<TypeSlot> {
        self.types_by_name.find(name)
    }

    pub(crate) fn type_name(&self, slot: TypeSlot) -> &str {
        self.types.get(usize::from(slot)).map_or("", |found| &*found.name)
    }

    #[inline]
    pub(crate) fn name_slot(&self, name: impl AsRef<[u8]>) -> Option<NameSlot> {
        self.slots_of_names.find(name)
    }

    pub(crate) fn name(&self, slot: NameSlot) -> Option<&str> {
        self.names.get(usize::from(slot)).map(|name| &**name)
    }

    #[inline]
    pub(crate) fn relation_slot(&self, of: TypeSlot, name: impl AsRef<[u8]>) -> Option<RelationSlot> {
        self.relation_named(of, self.name_slot(name)?)
    }

    #[inline(always)]
    pub(crate) fn relation_named(&self, of: TypeSlot, name: NameSlot) -> Option<RelationSlot> {
        let relations = &self.types.get(usize::from(of))?.relations;
        let at = relations.binary_search_by_key(&name, |(known, _)| *known).ok()?;
        relations.get(at).map(|(_, slot)| *slot)
    }

    #[inline(always)]
    pub(crate) fn relation(&self, slot: RelationSlot) -> Option<&Relation> {
        self.relations.get(usize::from(slot))
    }

    pub(crate) fn relation_name(&self, slot: RelationSlot) -> &str {
        self.relation(slot).and_then(|relation| self.name(relation.name)).unwrap_or("")
    }

    #[inline]
    pub(crate) fn relation_type(&self, slot: RelationSlot) -> TypeSlot {
        self.relation(slot).map_or(TypeSlot::MAX, |relation| relation.of)
    }

    #[inline(always)]
    pub(crate) fn expression(&self, at: u32) -> Option<Expression> {
        self.expressions.get(at as usize).copied()
    }

    #[inline(always)]
    pub(crate) fn operands(&self, first: u32, count: u32) -> &[u32] {
        self.operands.get(first as usize..(first as usize).saturating_add(count as usize)).unwrap_or_default()
    }

    #[inline(always)]
    pub(crate) fn restrictions(&self, slot: RelationSlot) -> &[Restriction] {
        let (start, end) = self.relation(slot).map_or((0, 0), |relation| relation.restrictions);
        self.restrictions.get(start as usize..end as usize).unwrap_or_default()
    }

    pub(crate) fn condition_slot(&self, name: &str) -> Option<u16> {
        self.slots_of_conditions.find(name)
    }

    pub(crate) fn condition_name(&self, slot: u16) -> &str {
        self.conditions.get(usize::from(slot)).map_or("", |name| &**name)
    }

    /// Whether the model allows tuples of such users in the relation (their conditions are another question).
    #[inline]
    pub(crate) fn assignable(&self, slot: RelationSlot, of: TypeSlot, kind: Admitted) -> bool {
        self.restrictions(slot).iter().any(|found| found.of == of && found.kind == kind)
            && self.relation(slot).is_none_or(|relation| !relation.is_tupleset || kind == Admitted::Object)
    }

    /// Whether the model allows a tuple of such a user under such a condition ([`NO_CONDITION`] for none).
    ///
    /// The rule is that of OpenFGA 1.22: one restriction names the type, the kind of user and the condition.
    /// Earlier releases took the condition from any restriction of the type, so that `[group, group#member with later]` let
    /// `group:1#member` in without it.
    pub(crate) fn admits(&self, slot: RelationSlot, of: TypeSlot, kind: Admitted, condition: u16) -> bool {
        self.assignable(slot, of, kind) && self.admits_condition(slot, of, kind, condition)
    }

    /// The second half of [`Self::admits`]: such users are allowed, is the condition too.
    #[inline]
    pub(crate) fn admits_condition(&self, slot: RelationSlot, of: TypeSlot, kind: Admitted, condition: u16) -> bool {
        let restrictions = self.restrictions(slot);
        restrictions.iter().any(|found| found.of == of && found.kind == kind && found.condition == condition)
    }

    /// Whether an object or the wildcard of this type can have the relation at all.
    #[inline(always)]
    pub(crate) fn may_reach(&self, slot: RelationSlot, of: TypeSlot) -> bool {
        let bit = usize::from(slot) * self.types.len() + usize::from(of);
        self.reaches.get(bit / 64).is_none_or(|word| word & (1 << (bit % 64)) != 0)
    }
}
