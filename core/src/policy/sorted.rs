//! Sorted keys with a number each: what a B-tree of each kind would hold, in one tenth of the code.
//!
//! Every key is packed into 128 bits that sort as it does, so that one body of code serves all kinds of keys.

use alloc::vec::Vec;
use core::marker::PhantomData;

/// Most entries of a block: what an insertion may have to move.
const BLOCK: usize = 256;

/// A key that has its place among 128-bit numbers.
pub(crate) trait Key: Copy {
    /// INVARIANT: packed keys compare as the keys do.
    fn packed(self) -> u128;

    fn unpacked(packed: u128) -> Self;
}

impl Key for u16 {
    fn packed(self) -> u128 {
        self.into()
    }

    fn unpacked(packed: u128) -> Self {
        packed as Self
    }
}

impl Key for (u32, u16) {
    fn packed(self) -> u128 {
        u128::from(self.0) << 16 | u128::from(self.1)
    }

    fn unpacked(packed: u128) -> Self {
        ((packed >> 16) as u32, packed as u16)
    }
}

impl Key for (u32, u16, u32) {
    fn packed(self) -> u128 {
        u128::from(self.0) << 48 | u128::from(self.1) << 32 | u128::from(self.2)
    }

    fn unpacked(packed: u128) -> Self {
        ((packed >> 48) as u32, (packed >> 32) as u16, packed as u32)
    }
}

/// A sorted map from keys to numbers, and with [`Self::add`] a sorted set.
#[derive(Clone, Debug)]
pub(crate) struct Sorted<K> {
    entries: Entries,
    keys: PhantomData<K>,
}

impl<K> Default for Sorted<K> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K> Sorted<K> {
    pub(crate) const fn new() -> Self {
        Self { entries: Entries { blocks: Vec::new(), len: 0 }, keys: PhantomData }
    }

    pub(crate) const fn len(&self) -> usize {
        self.entries.len
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.entries.len == 0
    }

    pub(crate) fn clear(&mut self) {
        self.entries = Entries { blocks: Vec::new(), len: 0 };
    }
}

impl<K: Key> Sorted<K> {
    #[inline]
    pub(crate) fn get(&self, key: &K) -> Option<u32> {
        if self.is_empty() { None } else { self.entries.get(key.packed()) }
    }

    #[inline]
    pub(crate) fn contains(&self, key: &K) -> bool {
        self.get(key).is_some()
    }

    /// Gives the number that it had before.
    pub(crate) fn insert(&mut self, key: K, number: u32) -> Option<u32> {
        self.entries.insert(key.packed(), number)
    }

    /// Adds a key to a set. Says whether it is new.
    pub(crate) fn add(&mut self, key: K) -> bool {
        self.insert(key, 0).is_none()
    }

    pub(crate) fn remove(&mut self, key: &K) {
        self.entries.remove(key.packed());
    }

    /// From the one key to the other, both included.
    pub(crate) fn range(&self, from: K, to: K) -> impl Iterator<Item = (K, u32)> + '_ {
        let to = to.packed();
        self.entries.from(from.packed()).take_while(move |(key, _)| *key <= to).map(|(key, n)| (K::unpacked(key), n))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (K, u32)> + '_ {
        self.entries.from(0).map(|(key, number)| (K::unpacked(key), number))
    }
}

impl<K: Key> FromIterator<(K, u32)> for Sorted<K> {
    fn from_iter<I: IntoIterator<Item = (K, u32)>>(all: I) -> Self {
        let mut sorted = Self::new();
        for (key, number) in all {
            sorted.insert(key, number);
        }
        sorted
    }
}

type Entry = (u128, u32);

/// INVARIANT: no block is empty or longer than [`BLOCK`]; the keys ascend through all of them.
#[derive(Clone, Debug)]
struct Entries {
    blocks: Vec<Vec<Entry>>,
    len: usize,
}

impl Entries {
    /// The block where the key is or would be, and its place there.
    fn find(&self, key: u128) -> (usize, Result<usize, usize>) {
        let after = self.blocks.partition_point(|block| block.first().is_some_and(|(first, _)| *first <= key));
        let at = after.saturating_sub(1);
        let place = self.blocks.get(at).map_or(Err(0), |block| block.binary_search_by(|(known, _)| known.cmp(&key)));
        (at, place)
    }

    fn get(&self, key: u128) -> Option<u32> {
        let (at, place) = self.find(key);
        self.blocks.get(at)?.get(place.ok()?).map(|(_, number)| *number)
    }

    fn insert(&mut self, key: u128, number: u32) -> Option<u32> {
        let (at, place) = self.find(key);
        if self.blocks.is_empty() {
            self.blocks.push(Vec::new());
        }
        let block = self.blocks.get_mut(at)?;
        match place {
            Ok(place) => block.get_mut(place).map(|(_, known)| core::mem::replace(known, number)),
            Err(place) => {
                block.insert(place, (key, number));
                self.len += 1;
                if block.len() > BLOCK {
                    // One that grows at its end, as keys in order make it, stays full.
                    let half = if place + 1 == block.len() { BLOCK } else { BLOCK / 2 };
                    let rest = block.split_off(half);
                    self.blocks.insert(at + 1, rest);
                }
                None
            }
        }
    }

    fn remove(&mut self, key: u128) {
        let (at, place) = self.find(key);
        let (Ok(place), Some(block)) = (place, self.blocks.get_mut(at)) else { return };
        block.remove(place);
        self.len -= 1;
        if block.is_empty() {
            self.blocks.remove(at);
        }
    }

    fn from(&self, key: u128) -> impl Iterator<Item = Entry> + '_ {
        let (at, place) = self.find(key);
        let skipped = place.unwrap_or_else(|place| place);
        self.blocks.get(at..).unwrap_or_default().iter().flatten().skip(skipped).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeMap;
    use std::prelude::v1::*;

    #[test]
    fn is_a_map() {
        let mut state = 1u64;
        let mut random = move |bound: u32| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as u32 % bound
        };
        let mut expected: BTreeMap<(u32, u16, u32), u32> = BTreeMap::new();
        let mut sorted = Sorted::new();
        for round in 0..40_000 {
            let key = (random(40), random(7) as u16, random(40));
            // Growing, then shrinking.
            if random(4) < if round < 20_000 { 3 } else { 1 } {
                assert_eq!(sorted.insert(key, round), expected.insert(key, round));
            } else {
                sorted.remove(&key);
                expected.remove(&key);
            }
            let key = (random(40), random(7) as u16, random(40));
            assert_eq!(sorted.get(&key), expected.get(&key).copied());
            if round % 1000 == 0 {
                let to = (key.0 + 1 + random(3), random(7) as u16, u32::MAX);
                let found: Vec<_> = sorted.range(key, to).collect();
                assert_eq!(found, expected.range(key..=to).map(|(key, n)| (*key, *n)).collect::<Vec<_>>());
                assert_eq!(sorted.iter().collect::<Vec<_>>(), expected.clone().into_iter().collect::<Vec<_>>());
                assert_eq!((sorted.len(), sorted.is_empty()), (expected.len(), expected.is_empty()));
            }
        }
        assert!(sorted.entries.blocks.iter().all(|block| !block.is_empty() && block.len() <= BLOCK));
        let ascending: Sorted<(u32, u16)> = (0..1000).map(|n| ((n, 5), n)).collect();
        assert_eq!((ascending.len(), ascending.entries.blocks.len()), (1000, 4));
        assert_eq!(ascending.iter().map(|(_, n)| n).collect::<Vec<_>>(), (0..1000).collect::<Vec<_>>());
    }
}
