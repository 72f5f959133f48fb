//! `sentinel keys generate`, the real program: every key it makes signs tokens that `sentinel verify` accepts.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "part of tests")]

mod support;

use jwt_simple::prelude::*;
use std::os::unix::fs::PermissionsExt;
use support::{Folder, encode};

fn claims() -> JWTClaims<NoCustomClaims> {
    Claims::create(Duration::from_secs(60)).with_issuer("i").with_audience("a")
}

/// ES512, which the signer of the other tests lacks.
fn es512(pem: &str, kid: &str) -> String {
    use p521::ecdsa::{Signature, SigningKey, signature::Signer};
    use p521::elliptic_curve::pkcs8::DecodePrivateKey;
    let key = SigningKey::from(p521::SecretKey::from_pkcs8_pem(pem).unwrap());
    let header = serde_json::json!({ "alg": "ES512", "kid": kid }).to_string();
    let input = format!("{}.{}", encode(header), encode(serde_json::to_string(&claims()).unwrap()));
    let signature: Signature = key.sign(input.as_bytes());
    format!("{input}.{}", encode(signature.to_bytes()))
}

fn sign(alg: &str, pem: &str, kid: &str) -> String {
    match alg {
        "RS256" => RS256KeyPair::from_pem(pem).unwrap().with_key_id(kid).sign(claims()),
        "RS512" => RS512KeyPair::from_pem(pem).unwrap().with_key_id(kid).sign(claims()),
        "PS256" => PS256KeyPair::from_pem(pem).unwrap().with_key_id(kid).sign(claims()),
        "ES256" => ES256KeyPair::from_pem(pem).unwrap().with_key_id(kid).sign(claims()),
        "ES384" => ES384KeyPair::from_pem(pem).unwrap().with_key_id(kid).sign(claims()),
        "ES512" => return es512(pem, kid),
        _ => Ed25519KeyPair::from_pem(pem).unwrap().with_key_id(kid).sign(claims()),
    }
    .unwrap()
}

fn mode(folder: &Folder, name: &str) -> u32 {
    std::fs::metadata(folder.path(name)).unwrap().permissions().mode() & 0o777
}

#[test]
fn every_key_signs_what_verify_accepts() {
    for alg in ["RS256", "RS512", "PS256", "ES256", "ES384", "ES512", "EdDSA"] {
        let folder = Folder::new();
        let run = folder.run(&format!("keys generate --alg {alg} --out key.pem --public-pem public.pem"), "");
        assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{alg}: {}", run.stdout);
        let answer = run.json();
        let kid = answer["kid"].as_str().unwrap();
        assert_eq!((&answer["alg"], &answer["jwks"]), (&alg.into(), &"key.jwks.json".into()), "{}", run.stdout);
        assert_eq!(mode(&folder, "key.pem"), 0o600, "{alg}");

        let jwks: serde_json::Value = serde_json::from_str(&folder.read("key.jwks.json")).unwrap();
        let key = &jwks["keys"][0];
        assert_eq!((&key["kid"], &key["alg"], &key["use"]), (&kid.into(), &alg.into(), &"sig".into()));
        for secret in ["d", "p", "q", "dp", "dq", "qi", "k"] {
            assert!(key.get(secret).is_none(), "{alg}: {secret} in the public key set");
        }
        let token = sign(alg, &folder.read("key.pem"), kid);
        for keys in ["--jwks key.jwks.json", "--pem public.pem"] {
            let run = folder.run(&format!("verify {keys} --issuer i --audience a"), &token);
            assert_eq!(run.status, 0, "{alg} {keys}: {}", run.stdout);
        }
        let other = folder.run(&format!("keys generate --alg {alg} --out other.pem"), "");
        let refused = folder.run("verify --jwks other.jwks.json --issuer i --audience a", &token);
        assert_eq!((other.status, refused.status, refused.code().as_str()), (0, 1, "key_not_found"), "{alg}");
    }
}

#[test]
fn a_private_jwk_has_the_same_id_and_its_secret_members() {
    for (alg, members) in [("RS256", &["d", "p", "q", "dp", "dq", "qi"][..]), ("ES512", &["d"]), ("Ed25519", &["d"])] {
        let folder = Folder::new();
        let run = folder.run(&format!("keys generate --alg {alg} --out key.jwk --format jwk"), "");
        assert_eq!(run.status, 0, "{alg}: {}", run.stdout);
        let jwk: serde_json::Value = serde_json::from_str(&folder.read("key.jwk")).unwrap();
        assert_eq!((&jwk["kid"], mode(&folder, "key.jwk")), (&run.json()["kid"], 0o600), "{alg}");
        assert!(members.iter().all(|member| jwk[member].is_string()), "{alg}: {members:?}");
    }
}

#[test]
fn secrets_are_as_long_as_their_hash() {
    for (alg, octets) in [("HS256", 32), ("HS384", 48), ("HS512", 64)] {
        let folder = Folder::new();
        let run = folder.run(&format!("keys generate --alg {alg} --out secret"), "");
        assert_eq!((run.status, mode(&folder, "secret")), (0, 0o600), "{alg}: {}", run.stdout);
        let secret = folder.read("secret");
        assert_eq!(secret.trim_end().len(), (octets * 4_usize).div_ceil(3), "{alg}: base64url without padding");
        assert!(!folder.path("secret.jwks.json").exists(), "a shared secret has no public half");
    }
}

#[test]
fn nothing_is_overwritten_and_nothing_half_done_is_left() {
    for (existing, alg) in
        [("key.pem", "ES256"), ("key.jwks.json", "ES256"), ("public.pem", "ES256"), ("key.pem", "HS256")]
    {
        let folder = Folder::new();
        folder.write(existing, "precious");
        let public = if alg == "HS256" { "" } else { "--public-pem public.pem" };
        let run = folder.run(&format!("keys generate --alg {alg} --out key.pem {public}"), "");
        assert_eq!((run.status, run.code().as_str()), (3, "unavailable"), "{existing}: {}", run.stdout);
        assert_eq!(folder.read(existing), "precious");
        for name in ["key.pem", "key.jwks.json", "public.pem"] {
            assert_eq!(folder.path(name).exists(), name == existing, "{name} beside {existing}");
        }
    }
    let run = Folder::new().run("keys generate --alg ES256 --out absent/key.pem", "");
    assert_eq!(run.status, 3, "{}", run.stdout);
}

#[test]
fn wrong_usage_is_status_2() {
    for arguments in [
        "keys generate --out k",
        "keys generate --alg ES256",
        "keys generate --alg none --out k",
        "keys generate --alg RS256 --bits 1024 --out k",
        "keys generate --alg HS256 --format jwk --out k",
        "keys generate --alg HS256 --public-pem p --out k",
    ] {
        let folder = Folder::new();
        let run = folder.run(arguments, "");
        assert_eq!((run.status, run.stdout.as_str()), (2, ""), "{arguments}: {}", run.stderr);
        assert!(!folder.path("k").exists());
    }
}
