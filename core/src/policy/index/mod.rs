//! Tuples in memory: interned, sorted, found from either end.
//!
//! What is settled stands in sorted arrays ([`base`]), found by an object's number and then by binary search; what
//! changed since then in a small ordered overlay, until it is merged in. A question about a tuple allocates nothing.
//! The index knows no model: it holds what was written, and the resolver ignores what the model does not allow.

mod asked;
mod base;
mod gather;
mod names;
mod numbers;
#[cfg(feature = "bundle")]
mod parts;

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::sorted::Sorted;
use super::tuple::TupleKey;
use super::words::sort;
use base::Base;
pub use gather::Gathering;
use names::ContextNumbers;
pub(crate) use names::{Names, Vocabulary};
#[cfg(feature = "bundle")]
pub(crate) use parts::Parts;

/// How a user is written as a number: two bits for its kind, thirty for which.
pub(crate) mod subject {
    pub(crate) const NUMBER: u32 = (1 << 30) - 1;
    pub(crate) const OBJECT: u32 = 0;
    pub(crate) const USERSET: u32 = 1 << 30;
    pub(crate) const WILDCARD: u32 = 2 << 30;
    pub(crate) const END: u32 = 3 << 30;
}

/// Most objects and most usersets: what thirty bits can number.
const MOST: u32 = subject::NUMBER;
/// An unconditional tuple, where the number of a context could stand.
pub(crate) const NO_CONTEXT: u32 = u32::MAX;
/// Changes that an overlay may hold beside an eighth of the settled tuples before it is merged in.
const CHANGES: usize = 4096;
/// Bytes of words that may come before anybody asks whether they are still needed.
const WORDS: usize = 4 << 20;

/// The index holds as much as its numbers can name (2^30 objects or usersets, 2^16 types or relations, 4 GiB of names).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndexFull;

impl core::fmt::Display for IndexFull {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("the tuple index is full")
    }
}

impl core::error::Error for IndexFull {}

/// What an index takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// How many tuples it holds.
    pub tuples: usize,
    /// Bytes of the tuples themselves, from both ends.
    pub tuple_bytes: usize,
    /// Bytes of names and contexts.
    pub name_bytes: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Tuple {
    pub(crate) object: u32,
    pub(crate) relation: u16,
    pub(crate) subject: u32,
    pub(crate) context: u32,
}

/// Tuples on their way into the index that interned them: see [`Index::stage`].
#[derive(Debug, Default)]
pub struct Batch(Vec<Tuple>);

impl Batch {
    /// Without tuples.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }
}

/// A tuple that is there no more, where the number of a context could stand.
const REMOVED: u32 = NO_CONTEXT - 1;

/// An in-memory index of tuples.
///
/// ```
/// use sentinel_core::policy::{Index, tuple::TupleKey};
/// let mut index = Index::from_tuples(&[TupleKey::parse("document:1#viewer@user:anne")?])?;
/// index.insert(&TupleKey::parse("document:2#viewer@user:anne")?)?;
/// assert!(index.remove("document:1", "viewer", "user:anne"));
/// assert_eq!(index.len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Index {
    pub(crate) types: Vocabulary,
    pub(crate) relations: Vocabulary,
    pub(crate) conditions: Vocabulary,
    pub(crate) names: Names,
    /// The usersets: object and relation. Their number is the place here.
    usersets: Vec<(u32, u16)>,
    usersets_by_parts: Sorted<(u32, u16)>,
    /// The conditions of tuples with their contexts, each once.
    contexts: Vec<(u16, Box<str>)>,
    contexts_by_parts: ContextNumbers,
    /// Their bytes.
    context_bytes: usize,
    /// At how many bytes of words those that no tuple has any more are dropped.
    renew_at: usize,
    /// Whether a batch has numbers of this index: then none may become another.
    is_staging: bool,
    base: Base,
    /// What differs from `base`, by object: the context of what was added or changed, or [`REMOVED`].
    changes: Sorted<(u32, u16, u32)>,
    /// What was added, by user.
    added: Sorted<(u32, u16, u32)>,
    len: usize,
    /// Tells this index from every other of the process.
    identity: u64,
}

