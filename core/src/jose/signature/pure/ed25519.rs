//! Ed25519 verification (RFC 8032 §5.1.7), without cofactors: R = S·B - k·A, compared as it is encoded.

use alloc::boxed::Box;

use sha2::{Digest, Sha512};

use super::curve::edwards::Edwards;
use super::curve::sum;
use crate::jose::key::Ed25519PublicKey;

pub(super) fn verify(key: &Ed25519PublicKey, message: &[u8], signature: &[u8]) -> bool {
    holds(key, message, signature) == Some(true)
}

fn holds(key: &Ed25519PublicKey, message: &[u8], signature: &[u8]) -> Option<bool> {
    let curve = Edwards::curve()?;
    let (r, s) = signature.split_first_chunk::<32>()?;
    let mut s: [u8; 32] = s.try_into().ok()?;
    s.reverse();
    let hash = Sha512::new().chain_update(r).chain_update(key.as_bytes()).chain_update(message).finalize();
    let negative = key
        .negative_multiples()
        .get_or_try_init(|| curve.multiples(key.as_bytes(), true).map(Box::new).ok_or(()))
        .ok()?;
    let point = sum(curve, [(&curve.generator, &curve.order.plain(&s)?), (negative, &curve.scalar(&hash)?)])?;
    Some(curve.encode(&point)? == *r)
}
