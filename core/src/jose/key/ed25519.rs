#[cfg(feature = "pure")]
use alloc::sync::Arc;
#[cfg(feature = "pure")]
use alloc::vec::Vec;

#[cfg(feature = "pure")]
use once_cell::race::OnceBox;

use super::ec::unhex;
use super::on_curve::Field;
#[cfg(feature = "pure")]
use crate::jose::signature::edwards::Multiple;
use crate::{Error, ErrorCode};

/// p = 2^255 - 19, big-endian as all constants here.
pub(crate) const PRIME: [u8; 32] = unhex("7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed");
/// p - 1.
const MINUS_ONE: [u8; 32] = unhex("7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffec");
/// 1.
const ONE: [u8; 32] = unhex("0000000000000000000000000000000000000000000000000000000000000001");
/// d = -121665/121666 (RFC 8032 §5.1).
pub(crate) const D: [u8; 32] = unhex("52036cee2b6ffe738cc740797779e89800700a4d4141d8ab75eb4dca135978a3");
/// The order of the base point.
pub(crate) const ORDER: [u8; 32] = unhex("1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed");
/// The base point as it is encoded: y = 4/5, x positive.
#[cfg(feature = "pure")]
pub(crate) const GENERATOR: [u8; 32] = unhex("5866666666666666666666666666666666666666666666666666666666666666");
/// (p - 5)/8, and 2^((p-1)/4), for roots (RFC 8032 §5.1.3).
#[cfg(feature = "pure")]
pub(crate) const ROOT: [u8; 32] = unhex("0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffd");
#[cfg(feature = "pure")]
pub(crate) const ROOT_OF_MINUS_ONE: [u8; 32] =
    unhex("2b8324804fc1df0b2b4d00993dfbd7a72f431806ad2fe478c4ee1b274a0ea0b0");
/// The y coordinates of the eight points of small order: 0, 1, -1 and two of order eight.
/// Each x but 0 has two signs, and 0 with a sign is no canonical encoding at all.
const SMALL_ORDER: [[u8; 32]; 5] = [
    [0; 32],
    ONE,
    MINUS_ONE,
    unhex("05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826"),
    unhex("7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7"),
];

/// An Ed25519 public key (RFC 8032 §5.1.5, RFC 8037 §2).
#[derive(Clone, Debug)]
pub struct Ed25519PublicKey {
    bytes: [u8; 32],
    #[cfg(feature = "pure")]
    negative_multiples: Arc<OnceBox<Vec<Multiple>>>,
}

impl Ed25519PublicKey {
    /// From its 32 bytes: a point of the curve, canonically encoded, not of small order.
    ///
    /// Verifiers differ in what they make of other encodings, and under a key of small
    /// order one signature holds for many messages, so neither is accepted anywhere here.
    ///
    /// # Errors
    /// `key_unusable` for anything else.
    pub fn new(bytes: &[u8]) -> Result<Self, Error> {
        let bytes: [u8; 32] =
            bytes.try_into().map_err(|_| Error::with(ErrorCode::KeyUnusable, "an Ed25519 key must have 32 bytes"))?;
        if !is_sound(&bytes) || !on_curve(&bytes) {
            return Err(Error::with(ErrorCode::KeyUnusable, "the Ed25519 key is not a proper point of the curve"));
        }
        Ok(Self {
            bytes,
            #[cfg(feature = "pure")]
            negative_multiples: Arc::default(),
        })
    }

    /// The key's 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.bytes
    }

    /// Room for what speeds verification up; clones of a key share it.
    #[cfg(feature = "pure")]
    pub(crate) fn negative_multiples(&self) -> &OnceBox<Vec<Multiple>> {
        &self.negative_multiples
    }
}

/// Whether the encoded y is below p and belongs to no point of small order.
pub(crate) fn is_sound(point: &[u8; 32]) -> bool {
    let y = coordinate(point);
    y < PRIME && !SMALL_ORDER.contains(&y)
}

/// The big-endian y coordinate, without the sign of x that is in its highest bit.
pub(crate) fn coordinate(point: &[u8; 32]) -> [u8; 32] {
    let mut y = *point;
    y.reverse();
    y[0] &= 0x7f;
    y
}

/// x^2 = (y^2 - 1)/(d·y^2 + 1) must have a root (RFC 8032 §5.1.3). u/v is a square exactly
/// when u·v is; u is not 0 (y is not 1 or -1), v never is (-1/d is not a square).
fn on_curve(point: &[u8; 32]) -> bool {
    let field = Field(&PRIME);
    let y = coordinate(point);
    let mut u = field.multiply(&y, &y);
    let mut v = field.multiply(&D, &u);
    field.combine(&mut u, 1, &MINUS_ONE, 1);
    field.combine(&mut v, 1, &ONE, 1);
    field.is_square(&field.multiply(&u, &v))
}
