//! Sorted names, found by their first bytes.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

/// Sorts numbers. Whatever the engine sorts is packed into such, so that a module carries one sort.
pub(crate) fn sort(numbers: &mut [u128]) {
    numbers.sort_unstable();
}

/// Sorts names and leaves out what is there twice: by eight bytes at a time, those that have these in common by the next.
pub(crate) fn sort_names(mut names: Vec<String>) -> Vec<String> {
    let mut keys: Vec<u128> = Vec::new();
    // What is to be sorted, and behind how many bytes.
    let mut work = Vec::from([(0, names.len(), 0)]);
    while let Some((start, end, behind)) = work.pop() {
        let Some(run) = names.get_mut(start..end) else { continue };
        keys.clear();
        keys.extend((0u32..).zip(run.iter()).map(|(at, name)| {
            let rest = name.as_bytes().get(behind..).unwrap_or_default();
            // What ends here comes before what goes on with zeros.
            u128::from(first(rest)) << 40 | u128::from(rest.len().min(9) as u8) << 32 | u128::from(at)
        }));
        sort(&mut keys);
        let mut sorted: Vec<String> = Vec::with_capacity(run.len());
        sorted.extend(keys.iter().filter_map(|key| run.get_mut(*key as u32 as usize).map(core::mem::take)));
        for (place, name) in run.iter_mut().zip(sorted) {
            *place = name;
        }
        let mut from = 0;
        for (at, key) in keys.iter().enumerate() {
            if keys.get(at + 1).is_none_or(|next| next >> 32 != key >> 32) {
                // Nine stands for more than eight bytes.
                if at > from && (key >> 32) as u8 == 9 {
                    work.push((start + from, start + at + 1, behind + 8));
                }
                from = at + 1;
            }
        }
    }
    names.dedup();
    names
}

/// A list of names sorted by a number made of their first eight bytes, then by the rest: most comparisons are one of
/// numbers. Nothing is hashed, so no names are slower to find than others.
#[derive(Debug, Default)]
pub(crate) struct Words {
    first: Vec<u64>,
    names: Vec<Box<str>>,
    /// What each name stands for.
    numbers: Vec<u16>,
}

/// The first eight bytes as a number that compares as they do; what is not there counts as zero.
#[inline]
fn first(bytes: &[u8]) -> u64 {
    if let Some(eight) = bytes.first_chunk::<8>() {
        return u64::from_be_bytes(*eight);
    }
    if let (Some(start), Some(end)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        // Where the two overlap they say the same.
        let end = u64::from(u32::from_be_bytes(*end)) << (64 - 8 * bytes.len());
        return u64::from(u32::from_be_bytes(*start)) << 32 | end;
    }
    let number = bytes.iter().fold(0u64, |number, byte| number << 8 | u64::from(*byte));
    // INVARIANT: at most three bytes, so the shift is of 40 to 64 bits; for none there is nothing to shift.
    number.checked_shl(64 - 8 * bytes.len() as u32).unwrap_or(0)
}

/// Whether two texts are the same. Most names are short: two looks at each are all it takes, and no call.
#[inline]
pub(crate) fn same(one: &[u8], other: &[u8]) -> bool {
    let ends = |bytes: &[u8]| bytes.first_chunk::<4>().copied().zip(bytes.last_chunk::<4>().copied());
    match one.len() {
        4..=8 => one.len() == other.len() && ends(one) == ends(other),
        _ => one == other,
    }
}

impl Words {
    /// Where the name stands, or would.
    fn search(&self, name: &[u8]) -> Result<usize, usize> {
        let wanted = first(name);
        let start = self.first.partition_point(|known| *known < wanted);
        let alike = self.first.get(start..).unwrap_or_default();
        let end = start + alike.partition_point(|known| *known == wanted);
        let names = self.names.get(start..end).unwrap_or_default();
        let found = names.binary_search_by(|known| known.as_bytes().cmp(name));
        found.map(|place| start + place).map_err(|place| start + place)
    }

    /// What the name stands for.
    #[inline]
    pub(crate) fn find(&self, name: impl AsRef<[u8]>) -> Option<u16> {
        self.find_bytes(name.as_ref())
    }

    #[inline]
    fn find_bytes(&self, name: &[u8]) -> Option<u16> {
        let wanted = first(name);
        let at = self.first.partition_point(|known| *known < wanted);
        if self.first.get(at) != Some(&wanted) {
            return None;
        }
        // Most often the one that is meant is the only one, or the first, with these bytes.
        if self.names.get(at).is_some_and(|known| same(known.as_bytes(), name)) {
            return self.numbers.get(at).copied();
        }
        self.numbers.get(self.search(name).ok()?).copied()
    }

    /// Adds a name that is not there yet. Says whether it was.
    pub(crate) fn insert(&mut self, name: &str, number: u16) -> bool {
        let Err(at) = self.search(name.as_bytes()) else { return false };
        self.first.insert(at, first(name.as_bytes()));
        self.names.insert(at, name.into());
        self.numbers.insert(at, number);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::prelude::v1::*;

    #[test]
    fn sorts_names() {
        let mut state = 7u64;
        let mut random = move |bound: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % bound
        };
        for round in 0..200 {
            let name = |random: &mut dyn FnMut(u64) -> u64| -> String {
                let long = random(30);
                (0..long).map(|_| *['a', 'b', '\0', '\u{e9}'].get(random(4) as usize).unwrap()).collect()
            };
            let names: Vec<String> = (0..round).map(|_| name(&mut random)).collect();
            let expected: alloc::collections::BTreeSet<String> = names.iter().cloned().collect();
            assert_eq!(sort_names(names), expected.into_iter().collect::<Vec<_>>());
        }
        let names: Vec<String> = (0..3000).map(|n| alloc::format!("document:{}", n % 1000)).collect();
        assert!(sort_names(names).is_sorted());
    }

    #[test]
    fn finds_what_was_inserted() {
        let names =
            ["", "a", "ab", "abcdefg", "abcdefgh", "abcdefgha", "abcdefghb", "abcdefgi", "b", "\u{e9}t\u{e9}", "a\0"];
        let mut words = Words::default();
        for (number, name) in (0..).zip(names) {
            assert_eq!(words.find(name), None);
            assert!(words.insert(name, number));
            assert!(!words.insert(name, 99));
        }
        for (number, name) in (0..).zip(names) {
            assert_eq!(words.find(name), Some(number), "{name:?}");
        }
        assert_eq!(words.find("abcdefghc"), None);
        let mut sorted: Vec<&str> = names.into();
        sorted.sort_by_key(|name| (first(name.as_bytes()), *name));
        assert_eq!(words.names.iter().map(|name| &**name).collect::<Vec<_>>(), sorted);
    }
}
