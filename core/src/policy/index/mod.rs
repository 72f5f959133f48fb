//! Tuples in memory: interned, sorted, found from either end.
//!
//! What is settled stands in sorted arrays ([`base`]), found by an object's number and then by binary search; what
//! changed since then in a small ordered overlay, until it is merged in. A question about a tuple allocates nothing.
//! The index knows no model: it holds what was written, and the resolver ignores what the model does not allow.

mod base;
mod names;

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write;

use super::tuple::{TupleKey, UserRef};
use super::words::sort;
use base::Base;
pub(crate) use names::{Names, Vocabulary};

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
struct Tuple {
    object: u32,
    relation: u16,
    subject: u32,
    context: u32,
}

#[derive(Clone, Copy, Debug)]
enum Change {
    Added(u32),
    Removed,
}

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
    usersets_by_parts: BTreeMap<(u32, u16), u32>,
    /// The conditions of tuples with their contexts, each once.
    contexts: Vec<(u16, Box<str>)>,
    contexts_by_parts: BTreeMap<(u16, Box<str>), u32>,
    base: Base,
    /// What differs from `base`, by object.
    changes: BTreeMap<(u32, u16, u32), Change>,
    /// What was added, by user.
    added: BTreeMap<(u32, u16, u32), ()>,
    len: usize,
    /// Tells this index from every other of the process.
    identity: u64,
}

impl Default for Index {
    fn default() -> Self {
        Self::new((0x736f_6d65_7073_6575, 0x646f_7261_6e64_6f6d))
    }
}

