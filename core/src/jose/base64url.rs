//! Strict base64url without padding (RFC 7515 §2, RFC 4648 §5).
//!
//! One octet string has exactly one accepted encoding: `=`, white space, the
//! standard alphabet's `+` and `/`, and non-zero trailing bits are all refused
//! (RFC 4648 §3.5), so a token cannot be rewritten without breaking it.

use alloc::vec;
use alloc::vec::Vec;

const INVALID: u8 = 0xff;

const DECODE: [u8; 256] = {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut table = [INVALID; 256];
    let mut value = 0;
    let mut rest: &[u8] = alphabet;
    while let [symbol, tail @ ..] = rest {
        // A constant expression: an index out of bounds would not compile.
        #[allow(clippy::indexing_slicing)]
        {
            table[*symbol as usize] = value;
        }
        value += 1;
        rest = tail;
    }
    table
};

#[inline(always)]
fn sextet(symbol: u8) -> u32 {
    // The table has an entry for every octet; `get` cannot fail.
    DECODE.get(usize::from(symbol)).map_or(u32::from(INVALID), |value| u32::from(*value))
}

/// The length of what `encoded` octets decode to, or `None` where no encoding has that length.
#[must_use]
pub const fn decoded_len(encoded: usize) -> Option<usize> {
    match encoded % 4 {
        0 => Some(encoded / 4 * 3),
        2 => Some(encoded / 4 * 3 + 1),
        3 => Some(encoded / 4 * 3 + 2),
        _ => None,
    }
}

/// Decodes, or gives `None` for anything but the one canonical encoding.
///
/// ```
/// use sentinel_core::jose::base64url::decode;
/// assert_eq!(decode(b"_-8").as_deref(), Some(&[0xff, 0xef][..]));
/// assert_eq!(decode(b"_-9"), None); // trailing bits that are not zero
/// assert_eq!(decode(b"_-8="), None); // padding
/// ```
#[must_use]
pub fn decode(encoded: &[u8]) -> Option<Vec<u8>> {
    let mut decoded = vec![0; decoded_len(encoded.len())?];
    // Every invalid symbol has bits above the low six: they survive the OR.
    let mut seen = 0;
    let (blocks, rest) = encoded.as_chunks::<4>();
    let (triples, end) = decoded.as_chunks_mut::<3>();
    for (&[a, b, c, d], triple) in blocks.iter().zip(triples) {
        let (a, b, c, d) = (sextet(a), sextet(b), sextet(c), sextet(d));
        seen |= a | b | c | d;
        let [_, x, y, z] = (a << 18 | b << 12 | c << 6 | d).to_be_bytes();
        *triple = [x, y, z];
    }
    match (rest, end) {
        ([], []) => {}
        (&[a, b], [x]) => {
            let (a, b) = (sextet(a), sextet(b));
            seen |= a | b | (b & 0x0f) << 6;
            *x = (a << 2 | b >> 4) as u8;
        }
        (&[a, b, c], [x, y]) => {
            let (a, b, c) = (sextet(a), sextet(b), sextet(c));
            seen |= a | b | c | (c & 0x03) << 6;
            *x = (a << 2 | b >> 4) as u8;
            *y = (b << 4 | c >> 2) as u8;
        }
        _ => return None,
    }
    (seen < 64).then_some(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;

    fn encode(bytes: &[u8]) -> String {
        const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let mut out = String::new();
        for block in bytes.chunks(3) {
            let word = block.iter().fold(0u32, |word, b| word << 8 | u32::from(*b)) << (8 * (3 - block.len()));
            for i in 0..=block.len() {
                out.push(ALPHABET[(word >> (18 - 6 * i) & 63) as usize] as char);
            }
        }
        out
    }

    #[test]
    fn round_trips_every_length_and_octet() {
        let all: Vec<u8> = (0..=255).collect();
        for len in 0..=all.len() {
            assert_eq!(decode(encode(&all[..len]).as_bytes()).as_deref(), Some(&all[..len]));
        }
    }

    #[test]
    fn has_one_encoding_for_each_value() {
        // Of all two- and three-symbol endings exactly 256 and 65,536 decode, each to a value of its own.
        let symbols: Vec<u8> = (0..=255).collect();
        let two = symbols.iter().flat_map(|a| symbols.iter().map(move |b| [*a, *b]));
        let mut seen: Vec<_> = two.filter_map(|s| decode(&s)).collect();
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 256);
        for last in symbols.iter() {
            let accepted = decode(&[b'A', b'A', *last]).is_some();
            assert_eq!(accepted, b"AEIMQUYcgkosw048".contains(last), "{last}");
        }
    }

    #[test]
    fn refuses_what_is_not_base64url() {
        for bad in ["A", "AAAAA", "AA==", "A+==", "AA A", "AA\n", "A/AA", "AAA=", "ÄÄ", "\0AAA", "AAAA\n"] {
            assert_eq!(decode(bad.as_bytes()), None, "{bad:?}");
        }
    }
}
