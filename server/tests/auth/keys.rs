//! The published keys, m2m tokens, revocation, introspection and the feed of what was taken back.

use std::sync::Arc;

use sentinel_keys::{RsaBits, SigningAlgorithm};
use sentinel_server::service::signing;
use sentinel_storage::{ServiceChange, StoreOptions};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::deployment::{Deployment, KEY, OTHER_KEY, body, cases, claims};

cases! { keys_are_published_and_followed, metadata_says_what_is_there, tokens_between_services, tokens_taken_back_and_asked_about }

async fn get(server: &Deployment, path: &str) -> Value {
    body(server.http.get(format!("{}{path}", server.base)).send().await.unwrap()).await
}

async fn keys_are_published_and_followed(place: StoreOptions) {
    let server = Deployment::start(place, |config, _| config.algorithm = SigningAlgorithm::Rs256).await;
    let url = format!("{}/.well-known/jwks.json", server.base);
    let answer = server.http.get(&url).send().await.unwrap();
    let etag = answer.headers()["etag"].to_str().unwrap().to_owned();
    assert!(answer.headers()["cache-control"].to_str().unwrap().contains("max-age="));
    let first = body(answer).await["keys"][0].clone();
    assert_eq!((&first["kty"], &first["alg"], &first["use"]), (&json!("RSA"), &json!("RS256"), &json!("sig")));
    assert!(first.get("d").is_none());
    for known in [etag.clone(), format!("W/{etag}"), format!("\"x\", {etag}"), "*".into()] {
        let answer = server.http.get(&url).header("if-none-match", known).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.text().await.unwrap().len()), (304, 0));
    }
    assert_eq!(server.http.get(&url).header("if-none-match", "\"x\"").send().await.unwrap().status(), 200);

    // Another process brings in a key; this one follows.
    let tokens = server.log_in("ada").await;
    let following = {
        let service = server.service.clone();
        tokio::spawn(async move { service.follow_keys().await })
    };
    let master = Arc::new(crate::deployment::master());
    let made =
        signing::rotate(&server.store, &master, SigningAlgorithm::Es256, RsaBits::default(), 0, 60_000, server.now())
            .await
            .unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(1000)).await;
    let keys = get(&server, "/.well-known/jwks.json").await;
    assert_eq!(keys["keys"].as_array().unwrap().len(), 2);
    assert!(keys["keys"].as_array().unwrap().iter().any(|key| key["kid"] == made.as_str()));
    assert!(server.holds(&tokens.access).await, "what the old key signed holds on");

    // A key that others may have got hold of ends at once, with all that it signed.
    let old = first["kid"].as_str().unwrap();
    signing::retire(&server.store, old, server.now()).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(1000)).await;
    assert!(!server.holds(&tokens.access).await);
    assert!(server.holds(&server.log_in("ada").await.access).await, "the other key signs");
    following.abort();
}

async fn metadata_says_what_is_there(place: StoreOptions) {
    let server = Deployment::start(place, |_, _| {}).await;
    for path in ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"] {
        let said = get(&server, path).await;
        assert_eq!(said["issuer"], json!(server.base));
        assert!(said.get("authorization_endpoint").is_none() && said.get("token_endpoint").is_none());
        let jwks = server.http.get(said["jwks_uri"].as_str().unwrap()).send().await.unwrap();
        assert_eq!(jwks.status(), 200);
        for endpoint in ["revocation_endpoint", "introspection_endpoint"] {
            let path = said[endpoint].as_str().unwrap().strip_prefix(&server.base).unwrap().to_owned();
            assert_eq!(server.form(&path, KEY, &[("token", "x")]).await.status(), 200);
            assert_eq!(server.form(&path, "sk_wrong", &[("token", "x")]).await.status(), 401);
            let answer = server.form(&path, KEY, &[]).await;
            assert_eq!((answer.status().as_u16(), body(answer).await), (400, json!({ "error": "invalid_request" })));
        }
    }
}

