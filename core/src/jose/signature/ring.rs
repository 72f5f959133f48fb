use ring::{hmac, signature};

use super::SignatureBackend;
use crate::jose::algorithm::Algorithm;
use crate::jose::key::VerificationKey;

/// Verifies by `ring`. Not ES512, which ring lacks: [`PureRust`](super::PureRust) serves it where both are built in.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ring;

impl SignatureBackend for Ring {
    fn supports(&self, algorithm: Algorithm) -> bool {
        algorithm != Algorithm::Es512 || cfg!(feature = "pure")
    }

    fn verify(&self, algorithm: Algorithm, key: &VerificationKey, signing_input: &[u8], signature: &[u8]) -> bool {
        match key {
            VerificationKey::Rsa(key) => rsa(algorithm).is_some_and(|parameters| {
                let key = signature::RsaPublicKeyComponents { n: key.modulus(), e: key.exponent() };
                key.verify(parameters, signing_input, signature).is_ok()
            }),
            VerificationKey::Ec(key) => {
                let parameters: &dyn signature::VerificationAlgorithm = match algorithm {
                    Algorithm::Es256 => &signature::ECDSA_P256_SHA256_FIXED,
                    Algorithm::Es384 => &signature::ECDSA_P384_SHA384_FIXED,
                    #[cfg(feature = "pure")]
                    Algorithm::Es512 => return super::pure::ecdsa::verify(key, signing_input, signature),
                    _ => return false,
                };
                let point = key.point();
                signature::UnparsedPublicKey::new(parameters, point).verify(signing_input, signature).is_ok()
            }
            VerificationKey::Ed25519(key) => {
                let key = signature::UnparsedPublicKey::new(&signature::ED25519, key.as_bytes());
                key.verify(signing_input, signature).is_ok()
            }
            VerificationKey::Hmac(key) => hmac(algorithm).is_some_and(|hash| {
                hmac::verify(&hmac::Key::new(hash, key.secret()), signing_input, signature).is_ok()
            }),
        }
    }
}

fn rsa(algorithm: Algorithm) -> Option<&'static signature::RsaParameters> {
    match algorithm {
        Algorithm::Rs256 => Some(&signature::RSA_PKCS1_2048_8192_SHA256),
        Algorithm::Rs384 => Some(&signature::RSA_PKCS1_2048_8192_SHA384),
        Algorithm::Rs512 => Some(&signature::RSA_PKCS1_2048_8192_SHA512),
        Algorithm::Ps256 => Some(&signature::RSA_PSS_2048_8192_SHA256),
        Algorithm::Ps384 => Some(&signature::RSA_PSS_2048_8192_SHA384),
        Algorithm::Ps512 => Some(&signature::RSA_PSS_2048_8192_SHA512),
        _ => None,
    }
}

fn hmac(algorithm: Algorithm) -> Option<hmac::Algorithm> {
    match algorithm {
        Algorithm::Hs256 => Some(hmac::HMAC_SHA256),
        Algorithm::Hs384 => Some(hmac::HMAC_SHA384),
        Algorithm::Hs512 => Some(hmac::HMAC_SHA512),
        _ => None,
    }
}
