//! Numbers and texts as bytes.
//!
//! A number is LEB128 in its shortest form, so that one content has one encoding; a text is its length and its bytes.
//! The reader never trusts a count: whatever is counted takes at least one byte, so a count above what is left is refused
//! before anything is reserved for it.

#[cfg(feature = "bundle-write")]
use alloc::vec::Vec;

/// Reads from a slice. `None`: the bytes do not say what was asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    pub(super) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    /// A number of at most 64 bits in its shortest form.
    pub(super) fn number(&mut self) -> Option<u64> {
        let first = self.byte()?;
        if first < 0x80 {
            return Some(u64::from(first));
        }
        let mut value = u64::from(first & 0x7f);
        let mut shift = 7;
        loop {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return None;
            }
            value |= bits << shift;
            if byte < 0x80 {
                // A last byte of zero says nothing: there is a shorter form.
                return (byte != 0).then_some(value);
            }
            shift += 7;
            if shift > 63 {
                return None;
            }
        }
    }

    pub(super) fn number32(&mut self) -> Option<u32> {
        self.number()?.try_into().ok()
    }

    /// How many things follow, of which each takes at least so many bytes.
    pub(super) fn count(&mut self, least: usize) -> Option<usize> {
        let count = usize::try_from(self.number()?).ok()?;
        (count <= self.rest.len() / least).then_some(count)
    }

    pub(super) fn text(&mut self) -> Option<&'a str> {
        let length = self.count(1)?;
        core::str::from_utf8(self.take(length)?).ok()
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Nothing may follow.
    pub(super) fn end(self) -> Option<()> {
        self.rest.is_empty().then_some(())
    }
}

#[cfg(feature = "bundle-write")]
pub(super) fn number(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(feature = "bundle-write")]
pub(super) fn text(out: &mut Vec<u8>, text: &str) {
    number(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

#[cfg(all(test, feature = "bundle-write"))]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_one_form() {
        for value in [0, 1, 127, 128, 300, 16_383, 16_384, u64::from(u32::MAX), u64::MAX - 1, u64::MAX] {
            let mut bytes = Vec::new();
            number(&mut bytes, value);
            let mut reader = Reader::new(&bytes);
            assert_eq!((reader.number(), reader.end()), (Some(value), Some(())), "{value}");
            // Cut, or one byte longer than it need be.
            assert_eq!(Reader::new(&bytes[..bytes.len() - 1]).number(), None);
            let mut longer = bytes.clone();
            *longer.last_mut().unwrap() |= 0x80;
            longer.push(0);
            assert_eq!(Reader::new(&longer).number(), None, "{value}");
        }
        assert_eq!(Reader::new(&[0xff; 9]).number(), None);
        assert_eq!(Reader::new(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02]).number(), None);
        assert_eq!(Reader::new(&[0x80, 0x80, 0x80, 0x80, 0x10]).number32(), None);
    }

    #[test]
    fn a_count_is_no_larger_than_what_is_left() {
        assert_eq!(Reader::new(&[3, 0, 0]).count(1), None);
        assert_eq!(Reader::new(&[2, 0, 0]).count(1), Some(2));
        assert_eq!(Reader::new(&[2, 0, 0, 0]).count(2), None);
        assert_eq!(Reader::new(&[1, 0xff]).text(), None);
        assert_eq!(Reader::new(&[2, 0xc3, 0xa9]).text(), Some("\u{e9}"));
    }
}
