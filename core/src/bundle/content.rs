//! Words, names, usersets, contexts and tuples: what both a full bundle and a delta carry, read with every number checked.
//!
//! All lists are sorted and without doubles, and differences are written instead of values: a list in another order, with
//! something twice or beyond its bounds is no list. So one content has one encoding.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use super::Bounds;
use super::wire::Reader;
use crate::policy::index::{NO_CONTEXT, Parts, Tuple, subject};
use crate::policy::tuple::{OBJECT_BYTES, TYPE_BYTES, WILDCARD, is_name, is_relation};

/// Most types, relation names or conditions. A model of 256 KiB has fewer.
pub(super) const WORDS: usize = 8192;
/// Half a byte that is full: the rest follows as a number.
pub(super) const NIBBLE: usize = 15;

/// The lists of one body that numbers refer to, and how many each has.
#[derive(Debug, Default)]
pub(super) struct Content {
    pub(super) parts: Parts,
}

/// Which of the sections a content is read from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sources<'a> {
    pub(super) words: &'a [u8],
    pub(super) names: &'a [u8],
    pub(super) usersets: &'a [u8],
    pub(super) contexts: &'a [u8],
}

impl Content {
    pub(super) fn read(from: Sources<'_>, bounds: &Bounds) -> Option<Self> {
        let mut content = Self::default();
        content.words(Reader::new(from.words))?;
        content.names(Reader::new(from.names), bounds)?;
        content.usersets(Reader::new(from.usersets))?;
        content.contexts(Reader::new(from.contexts))?;
        Some(content)
    }

    fn words(&mut self, mut reader: Reader<'_>) -> Option<()> {
        if reader.is_empty() {
            return Some(());
        }
        let types = list(&mut reader, |word| is_name(word) && word.len() <= TYPE_BYTES)?;
        // Types stand in the order of their use; that none is twice is seen in a sorted copy.
        let mut sorted: Vec<&Box<str>> = types.iter().collect();
        sorted.sort_unstable();
        is_ascending(sorted.into_iter().map(|word| &**word))?;
        self.parts.types = types;
        self.parts.relations = list(&mut reader, is_relation)?;
        is_ascending(self.parts.relations.iter().map(|word| &**word))?;
        self.parts.conditions = list(&mut reader, |word| !word.is_empty())?;
        is_ascending(self.parts.conditions.iter().map(|word| &**word))?;
        reader.end()
    }

    fn names(&mut self, mut reader: Reader<'_>, bounds: &Bounds) -> Option<()> {
        let mut text: Vec<u8> = Vec::new();
        for (of, type_name) in (0u16..).zip(&self.parts.types) {
            // A name is at least the byte of its lengths and one of its own.
            let count = reader.count(2)?;
            let longest = OBJECT_BYTES.checked_sub(type_name.len() + 1)?;
            let mut before = text.len()..text.len();
            for _ in 0..count {
                let head = usize::from(reader.byte()?);
                let shared = length(&mut reader, head >> 4)?;
                let own = own_bytes(&mut reader, head & NIBBLE)?;
                let rest = text.get(before.clone())?.get(shared..)?;
                // What is shared is as long as it can be, and what follows is greater: both are seen at the first byte.
                if own.is_empty() || shared + own.len() > longest || rest.first() >= own.first() {
                    return None;
                }
                let start = text.len();
                if start + shared + own.len() > bounds.name_bytes {
                    return None;
                }
                // INVARIANT: `shared` is within the name before.
                text.extend_from_within(before.start..before.start + shared);
                text.extend_from_slice(own);
                before = start..text.len();
                self.parts.ends.push(u32::try_from(text.len()).ok()?);
                self.parts.type_of.push(of);
            }
        }
        reader.end()?;
        if self.parts.ends.len() >= subject::NUMBER as usize {
            return None;
        }
        let text = String::from_utf8(text).ok()?;
        let mut start = 0;
        for end in &self.parts.ends {
            let id = text.get(start..*end as usize)?;
            if !is_name(id) || id == WILDCARD {
                return None;
            }
            start = *end as usize;
        }
        self.parts.text = text;
        Some(())
    }

    fn id(&self, object: u32) -> Option<&str> {
        let end = *self.parts.ends.get(object as usize)? as usize;
        let start = object.checked_sub(1).and_then(|before| self.parts.ends.get(before as usize)).map_or(0, |end| *end);
        self.parts.text.get(start as usize..end)
    }

