//! Signatures, by the platform's WebCrypto: its native code takes a fraction of the time that WebAssembly does, and no room.
//!
//! Core settles everything before: the algorithm, the one key that fits, and the signature's form. What the platform cannot do (RSA
//! with exponents but 3 and 65537) is refused.

use std::cell::RefCell;
use std::rc::Rc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sentinel_core::jose::key::VerificationKey;
use sentinel_core::{Algorithm, Challenge, Error, ErrorCode, KeySet};
use serde_json::{Value, json};
use wasm_bindgen::JsValue;

use crate::platform::{self, settled};

/// A key set, and its keys as the platform has them.
pub(crate) struct Keyring {
    keys: KeySet,
    /// By the key's place and the algorithm; `None`: the platform does not have it.
    imported: RefCell<Vec<(Place, Option<Imported>)>>,
}

type Place = (usize, Algorithm);

#[derive(Clone)]
struct Imported {
    key: JsValue,
    parameters: JsValue,
}

impl Keyring {
    pub(crate) fn new(keys: KeySet) -> Rc<Self> {
        Rc::new(Self { keys, imported: RefCell::default() })
    }

    pub(crate) fn keys(&self) -> &KeySet {
        &self.keys
    }

    /// Whether the signature holds that one of these keys is asked about.
    ///
    /// # Errors
    /// [`ErrorCode::AlgorithmUnavailable`]; [`ErrorCode::Unavailable`] where the platform fails.
    pub(crate) async fn holds(&self, challenge: &Challenge<'_>) -> Result<bool, Error> {
        const FAILED: Error = Error::with(ErrorCode::Unavailable, "the platform's cryptography failed");
        let place = (challenge.key_index(), challenge.algorithm());
        let known = self.imported.borrow().iter().find(|(known, _)| *known == place).map(|(_, key)| key.clone());
        let key = match known {
            Some(known) => known,
            None => {
                // Core has checked the key: what the platform does not import, it cannot do.
                let imported = import(challenge.key().material(), challenge.algorithm()).await;
                self.imported.borrow_mut().push((place, imported.clone()));
                imported
            }
        };
        let Imported { key, parameters } = key.ok_or(ErrorCode::AlgorithmUnavailable)?;
        let asked = platform::verify(&parameters, &key, challenge.signature(), challenge.signing_input());
        // Only a clear yes is one.
        Ok(settled(asked.map_err(|_| FAILED)?).await.map_err(|_| FAILED)?.as_bool() == Some(true))
    }
}

/// What WebCrypto calls an algorithm, with its parameters (Web Cryptography API §20 to §31).
fn parameters(algorithm: Algorithm) -> Value {
    let hash = algorithm.as_str().get(2..).map(|bits| format!("SHA-{bits}"));
    match algorithm {
        Algorithm::Rs256 | Algorithm::Rs384 | Algorithm::Rs512 => json!({ "name": "RSASSA-PKCS1-v1_5", "hash": hash }),
        // RFC 7518 §3.5: the salt is as long as the hash.
        Algorithm::Ps256 => json!({ "name": "RSA-PSS", "hash": hash, "saltLength": 32 }),
        Algorithm::Ps384 => json!({ "name": "RSA-PSS", "hash": hash, "saltLength": 48 }),
        Algorithm::Ps512 => json!({ "name": "RSA-PSS", "hash": hash, "saltLength": 64 }),
        Algorithm::Es256 => json!({ "name": "ECDSA", "hash": hash, "namedCurve": "P-256" }),
        Algorithm::Es384 => json!({ "name": "ECDSA", "hash": hash, "namedCurve": "P-384" }),
        Algorithm::Es512 => json!({ "name": "ECDSA", "hash": hash, "namedCurve": "P-521" }),
        Algorithm::EdDsa | Algorithm::Ed25519 => json!({ "name": "Ed25519" }),
        Algorithm::Hs256 | Algorithm::Hs384 | Algorithm::Hs512 => json!({ "name": "HMAC", "hash": hash }),
    }
}

/// The key as a JWK (RFC 7518 §6, RFC 8037 §2), made of what core has checked and of nothing else.
fn jwk(key: &VerificationKey) -> Option<Value> {
    let number = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    Some(match key {
        VerificationKey::Rsa(key) => {
            json!({ "kty": "RSA", "n": number(key.modulus()), "e": number(key.exponent()) })
        }
        VerificationKey::Ec(key) => {
            json!({ "kty": "EC", "crv": key.curve().as_str(), "x": number(key.x()), "y": number(key.y()) })
        }
        VerificationKey::Ed25519(key) => json!({ "kty": "OKP", "crv": "Ed25519", "x": number(key.as_bytes()) }),
        VerificationKey::Hmac(key) => json!({ "kty": "oct", "k": number(key.secret()) }),
        _ => return None,
    })
}

async fn import(key: &VerificationKey, algorithm: Algorithm) -> Option<Imported> {
    let parameters = js_sys::JSON::parse(&parameters(algorithm).to_string()).ok()?;
    let key = settled(platform::import_key(&jwk(key)?.to_string(), &parameters).ok()?).await.ok()?;
    Some(Imported { key, parameters })
}
