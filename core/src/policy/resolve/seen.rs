//! A set of nodes in the order of their discovery.

use alloc::vec::Vec;

/// Up to here a look at each is faster than a table.
const FEW: usize = 24;

#[derive(Debug, Default)]
pub(super) struct Seen {
    keys: Vec<u64>,
    /// Open addressing with linear steps: the place in `keys` plus one, 0 where free. Empty while there are few.
    table: Vec<u32>,
}

impl Seen {
    pub(super) const fn new() -> Self {
        Self { keys: Vec::new(), table: Vec::new() }
    }

    #[inline]
    pub(super) fn clear(&mut self) {
        self.keys.clear();
        self.table.clear();
    }

    #[inline(always)]
    pub(super) fn get(&self, at: u32) -> u64 {
        self.keys.get(at as usize).copied().unwrap_or(0)
    }

    /// The key's place, and whether it is new.
    #[inline]
    pub(super) fn insert(&mut self, key: u64) -> (u32, bool) {
        let new = self.keys.len() as u32;
        if self.table.is_empty() {
            if let Some(at) = self.keys.iter().position(|known| *known == key) {
                return (at as u32, false);
            }
            self.keys.push(key);
            if self.keys.len() > FEW {
                self.rebuild(FEW * 4);
            }
            return (new, true);
        }
        let mask = self.table.len() - 1;
        let mut at = mix(key) & mask;
        // INVARIANT: the table is at most half full, so the search ends.
        while let Some(place) = self.table.get(at).copied().and_then(|place| place.checked_sub(1)) {
            if self.get(place) == key {
                return (place, false);
            }
            at = (at + 1) & mask;
        }
        self.keys.push(key);
        if let Some(place) = self.table.get_mut(at) {
            *place = new + 1;
        }
        if self.keys.len() * 2 > self.table.len() {
            self.rebuild(self.table.len() * 4);
        }
        (new, true)
    }

    fn rebuild(&mut self, least: usize) {
        self.table.clear();
        self.table.resize(least.next_power_of_two(), 0);
        let mask = self.table.len() - 1;
        for (number, key) in (1..).zip(&self.keys) {
            let mut at = mix(*key) & mask;
            while self.table.get(at).is_some_and(|place| *place != 0) {
                at = (at + 1) & mask;
            }
            if let Some(place) = self.table.get_mut(at) {
                *place = number;
            }
        }
    }
}

/// The finalizer of MurmurHash3: numbers that follow each other end far apart.
const fn mix(key: u64) -> usize {
    let mut key = key ^ (key >> 33);
    key = key.wrapping_mul(0xff51_afd7_ed55_8ccd);
    key ^= key >> 33;
    key as usize
}
