//! Signatures: what every backend must agree on is settled here, then one
//! backend answers one question: does this signature over these bytes hold for this key?

#[cfg(feature = "pure")]
mod pure;
#[cfg(feature = "ring")]
mod ring;
mod settle;
#[cfg(test)]
mod tests;

#[cfg(feature = "pure")]
pub use self::pure::PureRust;
#[cfg(feature = "pure")]
pub(crate) use self::pure::curve::{edwards, weierstrass};
#[cfg(feature = "ring")]
pub use self::ring::Ring;
pub use settle::settle;

use super::algorithm::Algorithm;
use super::key::VerificationKey;
use crate::{Error, ErrorCode};

/// Something that can verify signatures.
pub trait SignatureBackend {
    /// Whether the backend has the algorithm.
    fn supports(&self, algorithm: Algorithm) -> bool;

    /// Whether this signature over these bytes holds for this key.
    ///
    /// Called only for an algorithm that the backend [supports](Self::supports), a key that
    /// [fits](VerificationKey::fits) it and a signature that has passed [`settle`]: see [`verify`].
    /// A backend that cannot tell answers `false`.
    fn verify(&self, algorithm: Algorithm, key: &VerificationKey, signing_input: &[u8], signature: &[u8]) -> bool;
}

/// Verifies a signature with a backend, after all that must be settled before.
///
/// # Errors
/// `key_unusable` for a key that does not fit the algorithm, `algorithm_unavailable` if the
/// backend lacks it, `signature_invalid` for a signature that does not hold.
pub fn verify(
    backend: &(impl SignatureBackend + ?Sized),
    algorithm: Algorithm,
    key: &VerificationKey,
    signing_input: &[u8],
    signature: &[u8],
) -> Result<(), Error> {
    if !backend.supports(algorithm) {
        return Err(ErrorCode::AlgorithmUnavailable.into());
    }
    settle(algorithm, key, signature)?;
    if !backend.verify(algorithm, key, signing_input, signature) {
        return Err(ErrorCode::SignatureInvalid.into());
    }
    Ok(())
}
