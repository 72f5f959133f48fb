//! Authz mode.

use sentinel_storage::{NewAction, NewRole, ServiceChange, StoreOptions};
use serde_json::json;
use uuid::Uuid;

use crate::deployment::{Deployment, KEY, OTHER_KEY, SCOPE, body, cases, claims};

cases! {
    an_id_token_becomes_what_its_bearer_may_do,
    a_browser_from_a_registered_origin,
    tokens_that_are_refused,
    a_service_takes_its_own_front_ends_tokens_alone,
    the_pair_is_one_person,
}

async fn an_id_token_becomes_what_its_bearer_may_do(place: StoreOptions) {
    let server = Deployment::start(place, |_, _| {}).await;
    let idp_token = server.id_token("front", "ada", "n1").await;
    let asked = json!({ "idp_token": idp_token, "provider": "real", "nonce": "n1" });
    let found = body(server.resolve(Some(KEY), asked).await).await;
    assert_eq!(found["user"]["email"], "ada@example.test");
    assert_eq!(found["workspaces"][0]["role"], "owner");
    let (user, workspace): (Uuid, Uuid) = (
        found["user"]["id"].as_str().unwrap().parse().unwrap(),
        found["workspaces"][0]["id"].as_str().unwrap().parse().unwrap(),
    );

    let mut db = server.begin().await;
    let now = server.now();
    let actions = [
        NewAction { id: Uuid::new_v4(), action: "notes:export", description: None },
        NewAction { id: Uuid::new_v4(), action: "notes:print", description: None },
    ];
    let stored = db.register_actions(SCOPE, &actions, now).await.unwrap();
    let export = stored.iter().find(|action| action.action == "notes:export").unwrap().id;
    let role = Uuid::new_v4();
    db.insert_role(
        &NewRole { id: role, workspace_id: workspace, name: "exporter", description: None, created_by: None },
        now,
    )
    .await
    .unwrap();
    db.insert_role_action(workspace, role, export).await.unwrap();
    db.insert_role_member(workspace, role, user, None, now).await.unwrap();
    db.commit().await.unwrap();

    let asked = json!({ "idp_token": idp_token, "provider": "real", "workspace_id": workspace });
    let answer = body(server.resolve(Some(KEY), asked).await).await;
    assert_eq!((&answer["expires_in"], &answer["workspace"]), (&json!(300), &found["workspaces"][0]));
    let said = claims(answer["authz_token"].as_str().unwrap());
    for (name, value) in [
        ("aud", json!("sentinel:authz")),
        ("type", json!("authz")),
        ("sub", json!(user)),
        ("idp_sub", json!("ada")),
        ("svc", json!("notes")),
        ("wid", json!(workspace)),
        ("wslug", found["workspaces"][0]["slug"].clone()),
        ("wrole", json!("owner")),
        ("actions", json!(["notes:export"])),
    ] {
        assert_eq!(said[name], value, "{name}");
    }
    assert_eq!(said["exp"].as_i64().unwrap() - said["iat"].as_i64().unwrap(), 300);
    // Proxy mode and authz mode meet in one account.
    assert_eq!(server.log_in("ada").await.user(), user);
}

async fn a_browser_from_a_registered_origin(place: StoreOptions) {
    let server = Deployment::start(place, |_, _| {}).await;
    let idp_token = server.id_token("front", "ada", "n").await;
    let asked = json!({ "idp_token": idp_token, "provider": "real" });
    assert_eq!(server.resolve(None, asked.clone()).await.status(), 200);
    for origin in ["https://evil.example", "null", "https://notes.example.test:444", "http://notes.example.test"] {
        let request = server.http.post(format!("{}/authz/resolve", server.base)).header("origin", origin);
        let request = request.header("content-type", "application/json").body(asked.to_string());
        assert_eq!(request.send().await.unwrap().status(), 401, "{origin}");
    }
    // It identifies a front end, and opens nothing without the provider's token.
    let request = server.http.get(format!("{}/probe", server.base)).header("origin", crate::deployment::ORIGIN);
    assert_eq!(request.send().await.unwrap().status(), 401);
    let request = server.http.get(format!("{}/realm/whoami", server.base)).header("origin", crate::deployment::ORIGIN);
    assert_eq!(request.send().await.unwrap().status(), 401);
}

