//! The index as a bundle carries it: numbers in, numbers out.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

#[cfg(feature = "bundle-write")]
use super::IndexFull;
use super::base::Base;
use super::{Index, Names, Tuple, TupleKey};

/// Everything of an index but its tuples. Whoever makes one has checked that each number is one of the list that it is
/// of, and that nothing is there twice.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    pub(crate) types: Vec<Box<str>>,
    pub(crate) relations: Vec<Box<str>>,
    pub(crate) conditions: Vec<Box<str>>,
    /// The ids of all objects, one behind the other.
    pub(crate) text: String,
    /// Where each of them ends.
    pub(crate) ends: Vec<u32>,
    /// The type of each.
    pub(crate) type_of: Vec<u16>,
    /// Objects and relations.
    pub(crate) usersets: Vec<(u32, u16)>,
    /// Conditions and their contexts.
    pub(crate) contexts: Vec<(u16, Box<str>)>,
}

impl Index {
    /// An index of these tuples, which are sorted and different.
    pub(crate) fn from_parts(key: (u64, u64), parts: Parts, tuples: &[Tuple]) -> Self {
        let mut index = Self::new(key);
        for (list, words) in [
            (&mut index.types, parts.types),
            (&mut index.relations, parts.relations),
            (&mut index.conditions, parts.conditions),
        ] {
            for word in words {
                list.intern(&word);
            }
        }
        index.names = Names::of_different(key, parts.text, parts.ends, parts.type_of);
        index.usersets_by_parts = (0..).zip(&parts.usersets).map(|(number, parts)| (*parts, number)).collect();
        index.usersets = parts.usersets;
        for (condition, context) in &parts.contexts {
            // In their order: each is given the number of its place.
            index.contexts_by_parts.intern(*condition, context);
        }
        index.contexts = parts.contexts;
        index.len = tuples.len();
        index.base = Base::new(tuples, index.names.len(), index.usersets.len() as u32, index.types.len() as u32);
        // What came with it is no growth: the first change would make the whole index anew.
        index.expect_words();
        index
    }

    /// A tuple in words.
    pub(crate) fn in_words(&self, tuple: &Tuple) -> Option<TupleKey> {
        self.written(tuple)
    }

    /// A tuple in numbers; its words become known, the tuple itself does not.
    #[cfg(feature = "bundle-write")]
    pub(crate) fn in_numbers(&mut self, tuple: &TupleKey) -> Result<Tuple, IndexFull> {
        self.intern(tuple)
    }

    /// Every tuple in numbers.
    #[cfg(feature = "bundle-write")]
    pub(crate) fn all_in_numbers(&self) -> Vec<Tuple> {
        let mut all = Vec::with_capacity(self.len);
        self.collect(&mut all);
        all
    }
}

impl Tuple {
    /// The same tuple without its condition.
    #[cfg(feature = "bundle-write")]
    pub(crate) const fn without_context(self) -> Self {
        Self { context: super::NO_CONTEXT, ..self }
    }
}
