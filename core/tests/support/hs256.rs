//! Tokens under a shared secret, made without any of our own code.

use hmac::{KeyInit, Mac};
use serde_json::Value;

fn base64url(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let bits = bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect::<Vec<_>>();
    let sextet = |six: &[u8]| (0..6).fold(0, |n, bit| n << 1 | usize::from(*six.get(bit).unwrap_or(&0)));
    bits.chunks(6).map(|six| char::from(ALPHABET.iter().copied().nth(sextet(six)).unwrap())).collect()
}

/// A compact JWS (RFC 7515 §7.1) with this header, HMAC-SHA256 whatever it says.
pub(crate) fn sign(secret: &[u8], header: &Value, claims: &Value) -> String {
    let input = format!("{}.{}", base64url(header.to_string().as_bytes()), base64url(claims.to_string().as_bytes()));
    let mut mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(secret).unwrap();
    mac.update(input.as_bytes());
    format!("{input}.{}", base64url(&mac.finalize().into_bytes()))
}
