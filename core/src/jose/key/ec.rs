use alloc::boxed::Box;
#[cfg(feature = "pure")]
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::on_curve::Field;
#[cfg(feature = "pure")]
use crate::jose::signature::weierstrass::Multiples;
use crate::{Error, ErrorCode};

/// A curve of RFC 7518 §6.2.1.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Curve {
    /// P-256, for ES256.
    P256,
    /// P-384, for ES384.
    P384,
    /// P-521, for ES512.
    P521,
}

/// A curve's numbers, big-endian (SP 800-186 §3.2.1). All have a = -3 and prime order.
pub(crate) struct Domain {
    pub(crate) prime: &'static [u8],
    pub(crate) b: &'static [u8],
    pub(crate) order: &'static [u8],
    #[cfg(feature = "pure")]
    pub(crate) generator: (&'static [u8], &'static [u8]),
}

static P256: Domain = Domain {
    prime: &unhex::<32>("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff"),
    b: &unhex::<32>("5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b"),
    order: &unhex::<32>("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"),
    #[cfg(feature = "pure")]
    generator: (
        &unhex::<32>("6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"),
        &unhex::<32>("4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"),
    ),
};

static P384: Domain = Domain {
    prime: &unhex::<48>(
        "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff",
    ),
    b: &unhex::<48>("b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef"),
    order: &unhex::<48>(
        "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
    ),
    #[cfg(feature = "pure")]
    generator: (
        &unhex::<48>(
            "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7",
        ),
        &unhex::<48>(
            "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f",
        ),
    ),
};

static P521: Domain = Domain {
    prime: &unhex::<66>(concat!(
        "01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
    )),
    b: &unhex::<66>(concat!(
        "0051953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109",
        "e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00"
    )),
    order: &unhex::<66>(concat!(
        "01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "fa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409"
    )),
    #[cfg(feature = "pure")]
    generator: (
        &unhex::<66>(concat!(
            "00c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3d",
            "baa14b5e77efe75928fe1dc127a2ffa8de3348b3c1856a429bf97e7e31c2e5bd66"
        )),
        &unhex::<66>(concat!(
            "011839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e66",
            "2c97ee72995ef42640c550b9013fad0761353c7086a272c24088be94769fd16650"
        )),
    ),
};

impl Curve {
    /// The registered name of the curve (`crv`).
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
        }
    }

    /// The curve of this registered name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::P256, Self::P384, Self::P521].into_iter().find(|curve| curve.as_str() == name)
    }

    /// How many bytes a coordinate has, and each half of a signature: 32, 48 or 66.
    #[must_use]
    pub fn coordinate_bytes(self) -> usize {
        self.domain().prime.len()
    }

    pub(crate) fn domain(self) -> &'static Domain {
        match self {
            Self::P256 => &P256,
            Self::P384 => &P384,
            Self::P521 => &P521,
        }
    }
}

/// A public key for ECDSA: a point of its curve.
#[derive(Clone, Debug)]
pub struct EcPublicKey {
    curve: Curve,
    x: Box<[u8]>,
    y: Box<[u8]>,
    #[cfg(feature = "pure")]
    multiples: Arc<Multiples>,
}

impl EcPublicKey {
    /// From the coordinates at their full length (RFC 7518 §6.2.1.2), big-endian.
    ///
    /// # Errors
    /// `key_unusable` for another length, and for a point that is not on the curve
    /// (RFC 8725 §3.4). The curves have prime order: every point on them will do.
    pub fn new(curve: Curve, x: &[u8], y: &[u8]) -> Result<Self, Error> {
        let length = curve.coordinate_bytes();
        if x.len() != length || y.len() != length {
            return Err(Error::with(ErrorCode::KeyUnusable, "a coordinate must have the full length of its curve"));
        }
        if !on_curve(curve.domain(), x, y) {
            return Err(Error::with(ErrorCode::KeyUnusable, "the point is not on its curve"));
        }
        Ok(Self {
            curve,
            x: x.into(),
            y: y.into(),
            #[cfg(feature = "pure")]
            multiples: Arc::new(Multiples::of(curve)),
        })
    }

    /// The curve.
    #[must_use]
    pub fn curve(&self) -> Curve {
        self.curve
    }

    /// The x coordinate, big-endian at its full length.
    #[must_use]
    pub fn x(&self) -> &[u8] {
        &self.x
    }

    /// The y coordinate, big-endian at its full length.
    #[must_use]
    pub fn y(&self) -> &[u8] {
        &self.y
    }

    /// Room for what speeds verification up; clones of a key share it.
    #[cfg(feature = "pure")]
    pub(crate) fn multiples(&self) -> &Multiples {
        &self.multiples
    }

    /// The point, uncompressed (SEC 1 §2.3.3).
    #[must_use]
    pub fn point(&self) -> Vec<u8> {
        [&[4], &*self.x, &*self.y].concat()
    }
}

/// Whether y^2 + 3x = x^3 + b, with both coordinates below p.
fn on_curve(domain: &Domain, x: &[u8], y: &[u8]) -> bool {
    let field = Field(domain.prime);
    if !field.has(x) || !field.has(y) {
        return false;
    }
    let mut left = field.multiply(y, y);
    field.combine(&mut left, 1, x, 3);
    let mut right = field.multiply(&field.multiply(x, x), x);
    field.combine(&mut right, 1, domain.b, 1);
    left == right
}

/// The bytes of a hexadecimal constant, as the standards print them.
pub(super) const fn unhex<const N: usize>(text: &str) -> [u8; N] {
    const fn digit(character: u8) -> u8 {
        match character {
            b'0'..=b'9' => character - b'0',
            _ => character - b'a' + 10,
        }
    }
    let mut bytes = [0; N];
    let (mut text, mut rest): (_, &mut [u8]) = (text.as_bytes(), &mut bytes);
    while let ([high, low, more @ ..], [byte, others @ ..]) = (text, rest) {
        *byte = digit(*high) << 4 | digit(*low);
        (text, rest) = (more, others);
    }
    bytes
}
