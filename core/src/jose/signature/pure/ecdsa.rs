//! ECDSA verification (FIPS 186-5 §6.4.2, SEC 1 §4.1.4).

use alloc::boxed::Box;
use alloc::vec::Vec;

use once_cell::race::OnceBox;
use sha2::{Digest, Sha256, Sha384, Sha512};

use super::curve::sum;
use super::curve::weierstrass::{Affine, Grouped, Multiples};
use crate::jose::key::EcPublicKey;

pub(crate) fn verify(key: &EcPublicKey, message: &[u8], signature: &[u8]) -> bool {
    let holds = match key.multiples() {
        Multiples::P256(cell) => holds(cell, key, &Sha256::digest(message), signature),
        Multiples::P384(cell) => holds(cell, key, &Sha384::digest(message), signature),
        Multiples::P521(cell) => holds(cell, key, &Sha512::digest(message), signature),
    };
    holds == Some(true)
}

/// A hash is never longer than the order here, and below twice the order.
fn holds<P: Grouped>(
    multiples: &OnceBox<Vec<Affine<P>>>,
    key: &EcPublicKey,
    hash: &[u8],
    signature: &[u8],
) -> Option<bool> {
    let group = P::group()?;
    let multiples = multiples.get_or_try_init(|| group.multiples(key.x(), key.y()).map(Box::new).ok_or(())).ok()?;
    let (r, s) = signature.split_at_checked(key.x().len())?;
    let n = &group.order;
    let inverse = n.enter(&n.invert(&n.plain(s)?)?);
    let (u, v) = (n.multiply(&inverse, &n.plain_once(hash)?), n.multiply(&inverse, &n.plain(r)?));
    match sum(group, [(&group.generator, &u), (multiples, &v)]) {
        Some(point) => group.has_x(&point, r),
        None => Some(false),
    }
}
