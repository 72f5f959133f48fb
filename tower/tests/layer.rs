//! The layer and the extractors in a real axum service.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "part of tests")]

mod support;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::routing::{get, post};
use sentinel_tower::core::route::{Allow, Rule};
use sentinel_tower::core::{Action, Algorithm, ClaimsProfile, Error, ErrorCode, Identity as CoreIdentity, KeySet};
use sentinel_tower::core::{Limits, Policy, Revocations, RoleOrder, SymmetricKeys};
use sentinel_tower::role::{Admin, Editor};
use sentinel_tower::{Identity, Keys, KeysError, RequireAction, RequireRole, Sentinel};
use serde_json::json;
use support::{AUDIENCE, ISSUER, Service, Signer, WORKSPACE, ok, refused, verifier};
use tower::ServiceExt;

sentinel_tower::actions! {
    ReadNotes = "notes:read";
    ExportNotes = "notes:export";
    NoAction = "Not An Action";
}

sentinel_tower::roles! {
    Janitor = "janitor";
}

fn fixed(signer: &Signer) -> Keys {
    let keys = KeySet::from_jwks(signer.jwks().as_bytes(), SymmetricKeys::Refuse, &Limits::DEFAULT);
    Keys::fixed(keys.unwrap())
}

fn sentinel(signer: &Signer) -> Sentinel {
    Sentinel::new(verifier(), fixed(signer))
}

fn routes() -> Router {
    Router::new()
        .route("/", get(|user: Identity| async move { user.user_id().to_owned() }))
        .route("/plain", get(|| async { "plain" }))
        .route("/health", get(|| async { "ok" }))
        .route("/health/deep", get(|| async { "deep" }))
        .route("/healthy", get(|| async { "not excluded" }))
        .route("/health/whoami", get(|_: Identity| async { "who?" }))
        .route("/maybe", get(maybe))
        .route("/claims", get(|user: Identity| async move { user.claims().as_json().to_owned() }))
        .route("/edit", post(|user: RequireRole<Editor>| async move { user.user_id().to_owned() }))
        .route("/manage", post(|user: RequireRole<Admin>| async move { user.into_identity().user_id().to_owned() }))
        .route("/sweep", post(|_: RequireRole<Janitor>| async { "swept" }))
        .route("/read", get(|user: RequireAction<ReadNotes>| async move { user.user_id().to_owned() }))
        .route("/export", get(|_: RequireAction<ExportNotes>| async { "exported" }))
        .route("/never", get(|_: RequireAction<NoAction>| async { "never" }))
}

async fn maybe(user: Option<Identity>) -> String {
    user.map_or("nobody".to_owned(), |user| user.user_id().to_owned())
}

