//! Accounts, and what ends their tokens.

use std::sync::Arc;

use sentinel_storage::{NewIdentity, WorkspaceRole};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::server::{Server, cases, each, now};

cases! {
    accounts_are_listed, an_account_is_shown_and_changed, the_last_administrator_stays,
    two_administrators_cannot_remove_each_other, an_account_is_renamed, an_address_by_the_operators_word, deactivation_ends_access, revoked_tokens, one_session
}

async fn accounts_are_listed(server: Arc<Server>) {
    for name in ["ada", "grace", "linus"] {
        server.user(name).await;
    }
    let all = server.get("/admin/users").await;
    let emails = ["ada@example.test", "grace@example.test", "linus@example.test", "root@example.test"];
    assert_eq!(each(&all, "email"), emails);
    assert_eq!(each(&server.get("/admin/users?q=GRA").await, "name"), ["grace"]);
    assert_eq!(each(&server.get("/admin/users?is_admin=true").await, "name"), ["root"]);
    assert_eq!(server.get("/admin/users?is_active=false").await, json!([]));
    let pages = server.pages("/admin/users?limit=3&q=example.test").await;
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [3, 1]);
    let path = |query: &str| format!("/admin/users?{query}");
    server
        .refused(&[
            ("GET", path("limit=0"), Value::Null, 400),
            ("GET", path("cursor=x"), Value::Null, 400),
            ("GET", path("is_admin=maybe"), Value::Null, 422),
            ("GET", path("q=%00"), Value::Null, 422),
        ])
        .await;
}

async fn an_account_is_shown_and_changed(server: Arc<Server>) {
    let ada = server.user("ada").await;
    let workspace = server.workspace("ops", &[(ada, WorkspaceRole::Editor)]).await;
    let mut db = server.store.begin().await.unwrap();
    let identity = NewIdentity {
        issuer: "https://idp.example.test",
        subject: "ada-1",
        user_id: ada,
        provider: "real",
        email: None,
        email_verified: false,
    };
    db.insert_identity(&identity, now()).await.unwrap();
    db.commit().await.unwrap();
    server.log_in(ada, workspace).await;
    let path = format!("/admin/users/{ada}");
    let shown = server.get(&path).await;
    assert_eq!(shown["identities"][0]["subject"], "ada-1");
    assert_eq!((&shown["workspaces"][0]["slug"], &shown["workspaces"][0]["role"]), (&json!("ops"), &json!("editor")));
    assert_eq!(shown["sessions"][0]["workspace_id"], json!(workspace));
    assert!(shown["sessions"][0].get("sealed_secret").is_none());

    let (status, changed) = server.call("PATCH", &path, json!({ "name": " Ada L. ", "is_admin": true })).await;
    assert_eq!((status, &changed["name"], &changed["is_admin"]), (200, &json!("Ada L."), &json!(true)), "{changed}");
    assert_eq!(server.logged("user.update").await["target_id"], json!(ada));
    assert_eq!(server.logged("admin.grant").await["target_id"], json!(ada));
    server
        .refused(&[
            ("PATCH", path.clone(), json!({ "name": "" }), 400),
            ("PATCH", path.clone(), json!({ "name": "a\u{0}b" }), 422),
            ("PATCH", path.clone(), json!({ "is_active": "no" }), 422),
            // Of a change that is refused nothing stands.
            ("PATCH", path.clone(), json!({ "is_admin": false, "name": "\u{7}" }), 400),
        ])
        .await;
    assert_eq!(server.get(&path).await["is_admin"], true);
}

