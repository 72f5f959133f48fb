//! No kind of token passes for another, wherever it is put.

use sentinel_storage::StoreOptions;
use serde_json::json;

use crate::deployment::{Deployment, KEY, OTHER_KEY, cases, claims};

cases! { every_kind_everywhere, tampered_tokens, tokens_of_another_service }

async fn every_kind_everywhere(place: StoreOptions) {
    let server = Deployment::start(place, |_, _| {}).await;
    let tokens = server.log_in("ada").await;
    let (idp_token, authz) = server.pair("ada").await;
    let mut db = server.begin().await;
    db.set_user_admin(tokens.user(), true, server.now()).await.unwrap();
    let realm = db.insert_realm(uuid::Uuid::new_v4(), "suite", "Suite", server.now()).await.unwrap();
    let notes = db.service_by_name("other").await.unwrap().unwrap();
    let change = sentinel_storage::ServiceChange { realm_id: Some(Some(realm.id)), ..Default::default() };
    db.update_service(notes.id, &change, server.now()).await.unwrap();
    db.commit().await.unwrap();
    let request = server.http.post(format!("{}/realm/m2m-token", server.base)).header("x-service-key", OTHER_KEY);
    let answer = request.header("content-type", "application/json").body("{}").send().await.unwrap();
    let m2m = crate::deployment::body(answer).await["token"].as_str().unwrap().to_owned();
    let admin = server.admin_cookie("ada").await;

    let kinds = [
        ("access", &tokens.access),
        ("authz", &authz),
        ("m2m", &m2m),
        ("admin", &admin),
        ("refresh", &tokens.refresh),
        ("id token", &idp_token),
    ];
    for (kind, token) in kinds {
        let accepted = |status: u16| {
            assert!([200, 401, 403].contains(&status), "{kind}: {status}");
            status == 200
        };
        let bearer = accepted(server.probe(token, None).await.0);
        let with_key = accepted(server.probe(token, Some(KEY)).await.0);
        let cookie = accepted(server.admin(token).await);
        let pair = server.http.get(format!("{}/probe/directory", server.base)).bearer_auth(&idp_token);
        let pair = accepted(pair.header("x-authz-token", token).send().await.unwrap().status().as_u16());
        let identity = server.http.get(format!("{}/probe/directory", server.base)).bearer_auth(token);
        let identity = accepted(identity.header("x-authz-token", &authz).send().await.unwrap().status().as_u16());
        let resolved = json!({ "idp_token": token, "provider": "real" });
        let resolved = accepted(server.resolve(Some(KEY), resolved).await.status().as_u16());
        assert_eq!(
            [bearer, with_key, cookie, pair, identity, resolved],
            [
                kind == "access",
                kind == "access" || kind == "authz",
                kind == "admin",
                kind == "authz",
                kind == "id token",
                kind == "id token"
            ],
            "{kind}: bearer, bearer with a key, cookie, X-Authz-Token, beside an authz token, as an IdP token"
        );
    }
    // Last, for the one that is good ends as a token that was used.
    for (kind, token) in kinds {
        assert_eq!(server.refresh(token).await.status() == 200, kind == "refresh", "{kind}");
    }
}

async fn tampered_tokens(place: StoreOptions) {
    let server = Deployment::start(place, |_, _| {}).await;
    let token = server.log_in("ada").await.access;
    let parts: Vec<&str> = token.split('.').collect();
    let [header, payload, signature] = parts[..] else { panic!("{token}") };
    let none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0";
    for forged in [
        format!("{none}.{payload}."),
        format!("{none}.{payload}.{signature}"),
        format!("{header}.{payload}."),
        format!("{header}.{payload}"),
        format!("{header}.{}.{signature}", payload.replace('A', "B")),
        format!("{token}."),
        "x".repeat(100_000),
    ] {
        assert_eq!(server.probe(&forged, None).await.0, 401);
    }
    assert!(server.holds(&token).await);
    server.pass(15 * 60 * 1000);
    assert!(!server.holds(&token).await, "expired");
}

async fn tokens_of_another_service(place: StoreOptions) {
    let server = Deployment::start(place, |_, _| {}).await;
    let (_, authz) = server.pair("ada").await;
    assert_eq!(claims(&authz)["svc"], "notes");
    assert_eq!(server.probe(&authz, Some(KEY)).await.0, 200);
    assert_eq!(server.probe(&authz, Some(OTHER_KEY)).await.0, 403);
    assert_eq!(server.probe(&authz, Some("sk_unknown")).await.0, 401);
    assert_eq!(server.probe(&authz, None).await.0, 401);
}
