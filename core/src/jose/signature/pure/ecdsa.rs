//! ECDSA verification (FIPS 186-5 §6.4.2) by RustCrypto's curves.

use p256::ecdsa::signature::Verifier;

use crate::jose::key::{Curve, EcPublicKey};

pub(crate) fn verify(key: &EcPublicKey, message: &[u8], signature: &[u8]) -> bool {
    let point = key.point();
    macro_rules! verify {
        ($curve:ident) => {{
            let key = $curve::ecdsa::VerifyingKey::from_sec1_bytes(&point);
            let signature = $curve::ecdsa::Signature::from_slice(signature);
            key.is_ok_and(|key| signature.is_ok_and(|signature| key.verify(message, &signature).is_ok()))
        }};
    }
    match key.curve() {
        Curve::P256 => verify!(p256),
        Curve::P384 => verify!(p384),
        Curve::P521 => verify!(p521),
    }
}
