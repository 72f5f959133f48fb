//! Tuples of one question: the contextual ones, and the answers to what the resolver asked.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write;

use super::super::compiled::{RelationSlot, TypeSlot};

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

/// The condition of a tuple: its slot and its context.
pub(super) type Conditional = (u16, Box<str>);

#[derive(Debug, Default)]
pub(super) struct Layer {
    types: Vec<TypeSlot>,
    names: Vec<Box<str>>,
    by_name: BTreeMap<Box<str>, u32>,
    pub(super) forward: BTreeMap<(u32, RelationSlot, Subject), Option<Conditional>>,
    pub(super) reverse: BTreeSet<(Subject, RelationSlot, u32)>,
    /// What was read: its tuples are all here.
    pub(super) known: BTreeSet<Ask>,
    /// What was asked and cannot be read.
    pub(super) unknowable: BTreeSet<Ask>,
}

impl Layer {
    pub(super) fn find(&self, name: &str) -> Option<u32> {
        self.by_name.get(name).copied()
    }

    pub(super) fn intern(&mut self, of: TypeSlot, name: &str) -> u32 {
        if let Some(found) = self.find(name) {
            return found;
        }
        let number = LOCAL + self.names.len() as u32;
        self.types.push(of);
        self.names.push(name.into());
        self.by_name.insert(name.into(), number);
        number
    }

    pub(super) fn type_of(&self, object: u32) -> Option<TypeSlot> {
        self.types.get(object.checked_sub(LOCAL)? as usize).copied()
    }

    pub(super) fn write_name(&self, object: u32, out: &mut String) {
        let name = object.checked_sub(LOCAL).and_then(|at| self.names.get(at as usize));
        // Writing to a string does not fail.
        let _ = out.write_str(name.map_or("", |name| name));
    }

    /// Of two tuples that differ only in their condition the first stays: contextual before stored, as OpenFGA's
    /// `CombinedTupleReader.ReadUserTuple` finds them.
    pub(super) fn insert(&mut self, object: u32, slot: RelationSlot, user: Subject, condition: Option<Conditional>) {
        self.forward.entry((object, slot, user)).or_insert(condition);
        self.reverse.insert((user, slot, object));
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
