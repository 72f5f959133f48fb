//! Makes secrets, by crates that are kept for it: nothing here computes with one.

use crate::outcome::Failure;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jwt_simple::prelude::*;
use p521::elliptic_curve::Generate;
use p521::elliptic_curve::pkcs8::{EncodePrivateKey, EncodePublicKey, LineEnding};
use ring::rand::{SecureRandom, SystemRandom};
use sentinel_core::Algorithm;
use serde_json::{Map, Value};
use std::fmt::Display;

/// A new key pair.
pub(super) struct KeyPair {
    /// PKCS #8.
    pub(super) private_pem: String,
    /// The members of the private JWK that the public one does not have.
    pub(super) private_members: Map<String, Value>,
    /// SubjectPublicKeyInfo.
    pub(super) public_pem: String,
}

pub(super) fn key_pair(algorithm: Algorithm, rsa_bits: usize) -> Result<KeyPair, Failure> {
    use Algorithm as A;
    match algorithm {
        A::Rs256 | A::Rs384 | A::Rs512 | A::Ps256 | A::Ps384 | A::Ps512 => {
            let pair = RS256KeyPair::generate(rsa_bits).map_err(failed)?;
            KeyPair::new(pair.to_pem(), pair.public_key().to_pem(), &pair.to_jwk())
        }
        A::Es256 => {
            let pair = ES256KeyPair::generate();
            KeyPair::new(pair.to_pem(), pair.public_key().to_pem(), &pair.to_jwk())
        }
        A::Es384 => {
            let pair = ES384KeyPair::generate();
            KeyPair::new(pair.to_pem(), pair.public_key().to_pem(), &pair.to_jwk())
        }
        A::Es512 => p521(),
        A::EdDsa | A::Ed25519 => {
            let pair = Ed25519KeyPair::generate();
            KeyPair::new::<std::convert::Infallible>(Ok(pair.to_pem()), Ok(pair.public_key().to_pem()), &pair.to_jwk())
        }
        A::Hs256 | A::Hs384 | A::Hs512 => Err(failed("a shared secret has no public half")),
    }
}

/// As many random octets as the hash is long (RFC 7518 §3.2), as one line of base64url.
pub(super) fn secret(algorithm: Algorithm) -> Result<String, Failure> {
    let length = match algorithm {
        Algorithm::Hs256 => 32,
        Algorithm::Hs384 => 48,
        Algorithm::Hs512 => 64,
        _ => return Err(failed("not a shared secret's algorithm")),
    };
    let mut octets = vec![0; length];
    SystemRandom::new().fill(&mut octets).map_err(failed)?;
    Ok(URL_SAFE_NO_PAD.encode(octets))
}

/// `jwt-simple` has no ES512.
fn p521() -> Result<KeyPair, Failure> {
    let secret = p521::SecretKey::try_generate().map_err(failed)?;
    let private = secret.to_pkcs8_pem(LineEnding::LF).map_err(failed)?;
    let public = secret.public_key().to_public_key_pem(LineEnding::LF).map_err(failed)?;
    let d = URL_SAFE_NO_PAD.encode(secret.to_bytes());
    let private_members = Map::from_iter([("d".to_owned(), Value::String(d))]);
    Ok(KeyPair { private_pem: private.to_string(), private_members, public_pem: public })
}

impl KeyPair {
    fn new<E: Display>(private: Result<String, E>, public: Result<String, E>, jwk: &str) -> Result<Self, Failure> {
        let mut members: Map<String, Value> = serde_json::from_str(jwk).map_err(failed)?;
        members.retain(|name, _| ["d", "p", "q", "dp", "dq", "qi"].contains(&name.as_str()));
        Ok(Self {
            private_pem: private.map_err(failed)?,
            private_members: members,
            public_pem: public.map_err(failed)?,
        })
    }
}

fn failed(why: impl Display) -> Failure {
    Failure::unavailable("the key could not be generated", why)
}