impl Index {
    /// An empty index. The key keeps whoever chooses ids from choosing colliding ones: random where there is randomness.
    #[must_use]
    pub fn new(key: (u64, u64)) -> Self {
        Self {
            types: Vocabulary::default(),
            relations: Vocabulary::default(),
            conditions: Vocabulary::default(),
            names: Names::new(key),
            usersets: Vec::new(),
            usersets_by_parts: BTreeMap::new(),
            contexts: Vec::new(),
            contexts_by_parts: BTreeMap::new(),
            base: Base::default(),
            changes: BTreeMap::new(),
            added: BTreeMap::new(),
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
        Ok(())
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
        self.changes.insert((object, relation, subject), Change::Added(context));
        if self.base.find(object, relation, subject).is_none() {
            self.added.insert((subject, relation, object), ());
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
            self.changes.insert((object, relation, subject), Change::Removed);
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
        let contexts: usize = self.contexts.iter().map(|(_, context)| context.len() * 2 + 64).sum();
        Memory {
            tuples: self.len,
            // An entry of a B-tree takes about half as much again as what it holds.
            tuple_bytes: self.base.bytes()
                + (self.changes.len() + self.added.len()) * 30
                + self.usersets.capacity() * 8,
            name_bytes: self.names.bytes() + self.usersets_by_parts.len() * 18 + contexts,
        }
    }

    /// Every tuple, in no promised order.
    pub fn tuples(&self) -> impl Iterator<Item = TupleKey> + '_ {
        let settled = self.base.tuples().filter(|tuple| !self.changes.contains_key(&tuple.key()));
        let added = self.changes.iter().filter_map(|(&(object, relation, subject), change)| match change {
            Change::Added(context) => Some(Tuple { object, relation, subject, context: *context }),
            Change::Removed => None,
        });
        settled.chain(added).filter_map(|tuple| self.written(&tuple))
    }

    fn written(&self, tuple: &Tuple) -> Option<TupleKey> {
        let mut user = String::new();
        self.write_subject(tuple.subject, &mut user);
        let key = TupleKey::new(&self.object_name(tuple.object), self.relations.name(tuple.relation), &user).ok()?;
        Some(match self.context(tuple.context) {
            Some((name, context)) => key.with_condition(self.conditions.name(name), context),
            None => key,
        })
    }

    pub(crate) fn object_name(&self, object: u32) -> String {
        let mut name = String::from(self.types.name(self.names.type_of(object)));
        name.push(':');
        name.push_str(self.names.id(object));
        name
    }

    fn write_subject(&self, user: u32, out: &mut String) {
        let number = user & subject::NUMBER;
        // Writing to a string does not fail.
        let _ = match user & !subject::NUMBER {
            subject::OBJECT => write!(out, "{}", self.object_name(number)),
            subject::USERSET => {
                let (object, relation) = self.userset(number).unwrap_or((u32::MAX, u16::MAX));
                write!(out, "{}#{}", self.object_name(object), self.relations.name(relation))
            }
            _ => write!(out, "{}:*", self.types.name(number as u16)),
        };
    }

    /// The numbers of a tuple's parts, where all are known.
    fn numbers(&self, object: &str, relation: &str, user: &str) -> Option<(u32, u16, u32)> {
        let object = super::tuple::ObjectRef::parse(object).ok()?;
        let user = match UserRef::parse(user).ok()? {
            UserRef::Object(user) => self.names.find(self.types.find(user.type_name)?, user.id)? | subject::OBJECT,
            UserRef::Userset(of, name) => {
                let number = self.names.find(self.types.find(of.type_name)?, of.id)?;
                self.userset_number(number, self.relations.find(name)?)? | subject::USERSET
            }
            UserRef::Wildcard(of) => u32::from(self.types.find(of)?) | subject::WILDCARD,
        };
        Some((self.names.find(self.types.find(object.type_name)?, object.id)?, self.relations.find(relation)?, user))
    }

    fn intern(&mut self, tuple: &TupleKey) -> Result<Tuple, IndexFull> {
        self.try_intern(tuple).ok_or(IndexFull)
    }

    fn try_intern(&mut self, tuple: &TupleKey) -> Option<Tuple> {
        let object = tuple.object_ref()?;
        let of = self.types.intern(object.type_name)?;
        let object = self.names.intern(of, object.id)?;
        let subject = match tuple.user_ref()? {
            UserRef::Object(user) => {
                let of = self.types.intern(user.type_name)?;
                self.names.intern(of, user.id)? | subject::OBJECT
            }
            UserRef::Userset(user, relation) => {
                let of = self.types.intern(user.type_name)?;
                let number = self.names.intern(of, user.id)?;
                let relation = self.relations.intern(relation)?;
                self.intern_userset(number, relation)? | subject::USERSET
            }
            UserRef::Wildcard(of) => u32::from(self.types.intern(of)?) | subject::WILDCARD,
        };
        let context = match tuple.condition() {
            Some(condition) => {
                let name = self.conditions.intern(&condition.name)?;
                self.intern_context(name, &condition.context)?
            }
            None => NO_CONTEXT,
        };
        Some(Tuple { object, relation: self.relations.intern(tuple.relation())?, subject, context })
    }

    fn intern_userset(&mut self, object: u32, relation: u16) -> Option<u32> {
        if let Some(number) = self.userset_number(object, relation) {
            return Some(number);
        }
        let number = u32::try_from(self.usersets.len()).ok().filter(|number| *number < MOST)?;
        self.usersets.push((object, relation));
        self.usersets_by_parts.insert((object, relation), number);
        Some(number)
    }

    fn intern_context(&mut self, name: u16, context: &str) -> Option<u32> {
        let parts = (name, Box::from(context));
        if let Some(number) = self.contexts_by_parts.get(&parts) {
            return Some(*number);
        }
        let number = u32::try_from(self.contexts.len()).ok().filter(|number| *number < NO_CONTEXT)?;
        self.contexts.push(parts.clone());
        self.contexts_by_parts.insert(parts, number);
        Some(number)
    }

    fn collect(&self, all: &mut Vec<Tuple>) {
        if self.changes.is_empty() {
            all.extend(self.base.tuples());
            return;
        }
        all.extend(self.base.tuples().filter(|tuple| !self.changes.contains_key(&tuple.key())));
        all.extend(self.changes.iter().filter_map(|(&(object, relation, subject), change)| match change {
            Change::Added(context) => Some(Tuple { object, relation, subject, context: *context }),
            Change::Removed => None,
        }));
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

/// What the resolver asks, in numbers.
impl Index {
    /// Which index, and how many words of each kind it knows: words are only ever added.
    pub(crate) fn vocabulary(&self) -> (u64, [usize; 3]) {
        (self.identity, [self.types.len(), self.relations.len(), self.conditions.len()])
    }

    pub(crate) fn userset(&self, number: u32) -> Option<(u32, u16)> {
        self.usersets.get(number as usize).copied()
    }

    pub(crate) fn userset_number(&self, object: u32, relation: u16) -> Option<u32> {
        self.usersets_by_parts.get(&(object, relation)).copied()
    }

    pub(crate) fn context(&self, number: u32) -> Option<(u16, &str)> {
        self.contexts.get(number as usize).map(|(name, context)| (*name, &**context))
    }

    /// The tuple's context ([`NO_CONTEXT`] for none), where there is such a tuple.
    pub(crate) fn find(&self, object: u32, relation: u16, user: u32) -> Option<u32> {
        if !self.changes.is_empty() {
            match self.changes.get(&(object, relation, user)) {
                Some(Change::Added(context)) => return Some(*context),
                Some(Change::Removed) => return None,
                None => {}
            }
        }
        self.base.find(object, relation, user)
    }

    /// Calls with every user of `object#relation` from `range.0` to below `range.1` and its context, until it says no.
    pub(crate) fn scan(
        &self,
        (object, relation): (u32, u16),
        range: (u32, u32),
        visit: &mut dyn FnMut(u32, u32) -> bool,
    ) -> bool {
        if self.changes.is_empty() {
            return self.base.scan((object, relation), range, visit);
        }
        let mut changed = self.changes.range((object, relation, range.0)..(object, relation, range.1)).peekable();
        if changed.peek().is_none() {
            return self.base.scan((object, relation), range, visit);
        }
        let mut settled =
            |user: u32, context: u32| self.changes.contains_key(&(object, relation, user)) || visit(user, context);
        if !self.base.scan((object, relation), range, &mut settled) {
            return false;
        }
        changed.all(|((_, _, user), change)| match change {
            Change::Added(context) => visit(*user, *context),
            Change::Removed => true,
        })
    }

    /// Calls with every object that the user has the relation to and the tuple's context, until it says no.
    pub(crate) fn scan_reverse(&self, user: u32, relation: u16, visit: &mut dyn FnMut(u32, u32) -> bool) -> bool {
        let plain = self.changes.is_empty() && self.contexts.is_empty();
        let mut each = |object: u32| {
            if plain {
                return visit(object, NO_CONTEXT);
            }
            // What was removed or changed its condition since is told by the other side.
            self.find(object, relation, user).is_none_or(|context| visit(object, context))
        };
        self.base.scan_reverse(user, relation, &mut each)
            && self
                .added
                .range((user, relation, 0)..=(user, relation, u32::MAX))
                .all(|((_, _, object), ())| each(*object))
    }
}

#[cfg(test)]
mod tests;
