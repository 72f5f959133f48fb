use crate::jose::algorithm::Algorithm;
use crate::jose::key::{EcPublicKey, VerificationKey, ed25519, tag_bytes};
use crate::{Error, ErrorCode};

/// Checks what a signature looks like before any backend sees it, so that all of them
/// give one answer: hosts differ in the encodings, lengths and ranges that they accept.
///
/// - RSA: as long as the modulus and below it (RFC 8017 §5.2.2, §8.1.2, §8.2.2).
/// - ECDSA: r and s at their full length, both from 1 to the order less 1 (RFC 7518 §3.4, FIPS 186-5 §6.4.2).
/// - Ed25519: 64 bytes, S below the order (RFC 8032 §5.1.7), R canonical and not of small order.
/// - HMAC: as long as the hash; no truncation (RFC 7518 §3.2).
///
/// # Errors
/// `key_unusable` if the key does not fit the algorithm, else `signature_invalid`.
pub fn settle(algorithm: Algorithm, key: &VerificationKey, signature: &[u8]) -> Result<(), Error> {
    if !key.fits(algorithm) {
        return Err(ErrorCode::KeyUnusable.into());
    }
    let holds = match key {
        VerificationKey::Rsa(key) => signature.len() == key.modulus().len() && signature < key.modulus(),
        VerificationKey::Ec(key) => ecdsa(key, signature),
        VerificationKey::Ed25519(_) => eddsa(signature),
        VerificationKey::Hmac(_) => signature.len() == tag_bytes(algorithm),
    };
    if holds { Ok(()) } else { Err(ErrorCode::SignatureInvalid.into()) }
}

fn ecdsa(key: &EcPublicKey, signature: &[u8]) -> bool {
    let (order, length) = (key.curve().domain().order, key.curve().coordinate_bytes());
    let in_range = |scalar: &[u8]| scalar < order && scalar.iter().any(|byte| *byte != 0);
    signature.len() == 2 * length && signature.chunks(length).all(in_range)
}

fn eddsa(signature: &[u8]) -> bool {
    let Some((point, scalar)) = signature.split_first_chunk::<32>() else { return false };
    scalar.len() == 32 && scalar.iter().rev().lt(&ed25519::ORDER) && ed25519::is_sound(point)
}