async fn tokens_that_are_refused(place: StoreOptions) {
    let server = Deployment::start(place, |_, _| {}).await;
    let good = server.id_token("front", "ada", "n").await;
    let strangers = server.id_token("stranger", "ada", "n").await;
    for (token, provider, nonce, expected) in [
        (&good, "real", Some("n"), 200),
        (&good, "real", Some("another"), 401),
        (&strangers, "real", None, 401),
        (&good, "nobody", None, 404),
        (&"x".to_owned(), "real", None, 401),
        (&String::new(), "real", None, 401),
    ] {
        let asked = json!({ "idp_token": token, "provider": provider, "nonce": nonce });
        assert_eq!(server.resolve(Some(KEY), asked).await.status(), expected, "{provider} {nonce:?}");
    }
    let foreign = server.workspace("foreign", &[]).await;
    for workspace in [foreign, Uuid::new_v4()] {
        let asked = json!({ "idp_token": good, "provider": "real", "workspace_id": workspace });
        assert_eq!(server.resolve(Some(KEY), asked).await.status(), 403);
    }
    let asked = json!({ "idp_token": good, "provider": "real", "workspace_id": "no-uuid" });
    assert_eq!(server.resolve(Some(KEY), asked).await.status(), 422);
    assert_eq!(server.resolve(Some(KEY), json!({ "idp_token": "a\0b", "provider": "real" })).await.status(), 422);
}

async fn a_service_takes_its_own_front_ends_tokens_alone(place: StoreOptions) {
    let server = Deployment::start(place, |_, provider| provider.extra_audiences.push("other-front".into())).await;
    let (idp_token, authz) = server.pair("ada").await;
    let others = server.id_token("other-front", "ada", "n").await;
    let resolve = async |key: Option<&str>, token: &str| {
        server.resolve(key, json!({ "idp_token": token, "provider": "real" })).await.status().as_u16()
    };
    let directory = async |token: &str| {
        let request = server.http.get(format!("{}/probe/directory", server.base)).bearer_auth(token);
        request.header("x-authz-token", &authz).send().await.unwrap().status().as_u16()
    };
    // Without a list of its own a service takes the tokens of every client id of the deployment.
    assert_eq!(
        (resolve(Some(KEY), &others).await, resolve(None, &others).await, directory(&others).await),
        (200, 200, 200)
    );
    let own = ["front".to_owned()];
    server.change_service(SCOPE, &ServiceChange { idp_audiences: Some(&own), ..Default::default() }).await;
    for (token, expected) in [(&idp_token, 200), (&others, 401)] {
        // By the key, by the origin, which anyone can claim, and beside an authz token.
        assert_eq!(resolve(Some(KEY), token).await, expected);
        assert_eq!(resolve(None, token).await, expected);
        assert_eq!(directory(token).await, expected);
    }
    assert_eq!(resolve(Some(OTHER_KEY), &others).await, 200, "the other service has no list");
    assert_eq!(resolve(Some(KEY), &server.id_token("stranger", "ada", "n").await).await, 401);
    // What is no client id of the deployment adds nothing.
    let strange = ["stranger".to_owned()];
    server.change_service(SCOPE, &ServiceChange { idp_audiences: Some(&strange), ..Default::default() }).await;
    assert_eq!(resolve(Some(KEY), &server.id_token("stranger", "ada", "n").await).await, 401);
}

async fn the_pair_is_one_person(place: StoreOptions) {
    let server = Deployment::start(place, |_, _| {}).await;
    let (ada_idp, ada) = server.pair("ada").await;
    let (bob_idp, bob) = server.pair("bob").await;
    let strangers = server.id_token("stranger", "ada", "n").await;
    for (idp_token, authz, expected) in [
        (&ada_idp, &ada, 200),
        (&bob_idp, &bob, 200),
        (&bob_idp, &ada, 401),
        (&ada_idp, &bob, 401),
        (&strangers, &ada, 401),
    ] {
        let request = server.http.get(format!("{}/probe/directory", server.base)).bearer_auth(idp_token);
        assert_eq!(request.header("x-authz-token", authz).send().await.unwrap().status(), expected);
    }
}
