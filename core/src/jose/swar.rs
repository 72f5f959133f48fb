//! Looking for a byte eight at a time: WebAssembly has no `memchr`, and a token is
//! looked through several times.
//!
//! Source: "Bit Twiddling Hacks" (S. E. Anderson), "Determine if a word has a zero byte" and "…
//! has a byte less than n". Both mark the lowest match exactly; above it there may be false ones, so
//! only the lowest is used.

const LOW: u64 = u64::from_ne_bytes([0x01; 8]);
const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);

const fn equal(word: u64, byte: u8) -> u64 {
    let word = word ^ (LOW * byte as u64);
    word.wrapping_sub(LOW) & !word & HIGH
}

const fn below(word: u64, byte: u8) -> u64 {
    word.wrapping_sub(LOW * byte as u64) & !word & HIGH
}

/// Where the first byte is that `marks` marks in its word, and `is_match` finds by itself.
#[inline(always)]
fn position(bytes: &[u8], marks: impl Fn(u64) -> u64, is_match: impl Fn(u8) -> bool) -> Option<usize> {
    let (words, rest) = bytes.as_chunks::<8>();
    for (at, word) in words.iter().enumerate() {
        let marked = marks(u64::from_le_bytes(*word));
        if marked != 0 {
            return Some(at * 8 + marked.trailing_zeros() as usize / 8);
        }
    }
    Some(words.len() * 8 + rest.iter().position(|byte| is_match(*byte))?)
}

/// Where the byte is first.
pub(super) fn find(bytes: &[u8], byte: u8) -> Option<usize> {
    position(bytes, |word| equal(word, byte), |found| found == byte)
}

/// Where a JSON string's text stops being itself: at a quote, a backslash or a control character (RFC 8259 §7).
pub(super) fn find_string_end(bytes: &[u8]) -> Option<usize> {
    position(
        bytes,
        |word| equal(word, b'"') | equal(word, b'\\') | below(word, 0x20),
        |found| matches!(found, b'"' | b'\\' | 0..=0x1f),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_looking_at_each_byte() {
        let mut state = 1u32;
        for round in 0..20_000 {
            let bytes: [u8; 27] = core::array::from_fn(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                // Mostly ordinary bytes, and the neighbours of those looked for.
                if state >> 28 > 12 {
                    b"\"\\.\x1f\x20\x21\x23\x5b\x5d\x2d\x2f\xa2\xae\xdc\x9f\x00\x80\xff"[(state >> 8) as usize % 18]
                } else {
                    b'a'
                }
            });
            let bytes = &bytes[..round % 28];
            assert_eq!(find(bytes, b'.'), bytes.iter().position(|b| *b == b'.'));
            assert_eq!(find_string_end(bytes), bytes.iter().position(|b| matches!(b, b'"' | b'\\' | 0..=0x1f)));
        }
    }
}