    fn usersets(&mut self, mut reader: Reader<'_>) -> Option<()> {
        if reader.is_empty() {
            return Some(());
        }
        let count = reader.count(1)?;
        let mut next = 0;
        for _ in 0..count {
            let (object, relation) = self.key(&mut next, reader.number()?)?;
            if self.id(object)?.contains('*') {
                return None;
            }
            self.parts.usersets.push((object, relation));
        }
        reader.end()
    }

    fn contexts(&mut self, mut reader: Reader<'_>) -> Option<()> {
        if reader.is_empty() {
            return Some(());
        }
        let count = reader.count(2)?;
        for _ in 0..count {
            let condition = u16::try_from(reader.number()?).ok()?;
            self.parts.conditions.get(usize::from(condition))?;
            let context = reader.text()?;
            let before = self.parts.contexts.last().map(|(condition, context)| (*condition, &**context));
            if before.is_some_and(|before| before >= (condition, context)) {
                return None;
            }
            self.parts.contexts.push((condition, context.into()));
        }
        reader.end()
    }

    /// The object and relation whose common number is `gap` behind what was read last.
    fn key(&self, next: &mut u64, gap: u64) -> Option<(u32, u16)> {
        let relations = self.parts.relations.len() as u64;
        let key = next.checked_add(gap)?;
        *next = key.checked_add(1)?;
        let object = u32::try_from(key.checked_div(relations)?).ok()?;
        ((object as usize) < self.parts.ends.len()).then_some((object, (key % relations) as u16))
    }

    /// A list of tuples, sorted as an index has them.
    pub(super) fn tuples(&self, section: &[u8], bounds: &Bounds) -> Option<Vec<Tuple>> {
        let mut reader = Reader::new(section);
        if reader.is_empty() {
            return Some(Vec::new());
        }
        let count = reader.count(1)?;
        if count > bounds.tuples {
            return None;
        }
        let mut all = Vec::with_capacity(count);
        let mut next = 0;
        while all.len() < count {
            let head = reader.number()?;
            let (object, relation) = self.key(&mut next, head >> 1)?;
            let several = if head & 1 == 1 { reader.number()?.checked_add(2)? } else { 1 };
            if several > (count - all.len()) as u64 {
                return None;
            }
            let mut following = 0u64;
            for _ in 0..several {
                let ordinal = following.checked_add(reader.number()?)?;
                following = ordinal.checked_add(1)?;
                all.push(Tuple { object, relation, subject: self.subject(ordinal)?, context: NO_CONTEXT });
            }
        }
        let conditional = reader.count(2)?;
        let mut following = 0u64;
        for _ in 0..conditional {
            let place = following.checked_add(reader.number()?)?;
            following = place.checked_add(1)?;
            let context = reader.number32()?;
            self.parts.contexts.get(context as usize)?;
            all.get_mut(usize::try_from(place).ok()?)?.context = context;
        }
        reader.end()?;
        Some(all)
    }

    /// Objects, then usersets, then wildcards.
    fn subject(&self, ordinal: u64) -> Option<u32> {
        let ordinal = u32::try_from(ordinal).ok()?;
        let objects = self.parts.ends.len() as u32;
        if ordinal < objects {
            return Some(ordinal | subject::OBJECT);
        }
        let usersets = self.parts.usersets.len() as u32;
        let number = ordinal - objects;
        if number < usersets {
            return Some(number | subject::USERSET);
        }
        let of = number - usersets;
        ((of as usize) < self.parts.types.len()).then_some(of | subject::WILDCARD)
    }
}

/// A length of which half a byte is known.
fn length(reader: &mut Reader<'_>, half: usize) -> Option<usize> {
    if half < NIBBLE { Some(half) } else { NIBBLE.checked_add(usize::try_from(reader.number()?).ok()?) }
}

fn own_bytes<'a>(reader: &mut Reader<'a>, half: usize) -> Option<&'a [u8]> {
    let length = length(reader, half)?;
    reader.take(length)
}

fn list(reader: &mut Reader<'_>, is_word: impl Fn(&str) -> bool) -> Option<Vec<Box<str>>> {
    let count = reader.count(2)?;
    if count > WORDS {
        return None;
    }
    (0..count).map(|_| reader.text().filter(|word| is_word(word)).map(Box::from)).collect()
}

pub(super) fn is_ascending<'a>(words: impl Iterator<Item = &'a str>) -> Option<()> {
    let mut before = None;
    for word in words {
        if before.is_some_and(|before| before >= word) {
            return None;
        }
        before = Some(word);
    }
    Some(())
}
