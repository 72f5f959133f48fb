//! Signature verification in Rust alone, for any target.

pub(crate) mod curve;
pub(super) mod ecdsa;
mod ed25519;
mod rsa;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Sha256, Sha384, Sha512};

use super::SignatureBackend;
use crate::jose::algorithm::Algorithm;
use crate::jose::key::VerificationKey;

/// Verifies every algorithm in Rust alone, on any target.
///
/// The hashes and HMAC come from RustCrypto's crates. RSA and the curves are this crate's own, because in
/// WebAssembly they are many times faster; they handle public data only.
#[derive(Clone, Copy, Debug, Default)]
pub struct PureRust;

impl SignatureBackend for PureRust {
    fn supports(&self, _: Algorithm) -> bool {
        true
    }

    fn verify(&self, algorithm: Algorithm, key: &VerificationKey, signing_input: &[u8], signature: &[u8]) -> bool {
        match key {
            VerificationKey::Rsa(key) => rsa::verify(algorithm, key, signing_input, signature),
            VerificationKey::Ec(key) => ecdsa::verify(key, signing_input, signature),
            VerificationKey::Ed25519(key) => ed25519::verify(key, signing_input, signature),
            VerificationKey::Hmac(key) => match algorithm {
                Algorithm::Hs256 => hmac::<Hmac<Sha256>>(key.secret(), signing_input, signature),
                Algorithm::Hs384 => hmac::<Hmac<Sha384>>(key.secret(), signing_input, signature),
                Algorithm::Hs512 => hmac::<Hmac<Sha512>>(key.secret(), signing_input, signature),
                _ => false,
            },
        }
    }
}

/// Compares in constant time: the tag of a forged message must not leak.
fn hmac<M: Mac + KeyInit>(secret: &[u8], signing_input: &[u8], signature: &[u8]) -> bool {
    <M as KeyInit>::new_from_slice(secret)
        .is_ok_and(|mac| mac.chain_update(signing_input).verify_slice(signature).is_ok())
}
