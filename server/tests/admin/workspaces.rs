//! Workspaces, their members and groups.

use std::sync::Arc;

use sentinel_storage::WorkspaceRole;
use serde_json::{Value, json};

use crate::server::{Server, cases, each};

cases! { workspaces, members, a_removed_member_has_no_access, groups }

async fn workspaces(server: Arc<Server>) {
    let new = json!({ "name": "Operations", "slug": "ops", "owner_email": "Root@example.test", "description": "x" });
    let (status, made) = server.call("POST", "/admin/workspaces", new.clone()).await;
    assert_eq!((status, &made["member_count"]), (201, &json!(1)), "{made}");
    let path = format!("/admin/workspaces/{}", made["id"].as_str().unwrap());
    assert_eq!(server.logged("workspace.create").await["workspace_id"], made["id"]);
    assert_eq!(server.get(&path).await, made);
    assert_eq!(each(&server.get(&format!("{path}/members")).await, "role"), ["owner"]);
    server.workspace("other", &[]).await;
    assert_eq!(each(&server.get("/admin/workspaces").await, "slug"), ["ops", "other"]);
    assert_eq!(each(&server.get("/admin/workspaces?q=OPER").await, "slug"), ["ops"]);
    assert_eq!(server.pages("/admin/workspaces?limit=1").await.len(), 2);

    let (status, changed) = server.call("PATCH", &path, json!({ "name": "Ops", "description": null })).await;
    assert_eq!((status, &changed["name"], &changed["description"]), (200, &json!("Ops"), &Value::Null));
    assert_eq!(server.logged("workspace.update").await["target_id"], made["id"]);
    let with = |name: &str, value: &str| {
        let mut other = new.clone();
        other[name] = json!(value);
        other
    };
    let all = || "/admin/workspaces".to_owned();
    server
        .refused(&[
            ("POST", all(), new.clone(), 409),
            ("POST", all(), with("slug", "Not A Slug"), 400),
            ("POST", all(), with("owner_email", "nobody@example.test"), 404),
            ("POST", all(), with("owner_email", "nobody"), 400),
            ("POST", all(), with("name", "a\u{0}"), 422),
            ("POST", all(), json!({ "name": "x" }), 422),
            ("PATCH", path.clone(), json!({ "slug": "other" }), 409),
            ("GET", format!("{}?cursor=zz", all()), Value::Null, 400),
        ])
        .await;
    assert_eq!(server.call("DELETE", &path, Value::Null).await.0, 204);
    assert_eq!(server.logged("workspace.delete").await["target_id"], made["id"]);
    server.refused(&[("GET", path.clone(), Value::Null, 404), ("DELETE", path.clone(), Value::Null, 404)]).await;
}

async fn members(server: Arc<Server>) {
    let (ada, grace) = (server.user("ada").await, server.user("grace").await);
    let workspace = server.workspace("ops", &[(ada, WorkspaceRole::Owner)]).await;
    let path = format!("/admin/workspaces/{workspace}/members");
    let new = json!({ "email": "GRACE@example.test", "role": "editor" });
    let (status, made) = server.call("POST", &path, new.clone()).await;
    assert_eq!((status, &made["user_id"], &made["role"]), (201, &json!(grace), &json!("editor")));
    assert_eq!(server.logged("member.add").await["workspace_id"], json!(workspace));
    assert_eq!(each(&server.get(&format!("{path}?role=editor")).await, "name"), ["grace"]);
    assert_eq!(each(&server.get(&format!("{path}?q=ada@")).await, "name"), ["ada"]);
    assert_eq!(server.pages(&format!("{path}?limit=1")).await.len(), 2);
    let of = |user| format!("{path}/{user}");
    server
        .refused(&[
            ("POST", path.clone(), new, 409),
            ("POST", path.clone(), json!({ "email": "nobody@example.test" }), 404),
            ("POST", path.clone(), json!({ "email": "root@example.test", "role": "king" }), 422),
            ("GET", format!("{path}?role=king"), Value::Null, 422),
            ("PATCH", of(ada), json!({ "role": "admin" }), 409),
            ("DELETE", of(ada), Value::Null, 409),
            ("PATCH", of(server.root), json!({ "role": "viewer" }), 404),
        ])
        .await;
    let (status, changed) = server.call("PATCH", &of(grace), json!({ "role": "owner" })).await;
    assert_eq!((status, &changed["role"]), (200, &json!("owner")));
    assert_eq!(server.logged("member.role").await["detail"], json!({ "role": "owner", "before": "editor" }));
    // Two owners, and both are to go at once: one stays.
    let (paths, gone) = ([of(ada), of(grace)], Value::Null);
    let (first, second) =
        tokio::join!(server.call("DELETE", &paths[0], gone.clone()), server.call("DELETE", &paths[1], gone.clone()));
    let mut statuses = [first.0, second.0];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 409]);
    assert_eq!(server.logged("member.remove").await["workspace_id"], json!(workspace));
}

