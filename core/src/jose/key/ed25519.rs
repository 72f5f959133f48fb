use super::ec::unhex;
use super::on_curve::Field;
use crate::{Error, ErrorCode};

/// p = 2^255 - 19, big-endian as all constants here.
const PRIME: [u8; 32] = unhex("7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed");
/// p - 1.
const MINUS_ONE: [u8; 32] = unhex("7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffec");
/// 1.
const ONE: [u8; 32] = unhex("0000000000000000000000000000000000000000000000000000000000000001");
/// d = -121665/121666 (RFC 8032 §5.1).
const D: [u8; 32] = unhex("52036cee2b6ffe738cc740797779e89800700a4d4141d8ab75eb4dca135978a3");
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ed25519PublicKey {
    bytes: [u8; 32],
    #[cfg(feature = "pure")]
    point: ed25519_dalek::VerifyingKey,
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
        let refused = Error::with(ErrorCode::KeyUnusable, "the Ed25519 key is not a proper point of the curve");
        if !is_sound(&bytes) || !on_curve(&bytes) {
            return Err(refused);
        }
        Ok(Self {
            bytes,
            #[cfg(feature = "pure")]
            point: ed25519_dalek::VerifyingKey::from_bytes(&bytes).map_err(|_| refused)?,
        })
    }

    /// The key's 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.bytes
    }

    /// The point, decompressed when the key was made.
    #[cfg(feature = "pure")]
    pub(crate) fn point(&self) -> &ed25519_dalek::VerifyingKey {
        &self.point
    }
}

/// Whether the encoded y is below p and belongs to no point of small order.
pub(crate) fn is_sound(point: &[u8; 32]) -> bool {
    let y = coordinate(point);
    y < PRIME && !SMALL_ORDER.contains(&y)
}

/// The big-endian y coordinate, without the sign of x that is in its highest bit.
fn coordinate(point: &[u8; 32]) -> [u8; 32] {
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
