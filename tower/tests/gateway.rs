//! A service behind a gateway: it believes the gateway's proof, and nothing else.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "part of tests")]

mod support;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use jwt_simple::prelude::*;
use sentinel_tower::core::gateway::{Gateway, TYPE};
use sentinel_tower::core::route::{Allow, Rule};
use sentinel_tower::core::{Error, Identity as CoreIdentity, Policy, Revocations, RoleOrder};
use sentinel_tower::{Identity, Sentinel};
use serde_json::{Map, Value, json};
use support::{Reply, Service, refused};

const SECRET: &[u8] = b"what the gateway and the service share";

fn sentinel() -> Sentinel {
    Sentinel::behind(Gateway::new("edge", "notes"), SECRET).unwrap()
}

fn routes() -> Router {
    let who = async |user: Option<Identity>| user.map_or("nobody".to_owned(), |user| user.user_id().to_owned());
    Router::new()
        .route("/", get(|user: Identity| async move { user.user_id().to_owned() }))
        .route("/maybe", get(who))
        .route("/health", get(|| async { "well" }))
}

/// A proof of user `u1` for this request, with some claims changed.
fn proof(target: &str, changes: Value) -> String {
    let mut claims: Map<String, Value> = serde_json::from_value(json!({
        "htm": "GET", "htu": target, "sub": "u1", "token_iss": "https://id.example", "token_jti": "t1", "token_iat": 1000,
        "wid": "w1", "wroles": ["editor"], "groups": [], "actions": [],
    }))
    .unwrap();
    for (name, value) in changes.as_object().unwrap() {
        claims.remove(name);
        if !value.is_null() {
            claims.insert(name.clone(), value.clone());
        }
    }
    let claims = Claims::with_custom_claims(claims, Duration::from_secs(30)).with_issuer("edge").with_audience("notes");
    HS256Key::from_bytes(SECRET)
        .authenticate_with_options(claims, &HeaderOptions { signature_type: Some(TYPE.into()), ..Default::default() })
        .unwrap()
}

fn said(body: &str) -> (u16, String) {
    (200, body.to_owned())
}

/// The body of what was allowed, the code or reason of what was not.
fn answer(reply: Reply) -> (u16, String) {
    if reply.status == 200 { said(&reply.body) } else { reply.verdict() }
}

#[tokio::test]
async fn believes_the_proof_and_nothing_else() {
    let service = Service::new(routes().layer(sentinel().exclude_paths(["/health"]).unwrap().layer())).await;
    let ask = async |path: &str, headers: &[(&str, &str)]| answer(service.send("GET", path, headers).await);
    assert_eq!(ask("/", &[("x-sentinel-gateway", &proof("/", json!({})))]).await, said("u1"));
    assert_eq!(ask("/maybe?a=1", &[("x-sentinel-gateway", &proof("/maybe?a=1", json!({})))]).await, said("u1"));
    let nobody = proof("/maybe", json!({ "sub": null }));
    assert_eq!(ask("/maybe", &[("x-sentinel-gateway", &nobody)]).await, said("nobody"));
    assert_eq!(
        ask("/", &[("x-sentinel-gateway", &proof("/", json!({ "sub": null })))]).await,
        refused(401, "unauthenticated")
    );
    assert_eq!(ask("/health", &[]).await, said("well"), "excluded: for whoever watches the service itself");
}

#[tokio::test]
async fn nobody_comes_around_the_gateway() {
    let service = Service::new(routes().layer(sentinel().layer())).await;
    let stolen = proof("/maybe?a=1", json!({}));
    let forged = HS256Key::from_bytes(b"another secret of at least 32 octets")
        .authenticate(Claims::create(Duration::from_secs(30)))
        .unwrap();
    for (name, headers, code) in [
        ("nothing", vec![], None),
        ("headers alone", vec![("x-sentinel-user-id", "root"), ("x-sentinel-workspace-role", "owner")], None),
        ("a bearer token", vec![("authorization", stolen.as_str())], None),
        ("another request's proof", vec![("x-sentinel-gateway", stolen.as_str())], Some("binding_mismatch")),
        ("a forged one", vec![("x-sentinel-gateway", forged.as_str())], Some("type_mismatch")),
        ("no proof", vec![("x-sentinel-gateway", "x")], Some("token_malformed")),
    ] {
        for path in ["/", "/maybe"] {
            let reply = service.send("GET", path, &headers).await;
            assert_eq!((reply.status, reply.json()["code"].as_str()), (401, code), "{name} at {path}");
        }
    }
    let twice = proof("/", json!({}));
    let reply = service.send("GET", "/", &[("x-sentinel-gateway", &twice), ("x-sentinel-gateway", &twice)]).await;
    assert_eq!(reply.status, 400, "one of them may be what somebody else read");
}

#[tokio::test]
async fn rules_and_revocations_count_once_more() {
    struct LoggedOut;
    impl Revocations for LoggedOut {
        fn is_revoked(&self, identity: &CoreIdentity, jwt_id: &str) -> Result<bool, Error> {
            assert!(identity.issued_at().unwrap().seconds() <= 1000, "the user's token, not the proof");
            Ok(jwt_id == "t2")
        }
        fn sessions_invalidated_at(&self, _: &CoreIdentity) -> Result<Option<i64>, Error> {
            Ok(Some(900))
        }
    }
    let rules =
        [Rule::new("GET", "/", Allow::role("admin")).unwrap(), Rule::new("GET", "/maybe", Allow::public()).unwrap()];
    let policy = Policy::new(RoleOrder::SENTINEL, rules).unwrap();
    let sentinel = sentinel().policy(policy).revocations(Arc::new(LoggedOut));
    let service = Service::new(routes().layer(sentinel.layer())).await;
    let ask = async |path: &str, changes: Value| {
        answer(service.send("GET", path, &[("x-sentinel-gateway", &proof(path, changes))]).await)
    };
    assert_eq!(ask("/", json!({})).await, refused(403, "role_required"));
    assert_eq!(ask("/", json!({ "wroles": ["admin"] })).await, said("u1"));
    assert_eq!(ask("/", json!({ "wroles": ["admin"], "token_jti": "t2" })).await, refused(401, "token_revoked"));
    assert_eq!(ask("/", json!({ "wroles": ["admin"], "token_iat": 1 })).await, refused(401, "token_revoked"));
    assert_eq!(ask("/maybe", json!({ "sub": null })).await, said("nobody"));
    assert_eq!(service.send("GET", "/maybe", &[]).await.status, 401, "public, but not around the gateway");
    assert!(Sentinel::behind(Gateway::new("edge", "notes"), b"short").is_err());
}
