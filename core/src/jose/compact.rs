//! The compact serialization (RFC 7515 §7.1): three parts between two dots.

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
        // Four pieces at most: hostile dots beyond the third are never looked at.
        let mut parts = token.as_bytes().splitn(4, |byte| *byte == b'.');
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(header), Some(payload), Some(signature), None) if !header.is_empty() => {
                let signed = header.len() + 1 + payload.len();
                let signing_input = token.as_bytes().get(..signed).ok_or(ErrorCode::TokenMalformed)?;
                Ok(Self { header, payload, signature, signing_input })
            }
            _ => Err(ErrorCode::TokenMalformed.into()),
        }
    }
}
