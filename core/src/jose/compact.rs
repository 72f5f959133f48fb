//! The compact serialization (RFC 7515 §7.1): three parts between two dots.

use super::swar::find;
use crate::{Error, ErrorCode, Limits};

/// A token split into its encoded parts. Nothing is decoded yet.
#[derive(Clone, Copy)]
pub(crate) struct Compact<'a> {
    /// The encoded header.
    pub(crate) header: &'a [u8],
    /// The encoded payload.
    pub(crate) payload: &'a [u8],
    /// The encoded signature.
    pub(crate) signature: &'a [u8],
    /// Header, dot and payload: what was signed (RFC 7515 §5.1).
    pub(crate) signing_input: &'a [u8],
}

impl<'a> Compact<'a> {
    /// Splits without decoding or allocating; the length is checked before anything else.
    ///
    /// Five parts are a JWE, one is a JSON serialization: both are refused as malformed.
    pub(crate) fn split(token: &'a str, limits: &Limits) -> Result<Self, Error> {
        if token.len() > limits.token_bytes {
            return Err(ErrorCode::TokenTooLarge.into());
        }
        let (header, rest) = split_at_dot(token.as_bytes()).ok_or(ErrorCode::TokenMalformed)?;
        let (payload, signature) = split_at_dot(rest).ok_or(ErrorCode::TokenMalformed)?;
        // A third dot is never looked for: it is no symbol of base64url.
        if header.is_empty() {
            return Err(ErrorCode::TokenMalformed.into());
        }
        let signing_input =
            token.as_bytes().get(..header.len() + 1 + payload.len()).ok_or(ErrorCode::TokenMalformed)?;
        Ok(Self { header, payload, signature, signing_input })
    }
}

fn split_at_dot(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (before, rest) = bytes.split_at_checked(find(bytes, b'.')?)?;
    Some((before, rest.get(1..)?))
}
