//! Bundles that hosts' cryptography can verify: signed with ES256 by a key that is known to everyone.

use p256::ecdsa::{Signature, SigningKey, signature::Signer};
use sentinel_core::bundle::{Manifest, TYPE, frame};

use crate::bundles::base64url;

/// The key's id in the key set.
pub(crate) const KID: &str = "vectors";

/// A scalar for all to see.
pub(crate) fn key(seed: u8) -> SigningKey {
    SigningKey::from_slice(&[seed; 32]).unwrap()
}

/// The key set of one key.
pub(crate) fn jwks(key: &SigningKey) -> String {
    let point = key.verifying_key().to_sec1_point(false);
    let [x, y] = [point.x(), point.y()].map(|coordinate| base64url(coordinate.unwrap()));
    format!(r#"{{"keys":[{{"kty":"EC","crv":"P-256","kid":"{KID}","alg":"ES256","x":"{x}","y":"{y}"}}]}}"#)
}

/// A compact JWS under this header.
pub(crate) fn sign(key: &SigningKey, header: &str, payload: &str) -> String {
    let input = format!("{}.{}", base64url(header.as_bytes()), base64url(payload.as_bytes()));
    let signature: Signature = key.sign(input.as_bytes());
    format!("{input}.{}", base64url(&signature.to_bytes()))
}

/// The header of a manifest.
pub(crate) fn header() -> String {
    format!(r#"{{"alg":"ES256","kid":"{KID}","typ":"{TYPE}"}}"#)
}

/// A whole bundle.
pub(crate) fn seal(manifest: &Manifest, body: &[u8]) -> Vec<u8> {
    frame(&sign(&key(7), &header(), &manifest.to_json()), body)
}
