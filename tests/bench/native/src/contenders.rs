//! Who takes part, each with its own key type made once.

use std::collections::HashSet;
use std::error::Error;
use std::hint::black_box;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use jwt_simple::prelude::{
    Duration, ECDSAP256PublicKeyLike, EdDSAPublicKeyLike, MACLike, NoCustomClaims, RSAPublicKeyLike,
    VerificationOptions,
};
use ring::{hmac, signature};
use sentinel_core::jose::signature::{PureRust, Ring, SignatureBackend};
use sentinel_core::{
    Algorithm, Algorithms, Expected, KeySet, Limits, SymmetricKeys, TokenCache, VerifiedToken, Verifier,
};
use serde::Deserialize;

use crate::Data;

type Answer = Result<(), Box<dyn Error>>;

/// Whether this signature over this input holds.
type Holds = dyn Fn(&[u8], &[u8]) -> bool;

pub struct Contender<'a> {
    pub name: &'static str,
    pub verify: Box<dyn FnMut(&str) -> Answer + 'a>,
}

fn contender<'a>(name: &'static str, verify: impl FnMut(&str) -> Answer + 'a) -> Contender<'a> {
    Contender { name, verify: Box::new(verify) }
}

pub fn all(data: &Data) -> Result<Vec<Contender<'_>>, Box<dyn Error>> {
    let (ring, pure) = (Sentinel::new(data)?, Sentinel::new(data)?);
    Ok(vec![
        contender("sentinel-core (ring)", move |token| taken(&ring.verify(token)?)),
        contender("sentinel-core (pure Rust)", move |token| taken(&pure.verify_by(token, &PureRust)?)),
        raw_ring(data)?,
        jsonwebtoken(data)?,
        jwt_simple(data)?,
    ])
}

pub fn caching(data: &Data) -> Result<Vec<Contender<'_>>, Box<dyn Error>> {
    let sentinel = Sentinel::new(data)?;
    let mut cache = TokenCache::new(1_000, [3, 5]);
    Ok(vec![contender("sentinel-core (cache)", move |token| {
        if let Some(recalled) = cache.recall(token.as_bytes(), &sentinel.verifier, now()) {
            return taken(recalled?.token);
        }
        let verified = sentinel.verify(token)?;
        taken(&verified)?;
        cache.insert(token, verified);
        Ok(())
    })])
}

fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64)
}

pub struct Sentinel {
    verifier: Verifier,
    keys: KeySet,
}

impl Sentinel {
    pub fn new(data: &Data) -> Result<Self, Box<dyn Error>> {
        let algorithm = Algorithm::ALL.into_iter().find(|one| one.as_str() == data.alg).ok_or("no such algorithm")?;
        let document = serde_json::to_vec(&serde_json::json!({ "keys": [data.jwk] }))?;
        let symmetric = if data.alg == "HS256" { SymmetricKeys::Accept } else { SymmetricKeys::Refuse };
        Ok(Self {
            verifier: Verifier::new(
                Expected::exactly(&data.issuer),
                Expected::exactly(&data.audience),
                Algorithms::of(&[algorithm]),
            ),
            keys: KeySet::from_jwks(&document, symmetric, &Limits::DEFAULT)?,
        })
    }

    pub fn verify(&self, token: &str) -> Result<VerifiedToken, sentinel_core::Error> {
        self.verify_by(token, &Ring)
    }

    fn verify_by(&self, token: &str, backend: &impl SignatureBackend) -> Result<VerifiedToken, sentinel_core::Error> {
        self.verifier.verify(token, &self.keys, backend, now())
    }
}

fn taken(token: &VerifiedToken) -> Answer {
    let claims = token.claims();
    black_box((claims.subject().ok_or("no sub")?, claims.expires_at().ok_or("no exp")?));
    Ok(())
}

