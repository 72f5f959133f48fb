//! Keys and sets of keys: JWK and JWKS (RFC 7517, RFC 7518 §6, RFC 8037 §2), PEM, shared secrets.

use super::json::{self, Value};
use super::key::{Curve, EcPublicKey, Ed25519PublicKey, HmacKey, RsaPublicKey, VerificationKey};
use super::{algorithm::Algorithm, base64url};
use crate::{Error, ErrorCode, Limits};
use alloc::string::String;
use alloc::vec::Vec;

/// Whether shared secrets (`kty` `oct`) may be taken from a key set.
///
/// An explicit choice: where a service only knows public keys, a key set that
/// smuggles in a secret must not turn HMAC on (RFC 8725 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SymmetricKeys {
    /// `oct` keys are skipped.
    Refuse,
    /// `oct` keys are taken, for HMAC algorithms only.
    Accept,
}

/// One key with what its issuer says it may be used for.
#[derive(Clone, Debug)]
pub struct Key {
    material: VerificationKey,
    kid: KeyId,
    algorithm: Option<Algorithm>,
}

#[derive(Clone, Debug)]
enum KeyId {
    /// Named by a key set, or without a name there: then a token that names a key means another one.
    Jwk(Option<String>),
    /// Handed over by the caller as *the* key: whatever a token calls it.
    Any,
}

impl Key {
    /// The public numbers, or the secret.
    #[must_use]
    pub fn material(&self) -> &VerificationKey {
        &self.material
    }

    /// The key's id, where it has one.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        match &self.kid {
            KeyId::Jwk(kid) => kid.as_deref(),
            KeyId::Any => None,
        }
    }

    /// The one algorithm that the key may be used with, where it names one.
    #[must_use]
    pub fn algorithm(&self) -> Option<Algorithm> {
        self.algorithm
    }

    fn is_called(&self, kid: Option<&str>) -> bool {
        match (&self.kid, kid) {
            (KeyId::Any, _) | (_, None) => true,
            (KeyId::Jwk(own), Some(kid)) => own.as_deref() == Some(kid),
        }
    }

    /// Whether key and algorithm belong together: type, curve, length and the key's own `alg` (RFC 8725 §3.1).
    fn serves(&self, algorithm: Algorithm) -> bool {
        self.material.fits(algorithm) && self.algorithm.is_none_or(|own| own == algorithm)
    }
}

/// The keys a verifier may choose from.
#[derive(Clone, Debug, Default)]
pub struct KeySet {
    keys: Vec<Key>,
    /// Ids of keys that were there but may not be used: tells `key_unusable` from `key_not_found`.
    unusable: Vec<Option<String>>,
}

impl KeySet {
    /// Reads a JWK Set (RFC 7517 §5). Keys of unknown kinds, keys for other
    /// purposes and keys that may not be used are skipped, good ones beside
    /// them are kept.
    ///
    /// # Errors
    /// [`ErrorCode::KeyUnusable`] where the document is not a JWK Set within the limits.
    pub fn from_jwks(document: &[u8], symmetric: SymmetricKeys, limits: &Limits) -> Result<Self, Error> {
        const NOT_A_SET: Error = Error::with(ErrorCode::KeyUnusable, "not a JWK Set (RFC 7517 §5) within the limits");
        if document.len() > limits.jwks_bytes {
            return Err(NOT_A_SET);
        }
        let document = json::parse(document, limits).map_err(|_| NOT_A_SET)?;
        let elements = document.member("keys").and_then(Value::elements).ok_or(NOT_A_SET)?;
        let mut set = Self::default();
        for (count, jwk) in elements.enumerate() {
            if count >= limits.jwks_keys {
                return Err(NOT_A_SET);
            }
            match import(jwk, symmetric, limits) {
                Ok(key) => set.keys.push(key),
                Err(Skipped::Unusable) => set.unusable.push(text(jwk, "kid").ok().flatten()),
                Err(Skipped::Other) => {}
            }
        }
        Ok(set)
    }

    #[cfg(feature = "pem")]
    /// One public key as PEM `PUBLIC KEY` (SubjectPublicKeyInfo). It fits a
    /// token whatever `kid` that names; with `algorithm` it serves only that one.
    ///
    /// # Errors
    /// [`ErrorCode::KeyUnusable`] for anything but one supported, strong key,
    /// or a key that cannot serve `algorithm`.
    pub fn from_pem(pem: &[u8], algorithm: Option<Algorithm>) -> Result<Self, Error> {
        Self::single(super::pem::public_key(pem)?, algorithm)
    }

    /// One shared secret for one HMAC algorithm. The explicit call for symmetric keys.
    ///
    /// # Errors
    /// [`ErrorCode::KeyUnusable`] where the secret is shorter than the hash
    /// (RFC 7518 §3.2), or is the text of a public key, or `algorithm` is no HMAC.
    pub fn from_secret(secret: &[u8], algorithm: Algorithm) -> Result<Self, Error> {
        // A public key's text as the secret is how RS256 was turned into HS256 (RFC 8725 §2.1).
        if secret.trim_ascii_start().starts_with(b"-----BEGIN") || secret.trim_ascii_start().starts_with(b"ssh-") {
            return Err(Error::with(ErrorCode::KeyUnusable, "the text of a public key is not a secret"));
        }
        Self::single(VerificationKey::Hmac(HmacKey::new(secret)?), Some(algorithm))
    }

