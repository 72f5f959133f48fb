//! Names, each kept once: objects by type and id, and the short lists of types, relations and conditions.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use siphasher::sip::SipHasher13;

use crate::policy::words::{Words, same};

/// A short list of names that only grows: types, relations, conditions.
#[derive(Debug, Default)]
pub(crate) struct Vocabulary {
    names: Vec<Box<str>>,
    numbers: Words,
}

impl Vocabulary {
    pub(crate) fn find(&self, name: &str) -> Option<u16> {
        self.numbers.find(name)
    }

    /// The name's number. `None` where no more fit.
    pub(super) fn intern(&mut self, name: &str) -> Option<u16> {
        if let Some(found) = self.find(name) {
            return Some(found);
        }
        let number = u16::try_from(self.names.len()).ok().filter(|number| *number < u16::MAX)?;
        self.names.push(name.into());
        self.numbers.insert(name, number);
        Some(number)
    }

    pub(crate) fn name(&self, number: u16) -> &str {
        self.names.get(usize::from(number)).map_or("", |name| &**name)
    }

    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }
}

/// Objects by type and id. Their bytes stand in one text; a table of their numbers finds them by a keyed hash, so that
/// nobody who chooses ids can make them collide.
#[derive(Debug)]
pub(crate) struct Names {
    key: (u64, u64),
    text: String,
    /// Where each name ends: it begins where the one before ends.
    ends: Vec<u32>,
    types: Vec<u16>,
    /// Open addressing with linear steps: the number plus one, 0 where free. Its length is a power of two.
    table: Vec<u32>,
}

impl Names {
    /// Without names. For the key see [`super::Index::new`].
    pub(crate) const fn new(key: (u64, u64)) -> Self {
        Self { key, text: String::new(), ends: Vec::new(), types: Vec::new(), table: Vec::new() }
    }

    /// Names that are known to be different: the table is made once. `ends` and `types` are of one length, and every end is
    /// within the text.
    #[cfg(feature = "bundle")]
    pub(super) fn of_different(key: (u64, u64), text: String, ends: Vec<u32>, types: Vec<u16>) -> Self {
        let mut names = Self { key, text, ends, types, table: Vec::new() };
        // At most three quarters full, as `intern` keeps it.
        let size = (names.ends.len() * 4 / 3 + 1).next_power_of_two().max(16);
        names.table.resize(size, 0);
        for number in 0..names.len() {
            let at = names.hash(names.type_of(number), names.id(number).as_bytes());
            names.place(at, number);
        }
        names
    }

    pub(crate) fn len(&self) -> u32 {
        self.ends.len() as u32
    }

    #[inline(always)]
    pub(crate) fn type_of(&self, number: u32) -> u16 {
        self.types.get(number as usize).copied().unwrap_or(u16::MAX)
    }

    pub(crate) fn id(&self, number: u32) -> &str {
        let (start, end) = self.place_of(number);
        self.text.get(start..end).unwrap_or("")
    }

    #[inline(always)]
    fn is(&self, number: u32, id: &[u8]) -> bool {
        let (start, end) = self.place_of(number);
        self.text.as_bytes().get(start..end).is_some_and(|known| same(known, id))
    }

    #[inline(always)]
    fn place_of(&self, number: u32) -> (usize, usize) {
        let start = match number.checked_sub(1) {
            Some(before) => self.ends.get(before as usize).copied().unwrap_or(0),
            None => 0,
        };
        let end = self.ends.get(number as usize).copied().unwrap_or(start);
        (start as usize, end as usize)
    }

    #[inline]
    fn hash(&self, of: u16, id: &[u8]) -> usize {
        // The type is a part of the key, so that the id alone is hashed, in one piece.
        SipHasher13::new_with_keys(self.key.0 ^ u64::from(of), self.key.1).hash(id) as usize
    }

    /// The object's number.
    #[inline]
    pub(crate) fn find(&self, of: u16, id: impl AsRef<[u8]>) -> Option<u32> {
        self.find_bytes(of, id.as_ref())
    }

    #[inline]
    fn find_bytes(&self, of: u16, id: &[u8]) -> Option<u32> {
        let mask = self.table.len().checked_sub(1)?;
        let mut at = self.hash(of, id) & mask;
        loop {
            // INVARIANT: the table is never full, so the search ends.
            let number = self.table.get(at)?.checked_sub(1)?;
            if self.type_of(number) == of && self.is(number, id) {
                return Some(number);
            }
            at = (at + 1) & mask;
        }
    }

    pub(crate) const fn key(&self) -> (u64, u64) {
        self.key
    }

    /// The object's number. `None` where no more fit: 2^30 objects, 4 GiB of names.
    pub(crate) fn intern(&mut self, of: u16, id: &str) -> Option<u32> {
        if let Some(found) = self.find(of, id) {
            return Some(found);
        }
        let number = self.len();
        let end = u32::try_from(self.text.len() + id.len()).ok()?;
        if number >= super::MOST {
            return None;
        }
        self.text.push_str(id);
        self.ends.push(end);
        self.types.push(of);
        if (number as usize + 1) * 4 > self.table.len() * 3 {
            self.grow();
        } else {
            let at = self.hash(of, id.as_bytes());
            self.place(at, number);
        }
        Some(number)
    }

    fn grow(&mut self) {
        let size = (self.table.len() * 2).max(16);
        self.table.clear();
        self.table.resize(size, 0);
        for number in 0..self.len() {
            let at = self.hash(self.type_of(number), self.id(number).as_bytes());
            self.place(at, number);
        }
    }

    fn place(&mut self, hash: usize, number: u32) {
        let mask = self.table.len().wrapping_sub(1);
        let mut at = hash & mask;
        while let Some(place) = self.table.get_mut(at) {
            if *place == 0 {
                *place = number + 1;
                return;
            }
            at = (at + 1) & mask;
        }
    }

    pub(super) fn bytes(&self) -> usize {
        self.text.capacity() + self.ends.capacity() * 4 + self.types.capacity() * 2 + self.table.capacity() * 4
    }
}

/// The numbers of conditions with their contexts, in the order in which they came. They are found as names are.
#[derive(Debug)]
pub(super) struct ContextNumbers(Names);

impl ContextNumbers {
    pub(super) const fn new(key: (u64, u64)) -> Self {
        Self(Names::new(key))
    }

    /// Its number: the next where it is new, and below that of [`super::REMOVED`].
    pub(super) fn intern(&mut self, condition: u16, context: &str) -> Option<u32> {
        self.0.intern(condition, context)
    }
}