async fn a_removed_member_has_no_access(server: Arc<Server>) {
    let (ada, grace) = (server.user("ada").await, server.user("grace").await);
    let members = [(ada, WorkspaceRole::Owner), (grace, WorkspaceRole::Viewer)];
    let workspace = server.workspace("ops", &members).await;
    let tokens = server.log_in(grace, workspace).await;
    assert_eq!(server.open(&tokens).await.0, 200);
    let path = format!("/admin/workspaces/{workspace}/members/{grace}");
    assert_eq!(server.call("DELETE", &path, Value::Null).await.0, 204);
    assert_eq!(server.open(&tokens).await.0, 401);
}

async fn groups(server: Arc<Server>) {
    let ada = server.user("ada").await;
    let workspace = server.workspace("ops", &[(ada, WorkspaceRole::Owner)]).await;
    let path = format!("/admin/workspaces/{workspace}/groups");
    let (status, made) = server.call("POST", &path, json!({ "name": "Night", "description": "x" })).await;
    assert_eq!((status, &made["created_by"]), (201, &json!(server.root)), "{made}");
    assert_eq!(server.logged("group.create").await["target_id"], made["id"]);
    server.call("POST", &path, json!({ "name": "Day" })).await;
    assert_eq!(each(&server.get(&path).await, "name"), ["Day", "Night"]);
    assert_eq!(each(&server.get(&format!("{path}?q=nig")).await, "name"), ["Night"]);
    assert_eq!(server.pages(&format!("{path}?limit=1")).await.len(), 2);
    let one = format!("{path}/{}", made["id"].as_str().unwrap());
    let (status, changed) = server.call("PATCH", &one, json!({ "name": "Late", "description": null })).await;
    assert_eq!((status, &changed["name"], &changed["description"]), (200, &json!("Late"), &Value::Null));
    assert_eq!(server.logged("group.update").await["target_id"], made["id"]);

    let (members, member) = (format!("{one}/members"), format!("{one}/members/{ada}"));
    assert_eq!(server.call("POST", &member, Value::Null).await.0, 204);
    assert_eq!(server.logged("group.member.add").await["target_id"], made["id"]);
    assert_eq!(each(&server.get(&members).await, "name"), ["ada"]);
    assert_eq!(server.get(&one).await["member_count"], 1);
    let elsewhere = server.workspace("other", &[]).await;
    let foreign = one.replace(&workspace.to_string(), &elsewhere.to_string());
    server
        .refused(&[
            ("POST", path.clone(), json!({ "name": "Late" }), 409),
            ("POST", path.clone(), json!({ "name": "" }), 400),
            ("PATCH", one.clone(), json!({ "name": "Day" }), 409),
            ("POST", member.clone(), Value::Null, 409),
            ("POST", format!("{members}/{}", server.root), Value::Null, 404),
            ("GET", foreign.clone(), Value::Null, 404),
            ("GET", format!("{foreign}/members"), Value::Null, 404),
            ("DELETE", foreign, Value::Null, 404),
        ])
        .await;
    assert_eq!(server.call("DELETE", &member, Value::Null).await.0, 204);
    assert_eq!(server.logged("group.member.remove").await["target_id"], made["id"]);
    assert_eq!(server.call("DELETE", &one, Value::Null).await.0, 204);
    assert_eq!(server.logged("group.delete").await["target_id"], made["id"]);
    server.refused(&[("DELETE", member, Value::Null, 404), ("DELETE", one, Value::Null, 404)]).await;
}
