//! The verifier's promise is an order: what must not be looked at before something else held, is not.

#![cfg(feature = "pure")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "part of tests")]

use sentinel_core::jose::signature::{PureRust, SignatureBackend};
use sentinel_core::{Algorithm, Algorithms, ErrorCode, Expected, KeySet, Limits, SymmetricKeys, Verifier};

const SECRET: &[u8] = b"a secret of more than sixty-four octets, so that it serves every HMAC there is";
const NOW: i64 = 1_800_000_000;

fn base64url(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let bits = bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect::<Vec<_>>();
    bits.chunks(6)
        .map(|six| {
            ALPHABET[six.iter().chain([0; 6].iter()).take(6).fold(0, |n, bit| n << 1 | usize::from(*bit))] as char
        })
        .collect()
}

/// A token signed with HMAC over any header and payload.
fn sign(header: &str, payload: &[u8]) -> String {
    use hmac::{KeyInit, Mac};
    let input = format!("{}.{}", base64url(header.as_bytes()), base64url(payload));
    let mut mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(SECRET).unwrap();
    mac.update(input.as_bytes());
    format!("{input}.{}", base64url(&mac.finalize().into_bytes()))
}

fn verifier() -> Verifier {
    Verifier::new(Expected::exactly("joe"), Expected::exactly("me"), Algorithms::of(&[Algorithm::Hs256]))
}

fn keys() -> KeySet {
    KeySet::from_secret(SECRET, Algorithm::Hs256).unwrap()
}

fn code(verifier: &Verifier, token: &str) -> Option<ErrorCode> {
    verifier.verify(token, &keys(), &PureRust, NOW).err().map(|error| error.code())
}

/// A backend that must never be asked.
struct Untouched;

impl SignatureBackend for Untouched {
    fn supports(&self, _: Algorithm) -> bool {
        true
    }

    fn verify(&self, _: Algorithm, _: &sentinel_core::jose::key::VerificationKey, _: &[u8], _: &[u8]) -> bool {
        panic!("a token that is refused before its signature asked for a signature check")
    }
}