/// The floor: the signature alone, its parts decoded beforehand.
fn raw_ring(data: &Data) -> Result<Contender<'_>, Box<dyn Error>> {
    let prepared: std::collections::HashMap<&str, (&str, Vec<u8>)> = data
        .tokens
        .iter()
        .map(|token| {
            let (input, encoded) = token.rsplit_once('.').ok_or("no signature")?;
            Ok((token.as_str(), (input, BASE64_URL_SAFE_NO_PAD.decode(encoded)?)))
        })
        .collect::<Result<_, Box<dyn Error>>>()?;
    let part = |name: &str| BASE64_URL_SAFE_NO_PAD.decode(data.jwk[name].as_str().unwrap_or_default());
    let holds: Box<Holds> = match data.alg.as_str() {
        "RS256" => {
            let key = signature::RsaPublicKeyComponents { n: part("n")?, e: part("e")? };
            Box::new(move |input, sig| key.verify(&signature::RSA_PKCS1_2048_8192_SHA256, input, sig).is_ok())
        }
        "ES256" => {
            let point = [vec![4], part("x")?, part("y")?].concat();
            let key = signature::UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, point);
            Box::new(move |input, sig| key.verify(input, sig).is_ok())
        }
        "EdDSA" => {
            let key = signature::UnparsedPublicKey::new(&signature::ED25519, part("x")?);
            Box::new(move |input, sig| key.verify(input, sig).is_ok())
        }
        _ => {
            let key = hmac::Key::new(hmac::HMAC_SHA256, &part("k")?);
            Box::new(move |input, sig| hmac::verify(&key, input, sig).is_ok())
        }
    };
    Ok(contender("ring, raw", move |token| {
        let (input, sig) = prepared.get(token).ok_or("unknown token")?;
        if holds(input.as_bytes(), sig) { Ok(()) } else { Err("the signature does not hold".into()) }
    }))
}

fn jsonwebtoken(data: &Data) -> Result<Contender<'_>, Box<dyn Error>> {
    use jsonwebtoken::{DecodingKey, Validation, decode};

    #[derive(Deserialize)]
    struct Claims {
        sub: String,
        exp: i64,
    }

    let pem = data.pem.as_deref().unwrap_or_default().as_bytes();
    let (algorithm, key) = match data.alg.as_str() {
        "RS256" => (jsonwebtoken::Algorithm::RS256, DecodingKey::from_rsa_pem(pem)?),
        "ES256" => (jsonwebtoken::Algorithm::ES256, DecodingKey::from_ec_pem(pem)?),
        "EdDSA" => (jsonwebtoken::Algorithm::EdDSA, DecodingKey::from_ed_pem(pem)?),
        _ => (jsonwebtoken::Algorithm::HS256, DecodingKey::from_secret(&secret(data)?)),
    };
    let mut validation = Validation::new(algorithm);
    validation.set_issuer(&[&data.issuer]);
    validation.set_audience(&[&data.audience]);
    validation.leeway = 0;
    Ok(contender("jsonwebtoken (aws-lc)", move |token| {
        let decoded = decode::<Claims>(token, &key, &validation)?;
        black_box((decoded.claims.sub, decoded.claims.exp));
        Ok(())
    }))
}

fn jwt_simple(data: &Data) -> Result<Contender<'_>, Box<dyn Error>> {
    use jwt_simple::prelude::{ES256PublicKey, Ed25519PublicKey, HS256Key, RS256PublicKey};

    let options = VerificationOptions {
        allowed_issuers: Some(HashSet::from([data.issuer.clone()])),
        allowed_audiences: Some(HashSet::from([data.audience.clone()])),
        time_tolerance: Some(Duration::from_secs(0)),
        ..Default::default()
    };
    let pem = data.pem.as_deref().unwrap_or_default();
    macro_rules! by {
        ($key:expr) => {{
            let key = $key;
            contender("jwt-simple (pure Rust)", move |token| {
                let claims = key.verify_token::<NoCustomClaims>(token, Some(options.clone()))?;
                black_box((claims.subject.ok_or("no sub")?, claims.expires_at.ok_or("no exp")?));
                Ok(())
            })
        }};
    }
    Ok(match data.alg.as_str() {
        "RS256" => by!(RS256PublicKey::from_pem(pem)?),
        "ES256" => by!(ES256PublicKey::from_pem(pem)?),
        "EdDSA" => by!(Ed25519PublicKey::from_pem(pem)?),
        _ => by!(HS256Key::from_bytes(&secret(data)?)),
    })
}

fn secret(data: &Data) -> Result<Vec<u8>, Box<dyn Error>> {
    Ok(BASE64_URL_SAFE_NO_PAD.decode(data.jwk["k"].as_str().ok_or("no secret")?)?)
}
