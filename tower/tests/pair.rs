//! Two tokens a request: the identity provider's and Sentinel's, bound to each other.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "part of tests")]

mod support;

use axum::Router;
use axum::routing::get;
use sentinel_tower::core::{Algorithm, Algorithms, Expected, TokenPair, Verifier};
use sentinel_tower::{Identity, Keys, Sentinel};
use serde_json::{Value, json};
use support::{Endpoint, Reply, Service, Signer, WORKSPACE, ok, refused, settings};

const IDP: &str = "https://accounts.example";
const CLIENT: &str = "client-1";
const SENTINEL: &str = "https://sentinel.example";

struct Setup {
    idp: Signer,
    ours: Signer,
    service: Service,
}

impl Setup {
    async fn new() -> Self {
        let (idp, ours) = (Signer::new("idp"), Signer::new("sentinel"));
        let (idp_keys, our_keys) = (Endpoint::new(idp.jwks()).await, Endpoint::new(ours.jwks()).await);
        let algorithms = Algorithms::of(&[Algorithm::Es256]);
        let identity = Verifier::new(Expected::exactly(IDP), Expected::exactly(CLIENT), algorithms);
        let pair = TokenPair::new(identity, TokenPair::authorization_from(SENTINEL, algorithms), "notes").unwrap();
        let keys = |endpoint: &Endpoint| Keys::jwks_url_with(&endpoint.url, settings()).unwrap();
        let layer = Sentinel::pair(pair, keys(&idp_keys), keys(&our_keys)).exclude_paths(["/health"]).unwrap().layer();
        let app = Router::new().route("/", get(who)).route("/health", get(|| async { "ok" })).layer(layer);
        Self { idp, ours, service: Service::new(app).await }
    }

    fn identity(&self, subject: &str) -> String {
        self.idp.sign(IDP, CLIENT, subject, json!({ "email": "ada@example.com", "wrole": "owner" }))
    }

    fn authorization(&self, change: Value) -> String {
        let mut claims = json!({
            "type": "authz", "idp_sub": "ada", "svc": "notes", "wid": WORKSPACE, "wrole": "editor", "actions": ["notes:read"],
        });
        claims.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        self.ours.sign(SENTINEL, "sentinel:authz", "u1", claims)
    }

    async fn send(&self, identity: Option<&str>, authorization: Option<&str>) -> Reply {
        let bearer = identity.map(|token| ("authorization", format!("Bearer {token}")));
        let second = authorization.map(|token| ("x-authz-token", token.to_owned()));
        let headers: Vec<_> = bearer.iter().chain(&second).map(|(name, value)| (*name, value.as_str())).collect();
        self.service.send("GET", "/", &headers).await
    }
}

async fn who(user: Identity) -> axum::Json<Value> {
    axum::Json(json!({
        "user": user.user_id(), "idp": user.idp_subject(), "email": user.email(), "role": user.role(),
        "workspace": user.workspace_id(),
    }))
}

#[tokio::test]
async fn the_identity_comes_from_both() {
    let setup = Setup::new().await;
    let reply = setup.send(Some(&setup.identity("ada")), Some(&setup.authorization(json!({})))).await;
    let expected =
        json!({ "user": "u1", "idp": "ada", "email": "ada@example.com", "role": "editor", "workspace": WORKSPACE });
    assert_eq!((reply.verdict(), reply.json()), (ok(), expected), "rights never come from the identity provider");
}

#[tokio::test]
async fn one_token_is_not_enough() {
    let setup = Setup::new().await;
    let (identity, authorization) = (setup.identity("ada"), setup.authorization(json!({})));
    assert_eq!(setup.send(None, None).await.verdict(), refused(401, "unauthenticated"));
    for (one, other) in [(Some(identity.as_str()), None), (None, Some(authorization.as_str()))] {
        let reply = setup.send(one, other).await;
        assert_eq!(reply.verdict(), refused(401, "unauthenticated"));
        assert!(reply.header("www-authenticate").contains(r#"error="invalid_request""#));
    }
    let headers = [("authorization", "Bearer x"), ("x-authz-token", "a"), ("x-authz-token", "b")];
    assert_eq!(setup.service.send("GET", "/", &headers).await.status, 400, "which of the two?");
    assert_eq!(setup.service.send("GET", "/health", &[]).await.status, 200);
}

#[tokio::test]
async fn tokens_that_do_not_belong_together_are_refused() {
    let setup = Setup::new().await;
    let (identity, authorization) = (setup.identity("ada"), setup.authorization(json!({})));
    for (name, one, other, code, which) in [
        ("another user's", setup.identity("eve"), authorization.clone(), "binding_mismatch", None),
        (
            "for another service",
            identity.clone(),
            setup.authorization(json!({ "svc": "mail" })),
            "binding_mismatch",
            None,
        ),
        (
            "of another use",
            identity.clone(),
            setup.authorization(json!({ "type": "access" })),
            "type_mismatch",
            Some("authorization"),
        ),
        ("swapped", authorization.clone(), identity.clone(), "key_not_found", Some("identity")),
        ("twice the first", identity.clone(), identity.clone(), "key_not_found", Some("authorization")),
        ("twice the second", authorization.clone(), authorization.clone(), "key_not_found", Some("identity")),
        ("no token", identity.clone(), "x".to_owned(), "token_malformed", Some("authorization")),
        (
            "for another client",
            setup.idp.sign(IDP, "client-2", "ada", json!({})),
            authorization.clone(),
            "audience_mismatch",
            Some("identity"),
        ),
    ] {
        let reply = setup.send(Some(&one), Some(&other)).await;
        assert_eq!(reply.verdict(), refused(401, code), "{name}");
        assert_eq!(reply.json()["token"].as_str(), which, "{name}");
    }
}
