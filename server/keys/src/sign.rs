//! Signing by `ring`, which takes less than half the time of the crate that makes the keys, and no longer for one
//! key than for another: `docs/decisions/signing-by-ring.md`.

use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
};
use sentinel_core::jose::key::VerificationKey;

use crate::{KeysError, SigningAlgorithm};

/// A private key, ready to sign. `ring` shows it to nobody.
pub(crate) enum Signer {
    Rs256(RsaKeyPair),
    Es256(EcdsaKeyPair),
    EdDsa(Ed25519KeyPair),
}

impl Signer {
    /// From PKCS #8. `None` for a key that `ring` refuses.
    pub(crate) fn from_pkcs8(algorithm: SigningAlgorithm, pkcs8: &[u8]) -> Option<Self> {
        match algorithm {
            SigningAlgorithm::Rs256 => RsaKeyPair::from_pkcs8(pkcs8).ok().map(Self::Rs256),
            SigningAlgorithm::Es256 => {
                EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8, &SystemRandom::new())
                    .ok()
                    .map(Self::Es256)
            }
            // "Unchecked" is a form without the public half (RFC 8410 §7): it is computed then, and compared with the
            // published key as for every algorithm.
            SigningAlgorithm::EdDsa => Ed25519KeyPair::from_pkcs8_maybe_unchecked(pkcs8).ok().map(Self::EdDsa),
        }
    }

    /// Whether this is the private half of that key.
    pub(crate) fn belongs_to(&self, public: &VerificationKey) -> bool {
        match (self, public) {
            (Self::Rs256(own), VerificationKey::Rsa(public)) => {
                let own = PublicKeyComponents::<Vec<u8>>::from(own.public_key());
                own.n == public.modulus() && own.e == public.exponent()
            }
            (Self::Es256(own), VerificationKey::Ec(public)) => own.public_key().as_ref() == public.point(),
            (Self::EdDsa(own), VerificationKey::Ed25519(public)) => own.public_key().as_ref() == public.as_bytes(),
            _ => false,
        }
    }

    /// The signature as JWS has it (RFC 7518 §3.3, §3.4; RFC 8037 §3.1). RS256 and EdDSA are deterministic.
    pub(crate) fn sign(&self, input: &[u8]) -> Result<Vec<u8>, KeysError> {
        match self {
            Self::Rs256(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                // Random numbers blind the key against timing; the signature does not depend on them.
                key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), input, &mut signature)
                    .map_err(|_| KeysError::Signing)?;
                Ok(signature)
            }
            Self::Es256(key) => {
                let signature = key.sign(&SystemRandom::new(), input).map_err(|_| KeysError::Signing)?;
                Ok(signature.as_ref().to_vec())
            }
            Self::EdDsa(key) => Ok(key.sign(input).as_ref().to_vec()),
        }
    }
}
