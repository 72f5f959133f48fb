//! An index made of many tuples that come a part at a time.

use alloc::vec::Vec;
use core::borrow::Borrow;

use super::{Index, IndexFull, Tuple};
use crate::policy::tuple::TupleKey;

/// Tuples on their way into an index, which sorts them once, at the end.
#[derive(Debug)]
pub struct Gathering {
    index: Index,
    all: Vec<Tuple>,
}

impl Gathering {
    /// Begins with what an index has.
    #[must_use]
    pub fn new(index: Index) -> Self {
        let mut all = Vec::new();
        index.collect(&mut all);
        Self { index, all }
    }

    /// Adds tuples. Of two that differ only in their condition the later stays.
    ///
    /// # Errors
    /// [`IndexFull`].
    pub fn add<T: Borrow<TupleKey>>(&mut self, tuples: impl IntoIterator<Item = T>) -> Result<(), IndexFull> {
        for tuple in tuples {
            self.all.push(self.index.intern(tuple.borrow())?);
        }
        Ok(())
    }

    /// About how many bytes the index will take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.index.word_bytes() + self.all.len() * 24
    }

    /// The index of all of them.
    #[must_use]
    pub fn finish(mut self) -> Index {
        self.index.settle(self.all);
        self.index.expect_words();
        self.index
    }
}
