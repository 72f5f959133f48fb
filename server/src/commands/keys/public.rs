//! The public half of a key as core reads it, and as a JWK (RFC 7517, RFC 7518 §6, RFC 8037 §2).

use crate::outcome::Failure;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use sentinel_core::jose::key::VerificationKey;
use sentinel_core::{Algorithm, KeySet};
use serde_json::{Map, Value, json};

pub(super) struct PublicKey {
    jwk: Map<String, Value>,
    kid: String,
}

impl PublicKey {
    /// Reads the key back the way that every verifier will.
    pub(super) fn from_pem(pem: &str, algorithm: Algorithm) -> Result<Self, Failure> {
        let keys = KeySet::from_pem(pem.as_bytes(), Some(algorithm))
            .map_err(|error| Failure::unusable("the generated key", error))?;
        let key = keys.iter().next().ok_or_else(no_key)?;
        let members = required_members(key.material()).ok_or_else(no_key)?;
        let kid = thumbprint(&members);
        let mut jwk: Map<String, Value> =
            members.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
        for (name, value) in [("alg", algorithm.as_str()), ("use", "sig"), ("kid", &kid)] {
            jwk.insert(name.to_owned(), value.into());
        }
        Ok(Self { jwk, kid })
    }

    pub(super) fn kid(&self) -> &str {
        &self.kid
    }

    pub(super) fn jwks(&self) -> String {
        json!({ "keys": [self.jwk] }).to_string()
    }

    pub(super) fn private_jwk(&self, private: &Map<String, Value>) -> String {
        let members = self.jwk.clone().into_iter().chain(private.clone());
        Value::Object(members.collect()).to_string()
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

fn no_key() -> Failure {
    Failure::Unanswered("key_unusable", "the generated key has no public half".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use sentinel_core::{Limits, SymmetricKeys};

    /// The example of RFC 7638 §3.1.
    #[test]
    fn the_thumbprint_is_the_standards() {
        let jwks = br#"{"keys":[{"kty":"RSA","e":"AQAB","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"}]}"#;
        let keys = KeySet::from_jwks(jwks, SymmetricKeys::Refuse, &Limits::DEFAULT).unwrap();
        let members = required_members(keys.iter().next().unwrap().material()).unwrap();
        assert_eq!(thumbprint(&members), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    }
}
