//! The token pair, from signed tokens to one identity: two verifiers, two key sets, and nothing passes for the other.

#![cfg(feature = "pure")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests are tests")]

use sentinel_core::jose::signature::PureRust;
use sentinel_core::pair::AUTHORIZATION_AUDIENCE;
use sentinel_core::{
    Algorithm, Algorithms, ClaimsProfile, Error, ErrorCode, Expected, Identity, KeySet, RoleOrder, Text, TokenPair,
    Verifier,
};

const IDP: (&str, &[u8]) = ("https://accounts.example.com", b"the identity provider's own secret of 32+");
const SENTINEL: (&str, &[u8]) = ("https://sentinel.example.com", b"Sentinel's own secret, also 32 octets or more");
const CLIENT: &str = "client-1";
const NOW: i64 = 1_800_000_000;
const HS256: Algorithms = Algorithms::of(&[Algorithm::Hs256]);

#[path = "support/hs256.rs"]
mod hs256;

fn sign(secret: &[u8], claims: &serde_json::Value) -> String {
    hs256::sign(secret, &serde_json::json!({ "alg": "HS256", "typ": "JWT" }), claims)
}

fn keys(secret: &[u8]) -> KeySet {
    KeySet::from_secret(secret, Algorithm::Hs256).unwrap()
}

fn id_token() -> serde_json::Value {
    serde_json::json!({
        "iss": IDP.0, "aud": CLIENT, "sub": "google-7", "exp": NOW + 60, "iat": NOW, "jti": "idp-1", "email": "ada@example.com",
        "email_verified": true, "name": "Ada", "preferred_username": "ada",
        // What an identity provider says of rights here is not ours.
        "wid": "w-evil", "wrole": "owner", "groups": ["evil"], "actions": ["evil:act"], "roles": ["owner"],
    })
}

fn authz_token() -> serde_json::Value {
    serde_json::json!({
        "iss": SENTINEL.0, "aud": "sentinel:authz", "type": "authz", "sub": "u-1", "idp_sub": "google-7", "svc": "notes",
        "wid": "w-1", "wslug": "team", "wrole": "editor", "actions": ["notes:export"], "jti": "t-1", "iat": NOW, "exp": NOW + 300,
    })
}

fn pair() -> TokenPair {
    let identity = Verifier::new(Expected::exactly(IDP.0), Expected::exactly(CLIENT), HS256);
    TokenPair::new(identity, TokenPair::authorization_from(SENTINEL.0, HS256), "notes").unwrap()
}

fn verify(pair: &TokenPair, id: &str, authz: &str) -> Result<Identity, Error> {
    pair.verify((id, &keys(IDP.1)), (authz, &keys(SENTINEL.1)), &PureRust, NOW)
}

fn code(pair: &TokenPair, id: &serde_json::Value, authz: &serde_json::Value) -> Option<ErrorCode> {
    verify(pair, &sign(IDP.1, id), &sign(SENTINEL.1, authz)).err().map(|error| error.code())
}

/// The claims with some changed; `null` takes one away.
fn with(mut claims: serde_json::Value, changes: serde_json::Value) -> serde_json::Value {
    for (name, value) in changes.as_object().unwrap() {
        match value {
            serde_json::Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
            _ => claims[name] = value.clone(),
        }
    }
    claims
}

#[test]
fn rights_come_from_sentinel_and_the_person_from_the_provider() {
    let identity = verify(&pair(), &sign(IDP.1, &id_token()), &sign(SENTINEL.1, &authz_token())).unwrap();
    assert_eq!((identity.user_id(), identity.idp_subject()), ("u-1", Some("google-7")));
    assert_eq!(
        (identity.email(), identity.name(), identity.username()),
        (Some("ada@example.com"), Some("Ada"), Some("ada"))
    );
    assert_eq!(identity.email_verified(), Some(true));
    assert_eq!((identity.workspace_id(), identity.role()), (Some("w-1"), Some("editor")));
    assert_eq!(identity.groups().count(), 0);
    assert_eq!(identity.actions().collect::<Vec<_>>(), ["notes:export"]);
    assert_eq!(
        (identity.issuer(), identity.jwt_id()),
        (Some(SENTINEL.0), Some("t-1")),
        "revocation is of Sentinel's token"
    );
    assert!(!identity.require_role(&RoleOrder::SENTINEL, "admin").allow());
}

