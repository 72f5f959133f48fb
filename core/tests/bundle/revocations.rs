//! What was revoked is always found; what is not known in time is not let through.

use crate::bundles::{ISSUER, NOW, draft, keys, sealed, sign, verifier, workspace};
use sentinel_core::bundle::{Digest, Draft, Kind, Known, RevocationBundle, RevocationList, Revoked, revocations};
use sentinel_core::jose::signature::PureRust;
use sentinel_core::{Algorithm, Algorithms, Error, ErrorCode, Expected, VerifiedToken, Verifier};
use serde_json::{Value, json};

fn token(claims: &Value) -> VerifiedToken {
    let token = sign(r#"{"alg":"HS256"}"#, &claims.to_string());
    let verifier = Verifier::new(Expected::any(), Expected::any(), Algorithms::of(&[Algorithm::Hs256]));
    verifier.verify(&token, &keys(), &PureRust, NOW).unwrap()
}

fn claims() -> Value {
    json!({ "iss": ISSUER, "sub": "u1", "wid": "w1", "sid": "s1", "jti": "t1", "iat": NOW - 60, "exp": NOW + 60 })
}

fn published(file: &[u8]) -> Result<RevocationBundle, Error> {
    published_after(file, None)
}

fn published_after(file: &[u8], known: Option<&Known>) -> Result<RevocationBundle, Error> {
    let (verifier, keys) = (verifier(workspace()), keys());
    RevocationBundle::load(&verifier.verify(file, &keys, &PureRust, NOW)?, known)
}

fn full(revision: u64, revoked: &[Revoked<'_>]) -> Vec<u8> {
    let body = revocations(&RevocationList::new(b"salt", revoked));
    sealed(&draft(workspace(), revision).full(Kind::Revocations, &body, None, None), &body)
}

#[test]
fn each_kind() {
    let of = |one: Revoked<'_>, claims: &Value| {
        let bundle = published(&full(1, &[one, Revoked::Token("another")])).unwrap();
        bundle.check(token(claims).claims(), NOW).err().map(|error| error.code())
    };
    let (revoked, missing) = (Some(ErrorCode::TokenRevoked), Some(ErrorCode::ClaimMissing));
    for (one, expected) in [
        (Revoked::Token("t1"), revoked),
        (Revoked::Token("T1"), None),
        (Revoked::Token("s1"), None),
        (Revoked::Session("s1"), revoked),
        (Revoked::Session("t1"), None),
        (Revoked::User("u1", NOW - 59), revoked),
        (Revoked::User("u1", NOW - 60), None),
        (Revoked::User("u2", NOW), None),
        (Revoked::Member("u1", "w1", NOW), revoked),
        (Revoked::Member("u1", "w2", NOW), None),
        (Revoked::Member("u1w", "1", NOW), None),
        (Revoked::Workspace("w1", NOW), revoked),
        (Revoked::Workspace("w2", NOW), None),
        (Revoked::All(NOW), revoked),
        (Revoked::All(NOW - 60), None),
        (Revoked::All(-5), None),
    ] {
        assert_eq!(of(one, &claims()), expected, "{one:?}");
    }
    // What cannot be judged is refused.
    let without = |name: &str| {
        let mut claims = claims();
        claims.as_object_mut().unwrap().remove(name);
        claims
    };
    assert_eq!(of(Revoked::Token("t2"), &without("jti")), missing);
    assert_eq!(of(Revoked::User("u1", NOW), &without("iat")), missing);
    assert_eq!(of(Revoked::User("u2", NOW), &without("iat")), None);
    // Of two times the later counts.
    let bundle = published(&full(1, &[Revoked::User("u1", NOW), Revoked::User("u1", 5)])).unwrap();
    assert!(bundle.check(token(&claims()).claims(), NOW).is_err());
}

#[test]
fn none_is_ever_missed() {
    let names: Vec<String> = (0..20_000).map(|number| format!("token-{number}")).collect();
    let all: Vec<Revoked<'_>> = names.iter().map(|name| Revoked::Token(name)).collect();
    let body = revocations(&RevocationList::new(b"salt", &all));
    let file = sealed(&draft(workspace(), 1).full(Kind::Revocations, &body, None, None), &body);
    published(&file).unwrap();
    let list = RevocationList::new(b"salt", &all);
    assert!(names.iter().all(|name| list.is_token_revoked(name)));
    // By accident one of 2^48 / 20000 others; here none is.
    assert!((0..100_000).all(|number| !list.is_token_revoked(&format!("other-{number}"))));
    // 48 bits less the 14 that their order tells.
    assert!(body.len() < 20_000 * 6, "{} bytes", body.len());
    // Another salt, other hashes: an accident does not last.
    assert_ne!(body[10..], revocations(&RevocationList::new(b"tlas", &all))[10..]);
}

#[test]
fn more_of_them_and_their_end() {
    let mut bundle = published(&full(3, &[Revoked::Token("t7")])).unwrap();
    let claims = token(&claims());
    let check =
        |bundle: &RevocationBundle, now: i64| bundle.check(claims.claims(), now).err().map(|error| error.code());
    assert_eq!(check(&bundle, NOW), None);
    // Past its end nobody knows what was revoked since.
    assert_eq!(check(&bundle, NOW + 299), None);
    assert_eq!(check(&bundle, NOW + 300), Some(ErrorCode::BundleStale));

    let more = revocations(&RevocationList::new(b"", &[Revoked::Token("t1")]));
    let apply = |bundle: &mut RevocationBundle, draft: Draft, from: (u64, Digest)| {
        let file = sealed(&draft.following(Kind::Revocations, &more, from, None), &more);
        let (verifier, keys) = (verifier(workspace()), keys());
        bundle.apply(&verifier.verify(&file, &keys, &PureRust, NOW).unwrap()).err().map(|error| error.code())
    };
    let stale = Some(ErrorCode::BundleStale);
    let state = bundle.known().state;
    assert_eq!(apply(&mut bundle, draft(workspace(), 5), (4, state)), stale, "a gap");
    assert_eq!(apply(&mut bundle, draft(workspace(), 4), (3, Digest([0; 32]))), stale, "another state");
    assert_eq!(check(&bundle, NOW), None);
    assert_eq!(apply(&mut bundle, draft(workspace(), 4), (3, state)), None);
    assert_eq!(check(&bundle, NOW), Some(ErrorCode::TokenRevoked));
    // What was known before still is.
    let known = bundle.known();
    assert_eq!(known.revision, 4);
    assert_eq!(published_after(&full(3, &[]), Some(&known)).unwrap_err().code(), ErrorCode::BundleStale);
    assert!(published_after(&full(5, &[]), Some(&known)).is_ok());
    // Not without end: then a full list is due.
    let mut applied = 1;
    loop {
        let from = (bundle.known().revision, bundle.known().state);
        if apply(&mut bundle, draft(workspace(), known.revision + applied), from).is_some() {
            break;
        }
        applied += 1;
        assert!(applied < 100);
    }
    assert_eq!(applied, 63);
    // More of them is no full list, and neither is a snapshot.
    let from = sealed(&draft(workspace(), 4).following(Kind::Revocations, &more, (3, state), None), &more);
    assert_eq!(published(&from).unwrap_err().code(), ErrorCode::BundleInvalid);
}
