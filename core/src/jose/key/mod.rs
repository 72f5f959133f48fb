//! Keys that verify: checked once, when they are made, so that nothing weak or
//! malformed ever reaches a signature backend.

mod ec;
pub(crate) mod ed25519;
mod hmac;
#[cfg(feature = "pure")]
pub(crate) mod modular;
mod on_curve;
mod roca;
mod rsa;
#[cfg(test)]
mod tests;

pub use ec::{Curve, EcPublicKey};
pub use ed25519::Ed25519PublicKey;
pub use hmac::HmacKey;
pub use rsa::RsaPublicKey;

#[cfg(feature = "pure")]
pub(crate) use ec::Domain;

use super::algorithm::Algorithm;

/// What a signature is verified with. Every value has passed its type's checks.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum VerificationKey {
    /// For RS256, RS384, RS512, PS256, PS384 and PS512.
    Rsa(RsaPublicKey),
    /// For ES256, ES384 and ES512: each on its own curve.
    Ec(EcPublicKey),
    /// For EdDSA, also under its name Ed25519.
    Ed25519(Ed25519PublicKey),
    /// A shared secret, for HS256, HS384 and HS512.
    Hmac(HmacKey),
}

impl VerificationKey {
    /// Whether the algorithm may be used with this key: its type, its curve
    /// (RFC 7518 §3.4), and for HMAC a secret at least as long as the hash (RFC 7518 §3.2).
    #[must_use]
    pub fn fits(&self, algorithm: Algorithm) -> bool {
        use Algorithm::{Ed25519, EdDsa, Es256, Es384, Es512, Hs256, Hs384, Hs512};
        use Algorithm::{Ps256, Ps384, Ps512, Rs256, Rs384, Rs512};
        match (self, algorithm) {
            (Self::Rsa(_), Rs256 | Rs384 | Rs512 | Ps256 | Ps384 | Ps512) => true,
            (Self::Ec(key), Es256) => key.curve() == Curve::P256,
            (Self::Ec(key), Es384) => key.curve() == Curve::P384,
            (Self::Ec(key), Es512) => key.curve() == Curve::P521,
            (Self::Ed25519(_), EdDsa | Ed25519) => true,
            (Self::Hmac(key), Hs256 | Hs384 | Hs512) => key.len() >= tag_bytes(algorithm),
            _ => false,
        }
    }
}

/// How long the hash of an HMAC algorithm is, and so its tag and its shortest key.
pub(crate) fn tag_bytes(algorithm: Algorithm) -> usize {
    match algorithm {
        Algorithm::Hs384 => 48,
        Algorithm::Hs512 => 64,
        _ => 32,
    }
}