#[tokio::test]
async fn a_request_without_a_token_is_challenged() {
    let signer = Signer::new("k1");
    let service = Service::new(routes().layer(sentinel(&signer).realm("notes").unwrap().layer())).await;
    for headers in [&[][..], &[("authorization", "Basic dXNlcjpwdw==")], &[("cookie", "sentinel_access_token=a.b.c")]] {
        let reply = service.send("GET", "/", headers).await;
        assert_eq!(reply.verdict(), refused(401, "unauthenticated"), "{headers:?}");
        assert_eq!(reply.header("www-authenticate"), r#"Bearer realm="notes""#, "without an error code: RFC 6750 §3.1");
        assert_eq!(reply.header("content-type"), "application/problem+json");
        assert_eq!(reply.header("cache-control"), "no-store");
        let problem = reply.json();
        assert_eq!((&problem["type"], &problem["title"]), (&json!("about:blank"), &json!("Unauthorized")));
        assert_eq!(problem["status"], 401);
    }
    let in_query = service.send("GET", &format!("/?access_token={}", signer.access("owner")), &[]).await;
    assert_eq!(in_query.status, 401, "a token in a URL is in every log");
}

#[tokio::test]
async fn a_refused_token_is_answered_with_its_code() {
    let signer = Signer::new("k1");
    let service = Service::new(routes().layer(sentinel(&signer).layer())).await;
    let stranger = Signer::new("k2");
    let no_workspace_text = signer.sign(ISSUER, AUDIENCE, "u1", json!({ "wid": 7 }));
    for (token, code) in [
        ("", "token_malformed"),
        ("a b", "token_malformed"),
        ("a.b.c", "token_malformed"),
        (&stranger.access("owner"), "key_not_found"),
        (&signer.sign("https://other.example", AUDIENCE, "u1", json!({})), "issuer_mismatch"),
        (&signer.sign(ISSUER, "sentinel:authz", "u1", json!({})), "audience_mismatch"),
        (&no_workspace_text, "claim_invalid"),
    ] {
        let reply = service.get("/", token).await;
        assert_eq!(reply.verdict(), refused(401, code), "{token}");
        let challenge = reply.header("www-authenticate");
        assert!(challenge.starts_with(r#"Bearer error="invalid_token", error_description=""#), "{challenge}");
        assert!(!token.contains('.') || !reply.body.contains(token), "an answer never holds the token");
    }
    let late = sentinel(&signer).clock(|| i64::MAX).layer();
    let late = Service::new(routes().layer(late)).await;
    assert_eq!(late.verdict(&signer.access("owner")).await, refused(401, "token_expired"));
    assert_eq!(service.verdict(&signer.access("viewer")).await, ok());
}

#[tokio::test]
async fn repeated_credentials_are_refused_rather_than_chosen_from() {
    let signer = Signer::new("k1");
    let service = Service::new(routes().layer(sentinel(&signer).layer())).await;
    let good = format!("Bearer {}", signer.access("owner"));
    let reply = service.send("GET", "/", &[("authorization", &good), ("authorization", "Bearer x")]).await;
    assert_eq!(reply.status, 400);
    assert!(reply.header("www-authenticate").contains(r#"error="invalid_request""#));
}

#[tokio::test]
async fn excluded_paths_are_open_and_nothing_beside_them_is() {
    let signer = Signer::new("k1");
    let layer = sentinel(&signer).exclude_paths(["/health", "/docs/"]).unwrap().layer();
    let service = Service::new(routes().layer(layer)).await;
    for (path, body) in [("/health", "ok"), ("/health?x=1", "ok"), ("/health/deep", "deep")] {
        let reply = service.send("GET", path, &[("authorization", "Bearer expired")]).await;
        assert_eq!((reply.status, reply.body.as_str()), (200, body), "{path}: no token is looked at");
    }
    // As they are, not as a client would tidy them up.
    let app = routes().layer(sentinel(&signer).exclude_paths(["/health"]).unwrap().layer());
    for path in [
        "/healthy",
        "/plain",
        "/health/../plain",
        "/health/%2e%2e/plain",
        "/health%2fdeep",
        "/health//deep",
        "/health;x",
    ] {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let status = app.clone().oneshot(request).await.unwrap().status();
        assert!(matches!(status.as_u16(), 401 | 404), "{path}: {status}");
    }
    let reply = service.send("GET", "/health/whoami", &[]).await;
    assert_eq!(reply.verdict(), refused(401, "unauthenticated"), "the extractor still asks");
    for path in ["/", "", "health", "/a/../b", "/:x", "/{x}", "/a/*", "/**"] {
        assert!(sentinel(&signer).exclude_paths([path]).is_err(), "{path:?}");
    }
}

#[tokio::test]
async fn only_allowed_workspaces() {
    let signer = Signer::new("k1");
    for (ids, expected) in [
        (vec![WORKSPACE], ok()),
        (vec!["other", WORKSPACE], ok()),
        (vec!["other"], refused(403, "workspace_not_allowed")),
        (vec![], refused(403, "workspace_not_allowed")),
    ] {
        let layer = sentinel(&signer).allowed_workspaces(ids.clone()).layer();
        let service = Service::new(routes().layer(layer)).await;
        assert_eq!(service.verdict(&signer.access("owner")).await, expected, "{ids:?}");
        let nowhere = signer.sign(ISSUER, AUDIENCE, "u1", json!({}));
        assert_eq!(service.verdict(&nowhere).await, refused(403, "workspace_not_allowed"), "{ids:?}");
    }
}

#[tokio::test]
async fn roles_and_actions_are_required_by_extractors() {
    let signer = Signer::new("k1");
    let service = Service::new(routes().layer(sentinel(&signer).layer())).await;
    for (method, path, role, expected) in [
        ("POST", "/edit", "editor", ok()),
        ("POST", "/edit", "owner", ok()),
        ("POST", "/edit", "viewer", refused(403, "role_required")),
        ("POST", "/edit", "EDITOR", refused(403, "role_required")),
        ("POST", "/manage", "editor", refused(403, "role_required")),
        ("POST", "/manage", "admin", ok()),
        ("GET", "/read", "viewer", ok()),
        ("GET", "/export", "owner", refused(403, "action_required")),
    ] {
        let authorization = format!("Bearer {}", signer.access(role));
        let reply = service.send(method, path, &[("authorization", &authorization)]).await;
        assert_eq!(reply.verdict(), expected, "{method} {path} as {role}");
        if reply.status == 403 {
            assert!(reply.header("www-authenticate").contains(r#"error="insufficient_scope""#));
        }
        assert_eq!(service.send(method, path, &[]).await.status, 401);
    }
    // What nobody can have is the service's mistake, and opens nothing.
    for (method, path) in [("POST", "/sweep"), ("GET", "/never")] {
        let authorization = format!("Bearer {}", signer.access("owner"));
        let reply = service.send(method, path, &[("authorization", &authorization)]).await;
        assert_eq!((reply.status, reply.json()["detail"].clone()), (500, json!("the service cannot decide")));
    }
}

#[tokio::test]
async fn a_handler_without_the_layer_fails_closed() {
    let service = Service::new(routes()).await;
    let token = Signer::new("k1").access("owner");
    for (method, path) in [("GET", "/"), ("GET", "/maybe"), ("POST", "/edit"), ("GET", "/read")] {
        let authorization = format!("Bearer {token}");
        let reply = service.send(method, path, &[("authorization", &authorization)]).await;
        assert_eq!((reply.status, reply.header("content-type")), (500, "application/problem+json"), "{path}");
    }
}

#[tokio::test]
async fn an_optional_identity_never_takes_a_refused_token_for_none() {
    let signer = Signer::new("k1");
    let rules =
        [Rule::new("GET", "/maybe", Allow::public()).unwrap(), Rule::new("GET", "/plain", Allow::public()).unwrap()];
    let policy = Policy::new(RoleOrder::SENTINEL, rules).unwrap();
    let service = Service::new(routes().layer(sentinel(&signer).policy(policy).layer())).await;
    assert_eq!(service.send("GET", "/maybe", &[]).await.body, "nobody");
    assert_eq!(service.get("/maybe", &signer.access("viewer")).await.body, "u1");
    assert_eq!(service.get("/maybe", "a.b.c").await.verdict(), refused(401, "token_malformed"));
    assert_eq!(service.get("/plain", "a.b.c").await.body, "plain", "a public route that asks nobody");
}

#[tokio::test]
async fn rules_decide_on_the_whole_path() {
    let signer = Signer::new("k1");
    let rule = |method: &str, path: &str, allow| Rule::new(method, path, allow).unwrap();
    let rules = [
        rule("GET", "/api/open", Allow::public()),
        rule("GET", "/api/docs/:id", Allow::authenticated()),
        rule("*", "/api/docs/:id", Allow::role("editor")),
        rule("GET", "/api/export", Allow::action(Action::new("notes:export").unwrap())),
    ];
    let policy = Policy::new(RoleOrder::SENTINEL, rules).unwrap();
    let app = Router::new()
        .route("/open", get(|| async {}))
        .route("/docs/{id}", get(|| async {}).delete(|| async {}))
        .route("/export", get(|| async {}))
        .route("/unnamed", get(|| async {}))
        .layer(sentinel(&signer).policy(policy).layer());
    // Below `/api` the inner router sees `/docs/…` only.
    let service = Service::new(Router::new().nest("/api", app)).await;
    let denied = |why| refused(403, why);
    for (method, path, role, expected) in [
        ("GET", "/api/open", None, ok()),
        ("GET", "/api/docs/7", None, refused(401, "unauthenticated")),
        ("GET", "/api/docs/7", Some("viewer"), ok()),
        ("DELETE", "/api/docs/7", Some("viewer"), denied("role_required")),
        ("DELETE", "/api/docs/7", Some("editor"), ok()),
        ("GET", "/api/export", Some("owner"), denied("action_required")),
        ("GET", "/api/unnamed", Some("owner"), denied("no_rule")),
        ("GET", "/api/unnamed", None, refused(401, "unauthenticated")),
    ] {
        let authorization = role.map(|role| format!("Bearer {}", signer.access(role)));
        let headers: Vec<_> = authorization.iter().map(|value| ("authorization", value.as_str())).collect();
        assert_eq!(service.send(method, path, &headers).await.verdict(), expected, "{method} {path} {role:?}");
    }
}

#[tokio::test]
async fn json_says_the_same() {
    let signer = Signer::new("k1");
    let configuration = json!({
        "issuer": ISSUER, "audience": AUDIENCE, "algorithms": ["ES256"],
        "rules": [{ "method": "POST", "path": "/edit", "allow": { "role": "editor" } }],
    });
    let from = |text: String| Sentinel::from_json(text.as_bytes(), fixed(&signer));
    let service = Service::new(routes().layer(from(configuration.to_string()).unwrap().layer())).await;
    for (role, expected) in [("editor", ok()), ("viewer", refused(403, "role_required"))] {
        let authorization = format!("Bearer {}", signer.access(role));
        assert_eq!(service.send("POST", "/edit", &[("authorization", &authorization)]).await.verdict(), expected);
    }
    assert_eq!(service.verdict(&signer.access("owner")).await, refused(403, "no_rule"));
    assert_eq!(from("{}".to_owned()).err().map(|error| error.code()), Some(ErrorCode::ConfigurationInvalid));
}

#[tokio::test]
async fn another_profile_brings_its_roles() {
    let signer = Signer::new("k1");
    let service = Service::new(routes().layer(sentinel(&signer).profile(ClaimsProfile::TENANT).layer())).await;
    let token = signer.sign(ISSUER, AUDIENCE, "u1", json!({ "role": "admin", "tenant_id": "t" }));
    let authorization = format!("Bearer {token}");
    let reply = service.send("POST", "/manage", &[("authorization", &authorization)]).await;
    assert_eq!(reply.verdict(), ok());
    let reply = service.send("POST", "/edit", &[("authorization", &authorization)]).await;
    assert_eq!(reply.status, 500, "`editor` is no role of a tenant");
}

struct Revoked(Result<bool, Error>);

impl Revocations for Revoked {
    fn is_revoked(&self, _: &CoreIdentity, _: &str) -> Result<bool, Error> {
        self.0
    }
    fn sessions_invalidated_at(&self, _: &CoreIdentity) -> Result<Option<i64>, Error> {
        Ok(None)
    }
}

#[tokio::test]
async fn revocations_are_asked_and_their_failure_denies() {
    let signer = Signer::new("k1");
    for (answer, expected) in [
        (Ok(false), ok()),
        (Ok(true), refused(401, "token_revoked")),
        (Err(Error::new(ErrorCode::Unavailable)), refused(503, "unavailable")),
    ] {
        let layer = sentinel(&signer).revocations(Arc::new(Revoked(answer))).layer();
        let service = Service::new(routes().layer(layer)).await;
        assert_eq!(service.verdict(&signer.access("owner")).await, expected);
    }
}

#[tokio::test]
async fn a_pem_file_holds_the_one_key() {
    use jwt_simple::prelude::{Claims, Duration, RS256KeyPair, RSAKeyPairLike};
    let folder = std::env::temp_dir().join(format!("sentinel-tower-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (path, private) = (folder.join("public.pem"), RS256KeyPair::generate(2048).unwrap());
    std::fs::write(&path, private.public_key().to_pem().unwrap()).unwrap();
    let keys = Keys::pem_file(&path, Algorithm::Rs256).unwrap();
    let wrong = Keys::pem_file(&path, Algorithm::Es256);
    let absent = Keys::pem_file(folder.join("absent.pem"), Algorithm::Rs256);
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(matches!((wrong, absent), (Err(KeysError::Refused(_)), Err(KeysError::File(_)))));

    let service = Service::new(routes().layer(Sentinel::new(verifier(), keys).layer())).await;
    let claims = Claims::create(Duration::from_secs(60)).with_issuer(ISSUER).with_audience(AUDIENCE).with_subject("u1");
    for token in [private.sign(claims.clone()).unwrap(), private.with_key_id("any").sign(claims).unwrap()] {
        assert_eq!(service.verdict(&token).await, ok());
    }
    assert_eq!(service.verdict(&Signer::new("k1").access("owner")).await, refused(401, "key_unusable"));
}

#[tokio::test]
async fn handlers_see_the_verified_claims() {
    let signer = Signer::new("k1");
    let service = Service::new(routes().layer(sentinel(&signer).layer())).await;
    let claims = service.get("/claims", &signer.access("viewer")).await.json();
    assert_eq!((&claims["sub"], &claims["wrole"]), (&json!("u1"), &json!("viewer")));
}
