//! Sorted names, found by their first bytes.

use alloc::boxed::Box;
use alloc::vec::Vec;

/// Sorts numbers. Whatever the engine sorts is packed into such, so that a module carries one sort.
pub(crate) fn sort(numbers: &mut [u128]) {
    numbers.sort_unstable();
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
fn first(name: &str) -> u64 {
    let bytes = name.as_bytes();
    if let Some(eight) = bytes.first_chunk::<8>() {
        return u64::from_be_bytes(*eight);
    }
    let number = bytes.iter().fold(0u64, |number, byte| number << 8 | u64::from(*byte));
    // INVARIANT: at most seven bytes, so the shift is of 8 to 64 bits; for none there is nothing to shift.
    number.checked_shl(64 - 8 * bytes.len() as u32).unwrap_or(0)
}

impl Words {
    fn search(&self, name: &str) -> Result<usize, usize> {
        let wanted = first(name);
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
        self.first.insert(at, first(name));
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
        sorted.sort_by_key(|name| (first(name), *name));
        assert_eq!(words.names.iter().map(|name| &**name).collect::<Vec<_>>(), sorted);
    }
}
