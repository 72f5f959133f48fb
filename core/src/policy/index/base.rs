//! The settled part of the index: sorted arrays, read by binary search.

use alloc::vec;
use alloc::vec::Vec;

use super::super::words::sort;
use super::{NO_CONTEXT, Tuple, subject};

/// All tuples, twice: by object and relation, and by user and relation. 14 bytes a tuple, and 4 for where those of each
/// object and of each user begin: never more than 22 a tuple, but for two bits a name on either side.
#[derive(Debug, Default)]
pub(super) struct Base {
    /// Where the tuples of each object begin.
    starts: Starts,
    /// Relation and user of each in one number ([`entry`]): one look tells both.
    entries: Vec<u64>,
    /// The conditional tuples by their place, sorted.
    contexts: Vec<(u32, u32)>,
    /// Where the tuples of each user begin: objects, then usersets, then wildcards.
    reverse_starts: Starts,
    reverse_relations: Vec<u16>,
    reverse_objects: Vec<u32>,
    /// How many objects and usersets there were.
    counts: (u32, u32),
}

impl Base {
    /// `tuples` are sorted and without doubles.
    pub(super) fn new(tuples: &[Tuple], objects: u32, usersets: u32, types: u32) -> Self {
        let mut base = Self {
            starts: Starts::new(objects as usize, tuples.iter().map(|tuple| tuple.object as usize)),
            entries: tuples.iter().map(|tuple| entry(tuple.relation, tuple.subject)).collect(),
            counts: (objects, usersets),
            ..Self::default()
        };
        let conditional = tuples.iter().zip(0..).filter(|(tuple, _)| tuple.context != NO_CONTEXT);
        base.contexts = conditional.map(|(tuple, at)| (at, tuple.context)).collect();
        // User, relation and object: 32, 16 and 32 bits.
        let mut reverse: Vec<u128> = tuples
            .iter()
            .filter_map(|tuple| {
                let user = u128::from(base.ordinal(tuple.subject)?);
                Some(user << 48 | u128::from(tuple.relation) << 32 | u128::from(tuple.object))
            })
            .collect();
        sort(&mut reverse);
        let subjects = (objects + usersets + types) as usize;
        base.reverse_starts = Starts::new(subjects, reverse.iter().map(|entry| (entry >> 48) as usize));
        base.reverse_relations = reverse.iter().map(|entry| (entry >> 32) as u16).collect();
        base.reverse_objects = reverse.iter().map(|entry| *entry as u32).collect();
        base
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// A user's place on the reverse side.
    fn ordinal(&self, user: u32) -> Option<u32> {
        let number = user & subject::NUMBER;
        match user & !subject::NUMBER {
            subject::OBJECT => (number < self.counts.0).then_some(number),
            subject::USERSET => (number < self.counts.1).then(|| self.counts.0 + number),
            _ => Some(self.counts.0 + self.counts.1 + number),
        }
    }

    /// The tuples of an object, and the place of the first.
    #[inline]
    fn of(&self, object: u32) -> (usize, &[u64]) {
        let (start, end) = self.starts.of(object);
        (start, self.entries.get(start..end).unwrap_or_default())
    }

    #[inline]
    pub(super) fn find(&self, object: u32, relation: u16, user: u32) -> Option<u32> {
        let (start, entries) = self.of(object);
        let wanted = entry(relation, user);
        // Most objects have few tuples and most often one: that is looked at before anything is searched.
        let at = if entries.first() == Some(&wanted) { 0 } else { entries.binary_search(&wanted).ok()? };
        Some(self.context(start + at))
    }

    #[inline]
    fn context(&self, at: usize) -> u32 {
        if self.contexts.is_empty() {
            return NO_CONTEXT;
        }
        let found = self.contexts.binary_search_by_key(&at, |(place, _)| *place as usize);
        found.ok().and_then(|found| self.contexts.get(found)).map_or(NO_CONTEXT, |(_, context)| *context)
    }

    /// Calls with every user of `object#relation` from `least` to below `end`, until it says no.
    #[inline]
    pub(super) fn scan(
        &self,
        (object, relation): (u32, u16),
        (least, end): (u32, u32),
        visit: &mut dyn FnMut(u32, u32) -> bool,
    ) -> bool {
        let (start, entries) = self.of(object);
        let (least, end) = (entry(relation, least), entry(relation, end));
        let first = entries.partition_point(|entry| *entry < least);
        for (at, entry) in (start + first..).zip(entries.get(first..).unwrap_or_default()) {
            if *entry >= end {
                break;
            }
            if !visit(*entry as u32, self.context(at)) {
                return false;
            }
        }
        true
    }

    /// Calls with every object that the user has the relation to, until it says no.
    pub(super) fn scan_reverse(&self, user: u32, relation: u16, visit: &mut dyn FnMut(u32) -> bool) -> bool {
        let Some(ordinal) = self.ordinal(user) else { return true };
        let (start, end) = self.reverse_starts.of(ordinal);
        let relations = self.reverse_relations.get(start..end).unwrap_or_default();
        let end = start + relations.partition_point(|other| *other <= relation);
        let start = start + relations.partition_point(|other| *other < relation);
        self.reverse_objects.get(start..end).unwrap_or_default().iter().all(|object| visit(*object))
    }

    /// All tuples, sorted.
    pub(super) fn tuples(&self) -> impl Iterator<Item = Tuple> + '_ {
        let mut owners = self.starts.owners();
        let mut owner = owners.next().unwrap_or_default();
        self.entries.iter().enumerate().map(move |(at, entry)| {
            if owner.1 as usize <= at {
                owner = owners.next().unwrap_or_default();
            }
            let relation = (entry >> 32) as u16;
            Tuple { object: owner.0, relation, subject: *entry as u32, context: self.context(at) }
        })
    }

