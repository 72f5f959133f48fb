//! Rings of real keys: what they sign is verified by core, with the published keys alone.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "part of tests")]

use sentinel_core::jose::signature::{PureRust, Ring};
use sentinel_core::{Algorithms, ErrorCode, Expected, KeySet, Limits, SymmetricKeys, Verifier};
use sentinel_keys::{KeyRecord, KeyRing, KeysError, MasterKey, NewKey, RsaBits, SigningAlgorithm, lifecycle};
use serde_json::{Value, json};

use SigningAlgorithm::{EdDsa, Es256, Rs256};

const NOW: i64 = 1_767_225_600_000;

fn claims() -> Value {
    json!({ "iss": "https://sentinel.example", "aud": "sentinel:access", "exp": NOW / 1000 + 60, "name": "Zoë \"Z\"" })
}

fn verifier(algorithms: Algorithms) -> Verifier {
    let issuer = Expected::exactly("https://sentinel.example");
    Verifier::new(issuer, Expected::exactly("sentinel:access"), algorithms).typ("JWT")
}

fn key(algorithm: SigningAlgorithm, master: &MasterKey) -> KeyRecord {
    NewKey::generate(algorithm, RsaBits::B2048, master).unwrap().into_record(NOW, NOW)
}

#[test]
fn every_algorithm_signs_what_core_verifies() {
    let master = MasterKey::generate().unwrap();
    for (algorithm, bits) in
        [(Rs256, RsaBits::B2048), (Rs256, RsaBits::B3072), (Es256, RsaBits::B2048), (EdDsa, RsaBits::B2048)]
    {
        let record = NewKey::generate(algorithm, bits, &master).unwrap().into_record(NOW, NOW);
        let ring = KeyRing::new(std::slice::from_ref(&record), &master, algorithm, NOW).unwrap();
        assert_eq!((ring.algorithm(), ring.kid()), (Some(algorithm), Some(record.kid.as_str())));
        let token = ring.sign(&claims(), "JWT").unwrap();

        let verifier = verifier(ring.algorithms());
        let verified = verifier.verify(&token, ring.key_set(), &Ring, NOW / 1000).unwrap();
        assert_eq!(verified.claims().string("name").unwrap(), "Zoë \"Z\"");
        // As another service sees it: the document, and another backend.
        let published = KeySet::from_jwks(ring.jwks().as_bytes(), SymmetricKeys::Refuse, &Limits::DEFAULT).unwrap();
        assert!(verifier.verify(&token, &published, &PureRust, NOW / 1000).is_ok(), "{algorithm}");

        let header = verifier.begin(&token, &published).unwrap();
        assert_eq!((header.key().kid(), header.algorithm()), (Some(record.kid.as_str()), algorithm.in_core()));
        let other = KeyRing::new(&[key(algorithm, &master)], &master, algorithm, NOW).unwrap();
        let refused = verifier.verify(&token, other.key_set(), &Ring, NOW / 1000).unwrap_err();
        assert_eq!(refused.code(), ErrorCode::KeyNotFound);
    }
}

#[test]
fn the_same_claims_give_the_same_token() {
    let master = MasterKey::generate().unwrap();
    for algorithm in [Rs256, EdDsa] {
        let records = [key(algorithm, &master)];
        let ring = || KeyRing::new(&records, &master, algorithm, NOW).unwrap();
        let token = ring().sign(&claims(), "JWT").unwrap();
        assert_eq!(token, ring().sign(&claims(), "JWT").unwrap(), "{algorithm}");
        assert_ne!(token, ring().sign(&claims(), "other").unwrap(), "{algorithm}: another type");
    }
}

#[test]
fn the_key_set_has_the_signing_key_first_and_nothing_private() {
    let master = MasterKey::generate().unwrap();
    let (rsa, mut ec) = (key(Rs256, &master), key(Es256, &master));
    ec.created_at += 1;
    let records = [ec.clone(), rsa.clone()];
    for (algorithm, first, second) in [(Rs256, &rsa, &ec), (Es256, &ec, &rsa)] {
        let ring = KeyRing::new(&records, &master, algorithm, NOW + 1).unwrap();
        let jwks: Value = serde_json::from_str(ring.jwks()).unwrap();
        let keys = jwks["keys"].as_array().unwrap();
        let kids: Vec<_> = keys.iter().map(|key| key["kid"].as_str().unwrap()).collect();
        assert_eq!(kids, [first.kid.as_str(), &second.kid]);
        for key in keys {
            assert_eq!((&key["use"], key["alg"].is_string()), (&"sig".into(), true));
            assert!(["d", "p", "q", "dp", "dq", "qi", "k"].iter().all(|member| key.get(member).is_none()));
        }
    }
}

