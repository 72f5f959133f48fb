//! Base64 as XML Schema and the POST binding have it, with nothing left to interpretation.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Decodes canonical base64 with padding; lines may be broken as XML Schema's `base64Binary` allows.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    let joined: String = text.chars().filter(|c| !matches!(c, ' ' | '\t' | '\r' | '\n')).collect();
    STANDARD.decode(joined).ok()
}

/// Decodes a form field: as [`decode`], and lines end by CR or LF alone.
pub(super) fn decode_field(text: &str) -> Option<Vec<u8>> {
    if text.contains([' ', '\t']) { None } else { decode(text) }
}

pub(super) fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Lower-case hex.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_spelling_is_taken() {
        assert_eq!(decode_field("YWJ\r\nj\r\n").unwrap(), b"abc");
        assert_eq!(decode("\n  YWJj\n ").unwrap(), b"abc");
        for bad in ["YWI j", "YWJ", "YWJjZA", "YWJjZB==", "YWJ-", "YWJj=", "=", "YW=Jj", "YWJj\u{a0}"] {
            assert_eq!(decode_field(bad), None, "{bad}");
        }
        assert_eq!(hex(&[0, 0x1f, 0xff]), "001fff");
    }
}
