//! The public half of a key as core reads it, and as a JWK (RFC 7517, RFC 7518 §6, RFC 8037 §2).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jwt_simple::prelude::*;
use ring::digest::{SHA256, digest};
use sentinel_core::jose::key::VerificationKey;
use sentinel_core::{Algorithm, ErrorCode, KeySet, Limits, SymmetricKeys};
use serde_json::{Map, Value, json};

use crate::KeysError;

/// A public key with its id, the thumbprint of RFC 7638. Has no private member by construction: its JWK is written
/// from the numbers that core has read.
#[derive(Clone, Debug)]
pub struct PublicKey {
    material: VerificationKey,
    jwk: Map<String, Value>,
    kid: String,
}

impl PublicKey {
    /// Reads a SubjectPublicKeyInfo in PEM the way that every verifier will.
    ///
    /// # Errors
    /// [`KeysError::Refused`] where core refuses the key for this algorithm.
    pub fn from_pem(pem: &str, algorithm: Algorithm) -> Result<Self, KeysError> {
        let keys = KeySet::from_pem(pem.as_bytes(), Some(algorithm)).map_err(KeysError::Refused)?;
        let key = keys.iter().next().ok_or_else(unusable)?;
        Self::new(key.material(), algorithm)
    }

    /// Reads a JWK the way that every verifier will. Of its members only the numbers are taken.
    ///
    /// # Errors
    /// [`KeysError::Refused`] for anything but one public key that core takes for this algorithm.
    pub fn from_jwk(jwk: &str, algorithm: Algorithm) -> Result<Self, KeysError> {
        let jwk: Value = serde_json::from_str(jwk).map_err(|_| unusable())?;
        let set = json!({ "keys": [jwk] }).to_string();
        let keys = KeySet::from_jwks(set.as_bytes(), SymmetricKeys::Refuse, &Limits::DEFAULT);
        let keys = keys.map_err(KeysError::Refused)?;
        let key = keys.iter().next().filter(|key| key.algorithm().is_none_or(|own| own == algorithm));
        let key = key.filter(|key| key.material().fits(algorithm)).ok_or_else(unusable)?;
        Self::new(key.material(), algorithm)
    }

    fn new(material: &VerificationKey, algorithm: Algorithm) -> Result<Self, KeysError> {
        let members = required_members(material).ok_or_else(unusable)?;
        let kid = thumbprint(&members);
        let mut jwk: Map<String, Value> =
            members.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
        for (name, value) in [("alg", algorithm.as_str()), ("use", "sig"), ("kid", &kid)] {
            jwk.insert(name.to_owned(), value.into());
        }
        Ok(Self { material: material.clone(), jwk, kid })
    }

    /// The key's id: the SHA-256 thumbprint of RFC 7638 in base64url.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The JWK's members: the numbers, `kty`, `alg`, `use` and `kid`.
    #[must_use]
    pub fn members(&self) -> &Map<String, Value> {
        &self.jwk
    }

    /// The JWK as JSON.
    #[must_use]
    pub fn jwk(&self) -> String {
        Value::Object(self.jwk.clone()).to_string()
    }

    /// A JWK Set (RFC 7517 §5) of this key alone, as JSON.
    #[must_use]
    pub fn jwks(&self) -> String {
        json!({ "keys": [self.jwk] }).to_string()
    }

    /// SubjectPublicKeyInfo in PEM (RFC 7468 §13), for verifiers that take no key set.
    ///
    /// # Errors
    /// [`KeysError::Refused`] for a key that none of our algorithms signs with.
    pub fn pem(&self) -> Result<String, KeysError> {
        match &self.material {
            VerificationKey::Rsa(key) => {
                let key = RS256PublicKey::from_components(key.modulus(), key.exponent());
                key.and_then(|key| key.to_pem()).map_err(|_| unusable())
            }
            VerificationKey::Ec(key) => {
                // Uncompressed (SEC 1 §2.3.3).
                let point = [&[4], key.x(), key.y()].concat();
                ES256PublicKey::from_bytes(&point).and_then(|key| key.to_pem()).map_err(|_| unusable())
            }
            VerificationKey::Ed25519(key) => {
                let key = Ed25519PublicKey::from_bytes(key.as_bytes());
                key.map(|key| key.to_pem()).map_err(|_| unusable())
            }
            _ => Err(unusable()),
        }
    }

    pub(crate) fn material(&self) -> &VerificationKey {
        &self.material
    }
}

/// The required members in lexicographic order (RFC 7638 §3.2).
fn required_members(key: &VerificationKey) -> Option<Vec<(&'static str, String)>> {
    let octets = |octets: &[u8]| URL_SAFE_NO_PAD.encode(octets);
    Some(match key {
        VerificationKey::Rsa(key) => {
            vec![("e", octets(key.exponent())), ("kty", "RSA".to_owned()), ("n", octets(key.modulus()))]
        }
        VerificationKey::Ec(key) => vec![
            ("crv", key.curve().as_str().to_owned()),
            ("kty", "EC".to_owned()),
            ("x", octets(key.x())),
            ("y", octets(key.y())),
        ],
        VerificationKey::Ed25519(key) => {
            vec![("crv", "Ed25519".to_owned()), ("kty", "OKP".to_owned()), ("x", octets(key.as_bytes()))]
        }
        _ => return None,
    })
}

/// RFC 7638 §3: SHA-256 of the required members, in order and without spaces.
fn thumbprint(members: &[(&'static str, String)]) -> String {
    // No value needs escaping: names from a closed list and base64url.
    let members: Vec<_> = members.iter().map(|(name, value)| format!("\"{name}\":\"{value}\"")).collect();
    URL_SAFE_NO_PAD.encode(digest(&SHA256, format!("{{{}}}", members.join(",")).as_bytes()))
}

fn unusable() -> KeysError {
    KeysError::Refused(sentinel_core::Error::from(ErrorCode::KeyUnusable))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_pem_is_the_key_that_was_read() {
        for algorithm in [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa] {
            let pair = crate::KeyPair::generate(algorithm, 2048).unwrap();
            let read = PublicKey::from_jwk(&pair.public().jwk(), algorithm).unwrap();
            assert_eq!(read.pem().unwrap().trim_end(), pair.public_pem().trim_end(), "{algorithm:?}");
        }
        let es384 = crate::KeyPair::generate(Algorithm::Es384, 0).unwrap();
        assert!(es384.public().pem().is_err());
    }

    /// The example of RFC 7638 §3.1.
    #[test]
    fn the_thumbprint_is_the_standards() {
        let jwk = r#"{"kty":"RSA","e":"AQAB","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"}"#;
        let key = PublicKey::from_jwk(jwk, Algorithm::Rs256).unwrap();
        assert_eq!(key.kid(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    }

    #[test]
    fn a_jwk_is_written_from_its_numbers_alone() {
        let jwk = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","kid":"other"}"#;
        let key = PublicKey::from_jwk(jwk, Algorithm::EdDsa).unwrap();
        // RFC 8037, appendix A.3.
        assert_eq!(key.kid(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        assert!(!key.members().contains_key("d"), "a private number in a public key");
        assert!(PublicKey::from_jwk(jwk, Algorithm::Rs256).is_err());
        assert!(PublicKey::from_jwk("[]", Algorithm::EdDsa).is_err());
    }
}