#[test]
fn an_email_in_the_authorization_token_is_not_the_persons() {
    let authz = with(authz_token(), serde_json::json!({"email": "other@example.com"}));
    let id = with(id_token(), serde_json::json!({"email": null}));
    assert_eq!(verify(&pair(), &sign(IDP.1, &id), &sign(SENTINEL.1, &authz)).unwrap().text(Text::Email), None);
}

#[test]
fn what_does_not_belong_together_is_refused() {
    use ErrorCode::*;
    let none = serde_json::json!({});
    for (name, id, authz, expected) in [
        ("another user", none.clone(), serde_json::json!({"idp_sub": "google-8"}), BindingMismatch),
        ("another user, by case", none.clone(), serde_json::json!({"idp_sub": "Google-7"}), BindingMismatch),
        ("another service", none.clone(), serde_json::json!({"svc": "billing"}), BindingMismatch),
        ("the person changed", serde_json::json!({"sub": "google-8"}), none.clone(), BindingMismatch),
        ("no idp_sub", none.clone(), serde_json::json!({"idp_sub": null}), ClaimMissing),
        ("no svc", none.clone(), serde_json::json!({"svc": null}), ClaimMissing),
        ("no sub at the provider", serde_json::json!({"sub": null}), none.clone(), ClaimMissing),
        ("no sub", none.clone(), serde_json::json!({"sub": null}), ClaimMissing),
        ("both empty", serde_json::json!({"sub": ""}), serde_json::json!({"idp_sub": ""}), ClaimInvalid),
        ("idp_sub a number", none.clone(), serde_json::json!({"idp_sub": 7}), ClaimInvalid),
        ("svc a list", none.clone(), serde_json::json!({"svc": ["notes"]}), ClaimInvalid),
        ("an ID token of another client", serde_json::json!({"aud": "client-2"}), none.clone(), AudienceMismatch),
        ("an ID token of another provider", serde_json::json!({"iss": "https://evil"}), none.clone(), IssuerMismatch),
        ("an access token as authorization", none.clone(), serde_json::json!({"type": "access"}), TypeMismatch),
        ("an access token's audience", none.clone(), serde_json::json!({"aud": "sentinel:access"}), AudienceMismatch),
        ("no type", none.clone(), serde_json::json!({"type": null}), ClaimMissing),
        (
            "an authorization of another Sentinel",
            none.clone(),
            serde_json::json!({"iss": "https://s2"}),
            IssuerMismatch,
        ),
        ("an ID token that expired", serde_json::json!({"exp": NOW}), none.clone(), TokenExpired),
        ("an authorization that expired", none.clone(), serde_json::json!({"exp": NOW}), TokenExpired),
        ("bound to another issuer", none.clone(), serde_json::json!({"idp_iss": "https://evil"}), BindingMismatch),
        ("bound to no issuer there is", none.clone(), serde_json::json!({"idp_iss": 1}), BindingMismatch),
        ("actions of the wrong type", none.clone(), serde_json::json!({"actions": "notes:export"}), ClaimInvalid),
        ("a name of the wrong type", serde_json::json!({"name": 1}), none.clone(), ClaimInvalid),
    ] {
        assert_eq!(code(&pair(), &with(id_token(), id), &with(authz_token(), authz)), Some(expected), "{name}");
    }
    assert_eq!(code(&pair(), &id_token(), &with(authz_token(), serde_json::json!({"idp_iss": IDP.0}))), None);
}

#[test]
fn neither_token_passes_for_the_other() {
    let (id, authz) = (sign(IDP.1, &id_token()), sign(SENTINEL.1, &authz_token()));
    assert_eq!(verify(&pair(), &authz, &id).unwrap_err().code(), ErrorCode::SignatureInvalid, "swapped");
    assert_eq!(verify(&pair(), &id, &id).unwrap_err().code(), ErrorCode::SignatureInvalid);
    assert_eq!(verify(&pair(), &authz, &authz).unwrap_err().code(), ErrorCode::SignatureInvalid);

    // A provider whose keys were handed in as Sentinel's by mistake still cannot speak for it with an ID token,
    // and verified tokens that a caller swaps do not bind.
    let shared = keys(IDP.1);
    let forged = sign(IDP.1, &id_token());
    assert!(pair().verify((&forged, &shared), (&forged, &shared), &PureRust, NOW).is_err());
    let theirs = pair().identity_verifier().verify(&id, &keys(IDP.1), &PureRust, NOW).unwrap();
    let ours = pair().authorization_verifier().verify(&authz, &keys(SENTINEL.1), &PureRust, NOW).unwrap();
    assert!(pair().bind(&theirs, &ours).is_ok());
    for (one, other) in [(&ours, &theirs), (&ours, &ours), (&theirs, &theirs)] {
        assert_eq!(pair().bind(one, other).unwrap_err().code(), ErrorCode::BindingMismatch);
    }
    // So does a token that some laxer verifier accepted.
    let lax = Verifier::new(Expected::any(), Expected::any(), HS256);
    let access = with(authz_token(), serde_json::json!({"type": "access"}));
    let access = lax.verify(&sign(SENTINEL.1, &access), &keys(SENTINEL.1), &PureRust, NOW).unwrap();
    assert_eq!(pair().bind(&theirs, &access).unwrap_err().code(), ErrorCode::BindingMismatch);
    let foreign = with(id_token(), serde_json::json!({"aud": "client-2"}));
    let foreign = lax.verify(&sign(IDP.1, &foreign), &keys(IDP.1), &PureRust, NOW).unwrap();
    assert_eq!(pair().bind(&foreign, &ours).unwrap_err().code(), ErrorCode::BindingMismatch);
}

