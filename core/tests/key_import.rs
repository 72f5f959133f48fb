//! Which keys are taken, from PEM and from key sets. The PEM files were written by OpenSSL.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "part of tests")]

use sentinel_core::{Algorithm, ErrorCode, KeySet, Limits, SymmetricKeys};

macro_rules! pem {
    ($name:literal) => {
        include_str!(concat!("keys/", $name, ".pem"))
    };
}

const ACCEPTED: [(&str, &str, Algorithm); 5] = [
    ("rsa", pem!("rsa"), Algorithm::Ps384),
    ("p256", pem!("p256"), Algorithm::Es256),
    ("p384", pem!("p384"), Algorithm::Es384),
    ("p521", pem!("p521"), Algorithm::Es512),
    ("ed25519", pem!("ed25519"), Algorithm::Ed25519),
];

fn code(pem: &[u8]) -> Option<ErrorCode> {
    KeySet::from_pem(pem, None).err().map(|error| error.code())
}

#[test]
fn takes_every_supported_kind_of_pem() {
    for (name, pem, algorithm) in ACCEPTED {
        let keys = KeySet::from_pem(pem.as_bytes(), Some(algorithm)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let key = keys.iter().next().unwrap();
        assert_eq!((keys.len(), key.algorithm(), key.kid()), (1, Some(algorithm), None), "{name}");
        assert!(KeySet::from_pem(pem.as_bytes(), Some(Algorithm::Hs256)).is_err(), "{name}");
        assert_eq!(code(format!("\n  {}\r\n", pem.replace('\n', "\r\n")).as_bytes()), None, "{name}");
    }
}

#[test]
fn refuses_weak_private_and_unsupported_pem() {
    for (name, pem) in [
        ("RSA of 1024 bits", pem!("refused/rsa1024")),
        ("exponent 3", pem!("refused/rsa_e3")),
        ("PKCS#1", pem!("refused/rsa_pkcs1")),
        ("a private key", pem!("refused/private")),
        ("RSASSA-PSS parameters", pem!("refused/rsapss")),
        ("secp256k1", pem!("refused/secp256k1")),
        ("a compressed point", pem!("refused/p256_compressed")),
        ("explicit curve parameters", pem!("refused/p256_explicit_parameters")),
        ("Ed448", pem!("refused/ed448")),
        ("nothing", ""),
        ("no body", "-----BEGIN PUBLIC KEY----------END PUBLIC KEY-----"),
    ] {
        assert_eq!(code(pem.as_bytes()), Some(ErrorCode::KeyUnusable), "{name}");
    }
    let two = format!("{}{}", pem!("p256"), pem!("p256"));
    assert_eq!(code(two.as_bytes()), Some(ErrorCode::KeyUnusable), "two keys");
    let long = format!("{}{}", " ".repeat(9000), pem!("p256"));
    assert_eq!(code(long.as_bytes()), Some(ErrorCode::KeyUnusable), "too long");
}

/// No change of one character makes another key of the same file, beyond white space and the key's own octets.
#[test]
fn no_change_in_a_pem_is_fatal_or_lenient() {
    for (name, pem, _) in ACCEPTED {
        for at in 0..pem.len() {
            for with in [b'A', b'=', b'-', b'_', b'\n', 0, 0xff] {
                let mut changed = pem.as_bytes().to_vec();
                if changed[at] == with {
                    continue;
                }
                let was = std::mem::replace(&mut changed[at], with);
                // Only a symbol of the body may change the key; a line break may go where white space may.
                let accepted = code(&changed).is_none();
                let inside = pem[..at].contains("KEY-----\n") && !pem[..at].contains("\n-----END");
                assert!(!accepted || inside, "{name}: {at}");
                assert!(!accepted || !matches!(with, b'-' | b'_' | 0 | 0xff), "{name}: {at} {with}");
                assert!(!accepted || was != b'=', "{name}: {at} padding");
            }
        }
    }
}

fn import(jwk: &str, symmetric: SymmetricKeys) -> usize {
    let set = format!(r#"{{"keys":[{jwk}]}}"#);
    KeySet::from_jwks(set.as_bytes(), symmetric, &Limits::DEFAULT).unwrap().len()
}

const ED25519: &str = r#""kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo""#;
const P256: &str = r#""kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0""#;

#[test]
fn takes_keys_for_signatures_only() {
    for (members, accepted) in [
        ("", true),
        (r#","use":"sig""#, true),
        (r#","use":"enc""#, false),
        (r#","use":7"#, false),
        (r#","key_ops":["verify"]"#, true),
        (r#","key_ops":["sign","verify"]"#, true),
        (r#","key_ops":["sign"]"#, false),
        (r#","key_ops":[]"#, false),
        (r#","key_ops":["verify","verify"]"#, false),
        (r#","key_ops":"verify""#, false),
        (r#","alg":"EdDSA""#, true),
        (r#","alg":"Ed25519""#, true),
        (r#","alg":"ES256""#, false),
        (r#","alg":"RSA-OAEP""#, false),
        (r#","alg":null"#, false),
        (r#","kid":1"#, false),
        (r#","x5c":["not looked at"],"unknown":{}"#, true),
    ] {
        assert_eq!(
            import(&format!("{{{ED25519}{members}}}"), SymmetricKeys::Refuse),
            usize::from(accepted),
            "{members}"
        );
    }
}

#[test]
fn skips_what_it_does_not_know_beside_good_keys() {
    let mixed = format!(
        r#"{{{P256}}},{{"kty":"AKP","alg":"ML-DSA-44","pub":"AA"}},7,null,[],{{}},{{"kty":"EC","crv":"secp256k1","x":"AA","y":"AA"}},{{"kty":"oct","k":"c2VjcmV0"}},{{{ED25519}}}"#
    );
    assert_eq!(import(&mixed, SymmetricKeys::Refuse), 2);
    assert_eq!(import(&mixed, SymmetricKeys::Accept), 2, "a short secret stays out");
}

#[test]
fn refuses_malformed_numbers() {
    for jwk in [
        r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo="}"#,
        r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHUR"}"#,
        r#"{"kty":"OKP","crv":"Ed448","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
        r#"{"kty":"OKP","crv":"Ed25519","x":"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}"#,
        r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a1"}"#,
        r#"{"kty":"EC","crv":"P-384","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#,
        r#"{"kty":"RSA","n":"AQAB","e":"AQAB"}"#,
        r#"{"kty":"RSA","e":"AQAB"}"#,
    ] {
        assert_eq!(import(jwk, SymmetricKeys::Accept), 0, "{jwk}");
    }
}

#[test]
fn refuses_documents_that_are_no_key_set() {
    let limits = Limits { jwks_bytes: 4096, jwks_keys: 3, ..Limits::DEFAULT };
    let four = format!(r#"{{"keys":[{}]}}"#, ["{}"; 4].join(","));
    let long = format!(r#"{{"keys":[]{}}}"#, " ".repeat(4096));
    for document in ["", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":[],"keys":[]}"#, "null", &four, &long] {
        let error = KeySet::from_jwks(document.as_bytes(), SymmetricKeys::Accept, &limits).unwrap_err();
        assert_eq!(error.code(), ErrorCode::KeyUnusable, "{document}");
    }
}