#[test]
fn a_rotation_keeps_old_tokens_valid_until_they_expire() {
    let master = MasterKey::generate().unwrap();
    let (wait, life) = (600_000, 900_000);
    let new = || NewKey::generate(EdDsa, RsaBits::default(), &master).unwrap();
    let mut old = lifecycle::rotate(&[], new(), NOW, wait, life).new;
    let rotation = lifecycle::rotate(std::slice::from_ref(&old), new(), NOW, wait, life);
    old.retires_at = Some(rotation.retirements[0].retires_at);
    let records = [old, rotation.new];
    let at = |now| KeyRing::new(&records, &master, EdDsa, now).unwrap();

    let before = at(NOW + wait - 1);
    let token = before.sign(&claims(), "JWT").unwrap();
    let after = at(before.next_change().unwrap());
    assert_ne!(before.kid(), after.kid());
    let verify = |ring: &KeyRing| verifier(ring.algorithms()).verify(&token, ring.key_set(), &Ring, NOW / 1000).is_ok();
    assert!(verify(&before) && verify(&after));
    // Who has fetched the keys before the switch verifies what is signed after it.
    let young = after.sign(&claims(), "JWT").unwrap();
    assert!(verifier(before.algorithms()).verify(&young, before.key_set(), &Ring, NOW / 1000).is_ok());

    let end = after.next_change().unwrap();
    assert!(end >= NOW + wait + life);
    let retired = at(end);
    assert!(!verify(&retired));
    assert_eq!((retired.key_set().len(), retired.next_change()), (1, None));
}

#[test]
fn without_a_living_key_nothing_is_signed() {
    let master = MasterKey::generate().unwrap();
    let mut record = key(Es256, &master);
    record.retires_at = Some(NOW);
    for records in [&[record][..], &[]] {
        let ring = KeyRing::new(records, &master, Es256, NOW).unwrap();
        assert!(matches!(ring.sign(&claims(), "JWT"), Err(KeysError::NoSigningKey)));
        assert_eq!((ring.jwks(), ring.kid(), ring.algorithms()), (r#"{"keys":[]}"#, None, Algorithms::NONE));
    }
}

#[test]
fn records_that_do_not_fit_together_are_refused_by_name() {
    let master = MasterKey::generate().unwrap();
    let (one, other) = (key(Es256, &master), key(Es256, &master));
    let ring = |record: KeyRecord, master: &MasterKey| KeyRing::new(&[record], master, Es256, NOW);
    let sealed =
        |result: Result<KeyRing, KeysError>| matches!(result, Err(KeysError::KeySealed { kid }) if kid == one.kid);
    let unusable = |result: Result<KeyRing, KeysError>| matches!(result, Err(KeysError::KeyUnusable { .. }));

    assert!(sealed(ring(one.clone(), &MasterKey::generate().unwrap())), "another master key");
    // The private key of another row does not even open here.
    let mixed = KeyRecord { sealed_private: other.sealed_private.clone(), ..one.clone() };
    assert!(sealed(ring(mixed, &master)));
    let renamed = KeyRecord { kid: other.kid.clone(), ..one.clone() };
    assert!(unusable(ring(renamed, &master)));
    let public = KeyRecord { public_jwk: other.public_jwk.clone(), ..one.clone() };
    assert!(unusable(ring(public, &master)));
    let algorithm = KeyRecord { algorithm: Rs256, ..one.clone() };
    assert!(unusable(ring(algorithm, &master)));
    // The private key of another pair, sealed for this row by somebody who has the master key.
    let purpose = sentinel_keys::Purpose::SIGNING_KEY;
    let private = master.open(purpose, other.kid.as_bytes(), &other.sealed_private).unwrap();
    let sealed_private = master.seal(purpose, one.kid.as_bytes(), &private).unwrap();
    assert!(unusable(ring(KeyRecord { sealed_private, ..one.clone() }, &master)));
    let garbage = master.seal(purpose, one.kid.as_bytes(), b"no key").unwrap();
    assert!(unusable(ring(KeyRecord { sealed_private: garbage, ..one.clone() }, &master)));

    let error = ring(one.clone(), &MasterKey::generate().unwrap()).unwrap_err().to_string();
    assert!(error.contains(&one.kid), "{error}");
    assert!(ring(one, &master).is_ok());
}

#[test]
fn a_resealed_key_opens_under_the_new_master_key_alone() {
    let (old, new) = (MasterKey::generate().unwrap(), MasterKey::generate().unwrap());
    let mut record = key(EdDsa, &old);
    assert!(record.reseal(&new, &old).is_err());
    record.reseal(&old, &new).unwrap();
    assert!(KeyRing::new(std::slice::from_ref(&record), &new, EdDsa, NOW).is_ok());
    assert!(KeyRing::new(&[record], &old, EdDsa, NOW).is_err());
}

#[test]
fn nothing_private_is_shown() {
    let master = MasterKey::generate().unwrap();
    let record = key(EdDsa, &master);
    let shown = format!("{record:?} {:?}", KeyRing::new(std::slice::from_ref(&record), &master, EdDsa, NOW).unwrap());
    assert!(!shown.contains("sealed") && shown.contains(&record.kid), "{shown}");
}

#[test]
fn claims_that_are_no_json_are_an_error() {
    let master = MasterKey::generate().unwrap();
    let ring = KeyRing::new(&[key(EdDsa, &master)], &master, EdDsa, NOW).unwrap();
    let not_json = std::collections::HashMap::from([((1, 2), 3)]);
    assert!(matches!(ring.sign(&not_json, "JWT"), Err(KeysError::Claims(_))));
}
