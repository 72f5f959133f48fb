//! A gateway's proof: good for one request, for half a minute, from whoever holds the secret.

#![cfg(feature = "pure")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests are tests")]

use sentinel_core::gateway::{Forwarded, Gateway, TYPE};
use sentinel_core::jose::signature::PureRust;
use sentinel_core::{Algorithm, Error, ErrorCode, Identity, KeySet, Text};
use serde_json::{Value, json};

#[path = "support/hs256.rs"]
mod hs256;

const SECRET: &[u8] = b"what the gateway and the service share";
const NOW: i64 = 1_800_000_000;
const REQUEST: Forwarded<'static> = Forwarded { method: "POST", target: "/notes?draft=1" };

fn header() -> Value {
    json!({ "alg": "HS256", "typ": TYPE })
}

fn claims() -> Value {
    json!({
        "iss": "edge", "aud": "notes", "iat": NOW, "exp": NOW + 30, "htm": "POST", "htu": "/notes?draft=1",
        "sub": "u1", "token_iss": "https://id.example", "token_jti": "t1", "token_iat": NOW - 100, "email": "ada@example.com", "wid": "w1",
        "wroles": ["editor"], "groups": ["g1"], "actions": ["notes:export"],
    })
}

fn with(mut value: Value, name: &str, new: Value) -> Value {
    value[name] = new;
    value
}

fn without(mut value: Value, name: &str) -> Value {
    value.as_object_mut().unwrap().remove(name);
    value
}

fn ask(header: &Value, claims: &Value, request: &Forwarded<'_>, now: i64) -> Result<Option<Identity>, Error> {
    let keys = KeySet::from_secret(SECRET, Algorithm::Hs256).unwrap();
    let proof = hs256::sign(SECRET, header, claims);
    Gateway::new("edge", "notes").verify(&proof, &keys, &PureRust, request, now).map(|proven| proven.identity)
}

#[test]
fn says_who_asks() {
    let identity = ask(&header(), &claims(), &REQUEST, NOW).unwrap().unwrap();
    assert_eq!((identity.user_id(), identity.role(), identity.workspace_id()), ("u1", Some("editor"), Some("w1")));
    assert_eq!(identity.text(Text::Issuer), Some("https://id.example"), "not the gateway's own");
    assert_eq!(identity.jwt_id(), Some("t1"));
    assert_eq!(identity.issued_at().map(|at| at.seconds()), Some(NOW - 100), "the token's, for revocations");
    assert_eq!(identity.groups().collect::<Vec<_>>(), ["g1"]);
    assert_eq!(identity.actions().collect::<Vec<_>>(), ["notes:export"]);
    assert_eq!(ask(&header(), &without(claims(), "sub"), &REQUEST, NOW), Ok(None));
}

#[test]
fn is_good_for_nothing_else() {
    for (name, header, claims, request, now, code) in [
        ("a token of users", json!({ "alg": "HS256", "typ": "JWT" }), claims(), REQUEST, NOW, ErrorCode::TypeMismatch),
        ("no typ", json!({ "alg": "HS256" }), claims(), REQUEST, NOW, ErrorCode::TypeMismatch),
        (
            "another algorithm",
            json!({ "alg": "HS512", "typ": TYPE }),
            claims(),
            REQUEST,
            NOW,
            ErrorCode::AlgorithmNotAllowed,
        ),
        ("unsigned", json!({ "alg": "none", "typ": TYPE }), claims(), REQUEST, NOW, ErrorCode::AlgorithmNotAllowed),
        ("another gateway", header(), with(claims(), "iss", json!("other")), REQUEST, NOW, ErrorCode::IssuerMismatch),
        ("another service", header(), with(claims(), "aud", json!("mail")), REQUEST, NOW, ErrorCode::AudienceMismatch),
        ("no time", header(), without(claims(), "exp"), REQUEST, NOW, ErrorCode::ClaimMissing),
        ("no beginning", header(), without(claims(), "iat"), REQUEST, NOW, ErrorCode::ClaimMissing),
        ("no request", header(), without(claims(), "htu"), REQUEST, NOW, ErrorCode::ClaimMissing),
        ("too old", header(), claims(), REQUEST, NOW + 36, ErrorCode::TokenExpired),
        ("for long", header(), with(claims(), "exp", json!(NOW + 9999)), REQUEST, NOW + 60, ErrorCode::TokenExpired),
        (
            "another method",
            header(),
            claims(),
            Forwarded { method: "DELETE", ..REQUEST },
            NOW,
            ErrorCode::BindingMismatch,
        ),
        (
            "another path",
            header(),
            claims(),
            Forwarded { target: "/admin", ..REQUEST },
            NOW,
            ErrorCode::BindingMismatch,
        ),
        (
            "another query",
            header(),
            claims(),
            Forwarded { target: "/notes", ..REQUEST },
            NOW,
            ErrorCode::BindingMismatch,
        ),
        ("nobody in particular", header(), with(claims(), "sub", json!("")), REQUEST, NOW, ErrorCode::ClaimInvalid),
        ("null for a user", header(), with(claims(), "sub", Value::Null), REQUEST, NOW, ErrorCode::ClaimInvalid),
        ("a method that is no text", header(), with(claims(), "htm", json!(1)), REQUEST, NOW, ErrorCode::ClaimInvalid),
    ] {
        assert_eq!(ask(&header, &claims, &request, now).map_err(|error| error.code()), Err(code), "{name}");
    }
    let keys = KeySet::from_secret(b"another secret of more than 32 octets", Algorithm::Hs256).unwrap();
    let proof = hs256::sign(SECRET, &header(), &claims());
    let refused = Gateway::new("edge", "notes").verify(&proof, &keys, &PureRust, &REQUEST, NOW);
    assert_eq!(refused.map(|_| ()).map_err(|error| error.code()), Err(ErrorCode::SignatureInvalid));
}
