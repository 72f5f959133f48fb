//! The settled part of the index: sorted arrays, read by binary search.

use alloc::vec::Vec;

use super::{NO_CONTEXT, Tuple, subject};

/// All tuples, twice: by object and relation, and by user and relation. 12 bytes a tuple, and 4 for where each object's,
/// userset's and type's begin on either side.
#[derive(Debug, Default)]
pub(super) struct Base {
    /// Where the tuples of each object begin, and where the last end.
    starts: Vec<u32>,
    relations: Vec<u16>,
    subjects: Vec<u32>,
    /// The conditional tuples by their place, sorted.
    contexts: Vec<(u32, u32)>,
    /// Where the tuples of each user begin: objects, then usersets, then wildcards.
    reverse_starts: Vec<u32>,
    reverse_relations: Vec<u16>,
    reverse_objects: Vec<u32>,
    /// How many objects and usersets there were.
    counts: (u32, u32),
}

impl Base {
    /// `tuples` are sorted and without doubles.
    pub(super) fn new(tuples: &[Tuple], objects: u32, usersets: u32, types: u32) -> Self {
        let mut base = Self {
            starts: starts(objects as usize, tuples.iter().map(|tuple| tuple.object as usize)),
            relations: tuples.iter().map(|tuple| tuple.relation).collect(),
            subjects: tuples.iter().map(|tuple| tuple.subject).collect(),
            counts: (objects, usersets),
            ..Self::default()
        };
        let conditional = tuples.iter().zip(0..).filter(|(tuple, _)| tuple.context != NO_CONTEXT);
        base.contexts = conditional.map(|(tuple, at)| (at, tuple.context)).collect();
        let mut reverse: Vec<(u32, u16, u32)> = tuples
            .iter()
            .filter_map(|tuple| Some((base.ordinal(tuple.subject)?, tuple.relation, tuple.object)))
            .collect();
        reverse.sort_unstable();
        let subjects = (objects + usersets + types) as usize;
        base.reverse_starts = starts(subjects, reverse.iter().map(|entry| entry.0 as usize));
        base.reverse_relations = reverse.iter().map(|entry| entry.1).collect();
        base.reverse_objects = reverse.iter().map(|entry| entry.2).collect();
        base
    }

    pub(super) fn len(&self) -> usize {
        self.subjects.len()
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

    /// The places of the tuples of `object#relation`.
    fn range(&self, object: u32, relation: u16) -> (usize, usize) {
        within(&self.starts, &self.relations, object, relation)
    }

    pub(super) fn find(&self, object: u32, relation: u16, user: u32) -> Option<u32> {
        let (start, end) = self.range(object, relation);
        let at = start + self.subjects.get(start..end)?.binary_search(&user).ok()?;
        Some(self.context(at))
    }

    fn context(&self, at: usize) -> u32 {
        if self.contexts.is_empty() {
            return NO_CONTEXT;
        }
        let found = self.contexts.binary_search_by_key(&at, |(place, _)| *place as usize);
        found.ok().and_then(|found| self.contexts.get(found)).map_or(NO_CONTEXT, |(_, context)| *context)
    }

    /// Calls with every user of `object#relation` from `least` to below `end`, until it says no.
    pub(super) fn scan(
        &self,
        (object, relation): (u32, u16),
        (least, end): (u32, u32),
        visit: &mut dyn FnMut(u32, u32) -> bool,
    ) -> bool {
        let (start, stop) = self.range(object, relation);
        let users = self.subjects.get(start..stop).unwrap_or_default();
        let first = users.partition_point(|user| *user < least);
        for (at, user) in (start + first..).zip(users.get(first..).unwrap_or_default()) {
            if *user >= end {
                break;
            }
            if !visit(*user, self.context(at)) {
                return false;
            }
        }
        true
    }

    /// Calls with every object that the user has the relation to, until it says no.
    pub(super) fn scan_reverse(&self, user: u32, relation: u16, visit: &mut dyn FnMut(u32) -> bool) -> bool {
        let Some(ordinal) = self.ordinal(user) else { return true };
        let (start, end) = within(&self.reverse_starts, &self.reverse_relations, ordinal, relation);
        self.reverse_objects.get(start..end).unwrap_or_default().iter().all(|object| visit(*object))
    }

    /// All tuples, sorted.
    pub(super) fn tuples(&self) -> impl Iterator<Item = Tuple> + '_ {
        let mut object = 0;
        self.relations.iter().zip(&self.subjects).enumerate().map(move |(at, (relation, user))| {
            while self.starts.get(object as usize + 1).is_some_and(|end| *end as usize <= at) {
                object += 1;
            }
            Tuple { object, relation: *relation, subject: *user, context: self.context(at) }
        })
    }

    pub(super) fn bytes(&self) -> usize {
        (self.starts.capacity() + self.subjects.capacity() + self.reverse_starts.capacity()) * 4
            + (self.relations.capacity() + self.reverse_relations.capacity()) * 2
            + self.reverse_objects.capacity() * 4
            + self.contexts.capacity() * 8
    }
}

/// Where each owner's entries begin in a list sorted by owner, and at last its length.
fn starts(owners: usize, sorted: impl Iterator<Item = usize>) -> Vec<u32> {
    let mut starts = Vec::with_capacity(owners + 1);
    let mut at = 0;
    for owner in sorted {
        while starts.len() <= owner {
            starts.push(at);
        }
        at += 1;
    }
    while starts.len() <= owners {
        starts.push(at);
    }
    starts
}

fn within(starts: &[u32], relations: &[u16], owner: u32, relation: u16) -> (usize, usize) {
    let owner = owner as usize;
    let (Some(start), Some(end)) = (starts.get(owner), starts.get(owner.wrapping_add(1))) else { return (0, 0) };
    let (start, end) = (*start as usize, *end as usize);
    let all = relations.get(start..end).unwrap_or_default();
    // Most objects have few relations and most often one: its two ends are looked at before anything is searched.
    if all.first() == Some(&relation) && all.last() == Some(&relation) {
        return (start, end);
    }
    let first = all.partition_point(|other| *other < relation);
    let last = all.get(first..).unwrap_or_default().partition_point(|other| *other == relation);
    (start + first, start + first + last)
}
