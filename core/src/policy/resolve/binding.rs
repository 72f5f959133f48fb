//! A model bound to an index: the one's slots in the other's numbers.

use alloc::vec::Vec;

use super::super::compiled::{CompiledModel, NO_CONDITION, NameSlot, TypeSlot};
use super::super::index::{Index, Vocabulary};

/// No number on the other side.
const NONE: u16 = u16::MAX;

/// What a [`CompiledModel`] and an [`Index`] call the same things. An index knows no model, since its tuples outlive
/// models; this is what both need to speak to each other. It stays right while the index learns no new type, relation
/// or condition; [`Evaluator`](super::Evaluator) makes its own where it is handed one that is not.
#[derive(Clone, Debug)]
pub struct Binding {
    types_to: Vec<u16>,
    types_from: Vec<u16>,
    names_to: Vec<u16>,
    names_from: Vec<u16>,
    conditions_from: Vec<u16>,
    of: Identity,
}

/// Which model, and which words of which index.
type Identity = (u64, (u64, [usize; 3]));

impl Binding {
    /// Binds a model to an index.
    #[must_use]
    pub fn new(model: &CompiledModel, index: &Index) -> Self {
        let to = |words: &Vocabulary, name: &str| words.find(name).unwrap_or(NONE);
        let all = |words: &Vocabulary| 0..words.len() as u16;
        Self {
            types_to: model.types().map(|name| to(&index.types, name)).collect(),
            types_from: all(&index.types).map(|at| model.type_slot(index.types.name(at)).unwrap_or(NONE)).collect(),
            names_to: model.names().map(|name| to(&index.relations, name)).collect(),
            names_from: all(&index.relations)
                .map(|at| model.name_slot(index.relations.name(at)).unwrap_or(NONE))
                .collect(),
            conditions_from: all(&index.conditions)
                .map(|at| model.condition_slot(index.conditions.name(at)).unwrap_or(NONE))
                .collect(),
            of: (model.identity(), index.vocabulary()),
        }
    }

    /// Whether it still says all of what the two call the same.
    #[must_use]
    #[inline]
    pub fn is_current(&self, model: &CompiledModel, index: &Index) -> bool {
        self.of == (model.identity(), index.vocabulary())
    }

    #[inline(always)]
    pub(super) fn type_to(&self, of: TypeSlot) -> Option<u16> {
        self.types_to.get(usize::from(of)).copied().filter(|found| *found != NONE)
    }

    #[inline(always)]
    pub(super) fn type_from(&self, of: u16) -> Option<TypeSlot> {
        self.types_from.get(usize::from(of)).copied().filter(|found| *found != NONE)
    }

    #[inline(always)]
    pub(super) fn name_to(&self, name: NameSlot) -> Option<u16> {
        self.names_to.get(usize::from(name)).copied().filter(|found| *found != NONE)
    }

    #[inline(always)]
    pub(super) fn name_from(&self, name: u16) -> Option<NameSlot> {
        self.names_from.get(usize::from(name)).copied().filter(|found| *found != NONE)
    }

    /// The condition's slot. One that the model does not define has none, and its tuples are ignored.
    #[inline]
    pub(super) fn condition_from(&self, condition: u16) -> Option<u16> {
        self.conditions_from.get(usize::from(condition)).copied().filter(|found| *found != NO_CONDITION)
    }
}