async fn an_account_is_renamed(server: Arc<Server>) {
    let [ada, bob] = [server.user("ada").await, server.user("bob").await];
    let path = |id: Uuid| format!("/admin/users/{id}");
    assert_eq!(server.get(&path(ada)).await["username"], Value::Null);
    let rename = async |id: Uuid, to: &str| server.call("PATCH", &path(id), json!({ "username": to })).await.0;
    // In its normal form, whatever is typed.
    assert_eq!(rename(ada, " Ada.Lovelace ").await, 200);
    assert_eq!(server.get(&path(ada)).await["username"], json!("ada_lovelace"));
    let entry = server.logged("username.change").await;
    assert_eq!((&entry["target_id"], &entry["detail"]), (&json!(ada), &json!({ "to": "ada_lovelace" })));
    assert_eq!(rename(ada, "countess").await, 200);
    let entry = server.logged("username.change").await;
    assert_eq!(entry["detail"], json!({ "from": "ada_lovelace", "to": "countess" }));
    // What is somebody's, and what was.
    for taken in ["countess", "ada_lovelace", "uid@x", "ADA.LOVELACE"] {
        let expected = if taken == "uid@x" { 200 } else { 409 };
        assert_eq!(rename(bob, taken).await, expected, "{taken}");
    }
    for refused in ["", "a b", "jürgen", "...", &"a".repeat(65)] {
        assert_eq!(rename(bob, refused).await, 400, "{refused}");
    }
    // Of a change that is refused nothing stands.
    let change = json!({ "username": "robert", "name": "\u{7}" });
    assert_eq!(server.call("PATCH", &path(bob), change).await.0, 400);
    let change = json!({ "username": "countess", "name": "Robert" });
    assert_eq!(server.call("PATCH", &path(bob), change).await.0, 409);
    let shown = server.get(&path(bob)).await;
    assert_eq!((&shown["username"], &shown["name"]), (&json!("uid"), &json!("bob")));
    // Nobody is found by another's name; hers all lead to her, and she may have one back.
    for name in ["uid-countess", "countess", "uid-ada_lovelace", "Ada.Lovelace"] {
        assert_eq!(server.service.account_named(name).await.unwrap().id, ada, "{name}");
    }
    assert_eq!(rename(ada, "ada_lovelace").await, 200);
    assert_eq!(server.get(&path(ada)).await["username"], json!("ada_lovelace"));
    assert_eq!(rename(bob, "countess").await, 409);
    assert_eq!(rename(Uuid::new_v4(), "ghost").await, 404);
}

async fn an_address_by_the_operators_word(server: Arc<Server>) {
    let [ada, bob] = [server.user("ada").await, server.user("bob").await];
    let path = format!("/admin/users/{ada}");
    let (status, changed) = server.call("PATCH", &path, json!({ "email": "Ada@Firm.test" })).await;
    assert_eq!((status, &changed["email"], &changed["email_verified"]), (200, &json!("Ada@Firm.test"), &json!(true)));
    assert_eq!(server.logged("user.update").await["detail"], json!({ "email": "Ada@Firm.test" }));
    assert_eq!(server.service.account_named("ada@firm.test").await.unwrap().id, ada);
    assert!(server.service.account_named("ada@example.test").await.is_err(), "the one before is nobody's");
    server
        .refused(&[
            ("PATCH", path.clone(), json!({ "email": "BOB@example.test" }), 409),
            ("PATCH", path.clone(), json!({ "email": "nobody" }), 400),
            ("PATCH", path.clone(), json!({ "email": "" }), 400),
        ])
        .await;
    assert_eq!(server.service.account_named("bob@example.test").await.unwrap().id, bob);
}

async fn the_last_administrator_stays(server: Arc<Server>) {
    let path = format!("/admin/users/{}", server.root);
    server
        .refused(&[
            ("PATCH", path.clone(), json!({ "is_admin": false }), 409),
            ("PATCH", path.clone(), json!({ "is_active": false }), 409),
            ("PATCH", path.clone(), json!({ "name": "Gone", "is_active": false, "is_admin": false }), 409),
        ])
        .await;
    assert_eq!(server.get(&path).await["name"], "root");
    // An administrator who cannot log in is none.
    let ada = server.user("ada").await;
    let other = format!("/admin/users/{ada}");
    assert_eq!(server.call("PATCH", &other, json!({ "is_admin": true, "is_active": false })).await.0, 200);
    server.refused(&[("PATCH", path.clone(), json!({ "is_admin": false }), 409)]).await;
    assert_eq!(server.call("PATCH", &other, json!({ "is_active": true })).await.0, 200);
    assert_eq!(server.call("PATCH", &path, json!({ "is_admin": false })).await.0, 200);
    assert_eq!(server.call("GET", &path, Value::Null).await.0, 403, "the cookie stops at once");
}

