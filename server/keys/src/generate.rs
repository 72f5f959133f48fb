//! Makes secrets, by crates that are kept for it: nothing here computes with one.

use std::fmt::Display;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jwt_simple::prelude::*;
use p521::elliptic_curve::Generate;
use p521::elliptic_curve::pkcs8::{EncodePrivateKey, EncodePublicKey, LineEnding};
use ring::rand::{SecureRandom, SystemRandom};
use sentinel_core::Algorithm;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::{KeysError, PublicKey};

/// A new key pair.
pub struct KeyPair {
    public: PublicKey,
    private_pkcs8: Zeroizing<Vec<u8>>,
    private_pem: Zeroizing<String>,
    private_members: Map<String, Value>,
    public_pem: String,
}

impl std::fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyPair").field("public", &self.public).finish_non_exhaustive()
    }
}

impl KeyPair {
    /// Makes a key pair for any algorithm that has one. An RSA modulus has `rsa_bits`: 2048, 3072 or 4096. RSA takes
    /// a good part of a second, now and then several.
    ///
    /// # Errors
    /// [`KeysError::Generation`] for a shared secret's algorithm, for another length, and where the backend fails.
    pub fn generate(algorithm: Algorithm, rsa_bits: usize) -> Result<Self, KeysError> {
        use Algorithm as A;
        match algorithm {
            A::Rs256 | A::Rs384 | A::Rs512 | A::Ps256 | A::Ps384 | A::Ps512 => {
                let pair = RS256KeyPair::generate(rsa_bits).map_err(failed)?;
                Self::new(algorithm, pair.to_der(), pair.to_pem(), pair.public_key().to_pem(), &pair.to_jwk())
            }
            A::Es256 => {
                let pair = ES256KeyPair::generate();
                Self::new(algorithm, pair.to_der(), pair.to_pem(), pair.public_key().to_pem(), &pair.to_jwk())
            }
            A::Es384 => {
                let pair = ES384KeyPair::generate();
                Self::new(algorithm, pair.to_der(), pair.to_pem(), pair.public_key().to_pem(), &pair.to_jwk())
            }
            A::Es512 => p521(),
            A::EdDsa | A::Ed25519 => {
                let pair = Ed25519KeyPair::generate();
                let (private, public) = (pair.to_pem(), pair.public_key().to_pem());
                Self::new::<std::convert::Infallible>(
                    algorithm,
                    Ok(pair.to_der()),
                    Ok(private),
                    Ok(public),
                    &pair.to_jwk(),
                )
            }
            A::Hs256 | A::Hs384 | A::Hs512 => Err(failed("a shared secret has no public half")),
        }
    }

    fn new<E: Display>(
        algorithm: Algorithm,
        pkcs8: Result<Vec<u8>, E>,
        private_pem: Result<String, E>,
        public_pem: Result<String, E>,
        jwk: &str,
    ) -> Result<Self, KeysError> {
        let mut members: Map<String, Value> = serde_json::from_str(jwk).map_err(failed)?;
        members.retain(|name, _| ["d", "p", "q", "dp", "dq", "qi"].contains(&name.as_str()));
        let public_pem = public_pem.map_err(failed)?;
        Ok(Self {
            public: PublicKey::from_pem(&public_pem, algorithm)?,
            private_pkcs8: Zeroizing::new(pkcs8.map_err(failed)?),
            private_pem: Zeroizing::new(private_pem.map_err(failed)?),
            private_members: members,
            public_pem,
        })
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The private key as PKCS #8 in DER (RFC 5208).
    #[must_use]
    pub fn private_pkcs8(&self) -> &[u8] {
        &self.private_pkcs8
    }

    /// The private key as PKCS #8 in PEM (RFC 7468 §10).
    #[must_use]
    pub fn private_pem(&self) -> &str {
        &self.private_pem
    }

    /// The private key as a JWK with the members of the public one (RFC 7518 §6, RFC 8037 §2).
    #[must_use]
    pub fn private_jwk(&self) -> Zeroizing<String> {
        let members = self.public.members().clone().into_iter().chain(self.private_members.clone());
        Zeroizing::new(Value::Object(members.collect()).to_string())
    }

    /// The public key as SubjectPublicKeyInfo in PEM (RFC 7468 §13).
    #[must_use]
    pub fn public_pem(&self) -> &str {
        &self.public_pem
    }
}

/// `jwt-simple` has no ES512.
fn p521() -> Result<KeyPair, KeysError> {
    let secret = p521::SecretKey::try_generate().map_err(failed)?;
    let pkcs8 = secret.to_pkcs8_der().map_err(failed)?;
    let private_pem = secret.to_pkcs8_pem(LineEnding::LF).map_err(failed)?;
    let public_pem = secret.public_key().to_public_key_pem(LineEnding::LF).map_err(failed)?;
    let d = URL_SAFE_NO_PAD.encode(secret.to_bytes());
    Ok(KeyPair {
        public: PublicKey::from_pem(&public_pem, Algorithm::Es512)?,
        private_pkcs8: Zeroizing::new(pkcs8.as_bytes().to_vec()),
        private_pem: Zeroizing::new(private_pem.to_string()),
        private_members: Map::from_iter([("d".to_owned(), Value::String(d))]),
        public_pem,
    })
}

/// A new secret for HS256, HS384 or HS512: as many random octets as the hash is long (RFC 7518 §3.2), as one line of
/// base64url.
///
/// # Errors
/// [`KeysError::Generation`] for any other algorithm, [`KeysError::Randomness`].
pub fn shared_secret(algorithm: Algorithm) -> Result<Zeroizing<String>, KeysError> {
    let length = match algorithm {
        Algorithm::Hs256 => 32,
        Algorithm::Hs384 => 48,
        Algorithm::Hs512 => 64,
        _ => return Err(failed("not a shared secret's algorithm")),
    };
    let mut octets = Zeroizing::new(vec![0; length]);
    SystemRandom::new().fill(&mut octets)?;
    Ok(Zeroizing::new(URL_SAFE_NO_PAD.encode(&octets)))
}

fn failed(why: impl Display) -> KeysError {
    KeysError::Generation(why.to_string())
}