    fn single(material: VerificationKey, algorithm: Option<Algorithm>) -> Result<Self, Error> {
        if algorithm.is_some_and(|algorithm| !material.fits(algorithm)) {
            return Err(Error::with(ErrorCode::KeyUnusable, "the key cannot serve this algorithm"));
        }
        Ok(Self { keys: [Key { material, kid: KeyId::Any, algorithm }].into(), unusable: Vec::new() })
    }

    /// The keys, in their order: [`Challenge::key_index`](crate::Challenge::key_index) counts in it.
    pub fn iter(&self) -> core::slice::Iter<'_, Key> {
        self.keys.iter()
    }

    /// How many keys can be used.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether no key can be used.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The one key that fits, with its index.
    ///
    /// # Errors
    /// [`ErrorCode::KeyNotFound`] where no key is called so, [`ErrorCode::KeyUnusable`] where one is but must not
    /// serve this algorithm, [`ErrorCode::KeyAmbiguous`] where several fit: choosing would be a guess.
    pub(crate) fn choose(&self, kid: Option<&str>, algorithm: Algorithm) -> Result<(usize, &Key), Error> {
        let mut called = self.keys.iter().enumerate().filter(|(_, key)| key.is_called(kid)).peekable();
        let known = called.peek().is_some() || self.unusable.iter().any(|id| kid.is_none() || id.as_deref() == kid);
        let mut fitting = called.filter(|(_, key)| key.serves(algorithm));
        match (fitting.next(), fitting.next()) {
            (Some(found), None) => Ok(found),
            (Some(_), Some(_)) => Err(ErrorCode::KeyAmbiguous.into()),
            _ if known => Err(ErrorCode::KeyUnusable.into()),
            _ => Err(ErrorCode::KeyNotFound.into()),
        }
    }
}

impl<'a> IntoIterator for &'a KeySet {
    type Item = &'a Key;
    type IntoIter = core::slice::Iter<'a, Key>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

enum Skipped {
    /// A key that would be ours but must not be used.
    Unusable,
    /// Of a kind that is not ours: another `kty`, or a secret where none may be.
    Other,
}

impl From<Error> for Skipped {
    fn from(_: Error) -> Self {
        Self::Unusable
    }
}

fn import(jwk: Value<'_>, symmetric: SymmetricKeys, limits: &Limits) -> Result<Key, Skipped> {
    if !jwk.is_object() {
        return Err(Skipped::Other);
    }
    let kid = text(jwk, "kid")?;
    if kid.as_ref().is_some_and(|kid| kid.len() > limits.kid_bytes) {
        return Err(Skipped::Unusable);
    }
    let algorithm = match text(jwk, "alg")? {
        Some(name) => Some(Algorithm::from_name(&name).ok_or(Skipped::Unusable)?),
        None => None,
    };
    require_signature_use(jwk)?;
    let material = match text(jwk, "kty")?.as_deref() {
        Some("RSA") => VerificationKey::Rsa(RsaPublicKey::new(&octets(jwk, "n")?, &octets(jwk, "e")?)?),
        Some("EC") => {
            let curve = match text(jwk, "crv")?.as_deref() {
                Some("P-256") => Curve::P256,
                Some("P-384") => Curve::P384,
                Some("P-521") => Curve::P521,
                _ => return Err(Skipped::Other),
            };
            VerificationKey::Ec(EcPublicKey::new(curve, &octets(jwk, "x")?, &octets(jwk, "y")?)?)
        }
        Some("OKP") => match text(jwk, "crv")?.as_deref() {
            Some("Ed25519") => VerificationKey::Ed25519(Ed25519PublicKey::new(&octets(jwk, "x")?)?),
            _ => return Err(Skipped::Other),
        },
        Some("oct") if symmetric == SymmetricKeys::Accept => VerificationKey::Hmac(HmacKey::new(&octets(jwk, "k")?)?),
        _ => return Err(Skipped::Other),
    };
    if algorithm.is_some_and(|algorithm| !material.fits(algorithm)) {
        return Err(Skipped::Unusable);
    }
    Ok(Key { material, kid: KeyId::Jwk(kid), algorithm })
}

/// `use` must be `sig` and `key_ops` must list `verify`, where they are present (RFC 7517 §4.2, §4.3).
fn require_signature_use(jwk: Value<'_>) -> Result<(), Skipped> {
    if text(jwk, "use")?.is_some_and(|key_use| key_use != "sig") {
        return Err(Skipped::Unusable);
    }
    let Some(operations) = jwk.member("key_ops") else { return Ok(()) };
    let mut verify = 0;
    for operation in operations.elements().ok_or(Skipped::Unusable)? {
        verify += usize::from(operation.as_str().ok_or(Skipped::Unusable)? == "verify");
    }
    // "Duplicate key operation values MUST NOT be present": once, not twice.
    if verify == 1 { Ok(()) } else { Err(Skipped::Unusable) }
}

fn text(jwk: Value<'_>, name: &str) -> Result<Option<String>, Skipped> {
    match jwk.member(name).map(Value::as_str) {
        None => Ok(None),
        Some(Some(text)) => Ok(Some(text.into_owned())),
        Some(None) => Err(Skipped::Unusable),
    }
}

fn octets(jwk: Value<'_>, name: &str) -> Result<Vec<u8>, Skipped> {
    let text = text(jwk, name)?.ok_or(Skipped::Unusable)?;
    base64url::decode(text.as_bytes()).ok_or(Skipped::Unusable)
}
