//! Tuples as the format has them: only what is used, renumbered, sorted.

use alloc::vec;
use alloc::vec::Vec;
use core::cmp::Reverse;

use super::content::NIBBLE;
use super::wire::{number, text};
use crate::policy::Index;
use crate::policy::index::{NO_CONTEXT, Tuple, subject};

/// The sections that lists of tuples need, and the lists.
#[derive(Debug, Default)]
pub(super) struct Encoded {
    pub(super) words: Vec<u8>,
    pub(super) names: Vec<u8>,
    pub(super) usersets: Vec<u8>,
    pub(super) contexts: Vec<u8>,
    pub(super) lists: Vec<Vec<u8>>,
}

/// Of what the index knows, what the lists use. An index keeps the names of tuples that were removed: none of them may
/// be told.
#[derive(Debug)]
struct Used {
    types: Vec<bool>,
    relations: Vec<bool>,
    conditions: Vec<bool>,
    objects: Vec<bool>,
    usersets: Vec<bool>,
    contexts: Vec<bool>,
    /// How often a type's objects are users: the most used come first, since small numbers are short.
    as_users: Vec<u64>,
}

fn mark(list: &mut Vec<bool>, at: usize) {
    if list.len() <= at {
        list.resize(at + 1, false);
    }
    if let Some(used) = list.get_mut(at) {
        *used = true;
    }
}

impl Used {
    fn new(index: &Index, lists: &[&[Tuple]]) -> Self {
        let mut used = Self {
            types: vec![],
            relations: vec![],
            conditions: vec![],
            objects: vec![],
            usersets: vec![],
            contexts: vec![],
            as_users: vec![0; index.types.len()],
        };
        for tuple in lists.iter().copied().flatten() {
            used.object(index, tuple.object);
            mark(&mut used.relations, usize::from(tuple.relation));
            let which = tuple.subject & subject::NUMBER;
            match tuple.subject & !subject::NUMBER {
                subject::OBJECT => {
                    used.object(index, which);
                    if let Some(count) = used.as_users.get_mut(usize::from(index.names.type_of(which))) {
                        *count += 1;
                    }
                }
                subject::USERSET => {
                    mark(&mut used.usersets, which as usize);
                    if let Some((object, relation)) = index.userset(which) {
                        used.object(index, object);
                        mark(&mut used.relations, usize::from(relation));
                    }
                }
                _ => mark(&mut used.types, which as usize),
            }
            if tuple.context != NO_CONTEXT
                && let Some((condition, _)) = index.context(tuple.context)
            {
                mark(&mut used.contexts, tuple.context as usize);
                mark(&mut used.conditions, usize::from(condition));
            }
        }
        used
    }

    fn object(&mut self, index: &Index, object: u32) {
        mark(&mut self.objects, object as usize);
        mark(&mut self.types, usize::from(index.names.type_of(object)));
    }
}

/// What is used, in an order, and the place of each in it.
#[derive(Debug, Default)]
struct Order {
    items: Vec<u32>,
    places: Vec<u32>,
}

impl Order {
    fn new<K: Ord>(used: &[bool], key: impl Fn(u32) -> K) -> Self {
        let mut items: Vec<u32> = (0..).zip(used).filter(|(_, used)| **used).map(|(item, _)| item).collect();
        items.sort_unstable_by_key(|item| key(*item));
        let mut places = vec![0; used.len()];
        for (place, item) in (0..).zip(&items) {
            if let Some(slot) = places.get_mut(*item as usize) {
                *slot = place;
            }
        }
        Self { items, places }
    }

    fn place(&self, item: u32) -> u32 {
        self.places.get(item as usize).copied().unwrap_or(0)
    }
}