#[test]
fn accepts_and_shows_the_claims() {
    let token = sign(r#"{"alg":"HS256","typ":"JWT"}"#, br#"{"iss":"joe","aud":["x","me"],"exp":1800000001,"sub":"s"}"#);
    let verified = verifier().verify(&token, &keys(), &PureRust, NOW).unwrap();
    assert_eq!(verified.claims().subject().unwrap(), "s");
    assert_eq!(verified.header().algorithm(), Some(Algorithm::Hs256));
    assert_eq!(verified.claims().audience().collect::<Vec<_>>(), ["x", "me"]);
    assert!(!format!("{verified:?}").contains("joe"), "claims must not reach a log");
    assert_eq!(verifier().recheck(&verified, NOW + 1).unwrap_err().code(), ErrorCode::TokenExpired);
    assert!(verifier().recheck(&verified, NOW).is_ok());
}

#[test]
fn the_payload_is_not_read_before_the_signature_holds() {
    let mut token = sign(r#"{"alg":"HS256"}"#, b"{ not JSON");
    assert_eq!(code(&verifier(), &token), Some(ErrorCode::TokenMalformed));
    let last = token.pop().unwrap();
    token.push(if last == 'A' { 'E' } else { 'A' });
    assert_eq!(code(&verifier(), &token), Some(ErrorCode::SignatureInvalid));
}

#[test]
fn a_signature_is_not_checked_for_what_is_refused_anyway() {
    let claims = br#"{"iss":"joe","aud":"me","exp":1800000001}"#;
    let refused = [
        (sign(r#"{"alg":"none"}"#, claims), ErrorCode::AlgorithmNotAllowed),
        (sign(r#"{"alg":"RS256"}"#, claims), ErrorCode::AlgorithmNotAllowed),
        (sign(r#"{"alg":"hs256"}"#, claims), ErrorCode::AlgorithmNotAllowed),
        (sign(r#"{"alg":"HS256","crit":["exp"],"exp":1}"#, claims), ErrorCode::CriticalHeader),
        (sign(r#"{"alg":"HS256","crit":[]}"#, claims), ErrorCode::CriticalHeader),
        (sign(r#"{"alg":"HS256","b64":false}"#, claims), ErrorCode::CriticalHeader),
        (sign(r#"{"alg":"HS256","zip":"DEF"}"#, claims), ErrorCode::TokenMalformed),
        (sign(r#"{"alg":"HS256","alg":"HS256"}"#, claims), ErrorCode::TokenMalformed),
        (sign(r#"{"alg":["HS256"]}"#, claims), ErrorCode::TokenMalformed),
        (sign(r#"{"typ":"JWT"}"#, claims), ErrorCode::TokenMalformed),
        (format!("{}.x", sign(r#"{"alg":"HS256"}"#, claims)), ErrorCode::TokenMalformed),
        (".".repeat(1_000_000), ErrorCode::TokenTooLarge),
        (".".repeat(10_000), ErrorCode::TokenMalformed),
        (String::new(), ErrorCode::TokenMalformed),
        ("ä.ä.ä".into(), ErrorCode::TokenMalformed),
        (format!("{} ", sign(r#"{"alg":"HS256"}"#, claims)), ErrorCode::TokenMalformed),
    ];
    for (token, expected) in refused {
        let keys = keys();
        let error = verifier().verify(&token, &keys, &Untouched, NOW).unwrap_err();
        assert_eq!(error.code(), expected, "{}", token.chars().take(60).collect::<String>());
    }
}

#[test]
fn a_key_is_chosen_only_when_there_is_no_choice() {
    let k = base64url(SECRET);
    let verify = |jwks: String, symmetric, header: &str| {
        let keys = KeySet::from_jwks(jwks.as_bytes(), symmetric, &Limits::DEFAULT).unwrap();
        let token = sign(header, br#"{"iss":"joe","aud":"me","exp":1800000001}"#);
        verifier().verify(&token, &keys, &PureRust, NOW).err().map(|error| error.code())
    };
    let one = format!(r#"{{"keys":[{{"kty":"oct","kid":"1","k":"{k}"}}]}}"#);
    let two = format!(r#"{{"keys":[{{"kty":"oct","kid":"1","k":"{k}"}},{{"kty":"oct","kid":"2","k":"{k}"}}]}}"#);
    let unnamed = format!(r#"{{"keys":[{{"kty":"oct","k":"{k}"}}]}}"#);
    let encryption = format!(r#"{{"keys":[{{"kty":"oct","use":"enc","kid":"1","k":"{k}"}}]}}"#);
    let other = format!(r#"{{"keys":[{{"kty":"oct","alg":"HS512","kid":"1","k":"{k}"}}]}}"#);
    let plain = r#"{"alg":"HS256"}"#;
    let named = r#"{"alg":"HS256","kid":"1"}"#;
    use SymmetricKeys::{Accept, Refuse};
    assert_eq!(verify(one.clone(), Accept, plain), None);
    assert_eq!(verify(one.clone(), Accept, named), None);
    assert_eq!(verify(two.clone(), Accept, named), None);
    assert_eq!(verify(unnamed.clone(), Accept, plain), None);
    assert_eq!(verify(one, Refuse, named), Some(ErrorCode::KeyNotFound));
    assert_eq!(verify(two, Accept, plain), Some(ErrorCode::KeyAmbiguous));
    assert_eq!(verify(unnamed, Accept, named), Some(ErrorCode::KeyNotFound));
    assert_eq!(verify(encryption, Accept, named), Some(ErrorCode::KeyUnusable));
    assert_eq!(verify(other, Accept, named), Some(ErrorCode::KeyUnusable));
    assert_eq!(verify(r#"{"keys":[]}"#.into(), Accept, named), Some(ErrorCode::KeyNotFound));
}

#[test]
fn a_public_keys_text_is_no_secret() {
    for text in
        ["-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A", "\n ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAB"]
    {
        let error = KeySet::from_secret(text.as_bytes(), Algorithm::Hs256).unwrap_err();
        assert_eq!(error.code(), ErrorCode::KeyUnusable);
    }
}

#[test]
fn time_is_compared_exactly() {
    let at = |claims: &str, verifier: Verifier, now: i64| {
        let token = sign(r#"{"alg":"HS256"}"#, format!(r#"{{"iss":"joe","aud":"me",{claims}}}"#).as_bytes());
        verifier.verify(&token, &keys(), &PureRust, now).err().map(|error| error.code())
    };
    use ErrorCode::{ClaimInvalid, ClaimMissing, TokenExpired, TokenNotYetValid};
    let lenient = || verifier().leeway(10).unwrap();
    assert_eq!(at(r#""exp":100"#, verifier(), 99), None);
    assert_eq!(at(r#""exp":100"#, verifier(), 100), Some(TokenExpired));
    assert_eq!(at(r#""exp":100.5"#, verifier(), 100), None);
    assert_eq!(at(r#""exp":100.5"#, verifier(), 101), Some(TokenExpired));
    assert_eq!(at(r#""exp":100"#, lenient(), 109), None);
    assert_eq!(at(r#""exp":100"#, lenient(), 110), Some(TokenExpired));
    assert_eq!(at(r#""exp":1e300"#, verifier(), i64::MAX - 1), None);
    assert_eq!(at(r#""exp":"100""#, verifier(), 1), Some(ClaimInvalid));
    assert_eq!(at(r#""exp":1e400"#, verifier(), 1), Some(ClaimInvalid));
    assert_eq!(at(r#""x":1"#, verifier(), 1), Some(ClaimMissing));
    assert_eq!(at(r#""x":1"#, verifier().required::<&str>([]), 1), None);
    assert_eq!(at(r#""exp":200,"nbf":100.5"#, verifier(), 100), Some(TokenNotYetValid));
    assert_eq!(at(r#""exp":200,"nbf":100.5"#, verifier(), 101), None);
    assert_eq!(at(r#""exp":200,"nbf":110"#, lenient(), 100), None);
    assert_eq!(at(r#""exp":200,"nbf":111"#, lenient(), 100), Some(TokenNotYetValid));
    assert_eq!(at(r#""exp":200,"iat":100"#, verifier().max_age(10), 110), None);
    assert_eq!(at(r#""exp":200,"iat":100"#, verifier().max_age(10), 111), Some(TokenExpired));
    assert_eq!(at(r#""exp":200,"iat":112"#, verifier().max_age(10), 111), Some(TokenNotYetValid));
    assert_eq!(at(r#""exp":200"#, verifier().max_age(10), 111), Some(ClaimMissing));
    assert_eq!(at(r#""exp":200,"iat":500"#, verifier(), 111), None);
    assert!(verifier().leeway(301).is_err());
}