    pub(super) fn bytes(&self) -> usize {
        self.starts.bytes()
            + self.reverse_starts.bytes()
            + self.entries.capacity() * 8
            + self.reverse_relations.capacity() * 2
            + self.reverse_objects.capacity() * 4
            + self.contexts.capacity() * 8
    }
}

/// Where each owner's entries begin in a list sorted by owner: 4 bytes for each owner that has any, and two bits for every
/// other, since most objects are on one side only.
#[derive(Debug, Default)]
struct Starts {
    /// Of 64 owners each: who has entries, and how many of those before have.
    blocks: Vec<(u64, u32)>,
    /// Where the entries of those who have any begin, and at last where they end.
    starts: Vec<u32>,
}

impl Starts {
    fn new(owners: usize, sorted: impl Iterator<Item = usize>) -> Self {
        let mut blocks = vec![(0u64, 0u32); owners.div_ceil(64)];
        let mut starts = Vec::new();
        let mut last = usize::MAX;
        let mut end = 0;
        for owner in sorted {
            if owner != last {
                last = owner;
                starts.push(end);
                if let Some((bits, _)) = blocks.get_mut(owner / 64) {
                    *bits |= 1 << (owner % 64);
                }
            }
            end += 1;
        }
        starts.push(end);
        starts.shrink_to_fit();
        let mut before = 0;
        for (bits, rank) in &mut blocks {
            *rank = before;
            before += bits.count_ones();
        }
        Self { blocks, starts }
    }

    #[inline(always)]
    fn of(&self, owner: u32) -> (usize, usize) {
        let bit = 1u64 << (owner % 64);
        let Some((bits, rank)) = self.blocks.get(owner as usize / 64).filter(|(bits, _)| bits & bit != 0) else {
            return (0, 0);
        };
        let at = (*rank + (bits & (bit - 1)).count_ones()) as usize;
        match self.starts.get(at..at + 2) {
            Some([start, end]) => (*start as usize, *end as usize),
            _ => (0, 0),
        }
    }

    /// The owners that have entries, with where theirs end.
    fn owners(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        let owners = (0u32..).zip(&self.blocks).flat_map(|(block, (bits, _))| {
            (0..64).filter(move |bit| bits & (1 << bit) != 0).map(move |bit| block * 64 + bit)
        });
        owners.zip(self.starts.iter().skip(1).copied())
    }

    fn bytes(&self) -> usize {
        self.blocks.capacity() * 16 + self.starts.capacity() * 4
    }
}

/// Relation and user in one number, which sorts as the two do.
const fn entry(relation: u16, user: u32) -> u64 {
    (relation as u64) << 32 | user as u64
}