pub(super) fn encode(index: &Index, lists: &[&[Tuple]]) -> Encoded {
    let used = Used::new(index, lists);
    let types = Order::new(&used.types, |of| {
        (Reverse(used.as_users.get(of as usize).copied().unwrap_or(0)), index.types.name(of as u16))
    });
    let relations = Order::new(&used.relations, |relation| index.relations.name(relation as u16));
    let conditions = Order::new(&used.conditions, |condition| index.conditions.name(condition as u16));
    let mut out = Encoded::default();
    for (order, words) in [(&types, &index.types), (&relations, &index.relations), (&conditions, &index.conditions)] {
        number(&mut out.words, order.items.len() as u64);
        for word in &order.items {
            text(&mut out.words, words.name(*word as u16));
        }
    }
    let type_of = |object: u32| types.place(u32::from(index.names.type_of(object)));
    let objects = Order::new(&used.objects, |object| (type_of(object), index.names.id(object)));
    names(index, &types, &objects, &type_of, &mut out.names);

    let relation_count = relations.items.len() as u64;
    let key = |object: u32, relation: u16| {
        u64::from(objects.place(object)) * relation_count + u64::from(relations.place(u32::from(relation)))
    };
    let usersets = Order::new(&used.usersets, |userset| {
        index.userset(userset).map_or(0, |(object, relation)| key(object, relation))
    });
    number(&mut out.usersets, usersets.items.len() as u64);
    let mut next = 0;
    for (object, relation) in usersets.items.iter().filter_map(|userset| index.userset(*userset)) {
        let key = key(object, relation);
        number(&mut out.usersets, key - next);
        next = key + 1;
    }

    let contexts = Order::new(&used.contexts, |context| {
        index.context(context).map(|(condition, text)| (conditions.place(u32::from(condition)), text))
    });
    number(&mut out.contexts, contexts.items.len() as u64);
    for (condition, context) in contexts.items.iter().filter_map(|context| index.context(*context)) {
        number(&mut out.contexts, u64::from(conditions.place(u32::from(condition))));
        text(&mut out.contexts, context);
    }

    let ordinal = |user: u32| {
        let which = user & subject::NUMBER;
        let (object_count, userset_count) = (objects.items.len() as u64, usersets.items.len() as u64);
        match user & !subject::NUMBER {
            subject::OBJECT => u64::from(objects.place(which)),
            subject::USERSET => object_count + u64::from(usersets.place(which)),
            _ => object_count + userset_count + u64::from(types.place(which)),
        }
    };
    for list in lists {
        let mut all: Vec<(u64, u64, u32)> = list
            .iter()
            .map(|tuple| {
                let context = if tuple.context == NO_CONTEXT { NO_CONTEXT } else { contexts.place(tuple.context) };
                (key(tuple.object, tuple.relation), ordinal(tuple.subject), context)
            })
            .collect();
        all.sort_unstable();
        all.dedup_by_key(|(key, ordinal, _)| (*key, *ordinal));
        out.lists.push(tuples(&all));
    }
    out
}

fn names(index: &Index, types: &Order, objects: &Order, type_of: &dyn Fn(u32) -> u32, out: &mut Vec<u8>) {
    let mut rest = objects.items.as_slice();
    for of in 0..types.items.len() as u32 {
        let (these, others) = rest.split_at(rest.partition_point(|object| type_of(*object) <= of));
        rest = others;
        number(out, these.len() as u64);
        let mut before: &[u8] = &[];
        for object in these {
            let id = index.names.id(*object).as_bytes();
            let shared = before.iter().zip(id).take_while(|(one, other)| one == other).count();
            let own = id.get(shared..).unwrap_or_default();
            out.push((shared.min(NIBBLE) << 4 | own.len().min(NIBBLE)) as u8);
            for length in [shared, own.len()] {
                if let Some(more) = length.checked_sub(NIBBLE) {
                    number(out, more as u64);
                }
            }
            out.extend_from_slice(own);
            before = id;
        }
    }
}

/// Common numbers of object and relation, ordinals of users, contexts; sorted.
fn tuples(all: &[(u64, u64, u32)]) -> Vec<u8> {
    let mut out = Vec::with_capacity(all.len() * 4 + 2);
    number(&mut out, all.len() as u64);
    let mut next = 0;
    for group in all.chunk_by(|one, other| one.0 == other.0) {
        let Some((key, ..)) = group.first().copied() else { continue };
        let several = group.len() > 1;
        number(&mut out, (key - next) << 1 | u64::from(several));
        next = key + 1;
        if several {
            number(&mut out, group.len() as u64 - 2);
        }
        let mut following = 0;
        for (_, ordinal, _) in group {
            number(&mut out, ordinal - following);
            following = ordinal + 1;
        }
    }
    let conditional = || all.iter().zip(0u64..).filter(|((_, _, context), _)| *context != NO_CONTEXT);
    number(&mut out, conditional().count() as u64);
    let mut following = 0;
    for ((_, _, context), place) in conditional() {
        number(&mut out, place - following);
        number(&mut out, u64::from(*context));
        following = place + 1;
    }
    out
}