#[test]
fn a_subject_of_several_issuers_must_be_bound_to_its_own() {
    let several = [Expected::one_of([IDP.0, "https://other.example.com"]), Expected::any()];
    for issuer in several {
        let identity = Verifier::new(issuer, Expected::exactly(CLIENT), HS256);
        let pair = TokenPair::new(identity, TokenPair::authorization_from(SENTINEL.0, HS256), "notes").unwrap();
        let other = with(id_token(), serde_json::json!({"iss": "https://other.example.com"}));
        let bound = with(authz_token(), serde_json::json!({"idp_iss": IDP.0}));
        assert_eq!(code(&pair, &id_token(), &authz_token()), Some(ErrorCode::BindingMismatch));
        assert_eq!(code(&pair, &id_token(), &bound), None);
        assert_eq!(code(&pair, &other, &bound), Some(ErrorCode::BindingMismatch), "the same sub at another issuer");
        let nameless = with(id_token(), serde_json::json!({"iss": null}));
        assert!(code(&pair, &nameless, &bound).is_some());
    }
}

#[test]
fn settings_that_bind_nothing_are_refused() {
    let identity = |audience| Verifier::new(Expected::exactly(IDP.0), audience, HS256);
    let authz = || TokenPair::authorization_from(SENTINEL.0, HS256);
    let ours = |issuer, audience| Verifier::new(issuer, audience, HS256);
    let audience = || Expected::exactly(AUTHORIZATION_AUDIENCE);
    for (name, identity, authorization, service) in [
        ("any client", identity(Expected::any()), authz(), "notes"),
        (
            "authorization tokens as identity",
            identity(Expected::one_of([CLIENT, AUTHORIZATION_AUDIENCE])),
            authz(),
            "notes",
        ),
        ("no service", identity(Expected::exactly(CLIENT)), authz(), ""),
        ("any Sentinel", identity(Expected::exactly(CLIENT)), ours(Expected::any(), audience()), "notes"),
        (
            "any audience",
            identity(Expected::exactly(CLIENT)),
            ours(Expected::exactly(SENTINEL.0), Expected::any()),
            "notes",
        ),
        (
            "access tokens too",
            identity(Expected::exactly(CLIENT)),
            ours(Expected::exactly(SENTINEL.0), Expected::one_of([AUTHORIZATION_AUDIENCE, "sentinel:access"])),
            "notes",
        ),
    ] {
        let refused = TokenPair::new(identity, authorization, service).map(|_| ());
        assert_eq!(refused.map_err(|error| error.code()), Err(ErrorCode::ConfigurationInvalid), "{name}");
    }
    // The use is demanded also where the verifier that was handed in forgot to.
    let forgetful = ours(Expected::exactly(SENTINEL.0), audience());
    let pair = TokenPair::new(identity(Expected::exactly(CLIENT)), forgetful, "notes").unwrap();
    let access = with(authz_token(), serde_json::json!({"type": "access"}));
    assert_eq!(code(&pair, &id_token(), &access), Some(ErrorCode::TypeMismatch));
}

#[test]
fn a_providers_own_names_can_be_mapped() {
    let entra = ClaimsProfile::custom([(sentinel_core::claims::Field::Text(Text::Email), ["upn"])]).unwrap();
    let id = sign(IDP.1, &with(id_token(), serde_json::json!({"upn": "ada@tenant.example"})));
    let identity = verify(&pair().identity_profile(entra), &id, &sign(SENTINEL.1, &authz_token())).unwrap();
    assert_eq!((identity.email(), identity.name()), (Some("ada@tenant.example"), None));
}
