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
fn first(bytes: &[u8]) -> u64 {
    if let Some(eight) = bytes.first_chunk::<8>() {
        return u64::from_be_bytes(*eight);
    }
    let number = bytes.iter().fold(0u64, |number, byte| number << 8 | u64::from(*byte));
    // INVARIANT: at most seven bytes, so the shift is of 8 to 64 bits; for none there is nothing to shift.
    number.checked_shl(64 - 8 * bytes.len() as u32).unwrap_or(0)
}

impl Words {
    fn search(&self, name: &str) -> Result<usize, usize> {
        let wanted = first(name.as_bytes());
        let mut at = self.first.partition_point(|known| *known < wanted);
        // Usually one name or none has these first bytes.
        let alike = self.first.get(at..).unwrap_or_default();
        if alike.first() != Some(&wanted) {
            return Err(at);
        }
        if let Some(only) = self.names.get(at)
            && **only == *name
        {
            return Ok(at);
        }
        let end = at + alike.partition_point(|known| *known == wanted);
        let names = self.names.get(at..end).unwrap_or_default();
        match names.binary_search_by(|known| (**known).cmp(name)) {
            Ok(found) => Ok(at + found),
            Err(place) => {
                at += place;
                Err(at)
            }
        }
    }

    pub(crate) fn find(&self, name: &str) -> Option<u16> {
        self.numbers.get(self.search(name).ok()?).copied()
    }

    /// Adds a name that is not there yet. Says whether it was.
    pub(crate) fn insert(&mut self, name: &str, number: u16) -> bool {
        let Err(at) = self.search(name) else { return false };
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
