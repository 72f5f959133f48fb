//! Bundles for tests: a small model, keys, and signing.

use hmac::{KeyInit, Mac};
use sentinel_core::bundle::{
    Bounds, BundleVerifier, Draft, Kind, Manifest, RevocationList, Roles, Scope, Snapshot, TYPE, frame,
};
use sentinel_core::jose::signature::PureRust;
use sentinel_core::policy::Index;
use sentinel_core::policy::model::AuthorizationModel;
use sentinel_core::policy::tuple::TupleKey;
use sentinel_core::{Algorithm, Algorithms, Error, KeySet};

pub(crate) const ISSUER: &str = "https://sentinel.example.com";
pub(crate) const AUDIENCE: &str = "notes";
pub(crate) const SECRET: &[u8] = b"a secret for examples, of 32 octets or more";
pub(crate) const NOW: i64 = 1_800_000_000;

pub(crate) fn base64url(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut out = String::new();
    for block in bytes.chunks(3) {
        let word = block.iter().fold(0u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - block.len()));
        for place in 0..=block.len() {
            out.push(char::from(ALPHABET[(word >> (18 - 6 * place) & 63) as usize]));
        }
    }
    out
}

/// A compact JWS under this header.
pub(crate) fn sign(header: &str, payload: &str) -> String {
    let input = format!("{}.{}", base64url(header.as_bytes()), base64url(payload.as_bytes()));
    let mut mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(SECRET).unwrap();
    mac.update(input.as_bytes());
    format!("{input}.{}", base64url(&mac.finalize().into_bytes()))
}

pub(crate) fn sealed(manifest: &Manifest, body: &[u8]) -> Vec<u8> {
    frame(&sign(&format!(r#"{{"alg":"HS256","typ":"{TYPE}"}}"#), &manifest.to_json()), body)
}

pub(crate) fn keys() -> KeySet {
    KeySet::from_secret(SECRET, Algorithm::Hs256).unwrap()
}

pub(crate) fn verifier(scope: Scope) -> BundleVerifier {
    BundleVerifier::new(ISSUER, AUDIENCE, scope, Algorithms::of(&[Algorithm::Hs256]))
}

pub(crate) fn workspace() -> Scope {
    Scope::workspace("w1")
}

pub(crate) fn draft(scope: Scope, revision: u64) -> Draft {
    Draft { issuer: ISSUER.into(), audience: AUDIENCE.into(), scope, revision, issued_at: NOW, not_after: NOW + 300 }
}

/// A full bundle of these tuples and nothing else.
pub(crate) fn body(model: &AuthorizationModel, index: &Index, claims: &[TupleKey]) -> Vec<u8> {
    let (roles, revocations) = (Roles::default(), RevocationList::default());
    Snapshot { model, index, roles: &roles, revocations: &revocations, claims, types: None }.body().unwrap()
}

pub(crate) fn full(scope: Scope, revision: u64, body: &[u8]) -> Vec<u8> {
    sealed(&draft(scope, revision).full(Kind::Full, body, None, None), body)
}

/// Verifies and reads a full bundle.
pub(crate) fn load(scope: Scope, file: &[u8]) -> Result<sentinel_core::bundle::Bundle, Error> {
    load_within(scope, file, Bounds::DEFAULT)
}

pub(crate) fn load_within(scope: Scope, file: &[u8], bounds: Bounds) -> Result<sentinel_core::bundle::Bundle, Error> {
    let verifier = verifier(scope).bounds(bounds);
    let keys = keys();
    sentinel_core::bundle::Bundle::load(&verifier.verify(file, &keys, &PureRust, NOW)?, None)
}