impl Default for Index {
    fn default() -> Self {
        Self::new(Self::KEY)
    }
}

impl Index {
    /// The key where there is none of randomness.
    pub(crate) const KEY: (u64, u64) = (0x736f_6d65_7073_6575, 0x646f_7261_6e64_6f6d);

    /// An empty index. The key keeps whoever chooses ids from choosing colliding ones: random where there is randomness.
    #[must_use]
    pub fn new(key: (u64, u64)) -> Self {
        Self {
            types: Vocabulary::default(),
            relations: Vocabulary::default(),
            conditions: Vocabulary::default(),
            names: Names::new(key),
            usersets: Vec::new(),
            usersets_by_parts: Sorted::new(),
            contexts: Vec::new(),
            contexts_by_parts: ContextNumbers::new(key),
            context_bytes: 0,
            renew_at: WORDS,
            is_staging: false,
            base: Base::default(),
            changes: Sorted::new(),
            added: Sorted::new(),
            len: 0,
            identity: super::next_identity(),
        }
    }

    /// An index of these tuples. Of two that differ only in their condition the later stays.
    ///
    /// # Errors
    /// [`IndexFull`].
    pub fn from_tuples<'a>(tuples: impl IntoIterator<Item = &'a TupleKey>) -> Result<Self, IndexFull> {
        let mut index = Self::default();
        index.extend(tuples)?;
        Ok(index)
    }

    /// Adds many tuples at once and settles them: faster than one by one.
    ///
    /// # Errors
    /// [`IndexFull`].
    pub fn extend<'a>(&mut self, tuples: impl IntoIterator<Item = &'a TupleKey>) -> Result<(), IndexFull> {
        let mut all: Vec<Tuple> = Vec::new();
        self.collect(&mut all);
        for tuple in tuples {
            all.push(self.intern(tuple)?);
        }
        self.settle(all);
        self.expect_words();
        Ok(())
    }

    /// Adds a tuple to those that [`Self::extend_staged`] takes in at once. They stand for nothing until then.
    ///
    /// # Errors
    /// [`IndexFull`].
    pub fn stage(&mut self, batch: &mut Batch, tuple: &TupleKey) -> Result<(), IndexFull> {
        self.is_staging = true;
        batch.0.push(self.intern(tuple)?);
        Ok(())
    }

    /// As [`Self::extend`], for tuples that came one by one and are too many to be kept as texts.
    pub fn extend_staged(&mut self, batch: Batch) {
        let mut all: Vec<Tuple> = Vec::new();
        self.collect(&mut all);
        all.extend(batch.0);
        self.settle(all);
        self.is_staging = false;
        self.expect_words();
    }

    /// How many tuples there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds a tuple, or changes its condition. Says whether it is new.
    ///
    /// # Errors
    /// [`IndexFull`].
    pub fn insert(&mut self, tuple: &TupleKey) -> Result<bool, IndexFull> {
        let Tuple { object, relation, subject, context } = self.intern(tuple)?;
        let before = self.find(object, relation, subject);
        if before == Some(context) {
            return Ok(false);
        }
        self.changes.insert((object, relation, subject), context);
        if self.base.find(object, relation, subject).is_none() {
            self.added.add((subject, relation, object));
        }
        self.len += usize::from(before.is_none());
        self.settle_sometimes();
        Ok(before.is_none())
    }

    /// Removes a tuple, whatever its condition. Says whether it was there.
    pub fn remove(&mut self, object: &str, relation: &str, user: &str) -> bool {
        let Some((object, relation, subject)) = self.numbers(object, relation, user) else { return false };
        if self.find(object, relation, subject).is_none() {
            return false;
        }
        if self.base.find(object, relation, subject).is_some() {
            self.changes.insert((object, relation, subject), REMOVED);
        } else {
            self.changes.remove(&(object, relation, subject));
        }
        self.added.remove(&(subject, relation, object));
        self.len -= 1;
        self.settle_sometimes();
        true
    }

    /// Whether the tuple is there, whatever its condition. Allocates nothing.
    #[must_use]
    pub fn contains(&self, object: &str, relation: &str, user: &str) -> bool {
        self.numbers(object, relation, user)
            .is_some_and(|(object, relation, subject)| self.find(object, relation, subject).is_some())
    }

    /// The tuple as it is there, with its condition.
    #[must_use]
    pub fn get(&self, object: &str, relation: &str, user: &str) -> Option<TupleKey> {
        let (object, relation, subject) = self.numbers(object, relation, user)?;
        let context = self.find(object, relation, subject)?;
        self.written(&Tuple { object, relation, subject, context })
    }

    /// Merges what changed into the sorted arrays. It happens by itself now and then; a server may choose the moment.
    pub fn compact(&mut self) {
        if !self.changes.is_empty() {
            let mut all = Vec::with_capacity(self.base.len() + self.added.len());
            self.collect(&mut all);
            self.settle(all);
        }
    }

    /// What it takes.
    #[must_use]
    pub fn memory(&self) -> Memory {
        Memory {
            tuples: self.len,
            // Of 32 bytes each, in blocks that are two thirds full.
            tuple_bytes: self.base.bytes()
                + (self.changes.len() + self.added.len()) * 48
                + self.usersets.capacity() * 8,
            name_bytes: self.word_bytes(),
        }
    }

    fn word_bytes(&self) -> usize {
        self.names.bytes() + self.usersets_by_parts.len() * 48 + self.context_bytes
    }

    /// From here on as many bytes of words again are taken without a look.
    fn expect_words(&mut self) {
        self.renew_at = self.word_bytes() * 2 + WORDS;
    }

    /// Drops the words that no tuple has any more. INVARIANT: words are twice those that are needed at most, and some
    /// megabytes: who writes and deletes again and again makes nothing grow. It costs as much as the words that came since.
    fn renew(&mut self) {
        let mut gathering = Gathering::new(Self::new(self.names.key()));
        // What was in an index fits into one.
        match gathering.add(self.tuples()) {
            Ok(()) => *self = gathering.finish(),
            Err(IndexFull) => self.expect_words(),
        }
    }

    /// Every tuple, in no promised order.
    pub fn tuples(&self) -> impl Iterator<Item = TupleKey> + '_ {
        let settled = self.base.tuples().filter(|tuple| !self.changes.contains(&tuple.key()));
        settled.chain(self.changed()).filter_map(|tuple| self.written(&tuple))
    }

    /// What was added or changed.
    fn changed(&self) -> impl Iterator<Item = Tuple> + '_ {
        let there = self.changes.iter().filter(|(_, context)| *context != REMOVED);
        there.map(|((object, relation, subject), context)| Tuple { object, relation, subject, context })
    }

    fn collect(&self, all: &mut Vec<Tuple>) {
        if self.changes.is_empty() {
            all.extend(self.base.tuples());
            return;
        }
        all.extend(self.base.tuples().filter(|tuple| !self.changes.contains(&tuple.key())));
        all.extend(self.changed());
    }

    fn settle(&mut self, mut all: Vec<Tuple>) {
        // Of two with the same key the later stays.
        let mut order: Vec<u128> = (0u32..).zip(&all).map(|(at, tuple)| tuple.packed() | u128::from(!at)).collect();
        sort(&mut order);
        order.dedup_by_key(|packed| *packed >> 32);
        all = order.into_iter().filter_map(|packed| all.get(!(packed as u32) as usize).copied()).collect();
        self.len = all.len();
        self.base = Base::new(&all, self.names.len(), self.usersets.len() as u32, self.types.len() as u32);
        self.changes.clear();
        self.added.clear();
    }

    fn settle_sometimes(&mut self) {
        if !self.is_staging && self.word_bytes() > self.renew_at {
            self.renew();
        }
        if self.changes.len() > CHANGES + self.base.len() / 8 {
            self.compact();
        }
    }
}

impl Tuple {
    /// What it is sorted by, with 32 bits to spare.
    const fn packed(&self) -> u128 {
        (self.object as u128) << 80 | (self.relation as u128) << 64 | (self.subject as u128) << 32
    }

    const fn key(&self) -> (u32, u16, u32) {
        (self.object, self.relation, self.subject)
    }
}

#[cfg(test)]
mod tests;
