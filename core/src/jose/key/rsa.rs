use alloc::boxed::Box;
#[cfg(feature = "pure")]
use alloc::vec::Vec;

#[cfg(feature = "pure")]
use once_cell::race::OnceBox;

#[cfg(feature = "pure")]
use super::modular::Modulus;
use crate::{Error, ErrorCode};

/// An RSA public key of 2048 to 8192 bits.
#[derive(Clone, Debug)]
pub struct RsaPublicKey {
    modulus: Box<[u8]>,
    exponent: Box<[u8]>,
    #[cfg(feature = "pure")]
    arithmetic: Prepared,
}

/// The modulus as its arithmetic needs it, worked out with the first signature: a host that verifies signatures itself
/// would spend milliseconds on it for nothing.
#[cfg(feature = "pure")]
#[derive(Debug, Default)]
struct Prepared(OnceBox<Modulus>);

#[cfg(feature = "pure")]
impl Clone for Prepared {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl RsaPublicKey {
    /// The smallest modulus that may be used (RFC 7518 §3.3).
    pub const MIN_BITS: usize = 2048;
    /// The largest modulus: the work of one verification grows with its square.
    pub const MAX_BITS: usize = 8192;

    /// From the big-endian modulus and exponent; leading zero octets are ignored.
    ///
    /// The exponent is odd and from 65537 up to 33 bits: smaller ones are refused as weak
    /// (FIPS 186-5 §5.1 (b) asks for 2^16 < e), larger ones only slow a verifier down.
    ///
    /// # Errors
    /// `key_unusable` for an even modulus or one of another size, and for another exponent.
    pub fn new(modulus: &[u8], exponent: &[u8]) -> Result<Self, Error> {
        const fn refused(why: &'static str) -> Error {
            Error::with(ErrorCode::KeyUnusable, why)
        }
        let modulus = without_leading_zeros(modulus);
        let exponent = without_leading_zeros(exponent);
        let (Some(&first), Some(&last)) = (modulus.first(), modulus.last()) else {
            return Err(refused("the RSA modulus is empty"));
        };
        let bits = modulus.len().saturating_mul(8) - first.leading_zeros() as usize;
        if bits < Self::MIN_BITS {
            return Err(refused("an RSA key must have at least 2048 bits"));
        }
        if bits > Self::MAX_BITS {
            return Err(refused("an RSA key may have at most 8192 bits"));
        }
        if last & 1 == 0 {
            return Err(refused("the RSA modulus is even"));
        }
        if super::roca::is_roca(modulus) {
            return Err(refused("the RSA key has the structure of keys that can be factored (CVE-2017-15361)"));
        }
        let value = match exponent.len() {
            1..=5 => integer(exponent),
            _ => 0,
        };
        if value & 1 == 0 || !(65537..1 << 33).contains(&value) {
            return Err(refused("the RSA exponent must be odd, at least 65537 and below 2^33"));
        }
        Ok(Self {
            #[cfg(feature = "pure")]
            arithmetic: Prepared::default(),
            modulus: modulus.into(),
            exponent: exponent.into(),
        })
    }

    /// The modulus, big-endian without leading zeros.
    #[must_use]
    pub fn modulus(&self) -> &[u8] {
        &self.modulus
    }

    /// The exponent, big-endian without leading zeros.
    #[must_use]
    pub fn exponent(&self) -> &[u8] {
        &self.exponent
    }

    /// The signature to the power of the public exponent, as long as the modulus (RSAVP1 and
    /// I2OSP, RFC 8017 §5.2.2, §4.1); none unless it is below the modulus.
    #[cfg(feature = "pure")]
    pub(crate) fn power(&self, signature: &[u8]) -> Option<Vec<u8>> {
        let n = self.arithmetic.0.get_or_try_init(|| Modulus::new(&self.modulus).map(Box::new).ok_or(())).ok()?;
        let plain = n.plain(signature)?;
        // The exponent is odd: its last bit multiplies by the plain number, and so leaves Montgomery's form.
        let half = n.power(&n.enter(&plain), &(self.exponent_value() / 2).to_be_bytes());
        Some(n.multiply(&n.square(&half), &plain).to_bytes(self.modulus.len()))
    }

    #[cfg(feature = "pure")]
    fn exponent_value(&self) -> u64 {
        integer(&self.exponent)
    }
}

fn integer(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte))
}

fn without_leading_zeros(mut bytes: &[u8]) -> &[u8] {
    while let [0, rest @ ..] = bytes {
        bytes = rest;
    }
    bytes
}