async fn two_administrators_cannot_remove_each_other(server: Arc<Server>) {
    for round in 0..8 {
        let ada = server.user(&format!("ada{round}")).await;
        let cookie = server.cookie_of(ada).await;
        let change = if round % 2 == 0 { json!({ "is_admin": false }) } else { json!({ "is_active": false }) };
        let (root_path, ada_path) = (format!("/admin/users/{}", server.root), format!("/admin/users/{ada}"));
        let (first, second) = tokio::join!(
            server.call("PATCH", &ada_path, change.clone()),
            server.call_as(&cookie, "PATCH", &root_path, change.clone()),
        );
        let statuses = [first.0, second.0];
        assert!(statuses.contains(&200) && statuses.iter().all(|status| *status != 500), "{statuses:?}");
        let mut db = server.store.begin().await.unwrap();
        assert_eq!(db.lock_admins().await.unwrap().len(), 1, "{statuses:?}");
        // For the next round the first administrator is the one.
        db.set_user_active(server.root, true, now()).await.unwrap();
        db.set_user_admin(server.root, true, now()).await.unwrap();
        db.set_user_admin(ada, false, now()).await.unwrap();
        db.commit().await.unwrap();
        if statuses[1] == 200 && round % 2 == 1 {
            // Deactivation voided its cookie for good: the rest of the rounds has no way to ask.
            break;
        }
    }
}

async fn deactivation_ends_access(server: Arc<Server>) {
    let ada = server.user("ada").await;
    let workspace = server.workspace("ops", &[(ada, WorkspaceRole::Owner)]).await;
    let (used, unused) = (server.log_in(ada, workspace).await, server.log_in(ada, workspace).await);
    let cookie = server.cookie_of(ada).await;
    assert_eq!(server.open(&used).await, (200, 200));
    let path = format!("/admin/users/{ada}");
    assert_eq!(server.call("PATCH", &path, json!({ "is_active": false })).await.0, 200);
    for tokens in [&used, &unused] {
        assert_eq!(server.open(tokens).await, (401, 401));
    }
    assert_eq!(server.call_as(&cookie, "GET", "/admin/stats", Value::Null).await.0, 401);
    assert_eq!(server.logged("user.deactivate").await["target_id"], json!(ada));
    let published = server.store.read().await.unwrap().revocations_after(0, 100).await.unwrap();
    assert!(published.iter().any(|revocation| revocation.value == ada.to_string()), "for verifiers elsewhere");
    // What has ended stays ended.
    assert_eq!(server.call("PATCH", &path, json!({ "is_active": true })).await.0, 200);
    assert_eq!(server.open(&used).await, (401, 401));
    assert_eq!(server.call_as(&cookie, "GET", "/admin/stats", Value::Null).await.0, 401);
    let again = server.log_in(ada, workspace).await;
    assert_eq!(server.open(&again).await, (200, 200));
}

async fn revoked_tokens(server: Arc<Server>) {
    let (ada, grace) = (server.user("ada").await, server.user("grace").await);
    let members = [(ada, WorkspaceRole::Owner), (grace, WorkspaceRole::Viewer)];
    let workspace = server.workspace("ops", &members).await;
    let (first, second) = (server.log_in(ada, workspace).await, server.log_in(ada, workspace).await);
    let other = server.log_in(grace, workspace).await;
    let path = format!("/admin/users/{ada}/revoke-tokens");
    assert_eq!(server.call("POST", &path, Value::Null).await, (200, json!({ "sessions": 2 })));
    assert_eq!((server.open(&first).await, server.open(&second).await), ((401, 401), (401, 401)));
    assert_eq!(server.open(&other).await, (200, 200));
    assert_eq!(server.logged("user.revoke-tokens").await["target_id"], json!(ada));
    let again = server.log_in(ada, workspace).await;
    assert_eq!(server.open(&again).await, (200, 200));
}

async fn one_session(server: Arc<Server>) {
    let (ada, grace) = (server.user("ada").await, server.user("grace").await);
    let members = [(ada, WorkspaceRole::Owner), (grace, WorkspaceRole::Viewer)];
    let workspace = server.workspace("ops", &members).await;
    let first = server.log_in(ada, workspace).await;
    let list = format!("/admin/users/{ada}/sessions");
    let id: Uuid = server.get(&list).await[0]["id"].as_str().unwrap().parse().unwrap();
    let second = server.log_in(ada, workspace).await;
    assert_eq!(server.get(&list).await.as_array().unwrap().len(), 2);
    // Another account's session.
    server.refused(&[("DELETE", format!("/admin/users/{grace}/sessions/{id}"), Value::Null, 404)]).await;
    assert_eq!(server.call("DELETE", &format!("{list}/{id}"), Value::Null).await.0, 204);
    assert_eq!((server.open(&first).await, server.open(&second).await), ((401, 401), (200, 200)));
    assert_eq!(server.logged("session.revoke").await["target_id"], json!(id));
    server.refused(&[("DELETE", format!("{list}/{id}"), Value::Null, 404)]).await;
}