async fn tokens_between_services(place: StoreOptions) {
    let server = Deployment::start(place, |_, _| {}).await;
    let ask = async |key: &str, text: &str| {
        let request = server.http.post(format!("{}/realm/m2m-token", server.base)).header("x-service-key", key);
        request.header("content-type", "application/json").body(text.to_owned()).send().await.unwrap()
    };
    assert_eq!(ask(KEY, "{}").await.status(), 403, "alone");
    let mut db = server.begin().await;
    let realm = db.insert_realm(Uuid::new_v4(), "suite", "Suite", server.now()).await.unwrap();
    let id = db.service_by_name("notes").await.unwrap().unwrap().id;
    db.update_service(id, &ServiceChange { realm_id: Some(Some(realm.id)), ..Default::default() }, server.now())
        .await
        .unwrap();
    db.commit().await.unwrap();
    let answer = body(ask(KEY, "{}").await).await;
    assert_eq!(answer["expires_in"], 300);
    let said = claims(answer["token"].as_str().unwrap());
    for (name, value) in [
        ("aud", json!("sentinel:m2m")),
        ("type", json!("m2m")),
        ("svc", json!("suite")),
        ("caller", json!("notes")),
        ("aud_target", Value::Null),
        ("actions", json!(["*"])),
    ] {
        assert_eq!(said[name], value, "{name}");
    }
    // It holds while its service is active and in the realm.
    let token = answer["token"].as_str().unwrap();
    let introspect = async || body(server.form("/oauth/introspect", KEY, &[("token", token)]).await).await;
    let said = introspect().await;
    assert_eq!((&said["active"], &said["caller"]), (&json!(true), &json!("notes")));
    server.form("/oauth/revoke", KEY, &[("token", token)]).await;
    assert_eq!(introspect().await, json!({ "active": false }));
    assert_eq!(ask(KEY, r#"{"aud_target":"other"}"#).await.status(), 403, "not in the realm");
    assert_eq!(
        claims(body(ask(KEY, r#"{"aud_target":"notes"}"#).await).await["token"].as_str().unwrap())["aud_target"],
        "notes"
    );
    // One that names whom it is for says nothing to another service, not even of the same realm.
    let mut db = server.begin().await;
    let other = db.service_by_name("other").await.unwrap().unwrap().id;
    let joins = ServiceChange { realm_id: Some(Some(realm.id)), ..Default::default() };
    db.update_service(other, &joins, server.now()).await.unwrap();
    db.commit().await.unwrap();
    let answer = body(ask(KEY, r#"{"aud_target":"other"}"#).await).await;
    let token = answer["token"].as_str().unwrap();
    let said = body(server.form("/oauth/introspect", OTHER_KEY, &[("token", token)]).await).await;
    assert_eq!((&said["active"], &said["aud_target"]), (&json!(true), &json!("other")));
    let said = body(server.form("/oauth/introspect", KEY, &[("token", token)]).await).await;
    assert_eq!(said, json!({ "active": false }));
    let request = server.http.get(format!("{}/realm/whoami", server.base)).header("x-service-key", KEY);
    let whoami = body(request.send().await.unwrap()).await;
    assert_eq!(whoami, json!({ "effective_scope": "suite", "realm": { "slug": "suite", "name": "Suite" } }));
}

async fn tokens_taken_back_and_asked_about(place: StoreOptions) {
    let server = Deployment::start(place, |_, _| {}).await;
    let feed = async |after: i64| {
        let request =
            server.http.get(format!("{}/revocations?after={after}", server.base)).header("x-service-key", KEY);
        body(request.send().await.unwrap()).await
    };
    let begun = feed(0).await["last"].as_i64().unwrap();
    let introspect =
        async |key: &str, token: &str| body(server.form("/oauth/introspect", key, &[("token", token)]).await).await;
    let tokens = server.log_in("ada").await;
    let (_, authz) = server.pair("ada").await;
    let said = introspect(KEY, &tokens.access).await;
    assert_eq!((&said["active"], &said["type"], &said["sub"]), (&json!(true), &json!("access"), &json!(tokens.user())));
    assert_eq!(introspect(KEY, &authz).await["svc"], "notes");
    let inactive = json!({ "active": false });
    assert_eq!(introspect(OTHER_KEY, &authz).await, inactive, "another service's");
    for token in ["", "x", &tokens.refresh] {
        assert_eq!(introspect(KEY, token).await, inactive);
    }

    // Another service's is not its to end.
    assert_eq!(server.form("/oauth/revoke", OTHER_KEY, &[("token", &authz)]).await.status(), 200);
    assert_eq!(server.probe(&authz, Some(KEY)).await.0, 200);
    for token in [&authz, &tokens.access] {
        let hint = ("token_type_hint", "refresh_token");
        assert_eq!(server.form("/oauth/revoke", KEY, &[("token", token), hint]).await.status(), 200);
        assert_eq!(introspect(KEY, token).await, inactive);
    }
    assert_eq!(server.probe(&authz, Some(KEY)).await.0, 401);
    assert!(!server.holds(&tokens.access).await);
    let next = crate::deployment::Tokens::of(body(server.refresh(&tokens.refresh).await).await);
    assert!(server.holds(&next.access).await, "only the one token");
    server.form("/oauth/revoke", KEY, &[("token", &next.refresh)]).await;
    assert!(!server.holds(&next.access).await, "a refresh token ends its session");

    let after = feed(begun).await;
    let entries: Vec<_> = after["revocations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["kind"].clone(), one["value"].clone()))
        .collect();
    let sid = claims(&next.access)["sid"].clone();
    let jti = |token: &str| (json!("token"), claims(token)["jti"].clone());
    assert_eq!(entries, [jti(&authz), jti(&tokens.access), (json!("session"), sid)]);
    assert_eq!(feed(after["last"].as_i64().unwrap()).await["revocations"], json!([]));
    assert_eq!(server.http.get(format!("{}/revocations", server.base)).send().await.unwrap().status(), 401);
}
