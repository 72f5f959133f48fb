//! Tuples of one question: the contextual ones, and the answers to what the resolver asked.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use super::super::compiled::{RelationSlot, TypeSlot};
use super::super::index::Names;
use super::super::sorted::{Key, Sorted};

/// Objects that only the question knows have numbers from here; an index's are smaller.
pub(super) const LOCAL: u32 = 1 << 31;
/// An object that no tuple names.
pub(super) const NOTHING: u32 = u32::MAX;
/// A user that no tuple names.
pub(super) const NOBODY: u32 = u32::MAX - 1;

/// A user in the model's terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Subject {
    Object(u32),
    Userset(u32, RelationSlot),
    Wildcard(TypeSlot),
}

/// What can be asked of a storage, in numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Ask {
    Tuple(u32, RelationSlot, Subject),
    Usersets(u32, RelationSlot),
    Objects(u32, RelationSlot),
    Users(u32, RelationSlot),
    StartingWith(Subject, RelationSlot),
}

impl Key for Subject {
    fn packed(self) -> u128 {
        match self {
            Self::Object(object) => u128::from(object) << 16,
            Self::Userset(object, slot) => 1 << 48 | u128::from(object) << 16 | u128::from(slot),
            Self::Wildcard(of) => 2 << 48 | u128::from(of) << 16,
        }
    }

    fn unpacked(packed: u128) -> Self {
        let number = (packed >> 16) as u32;
        match packed >> 48 & 3 {
            0 => Self::Object(number),
            1 => Self::Userset(number, packed as RelationSlot),
            _ => Self::Wildcard(number as TypeSlot),
        }
    }
}

impl Key for (u32, RelationSlot, Subject) {
    fn packed(self) -> u128 {
        u128::from(self.0) << 80 | u128::from(self.1) << 64 | self.2.packed()
    }

    fn unpacked(packed: u128) -> Self {
        ((packed >> 80) as u32, (packed >> 64) as RelationSlot, Subject::unpacked(packed))
    }
}

impl Key for (Subject, RelationSlot, u32) {
    fn packed(self) -> u128 {
        self.0.packed() << 48 | u128::from(self.1) << 32 | u128::from(self.2)
    }

    fn unpacked(packed: u128) -> Self {
        (Subject::unpacked(packed >> 48), (packed >> 32) as RelationSlot, packed as u32)
    }
}

impl Key for Ask {
    fn packed(self) -> u128 {
        let (kind, parts) = match self {
            Self::Tuple(object, slot, user) => (0, (object, slot, user)),
            Self::Usersets(object, slot) => (1, (object, slot, Subject::Object(0))),
            Self::Objects(object, slot) => (2, (object, slot, Subject::Object(0))),
            Self::Users(object, slot) => (3, (object, slot, Subject::Object(0))),
            Self::StartingWith(user, slot) => (4, (0, slot, user)),
        };
        kind << 112 | parts.packed()
    }

    fn unpacked(packed: u128) -> Self {
        let (object, slot, user) = <(u32, RelationSlot, Subject)>::unpacked(packed);
        match packed >> 112 {
            0 => Self::Tuple(object, slot, user),
            1 => Self::Usersets(object, slot),
            2 => Self::Objects(object, slot),
            3 => Self::Users(object, slot),
            _ => Self::StartingWith(user, slot),
        }
    }
}

/// The condition of a tuple: its slot and its context.
pub(super) type Conditional = (u16, Box<str>);
/// No condition, where the number of one could stand.
const UNCONDITIONAL: u32 = u32::MAX;

#[derive(Debug)]
pub(super) struct Layer {
    names: Names,
    conditions: Vec<Conditional>,
    /// The tuples with the numbers of their conditions.
    forward: Sorted<(u32, RelationSlot, Subject)>,
    pub(super) reverse: Sorted<(Subject, RelationSlot, u32)>,
    /// What was read: its tuples are all here.
    pub(super) known: Sorted<Ask>,
    /// What was asked and cannot be read.
    pub(super) unknowable: Sorted<Ask>,
}

impl Layer {
    /// Without tuples. The key is that of the index beside it.
    pub(super) const fn new(key: (u64, u64)) -> Self {
        Self {
            names: Names::new(key),
            conditions: Vec::new(),
            forward: Sorted::new(),
            reverse: Sorted::new(),
            known: Sorted::new(),
            unknowable: Sorted::new(),
        }
    }

    /// `name` is the whole object, with its type.
    pub(super) fn find(&self, of: TypeSlot, name: &str) -> Option<u32> {
        self.names.find(of, name).map(|number| number + LOCAL)
    }

    /// [`NOTHING`] where no more fit, which are more than memory holds.
    pub(super) fn intern(&mut self, of: TypeSlot, name: &str) -> u32 {
        self.names.intern(of, name).map_or(NOTHING, |number| number + LOCAL)
    }

    pub(super) fn type_of(&self, object: u32) -> Option<TypeSlot> {
        let number = object.checked_sub(LOCAL).filter(|number| *number < self.names.len())?;
        Some(self.names.type_of(number))
    }

    pub(super) fn name(&self, object: u32) -> String {
        object.checked_sub(LOCAL).map_or("", |number| self.names.id(number)).into()
    }

    /// Of two tuples that differ only in their condition the first stays: contextual before stored, as OpenFGA's
    /// `CombinedTupleReader.ReadUserTuple` finds them.
    pub(super) fn insert(&mut self, object: u32, slot: RelationSlot, user: Subject, condition: Option<Conditional>) {
        if !self.has(object, slot, user) {
            let number = if condition.is_none() { UNCONDITIONAL } else { self.conditions.len() as u32 };
            self.conditions.extend(condition);
            self.forward.insert((object, slot, user), number);
            self.reverse.add((user, slot, object));
        }
    }

    /// Whether there is the tuple.
    pub(super) fn has(&self, object: u32, slot: RelationSlot, user: Subject) -> bool {
        self.forward.contains(&(object, slot, user))
    }

    /// The condition of the tuple, where there is the tuple.
    pub(super) fn get(&self, object: u32, slot: RelationSlot, user: Subject) -> Option<Option<(u16, &str)>> {
        self.forward.get(&(object, slot, user)).map(|number| self.condition(number))
    }

    /// The users of the tuples of `object#slot` from this one, and their conditions.
    pub(super) fn users(
        &self,
        object: u32,
        slot: RelationSlot,
        from: Subject,
    ) -> impl Iterator<Item = (Subject, Option<(u16, &str)>)> {
        let all = self.forward.range((object, slot, from), (object, slot, Subject::Wildcard(TypeSlot::MAX)));
        all.map(|((_, _, user), number)| (user, self.condition(number)))
    }

    fn condition(&self, number: u32) -> Option<(u16, &str)> {
        self.conditions.get(number as usize).map(|(condition, context)| (*condition, &**context))
    }

    /// Whether an answer to this has been had, by itself or as a part of a larger one.
    pub(super) fn knows(&self, ask: Ask) -> bool {
        self.known.contains(&ask)
            || match ask {
                Ask::Tuple(object, slot, _) | Ask::Usersets(object, slot) | Ask::Objects(object, slot) => {
                    self.known.contains(&Ask::Users(object, slot))
                }
                Ask::Users(..) | Ask::StartingWith(..) => false,
            }
    }
}
